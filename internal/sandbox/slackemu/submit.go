package slackemu

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"slices"
	"strings"
)

// SubmitResult is what a person sees after submitting a view.
type SubmitResult struct {
	Result
	// Errors are shown at the blocks of these ids; the view stays open.
	Errors map[string]string `json:"errors,omitempty"`
	// Action is the app's response_action: "errors", "update", "push",
	// "clear", or empty if the view simply closed.
	Action string `json:"action,omitempty"`
	// View is the view that the person has before them now; empty if none.
	View string `json:"view,omitempty"`
}

// Submit plays a person who enters values into their top view, by block and
// action id, and submits it. What stands in the view already stays unless it
// is in values. Inputs that a Slack client would not submit (a required one
// left empty, a text too long) give Errors and nothing is sent.
func (s *Server) Submit(ctx context.Context, user, viewID string, values map[string]map[string]Value) (SubmitResult, error) {
	payload, out, err := s.submission(user, viewID, values)
	if err != nil {
		return SubmitResult{}, fmt.Errorf("submit view %s: %w", viewID, err)
	}
	if out.Errors != nil {
		return out, nil
	}
	a, err := s.deliver(ctx, KindInteraction, payload, &out.Result)
	if err != nil {
		return out, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.views, func(v *view) bool { return v.id == viewID })
	if i < 0 { // closed by the person meanwhile: the answer has no effect
		return out, nil
	}
	v := s.views[i]
	if out.Error == "" {
		if err := s.follow(v, a, &out); err != nil {
			out.Error, out.Problems = ErrorTrouble, problemsOf(err)
		}
	}
	if stack := s.stack(v.root); len(stack) > 0 {
		out.View = stack[len(stack)-1].id
	}
	return out, nil
}

// submission enters the values and makes the view_submission payload. It says
// nothing of the channel: Slack does not either.
func (s *Server) submission(user, viewID string, values map[string]map[string]Value) ([]byte, SubmitResult, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, u, err := s.openView(user, viewID)
	if err != nil {
		return nil, SubmitResult{}, err
	}
	if v.def["submit"] == nil {
		return nil, SubmitResult{}, errors.New("the view has no submit button")
	}
	if err := v.enter(values); err != nil {
		return nil, SubmitResult{}, err
	}
	v.errors = v.complaints()
	s.touch()
	if v.errors != nil {
		return nil, SubmitResult{Errors: v.errors, View: v.id}, nil
	}
	out := SubmitResult{Result: Result{TriggerID: s.newTrigger(v.team, u.ID, v.id)}}
	payload := s.payload("view_submission", u, out.TriggerID)
	payload["view"], payload["response_urls"] = s.wireView(v), []string{}
	return interaction(payload), out, nil
}

// enter puts values into the view, all or none of them.
func (v *view) enter(values map[string]map[string]Value) error {
	next := v.values.copy()
	for block, actions := range values {
		for action, value := range actions {
			p, err := find(v.blocks(), Target{BlockID: block, ActionID: action})
			if err != nil {
				return err
			}
			if name, _ := member(p.kind()); name == "" {
				return fmt.Errorf("element %s: a %s holds no value", action, p.kind())
			}
			state, err := p.stateOf(value, v.offered)
			if err != nil {
				return err
			}
			next.set(block, action, state)
		}
	}
	v.values = next
	return nil
}

// complaints are what the client itself says of the inputs, by block; nil if
// nothing.
func (v *view) complaints() map[string]string {
	var out map[string]string
	for _, p := range elementsIn(v.blocks()) {
		at := p.target()
		if p.block["type"] != "input" {
			continue
		}
		if msg := p.complaint(v.values[at.BlockID][at.ActionID]); msg != "" {
			if out == nil {
				out = map[string]string{}
			}
			out[at.BlockID] = msg
		}
	}
	return out
}

// submitAnswer is the app's answer to a view_submission.
type submitAnswer struct {
	ResponseAction string            `json:"response_action"`
	View           json.RawMessage   `json:"view"`
	Errors         map[string]string `json:"errors"`
}

// follow carries out the answer to a submission (docs.slack.dev, "Modals").
func (s *Server) follow(v *view, a Answer, out *SubmitResult) error {
	if len(strings.TrimSpace(string(a.Body))) == 0 {
		s.closeViews(v)
		return nil
	}
	if media, _, err := mime.ParseMediaType(a.Header.Get("Content-Type")); err != nil || media != "application/json" {
		return errors.New("an answer with a body must be application/json")
	}
	var in submitAnswer
	if err := json.Unmarshal(a.Body, &in); err != nil {
		return fmt.Errorf("answer: %w", err)
	}
	out.Action = in.ResponseAction
	switch in.ResponseAction {
	case "errors":
		if err := v.refused(in.Errors); err != nil {
			return err
		}
		out.Errors = in.Errors
		s.touch()
	case "update", "push":
		return s.followView(v, in)
	case "clear":
		s.closeViews(s.stack(v.root)...)
	case "":
		s.closeViews(v)
	default:
		return fmt.Errorf("response_action %q is unknown", in.ResponseAction)
	}
	return nil
}

// refused shows errors at input blocks; they cannot stand anywhere else.
func (v *view) refused(list map[string]string) error {
	if len(list) == 0 {
		return errors.New("response_action errors has no errors")
	}
	for id := range list {
		ok := slices.ContainsFunc(v.blocks(), func(b any) bool {
			o, _ := b.(object)
			return o["block_id"] == id && o["type"] == "input"
		})
		if !ok {
			return fmt.Errorf("errors: %q is no input block of the view", id)
		}
	}
	v.errors = list
	return nil
}

func (s *Server) followView(v *view, in submitAnswer) error {
	def, err := parseView(string(in.View), "modal")
	if err != nil {
		return err
	}
	t := s.team(v.team)
	if in.ResponseAction == "update" {
		if s.taken(t, def, v) {
			return fail("duplicate_external_id")
		}
		s.setView(v, def)
		return nil
	}
	if s.taken(t, def, nil) {
		return fail("duplicate_external_id")
	}
	next := s.newView(t, v.user, "modal", def)
	if err := s.stackOn(v, next); err != nil {
		return err
	}
	s.views = append(s.views, next)
	return nil
}

// CloseView plays a person who leaves their top view: with its close button,
// which goes back to the view below unless the view has clear_on_close, or
// with the X above it (all), which leaves them all. A view with
// notify_on_close is told to the app.
func (s *Server) CloseView(ctx context.Context, user, viewID string, all bool) (Result, error) {
	payload, err := s.closing(user, viewID, all)
	if err != nil {
		return Result{}, fmt.Errorf("close view %s: %w", viewID, err)
	}
	var res Result
	if payload != nil {
		_, err = s.deliver(ctx, KindInteraction, payload, &res)
	}
	return res, err
}

func (s *Server) closing(user, viewID string, all bool) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, u, err := s.openView(user, viewID)
	if err != nil {
		return nil, err
	}
	if v.kind == "home" {
		return nil, errors.New("a home tab does not close")
	}
	cleared := all || isSet(v.def, "clear_on_close")
	wire := s.wireView(v)
	if cleared {
		s.closeViews(s.stack(v.root)...)
	} else {
		s.closeViews(v)
	}
	if !isSet(v.def, "notify_on_close") {
		return nil, nil
	}
	payload := s.payload("view_closed", u, "")
	payload["view"], payload["is_cleared"] = wire, cleared
	return interaction(payload), nil
}
