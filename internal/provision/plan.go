package provision

import (
	"cmp"
	"fmt"
	"slices"

	"aws-access-bot/config"
)

// Desire is a desired assignment with the requests behind its grants.
type Desire struct {
	config.Desired
	Requests []string // sorted
}

// PrincipalState is what is known of a principal.
type PrincipalState struct {
	// Looked: the identity store was searched to the end at least once.
	Looked bool
	// ID is the present id in the identity store, empty when there is none.
	ID string
	// Earlier are ids that the principal had before.
	Earlier []string
	// Code and Sentence say why it cannot be provisioned, or are empty.
	Code     Code
	Sentence string
}

// ids returns the present and the earlier ids.
func (s PrincipalState) ids() []string {
	if s.ID == "" {
		return s.Earlier
	}
	return append([]string{s.ID}, s.Earlier...)
}

// RecordState is what the record of an assignment says to the planner.
type RecordState struct {
	// ReadBack: it was seen live before, and no new grant was merged since.
	ReadBack bool
	// MissingConfirmed: two readings in a row, some time apart, missed it.
	MissingConfirmed bool
	// MayExist: a creation was sent and its end or its listing is open, so a
	// listing without it proves nothing.
	MayExist bool
	// PrincipalID is the identity store id that was last acted on.
	PrincipalID string
	// Drifted: it is being put back after drift.
	Drifted bool
	// Recreated: it is being made anew under a new id of its principal.
	Recreated bool
	// RollBack is the cause under which it is being put back, or nil.
	RollBack *Cause
	// Removal is the cause under which a removal began, or nil.
	Removal *Cause
	// Begun: a deletion was sent under that cause.
	Begun bool
}

// Input is all that a plan depends on.
type Input struct {
	Commit string
	// Desired is desired(commit in force, starts, now).
	Desired []Desire
	Owned   []config.Assignment
	// Ended has the cause of removal of assignments whose grants were in force
	// and have ended.
	Ended map[config.Assignment]Cause
	// Live has the pairs that were read, Wholes the principals that were; what
	// is absent in both is not known.
	Live       map[config.Pair]PairState
	Wholes     map[LiveAssignment]Whole
	NoSets     map[string]bool // permission sets that are known not to exist
	Principals map[config.Principal]PrincipalState
	// Accounts has those that were looked up.
	Accounts map[string]AccountState
	// Differing has those whose file and Organizations do not agree, with the
	// sentence about it.
	Differing map[string]string
	Records   map[config.Assignment]RecordState
	Protected map[config.Assignment]bool
	// SetFiles are the paths of the permission sets that are declared and left
	// alone.
	SetFiles []string
	// Sets has the declared permission sets that are worked on: why one cannot
	// be assigned now, or "".
	Sets  map[string]string
	Drift config.DriftMode
	// PutBack are missing assignments that somebody asked to have put back.
	PutBack map[config.Assignment]bool
	// Undeclared are live, neither desired nor owned, and to be removed, with the
	// commit that was in force when each was first seen.
	Undeclared map[config.Assignment]string
	// Quiet are undeclared too, and left alone for now: somebody snoozed them.
	Quiet map[config.Assignment]bool
	// RollBack is what is to be put back though it is not desired, under the id
	// in the identity store that had it.
	RollBack map[config.Assignment]string
	Names    Names
}

// Plan compares desired with live. It is pure: the same input gives the same
// bytes, whatever the order of its lists.
func Plan(in Input) Result {
	p := newPlanner(in)
	for i := range p.desired {
		p.wanted(&p.desired[i])
	}
	p.eachUnwanted(p.unwanted)
	for a, rec := range in.Records {
		// What no commit declared, and its removal is under way.
		drift := rec.Removal != nil && rec.Removal.Kind == CauseDrift && (rec.Begun || !in.Quiet[a])
		if drift && !p.claimed(a) {
			p.unwanted(a)
		}
	}
	for a, id := range in.RollBack {
		p.rollBack(a, id)
	}
	p.extras()
	for _, path := range in.SetFiles {
		p.out.Blocked = append(p.out.Blocked, Blocked{Entry: path, Code: CodeNotYetProvisioned,
			Sentence: path + " is checked but not yet provisioned by this version."})
	}
	p.sort()
	return p.out
}

// newResult returns a plan whose lists are empty and not null in JSON.
func newResult(commit string) Result {
	return Result{Commit: commit, Changes: []Change{}, Waiting: []Waiting{}, Blocked: []Blocked{}, Drift: []Drift{}, Extra: []Extra{},
		Live: []config.Assignment{}, Gone: []config.Assignment{}}
}

// wanted judges a desired assignment.
func (p *planner) wanted(d *Desire) {
	a := d.Assignment
	h := p.holder(a.Principal)
	who := &h.state
	listed := p.listedOf(h, a.Pair())
	if listed == Listed {
		p.out.Live = append(p.out.Live, a)
		return
	}
	if code, why := p.obstacle(d, who); code != "" {
		p.block(a, code, why)
		return
	}
	change := Change{Kind: Add, Assignment: a, PrincipalID: who.ID, Cause: p.addCause(d), End: d.End}
	switch {
	case !who.Looked:
		p.wait(change, CodeNotLooked)
	case who.ID != "" && listed == NotKnown:
		p.wait(change, CodeUnread)
	case p.in.Records[a].ReadBack:
		p.missing(change)
	default:
		p.add(change)
	}
}

// add plans an addition once the account is known to be one that it can be
// made in.
func (p *planner) add(c Change) {
	if !p.looked(c.Assignment.Account) {
		p.wait(c, CodeAccountUnread)
		return
	}
	p.change(c)
}

// missing judges a desired assignment that was live and is not.
func (p *planner) missing(c Change) {
	putBack := p.in.Drift == config.DriftRevert || p.in.Protected[c.Assignment] || p.in.PutBack[c.Assignment]
	if putBack && p.in.Records[c.Assignment].MissingConfirmed {
		c.Cause = Cause{Kind: CauseDrift, Commit: p.in.Commit, Requests: c.Cause.Requests}
		p.add(c)
		return
	}
	how := "is gone from AWS"
	if who := p.in.Principals[c.Assignment.Principal]; who.ID == "" && slices.ContainsFunc(who.Earlier, func(id string) bool { return p.listed(c.Assignment, id) == Listed }) {
		how = "is there only under an id in Identity Center that is its own no longer"
	}
	p.out.Drift = append(p.out.Drift, Drift{c.Assignment,
		fmt.Sprintf("%s is in the config repo and was live, and %s.", p.in.Names.assignment(c.Assignment), how)})
}

// obstacle says why a desired assignment that is not live cannot be made.
func (p *planner) obstacle(d *Desire, who *PrincipalState) (Code, string) {
	a := d.Assignment
	if who.Code != "" {
		return who.Code, who.Sentence
	}
	account, looked := p.in.Accounts[a.Account]
	switch {
	case looked && !account.Found:
		return CodeAccountUnknown, fmt.Sprintf("%s is not a member of the organization.", p.in.Names.account(a.Account))
	case looked && !account.Active:
		return CodeAccountInactive, fmt.Sprintf("%s is %s, not ACTIVE.", p.in.Names.account(a.Account), orUnknown(account.State))
	}
	if why := p.in.Differing[a.Account]; why != "" && !d.Named && p.isNew(a) {
		return CodeAccountDiffers, why
	}
	why, declared := p.in.Sets[a.PermissionSet]
	switch {
	case why != "":
		return CodeSetPending, why
	case declared && p.sight.NoSet(a.Pair()):
		return CodeSetPending, notMade(a.PermissionSet)
	case p.sight.NoSet(a.Pair()):
		return CodeSetMissing, fmt.Sprintf("Identity Center has no permission set named %s.", a.PermissionSet)
	}
	return "", ""
}

// isNew reports whether a desired assignment was never there: what was and is
// gone is put back as it is elsewhere, and what was sent is followed to its end.
func (p *planner) isNew(a config.Assignment) bool {
	r := p.in.Records[a]
	return !r.ReadBack && !r.Drifted && !r.Recreated && !r.MayExist && !p.in.Protected[a]
}

func (p *planner) looked(account string) bool {
	_, ok := p.in.Accounts[account]
	return ok
}

func orUnknown(s string) string {
	if s == "" {
		return "in an unknown state"
	}
	return s
}

func (p *planner) addCause(d *Desire) Cause {
	c := Cause{Kind: CauseCommit, Commit: p.in.Commit, Requests: slices.Clone(d.Requests)}
	slices.Sort(c.Requests)
	switch {
	case p.in.Records[d.Assignment].Drifted:
		c.Kind = CauseDrift
	case p.in.Records[d.Assignment].Recreated:
		c.Kind = CauseRecreated
	case len(c.Requests) > 0:
		c.Kind = CauseRequest
	}
	return c
}

// unwanted judges an owned assignment that is not desired.
func (p *planner) unwanted(a config.Assignment) {
	rec, who := p.in.Records[a], p.in.Principals[a.Principal]
	if p.in.Protected[a] {
		p.block(a, CodeProtected, fmt.Sprintf("%s is protected: it is no longer granted, and it stays.", p.in.Names.assignment(a)))
		return
	}
	ids := who.ids()
	if rec.PrincipalID != "" && !slices.Contains(ids, rec.PrincipalID) {
		ids = append(slices.Clone(ids), rec.PrincipalID)
	}
	change := Change{Kind: Remove, Assignment: a, Cause: p.removeCause(a, rec), Begun: rec.Begun}
	had := len(ids)
	ids = slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return p.taken(a, id) })
	if p.taken(a, rec.PrincipalID) {
		rec.MayExist = false
	}
	switch {
	case had > 0 && len(ids) == 0:
		p.out.Gone = append(p.out.Gone, a) // what is live under them is another's
	case had > 0 && p.mayBeTaken(a):
		p.wait(change, CodeNotLooked)
	case len(ids) == 0 && who.Looked:
		p.out.Gone = append(p.out.Gone, a) // never was in the identity store
	case len(ids) == 0:
		p.wait(change, CodeNotLooked)
	case p.nothingThere(a, ids):
		p.out.Gone = append(p.out.Gone, a)
	default:
		p.removeLive(change, ids, rec)
	}
}

// nothingThere reports that a reading of the pair found no permission set of the
// name, and nothing that was read since lists the principal. That a name was
// once not found says nothing of what is live now.
func (p *planner) nothingThere(a config.Assignment, ids []string) bool {
	one := p.sight.Pairs[a.Pair()]
	return one.Complete && one.NoSet && !slices.ContainsFunc(ids, func(id string) bool { return p.listed(a, id) == Listed })
}

// removeLive plans the removal of what is listed, or may exist unlisted. Of
// several ids one goes at a time, and only once all of them are known.
func (p *planner) removeLive(c Change, ids []string, rec RecordState) {
	for _, id := range ids {
		if p.listed(c.Assignment, id) == NotKnown {
			p.wait(c, CodeUnread)
			return
		}
	}
	for _, id := range ids {
		if p.listed(c.Assignment, id) == Listed {
			c.PrincipalID = id
			p.change(c)
			return
		}
	}
	if rec.MayExist && rec.PrincipalID != "" {
		c.PrincipalID = rec.PrincipalID
		p.change(c)
		return
	}
	p.out.Gone = append(p.out.Gone, c.Assignment)
}

func (p *planner) removeCause(a config.Assignment, rec RecordState) Cause {
	if rec.Removal != nil {
		return *rec.Removal
	}
	if cause, ok := p.in.Ended[a]; ok {
		return cause
	}
	return Cause{Kind: CauseCommit, Commit: p.in.Commit}
}

// listed says whether an assignment is listed under an identity store id.
func (p *planner) listed(a config.Assignment, id string) Answer {
	seen, _ := p.sight.Ask(a.Pair(), LiveAssignment{PrincipalID: id, Kind: a.Principal.Kind})
	return seen
}

// undeclared plans the removal of what no commit ever declared, where that is
// wanted and has not begun yet.
func (p *planner) undeclared(a config.Assignment, id string) {
	if commit, ok := p.in.Undeclared[a]; ok && p.in.Records[a].Removal == nil && !p.in.Protected[a] {
		p.change(Change{Kind: Remove, Assignment: a, PrincipalID: id, Cause: Cause{Kind: CauseDrift, Commit: commit}})
	}
}

func (p *planner) change(c Change) {
	c.End = c.End.UTC()
	c.Undo = c.Kind.Reverse()
	c.Sentence = p.in.Names.sentence(c)
	p.out.Changes = append(p.out.Changes, c)
}

func (p *planner) wait(c Change, code Code) {
	p.out.Waiting = append(p.out.Waiting, Waiting{c.Kind, c.Assignment, c.Cause, c.Begun, code})
}

func (p *planner) block(a config.Assignment, code Code, why string) {
	p.out.Blocked = append(p.out.Blocked, Blocked{a.String(), &a, code, why})
}

func compareExtra(a, b Extra) int {
	return cmp.Or(comparePairs(a.Pair, b.Pair), compareLive(a.Live, b.Live))
}

func (p *planner) sort() {
	slices.SortFunc(p.out.Changes, func(a, b Change) int {
		return cmp.Or(-cmp.Compare(a.Kind, b.Kind), a.Assignment.Compare(b.Assignment))
	})
	slices.SortFunc(p.out.Waiting, func(a, b Waiting) int {
		return cmp.Or(-cmp.Compare(a.Kind, b.Kind), a.Assignment.Compare(b.Assignment))
	})
	slices.SortFunc(p.out.Blocked, func(a, b Blocked) int { return cmp.Compare(a.Entry, b.Entry) })
	slices.SortFunc(p.out.Drift, func(a, b Drift) int { return a.Assignment.Compare(b.Assignment) })
	slices.SortFunc(p.out.Extra, compareExtra)
	slices.SortFunc(p.out.Live, config.Assignment.Compare)
	slices.SortFunc(p.out.Gone, config.Assignment.Compare)
}
