package review

import (
	"fmt"
	"slices"
	"time"
)

// Dismissal says that a review was dismissed: in the list of reviews it is
// DISMISSED from then on and keeps no former state. GitHub tells the rest in
// the event review_dismissed of the pull request ("Issue event types").
//
// Dismissing stale reviews on a push takes approvals only ("the approving
// review is dismissed as stale", About protected branches), so an objection is
// never dismissed but by somebody.
type Dismissal struct {
	// Review is the id of the review.
	Review int64
	By     User
	// Was is the state of the review before.
	Was State
	At  time.Time
}

// Overruled is an objection that stands although it was dismissed.
type Overruled struct {
	Person Person // who requested changes
	By     User   // who dismissed that
	Code   Code
	Why    string // a clause about By: "asked for this change"
}

// objection is the latest opinion of somebody who requested changes.
type objection struct {
	person Person
	// gone is how it was dismissed, nil when it was not.
	gone *Dismissal
}

// dismissal returns how a review was dismissed.
func (in *Input) dismissal(review int64) (*Dismissal, bool) {
	i := slices.IndexFunc(in.Dismissals, func(d Dismissal) bool { return d.Review == review })
	if i < 0 {
		return nil, false
	}
	return &in.Dismissals[i], true
}

// AtMerge returns the reviews with those approvals as such that were dismissed
// only after the merge: what was approved then stays so, else everybody who may
// write could halt what was rightly merged. All else is as GitHub has it now.
func (in *Input) AtMerge() []Review {
	out := slices.Clone(in.Reviews)
	for i, r := range out {
		if d, known := in.dismissal(r.ID); r.State == Dismissed && known && in.tooLate(d, r) {
			out[i].State = Approved
		}
	}
	return out
}

// tooLate reports whether a dismissal takes nothing away from an approval. One
// in the second of the merge may have come before it. Where opinions after the
// merge count, his own does.
func (in *Input) tooLate(d *Dismissal, r Review) bool {
	merged := in.MergedAt
	return d.Was == Approved && !merged.IsZero() && d.At.After(merged) && !r.At.After(merged) && !(in.Late && d.By.ID == r.User.ID)
}

// readObjection sorts out somebody's latest opinion that requests changes or
// was dismissed. An approval is gone whoever dismissed it before the merge; an
// objection is not, since somebody else's dismissal is not his opinion.
func (e *evaluation) readObjection(r Review, person Person) {
	d, known := e.in.dismissal(r.ID)
	switch {
	case r.State == ChangesRequested:
		e.objections = append(e.objections, objection{person: person})
	case !known:
		e.unread = append(e.unread, person)
	case d.Was != Approved:
		e.objections = append(e.objections, objection{person, d})
	}
}

// block finds the objections that stand.
func (e *evaluation) block() {
	for _, o := range e.objections {
		for i := range e.v.Needs {
			n, by := &e.v.Needs[i], e.sides[i]
			if !e.namedInAny(n.Steps, o.person, by) {
				continue
			}
			if o.gone != nil {
				code, why, stands := e.stands(&o, n, by)
				if !stands {
					continue
				}
				e.v.Overruled = append(e.v.Overruled, Overruled{o.person, o.gone.By, code, why})
			}
			e.v.Blocks = append(e.v.Blocks, o.person)
			break
		}
	}
	for _, p := range e.unread {
		if e.namedSomewhere(p) {
			e.undecided("It could not be read who dismissed the review of %s and what that review said.", p.User.Login)
		}
	}
}

func (e *evaluation) namedSomewhere(p Person) bool {
	for i := range e.v.Needs {
		if e.namedInAny(e.v.Needs[i].Steps, p, e.sides[i]) {
			return true
		}
	}
	return false
}

// stands reports why an objection stands for a need although it was dismissed:
// only who raised it, or could approve the need himself, takes it away.
func (e *evaluation) stands(o *objection, n *Need, by sides) (Code, string, bool) {
	d := o.gone
	person, linked := e.byID[d.By.ID]
	switch {
	case !e.inTime(d.At):
		return NotInTime, "did so after the merge", true
	case d.By.Bot:
		return NotBot, "is a bot", true
	case d.By.ID == o.person.User.ID:
		return "", "", false
	case !linked:
		return NotLinked, "is not linked to a person in people.yaml", true
	case slices.Contains(e.in.Inactive, person.Entra):
		return NotActive, "is disabled, a guest or gone in Entra", true
	}
	if code, why, out := e.excluded(person, n); out {
		return code, why, true
	}
	if !e.namedInAny(n.Steps, person, by) {
		return NotAllowed, "is not among the approvers", true
	}
	return "", "", false
}

// objected returns who is named for a need and ever requested changes of the
// pull request, or of the same before, "" for nobody: what somebody objected to passes by no rule's
// auto, whatever became of the objection. A dismissed review of which it is not
// known what it said may have been one.
func (e *evaluation) objected(n *Need, by sides) string {
	if before := e.in.ObjectedBefore; len(before) > 0 {
		return before[0]
	}
	for _, r := range e.in.Reviews {
		d, known := e.in.dismissal(r.ID)
		object := r.State == ChangesRequested || r.State == Dismissed && (!known || d.Was != Approved && d.Was != Commented)
		person, linked := e.byID[r.User.ID]
		if object && linked && !r.User.Bot && e.inTime(r.At) && e.namedInAny(n.Steps, person, by) {
			return r.User.Login
		}
	}
	return ""
}

// inTime reports whether what was said then counts: before the merge, or late
// where that mends a halt.
func (e *evaluation) inTime(at time.Time) bool {
	return e.in.MergedAt.IsZero() || e.in.Late || !at.After(e.in.MergedAt)
}

// blockSentence says whose objection stands, and what ends it.
func blockSentence(v *Verdict, p Person) string {
	i := slices.IndexFunc(v.Overruled, func(o Overruled) bool { return o.Person == p })
	if i < 0 {
		return p.User.Login + " requested changes; that must be resolved first."
	}
	o := v.Overruled[i]
	return fmt.Sprintf("%s requested changes, and that stands: %s dismissed the review but %s. %s must approve, or the change be proposed anew.",
		p.User.Login, o.By.Login, o.Why, p.User.Login)
}
