package impact

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"aws-access-bot/config"
)

// BookChange is a field of aws-access.yaml that binds later changes and
// differs.
type BookChange struct {
	Field         string
	Before, After string // "" for none
	// Weaker: it binds less than before.
	Weaker bool
	// Means says what it means, a sentence without a full stop; "" where the
	// field speaks for itself.
	Means string
}

// book compares what binds later changes beside the rules, the weaker ones
// first.
func book(in Input) []BookChange {
	old, now := side{repo: in.Base}, side{repo: in.Head}
	a, b := &in.Base.Access, &in.Head.Access
	var out []BookChange
	add := func(field, before, after string, weaker bool, means string) {
		if before != after {
			out = append(out, BookChange{field, before, after, weaker, means})
		}
	}
	steps := func(field string, before, after config.Steps, means string) {
		// Where nobody is named, nobody can approve.
		weak := len(after) > 0 && (len(before) == 0 || !asStrict(old.spread(before, plane), now.spread(after, plane)))
		add(field, StepsText(before), StepsText(after), weak, means)
	}
	steps("control_plane", a.ControlPlane, b.ControlPlane, "these approve accounts, owners, rules and people from then on")
	steps("onboarding.approvers", onboarders(a), onboarders(b), "these approve new accounts and what they begin with")
	add("limits.people_growth", percent(a.Limits.PeopleGrowthPercent), percent(b.Limits.PeopleGrowthPercent),
		b.Limits.PeopleGrowthPercent > a.Limits.PeopleGrowthPercent, "how much a group may grow between its approval and the merge")
	add("limits.removals", percent(a.Limits.RemovalPercent), percent(b.Limits.RemovalPercent),
		b.Limits.RemovalPercent > a.Limits.RemovalPercent, "how many assignments may go in 24 hours")
	add("limits.start_by", length(a.Limits.StartBy), length(b.Limits.StartBy),
		a.Limits.StartBy != 0 && (b.Limits.StartBy == 0 || b.Limits.StartBy > a.Limits.StartBy), "how old a request may be when it is merged and still grant something")
	add("limits.allow", allowance(a.Limits.Allow), allowance(b.Limits.Allow), b.Limits.Allow != nil, "one commit may remove more than the limits let, or make a way in permit less")
	add("phase", strconv.Itoa(int(a.Phase)), strconv.Itoa(int(b.Phase)), a.Phase.Loosens(b.Phase), b.Phase.Means())
	out = append(out, granted("protected", in, a.Protected, b.Protected, false,
		"is never removed or shortened from then on", "can be removed and shortened from then on")...)
	out = append(out, granted("onboarding.baseline", in, a.Onboarding.Baseline, b.Onboarding.Baseline, true,
		"comes with every new account from then on", "does not come with new accounts any more")...)
	slices.SortStableFunc(out, func(x, y BookChange) int { return weakFirst(x.Weaker, y.Weaker) })
	return out
}

// plane has the control plane put in place.
var plane = map[config.ApproverKind]bool{config.ApproverControlPlane: true}

func onboarders(a *config.AccessFile) config.Steps {
	if len(a.Onboarding.Approvers) == 0 {
		return nil
	}
	return config.Steps{{Approvers: a.Onboarding.Approvers, Count: max(1, a.Onboarding.Count)}}
}

func percent(p float64) string { return strconv.FormatFloat(p, 'f', -1, 64) + "%" }

func length(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return config.FormatDuration(d)
}

func allowance(a *config.RemovalAllowance) string {
	if a == nil {
		return ""
	}
	var what []string
	if a.Removals > 0 {
		what = append(what, fmt.Sprintf("%d removals", a.Removals))
	}
	if len(a.PermissionSets) > 0 {
		what = append(what, "less by the permission sets "+strings.Join(a.PermissionSets, ", "))
	}
	return fmt.Sprintf("%s by commit %s", strings.Join(what, ", "), a.Commit)
}

// granted compares two lists of a group and a permission set, by the group's
// id: files may change places. gainWeak says that to be on the list is the
// weaker state.
func granted(field string, in Input, before, after []config.ProtectedGrant, gainWeak bool, joins, leaves string) []BookChange {
	was, is := listedGrants(in.Base, before), listedGrants(in.Head, after)
	var out []BookChange
	for _, key := range slices.Sorted(maps.Keys(was)) {
		if _, kept := is[key]; !kept {
			out = append(out, BookChange{Field: field, Before: was[key], Weaker: !gainWeak, Means: was[key] + " " + leaves})
		}
	}
	for _, key := range slices.Sorted(maps.Keys(is)) {
		if _, had := was[key]; !had {
			out = append(out, BookChange{Field: field, After: is[key], Weaker: gainWeak, Means: is[key] + " " + joins})
		}
	}
	return out
}

func listedGrants(repo *config.Repo, list []config.ProtectedGrant) map[string]string {
	out := map[string]string{}
	for _, g := range list {
		id := g.Group
		if f, ok := repo.Groups[g.Group]; ok {
			id = f.Principal.ID
		}
		out[id+" "+g.PermissionSet] = g.PermissionSet + " for " + g.Group
	}
	return out
}
