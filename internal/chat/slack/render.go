package slack

import (
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
	for _, b := range m.Blocks {
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
		return []slackapi.Block{section(mrkdwn(b))}
	case chat.Fields:
		return fields(b)
	case chat.Quote:
		// Plain text: what a person wrote is never read as markup.
		return []slackapi.Block{slackapi.NewSectionBlock(plainText("“"+string(b)+"”", maxSection), nil, nil)}
	case chat.Steps:
		return []slackapi.Block{section(steps(b))}
	case chat.Code:
		return []slackapi.Block{section("```" + strings.ReplaceAll(escape(string(b)), "```", "'''") + "```")}
	case chat.Buttons:
		return buttons(b)
	case chat.Note:
		text := slackapi.NewTextBlockObject(slackapi.MarkdownType, cut(mrkdwn(b), maxField), false, false)
		return []slackapi.Block{slackapi.NewContextBlock("", text)}
	default:
		return nil
	}
}

func section(text string) slackapi.Block {
	if strings.TrimSpace(text) == "" {
		text = "–" // Slack refuses an empty section
	}
	return slackapi.NewSectionBlock(slackapi.NewTextBlockObject(slackapi.MarkdownType, cut(text, maxSection), false, false), nil, nil)
}

// plainText is text without markup or emoji codes.
func plainText(s string, n int) *slackapi.TextBlockObject {
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
			text := "*" + escape(f.Label) + "*\n" + mrkdwn(f.Value)
			texts = append(texts, slackapi.NewTextBlockObject(slackapi.MarkdownType, cut(text, maxField), false, false))
		}
		out = append(out, slackapi.NewSectionBlock(nil, texts, nil))
		list = list[n:]
	}
	return out
}

func steps(list chat.Steps) string {
	mark := map[chat.StepState]string{chat.StepDone: "✅", chat.StepNow: "⏳", chat.StepTodo: "▫️", chat.StepBad: "🛑"}
	var lines []string
	for _, s := range list {
		line := mark[s.State] + "  " + escape(s.Label)
		if !s.At.IsZero() {
			line += "  ·  " + date(s.At)
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

func buttons(list chat.Buttons) []slackapi.Block {
	var elements []slackapi.BlockElement
	for _, b := range list {
		e := slackapi.NewButtonBlockElement(b.Action, b.Value, plainText(b.Label, maxButton))
		e.URL = b.URL
		if b.Main {
			e.Style = slackapi.StylePrimary
		}
		elements = append(elements, e)
	}
	return []slackapi.Block{slackapi.NewActionBlock("actions", elements...)}
}

// Modal renders a form.
func Modal(f chat.Form) slackapi.ModalViewRequest {
	v := slackapi.ModalViewRequest{
		Type: slackapi.VTModal, CallbackID: f.ID, PrivateMetadata: f.Private,
		Title: plainText(f.Title, maxTitle), Submit: plainText(f.Submit, maxTitle), Close: plainText("Cancel", maxTitle),
	}
	if len(f.Intro) > 0 {
		v.Blocks.BlockSet = append(v.Blocks.BlockSet, section(mrkdwn(f.Intro)))
	}
	for _, in := range f.Inputs {
		v.Blocks.BlockSet = append(v.Blocks.BlockSet, input(in))
	}
	return v
}

// input renders one field; block id and action id are both its id.
func input(in chat.Input) slackapi.Block {
	var element slackapi.BlockElement
	if in.Kind == chat.InputChoice {
		element = choice(in)
	} else {
		element = &slackapi.PlainTextInputBlockElement{
			Type: slackapi.METPlainTextInput, ActionID: in.ID, Multiline: in.Kind == chat.InputLines,
			InitialValue: cut(in.Initial, maxSection), MaxLength: in.MaxLength,
		}
	}
	b := &slackapi.InputBlock{Type: slackapi.MBTInput, BlockID: in.ID, Label: plainText(in.Label, maxField), Element: element, Optional: in.Optional}
	if in.Hint != "" {
		b.Hint = plainText(in.Hint, maxField)
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

func option(value, label string) *slackapi.OptionBlockObject {
	return slackapi.NewOptionBlockObject(value, plainText(label, maxOption), nil)
}
