package modeltest_test

import (
	"fmt"
	"maps"
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

// step is how many of whom must approve.
type step struct {
	refs  []string
	count int
}

// approvalRule is the rule for a set in an account with a tag env.
func (s state) approvalRule(set, env string) (name string, steps []step, maxHours int, standing bool) {
	switch {
	case set == "AdministratorAccess" && env == "prod":
		return "admin", []step{{[]string{"account-owners"}, 1}, {[]string{"team:security"}, s.count("admin")}}, 8, false
	case set == "PowerUserAccess":
		return "power", []step{{[]string{"team:security"}, s.count("power")}}, 1 << 20, true
	case set == "ReadOnlyAccess":
		return "read", []step{{[]string{"account-owners"}, s.count("read")}}, 1 << 20, true
	}
	return "rest", []step{{[]string{"team:platform"}, s.count("rest")}}, 24, false
}

// need is something that must be approved.
type need struct {
	steps  []step
	owners []string // of the account
	gains  string   // the group that gains, "" for none
	exempt bool
}

// opinion is a review.
type opinion struct {
	who, state, commit string
	at                 time.Time
	gone               dismissal // of a dismissed one
}

// facts are who stands behind a change and who said what to it.
type facts struct {
	requester string // of a bot pull request
	request   string // its id
	author    string // of one written by hand
	pushers   []string
	opinions  []opinion
	head      string
	since     time.Time // approvals up to then do not count
	mergedAt  time.Time
	late      bool
	teams     roster
	members   roster // of groups
	askedFor  map[string]asked
	// carried are people, and requests, behind commits that were passed over
	// and whose content the change takes in.
	carried  []string
	requests []string
}

// asked is who asked for what group.
type asked struct{ who, group string }

// roster has the members of teams or groups.
type roster map[string][]string

func (r roster) clone() roster {
	out := roster{}
	for k, v := range r {
		out[k] = slices.Clone(v)
	}
	return out
}

// both has who is in two rosters, or in this one and among those named.
func (r roster) both(o roster, named ...string) roster {
	out := r.clone()
	for k := range out {
		out[k] = slices.DeleteFunc(out[k], func(n string) bool { return !slices.Contains(o[k], n) && !slices.Contains(named, n) })
	}
	return out
}

// approvedLate are those who approved after the merge, where that counts.
func (f *facts) approvedLate() []string {
	var out []string
	for _, o := range f.opinions {
		if f.late && o.state == "APPROVED" && o.at.After(f.mergedAt) {
			out = append(out, o.who)
		}
	}
	return out
}

func (f *facts) named(refs []string, owners []string, who string) bool {
	for _, r := range refs {
		team, isTeam := strings.CutPrefix(r, "team:")
		switch {
		case r == "account-owners":
			if f.named(owners, nil, who) {
				return true
			}
		case isTeam:
			if slices.Contains(f.teams[team], who) {
				return true
			}
		case r == cast[who].email():
			return true
		}
	}
	return false
}

func (f *facts) namedIn(n *need, who string) bool {
	return slices.ContainsFunc(n.steps, func(s step) bool { return f.named(s.refs, n.owners, who) })
}

// excluded reports whether somebody may not approve a need.
func (f *facts) excluded(n *need, who string) bool {
	return who == f.requester || f.requester == "" && who == f.author || slices.Contains(f.pushers, who) ||
		slices.Contains(f.carried, who) || n.gains != "" && slices.Contains(f.members[n.gains], who)
}

// The rules a change may break.
const (
	refused   = "refused"
	blocked   = "changes-requested"
	unmet     = "approval-missing"
	direct    = "direct-push"
	unlike    = "content-not-reviewed"
	moved     = "head-not-the-bots"
	rewritten = "history-rewritten"
)

// judge says which rule a change breaks, "" for none.
func judge(base, after state, st starts, f *facts) string {
	c := compare(base, after, st, f.mergedAt)
	if refusedWhoever(base, after, &c, f) {
		return refused
	}
	needs, ok := needsOf(base, after, &c, f)
	if !ok {
		return refused
	}
	approvers, objectors := f.latest(base)
	for _, o := range objectors {
		if slices.ContainsFunc(needs, func(n need) bool { return f.stands(base, &n, o) }) {
			return blocked
		}
	}
	for _, n := range needs {
		may := slices.DeleteFunc(slices.Clone(approvers), func(who string) bool { return f.excluded(&n, who) })
		if !n.exempt && !f.fill(n.steps, n.owners, may) {
			return unmet
		}
	}
	return ""
}

// refusedWhoever reports what no approval mends.
func refusedWhoever(base, after state, c *change, f *facts) bool {
	if len(c.control) > 0 && len(c.entries)+len(c.goneGroups) > 0 {
		return true // mixed
	}
	if f.requester == "" {
		for _, who := range append([]string{f.author}, f.pushers...) {
			if !base.linked(who) {
				return true
			}
		}
	}
	for _, who := range f.carried {
		if !base.linked(who) && who != "rio" && len(c.control)+len(c.entries)+len(c.newGroups)+len(c.goneGroups) > 0 {
			return true
		}
	}
	type made struct{ group, account, team, set, request string }
	had := map[made]bool{}
	for k, e := range base.grants() {
		had[made{k.group, e.account, e.team, e.set, e.request}] = true
	}
	for k, e := range after.grants() {
		if e.request != "" && e.request != f.request && !slices.Contains(f.requests, e.request) && !had[made{k.group, e.account, e.team, e.set, e.request}] {
			return true // a forged request
		}
	}
	return false
}

// needsOf returns what must be approved; false when a rule forbids the term.
func needsOf(base, after state, c *change, f *facts) ([]need, bool) {
	var needs []need
	control := len(c.control) > 0
	for _, g := range c.newGroups {
		gains := false
		for a := range c.gained {
			gains = gains || a.group == g
		}
		control = control || !gains
	}
	if control {
		needs = append(needs, need{steps: []step{{[]string{"team:platform"}, base.count("control")}}})
	}
	for a, t := range c.gained {
		done := ""
		for _, s := range []state{base, after} {
			name, steps, most, standing := base.approvalRule(a.set, s.tag(a.account, "env"))
			if t.entry.hours == 0 && !standing || t.entry.hours > most {
				return nil, false
			}
			if name != done {
				needs = append(needs, need{steps: steps, owners: base.owners(accountPath(a.account)), gains: a.group})
			}
			done = name
		}
	}
	idle, ok := idleNeeds(base, after, c)
	if !ok {
		return nil, false
	}
	needs = append(append(needs, idle...), reasonNeeds(base, after)...)
	exempt := f.mayRemove(base, after, c)
	for a := range c.lost {
		n := base.anyOf(a.set, a.account)
		n.exempt = exempt
		needs = append(needs, n)
	}
	return needs, true
}

// anyOf is one approval by anybody the rule of a set in an account names.
func (s state) anyOf(set, account string) need {
	n := need{steps: []step{{count: 1}}, owners: s.owners(accountPath(account))}
	_, steps, _, _ := s.approvalRule(set, s.tag(account, "env"))
	for _, st := range steps {
		n.steps[0].refs = append(n.steps[0].refs, st.refs...)
	}
	return n
}

// reasonNeeds returns what must be approved of entries that stay and have
// another reason: where they reach nothing, the control plane does.
func reasonNeeds(base, after state) []need {
	var needs []need
	had := base.grants()
	for k, e := range after.grants() {
		if was, kept := had[k]; !kept || was.reason == e.reason {
			continue
		}
		reach := after.reach(e)
		for _, account := range reach {
			needs = append(needs, base.anyOf(e.set, account))
		}
		if len(reach) == 0 {
			needs = append(needs, need{steps: []step{{[]string{"team:platform"}, 1}}})
		}
	}
	return needs
}

// idleNeeds returns what must be approved of entries that come in and give
// nothing now; false when a rule forbids their term.
func idleNeeds(base, after state, c *change) ([]need, bool) {
	var needs []need
	had, has := base.grants(), after.grants()
	for k, e := range has {
		if _, kept := had[k]; kept {
			continue
		}
		reach := after.reach(e)
		if len(reach) == 0 && (!slices.Contains(c.newGroups, k.group) || c.gains(k.group)) {
			needs = append(needs, need{steps: []step{{[]string{"team:platform"}, base.count("control")}}, gains: k.group})
		}
		for _, account := range reach {
			a := assignment{k.group, account, e.set}
			_, gained := c.gained[a]
			_, lost := c.lost[a]
			if gained || lost || takenOver(base, has, k, e, account) {
				continue
			}
			done := ""
			for _, s := range []state{base, after} {
				name, steps, most, standing := base.approvalRule(e.set, s.tag(account, "env"))
				if e.hours == 0 && !standing || e.hours > most {
					return nil, false
				}
				if name != done {
					needs = append(needs, need{steps: steps, owners: base.owners(accountPath(account)), gains: k.group})
				}
				done = name
			}
		}
	}
	return needs, true
}

// takenOver reports whether an entry of the same term that goes gave the same.
func takenOver(base state, has map[grantKey]entry, k grantKey, e entry, account string) bool {
	for old, was := range base.grants() {
		if _, kept := has[old]; !kept && old.group == k.group && was.set == e.set && was.hours == e.hours && slices.Contains(base.reach(was), account) {
			return true
		}
	}
	return false
}

// gains reports whether a group gains anything.
func (c *change) gains(group string) bool {
	for a := range c.gained {
		if a.group == group {
			return true
		}
	}
	return false
}

// mayRemove reports a change that only removes, by people each of whom is
// entitled to all of it.
func (f *facts) mayRemove(base, after state, c *change) bool {
	if c.adds || len(f.carried) > 0 || len(c.gained)+len(c.control)+len(c.newGroups) > 0 {
		return false
	}
	movers := []string{f.requester}
	if f.requester == "" {
		movers = append([]string{f.author}, f.pushers...)
	}
	for a := range c.lost {
		for _, who := range movers {
			if !f.entitled(base, after, a, who) {
				return false
			}
		}
	}
	return true
}

func (f *facts) entitled(base, after state, a assignment, who string) bool {
	if slices.Contains(f.members[a.group], who) {
		return true
	}
	if base.linked(who) && (f.named(base.owners(accountPath(a.account)), nil, who) || f.named(base.owners(groupPath(a.group)), nil, who)) {
		return true
	}
	kept, gone := after.grants(), 0
	for k, e := range base.grants() {
		if _, stays := kept[k]; stays || k.group != a.group || e.set != a.set || !slices.Contains(base.reach(e), a.account) {
			continue
		}
		gone++
		if by := f.askedFor[e.request]; e.request == "" || by.who != who || by.group != k.group {
			return false
		}
	}
	return gone > 0
}

// latest returns those whose last opinion approves the head, and those whose
// last opinion asks for changes or did before it was dismissed. Only linked
// people have one.
func (f *facts) latest(base state) (approvers []string, objectors []opinion) {
	last := map[string]opinion{}
	for _, o := range f.opinions {
		if o.state == "COMMENTED" || !f.late && o.at.After(f.mergedAt) || !base.linked(o.who) {
			continue
		}
		if old, ok := last[o.who]; !ok || !o.at.Before(old.at) {
			last[o.who] = o
		}
	}
	for who, o := range last {
		switch {
		case o.state == "CHANGES_REQUESTED" || o.state == "DISMISSED" && o.gone.was == "changes_requested":
			objectors = append(objectors, o)
		case o.state == "APPROVED" && o.commit == f.head && o.at.After(f.since):
			approvers = append(approvers, who)
		}
	}
	slices.Sort(approvers)
	return approvers, objectors
}

// fill tries every way to give each place of the steps another person.
func (f *facts) fill(steps []step, owners, people []string) bool {
	for i, s := range steps {
		if s.count == 0 {
			continue
		}
		for j, who := range people {
			if !f.named(s.refs, owners, who) {
				continue
			}
			rest := slices.Clone(steps)
			rest[i].count--
			if f.fill(rest, owners, slices.Delete(slices.Clone(people), j, j+1)) {
				return true
			}
		}
		return false
	}
	return true
}
