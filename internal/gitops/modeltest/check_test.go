package modeltest_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/gitops"
)

// look has the bot look until it met everything, and compares.
func (w *world) look() {
	w.now = w.now.Add(time.Minute) // GitHub lets be written so much in a minute
	open := w.openRequests()
	if err := w.bot.Look(w.ctx); err != nil {
		if !strings.Contains(err.Error(), "does not show yet") {
			w.failf("look: %v", err)
		}
		w.tick()
		w.must(w.bot.Look(w.ctx))
	}
	before := w.model
	w.expectLook()
	w.renewed(open)
	w.sync()
	w.expectShown()
	w.compare()
	w.compareChecks()
	w.compareTold()
	w.tally.add(w.model.code)
	w.wantSeen(&before)
	w.tick() // who reads the check approves after it
}

// compareChecks holds the check of every open pull request that is up to date
// against what its merge would come to now.
func (w *world) compareChecks() {
	m := &w.model
	if m.halt != "" || m.position != w.main() {
		return
	}
	r := w.emu.State().Repos[0]
	for _, p := range w.pulls {
		head := w.commits[p.head].state
		if _, ok := w.chain(w.main(), p.head); !p.open || !ok {
			continue
		}
		want := "invalid"
		switch a := w.askOf(p); {
		case p.fork:
			want = forked
		case a != nil && a.ended:
			want = withdrawn
		case a != nil && a.head != p.head:
			want = moved
		case head.valid() && head.follows(m.state):
			f := w.behind(p, &pass{now: *m})
			f.teams, f.mergedAt = w.teams, w.now
			want = judge(m.state, head, m.starts, f)
		}
		if got := checkOf(&r, p.head); (got == "success") != (want == "") {
			w.failf("the check of #%d says %q; merged now it would be %q", p.number, got, want)
		}
	}
}

// wantSeen wants of everything that came into force with a look that somebody
// other than those behind it approved a head that holds it. It knows nothing of
// rules: it would find a model that is wrong in the same way as the bot.
func (w *world) wantSeen(before *walk) {
	m := &w.model
	chain, ok := w.chain(before.inForce, m.inForce)
	if !ok {
		w.failf("%.7s came into force and does not follow %.7s", m.inForce, before.inForce)
	}
	var seen []state
	for _, p := range w.pulls {
		if f := w.behind(p, nil); slices.Contains(chain, p.mergeCommit) && slices.ContainsFunc(p.opinions, func(o opinion) bool {
			return (o.state == "APPROVED" || f.stayed(o)) && o.commit == p.head && before.state.linked(o.who) && !slices.Contains(f.people(), o.who)
		}) {
			seen = append(seen, w.commits[p.head].state)
		}
	}
	was := before.state.desired(before.starts)
	for a, t := range m.state.desired(m.starts) {
		if old, had := was[a]; had && !t.after(old) {
			continue
		}
		if !slices.ContainsFunc(seen, func(s state) bool { _, has := s.desired(nil)[a]; return has }) {
			w.failf("%v came into force and nobody else approved a head that has it", a)
		}
	}
	for _, p := range differing(before.state, m.state) {
		if strings.HasPrefix(p, "groups/") {
			continue
		}
		for _, it := range m.state[p].items {
			if old, _ := find[item](before.state, p, it.id()); old == it {
				continue
			}
			if !slices.ContainsFunc(seen, func(s state) bool { now, _ := find[item](s, p, it.id()); return now == it }) {
				w.failf("%v of %s came into force and nobody else approved a head that has it", it, p)
			}
		}
	}
}

// openRequests are the requests that are open with the commit the bot made.
func (w *world) openRequests() []*ask {
	return slices.DeleteFunc(slices.Clone(w.asks), func(r *ask) bool {
		p := w.pulls[r.pull]
		return p == nil || !p.open || p.head != r.head
	})
}

// renewed checks that every request that lay behind was put on the new base,
// and only those.
func (w *world) renewed(open []*ask) {
	state := w.emu.State().Repos[0]
	m := &w.model
	caughtUp := m.halt == "" && m.inForce == w.main() && m.position == w.main()
	for _, r := range open {
		head := state.Branches["access/"+r.id]
		s := w.commits[w.main()].state
		able := r.revokes == "" || len(r.revoked(s)) > 0
		if want := caughtUp && r.base != w.main() && able; want != (head != r.head) {
			w.failf("request %s lies behind and can be renewed: %v; was renewed: %v", r.id, want, head != r.head)
		} else if !want {
			continue
		}
		w.know(head, r.apply(s), w.main())
		r.base, r.head = w.main(), head
	}
}

// apply makes the change of a request.
func (r *ask) apply(s state) state {
	for _, e := range r.revoked(s) {
		s = s.edit(groupPath(r.group), drop(e.id()))
	}
	for _, e := range r.adds {
		s = s.edit(groupPath(r.group), put(e))
	}
	return s
}

// revoked are the entries that a request takes out: all of the other request in
// the file of the group, also one that somebody wrote there by hand.
func (r *ask) revoked(s state) []entry {
	f := s[groupPath(r.group)]
	if f == nil || r.revokes == "" {
		return nil
	}
	return slices.DeleteFunc(f.entries(), func(e entry) bool { return e.request != r.revokes })
}

// expectShown notes what the checks of open pull requests now show.
func (w *world) expectShown() {
	for _, r := range w.asks {
		p := w.pulls[r.pull]
		r.ended = r.ended || !p.open && p.mergedAt.IsZero()
	}
	for n, p := range w.pulls {
		if !p.open {
			continue
		}
		sh := shown{head: p.head, at: w.now}
		if old := w.model.shown[n]; old.head == p.head {
			sh.at = old.at
		}
		if r := w.askOf(p); w.commits[p.head].state.valid() && (r == nil || r.head == p.head) {
			sh.teams, sh.manager, sh.members = w.teams.clone(), w.behind(p, nil).manager, w.members.clone()
			if old := w.model.shown[n]; old.head == p.head && old.members != nil {
				sh.members = old.members
			}
		}
		left := w.validOr(w.mergeBase(w.main(), p.head), w.model.state, w.model.passed)
		if !w.commits[p.head].state.follows(left) {
			sh.teams, sh.manager, sh.members = roster{}, "", nil // shown as invalid, with nobody
		}
		w.model.shown[n] = sh
	}
}

// compare holds the bot against the model.
func (w *world) compare() {
	s, err := w.bot.Status(w.ctx)
	w.must(err)
	halt, code, text := "", "", ""
	if s.Halt != nil {
		halt, code, text = s.Halt.Commit, string(s.Halt.Code), s.Halt.Text
	}
	m := &w.model
	if s.InForce != m.inForce || s.Position != m.position || halt != m.halt || code != m.code {
		w.failf("the bot has in force %.7s at %.7s with halt %q at %.7s (%s)\nthe model wants   %.7s at %.7s with halt %q at %.7s",
			s.InForce, s.Position, code, halt, text, m.inForce, m.position, m.code, m.halt)
	}
	if !slices.Equal(s.Passed, m.passed) {
		w.failf("the bot passed over %v, the model %v", s.Passed, m.passed)
	}
	w.compareConfig()
	w.compareVerdicts()
}

// compareConfig holds the content in force against the model's.
func (w *world) compareConfig() {
	f, err := w.bot.InForce(w.ctx)
	w.must(err)
	var got, want []string
	for _, d := range f.Repo.Desired(f.Starts, w.now) {
		got = append(got, fmt.Sprintf("%s %s %s until %s", d.Assignment.Principal.ID, d.Assignment.Account, d.Assignment.PermissionSet, d.End.UTC().Format(time.RFC3339)))
	}
	for a, t := range w.model.state.desired(w.model.starts) {
		want = append(want, fmt.Sprintf("%s %s %s until %s", groupIDs[a.group], accountIDs[a.account], a.set, t.end.UTC().Format(time.RFC3339)))
	}
	got, want = append(got, factsOf(f.Repo)...), append(want, w.model.state.facts()...)
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		w.failf("in force is\n%s\nthe model wants\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// factsOf are the facts that rules ask, as the bot has them.
func factsOf(r *config.Repo) []string {
	var out []string
	for slug, a := range r.Accounts {
		out = append(out, fmt.Sprintf("%s %v %v %v", slug, a.Tags["env"], a.Tags["team"], a.Owners))
	}
	for _, p := range r.People.People {
		out = append(out, "linked "+p.Email)
	}
	for _, rl := range r.Access.Approvals {
		out = append(out, fmt.Sprintf("rule %s %d", rl.Name, rl.Steps[len(rl.Steps)-1].Count))
	}
	return append(out, fmt.Sprintf("rule control %d", r.Access.ControlPlane[0].Count))
}

// facts are the same as the model has them.
func (s state) facts() []string {
	var out []string
	for _, a := range accounts {
		out = append(out, fmt.Sprintf("%s %v %v %v", a, s.tag(a, "env"), s.tag(a, "team"), s.owners(accountPath(a))))
	}
	for _, n := range castNames {
		if s.linked(n) {
			out = append(out, "linked "+cast[n].email())
		}
	}
	for n := range ruleText {
		out = append(out, fmt.Sprintf("rule %s %d", n, s.count(n)))
	}
	return out
}

// compareVerdicts holds the recorded verdicts against the model's, and wants
// none to change but as designed: what was passed over comes into force with a
// later commit, or was taken back until then, an operator has the last word, and what follows the commit that
// he trusts is judged once more, as a change of that one.
func (w *world) compareVerdicts() {
	judged := w.ancestors(w.model.position)
	for _, sha := range slices.Sorted(maps.Keys(w.commits)) {
		v, ok, err := w.records.CommitVerdict(w.ctx, sha)
		w.must(err)
		want := w.model.outcomes[sha]
		if !ok && want == "" {
			continue
		}
		if string(v.Outcome) != want {
			w.failf("the verdict of commit %.7s is %q, the model wants %q", sha, v.Outcome, want)
		}
		old := w.seen[sha]
		caught := old == gitops.Invalid && (v.Outcome == gitops.Verified || v.Outcome == gitops.Undone && w.takenBack(sha, w.model.state))
		if old != "" && old != v.Outcome && !caught && !w.trusted && !w.again[sha] {
			w.failf("the verdict of commit %.7s was %q and is %q", sha, old, v.Outcome)
		}
		if judged[sha] {
			delete(w.again, sha)
		}
		if w.seen[sha] = v.Outcome; old != v.Outcome {
			w.tally.add(string(v.Outcome))
		}
	}
	w.trusted = false
}
