package teamsemu

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestCardsAsTheSchemaHasThem(t *testing.T) {
	t.Parallel()
	const block = `{"type":"TextBlock","text":"x"}`
	top := func(members string) string { return `{"type":"AdaptiveCard","version":"1.5",` + members + `}` }
	body := func(elements string) string { return top(`"body":[` + elements + `]`) }
	actions := func(list string) string { return top(`"actions":[` + list + `]`) }
	for _, tc := range []struct{ name, card, problem string }{
		{"empty", `{"type":"AdaptiveCard","version":"1.5"}`, ""},
		{"old", `{"type":"AdaptiveCard","version":"1.0","body":[` + block + `]}`, ""},
		{"everything", body(block + `,{"type":"RichTextBlock","inlines":["a",{"type":"TextRun","text":"b"}]},{"type":"Image","url":"https://x/y"},{"type":"ColumnSet","columns":[{"type":"Column","items":[` + block + `]}]},
			{"type":"FactSet","facts":[{"title":"a","value":"b"}]},{"type":"Container","items":[` + block + `]},{"type":"ActionSet","actions":[{"type":"Action.Submit"}]},
			{"type":"Table","columns":[{"width":1}],"rows":[{"type":"TableRow","cells":[{"type":"TableCell","items":[` + block + `]}]}]},
			{"type":"Input.Text","id":"a"},{"type":"Input.Number","id":"b"},{"type":"Input.Date","id":"c"},{"type":"Input.Time","id":"d"},{"type":"Input.Toggle","id":"e","title":"E"},
			{"type":"Input.ChoiceSet","id":"f","style":"filtered","choices":[{"title":"A","value":"a"}],"choices.data":{"type":"Data.Query","dataset":"x"}}`), ""},
		{"unknown element with a fallback", body(`{"type":"Badge","fallback":` + block + `}`), ""},
		{"unknown element to drop", body(`{"type":"Badge","fallback":"drop"}`), ""},
		{"a column without its type", body(`{"type":"ColumnSet","columns":[{"items":[` + block + `]}]}`), ""},
		{"refresh", top(`"refresh":{"action":{"type":"Action.Execute","verb":"look"},"userIds":[]}`), ""},

		{"another type", `{"type":"HeroCard","version":"1.5"}`, `type is "HeroCard"`},
		{"no version", `{"type":"AdaptiveCard"}`, "version is missing"},
		{"version 1.6", `{"type":"AdaptiveCard","version":"1.6"}`, "above 1.5"},
		{"version 2.0", `{"type":"AdaptiveCard","version":"2.0"}`, "is none"},
		{"version of words", `{"type":"AdaptiveCard","version":"new"}`, "is none"},
		{"body no list", top(`"body":{}`), "body: not a list"},
		{"element no object", body(`"x"`), "body[0]: not an element"},
		{"unknown element", body(`{"type":"Badge","text":"x"}`), `"Badge" is unknown`},
		{"fallback unknown too", body(`{"type":"Badge","fallback":{"type":"Other"}}`), `"Other" is unknown`},
		{"no text", body(`{"type":"TextBlock"}`), "TextBlock has no text"},
		{"text no text", body(`{"type":"TextBlock","text":7}`), "is not a text"},
		{"inside a container", body(`{"type":"Container","items":[{"type":"TextBlock"}]}`), "body[0].items[0]"},
		{"inside a cell", body(`{"type":"Table","rows":[{"type":"TableRow","cells":[{"type":"TableCell","items":[{"type":"TextBlock"}]}]}]}`), "TextBlock has no text"},
		{"a run in the body", body(`{"type":"TextRun","text":"x"}`), "cannot stand here"},
		{"a block among columns", body(`{"type":"ColumnSet","columns":[` + block + `]}`), "cannot stand here"},
		{"input without id", body(`{"type":"Input.Text"}`), "Input.Text has no id"},
		{"two of one id", body(`{"type":"Input.Text","id":"a"},{"type":"Input.Date","id":"a"}`), `two inputs have the id "a"`},
		{"no choices", body(`{"type":"Input.ChoiceSet","id":"a"}`), "neither choices nor"},
		{"choice without value", body(`{"type":"Input.ChoiceSet","id":"a","choices":[{"title":"A"}]}`), "has no value"},
		{"query without dataset", body(`{"type":"Input.ChoiceSet","id":"a","choices.data":{"type":"Data.Query"}}`), "no Data.Query with a dataset"},
		{"unknown style", body(`{"type":"Input.ChoiceSet","id":"a","choices":[],"style":"radio"}`), `style "radio"`},
		{"unknown action", actions(`{"type":"Action.Http"}`), `"Action.Http" is unknown`},
		{"nowhere to go", actions(`{"type":"Action.OpenUrl"}`), "has no url"},
		{"nothing to show", actions(`{"type":"Action.ShowCard"}`), "has no card"},
		{"data a number", actions(`{"type":"Action.Submit","data":7}`), "neither an object nor a text"},
		{"shown card is bad", actions(`{"type":"Action.ShowCard","card":{"type":"AdaptiveCard","body":[{"type":"Badge"}]}}`), `"Badge" is unknown`},
		{"refresh by Submit", top(`"refresh":{"action":{"type":"Action.Submit"}}`), "not an Action.Execute"},
		{"refresh for 61", top(`"refresh":{"action":{"type":"Action.Execute"},"userIds":[` + strings.TrimSuffix(strings.Repeat(`"x",`, 61), ",") + `]}`), "more than 60"},
		{"too large", body(`{"type":"TextBlock","text":"` + strings.Repeat("x", maxCard) + `"}`), "larger than 28 KB"},
	} {
		c, ok := readCard([]byte(tc.card))
		got := strings.Join(c.problems, "; ")
		if !ok || (tc.problem == "") != (got == "") || !strings.Contains(got, tc.problem) {
			t.Errorf("%s: got %q, want %q", tc.name, got, tc.problem)
		}
	}
	for _, bad := range []string{"", "[]", `"x"`, "{", "{} {}"} {
		if _, ok := readCard([]byte(bad)); ok {
			t.Errorf("%q is a card", bad)
		}
	}
}

func TestActionsInReadingOrderWithTheirInputs(t *testing.T) {
	t.Parallel()
	c, _ := readCard([]byte(`{"type":"AdaptiveCard","version":"1.5","body":[
		{"type":"Input.Text","id":"outer"},
		{"type":"ActionSet","actions":[{"type":"Action.Execute","title":"One","verb":"v1"}]},
		{"type":"Container","items":[],"selectAction":{"type":"Action.OpenUrl","url":"https://x"}}],
		"actions":[{"type":"Action.ShowCard","title":"More","card":{"type":"AdaptiveCard","body":[{"type":"Input.Text","id":"inner"}],"actions":[{"type":"Action.Submit","title":"Two","id":"two"}]}},
			{"type":"Action.Submit","title":"Three"}]}`))
	var got []string
	for _, a := range c.actions {
		var ids []string
		for _, in := range a.inputs {
			ids = append(ids, text(in, "id"))
		}
		got = append(got, fmt.Sprint(text(a.def, "type"), " ", text(a.def, "title"), " ", ids))
	}
	want := []string{"Action.Execute One [outer]", "Action.OpenUrl  [outer]", "Action.ShowCard More [outer]", "Action.Submit Two [outer inner]", "Action.Submit Three [outer]"}
	if len(c.problems) > 0 || !slices.Equal(got, want) {
		t.Errorf("got %q %v", got, c.problems)
	}
	for by, title := range map[any]string{nil: "One", 3: "Two", "Three": "Three", "two": "Two", "v1": "One"} {
		if a, ok := c.choose(by); !ok || text(a.def, "title") != title {
			t.Errorf("%v is %v", by, a.def)
		}
	}
	for _, by := range []any{-1, 5, "Four"} {
		if a, ok := c.choose(by); ok {
			t.Errorf("%v is %v", by, a.def)
		}
	}
}

func TestInputsAsTheClientTakesThem(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, input, value, want, refuse string
		beside                           bool // an error beside the input
	}{
		{"text", `"type":"Input.Text"`, "hello", "hello", "", false},
		{"text left alone", `"type":"Input.Text","value":"was"`, "-", "was", "", false},
		{"required text left out", `"type":"Input.Text","isRequired":true,"errorMessage":"Say why."`, "", "", "", true},
		{"text too long", `"type":"Input.Text","maxLength":3`, "four", "", "longer than 3", false},
		{"line break in one line", `"type":"Input.Text"`, "a\nb", "", "line break", false},
		{"lines", `"type":"Input.Text","isMultiline":true`, "a\nb", "a\nb", "", false},
		{"pattern met", `"type":"Input.Text","regex":"^[0-9]+h$"`, "4h", "4h", "", false},
		{"pattern not met", `"type":"Input.Text","regex":"^[0-9]+h$"`, "4d", "", "", true},
		{"number", `"type":"Input.Number","min":1,"max":9`, "4", "4", "", false},
		{"number too high", `"type":"Input.Number","max":9`, "10", "", "", true},
		{"no number", `"type":"Input.Number"`, "four", "", "is no number", false},
		{"date", `"type":"Input.Date","min":"2026-11-01"`, "2026-11-28", "2026-11-28", "", false},
		{"date too early", `"type":"Input.Date","min":"2026-11-01"`, "2026-10-28", "", "", true},
		{"no date", `"type":"Input.Date"`, "tomorrow", "", "is not like", false},
		{"time", `"type":"Input.Time"`, "17:30", "17:30", "", false},
		{"toggle left alone", `"type":"Input.Toggle","title":"T"`, "-", "false", "", false},
		{"toggle on", `"type":"Input.Toggle","title":"T","valueOn":"yes"`, "yes", "yes", "", false},
		{"required toggle off", `"type":"Input.Toggle","title":"T","isRequired":true`, "-", "", "", true},
		{"toggle to nothing", `"type":"Input.Toggle","title":"T"`, "maybe", "", "is neither", false},
		{"choice", `"type":"Input.ChoiceSet","choices":[{"title":"A","value":"a"}]`, "a", "a", "", false},
		{"choice by title", `"type":"Input.ChoiceSet","choices":[{"title":"A","value":"a"}]`, "A", "", "was not offered", false},
		{"choice of type-ahead", `"type":"Input.ChoiceSet","choices.data":{"type":"Data.Query","dataset":"x"}`, "offered", "offered", "", false},
		{"choice not offered", `"type":"Input.ChoiceSet","choices.data":{"type":"Data.Query","dataset":"x"}`, "made up", "", "was not offered", false},
		{"choice it began with", `"type":"Input.ChoiceSet","value":"first","choices.data":{"type":"Data.Query","dataset":"x"}`, "-", "first", "", false},
		{"several", `"type":"Input.ChoiceSet","isMultiSelect":true,"choices":[{"title":"A","value":"a"},{"title":"B","value":"b"}]`, "a,b", "a,b", "", false},
		{"several in a single", `"type":"Input.ChoiceSet","choices":[{"title":"A","value":"a"},{"title":"B","value":"b"}]`, "a,b", "", "was not offered", false},
	} {
		in, err := decode([]byte(`{"id":"f",` + tc.input + `}`))
		if err != nil {
			t.Fatal(err)
		}
		o, _ := in.(object)
		values := map[string]string{"f": tc.value}
		if tc.value == "-" {
			values = nil
		}
		data, errs, err := form{[]object{o}, values, func(string) []Choice { return []Choice{{"Offered", "offered"}} }}.gather()
		switch {
		case tc.refuse != "":
			if err == nil || !strings.Contains(err.Error(), tc.refuse) {
				t.Errorf("%s: got %v", tc.name, err)
			}
		case err != nil || (len(errs) > 0) != tc.beside || !tc.beside && text(data, "f") != tc.want:
			t.Errorf("%s: got %v, %v, %v", tc.name, data, errs, err)
		}
	}
	if _, _, err := (form{nil, map[string]string{"x": "y"}, nil}).gather(); err == nil {
		t.Error("a value for an input that is not there was taken")
	}
}
