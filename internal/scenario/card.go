package scenario

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
)

// element is what is read of an Adaptive Card, or of one of its elements, inlines,
// columns, facts, choices or actions. The members are those of the schema
// (adaptivecards.io/schemas/adaptive-card.json, version 1.5).
type element struct {
	Type    string          `json:"type"`
	Text    string          `json:"text"`
	Title   string          `json:"title"`
	Value   json.RawMessage `json:"value"`
	Label   string          `json:"label"`
	AltText string          `json:"altText"`
	Verb    string          `json:"verb"`
	URL     string          `json:"url"`
	ID      string          `json:"id"`
	Color   string          `json:"color"`
	Weight  string          `json:"weight"`
	Search  *element        `json:"choices.data"`
	Visible *bool           `json:"isVisible"`
	Body    []element       `json:"body"`
	Items   []element       `json:"items"`
	Columns []element       `json:"columns"`
	Rows    []element       `json:"rows"`
	Cells   []element       `json:"cells"`
	Facts   []element       `json:"facts"`
	Actions []element       `json:"actions"`
	Inlines []element       `json:"inlines"`
	Select  *element        `json:"selectAction"`
	Card    *element        `json:"card"`
}

// UnmarshalJSON takes a text for an element too: an inline may be one.
func (e *element) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '"' {
		e.Type = "TextRun"
		return json.Unmarshal(data, &e.Text)
	}
	type plain element
	return json.Unmarshal(data, (*plain)(e))
}

// CardText returns what a person reads of an Adaptive Card, a line for each
// element in reading order. What stands side by side has two spaces between.
// Buttons are in brackets, times in UTC.
func CardText(raw json.RawMessage) string {
	var card element
	if json.Unmarshal(raw, &card) != nil {
		return ""
	}
	return strings.Join(card.lines(), "\n")
}

// lines reads an element.
func (e element) lines() []string {
	if e.Visible != nil && !*e.Visible {
		return nil
	}
	var out []string
	switch {
	case strings.HasPrefix(e.Type, "Action."):
		out = append(out, "["+e.Title+"]")
	case e.Type == "TextBlock":
		out = append(out, unmarked(e.Text))
	case e.Type == "RichTextBlock":
		out = append(out, runs(e.Inlines))
	case e.Type == "ColumnSet":
		out = append(out, row(e.Columns))
	case e.Type == "TableRow":
		out = append(out, row(e.Cells))
	case strings.HasPrefix(e.Type, "Input."):
		out = append(out, strings.TrimSuffix(e.Label+": "+e.given(), ": "))
	case e.AltText != "":
		out = append(out, e.AltText)
	}
	for _, f := range e.Facts {
		out = append(out, f.Title+": "+f.given())
	}
	for _, list := range [][]element{e.Body, e.Items, e.Rows, e.Actions} {
		for _, x := range list {
			out = append(out, x.lines()...)
		}
	}
	if e.Card != nil {
		out = append(out, e.Card.lines()...)
	}
	return out
}

// given is the value of an input or a fact, "" for one that is no text.
func (e element) given() string {
	var s string
	if json.Unmarshal(e.Value, &s) != nil {
		return ""
	}
	return s
}

// row reads what stands side by side: what is bold in front of one other text is
// its label.
func row(list []element) string {
	var out []string
	for _, x := range list {
		if s := strings.Join(x.lines(), " "); s != "" {
			out = append(out, s)
		}
	}
	if len(out) == 2 && list[0].bold() {
		return out[0] + ": " + out[1]
	}
	return strings.Join(out, "  ")
}

// bold reports whether all that an element says is.
func (e element) bold() bool {
	if e.Type == "TextBlock" || e.Type == "TextRun" {
		return e.Weight == "Bolder"
	}
	for _, x := range slices.Concat(e.Items, e.Inlines) {
		if !x.bold() {
			return false
		}
	}
	return true
}

// runs reads runs of text, which know no marks. A link is its text and its
// address.
func runs(list []element) string {
	var out strings.Builder
	for _, x := range list {
		out.WriteString(untagged(x.Text))
		if x.Select != nil && x.Select.URL != "" {
			out.WriteString(" (" + x.Select.URL + ")")
		}
	}
	return out.String()
}

var (
	cardLink = regexp.MustCompile(`\[([^\]]*)\]\(([^)]*)\)`)
	cardMark = regexp.MustCompile(`\\([\\*_\[\]()#+.!` + "`" + `>~|{}-])|[*_` + "`" + `]`)
	atTag    = regexp.MustCompile(`</?at>`)
)

// unmarked takes the Markdown out of a TextBlock as a client does.
func unmarked(s string) string {
	s = cardLink.ReplaceAllString(s, "$1 ($2)")
	return untagged(cardMark.ReplaceAllString(s, "$1"))
}

// untagged shows a mention as the name in it.
func untagged(s string) string { return atTag.ReplaceAllString(s, "") }

// CardAsks reports whether a card offers choices for an input by type-ahead.
func CardAsks(raw json.RawMessage, input string) bool {
	for _, e := range flat(raw) {
		if e.ID == input && e.Search != nil {
			return true
		}
	}
	return false
}

// CardErrors returns what a card says is wrong: what stands directly below an
// input after the id of that, and the rest as it stands.
func CardErrors(raw json.RawMessage) []string {
	var out []string
	above := "" // the input directly above
	for _, e := range flat(raw) {
		switch {
		case strings.HasPrefix(e.Type, "Input."):
			above = e.ID + ": "
		case e.alarming():
			out = append(out, above+strings.Join(e.lines(), "\n"))
		default:
			above = ""
		}
	}
	return out
}

// alarming reports whether a text has the colour of what is wrong.
func (e element) alarming() bool {
	if e.Type == "RichTextBlock" && len(e.Inlines) > 0 {
		return strings.EqualFold(e.Inlines[0].Color, "attention")
	}
	return e.Type == "TextBlock" && strings.EqualFold(e.Color, "attention")
}

// flat lists the elements of a card in reading order, each before what it holds.
func flat(raw json.RawMessage) []element {
	var card element
	if json.Unmarshal(raw, &card) != nil {
		return nil
	}
	var out []element
	var add func(e element)
	add = func(e element) {
		out = append(out, e)
		for _, list := range [][]element{e.Body, e.Items, e.Columns, e.Rows, e.Cells, e.Actions} {
			for _, x := range list {
				add(x)
			}
		}
	}
	add(card)
	return out
}
