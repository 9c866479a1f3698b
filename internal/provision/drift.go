package provision

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
)

// Finding is one drift as it is kept from when it was first seen until it is
// over.
type Finding struct {
	// ID is the same whenever the same drift is found.
	ID string
	// Missing: desired, read back once, and gone. Else live, and neither
	// desired nor owned.
	Missing bool
	Pair    config.Pair
	Live    LiveAssignment // of what is live
	// Assignment is nil while it is not known who the live principal is. Who is
	// not in Entra stands under a principal of his own, see [strangerMark].
	Assignment *config.Assignment
	// Name is who that is, for people; for a group of Entra its display name. It
	// is empty in what is missing, and in findings from before it was kept.
	Name     string
	Sentence string
	// Commit was in force when it was first seen; limits.allow names it. It is
	// empty in findings from before it was kept, until they are seen again.
	Commit string
	// Since is when it was first seen, Told when the operations channel was,
	// Snoozed until when it is not told.
	Since, Told, Snoozed time.Time
	// PutBack is set when somebody asked for what is missing. By is who did, or who
	// asked that what no commit declares be removed.
	PutBack bool
	By      string
	// Doer is who made it, by CloudTrail, at Done; TrailAsked is when that was
	// looked up last.
	Doer             string
	Done, TrailAsked time.Time
	// Cutover is the question after which the bot put it back, "" for what
	// others made.
	Cutover string
}

// Findings keeps findings. What writes is durable when it returns nil.
type Findings interface {
	// Findings returns all, sorted by id.
	Findings(ctx context.Context) ([]Finding, error)
	// SaveFindings stores some and forgets others, in one step.
	SaveFindings(ctx context.Context, put []Finding, forget []string) error
}

// StepDrift is the durable step of what is known of drift.
const StepDrift Step = "provision.drift"

// toldAtOnce is how many findings of one pass are told one by one. More are
// told in one message: the first look at an organization may find hundreds.
const toldAtOnce = 5

// findingID names a drift by what it is about.
func findingID(missing bool, pair config.Pair, who string) string {
	return "DRIFT-" + digest(fmt.Sprintf("%t %s %s %s", missing, pair.Account, pair.PermissionSet, who))
}

// noteDrift stores what drift a pass found and what of it is over, and tells
// the operations channel of what is new. What was not read in this pass stays as
// it was.
func (e *Engine) noteDrift(ctx context.Context, v *view, plan Result) error {
	if e.Drifts == nil {
		return nil
	}
	had, err := e.Drifts.Findings(ctx)
	if err != nil {
		return fmt.Errorf("what is known of drift: %w", err)
	}
	known := map[string]Finding{}
	for _, f := range had {
		known[f.ID] = f
	}
	put := e.newFindings(v, plan, known)
	var over []string
	for id, f := range known {
		if e.isOver(v, plan, f) {
			over = append(over, id)
		}
	}
	put = slices.DeleteFunc(put, func(f Finding) bool { return slices.Contains(over, f.ID) })
	e.lookOnceMore(v, put)
	if len(put)+len(over) == 0 {
		return nil
	}
	slices.Sort(over)
	e.tellDrift(ctx, v, put)
	if err := e.Drifts.SaveFindings(ctx, put, over); err != nil {
		return err
	}
	poke(e.wakeTrail)
	return nil
}

// newFindings returns the findings of a plan that are new, or to be told again.
func (e *Engine) newFindings(v *view, plan Result, known map[string]Finding) []Finding {
	var out []Finding
	add := func(f Finding) {
		had, ok := known[f.ID]
		switch {
		case !ok:
			f.Since, f.Commit = v.now, v.force.Commit
			known[f.ID] = f
		case had.Assignment == nil && f.Assignment != nil:
			// Who it is has come to light since.
			had.Assignment, had.Sentence, had.Name = f.Assignment, f.Sentence, f.Name
			f = had
		case f.Assignment != nil && (*f.Assignment != *had.Assignment || had.Name == "" && f.Name != ""):
			// Entra has it no more, or has it again.
			had.Assignment, had.Sentence, had.Name = f.Assignment, f.Sentence, f.Name
			f = had
		case had.Cutover != f.Cutover:
			// Put back by the bot since; or by others, after that was decided.
			had.Cutover, had.Sentence, had.Told = f.Cutover, f.Sentence, time.Time{}
			f = had
		case had.Commit == "":
			f = had
			f.Commit = v.force.Commit
		case e.tells(v, had):
			f = had
		default:
			return
		}
		out = append(out, f)
	}
	for _, d := range plan.Drift {
		if r := e.book.record(d.Assignment); r.Code == CodeMissing {
			add(missingFinding(d.Assignment, d.Sentence))
		}
	}
	for _, x := range plan.Extra {
		if v.tells(plan, x) {
			add(extraFinding(v, x))
		}
	}
	slices.SortFunc(out, func(a, b Finding) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

// tells reports whether what is live says something by now: somebody whom the
// config repo does not seem to know may be somebody who was not looked for yet.
func (v *view) tells(plan Result, x Extra) bool {
	if x.Principal != nil {
		return true
	}
	return !slices.ContainsFunc(plan.Waiting, func(w Waiting) bool { return w.Code == CodeNotLooked })
}

func missingFinding(a config.Assignment, sentence string) Finding {
	return Finding{ID: findingID(true, a.Pair(), a.Principal.String()), Missing: true, Pair: a.Pair(), Assignment: &a, Sentence: sentence}
}

func extraFinding(v *view, x Extra) Finding {
	f := Finding{ID: findingID(false, x.Pair, string(x.Live.Kind)+"/"+x.Live.PrincipalID), Pair: x.Pair, Live: x.Live}
	who := fmt.Sprintf("A %s that the config repo does not know (%s in the identity store)", x.Live.Kind, x.Live.PrincipalID)
	if x.Principal != nil {
		a := config.Assignment{Principal: *x.Principal, Account: x.Pair.Account, PermissionSet: x.Pair.PermissionSet}
		who = capital(v.names.principal(*x.Principal), *x.Principal)
		f.Assignment, f.Name = &a, v.names.Principals[*x.Principal]
	}
	f.Sentence = fmt.Sprintf("%s has %s in %s in AWS, and no commit in force grants it.", who, x.Pair.PermissionSet, v.names.account(x.Pair.Account))
	return v.afterRollBack(f)
}

// isOver reports whether a complete reading, or the config, says that a known
// finding is none any more.
func (e *Engine) isOver(v *view, plan Result, f Finding) bool {
	if f.Missing {
		_, desired := v.wants[*f.Assignment]
		r := e.book.record(*f.Assignment)
		return !desired || r.State != Live || r.Code != CodeMissing
	}
	listed, seen := e.desk.sight.Ask(f.Pair, f.Live)
	if listed == NotKnown || v.now.Sub(seen.Began) >= fresh {
		return false
	}
	// One that does not tell at the moment is one all the same: else somebody's word
	// about it, that it be left alone, would be lost.
	return !slices.ContainsFunc(plan.Extra, func(x Extra) bool { return x.Pair == f.Pair && x.Live == f.Live })
}

// tellDrift tells the operations channel of findings, and notes that on them.
func (e *Engine) tellDrift(ctx context.Context, v *view, list []Finding) {
	var tell []*Finding
	for i := range list {
		if f := &list[i]; e.tells(v, *f) {
			tell = append(tell, f)
		}
	}
	if len(tell) > toldAtOnce {
		e.notify(ctx, fmt.Sprintf("drift/many/%d", v.now.Unix()), fmt.Sprintf(
			"Drift: %d differences between AWS and the config repo were found at once. `/aws-access drift` lists them, and `bot status` does.", len(tell)))
	}
	for _, f := range tell {
		f.Told = v.now
		if len(tell) <= toldAtOnce && e.Ops != nil {
			n := access.Notice{Key: fmt.Sprintf("provision/drift/%s/%d", f.ID, v.now.Unix()), Kind: access.NoticeDrift, At: v.now,
				Text: fmt.Sprintf("Drift: %s Seen first at %s.", f.said(), f.Since.Format(time.RFC3339)), Drift: f.ID, Acts: f.acts(v.clears())}
			if err := e.Ops.PutNotice(ctx, n); err != nil {
				e.opts.Log.Error("ops notice", "key", n.Key, "error", err)
			}
		}
	}
}

// toTell reports whether the operations channel is to be told of a finding: the
// first time, and once more when it was quiet for as long as somebody wanted.
// Whose it is may come to light a moment after it was first seen.
func (v *view) toTell(f Finding) bool {
	if !f.Missing && f.Assignment == nil && v.now.Sub(f.Since) < missingConfirm {
		return false
	}
	return !v.awaitsTrail(f) && !v.reverts(f) && !f.Snoozed.After(v.now) && (f.Told.IsZero() || f.Told.Before(f.Snoozed))
}

// tells reports whether the operations channel is to be told of a finding now.
func (e *Engine) tells(v *view, f Finding) bool { return v.toTell(f) && !e.mayLag(f) }

// acts are what people can do about a finding by a button; clears says that what
// no commit ever declared is removed.
func (f Finding) acts(clears bool) []access.DriftAct {
	if f.Missing {
		return []access.DriftAct{access.DriftAdopt, access.DriftRevert, access.DriftSnooze}
	}
	if f.Cutover != "" {
		return f.actsAfterRollBack()
	}
	var out []access.DriftAct
	if f.adoptable() {
		out = append(out, access.DriftAdopt)
	}
	if f.Assignment != nil && clears {
		out = append(out, access.DriftRevert)
	}
	return append(out, access.DriftSnooze)
}

// adoptable reports whether a line can be written for what is live.
func (f Finding) adoptable() bool {
	return f.Assignment != nil && f.Assignment.Principal.Kind == config.GroupPrincipal && !standsForID(f.Assignment.Principal)
}

// reverts reports whether the bot undoes a finding by itself.
func (v *view) reverts(f Finding) bool {
	if f.Missing {
		return v.force.Repo.Access.Drift == config.DriftRevert
	}
	return v.clears() && f.Assignment != nil && f.Cutover == ""
}

// clearing reports whether by a config what no commit ever declared is removed.
func clearing(r *config.Repo) bool { return r.Access.Phase.RemovesUndeclared(r.Access.Drift) }

// clears reports whether what no commit ever declared is removed.
func (v *view) clears() bool {
	return clearing(v.force.Repo)
}

// takeDrift takes over into a view what is known of drift: what is to be put
// back because somebody asked for it, and in phase 3 with drift: revert what is
// to be removed though no commit ever declared it, unless somebody snoozed it.
// Only what a second reading shows, some time after the first, is removed.
func (e *Engine) takeDrift(ctx context.Context, v *view) error {
	list, err := e.findings(ctx)
	if err != nil {
		return fmt.Errorf("what is known of drift: %w", err)
	}
	v.putBack, v.quiet = map[config.Assignment]bool{}, map[config.Assignment]bool{}
	v.clear, v.strays, v.asked = map[config.Assignment]string{}, map[config.Assignment]string{}, map[config.Assignment]bool{}
	e.recallLagging(v, list)
	for _, f := range list {
		a := f.about()
		if v.names.Principals[a.Principal] == "" && f.Name != "" {
			v.names.Principals[a.Principal] = f.Name
		}
		switch {
		case f.Missing:
			v.putBack[a] = f.PutBack
		case v.leaves(f):
			v.quiet[a] = true
		case v.clears():
			commit := commitOf(f, v.force.Commit)
			v.strays[a], v.asked[a] = commit, f.By != ""
			listed, seen := e.desk.sight.Ask(f.Pair, f.Live)
			if listed == Listed && seen.Began.Sub(f.Since) >= e.pace(missingConfirm) {
				v.clear[a] = commit
			}
		}
	}
	return nil
}

// about is the assignment that a finding is about. While it is not known whose it is
// it stands under a principal of his own: it counts.
func (f Finding) about() config.Assignment {
	if f.Assignment != nil {
		return *f.Assignment
	}
	return config.Assignment{Principal: anonymous(f.Live), Account: f.Pair.Account, PermissionSet: f.Pair.PermissionSet}
}

// leaves reports whether what is live and no commit declares is left alone for now.
func (v *view) leaves(f Finding) bool {
	return f.Snoozed.After(v.now) || v.heldFor(f.about()) != "" || v.askedLate(f.about())
}

// commitOf is that of which what no commit declares is a removal, where it goes.
func commitOf(f Finding, force string) string { return cmp.Or(f.Commit, force) }
