package awsemu

import "fmt"

// Definition is what a permission set permits, as somebody writes it in the
// console.
type Definition struct {
	ManagedPolicies []string // ARNs
	// CustomerPolicies are policies of the customer: path and name together,
	// "/team/Deploy".
	CustomerPolicies []string
	InlinePolicy     string
	// BoundaryPolicy is the ARN of the managed policy that is the boundary.
	BoundaryPolicy string
}

// DefinePermissionSet replaces what the set of that name permits. Roles in
// accounts stay as they are until the set is provisioned again.
func (s *Server) DefinePermissionSet(name string, d Definition) error {
	s.lock()
	defer s.mu.Unlock()
	set, ok := s.center.sets[s.setARN(name)]
	if !ok {
		return fmt.Errorf("permission set %s: does not exist", name)
	}
	set.managed, set.customer = map[string]bool{}, map[wirePolicyRef]bool{}
	for _, arn := range d.ManagedPolicies {
		set.managed[arn] = true
	}
	for _, p := range d.CustomerPolicies {
		set.customer[policyRef(p)] = true
	}
	set.inline, set.boundary = d.InlinePolicy, nil
	if d.BoundaryPolicy != "" {
		set.boundary = &wireBoundary{ManagedPolicyArn: d.BoundaryPolicy}
	}
	set.version++
	return nil
}

// AttachPolicy attaches a managed policy of AWS to the set of that name, as
// somebody does in the console, which then brings it to all accounts.
func (s *Server) AttachPolicy(name, policyARN string) error {
	s.lock()
	set, ok := s.center.sets[s.setARN(name)]
	if ok {
		set.managed[policyARN] = true
		set.version++
	}
	s.mu.Unlock()
	if !ok {
		return fmt.Errorf("permission set %s: does not exist", name)
	}
	s.ReprovisionPermissionSet(name)
	return nil
}

// ReprovisionPermissionSet brings the set of that name to all its accounts at
// once, as the console does when it is told to.
func (s *Server) ReprovisionPermissionSet(name string) {
	s.lock()
	defer s.mu.Unlock()
	arn := s.setARN(name)
	for account := range s.center.bySet[arn] {
		s.center.touch(pair{account, arn})
	}
}

// AddCustomerPolicy makes a policy of the customer exist in an account; path and
// name together, "/team/Deploy".
func (s *Server) AddCustomerPolicy(account, policy string) {
	s.lock()
	defer s.mu.Unlock()
	put(s.center.policies, account, policyRef(policy), true)
}

// RemoveCustomerPolicy deletes one, and reports whether it was there.
func (s *Server) RemoveCustomerPolicy(account, policy string) bool {
	s.lock()
	defer s.mu.Unlock()
	had := s.center.policies[account][policyRef(policy)]
	delete(s.center.policies[account], policyRef(policy))
	return had
}

// FailProvisioning makes the next provisioning of a set in an account fail there
// with a reason. Calls add up.
func (s *Server) FailProvisioning(account, reason string) {
	s.lock()
	defer s.mu.Unlock()
	s.center.failing[account] = append(s.center.failing[account], reason)
}

// policyRef cuts path and name apart.
func policyRef(policy string) wirePolicyRef {
	for i := len(policy) - 1; i >= 0; i-- {
		if policy[i] == '/' {
			return wirePolicyRef{policy[i+1:], policy[:i+1]}
		}
	}
	return wirePolicyRef{policy, "/"}
}
