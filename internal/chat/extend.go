package chat

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
)

// ExtendLine is what an extend line says beside the request.
type ExtendLine struct {
	Term   config.Term
	Reason string // "" was not given
}

// parseExtend reads "REQ-7F3K2Q <4h|7d|until date> [reason]".
func parseExtend(words []string, zone *time.Location, now time.Time) (access.ID, ExtendLine, error) {
	const usage = "Write `extend REQ-7F3K2Q 4h`; `status` lists yours."
	if len(words) == 0 {
		return "", ExtendLine{}, &UsageError{"`extend` takes a request and how long.", usage}
	}
	c, err := parseWithID("extend", words[:1], true)
	if err != nil {
		return "", ExtendLine{}, err
	}
	n := min(len(words), 2) // "until" has a date after it
	if n == 2 && strings.ToLower(words[1]) == "until" {
		n = min(len(words), 3)
	}
	term, err := ParseTerm(strings.Join(words[1:n], " "), zone, now)
	switch {
	case err != nil:
		return "", ExtendLine{}, err
	case term == nil:
		return "", ExtendLine{}, &UsageError{fmt.Sprintf("How long should %s last from the merge on?", c.ID), usage}
	case term.Standing:
		return "", ExtendLine{}, &UsageError{"An extension has an end.", "For access without an end, ask anew: `request`."}
	}
	return c.ID, ExtendLine{Term: *term, Reason: strings.Join(words[n:], " ")}, nil
}

func (d *Desk) extend(ctx context.Context, c Command, by access.Asker, in access.Inbound) (Message, error) {
	a, err := d.Service.Extend(ctx, access.Extension{
		Key: in.Key, Asker: by, Request: c.ID, Term: c.Extend.Term, Reason: c.Extend.Reason,
		Channel: d.Channel[in.User.Platform], Origin: in.Channel,
	})
	if err != nil {
		return Message{}, err
	}
	return Accepted(a), nil
}

// extends is what the private answer says of an extension, nil for a request
// that is none.
func extends(r access.Request) []Block {
	if r.Want.Extends == "" {
		return nil
	}
	return []Block{Note{{Text: fmt.Sprintf("It extends %s. Merged before the end of that one, the access goes on without a gap; merged later, it begins anew.", r.Want.Extends)}}}
}

// howToExtend is what the reply on a coming end says: who may put it off, and
// by which words.
func howToExtend(r access.Request, p Place) []Block {
	who := "Who asked for it and who is in the group can extend it"
	if r.Want.Principal.Kind == config.UserPrincipal {
		who = "Who asked for it and who has it can extend it"
	}
	length := config.FormatDuration(extendBy(r, p))
	value := string(r.ID) + " " + length
	return []Block{
		Text{{Text: who + ", with a new approval: "}, {Text: "/aws-access extend " + value, Code: true}},
		Note{{Text: "The length counts from the merge of the extension. Merged before the end, the access goes on without a gap."}},
		Buttons{{Action: ActionExtend, Value: value, Label: "Extend: " + length + " from its merge"}},
	}
}

// usualExtension is what is proposed where the request named an end and no
// length.
const usualExtension = 4 * time.Hour

// extendBy is the length that is proposed: as long as before, or what the rule
// allows at most.
func extendBy(r access.Request, p Place) time.Duration {
	by := cmp.Or(r.Want.Term.For, usualExtension)
	if p.Longest > 0 {
		by = min(by, p.Longest)
	}
	return by
}
