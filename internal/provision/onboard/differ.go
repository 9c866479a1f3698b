package onboard

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/provision"
)

var _ provision.Places = (*Engine)(nil)

// compared is how the files of a config stand beside a look at the organization.
type compared struct {
	repo    *config.Repo
	view    *access.EstateView
	trouble string
	all     map[string]provision.Placement
}

// Differing implements [provision.Places], by the last look at the organization. Each
// pass of provisioning asks, and mostly neither the config nor the look is another one
// than before: neither is ever changed, so that what was found for them is still true.
func (e *Engine) Differing(repo *config.Repo) map[string]provision.Placement {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.view == nil {
		return unseen(repo)
	}
	if c := e.compared; c.repo != repo || c.view != e.view || c.trouble != e.tagTrouble {
		e.compared = compared{repo, e.view, e.tagTrouble, compare(repo, *e.view, e.tagTrouble)}
	}
	return e.compared.all
}

// compare holds the files of members against AWS.
func compare(repo *config.Repo, v access.EstateView, trouble string) map[string]provision.Placement {
	members, chosen, out := map[string]access.EstateAccount{}, chosenTags(repo), map[string]provision.Placement{}
	for _, m := range v.Members {
		members[m.ID] = m
	}
	for _, file := range repo.Accounts {
		if m, member := members[file.ID]; member && file.Stage == config.StageSSO {
			out[file.ID] = placementOf(file, m, chosen, trouble)
		}
	}
	return out
}

// unseen is that nothing was read yet.
func unseen(repo *config.Repo) map[string]provision.Placement {
	out := map[string]provision.Placement{}
	for _, file := range repo.Accounts {
		if file.Stage == config.StageSSO {
			out[file.ID] = provision.Placement{Unread: "the organization was not read yet"}
		}
	}
	return out
}

// placementOf holds the file of a member against AWS. Tags that are nil were not
// read; trouble says why, where that is known.
func placementOf(file *config.Account, m access.EstateAccount, chosen map[string]bool, trouble string) provision.Placement {
	var p provision.Placement
	switch {
	case file.OU == "":
	case m.OU == "":
		p.Unread = "AWS does not say in which OU it is"
	case m.OU != file.OU:
		p.Differences = append(p.Differences, fmt.Sprintf("ou is %s in the file and %s in AWS", file.OU, shown(m.OU)))
	}
	if m.Tags == nil {
		p.Unread = "its tags in AWS were not read yet"
		if trouble != "" {
			p.Unread = fmt.Sprintf("its tags in AWS could not be read (%s)", trouble)
		}
		return p
	}
	p.Differences = append(p.Differences, tagsDiffer(file, m.Tags, chosen)...)
	return p
}

// tagsDiffer says in which tags a file differs from AWS, each in a clause. A tag
// that only AWS has counts where something in the config repo chooses accounts by
// it: an account whose file lacks it is passed by.
func tagsDiffer(file *config.Account, live map[string]string, chosen map[string]bool) []string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(file.Tags)) {
		want := file.Tags[k]
		switch have, ok := live[k]; {
		case !ok:
			out = append(out, fmt.Sprintf("%s is %s in the file and not set in AWS", k, want))
		case have != want:
			out = append(out, fmt.Sprintf("%s is %s in the file and %s in AWS", k, want, shown(have)))
		}
	}
	for _, k := range slices.Sorted(maps.Keys(live)) {
		if _, ok := file.Tags[k]; !ok && chosen[k] {
			out = append(out, fmt.Sprintf("%s is not set in the file and %s in AWS", k, shown(live[k])))
		}
	}
	return out
}

// chosenTags are the tags by which a rule or a line of the config repo chooses
// accounts.
func chosenTags(repo *config.Repo) map[string]bool {
	out := map[string]bool{}
	for _, r := range repo.Access.Approvals {
		for k := range r.Match.Tags {
			out[k] = true
		}
	}
	for _, ref := range repo.Grants() {
		if ref.Grant.Accounts != nil {
			for k := range ref.Grant.Accounts.Tags {
				out[k] = true
			}
		}
	}
	return out
}

// noteDiffering wakes whoever waits for an account to be as its file says, or
// must stop giving there, if that changed.
func (e *Engine) noteDiffering(repo *config.Repo) {
	now := differingKey(e.Differing(repo))
	if now == e.schedule.differing {
		return
	}
	e.schedule.differing = now
	if e.opts.OnDiffering != nil {
		e.opts.OnDiffering()
	}
}

// differingKey is another one whenever the differences are.
func differingKey(all map[string]provision.Placement) string {
	var b strings.Builder
	for _, id := range slices.Sorted(maps.Keys(all)) {
		if d := all[id].Differences; len(d) > 0 {
			fmt.Fprintf(&b, "%s %q\n", id, d)
		}
	}
	return b.String()
}
