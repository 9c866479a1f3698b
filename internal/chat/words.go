package chat

import (
	"strings"

	"aws-access-bot/internal/access"
)

// Words are [access.Words]: how a chat service has its people begin a command. The
// messages of this package are written with slash commands; a service that has none
// passes them through [Words.Spoken].
type Words access.Words

// Spoken returns m with the commands of the bot in other words, and with what
// stands between backticks in a sentence as code, since a service without slash
// commands reads no marks either. What a person wrote is left as it stands: a
// quote, a fact, a heading, a button.
func (w Words) Spoken(m Message) Message {
	out := Message{Summary: w.bare(m.Summary), Blocks: make([]Block, len(m.Blocks))}
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
	found := access.WrittenCode(s.Text)
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

// bare says a sentence without marks of code.
func (w Words) bare(s string) string {
	var b strings.Builder
	from := 0
	for _, at := range access.WrittenCode(s) {
		b.WriteString(s[from:at[0]] + w.command(s[at[0]:at[1]]))
		from = at[1]
	}
	return b.String() + s[from:]
}

// command says one command; other text stays.
func (w Words) command(s string) string { return access.Words(w).Command(s) }
