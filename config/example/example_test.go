package example_test

import (
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/config/example"
)

func TestExampleIsAValidRepo(t *testing.T) {
	t.Parallel()
	repo, err := config.Load(example.FS())
	if err != nil {
		t.Fatalf("the example has problems:\n%v", err)
	}
	if repo.Access.Phase != 1 || repo.Access.OrganizationID != "o-a1b2c3d4e5" {
		t.Errorf("phase %d of %s, want 1 of o-a1b2c3d4e5", repo.Access.Phase, repo.Access.OrganizationID)
	}
	if len(repo.Accounts) != 13 || len(repo.Groups) != 8 || len(repo.Users) != 3 || len(repo.PermissionSets) != 3 {
		t.Errorf("%d accounts, %d groups, %d users, %d permission sets; want 13, 8, 3, 3",
			len(repo.Accounts), len(repo.Groups), len(repo.Users), len(repo.PermissionSets))
	}
}

func TestExampleProtectsBreakGlassEverywhereButInLegacyAccounts(t *testing.T) {
	t.Parallel()
	repo, err := config.Load(example.FS())
	if err != nil {
		t.Fatal(err)
	}
	legacy := 0
	for _, a := range repo.Accounts {
		if a.Stage == config.StageLegacy {
			legacy++
		}
	}
	if legacy == 0 {
		t.Error("the example has no legacy account, so it is no example of phase 1")
	}
	if got, want := len(repo.Protected()), len(repo.Accounts)-legacy; got != want {
		t.Errorf("%d protected assignments, want %d", got, want)
	}
}

func TestExampleGrantsAllEndInTheFutureOrAreStanding(t *testing.T) {
	t.Parallel()
	repo, err := config.Load(example.FS())
	if err != nil {
		t.Fatal(err)
	}
	for _, ref := range repo.Grants() {
		end, standing := ref.Grant.End(config.Start{})
		if !standing && end.Before(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)) {
			t.Errorf("%s:%d ends soon; the example would decay", ref.File.Path(), ref.Grant.Pos.Line)
		}
		if len(repo.Resolve(ref.Grant)) == 0 {
			t.Errorf("%s:%d reaches no account", ref.File.Path(), ref.Grant.Pos.Line)
		}
	}
}
