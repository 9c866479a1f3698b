package onboard

import (
	"cmp"
	"slices"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
)

// The waits of one account, before Options.Pace divides them.
const (
	// lookEvery is how often an account under way is looked at.
	lookEvery = time.Minute
	// stoppedEvery is how often one that is stopped is.
	stoppedEvery = 2 * time.Minute
	// placedEvery is how often an account is looked at that waits for its
	// baseline, when something changes.
	placedEvery = 5 * time.Second
	// soon is after how long what was just written is read back.
	soon = 2 * time.Second
	// unknownGrace is how long after a lost answer AWS's lists are trusted to
	// show what the write did.
	unknownGrace = time.Minute
	// listGrace is how long an invitation that was just made may be missing in
	// the list.
	listGrace = 5 * time.Minute
	// moveGrace is how long the place of an account may lag behind a move.
	moveGrace = 2 * time.Minute
	// askGrace is how long a new file waits for the request that may have brought
	// it.
	askGrace = time.Minute
	// joinTold is after how long between the acceptance and the membership people
	// are told.
	joinTold = time.Hour
	// joinLost is after how long it is not waited for any more: the account may
	// have joined and left again while nobody looked.
	joinLost = day
	// day is how long a daily limit of AWS holds at most.
	day = 24 * time.Hour
	// finalizing is how long AWS asks to wait while it makes an organization
	// ready (InviteAccountToOrganization: "wait one hour").
	finalizing = time.Hour
	// retryFirst doubles up to retryMost after what failed.
	retryFirst = 15 * time.Second
	retryMost  = 30 * time.Minute
	// enteredGrace allows for two readings of AWS that do not say quite the same.
	enteredGrace = time.Minute
	// clockGrace allows for a clock of AWS that is behind ours.
	clockGrace = 5 * time.Minute
)

// actions and states of handshakes, as Organizations names them.
const (
	actionInvite  = "INVITE"
	stateRequest  = "REQUESTED"
	stateOpen     = "OPEN"
	stateAccepted = "ACCEPTED"
	stateDeclined = "DECLINED"
	stateCanceled = "CANCELED"
	stateExpired  = "EXPIRED"
)

// States of an account, as Organizations names them.
const (
	accountPending = "PENDING_ACTIVATION"
	accountActive  = "ACTIVE"
	accountSuspend = "SUSPENDED"
	accountClosing = "PENDING_CLOSURE"
	accountClosed  = "CLOSED"
)

// root is the path of the root.
const root = "/"

// Sight is what one look at an account found, and what the config in force
// wants of it.
type Sight struct {
	Now           time.Time
	Pace          float64 // divides the graces; zero is one
	Phase         config.Phase
	EnableChanges bool
	// HasRole is whether a role of the management account is configured.
	HasRole bool
	// IsManagement is whether it is the management account itself.
	IsManagement bool
	// Elsewhere says that the organization is not that of the config in force, ""
	// when it is.
	Elsewhere string
	Features  access.FeatureSet
	// Pending is whether a request for the account is open that is not known to be
	// in force.
	Pending bool
	// Asked is whether somebody's request for the account is in force.
	Asked bool
	// OU is that of the file; From that of the pull request, "" for none.
	OU, From string
	Account  Place
	// Invitations are those to the account, in any state, the newest first.
	// Unread says why they could not be read, in a sentence for people.
	Invitations []access.Handshake
	Unread      string
	// Unit is the id of OU, "" when it does not exist.
	Unit string
	// Live of Total assignments of the baseline were read back, the last one at
	// LiveAt.
	Live, Total int
	LiveAt      time.Time
}

// grace shortens a grace by the pace.
func (s Sight) grace(d time.Duration) time.Duration {
	if s.Pace > 1 {
		return time.Duration(float64(d) / s.Pace)
	}
	return d
}

// invitationsTo returns the invitations to an account, the newest first.
func invitationsTo(account string, all []access.Handshake) []access.Handshake {
	var out []access.Handshake
	for _, h := range all {
		if h.Action == actionInvite && h.Account == account {
			out = append(out, h)
		}
	}
	slices.SortStableFunc(out, func(a, b access.Handshake) int {
		return cmp.Or(b.Asked.Compare(a.Asked), cmp.Compare(a.ID, b.ID))
	})
	return out
}

// waits reports whether a handshake waits for an answer at a time.
func waits(h access.Handshake, now time.Time) bool {
	return (h.State == stateRequest || h.State == stateOpen) && (h.Expires.IsZero() || now.Before(h.Expires))
}

// newest returns the id of the newest invitation, "" for none.
func (s Sight) newest() string {
	if len(s.Invitations) == 0 {
		return ""
	}
	return s.Invitations[0].ID
}

// madeSince returns the newest invitation if it was made since an intent. That it
// is another one than the newest one then does not say so by itself: AWS forgets
// what has ended.
func (s Sight) madeSince(i Invitation) (access.Handshake, bool) {
	if len(s.Invitations) == 0 || s.newest() == i.Last {
		return access.Handshake{}, false
	}
	h := s.Invitations[0]
	_, lastListed := s.invitation(i.Last)
	return h, i.Last == "" || lastListed || !h.Asked.Before(i.Intent.Add(-clockGrace))
}

// openInvitation returns the invitation that waits for an answer.
func (s Sight) openInvitation() (access.Handshake, bool) {
	for _, h := range s.Invitations {
		if waits(h, s.Now) {
			return h, true
		}
	}
	return access.Handshake{}, false
}

// invitation returns one by id.
func (s Sight) invitation(id string) (access.Handshake, bool) {
	for _, h := range s.Invitations {
		if h.ID == id {
			return h, true
		}
	}
	return access.Handshake{}, false
}

// backoff returns the wait after the n-th failure in a row, from 0.
func backoff(n int) time.Duration {
	d := retryFirst
	for ; n > 0 && d < retryMost; n-- {
		d *= 2
	}
	return min(d, retryMost)
}
