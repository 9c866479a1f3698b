package awsemu

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Spans within which only the first use is recorded ("Getting credential
// reports for your AWS account").
const (
	passwordSpan = 5 * time.Minute
	keySpan      = 15 * time.Minute
)

// maxKeys is how many access keys a user may have.
const maxKeys = 2

// IAMUser is an IAM user of one account.
type IAMUser struct {
	Name string `json:"name"`
	// Path is / if empty.
	Path    string    `json:"path,omitempty"`
	Created time.Time `json:"created"`
	// Password is nil for a user who cannot sign in to the console.
	Password *IAMPassword `json:"password,omitempty"`
	// Keys are at most two.
	Keys []IAMKey `json:"keys,omitempty"`
	MFA  bool     `json:"mfa,omitempty"`
}

// IAMPassword is a user's password for the console.
type IAMPassword struct {
	Created  time.Time `json:"created"`
	LastUsed time.Time `json:"last_used,omitzero"` // zero: never
}

// IAMKey is an access key. An empty ID is made up.
type IAMKey struct {
	ID       string    `json:"id"`
	Inactive bool      `json:"inactive,omitempty"`
	Created  time.Time `json:"created"`
	LastUsed time.Time `json:"last_used,omitzero"` // zero: never
	// Service and Region are where it was used last; a service without
	// regions has none.
	Service string `json:"service,omitempty"`
	Region  string `json:"region,omitempty"`
}

// iamAccount is what iam holds for one account.
type iamAccount struct {
	created time.Time // of the account
	users   map[string]*IAMUser
	report  *report
	limited bool // by LimitReports
}

// iamOf returns the iam of an account, made if need be.
func (s *Server) iamOf(account string, now time.Time) *iamAccount {
	a, ok := s.iam[account]
	if !ok {
		a = &iamAccount{created: now, users: map[string]*IAMUser{}}
		s.iam[account] = a
	}
	return a
}

// user finds a user, whose name is matched in any case, as iam keeps it unique.
func (a *iamAccount) user(name string) (*IAMUser, bool) {
	u, ok := a.users[strings.ToLower(name)]
	return u, ok
}

// sorted returns the users by name.
func (a *iamAccount) sorted() []*IAMUser {
	return slices.SortedFunc(maps.Values(a.users), func(x, y *IAMUser) int {
		return cmp.Compare(strings.ToLower(x.Name), strings.ToLower(y.Name))
	})
}

// clone copies a user, so that nobody shares what is inside.
func (u *IAMUser) clone() *IAMUser {
	c := *u
	c.Keys = slices.Clone(u.Keys)
	if u.Password != nil {
		p := *u.Password
		c.Password = &p
	}
	return &c
}

// PutIAMUser makes an IAM user in an account, or replaces the one of that name.
// Zero times of creation become the present time.
func (s *Server) PutIAMUser(account string, u IAMUser) error {
	now := s.lock()
	defer s.mu.Unlock()
	switch {
	case !shapeAccount.re.MatchString(account):
		return fmt.Errorf("IAM user %s: account %q is not 12 digits", u.Name, account)
	case !shapeIAMUser.re.MatchString(u.Name) || len(u.Name) > 64:
		return fmt.Errorf("IAM user %q: want 1 to 64 of [\\w+=,.@-]", u.Name)
	case len(u.Keys) > maxKeys:
		return fmt.Errorf("IAM user %s: %d access keys, and %d are all it may have", u.Name, len(u.Keys), maxKeys)
	}
	c := u.clone()
	c.Path = cmp.Or(c.Path, "/")
	since := func(t *time.Time) {
		if t.IsZero() {
			*t = now
		}
	}
	since(&c.Created)
	if c.Password != nil {
		since(&c.Password.Created)
	}
	for i := range c.Keys {
		since(&c.Keys[i].Created)
		if c.Keys[i].ID == "" {
			c.Keys[i].ID = "AKIA" + idLetters(fmt.Sprint(account, u.Name, i))[:16]
		}
	}
	// Keys are shown in the order of their ids, as in a credential report.
	slices.SortFunc(c.Keys, func(a, b IAMKey) int { return cmp.Compare(a.ID, b.ID) })
	s.iamOf(account, now).users[strings.ToLower(u.Name)] = c
	return nil
}

// DeleteIAMUser deletes an IAM user and reports whether it was there.
func (s *Server) DeleteIAMUser(account, name string) bool {
	now := s.lock()
	defer s.mu.Unlock()
	a := s.iamOf(account, now)
	_, ok := a.user(name)
	delete(a.users, strings.ToLower(name))
	return ok
}

// IAMUse is what an IAM user does now: signs in to the console, if Service is
// empty, or calls a service with the access key of that number, from zero.
type IAMUse struct {
	Service, Region string
	Key             int
}

// UseIAMUser plays an IAM user.
func (s *Server) UseIAMUser(account, name string, use IAMUse) error {
	now := s.lock()
	defer s.mu.Unlock()
	u, ok := s.iamOf(account, now).user(name)
	switch {
	case !ok:
		return fmt.Errorf("IAM user %s in account %s: there is none", name, account)
	case use.Service == "" && u.Password == nil:
		return fmt.Errorf("IAM user %s: it has no password to sign in with", name)
	case use.Service == "":
		if now.Sub(u.Password.LastUsed) >= passwordSpan {
			u.Password.LastUsed = now
		}
		return nil
	case use.Key < 0 || use.Key >= len(u.Keys) || u.Keys[use.Key].Inactive:
		return fmt.Errorf("IAM user %s: it has no active access key %d", name, use.Key+1)
	}
	u.Keys[use.Key].use(use.Service, use.Region, now)
	return nil
}

// use records a use of a key; within a span only the first counts.
func (k *IAMKey) use(service, region string, now time.Time) {
	if now.Sub(k.LastUsed) >= keySpan {
		k.LastUsed, k.Service, k.Region = now, service, region
	}
}

// noteUse records that an access key has signed a request, if it is one of an
// IAM user.
func (s *Server) noteUse(key, service, region string, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if u, i, ok := s.keyOwner(key); ok {
		u.Keys[i].use(service, region, now)
	}
}

// keyOwner finds the user that an access key belongs to, in any account.
func (s *Server) keyOwner(key string) (u *IAMUser, index int, ok bool) {
	for _, a := range s.iam {
		if u, i, ok := a.keyOwner(key); ok {
			return u, i, true
		}
	}
	return nil, 0, false
}

// keyOwner finds the user of this account that an access key belongs to.
func (a *iamAccount) keyOwner(key string) (u *IAMUser, index int, ok bool) {
	for _, u := range a.users {
		if i := slices.IndexFunc(u.Keys, func(k IAMKey) bool { return k.ID == key }); i >= 0 {
			return u, i, true
		}
	}
	return nil, 0, false
}
