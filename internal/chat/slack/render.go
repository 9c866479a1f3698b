package slack

import (
	"fmt"
	"strings"

	"aws-access-bot/internal/chat"

	slackapi "github.com/slack-go/slack"
)

// maxBlocks is the most blocks of one message (Block Kit reference).
const maxBlocks = 50

// maxFields is the most fields of one section.
const maxFields = 10

// Blocks renders a message.
func Blocks(m chat.Message) []slackapi.Block {
	var out []slackapi.Block
	rows := 0
	for _, b := range m.Blocks {
		if list, ok := b.(chat.Buttons); ok {
			rows++
			out = append(out, buttons(list, rows)...)
			continue
		}
		out = append(out, block(b)...)
	}
	if len(out) > maxBlocks {
		out = out[:maxBlocks]
	}
	return out
}

func block(b chat.Block) []slackapi.Block {
	switch b := b.(type) {
	case chat.Heading:
		return []slackapi.Block{slackapi.NewHeaderBlock(plainText(string(b), maxHeader))}
	case chat.Text:
		return []slackapi.Block{section(mrkdwn(b, maxSection))}
	case chat.Fields:
		return fields(b)
	case chat.Quote:
		// Plain text: what a person wrote is never read as markup.
		return []slackapi.Block{slackapi.NewSectionBlock(plainText("“"+string(b)+"”", maxSection), nil, nil)}
	case chat.Steps:
		return []slackapi.Block{section(mrkdwn(steps(b), maxSection))}
	case chat.Code:
		return []slackapi.Block{section(shorten(string(b), maxSection, code))}
	case chat.Note:
		return []slackapi.Block{slackapi.NewContextBlock("", verbatim(mrkdwn(b, maxField)))}
	default:
		return nil
	}
}

// section is a paragraph; text is short enough.
func section(text string) slackapi.Block {
	return slackapi.NewSectionBlock(verbatim(text), nil, nil)
}

// verbatim is mrkdwn in which Slack looks for no links and mentions but those
// that are marked up.
func verbatim(text string) *slackapi.TextBlockObject {
	if strings.TrimSpace(text) == "" {
		text = "–" // Slack refuses an empty text
	}
	return slackapi.NewTextBlockObject(slackapi.MarkdownType, text, false, true)
}

// code shows text in a fixed font. It has no backticks, which could end it.
func code(s string) string {
	return "```" + strings.ReplaceAll(escape(s), "`", "'") + "```"
}

// plainText is text without markup or emoji codes.
func plainText(s string, n int) *slackapi.TextBlockObject {
	if s == "" {
		s = "–" // as in verbatim
	}
	off := false
	t := slackapi.NewTextBlockObject(slackapi.PlainTextType, cut(s, n), false, false)
	t.Emoji = &off
	return t
}

func fields(list chat.Fields) []slackapi.Block {
	var out []slackapi.Block
	for len(list) > 0 {
		n := min(maxFields, len(list))
		var texts []*slackapi.TextBlockObject
		for _, f := range list[:n] {
			spans := append([]chat.Span{{Text: f.Label, Bold: true}, {Text: "\n"}}, f.Value...)
			texts = append(texts, verbatim(mrkdwn(spans, maxField)))
		}
		out = append(out, slackapi.NewSectionBlock(nil, texts, nil))
		list = list[n:]
	}
	return out
}

// steps lists the stages, one a line.
func steps(list chat.Steps) []chat.Span {
	mark := map[chat.StepState]string{chat.StepDone: "✅", chat.StepNow: "⏳", chat.StepTodo: "▫️", chat.StepBad: "🛑"}
	var out []chat.Span
	for i, s := range list {
		line := mark[s.State] + "  " + s.Label
		if i > 0 {
			line = "\n" + line
		}
		out = append(out, chat.Span{Text: line})
		if !s.At.IsZero() {
			out = append(out, chat.Span{Text: "  ·  "}, chat.Span{At: s.At})
		}
	}
	return out
}

// buttons renders the nth row of buttons of a message. No two blocks of a message
// may have one id.
func buttons(list chat.Buttons, n int) []slackapi.Block {
	if len(list) == 0 {
		return nil // Slack refuses a row without buttons
	}
	id := "actions"
	if n > 1 {
		id = fmt.Sprintf("actions-%d", n)
	}
	var elements []slackapi.BlockElement
	for _, b := range list {
		e := slackapi.NewButtonBlockElement(b.Action, b.Value, plainText(b.Label, maxButton))
		e.URL = b.URL
		if b.Main {
			e.Style = slackapi.StylePrimary
		}
		elements = append(elements, e)
	}
	return []slackapi.Block{slackapi.NewActionBlock(id, elements...)}
}

// Modal renders a form.
func Modal(f chat.Form) slackapi.ModalViewRequest {
	v := slackapi.ModalViewRequest{
		Type: slackapi.VTModal, CallbackID: f.ID, PrivateMetadata: cut(f.Private, maxMetadata),
		Title: plainText(f.Title, maxTitle), Submit: plainText(f.Submit, maxTitle), Close: plainText("Cancel", maxTitle),
	}
	if len(f.Intro) > 0 {
		v.Blocks.BlockSet = append(v.Blocks.BlockSet, section(mrkdwn(f.Intro, maxSection)))
	}
	for _, in := range f.Inputs {
		v.Blocks.BlockSet = append(v.Blocks.BlockSet, input(in))
	}
	return v
}

// input renders one field; block id and action id are both its id.
func input(in chat.Input) slackapi.Block {
	var element slackapi.BlockElement
	switch in.Kind {
	case chat.InputChoice:
		element = choice(in)
	case chat.InputChoices:
		element = choices(in)
	default:
		// Slack refuses a view whose initial value is longer than may be typed.
		length := maxInput
		if in.MaxLength > 0 {
			length = min(in.MaxLength, maxInput)
		}
		element = &slackapi.PlainTextInputBlockElement{
			Type: slackapi.METPlainTextInput, ActionID: in.ID, Multiline: in.Kind == chat.InputLines,
			InitialValue: cut(in.Initial, length), MaxLength: length,
		}
	}
	b := &slackapi.InputBlock{Type: slackapi.MBTInput, BlockID: in.ID, Label: plainText(in.Label, maxLabel), Element: element, Optional: in.Optional}
	if in.Hint != "" {
		b.Hint = plainText(in.Hint, maxLabel)
	}
	return b
}

// choice lists at once, before anything is typed.
func choice(in chat.Input) *slackapi.SelectBlockElement {
	none := 0
	e := slackapi.NewOptionsSelectBlockElement(slackapi.OptTypeExternal, plainText(in.Placeholder, maxPlaceholder), in.ID)
	e.MinQueryLength = &none
	if in.Initial != "" && len([]rune(in.Initial)) <= maxOption {
		e.InitialOption = option(in.Initial, in.InitialLabel)
	}
	return e
}

// choices is choice for several.
func choices(in chat.Input) *slackapi.MultiSelectBlockElement {
	none := 0
	e := slackapi.NewOptionsMultiSelectBlockElement(slackapi.MultiOptTypeExternal, plainText(in.Placeholder, maxPlaceholder), in.ID)
	e.MinQueryLength = &none
	for _, v := range strings.Split(in.Initial, ",") {
		if v != "" && len([]rune(v)) <= maxOption {
			e.InitialOptions = append(e.InitialOptions, option(v, v))
		}
	}
	return e
}

func option(value, label string) *slackapi.OptionBlockObject {
	return slackapi.NewOptionBlockObject(value, plainText(label, maxOption), nil)
}
