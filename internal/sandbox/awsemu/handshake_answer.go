package awsemu

import "time"

type handshakeIn struct{ HandshakeId string }

func (in *handshakeIn) check(v *checks) { v.required("handshakeId", in.HandshakeId, shapeHandshake) }

// findShake returns a handshake, or that there is none.
func (s *Server) findShake(id string) (*handshake, error) {
	h, ok := s.org.shake(id)
	if !ok {
		return nil, fail("HandshakeNotFoundException", "We can't find a handshake with the HandshakeId that you specified.")
	}
	return h, nil
}

// party reports whether an account may see a handshake: the sender, those who
// administer the organization, and the recipient.
func (s *Server) party(h *handshake, account string) bool {
	a, ok := s.org.find(account)
	return s.administers(account) || ok && h.sentTo(a)
}

func describeHandshake(s *Server, c *call, in *handshakeIn) (out handshakeOut, err error) {
	h, err := s.findShake(in.HandshakeId)
	if err != nil {
		return out, err
	}
	if !s.party(h, c.accountID) {
		return out, orgDenied()
	}
	out.Handshake = s.wireHandshake(h)
	return out, nil
}

// answerable finds a handshake that the caller may bring into a state.
func (s *Server) answerable(c *call, id, state string, may func(*handshake) bool) (*handshake, error) {
	h, err := s.findShake(id)
	switch {
	case err != nil:
		return nil, err
	case !may(h):
		return nil, orgDenied()
	case h.state == state:
		return nil, fail("HandshakeAlreadyInStateException", "The specified handshake is already in the requested state.")
	case !h.pending():
		return nil, fail("InvalidHandshakeTransitionException", "You can't perform the operation on the handshake in its current state: %s.", h.state)
	}
	return h, nil
}

// recipient reports whether the caller is the account that a handshake was sent
// to; the one that finishes ENABLE_ALL_FEATURES is for the management account.
func (s *Server) recipient(c *call) func(*handshake) bool {
	return func(h *handshake) bool {
		if h.action == actionEnable {
			return c.accountID == s.org.management
		}
		a, ok := s.org.find(c.accountID)
		return ok && h.sentTo(a)
	}
}

func acceptHandshake(s *Server, c *call, in *handshakeIn) (out handshakeOut, err error) {
	h, err := s.answerable(c, in.HandshakeId, shakeAccepted, s.recipient(c))
	if err != nil {
		return out, err
	}
	if err := s.accept(h, c.accountID, c.now); err != nil {
		return out, err
	}
	out.Handshake = s.wireHandshake(h)
	return out, nil
}

// accept gives an acceptance its effect.
func (s *Server) accept(h *handshake, account string, now time.Time) error {
	switch h.action {
	case actionInvite:
		a, outside := s.org.outside[account]
		if !outside || a.Organization != "" && !s.opts.DirectTransfer {
			return shakeRefused("ALREADY_IN_AN_ORGANIZATION", "The account is already a member of an organization: it has to leave that one first.")
		}
		s.org.join(a, h, now)
	case actionEnable:
		if h.state != shakeOpen {
			return fail("InvalidHandshakeTransitionException", "Not all invited accounts have approved the change to all features yet.")
		}
		s.org.features = featuresAll
	}
	h.finish(shakeAccepted, now)
	s.org.settleFeatures(now)
	return nil
}

func declineHandshake(s *Server, c *call, in *handshakeIn) (out handshakeOut, err error) {
	h, err := s.answerable(c, in.HandshakeId, shakeDeclined, func(h *handshake) bool {
		return h.action != actionEnable && s.recipient(c)(h)
	})
	if err != nil {
		return out, err
	}
	h.finish(shakeDeclined, c.now)
	out.Handshake = s.wireHandshake(h)
	return out, nil
}

// cancelHandshake is for the sender; the children of one go with it.
func cancelHandshake(s *Server, c *call, in *handshakeIn) (out handshakeOut, err error) {
	h, err := s.answerable(c, in.HandshakeId, shakeCanceled, func(h *handshake) bool { return h.action != actionApprove })
	if err != nil {
		return out, err
	}
	h.finish(shakeCanceled, c.now)
	s.org.settleFeatures(c.now)
	out.Handshake = s.wireHandshake(h)
	return out, nil
}
