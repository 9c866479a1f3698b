package modeltest_test

import (
	"slices"
	"strings"
	"time"
)

// find returns the item of an id in a file of a state.
func find[T item](s state, path, id string) (T, bool) {
	var none T
	if f := s[path]; f != nil {
		for _, it := range f.items {
			if it.id() == id {
				v, ok := it.(T)
				return v, ok
			}
		}
	}
	return none, false
}

func (s state) tag(account, key string) string {
	t, _ := find[tag](s, accountPath(account), "tag "+key)
	return t.value
}

func (s state) owners(path string) []string {
	o, ok := find[owners](s, path, "owners")
	if !ok || o.refs == "" {
		return nil
	}
	return strings.Split(o.refs, ",")
}

func (s state) linked(name string) bool {
	_, ok := find[person](s, peoplePath, "person "+name)
	return ok
}

// valid reports a config that can be used: owners are people of people.yaml,
// and nothing unknown is in a file.
func (s state) valid() bool {
	for p, f := range s {
		for _, o := range s.owners(p) {
			if who, mail := strings.CutSuffix(o, "@example.com"); mail && !s.linked(who) {
				return false
			}
		}
		if slices.ContainsFunc(f.items, func(it item) bool { return it.id() == "junk" }) {
			return false
		}
	}
	return true
}

func (s state) count(name string) int {
	r, _ := find[rule](s, accessPath, "rule "+name)
	return r.count
}

// grantKey names a grant of a group.
type grantKey struct{ group, key string }

// starts are when grants came into force.
type starts map[grantKey]time.Time

// assignment is who may do what where.
type assignment struct{ group, account, set string }

// term is until when an assignment lasts (zero: forever) and by which entry.
type term struct {
	end   time.Time
	entry entry
}

func (t term) after(o term) bool {
	return !o.end.IsZero() && (t.end.IsZero() || t.end.After(o.end))
}

// grants returns the entries of all groups.
func (s state) grants() map[grantKey]entry {
	out := map[grantKey]entry{}
	for _, g := range groups {
		if f := s[groupPath(g)]; f != nil {
			for _, e := range f.entries() {
				out[grantKey{g, e.key()}] = e
			}
		}
	}
	return out
}

// reach returns the accounts of an entry.
func (s state) reach(e entry) []string {
	if e.account != "" {
		return []string{e.account}
	}
	return slices.DeleteFunc(slices.Clone(accounts), func(a string) bool { return s.tag(a, "team") != e.team })
}

// follow returns the starts of what follows a state.
func follow(base, next state, known starts, at func(grantKey, entry) time.Time) starts {
	had, out := base.grants(), starts{}
	for k, e := range next.grants() {
		start, ok := known[k]
		if _, kept := had[k]; !kept || !ok {
			start = at(k, e)
		}
		out[k] = start
	}
	return out
}

func always(at time.Time) func(grantKey, entry) time.Time {
	return func(grantKey, entry) time.Time { return at }
}

// desired returns what a state wants, by starts.
func (s state) desired(st starts) map[assignment]term {
	out := map[assignment]term{}
	for k, e := range s.grants() {
		t := term{entry: e}
		if e.hours > 0 {
			t.end = st[k].Add(time.Duration(e.hours) * time.Hour)
		}
		for _, a := range s.reach(e) {
			as := assignment{k.group, a, e.set}
			if old, ok := out[as]; !ok || t.after(old) {
				out[as] = t
			}
		}
	}
	return out
}
