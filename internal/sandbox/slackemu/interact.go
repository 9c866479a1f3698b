package slackemu

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
)

// Click plays a person who uses an element of a message: presses a button, or
// picks options or a date. A button sends its own value; v is for the others.
// Messages that only another person sees do not exist for this one.
func (s *Server) Click(ctx context.Context, user, channel, ts string, at Target, v Value) (Result, error) {
	payload, res, err := s.messageAction(user, channel, ts, at, v)
	if err != nil {
		return Result{}, fmt.Errorf("click on %s in message %s: %w", at.ActionID, ts, err)
	}
	_, err = s.deliver(ctx, KindInteraction, payload, &res)
	return res, err
}

// messageAction makes the block_actions payload of a message.
func (s *Server) messageAction(user, channel, ts string, at Target, v Value) ([]byte, Result, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, ch, err := s.person(user, channel)
	if err != nil {
		return nil, Result{}, err
	}
	m := ch.shownTo(user, ts)
	if m == nil {
		return nil, Result{}, errNoSuch("message", ts)
	}
	blocks := decodeBlocks(m.Blocks)
	p, err := find(blocks, at)
	if err != nil {
		return nil, Result{}, err
	}
	offered := optionSets{}
	values := initialValues(blocks, nil, offered)
	action, state, err := s.action(p, v, offered)
	if err != nil {
		return nil, Result{}, err
	}
	if state != nil {
		values.set(p.target().BlockID, p.target().ActionID, state)
	}
	t := s.installed(ch)
	res := Result{TriggerID: s.newTrigger(t.ID, u.ID, ""), ResponseURL: s.newResponseURL(ch, u.ID, m)}
	payload := s.payload("block_actions", u, res.TriggerID)
	container := object{"type": "message", "message_ts": m.TS, "channel_id": ch.ID, "is_ephemeral": m.IsEphemeral}
	if m.ThreadTS != "" {
		container["thread_ts"] = m.ThreadTS
	}
	payload["container"] = container
	payload["channel"] = object{"id": ch.ID, "name": ch.commandName()}
	payload["response_url"] = res.ResponseURL
	payload["actions"] = []object{action}
	payload["state"] = object{"values": values}
	if !m.IsEphemeral { // Slack keeps no ephemeral message to show
		payload["message"] = ch.wire(m, true)
	}
	return interaction(payload), res, nil
}

func decodeBlocks(raw json.RawMessage) []any {
	if raw == nil {
		return nil
	}
	v, err := decode(string(raw))
	if err != nil {
		return nil // unreachable: stored blocks were encoded here
	}
	list, _ := v.([]any)
	return list
}

// payload returns what every interaction has in common.
func (s *Server) payload(kind string, u *User, trigger string) object {
	domain := s.origin(u).Domain
	out := object{
		"type": kind, "token": s.opts.VerificationToken, "api_app_id": s.opts.AppID,
		"team":       object{"id": u.TeamID, "domain": domain},
		"user":       object{"id": u.ID, "username": u.Name, "name": u.Name, "team_id": u.TeamID},
		"enterprise": nil, "is_enterprise_install": false,
	}
	if trigger != "" {
		out["trigger_id"] = trigger
	}
	if id := s.origin(u).EnterpriseID; id != "" {
		out["enterprise"] = object{"id": id, "name": s.origin(u).Name}
	}
	return out
}

// interaction returns the body of a request with a payload.
func interaction(payload object) []byte {
	return []byte(url.Values{"payload": {string(encode(payload))}}.Encode())
}

// action returns the "actions" entry of an element that a person used, and the
// element's new state, nil for one that has none.
func (s *Server) action(p placed, v Value, offered optionSets) (object, object, error) {
	at := p.target()
	out := object{"type": p.kind(), "block_id": at.BlockID, "action_id": at.ActionID, "action_ts": s.newTS()}
	switch p.kind() {
	case "button":
		out["text"] = p.element["text"]
		for _, k := range []string{"value", "url", "style"} {
			if x, ok := p.element[k]; ok {
				out[k] = x
			}
		}
		return out, nil, nil
	case "overflow":
		chosen, err := p.choose(append(slices.Clone(v.Selected), v.Text)[:1], offered)
		if err != nil {
			return nil, nil, err
		}
		out["selected_option"] = chosen[0]
		return out, nil, nil
	}
	state, err := p.stateOf(v, offered)
	if err != nil {
		return nil, nil, err
	}
	for k, x := range state {
		out[k] = x
	}
	for _, k := range []string{"placeholder", "initial_option"} {
		if x, ok := p.element[k]; ok {
			out[k] = x
		}
	}
	return out, state, nil
}

// SelectInView plays a person who uses an element of an open view or of their
// home tab. In an input block without dispatch_action the value is only kept
// for the submission and nothing is sent.
func (s *Server) SelectInView(ctx context.Context, user, viewID string, at Target, v Value) (Result, error) {
	payload, res, err := s.viewAction(user, viewID, at, v)
	if err != nil {
		return Result{}, fmt.Errorf("use %s in view %s: %w", at.ActionID, viewID, err)
	}
	if payload == nil {
		return res, nil
	}
	_, err = s.deliver(ctx, KindInteraction, payload, &res)
	return res, err
}

// viewAction enters a value and makes the block_actions payload, or nil if
// nothing is to be sent.
func (s *Server) viewAction(user, viewID string, at Target, value Value) ([]byte, Result, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, u, err := s.openView(user, viewID)
	if err != nil {
		return nil, Result{}, err
	}
	p, err := find(v.blocks(), at)
	if err != nil {
		return nil, Result{}, err
	}
	action, state, err := s.action(p, value, v.offered)
	if err != nil {
		return nil, Result{}, err
	}
	if state != nil {
		v.values.set(p.target().BlockID, p.target().ActionID, state)
		s.touch()
	}
	if p.block["type"] == "input" && !isSet(p.block, "dispatch_action") {
		return nil, Result{}, nil
	}
	res := Result{TriggerID: s.newTrigger(v.team, u.ID, v.id)}
	payload := s.payload("block_actions", u, res.TriggerID)
	payload["container"] = object{"type": "view", "view_id": v.id}
	payload["view"] = s.wireView(v)
	payload["actions"] = []object{action}
	return interaction(payload), res, nil
}

func (v *view) blocks() []any {
	list, _ := v.def["blocks"].([]any)
	return list
}

// openView returns a view that a person has before them: the top of a stack,
// or their home tab.
func (s *Server) openView(user, id string) (*view, *User, error) {
	u := s.user(user)
	if u == nil || u.Deleted {
		return nil, nil, errNoSuch("user", user)
	}
	if h := s.homes[user]; h != nil && h.id == id {
		return h, u, nil
	}
	for _, v := range s.views {
		if v.id != id || v.user != user {
			continue
		}
		if stack := s.stack(v.root); stack[len(stack)-1] != v {
			return nil, nil, fmt.Errorf("view %s: another view is above it", id)
		}
		return v, u, nil
	}
	return nil, nil, errNoSuch("open view", id)
}
