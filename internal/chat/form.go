package chat

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
)

// RequestForm names the request form.
const RequestForm = "request"

// Input ids of the request form; Refusal.Field uses the same words.
const (
	FieldGroup         = "group"
	FieldAccount       = "account"
	FieldPermissionSet = "permission_set"
	FieldDuration      = "duration"
	FieldReason        = "reason"
)

// RequestFormFor returns the request form with what a line already said. It
// carries the channel where it was asked for, which its submission does not
// say; that decides only where the asker is answered.
func RequestFormFor(l RequestLine, channel string) Form {
	return Form{
		ID: RequestForm, Private: channel, Title: "Request AWS access", Submit: "Ask",
		Intro: plain("This opens a pull request on the config repo. Nothing is granted before it is approved and merged."),
		Inputs: []Input{
			{ID: FieldGroup, Kind: InputChoice, Label: "Group, or me", Placeholder: "An Entra group, or me", Initial: l.Group, InitialLabel: l.Group},
			{ID: FieldAccount, Kind: InputChoice, Label: "AWS account", Placeholder: "Name or number", Initial: l.Account, InitialLabel: l.Account},
			{ID: FieldPermissionSet, Kind: InputChoice, Label: "Permission set", Placeholder: "What may be done there", Initial: l.PermissionSet, InitialLabel: l.PermissionSet},
			{ID: FieldDuration, Kind: InputLine, Label: "For how long", Hint: "e.g. 4h, 7d, until 2026-12-24 or standing. Empty takes the rule's default.", Optional: true, MaxLength: 40, Initial: l.TermText},
			{ID: FieldReason, Kind: InputLines, Label: "Reason", Hint: "Approvers read this.", MaxLength: config.MaxReason, Initial: l.Reason},
		},
	}
}

// everywhere is a zone in which every day ends at last: a date that has not
// passed for the person has not passed there.
func everywhere() *time.Location { return time.FixedZone("", -12*60*60) }

// WantsForm reports whether a command line is answered with the form, and
// returns it. A complete line whose rule has no default length gets the form
// too: that is what asks.
func (d *Desk) WantsForm(ctx context.Context, u access.ChatUser, channel, line string) (Form, bool) {
	c, err := Parse(line, everywhere(), d.Now())
	if err == nil && c.Verb == "onboard" {
		return d.onboardForm(ctx, u, channel, c.Onboard)
	}
	if err != nil || c.Verb != "request" {
		return Form{}, false
	}
	if !c.Request.Complete() {
		return RequestFormFor(c.Request, channel), true
	}
	if c.Request.Term != nil {
		return Form{}, false
	}
	// What the config says of the line is for members only.
	asker, err := d.Known(ctx, u)
	if err != nil {
		return Form{}, false
	}
	_, err = d.Service.Resolve(ctx, access.Ask{Asker: asker, Group: c.Request.Group, Account: c.Request.Account, PermissionSet: c.Request.PermissionSet, Reason: c.Request.Reason})
	var no *access.Refusal
	if errors.As(err, &no) && no.Field == FieldDuration {
		return RequestFormFor(c.Request, channel), true
	}
	return Form{}, false
}

// Submission is a submitted form.
type Submission struct {
	Form string // its id
	// Key is the natural key of the dialog. One that stays open because the answer
	// was lost can be sent again, as it was or changed: see [Submission.delivery].
	Key  string
	User access.ChatUser
	// Channel is where the form was asked for, as the form carried it.
	Channel string
	Values  map[string]string // by input id
}

// delivery is the natural key of a submission: that of its dialog and of what was
// filled in. The same form sent again is the same delivery; a changed one is another,
// and is asked for or refused as one, never taken for what was sent before.
func (s Submission) delivery() string {
	filled, err := json.Marshal(s.Values)
	if err != nil {
		filled = []byte(fmt.Sprint(s.Values)) // unreachable: texts
	}
	sum := sha256.Sum256(append([]byte(s.Form+"\n"), filled...))
	return s.Key + "/" + hex.EncodeToString(sum[:16])
}

// Forms are the ids of the forms whose submission [Desk.Submit] takes.
func Forms() []string { return []string{RequestForm, OnboardForm} }

// Submit takes a submitted form. A refusal with a Field belongs beside that
// field.
func (d *Desk) Submit(ctx context.Context, s Submission) (access.Asked, error) {
	return d.submit(ctx, s, s.delivery())
}

// submit takes a form under the key of its delivery.
func (d *Desk) submit(ctx context.Context, s Submission, key string) (access.Asked, error) {
	asker, err := d.Identify(ctx, s.User)
	if err != nil {
		return access.Asked{}, err
	}
	if s.Form == OnboardForm {
		return d.Service.Onboard(ctx, d.onboardAsk(s, asker, key))
	}
	term, err := ParseTerm(s.Values[FieldDuration], Zone(asker.Zone), d.Now())
	var usage *UsageError
	if errors.As(err, &usage) {
		return access.Asked{}, &access.Refusal{Field: FieldDuration, Message: usage.Message, Mend: usage.Mend}
	}
	if err != nil {
		return access.Asked{}, err
	}
	return d.Service.Ask(ctx, access.Ask{
		Key: key, Asker: asker, Channel: d.Channel[s.User.Platform], Origin: s.Channel,
		Group: s.Values[FieldGroup], Account: s.Values[FieldAccount], PermissionSet: s.Values[FieldPermissionSet],
		Term: term, Reason: s.Values[FieldReason],
	})
}

// submission begins the Command of a form that is worked off later, its id
// follows; its Text is the values as JSON.
const submission = "form:"

// Later stores a form whose submission could not be judged in time, to be
// worked off and answered as a command is.
func (d *Desk) Later(ctx context.Context, s Submission) error {
	text, err := json.Marshal(s.Values)
	if err != nil {
		return fmt.Errorf("store form: %w", err)
	}
	_, err = d.Take(ctx, access.Inbound{Key: s.delivery(), At: d.Now().UTC(), User: s.User, Channel: s.Channel, Command: submission + s.Form, Text: string(text)})
	return err
}

// submitted works off a form that was stored.
func (d *Desk) submitted(ctx context.Context, in access.Inbound) (Message, error) {
	s := Submission{Form: strings.TrimPrefix(in.Command, submission), User: in.User, Channel: in.Channel}
	if err := json.Unmarshal([]byte(in.Text), &s.Values); err != nil {
		return Message{}, fmt.Errorf("stored form: %w", err) // unreachable: Later wrote it
	}
	a, err := d.submit(ctx, s, in.Key)
	if err != nil {
		return refusalOr(err)
	}
	return Accepted(a), nil
}
