package onboard

import (
	"time"

	"aws-access-bot/internal/access"
)

// action is the one write that step wants made.
type action int

const (
	nothing action = iota
	invite
	move
)

// step decides what a look at an account means for its record, and what is to be
// written. It is pure. A record that comes with an action has its intent in it
// and must be stored before the write is made.
func step(r Record, s Sight) (Record, action) {
	if s.IsManagement {
		return r.stop(s.Now, sayManagement()), nothing
	}
	if s.Pending && r.State == New && s.Now.Sub(r.Began) < s.grace(askGrace) {
		return r, nothing
	}
	if s.Asked && (r.State == Standing || r.State == Done && s.atItsStart()) {
		r = takeUp(r, s)
	}
	if s.Account.Member {
		return inside(r, s)
	}
	return outside(r, s)
}

// atItsStart reports whether a member is where the pull request in force said it
// is moved from.
func (s Sight) atItsStart() bool {
	return s.Account.Member && s.From != "" && s.From != s.OU && s.Account.OU == s.From
}

// takeUp begins what was asked for an account that was there before the bot, or
// was brought in before. A member is moved if the pull request said from where.
// Otherwise it stays where it is, for nobody approved a move: only its baseline
// is watched. It begins now, however long its file has been there.
func takeUp(r Record, s Sight) Record {
	if !s.Account.Member && r.Member {
		return r // it left
	}
	r.Began = s.Now
	switch {
	case s.Account.Member && s.From != "":
		r.Placed, r.Baseline, r.Move = time.Time{}, time.Time{}, nil
		return r.on(Member)
	case s.Account.Member:
		r.Placed = r.Began
		return r.on(Placed)
	}
	return r.on(New)
}

// inside is step for a member.
func inside(r Record, s Sight) (Record, action) {
	if r.State != Standing && r.rejoined(s.Account.EstateAccount) {
		r = r.anew(s.Account.Joined)
	}
	first := !r.Member
	if r.State == Left {
		r = r.back(s)
	}
	r.Member, r.Seat = true, s.Account.OU
	if at := s.Account.Joined; !at.IsZero() {
		r.Entered = at
	}
	if r.settled() {
		return r.on(r.State), nothing
	}
	if first && r.Outside && r.Joined.IsZero() {
		r.Joined = s.Now
		if at := s.Account.Joined; !at.IsZero() && !at.Before(r.Began.Add(-clockGrace)) && at.Before(s.Now) {
			r.Joined = at
		}
	}
	placed := !r.Placed.IsZero()
	switch {
	case placed && s.Live >= s.Total:
		return grow(r, s), nothing
	case placed: // what lacks is set up in an ACTIVE account only
		r.State = Placed
	case r.State != Moving:
		r.State = Member
	}
	switch s.Account.State {
	case accountActive:
		if placed {
			return grow(r, s), nothing
		}
		return place(r, s)
	case accountPending:
		return r.hold(s.Now, sayPending()), nothing
	case accountSuspend:
		return r.stop(s.Now, saySuspended()), nothing
	case accountClosing, accountClosed:
		return r.stop(s.Now, sayClosed(s.Account.State)), nothing
	default:
		return r.stop(s.Now, sayState(s.Account.State)), nothing
	}
}

// place moves a member to the OU of its file.
func place(r Record, s Sight) (Record, action) {
	if s.Unit != "" && s.Account.Parent == s.Unit {
		r.Placed, r.Move = s.Now, nil
		return grow(r.on(Placed), s), nothing
	}
	if m := r.Move; m != nil {
		// Until AWS must have shown what the last move did, its place says
		// nothing.
		since, grace := m.Intent, unknownGrace
		if !m.Accepted.IsZero() {
			since, grace = m.Accepted, moveGrace
		}
		if s.Account.Parent == m.From && s.Now.Sub(since) < s.grace(grace) {
			return r, nothing
		}
	}
	if s.Unit == "" {
		return r.hold(s.Now, sayNoUnit(s.OU)), nothing
	}
	if s.Account.OU != root && (s.From == "" || s.Account.OU != s.From) {
		return r.stop(s.Now, sayMoved(s)), nothing
	}
	if w, hold := mayWrite(s, sayWouldMove(s)); w.code != "" {
		if hold {
			return r.hold(s.Now, w), nothing
		}
		return r.stop(s.Now, w), nothing
	}
	if s.Now.Before(r.NextTry) {
		return r, nothing
	}
	r.State, r.Stop = Moving, Note{}
	r.Move = &Move{Intent: s.Now, From: s.Account.Parent, To: s.Unit}
	return r, move
}

// grow watches the baseline of an account that is in its place.
func grow(r Record, s Sight) Record {
	if s.Live < s.Total {
		return r.on(Placed)
	}
	r.Baseline = r.Placed
	if s.LiveAt.After(r.Placed) {
		r.Baseline = s.LiveAt
	}
	return r.on(Done)
}

// mayWrite says why nothing may be written now; hold means that it passes, or
// is known to the operator.
func mayWrite(s Sight, would string) (w words, hold bool) {
	switch {
	case s.Elsewhere != "":
		return sayWhose(s.Elsewhere, would), false
	case !s.EnableChanges:
		return sayChangesOff(would), true
	case !s.HasRole:
		return sayNoRole(would), false
	case !allFeatures(s.Features):
		return sayFeatures(s.Features), true
	}
	return words{}, false
}

// outside is step for an account that is not a member.
func outside(r Record, s Sight) (Record, action) {
	if r.Member {
		r.Member, r.Seat, r.LeftFrom, r.State = false, "", r.State, Left
		return r.stop(s.Now, sayLeft()), nothing
	}
	if r.State == Left {
		return r, nothing
	}
	open, waiting := s.openInvitation()
	if r.State == Standing && !waiting {
		return r, nothing
	}
	r.Outside = true
	if i := r.Invitation; i != nil && i.ID != "" && !(waiting && i.ID != open.ID) {
		return follow(r, s), nothing
	}
	if waiting {
		return found(r, s, open), nothing
	}
	if i := r.Invitation; i != nil && i.ID == "" {
		if s.Unread != "" {
			return r.hold(s.Now, sayUnread(s.Unread)), nothing
		}
		// The answer was lost: what was made since is ours, however it went on.
		if h, ok := s.madeSince(*i); ok {
			return follow(found(r, s, h), s), nothing
		}
		if s.Now.Sub(i.Intent) < s.grace(unknownGrace) {
			return r, nothing
		}
		r.Invitation = nil
	}
	return ask(r, s)
}

// ask invites, unless something is in the way.
func ask(r Record, s Sight) (Record, action) {
	if r.stopped() && lasts(r.Stop.Code) {
		return r, nothing
	}
	if !s.Phase.Invites() {
		return r.hold(s.Now, sayPhase(s.Phase)), nothing
	}
	if w, hold := mayWrite(s, sayWouldInvite()); w.code != "" {
		if hold {
			return r.hold(s.Now, w), nothing
		}
		return r.stop(s.Now, w), nothing
	}
	if s.Unread != "" {
		return r.hold(s.Now, sayUnread(s.Unread)), nothing
	}
	if s.Now.Before(r.NextTry) {
		return r, nothing
	}
	r.State, r.Stop = Inviting, Note{}
	r.Invitation = &Invitation{Intent: s.Now, Last: s.newest()}
	return r, invite
}

// found takes up an invitation that is in AWS's list.
func found(r Record, s Sight, h access.Handshake) Record {
	i := &Invitation{Handshake: h, Found: true}
	if was := r.Invitation; was != nil && was.ID == "" && h.ID != was.Last {
		i.Intent, i.Last, i.Found = was.Intent, was.Last, false
	}
	r.Invitation = i
	r.Reminded, r.RemindedAt = 0, time.Time{}
	return remind(r.on(Invited), s.Now)
}

// follow goes on with the invitation that is recorded.
func follow(r Record, s Sight) Record {
	i := *r.Invitation
	h, listed := s.invitation(i.ID)
	switch {
	case r.stopped() && lasts(r.Stop.Code) && !(listed && waits(h, s.Now)):
		return r
	case s.Unread != "":
		return r.hold(s.Now, sayUnread(s.Unread))
	case !listed:
		return vanished(r, s)
	}
	i.Handshake = h
	r.Invitation = &i
	switch {
	case waits(h, s.Now):
		return remind(r.on(Invited), s.Now)
	case h.State == stateAccepted:
		if i.Accepted.IsZero() {
			i.Accepted = s.Now
		}
		switch since := s.Now.Sub(i.Accepted); {
		case since > joinLost:
			return r.stop(s.Now, sayNeverJoined(i.Accepted))
		case since > joinTold:
			r.State = Joining
			return r.hold(s.Now, sayJoining(i.Accepted))
		}
		return r.on(Joining)
	case h.State == stateDeclined:
		return r.stop(s.Now, sayDeclined())
	case h.State == stateCanceled:
		return r.stop(s.Now, sayCanceled())
	case h.State == stateExpired, h.State == stateRequest, h.State == stateOpen:
		return r.stop(s.Now, sayExpired(h.Expires))
	default:
		return r.hold(s.Now, sayHandshake(h.State))
	}
}

// vanished is follow for an invitation that AWS does not list: it is too new, or
// ended more than 30 days ago.
func vanished(r Record, s Sight) Record {
	switch {
	case s.Now.Sub(r.Invitation.Asked) < s.grace(listGrace):
		return r.on(Invited)
	case !r.Invitation.Accepted.IsZero():
		return r.stop(s.Now, sayNeverJoined(r.Invitation.Accepted))
	case !r.Invitation.Expires.IsZero() && s.Now.After(r.Invitation.Expires):
		return r.stop(s.Now, sayExpired(r.Invitation.Expires))
	default:
		return r.stop(s.Now, sayVanished(r.Invitation.ID))
	}
}

// remindOn are the days, counted from when the invitation was made, on which
// its owner is reminded.
func remindOn() []int { return []int{1, 3, 7, 12} }

// remind notes that a reminder of the open invitation is due.
func remind(r Record, now time.Time) Record {
	if !r.RemindedAt.IsZero() && now.Sub(r.RemindedAt) < day {
		return r
	}
	for _, n := range remindOn() {
		if n > r.Reminded && now.Sub(r.Invitation.Asked) >= time.Duration(n)*day {
			r.Reminded, r.RemindedAt = n, now
		}
	}
	return r
}
