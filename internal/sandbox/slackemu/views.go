package slackemu

import (
	"fmt"
	"regexp"
	"slices"
	"time"
)

// maxStack is how many views a modal stacks (views.push, push_limit_reached).
const maxStack = 3

// view is an open modal view, or a person's home tab.
type view struct {
	id, team, user string
	kind           string // "modal" or "home"
	def            object // as the app gave it, completed; never changed in place
	hash           string
	root, previous string
	values         stateValues
	offered        optionSets
	errors         map[string]string // shown at the blocks since the last submission
}

// trigger is a person's action that lets the app open a view.
type trigger struct {
	team, user string
	view       string // the view that the person acted in, if it was one
	expires    time.Time
	used       bool
}

var triggerPattern = regexp.MustCompile(`^\d+\.\d+\.\w+$`)

// newTrigger returns a trigger id for an action of u that happens now. The
// caller holds s.mu.
func (s *Server) newTrigger(team, user, view string) string {
	now := s.kit.Now()
	for id, t := range s.triggers {
		if now.Sub(t.expires) > time.Hour {
			delete(s.triggers, id)
		}
	}
	s.counter++
	id := fmt.Sprintf("%d.%d.%s", now.UnixMilli(), s.counter, secretText())
	s.triggers[id] = &trigger{team: team, user: user, view: view, expires: now.Add(triggerLife)}
	return id
}

// spend exchanges a trigger id (views.open reference, "Errors").
func (s *Server) spend(t *workspace, id string) (*trigger, error) {
	if !triggerPattern.MatchString(id) {
		return nil, fail("invalid_trigger_id")
	}
	tr := s.triggers[id]
	switch {
	case tr == nil || tr.team != t.ID:
		return nil, fail("expired_trigger_id")
	case tr.used:
		return nil, fail("exchanged_trigger_id")
	case s.kit.Now().After(tr.expires):
		return nil, fail("expired_trigger_id")
	}
	tr.used = true
	return tr, nil
}

// parseView validates the JSON of a view and completes it.
func parseView(raw, kind string) (object, error) {
	if len(raw) > maxViewBytes {
		return nil, fail("view_too_large")
	}
	v, err := decode(raw)
	o, ok := v.(object)
	if err != nil || !ok {
		return nil, &apiError{code: "invalid_arguments", messages: []string{"[ERROR] must provide an object [json-pointer:/view]"}}
	}
	if problems := checkView(o, kind); problems != nil {
		return nil, invalid("invalid_arguments", problems)
	}
	complete(o["blocks"].([]any))
	textDefaults(o)
	return o, nil
}

// newView makes a view that is not shown yet.
func (s *Server) newView(t *workspace, user, kind string, def object) *view {
	v := &view{id: s.newID("V"), team: t.ID, user: user, kind: kind, offered: optionSets{}}
	v.root = v.id
	s.setView(v, def)
	return v
}

// setView gives a view its content. What a person entered stays where the new
// content has an element of the same type under the same ids.
func (s *Server) setView(v *view, def object) {
	v.def, v.errors = def, nil
	v.hash = fmt.Sprintf("%d.%s", s.kit.Now().Unix(), secretText()[:8])
	v.values = initialValues(def["blocks"].([]any), v.values, v.offered)
	s.touch()
}

// taken reports whether another view of the workspace has the external id.
func (s *Server) taken(t *workspace, def object, self *view) bool {
	id, _ := def["external_id"].(string)
	if id == "" {
		return false
	}
	other := s.findView(t, func(v *view) bool { return v.def["external_id"] == id })
	return other != nil && other != self
}

// findView returns an open modal or home view of the workspace, or nil.
func (s *Server) findView(t *workspace, match func(*view) bool) *view {
	for _, v := range s.views {
		if v.team == t.ID && match(v) {
			return v
		}
	}
	for _, v := range s.homes {
		if v.team == t.ID && match(v) {
			return v
		}
	}
	return nil
}

func (s *Server) viewsOpen(c *call) (object, error) {
	return s.addView(c, func(tr *trigger, v *view) error { return nil })
}

// viewsPush puts a view onto the stack of the view that the trigger is from.
func (s *Server) viewsPush(c *call) (object, error) {
	return s.addView(c, func(tr *trigger, v *view) error {
		from := s.findView(c.team, func(o *view) bool { return o.id == tr.view && o.kind == "modal" })
		if from == nil {
			return fail("not_found")
		}
		return s.stackOn(from, v)
	})
}

func (s *Server) addView(c *call, place func(*trigger, *view) error) (object, error) {
	if err := c.args.require("trigger_id", "view"); err != nil {
		return nil, err
	}
	def, err := parseView(c.args["view"], "modal")
	if err != nil {
		return nil, err
	}
	if s.taken(c.team, def, nil) {
		return nil, fail("duplicate_external_id")
	}
	tr, err := s.spend(c.team, c.args["trigger_id"])
	if err != nil {
		return nil, err
	}
	v := s.newView(c.team, tr.user, "modal", def)
	if err := place(tr, v); err != nil {
		return nil, err
	}
	s.views = append(s.views, v)
	return object{"view": s.wireView(v)}, nil
}

// stackOn makes v the top of the stack that from is in.
func (s *Server) stackOn(from, v *view) error {
	stack := s.stack(from.root)
	if len(stack) >= maxStack {
		return fail("push_limit_reached")
	}
	v.root, v.previous = from.root, stack[len(stack)-1].id
	return nil
}

// stack returns the open views over a root, bottom first.
func (s *Server) stack(root string) []*view {
	var out []*view
	for _, v := range s.views {
		if v.root == root {
			out = append(out, v)
		}
	}
	return out
}

func (s *Server) viewsUpdate(c *call) (object, error) {
	id, external := c.args["view_id"], c.args["external_id"]
	if err := c.args.require("view"); err != nil {
		return nil, err
	}
	if id == "" && external == "" {
		return nil, &apiError{code: "invalid_arguments", messages: []string{"[ERROR] missing required field: view_id"}}
	}
	v := s.findView(c.team, func(v *view) bool {
		return (id != "" && v.id == id) || (id == "" && v.def["external_id"] == external)
	})
	if v == nil {
		return nil, fail("not_found")
	}
	def, err := parseView(c.args["view"], v.kind)
	if err != nil {
		return nil, err
	}
	if h := c.args["hash"]; h != "" && h != v.hash {
		return nil, fail("hash_conflict")
	}
	if s.taken(c.team, def, v) {
		return nil, fail("duplicate_external_id")
	}
	s.setView(v, def)
	return object{"view": s.wireView(v)}, nil
}

// viewsPublish sets a person's home tab.
func (s *Server) viewsPublish(c *call) (object, error) {
	if err := c.args.require("user_id", "view"); err != nil {
		return nil, err
	}
	if s.opts.NoHomeTab {
		return nil, fail("not_enabled")
	}
	u := s.visibleUser(c.team, c.args["user_id"])
	if u == nil {
		return nil, fail("user_not_found")
	}
	def, err := parseView(c.args["view"], "home")
	if err != nil {
		return nil, err
	}
	v := s.homes[u.ID]
	h := c.args["hash"]
	switch {
	case h != "" && (v == nil || h != v.hash):
		return nil, fail("hash_conflict")
	case s.taken(c.team, def, v):
		return nil, fail("duplicate_external_id")
	case v == nil:
		v = s.newView(c.team, u.ID, "home", def)
		s.homes[u.ID] = v
	default:
		s.setView(v, def)
	}
	return object{"view": s.wireView(v)}, nil
}

// wireView is a view as the app sees it. It shares nothing that changes.
func (s *Server) wireView(v *view) object {
	t := s.team(v.team)
	out := object{
		"id": v.id, "team_id": v.team, "type": v.kind, "private_metadata": "", "callback_id": "", "external_id": "",
		"title": nil, "close": nil, "submit": nil, "clear_on_close": false, "notify_on_close": false,
		"state": object{"values": v.values.copy()}, "hash": v.hash, "root_view_id": v.root, "previous_view_id": nil,
		"app_id": s.opts.AppID, "bot_id": t.BotID, "app_installed_team_id": v.team,
	}
	for k, x := range v.def {
		out[k] = x
	}
	if v.previous != "" {
		out["previous_view_id"] = v.previous
	}
	return out
}

// closeViews removes views.
func (s *Server) closeViews(gone ...*view) {
	s.views = slices.DeleteFunc(s.views, func(v *view) bool { return slices.Contains(gone, v) })
	s.touch()
}
