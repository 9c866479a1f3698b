package awsemu

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// State is a copy of all that the emulator holds, for pages and checkers.
// Lists are sorted and never nil. It holds no secrets.
type State struct {
	Time              time.Time `json:"time"`
	Region            string    `json:"region"`
	OrganizationID    string    `json:"organization_id"`
	ManagementAccount string    `json:"management_account"`
	DelegatedAdmin    string    `json:"delegated_admin,omitempty"`
	InstanceARN       string    `json:"instance_arn"`
	IdentityStoreID   string    `json:"identity_store_id"`
	Issuer            string    `json:"issuer"`

	OUs      []string  `json:"ous"` // paths, without the root
	Accounts []Account `json:"accounts"`
	// Outside are the accounts that are not in the organization.
	Outside    []Account `json:"outside"`
	FeatureSet string    `json:"feature_set"`
	// Quota is how many accounts the organization may have.
	Quota int `json:"quota"`
	// Handshakes are in the order in which they were sent.
	Handshakes []HandshakeState `json:"handshakes"`
	// Creations are the accounts that were asked for with CreateAccount.
	Creations []CreationState `json:"creations"`
	// IAM has the accounts with IAM users, by id.
	IAM            []IAMState           `json:"iam"`
	PermissionSets []PermissionSetState `json:"permission_sets"`
	Users          []UserState          `json:"users"`
	Groups         []GroupState         `json:"groups"`
	// Assignments is the truth: what exists, listed or not.
	Assignments []Assignment `json:"assignments"`
	// Listed is what the lists answer now.
	Listed []Assignment `json:"listed"`
	// Dangling is what exists for a principal that does not.
	Dangling []Assignment `json:"dangling"`
	// Operations are in the order in which they were accepted.
	Operations []OperationState `json:"operations"`
	SCIMTokens []time.Time      `json:"scim_tokens"` // ends of the tokens
}

// PermissionSetState is a permission set.
type PermissionSetState struct {
	ARN             string            `json:"arn"`
	Name            string            `json:"name"`
	Description     string            `json:"description,omitempty"`
	SessionDuration string            `json:"session_duration"`
	RelayState      string            `json:"relay_state,omitempty"`
	Tags            map[string]string `json:"tags,omitempty"`
	// ProvisionedIn are the accounts that have its role.
	ProvisionedIn []string `json:"provisioned_in"`
	// OutdatedIn are those of them that are not the latest.
	OutdatedIn []string `json:"outdated_in,omitempty"`
	// ManagedPolicies and CustomerPolicies are sorted.
	ManagedPolicies  []string `json:"managed_policies,omitempty"`
	CustomerPolicies []string `json:"customer_policies,omitempty"`
	InlinePolicy     string   `json:"inline_policy,omitempty"`
	// Boundary is the ARN, or path and name, of the permissions boundary.
	Boundary string `json:"boundary,omitempty"`
}

// UserState is a user of the identity store.
type UserState struct {
	ID          string `json:"id"`
	ExternalID  string `json:"external_id,omitempty"`
	UserName    string `json:"user_name"`
	DisplayName string `json:"display_name"`
	Enabled     bool   `json:"enabled"`
}

// GroupState is a group of the identity store.
type GroupState struct {
	ID          string   `json:"id"`
	ExternalID  string   `json:"external_id,omitempty"`
	DisplayName string   `json:"display_name"`
	Members     []string `json:"members"` // ids of users
}

// OperationState is an asynchronous operation.
type OperationState struct {
	ID string `json:"id"`
	// Kind is CreateAccountAssignment or DeleteAccountAssignment.
	Kind string `json:"kind"`
	// Status is IN_PROGRESS, SUCCEEDED or FAILED.
	Status  string     `json:"status"`
	Reason  string     `json:"reason,omitempty"`
	Target  Assignment `json:"target"`
	Created time.Time  `json:"created"`
	Ends    time.Time  `json:"ends"`
}

// State returns a copy of the state as of now.
func (s *Server) State() State {
	now := s.lock()
	defer s.mu.Unlock()
	o := s.opts
	st := State{
		Time: now, Region: o.Region, OrganizationID: o.OrganizationID, ManagementAccount: o.ManagementAccount,
		DelegatedAdmin: o.DelegatedAdmin, InstanceARN: o.InstanceARN, IdentityStoreID: o.IdentityStoreID, Issuer: o.Issuer,
		OUs: []string{}, Accounts: []Account{}, PermissionSets: []PermissionSetState{}, Users: []UserState{}, Groups: []GroupState{},
		Operations: []OperationState{}, Dangling: []Assignment{},
		Outside: []Account{}, Handshakes: []HandshakeState{}, Creations: []CreationState{}, IAM: []IAMState{},
		SCIMTokens: slices.SortedFunc(maps.Values(s.store.tokens), time.Time.Compare),
	}
	if st.SCIMTokens == nil {
		st.SCIMTokens = []time.Time{}
	}
	s.stateOrganization(&st)
	s.stateHandshakes(&st)
	s.stateIAM(&st)
	s.stateStore(&st)
	s.stateCenter(&st, now)
	return st
}

func (s *Server) stateOrganization(st *State) {
	for _, path := range slices.Sorted(maps.Keys(s.org.units)) {
		if path != "/" {
			st.OUs = append(st.OUs, path)
		}
	}
	copied := func(accounts map[string]*Account) []Account {
		out := []Account{}
		for _, id := range slices.Sorted(maps.Keys(accounts)) {
			a := *accounts[id]
			a.Tags = maps.Clone(a.Tags)
			out = append(out, a)
		}
		return out
	}
	st.Accounts, st.Outside, st.FeatureSet = copied(s.org.accounts), copied(s.org.outside), s.org.features
	st.Quota = s.opts.MaxAccounts
}

func (s *Server) stateStore(st *State) {
	for _, u := range s.store.users {
		st.Users = append(st.Users, UserState{u.id, u.externalID, u.userName, u.display, !u.disabled})
	}
	slices.SortFunc(st.Users, func(a, b UserState) int { return cmp.Compare(a.UserName, b.UserName) })
	for _, g := range s.store.groups {
		members := append([]string{}, s.store.membersOf(g.id)...)
		st.Groups = append(st.Groups, GroupState{g.id, g.externalID, g.display, members})
	}
	slices.SortFunc(st.Groups, func(a, b GroupState) int { return cmp.Compare(a.DisplayName, b.DisplayName) })
}

func (s *Server) stateCenter(st *State, now time.Time) {
	c := s.center
	for _, set := range c.sets {
		st.PermissionSets = append(st.PermissionSets, c.setState(set))
	}
	slices.SortFunc(st.PermissionSets, func(a, b PermissionSetState) int { return cmp.Compare(a.Name, b.Name) })
	st.Assignments = c.assignments(func(_ Assignment, r *record) bool { return r.exists })
	st.Listed = c.assignments(func(a Assignment, r *record) bool { return c.shows(a, r, now) })
	for _, a := range st.Assignments {
		if !s.store.has(a.principal()) {
			st.Dangling = append(st.Dangling, a)
		}
	}
	ops := slices.SortedFunc(maps.Values(c.operations), func(a, b *operation) int { return cmp.Compare(a.serial, b.serial) })
	for _, o := range ops {
		st.Operations = append(st.Operations, OperationState{o.id, o.kind, o.status, o.reason, o.target, o.created, o.ends})
	}
}

// setState is what a permission set is now.
func (c *center) setState(set *permissionSet) PermissionSetState {
	st := PermissionSetState{
		ARN: set.arn, Name: set.name, Description: set.description, SessionDuration: set.session, RelayState: set.relay,
		ProvisionedIn: []string{}, ManagedPolicies: slices.Sorted(maps.Keys(set.managed)), InlinePolicy: set.inline,
	}
	if len(set.tags) > 0 {
		st.Tags = maps.Clone(set.tags)
	}
	for _, account := range slices.Sorted(maps.Keys(c.bySet[set.arn])) {
		p := pair{account, set.arn}
		if !c.provisioned(p) {
			continue
		}
		st.ProvisionedIn = append(st.ProvisionedIn, account)
		if !c.latest(p) {
			st.OutdatedIn = append(st.OutdatedIn, account)
		}
	}
	for ref := range set.customer {
		st.CustomerPolicies = append(st.CustomerPolicies, ref.String())
	}
	slices.Sort(st.CustomerPolicies)
	if b := set.boundary; b != nil && b.CustomerManagedPolicyReference != nil {
		st.Boundary = b.CustomerManagedPolicyReference.String()
	} else if b != nil {
		st.Boundary = b.ManagedPolicyArn
	}
	return st
}
