package provision

import (
	"cmp"
	"context"
	"slices"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
)

// When an account is moved to SSO, commits and the drift check take old access
// away in it: what people had before the bot, and the bot did not make. With
// onboarding.confirm the people of the account are then asked whether they are
// still in, and what was taken away is put back if nobody says so in time. See
// docs/decisions/0015-commit-confirm.md.

// cutoverFor is how long after its account file came into force an account
// counts as being moved: docs/migration.md has old access go within weeks.
const cutoverFor = 30 * 24 * time.Hour

// The waits of a question.
const (
	// askLatest is how long the question waits, once something is gone, for
	// removals of the same commit that AWS has not ended.
	askLatest = 10 * time.Minute
	// clickGrace is how long after a start nothing is put back by the time alone:
	// a click that came before is worked off first.
	clickGrace = time.Minute
	// longDown is how long after the time to confirm was over a process that did not
	// run then asks anew: it heard no confirmation meanwhile, and what it has on disk
	// may be a backup from before one.
	longDown = 6 * time.Hour
	// checkedFor is how long it holds that somebody is still who had it.
	checkedFor = time.Minute
	// giveUpAfter is when what could not be put back is left: it is no emergency
	// any more.
	giveUpAfter = time.Hour
	// triedAtLeast is how long a process itself tries before it gives up: after a
	// start that is late already what was decided is still to be done.
	triedAtLeast = 10 * time.Minute
	// cutoverKept is how long a question that is over is kept.
	cutoverKept = 30 * 24 * time.Hour
)

// Cutover is old access to one account that one commit takes away, and the
// question about it.
type Cutover struct {
	// ID is "CUT-" and eight hex digits.
	ID          string
	Account     string // 12 digits
	AccountName string // as people know it
	// Commit is that of the cause of the removals.
	Commit string
	// Request brought the account in; "" where nobody asked for it in chat.
	Request access.ID
	State   access.CutoverState
	Since   time.Time // when the first removal was let through
	// Asked is when everything was read back as gone, Within for how long it is
	// asked, Until when that is over. They are zero before.
	Asked, Until time.Time
	Within       time.Duration
	// Doubtful: what time it was was in doubt when Asked and Until, or Decided,
	// was noted. Mended: they were set anew since, and people are asked anew. Late:
	// the same, since no process ran when the time was over, nor long after.
	Doubtful, Mended, Late bool
	// Decided is when it was confirmed, or decided to put all back; By is who
	// confirmed, and Name what he is called.
	Decided  time.Time
	By, Name string
	// Told is the last state that people were told.
	Told  access.CutoverState
	Items []CutoverItem
	// People are the Entra ids of the direct members of each group of the items,
	// by the id of the group, when its access was taken away; a group that could
	// not be read is missing. They are dropped when the question is over.
	People map[string][]string
}

// CutoverItem is one assignment of a cutover. Zero times are not yet.
type CutoverItem struct {
	Assignment config.Assignment
	// PrincipalID is the id in the identity store that had it, Who what people
	// call the group or user.
	PrincipalID string
	Who         string
	// End is when its grant was to end anyway, zero for standing. Permits names what
	// the file of the permission set had it permit then; it is "" in items from before
	// that was kept.
	End      time.Time
	Permits  string
	Removed  time.Time // read back as gone
	Restored time.Time // read back as live again
	// Missing is when a listing first did not show it since, until one does.
	Missing time.Time
	// Left says why it is not put back, in a sentence for people. Grew: because of
	// who joined the group.
	Left string
	Grew bool
	// Released is when it was decided about after it was put back: the config
	// grants it, or the bot is to take it away again, or it is gone.
	Released time.Time
}

// fromEntra reports whether an item can be put back at all. Of what stands for an id
// of Identity Center alone nobody can tell who would get it.
func (i CutoverItem) fromEntra() bool { return !standsForID(i.Assignment.Principal) }

// ended reports whether the time has taken away at a time what an item is about.
func (i CutoverItem) ended(at time.Time) bool { return !i.End.IsZero() && !i.End.After(at) }

// over reports whether nothing is to be done for an item of a roll-back.
func (i CutoverItem) over() bool { return !i.Restored.IsZero() || i.Left != "" }

// held reports whether an item is live again and nobody decided about it.
func (i CutoverItem) held() bool { return !i.Restored.IsZero() && i.Released.IsZero() }

// Cutovers keeps cutovers. What writes is durable when it returns nil.
type Cutovers interface {
	// Cutovers returns all, sorted by id.
	Cutovers(ctx context.Context) ([]Cutover, error)
	// SaveCutovers stores some and forgets others, in one step.
	SaveCutovers(ctx context.Context, put []Cutover, forget []string) error
}

// Origins tells of the requests behind accounts and removals.
type Origins interface {
	// Onboarded returns since when the account's file is in force as sso, and the
	// request that brought it, "" when nobody asked in chat. access.ErrNotFound:
	// it has none, or had it before the bot looked first.
	Onboarded(ctx context.Context, account string) (request access.ID, since time.Time, err error)
	// Revoked reports whether somebody asked in chat that an assignment be taken
	// away, and that is not over: it was not read back as gone yet.
	Revoked(ctx context.Context, a config.Assignment) (bool, error)
}

// StepCutover is the durable step of a cutover.
const StepCutover Step = "provision.cutover"

// cutovers is what a pass knows of them.
type cutovers struct {
	list []Cutover // sorted by id
	// restorable are those that are to be put back now, and may be, under the id
	// that had them.
	restorable map[config.Assignment]string
}

// withinNow is how long people have by the config in force; zero is that nobody
// is asked.
func (v *view) withinNow() time.Duration { return v.force.Repo.Access.Onboarding.ConfirmWithin }

// each calls f with every item of cutovers in some states.
func (c *cutovers) each(f func(Cutover, CutoverItem), states ...access.CutoverState) {
	for _, x := range c.list {
		for _, i := range x.Items {
			if len(states) == 0 || slices.Contains(states, x.State) {
				f(x, i)
			}
		}
	}
}

// puttingBack reports whether a record is of what is being put back.
func (c *cutovers) puttingBack(r *Record) bool {
	found := false
	if r.rollsBack() {
		c.each(func(_ Cutover, i CutoverItem) { found = found || i.Assignment == r.Assignment && !i.over() }, access.CutoverRollingBack)
	}
	return found
}

// heldFor returns the cutover after which an assignment was put back, or is being
// so, while nobody has decided about it; "" for none.
func (c *cutovers) heldFor(a config.Assignment) string {
	id := ""
	c.each(func(x Cutover, i CutoverItem) {
		if i.Assignment == a && (i.held() || x.State == access.CutoverRollingBack && !i.over()) {
			id = x.ID
		}
	})
	return id
}

// askedLate reports whether people are asked anew about an assignment, since the bot
// may have forgotten what became of it: that it is live may be since it was put back,
// and who is asked is not to lose it meanwhile.
func (c *cutovers) askedLate(a config.Assignment) bool {
	found := false
	c.each(func(x Cutover, i CutoverItem) { found = found || x.Late && i.Assignment == a }, access.CutoverAsked)
	return found
}

// mayComeBack are the assignments that a question is open about, or that were put
// back and not decided about.
func (c *cutovers) mayComeBack() map[config.Assignment]bool {
	out := map[config.Assignment]bool{}
	c.each(func(x Cutover, i CutoverItem) {
		if !x.over() || i.held() {
			out[i.Assignment] = true
		}
	})
	return out
}

// over reports whether nothing more is asked or done by itself.
func (c Cutover) over() bool {
	switch c.State {
	case access.CutoverConfirmed, access.CutoverRolledBack, access.CutoverWithdrawn:
		return true
	default:
		return false
	}
}

// rollsBack reports whether a record is, or was last, of what is put back.
func (r *Record) rollsBack() bool { return r.Cause.Kind == CauseRollBack }

// origin is what becomes of the origin of a record whose undertaking begins anew.
func (r *Record) origin() Origin {
	switch r.State {
	case Adding:
		return r.Origin
	case Live, Removing:
		return cmp.Or(r.Origin, OriginMade)
	case Gone:
		if r.rollsBack() { // live, and granted by now: nobody is asked about it twice
			return r.Origin
		}
	}
	return ""
}

// rollsBack reports whether a change puts back what may be put back.
func (s Surroundings) rollsBack(c Change) bool {
	id, ok := s.RollBack[c.Assignment]
	return ok && c.Kind == Add && c.Cause.Kind == CauseRollBack && id == c.PrincipalID
}
