package access

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"aws-access-bot/config"
)

// maxShown is how much of what a person typed is repeated in an answer, in
// characters.
const maxShown = 60

// shown cuts a name for showing.
func shown(s string) string {
	if r := []rune(s); len(r) > maxShown {
		return string(r[:maxShown]) + "…"
	}
	return s
}

// didYouMean is the mend for an unknown name.
func didYouMean(name string, among []string) string {
	near := config.Nearest(name, among)
	if len(near) == 0 {
		near = nearestEnds(name, among)
	}
	if len(near) == 0 {
		return "Pick one from the form: `/aws-access request`."
	}
	return "Did you mean " + strings.Join(near, ", ") + "?"
}

// nearestEnds finds the names one of whose ends is spelled most like name:
// people leave out what all names begin with, "payments-dv" for
// "aws-payments-dev".
func nearestEnds(name string, among []string) []string {
	of := map[string][]string{}
	for _, whole := range among {
		for _, end, ok := strings.Cut(whole, "-"); ok; _, end, ok = strings.Cut(end, "-") {
			of[end] = append(of[end], whole)
		}
	}
	var out []string
	for _, end := range config.Nearest(name, slices.Collect(maps.Keys(of))) {
		for _, whole := range slices.Sorted(slices.Values(of[end])) {
			if !slices.Contains(out, whole) {
				out = append(out, whole)
			}
		}
	}
	return out[:min(3, len(out))]
}

// ambiguous refuses a display name that several files have: names are for
// showing, slugs and ids decide.
func ambiguous(field, name string, slugs []string) *Refusal {
	slices.Sort(slugs)
	return &Refusal{Field: field, Message: fmt.Sprintf("%d files have the name %q.", len(slugs), shown(name)), Mend: "Write one of " + strings.Join(slugs, ", ") + "."}
}

// findAccount takes a slug, an id or a name, and refuses an account that the
// phase, or its being the management account, puts out of reach.
func findAccount(repo *config.Repo, name string) (*config.Account, error) {
	if name == "" {
		return nil, &Refusal{Field: "account", Message: "For which account?", Mend: "Write its name or number, or use the form."}
	}
	if name == repo.Access.ManagementAccount {
		return nil, &Refusal{Field: "account", Message: "That is the management account of the organization; the bot never touches it.", Mend: "Ask the platform team how its access is handled."}
	}
	found, err := AccountNamed(repo, name)
	if err != nil {
		return nil, err
	}
	if err := repo.Requestable(found); err != nil {
		no := refusal("account", err)
		if n := len(found.Slug); len(no.Message) > n && strings.EqualFold(no.Message[:n], found.Slug) {
			no.Message = found.Slug + no.Message[n:] // a slug is written as it is, also where a sentence begins
		}
		return nil, no
	}
	return found, nil
}

// AccountNamed returns the account with a slug, an id or a name, whether it can
// be asked for or not. The error is a [*Refusal] with the nearest names.
func AccountNamed(repo *config.Repo, name string) (*config.Account, error) {
	found, ok := repo.Accounts[strings.ToLower(name)]
	if !ok {
		var slugs []string
		for slug, a := range repo.Accounts {
			if a.ID == name || strings.EqualFold(a.Name, name) {
				found, slugs = a, append(slugs, slug)
			}
		}
		if len(slugs) > 1 {
			return nil, ambiguous("account", name, slugs)
		}
	}
	if found == nil {
		return nil, &Refusal{Field: "account", Message: fmt.Sprintf("There is no account %q in the config repo.", shown(name)), Mend: didYouMean(name, slices.Collect(maps.Keys(repo.Accounts)))}
	}
	return found, nil
}

// GroupNamed returns the file of the group with a slug or a name. The error is
// a [*Refusal] with the nearest names.
func GroupNamed(repo *config.Repo, name string) (*config.PrincipalFile, error) {
	return findGroup(repo, name)
}

// SetNamed returns the name of a permission set that the repo mentions as it is
// written there. The error is a [*Refusal] with the nearest names.
func SetNamed(repo *config.Repo, name string) (string, error) { return findSet(repo, name) }

// findGroup takes the slug or the name of a group that has a file.
func findGroup(repo *config.Repo, name string) (*config.PrincipalFile, error) {
	if name == "" {
		return nil, &Refusal{Field: "group", Message: "For which group?", Mend: "Write `for <group>` or `for me`, or use the form."}
	}
	if g, ok := repo.Groups[strings.ToLower(name)]; ok {
		return g, nil
	}
	var found *config.PrincipalFile
	var slugs []string
	for slug, g := range repo.Groups {
		if strings.EqualFold(g.Name, name) {
			found, slugs = g, append(slugs, slug)
		}
	}
	switch {
	case len(slugs) > 1:
		return nil, ambiguous("group", name, slugs)
	case found == nil:
		return nil, &Refusal{Field: "group", Message: fmt.Sprintf("There is no group %q in the config repo.", shown(name)), Mend: didYouMean(name, slices.Collect(maps.Keys(repo.Groups)))}
	}
	return found, nil
}

// findSet takes the name of a permission set that the repo mentions, in any
// case.
func findSet(repo *config.Repo, name string) (string, error) {
	if name == "" {
		return "", &Refusal{Field: "permission_set", Message: "Which permission set?", Mend: "Write its name, or use the form."}
	}
	known := PermissionSets(repo)
	if slices.Contains(known, name) {
		return name, nil
	}
	for _, n := range known {
		if strings.EqualFold(n, name) {
			return n, nil
		}
	}
	return "", &Refusal{Field: "permission_set", Message: fmt.Sprintf("No permission set %q is known in the config repo.", shown(name)), Mend: didYouMean(name, known)}
}

// PermissionSets returns the names of the permission sets that the repo owns,
// grants or has rules for, sorted.
func PermissionSets(repo *config.Repo) []string {
	names := map[string]bool{}
	for n := range repo.PermissionSets {
		names[n] = true
	}
	for _, r := range repo.Access.Approvals {
		for _, n := range r.Match.PermissionSets {
			names[n] = true
		}
	}
	for _, files := range []map[string]*config.PrincipalFile{repo.Groups, repo.Users} {
		for _, f := range files {
			for _, g := range f.Access {
				names[g.PermissionSet] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(names))
}
