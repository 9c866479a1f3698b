package slackemu

import (
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// Limits of Block Kit elements, in characters and items, as the types of
// Slack's own node-slack-sdk (packages/types) state them.
const (
	maxID          = 255
	maxButtonText  = 75
	maxButtonValue = 2000
	maxPlaceholder = 150
	maxOptions     = 100
	maxChoices     = 10 // checkboxes and radio buttons
	maxOverflow    = 5
	maxOptionText  = 75
	maxOptionValue = 75
	maxInput       = 3000
)

var (
	datePattern = regexp.MustCompile(`^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$`)
	timePattern = regexp.MustCompile(`^([01]\d|2[0-3]):[0-5]\d$`)
)

// Element types by the blocks that take them (docs.slack.dev/reference/block-kit/block-elements).
func sectionElements() []string {
	return append(actionElements(), "image")
}

func actionElements() []string {
	return append([]string{"button", "overflow"}, choiceElements()...)
}

func inputElements() []string {
	return append([]string{"plain_text_input", "email_text_input", "url_text_input", "number_input"}, choiceElements()...)
}

// choiceElements are those that hold a value and fit everywhere.
func choiceElements() []string {
	out := []string{"checkboxes", "radio_buttons", "datepicker", "timepicker", "datetimepicker"}
	for _, kind := range []string{"static", "external", "users", "conversations", "channels"} {
		out = append(out, kind+"_select", "multi_"+kind+"_select")
	}
	return out
}

// element is one of the named interactive elements or an image.
func element(allowed []string) check {
	return func(v *validator, ptr string, val any) {
		o, ok := val.(object)
		if !ok {
			v.bad(ptr, "must provide an object")
			return
		}
		kind, _ := o["type"].(string)
		if kind == "" {
			v.bad(ptr, "missing required field: type")
			return
		}
		if !slices.Contains(allowed, kind) {
			v.bad(ptr+"/type", "unsupported type: %s", kind)
			return
		}
		v.fields(ptr, o, append(elementFields(kind), must("type", nil)))
		v.elementRules(ptr, kind, o)
	}
}

// elementFields returns the members of an element besides its type.
func elementFields(kind string) []field {
	if kind == "image" {
		return imageFields()
	}
	common := []field{may("action_id", str(1, maxID))}
	switch kind {
	case "button":
		return append(common, must("text", plain(maxButtonText)), may("url", link), may("value", str(0, maxButtonValue)),
			may("style", oneOf("primary", "danger")), may("confirm", confirm), may("accessibility_label", str(1, 75)))
	case "overflow":
		return append(common, must("options", list(1, maxOverflow, option("plain_text", "url"))), may("confirm", confirm))
	}
	common = append(common, may("focus_on_load", focus))
	switch kind {
	case "plain_text_input", "email_text_input", "url_text_input", "number_input":
		return append(common, inputFields(kind)...)
	}
	common = append(common, may("confirm", confirm))
	switch kind {
	case "checkboxes":
		return append(common, must("options", list(1, maxChoices, option("mrkdwn"))), may("initial_options", list(1, maxChoices, option("mrkdwn"))))
	case "radio_buttons":
		return append(common, must("options", list(1, maxChoices, option("mrkdwn"))), may("initial_option", option("mrkdwn")))
	case "datetimepicker":
		return append(common, may("initial_date_time", integer(1e9, 1e10-1)))
	}
	common = append(common, may("placeholder", plain(maxPlaceholder)))
	switch kind {
	case "datepicker":
		return append(common, may("initial_date", pattern(datePattern, "date")))
	case "timepicker":
		return append(common, may("initial_time", pattern(timePattern, "time")), may("timezone", str(1, maxID)))
	}
	return append(common, selectFields(kind)...)
}

func inputFields(kind string) []field {
	common := []field{may("placeholder", plain(maxPlaceholder)), may("dispatch_action_config", members(
		may("trigger_actions_on", list(1, 2, oneOf("on_enter_pressed", "on_character_entered"))))), may("initial_value", str(1, maxInput))}
	switch kind {
	case "plain_text_input":
		return append(common, may("multiline", flag), may("min_length", integer(0, maxInput)), may("max_length", integer(1, maxInput)))
	case "number_input":
		return append(common, must("is_decimal_allowed", flag), may("min_value", str(1, maxID)), may("max_value", str(1, maxID)))
	}
	return common
}

func selectFields(kind string) []field {
	base, multi := strings.CutPrefix(kind, "multi_")
	var out []field
	initial, item := "initial_option", option("plain_text")
	switch base {
	case "static_select":
		out = append(out, may("options", list(1, maxOptions, option("plain_text"))), may("option_groups", list(1, maxOptions, optionGroup)))
	case "external_select":
		out = append(out, may("min_query_length", integer(0, maxInput)))
	default:
		who := strings.TrimSuffix(base, "s_select")
		initial, item = "initial_"+who, str(1, maxID)
		if who == "conversation" {
			out = append(out, may("default_to_current_conversation", flag), may("filter", nil))
		}
		out = append(out, may("response_url_enabled", flag))
	}
	if multi {
		return append(out, may(initial+"s", list(1, maxOptions, item)), may("max_selected_items", integer(1, maxOptions)))
	}
	return append(out, may(initial, item))
}

// option is an option object. The kinds: "mrkdwn" allows marked-up text,
// "url" a link, which only overflow menus have.
func option(kinds ...string) check {
	txt := plain(maxOptionText)
	if slices.Contains(kinds, "mrkdwn") {
		txt = either(maxOptionText)
	}
	list := []field{must("text", txt), must("value", str(1, maxOptionValue)), may("description", txt)}
	if slices.Contains(kinds, "url") {
		list = append(list, may("url", link))
	}
	return members(list...)
}

func optionGroup(v *validator, ptr string, val any) {
	v.fields(ptr, val, []field{must("label", plain(maxOptionText)), must("options", list(1, maxOptions, option("plain_text")))})
}

func confirm(v *validator, ptr string, val any) {
	v.fields(ptr, val, []field{
		must("title", plain(100)), must("text", either(300)), must("confirm", plain(30)), must("deny", plain(30)),
		may("style", oneOf("primary", "danger")),
	})
}

// focus allows one focused element in a view.
func focus(v *validator, ptr string, val any) {
	flag(v, ptr, val)
	if val != true {
		return
	}
	if v.focused {
		v.bad(ptr, "only one element can set focus_on_load")
	}
	v.focused = true
}

func imageFields() []field {
	return []field{must("alt_text", str(1, 2000)), may("image_url", link), may("slack_file", members(may("id", str(1, maxID)), may("url", link)))}
}

// elementRules are the rules between members of an element.
func (v *validator) elementRules(ptr, kind string, o object) {
	switch kind {
	case "image":
		v.imageRules(ptr, o)
	case "static_select", "multi_static_select":
		_, options := o["options"]
		if _, groups := o["option_groups"]; groups == options {
			v.bad(ptr, "must define either `options` or `option_groups`")
		}
		v.initialOffered(ptr, o)
	case "checkboxes", "radio_buttons":
		v.initialOffered(ptr, o)
	case "plain_text_input":
		lo, _ := whole(o["min_length"])
		if hi, ok := whole(o["max_length"]); ok && lo > hi {
			v.bad(ptr+"/min_length", "must be less than or equal to max_length")
		}
	}
}

func (v *validator) imageRules(ptr string, o object) {
	_, web := o["image_url"]
	if _, file := o["slack_file"]; file == web {
		v.bad(ptr, "must define either `image_url` or `slack_file`")
	}
}

// initialOffered requires that what is chosen at first is among the options.
func (v *validator) initialOffered(ptr string, o object) {
	offered := optionsOf(o)
	one := func(ptr string, x any) {
		for _, want := range offered {
			if reflect.DeepEqual(want, x) {
				return
			}
		}
		v.bad(ptr, "must match one of the options")
	}
	if x, ok := o["initial_option"].(object); ok {
		one(ptr+"/initial_option", x)
	}
	if xs, ok := o["initial_options"].([]any); ok {
		for _, x := range xs {
			one(ptr+"/initial_options", x)
		}
	}
}

// optionsOf returns the options of an element or of an answer to a
// suggestion, in groups or not.
func optionsOf(o object) []object {
	var out []object
	add := func(val any) {
		list, _ := val.([]any)
		for _, x := range list {
			if opt, ok := x.(object); ok {
				out = append(out, opt)
			}
		}
	}
	add(o["options"])
	groups, _ := o["option_groups"].([]any)
	for _, g := range groups {
		if group, ok := g.(object); ok {
			add(group["options"])
		}
	}
	return out
}
