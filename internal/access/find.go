package access

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"aws-access-bot/config"
)

// didYouMean is the mend for an unknown name.
func didYouMean(name string, among []string) string {
	near := config.Nearest(name, among)
	if len(near) == 0 {
		return "Pick one from the form: `/aws-access request`."
	}
	return "Did you mean " + strings.Join(near, ", ") + "?"
}

// findAccount takes a slug, a name or an id, and refuses an account that the
// phase, or its being the management account, puts out of reach.
func findAccount(repo *config.Repo, name string) (*config.Account, error) {
	if name == repo.Access.ManagementAccount {
		return nil, &Refusal{Field: "account", Message: "That is the management account of the organization; the bot never touches it.", Mend: "Ask the platform team how its access is handled."}
	}
	found := repo.Accounts[strings.ToLower(name)]
	if found == nil {
		for _, a := range repo.Accounts {
			if a.ID == name || strings.EqualFold(a.Name, name) {
				found = a
			}
		}
	}
	if found == nil {
		return nil, &Refusal{Field: "account", Message: fmt.Sprintf("There is no account %q in the config repo.", name), Mend: didYouMean(name, slices.Collect(maps.Keys(repo.Accounts)))}
	}
	if err := repo.Requestable(found); err != nil {
		return nil, &Refusal{Field: "account", Message: err.Error()}
	}
	return found, nil
}

// findGroup takes the slug or the name of a group that has a file.
func findGroup(repo *config.Repo, name string) (*config.PrincipalFile, error) {
	if strings.EqualFold(name, "me") {
		return nil, &Refusal{Field: "group", Message: "Access for one person is not provisioned by this version.", Mend: "Ask for a group that you are in: `for <group>`."}
	}
	if g, ok := repo.Groups[strings.ToLower(name)]; ok {
		return g, nil
	}
	for _, g := range repo.Groups {
		if strings.EqualFold(g.Name, name) {
			return g, nil
		}
	}
	if name == "" {
		return nil, &Refusal{Field: "group", Message: "For which group?", Mend: "Write `for <group>`, or use the form."}
	}
	return nil, &Refusal{Field: "group", Message: fmt.Sprintf("There is no group %q in the config repo.", name), Mend: didYouMean(name, slices.Collect(maps.Keys(repo.Groups)))}
}

// findSet takes the name of a permission set that the repo mentions, in any
// case.
func findSet(repo *config.Repo, name string) (string, error) {
	known := PermissionSets(repo)
	for _, n := range known {
		if strings.EqualFold(n, name) {
			return n, nil
		}
	}
	return "", &Refusal{Field: "permission_set", Message: fmt.Sprintf("No permission set %q is known in the config repo.", name), Mend: didYouMean(name, known)}
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
	for _, ref := range repo.Grants() {
		names[ref.Grant.PermissionSet] = true
	}
	return slices.Sorted(maps.Keys(names))
}
