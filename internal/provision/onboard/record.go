package onboard

import (
	"time"

	"aws-access-bot/internal/access"
)

// State is how far an account is; the package comment has what each means. The
// words are stored.
type State string

// The states.
const (
	Standing State = "standing"
	New      State = "new"
	Inviting State = "inviting"
	Invited  State = "invited"
	Joining  State = "joining"
	Member   State = "member"
	Moving   State = "moving"
	Placed   State = "placed"
	Done     State = "done"
	Left     State = "left"
)

// Step names what becomes durable; see the package comment.
type Step string

// The steps.
const (
	StepSeen    Step = "onboard.seen"
	StepIntent  Step = "onboard.intent"
	StepInvited Step = "onboard.invited"
	StepMoved   Step = "onboard.moved"
	StepNoted   Step = "onboard.noted"
	StepAgain   Step = "onboard.again"
	StepTold    Step = "onboard.told"
	StepIAM     Step = "onboard.iam"
)

// Code is a stable name of why an account is stopped or held up.
type Code string

// Invitation is one that was made, or is about to be. Without an ID its answer
// is not known.
type Invitation struct {
	Intent time.Time // zero for one that was found
	// Last is the id of the newest invitation that there was at the intent: what
	// is newer is this one.
	Last string
	access.Handshake
	// Found says that somebody else made it.
	Found bool
	// Accepted is when it was first seen accepted; AWS does not say since when.
	Accepted time.Time
}

// Move is one that was made, or is about to be. Without Accepted its answer is
// not known.
type Move struct {
	Intent   time.Time
	From, To string // ids of root or OU
	Accepted time.Time
}

// Note is why an account is stopped or held up, in sentences for people.
type Note struct {
	Code Code
	Text string
	// Since is when it began to be so; it tells one time from another.
	Since time.Time
}

// Record is what is recorded of one account whose file has the stage sso.
type Record struct {
	Account string // 12 digits
	State   State
	Began   time.Time // when its file was seen first, or it was taken up again
	Commit  string    // in force then

	// Member is whether it was a member when last looked at.
	Member bool
	// Entered is since when it was a member then, as AWS says; zero where that is not
	// known. A later time is that of an account that left and joined again.
	Entered time.Time
	// Outside is whether it was outside the organization when looked at first.
	Outside bool
	// LeftFrom is the state it was in when it left the organization.
	LeftFrom State
	// Seat is the OU in which it was, by its path, when last looked at.
	Seat string

	Invitation *Invitation
	Joined     time.Time // zero when it was a member from the beginning
	Move       *Move
	Placed     time.Time
	Baseline   time.Time

	Stop    Note // zero when it is not stopped
	Trouble Note // zero when nothing holds it up

	// Attempts that failed in a row, and when the next one is due.
	Attempts int
	NextTry  time.Time

	// Reminded is the day of the last reminder of the open invitation, counted
	// from when it was made, and RemindedAt when it was.
	Reminded   int
	RemindedAt time.Time
	// Again is when it was last taken up again.
	Again time.Time
}

// stopped reports whether it does not go on by itself.
func (r Record) stopped() bool { return r.Stop.Code != "" }

// settled reports whether nothing is under way.
func (r Record) settled() bool { return r.State == Standing || r.State == Done || r.State == Left }

// stop notes why nothing goes on.
func (r Record) stop(now time.Time, w words) Record {
	if r.Stop.Code != w.code {
		r.Stop.Since = now
	}
	r.Stop.Code, r.Stop.Text = w.code, w.text
	r.Trouble, r.Attempts, r.NextTry = Note{}, 0, time.Time{}
	return r
}

// hold notes what has to pass first.
func (r Record) hold(now time.Time, w words) Record {
	if r.Trouble.Code != w.code {
		r.Trouble.Since = now
	}
	r.Trouble.Code, r.Trouble.Text = w.code, w.text
	r.Stop = Note{}
	return r
}

// fail is hold after an attempt that failed; the next one is due after wait.
func (r Record) fail(now time.Time, w words, wait time.Duration) Record {
	r = r.hold(now, w)
	r.Attempts++
	r.NextTry = now.Add(wait)
	return r
}

// on goes on in a state: nothing stops it nor holds it up.
func (r Record) on(s State) Record {
	r.State, r.Stop, r.Trouble, r.Attempts, r.NextTry = s, Note{}, Note{}, 0, time.Time{}
	return r
}

// back is the record of an account that left and is a member again. One that AWS
// says joined before it was seen to be gone never left: it is what it was. One
// that the bot did not bring in stays as it stood. Any other has joined anew, and
// is brought to its place as after an invitation.
func (r Record) back(s Sight) Record {
	gone, joined := r.Stop.Since, s.Account.Joined
	if r.LeftFrom == Standing || !joined.IsZero() && joined.Before(gone.Add(-clockGrace)) {
		return r.on(r.LeftFrom)
	}
	return r.anew(gone)
}

// anew is the record of an account that joined again, after it was gone at a time.
func (r Record) anew(gone time.Time) Record {
	return Record{Account: r.Account, State: New, Began: gone, Commit: r.Commit, Again: r.Again, Outside: true}
}

// rejoined reports whether a member left and joined again while nobody looked.
func (r Record) rejoined(a access.EstateAccount) bool {
	return r.Member && a.Member && !r.Entered.IsZero() && a.Joined.After(r.Entered.Add(enteredGrace))
}

// again takes a stopped account up again, as if its file were new.
func (r Record) again(a Again) Record {
	out := Record{Account: r.Account, State: New, Began: a.At, Commit: r.Commit, Again: a.At, Placed: r.Placed, Baseline: r.Baseline, Outside: r.Outside, Joined: r.Joined}
	if r.State == Left {
		out.Placed, out.Baseline, out.Joined = time.Time{}, time.Time{}, time.Time{}
	}
	return out
}
