package awsemu

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// States of an account, as organizations names them.
const (
	StatePendingActivation = "PENDING_ACTIVATION"
	StateActive            = "ACTIVE"
	StateSuspended         = "SUSPENDED"
	StatePendingClosure    = "PENDING_CLOSURE"
	StateClosed            = "CLOSED"
)

// How an account became a member, as organizations names it.
const (
	MethodInvited = "INVITED"
	MethodCreated = "CREATED"
)

// Account is an account of the organization, or one outside it.
type Account struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Email string `json:"email"`
	// OU is a path of names, "/" for the root; empty for an account outside.
	OU   string            `json:"ou"`
	Tags map[string]string `json:"tags,omitempty"`
	// State is one of the State constants; empty is taken as ACTIVE.
	State string `json:"state"`
	// Method is INVITED or CREATED; empty is taken as CREATED.
	Method string    `json:"method,omitempty"`
	Joined time.Time `json:"joined,omitzero"`
	// Organization is the id of another organization that an account outside
	// belongs to; empty for a standalone one.
	Organization string `json:"organization,omitempty"`
}

// orgUnit is an organizational unit; the root has the path "/".
type orgUnit struct{ id, path string }

// parent is the path of the unit above; the root has none.
func (u orgUnit) parent() string {
	if i := strings.LastIndex(u.path, "/"); i > 0 {
		return u.path[:i]
	}
	return "/"
}

// name is the last part of the path.
func (u orgUnit) name() string {
	return u.path[strings.LastIndex(u.path, "/")+1:]
}

// organization is the tree of accounts, and what it knows of the accounts
// outside.
type organization struct {
	id, management string
	rootID         string
	features       string // ALL or CONSOLIDATED_BILLING
	created        time.Time
	accounts       map[string]*Account // members
	outside        map[string]*Account // of nobody, or of others
	units          map[string]orgUnit  // by path, with the root
	byID           map[string]orgUnit
	tags           map[string]map[string]string // of the root and the units, by id

	handshakes []*handshake // in the order in which they were sent
	creations  []*creation  // in the order in which they were asked for
	serial     int          // of handshakes and creations
	busy       map[string]int
}

func newOrganization(o Options, now time.Time) *organization {
	org := &organization{
		id: o.OrganizationID, management: o.ManagementAccount, rootID: "r-" + hashHex("root"+o.OrganizationID, 4),
		features: featuresAll, created: now, accounts: map[string]*Account{}, outside: map[string]*Account{},
		units: map[string]orgUnit{}, byID: map[string]orgUnit{}, tags: map[string]map[string]string{}, busy: map[string]int{},
	}
	root := orgUnit{org.rootID, "/"}
	org.units["/"], org.byID[root.id] = root, root
	org.accounts[org.management] = &Account{
		ID: org.management, Name: "management", Email: "aws-management@example.com", OU: "/", State: StateActive, Joined: now, Method: MethodInvited,
	}
	return org
}

// addUnits makes the units of a path, whose names are not empty.
func (o *organization) addUnits(path string) (orgUnit, error) {
	if path == "/" || path == "" {
		return o.units["/"], nil
	}
	if !strings.HasPrefix(path, "/") || strings.Contains(path, "//") || strings.HasSuffix(path, "/") {
		return orgUnit{}, fmt.Errorf("organizational unit %q: want a path like /Workloads/Prod", path)
	}
	for i := 1; i <= len(path); i++ {
		if i < len(path) && path[i] != '/' {
			continue
		}
		if _, ok := o.units[path[:i]]; !ok {
			u := orgUnit{"ou-" + o.rootID[2:] + "-" + hashHex(path[:i], 8), path[:i]}
			o.units[u.path], o.byID[u.id] = u, u
		}
	}
	return o.units[path], nil
}

// idPath is the path of ids from the organization down to a unit.
func (o *organization) idPath(u orgUnit) string {
	if u.path == "/" {
		return o.id + "/" + u.id
	}
	return o.idPath(o.units[u.parent()]) + "/" + u.id
}

// AddOU makes an organizational unit and those above it, by a path of names such
// as /Workloads/Prod, and returns its id. One that exists is left as it is.
func (s *Server) AddOU(path string) (id string, err error) {
	s.lock()
	defer s.mu.Unlock()
	u, err := s.org.addUnits(path)
	return u.id, err
}

// AddAccount puts an account into the organization, with the units of its path,
// or replaces the one with the same id. A zero Joined becomes the present time.
func (s *Server) AddAccount(a Account) error {
	now := s.lock()
	defer s.mu.Unlock()
	if !shapeAccount.re.MatchString(a.ID) {
		return fmt.Errorf("account %q: want 12 digits", a.ID)
	}
	u, err := s.org.addUnits(a.OU)
	if err != nil {
		return fmt.Errorf("account %s: %w", a.ID, err)
	}
	a.State, a.Method = cmp.Or(a.State, StateActive), cmp.Or(a.Method, MethodCreated)
	if a.Joined.IsZero() {
		a.Joined = now
	}
	a.OU, a.Tags, a.Organization = u.path, maps.Clone(a.Tags), ""
	delete(s.org.outside, a.ID)
	s.org.accounts[a.ID] = &a
	return nil
}

// SetAccountState changes the state of an account, of the organization or
// outside, as closing or suspending does.
func (s *Server) SetAccountState(id, state string) error {
	if !slices.Contains([]string{StatePendingActivation, StateActive, StateSuspended, StatePendingClosure, StateClosed}, state) {
		return fmt.Errorf("account %s: there is no state %q", id, state)
	}
	s.lock()
	defer s.mu.Unlock()
	a, ok := s.org.find(id)
	if !ok {
		return fmt.Errorf("account %s: there is no such account", id)
	}
	a.State = state
	return nil
}

// TagAccount sets a tag of an account; an empty value takes the tag away.
func (s *Server) TagAccount(id, key, value string) error {
	return s.editAccount(id, func(a *Account) error {
		tags := maps.Clone(a.Tags)
		if tags == nil {
			tags = map[string]string{}
		}
		tags[key] = value
		if value == "" {
			delete(tags, key)
		}
		a.Tags = tags
		return nil
	})
}

// MoveAccount puts an account into another unit, which is made if need be.
func (s *Server) MoveAccount(id, path string) error {
	return s.editAccount(id, func(a *Account) error {
		u, err := s.org.addUnits(path)
		if err == nil {
			a.OU = u.path
		}
		return err
	})
}

// SetQuota changes how many accounts the organization may have.
func (s *Server) SetQuota(accounts int) {
	s.lock()
	defer s.mu.Unlock()
	s.opts.MaxAccounts = accounts
}

// SetDirectTransfer changes [Options.DirectTransfer].
func (s *Server) SetDirectTransfer(on bool) {
	s.lock()
	defer s.mu.Unlock()
	s.opts.DirectTransfer = on
}

func (s *Server) editAccount(id string, edit func(*Account) error) error {
	s.lock()
	defer s.mu.Unlock()
	a, ok := s.org.accounts[id]
	if !ok {
		return fmt.Errorf("account %s: not in the organization", id)
	}
	return edit(a)
}
