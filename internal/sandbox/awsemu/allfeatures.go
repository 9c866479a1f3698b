package awsemu

import (
	"fmt"
	"time"
)

// enableAllFeatures begins the change from consolidated billing to all
// features. Every account that was invited gets a handshake to approve; those
// that the organization made itself need not. When all have accepted, the
// handshake that is answered here is OPEN, and the management account accepts
// it to finish ("Enabling all features in your organization").
//
// The enumeration in the API reference has the two kinds the other way round;
// the examples there and the user guide have them as they are here.
func enableAllFeatures(s *Server, c *call, _ *nothing) (out handshakeOut, err error) {
	switch {
	case s.org.features == featuresAll:
		return out, shakeRefused("ORGANIZATION_ALREADY_HAS_ALL_FEATURES", "The handshake request is invalid because the organization has already enabled all features.")
	case len(s.org.open(actionEnable)) > 0:
		return out, shakeRefused("ORGANIZATION_IS_ALREADY_PENDING_ALL_FEATURES_MIGRATION", "The handshake request is invalid because the organization has already started the process to enable all features.")
	}
	parent := s.send(handshake{action: actionEnable}, c.now, enableLasts)
	for _, a := range s.org.accounts {
		if a.Method == MethodInvited && a.ID != s.org.management {
			s.send(handshake{action: actionApprove, kind: partyAccount, target: a.ID, parent: parent.id}, c.now, enableLasts)
		}
	}
	s.org.settleFeatures(c.now)
	out.Handshake = s.wireHandshake(parent)
	return out, nil
}

// settleFeatures opens the change to all features when the last account has
// approved, and ends the approvals of a change that is over. An account that
// left the organization need not approve.
func (o *organization) settleFeatures(now time.Time) {
	for _, parent := range o.handshakes {
		if parent.action != actionEnable {
			continue
		}
		all := true
		for _, h := range o.handshakes {
			if h.parent != parent.id {
				continue
			}
			if !parent.pending() && h.pending() {
				h.finish(shakeCanceled, now)
			}
			_, member := o.accounts[h.target]
			all = all && (h.state == shakeAccepted || !member)
		}
		if parent.state == shakeRequested && all {
			parent.state = shakeOpen
		}
	}
}

// SetFeatureSet says whether the organization has ALL features or
// CONSOLIDATED_BILLING only, as it was made.
func (s *Server) SetFeatureSet(set string) error {
	s.lock()
	defer s.mu.Unlock()
	if set != featuresAll && set != featuresBilling {
		return fmt.Errorf("feature set %q: want %s or %s", set, featuresAll, featuresBilling)
	}
	s.org.features = set
	return nil
}
