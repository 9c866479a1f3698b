package modeltest_test

import (
	"maps"
	"slices"
	"time"
)

// commit is a commit whose meaning is known.
type commit struct {
	sha     string
	parents []string
	state   state
	at      time.Time
}

// pull is a pull request as GitHub has it.
type pull struct {
	number      int
	author      string
	fork        bool // its branch is in another repository
	branch      string
	head        string
	base        string // of the default branch, when the head was moved last
	open        bool
	mergedAt    time.Time // zero when not merged
	mergeCommit string
	landed      []string // first parents of the branch that GitHub says it brought
	opinions    []opinion
	turned      time.Time // when it was last opened again
}

// ask is a request of the bot.
type ask struct {
	id, requester, group string
	adds                 []entry // at most one
	revokes              string  // the request all of whose entries it takes out
	pull                 int
	base, head           string // of the commit the bot made
	ended                bool   // its pull request was seen closed: who asked was told so
}

// shown is who was in the teams when a head was last shown; nil teams when no
// verdict could be shown for it.
type shown struct {
	head    string
	at      time.Time // when the head was first shown
	teams   roster
	manager string
	members roster // of groups, when a verdict was first shown
}

// walk is where the bot must be, by the words of the design.
type walk struct {
	position string
	inForce  string
	state    state
	starts   starts
	halt     string // the commit
	code     string
	// passed are invalid commits since the one in force; carried, requests
	// who is behind them.
	passed, carried, requests []string
	// outcomes has every verdict.
	outcomes map[string]string
	shown    map[int]shown
}

// unit is what one pull request put on the branch.
type unit struct {
	commits []string
	pull    *pull // nil for what was pushed directly
}

func (u *unit) last() string { return u.commits[len(u.commits)-1] }

// chain returns the first parents from one commit to another, oldest first;
// false when from is not among them.
func (w *world) chain(from, to string) ([]string, bool) {
	var out []string
	for sha := to; sha != from; {
		c := w.commits[sha]
		if len(c.parents) == 0 {
			return nil, false
		}
		out = append(out, sha)
		sha = c.parents[0]
	}
	slices.Reverse(out)
	return out, true
}

// source finds the one pull request a commit came from.
func (w *world) source(sha string, chain []string) *pull {
	var exact, part []*pull
	for _, n := range slices.Sorted(maps.Keys(w.pulls)) {
		p := w.pulls[n]
		switch {
		case p.mergedAt.IsZero():
		case p.mergeCommit == sha:
			exact = append(exact, p)
		case slices.Contains(p.landed, sha) && slices.Contains(chain, p.mergeCommit):
			part = append(part, p)
		}
	}
	if len(exact) == 0 {
		exact = part
	}
	if len(exact) != 1 {
		return nil
	}
	return exact[0]
}

// units groups a chain.
func (w *world) units(chain []string) []unit {
	var out []unit
	for i := 0; i < len(chain); i++ {
		p := w.source(chain[i], chain)
		if p == nil {
			out = append(out, unit{commits: chain[i : i+1]})
			continue
		}
		if p.fork { // which explains no commit: each is for itself
			out = append(out, unit{commits: chain[i : i+1], pull: p})
			continue
		}
		j := i
		for j+1 < len(chain) && chain[j] != p.mergeCommit && w.source(chain[j+1], chain) == p {
			j++
		}
		u := unit{commits: chain[i : j+1], pull: p}
		if u.last() != p.mergeCommit {
			u.pull = nil
		}
		out = append(out, u)
		i = j
	}
	return out
}

// pass is one walk over new units.
type pass struct {
	w          *world
	now        walk // as it would be stored
	units      []unit
	base, prev state
	starts     starts
	undone     []undoing
	done       map[string]string // outcomes not stored yet
}

// undoing is what a bad unit touched, as it was, until a later one restores it.
type undoing struct {
	was   map[string]*file
	until int
}

// expectLook says where the bot must be after it looked.
func (w *world) expectLook() {
	chain, ok := w.chain(w.model.position, w.main())
	switch {
	case !ok:
		w.model.halt, w.model.code = w.main(), rewritten
	case len(chain) == 0:
		w.model.halt, w.model.code = "", ""
	default:
		p := pass{
			w: w, now: w.model, units: w.units(chain), base: w.model.state, starts: w.model.starts,
			prev: w.commits[w.model.position].state, done: map[string]string{},
		}
		for i := range p.units {
			if !p.step(i) {
				return
			}
		}
	}
}

// thought is a state without what was undone.
func (p *pass) thought(s state) state {
	out := maps.Clone(s)
	for _, u := range p.undone {
		for path, f := range u.was {
			if out[path] = f; f == nil {
				delete(out, path)
			}
		}
	}
	return out
}

// step takes in one unit; false when the walk halts there.
func (p *pass) step(i int) bool {
	u := &p.units[i]
	raw := p.w.commits[u.last()].state
	p.undone = slices.DeleteFunc(p.undone, func(u undoing) bool { return u.until < i })
	after := p.thought(raw)
	code := p.w.verify(p, u, after)
	whole := equal(after, raw)
	switch code {
	case "":
		p.take(u, after, whole)
	case "invalid":
		p.prev = after
		p.done[u.last()] = "invalid"
		f := p.w.behind(u.pull, nil)
		p.now.passed = append(slices.Clone(p.now.passed), u.last())
		p.now.carried = append(slices.Clone(p.now.carried), f.people()...)
		if f.request != "" {
			p.now.requests = append(slices.Clone(p.now.requests), f.request)
		}
		if whole {
			p.store(u, nil)
		}
	default:
		return p.broken(i, after, raw, code)
	}
	return true
}

// take takes in what passed.
func (p *pass) take(u *unit, after state, whole bool) {
	if !whole && equal(after, p.prev) {
		p.done[u.last()] = "undone" // all it did is put back with what is bad
		return
	}
	p.starts = follow(p.base, after, p.starts, always(u.pull.mergedAt))
	p.done[u.last()] = "verified"
	p.base, p.prev = after, after
	if whole {
		p.store(u, after)
	}
}

// broken thinks away what a later commit restores, or halts.
func (p *pass) broken(i int, after, raw state, code string) bool {
	u := &p.units[i]
	touched := differing(p.prev, after)
	if len(touched) > 0 || len(p.undone) == 0 {
		until := p.restored(i, touched)
		if until < 0 {
			p.w.model.halt, p.w.model.code = u.last(), code
			return false
		}
		was := map[string]*file{}
		for _, path := range touched {
			was[path] = p.prev[path]
		}
		if len(was) > 0 {
			p.undone = append(p.undone, undoing{was, until})
		}
	}
	p.done[u.last()] = "undone"
	p.prev = p.thought(raw)
	switch {
	case !equal(p.prev, raw):
	case equal(raw, p.base):
		p.store(u, p.base)
	default:
		p.store(u, nil)
	}
	return true
}

// restored returns the first later unit that leaves all paths as they were, or
// -1.
func (p *pass) restored(i int, touched []string) int {
	for n := i + 1; n < len(p.units); n++ {
		s := p.w.commits[p.units[n].last()].state
		if !slices.ContainsFunc(touched, func(path string) bool { return !sameFile(s[path], p.prev[path]) }) {
			return n
		}
	}
	return -1
}

// store makes a step durable, with another state in force or nil.
func (p *pass) store(u *unit, s state) {
	p.now.position, p.now.halt, p.now.code = u.last(), "", ""
	if s != nil {
		p.now.inForce, p.now.state, p.now.starts = u.last(), s, p.starts
		for _, sha := range p.now.passed {
			if p.now.outcomes[sha] == "invalid" || p.done[sha] == "invalid" {
				p.done[sha] = "verified"
				if p.w.takenBack(sha, s) {
					p.done[sha] = "undone"
				}
			}
		}
		p.now.passed, p.now.carried, p.now.requests = nil, nil, nil
	}
	p.now.outcomes = maps.Clone(p.now.outcomes)
	maps.Copy(p.now.outcomes, p.done)
	p.done, p.undone = map[string]string{}, nil
	p.w.model = p.now
}

// takenBack reports whether a passed-over commit is the merge of a request whose
// grant is not in a state, whatever its length is by then: the entry that has the
// request's id is the request's.
func (w *world) takenBack(sha string, s state) bool {
	for _, r := range w.asks {
		if p := w.pulls[r.pull]; p != nil && p.mergeCommit == sha && len(r.adds) > 0 {
			for _, e := range s.grants() {
				if e.request == r.id {
					return false
				}
			}
			return true
		}
	}
	return false
}

// verify says which rule a unit breaks, "" for none.
func (w *world) verify(p *pass, u *unit, after state) string {
	if u.pull == nil {
		return direct
	}
	if u.pull.fork {
		return forked
	}
	if !after.valid() || !after.follows(p.base) {
		return "invalid"
	}
	if r := w.askOf(u.pull); r != nil && r.ended {
		return withdrawn
	} else if r != nil && r.head != u.pull.head {
		return moved
	}
	if !w.sameContent(p, u) || !w.nothingMore(p, u, after) || !w.asAsked(p, u, after) {
		return unlike
	}
	f := w.behind(u.pull, p)
	f.late = w.model.halt == u.last()
	f.teams = w.teams
	if s, ok := w.model.shown[u.pull.number]; ok && s.head == u.pull.head && s.teams != nil {
		late := f.approvedLate()
		f.teams = w.teams.both(s.teams, late...)
		if s.manager != f.manager && !(p.base.linked(f.manager) && slices.Contains(late, f.manager)) {
			f.manager = ""
		}
	}
	return judge(p.base, after, p.starts, f)
}

// sameContent reports whether a unit did what its pull request showed.
func (w *world) sameContent(p *pass, u *unit) bool {
	head, did := w.commits[u.pull.head].state, w.commits[u.last()].state
	parent := w.commits[u.commits[0]].parents[0]
	if equal(head, did) && w.mergeBase(parent, u.pull.head) == parent {
		return true
	}
	if !head.valid() || !did.valid() {
		return false
	}
	was := w.shown(p, u)
	is := compare(w.validOr(parent, p.base, p.now.passed), did, p.starts, u.pull.mergedAt)
	return was.same(&is)
}

// asAsked reports whether a bot pull request gives what was asked for and
// nothing else.
func (w *world) asAsked(p *pass, u *unit, after state) bool {
	r := w.askOf(u.pull)
	if r == nil {
		return true
	}
	c := compare(p.base, after, p.starts, u.pull.mergedAt)
	had := p.base.grants()
	for a := range c.gained {
		if !r.wants(a) {
			return false
		}
	}
	for k, e := range after.grants() {
		if _, kept := had[k]; kept {
			continue
		}
		reach := after.reach(e)
		if len(reach) == 0 {
			return false
		}
		for _, account := range reach {
			a := assignment{k.group, account, e.set}
			if _, lost := c.lost[a]; !lost && !takenOver(p.base, after.grants(), k, e, account) && !r.wants(a) {
				return false
			}
		}
	}
	return true
}

// wants reports whether a request asks for an assignment.
func (r *ask) wants(a assignment) bool {
	return r.group == a.group && slices.ContainsFunc(r.adds, func(e entry) bool { return e.account == a.account && e.set == a.set })
}

// validOr is the state at a commit, or another one where it is not valid, by
// itself or, passed over, as a step.
func (w *world) validOr(sha string, other state, passed []string) state {
	if s := w.commits[sha].state; s.valid() && !slices.Contains(passed, sha) {
		return s
	}
	return other
}

// shown is the change that the head of a unit's pull request showed.
func (w *world) shown(p *pass, u *unit) change {
	left := w.mergeBase(w.commits[u.commits[0]].parents[0], u.pull.head)
	return compare(w.validOr(left, p.base, p.now.passed), w.commits[u.pull.head].state, p.starts, u.pull.mergedAt)
}

// nothingMore reports whether all that a unit would bring into force was shown:
// without what is thought away it may be more.
func (w *world) nothingMore(p *pass, u *unit, after state) bool {
	parent, did := w.commits[w.commits[u.commits[0]].parents[0]].state, w.commits[u.last()].state
	if equal(parent, p.base) && equal(did, after) {
		return true
	}
	if !w.commits[u.pull.head].state.valid() {
		return false
	}
	was, is := w.shown(p, u), compare(p.base, after, p.starts, u.pull.mergedAt)
	return is.within(&was)
}

// behind gathers who stands behind a pull request.
func (w *world) behind(p *pull, ps *pass) *facts {
	f := &facts{head: p.head, since: p.turned, mergedAt: p.mergedAt, members: w.members, opinions: p.opinions, askedFor: map[string]asked{}}
	if s := w.model.shown[p.number]; s.head == p.head {
		f.were = s.members
		if s.at.After(f.since) {
			f.since = s.at
		}
	}
	for _, a := range w.activity {
		if a.Ref != "refs/heads/"+p.branch || a.Kind == "branch_deletion" || !p.mergedAt.IsZero() && a.At.After(p.mergedAt) {
			continue
		}
		if a.Actor != botLogin {
			f.pushers = append(f.pushers, a.Actor)
		}
	}
	if r := w.askOf(p); r != nil {
		f.requester, f.request = r.requester, r.id
	} else {
		f.author = p.author
	}
	f.manager = w.managers[f.requester+f.author]
	for _, r := range w.asks {
		f.askedFor[r.id] = asked{r.requester, r.group}
	}
	if ps != nil {
		f.carried, f.requests = ps.now.carried, ps.now.requests
	}
	return f
}

// people are all behind a change.
func (f *facts) people() []string {
	out := slices.Clone(f.pushers)
	if f.requester != "" {
		return append(out, f.requester)
	}
	return append(out, f.author)
}

// askOf returns the request a pull request is of.
func (w *world) askOf(p *pull) *ask {
	for _, r := range w.asks {
		if r.pull == p.number {
			return r
		}
	}
	return nil
}

// ancestors returns a commit and all before it.
func (w *world) ancestors(sha string) map[string]bool {
	out := map[string]bool{}
	todo := []string{sha}
	for len(todo) > 0 {
		s := todo[0]
		todo = todo[1:]
		if !out[s] {
			out[s] = true
			todo = append(todo, w.commits[s].parents...)
		}
	}
	return out
}

// mergeBase returns the newest best common ancestor.
func (w *world) mergeBase(a, b string) string {
	common := w.ancestors(a)
	other := w.ancestors(b)
	for s := range common {
		if !other[s] {
			delete(common, s)
		}
	}
	best := ""
	for s := range common {
		inner := false
		for t := range common {
			inner = inner || t != s && w.ancestors(t)[s]
		}
		if !inner && (best == "" || w.commits[s].at.After(w.commits[best].at)) {
			best = s
		}
	}
	return best
}

// begun says when each grant at a commit began, if all on the way to it came
// into force when it was merged.
func (w *world) begun(sha string) starts {
	chain := []string{sha}
	for at := sha; len(w.commits[at].parents) > 0; {
		at = w.commits[at].parents[0]
		chain = append(chain, at)
	}
	slices.Reverse(chain)
	var base state
	var out starts
	for _, at := range chain {
		c := w.commits[at]
		if !c.state.valid() {
			continue
		}
		merged := c.at
		if p := w.source(at, chain); p != nil {
			merged = p.mergedAt
		}
		out = follow(base, c.state, out, always(merged))
		base = c.state
	}
	return out
}

// expectTrust says where the bot must be after an operator's word; false when it
// must refuse.
func (w *world) expectTrust(sha string) bool {
	if !w.commits[sha].state.valid() {
		return false
	}
	seen := false
	for at := w.main(); ; at = w.commits[at].parents[0] {
		if at == sha {
			break
		}
		seen = seen || at == w.model.inForce
		if len(w.commits[at].parents) == 0 {
			return false
		}
	}
	if seen {
		return false
	}
	m := &w.model
	c := w.commits[sha]
	begun := w.begun(sha)
	m.starts = follow(m.state, c.state, m.starts, func(k grantKey, e entry) time.Time {
		for _, r := range w.asks {
			if p := w.pulls[r.pull]; r.id == e.request && p != nil && !p.mergedAt.IsZero() {
				return p.mergedAt
			}
		}
		return begun[k]
	})
	m.outcomes = maps.Clone(m.outcomes)
	if chain, ok := w.chain(m.position, sha); ok && len(chain) > 0 {
		for _, s := range chain {
			m.outcomes[s] = "trusted"
		}
	} else {
		m.outcomes[sha] = "trusted"
	}
	for _, s := range m.passed {
		if w.ancestors(sha)[s] {
			m.outcomes[s] = "verified"
			if w.takenBack(s, c.state) {
				m.outcomes[s] = "undone"
			}
		}
	}
	m.position, m.inForce, m.state, m.halt, m.code = sha, sha, c.state, "", ""
	m.passed, m.carried, m.requests = nil, nil, nil
	return true
}
