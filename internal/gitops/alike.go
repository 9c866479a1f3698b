package gitops

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"aws-access-bot/config"
	"aws-access-bot/internal/gitops/review"
)

// writeAlike warns of groups, users and accounts of the change whose name another one has
// too, or one that looks the same: an approver reads names.
func (x *examined) writeAlike(b *strings.Builder) {
	if !x.shows() {
		return
	}
	for _, line := range append(alike(x.change, x.base, x.head), alikeAccounts(x.change, x.head)...) {
		fmt.Fprintf(b, "> **Look twice.** %s\n\n", line)
	}
}

// alike returns the warnings, in Markdown.
func alike(c config.Change, base, head *config.Repo) []string {
	var out []string
	all := principalFiles(head, base)
	for _, f := range all {
		if !touched(c, f) {
			continue
		}
		for _, o := range all {
			if o.Principal == f.Principal || config.Skeleton(o.Name) != config.Skeleton(f.Name) && config.Skeleton(o.Slug) != config.Skeleton(f.Name) {
				continue
			}
			out = append(out, fmt.Sprintf("%s has a name that %s has too, or one that looks the same. They are not the same %s.",
				code(review.PrincipalName(f.Principal, base, head)), code(review.PrincipalName(o.Principal, base, head)), f.Principal.Kind))
		}
	}
	return out
}

// alikeAccounts returns the warnings of accounts that the change brings in.
func alikeAccounts(c config.Change, head *config.Repo) []string {
	var out []string
	for _, path := range broughtIn(c) {
		for _, slug := range slices.Sorted(maps.Keys(head.Accounts)) {
			a := head.Accounts[slug]
			if config.AccountPath(slug) != path {
				continue
			}
			for _, other := range slices.Sorted(maps.Keys(head.Accounts)) {
				o := head.Accounts[other]
				if o.ID == a.ID || config.Skeleton(o.Name) != config.Skeleton(a.Name) && config.Skeleton(other) != config.Skeleton(a.Name) {
					continue
				}
				out = append(out, fmt.Sprintf("The account %s has a name that %s has too, or one that looks the same. They are not the same account.",
					code(review.AccountName(a.ID, head, head)), code(review.AccountName(o.ID, head, head))))
			}
		}
	}
	return out
}

// touched reports whether a change is about a principal.
func touched(c config.Change, f *config.PrincipalFile) bool {
	of := func(a config.AssignmentChange) bool { return a.Assignment.Principal == f.Principal }
	field := func(x config.FieldChange) bool { return x.Path == f.Path() }
	for _, list := range [][]config.AssignmentChange{c.Added, c.Lengthened, c.Shortened, c.Removed} {
		if slices.ContainsFunc(list, of) {
			return true
		}
	}
	return slices.Contains(c.NewPrincipals, f.Path()) || slices.ContainsFunc(c.Control, field) || slices.ContainsFunc(c.Content, field)
}

// principalFiles are the group and user files of repos, each principal once, as
// the first repo has it, sorted.
func principalFiles(repos ...*config.Repo) []*config.PrincipalFile {
	files := map[config.Principal]*config.PrincipalFile{}
	for _, r := range repos {
		for _, of := range []map[string]*config.PrincipalFile{r.Groups, r.Users} {
			for _, f := range of {
				if files[f.Principal] == nil {
					files[f.Principal] = f
				}
			}
		}
	}
	return slices.SortedFunc(maps.Values(files), func(a, b *config.PrincipalFile) int {
		return cmp.Compare(a.Principal.String(), b.Principal.String())
	})
}
