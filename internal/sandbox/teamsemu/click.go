package teamsemu

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
)

// Click plays a person who fills the inputs of a card in a message and clicks one of
// its actions: chosen by number in reading order (an int), or by title, id or verb (a
// string), or nil for the first that sends something. in may be empty; otherwise the
// message must be there.
func (s *Server) Click(ctx context.Context, objectID, in, activityID string, by any, values map[string]string) (Result, error) {
	t, err := s.clickable(objectID, in, activityID)
	if err != nil {
		return Result{}, fmt.Errorf("click: %w", err)
	}
	a, ok := t.card.choose(by)
	if !ok {
		return Result{}, fmt.Errorf("click: the card has no action %v; it has %s", by, t.card.titles())
	}
	data, errs, err := s.fill(t.user, activityID, a.inputs, values)
	if err != nil {
		return Result{}, fmt.Errorf("click: %w", err)
	}
	if len(errs) > 0 {
		return Result{Errors: errs}, nil
	}
	switch text(a.def, "type") {
	case "Action.OpenUrl":
		return Result{URL: text(a.def, "url")}, nil
	case "Action.Execute":
		return s.execute(ctx, t, a.def, data, "manual")
	case "Action.Submit":
		return s.submitFromMessage(ctx, t, a.def, data)
	}
	return Result{}, nil // the client shows or hides something
}

// Refresh plays a client that shows a card with refresh: it runs the card's action by
// itself, where the card says so for the person.
func (s *Server) Refresh(ctx context.Context, objectID, activityID string) (Result, error) {
	t, err := s.clickable(objectID, "", activityID)
	if err != nil {
		return Result{}, fmt.Errorf("refresh: %w", err)
	}
	people := 1
	if !t.conv.personal() {
		people = len(t.conv.team.Members)
	}
	if t.card.refresh() == nil || !t.card.refreshesFor(t.user, people) {
		return Result{}, nil
	}
	return s.execute(ctx, t, t.card.refresh(), object{}, "automatic")
}

// touched is a card that a person acts on.
type touched struct {
	user *User
	conv *conversation
	msg  *message
	card card
}

// clickable finds a card that a person sees in a message and that a client can show.
func (s *Server) clickable(objectID, in, activityID string) (touched, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.user(objectID)
	if u == nil || u.IsRemoved {
		return touched{}, errNoSuch("Teams user", objectID)
	}
	c, m := s.whereIs(u, activityID)
	if m == nil {
		return touched{}, errNoSuch("message", activityID)
	}
	if id, _ := place(in); in != "" && id != c.id && !strings.EqualFold(in, c.name) {
		return touched{}, fmt.Errorf("message %s is not in %q", activityID, in)
	}
	if c.personal() && c.blocked {
		return touched{}, fmt.Errorf("%s has blocked the bot", u.Name)
	}
	seen, ok := m.seenBy(u)
	switch {
	case !ok:
		return touched{}, fmt.Errorf("message %s has no card", activityID)
	case seen.broken():
		return touched{}, fmt.Errorf("the card of message %s cannot be displayed: %s", activityID, strings.Join(seen.problems, "; "))
	}
	return touched{u, c, m, seen}, nil
}

// whereIs finds a message that a person sees. The caller holds s.mu.
func (s *Server) whereIs(u *User, activityID string) (*conversation, *message) {
	for _, c := range append(s.shared(), s.chat(u)) {
		if m := c.find(activityID); m != nil && c.has(u) && m.sees(u, s.kit.Now()) {
			return c, m
		}
	}
	return nil, nil
}

// seenBy returns the card that a person sees in the message; the last one if there
// are several, since those before it cannot be told apart by who clicks.
func (m *message) seenBy(u *User) (card, bool) {
	if v, ok := m.views[u]; ok {
		return v, true
	}
	if len(m.cards) == 0 {
		return card{}, false
	}
	return m.cards[len(m.cards)-1], true
}

// titles lists what can be clicked, for a person who named something else.
func (c card) titles() string {
	var out []string
	for i, a := range c.actions {
		out = append(out, fmt.Sprintf("%d %q", i, text(a.def, "title")))
	}
	return cmp.Or(strings.Join(out, ", "), "none")
}

// fill gathers the values of inputs on a person's screen.
func (s *Server) fill(u *User, where string, inputs []object, values map[string]string) (object, map[string]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return form{inputs, values, func(field string) []Choice { return s.offered[offer{u, where, field}] }}.gather()
}

// merged is the data of an action with the inputs laid over it.
func merged(def, inputs object) object {
	out := object{}
	if data := sub(def, "data"); data != nil {
		out = clone(data)
	}
	if text(def, "associatedInputs") != "none" {
		maps.Copy(out, inputs)
	}
	return out
}

// execute sends adaptiveCard/action and follows the answer ("Universal Action Model").
func (s *Server) execute(ctx context.Context, t touched, def, inputs object, trigger string) (Result, error) {
	act := object{"type": "Action.Execute", "verb": text(def, "verb"), "data": merged(def, inputs)}
	for _, member := range []string{"id", "title"} {
		if v := text(def, member); v != "" {
			act[member] = v
		}
	}
	s.mu.Lock()
	body := s.inboundInvoke("adaptiveCard/action", object{"action": act, "trigger": trigger}, t.user, t.conv, t.msg.thread())
	body["replyToId"] = t.msg.id
	s.mu.Unlock()
	var res Result
	a, ok, err := s.invoke(ctx, body, &res)
	if ok {
		s.followAction(t, a, &res)
	}
	return res, err
}

// invokeAnswer is the body that answers adaptiveCard/action and application/search.
type invokeAnswer struct {
	StatusCode int             `json:"statusCode"`
	Type       string          `json:"type"`
	Value      json.RawMessage `json:"value"`
}

// wrong notes an answer that Teams cannot use; the person sees a general error.
func (r *Result) wrong(format string, args ...any) {
	r.Error = ErrorWrong
	r.Problems = append(r.Problems, fmt.Sprintf(format, args...))
}

func (s *Server) followAction(t touched, a Answer, res *Result) {
	var in invokeAnswer
	if err := json.Unmarshal(a.Body, &in); err != nil {
		res.wrong("the answer is not JSON: %v", err)
		return
	}
	switch {
	case in.Type == "application/vnd.microsoft.card.adaptive" && in.StatusCode == 200:
		s.replaceCard(t, in.Value, res)
	case in.Type == "application/vnd.microsoft.activity.message" && in.StatusCode == 200:
		if err := json.Unmarshal(in.Value, &res.Message); err != nil {
			res.wrong("value is not a text")
		}
	case in.Type == "application/vnd.microsoft.error" && in.StatusCode >= 400:
		var e struct {
			Code    string `json:"code"`
			Message string `json:"message"`
		}
		if err := json.Unmarshal(in.Value, &e); err != nil || e.Code == "" {
			res.wrong("value is not an error with code and message")
			return
		}
		res.Error = cmp.Or(e.Message, ErrorWrong)
	default:
		res.wrong("statusCode %d with type %q is no answer to a card action", in.StatusCode, in.Type)
	}
}

// replaceCard shows the person another card in place of the one that was clicked. The
// others go on seeing the message's own until the bot updates it.
func (s *Server) replaceCard(t touched, raw json.RawMessage, res *Result) {
	c, ok := readCard(raw)
	if !ok {
		res.wrong("value is not a card")
		return
	}
	if c.broken() {
		res.Problems = append(res.Problems, c.problems...)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if t.msg.views == nil {
		t.msg.views = map[*User]card{}
	}
	t.msg.views[t.user] = c
	st := c.state()
	res.Card = &st
	s.touch()
}

// submitFromMessage sends Action.Submit of a card in a message: by data.msteams.type
// a dialog, words of the person's, or an event for the bot ("Card actions").
func (s *Server) submitFromMessage(ctx context.Context, t touched, def, inputs object) (Result, error) {
	data := merged(def, inputs)
	teams := sub(data, "msteams")
	switch kind := text(teams, "type"); kind {
	case "task/fetch":
		return s.fetch(ctx, t, data)
	case "imBack":
		return s.Message(ctx, t.user.ObjectID, t.conv.id, s.addressed(t.conv, text(teams, "value")), s.threadFor(t))
	case "", "messageBack":
		return s.submitMessage(ctx, t, data, teams)
	default:
		return Result{}, errors.New("Action.Submit with msteams.type " + kind + " is not emulated")
	}
}

// addressed is what the client writes for imBack: in a channel it mentions the bot.
func (s *Server) addressed(c *conversation, words string) string {
	if c.personal() {
		return words
	}
	return "@" + s.opts.BotName + " " + words
}

// threadFor is the thread in which a person answers a card.
func (s *Server) threadFor(t touched) string {
	if t.conv.flat() || t.msg.to != nil {
		return ""
	}
	return t.msg.thread()
}

// submitMessage tells the bot of a click as a message with a value.
func (s *Server) submitMessage(ctx context.Context, t touched, data, teams object) (Result, error) {
	s.mu.Lock()
	body := s.inbound("message", t.user, t.conv, t.msg.thread())
	body["id"], body["replyToId"], body["value"] = s.newActivityID(), t.msg.id, data
	if teams != nil {
		body["text"] = text(teams, "text")
		if v, ok := teams["value"]; ok {
			body["value"] = v
		}
	}
	s.mu.Unlock()
	var res Result
	err := s.deliver(ctx, KindMessage, body, &res)
	if err == nil && !res.Delivered {
		res.Error = ErrorWrong
	}
	return res, err
}
