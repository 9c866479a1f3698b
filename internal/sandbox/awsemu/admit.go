package awsemu

import "slices"

// calledByManagement are the operations that only the management account may
// call, as their pages in the API reference say.
func calledByManagement() []string {
	return []string{"InviteAccountToOrganization", "CancelHandshake", "EnableAllFeatures", "MoveAccount", "CreateAccount"}
}

// calledByAnybody are those that any account may call: what it sees and may do
// there is decided with the handshake itself.
func calledByAnybody() []string {
	return []string{"DescribeHandshake", "ListHandshakesForAccount", "AcceptHandshake", "DeclineHandshake"}
}

// admitOrganizations keeps the request rates and decides who may call what:
// every account answers its own handshakes, every member describes the
// organization, the management account alone changes who is in it, and a
// delegated administrator may do the rest.
func admitOrganizations(s *Server, c *call) error {
	if !s.opts.Unthrottled && !s.limits.orgAllows(c.accountID, c.op, c.now) {
		return fail("TooManyRequestsException", "You have sent too many requests in too short a period of time. Try again later.")
	}
	if !s.org.usable(c.accountID) {
		return orgDenied()
	}
	_, member := s.org.accounts[c.accountID]
	switch {
	case slices.Contains(calledByAnybody(), c.op):
	case !member:
		return fail("AWSOrganizationsNotInUseException", "Your account is not a member of an organization.")
	case c.op == "DescribeOrganization":
	case slices.Contains(calledByManagement(), c.op) && c.accountID != s.org.management, !s.administers(c.accountID):
		return orgDenied()
	}
	if s.org.busy[c.op] > 0 {
		s.org.busy[c.op]--
		return fail("ConcurrentModificationException", "AWS Organizations can't complete your request because it conflicts with another attempt to modify the same entity. Try again later.")
	}
	return nil
}

func orgDenied() error {
	return fail("AccessDeniedException", "You don't have permissions to access this resource.")
}

// ConflictNext makes the next calls of an operation of organizations, n of them,
// end in ConcurrentModificationException without effect.
func (s *Server) ConflictNext(op string, n int) {
	s.lock()
	defer s.mu.Unlock()
	s.org.busy[op] += n
}
