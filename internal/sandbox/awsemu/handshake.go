package awsemu

import (
	"slices"
	"strings"
	"time"
)

// Feature sets of an organization, kinds and states of handshakes, as
// organizations names them.
const (
	featuresAll     = "ALL"
	featuresBilling = "CONSOLIDATED_BILLING"

	actionInvite  = "INVITE"
	actionEnable  = "ENABLE_ALL_FEATURES"
	actionApprove = "APPROVE_ALL_FEATURES"

	shakeRequested = "REQUESTED"
	shakeOpen      = "OPEN"
	shakeAccepted  = "ACCEPTED"
	shakeDeclined  = "DECLINED"
	shakeCanceled  = "CANCELED"
	shakeExpired   = "EXPIRED"

	partyAccount, partyEmail, partyOrganization = "ACCOUNT", "EMAIL", "ORGANIZATION"
)

// Times of handshakes ("Quotas and service limits for AWS Organizations",
// section "Expiration times for handshakes").
const (
	inviteLasts = 15 * 24 * time.Hour
	enableLasts = 90 * 24 * time.Hour
	// shakeKept is how long a handshake that is over is still shown.
	shakeKept = 30 * 24 * time.Hour
)

// handshake is one exchange between the organization and an account, or of the
// management account with itself (ENABLE_ALL_FEATURES, without a recipient).
type handshake struct {
	id, action, state string
	// kind and target are the recipient as the sender named it: an account by
	// id, or an e-mail address.
	kind, target string
	parent       string // of an APPROVE_ALL_FEATURES
	notes        string
	tags         map[string]string // for the account that joins
	sent, ends   time.Time
	over         time.Time // when it came to its end; zero before
	serial       int
}

// pending reports whether somebody may still answer.
func (h *handshake) pending() bool { return h.state == shakeRequested || h.state == shakeOpen }

// finish ends a handshake.
func (h *handshake) finish(state string, at time.Time) { h.state, h.over = state, at }

// sentTo reports whether an account is the recipient.
func (h *handshake) sentTo(a *Account) bool {
	switch h.kind {
	case partyAccount:
		return h.target == a.ID
	case partyEmail:
		return strings.EqualFold(h.target, a.Email)
	}
	return false
}

// send makes a handshake and keeps it.
func (s *Server) send(h handshake, at time.Time, lasts time.Duration) *handshake {
	s.org.serial++
	h.id = "h-" + strings.ReplaceAll(s.opts.NewID(), "-", "")
	h.state, h.sent, h.ends, h.serial = shakeRequested, at, at.Add(lasts), s.org.serial
	s.org.handshakes = append(s.org.handshakes, &h)
	return &h
}

// shake finds a handshake that is still shown.
func (o *organization) shake(id string) (*handshake, bool) {
	i := slices.IndexFunc(o.handshakes, func(h *handshake) bool { return h.id == id })
	if i < 0 {
		return nil, false
	}
	return o.handshakes[i], true
}

// open returns the handshakes of a kind that may still be answered.
func (o *organization) open(action string) []*handshake {
	return slices.DeleteFunc(slices.Clone(o.handshakes), func(h *handshake) bool { return h.action != action || !h.pending() })
}

// settleHandshakes ends those whose time is up, and forgets those that have
// been over for long.
func (o *organization) settleHandshakes(now time.Time) {
	for _, h := range o.handshakes {
		if h.pending() && !now.Before(h.ends) {
			h.finish(shakeExpired, h.ends)
		}
	}
	o.settleFeatures(now)
	o.handshakes = slices.DeleteFunc(o.handshakes, func(h *handshake) bool {
		return !h.over.IsZero() && now.Sub(h.over) >= shakeKept
	})
}

// join makes an account that accepted an invitation a member, in the root.
func (o *organization) join(a *Account, h *handshake, at time.Time) {
	delete(o.outside, a.ID)
	joined := *a
	joined.OU, joined.Method, joined.Joined, joined.Organization = "/", MethodInvited, at, ""
	if len(h.tags) > 0 {
		joined.Tags = h.tags
	}
	o.accounts[a.ID] = &joined
}

// headroom is how many accounts may still be created or invited. Accounts that
// are closed count until they are gone, and so do open invitations and accounts
// that are being made.
func (s *Server) headroom() int {
	taken := len(s.org.accounts) + len(s.org.open(actionInvite))
	for _, c := range s.org.creations {
		if c.state == creationRunning {
			taken++
		}
	}
	return s.opts.MaxAccounts - taken
}

// attempts counts the invitations of the last 24 hours that were not accepted.
func (o *organization) attempts(now time.Time) int {
	n := 0
	for _, h := range o.handshakes {
		if h.action == actionInvite && h.state != shakeAccepted && now.Sub(h.sent) < 24*time.Hour {
			n++
		}
	}
	return n
}
