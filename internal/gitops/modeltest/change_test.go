package modeltest_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// change is what a commit changes.
type change struct {
	gained, lost map[assignment]term // lost ones with what is left of them
	control      []string            // changed fields of the control plane
	entries      []string            // changed entries
	newGroups    []string
	goneGroups   []string
	adds         bool // entries were added or altered
}

// fields are those of the control plane in a file, by name.
func fields(f *file) map[string]string {
	out := map[string]string{}
	if f == nil {
		return out
	}
	for _, it := range f.items {
		switch v := it.(type) {
		case rule:
			if v.name == "control" {
				out["control_plane"] = v.text()
			} else {
				out["approvals"] += v.text()
			}
		case tag:
			out["tags"] += v.text()
		case owners:
			out["owners"] = v.refs
		case person:
			out[v.id()] = v.text()
		}
	}
	return out
}

// compare returns the change between two states.
func compare(base, head state, st starts, at time.Time) change {
	c := change{gained: map[assignment]term{}, lost: map[assignment]term{}}
	was := base.desired(follow(base, base, st, always(at)))
	now := head.desired(follow(base, head, st, always(at)))
	for a, t := range now {
		old, had := was[a]
		switch {
		case !had || t.after(old):
			c.gained[a] = t
		case old.after(t):
			c.lost[a] = t
		}
	}
	for a := range was {
		if _, kept := now[a]; !kept {
			c.lost[a] = term{}
		}
	}
	for _, p := range differing(base, head) {
		c.files(p, base[p], head[p])
	}
	slices.Sort(c.control)
	slices.Sort(c.entries)
	return c
}

func (c *change) files(path string, was, now *file) {
	group, isGroup := strings.CutPrefix(strings.TrimSuffix(path, ".yaml"), "groups/")
	if isGroup && was == nil {
		c.newGroups = append(c.newGroups, group)
	}
	if isGroup && now == nil {
		c.goneGroups = append(c.goneGroups, group)
	}
	if !isGroup || was != nil && now != nil {
		old, fresh := fields(was), fields(now)
		names := maps.Clone(old)
		maps.Copy(names, fresh)
		for n := range names {
			if old[n] != fresh[n] {
				c.control = append(c.control, fmt.Sprintf("%s %s %q %q", path, n, old[n], fresh[n]))
			}
		}
	}
	old, fresh := map[string]entry{}, map[string]entry{}
	if was != nil {
		for _, e := range was.entries() {
			old[e.key()] = e
		}
	}
	if now != nil {
		for _, e := range now.entries() {
			fresh[e.key()] = e
		}
	}
	for k, e := range fresh {
		if old[k] != e {
			c.entries, c.adds = append(c.entries, fmt.Sprintf("%s %q %+v", path, old[k].reason, e)), true
		}
	}
	for k, e := range old {
		if _, kept := fresh[k]; !kept {
			c.entries = append(c.entries, fmt.Sprintf("%s gone %+v", path, e))
		}
	}
}

// same reports whether two changes are the same to a reviewer.
func (c *change) same(o *change) bool {
	return slices.Equal(c.control, o.control) && slices.Equal(c.entries, o.entries) &&
		slices.Equal(c.newGroups, o.newGroups) && slices.Equal(c.goneGroups, o.goneGroups) &&
		maps.Equal(terms(c.gained), terms(o.gained)) && maps.Equal(terms(c.lost), terms(o.lost))
}

// within reports whether another change does all that this one does.
func (c *change) within(o *change) bool {
	in := func(list, of []string) bool {
		return !slices.ContainsFunc(list, func(x string) bool { return !slices.Contains(of, x) })
	}
	has := func(m, of map[assignment]string) bool {
		for a, t := range m {
			if was, ok := of[a]; !ok || was != t {
				return false
			}
		}
		return true
	}
	return in(c.control, o.control) && in(c.entries, o.entries) && in(c.newGroups, o.newGroups) && in(c.goneGroups, o.goneGroups) &&
		has(terms(c.gained), terms(o.gained)) && has(terms(c.lost), terms(o.lost))
}

func terms(m map[assignment]term) map[assignment]string {
	out := map[assignment]string{}
	for a, t := range m {
		out[a] = t.entry.term()
		if t.entry == (entry{}) {
			out[a] = "none"
		}
	}
	return out
}
