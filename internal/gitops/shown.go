package gitops

import (
	"fmt"
	"slices"
	"strings"

	"aws-access-bot/config"
	"aws-access-bot/internal/gitops/review"
)

const (
	// maxChange is how many bytes what is approved may take: the assignments,
	// the control plane and who must approve. What is left of a check is for
	// names of people and notes.
	maxChange = 50_000
	// maxNote is how many characters of a halt are shown on other pull
	// requests.
	maxNote = 2000
)

// refuseTooLarge refuses a change that a check cannot show whole: what nobody saw is
// not approved. It depends on the change and the rules alone, so that the check
// and the verification say the same.
func refuseTooLarge(v *review.Verdict, change config.Change, base, head *config.Repo) {
	bare := make([]review.Need, len(v.Needs))
	for i, n := range v.Needs {
		bare[i] = review.Need{Subject: n.Subject, Change: n.Change, Rule: n.Rule, Exempt: n.Exempt}
		for _, s := range n.Steps {
			bare[i].Steps = append(bare[i].Steps, review.StepState{Approvers: s.Approvers, Count: s.Count})
		}
	}
	x := &examined{base: base, from: base, head: head, change: change, verdict: review.Verdict{Needs: bare}}
	var b strings.Builder
	x.writeChange(&b)
	x.writeControl(&b)
	x.writeSets(&b, "###")
	x.writeNeeds(&b)
	if b.Len() > maxChange || len(strings.Join(x.fileLines(), "")) > maxFileLines {
		refuseSize(v, "This change cannot be shown whole in a check, so nobody can approve it. Split it into smaller pull requests.")
	}
}

func refuseSize(v *review.Verdict, sentence string) {
	v.Pass = false
	if !slices.ContainsFunc(v.Refused, func(f review.Finding) bool { return f.Code == review.RefusedSize }) {
		v.Refused = append(v.Refused, review.Finding{Code: review.RefusedSize, Sentence: sentence})
	}
}

// planIn says where the plan of a change is shown.
type planIn int

const (
	// planNowhere: there is none, or no room for it.
	planNowhere planIn = iota
	planInCheck
	planInComment
)

// planPlace finds where the plan fits: in the check, by account or with the
// accounts of one effect together, else in the comment.
func (x *examined) planPlace() (planIn, string) {
	if x.plan == nil || len(x.plan.Accounts) == 0 || !x.shows() {
		return planNowhere, ""
	}
	room := maxSummary - len(x.summary(""))
	for _, text := range []string{x.planText(), x.compactPlan()} {
		if text = "### What it means\n\n" + text; len(text) <= room {
			return planInCheck, text
		}
	}
	if len(x.commentText()) <= maxComment-maxMarker {
		return planInComment, ""
	}
	return planNowhere, ""
}

// maxMarker is room for the marker of a comment.
const maxMarker = 200

// shows reports whether there is a change to show.
func (x *examined) shows() bool {
	return x.head != nil && x.base != nil && len(x.problems)+len(x.faults) == 0
}

// refuseUnshown refuses what is not shown whole: where names of people or of
// rules take more room than there is. told is false while the comment that has
// the plan could not be written.
func (x *examined) refuseUnshown(told bool) {
	if !x.shows() {
		return
	}
	place, _ := x.planPlace()
	lacks := x.plan != nil && len(x.plan.Accounts) > 0 && place == planNowhere
	switch {
	case len(x.summary("")) > maxSummary-maxLink || lacks:
		refuseSize(&x.verdict, "What this change means cannot be shown whole, so nobody can approve it. Split it into smaller pull requests.")
	case place == planInComment && (!told || x.comment == ""):
		x.verdict.Pass = false
		x.verdict.Undecided = append(x.verdict.Undecided, "What it means for people is too long for this check, and the comment that has it is not written yet. It is tried again soon.")
	}
}

// maxLink is room for the link to the comment.
const maxLink = 500

// whole is the summary of the check: refusals, approvals, the control plane,
// the plan where it fits, the assignments. Where the plan is in the comment
// there is a link to it.
func (x *examined) whole() string {
	place, plan := x.planPlace()
	link := ""
	switch {
	case place == planInComment && x.comment != "":
		link = "The plan does not fit here, it is in [a comment](" + x.comment + ").\n\n"
	case place == planInComment:
		link = "The plan does not fit here.\n\n"
	}
	return x.cut(x.summary(plan+link), maxSummary)
}

// cut is cutTo with a note of where all of it is: what is left out here, problems
// above all, is shown nowhere else on GitHub.
func (x *examined) cut(s string, max int) string { return cutShown(s, max, x.pull.URL) }

// cutShown is that of the pull request with an address, "" when it is not known.
func cutShown(s string, max int, url string) string {
	note := cutNote
	if url != "" {
		note += " All that changes is in [the files of the pull request](" + url + "/files)."
	}
	return cutTo(s, max, note+" In a checkout of the head, run `bot check DIR`: it names every problem.\n")
}

// compactPlan is the plan with the accounts of equal effects in one line.
func (x *examined) compactPlan() string {
	var g grouped
	for _, a := range x.plan.Accounts {
		account := review.AccountName(a.ID, x.base, x.head)
		for _, e := range slices.Concat(a.Gains, a.Loses) {
			var b strings.Builder
			x.writeEffect(&b, e)
			g.add(b.String(), account)
		}
		for _, set := range a.Last {
			g.add(lastText(set), account)
		}
	}
	var b strings.Builder
	x.writeMovedOn(&b)
	for _, text := range g.keys {
		fmt.Fprintf(&b, "%s  - in %s\n", text, code(strings.Join(g.of[text], ", ")))
	}
	b.WriteString("\n")
	x.writeRosters(&b)
	return b.String()
}

func lastText(set string) string {
	return fmt.Sprintf("- %s has no assignment left in this account. AWS then deletes its role `AWSReservedSSO_…`, and one made later has another suffix: what names the role by its ARN must be changed.\n", code(set))
}

// planFor is the plan by account, or with equal effects together where that is
// longer than max bytes.
func (x *examined) planFor(max int) string {
	if text := x.planText(); len(text) <= max || x.plan == nil || len(x.plan.Accounts) == 0 {
		return text
	}
	return x.compactPlan()
}

// grouped has lists by a key, in the order in which the keys came first.
type grouped struct {
	keys []string
	of   map[string][]string
}

func (g *grouped) add(key, item string) {
	if g.of == nil {
		g.of = map[string][]string{}
	}
	if _, known := g.of[key]; !known {
		g.keys = append(g.keys, key)
	}
	if !slices.Contains(g.of[key], item) {
		g.of[key] = append(g.of[key], item)
	}
}

// what says what needs of one rule are about; those that differ in their
// account only stand together.
func (x *examined) what(needs []review.Need) string {
	if len(needs) == 1 {
		return code(review.Describe(needs[0], x.base, x.head))
	}
	var g grouped
	for _, n := range needs {
		text, account := review.Describe(n, x.base, x.head), ""
		if n.Change != nil {
			a := n.Change.Assignment
			account = review.AccountName(a.Account, x.base, x.head)
			text = string(n.Subject) + " " + a.PermissionSet + " for " + x.principal(a.Principal)
			if n.Change.New != nil {
				text += ", " + review.TermText(*n.Change.New)
			}
		}
		g.add(text, account)
	}
	parts := make([]string, len(g.keys))
	for i, text := range g.keys {
		parts[i] = code(text)
		if accounts := strings.Join(g.of[text], ", "); accounts != "" {
			parts[i] += " in " + code(accounts)
		}
	}
	return strings.Join(parts, "<br>")
}
