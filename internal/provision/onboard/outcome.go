package onboard

import (
	"errors"
	"time"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/provision/fault"
)

// afterInvite notes what came of an invitation. It is pure.
func afterInvite(r Record, h access.Handshake, err error, now time.Time) Record {
	if err == nil {
		i := *r.Invitation
		i.Handshake = h
		r.Invitation = &i
		r.Reminded, r.RemindedAt = 0, time.Time{}
		return r.on(Invited)
	}
	r.State = Inviting
	if !refused(err) {
		// The intent stays: the list tells whether there is an invitation.
		return r.fail(now, say(CodeUnknown, "Whether AWS took the invitation is not known: its answer was lost. The bot looks before it repeats it."), unknownGrace)
	}
	r.Invitation = nil
	var ref *Refusal
	if errors.As(err, &ref) {
		w := refusalOf(ref)
		if w.wait == 0 {
			return r.stop(now, w.words)
		}
		return r.fail(now, w.words, w.wait)
	}
	return later(r, "organizations:InviteAccountToOrganization", "invite the account", err, now)
}

// afterMove notes what came of a move. It is pure.
func afterMove(r Record, err error, now time.Time) Record {
	m := *r.Move
	r.Move = &m
	switch {
	case err == nil:
		m.Accepted = now
		return r.on(Moving)
	case !refused(err):
		return r.fail(now, say(CodeUnknown, "Whether AWS moved the account is not known: its answer was lost. The bot looks before it repeats it."), unknownGrace)
	}
	r.Move, r.State = nil, Member
	var ref *Refusal
	if errors.As(err, &ref) {
		return r.fail(now, say(CodeBusy, "AWS did not move the account (%s): %s The bot looks where it is and tries again.", shown(ref.Code), sentence(ref.Words)), backoff(r.Attempts))
	}
	return later(r, "organizations:MoveAccount", "move the account", err, now)
}

// refused reports whether a write is known to have had no effect.
func refused(err error) bool {
	var ref *Refusal
	return errors.As(err, &ref) || fault.Known(err)
}

// later notes a refusal that is worth another try.
func later(r Record, action, what string, err error, now time.Time) Record {
	wait := max(backoff(r.Attempts), fault.RetryAfter(err))
	switch {
	case errors.Is(err, fault.ErrConflict), errors.Is(err, fault.ErrThrottled):
		return r.fail(now, say(CodeBusy, "AWS Organizations is busy with another change (%s). It is tried again.", fault.Reason(err)), wait)
	case errors.Is(err, fault.ErrDenied):
		return r.fail(now, say(CodeDenied, "The role in aws.management_role may not %s: it needs %s. AWS says: %s. It is tried again.", what, action, fault.Reason(err)), wait)
	default:
		return r.fail(now, say(CodeRefused, "AWS refused to %s: %s. It is tried again.", what, fault.Reason(err)), max(wait, retryMost))
	}
}

// refusal is what a reason of AWS means: a wait of zero stops.
type refusal struct {
	words
	wait time.Duration
}

// refusalOf says what a refused invitation means and what to do. The reasons are
// those of HandshakeConstraintViolationException and ConstraintViolationException
// and the exceptions without one, in the model of
// InviteAccountToOrganization.
func refusalOf(ref *Refusal) refusal {
	stop := func(c Code, text string) refusal { return refusal{say(c, "%s %s", text, inviteAgain), 0} }
	wait := func(c Code, d time.Duration, text string) refusal { return refusal{say(c, "%s", text), d} }
	switch ref.Code {
	case "ALREADY_IN_AN_ORGANIZATION":
		return stop(CodeOther, "The account is in another organization, and AWS does not say whose. Its owner has to take it out there first: AWS Organizations > Leave organization in that account, or the other management account removes it. An account that was made there less than four days ago cannot leave yet.")
	case "DuplicateHandshakeException":
		return wait(CodeDuplicate, 10*time.Minute, "AWS says that there is an open invitation to this account, and none to its number is in the list: somebody may have sent one to its e-mail address. Accept that one, or cancel it in the management account under AWS Organizations > Invitations; it goes on by itself then.")
	case "HANDSHAKE_RATE_LIMIT_EXCEEDED":
		return wait(CodeRate, day, "The organization has sent as many invitations as AWS allows in one day. The account is invited tomorrow.")
	case "ORGANIZATION_MEMBERSHIP_CHANGE_RATE_LIMIT_EXCEEDED":
		return wait(CodeRate, day, "The account joined or left an organization a short time ago, and AWS does not let it change again so soon. It is invited tomorrow.")
	case "ACCOUNT_NUMBER_LIMIT_EXCEEDED":
		return stop(CodeLimit, "The organization has as many accounts as AWS allows it; open invitations and closed accounts count too. Ask for more in the management account: Service Quotas > AWS Organizations > Default maximum number of accounts.")
	case "INVITE_DISABLED_DURING_ENABLE_ALL_FEATURES":
		return wait(CodeFeatures, finalizing, "The organization is enabling all features, and invites nobody until every account has agreed (AWS Organizations > Settings in the management account). It is tried again each hour.")
	case "FinalizingOrganizationException":
		return wait(CodeBusy, finalizing, "AWS is still making the organization ready. It is tried again in an hour; if that goes on for long, ask AWS Support.")
	case "TARGET_NOT_SUPPORTED":
		return stop(CodeRefused, "AWS cannot invite this account: there is none of this number, or it is closed. Compare the number with the account's own console.")
	case "PAYMENT_INSTRUMENT_REQUIRED":
		return stop(CodeRefused, "AWS wants a payment method first: the account's own, or that of the management account. Add one under Billing > Payment preferences.")
	case "PAST_DUE_INVOICE":
		return stop(CodeRefused, "AWS says that an invoice of the organization is past due. Pay it under Billing in the management account first.")
	case "UNUSED_PREPAYMENT_BALANCE":
		return stop(CodeRefused, "AWS says that the organization has a prepaid balance, with which the account cannot join. Ask AWS Support in the management account.")
	case "ORGANIZATION_FROM_DIFFERENT_SELLER_OF_RECORD":
		return stop(CodeRefused, "The account has another seller of record (for instance AWS India, or a reseller) or is in another AWS partition than the organization, and cannot join it as it is. Ask AWS Support to change that first.")
	case "MANAGEMENT_ACCOUNT_EMAIL_NOT_VERIFIED", "AccountOwnerNotVerifiedException", "EMAIL_VERIFICATION_CODE_EXPIRED":
		return stop(CodeRefused, "AWS wants the e-mail address of the management account verified first: AWS Organizations > Dashboard there, “Send verification request again”.")
	case "LEGACY_PERMISSIONS_STILL_IN_USE":
		return stop(CodeRefused, "AWS wants the organization moved to the fine-grained billing permissions of IAM first: Billing > Affected policies in the management account.")
	case "RESPONSIBILITY_TRANSFER_ALREADY_EXISTS", "TARGET_ACCOUNT_VALIDATION_FAILURE", "SOURCE_AND_TARGET_CANNOT_MATCH":
		return stop(CodeRefused, "AWS refuses the invitation because of a transfer of billing of one of the two sides. Look at Billing > Billing transfer in the management account.")
	case "ORGANIZATION_ALREADY_HAS_ALL_FEATURES", "ORGANIZATION_IS_ALREADY_PENDING_ALL_FEATURES_MIGRATION":
		return wait(CodeFeatures, finalizing, "AWS refuses the invitation because of how the organization enables all features. It is tried again each hour; look at AWS Organizations > Settings in the management account.")
	default:
		return refusal{say(CodeRefused, "AWS refused the invitation (%s): %s %s", shown(ref.Code), sentence(ref.Words), inviteAgain), 0}
	}
}

// sentence is what AWS says, as a whole sentence.
func sentence(s string) string {
	s = fault.Sentence(s)
	switch {
	case s == "":
		return "it gives no reason."
	case s[len(s)-1] == '.':
		return s
	default:
		return s + "."
	}
}
