package provision

import (
	"maps"
	"slices"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision/permset"
)

// sets asks the guards of permission sets about each file that changes. A set is
// taken to be as its file says before: what else it has in AWS is read after the
// merge.
func (f *foresight) sets() {
	for _, name := range slices.Sorted(maps.Keys(f.m.After.PermissionSets)) {
		want := permset.Of(f.m.After.PermissionSets[name])
		file, had := f.m.Before.PermissionSets[name]
		if had && same(permset.Of(file), want) {
			continue
		}
		in := permset.Input{Want: want, Pending: true, Revert: f.m.After.Access.Drift == config.DriftRevert}
		if had {
			was := permset.Of(file)
			in.Live, in.Owned = &permset.Live{Definition: was, Accounts: f.accountsOf(name)}, was.Items()
		}
		s := f.setSurroundings(in)
		o, mend := s.check(permset.Diff(in))
		if o.code == "" {
			continue
		}
		f.hold(time.Time{}, o.code, o.sentence, mend != "")
		if mend != "" {
			f.out.Allow = max(f.out.Allow, s.Ways.Assignments, 1)
		}
	}
}

// anybody is as whom the bot acts where that is not known: nobody that a set
// could concern.
func anybody() Caller {
	return Caller{Account: "unknown", ARN: "arn:aws:iam::000000000000:user/unknown"}
}

func (f *foresight) setSurroundings(in permset.Input) SetSurroundings {
	repo, name := f.m.After, in.Want.Name
	s := SetSurroundings{EnableChanges: true, ConfigManagement: repo.Access.ManagementAccount, LiveManagement: repo.Access.ManagementAccount,
		Caller: f.caller, Want: in.Want, Live: in.Live, Pending: true, Allow: nil, Declared: repo.AccountsOf(name), Names: f.names()}
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
