package whatif

import (
	"fmt"

	"aws-access-bot/config"
	"aws-access-bot/internal/gitops/impact"
)

// maxLater is how many sentences say what later changes need.
const maxLater = 40

// later says what must be approved after the change and is another thing than
// before, the weaker first.
func (o *Outlook) later(r impact.Rules) {
	var out []string
	for _, c := range r.Changes {
		text := fmt.Sprintf("%s%s in %s%s: %s, was %s", mark(c.Weaker, c.Others), joined(c.Sets), joined(c.Accounts), whose(c), c.After.Text(), c.Before.Text())
		out = append(out, text)
	}
	for _, b := range r.Book {
		text := fmt.Sprintf("%s%s: %s, was %s", mark(b.Weaker, false), b.Field, some(b.After), some(b.Before))
		if b.Means != "" {
			text += " (" + b.Means + ")"
		}
		out = append(out, text)
	}
	if more := len(out) - maxLater; more > 0 {
		out = append(out[:maxLater], fmt.Sprintf("%d more", more))
	}
	if r.Uncompared {
		out = append(out, "there is more to compare than was compared")
	}
	o.Later = out
}

func mark(weaker, others bool) string {
	switch {
	case weaker:
		return "weaker: "
	case others:
		return "other people: "
	}
	return ""
}

// whose says for which groups and lengths, "" for all.
func whose(c impact.RuleChange) string {
	text := ""
	for i, g := range c.Groups {
		if g == "" {
			g = "people and other groups"
		}
		if text += ", "; i == 0 {
			text = " for "
		}
		text += g
	}
	if len(c.Lengths) > 0 {
		text += " (" + joined(c.Lengths) + ")"
	}
	return text
}

func some(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// mends says who could make a request possible that nobody could approve.
func mends(repo *config.Repo, rule *config.Rule, a Ask, all []Step) []string {
	var files []string
	for i, s := range all {
		if len(s.Live) > 0 || len(s.People) >= s.Count {
			continue
		}
		for _, ref := range rule.Steps[i].Approvers {
			switch {
			case ref.Kind == config.ApproverAccountOwners:
				files = append(files, "accounts/"+a.Account.Slug+".yaml")
			case ref.Kind == config.ApproverGroupOwners && a.Group != nil:
				files = append(files, a.Group.Path())
			}
		}
	}
	what := "other approvers in aws-access.yaml"
	if len(files) > 0 {
		what = "another owner in " + files[0]
	}
	who := "the control plane"
	for i, s := range steps(repo, repo.Access.ControlPlane, config.Around{}) {
		if text := s.Text(); i == 0 {
			who += " (" + text
		} else {
			who += " and " + text
		}
	}
	if len(repo.Access.ControlPlane) > 0 {
		who += ")"
	}
	return []string{fmt.Sprintf("a pull request that names %s, approved by %s, makes it possible", what, who)}
}
