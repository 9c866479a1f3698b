package teams

import (
	"encoding/json"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"aws-access-bot/internal/chat"
)

// cardVersion is the Adaptive Cards version that cards are written in: the
// newest that Teams shows on all of its clients ("Cards reference", Microsoft
// Learn).
const cardVersion = "1.5"

// Lengths. maxCard is in bytes of JSON: Teams takes 28 KB for a whole message,
// and around the card there is the activity. The others are in characters.
const (
	maxCard    = 25_000
	maxRun     = 3000
	maxTitle   = 150
	maxButton  = 75
	maxSummary = 3000
)

// element is one of a card's elements, inlines or actions. Its members are those
// of the Adaptive Cards schema.
type element map[string]any

// Card renders a message. What people wrote stands in text runs, in which no
// client reads Markdown (Adaptive Cards schema: TextRun); a TextBlock has only
// words and dates of the bot's own.
func Card(m chat.Message) json.RawMessage {
	body := []element{}
	for _, b := range m.Blocks {
		body = append(body, render(b)...)
	}
	return fit(body)
}

// fit returns the card of a body, without the last elements where it would be
// too large, and says so in their place.
func fit(body []element) json.RawMessage {
	for kept := len(body); ; kept-- {
		shown := body[:kept]
		if kept < len(body) {
			shown = append(append([]element{}, shown...), paragraph(chat.Note{{Text: "This was too long to show here whole."}}, small()))
		}
		raw := encode(element{"type": "AdaptiveCard", "$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "version": cardVersion, "body": shown, "msteams": element{"width": "Full"}})
		if len(raw) <= maxCard || kept == 0 {
			return raw
		}
	}
}

// encode writes JSON of what always can be written.
func encode(v any) json.RawMessage {
	raw, err := json.Marshal(v)
	if err != nil {
		return json.RawMessage(`{"type":"AdaptiveCard","version":"` + cardVersion + `","body":[]}`) // unreachable: maps, strings and lists
	}
	return raw
}

func render(b chat.Block) []element {
	switch b := b.(type) {
	case chat.Heading:
		return []element{paragraph([]chat.Span{{Text: cut(string(b), maxTitle), Bold: true}}, element{"size": "Large"})}
	case chat.Text:
		return []element{paragraph(b, nil)}
	case chat.Fields:
		return fields(b)
	case chat.Quote:
		return []element{{"type": "Container", "style": "emphasis", "items": []element{paragraph([]chat.Span{{Text: "“" + string(b) + "”"}}, nil)}}}
	case chat.Steps:
		return steps(b)
	case chat.Code:
		return []element{{"type": "Container", "style": "emphasis", "items": []element{paragraph([]chat.Span{{Text: string(b), Code: true}}, nil)}}}
	case chat.Buttons:
		return buttons(b)
	case chat.Note:
		return []element{paragraph(b, small())}
	default:
		return nil
	}
}

// small is the look of small print.
func small() element { return element{"size": "Small", "isSubtle": true} }

// ownWords are texts that read the same with Markdown and without.
var ownWords = regexp.MustCompile(`^[A-Za-z0-9 ,:;'%.()/–…·⏳✅▫️🛑]*$`)

// listMark begins a list in Markdown.
var listMark = regexp.MustCompile(`^\s*([0-9]+[.)]|[-+])\s`)

// paragraph renders spans. Dates are shown in the reader's zone where nothing
// else in the paragraph could be read as Markdown: only a TextBlock has them.
func paragraph(spans []chat.Span, look element) element {
	if text, ok := dated(spans); ok {
		return with(element{"type": "TextBlock", "text": text, "wrap": true}, look)
	}
	runs := []element{}
	for _, s := range spans {
		runs = append(runs, run(s, look))
	}
	if len(runs) == 0 {
		runs = append(runs, run(chat.Span{Text: "–"}, look))
	}
	return element{"type": "RichTextBlock", "inlines": runs}
}

// with adds the look to an element.
func with(e, look element) element {
	for k, v := range look {
		e[k] = v
	}
	return e
}

// dated returns the text of a TextBlock for spans with a date among them, false
// where there is none, or where they have more than words.
func dated(spans []chat.Span) (string, bool) {
	var b strings.Builder
	has := false
	for _, s := range spans {
		switch {
		case !s.At.IsZero():
			has = true
			b.WriteString(date(s.At))
		case s.URL != "" || s.User != "" || s.Channel != "" || s.Bold || s.Code || !ownWords.MatchString(s.Text):
			return "", false
		default:
			b.WriteString(s.Text)
		}
	}
	return b.String(), has && !listMark.MatchString(b.String())
}

// date shows a time in the reader's zone ("Text features: date and time
// formatting functions"); they take RFC 3339 with whole seconds.
func date(t time.Time) string {
	at := t.UTC().Format(time.RFC3339)
	return "{{DATE(" + at + ",SHORT)}} {{TIME(" + at + ")}}"
}

// run is one span as text that no client reads as markup.
func run(s chat.Span, look element) element {
	text := s.Text
	switch {
	case !s.At.IsZero():
		text = s.At.UTC().Format("2006-01-02 15:04 UTC")
	case s.User != "":
		text = "@" + s.User
	case s.Channel != "":
		text = "the channel"
	}
	if text == "" {
		text = "–"
	}
	r := with(element{"type": "TextRun", "text": cut(text, maxRun)}, look)
	if s.Bold {
		r["weight"] = "Bolder"
	}
	if s.Code {
		r["fontType"] = "Monospace"
	}
	if isWeb(s.URL) {
		r["color"], r["underline"] = "Accent", true
		r["selectAction"] = element{"type": "Action.OpenUrl", "url": s.URL}
	}
	return r
}

// isWeb reports whether an address is one that a link may have.
func isWeb(url string) bool {
	return strings.HasPrefix(url, "https://") || strings.HasPrefix(url, "http://")
}

// fields are rows of a label and a value. A FactSet would read Markdown.
func fields(list chat.Fields) []element {
	var rows []element
	for _, f := range list {
		rows = append(rows, columns(
			column("110px", paragraph([]chat.Span{{Text: f.Label, Bold: true}}, nil)),
			column("stretch", paragraph(f.Value, nil)),
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
func steps(list chat.Steps) []element {
	mark := map[chat.StepState]string{chat.StepDone: "✅", chat.StepNow: "⏳", chat.StepTodo: "▫️", chat.StepBad: "🛑"}
	var rows []element
	for _, s := range list {
		row := []element{
			column("24px", paragraph([]chat.Span{{Text: mark[s.State]}}, nil)),
			column("stretch", paragraph([]chat.Span{{Text: s.Label}}, nil)),
		}
		if !s.At.IsZero() {
			row = append(row, column("auto", paragraph([]chat.Span{{At: s.At}}, small())))
		}
		rows = append(rows, columns(row...))
	}
	return rows
}

// buttons is a row of actions. Data carries an opaque value only: who may do what
// is asked again when it is clicked.
func buttons(list chat.Buttons) []element {
	if len(list) == 0 {
		return nil
	}
	var actions []element
	for _, b := range list {
		a := element{"title": cut(b.Label, maxButton)}
		if isWeb(b.URL) {
			a["type"], a["url"] = "Action.OpenUrl", b.URL
		} else {
			data := element{"action": b.Action, "value": b.Value}
			a["type"], a["verb"], a["data"] = "Action.Execute", b.Action, data
			a["fallback"] = element{"type": "Action.Submit", "title": a["title"], "data": data}
		}
		if b.Main {
			a["style"] = "positive"
		}
		actions = append(actions, a)
	}
	return []element{{"type": "ActionSet", "actions": actions}}
}

// cut shortens s to n characters.
func cut(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:max(0, n-1)]) + "…"
}
