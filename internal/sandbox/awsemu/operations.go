package awsemu

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Kinds of operations, as the wire names them, and their states.
const (
	opCreate = "CreateAccountAssignment"
	opDelete = "DeleteAccountAssignment"

	statusRunning   = "IN_PROGRESS"
	statusSucceeded = "SUCCEEDED"
	statusFailed    = "FAILED"
)

// operation is one asynchronous creation or deletion of an assignment.
type operation struct {
	id      string
	kind    string // opCreate or opDelete
	target  Assignment
	created time.Time
	ends    time.Time
	serial  int
	status  string
	reason  string // of a failure
	plan    plan
}

// plan changes the outcome of a coming operation.
type plan struct {
	kind   string
	reason string // fail with it
	lost   bool   // succeed without effect
}

// FailNext makes the next operation of that kind (CreateAccountAssignment or
// DeleteAccountAssignment) that is accepted end FAILED with the reason, without
// effect. Calls add up: two of them make the next two fail.
func (s *Server) FailNext(kind, reason string) error {
	if reason == "" {
		return fmt.Errorf("fail the next %s: the reason is empty", kind)
	}
	return s.plan(plan{kind: kind, reason: reason})
}

// LoseNext makes the next operation of that kind that is accepted end SUCCEEDED
// without effect: a created assignment is never listed, a deleted one stays.
func (s *Server) LoseNext(kind string) error { return s.plan(plan{kind: kind, lost: true}) }

func (s *Server) plan(p plan) error {
	if p.kind != opCreate && p.kind != opDelete {
		return fmt.Errorf("operation %q: want %s or %s", p.kind, opCreate, opDelete)
	}
	s.lock()
	defer s.mu.Unlock()
	s.center.plans = append(s.center.plans, p)
	return nil
}

// start accepts an operation.
func (s *Server) start(kind string, a Assignment, now time.Time) *operation {
	c := s.center
	c.serial++
	o := &operation{
		id: s.opts.NewID(), kind: kind, target: a, created: now, serial: c.serial,
		ends: now.Add(s.kit.Delay(s.opts.Latency)), status: statusRunning,
	}
	if i := slices.IndexFunc(c.plans, func(p plan) bool { return p.kind == kind }); i >= 0 {
		o.plan = c.plans[i]
		c.plans = slices.Delete(c.plans, i, i+1)
	}
	c.operations[o.id] = o
	c.running = append(c.running, o)
	// Every operation takes the same time, unless the clock was set back or the
	// latency changed.
	slices.SortStableFunc(c.running, func(a, b *operation) int { return a.ends.Compare(b.ends) })
	return o
}

// busy returns the operation that runs in an account, or nil.
func (c *center) busy(account string) *operation {
	for _, o := range c.running {
		if o.target.AccountID == account {
			return o
		}
	}
	return nil
}

// settle ends what is due, each as of its own end: operations on assignments,
// creations of accounts, handshakes, reports. It drops removed assignments that
// no longer show. The state must be locked.
func (s *Server) settle(now time.Time) {
	c := s.center
	for len(c.running) > 0 && !now.Before(c.running[0].ends) {
		o := c.running[0]
		c.running = c.running[1:]
		o.status, o.reason = statusSucceeded, ""
		if reason := s.finish(o); reason != "" {
			o.status, o.reason = statusFailed, reason
		}
	}
	s.settleProvisioning(now)
	s.settleCreations(now)
	s.org.settleHandshakes(now)
	s.settleReports(now)
	c.prune(now)
}

// finish gives an operation its effect, or returns why it failed.
func (s *Server) finish(o *operation) (reason string) {
	a, delay := o.target, s.kit.Delay(s.opts.Visibility)
	switch {
	case o.plan.reason != "":
		return o.plan.reason
	case o.plan.lost:
		return ""
	}
	account, ok := s.org.accounts[a.AccountID]
	if !ok || account.State != StateActive {
		return fmt.Sprintf("AWS account %s is not active.", a.AccountID)
	}
	if o.kind == opCreate {
		if why := s.center.lacks(a.pair()); why != "" {
			return why
		}
		if !s.store.has(a.principal()) {
			return fmt.Sprintf("Received a 404 status error: %s with id %s does not exist in the identity store.", a.PrincipalType, a.PrincipalID)
		}
		s.center.add(a, o.ends, delay)
		return ""
	}
	if !s.center.remove(a, o.ends, delay) {
		return fmt.Sprintf("Received a 404 status error: EntitlementItem doesn't exist with the given entitlement key "+
			"EntitlementKey{AccountId=%s, PermissionSetArn=%s, PrincipalType=%s, PrincipalId=%s}", a.AccountID, a.PermissionSetARN, a.PrincipalType, a.PrincipalID)
	}
	return ""
}

// history returns the operations of a kind, newest first.
func (c *center) history(kind string) []*operation {
	var out []*operation
	for _, o := range c.operations {
		if o.kind == kind {
			out = append(out, o)
		}
	}
	slices.SortFunc(out, func(a, b *operation) int { return cmp.Compare(b.serial, a.serial) })
	return out
}
