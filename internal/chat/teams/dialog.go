package teams

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

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
// What is longer was not chosen. And how much that was chosen is shown again: as many,
// and as many bytes of JSON, each of which stands in a dialog three times.
const (
	maxLine        = 3000
	maxChoice      = 200
	maxChosen      = 50
	maxChosenBytes = 3000
)

// Dialog renders a form as the card of a dialog that is named id. A refusal, if
// there is one, stands below its field, or above all where it is about none.
func Dialog(f chat.Form, id string, no *access.Refusal) json.RawMessage {
	b := &builder{instead: insteadOfForm()}
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
		if _, left := chosen(in); left > 0 {
			what := fmt.Sprintf("%d of what was chosen here are too much to show again, and are left out: choose fewer, or add them again.", left)
			b.body = append(b.body, runs([]chat.Span{{Text: what}}, element{"color": "Attention"}))
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
	if in.Kind == chat.InputChoices {
		e["isMultiSelect"] = true
	}
	values, _ := chosen(in)
	first := []element{}
	for _, v := range values {
		label := v
		if in.Kind == chat.InputChoice && in.InitialLabel != "" {
			label = in.InitialLabel
		}
		first = append(first, element{"title": label, "value": v})
	}
	e["choices"] = first
	if len(values) > 0 {
		e["value"] = strings.Join(values, ",")
	}
}

// chosen is what is chosen in a field at first, each once, and how much more would be
// too much to show. A single choice that is too long was none, and nobody misses it.
func chosen(in chat.Input) (values []string, left int) {
	switch in.Kind {
	case chat.InputChoice:
		if in.Initial != "" && utf8.RuneCountInString(in.Initial) <= maxChoice {
			return []string{in.Initial}, 0
		}
	case chat.InputChoices:
		size := 0
		for v := range strings.SplitSeq(in.Initial, ",") {
			if v == "" || slices.Contains(values, v) {
				continue
			}
			long := len(encode(v))
			if utf8.RuneCountInString(v) > maxChoice || len(values) == maxChosen || size+long > maxChosenBytes {
				left++
				continue
			}
			values, size = append(values, v), size+long
		}
	}
	return values, left
}
