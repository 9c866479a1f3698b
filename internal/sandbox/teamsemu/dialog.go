package teamsemu

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// dialog is a dialog that somebody has open.
type dialog struct {
	id     string
	person *User
	title  string
	card   card
	errors map[string]string

	conv *conversation
	root string
	// replyTo is the message whose card opened it, empty for an extension.
	replyTo string
	// command and context are those of the extension that opened it.
	command, context string
}

// theme is the context of every request that a dialog makes.
func theme() object { return object{"theme": "default"} }

// fetch opens a dialog from a card (task/fetch).
func (s *Server) fetch(ctx context.Context, t touched, data object) (Result, error) {
	s.mu.Lock()
	body := s.inboundInvoke("task/fetch", object{"data": data, "context": theme()}, t.user, t.conv, t.msg.thread())
	body["replyToId"] = t.msg.id
	d := &dialog{id: s.newID("dialog-"), person: t.user, conv: t.conv, root: t.msg.thread(), replyTo: t.msg.id}
	s.mu.Unlock()
	var res Result
	a, ok, err := s.invoke(ctx, body, &res)
	if ok {
		s.followTask(d, a, &res)
	}
	return res, err
}

// taskAnswer is the body that answers task/fetch, task/submit and both of an
// extension's.
type taskAnswer struct {
	Task *struct {
		Type  string          `json:"type"`
		Value json.RawMessage `json:"value"`
	} `json:"task"`
	Extension *struct {
		Type        string       `json:"type"`
		Attachments []attachment `json:"attachments"`
	} `json:"composeExtension"`
}

// taskInfo is what a dialog shows.
type taskInfo struct {
	Title string      `json:"title"`
	URL   string      `json:"url"`
	Card  *attachment `json:"card"`
}

// followTask opens, changes or closes a dialog as the bot says.
func (s *Server) followTask(d *dialog, a Answer, res *Result) {
	if len(bytes.TrimSpace(a.Body)) == 0 {
		s.closeDialog(d)
		return
	}
	var in taskAnswer
	if err := json.Unmarshal(a.Body, &in); err != nil {
		res.wrong("the answer is not JSON: %v", err)
		return
	}
	switch {
	case in.Task != nil && in.Task.Type == "continue":
		s.showDialog(d, in.Task.Value, res)
	case in.Task != nil && in.Task.Type == "message":
		if err := json.Unmarshal(in.Task.Value, &res.Message); err != nil {
			res.wrong("the value of a message is not a text")
			return
		}
		s.closeDialog(d)
	case in.Task == nil && in.Extension != nil && d.command != "":
		s.compose(in.Extension.Attachments, res)
		s.closeDialog(d)
	case in.Task == nil && in.Extension == nil:
		s.closeDialog(d) // {}: nothing more to do
	default:
		res.wrong("the answer is neither a task of type continue or message, nor an extension's result")
	}
}

// compose puts the card of an extension's result into the compose box.
func (s *Server) compose(all []attachment, res *Result) {
	for _, at := range all {
		if c, ok := readCard(at.Content); ok && at.ContentType == cardType {
			st := c.state()
			res.Card, res.Problems = &st, append(res.Problems, c.problems...)
		}
	}
}

// showDialog shows what a dialog continues with.
func (s *Server) showDialog(d *dialog, raw json.RawMessage, res *Result) {
	var info taskInfo
	if err := json.Unmarshal(raw, &info); err != nil {
		res.wrong("the value of continue is not a task: %v", err)
		return
	}
	switch {
	case info.URL != "":
		res.wrong("web views are not emulated")
		return
	case info.Card == nil || info.Card.ContentType != cardType:
		res.wrong("the dialog has no card of type %s", cardType)
		return
	}
	c, ok := readCard(info.Card.Content)
	if !ok || c.broken() {
		res.wrong("the card of the dialog cannot be displayed: %s", strings.Join(c.problems, "; "))
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	d.title, d.card, d.errors = info.Title, c, nil
	if !slices.Contains(s.dialogs, d) {
		s.dialogs = append(s.dialogs, d)
	}
	st := d.state()
	res.Dialog = &st
	s.touch()
}

func (s *Server) closeDialog(d *dialog) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dialogs = slices.DeleteFunc(s.dialogs, func(x *dialog) bool { return x == d })
	for o := range s.offered {
		if o.place == d.id {
			delete(s.offered, o)
		}
	}
	s.touch()
}

// openDialog finds a dialog that a person has open, and the card in it.
func (s *Server) openDialog(objectID, id string) (*dialog, card, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.dialogs {
		if d.id == id && strings.EqualFold(d.person.ObjectID, objectID) {
			return d, d.card, nil
		}
	}
	return nil, card{}, errNoSuch("open dialog", id)
}

// CloseDialog plays a person who closes a dialog. The bot is not told.
func (s *Server) CloseDialog(objectID, id string) error {
	d, _, err := s.openDialog(objectID, id)
	if err != nil {
		return fmt.Errorf("close: %w", err)
	}
	s.closeDialog(d)
	return nil
}

// SubmitDialog plays a person who fills a dialog and clicks one of its actions, nil
// for the first that sends something.
func (s *Server) SubmitDialog(ctx context.Context, objectID, id string, by any, values map[string]string) (Result, error) {
	d, shown, err := s.openDialog(objectID, id)
	if err != nil {
		return Result{}, fmt.Errorf("submit: %w", err)
	}
	a, ok := shown.choose(by)
	if !ok {
		return Result{}, fmt.Errorf("submit: the dialog has no action %v; it has %s", by, shown.titles())
	}
	data, errs, err := s.fill(d.person, d.id, a.inputs, values)
	if err != nil {
		return Result{}, fmt.Errorf("submit: %w", err)
	}
	if len(errs) > 0 {
		return s.refused(d, errs), nil
	}
	switch text(a.def, "type") {
	case "Action.Submit":
		return s.submit(ctx, d, merged(a.def, data))
	case "Action.OpenUrl":
		return Result{URL: text(a.def, "url")}, nil
	}
	return Result{}, fmt.Errorf("submit: %s does nothing in a dialog", text(a.def, "type"))
}

// refused shows what the client says beside the inputs.
func (s *Server) refused(d *dialog, errs map[string]string) Result {
	s.mu.Lock()
	defer s.mu.Unlock()
	d.errors = errs
	s.touch()
	st := d.state()
	return Result{Errors: errs, Dialog: &st}
}

func (s *Server) submit(ctx context.Context, d *dialog, data object) (Result, error) {
	name, value := "task/submit", object{"data": data, "context": theme()}
	if d.command != "" {
		name = "composeExtension/submitAction"
		value["commandId"], value["commandContext"] = d.command, d.context
	}
	s.mu.Lock()
	d.errors = nil
	body := s.inboundInvoke(name, value, d.person, d.conv, d.root)
	if d.replyTo != "" {
		body["replyToId"] = d.replyTo
	}
	s.mu.Unlock()
	var res Result
	a, ok, err := s.invoke(ctx, body, &res)
	if ok {
		s.followTask(d, a, &res)
	}
	return res, err
}
