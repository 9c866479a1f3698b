package config

import (
	"fmt"
	"regexp"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// Bounds and words of the keys of a rule.
const (
	maxPattern   = 200 // characters of a pattern
	defaultAuto  = 3   // grants a day under "auto: true"
	maxAuto      = 100
	peopleGrow   = "grow"   // people may join within limits.people_growth
	peoplePinned = "pinned" // nobody may join
)

// match decodes what a rule is for.
func (f *file) match(n *yaml.Node) Match {
	o, ok := f.object(n, matchKeys)
	if !ok {
		return Match{Tags: map[string]string{"": ""}}
	}
	m := Match{
		PermissionSets: f.texts(o.get("permission_sets"), "permission_sets", f.permissionSetName),
		OUs:            f.texts(o.get("ous"), "ous", func(n *yaml.Node) string { return f.checked(n, "ou", checkOU) }),
		Tags:           f.stringMap(o.get("tags"), "tags"),
		LongerThan:     f.duration(o.get("longer_than"), "longer_than"),
		AtMost:         f.duration(o.get("at_most"), "at_most"),
	}
	m.Accounts = f.texts(o.get("accounts"), "accounts", func(n *yaml.Node) string {
		slug := f.slug(n, "account")
		f.refer(refAccount, slug, n)
		return slug
	})
	m.Groups = f.texts(o.get("groups"), "groups", func(n *yaml.Node) string {
		slug := f.slug(n, "group")
		f.refer(refGroup, slug, n)
		return slug
	})
	if s := o.get("standing"); s != nil {
		standing := f.boolean(s, "standing")
		m.Standing = &standing
	}
	f.matchLength(o, m)
	return m
}

// matchLength reports lengths that no grant has.
func (f *file) matchLength(o object, m Match) {
	switch {
	case m.AtMost != 0 && m.LongerThan >= m.AtMost:
		f.problem(o.get("at_most"), "make at_most longer than longer_than", "no grant is longer than %s and at most %s", FormatDuration(m.LongerThan), FormatDuration(m.AtMost))
	case m.Standing != nil && *m.Standing && m.AtMost != 0:
		f.problem(o.get("at_most"), "keep one of them", "a standing grant is longer than any at_most")
	case m.Standing != nil && *m.Standing && m.LongerThan != 0:
		f.problem(o.get("longer_than"), "keep one of them", "a standing grant is longer than any longer_than")
	}
}

// conditions decodes what a rule wants beside approvals.
func (f *file) conditions(o object, rule *Rule) {
	rule.Requesters = f.approvers(o.get("requesters"), "requesters", requestersOfRule)
	rule.Reason = f.reasonRule(o.get("reason"))
	rule.Auto = f.auto(o, rule)
	if n := o.get("people"); n != nil {
		s, ok := f.word(n, "people")
		rule.PinnedPeople = s == peoplePinned
		if ok && s != peoplePinned && s != peopleGrow {
			f.problem(n, "write grow or pinned", "people is %q", cut(s, 80))
		}
	}
	if m := rule.Match; m.Standing != nil && *m.Standing && !rule.Standing {
		f.problem(o.get("match"), "add standing: true to the rule, or take it out of match", "the rule is for standing grants and does not allow them")
	}
	if rule.MaxDuration > 0 && rule.Match.LongerThan >= rule.MaxDuration {
		f.problem(o.get("max_duration"), "make it longer than match.longer_than", "the rule is for grants longer than it allows")
	}
}

func (f *file) reasonRule(n *yaml.Node) *ReasonRule {
	if n == nil {
		return nil
	}
	o, ok := f.object(n, reasonKeys)
	if !ok {
		return nil
	}
	if len(n.Content) == 0 {
		f.problem(n, "add pattern, ticket or both, or remove the key", "reason asks for nothing")
	}
	r := &ReasonRule{Pattern: f.pattern(o.get("pattern"), "pattern"), Ticket: f.pattern(o.get("ticket"), "ticket")}
	if r.Ticket != "" && fitsPattern(r.Ticket, "") {
		f.problem(o.get("ticket"), "write what a ticket looks like, like INC-[0-9]+", "ticket occurs in every reason, since it fits nothing at all")
	}
	return r
}

// pattern decodes a regular expression; it is "" after a problem.
func (f *file) pattern(n *yaml.Node, what string) string {
	s, ok := f.text(n, what)
	if !ok {
		return ""
	}
	if s == "" || utf8.RuneCountInString(s) > maxPattern {
		f.problem(n, fmt.Sprintf("write 1 to %d characters", maxPattern), "%s has no useful length", what)
		return ""
	}
	_, err := regexp.Compile(s)
	if err == nil {
		_, err = regexp.Compile(whole(s))
	}
	if err != nil {
		f.problem(n, "write it in RE2 syntax", "%s is no regular expression: %v", what, err)
		return ""
	}
	return s
}

// auto decodes how much passes without an approval. What passes so is bounded:
// named permission sets, a longest duration, a number a day.
func (f *file) auto(o object, rule *Rule) *Auto {
	n := o.get("auto")
	if n == nil {
		return nil
	}
	a := &Auto{PerDay: defaultAuto}
	if n.Kind == yaml.MappingNode {
		keys, ok := f.object(n, autoKeys)
		if !ok {
			return nil
		}
		a.PerDay = int(f.integer(keys.get("per_day"), "per_day", 1, maxAuto))
	} else if !f.boolean(n, "auto") {
		return nil
	}
	if o.get("max_duration") == nil {
		f.problem(n, "add max_duration", "a rule with auto and without a longest duration")
	}
	if rule.Standing {
		f.problem(o.get("standing"), "remove it", "a rule with auto that allows grants without an end")
	}
	if len(rule.Match.PermissionSets) == 0 {
		f.problem(n, "name them under match.permission_sets", "a rule with auto for every permission set")
	}
	return a
}
