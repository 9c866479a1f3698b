package config

import (
	"fmt"
	"maps"
	"slices"
)

// SetChange is what a change to the config repo means for one permission set
// that has a file, in words.
type SetChange struct {
	Name string
	// Removed: the file goes. The set itself stays in AWS as it is.
	Removed bool
	// Added: the file is new. Whether the set exists in AWS is not known here.
	Added bool
	// Words are sentences without a full stop, in a fixed order: what is
	// permitted first.
	Words []string
	// Accounts are those in which the set is granted before or after the
	// change, sorted by id: a change of the set reaches all of them.
	Accounts []string
}

// SetChanges returns what head changes in the permission sets of base, sorted
// by name. A nil base is an empty repo.
func SetChanges(base, head *Repo) []SetChange {
	if base == nil {
		base = &Repo{}
	}
	names := map[string]bool{}
	for _, r := range []*Repo{base, head} {
		for name := range r.PermissionSets {
			names[name] = true
		}
	}
	var out []SetChange
	for _, name := range slices.Sorted(maps.Keys(names)) {
		was, now := base.PermissionSets[name], head.PermissionSets[name]
		c := SetChange{Name: name, Removed: now == nil, Added: was == nil}
		switch {
		case now == nil:
			c.Words = []string{"the bot keeps it no longer; the permission set stays in AWS as it is"}
		case was == nil:
			c.Words = setWords(&PermissionSet{SessionDuration: now.SessionDuration}, now)
		default:
			c.Words = setWords(was, now)
		}
		if len(c.Words) == 0 && !c.Added {
			continue
		}
		accounts := slices.Concat(base.AccountsOf(name), head.AccountsOf(name))
		slices.Sort(accounts)
		c.Accounts = slices.Compact(accounts)
		out = append(out, c)
	}
	return out
}

// setWords says what differs between two definitions.
func setWords(was, now *PermissionSet) []string {
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	lists := func(what string, a, b []string) {
		for _, p := range b {
			if !slices.Contains(a, p) {
				say("%s %s added", what, p)
			}
		}
		for _, p := range a {
			if !slices.Contains(b, p) {
				say("%s %s removed", what, p)
			}
		}
	}
	lists("managed policy", was.ManagedPolicies, now.ManagedPolicies)
	lists("customer managed policy", was.CustomerPaths(), now.CustomerPaths())
	value := func(what, a, b string) {
		switch {
		case a == b:
		case a == "":
			say("%s added: %s", what, b)
		case b == "":
			say("%s removed, was %s", what, a)
		default:
			say("%s %s -> %s", what, a, b)
		}
	}
	switch { // its text is long, and among the fields of the control plane
	case was.InlinePolicy == now.InlinePolicy:
	case was.InlinePolicy == "":
		say("inline policy added")
	case now.InlinePolicy == "":
		say("inline policy removed")
	default:
		say("inline policy changed")
	}
	value("permissions boundary", was.Boundary.String(), now.Boundary.String())
	value("session", durationText(was.SessionDuration), durationText(now.SessionDuration))
	value("relay state", was.RelayState, now.RelayState)
	value("description", was.Description, now.Description)
	value("tags", mapText(was.Tags), mapText(now.Tags))
	return out
}
