package awsemu

import (
	"cmp"
	"fmt"
	"strings"
)

// find returns an account, of the organization or outside.
func (o *organization) find(id string) (*Account, bool) {
	if a, ok := o.accounts[id]; ok {
		return a, true
	}
	a, ok := o.outside[id]
	return a, ok
}

// usable reports whether anything can be done in an account: nobody gets into
// one that is suspended or closed. Accounts that the emulator does not know are
// taken to be fine.
func (o *organization) usable(id string) bool {
	a, ok := o.find(id)
	return !ok || a.State == StateActive
}

// byEmail returns the account with that address, of the organization or
// outside: an address belongs to one account of AWS.
func (o *organization) byEmail(email string) (*Account, bool) {
	for _, accounts := range []map[string]*Account{o.accounts, o.outside} {
		for _, a := range accounts {
			if strings.EqualFold(a.Email, email) {
				return a, true
			}
		}
	}
	return nil, false
}

// AddOutside makes an account that is not in the organization: a standalone
// one, or one of the organization that it names. Its OU and Joined are not used.
func (s *Server) AddOutside(a Account) error {
	s.lock()
	defer s.mu.Unlock()
	if !shapeAccount.re.MatchString(a.ID) {
		return fmt.Errorf("account %q: want 12 digits", a.ID)
	}
	if _, member := s.org.accounts[a.ID]; member {
		return fmt.Errorf("account %s: it is in the organization", a.ID)
	}
	s.org.outside[a.ID] = &Account{ID: a.ID, Name: a.Name, Email: a.Email, State: cmp.Or(a.State, StateActive), Organization: a.Organization}
	return nil
}

// RemoveAccount takes a member account out of the organization, which makes it
// a standalone one, as its owner or the management account does. Its account
// assignments go with it and do not come back when it joins again ("AWS
// Organizations account migration readiness guide" of the AWS Cloud Operations
// guides, "Key services and dependencies at a glance": "Permission set assignments
// removed; users lose access"; the API references do not say).
func (s *Server) RemoveAccount(id string) error {
	now := s.lock()
	defer s.mu.Unlock()
	a, ok := s.org.accounts[id]
	if !ok || id == s.org.management {
		return fmt.Errorf("account %s: not a member of the organization", id)
	}
	delete(s.org.accounts, id)
	s.org.outside[id] = &Account{ID: a.ID, Name: a.Name, Email: a.Email, State: a.State}
	for _, had := range s.center.assignments(func(a Assignment, _ *record) bool { return a.AccountID == id }) {
		s.center.remove(had, now, 0)
	}
	s.center.prune(now)
	return nil
}
