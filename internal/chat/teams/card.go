package teams

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"unicode/utf8"

	"aws-access-bot/internal/chat"
)

// cardVersion is the Adaptive Cards version that cards are written in: the newest that
// Teams shows ("Types of cards", Microsoft Learn). The same page says that its apps for
// phones know 1.2 only. Messages therefore have nothing newer but Action.Execute, which
// 1.4 has and for which each has a fallback; forms do, and say what to do without them.
const cardVersion = "1.5"

// Lengths. maxCard is in bytes of JSON: Teams takes 28 KB for a whole message,
// and around the card there is the activity. The others are in characters.
const (
	maxCard    = 24_000
	maxRun     = 3000
	maxTitle   = 150
	maxButton  = 75
	maxSummary = 3000
)

// Words are how commands are written in Teams, which has none with a slash.
func Words() chat.Words {
	return chat.Words{Access: "@aws-access", Onboard: "@aws-access onboard"}
}

// element is one of a card's elements, inlines or actions. Its members are those
// of the Adaptive Cards schema.
type element map[string]any

// builder makes the body of one card.
type builder struct {
	// instead is what a client shows that does not know the version of the card. It may
	// be read as Markdown, so it has only our words.
	instead  string
	body     []element
	actions  []element // below the body, for dialogs
	mentions []element
}

// Card renders a message. What people wrote stands in text runs, in which no
// client reads Markdown (Adaptive Cards schema: TextRun); a TextBlock has only
// words and mentions.
func Card(m chat.Message) json.RawMessage {
	b := &builder{instead: instead(requestID.FindString(m.Summary))}
	for _, block := range m.Blocks {
		b.body = append(b.body, b.render(block)...)
	}
	return b.fit()
}

// requestID is the id of a request in a sentence.
var requestID = regexp.MustCompile(`\bREQ-[0-9A-HJKMNP-TV-Z]{6}\b`)

// instead says in the place of a message what to do, of a request if it is about one.
func instead(request string) string {
	about, command := "", "help"
	if request != "" {
		about, command = " about "+request, "status "+request
	}
	return "Teams cannot show this message" + about + " here. Open it in Teams on a computer, or write: " + Words().Access + " " + command
}

// insteadOfForm does so in the place of a form.
func insteadOfForm() string {
	return "Teams cannot show this form here. Open it in Teams on a computer, or ask in one line, as this shows: " + Words().Access + " help"
}

// fit returns the card, without some of its elements where it would be too large,
// and says so.
func (b *builder) fit() json.RawMessage {
	body, cutOff := b.body, false
	for {
		shown := body
		if cutOff {
			shown = append(slices.Clone(body), b.paragraph(chat.Note{{Text: "This was too long to show here whole."}}, small())...)
		}
		raw := encode(b.card(shown))
		if len(raw) <= maxCard || len(body) == 0 {
			return raw
		}
		body, cutOff = withoutLast(body), true
	}
}

// withoutLast takes an element away: the last box, which is a piece of a file or
// what somebody wrote, else the last that has no row of buttons below it, else the
// last row with what stands above it. A row never comes to stand below what it is not
// about. The first element, which says what the card is, goes last.
func withoutLast(body []element) []element {
	isRow := func(i int) bool { return i < len(body) && body[i]["type"] == "ActionSet" }
	for i := len(body) - 1; i >= 0; i-- {
		if body[i]["type"] == "Container" {
			return slices.Delete(slices.Clone(body), i, i+1)
		}
	}
	for i := len(body) - 1; i > 0; i-- {
		if !isRow(i) && !isRow(i+1) {
			return slices.Delete(slices.Clone(body), i, i+1)
		}
	}
	for i := len(body) - 1; i > 1; i-- {
		if isRow(i) && !isRow(i-1) {
			return slices.Delete(slices.Clone(body), i-1, i+1)
		}
	}
	return body[:len(body)-1]
}

// card is the card around a body.
func (b *builder) card(body []element) element {
	extra := element{"width": "Full"}
	if shown := b.mentioned(body); len(shown) > 0 {
		extra["entities"] = shown
	}
	c := element{"type": "AdaptiveCard", "$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "version": cardVersion, "fallbackText": b.instead, "body": body, "msteams": extra}
	if len(b.actions) > 0 {
		c["actions"] = b.actions
	}
	return c
}

// mentioned are the mentions whose marks stand in a body: where a part of it was cut
// off, a mention that is nowhere to be seen would be none, and take room.
func (b *builder) mentioned(body []element) []element {
	if len(b.mentions) == 0 {
		return nil
	}
	text := encode(body)
	return slices.DeleteFunc(slices.Clone(b.mentions), func(m element) bool {
		return !bytes.Contains(text, bytes.Trim(encode(m["text"]), `"`))
	})
}

// encode writes JSON of what always can be written.
func encode(v any) json.RawMessage {
	raw, err := json.Marshal(v)
	if err != nil {
		return json.RawMessage(`{"type":"AdaptiveCard","version":"` + cardVersion + `","body":[]}`) // unreachable: maps, strings and lists
	}
	return raw
}

func (b *builder) render(block chat.Block) []element {
	switch block := block.(type) {
	case chat.Heading:
		return b.paragraph([]chat.Span{{Text: cut(string(block), maxTitle), Bold: true}}, element{"size": "Large"})
	case chat.Text:
		return b.paragraph(block, nil)
	case chat.Fields:
		return b.fields(block)
	case chat.Quote:
		return []element{{"type": "Container", "style": "emphasis", "items": b.paragraph([]chat.Span{{Text: "“" + string(block) + "”"}}, nil)}}
	case chat.Steps:
		return b.steps(block)
	case chat.Code:
		return []element{{"type": "Container", "style": "emphasis", "items": b.paragraph([]chat.Span{{Text: string(block), Code: true}}, nil)}}
	case chat.Buttons:
		return buttons(block)
	case chat.Note:
		return b.paragraph(block, small())
	default:
		return nil
	}
}

// small is the look of small print.
func small() element { return element{"size": "Small", "isSubtle": true} }

// fields are rows of a label and a value. A FactSet would read Markdown.
func (b *builder) fields(list chat.Fields) []element {
	var rows []element
	for _, f := range list {
		rows = append(rows, columns(
			column("110px", b.paragraph([]chat.Span{{Text: f.Label, Bold: true}}, nil)...),
			column("stretch", b.paragraph(f.Value, nil)...),
		))
	}
	return rows
}

func columns(list ...element) element {
	return element{"type": "ColumnSet", "spacing": "Small", "columns": list}
}

func column(width string, items ...element) element {
	return element{"type": "Column", "width": width, "items": items}
}

// steps lists the stages, one a row.
func (b *builder) steps(list chat.Steps) []element {
	mark := map[chat.StepState]string{chat.StepDone: "✅", chat.StepNow: "⏳", chat.StepTodo: "▫️", chat.StepBad: "🛑"}
	var rows []element
	for _, s := range list {
		row := []element{
			column("24px", b.paragraph([]chat.Span{{Text: mark[s.State]}}, nil)...),
			column("stretch", b.paragraph([]chat.Span{{Text: s.Label}}, nil)...),
		}
		if !s.At.IsZero() {
			row = append(row, column("auto", b.paragraph([]chat.Span{{At: s.At}}, small())...))
		}
		rows = append(rows, columns(row...))
	}
	return rows
}

// buttons is a row of actions. What they send says what was pressed and nothing
// else: who may do it is asked again when it is.
func buttons(list chat.Buttons) []element {
	if len(list) == 0 {
		return nil
	}
	var actions []element
	for _, b := range list {
		a := button(b)
		if b.Main {
			a["style"] = "positive"
		}
		actions = append(actions, a)
	}
	return []element{{"type": "ActionSet", "actions": actions}}
}

func button(b chat.Button) element {
	title := cut(b.Label, maxButton)
	data := element{"action": b.Action, "value": b.Value}
	switch {
	case isWeb(b.URL):
		return element{"type": "Action.OpenUrl", "title": title, "url": b.URL}
	case b.Opens:
		// Only an Action.Submit opens a dialog ("Invoke dialogs", Microsoft Learn).
		data["msteams"] = element{"type": "task/fetch"}
		return element{"type": "Action.Submit", "title": title, "data": data}
	default:
		return element{"type": "Action.Execute", "title": title, "verb": b.Action, "data": data,
			"fallback": element{"type": "Action.Submit", "title": title, "data": data}}
	}
}

// cut shortens s to n characters.
func cut(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:max(0, n-1)]) + "…"
}
