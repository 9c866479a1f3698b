package provision

import (
	"maps"
	"slices"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
)

// What is live and no commit declares is known from the checks, as drift. A merge
// can have it removed, where it turns phase 3 and drift: revert on, or take it over
// with an end.

// stray is what is known to be live though no commit declares it.
type stray struct {
	commit string // that was in force when it was first seen
	// named: it is known who has it, so that it can go.
	named bool
	// newly: by this merge it is to go, and was not before.
	newly bool
}

// foreseeStrays finds what goes that no commit declares, and tells of it where that
// is by the merge.
func (f *foresight) foreseeStrays() {
	f.strays = map[config.Assignment]stray{}
	before, after := clearing(f.m.Before), clearing(f.m.After)
	if !after {
		return
	}
	v, told := f.view(), access.Undeclared{Known: f.recorded, Read: f.readWhole}
	for _, x := range f.findings {
		a := x.about()
		if _, desired := f.will[a]; x.Missing || desired {
			continue
		}
		newly := !before || f.m.Before.IsProtected(a) && !f.m.After.IsProtected(a)
		switch {
		case v.leaves(x):
			if newly {
				told.Later++
			}
		case !f.m.After.IsProtected(a):
			f.nameFound(x)
			f.strays[a] = stray{commitOf(x, merging), x.Assignment != nil, newly}
		}
	}
	for _, a := range slices.SortedFunc(maps.Keys(f.strays), config.Assignment.Compare) {
		if f.strays[a].newly {
			told.Goes = append(told.Goes, f.naming.assignment(a))
		}
	}
	if !before || len(told.Goes)+told.Later > 0 {
		f.out.Undeclared = &told
	}
}

// nameFound takes the name of who has what was found into the sentences.
func (f *foresight) nameFound(x Finding) {
	who := x.about().Principal
	if f.naming.Principals[who] != "" {
		return
	}
	if f.naming.Principals[who] = x.Name; x.Name == "" && standsForID(who) {
		f.naming.Principals[who] = "the " + string(who.Kind) + " " + x.Live.PrincipalID + " of Identity Center, of which the name is not known yet,"
	}
}

// clear adds the removals of what no commit declares to what guards are asked about.
func (f *foresight) clear(plan *Result, s *Surroundings) {
	s.Undeclared = map[config.Assignment]string{}
	for _, a := range slices.SortedFunc(maps.Keys(f.strays), config.Assignment.Compare) {
		x := f.strays[a]
		s.Undeclared[a] = x.commit
		if _, going := f.goes[a]; x.named && !going {
			plan.Changes = append(plan.Changes, Change{Kind: Remove, Assignment: a, Cause: Cause{Kind: CauseDrift, Commit: x.commit}})
		}
	}
}

// adopted returns records of what was there by hand and the merge gives an end:
// that counts as its removal, see [Engine.cutFound].
func (f *foresight) adopted(records []*Record) []*Record {
	v, found := f.view(), foundLive(f.findings)
	if len(found) == 0 {
		return nil
	}
	had := make(map[config.Assignment]*Record, len(records))
	for _, r := range records {
		had[r.Assignment] = r
	}
	for _, d := range f.m.Was {
		delete(found, d.Assignment) // a pass that comes before the merge takes it over
	}
	var out []*Record
	for _, d := range f.m.Will {
		next := v.beginAdding(Record{}, Desire{Desired: d})
		if v.cutByHand(&next, had[d.Assignment], found) {
			next.State = Live // by then it was read back
			out = append(out, &next)
		}
	}
	return out
}

// view is what a pass right after the merge would go by.
func (f *foresight) view() *view {
	return &view{now: f.m.At, force: access.InForce{Commit: merging, Repo: f.m.After}, cutovers: f.cutovers}
}
