package awsemu

import (
	"cmp"
	"slices"
	"time"
)

// Assignment is the identity of an account assignment: who, where, with what.
type Assignment struct {
	AccountID        string `json:"account_id"`
	PermissionSetARN string `json:"permission_set_arn"`
	// PrincipalType is USER or GROUP.
	PrincipalType string `json:"principal_type"`
	// PrincipalID is the id in the identity store.
	PrincipalID string `json:"principal_id"`
}

// pair is a permission set in an account.
type pair struct{ account, set string }

func (a Assignment) pair() pair           { return pair{a.AccountID, a.PermissionSetARN} }
func (a Assignment) principal() principal { return principal{a.PrincipalType, a.PrincipalID} }

// principal is a user or group.
type principal struct{ kind, id string }

// record is what became of an assignment. It outlives a removal until that
// shows in the lists.
type record struct {
	exists   bool      // in truth
	from     time.Time // listed from here
	until    time.Time // and no longer from here; zero while it exists
	finished time.Time // when it came to be
}

// placed reports whether the lists made at now have caught up with it.
func (r *record) placed(now time.Time) bool {
	return !now.Before(r.from) && (r.until.IsZero() || now.Before(r.until))
}

// permissionSet is one permission set.
type permissionSet struct {
	arn, name, description, session, relay string
	created                                time.Time
	tags                                   map[string]string
	managed                                map[string]bool // ARNs
	customer                               map[wirePolicyRef]bool
	inline                                 string
	boundary                               *wireBoundary
	// version counts the changes that the role in an account must follow.
	version int
}

// center is IAM Identity Center: permission sets, assignments and the
// operations on them.
type center struct {
	created     time.Time
	sets        map[string]*permissionSet // by ARN
	byPair      map[pair]map[principal]*record
	byPrincipal map[principal]map[pair]*record
	byAccount   map[string]map[string]bool // account to sets that have a pair
	bySet       map[string]map[string]bool // set to accounts that have a pair
	hidden      map[Assignment]bool        // by [Server.Hide]
	leaving     []departure                // removals that may still show
	operations  map[string]*operation      // by request id
	running     []*operation               // in the order of their end
	serial      int                        // of operations
	plans       []plan                     // for coming operations

	roles         map[pair]int // version of the set that the role has
	provisionings []*provisioning
	policies      map[string]map[wirePolicyRef]bool // of customers, by account
	failing       map[string][]string               // ordered failures of provisioning, by account
	// applications are those a principal is assigned to, by ARN.
	applications map[principal]map[string]bool
}

func newCenter(now time.Time) *center {
	return &center{
		created: now, sets: map[string]*permissionSet{},
		byPair: map[pair]map[principal]*record{}, byPrincipal: map[principal]map[pair]*record{},
		byAccount: map[string]map[string]bool{}, bySet: map[string]map[string]bool{},
		hidden: map[Assignment]bool{}, operations: map[string]*operation{},
		roles: map[pair]int{}, policies: map[string]map[wirePolicyRef]bool{}, failing: map[string][]string{},
		applications: map[principal]map[string]bool{},
	}
}

// departure is a removed assignment and when it stops to show.
type departure struct {
	a     Assignment
	until time.Time
}

// shows reports whether a list of assignments made at now holds one.
func (c *center) shows(a Assignment, r *record, now time.Time) bool {
	return r.placed(now) && !c.hidden[a]
}

// prune forgets the removed assignments that no longer show.
func (c *center) prune(now time.Time) {
	c.leaving = slices.DeleteFunc(c.leaving, func(d departure) bool {
		if now.Before(d.until) {
			return false
		}
		if r := c.find(d.a); r != nil && !r.exists && !r.placed(now) {
			c.forget(d.a)
		}
		return true
	})
}

// find returns the record of an assignment, or nil.
func (c *center) find(a Assignment) *record { return c.byPair[a.pair()][a.principal()] }

// enter returns the record of an assignment and makes it if need be.
func (c *center) enter(a Assignment) *record {
	if r := c.find(a); r != nil {
		return r
	}
	r := &record{}
	put(c.byPair, a.pair(), a.principal(), r)
	put(c.byPrincipal, a.principal(), a.pair(), r)
	put(c.byAccount, a.AccountID, a.PermissionSetARN, true)
	put(c.bySet, a.PermissionSetARN, a.AccountID, true)
	return r
}

// forget drops a record.
func (c *center) forget(a Assignment) {
	drop(c.byPair, a.pair(), a.principal())
	drop(c.byPrincipal, a.principal(), a.pair())
	if len(c.byPair[a.pair()]) == 0 {
		delete(c.roles, a.pair())
		drop(c.byAccount, a.AccountID, a.PermissionSetARN)
		drop(c.bySet, a.PermissionSetARN, a.AccountID)
	}
}

func put[A, B comparable, V any](m map[A]map[B]V, a A, b B, v V) {
	if m[a] == nil {
		m[a] = map[B]V{}
	}
	m[a][b] = v
}

func drop[A, B comparable, V any](m map[A]map[B]V, a A, b B) {
	delete(m[a], b)
	if len(m[a]) == 0 {
		delete(m, a)
	}
}

// add makes an assignment that shows in the lists after the given delay. One
// that exists already stays as it is.
func (c *center) add(a Assignment, at time.Time, delay time.Duration) {
	r := c.enter(a)
	c.touch(a.pair())
	if r.exists {
		return
	}
	if r.finished.IsZero() || !r.placed(at) { // else the removal never showed
		r.from = at.Add(delay)
	}
	r.exists, r.until, r.finished = true, time.Time{}, at
}

// remove takes an assignment away and reports whether it was there. It shows in
// the lists until the delay has passed.
func (c *center) remove(a Assignment, at time.Time, delay time.Duration) bool {
	r := c.find(a)
	if r == nil || !r.exists {
		return false
	}
	r.exists, r.until = false, at.Add(delay)
	c.leaving = append(c.leaving, departure{a, r.until})
	return true
}

// provisioned reports whether a set has a role in an account, in truth.
func (c *center) provisioned(p pair) bool {
	for _, r := range c.byPair[p] {
		if r.exists {
			return true
		}
	}
	return false
}

// provisionedAt reports whether a list made at now shows a set in an account.
func (c *center) provisionedAt(p pair, now time.Time) bool {
	for _, r := range c.byPair[p] {
		if r.placed(now) {
			return true
		}
	}
	return false
}

// groupsIn counts the groups that a pair is assigned to.
func (c *center) groupsIn(p pair) int {
	n := 0
	for who, r := range c.byPair[p] {
		if who.kind == "GROUP" && r.exists {
			n++
		}
	}
	return n
}

// setsIn counts the sets that are provisioned in an account.
func (c *center) setsIn(account string) int {
	n := 0
	for set := range c.byAccount[account] {
		if c.provisioned(pair{account, set}) {
			n++
		}
	}
	return n
}

// assignments returns all that match keep, sorted.
func (c *center) assignments(keep func(Assignment, *record) bool) []Assignment {
	out := []Assignment{}
	for p, whos := range c.byPair {
		for who, r := range whos {
			if a := (Assignment{p.account, p.set, who.kind, who.id}); keep(a, r) {
				out = append(out, a)
			}
		}
	}
	slices.SortFunc(out, compareAssignments)
	return out
}

func compareAssignments(a, b Assignment) int {
	return cmp.Or(cmp.Compare(a.AccountID, b.AccountID), cmp.Compare(a.PermissionSetARN, b.PermissionSetARN),
		cmp.Compare(a.PrincipalType, b.PrincipalType), cmp.Compare(a.PrincipalID, b.PrincipalID))
}
