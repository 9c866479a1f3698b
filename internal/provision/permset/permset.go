// Package permset compares the permission sets that the config in force
// declares with those of IAM Identity Center. It is pure: definition, live set
// and what is known of earlier commits in; sorted steps and findings out.
//
// # What is the file's, and what is not
//
// A file declares the whole of what it names: session, relay state, policies,
// inline policy, boundary and its own tags. While a commit is being applied
// ([Input.Pending]) every difference from it is a step. Later differences are
// drift: findings, and steps only with [Input.Revert].
//
// What is live and not in the file is taken away only if a file in force had it
// once ([Input.Owned]): then its removal is what was approved. Everything else
// is an extra. Somebody added it in AWS, perhaps in need, so it is reported and
// stays unless drift is to be reverted. Tags of others are not looked at.
//
// # Accounts
//
// A change of a set reaches its accounts only when it is provisioned there. The
// last step does that where AWS says that accounts are not the latest. It is
// held while the set has findings that would reach accounts by it and are not
// known to be there already ([Input.Spread]).
package permset

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"aws-access-bot/config"
)

// Definition is what a permission set is. Policies are sorted.
type Definition struct {
	Name        string             `json:"name"`
	Description string             `json:"description,omitempty"`
	Session     time.Duration      `json:"session"`
	RelayState  string             `json:"relay_state,omitempty"`
	Managed     []string           `json:"managed,omitempty"` // ARNs
	Customer    []config.PolicyRef `json:"customer,omitempty"`
	// Inline is the policy in canonical JSON, "" for none.
	Inline   string            `json:"inline,omitempty"`
	Boundary *config.Boundary  `json:"boundary,omitempty"`
	Tags     map[string]string `json:"tags,omitempty"`
}

// Of returns the definition that a file declares.
func Of(p *config.PermissionSet) Definition {
	d := Definition{Name: p.Name, Description: p.Description, Session: p.SessionDuration, RelayState: p.RelayState,
		Managed: slices.Sorted(slices.Values(p.ManagedPolicies)), Customer: slices.Clone(p.CustomerManagedPolicies),
		Inline: p.InlinePolicy, Boundary: p.Boundary, Tags: maps.Clone(p.Tags)}
	slices.SortFunc(d.Customer, compareRefs)
	return d
}

func compareRefs(a, b config.PolicyRef) int { return cmp.Compare(a.String(), b.String()) }

// Digest returns the SHA-256 of the definition's JSON, in hex.
func (d Definition) Digest() (string, error) {
	b, err := json.Marshal(d)
	if err != nil {
		return "", fmt.Errorf("digest of permission set %s: %w", d.Name, err)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), nil
}

// The items that can be taken away again, by key.
const (
	itemInline   = "inline policy"
	itemBoundary = "permissions boundary"
)

func itemManaged(arn string) string           { return "managed policy " + arn }
func itemCustomer(r config.PolicyRef) string  { return "customer managed policy " + r.String() }
func itemTag(key string) string               { return "tag " + key }
func contains(items []string, it string) bool { return slices.Contains(items, it) }

// Items returns the keys of what the definition has and could lose, sorted. It
// is what becomes [Input.Owned] of later comparisons.
func (d Definition) Items() []string {
	var out []string
	for _, arn := range d.Managed {
		out = append(out, itemManaged(arn))
	}
	for _, ref := range d.Customer {
		out = append(out, itemCustomer(ref))
	}
	if d.Inline != "" {
		out = append(out, itemInline)
	}
	if d.Boundary != nil {
		out = append(out, itemBoundary)
	}
	for key := range d.Tags {
		out = append(out, itemTag(key))
	}
	slices.Sort(out)
	return out
}

// Live is a permission set as Identity Center has it, read to the end.
type Live struct {
	ARN string `json:"arn"`
	Definition
	// Accounts are those that have it, Outdated those of them that are not the
	// latest; both sorted.
	Accounts []string `json:"accounts,omitempty"`
	Outdated []string `json:"outdated,omitempty"`
}

// Input is all that a comparison depends on.
type Input struct {
	Want Definition
	// Live is nil when there is no set of the name.
	Live *Live
	// Owned are items that a file in force had once (see [Definition.Items]).
	Owned []string
	// Pending: the definition was not reached yet since it is in force.
	Pending bool
	// Revert: drift is put back.
	Revert bool
	// Spread are keys of findings that were there when all accounts were the
	// latest, so that provisioning brings them nowhere new.
	Spread []string
}

// Finding is a difference that no step puts right.
type Finding struct {
	// Key names it with its present value.
	Key string `json:"key"`
	// Extra: live, and no file ever had it. Otherwise the file says another
	// thing.
	Extra    bool   `json:"extra,omitempty"`
	Sentence string `json:"sentence"`
	// Reaches: provisioning brings it to accounts.
	Reaches bool `json:"reaches,omitempty"`
}

// Result is what is to be done and said of one set.
type Result struct {
	Steps []Step    `json:"steps"`
	Drift []Finding `json:"drift"`
	// Spreads are keys of findings that a provisioning would bring to accounts
	// that may not have them. While there are any, nothing may be written.
	Spreads []string `json:"spreads,omitempty"`
}

// Empty reports that the set is what the file says and every account has it.
func (r Result) Empty() bool { return len(r.Steps) == 0 && len(r.Drift) == 0 }
