package teams

import (
	"encoding/json"
	"strings"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/chat"
)

// Names of what a dialog sends beside its inputs. A person can see and change
// them, so they carry nothing that is trusted: where it was sent from, Form.Private
// of other services, is said by the signed activity.
const (
	dataForm   = "_form"   // the id of the form
	dataDialog = "_dialog" // names the dialog, so that two submissions of it are one
)

// maxError is the longest sentence beside a field, in characters: what is read at
// once.
const maxError = 500

// The longest text of an input, and the longest value of a choice, in characters.
// What is longer was not chosen.
const (
	maxLine   = 3000
	maxChoice = 200
)

// Dialog renders a form as the card of a dialog that is named id. A refusal, if
// there is one, stands below its field, or above all where it is about none.
func Dialog(f chat.Form, id string, no *access.Refusal) json.RawMessage {
	b := &builder{}
	if no != nil && !has(f, no.Field) {
		b.body = append(b.body, refusal(no))
	}
	if len(f.Intro) > 0 {
		b.body = append(b.body, b.paragraph(f.Intro, nil)...)
	}
	for _, in := range f.Inputs {
		b.body = append(b.body, input(in))
		if no != nil && no.Field == in.ID {
			b.body = append(b.body, refusal(no))
		}
		if in.Hint != "" {
			b.body = append(b.body, b.paragraph([]chat.Span{{Text: in.Hint}}, small())...)
		}
	}
	b.actions = []element{{"type": "Action.Submit", "title": cut(f.Submit, maxButton), "data": element{dataForm: f.ID, dataDialog: id}}}
	return encode(b.card(b.body))
}

// Closing renders what is said when a dialog is over.
func Closing(m chat.Message) json.RawMessage { return Card(Words().Spoken(m)) }

func has(f chat.Form, field string) bool {
	for _, in := range f.Inputs {
		if in.ID == field {
			return true
		}
	}
	return false
}

// refusal says what is wrong, in text runs: it may repeat what was typed.
func refusal(no *access.Refusal) element {
	m := Words().Spoken(chat.Message{Blocks: []chat.Block{chat.Text{{Text: cut(no.Message, maxError) + " "}, {Text: cut(no.Mend, maxError)}}}})
	spans, _ := m.Blocks[0].(chat.Text)
	return runs(spans, element{"color": "Attention"})
}

// input renders one field.
func input(in chat.Input) element {
	e := element{"id": in.ID, "label": in.Label, "isRequired": !in.Optional}
	if !in.Optional {
		e["errorMessage"] = "Please fill this in."
	}
	if in.Placeholder != "" {
		e["placeholder"] = in.Placeholder
	}
	switch in.Kind {
	case chat.InputChoice, chat.InputChoices:
		choices(e, in)
	default:
		length := maxLine
		if in.MaxLength > 0 {
			length = min(in.MaxLength, maxLine)
		}
		e["type"], e["maxLength"] = "Input.Text", length
		if in.Kind == chat.InputLines {
			e["isMultiline"] = true
		}
		if in.Initial != "" {
			e["value"] = cut(in.Initial, length)
		}
	}
	return e
}

// choices makes a field with type-ahead ("Dynamic typeahead search in Adaptive
// Cards", Microsoft Learn). What is chosen at first is among its choices: no other
// is known to the client.
func choices(e element, in chat.Input) {
	e["type"], e["style"] = "Input.ChoiceSet", "filtered"
	e["choices.data"] = element{"type": "Data.Query", "dataset": in.ID}
	first := []element{}
	if in.Kind == chat.InputChoices {
		e["isMultiSelect"] = true
		for v := range strings.SplitSeq(in.Initial, ",") {
			if v != "" && len(v) <= maxChoice && len(first) < maxSuggestions {
				first = append(first, element{"title": v, "value": v})
			}
		}
	} else if in.Initial != "" && len(in.Initial) <= maxChoice {
		label := in.InitialLabel
		if label == "" {
			label = in.Initial
		}
		first = append(first, element{"title": label, "value": in.Initial})
	}
	e["choices"] = first
	var chosen []string
	for _, c := range first {
		v, _ := c["value"].(string)
		chosen = append(chosen, v)
	}
	if len(chosen) > 0 {
		e["value"] = strings.Join(chosen, ",")
	}
}
