package chat

import (
	"context"
	"errors"
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

// maxReason is the longest reason in characters (DESIGN: Commands).
const maxReason = 500

// RequestFormFor returns the request form with what a line already said.
func RequestFormFor(l RequestLine) Form {
	return Form{
		ID: RequestForm, Title: "Request AWS access", Submit: "Ask",
		Intro: plain("This opens a pull request on the config repo. Nothing is granted before it is approved and merged."),
		Inputs: []Input{
			{ID: FieldGroup, Kind: InputChoice, Label: "Group", Placeholder: "An Entra group", Initial: l.Group, InitialLabel: l.Group},
			{ID: FieldAccount, Kind: InputChoice, Label: "AWS account", Placeholder: "Name or number", Initial: l.Account, InitialLabel: l.Account},
			{ID: FieldPermissionSet, Kind: InputChoice, Label: "Permission set", Placeholder: "What may be done there", Initial: l.PermissionSet, InitialLabel: l.PermissionSet},
			{ID: FieldDuration, Kind: InputLine, Label: "For how long", Hint: "e.g. 4h, 7d, until 2026-12-24 or standing. Empty takes the rule's default.", Optional: true, MaxLength: 40, Initial: termText(l.Term)},
			{ID: FieldReason, Kind: InputLines, Label: "Reason", Hint: "Approvers read this.", MaxLength: maxReason, Initial: l.Reason},
		},
	}
}

// termText writes a term as it is typed.
func termText(t *config.Term) string {
	switch {
	case t == nil:
		return ""
	case t.Standing:
		return "standing"
	case !t.End.IsZero():
		return "until " + t.End.Format(time.RFC3339)
	default:
		return config.FormatDuration(t.For)
	}
}

// WantsForm reports whether a command line is answered with the form, and
// returns it. A complete line whose rule has no default length gets the form
// too: that is what asks.
func (d *Desk) WantsForm(ctx context.Context, line string) (Form, bool) {
	c, err := Parse(line, time.UTC, d.Now())
	if err != nil || c.Verb != "request" {
		return Form{}, false
	}
	if !c.Request.Complete() {
		return RequestFormFor(c.Request), true
	}
	if c.Request.Term != nil {
		return Form{}, false
	}
	_, err = d.Service.Resolve(ctx, access.Ask{Group: c.Request.Group, Account: c.Request.Account, PermissionSet: c.Request.PermissionSet, Reason: c.Request.Reason})
	var no *access.Refusal
	if errors.As(err, &no) && no.Field == FieldDuration {
		return RequestFormFor(c.Request), true
	}
	return Form{}, false
}

// Submit takes the values of a submitted request form. A refusal with a Field
// belongs beside that field.
func (d *Desk) Submit(ctx context.Context, key string, u access.ChatUser, values map[string]string) (access.Asked, error) {
	asker, err := d.Identify(ctx, u)
	if err != nil {
		return access.Asked{}, err
	}
	term, err := ParseTerm(values[FieldDuration], Zone(asker.Zone), d.Now())
	var usage *UsageError
	if errors.As(err, &usage) {
		return access.Asked{}, &access.Refusal{Field: FieldDuration, Message: usage.Message, Mend: usage.Mend}
	}
	if err != nil {
		return access.Asked{}, err
	}
	return d.Service.Ask(ctx, access.Ask{
		Key: key, Asker: asker, Channel: d.Channel[u.Platform],
		Group: values[FieldGroup], Account: values[FieldAccount], PermissionSet: values[FieldPermissionSet],
		Term: term, Reason: values[FieldReason],
	})
}
