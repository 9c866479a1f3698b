package onboard

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"aws-access-bot/internal/access"
)

// Quotas of AWS as they are without having been raised. How far one was raised
// only the Service Quotas API tells, for which the bot has no permission. The
// sources are "Quotas and limits in IAM Identity Center", "Quotas and service limits
// for AWS Organizations" and "IAM and AWS STS quotas".
const (
	// quotaAccounts is how many accounts an organization has, open invitations and
	// closed ones with them.
	quotaAccounts = 10
	// quotaInvitations is how many invitations are sent in 24 hours, but for those
	// that were accepted; an organization that may have more accounts sends as
	// many.
	quotaInvitations = 20
	// quotaSets is how many permission sets are provisioned in an account, and
	// quotaInstance how many there are.
	quotaSets     = 500
	quotaInstance = 3500
	// quotaPolicies is how many managed policies an IAM role takes, so that of a
	// permission set in each account.
	quotaPolicies = 10
	// limitGroups is how many groups have one permission set in one account. It
	// cannot be raised.
	limitGroups = 100
)

// quota holds the pre-flight against what is known of the limits of AWS. What is
// beyond a default may have been raised: it is told and blocks nothing.
func (c *check) quota() {
	var room []string
	fits := func(text string) { room = append(room, text) }
	if !c.Place.Value.Member && c.Place.Trouble == "" {
		c.quotaOfInvitation(fits)
	}
	if n := c.SetsByConfig; n > quotaSets {
		c.note("quota", "Ask for more first, unless that was done: Service Quotas > IAM Identity Center > Permission sets per account.",
			"The config repo gives the account %d permission sets, and the default quota is %d in an account.", n, quotaSets)
	} else if n > 0 {
		fits(fmt.Sprintf("%d of %d permission sets in the account, by the config repo", n, quotaSets))
	}
	for _, name := range slices.Sorted(maps.Keys(c.Sets)) {
		c.quotaOfSet(name, c.Sets[name], fits)
	}
	if len(room) > 0 {
		c.good("quota", "Within the default quotas of AWS: %s.", strings.Join(room, "; "))
	}
}

// quotaOfInvitation is about what one more account takes.
func (c *check) quotaOfInvitation(fits func(string)) {
	if c.All.Trouble != "" {
		c.unknown("quota", "How many invitations were sent", c.All.Trouble)
		return
	}
	open, sent := c.invitations()
	switch n := c.Members.Value + open; {
	case c.Members.Trouble != "":
		c.unknown("quota", "How many accounts the organization has", c.Members.Trouble)
	case n < quotaAccounts:
		fits(fmt.Sprintf("%d of %d accounts, open invitations counted", n, quotaAccounts))
	default:
		c.line("quota", access.PreflightUnknown, "", "The organization has %d accounts and %d open invitations. The default quota is %d, and how far it was raised cannot be read. AWS refuses the invitation if there is no room.", c.Members.Value, open, quotaAccounts)
	}
	// Who has so many accounts may have them, and so may invite as many.
	if most := max(quotaInvitations, c.Members.Value); sent < most {
		fits(fmt.Sprintf("%d of %d invitations in the last 24 hours", sent, most))
	} else {
		c.note("quota", "Nothing has to be done: what AWS refuses today is invited tomorrow.",
			"%d invitations were sent in the last 24 hours and not accepted, and the default quota is %d.", sent, most)
	}
}

// invitations counts those that are open, and those of the last 24 hours that
// were not accepted.
func (c *check) invitations() (open, sent int) {
	for _, h := range c.All.Value {
		if h.Action != actionInvite {
			continue
		}
		if waits(h, c.Now) {
			open++
		}
		if h.State != stateAccepted && c.Now.Sub(h.Asked) < 24*time.Hour {
			sent++
		}
	}
	return open, sent
}

// quotaOfSet is about what the baseline adds to a permission set.
func (c *check) quotaOfSet(name string, s gatheredSet, fits func(string)) {
	switch {
	case s.Policies.Trouble != "" || s.Exists.Trouble != "":
		// That they are not known was said.
	case s.Managed > quotaPolicies:
		c.note("quota", "Ask for more in the account first, unless that was done: Service Quotas > IAM > Managed policies per role.",
			"%s has %d managed policies, and the default quota is %d for a role in an account.", name, s.Managed, quotaPolicies)
	case s.Managed > 0:
		fits(fmt.Sprintf("%d of %d managed policies of %s", s.Managed, quotaPolicies, name))
	}
	switch made := s.Exists.Trouble == "" && !s.Exists.Value && c.Head.PermissionSets[name] != nil; {
	case !made || c.AllSets.Trouble != "":
	case c.AllSets.Value >= quotaInstance:
		c.note("quota", "Ask for more first, unless that was done: Service Quotas > IAM Identity Center > Permission sets.",
			"There are %d permission sets, %s is to be one more, and the default quota is %d.", c.AllSets.Value, name, quotaInstance)
	default:
		fits(fmt.Sprintf("%d of %d permission sets", c.AllSets.Value+1, quotaInstance))
	}
	switch {
	case s.Groups.Trouble != "":
		c.unknown("quota", "How many groups have "+name+" in the account", s.Groups.Trouble)
	case s.Groups.Value+s.Gains > limitGroups:
		c.note("quota", "Take a group out, or have the baseline use another set: AWS does not raise this limit.",
			"%d groups have %s in the account, and the baseline adds up to %d; AWS allows %d.", s.Groups.Value, name, s.Gains, limitGroups)
	case s.Gains > 0:
		fits(fmt.Sprintf("up to %d of %d groups with %s in the account", s.Groups.Value+s.Gains, limitGroups, name))
	}
}
