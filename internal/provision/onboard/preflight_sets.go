package onboard

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
)

// baseline is about the permission sets that the account is to get.
func (c *check) baseline() {
	if len(c.Sets) == 0 {
		c.note("baseline", "", "aws-access.yaml has no baseline: nobody gets access by the onboarding alone.")
	}
	for _, name := range slices.Sorted(maps.Keys(c.Sets)) {
		c.set(name, c.Sets[name])
	}
}

func (c *check) set(name string, s gatheredSet) {
	switch {
	case s.Exists.Trouble != "":
		c.unknown("permission-set", "Whether the permission set "+name+" exists", s.Exists.Trouble)
		return
	case !s.Exists.Value && c.Head.PermissionSets[name] != nil:
		c.note("permission-set", "", "The permission set %s does not exist yet; the bot makes it from its file.", name)
	case !s.Exists.Value:
		c.block("permission-set", "Make it, or take it out of onboarding.baseline.", "The baseline wants the permission set %s, which does not exist.", name)
		return
	default:
		c.good("permission-set", "The permission set %s exists.", name)
	}
	c.reach(name, s.Accounts)
	c.policies(name, s.Policies)
}

// reach is about a set that is used in the management account: then a delegated
// administrator can neither change nor assign it anywhere.
func (c *check) reach(set string, in answer[[]string]) {
	management := cmp.Or(c.Management.Value, c.Head.Access.ManagementAccount)
	switch {
	case in.Trouble != "":
		c.unknown("out-of-reach", "Whether "+set+" is assigned in the management account", in.Trouble)
	case !slices.Contains(in.Value, management):
	case c.Caller.Trouble != "":
		c.unknown("out-of-reach", "Whether "+set+", which is assigned in the management account, is out of the bot's reach", c.Caller.Trouble)
	case c.Caller.Value.Account != management:
		c.block("out-of-reach", "Use another set in onboarding.baseline, one that is not used in the management account.", "The permission set %s is assigned in the management account: from account %s, a delegated administrator, it can be assigned nowhere.", set, c.Caller.Value.Account)
	}
}

func (c *check) policies(set string, all answer[map[string]answer[bool]]) {
	if all.Trouble != "" {
		c.unknown("customer-policy", "Which customer-managed policies "+set+" wants", all.Trouble)
	}
	for _, path := range slices.Sorted(maps.Keys(all.Value)) {
		switch a := all.Value[path]; {
		case a.Trouble != "":
			c.unknown("customer-policy", fmt.Sprintf("Whether the account has the IAM policy %s, which %s wants,", path, set), a.Trouble)
		case !a.Value:
			c.block("customer-policy", "Make the policy in the account first.", "%s wants the IAM policy %s in the account, and it is not there: the assignment would fail.", set, path)
		default:
			c.good("customer-policy", "The account has the IAM policy %s, which %s wants.", path, set)
		}
	}
}
