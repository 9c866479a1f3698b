package teamsemu

import (
	"fmt"
	"strconv"
	"strings"
)

// need is a member that an element must have, by the Adaptive Cards schema 1.5
// (adaptivecards.io/schemas/adaptive-card.json: "required").
type need struct {
	name string
	list bool // a list, otherwise a text
}

// rule is what the schema says of one type.
type rule struct {
	needs []need
	// holds are the members with further elements, actions those with actions.
	holds, actions []string
	// only restricts what stands in holds to one type, which may be left out.
	only string
}

// elements are the types of body elements that Teams shows.
func elements() map[string]rule {
	texts := func(names ...string) (out []need) {
		for _, n := range names {
			out = append(out, need{name: n})
		}
		return out
	}
	return map[string]rule{
		"TextBlock":       {needs: texts("text")},
		"RichTextBlock":   {needs: []need{{"inlines", true}}, holds: []string{"inlines"}, only: "TextRun"},
		"TextRun":         {needs: texts("text")},
		"Image":           {needs: texts("url")},
		"ImageSet":        {needs: []need{{"images", true}}, holds: []string{"images"}, only: "Image"},
		"Media":           {needs: []need{{"sources", true}}},
		"Container":       {needs: []need{{"items", true}}, holds: []string{"items"}},
		"ColumnSet":       {holds: []string{"columns"}, only: "Column"},
		"Column":          {holds: []string{"items"}},
		"FactSet":         {needs: []need{{"facts", true}}, holds: []string{"facts"}, only: "Fact"},
		"Fact":            {needs: texts("title", "value")},
		"Table":           {holds: []string{"rows"}, only: "TableRow"},
		"TableRow":        {holds: []string{"cells"}, only: "TableCell"},
		"TableCell":       {needs: []need{{"items", true}}, holds: []string{"items"}},
		"ActionSet":       {needs: []need{{"actions", true}}, actions: []string{"actions"}},
		"Input.Text":      {needs: texts("id")},
		"Input.Number":    {needs: texts("id")},
		"Input.Date":      {needs: texts("id")},
		"Input.Time":      {needs: texts("id")},
		"Input.Toggle":    {needs: texts("id", "title")},
		"Input.ChoiceSet": {needs: texts("id")},
	}
}

// cardActions are the types of actions that Teams takes.
func cardActions() map[string][]need {
	return map[string][]need{
		"Action.OpenUrl": {{name: "url"}}, "Action.Submit": nil, "Action.Execute": nil, "Action.ShowCard": nil,
		"Action.ToggleVisibility": {{"targetElements", true}},
	}
}

// within are the types that stand in one kind of parent only.
func within(kind string) bool {
	switch kind {
	case "TextRun", "Column", "Fact", "TableRow", "TableCell":
		return true
	}
	return false
}

// checker walks a card.
type checker struct {
	problems []string
	actions  []action
	inputs   []object
	ids      map[string]bool
}

func (k *checker) say(path, format string, args ...any) {
	at := path
	if at == "" {
		at = "card"
	}
	k.problems = append(k.problems, at+": "+fmt.Sprintf(format, args...))
}

// card checks a card whose surrounding cards have the inputs outer.
func (k *checker) card(o object, path string, outer []object, top bool) {
	if t := text(o, "type"); t != "AdaptiveCard" {
		k.say(path, "type is %q, not AdaptiveCard", t)
		return
	}
	if top {
		k.version(o)
	}
	from, first := len(k.inputs), len(k.actions)
	k.elements(o, "body", path, rule{})
	k.selectAction(o, path)
	k.actionList(o, "actions", path)
	k.checkRefresh(o, path)
	inputs := append(append([]object{}, outer...), k.inputs[from:]...)
	k.assign(first, inputs)
	k.showCards(first, inputs, path)
}

// assign gives the actions from first on the inputs of their card.
func (k *checker) assign(first int, inputs []object) {
	for i := first; i < len(k.actions); i++ {
		k.actions[i].inputs = inputs
	}
}

// showCards checks the cards of Action.ShowCard, whose actions follow it.
func (k *checker) showCards(first int, inputs []object, path string) {
	own := append([]action{}, k.actions[first:]...)
	k.actions = k.actions[:first]
	for _, a := range own {
		k.actions = append(k.actions, a)
		if text(a.def, "type") != "Action.ShowCard" {
			continue
		}
		shown := sub(a.def, "card")
		if shown == nil {
			k.say(path, "Action.ShowCard has no card")
			continue
		}
		k.card(shown, join(path, "card"), inputs, false)
	}
}

// version wants 1.0 to 1.5, the newest that Teams shows ("Cards reference").
func (k *checker) version(o object) {
	v := text(o, "version")
	major, minor, ok := strings.Cut(v, ".")
	n, err := strconv.Atoi(minor)
	switch {
	case v == "":
		k.say("", "version is missing")
	case !ok || major != "1" || err != nil || n < 0:
		k.say("", "version %q is none", v)
	case n > 5:
		k.say("", "version %s is above 1.5, the newest that Teams shows", v)
	}
}

func (k *checker) checkRefresh(o object, path string) {
	r, ok := o["refresh"]
	if !ok {
		return
	}
	def, isObject := r.(object)
	action := sub(def, "action")
	if !isObject || text(action, "type") != "Action.Execute" {
		k.say(join(path, "refresh"), "action is not an Action.Execute")
	}
	if ids, ok := def["userIds"].([]any); ok && len(ids) > mostRefreshed {
		k.say(join(path, "refresh"), "more than %d userIds", mostRefreshed)
	}
}

// elements checks the elements in a member that is a list.
func (k *checker) elements(o object, name, path string, r rule) {
	v, ok := o[name]
	if !ok {
		return
	}
	all, ok := v.([]any)
	if !ok {
		k.say(join(path, name), "not a list")
		return
	}
	for i, one := range all {
		at := fmt.Sprintf("%s[%d]", join(path, name), i)
		if _, isText := one.(string); isText && r.only == "TextRun" {
			continue
		}
		e, ok := one.(object)
		if !ok {
			k.say(at, "not an element")
			continue
		}
		k.element(e, at, r.only)
	}
}

func (k *checker) element(e object, path, only string) {
	kind := text(e, "type")
	if kind == "" && only != "" {
		kind = only
	}
	r, known := elements()[kind]
	switch {
	case !known && k.fallback(e, path, only):
		return
	case !known:
		k.say(path, "element type %q is unknown", kind)
		return
	case only != "" && kind != only, only == "" && within(kind):
		k.say(path, "%s cannot stand here", kind)
		return
	}
	k.members(e, path, kind, r.needs)
	if strings.HasPrefix(kind, "Input.") {
		k.input(e, path, kind)
	}
	for _, h := range r.holds {
		k.elements(e, h, path, r)
	}
	for _, a := range r.actions {
		k.actionList(e, a, path)
	}
	k.selectAction(e, path)
}

// fallback checks what is shown in place of an unknown element; false if there is
// nothing.
func (k *checker) fallback(e object, path, only string) bool {
	switch f := e["fallback"].(type) {
	case string:
		return f == "drop"
	case object:
		k.element(f, join(path, "fallback"), only)
		return true
	}
	return false
}

// members checks the members that a type must have.
func (k *checker) members(o object, path, kind string, needs []need) {
	for _, n := range needs {
		v, there := o[n.name]
		_, isText := v.(string)
		_, isList := v.([]any)
		switch {
		case !there:
			k.say(path, "%s has no %s", kind, n.name)
		case n.list && !isList:
			k.say(path, "%s of %s is not a list", n.name, kind)
		case !n.list && !isText:
			k.say(path, "%s of %s is not a text", n.name, kind)
		}
	}
}

func (k *checker) input(e object, path, kind string) {
	k.inputs = append(k.inputs, e)
	id := text(e, "id")
	if id != "" && k.ids[id] {
		k.say(path, "two inputs have the id %q", id)
	}
	k.ids[id] = true
	if kind == "Input.ChoiceSet" {
		k.choices(e, path)
	}
}

func (k *checker) choices(e object, path string) {
	switch strings.ToLower(text(e, "style")) {
	case "", "compact", "expanded", "filtered":
	default:
		k.say(path, "style %q of a choice set is unknown", text(e, "style"))
	}
	_, there := e["choices"]
	query, dynamic := e["choices.data"].(object)
	if !there && !dynamic {
		k.say(path, "a choice set has neither choices nor choices.data")
	}
	if dynamic && (text(query, "type") != "Data.Query" || text(query, "dataset") == "") {
		k.say(path, "choices.data is no Data.Query with a dataset")
	}
	for i, c := range list(e, "choices") {
		k.members(c, fmt.Sprintf("%s.choices[%d]", path, i), "Input.Choice", []need{{name: "title"}, {name: "value"}})
	}
}

func (k *checker) selectAction(o object, path string) {
	if a, ok := o["selectAction"].(object); ok {
		if text(a, "type") == "Action.ShowCard" {
			k.say(join(path, "selectAction"), "Action.ShowCard cannot stand here")
			return
		}
		k.action(a, join(path, "selectAction"))
	}
}

func (k *checker) actionList(o object, name, path string) {
	v, ok := o[name]
	if !ok {
		return
	}
	all, ok := v.([]any)
	if !ok {
		k.say(join(path, name), "not a list")
		return
	}
	for i, one := range all {
		at := fmt.Sprintf("%s[%d]", join(path, name), i)
		a, ok := one.(object)
		if !ok {
			k.say(at, "not an action")
			continue
		}
		k.action(a, at)
	}
}

func (k *checker) action(a object, path string) {
	kind := text(a, "type")
	needs, known := cardActions()[kind]
	if !known {
		if f, ok := a["fallback"].(object); ok {
			k.action(f, join(path, "fallback"))
			return
		}
		if a["fallback"] != "drop" {
			k.say(path, "action type %q is unknown", kind)
		}
		return
	}
	k.members(a, path, kind, needs)
	switch a["data"].(type) {
	case nil, string, object:
	default:
		k.say(path, "data of %s is neither an object nor a text", kind)
	}
	k.actions = append(k.actions, action{def: a})
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
