package chat

import (
	"time"

	"aws-access-bot/internal/access"
)

// Message is what a person sees, without the markup of any chat service.
type Message struct {
	// Summary is the text of notifications and of clients that show no blocks.
	Summary string
	Blocks  []Block
}

// Block is one part of a message: [Heading], [Text], [Fields], [Quote],
// [Steps], [Code], [Buttons] or [Note].
type Block interface{ block() }

// Heading is the title of a message, plain text.
type Heading string

// Text is a paragraph.
type Text []Span

// Span is a run of text. Everything in it is shown as it stands.
type Span struct {
	Text string
	Bold bool
	Code bool
	// URL makes the text a link. It is one of the bot's own or GitHub's.
	URL string
	// User mentions a person instead of showing Text, in a message on that
	// person's chat service; elsewhere Text is shown, which names him.
	User access.ChatUser
	// Channel links a channel by chat channel id instead of showing Text.
	Channel string
	// At shows a time instead of Text, in the reader's zone where the service can.
	At time.Time
}

// Fields are short facts in two columns.
type Fields []Field

// Field is one fact.
type Field struct {
	Label string
	Value Text
}

// Quote is text that a person wrote, shown as plain text.
type Quote string

// Steps are the stages of a request.
type Steps []Step

// StepState is how far a step is.
type StepState int

// The states of a step.
const (
	StepTodo StepState = iota
	StepNow
	StepDone
	StepBad
)

// Step is one stage; At is zero when it was not reached.
type Step struct {
	State StepState
	Label string
	At    time.Time
}

// Code is shown in a fixed font, whole.
type Code string

// Buttons are actions below a message.
type Buttons []Button

// Button opens URL, or sends Action with Value.
type Button struct {
	Action string
	Value  string
	Label  string
	URL    string
	Main   bool // the one most people want
	// Opens says that a click is answered with a form.
	Opens bool
}

// Note is small print.
type Note []Span

func (Heading) block() {}
func (Text) block()    {}
func (Fields) block()  {}
func (Quote) block()   {}
func (Steps) block()   {}
func (Code) block()    {}
func (Buttons) block() {}
func (Note) block()    {}

// Form is a dialog.
type Form struct {
	// ID names the form to whoever receives its submission.
	ID     string
	Title  string // at most 24 characters
	Submit string
	// Private is where the form was asked for, for services whose submissions do
	// not say it. A person can see and change it,
	// so it carries nothing that is trusted.
	Private string
	Intro   Text
	Inputs  []Input
}

// InputKind says how a form input is shown.
type InputKind int

// The kinds of form input.
const (
	InputChoice InputKind = iota // one of many, by type-ahead
	InputLine                    // one line of text
	InputLines                   // several lines of text
	// InputChoices is several of many, by type-ahead. Its value and Initial are
	// the choices with commas between them, which none of them has.
	InputChoices
)

// Input is one field of a form. ID is what Suggest and Refusal.Field use.
type Input struct {
	ID          string
	Kind        InputKind
	Label       string
	Hint        string
	Placeholder string
	Optional    bool
	MaxLength   int
	// Initial is the value shown first; InitialLabel its label for a choice.
	Initial      string
	InitialLabel string
}

// plain returns a paragraph of one span.
func plain(s string) Text { return Text{{Text: s}} }
