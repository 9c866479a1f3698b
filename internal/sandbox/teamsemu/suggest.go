package teamsemu

import (
	"context"
	"encoding/json"
	"fmt"
)

// mostSuggested is how many choices the client shows ("Typeahead search in Adaptive
// Cards").
const mostSuggested = 15

// SuggestInDialog plays a person who types into a type-ahead field of a dialog.
// values are what stands in the other fields.
func (s *Server) SuggestInDialog(ctx context.Context, objectID, dialogID, field, query string, values map[string]string) (Suggested, error) {
	d, shown, err := s.openDialog(objectID, dialogID)
	if err != nil {
		return Suggested{}, fmt.Errorf("suggest: %w", err)
	}
	return s.suggest(ctx, asked{d.person, d.conv, d.root, d.replyTo, d.id, shown}, field, query, values)
}

// Suggest plays a person who types into a type-ahead field of a card in a message.
func (s *Server) Suggest(ctx context.Context, objectID, activityID, field, query string, values map[string]string) (Suggested, error) {
	t, err := s.clickable(objectID, "", activityID)
	if err != nil {
		return Suggested{}, fmt.Errorf("suggest: %w", err)
	}
	return s.suggest(ctx, asked{t.user, t.conv, t.msg.thread(), t.msg.id, t.msg.id, t.card}, field, query, values)
}

// asked is where a type-ahead field is.
type asked struct {
	user    *User
	conv    *conversation
	root    string
	replyTo string
	place   string
	card    card
}

func (s *Server) suggest(ctx context.Context, at asked, field, query string, values map[string]string) (Suggested, error) {
	in, ok := at.card.input(field)
	if !ok {
		return Suggested{}, fmt.Errorf("suggest: %w", errNoSuch("input", field))
	}
	q := sub(in, "choices.data")
	if q == nil {
		return Suggested{}, fmt.Errorf("suggest: input %q has no type-ahead", field)
	}
	if query == "" {
		// The client asks only once something is typed; its own choices stand there.
		return Suggested{Choices: fixed(in)}, nil
	}
	value := object{
		"queryText": query, "dataset": text(q, "dataset"), "queryOptions": object{"skip": 0, "top": mostSuggested},
	}
	if text(q, "associatedInputs") == "auto" {
		value["data"] = entered(at.card.inputs, field, values)
	}
	s.mu.Lock()
	body := s.inboundInvoke("application/search", value, at.user, at.conv, at.root)
	if at.replyTo != "" {
		body["replyToId"] = at.replyTo
	}
	s.mu.Unlock()
	out := Suggested{Choices: []Choice{}}
	a, ok, err := s.invoke(ctx, body, &out.Result)
	if ok {
		s.followSearch(offer{at.user, at.place, field}, a, &out)
	}
	return out, err
}

// fixed are the choices that an input has by itself.
func fixed(in object) []Choice {
	out := []Choice{}
	for _, c := range list(in, "choices") {
		out = append(out, Choice{text(c, "title"), text(c, "value")})
	}
	return out
}

// entered are the values of the other inputs, as they stand.
func entered(inputs []object, field string, values map[string]string) object {
	out := object{}
	for _, in := range inputs {
		id := text(in, "id")
		if id == field {
			continue
		}
		v, ok := values[id]
		if !ok {
			v = initial(in)
		}
		if v != "" {
			out[id] = v
		}
	}
	return out
}

// followSearch shows what the bot offers, and remembers it: only that can be chosen.
func (s *Server) followSearch(o offer, a Answer, out *Suggested) {
	var in invokeAnswer
	var found struct {
		Results []Choice `json:"results"`
	}
	if err := json.Unmarshal(a.Body, &in); err != nil {
		out.wrong("the answer is not JSON: %v", err)
		return
	}
	if in.Type != "application/vnd.microsoft.search.searchResponse" || in.StatusCode != 0 && in.StatusCode != 200 {
		out.wrong("statusCode %d with type %q is no answer to a search", in.StatusCode, in.Type)
		return
	}
	if err := json.Unmarshal(in.Value, &found); err != nil {
		out.wrong("value has no results: %v", err)
		return
	}
	if len(found.Results) > mostSuggested {
		out.Problems = append(out.Problems, fmt.Sprintf("%d results; the client shows %d", len(found.Results), mostSuggested))
		found.Results = found.Results[:mostSuggested]
	}
	for _, c := range found.Results {
		if c.Title == "" || c.Value == "" {
			out.wrong("a result has no title or no value")
			return
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.offered[o] = append(s.offered[o], found.Results...)
	if found.Results != nil {
		out.Choices = found.Results
	}
}
