package slackemu

import (
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// validator collects what is wrong with blocks or a view, in Slack's words and
// with JSON pointers.
type validator struct {
	modal    bool // input blocks need submit
	submit   bool // the modal has submit
	focused  bool // an element has focus_on_load already
	problems []string
	blockIDs map[string]bool
}

func (v *validator) bad(ptr, format string, a ...any) {
	v.problems = append(v.problems, fmt.Sprintf(format, a...)+" [json-pointer:"+ptr+"]")
}

// check validates one value.
type check func(v *validator, ptr string, val any)

// field is a member of an object. A check of nil takes anything.
type field struct {
	name     string
	required bool
	check    check
}

func must(name string, c check) field { return field{name, true, c} }
func may(name string, c check) field  { return field{name, false, c} }

// fields validates an object: its members, the missing and the unknown ones.
func (v *validator) fields(ptr string, val any, list []field) {
	o, ok := val.(object)
	if !ok {
		v.bad(ptr, "must provide an object")
		return
	}
	for _, f := range list {
		x, present := o[f.name]
		switch {
		case !present && f.required:
			v.bad(ptr, "missing required field: %s", f.name)
		case present && f.check != nil:
			f.check(v, ptr+"/"+f.name, x)
		}
	}
	for _, name := range sortedKeys(o) {
		if !slices.ContainsFunc(list, func(f field) bool { return f.name == name }) {
			v.bad(ptr, "invalid additional property: %s", name)
		}
	}
}

func sortedKeys(o object) []string {
	keys := make([]string, 0, len(o))
	for k := range o {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// str is a string of lo to hi characters.
func str(lo, hi int) check {
	return func(v *validator, ptr string, val any) {
		s, ok := val.(string)
		if !ok {
			v.bad(ptr, "must be a string")
			return
		}
		v.length(ptr, s, lo, hi)
	}
}

func (v *validator) length(ptr, s string, lo, hi int) {
	n := utf8.RuneCountInString(s)
	if n < lo {
		v.bad(ptr, "must be more than %d characters", lo-1)
	}
	if n > hi {
		v.bad(ptr, "must be less than %d characters", hi+1)
	}
}

// oneOf is one of some strings.
func oneOf(words ...string) check {
	return func(v *validator, ptr string, val any) {
		if s, ok := val.(string); !ok || !slices.Contains(words, s) {
			v.bad(ptr, "must be one of: %s", strings.Join(words, ", "))
		}
	}
}

func flag(v *validator, ptr string, val any) {
	if _, ok := val.(bool); !ok {
		v.bad(ptr, "must be a boolean")
	}
}

// integer is a whole number of lo to hi.
func integer(lo, hi int64) check {
	return func(v *validator, ptr string, val any) {
		n, ok := whole(val)
		switch {
		case !ok:
			v.bad(ptr, "must be an integer")
		case n < lo:
			v.bad(ptr, "must be greater than %d", lo-1)
		case n > hi:
			v.bad(ptr, "must be less than %d", hi+1)
		}
	}
}

func whole(val any) (int64, bool) {
	n, ok := val.(json.Number)
	if !ok {
		return 0, false
	}
	i, err := n.Int64()
	return i, err == nil
}

// pattern is a string of a form, such as a date.
func pattern(re *regexp.Regexp, what string) check {
	return func(v *validator, ptr string, val any) {
		if s, ok := val.(string); !ok || !re.MatchString(s) {
			v.bad(ptr, "must be a valid %s", what)
		}
	}
}

// link is an absolute URL of at most 3,000 characters.
func link(v *validator, ptr string, val any) {
	s, ok := val.(string)
	if !ok {
		v.bad(ptr, "must be a string")
		return
	}
	v.length(ptr, s, 1, 3000)
	if u, err := url.Parse(s); err != nil || u.Scheme == "" || (u.Host == "" && u.Opaque == "") {
		v.bad(ptr, "must be a valid URL")
	}
}

// list is an array of lo to hi items.
func list(lo, hi int, item check) check {
	return func(v *validator, ptr string, val any) {
		a, ok := val.([]any)
		if !ok {
			v.bad(ptr, "must be an array")
			return
		}
		if len(a) < lo {
			v.bad(ptr, "no fewer than %d items allowed", lo)
		}
		if len(a) > hi {
			v.bad(ptr, "no more than %d items allowed", hi)
			return
		}
		for i, x := range a {
			item(v, ptr+"/"+strconv.Itoa(i), x)
		}
	}
}

// plain and either are text objects of 1 to hi characters; plain allows only
// plain_text, either mrkdwn as well.
func plain(hi int) check  { return text(hi, "plain_text") }
func either(hi int) check { return text(hi, "plain_text", "mrkdwn") }

func text(hi int, kinds ...string) check {
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
		if !slices.Contains(kinds, kind) {
			v.bad(ptr+"/type", "unsupported type: %s", kind)
			return
		}
		extra := may("emoji", flag)
		if kind == "mrkdwn" {
			extra = may("verbatim", flag)
		}
		v.fields(ptr, o, []field{must("type", nil), must("text", str(1, hi)), extra})
	}
}

// members is an object with these members.
func members(list ...field) check {
	return func(v *validator, ptr string, val any) { v.fields(ptr, val, list) }
}
