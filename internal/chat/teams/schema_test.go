package teams

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// member is what a member of an element may be: a kind of JSON value, or one of
// some words, which the schema takes in any case.
type memberRule struct {
	kind  string // "string", "boolean", "number", "object", "elements", "columns", "inlines", "actions", "action", "choices", "query"
	words []string
}

// typeRule is what the published schema says of one type, in our own words.
type typeRule struct {
	required []string
	members  map[string]memberRule
}

func kind(k string) memberRule         { return memberRule{kind: k} }
func oneOf(words ...string) memberRule { return memberRule{kind: "string", words: words} }
func (t typeRule) with(o typeRule) typeRule {
	out := typeRule{required: append(slices.Clone(t.required), o.required...), members: map[string]memberRule{}}
	for _, m := range []map[string]memberRule{t.members, o.members} {
		for k, v := range m {
			out.members[k] = v
		}
	}
	return out
}

// rules are those of the schema of Adaptive Cards 1.5 (microsoft/AdaptiveCards,
// schemas/1.5.0/adaptive-card.json) for the types that the bot uses; no member
// besides is allowed there. Three are Teams' own, and marked so.
func schemaRules() map[string]typeRule {
	spacing := oneOf("default", "none", "small", "medium", "large", "extraLarge", "padding")
	container := oneOf("default", "emphasis", "good", "attention", "warning", "accent")
	color := oneOf("default", "dark", "light", "accent", "good", "warning", "attention")
	size := oneOf("default", "small", "medium", "large", "extraLarge")
	weight, font := oneOf("default", "lighter", "bolder"), oneOf("default", "monospace")
	item := typeRule{members: map[string]memberRule{"type": kind("string"), "id": kind("string"), "isVisible": kind("boolean"), "requires": kind("object")}}
	el := item.with(typeRule{members: map[string]memberRule{"height": oneOf("auto", "stretch"), "separator": kind("boolean"), "spacing": spacing}})
	in := el.with(typeRule{required: []string{"id"}, members: map[string]memberRule{"errorMessage": kind("string"), "isRequired": kind("boolean"), "label": kind("string")}})
	act := item.with(typeRule{members: map[string]memberRule{"title": kind("string"), "style": oneOf("default", "positive", "destructive"), "fallback": kind("action"), "tooltip": kind("string"), "isEnabled": kind("boolean"), "mode": oneOf("primary", "secondary")}})
	text := map[string]memberRule{"text": kind("string"), "color": color, "fontType": font, "isSubtle": kind("boolean"), "size": size, "weight": weight}
	return map[string]typeRule{
		"AdaptiveCard": {required: []string{"type", "version"}, members: map[string]memberRule{
			"type": kind("string"), "$schema": kind("string"), "version": kind("string"), "body": kind("elements"), "actions": kind("actions"), "fallbackText": kind("string"), "lang": kind("string"), "speak": kind("string"),
			"msteams": kind("object"), // Teams: width and mentions ("Format cards in Teams")
		}},
		"TextBlock":     el.with(typeRule{required: []string{"text"}, members: text}).with(typeRule{members: map[string]memberRule{"wrap": kind("boolean"), "maxLines": kind("number")}}),
		"RichTextBlock": el.with(typeRule{required: []string{"inlines"}, members: map[string]memberRule{"inlines": kind("inlines")}}),
		"TextRun": typeRule{required: []string{"type", "text"}, members: text}.with(typeRule{members: map[string]memberRule{
			"type": kind("string"), "underline": kind("boolean"), "italic": kind("boolean"), "highlight": kind("boolean"), "strikethrough": kind("boolean"), "selectAction": kind("action"),
		}}),
		"Container":      el.with(typeRule{required: []string{"items"}, members: map[string]memberRule{"items": kind("elements"), "style": container, "bleed": kind("boolean")}}),
		"ColumnSet":      el.with(typeRule{members: map[string]memberRule{"columns": kind("columns"), "style": container, "bleed": kind("boolean")}}),
		"Column":         item.with(typeRule{members: map[string]memberRule{"items": kind("elements"), "style": container, "width": kind("string"), "spacing": spacing, "separator": kind("boolean")}}),
		"ActionSet":      el.with(typeRule{required: []string{"actions"}, members: map[string]memberRule{"actions": kind("actions")}}),
		"Input.Text":     in.with(typeRule{members: map[string]memberRule{"isMultiline": kind("boolean"), "maxLength": kind("number"), "placeholder": kind("string"), "value": kind("string")}}),
		"Action.OpenUrl": act.with(typeRule{required: []string{"url"}, members: map[string]memberRule{"url": kind("string")}}),
		"Action.Submit":  act.with(typeRule{members: map[string]memberRule{"data": kind("object")}}),
		"Action.Execute": act.with(typeRule{members: map[string]memberRule{"data": kind("object"), "verb": kind("string")}}),
		"Input.ChoiceSet": in.with(typeRule{members: map[string]memberRule{
			"choices": kind("choices"), "isMultiSelect": kind("boolean"), "placeholder": kind("string"), "value": kind("string"), "wrap": kind("boolean"),
			"style":        oneOf("compact", "expanded", "filtered"), // filtered is Teams' ("Typeahead search in Adaptive Cards")
			"choices.data": kind("query"),                            // Teams ("Dynamic typeahead search in Adaptive Cards")
		}}),
	}
}

// problems says what is wrong with a card by the schema.
func problems(raw json.RawMessage) []string {
	var card map[string]any
	if err := json.Unmarshal(raw, &card); err != nil {
		return []string{err.Error()}
	}
	c := &validator{rules: schemaRules()}
	c.object("card", card, "AdaptiveCard")
	if v, _ := card["version"].(string); v != "1.5" {
		c.say("card", "version %q", v)
	}
	return c.found
}

type validator struct {
	rules map[string]typeRule
	found []string
}

func (c *validator) say(at, format string, args ...any) {
	c.found = append(c.found, at+": "+fmt.Sprintf(format, args...))
}

// object checks an object that may be of some types; a type that ends in a dot
// begins those.
func (c *validator) object(at string, v any, types ...string) {
	o, ok := v.(map[string]any)
	if !ok {
		c.say(at, "is no object")
		return
	}
	name, _ := o["type"].(string)
	rule, known := c.rules[name]
	fits := slices.ContainsFunc(types, func(t string) bool { return t == name || strings.HasSuffix(t, ".") && strings.HasPrefix(name, t) })
	if !known || !fits {
		c.say(at, "is of type %q, want one of %v", name, types)
		return
	}
	for _, r := range rule.required {
		if _, ok := o[r]; !ok {
			c.say(at, "%s without %s", name, r)
		}
	}
	for k, v := range o {
		m, ok := rule.members[k]
		if !ok {
			c.say(at, "%s has no member %s", name, k)
			continue
		}
		c.value(at+"."+k, v, m)
	}
}

func (c *validator) list(at string, v any, types ...string) {
	list, ok := v.([]any)
	if !ok {
		c.say(at, "is no list")
	}
	for i, x := range list {
		c.object(fmt.Sprintf("%s[%d]", at, i), x, types...)
	}
}

func (c *validator) value(at string, v any, m memberRule) {
	switch m.kind {
	case "elements":
		c.list(at, v, "TextBlock", "RichTextBlock", "Container", "ColumnSet", "ActionSet", "Input.")
	case "columns":
		c.list(at, v, "Column")
	case "inlines":
		c.list(at, v, "TextRun")
	case "actions":
		c.list(at, v, "Action.")
	case "action":
		c.object(at, v, "Action.")
	case "choices":
		list, ok := v.([]any)
		for _, x := range list {
			o, isObject := x.(map[string]any)
			_, title := o["title"].(string)
			_, value := o["value"].(string)
			ok = ok && isObject && title && value && len(o) == 2
		}
		if !ok {
			c.say(at, "%v", v)
		}
	case "query":
		o, _ := v.(map[string]any)
		if set, ok := o["dataset"].(string); o["type"] != "Data.Query" || !ok || set == "" || len(o) != 2 {
			c.say(at, "%v", v)
		}
	default:
		c.plain(at, v, m)
	}
}

func (c *validator) plain(at string, v any, m memberRule) {
	ok := false
	switch x := v.(type) {
	case string:
		ok = m.kind == "string" && (len(m.words) == 0 || slices.ContainsFunc(m.words, func(w string) bool { return strings.EqualFold(w, x) }))
	case bool:
		ok = m.kind == "boolean"
	case float64:
		ok = m.kind == "number"
	case map[string]any:
		ok = m.kind == "object"
	}
	if !ok {
		c.say(at, "%v is no %s %v", v, m.kind, m.words)
	}
}
