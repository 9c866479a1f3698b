package config

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// field is a field of a file as canonical text: equal text for equal meaning,
// and readable. An absent field has no text.
type field struct {
	name, text string
}

// fieldChanges compares two lists of fields by name.
func fieldChanges(path string, old, now []field) []FieldChange {
	was := make(map[string]string, len(old))
	for _, f := range old {
		was[f.name] = f.text
	}
	var out []FieldChange
	for _, f := range now {
		if was[f.name] != f.text {
			out = append(out, FieldChange{path, f.name, was[f.name], f.text})
		}
		delete(was, f.name)
	}
	for _, f := range old {
		if text, gone := was[f.name]; gone && text != "" {
			out = append(out, FieldChange{Path: path, Field: f.name, Old: text})
		}
	}
	return out
}

// fieldsText writes all fields in one line.
func fieldsText(fields []field) string {
	var parts []string
	for _, f := range fields {
		if f.text != "" {
			parts = append(parts, f.name+": "+f.text)
		}
	}
	return strings.Join(parts, ", ")
}

// control lists what falls under the control plane.
func (c *comparison) control() {
	add := func(changes []FieldChange) { c.change.Control = append(c.change.Control, changes...) }
	add(fieldChanges(accessPath, accessFields(c.base), accessFields(c.head)))
	// Rules decide together, so that one is approved among those beside it.
	c.content(accessPath, rulesField(c.base), rulesField(c.head))
	add(fieldChanges(peoplePath, peopleFields(&c.base.People), peopleFields(&c.head.People)))
	add(c.accountControl())
	add(c.handles())
	for _, p := range c.pairs {
		if p.base != nil && p.head != nil && p.base != p.head {
			add(fieldChanges(p.head.Path(), principalFields(p.base), principalFields(p.head)))
		}
	}
	add(c.permissionSetControl())
	add(c.unknownPaths())
}

// accountControl compares account files that both repos have, and reports
// those that are gone.
func (c *comparison) accountControl() []FieldChange {
	var out []FieldChange
	continued := map[string]bool{}
	for slug, a := range c.head.Accounts {
		old, ok := c.accounts[slug]
		if !ok {
			continue
		}
		continued[old] = true
		out = append(out, fieldChanges(accountPath(slug), accountFields(c.base.Accounts[old]), accountFields(a))...)
	}
	for slug, a := range c.base.Accounts {
		if !continued[slug] {
			out = append(out, FieldChange{Path: accountPath(slug), Old: fieldsText(accountFields(a))})
		}
	}
	return out
}

// permissionSetControl reports a new or removed file as a whole.
func (c *comparison) permissionSetControl() []FieldChange {
	var out []FieldChange
	for name, now := range c.head.PermissionSets {
		path := permissionSetPath(name)
		if old, ok := c.base.PermissionSets[name]; ok {
			out = append(out, fieldChanges(path, permissionSetFields(old), permissionSetFields(now))...)
		} else {
			out = append(out, FieldChange{Path: path, New: fieldsText(permissionSetFields(now))})
		}
	}
	for name, old := range c.base.PermissionSets {
		if _, ok := c.head.PermissionSets[name]; !ok {
			out = append(out, FieldChange{Path: permissionSetPath(name), Old: fieldsText(permissionSetFields(old))})
		}
	}
	return out
}

// unknownPaths compares files outside the layout by the hash of their content.
func (c *comparison) unknownPaths() []FieldChange {
	var out []FieldChange
	for path, hash := range c.head.Files {
		if kindOf(path) == unknownFile && c.base.Files[path] != hash {
			out = append(out, FieldChange{Path: path, Old: c.base.Files[path], New: hash})
		}
	}
	for path, hash := range c.base.Files {
		if _, kept := c.head.Files[path]; !kept && kindOf(path) == unknownFile {
			out = append(out, FieldChange{Path: path, Old: hash})
		}
	}
	return out
}

func accountPath(slug string) string       { return accountsDir + "/" + slug + ".yaml" }
func permissionSetPath(name string) string { return permissionSetsDir + "/" + name + ".yaml" }

func accountFields(a *Account) []field {
	return []field{
		{"id", a.ID},
		{"name", a.Name},
		{"notify", a.Notify},
		{"ou", a.OU},
		{"owners", refsText(a.Owners)},
		{"stage", string(a.Stage)},
		{"tags", mapText(a.Tags)},
	}
}

func principalFields(f *PrincipalFile) []field {
	return []field{{"id", f.Principal.ID}, {"name", f.Name}, {"owners", refsText(f.Owners)}}
}

func peopleFields(p *PeopleFile) []field {
	var fields []field
	for i := range p.People {
		fields = append(fields, field{"people[" + p.People[i].Entra + "]", personText(&p.People[i])})
	}
	for _, slug := range slices.Sorted(maps.Keys(p.Teams)) {
		fields = append(fields, field{"teams[" + slug + "]", fmt.Sprintf("id: %d", p.Teams[slug].ID)})
	}
	return fields
}

func personText(p *Person) string {
	text := "email: " + p.Email
	if p.GitHub != nil {
		text += fmt.Sprintf(", github: {login: %s, id: %d}", p.GitHub.Login, p.GitHub.ID)
	}
	if p.Slack != nil {
		text += fmt.Sprintf(", slack: {team: %s, user: %s}", p.Slack.Team, p.Slack.User)
	}
	return text
}

func matchText(r *Repo, m Match) string {
	return "{" + fieldsText([]field{
		{"permission_sets", listText(m.PermissionSets)},
		{"accounts", listText(accountRefs(r, m.Accounts))},
		{"ous", listText(m.OUs)},
		{"tags", mapText(m.Tags)},
		{"groups", listText(groupRefs(r, m.Groups))},
		{"longer_than", durationText(m.LongerThan)},
		{"at_most", durationText(m.AtMost)},
		{"standing", eitherText(m.Standing)},
	}) + "}"
}

func reasonText(r *ReasonRule) string {
	if r == nil {
		return ""
	}
	var fields []field
	for _, f := range []field{{"pattern", r.Pattern}, {"ticket", r.Ticket}} {
		if f.text != "" {
			fields = append(fields, field{f.name, strconv.Quote(f.text)})
		}
	}
	return "{" + fieldsText(fields) + "}"
}

func autoText(a *Auto) string {
	if a == nil {
		return ""
	}
	return fmt.Sprintf("{per_day: %d}", a.PerDay)
}

// eitherText writes a condition that may be absent.
func eitherText(b *bool) string {
	if b == nil {
		return ""
	}
	return strconv.FormatBool(*b)
}

func stepsText(steps Steps) string {
	texts := make([]string, len(steps))
	for i, s := range steps {
		texts[i] = fmt.Sprintf("%d of %s", s.Count, refsText(s.Approvers))
	}
	return strings.Join(texts, " and ")
}

// groupRef is the slug of a group with the id it stands for.
func groupRef(r *Repo, slug string) string {
	if g, ok := r.Groups[slug]; ok {
		return slug + " (" + g.Principal.ID + ")"
	}
	return slug
}

// groupRefs are the slugs of groups with the ids they stand for.
func groupRefs(r *Repo, slugs []string) []string {
	out := make([]string, len(slugs))
	for i, slug := range slugs {
		out[i] = groupRef(r, slug)
	}
	return out
}

// requesterRefs are references with the ids that the groups stand for.
func requesterRefs(r *Repo, refs []ApproverRef) []ApproverRef {
	out := slices.Clone(refs)
	for i, ref := range out {
		if ref.Kind == RequesterGroup {
			out[i].Name = groupRef(r, ref.Name)
		}
	}
	return out
}

// accountRefs are the slugs of accounts with the ids they stand for.
func accountRefs(r *Repo, slugs []string) []string {
	out := make([]string, len(slugs))
	for i, slug := range slugs {
		out[i] = slug
		if a, ok := r.Accounts[slug]; ok {
			out[i] += " (" + a.ID + ")"
		}
	}
	return out
}

func refsText(refs []ApproverRef) string {
	if len(refs) == 0 {
		return ""
	}
	return "[" + ownersText(refs) + "]"
}

func listText(items []string) string {
	if len(items) == 0 {
		return ""
	}
	quoted := make([]string, len(items))
	for i, s := range items {
		quoted[i] = strconv.Quote(s)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

func mapText(m map[string]string) string {
	if len(m) == 0 {
		return ""
	}
	parts := make([]string, 0, len(m))
	for _, key := range slices.Sorted(maps.Keys(m)) {
		parts = append(parts, strconv.Quote(key)+": "+strconv.Quote(m[key]))
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

func durationText(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return FormatDuration(d)
}

func flagText(b bool) string {
	if b {
		return "true"
	}
	return ""
}
