package provision

import (
	"fmt"
	"slices"
	"strings"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision/permset"
)

// The codes of why a permission set is not written. Disabled and incomplete
// reads have those of assignments.
const (
	// CodeSetPending: an assignment waits for its set, which a file declares.
	CodeSetPending Code = "permission-set-pending"
	// CodeSetManagement: the set is assigned in the management account, where
	// the bot changes nothing.
	CodeSetManagement Code = "permission-set-in-management"
	// CodeSetOwn: the bot acts by a role of this very set.
	CodeSetOwn Code = "permission-set-own"
	// CodeSetPower: the change would give power over identities and access in
	// the account that the bot acts from.
	CodeSetPower Code = "permission-set-power"
	// CodeSetSpread: provisioning would bring to accounts what no file declares.
	CodeSetSpread Code = "permission-set-drift-would-spread"
	// CodeSetRefused: AWS refused a write.
	CodeSetRefused Code = "permission-set-refused"
	// CodeSetFailed: AWS could not provision the set to some accounts.
	CodeSetFailed Code = "permission-set-failed"
	// CodeSetUnread: the set could not be read.
	CodeSetUnread Code = "permission-set-unread"
	// CodeSetLeft: no file declares the set any more.
	CodeSetLeft Code = "permission-set-left"
)

// SetSurroundings is what the guards of permission sets see beside the steps.
type SetSurroundings struct {
	EnableChanges bool
	// ConfigManagement is the management account that the config names,
	// LiveManagement that which AWS Organizations names; "" is not known.
	ConfigManagement, LiveManagement string
	// Caller is as whom the bot acts; its account is "" while not known.
	Caller Caller
	// Want is the set as declared, Live as it is, nil when there is none.
	Want permset.Definition
	Live *permset.Live
	// Pending: the file is newer than what the set was last brought to, by Commit.
	Pending bool
	Commit  string
	// Allow is limits.allow, nil for none, and Ways what hangs on the set.
	Allow *config.RemovalAllowance
	Ways  SetWays
	// Declared are the accounts in which the config grants the set.
	Declared []string
	Names    Names
}

// CheckSet returns why the steps of a set may not be made, empty codes when they
// may. What it needs to know and does not refuses them.
func CheckSet(r permset.Result, s SetSurroundings) (Code, string) {
	if len(r.Steps) == 0 {
		return "", ""
	}
	reach := slices.Clone(s.Declared)
	if s.Live != nil {
		reach = append(reach, s.Live.Accounts...)
	}
	name := s.Want.Name
	wide := permset.Widens(r.Steps, s.Want, s.Live)
	way, wayWhy := s.way(r)
	switch {
	case s.LiveManagement == "" || s.ConfigManagement == "":
		return CodeIncomplete, fmt.Sprintf("%s is not changed while AWS Organizations does not tell which account is the management account.", name)
	case slices.Contains(reach, s.LiveManagement) || slices.Contains(reach, s.ConfigManagement):
		return CodeSetManagement, fmt.Sprintf("%s is assigned in the management account, where the bot changes nothing: a delegated administrator may not. Use another permission set there, or change this one by hand from the management account.", name)
	case !ParseCaller(s.Caller.ARN).Known || s.Caller.Account == "":
		return CodeIncomplete, fmt.Sprintf("%s is not changed while AWS does not tell as whom the bot acts: whether the change would reach what the bot itself may do cannot be judged.", name)
	case permset.Reserved(s.Caller.ARN) == name:
		return CodeSetOwn, fmt.Sprintf("The bot acts by a role of %s itself, so a change of it would change what the bot may do. Let the bot act by a role of its own, or change this set by hand.", name)
	case len(wide) > 0 && slices.Contains(reach, s.Caller.Account):
		return CodeSetPower, fmt.Sprintf("%s reaches %s, from which the bot acts, and would get power over identities and access there: %s Use another permission set in that account, or make this change by hand.", name, s.Names.account(s.Caller.Account), sentences(wide))
	case way != "":
		return way, wayWhy
	case len(r.Spreads) > 0:
		return CodeSetSpread, fmt.Sprintf("%s has in AWS what its file does not say (%s), and this change would bring that to its accounts. Take it away in AWS, declare it in %s, or set drift: revert.", name, strings.Join(r.Spreads, ", "), setPath(name))
	case !s.EnableChanges:
		return CodeDisabled, "enable_changes is off, so this is only planned."
	}
	return "", ""
}

func sentences(steps []permset.Step) string {
	var out []string
	for _, s := range steps {
		out = append(out, s.Sentence)
	}
	return strings.Join(out, " ")
}

func setPath(name string) string { return "permission-sets/" + name + ".yaml" }
