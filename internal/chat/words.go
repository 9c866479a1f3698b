package chat

import (
	"regexp"
	"strings"
)

// Words are how a chat service has its people begin a command. The messages of
// this package are written with slash commands; a service that has none passes
// them through [Words.Spoken].
type Words struct {
	Access  string // in the place of /aws-access
	Onboard string // in the place of /aws-onboard
}

// written is code in a sentence: between backticks, as all of the bot's commands
// are.
var written = regexp.MustCompile("`[^`\n]+`")

// Spoken returns m with the commands of the bot in other words, and with what
// stands between backticks in a sentence as code, since a service without slash
// commands reads no marks either. What a person wrote is left as it stands: a
// quote, a fact, a heading, a button.
func (w Words) Spoken(m Message) Message {
	out := Message{Summary: written.ReplaceAllStringFunc(m.Summary, w.command), Blocks: make([]Block, len(m.Blocks))}
	for i, b := range m.Blocks {
		switch b := b.(type) {
		case Text:
			out.Blocks[i] = Text(w.spans(b))
		case Note:
			out.Blocks[i] = Note(w.spans(b))
		case Fields:
			out.Blocks[i] = w.fields(b)
		default:
			out.Blocks[i] = b
		}
	}
	return out
}

// fields says the code among facts, which is the bot's own.
func (w Words) fields(list Fields) Fields {
	out := make(Fields, len(list))
	for i, f := range list {
		out[i] = Field{Label: f.Label}
		for _, s := range f.Value {
			if s.Code {
				s.Text = w.command(s.Text)
			}
			out[i].Value = append(out[i].Value, s)
		}
	}
	return out
}

func (w Words) spans(list []Span) []Span {
	var out []Span
	for _, s := range list {
		switch {
		case s.Code:
			s.Text = w.command(s.Text)
			out = append(out, s)
		case s.URL != "" || s.User.User != "" || s.Channel != "" || !s.At.IsZero():
			out = append(out, s)
		default:
			out = append(out, w.sentence(s)...)
		}
	}
	return out
}

// sentence cuts a span where code is in it.
func (w Words) sentence(s Span) []Span {
	found := written.FindAllStringIndex(s.Text, -1)
	if found == nil {
		return []Span{s}
	}
	var out []Span
	from := 0
	for _, at := range found {
		if before := s.Text[from:at[0]]; before != "" {
			out = append(out, Span{Text: before, Bold: s.Bold})
		}
		out = append(out, Span{Text: w.command(s.Text[at[0]:at[1]]), Code: true})
		from = at[1]
	}
	if rest := s.Text[from:]; rest != "" {
		out = append(out, Span{Text: rest, Bold: s.Bold})
	}
	return out
}

// command says one command; other text stays.
func (w Words) command(s string) string {
	s = strings.Trim(s, "`")
	for _, c := range []struct{ slash, said string }{{"/aws-onboard", w.Onboard}, {"/aws-access", w.Access}} {
		if rest, ok := strings.CutPrefix(s, c.slash); ok && (rest == "" || rest[0] == ' ') {
			return c.said + rest
		}
	}
	return s
}
