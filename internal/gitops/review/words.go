package review

import (
	"fmt"
	"strings"

	"aws-access-bot/config"
)

// Describe says in a clause what a need is about: "add PowerUserAccess in
// payments-dev (…4444) for aws-payments-dev, 4h". base and head name things.
func Describe(n Need, base, head *config.Repo) string {
	switch n.Subject {
	case SubjectControl:
		return "the change of the control plane"
	case SubjectOnboarding:
		return "the new account"
	case SubjectLine:
		a := n.Change.Assignment
		return fmt.Sprintf("the entry of %s for %s, which selects no account yet", a.PermissionSet, PrincipalName(a.Principal, base, head))
	case SubjectNarrow:
		if a := n.Change.Assignment; a.Account == "" {
			return fmt.Sprintf("%s %s for %s, which selects no account yet", n.Subject, a.PermissionSet, PrincipalName(a.Principal, base, head))
		}
	case SubjectProtected:
		a := n.Change.Assignment
		return fmt.Sprintf("taking away or narrowing the protected entry of %s for %s", a.PermissionSet, PrincipalName(a.Principal, base, head))
	}
	if n.Change == nil {
		return string(n.Subject)
	}
	text := string(n.Subject) + " " + AssignmentName(n.Change.Assignment, base, head)
	if n.Change.New != nil {
		text += ", " + TermText(*n.Change.New)
	}
	return text
}

// AssignmentName names an assignment for people, with the last four digits of
// its account.
func AssignmentName(a config.Assignment, base, head *config.Repo) string {
	return fmt.Sprintf("%s in %s for %s", a.PermissionSet, AccountName(a.Account, base, head), PrincipalName(a.Principal, base, head))
}

// AccountName names an account, as the head knows it, else the base: by its
// name, which the control plane approves, and by the name of its file where that
// is another: "payments-dev (…4444)".
func AccountName(id string, base, head *config.Repo) string {
	for _, r := range []*config.Repo{head, base} {
		if r == nil {
			continue
		}
		if acc, ok := r.AccountByID(id); ok {
			return named(acc.Name, acc.Slug, "…"+last4(id))
		}
	}
	return id
}

// tailDigits is how many digits of an Entra object id stand beside a name:
// names are free, and two groups may have the same.
const tailDigits = 8

// PrincipalName names a group or user, as the head knows it, else the base,
// with the end of its object id, and with the name of a group's file where that
// is another: "aws-payments-dev (…00000011)".
func PrincipalName(p config.Principal, base, head *config.Repo) string {
	for _, r := range []*config.Repo{head, base} {
		if r == nil {
			continue
		}
		if f, ok := r.PrincipalFile(p); ok {
			tail := "…" + p.ID[max(0, len(p.ID)-tailDigits):]
			if p.Kind == config.GroupPrincipal {
				return named(f.Name, f.Slug, tail)
			}
			return f.Name + " (" + tail + ")"
		}
	}
	return p.String()
}

// named puts the end of an id beside a name, and the name of the file where it
// is another.
func named(name, slug, tail string) string {
	if slug != name {
		tail = "file " + slug + ", " + tail
	}
	return name + " (" + tail + ")"
}

// TermText says how long a grant lasts: "standing", "4h", "until 2026-12-24
// 09:00 UTC".
func TermText(t config.Term) string {
	switch {
	case t.Standing:
		return "standing"
	case !t.End.IsZero():
		return "until " + t.End.UTC().Format("2006-01-02 15:04 UTC")
	default:
		return config.FormatDuration(t.For)
	}
}

func last4(id string) string {
	if len(id) < 4 {
		return id
	}
	return id[len(id)-4:]
}

func (e *evaluation) describe(n Need) string { return Describe(n, e.in.Base, e.in.Head) }

func (e *evaluation) assignmentName(a config.Assignment) string {
	return AssignmentName(a, e.in.Base, e.in.Head)
}

func (e *evaluation) principalName(p config.Principal) string {
	return PrincipalName(p, e.in.Base, e.in.Head)
}

func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// Sentences says in words for people what a verdict still wants; it is empty
// for a pass.
func Sentences(v Verdict, base, head *config.Repo) []string {
	var out []string
	for _, f := range v.Refused {
		out = append(out, f.Sentence)
	}
	out = append(out, v.Undecided...)
	for _, p := range v.Blocks {
		out = append(out, blockSentence(&v, p))
	}
	for _, n := range v.Needs {
		if n.Exempt != "" {
			continue
		}
		for _, s := range n.Steps {
			if s.Missing > 0 {
				out = append(out, stepSentence(n, s, base, head))
			}
		}
	}
	return out
}

func stepSentence(n Need, s StepState, base, head *config.Repo) string {
	text := fmt.Sprintf("%s needs %s of %s", capital(Describe(n, base, head)), plural(s.Missing, "approval"), Approvers(s.Approvers))
	if n.Note != "" {
		text += " (" + n.Note + ")"
	}
	if s.Stuck != nil {
		return text + "; " + s.Stuck.text(s.Could)
	}
	return text + "; " + Logins(s.Could) + " could give it."
}

// Approvers names a step's approvers: "account-owners or team:security".
func Approvers(list []config.ApproverRef) string {
	names := make([]string, len(list))
	for i, r := range list {
		names[i] = r.String()
	}
	return strings.Join(names, " or ")
}

// Logins names people by their GitHub logins.
func Logins(people []Person) string {
	names := make([]string, len(people))
	for i, p := range people {
		names[i] = p.User.Login
	}
	if n := len(names); n > 1 {
		return strings.Join(names[:n-1], ", ") + " or " + names[n-1]
	}
	return strings.Join(names, "")
}

func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}
