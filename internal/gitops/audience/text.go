package audience

import (
	"cmp"
	"fmt"
	"strings"

	"aws-access-bot/config"
	"aws-access-bot/internal/gitops/review"
)

// maxNames is how many people a sentence names.
const maxNames = 20

func cmpStrings(a, b, c, d string) int { return cmp.Or(cmp.Compare(a, b), cmp.Compare(c, d)) }

// text says what has grown, who came, and who may do what about it.
func text(k *Kept, repo *config.Repo) string {
	g := k.Growth
	var b strings.Builder
	group := review.PrincipalName(k.Assignment.Principal, repo, repo)
	fmt.Fprintf(&b, "%s of %s in %s", group, k.Assignment.PermissionSet, review.AccountName(k.Assignment.Account, repo, repo))
	switch {
	case g.Over && len(k.Approvers) == 0:
		fmt.Fprintf(&b, " has more people than when pull request #%d was merged without an approval: %d then, now there are %d.", k.Pull, len(k.Members), g.Now)
	case g.Over:
		fmt.Fprintf(&b, " has more people than were approved: %d were shown to who approved pull request #%d, now there are %d.", len(k.Members), k.Pull, g.Now)
	default:
		fmt.Fprintf(&b, " has got somebody who approved it, in pull request #%d.", k.Pull)
	}
	fmt.Fprintf(&b, " Since then joined: %s.", names(g.Joined, func(Joiner) bool { return true }))
	if list := names(g.Joined, func(j Joiner) bool { return j.Approved }); list != "" && g.Over {
		fmt.Fprintf(&b, " Of these approved it: %s.", list)
	}
	b.WriteString(" They have this access. Whoever should not: take them out of the group in Entra, or have the grant revoked")
	if owners := repo.OwnersOf(k.Assignment); len(owners) > 0 {
		fmt.Fprintf(&b, "; that is for the owners, %s", strings.Join(owners, ", "))
	}
	b.WriteString(".")
	return b.String()
}

// names lists people, the first of many.
func names(all []Joiner, fits func(Joiner) bool) string {
	var list []string
	n := 0
	for _, j := range all {
		if !fits(j) {
			continue
		}
		if n++; n > maxNames {
			continue
		}
		switch {
		case j.Name == "" && j.Email == "":
			list = append(list, j.Entra)
		case j.Name == "":
			list = append(list, j.Email)
		case j.Email == "":
			list = append(list, j.Name)
		default:
			list = append(list, j.Name+" ("+j.Email+")")
		}
	}
	if n > maxNames {
		list = append(list, fmt.Sprintf("and %d more", n-maxNames))
	}
	return strings.Join(list, ", ")
}
