package chat

import (
	"strings"

	"aws-access-bot/internal/access"
)

// ActionRequest opens the request form; its value is what a line already said.
const ActionRequest = "request"

// maxOffered is the longest line, in bytes, that a button takes along: Slack
// takes 2,000 characters, and a card has little room.
const maxOffered = 1500

// offer is the answer to a line that needs a form, where the service has no way
// to open one for a line, or it was too late for that. A click on its button is
// the same line again, and opens the form.
func offer(f Form, line string) Message {
	verb, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
	if len(rest) > maxOffered {
		rest = ""
	}
	action := ActionRequest
	if strings.EqualFold(verb, ActionOnboard) {
		action = ActionOnboard
	}
	const what = "This needs a form. Or write it in one line; `help` shows how."
	return Message{Summary: what, Blocks: []Block{
		plain(what), Buttons{{Action: action, Value: strings.TrimSpace(rest), Label: f.Title, Main: true, Opens: true}},
	}}
}

// Refilled returns the form of a submission with what was typed into it, for
// asking again; false for a form that is not known.
func Refilled(s Submission) (Form, bool) {
	switch v := s.Values; s.Form {
	case RequestForm:
		return RequestFormFor(RequestLine{
			Account: v[FieldAccount], PermissionSet: v[FieldPermissionSet], Group: v[FieldGroup], TermText: v[FieldDuration], Reason: v[FieldReason],
		}, s.Channel), true
	case OnboardForm:
		return OnboardFormFor(OnboardLine{
			Account: v[FieldAccount], Name: v[access.FieldName], OU: v[access.FieldOU], Owners: splitOwners(v[access.FieldOwners]),
		}, s.Channel), true
	default:
		return Form{}, false
	}
}
