package scenario

import (
	"io/fs"
	"slices"
	"testing"
	"testing/fstest"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/config/example"
	"aws-access-bot/internal/sandbox/emukit"
)

// TestAccountsComeInByAGoodCommit: invited and moved is what a commit made sso,
// into the OU of its file, and in a phase that invites.
func TestAccountsComeInByAGoodCommit(t *testing.T) {
	t.Parallel()
	const ledger, standing = "444455556666", "111122224444"
	with := func(phase config.Phase, text string) *config.Repo {
		fsys := fstest.MapFS{}
		err := fs.WalkDir(example.FS(), ".", func(p string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			data, err := fs.ReadFile(example.FS(), p)
			fsys[p] = &fstest.MapFile{Data: data}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if text != "" {
			fsys["accounts/ledger.yaml"] = &fstest.MapFile{Data: []byte(text)}
		}
		repo, err := config.Load(fsys)
		if err != nil {
			t.Fatal(err)
		}
		repo.Access.Phase = phase
		return repo
	}
	const file = "id: \"444455556666\"\nname: ledger\nstage: sso\nou: /Workloads/Dev\nowners: [yuki@example.com]\n"
	list := func(op string, in, out object) emukit.Entry {
		return emukit.Entry{Service: "aws", Op: op, Method: "POST", Time: after(time.Second), Request: body(in), Response: body(out)}
	}
	units := []emukit.Entry{
		list("ListRoots", object{}, object{"Roots": []object{{"Id": "r-1"}}}),
		list("ListOrganizationalUnitsForParent", object{"ParentId": "r-1"}, object{"OrganizationalUnits": []object{{"Id": "ou-w", "Name": "Workloads"}}}),
		list("ListOrganizationalUnitsForParent", object{"ParentId": "ou-w"}, object{"OrganizationalUnits": []object{{"Id": "ou-d", "Name": "Dev"}}}),
	}
	move := func(id, to string, at time.Time) emukit.Entry {
		return emukit.Entry{Service: "aws", Op: "MoveAccount", Method: "POST", Time: at, Request: body(object{"AccountId": id, "SourceParentId": "r-1", "DestinationParentId": to})}
	}
	invite := func(id string) emukit.Entry {
		return emukit.Entry{Service: "aws", Op: "InviteAccountToOrganization", Method: "POST", Time: after(time.Minute), Request: body(object{"Target": object{"Id": id, "Type": "ACCOUNT"}})}
	}
	for name, tt := range map[string]struct {
		phase config.Phase
		write emukit.Entry
		good  bool
	}{
		"moved to the OU of its file":      {config.Pilot, move(ledger, "ou-d", after(time.Minute)), true},
		"moved to another OU":              {config.Pilot, move(ledger, "ou-w", after(time.Minute)), false},
		"moved to an OU that nobody lists": {config.Pilot, move(ledger, "ou-x", after(time.Minute)), false},
		"moved before the commit":          {config.Pilot, move(ledger, "ou-d", after(-time.Hour)), false},
		"moved where it stood before":      {config.Pilot, move(standing, "ou-d", after(time.Minute)), false},
		"moved without a file":             {config.Pilot, move("1", "ou-d", after(time.Minute)), false},
		"invited in phase 2":               {config.Grow, invite(ledger), true},
		"invited in phase 1":               {config.Pilot, invite(ledger), false},
		"invited without a file":           {config.Grow, invite("555566667777"), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ev := good(t)
			all := map[string]*config.Repo{"c0": with(tt.phase, ""), "c1": with(tt.phase, file), "c2": with(tt.phase, file)}
			ev.Repo = func(sha string) (*config.Repo, error) { return all[sha], nil }
			ev.Journal, ev.Settled = append(slices.Clone(units), tt.write), 0
			found, err := Check(*ev)
			if err != nil {
				t.Fatal(err)
			}
			var said []Finding
			for _, f := range found {
				if f.Rule == RuleAccount || f.Rule == RuleOtherWrite {
					said = append(said, f)
				}
			}
			if len(said) == 0 != tt.good {
				t.Errorf("found %v", said)
			}
		})
	}
}
