package onboard

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
)

// The codes. Those that last need somebody's word, or something that is done
// by hand in AWS and seen here.
const (
	CodeManagement Code = "management-account"
	CodeWhose      Code = "whose-organization"
	CodeNoRole     Code = "no-management-role"
	CodeSuspended  Code = "account-suspended"
	CodeClosed     Code = "account-closed"
	CodeState      Code = "account-state"
	CodeMoved      Code = "moved-by-hand"
	CodeLeft       Code = "left-organization"

	CodeDeclined Code = "invitation-declined"
	CodeCanceled Code = "invitation-canceled"
	CodeExpired  Code = "invitation-expired"
	CodeVanished Code = "invitation-gone"
	CodeRefused  Code = "invitation-refused"
	CodeOther    Code = "other-organization"
	CodeLimit    Code = "account-limit"
	CodeNoMember Code = "never-a-member"

	CodePhase     Code = "phase"
	CodeChanges   Code = "changes-off"
	CodeFeatures  Code = "all-features"
	CodePending   Code = "account-pending"
	CodeNoUnit    Code = "ou-missing"
	CodeUnread    Code = "invitations-unread"
	CodeJoining   Code = "joining"
	CodeHandshake Code = "invitation-state"
	CodeDuplicate Code = "invitation-elsewhere"
	CodeRate      Code = "rate-limit"
	CodeBusy      Code = "organization-busy"
	CodeDenied    Code = "denied"
	CodeUnknown   Code = "answer-lost"
	CodeLook      Code = "not-read"
)

// lasts reports whether a stop holds until somebody says to go on.
func lasts(c Code) bool {
	switch c {
	case CodeDeclined, CodeCanceled, CodeExpired, CodeVanished, CodeRefused, CodeOther, CodeLimit, CodeNoMember:
		return true
	default:
		return false
	}
}

// retries reports whether a stop ends when the account is invited again, once
// what it says was done. Any other goes on by itself, or never.
func retries(c Code) bool { return lasts(c) || c == CodeLeft }

// words are a code and what people read under it.
type words struct {
	code Code
	text string
}

func say(c Code, format string, args ...any) words { return words{c, fmt.Sprintf(format, args...)} }

// clockText is how a time is written where only text can stand.
const clockText = "2006-01-02 15:04 UTC"

func clock(t time.Time) string { return t.UTC().Format(clockText) }

// again ends what is said of an invitation that came to an end.
const inviteAgain = "To try once more, use “Invite again”; to give it up, take the account's file out of the config repo."

func sayManagement() words {
	return say(CodeManagement, "This is the management account of the organization. The bot never changes it, and nobody gets access to it here. Take its file out of the config repo.")
}

// otherOrganization says how the organization that the bot is in differs from the
// one that aws-access.yaml names, "" when it does not.
func otherOrganization(want config.AccessFile, id, management string) string {
	if (want.OrganizationID == "" || want.OrganizationID == id) && (want.ManagementAccount == "" || want.ManagementAccount == management) {
		return ""
	}
	return fmt.Sprintf("AWS says that the bot is in the organization %s with the management account %s, and aws-access.yaml names the organization %s with the management account %s.",
		shown(id), shown(management), cmp.Or(want.OrganizationID, "of any id"), cmp.Or(want.ManagementAccount, "of any number"))
}

// otherRole says that the role which writes is one of another account than the
// management account, "" when it is not: what that organization is, nobody said.
func otherRole(account, management string) string {
	if account == "" || account == management {
		return ""
	}
	return fmt.Sprintf("aws.management_role is a role of account %s, and the management account of the organization is %s.", shown(account), shown(management))
}

// mendWhose is what to do about an organization that is not the configured one.
const mendWhose = "Compare both with AWS Organizations > Settings: correct `organization` in aws-access.yaml by a pull request, or give the bot credentials, and aws.management_role, of the right organization and start it again."

func sayWhose(elsewhere, would string) words {
	return say(CodeWhose, "%s, but nothing is written to an organization that is not the configured one. %s %s It goes on by itself then.", would, elsewhere, mendWhose)
}

func sayNoRole(would string) words {
	return say(CodeNoRole, "%s, and only the management account may do that. Set aws.management_role in the bot's settings to a role there that permits it (docs/setup.md has the policy) and start the bot again; it goes on by itself then.", would)
}

func sayChangesOff(would string) words {
	return say(CodeChanges, "%s, but enable_changes is off in the bot's settings: it only reports.", would)
}

func sayWouldInvite() string { return "The account has to be invited to the organization" }

func sayWouldMove(s Sight) string {
	return fmt.Sprintf("The account has to be moved from %s to %s", s.Account.OU, s.OU)
}

func sayFeatures(f access.FeatureSet) words {
	return say(CodeFeatures, "The organization has consolidated billing only (%s): accounts cannot be onboarded to it. In the console of the management account, AWS Organizations > Settings > Enable all features; each account that was invited has to agree. It goes on by itself then.", f)
}

func sayPending() words {
	return say(CodePending, "AWS has not activated the account yet (PENDING_ACTIVATION). Its owner has to finish signing up: verify the phone number and the payment method. It goes on by itself then.")
}

func saySuspended() words {
	return say(CodeSuspended, "AWS has suspended the account. Its owner, signed in as root, finds the reason under Billing, or asks AWS Support. Once it is ACTIVE the onboarding goes on by itself.")
}

func sayClosed(state string) words {
	return say(CodeClosed, "The account is closed (%s). AWS Support can reopen it within 90 days; then the onboarding goes on by itself. Otherwise take its file out of the config repo.", state)
}

func sayState(state string) words {
	return say(CodeState, "The account is %s in AWS, and only an ACTIVE one can be onboarded. Once it is ACTIVE the onboarding goes on by itself.", shown(state))
}

func sayMoved(s Sight) words {
	if s.From == "" {
		return say(CodeMoved, "The account is in %s, and its file says %s. The bot moves an account from the root, or from where its pull request of `/aws-onboard` says that it is, and nobody approved a move from %s. Either move it to %s in AWS Organizations, or change `ou` in its file to %s. The onboarding goes on by itself then.",
			s.Account.OU, s.OU, s.Account.OU, s.OU, s.Account.OU)
	}
	was := "the root"
	if s.From != root {
		was = "the root or " + s.From
	}
	return say(CodeMoved, "The account is in %s. It was to be moved from %s to %s, and nobody approved a move from elsewhere: somebody has moved it by hand meanwhile. Either move it to %s in AWS Organizations, or change `ou` in its file to %s. The onboarding goes on by itself then.",
		s.Account.OU, was, s.OU, s.OU, s.Account.OU)
}

func sayLeft() words {
	return say(CodeLeft, "The account is not a member of the organization any more: its owner took it out, or somebody removed it. Its access through the bot ended with that. It is not invited again by itself: use “Invite again”, or take its file out of the config repo.")
}

func sayDeclined() words {
	return say(CodeDeclined, "The owner of the account declined the invitation. Talk to the owner first. %s", inviteAgain)
}

func sayCanceled() words {
	return say(CodeCanceled, "Somebody cancelled the invitation in the management account. %s", inviteAgain)
}

func sayExpired(at time.Time) words {
	return say(CodeExpired, "Nobody accepted the invitation before it ended%s. %s", maybeAt(at), inviteAgain)
}

func maybeAt(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return " on " + clock(t)
}

func sayVanished(id string) words {
	return say(CodeVanished, "AWS does not know the invitation %s any more, and the account is not a member: how it ended cannot be told. %s", id, inviteAgain)
}

func sayHandshake(state string) words {
	return say(CodeHandshake, "AWS says that the invitation is %s, which the bot does not know. It goes on looking.", shown(state))
}

func sayJoining(since time.Time) words {
	return say(CodeJoining, "The invitation was accepted before %s and AWS does not list the account as a member yet. That takes minutes as a rule; look at AWS Organizations in the management account, or ask AWS Support.", clock(since))
}

func sayNeverJoined(since time.Time) words {
	return say(CodeNoMember, "The invitation was accepted before %s, and AWS does not list the account as a member: it may have left again since. Talk to its owner, and look at AWS Organizations in the management account. %s", clock(since), inviteAgain)
}

func sayPhase(p config.Phase) words {
	return say(CodePhase, "The account is outside the organization, and %s invites nobody. It is invited by itself once the config in force says phase %d; the control plane asks for that with `/aws-access phase %d`.", p, config.Grow, config.Grow)
}

func sayNoUnit(ou string) words {
	return say(CodeNoUnit, "There is no OU %s in AWS Organizations. Make it, or change `ou` in the account's file; it goes on by itself then.", ou)
}

func sayUnread(why string) words {
	return say(CodeUnread, "The invitations of the organization could not be read (%s), so nobody is invited: there may be an open one. The role in aws.management_role needs organizations:ListHandshakesForOrganization. It is tried again.", why)
}

func sayLook(why string) words {
	return say(CodeLook, "The account could not be looked up in AWS Organizations (%s). It is tried again.", why)
}

// shown is a word of AWS, on one line and short.
func shown(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if s == "" {
		return "in no state"
	}
	return s
}

// sayAccept says how the other side accepts an invitation.
func sayAccept(account string, h access.Handshake) string {
	var b strings.Builder
	fmt.Fprintf(&b, "An invitation to the organization waits for the owner of %s", account)
	if !h.Expires.IsZero() {
		fmt.Fprintf(&b, ", until %s", clock(h.Expires))
	}
	b.WriteString(". AWS has sent it to the account's root e-mail address. To accept it, one of:\n")
	fmt.Fprintf(&b, "1. Sign in to account %s as root or as an administrator, open https://console.aws.amazon.com/organizations/v2/home/invitations and accept.\n", account)
	fmt.Fprintf(&b, "2. With credentials of that account: aws organizations accept-handshake --handshake-id %s\n", h.ID)
	b.WriteString("From then on the organization's management account pays the account's bill, and the organization's policies apply to it. Nothing in the account is changed by that.")
	return b.String()
}

// allFeatures reports whether the organization may invite and move.
func allFeatures(f access.FeatureSet) bool { return f == access.AllFeatures }
