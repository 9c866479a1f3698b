package slackemu

import (
	"crypto/rand"
	"strings"
)

// Limits of blocks and views, in characters and items, as the types of Slack's
// own node-slack-sdk (packages/types) state them.
const (
	maxMessageBlocks = 50
	maxViewBlocks    = 100
	maxSectionText   = 3000
	maxFieldText     = 2000
	maxFields        = 10
	maxHeader        = 150
	maxContext       = 10
	maxActions       = 25
	maxLabel         = 2000
	maxTitle         = 24
	maxMetadata      = 3000
	maxViewBytes     = 250 << 10 // views.open reference, view_too_large
)

// checkMessageBlocks returns what is wrong with the blocks of a message.
func checkMessageBlocks(blocks []any) []string {
	v := &validator{blockIDs: map[string]bool{}}
	list(0, maxMessageBlocks, block)(v, "/blocks", blocks)
	return v.problems
}

// checkView returns what is wrong with a view of a kind, "modal" or "home".
func checkView(o object, kind string) []string {
	_, submit := o["submit"]
	v := &validator{blockIDs: map[string]bool{}, modal: kind == "modal", submit: submit}
	common := []field{
		must("type", oneOf(kind)), must("blocks", list(0, maxViewBlocks, block)), may("private_metadata", str(0, maxMetadata)),
		may("callback_id", str(0, maxID)), may("external_id", str(0, maxID)),
	}
	if kind == "modal" {
		common = append(common, must("title", plain(maxTitle)), may("submit", plain(maxTitle)), may("close", plain(maxTitle)),
			may("clear_on_close", flag), may("notify_on_close", flag), may("submit_disabled", flag))
	}
	v.fields("/view", o, common)
	return v.problems
}

// block validates one block.
func block(v *validator, ptr string, val any) {
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
	known := blockFields(kind)
	if known == nil {
		v.bad(ptr+"/type", "unsupported type: %s", kind)
		return
	}
	v.fields(ptr, o, append(known, must("type", nil), may("block_id", str(1, maxID))))
	if id, _ := o["block_id"].(string); id != "" {
		if v.blockIDs[id] {
			v.bad(ptr+"/block_id", "`block_id` %q already exists", id)
		}
		v.blockIDs[id] = true
	}
	v.blockRules(ptr, kind, o)
}

// blockFields returns the members of a block besides type and block_id, or nil
// for an unknown type.
func blockFields(kind string) []field {
	switch kind {
	case "section":
		return []field{may("text", either(maxSectionText)), may("fields", list(1, maxFields, either(maxFieldText))),
			may("accessory", element(sectionElements())), may("expand", flag)}
	case "header":
		return []field{must("text", plain(maxHeader))}
	case "context":
		return []field{must("elements", list(1, maxContext, contextElement))}
	case "actions":
		return []field{must("elements", list(1, maxActions, element(actionElements())))}
	case "divider":
		return []field{}
	case "input":
		return []field{must("label", plain(maxLabel)), must("element", element(inputElements())), may("hint", plain(maxLabel)),
			may("optional", flag), may("dispatch_action", flag)}
	case "image":
		return append(imageFields(), may("title", plain(maxLabel)))
	case "rich_text":
		return []field{must("elements", list(1, maxViewBlocks, richText))}
	}
	return nil
}

func contextElement(v *validator, ptr string, val any) {
	if o, ok := val.(object); ok && o["type"] == "image" {
		element([]string{"image"})(v, ptr, val)
		return
	}
	either(maxFieldText)(v, ptr, val)
}

// richText validates only the outer types of a rich_text block.
func richText(v *validator, ptr string, val any) {
	v.fields(ptr, val, []field{
		must("type", oneOf("rich_text_section", "rich_text_list", "rich_text_preformatted", "rich_text_quote")),
		must("elements", nil), may("style", nil), may("indent", nil), may("border", nil), may("offset", nil),
	})
}

// blockRules are the rules between members of a block.
func (v *validator) blockRules(ptr, kind string, o object) {
	switch kind {
	case "section":
		if o["text"] == nil && o["fields"] == nil {
			v.bad(ptr, "must define either `text` or `fields`")
		}
	case "image":
		v.imageRules(ptr, o)
	case "input":
		if v.modal && !v.submit {
			v.bad(ptr+"/input", "must define `submit` to use an `input` block in modals")
		}
	case "actions":
		v.uniqueActions(ptr, o)
	}
}

// uniqueActions requires that no two elements of a block share an action_id.
// Elements of different blocks may (Block Kit reference, "action_id").
func (v *validator) uniqueActions(ptr string, o object) {
	seen := map[string]bool{}
	for _, el := range elementsOf(o) {
		id, _ := el["action_id"].(string)
		if id != "" && seen[id] {
			v.bad(ptr+"/elements", "`action_id` %q already exists", id)
		}
		seen[id] = true
	}
}

// elementsOf returns the interactive elements of a block.
func elementsOf(b object) []object {
	var out []object
	candidates := []any{b["accessory"], b["element"]}
	if list, ok := b["elements"].([]any); ok && b["type"] == "actions" {
		candidates = append(candidates, list...)
	}
	for _, c := range candidates {
		if o, ok := c.(object); ok && o["type"] != "image" {
			out = append(out, o)
		}
	}
	return out
}

// complete fills in what Slack fills in: ids that are missing, and the members
// of text objects that have a default.
func complete(blocks []any) {
	for _, b := range blocks {
		o := b.(object)
		if _, ok := o["block_id"]; !ok {
			o["block_id"] = shortID()
		}
		for _, el := range elementsOf(o) {
			if _, ok := el["action_id"]; !ok {
				el["action_id"] = shortID()
			}
		}
		textDefaults(o)
	}
}

// shortID returns an id like those Slack makes up for blocks.
func shortID() string { return strings.ToLower(rand.Text()[:5]) }

func textDefaults(v any) {
	switch x := v.(type) {
	case []any:
		for _, e := range x {
			textDefaults(e)
		}
	case object:
		if _, isText := x["text"].(string); isText {
			textDefault(x)
		}
		for _, e := range x {
			textDefaults(e)
		}
	}
}

func textDefault(o object) {
	name, value := "emoji", true
	switch o["type"] {
	case "plain_text":
	case "mrkdwn":
		name, value = "verbatim", false
	default:
		return
	}
	if _, ok := o[name]; !ok {
		o[name] = value
	}
}
