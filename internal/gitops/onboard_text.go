package gitops

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/gitops/review"
)

// onboardTitle is the title of an onboarding's pull request.
func onboardTitle(r access.Request) string {
	return clip(fmt.Sprintf("Onboard the account %s, %s (%s)", oneLine(r.Want.AccountName), r.Want.AccountID, r.ID), maxTitle)
}

// onboardLead says what merging does, by what the change does.
func onboardLead(p *proposal) string {
	switch p.base.repo.OnboardStep(p.request.Want.AccountID) {
	case config.OnboardStage:
		return "A legacy account is to be managed here. This changes its `stage` to `sso` and nothing else in the config repo: that is control plane, and grants may not be changed with it. " +
			inAWS(p) + p.spoken.prose("Once it is in force, `/aws-onboard "+p.request.Want.AccountID+"` makes the pull request with the lines of its baseline.") + "\n\n"
	case config.OnboardBaseline:
		return "An account that has its file is to get the lines of the baseline that it lacks. The people of `onboarding.approvers` approve them." + strings.TrimRight(" "+inAWS(p), " ") + "\n\n"
	}
	if m := p.request.Want.Onboard; m != nil && m.Member {
		return "An AWS account is to be managed here. Merging this moves it to its OU, if it is not there, and gives the baseline. Approve on GitHub; the check `" + CheckName + "` says who may, and what is missing.\n\n"
	}
	return "An AWS account is to be managed here. Merging this invites it into the organization, if it is no member; once its owner has accepted, it is moved to its OU and gets the baseline. " +
		"Approve on GitHub; the check `" + CheckName + "` says who may, and what is missing.\n\n"
}

// inAWS says what merging does to an account that has its file already, beside what
// the change of that says; "" for nothing.
func inAWS(p *proposal) string {
	o := p.request.Want.Onboard
	account, ok := p.base.repo.AccountByID(p.request.Want.AccountID)
	switch {
	case o == nil || !ok:
		return ""
	case !o.Member && p.base.repo.Access.Phase.Invites():
		return "Merging this also invites it into the organization, if it is no member and was none before: once its owner has accepted, the organization's management account pays its bill, and it is moved to its OU. "
	case o.Member && o.From != "" && o.From != account.OU:
		return "Merging this also moves it from " + code(o.From) + " to " + code(account.OU) + ", whose policies apply to it from then on. "
	}
	return ""
}

// onboardBody returns what the body of an onboarding's pull request says.
func onboardBody(p *proposal) string {
	r, o := p.request, p.request.Want.Onboard
	var b strings.Builder
	b.WriteString(onboardLead(p) + "| | |\n|---|---|\n")
	row := func(name, value string) { fmt.Fprintf(&b, "| %s | %s |\n", name, value) }
	row("Request", code(string(r.ID)))
	row("Asked by", code(r.Asker.Name)+" "+code(r.Asker.Email))
	row("Account", code(r.Want.AccountName)+", "+code(r.Want.AccountID))
	account, ok := p.head.AccountByID(r.Want.AccountID)
	if ok && o != nil {
		row("File", code(config.AccountPath(account.Slug)))
		row("Owners", code(strings.Join(account.OwnerNames(), ", ")))
		row("OU", code(account.OU)+fromOU(o, account.OU))
		if tags := tagText(account.Tags); tags != "" {
			row("Tags", code(tags))
		}
	}
	for _, a := range p.change.Added {
		row("Gives", code(a.Assignment.PermissionSet)+" to "+code(review.PrincipalName(a.Assignment.Principal, p.base.repo, p.head)))
	}
	if p.preflight != nil {
		b.WriteString("\n### Pre-flight\n\nAs of " + p.preflight.At.UTC().Format(clockText) + "; the check keeps it up to date.\n\n")
		writePreflight(&b, *p.preflight, p.spoken)
	}
	return b.String()
}

// fromOU says where in AWS the account was when it was asked for.
func fromOU(o *access.Onboarding, to string) string {
	switch {
	case !o.Member:
		return ""
	case o.From == to:
		return ", where it is"
	case o.From != "":
		return ", moved there from " + code(o.From)
	}
	return ""
}

// tagText writes tags in the order of their names.
func tagText(tags map[string]string) string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		out = append(out, k+"="+tags[k])
	}
	return strings.Join(out, ", ")
}

// preflightMark is how a line of the list begins.
func preflightMark(r access.PreflightResult) string {
	switch r {
	case access.PreflightGood:
		return "✅"
	case access.PreflightBlock:
		return "⛔"
	case access.PreflightNote:
		return "ℹ️"
	default:
		return "❔ not known:"
	}
}

// writePreflight lists what was looked at, and what to do about it.
func writePreflight(b *strings.Builder, p access.Preflight, as spoken) {
	for _, l := range p.Lines {
		fmt.Fprintf(b, "- %s %s", preflightMark(l.Result), as.prose(l.Sentence))
		if l.Mend != "" && l.Result != access.PreflightGood {
			b.WriteString(" " + as.prose(l.Mend))
		}
		fmt.Fprintf(b, " (`%s`)\n", l.Code)
	}
}

// writePreflights shows what AWS says of the accounts that the change brings
// in. What blocks makes the check fail; what was merged all the same is not
// undone for it.
func (x *examined) writePreflights(b *strings.Builder) {
	for _, p := range x.preflights {
		fmt.Fprintf(b, "### Pre-flight of %s\n\n", code(p.of))
		if p.list.Blocked() {
			b.WriteString("**" + p.stop + "** What is marked ⛔ has to be mended first.\n\n")
		}
		writePreflight(b, p.list, x.spoken)
		b.WriteString("\n")
	}
}

// blockers are what keeps the accounts of the change from being brought in, or
// its phase from beginning, a sentence each.
func (x *examined) blockers() []string {
	var out []string
	for _, p := range x.preflights {
		out = append(out, blocking(p.list)...)
	}
	return out
}

// blocking are the lines of a list that block, a sentence each.
func blocking(p access.Preflight) []string {
	var out []string
	for _, l := range p.Lines {
		if l.Result == access.PreflightBlock {
			out = append(out, strings.TrimSpace(l.Sentence+" "+l.Mend))
		}
	}
	return out
}
