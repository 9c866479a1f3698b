package teamsemu

import (
	"encoding/json"
	"slices"
)

// card is an Adaptive Card and what is wrong with it.
type card struct {
	content  object
	problems []string
	// actions are everything that can be clicked, in reading order: the actions of a
	// card that Action.ShowCard shows follow that action.
	actions []action
	// inputs are all of the card's and of those that it shows.
	inputs []object
}

// action is something to click, with the inputs that go with it: those of its own
// card and of the cards around that.
type action struct {
	def    object
	inputs []object
}

// readCard reads a card; false if the text is no JSON object.
func readCard(raw json.RawMessage) (card, bool) {
	v, err := decode(raw)
	o, ok := v.(object)
	if err != nil || !ok {
		return card{}, false
	}
	k := &checker{ids: map[string]bool{}}
	c := card{content: o}
	k.card(o, "", nil, true)
	if len(raw) > maxCard {
		k.say("", "the card is larger than 28 KB")
	}
	c.problems, c.actions, c.inputs = k.problems, k.actions, k.inputs
	return c, true
}

// broken reports whether a client cannot show the card.
func (c card) broken() bool { return len(c.problems) > 0 }

// refresh is the action that a client runs by itself, or nil.
func (c card) refresh() object { return sub(sub(c.content, "refresh"), "action") }

// refreshesFor reports whether a client of that person runs it: for those named in
// userIds; without userIds for everybody, which Teams does in conversations of at
// most 60 people ("Work with Universal Actions").
func (c card) refreshesFor(u *User, people int) bool {
	r := sub(c.content, "refresh")
	ids, named := r["userIds"].([]any)
	if r == nil || !named {
		return r != nil && people <= mostRefreshed
	}
	return slices.Contains(ids, any(u.ID))
}

// mostRefreshed is how many people a card can refresh for.
const mostRefreshed = 60

// choose finds an action by its number in reading order, or its title, id or verb;
// nil is the first one that sends something.
func (c card) choose(by any) (action, bool) {
	switch by := by.(type) {
	case nil:
		return c.pick(func(o object) bool { t := text(o, "type"); return t == "Action.Submit" || t == "Action.Execute" })
	case int:
		if by < 0 || by >= len(c.actions) {
			return action{}, false
		}
		return c.actions[by], true
	case string:
		for _, member := range []string{"title", "id", "verb"} {
			if a, ok := c.pick(func(o object) bool { return text(o, member) == by }); ok {
				return a, true
			}
		}
	}
	return action{}, false
}

func (c card) pick(is func(object) bool) (action, bool) {
	i := slices.IndexFunc(c.actions, func(a action) bool { return is(a.def) })
	if i < 0 {
		return action{}, false
	}
	return c.actions[i], true
}

// input finds an input by id.
func (c card) input(id string) (object, bool) {
	i := slices.IndexFunc(c.inputs, func(o object) bool { return text(o, "id") == id })
	if i < 0 {
		return nil, false
	}
	return c.inputs[i], true
}
