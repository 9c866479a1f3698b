package config

import (
	"maps"
	"slices"
	"time"
)

// PermissionSet is permission-sets/<Name>.yaml.
type PermissionSet struct {
	Name string
	// Description is "" when the file has none. AWS cannot take one away again,
	// so that one is left as it is where the file is silent.
	Description     string
	SessionDuration time.Duration // 1 to 12 hours
	// RelayState is where the console opens, "" for its home page.
	RelayState      string
	ManagedPolicies []string // ARNs, in the order of the file
	// CustomerManagedPolicies are policies that every account must have itself.
	CustomerManagedPolicies []PolicyRef
	// InlinePolicy is the policy in canonical JSON (see [CanonicalPolicy]), ""
	// for none.
	InlinePolicy string
	Boundary     *Boundary // nil for none
	Tags         map[string]string
	Pos          Position
}

// PolicyRef names a customer managed policy: one that has this name and path in
// each account.
type PolicyRef struct {
	Name string `json:"name"`
	Path string `json:"path"` // begins and ends with "/"
}

// String returns path and name, "/team/Deploy".
func (p PolicyRef) String() string { return p.Path + p.Name }

// Boundary is a permissions boundary. Exactly one of its members is set.
type Boundary struct {
	ManagedPolicy string     `json:"managed_policy,omitempty"` // ARN
	Customer      *PolicyRef `json:"customer_managed_policy,omitempty"`
}

// String returns the ARN, or path and name; "" for nil.
func (b *Boundary) String() string {
	switch {
	case b == nil:
		return ""
	case b.Customer != nil:
		return b.Customer.String()
	default:
		return b.ManagedPolicy
	}
}

// Path returns the file's path in the repo.
func (p *PermissionSet) Path() string { return permissionSetPath(p.Name) }

// CustomerPaths returns path and name of each customer managed policy, in the
// order of the file.
func (p *PermissionSet) CustomerPaths() []string {
	var out []string
	for _, ref := range p.CustomerManagedPolicies {
		out = append(out, ref.String())
	}
	return out
}

// AccountsOf returns the ids of the accounts in which a permission set is
// granted by any grant of the repo, begun or not, sorted.
func (r *Repo) AccountsOf(set string) []string {
	found, resolve := map[string]bool{}, newResolver(r)
	for _, ref := range r.Grants() {
		if ref.Grant.PermissionSet != set {
			continue
		}
		for _, a := range resolve.accounts(ref.Grant) {
			found[a.ID] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

func permissionSetFields(p *PermissionSet) []field {
	return []field{
		{"customer_managed_policies", listText(p.CustomerPaths())},
		{"description", p.Description},
		{"inline_policy", p.InlinePolicy},
		{"managed_policies", listText(p.ManagedPolicies)},
		{"name", p.Name},
		{"permissions_boundary", p.Boundary.String()},
		{"relay_state", p.RelayState},
		{"session_duration", durationText(p.SessionDuration)},
		{"tags", mapText(p.Tags)},
	}
}

// sameDefinition reports whether two sets permit the same. An order of policies
// is no difference.
func sameDefinition(a, b *PermissionSet) bool {
	same := func(x, y []string) bool {
		return slices.Equal(slices.Sorted(slices.Values(x)), slices.Sorted(slices.Values(y)))
	}
	return same(a.ManagedPolicies, b.ManagedPolicies) && same(a.CustomerPaths(), b.CustomerPaths()) &&
		a.InlinePolicy == b.InlinePolicy && a.Boundary.String() == b.Boundary.String()
}
