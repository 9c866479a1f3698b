package onboard

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/provision"
)

// answer is what a part of the outside said to a question, or why it did not:
// Trouble is then a clause for people.
type answer[T any] struct {
	Value   T
	Trouble string
}

// gathered is everything a pre-flight list is made of.
type gathered struct {
	Now        time.Time
	Base, Head *config.Repo
	Account    *config.Account
	HasRole    bool
	// RoleAccount is the account of the role that writes, "" where not known.
	RoleAccount string

	Management answer[string]
	// Organization is the id of the organization that the bot is in.
	Organization answer[string]
	// Caller is as whom the bot acts.
	Caller    answer[provision.Caller]
	Features  answer[access.FeatureSet]
	Place     answer[Place]
	UnitFound answer[bool]
	// Invitations are those to the account.
	Invitations answer[[]access.Handshake]
	// Members are how many accounts the organization has, the management account
	// with them.
	Members answer[int]
	// All are the handshakes of the organization, read for an account that has to
	// be invited.
	All answer[[]access.Handshake]
	// AllSets is how many permission sets there are, read where one has to be
	// made, and SetsByConfig how many the config repo gives the account.
	AllSets      answer[int]
	SetsByConfig int
	// Names are those of the members in AWS, by id.
	Names map[string]string
	// Owners are those of the file that are people, by address: what is wrong
	// with each, "" for nothing.
	Owners map[string]answer[string]
	// Sets are those of the baseline, by name.
	Sets map[string]gatheredSet
}

// gatheredSet is a permission set of the baseline.
type gatheredSet struct {
	Exists   answer[bool]
	Accounts answer[[]string]
	// Policies are the customer-managed policies it wants in every account, by
	// path and name: whether the account has each.
	Policies answer[map[string]answer[bool]]
	// Managed is how many managed policies it has, AWS's and the customer's.
	Managed int
	// Groups are how many groups have it in the account, none in one that is no
	// member, and Gains how many the baseline names.
	Groups answer[int]
	Gains  int
}

// check makes lines.
type check struct {
	gathered
	lines []access.PreflightLine
}

func (c *check) line(code string, r access.PreflightResult, mend, format string, args ...any) {
	c.lines = append(c.lines, access.PreflightLine{Code: code, Result: r, Sentence: fmt.Sprintf(format, args...), Mend: mend})
}

func (c *check) good(code, format string, args ...any) {
	c.line(code, access.PreflightGood, "", format, args...)
}

func (c *check) note(code, mend, format string, args ...any) {
	c.line(code, access.PreflightNote, mend, format, args...)
}

func (c *check) block(code, mend, format string, args ...any) {
	c.line(code, access.PreflightBlock, mend, format, args...)
}

// unknown is a line for a question that was not answered.
func (c *check) unknown(code, what, why string) {
	c.line(code, access.PreflightUnknown, "", "%s cannot be told: %s.", what, why)
}

// preflight holds an account file against what was gathered. It is pure.
func preflight(g gathered) access.Preflight {
	c := &check{gathered: g}
	if c.management() {
		return access.Preflight{At: g.Now, Lines: c.lines}
	}
	c.whose()
	c.features()
	c.membership()
	c.called()
	c.unit()
	c.tags()
	c.owners()
	c.baseline()
	c.alike()
	c.quota()
	return access.Preflight{At: g.Now, Lines: c.lines}
}

// management reports whether it is the management account.
func (c *check) management() bool {
	if c.Account.ID == c.Management.Value || c.Account.ID == c.Head.Access.ManagementAccount {
		c.block("management-account", "Take the file out.", "%s is the management account of the organization. Nobody gets access to it through the bot.", c.Account.ID)
		return true
	}
	if c.Management.Trouble != "" {
		c.unknown("management-account", "Whether it is the management account", c.Management.Trouble)
	}
	return false
}

// whose is about the organization that the bot would write to.
func (c *check) whose() {
	const code = string(CodeWhose)
	if why := cmp.Or(c.Organization.Trouble, c.Management.Trouble); why != "" {
		c.unknown(code, "Whether the organization is the one that aws-access.yaml names", why)
		return
	}
	if other := cmp.Or(otherOrganization(c.Head.Access, c.Organization.Value, c.Management.Value), otherRole(c.RoleAccount, c.Management.Value)); other != "" {
		c.block(code, mendWhose, "%s Nothing is written to an organization that is not the configured one.", other)
	}
}

func (c *check) features() {
	switch {
	case c.Features.Trouble != "":
		c.unknown("all-features", "Whether the organization has all features", c.Features.Trouble)
	case !allFeatures(c.Features.Value):
		c.block("all-features", "Enable all features: AWS Organizations > Settings in the management account. Each account that was invited has to agree.", "The organization has consolidated billing only; no account can be onboarded to it.")
	default:
		c.good("all-features", "The organization has all features.")
	}
}

// membership says whether the account is a member, in which state, and what
// follows from that.
func (c *check) membership() {
	p := c.Place
	switch {
	case p.Trouble != "":
		c.unknown("member", "Whether the account is a member of the organization", p.Trouble)
		return
	case !p.Value.Member:
		c.outsider()
		return
	}
	how := "was invited"
	if p.Value.Created {
		how = "was made in it"
	}
	c.good("member", "The account is a member of the organization (it %s) and is in %s.", how, shown(p.Value.OU))
	switch state := p.Value.State; state {
	case accountActive:
		c.good("state", "The account is ACTIVE.")
	case accountPending:
		c.note("state", "Its owner finishes signing up.", "The account is not activated yet (PENDING_ACTIVATION). The onboarding waits for that after the merge.")
	case accountSuspend:
		c.block("state", "Its owner finds the reason under Billing, or asks AWS Support.", "AWS has suspended the account.")
	case accountClosing, accountClosed:
		c.block("state", "Reopen it with AWS Support within 90 days, or take the file out.", "The account is closed (%s).", state)
	default:
		c.block("state", "Wait until it is ACTIVE.", "The account is %s, and only an ACTIVE one can be onboarded.", shown(state))
	}
}

// called shows the name that AWS has, where the file's is another: a wrong number
// is noticed by that.
func (c *check) called() {
	live := c.Place.Value.Name
	if c.Place.Trouble != "" || !c.Place.Value.Member || live == "" || live == c.Account.Name {
		return
	}
	c.note("name", "Look twice that the number is the one that is meant.", "AWS calls this account %s, and its file calls it %s.", shown(live), c.Account.Name)
}

// outsider is membership for an account that is not a member.
func (c *check) outsider() {
	c.note("member", "", "The account is not a member of the organization. Whether it is in another one cannot be told before the invitation; AWS answers then.")
	if err := c.Head.Access.Phase.MayInvite(); err != nil {
		mend, text := "", err.Error()
		var ref *config.Refusal
		if errors.As(err, &ref) {
			text, mend = ref.Reason, sentence(upper(ref.Mend))
		}
		c.block("phase", mend, "%s", sentence(upper(text)))
	} else {
		c.good("phase", "%s lets the account be invited.", upper(c.Head.Access.Phase.String()))
	}
	if !c.HasRole {
		c.block("management-role", "Set aws.management_role in the bot's settings (docs/setup.md has the policy) and start it again.", "The bot has no role in the management account, and only that one may invite.")
	}
	if c.Invitations.Trouble != "" {
		c.unknown("invitation", "Whether an invitation is open", c.Invitations.Trouble)
		return
	}
	for _, h := range c.Invitations.Value {
		if waits(h, c.Now) {
			c.note("invitation", "", "An invitation of %s is open already, until %s; it is followed.", clock(h.Asked), clock(h.Expires))
			return
		}
	}
	if list := c.Invitations.Value; len(list) > 0 {
		c.note("invitation", "", "The last invitation, of %s, ended: %s.", clock(list[0].Asked), shown(list[0].State))
	}
}

// unit is about the place that the account is to have.
func (c *check) unit() {
	to := cmp.Or(c.Account.OU, root)
	switch {
	case c.UnitFound.Trouble != "":
		c.unknown("ou", "Whether the OU "+to+" exists", c.UnitFound.Trouble)
		return
	case !c.UnitFound.Value:
		c.block("ou", "Make the OU in AWS Organizations, or change `ou` in the file.", "There is no OU %s.", to)
		return
	}
	at := c.Place.Value
	switch {
	case !at.Member:
		c.good("ou", "The OU %s exists; the account is moved there from the root once it has joined.", to)
	case at.OU == to:
		c.good("ou", "The account is in its OU, %s, already.", to)
	case !c.HasRole:
		c.block("management-role", "Set aws.management_role in the bot's settings (docs/setup.md has the policy), or move the account by hand first.", "The account has to be moved from %s to %s; the bot has no role in the management account, and only that one may.", at.OU, to)
	case at.OU == root:
		c.note("ou", "", "The account is moved from %s to %s. The policies of %s apply to it from then on.", at.OU, to, to)
	default: // of a request it is not known here, nor whether there is one
		c.note("ou", "", "The account has to be moved from %s to %s, whose policies apply to it from then on. The bot does that only where this is a pull request of `/aws-onboard` that says that it is in %s; else somebody moves it by hand.", at.OU, to, at.OU)
	}
}

// tags of the file decide who may get in, so one that differs is shown.
func (c *check) tags() {
	if !c.Place.Value.Member || c.Place.Trouble != "" {
		return
	}
	differ := tagsDiffer(c.Account, c.Place.Value.Tags, chosenTags(c.Head))
	if len(differ) > 0 {
		c.note("tags", "Change the file or the account, if they should agree.", "The tags of the file differ from those in AWS, and the file decides: %s. Until they agree, a line that chooses accounts by OU or tags gives nothing new in the account.", strings.Join(differ, "; "))
	}
}

func (c *check) owners() {
	bad := false
	for _, mail := range slices.Sorted(maps.Keys(c.Owners)) {
		switch a := c.Owners[mail]; {
		case a.Trouble != "":
			bad = true
			c.unknown("owner", "Whether "+mail+" is somebody in Entra", a.Trouble)
		case a.Value != "":
			bad = true
			c.block("owner", "Name somebody who works here, or a team.", "The owner %s %s.", mail, a.Value)
		default:
			if _, ok := c.Head.PersonByEmail(mail); !ok {
				bad = true
				c.note("owner", "Have the person linked: `/aws-access whoami`.", "The owner %s is not in people.yaml, so an approval on GitHub would not count.", mail)
			}
		}
	}
	if !bad && len(c.Owners) > 0 {
		c.good("owner", "Every owner is in Entra and in people.yaml.")
	}
}

// alike names members of the organization with a name that looks the same. Those
// that have a file are compared where the pull request is summarized.
func (c *check) alike() {
	mine := []string{config.Skeleton(c.Account.Name), config.Skeleton(c.Account.Slug)}
	for _, id := range slices.Sorted(maps.Keys(c.Names)) {
		if _, filed := c.Head.AccountByID(id); filed || !slices.Contains(mine, config.Skeleton(c.Names[id])) {
			continue
		}
		c.note("alike", "Look twice that the number is the one that is meant.", "Account %s is called %s in AWS, which looks like the name of this one. They are not the same account.", id, shown(c.Names[id]))
	}
}

// upper begins a sentence.
func upper(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
