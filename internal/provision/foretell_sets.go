package provision

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/provision/permset"
)

// seenSet is what is known of a permission set beside its file.
type seenSet struct {
	// read: live is what AWS has, nil where it has none.
	read   bool
	live   *permset.Live
	record SetRecord
}

// touched names the permission sets that a merge changes: by their files, or, where
// it turns drift: revert on, of those that differ from their files. Sorted.
func touched(m access.Merge, differs func(name string) bool) []string {
	reverts := m.After.Access.Drift == config.DriftRevert && m.Before.Access.Drift != config.DriftRevert
	var out []string
	for _, name := range slices.Sorted(maps.Keys(m.After.PermissionSets)) {
		if setChanges(m, name) || reverts && differs(name) {
			out = append(out, name)
		}
	}
	return out
}

// setChanges reports whether a merge changes the file of a permission set.
func setChanges(m access.Merge, name string) bool {
	file, had := m.Before.PermissionSets[name]
	return !had || !same(permset.Of(file), permset.Of(m.After.PermissionSets[name]))
}

// sets asks the guards of permission sets about each that changes. One that was not
// read is taken to be as its file says before.
func (f *foresight) sets() {
	for _, name := range touched(f.m, func(name string) bool { _, looked := f.seen[name]; return looked }) {
		in := f.setInput(name)
		changes := setChanges(f.m, name)
		s := f.setSurroundings(in)
		if !changes {
			s.Commit, s.Pending = f.seen[name].record.Commit, in.Pending
		}
		o, mend := s.check(permset.Diff(in))
		switch {
		case o.code == "":
		case !changes:
			f.hold(access.Hold{Code: string(o.code), Sentence: o.sentence, Mend: strings.TrimSpace(mend)})
		default:
			f.hold(access.Hold{Code: string(o.code), Sentence: o.sentence, Allowed: mend != ""})
			if mend != "" {
				f.out.AllowSets = append(f.out.AllowSets, name)
			}
		}
	}
}

// setInput is what a set will be compared by.
func (f *foresight) setInput(name string) permset.Input {
	seen, looked := f.seen[name]
	in := permset.Input{Want: permset.Of(f.m.After.PermissionSets[name]), Live: seen.live, Owned: seen.record.Owned,
		Pending: setChanges(f.m, name) || seen.record.State == SetPending, Revert: f.m.After.Access.Drift == config.DriftRevert}
	file, had := f.m.Before.PermissionSets[name]
	if had {
		was := permset.Of(file)
		in.Owned = union(in.Owned, was.Items())
		if !seen.read {
			in.Live = &permset.Live{Definition: was, Accounts: f.accountsOf(name)}
		}
	}
	switch {
	case seen.read:
		in.Spread = spreadOf(seen.record.Spread, seen.live, permset.Diff(in).Drift)
	case !had:
		f.out.Unknown = append(f.out.Unknown, fmt.Sprintf("What AWS has of the permission set %s already, and whether what its first file takes from it is held, is not known.", name))
	case looked:
		f.out.Unknown = append(f.out.Unknown, fmt.Sprintf("What AWS has of the permission set %s could not be read; it is taken to be as its file says.", name))
	}
	return in
}

// anybody is as whom the bot acts where that is not known: nobody that a set
// could concern.
func anybody() Caller {
	return Caller{Account: "unknown", ARN: "arn:aws:iam::000000000000:user/unknown"}
}

func (f *foresight) setSurroundings(in permset.Input) SetSurroundings {
	repo, name := f.m.After, in.Want.Name
	s := SetSurroundings{EnableChanges: true, ConfigManagement: repo.Access.ManagementAccount, LiveManagement: repo.Access.ManagementAccount,
		Caller: f.caller, Want: in.Want, Live: in.Live, Pending: true, Allow: repo.Access.Limits.Allow, Declared: repo.AccountsOf(name), Names: f.naming}
	if s.Caller.Account == "" {
		s.Caller = anybody()
	}
	standing := map[config.Assignment]bool{}
	for a, d := range f.will {
		standing[a] = d.End.IsZero()
	}
	s.Ways = waysOf(repo, name, len(protectedBy(f.m.Before, name)) > 0, in.Live, doorsOf(f.records, name, standing, opens(repo, f.is), nil))
	return s
}

// accountsOf returns the accounts in which somebody has a set, sorted.
func (f *foresight) accountsOf(set string) []string {
	var out []string
	for _, r := range f.records {
		if r.Assignment.PermissionSet == set {
			out = append(out, r.Assignment.Account)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// same reports whether two definitions are the same.
func same(a, b permset.Definition) bool {
	x, err := a.Digest()
	y, other := b.Digest()
	return err == nil && other == nil && x == y
}
