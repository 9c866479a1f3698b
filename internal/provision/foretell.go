package provision

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/provision/permset"
)

// What the guards will say of a merge can be told before it, by asking the very
// guards: of what the merge would take away at once, and then, end by end, of
// what goes by an end that the merge sets.

// merging stands for the id that the merge commit will have.
const merging = access.MergeCommit

// maxForeseen is how many ends are looked at one after the other. What ends later
// is taken to go with the last of them.
const maxForeseen = 8

// Foretell says what the guards will hold of a merge by the config alone: all that
// is desired before is taken to be owned and live, and nothing else to go that day.
func Foretell(m access.Merge) access.Foretold {
	return foresee(foresight{m: m, own: OwnRole{Known: true}, enabled: true, is: func(want permset.Definition) bool {
		before, had := m.Before.PermissionSets[want.Name]
		return had && same(permset.Of(before), want)
	}})
}

// Foretell says what the guards will hold of a merge by the records: what is live,
// what was begun in the last 24 hours, and as whom the bot works.
func (e *Engine) Foretell(ctx context.Context, m access.Merge) (access.Foretold, error) {
	if err := e.book.load(ctx); err != nil {
		return access.Foretold{}, err
	}
	f := foresight{m: m, records: e.book.all(), enabled: e.opts.EnableChanges, is: e.setIs, recorded: true, places: e.placements(m.After)}
	if e.Sets.present() {
		if err := e.loadSets(ctx); err != nil {
			return access.Foretold{}, err
		}
		f.seen = e.previews(ctx, m)
		f.administer = e.stillAdminister()
	}
	var err error
	if f.log, err = e.Store.Removals(ctx, m.At.Add(-budgetWindow)); err != nil {
		return access.Foretold{}, err
	}
	if f.findings, err = e.findings(ctx); err != nil {
		return access.Foretold{}, fmt.Errorf("what is known of drift: %w", err)
	}
	v := f.view()
	v.names = names(m.After)
	if err := e.takeCutovers(ctx, v); err != nil {
		return access.Foretold{}, err
	}
	f.cutovers = v.cutovers
	e.mu.Lock()
	f.caller = e.caller
	if e.last.Complete != nil {
		f.readWhole = e.last.Complete.Began
	}
	e.mu.Unlock()
	if f.own = ParseCaller(f.caller.ARN); !f.own.Known {
		f.own = OwnRole{Known: true} // who the bot is, is not foretold
	}
	return foresee(f), nil
}

// foresight is all that can be known of what comes after a merge.
type foresight struct {
	m       access.Merge
	records []*Record
	log     []Removal
	own     OwnRole
	caller  Caller
	enabled bool
	// is reports whether a permission set is as a definition says.
	is       func(permset.Definition) bool
	recorded bool
	// places is how the accounts stand in AWS, nil where that is not known.
	places map[string]Placement
	// findings are what is known of drift, cutovers what is known of old access that
	// is being taken away; readWhole is when AWS was last read whole, zero for not
	// since the start.
	findings  []Finding
	cutovers  cutovers
	readWhole time.Time
	// administer has permission sets that may be a way into an account, whatever their
	// files say.
	administer []string

	// seen has the permission sets that were looked at.
	seen map[string]seenSet

	naming Names
	will   map[config.Assignment]config.Desired
	// goes has what goes, and when: at the merge, or by an end.
	goes   map[config.Assignment]going
	strays map[config.Assignment]stray
	out    access.Foretold
}

// going is a removal to come.
type going struct {
	at    time.Time
	cause Cause
	begun bool
}

func foresee(f foresight) access.Foretold {
	f.out.Recorded, f.out.Holds = f.recorded, []access.Hold{}
	f.will = make(map[config.Assignment]config.Desired, len(f.m.Will))
	for _, d := range f.m.Will {
		f.will[d.Assignment] = d
	}
	f.naming = f.names()
	f.records = append(present(f.m, f.records), f.adopted(f.records)...)
	f.foreseeRemovals()
	f.foreseeStrays()
	for _, at := range f.times() {
		f.pass(at)
	}
	f.additions()
	f.differing()
	if !f.enabled && f.changes() {
		f.hold(access.Hold{Code: string(CodeDisabled), Sentence: "Changes are switched off (enable_changes is false in the settings of the bot), so that nothing of this is made, only planned."})
	}
	if !slices.ContainsFunc(f.out.Holds, func(h access.Hold) bool { return h.Allowed }) {
		f.out.Allow = 0 // nothing of it is needed
	}
	f.sets()
	slices.SortStableFunc(f.out.Holds, func(a, b access.Hold) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Sentence, b.Sentence))
	})
	return f.out
}

// present returns records of what is there before a merge: of what is desired, and
// of what is on its way out. What is desired and has none is taken to be live by then.
func present(m access.Merge, records []*Record) []*Record {
	known := make(map[config.Assignment]*Record, len(records))
	for _, r := range records {
		known[r.Assignment] = r
	}
	out := make([]*Record, 0, len(m.Was))
	for _, d := range m.Was {
		r := known[d.Assignment]
		delete(known, d.Assignment)
		switch {
		case r == nil || r.State == Gone || r.State == Removing:
			r = &Record{Assignment: d.Assignment, State: Live, Grants: d.Grants, End: d.End}
		case r.State == Adding && r.Code == "": // nothing holds it up
			next := *r
			next.State, r = Live, &next
		}
		out = append(out, r)
	}
	for _, r := range records {
		if known[r.Assignment] != nil && r.State == Removing {
			out = append(out, r)
		}
	}
	return out
}

// foreseeRemovals finds what goes, and when.
func (f *foresight) foreseeRemovals() {
	f.goes = map[config.Assignment]going{}
	v := f.view()
	for i, r := range f.records {
		a := r.Assignment
		d, stays := f.will[a]
		switch {
		case r.State == Removing && !stays:
			f.goes[a] = going{f.m.At, r.Cause, !r.RemoveAsked.IsZero()}
		case r.State == Removing:
		case !stays:
			f.goes[a] = going{at: f.m.At, cause: Cause{Kind: CauseCommit, Commit: merging}}
		case r.Cut == nil && d.End.Equal(r.End): // nothing comes nearer
		default:
			cut := v.cut(*r, Desire{Desired: d})
			next := *r
			next.Cut, next.Lasts, next.End = cut, v.lasts(*r, Desire{Desired: d}), d.End
			f.records[i] = &next
			if cut != nil {
				f.goes[a] = going{at: d.End, cause: Cause{Kind: CauseCommit, Commit: cut.Commit, End: d.End.UTC()}}
			}
		}
	}
	for _, g := range f.goes {
		if g.cause.Commit == merging {
			f.out.Removals++
			f.out.Allow++
			if g.at.After(f.m.At) {
				f.out.Sooner++
			}
		}
	}
}

// times are when something goes, in order: the merge, then the ends.
func (f *foresight) times() []time.Time {
	if f.out.Allow == 0 && (f.out.Undeclared == nil || len(f.out.Undeclared.Goes) == 0) {
		return nil // nothing that the merge is behind
	}
	out := []time.Time{f.m.At}
	for _, g := range f.goes {
		out = append(out, g.at)
	}
	slices.SortFunc(out, time.Time.Compare)
	out = slices.CompactFunc(out, time.Time.Equal)
	if len(out) > maxForeseen {
		out[maxForeseen-1] = out[len(out)-1]
		out = out[:maxForeseen]
	}
	return out
}

// pass asks the guards as a pass at a time would, and lets go what they let.
func (f *foresight) pass(at time.Time) {
	s := f.around(at)
	plan := newResult(merging)
	records := f.records[:0:0]
	for _, r := range f.records {
		a := r.Assignment
		g, goes := f.goes[a]
		end := f.will[a].End
		if !goes && (r.State == Removing || !end.IsZero() && !end.After(at)) {
			continue // it is given anew, or has come to its own end by then
		}
		if goes && !g.at.After(at) {
			if r.State != Removing {
				next := *r
				next.State, next.Cause, next.Since = Removing, g.cause, at
				r = &next
			}
			delete(s.Desired, a)
			plan.Changes = append(plan.Changes, Change{Kind: Remove, Assignment: a, Cause: g.cause, Begun: g.begun})
		}
		s.know(r)
		s.Owned[a] = r.State != Removing || g.cause.Kind != CauseDrift
		s.Protected[a] = f.m.After.IsProtected(a)
		records = append(records, r)
	}
	f.clear(&plan, &s)
	s.takeMade(records)
	b := newBudget(plan, s)
	if at.Equal(f.m.At) {
		f.out.Limit, f.out.Of, _ = b.limit(taking{merging, f.m.At})
		f.out.Spent = len(b.spent)
	}
	gone := map[config.Assignment]bool{}
	for _, j := range askGuards(plan, b) {
		c := j.change
		switch {
		case j.code == "":
			gone[c.Assignment] = true
			if !c.Begun {
				f.log = append(f.log, Removal{At: at, Assignment: c.Assignment, Expiry: c.Cause.Kind == CauseExpiry, Commit: c.Cause.Commit})
			}
		case c.Cause.Kind == CauseDrift && f.strays[c.Assignment].newly && at.Equal(f.m.At):
			f.hold(access.Hold{Code: string(j.code), Sentence: j.sentence, Mend: strings.TrimSpace(j.mend)})
		case c.Cause.Commit == merging && f.goes[c.Assignment].at.Equal(at):
			f.holdAt(at, j)
		}
	}
	f.records = slices.DeleteFunc(records, func(r *Record) bool { return gone[r.Assignment] })
	for a := range gone {
		delete(f.goes, a)
		delete(f.strays, a)
	}
}

// around is what the guards will see at a time.
func (f *foresight) around(at time.Time) Surroundings {
	s := around(f.m.After)
	s.EnableChanges, s.Now, s.LiveManagement, s.SkewKnown, s.Own, s.Log = true, at, s.ConfigManagement, true, f.own, f.log
	s.Owned, s.Protected, s.Clears = map[config.Assignment]bool{}, map[config.Assignment]bool{}, true
	s.Opens = opens(f.m.After, f.is)
	s.Names = f.naming
	// What the file in force has is still in AWS when the merge comes; what is
	// protected or of the baseline is so by the file that comes.
	s.administering(f.administer)
	s.administering(administerByFile(f.m.Before))
	for a, d := range f.will {
		if d.End.IsZero() || d.End.After(at) {
			s.Desired[a] = d.End
		}
	}
	return s
}

// names has those of what the merge takes the file of, too.
func (f *foresight) names() Names {
	out, before := names(f.m.After), names(f.m.Before)
	for p, name := range before.Principals {
		if out.Principals[p] == "" {
			out.Principals[p] = name
		}
	}
	for id, name := range before.Accounts {
		if out.Accounts[id] == "" {
			out.Accounts[id] = name
		}
	}
	return out
}

// additions asks the guards that look at what is given.
func (f *foresight) additions() {
	plan := newResult(merging)
	for _, d := range f.m.Will {
		if !f.had(d) {
			plan.Changes = append(plan.Changes, Change{Kind: Add, Assignment: d.Assignment, End: d.End})
		}
	}
	if len(plan.Changes) == 0 {
		return
	}
	for _, j := range askGuards(plan, newBudget(plan, f.around(f.m.At))) {
		if j.code != "" {
			f.hold(access.Hold{Code: string(j.code), Sentence: fmt.Sprintf("%s: %s", f.naming.assignment(j.change.Assignment), j.sentence)})
		}
	}
}

// changes reports whether the merge changes anything in AWS.
func (f *foresight) changes() bool {
	if f.out.Allow > 0 || f.out.Undeclared != nil || len(f.m.Was) != len(f.m.Will) || len(config.SetChanges(f.m.Before, f.m.After)) > 0 {
		return true
	}
	return slices.ContainsFunc(f.m.Was, func(d config.Desired) bool {
		_, stays := f.will[d.Assignment]
		return !stays
	})
}
