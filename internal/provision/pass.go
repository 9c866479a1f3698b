package provision

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
)

// view is what one pass goes by.
type view struct {
	now     time.Time
	force   access.InForce
	desired []Desire
	wants   map[config.Assignment]Desire
	owned   map[config.Assignment]bool
	refs    map[config.GrantKey]config.GrantRef
	names   Names
	alarm   alarm // when the next pass is due
	full    bool
	// hold is for how long the first telling of a drift waits for who made it.
	hold time.Duration
	// clockSet: our clock was set lately, see watchedClock.
	clockSet bool
	// doubtful: what time it is is in doubt.
	doubtful bool
	// failed are the readings that failed, in this pass or in the check that
	// ended in it; read is how many were made.
	failed []target
	read   int
	// choice is how what is under way was read; shut are principals that AWS
	// turned out not to let be read.
	choice Choice
	// verify are the operations that left the list and are to be read back.
	verify []need
	shut   map[LiveAssignment]bool
	// putBack and clear say what drift is undone, strays what is in the end and
	// quiet what is not for now; see takeDrift.
	putBack, quiet map[config.Assignment]bool
	clear, strays  map[config.Assignment]string
	// asked is what of that somebody asked in chat to have removed.
	asked map[config.Assignment]bool
	// files has who has a file, once somebody asked: see filed.
	files map[config.Principal]bool
	cutovers
}

// look makes the view of a pass. It returns nil until a commit is in force.
func (e *Engine) look(ctx context.Context, full bool) (*view, error) {
	force, err := e.Commits.InForce(ctx)
	if errors.Is(err, access.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("config in force: %w", err)
	}
	owned, err := e.Store.Owned(ctx)
	if err != nil {
		return nil, err
	}
	v := &view{now: e.now(), force: force, full: full, hold: e.trailWait(), owned: make(map[config.Assignment]bool, len(owned)),
		names: names(force.Repo)}
	for _, a := range owned {
		v.owned[a] = true
	}
	e.nameOrphans(v)
	o := e.outlooks.at(force, v.now)
	v.desired, v.wants, v.refs = o.desired, o.wants, o.refs
	v.alarm.set(o.until)
	return v, nil
}

func names(r *config.Repo) Names {
	n := Names{Principals: map[config.Principal]string{}, Accounts: map[string]string{}}
	for _, files := range []map[string]*config.PrincipalFile{r.Groups, r.Users} {
		for _, f := range files {
			n.Principals[f.Principal] = f.Name
		}
	}
	for _, a := range r.Accounts {
		n.Accounts[a.ID] = a.Name
	}
	return n
}

// pass looks once at everything that is due: it settles what is to be
// undertaken, follows operations, reads, reads back, plans, asks the guards
// and sends what may be sent. It returns when the next pass is due. The report
// is nil until a commit is in force.
func (e *Engine) pass(ctx context.Context, full bool) (*Report, time.Time, error) {
	release, err := e.takeTurn(ctx)
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("pass: %w", err)
	}
	defer release()
	if err := e.book.load(ctx); err != nil {
		return nil, time.Time{}, err
	}
	if e.Sets.present() { // the guards ask how the sets stand
		if err := e.loadSets(ctx); err != nil {
			return nil, time.Time{}, err
		}
	}
	set := e.desk.clock.look(e.now(), e.Elapsed())
	v, err := e.look(ctx, full)
	if err != nil || v == nil {
		return nil, time.Time{}, err
	}
	v.clockSet, v.doubtful = set, e.inDoubt(set)
	if err := e.takeBack(ctx, v); err != nil {
		return nil, time.Time{}, err
	}
	if err := e.takeCutovers(ctx, v); err != nil {
		return nil, time.Time{}, err
	}
	e.takeReleased()
	e.takeDiffering(v)
	if err := e.book.begin(ctx, v.force.Commit, recreated(v, e.book.allPrincipals(), e.book.of), nil); err != nil {
		return nil, time.Time{}, err
	}
	changed, own := settle(v, e.book)
	if err := e.attribute(ctx, v, changed); err != nil {
		return nil, time.Time{}, err
	}
	if err := e.cutFound(ctx, v, changed); err != nil {
		return nil, time.Time{}, err
	}
	if err := e.book.begin(ctx, v.force.Commit, changed, own); err != nil {
		return nil, time.Time{}, err
	}
	for _, a := range own {
		v.owned[a] = true
	}
	for i := range changed {
		delete(e.desk.held, changed[i].Assignment) // what held it may do so no longer
	}
	for _, step := range []func(context.Context, *view) error{e.follow, e.read, e.readBack, e.findOrphans, e.lookUpAccounts, e.lookUpSets, e.lookUpOwn} {
		if err := step(ctx, v); err != nil {
			return nil, time.Time{}, err
		}
	}
	report, err := e.planAndApply(ctx, v)
	if err != nil {
		return nil, time.Time{}, err
	}
	return report, v.alarm.at, nil
}

// planAndApply ends a pass.
func (e *Engine) planAndApply(ctx context.Context, v *view) (*Report, error) {
	if err := e.takeDrift(ctx, v); err != nil {
		return nil, err
	}
	if err := e.advanceCutovers(ctx, v); err != nil {
		return nil, err
	}
	plan := Plan(e.input(v))
	v.nameExtras(plan)
	around, err := e.surroundings(ctx, v, plan)
	if err != nil {
		return nil, err
	}
	verdict := Check(plan, around)
	e.desk.doubtful = around.clockInDoubt()
	if err := e.note(ctx, v, plan, verdict); err != nil {
		return nil, err
	}
	if err := e.lookUpStrangers(ctx, v, plan); err != nil {
		return nil, err
	}
	e.noteComplete(v, plan)
	e.publishNeeds(v, plan, verdict)
	if err := e.collectCutovers(ctx, v, verdict.Allowed); err != nil {
		return nil, err
	}
	started, err := e.apply(ctx, v, verdict.Allowed)
	if err != nil {
		return nil, err
	}
	if err := e.settleAll(ctx, v); err != nil {
		return nil, err
	}
	report := e.report(v, plan, verdict, started)
	if report.queue = e.lineUp(v, e.desk.line); report.queue.Due > queueFrom {
		report.Queue = &report.queue
	}
	e.mu.Lock()
	e.last = report
	e.mu.Unlock()
	return &report, nil
}

// report says what a pass found and did.
func (e *Engine) report(v *view, plan Result, verdict Verdict, started int) Report {
	r := Report{At: v.now, Commit: v.force.Commit, Plan: plan, Refused: verdict.Refused, Read: v.read, Started: started,
		Outstanding: len(e.running("")), Complete: e.desk.wide, checked: e.desk.checked.began, checks: e.desk.checks}
	for _, t := range v.failed {
		switch {
		case t.who != LiveAssignment{}:
			r.FailedPrincipals = append(r.FailedPrincipals, t.who)
		case t.set == "":
			r.FailedReads = append(r.FailedReads, t.pair)
		}
	}
	slices.SortFunc(r.FailedReads, comparePairs)
	slices.SortFunc(r.FailedPrincipals, compareLive)
	if v.choice.Way != "" {
		r.Touched = &v.choice
	}
	if last := e.desk.checked; last.choice.Way != "" {
		r.Check = &last.choice
	}
	return r
}

// input is what the planner sees.
func (e *Engine) input(v *view) Input {
	repo := v.force.Repo
	in := Input{Commit: v.force.Commit, Desired: v.desired, Owned: slices.SortedFunc(maps.Keys(v.owned), config.Assignment.Compare),
		Ended: map[config.Assignment]Cause{}, Live: e.desk.sight.Pairs, Wholes: e.desk.sight.Wholes, NoSets: e.noSets(), Principals: map[config.Principal]PrincipalState{},
		Accounts: map[string]AccountState{}, Protected: v.protected(),
		Drift: repo.Access.Drift, PutBack: v.putBack, Undeclared: v.clear, Quiet: v.quiet, Names: v.names}
	for p, g := range e.book.allPrincipals() {
		in.Principals[p] = PrincipalState{
			Looked: !g.Looked.IsZero(), ID: g.StoreID, Earlier: g.EarlierIDs, Code: blocking(g.Code), Sentence: g.Trouble}
	}
	orphanStates(v, in.Principals)
	e.strangerStates(v, in.Principals)
	for id, a := range e.desk.accounts {
		in.Accounts[id] = a.state
	}
	records := e.book.all()
	in.Records = make(map[config.Assignment]RecordState, len(records))
	for _, r := range records {
		in.Records[r.Assignment] = planned(r)
	}
	for _, a := range in.Owned {
		if _, desired := v.wants[a]; desired {
			continue // only of what is not does the plan ask whether it ended
		}
		if r := e.book.find(a); r != nil {
			if cause, ok := v.endCause(*r); ok {
				in.Ended[a] = cause
			}
		}
	}
	in.Differing = e.desk.differing
	in.RollBack = v.restorable
	in.Sets = e.declaredSets(v)
	for _, name := range slices.Sorted(maps.Keys(repo.PermissionSets)) {
		if in.Sets == nil {
			in.SetFiles = append(in.SetFiles, setPath(name))
		}
	}
	return in
}

// planned is what a record says to the planner.
func planned(r *Record) RecordState {
	s := RecordState{ReadBack: !r.ReadBack.IsZero(), MissingConfirmed: r.Code == CodeMissing, MayExist: r.MayExist,
		PrincipalID: r.PrincipalID, Drifted: r.State == Adding && r.Cause.Kind == CauseDrift, Recreated: r.State == Adding && r.Cause.Kind == CauseRecreated}
	if r.State == Adding && r.rollsBack() {
		cause := r.Cause
		s.RollBack = &cause
	}
	if r.State == Removing {
		cause := r.Cause
		s.Removal, s.Begun = &cause, !r.RemoveAsked.IsZero()
	}
	return s
}

// blocking returns the code if it keeps a group or user from being provisioned
// at all.
func blocking(c Code) Code {
	switch c {
	case CodeGroupUnknown, CodeGroupRenamed, CodeGroupNotSecurity,
		CodeUserUnknown, CodeUserRenamed, CodeUserDisabled, CodeUserGuest:
		return c
	default:
		return ""
	}
}

// protected returns which of the desired and owned assignments are protected.
func (v *view) protected() map[config.Assignment]bool {
	out := map[config.Assignment]bool{}
	if len(v.force.Repo.Access.Protected) == 0 {
		return out
	}
	for a := range v.wants {
		if v.force.Repo.IsProtected(a) {
			out[a] = true
		}
	}
	for a := range v.owned {
		if v.force.Repo.IsProtected(a) {
			out[a] = true
		}
	}
	for a := range v.strays { // live, and declared by no commit
		if v.force.Repo.IsProtected(a) {
			out[a] = true
		}
	}
	return out
}

// surroundings is what the guards see beside the plan.
func (e *Engine) surroundings(ctx context.Context, v *view, plan Result) (Surroundings, error) {
	s := around(v.force.Repo)
	s.EnableChanges, s.Now, s.LiveManagement, s.Owned, s.Protected = e.opts.EnableChanges, v.now, e.desk.management, v.owned, v.protected()
	s.ReadFailed, s.Clears, s.Undeclared, s.Own, s.Opens = len(v.failed) > 0, v.clears(), v.strays, e.desk.own, opens(v.force.Repo, e.setIs)
	s.Names, s.RollBack = v.names, v.restorable
	s.administering(e.stillAdminister())
	for a, d := range v.wants {
		s.Desired[a] = d.End
	}
	records := e.book.all()
	for _, r := range records {
		s.know(r)
	}
	s.takeMade(records)
	e.countInside(&s, records)
	for p, g := range e.book.allPrincipals() {
		if g.StoreID != "" {
			id := LiveAssignment{PrincipalID: g.StoreID, Kind: p.Kind}
			s.Holders[id] = append(s.Holders[id], p)
		}
	}
	s.telling(v, e.Clocks, plan)
	since := v.now.Add(-budgetWindow)
	if s.clockInDoubt() {
		since = time.Time{}
	}
	var err error
	if s.Log, err = e.Store.Removals(ctx, since); err != nil {
		return s, err
	}
	return s, e.takeBackLog(ctx, &s)
}

// around is what the guards see of a config.
func around(repo *config.Repo) Surroundings {
	s := Surroundings{ConfigManagement: repo.Access.ManagementAccount, Stages: map[string]config.Stage{}, Desired: map[config.Assignment]time.Time{},
		RemovalPercent: repo.Access.Limits.RemovalPercent, Allow: repo.Access.Limits.Allow, Administers: administers(repo),
		HadEnd: map[config.Assignment]bool{}, ReadBack: map[config.Assignment]bool{}, UnderWay: map[config.Assignment]bool{}, Used: map[config.Assignment]string{},
		Ahead: map[config.Assignment]Coming{}, Due: map[config.Assignment]time.Time{}, Names: names(repo), Holders: map[LiveAssignment][]config.Principal{}}
	for _, a := range repo.Accounts {
		s.Stages[a.ID] = a.Stage
	}
	return s
}

// know takes in what a record says to the guards, who know what is desired.
func (s *Surroundings) know(r *Record) {
	if ended, known := hadEnd(*r); known {
		s.HadEnd[r.Assignment] = ended && !r.stood()
	}
	if _, desired := s.Desired[r.Assignment]; desired && r.ahead() {
		s.Ahead[r.Assignment] = Coming{r.Cut.Commit, r.Cut.At, r.End}
	}
	if r.State == Removing {
		s.Due[r.Assignment] = r.dueSince()
	}
	if r.State == Live && r.Missing.IsZero() {
		s.ReadBack[r.Assignment] = true
	}
	if r.Used != "" {
		s.Used[r.Assignment] = r.Used
	}
	if r.Op.outstanding() {
		s.UnderWay[r.Assignment] = true
	}
}
