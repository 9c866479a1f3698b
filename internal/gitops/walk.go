package gitops

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/gitops/audience"
	"aws-access-bot/internal/gitops/review"
)

// walker is one pass over the units between the position and the branch head.
type walker struct {
	g    *Gitops
	walk Walk
	// units are those of the pass; after[i] has the tree each leaves. unread is
	// why that of the first beyond after cannot be read, nil when all were.
	units  []unit
	after  []*snapshot
	unread error
	// prev is the content of the unit before, valid or not; base the last
	// valid one; both as undone paths leave them.
	prev, base *snapshot
	starts     config.Starts
	// undone are the bad units that later ones restore, oldest first.
	undone []undoing
	// pending are verdicts not stored yet: of commits before the one that
	// restores what a bad one touched.
	pending []Verdict
	// people are behind the assignments of units that passed and are not
	// stored yet.
	people []audience.Kept
	// voids is what they brought that grants nothing.
	voids []voided
	// moved is set when another commit came into force.
	moved bool
	// dry is set for a rehearsal, which stores and tells nothing.
	dry *rehearsal
}

// undoing is a bad unit that is thought away.
type undoing struct {
	// was has what each path it touched was before; nil for absent.
	was map[string]*TreeEntry
	// until is the unit that leaves all of them as they were: what later ones
	// do to these paths counts again.
	until int
	// whole is all that was before, of a unit whose tree is not known whole;
	// nil of others.
	whole map[string]TreeEntry
}

// walkBranch brings the position as far as the branch allows, and reports
// whether another commit came into force.
func (g *Gitops) walkBranch(ctx context.Context) (bool, error) {
	g.judging.commit = ""
	moved, err := g.walkOn(ctx)
	if ctx.Err() != nil {
		return moved, err
	}
	return moved, errors.Join(err, g.noticeStall(ctx, err))
}

func (g *Gitops) walkOn(ctx context.Context) (bool, error) {
	walk, err := g.state.Walk(ctx)
	if err != nil {
		return false, fmt.Errorf("read the walk: %w", err)
	}
	if walk.InForce.Commit == "" {
		return false, nil
	}
	head, err := g.host.Branch(ctx, g.opt.Branch)
	g.tip = head
	if errors.Is(err, ErrNotFound) {
		bad := faultf(HaltNoBranch, "The branch %s does not exist.", g.opt.Branch)
		return false, g.halt(ctx, walk, walk.Position, bad, nil, "")
	}
	if err != nil {
		return false, fmt.Errorf("read the head of %s: %w", g.opt.Branch, err)
	}
	g.judging.commit = head
	chain, bad, err := g.chain(ctx, walk.Position, head)
	if err != nil {
		return false, err
	}
	if bad != nil {
		return false, g.halt(ctx, walk, head, bad, nil, "")
	}
	if len(chain) == 0 {
		return false, g.unhalt(ctx, walk)
	}
	g.judging.commit = chain[0].SHA
	w := &walker{g: g, walk: walk}
	err = w.run(ctx, chain)
	return w.moved, err
}

// run judges the units of a chain, oldest first, as far as they can be read:
// what was verified is not held up by what came after it.
func (w *walker) run(ctx context.Context, chain []Commit) error {
	if err := w.load(ctx, chain); err != nil {
		return err
	}
	for i := range w.after {
		if on, err := w.step(ctx, i); err != nil || !on {
			return err
		}
	}
	return w.stuck()
}

// stuck is why not all units can be read, and names the first as what cannot be
// judged.
func (w *walker) stuck() error {
	if w.unread != nil {
		w.g.judging.commit = w.units[len(w.after)].last().SHA
	}
	return w.unread
}

// load reads what a pass over a chain begins with, and the units up to the
// first that cannot be read.
func (w *walker) load(ctx context.Context, chain []Commit) error {
	force, err := w.g.inForce(ctx)
	if err != nil {
		return err
	}
	w.starts = force.Starts
	if w.units, err = w.g.units(ctx, chain); err != nil {
		return err
	}
	if w.prev, err = w.g.reader.read(ctx, w.walk.Position); err != nil {
		return err
	}
	if w.base, err = w.g.reader.read(ctx, w.walk.InForce.Commit); err != nil {
		return err
	}
	for i := range w.units {
		s, err := w.g.reader.read(ctx, w.units[i].last().SHA)
		if err != nil {
			w.unread = err
			return nil
		}
		w.after = append(w.after, s)
	}
	return nil
}

// step judges one unit and reports whether the walk goes on.
func (w *walker) step(ctx context.Context, i int) (bool, error) {
	u := &w.units[i]
	w.g.judging.commit = u.last().SHA
	if u.young {
		return false, fmt.Errorf("commit %s: %w", short(u.last().SHA), errNotYet)
	}
	w.undone = slices.DeleteFunc(w.undone, func(u undoing) bool { return u.until < i })
	after, err := w.thought(ctx, w.after[i])
	if err != nil {
		return false, err
	}
	late := w.walk.Halt != nil && w.walk.Halt.Commit == u.last().SHA
	u.before = w.pending
	j, err := w.g.verify(ctx, w.base, after, u, &w.walk, w.starts, late)
	if err != nil {
		return false, fmt.Errorf("verify commit %s: %w", short(u.last().SHA), err)
	}
	switch {
	case j.bad != nil:
		return w.bad(ctx, i, after, &j)
	case len(j.problems) > 0:
		return true, w.invalid(ctx, i, after, &j)
	default:
		return true, w.pass(ctx, i, after, &j)
	}
}

// thought returns a snapshot as it would be without the undone commits.
func (w *walker) thought(ctx context.Context, s *snapshot) (*snapshot, error) {
	if len(w.undone) == 0 {
		return s, nil
	}
	entries, cut := maps.Clone(s.entries), s.cut
	for _, u := range w.undone {
		if u.whole != nil {
			entries, cut = maps.Clone(u.whole), false
			continue
		}
		for p, e := range u.was {
			if e == nil {
				delete(entries, p)
			} else {
				entries[p] = *e
			}
		}
	}
	if cut == s.cut && maps.Equal(entries, s.entries) {
		return s, nil
	}
	if cut {
		return cutShort(s.commit, entries), nil
	}
	return w.g.reader.assemble(ctx, s.commit, entries)
}

// bad deals with a unit that breaks a rule: it is passed over when a later
// commit restored what it touched, else it halts the walk.
func (w *walker) bad(ctx context.Context, i int, after *snapshot, j *judged) (bool, error) {
	u := &w.units[i]
	touched := diff(w.prev.entries, after.entries)
	within := len(touched) == 0 && len(w.undone) > 0
	if !within {
		until, ok := w.restoredLater(i, touched, after.cut)
		if w.dry != nil {
			if !w.dry.met(w, i, touched, j) {
				return false, nil
			}
			if !ok {
				until, ok = len(w.after)-1, true
			}
		}
		if !ok && w.unread != nil {
			return false, w.stuck() // which may restore it
		}
		if !ok {
			j.bad.commits = len(u.commits)
			if err := w.g.showLate(ctx, u, j, after.repo); err != nil {
				return false, err
			}
			return false, w.g.halt(ctx, w.walk, u.last().SHA, j.bad, u.pull, j.origin.id)
		}
		if len(touched) > 0 {
			u := undoing{was: touched, until: until}
			if after.cut {
				u.whole = w.prev.entries
			}
			w.undone = append(w.undone, u)
		}
	}
	w.pending = append(w.pending, w.verdict(u, j, Undone, j.bad.text))
	restored, err := w.thought(ctx, w.after[i])
	if err != nil {
		return false, err
	}
	w.prev = restored
	if restored != w.after[i] {
		return true, nil
	}
	// The branch is whole again here. Only what was verified comes into force:
	// a commit before may have been passed over with what it holds.
	if maps.Equal(restored.entries, w.base.entries) {
		return true, w.advance(ctx, u, w.base)
	}
	return true, w.moveOn(ctx, u)
}

// moveOn brings the position past a unit where the branch is whole and nothing
// comes into force.
func (w *walker) moveOn(ctx context.Context, u *unit) error {
	w.undone = nil
	return w.store(ctx, Advance{To: u.last().SHA}, nil)
}

// diff returns what the paths that differ were before; nil for absent.
func diff(before, after map[string]TreeEntry) map[string]*TreeEntry {
	out := map[string]*TreeEntry{}
	for p, e := range before {
		if after[p] != e {
			out[p] = &e
		}
	}
	for p := range after {
		if _, ok := before[p]; !ok {
			out[p] = nil
		}
	}
	return out
}

// restoredLater returns the first later unit that leaves every path as it was,
// and all of them when what unit i touched is known only in part.
func (w *walker) restoredLater(i int, touched map[string]*TreeEntry, cut bool) (int, bool) {
	for n := i + 1; n < len(w.after); n++ {
		whole := !w.after[n].cut && (!cut || maps.Equal(w.after[n].entries, w.prev.entries))
		for p, was := range touched {
			now, ok := w.after[n].entries[p]
			if !whole || ok != (was != nil) || ok && now != *was {
				whole = false
				break
			}
		}
		if whole {
			return n, true
		}
	}
	return 0, false
}

// invalid passes over a unit whose config cannot be used.
func (w *walker) invalid(ctx context.Context, i int, after *snapshot, j *judged) error {
	u := &w.units[i]
	w.prev = after
	w.pending = append(w.pending, w.verdict(u, j, Invalid, strings.Join(j.problems, "\n")))
	w.walk.Passed = append(w.walk.Passed, u.last().SHA)
	w.walk.Carried = append(w.walk.Carried, j.origin.people()...)
	if r := j.origin.request; r != nil {
		w.walk.CarriedEntra = append(w.walk.CarriedEntra, r.Requester)
		w.walk.CarriedEntra = append(w.walk.CarriedEntra, r.Joined...)
		w.walk.CarriedEntra = append(w.walk.CarriedEntra, slices.Sorted(maps.Keys(r.JoinedLater))...)
	}
	if w.dry == nil {
		w.g.tellInvalid(ctx, u, j.problems, w.walk.InForce.At)
	}
	if after != w.after[i] {
		return nil // undone paths are not restored yet
	}
	return w.moveOn(ctx, u)
}

// pass takes in a unit that may be put in force, and does so unless undone
// paths are not restored yet.
func (w *walker) pass(ctx context.Context, i int, after *snapshot, j *judged) error {
	u := &w.units[i]
	if after != w.after[i] && len(diff(w.prev.entries, after.entries)) == 0 {
		// All it changed is put back by the commit that restores a bad one.
		w.pending = append(w.pending, w.verdict(u, j, Undone, "put back by a later commit"))
		return nil
	}
	if err := w.voidsOf(ctx, u, after, j); err != nil {
		return err
	}
	w.starts = config.NextStarts(w.base.repo, after.repo, w.starts, config.Start{MergedAt: u.pull.MergedAt, AskedAt: j.origin.askedAt})
	v := w.verdict(u, j, Verified, approvedBy(&j.verdict))
	v.Approvers, v.Rules = decidedBy(&j.verdict)
	v.Void = void(after.repo, string(j.origin.id), w.starts)
	w.pending = append(w.pending, v)
	w.useAuto(u, j)
	for _, k := range j.people {
		k.Request = j.origin.id
		w.people = append(w.people, k)
	}
	w.prev, w.base = after, after
	if after != w.after[i] {
		return nil // undone paths are not restored yet
	}
	return w.advance(ctx, u, after)
}

// useAuto counts what a unit gave without an approval, and forgets what is
// older than a day.
func (w *walker) useAuto(u *unit, j *judged) {
	at := u.pull.MergedAt
	w.walk.Auto = slices.DeleteFunc(slices.Clone(w.walk.Auto), func(a AutoUse) bool { return at.Sub(a.At) >= autoDay })
	if n := j.verdict.AutoCount(); n > 0 {
		w.walk.Auto = append(w.walk.Auto, AutoUse{Entra: j.origin.request.Requester, At: at, Count: n})
	}
}

func (w *walker) verdict(u *unit, j *judged, o Outcome, text string) Verdict {
	v := Verdict{Commit: u.last().SHA, Outcome: o, At: w.g.opt.Now(), Request: j.origin.id, Text: text}
	if u.pull != nil {
		v.Pull = u.pull.Number
	}
	return v
}

// approvedBy lists who approved, for the record.
func approvedBy(v *review.Verdict) string {
	names := approvers(v)
	if len(names) == 0 {
		return "nobody needed to approve"
	}
	return "approved by " + strings.Join(names, ", ")
}

// approvers returns the logins of those whose approvals count.
func approvers(v *review.Verdict) []string {
	var names []string
	for _, n := range v.Needs {
		for _, s := range n.Steps {
			for _, p := range s.Approved {
				if !slices.Contains(names, p.User.Login) {
					names = append(names, p.User.Login)
				}
			}
		}
	}
	return names
}

// decidedBy returns who had approved, nobody being another thing than unknown,
// and the rules that were asked.
func decidedBy(v *review.Verdict) ([]review.User, []string) {
	users := make([]review.User, 0, len(v.Approvals))
	for _, p := range v.Approvals {
		users = append(users, p.User)
	}
	var rules []string
	for _, n := range v.Needs {
		if !slices.Contains(rules, n.Rule) {
			rules = append(rules, n.Rule)
		}
	}
	return users, rules
}

// advance puts the last commit of a unit in force.
func (w *walker) advance(ctx context.Context, u *unit, s *snapshot) error {
	force := &InForce{
		Commit: u.last().SHA, Tree: u.last().Tree, At: w.g.opt.Now(), Starts: w.starts, Files: s.files(),
	}
	if u.pull != nil {
		force.Pull = u.pull.Number
	}
	caught, err := w.g.caughtUp(ctx, w.walk.Passed, w.pending, s.repo, w.starts)
	if err != nil {
		return err
	}
	w.pending = append(slices.DeleteFunc(slices.Clone(w.pending), func(v Verdict) bool { return slices.Contains(w.walk.Passed, v.Commit) }), caught...)
	w.walk.Passed, w.walk.Carried, w.walk.CarriedEntra = nil, nil, nil
	step := Advance{To: force.Commit, InForce: force, Desired: desired(s.repo, w.starts, force.At), Blobs: blobs(s), People: w.people}
	if err := w.store(ctx, step, s.repo); err != nil {
		return err
	}
	w.walk.InForce, w.moved, w.people = *force, true, nil
	w.undone = nil
	if w.dry != nil {
		return nil
	}
	w.g.opt.Log.InfoContext(ctx, "commit in force", "commit", force.Commit, "pull", force.Pull)
	return nil
}

// store makes one durable step with all verdicts gathered so far. repo is the
// config of a step that comes into force.
func (w *walker) store(ctx context.Context, a Advance, repo *config.Repo) error {
	a.From, a.Verdicts = w.walk.Position, w.pending
	a.Passed, a.Carried, a.CarriedEntra, a.Auto = w.walk.Passed, w.walk.Carried, w.walk.CarriedEntra, w.walk.Auto
	if h := w.walk.Halt; h != nil {
		a.Tell = w.g.haltOver(h, howOver(h, &a, w.units))
		if w.dry == nil {
			w.g.tellAuthorEnd(ctx, h)
		}
	}
	w.walk.Position, w.walk.Halt = a.To, nil
	if w.dry != nil {
		return nil // what is pending stays: nothing is stored
	}
	if err := w.tellVoids(ctx); err != nil {
		return err
	}
	if err := w.g.enforce(ctx, a, repo); err != nil {
		return fmt.Errorf("record commit %s: %w", short(a.To), err)
	}
	w.pending = nil
	w.g.opt.OnChange()
	return w.g.put(ctx, a.Tell)
}

// caughtUp returns the verdicts, stored or pending, of commits that were invalid
// and whose content came into force with a later one.
func (g *Gitops) caughtUp(ctx context.Context, passed []string, pending []Verdict, repo *config.Repo, starts config.Starts) ([]Verdict, error) {
	var out []Verdict
	for _, sha := range passed {
		v, err := g.verdictOf(ctx, sha, pending)
		if err != nil {
			return nil, err
		}
		if v.Commit == "" {
			continue
		}
		v.Outcome, v.At = Verified, g.opt.Now()
		v.Void = void(repo, string(v.Request), starts)
		gone, err := g.takenBack(ctx, v, repo)
		if err != nil {
			return nil, err
		}
		if gone {
			v.Outcome = Undone
		}
		out = append(out, v)
	}
	return out, nil
}

// takenBack reports whether a request's grant, or link, that was passed over is
// not in what came into force after it.
func (g *Gitops) takenBack(ctx context.Context, v Verdict, repo *config.Repo) (bool, error) {
	rec, known, err := g.state.Pull(ctx, v.Request)
	if err != nil || !known {
		return false, err
	}
	stands, known, err := g.standsIn(ctx, rec, repo)
	return known && !stands, err
}

// granted reports whether a repo has a grant of a request.
func granted(repo *config.Repo, id access.ID) bool {
	return slices.ContainsFunc(repo.Grants(), func(ref config.GrantRef) bool { return ref.Grant.Request == string(id) })
}

func desired(repo *config.Repo, starts config.Starts, at time.Time) []config.Assignment {
	var out []config.Assignment
	for _, d := range repo.Desired(starts, at) {
		out = append(out, d.Assignment)
	}
	return out
}

// blobs returns the content of a snapshot by blob id.
func blobs(s *snapshot) map[string][]byte {
	out := make(map[string][]byte, len(s.entries))
	for p, e := range s.entries {
		out[e.SHA] = s.fsys[p]
	}
	return out
}
