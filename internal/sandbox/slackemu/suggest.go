package slackemu

import (
	"context"
	"fmt"
	"slices"
	"unicode/utf8"
)

// defaultMinQuery is how many characters an external select wants before it
// asks (Block Kit reference, min_query_length).
const defaultMinQuery = 3

// Option is an option as a person sees it.
type Option struct {
	Text        string `json:"text"`
	Value       string `json:"value"`
	Description string `json:"description,omitempty"`
}

// SuggestResult is what an external select shows.
type SuggestResult struct {
	Result
	Options []Option `json:"options"`
}

// Suggest plays a person who types into an external select of their top view.
// A query shorter than min_query_length is not sent. What is offered can be
// chosen afterwards.
func (s *Server) Suggest(ctx context.Context, user, viewID string, at Target, query string) (SuggestResult, error) {
	var out SuggestResult
	payload, target, err := s.suggestion(user, viewID, at, query)
	if err != nil {
		return out, fmt.Errorf("suggest for %s in view %s: %w", at.ActionID, viewID, err)
	}
	if payload == nil {
		return out, nil
	}
	a, err := s.deliver(ctx, KindOptions, payload, &out.Result)
	if err != nil || out.Error != "" {
		return out, err
	}
	options, problems := parseOptions(a.Body)
	if problems != nil {
		out.Error, out.Problems = ErrorOptions, problems
		return out, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, v := range slices.Concat(s.views, []*view{s.homes[user]}) {
		if v != nil && v.id == viewID {
			v.offered.add(target, options...)
		}
	}
	for _, o := range options {
		out.Options = append(out.Options, Option{Text: textOf(o["text"]), Value: textOf(o["value"]), Description: textOf(o["description"])})
	}
	return out, nil
}

// suggestion makes the block_suggestion payload, or nil if the query is too
// short for one.
func (s *Server) suggestion(user, viewID string, at Target, query string) ([]byte, Target, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, u, err := s.openView(user, viewID)
	if err != nil {
		return nil, at, err
	}
	p, err := find(v.blocks(), at)
	if err != nil {
		return nil, at, err
	}
	if p.kind() != "external_select" && p.kind() != "multi_external_select" {
		return nil, at, fmt.Errorf("a %s asks for no options", p.kind())
	}
	least, ok := whole(p.element["min_query_length"])
	if !ok {
		least = defaultMinQuery
	}
	if int64(utf8.RuneCountInString(query)) < least {
		return nil, at, nil
	}
	at = p.target()
	payload := s.payload("block_suggestion", u, "")
	payload["container"] = object{"type": "view", "view_id": v.id}
	payload["view"] = s.wireView(v)
	payload["action_id"], payload["block_id"], payload["value"] = at.ActionID, at.BlockID, query
	return interaction(payload), at, nil
}

// parseOptions validates an answer to a suggestion: options or option_groups,
// at most 100 of each.
func parseOptions(body []byte) ([]object, []string) {
	val, err := decode(string(body))
	if err != nil {
		return nil, []string{"the answer is not JSON: " + err.Error()}
	}
	v := &validator{}
	v.fields("", val, []field{
		may("options", list(0, maxOptions, option("plain_text"))), may("option_groups", list(0, maxOptions, optionGroup)),
	})
	o, _ := val.(object)
	_, options := o["options"]
	if _, groups := o["option_groups"]; groups == options {
		v.bad("", "must define either `options` or `option_groups`")
	}
	if v.problems != nil {
		return nil, v.problems
	}
	textDefaults(o)
	return optionsOf(o), nil
}

// textOf returns a string, or the text of a text object.
func textOf(v any) string {
	if o, ok := v.(object); ok {
		v = o["text"]
	}
	s, _ := v.(string)
	return s
}
