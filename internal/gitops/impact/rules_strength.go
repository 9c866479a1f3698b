package impact

import (
	"slices"

	"aws-access-bot/config"
)

// sameOwners reports whether both sides name the same owners.
func sameOwners(old, now side) bool {
	return slices.Equal(old.account.Owners, now.account.Owners) && sameGroupOwners(old, now)
}

func sameGroupOwners(old, now side) bool {
	return old.group == nil || now.group == nil || slices.Equal(old.group.Owners, now.group.Owners)
}

// show puts the people that references stand for into two decisions where they
// are not the same on both sides, and the control plane into what is compared.
// Owners that stay the same are compared as what they are called: what is found
// then holds for every account.
func show(before, after *Decision, old, now side) {
	others := map[config.ApproverKind]bool{
		config.ApproverAccountOwners: !slices.Equal(old.account.Owners, now.account.Owners),
		config.ApproverGroupOwners:   !sameGroupOwners(old, now),
		config.ApproverControlPlane:  true,
	}
	before.full, after.full = old.spread(before.Steps, others), now.spread(after.Steps, others)
	others[config.ApproverControlPlane] = !slices.Equal(old.keepers(), now.keepers())
	before.Steps, after.Steps = old.spread(before.Steps, others), now.spread(after.Steps, others)
}

// spread puts in place the references of some kinds.
func (s side) spread(steps config.Steps, kinds map[config.ApproverKind]bool) config.Steps {
	out := make(config.Steps, len(steps))
	for i, st := range steps {
		var refs []config.ApproverRef
		for _, r := range st.Approvers {
			for _, in := range s.standFor(r, kinds[r.Kind]) {
				if !slices.Contains(refs, in) {
					refs = append(refs, in)
				}
			}
		}
		out[i] = config.Step{Approvers: refs, Count: max(1, st.Count)}
	}
	return out
}

func (s side) standFor(r config.ApproverRef, spread bool) []config.ApproverRef {
	switch {
	case !spread:
	case r.Kind == config.ApproverAccountOwners:
		return s.account.Owners
	case r.Kind == config.ApproverGroupOwners:
		return s.group.Owners
	case r.Kind == config.ApproverControlPlane:
		return s.keepers()
	}
	return []config.ApproverRef{r}
}

// keepers are those the control plane names, sorted as they stand.
func (s side) keepers() []config.ApproverRef {
	var out []config.ApproverRef
	for _, st := range s.repo.Access.ControlPlane {
		for _, r := range st.Approvers {
			if r.Kind != config.ApproverControlPlane && !slices.Contains(out, r) {
				out = append(out, r)
			}
		}
	}
	return out
}

// weaker reports whether a decision needs less after a change, or people who
// are not those it needed before.
func weaker(before, after Decision) (weak, others bool) {
	switch {
	case after.Rule == "":
		return false, false
	case before.Rule == "":
		return true, false
	}
	longer := before.Max > 0 && (after.Max == 0 || after.Max > before.Max)
	asked := len(before.Requesters) > 0 && (len(after.Requesters) == 0 || !subset(after.Requesters, before.Requesters))
	reason := before.Pattern != "" && after.Pattern != before.Pattern || before.Ticket != "" && after.Ticket != before.Ticket
	others = !asStrict(before.full, after.full)
	fewer := others && len(places(after.full)) <= len(places(before.full))
	return longer || asked || reason || fewer || after.Auto > before.Auto || after.Standing && !before.Standing || before.Pinned && !after.Pinned, others
}

// asStrict reports whether everybody who meets the steps after a change met
// those before: each place before has one after, another each, for which only
// those may stand who might before.
func asStrict(before, after config.Steps) bool {
	was, is := places(before), places(after)
	fits := func(place, seat int) bool { return subset(is[seat], was[place]) }
	return config.Seated(len(was), len(is), fits) == len(was)
}

// places has the approvers of each place of some steps.
func places(steps config.Steps) [][]config.ApproverRef {
	var out [][]config.ApproverRef
	for _, s := range steps {
		for range max(1, s.Count) {
			out = append(out, s.Approvers)
		}
	}
	return out
}

func subset(list, of []config.ApproverRef) bool {
	return !slices.ContainsFunc(list, func(r config.ApproverRef) bool { return !slices.Contains(of, r) })
}
