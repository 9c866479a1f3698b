package gitops

import (
	"fmt"
	"slices"
	"strings"

	"aws-access-bot/config"
)

// maxFileLines bounds how much of the files is written out, in bytes; the rest
// is counted in words that nobody overlooks.
const maxFileLines = 24_000

// writeFiles shows what the change says in files anew, whether it changes an
// assignment or not: every field of new files, with what their owners may do,
// and every line of access lists that comes, goes or is worded otherwise.
func (x *examined) writeFiles(b *strings.Builder, level string) {
	lines := x.fileLines()
	if len(lines) == 0 {
		return
	}
	b.WriteString(level + " Lines of files\n\n")
	room := maxFileLines
	for i, line := range lines {
		if room -= len(line); room < 0 {
			fmt.Fprintf(b, "- **%d more lines do not fit here. Read them in the files of the pull request before you approve.**\n", len(lines)-i)
			break
		}
		b.WriteString(line)
	}
	b.WriteString("\n")
}

// fileLines are the entries of writeFiles: new files first, since they say who
// approves from then on.
func (x *examined) fileLines() []string {
	var out []string
	fresh := map[string]bool{}
	for _, path := range slices.Concat(x.change.NewAccounts, x.change.NewPrincipals) {
		fresh[path] = true
		out = append(out, x.newFile(path))
	}
	for _, f := range x.change.Content {
		switch {
		case f.Field == "access":
			out = append(out, x.accessLine(f))
		case !fresh[f.Path]:
			out = append(out, fmt.Sprintf("- %s is removed. It said: %s\n", code(f.Path), code(f.Old)))
		}
	}
	return out
}

// accessLine is one line of an access list.
func (x *examined) accessLine(f config.FieldChange) string {
	text := "- " + code(f.Path)
	switch {
	case f.Old == "":
		text += " adds: " + code(f.New)
	case f.New == "":
		text += " takes out: " + code(f.Old)
	default:
		text += " says: " + code(f.New) + ", said: " + code(f.Old)
	}
	if slices.Contains(x.change.Entries, f) {
		text += " (changes no assignment now)"
	}
	return text + "\n"
}

// newFile is all fields of a new file, and what its owners may do.
func (x *examined) newFile(path string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "- **New file** %s\n", code(path))
	for _, f := range x.change.Content {
		if f.Path == path && f.Field != "access" {
			fmt.Fprintf(&b, "  - %s: %s\n", code(f.Field), code(f.New))
		}
	}
	owners, kind := x.ownersOf(path)
	b.WriteString("  - " + x.ownersSentence(owners, kind) + "\n")
	return b.String()
}

// ownersOf returns the owners of a file of the head, and how rules ask for
// them.
func (x *examined) ownersOf(path string) ([]config.ApproverRef, config.ApproverKind) {
	for slug, a := range x.head.Accounts {
		if path == "accounts/"+slug+".yaml" {
			return a.Owners, config.ApproverAccountOwners
		}
	}
	for _, files := range []map[string]*config.PrincipalFile{x.head.Groups, x.head.Users} {
		for _, f := range files {
			if f.Path() == path && f.Principal.Kind == config.GroupPrincipal {
				return f.Owners, config.ApproverGroupOwners
			} else if f.Path() == path {
				return f.Owners, ""
			}
		}
	}
	return nil, ""
}

// ownersSentence says who the owners are and what they may do once the change
// is in force. Rules ask for no owners of a user: kind is "" then.
func (x *examined) ownersSentence(owners []config.ApproverRef, kind config.ApproverKind) string {
	if len(owners) == 0 {
		return "It names no owners."
	}
	names := make([]string, len(owners))
	for i, o := range owners {
		names[i] = x.owner(o)
	}
	text := "**Owners:** " + listed(names) + ". Once this is in force they may take its grants away alone"
	if kind == "" {
		return text + "."
	}
	rules := asking(x.head, kind)
	if len(rules) == 0 {
		return text + fmt.Sprintf(". No rule asks for `%s` now; under one that does they may approve.", kind)
	}
	return text + fmt.Sprintf(", and **may approve** under the rules that ask for `%s`: %s.", kind, few(rules))
}

// owner names an owner as a person, with the GitHub account that would approve.
func (x *examined) owner(r config.ApproverRef) string {
	name := code(r.String())
	switch r.Kind {
	case config.ApproverEmail:
		p, ok := x.head.PersonByEmail(r.Name)
		switch {
		case !ok:
			return name + " (not linked in people.yaml)"
		case p.GitHub == nil:
			return name + " (no GitHub account linked, so cannot approve)"
		}
		return name + " (" + code(p.GitHub.Login) + " on GitHub)"
	case config.ApproverTeam:
		return name + " (" + x.teamNames(r.Name) + ")"
	default:
		return name
	}
}

// teamNames says who is in a team now, as far as that was read.
func (x *examined) teamNames(team string) string {
	ids, read := x.teams[team]
	if !read {
		return "a GitHub team, whose members are read when they approve"
	}
	var names []string
	for _, id := range ids {
		if p, ok := x.head.PersonByGitHub(id); ok {
			names = append(names, code(p.GitHub.Login))
		}
	}
	slices.Sort(names)
	if len(names) == 0 {
		return "nobody linked is in it now"
	}
	return "now " + listed(names)
}

// asking are the names of the rules that ask for a kind of approver.
func asking(repo *config.Repo, kind config.ApproverKind) []string {
	var out []string
	for _, r := range repo.Access.Approvals {
		asks := func(s config.Step) bool {
			return slices.ContainsFunc(s.Approvers, func(a config.ApproverRef) bool { return a.Kind == kind })
		}
		if slices.ContainsFunc(r.Steps, asks) {
			out = append(out, r.Name)
		}
	}
	return out
}
