package provision

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
)

// Where the file of an account and AWS Organizations differ, a selector that
// chooses the account by its file may not mean it: nothing new is given by it
// there. What names the account does, and what is live stays.

// placements are how the accounts of a config stand, nil where that is not asked.
func (e *Engine) placements(repo *config.Repo) map[string]Placement {
	if e.Places == nil {
		return nil
	}
	return e.Places.Differing(repo)
}

// differing has a sentence for each account that differs from its file.
func (e *Engine) differing(repo *config.Repo) map[string]string {
	return differing(names(repo), e.placements(repo))
}

// takeDiffering takes over how the accounts stand. What was held for the sake of
// one that is as its file says by now is looked at again.
func (e *Engine) takeDiffering(v *view) {
	now := differing(v.names, e.placements(v.force.Repo))
	for a := range e.desk.held {
		if e.desk.differing[a.Account] != "" && now[a.Account] == "" {
			delete(e.desk.held, a)
		}
	}
	e.desk.differing = now
}

func differing(names Names, all map[string]Placement) map[string]string {
	out := map[string]string{}
	for id, p := range all {
		if len(p.Differences) > 0 {
			out[id] = sayDiffers(names, id, p)
		}
	}
	return out
}

func sayDiffers(names Names, account string, p Placement) string {
	return fmt.Sprintf("The file of %s and AWS Organizations do not agree: %s. A line that chooses accounts by OU or tags gives nothing new there until they do; one that names the account does. Mend the account in AWS, or its file.", names.account(account), strings.Join(p.Differences, "; "))
}

// knownDiffering are the accounts that differ, as drift that nothing can be done
// about in chat.
func (e *Engine) knownDiffering(repo *config.Repo) []access.Drift {
	var out []access.Drift
	all := e.differing(repo)
	for _, id := range slices.Sorted(maps.Keys(all)) {
		out = append(out, access.Drift{Account: id, Sentence: all[id]})
	}
	return out
}

// differing says what a merge will not give, because only a selector gives it and
// the account's file does not agree with AWS; and of which such account that is
// not known. Whose facts the merge changes is told of too. What the merge
// brings in is not: its pre-flight says it, and it may be moved first.
func (f *foresight) differing() {
	sentences := differing(f.naming, f.places)
	told := map[string]bool{}
	for _, d := range f.m.Will {
		id := d.Assignment.Account
		why, unread := sentences[id], f.places[id].Unread
		if why == "" && unread == "" || d.Named || told[id] || f.had(d) || f.m.After.IsProtected(d.Assignment) || !f.stood(id) {
			continue
		}
		told[id] = true
		if why != "" {
			f.hold(access.Hold{Code: string(CodeAccountDiffers), Sentence: why})
		}
		if unread != "" {
			f.out.Unknown = append(f.out.Unknown, fmt.Sprintf("Whether the file of %s and AWS Organizations agree is not fully known: %s. A line that chooses accounts by OU or tags gives nothing new there if they do not.", f.naming.account(id), unread))
		}
	}
	for _, slug := range slices.Sorted(maps.Keys(f.m.After.Accounts)) {
		a := f.m.After.Accounts[slug]
		why := sentences[a.ID]
		if why == "" || told[a.ID] || !f.stood(a.ID) {
			continue
		}
		if before, _ := f.m.Before.AccountByID(a.ID); before.OU != a.OU || !maps.Equal(before.Tags, a.Tags) {
			f.out.Notes = append(f.out.Notes, why)
		}
	}
}

// stood reports whether an account was run from the config repo before the merge.
func (f *foresight) stood(account string) bool {
	a, ok := f.m.Before.AccountByID(account)
	return ok && a.Stage == config.StageSSO
}

// had reports whether something was desired before the merge.
func (f *foresight) had(d config.Desired) bool {
	_, found := slices.BinarySearchFunc(f.m.Was, d.Assignment, func(d config.Desired, a config.Assignment) int { return d.Assignment.Compare(a) })
	return found
}
