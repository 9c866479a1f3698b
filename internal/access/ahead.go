package access

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"aws-access-bot/config"
)

// Codes of the lines that [Ahead] makes; they are stable.
const (
	AheadLegacy      = "legacy-account"
	AheadFeatures    = "all-features"
	AheadUnfiled     = "account-without-file"
	AheadOutside     = "account-outside"
	AheadInvitations = "invitation-open"
	AheadUndeclared  = "undeclared-assignments"
	AheadUnread      = "organization-unread"
)

// clockText is how a time stands in sentences.
const clockText = "2006-01-02 15:04 UTC"

// Live is what is known beside the config repo.
type Live struct {
	// View is nil where the organization was not looked at yet; Trouble then
	// says why, if that is known.
	View    *EstateView
	Trouble string
	// Undeclared are the live assignments that no verified commit ever
	// declared, as far as was read. It counts where Counted is set.
	Undeclared int
	Counted    bool
}

// Ahead lists what stands before a phase, by name: what blocks the step into it,
// and what whoever takes it should know. It is a pure function; repo has the
// accounts. What only AWS knows blocks the check of a pull request, and halts
// nothing that is merged.
func Ahead(repo *config.Repo, to config.Phase, live Live) []PreflightLine {
	l := &ahead{repo: repo, to: to}
	l.legacy()
	if live.View == nil {
		l.add(AheadUnread, PreflightUnknown, "Which accounts have no file, which invitations are open, and whether all features are on: AWS Organizations was not read yet."+spaced(live.Trouble),
			"Wait for the next look, or look there yourself before you approve.")
	} else {
		l.features(live.View)
		l.unfiled(live.View)
		l.outside(live.View)
		l.invitations(live.View)
		if live.View.Trouble != "" {
			l.add(AheadUnread, PreflightUnknown, "What changed since "+live.View.At.UTC().Format(clockText)+": not everything in AWS Organizations could be read. "+live.View.Trouble, "")
		}
	}
	l.undeclared(live)
	return l.lines
}

// spaced puts a space before a sentence that is there.
func spaced(s string) string {
	if s == "" {
		return ""
	}
	return " " + s
}

type ahead struct {
	repo  *config.Repo
	to    config.Phase
	lines []PreflightLine
}

func (l *ahead) add(code string, r PreflightResult, sentence, mend string) {
	l.lines = append(l.lines, PreflightLine{code, r, sentence, mend})
}

// accounts are the account files by name.
func (l *ahead) accounts() []*config.Account {
	return slices.SortedFunc(maps.Values(l.repo.Accounts), func(a, b *config.Account) int { return cmp.Compare(a.Slug, b.Slug) })
}

func (l *ahead) legacy() {
	if l.to.AllowsLegacy() {
		return
	}
	before := len(l.lines)
	for _, a := range l.accounts() {
		if a.Stage == config.StageLegacy {
			l.add(AheadLegacy, PreflightBlock, fmt.Sprintf("%s (%s) is still legacy. Its owners are %s.", a.Name, a.ID, ownerList(a.Owners)),
				fmt.Sprintf("Onboard it with `/aws-onboard %s`, or take its file out if it is to be left alone.", a.ID))
		}
	}
	if len(l.lines) == before {
		l.add(AheadLegacy, PreflightGood, "No account is legacy.", "")
	}
}

func ownerList(owners []config.ApproverRef) string {
	texts := make([]string, len(owners))
	for i, o := range owners {
		texts[i] = o.String()
	}
	return strings.Join(texts, ", ")
}

func (l *ahead) features(v *EstateView) {
	if !l.to.NeedsAllFeatures() {
		return
	}
	switch v.Features {
	case AllFeatures:
		l.add(AheadFeatures, PreflightGood, "The Organization has all features.", "")
	case ConsolidatedBilling:
		consents := l.consents(v)
		l.add(AheadFeatures, PreflightBlock, "The Organization shares only its bill (consolidated billing), so nobody can be invited into what this phase is about."+spaced(consents),
			"In the console of the management account open AWS Organizations > Settings and begin the process to enable all features; every invited account has to agree, then it is finished there.")
	default:
		l.add(AheadFeatures, PreflightUnknown, "Whether the Organization has all features.", "")
	}
}

// consents says whose answer the process to enable all features waits for.
func (l *ahead) consents(v *EstateView) string {
	var waits []string
	ready := false
	for _, h := range v.Handshakes {
		ready = ready || h.isFinish() && h.isOpen()
		if h.isConsent() && h.isOpen() {
			waits = append(waits, nameOf(v, l.repo, h.Account))
		}
	}
	switch {
	case len(waits) == 0 && ready:
		return "Everybody has agreed: it waits to be finished."
	case len(waits) == 0:
		return ""
	}
	return "Waiting for the answer of " + strings.Join(waits, ", ") + "."
}

func (l *ahead) unfiled(v *EstateView) {
	result := map[config.Unfiled]PreflightResult{config.UnfiledWaiting: PreflightNote, config.UnfiledError: PreflightBlock}[l.to.Unfiled()]
	if result == "" {
		return
	}
	none := true
	for _, m := range Waiting(l.repo, v) {
		r, mend := result, fmt.Sprintf("Onboard it with `/aws-onboard %s`.", m.ID)
		switch {
		case m.suspended():
			mend = whenSuspended + fmt.Sprintf(" Onboard it then with `/aws-onboard %s`, or close it.", m.ID)
		case m.gone():
			// It is closed, and AWS takes it out by itself 90 days later.
			r, mend = PreflightNote, "Nothing needs to be done: AWS takes a closed account out of the Organization by itself."
		}
		none = none && m.gone()
		l.add(AheadUnfiled, r, fmt.Sprintf("%s (%s) is in the Organization (%s, %s) and has no account file.", m.Name, m.ID, m.OU, m.State), mend)
	}
	if none {
		l.add(AheadUnfiled, PreflightGood, "Every account of the Organization has an account file.", "")
	}
}

func (l *ahead) outside(v *EstateView) {
	if !l.to.OneOrganization() {
		return
	}
	members := v.members()
	for _, a := range l.accounts() {
		if _, in := members[a.ID]; !in && a.ID != l.repo.Access.ManagementAccount && (a.Stage != config.StageLegacy || l.to.AllowsLegacy()) {
			l.add(AheadOutside, PreflightBlock, fmt.Sprintf("%s (%s) has an account file and is not in the Organization. Its owners are %s.", a.Name, a.ID, ownerList(a.Owners)),
				"Have its invitation accepted, or take its file out.")
		}
	}
}

func (l *ahead) invitations(v *EstateView) {
	if !l.to.OneOrganization() {
		return
	}
	none := true
	for _, h := range v.Handshakes {
		if h.isInvitation() && h.isOpen() {
			none = false
			l.add(AheadInvitations, PreflightBlock, fmt.Sprintf("The invitation %s to %s is open until %s.", h.ID, nameOf(v, l.repo, h.Account), h.Expires.UTC().Format(clockText)),
				"Have it accepted, or cancel it in the console of the management account, AWS Organizations > Invitations.")
		}
	}
	if none {
		l.add(AheadInvitations, PreflightGood, "No invitation is open.", "")
	}
}

// undeclared stops nothing: what nobody declared is reported in every phase. It
// is told where the step makes the bot remove it.
func (l *ahead) undeclared(live Live) {
	mode := l.repo.Access.Drift
	switch {
	case !l.to.RemovesUndeclared(config.DriftRevert):
	case !live.Counted:
		l.add(AheadUndeclared, PreflightUnknown, "How many live assignments no commit ever declared.", "")
	case live.Undeclared == 0:
		l.add(AheadUndeclared, PreflightGood, "No live assignment was found that no commit ever declared.", "")
	case l.to.RemovesUndeclared(mode):
		l.add(AheadUndeclared, PreflightNote, fmt.Sprintf("Live, and never declared by any commit: %s. With `drift: revert` the bot removes such in this phase, within the removal budget.", assignments(live.Undeclared)),
			"Adopt those that are to stay first: `/aws-access drift` lists them.")
	default:
		l.add(AheadUndeclared, PreflightNote, fmt.Sprintf("Live, and never declared by any commit: %s. Such are reported; with `drift: revert` the bot would remove them in this phase, within the removal budget.", assignments(live.Undeclared)),
			"`/aws-access drift` lists them.")
	}
}

func assignments(n int) string {
	if n == 1 {
		return "1 assignment"
	}
	return fmt.Sprintf("%d assignments", n)
}

// Waiting are the member accounts without a file, by name: they wait for
// onboarding. The management account is never among them.
func Waiting(repo *config.Repo, v *EstateView) []EstateAccount {
	if v == nil {
		return nil
	}
	filed := map[string]bool{repo.Access.ManagementAccount: true}
	for _, a := range repo.Accounts {
		filed[a.ID] = true
	}
	var out []EstateAccount
	for _, m := range v.Members {
		if !filed[m.ID] {
			out = append(out, m)
		}
	}
	slices.SortFunc(out, func(a, b EstateAccount) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	return out
}

// members are the accounts of the organization by id; nil has none.
func (v *EstateView) members() map[string]EstateAccount {
	if v == nil {
		return nil
	}
	out := make(map[string]EstateAccount, len(v.Members))
	for _, m := range v.Members {
		out[m.ID] = m
	}
	return out
}

// gone reports an account that is closed, or about to be (AWS: AccountState).
func (a EstateAccount) gone() bool {
	return a.State == "PENDING_CLOSURE" || a.State == "CLOSED"
}

// suspended reports an account that AWS has suspended: it can come back, with
// everything in it (AWS: AccountState).
func (a EstateAccount) suspended() bool { return a.State == "SUSPENDED" }

// whenSuspended is what to do about an account that AWS has suspended.
const whenSuspended = "It comes back once its owner, signed in as root, has mended the reason that stands under Billing, or AWS Support has."

// The actions and states of handshakes, as AWS names them (Organizations API
// reference, type Handshake): each invited member is asked to agree to all
// features, and the management account to finish once all have.
const (
	ActionInvite  = "INVITE"
	actionConsent = "ENABLE_ALL_FEATURES"
	actionFinish  = "APPROVE_ALL_FEATURES"
	stateAsked    = "REQUESTED"
	stateOpen     = "OPEN"
)

func (h Handshake) isInvitation() bool { return h.Action == ActionInvite }
func (h Handshake) isConsent() bool    { return h.Action == actionConsent }
func (h Handshake) isFinish() bool     { return h.Action == actionFinish }
func (h Handshake) isOpen() bool       { return h.State == stateAsked || h.State == stateOpen }

// nameOf is an account as people know it.
func nameOf(v *EstateView, repo *config.Repo, id string) string {
	if a, ok := repo.AccountByID(id); ok {
		return a.Name + " (" + id + ")"
	}
	if m, ok := v.members()[id]; ok && m.Name != "" {
		return m.Name + " (" + id + ")"
	}
	return id
}
