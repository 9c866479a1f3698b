package provision

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"aws-access-bot/config"
)

// SCIM can delete a group in Identity Center and make it again, with the same
// external id and another id of its own. The assignments of the earlier id stay
// and give nobody anything. So what is desired is made anew under the present
// id, whatever "drift:" says, and what is left under an earlier id goes: a
// record of its own is kept of each such orphan, as of an owned assignment that
// is not desired, for a principal whose id is [orphanMark] and the earlier id.

// CodeRecreated: the principal has a new id in Identity Center and its
// assignments are made anew under it.
const CodeRecreated Code = "group-recreated"

// orphanMark begins the id of a principal that stands for an earlier id. No
// Entra id has a colon.
const orphanMark = "earlier:"

// orphan returns the assignment that stands for what is left of a under an
// earlier id.
func orphan(a config.Assignment, earlier string) config.Assignment {
	a.Principal.ID = orphanMark + earlier
	return a
}

// earlierID returns the identity store id that a principal stands for, false
// for one of Entra.
func earlierID(p config.Principal) (string, bool) { return strings.CutPrefix(p.ID, orphanMark) }

// recreated begins anew what is desired and was acted on under an id that its
// principal has no more. An operation under way comes to its end first. It is
// pure.
func recreated(v *view, people map[config.Principal]PrincipalRecord, of func(config.Principal) []*Record) []Record {
	var out []Record
	for p, g := range people {
		if g.StoreID == "" || len(g.EarlierIDs) == 0 {
			continue
		}
		for _, r := range of(p) {
			d, desired := v.wants[r.Assignment]
			if !desired || r.Op != nil || r.State != Live && r.State != Adding || !slices.Contains(g.EarlierIDs, r.PrincipalID) {
				continue
			}
			next := v.beginAdding(*r, d)
			next.PrincipalID, next.MayExist = "", false
			next.Cause.Kind = CauseRecreated
			next.Code = CodeRecreated
			next.Trouble = fmt.Sprintf("The %s %s was created again in Identity Center and has a new id there; the access is made anew under it.", g.kind(), g.Name)
			out = append(out, next)
		}
	}
	slices.SortFunc(out, func(a, b Record) int { return a.Assignment.Compare(b.Assignment) })
	return out
}

// findOrphans makes a record of each assignment that a reading shows under an id
// that is known to be gone, of what the bot owns and has live under the present
// id. (What is not desired any more is removed under all its ids by its own
// record.)
func (e *Engine) findOrphans(ctx context.Context, v *view) error {
	var found []Record
	var own []config.Assignment
	for p, g := range e.book.allPrincipals() {
		if len(g.GoneIDs) == 0 {
			continue
		}
		for _, r := range e.book.of(p) {
			a := r.Assignment
			if _, desired := v.wants[a]; !desired || !v.owned[a] || r.State != Live || r.Op != nil {
				continue
			}
			for _, id := range g.GoneIDs {
				o := orphan(a, id)
				seen, _ := e.desk.sight.Ask(a.Pair(), LiveAssignment{PrincipalID: id, Kind: a.Principal.Kind})
				if v.owned[o] || seen != Listed {
					continue
				}
				own = append(own, o)
				found = append(found, Record{Assignment: o, State: Removing, Since: v.now, PrincipalID: id,
					Cause: Cause{Kind: CauseRecreated, Commit: v.force.Commit}})
			}
		}
	}
	slices.SortFunc(found, func(a, b Record) int { return a.Assignment.Compare(b.Assignment) })
	slices.SortFunc(own, config.Assignment.Compare)
	if err := e.book.begin(ctx, v.force.Commit, found, own); err != nil {
		return err
	}
	for _, o := range own {
		v.owned[o] = true
		v.alarm.set(v.now)
	}
	return nil
}

// orphanStates tells the planner of the principals that stand for earlier ids.
func orphanStates(v *view, out map[config.Principal]PrincipalState) {
	for a := range v.owned {
		if id, ok := earlierID(a.Principal); ok {
			out[a.Principal] = PrincipalState{Looked: true, Earlier: []string{id}}
		}
	}
}

// nameOrphans names them by the principal that they are of.
func (e *Engine) nameOrphans(v *view) {
	for _, g := range e.book.allPrincipals() {
		for _, id := range g.GoneIDs {
			p := config.Principal{Kind: g.Principal.Kind, ID: orphanMark + id}
			v.names.Principals[p] = fmt.Sprintf("what is left of %s under its earlier id %s", g.Name, id)
		}
	}
}

// bury finds out which earlier ids do not exist any more. What cannot be found
// out now is asked again at the next search.
func (e *Engine) bury(ctx context.Context, g PrincipalRecord) PrincipalRecord {
	g.GoneIDs = slices.DeleteFunc(slices.Clone(g.GoneIDs), func(id string) bool { return !slices.Contains(g.EarlierIDs, id) })
	for _, id := range g.EarlierIDs {
		if slices.Contains(g.GoneIDs, id) {
			continue
		}
		callCtx, cancel := e.call(ctx)
		exists, err := e.Center.Exists(callCtx, g.Principal.Kind, id)
		cancel()
		switch {
		case err != nil:
			e.opts.Log.Warn("look for an earlier id", "principal", g.Principal.String(), "id", id, "error", err)
		case exists:
			e.notify(ctx, fmt.Sprintf("twice/%s/%s", g.Principal.ID, id),
				fmt.Sprintf("The %s %s is in Identity Center twice: the bot uses the one with the id %s. The one with the id %s still exists, so its assignments are left alone; look at it in the console.", g.kind(), g.Name, g.StoreID, id))
		default:
			g.GoneIDs = append(g.GoneIDs, id)
		}
	}
	if len(g.GoneIDs) == 0 {
		g.GoneIDs = nil
	}
	return g
}
