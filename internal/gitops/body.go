package gitops

import (
	"fmt"
	"strings"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/gitops/review"
)

// Limits of GitHub: a title has at most 256 characters, a body 65,536, a label
// 50.
const (
	maxTitle = 200
	maxLabel = 50
)

// title returns the title of a request's pull request, which is also the
// headline of its commit.
func title(r access.Request) string {
	if r.Kind == access.KindLink {
		t := fmt.Sprintf("Link a %s account to %s (%s)", accountWord(r.Want.Link), oneLine(r.Want.PrincipalName), r.ID)
		return clip(t, maxTitle)
	}
	switch r.Kind {
	case access.KindOnboard:
		return onboardTitle(r)
	case access.KindPhase:
		return phaseTitle(r)
	}
	verb := "Grant"
	switch {
	case r.Kind == access.KindRevoke:
		verb = "Revoke"
	case r.Want.Extends != "":
		verb = "Extend"
	}
	w := r.Want
	t := fmt.Sprintf("%s %s in %s for %s (%s)", verb, oneLine(w.PermissionSet), oneLine(accountTitle(w)), oneLine(w.PrincipalName), r.ID)
	return clip(t, maxTitle)
}

// accountTitle names the account of a request: a slug is only the name of a
// file, and stands beside the account's own where that is another.
func accountTitle(w access.Want) string {
	switch w.AccountName {
	case "", w.AccountSlug:
		return w.AccountSlug
	}
	return w.AccountName + " (file " + w.AccountSlug + ")"
}

// clip returns at most max runes.
func clip(s string, max int) string {
	if r := []rune(s); len(r) > max {
		return string(r[:max])
	}
	return s
}

// commitMessage says what the commit does; it decides nothing.
func commitMessage(r access.Request) string {
	return title(r) + "\n\nRequest: " + string(r.ID) + "\n"
}

// labels returns the labels of a request's pull request.
func labels(r access.Request) []string {
	if r.Kind == access.KindLink {
		return []string{CheckName, "link"}
	}
	if r.Kind == access.KindPhase {
		return []string{CheckName, "phase"}
	}
	if r.Kind == access.KindOnboard {
		return []string{CheckName, "onboarding", clip("account: "+r.Want.AccountSlug, maxLabel)}
	}
	return []string{
		CheckName,
		clip("account: "+r.Want.AccountSlug, maxLabel),
		clip("set: "+r.Want.PermissionSet, maxLabel),
	}
}

// body returns the bot's part of the body of the proposal's pull request.
func (p *proposal) body() string {
	switch p.request.Kind {
	case access.KindLink:
		return linkBody(p.request, p.base.repo)
	case access.KindOnboard:
		return p.spoken.whole(onboardBody(p))
	case access.KindPhase:
		return p.spoken.whole(phaseBody(p))
	}
	return body(p.request, p.rule)
}

// accountWord names the service of a link's account.
func accountWord(l access.Link) string {
	if l.Account.Key() == "slack" {
		return "Slack"
	}
	return "GitHub"
}

// body returns what the body of a request's pull request says: a table made
// from the server's record, and the reason as inert text.
func body(r access.Request, rule *config.Rule) string {
	w := r.Want
	var b strings.Builder
	switch {
	case r.Kind == access.KindRevoke:
		b.WriteString("Access is to be taken away. Merging this removes the assignment, if no other grant makes it.\n\n")
	case w.Extends != "":
		b.WriteString("Access is to last longer. Merged before the present end it goes on without a gap, merged later it begins anew. Approve on GitHub; the check `" + CheckName + "` says who may, and what is missing.\n\n")
	default:
		b.WriteString("Access is asked for. Approve on GitHub; the check `" + CheckName + "` says who may, and what is missing.\n\n")
	}
	b.WriteString("| | |\n|---|---|\n")
	row := func(name, value string) { fmt.Fprintf(&b, "| %s | %s |\n", name, value) }
	row("Request", code(string(r.ID)))
	row("Asked by", code(r.Asker.Name)+" "+code(r.Asker.Email))
	row(kindWord(w.Principal), code(w.PrincipalName)+", Entra object "+code(w.Principal.ID))
	row("Account", code(accountTitle(w))+", "+code(w.AccountID))
	if w.OU != "" {
		row("OU", code(w.OU))
	}
	row("Permission set", code(w.PermissionSet))
	switch {
	case r.Kind == access.KindRevoke && w.Revokes != "":
		row("Takes back", code(string(w.Revokes)))
	case r.Kind != access.KindRevoke:
		if w.Extends != "" {
			row("Extends", code(string(w.Extends)))
		}
		row("How long", termRow(w.Term))
	}
	if rule != nil {
		row("Rule", code(rule.Name))
	}
	if w.Reason != "" {
		b.WriteString("\nReason, in the words of who asked:\n\n" + fence(w.Reason))
	}
	return b.String()
}

func kindWord(p config.Principal) string {
	if p.Kind == config.UserPrincipal {
		return "User"
	}
	return "Group"
}

func termRow(t config.Term) string {
	text := code(review.TermText(t))
	if t.For > 0 {
		text += ", from the merge"
	}
	return text
}
