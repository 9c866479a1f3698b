package slackemu

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Value is what a person enters into an element: Text for typed text, dates
// ("2026-12-24"), times ("09:30"), seconds since 1970 and ids of users and
// conversations; Selected for the values of options, and for several ids. The
// zero Value empties the element. A button takes no value of its own.
type Value struct {
	Text     string   `json:"text,omitempty"`
	Selected []string `json:"selected,omitempty"`
}

// Target names an element. BlockID may be empty if the action id alone is
// unique.
type Target struct {
	BlockID  string `json:"block_id,omitempty"`
	ActionID string `json:"action_id"`
}

// stateValues are the values of a view by block and action id, as in
// view.state.values. The innermost objects are replaced, never changed.
type stateValues map[string]map[string]object

func (s stateValues) copy() stateValues {
	out := stateValues{}
	for b, actions := range s {
		out[b] = maps.Clone(actions)
	}
	return out
}

func (s stateValues) set(block, action string, o object) {
	if s[block] == nil {
		s[block] = map[string]object{}
	}
	s[block][action] = o
}

// optionSets are the options that an external select has offered, by element
// and value. A person can choose only what was offered.
type optionSets map[Target]map[string]object

func (o optionSets) add(at Target, options ...object) {
	if o[at] == nil {
		o[at] = map[string]object{}
	}
	for _, opt := range options {
		value, _ := opt["value"].(string)
		o[at][value] = opt
	}
}

// placed is an element with the block it is in.
type placed struct {
	block   object
	element object
}

func (p placed) target() Target {
	b, _ := p.block["block_id"].(string)
	a, _ := p.element["action_id"].(string)
	return Target{BlockID: b, ActionID: a}
}

func (p placed) kind() string { k, _ := p.element["type"].(string); return k }

// isSet returns a boolean member of an object, false if it is not there.
func isSet(o object, name string) bool { b, _ := o[name].(bool); return b }

// elementsIn returns every interactive element of blocks that were validated.
func elementsIn(blocks []any) []placed {
	var out []placed
	for _, b := range blocks {
		o, _ := b.(object)
		for _, el := range elementsOf(o) {
			out = append(out, placed{o, el})
		}
	}
	return out
}

// find returns the one element that a target names.
func find(blocks []any, at Target) (placed, error) {
	var hits []placed
	for _, p := range elementsIn(blocks) {
		t := p.target()
		if t.ActionID == at.ActionID && (at.BlockID == "" || t.BlockID == at.BlockID) {
			hits = append(hits, p)
		}
	}
	switch len(hits) {
	case 0:
		return placed{}, fmt.Errorf("block %q, action %q: no such element", at.BlockID, at.ActionID)
	case 1:
		return hits[0], nil
	}
	return placed{}, fmt.Errorf("action %q: %d elements have it; name the block", at.ActionID, len(hits))
}

// member returns under which name an element's value is in the state, and how
// it is held; an empty name is an element without one, such as a button.
func member(kind string) (name string, shape string) {
	switch kind {
	case "plain_text_input", "email_text_input", "url_text_input", "number_input":
		return "value", "text"
	case "datepicker":
		return "selected_date", "text"
	case "timepicker":
		return "selected_time", "text"
	case "datetimepicker":
		return "selected_date_time", "number"
	case "checkboxes":
		return "selected_options", "options"
	case "radio_buttons", "static_select", "external_select":
		return "selected_option", "option"
	case "multi_static_select", "multi_external_select":
		return "selected_options", "options"
	}
	if base, ok := strings.CutPrefix(kind, "multi_"); ok && strings.HasSuffix(base, "s_select") {
		return "selected_" + strings.TrimSuffix(base, "_select"), "ids"
	}
	if base, ok := strings.CutSuffix(kind, "s_select"); ok {
		return "selected_" + base, "text"
	}
	return "", ""
}

// initialValues returns the state of new blocks: what stands in kept under the
// same ids and type, else the elements' initial values.
func initialValues(blocks []any, kept stateValues, offered optionSets) stateValues {
	out := stateValues{}
	for _, p := range elementsIn(blocks) {
		name, shape := member(p.kind())
		if name == "" {
			continue
		}
		at := p.target()
		initial := initialValue(p.element, name, shape)
		offerInitial(offered, at, initial)
		if old := kept[at.BlockID][at.ActionID]; old != nil && old["type"] == p.element["type"] {
			initial = old
		}
		out.set(at.BlockID, at.ActionID, initial)
	}
	return out
}

// offerInitial makes an element's initial options choosable.
func offerInitial(offered optionSets, at Target, state object) {
	if o, ok := state["selected_option"].(object); ok {
		offered.add(at, o)
	}
	if list, ok := state["selected_options"].([]any); ok {
		for _, x := range list {
			if o, ok := x.(object); ok {
				offered.add(at, o)
			}
		}
	}
}

func initialValue(el object, name, shape string) object {
	from := "initial_" + strings.TrimPrefix(name, "selected_")
	if name == "value" {
		from = "initial_value"
	}
	out := object{"type": el["type"], name: el[from]}
	if out[name] == nil && (shape == "options" || shape == "ids") {
		out[name] = []any{}
	}
	return out
}

// stateOf turns what a person entered into the element's state.
func (p placed) stateOf(v Value, offered optionSets) (object, error) {
	name, shape := member(p.kind())
	out := object{"type": p.element["type"]}
	one := v.Text
	if one == "" && len(v.Selected) > 0 {
		one = v.Selected[0]
	}
	many := v.Selected
	if len(many) == 0 && v.Text != "" {
		many = []string{v.Text}
	}
	if hi, ok := whole(p.element["max_selected_items"]); ok && int64(len(many)) > hi {
		return nil, fmt.Errorf("element %s: takes at most %d", p.target().ActionID, hi)
	}
	var err error
	switch {
	case shape == "options":
		out[name], err = p.choose(many, offered)
	case shape == "ids":
		out[name] = anySlice(many)
	case one == "":
		out[name] = nil
	case shape == "option":
		var chosen []any
		if chosen, err = p.choose([]string{one}, offered); err == nil {
			out[name] = chosen[0]
		}
	case shape == "number":
		_, err = strconv.ParseInt(one, 10, 64)
		out[name] = json.Number(one)
	default:
		out[name] = one
	}
	return out, err
}

func anySlice(list []string) []any {
	out := []any{}
	for _, s := range list {
		out = append(out, s)
	}
	return out
}

// choose finds options by value among those the element shows.
func (p placed) choose(values []string, offered optionSets) ([]any, error) {
	out := []any{}
	for _, want := range values {
		i := slices.IndexFunc(optionsOf(p.element), func(o object) bool { return o["value"] == want })
		switch {
		case i >= 0:
			out = append(out, optionsOf(p.element)[i])
		case strings.HasSuffix(p.kind(), "external_select") && offered[p.target()][want] != nil:
			out = append(out, offered[p.target()][want])
		default:
			return nil, fmt.Errorf("element %s: no option %q is offered", p.target().ActionID, want)
		}
	}
	return out, nil
}

// complaint is what a Slack client says instead of submitting an input; empty
// if it is content.
func (p placed) complaint(state object) string {
	name, shape := member(p.kind())
	if name == "" {
		return ""
	}
	empty := state == nil || state[name] == nil || state[name] == ""
	if list, ok := state[name].([]any); ok && (shape == "options" || shape == "ids") {
		empty = len(list) == 0
	}
	if empty {
		if isSet(p.block, "optional") {
			return ""
		}
		return "Please complete this required field."
	}
	text, ok := state[name].(string)
	if !ok || p.kind() != "plain_text_input" {
		return ""
	}
	n := int64(utf8.RuneCountInString(text))
	if lo, ok := whole(p.element["min_length"]); ok && n < lo {
		return fmt.Sprintf("Please enter at least %d characters.", lo)
	}
	hi, ok := whole(p.element["max_length"])
	if !ok {
		hi = maxInput
	}
	if n > hi {
		return fmt.Sprintf("Please enter at most %d characters.", hi)
	}
	return ""
}
