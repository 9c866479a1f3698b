package provision_test

import (
	"fmt"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/provision"
)

// BenchmarkForetell asks what the guards hold of a merge in an estate of 100,000
// assignments: of one that gives something, as most do, and of one that takes an
// account's away.
func BenchmarkForetell(b *testing.B) {
	repo := newRepository("c1").repo
	at := time.Date(2026, 12, 24, 9, 0, 0, 0, time.UTC)
	var all []config.Desired
	for n := range 5000 {
		a := &config.Account{Slug: fmt.Sprint("x", n), ID: fmt.Sprintf("%012d", n), Stage: config.StageSSO}
		repo.Accounts[a.Slug] = a
	}
	for n := range 100_000 {
		all = append(all, config.Desired{Assignment: config.Assignment{Principal: config.Principal{Kind: config.GroupPrincipal, ID: fmt.Sprintf("0b7e3f4c-0000-4000-8000-%012d", n%3000)},
			Account: fmt.Sprintf("%012d", n/20), PermissionSet: fmt.Sprintf("Set%03d", n%100)}})
	}
	for name, m := range map[string]access.Merge{
		"gives": {Before: repo, After: repo, Was: all[1:], Will: all, At: at},
		"takes": {Before: repo, After: repo, Was: all, Will: all[20:], At: at},
	} {
		b.Run(name, func(b *testing.B) {
			held := 0
			for b.Loop() {
				held = len(provision.Foretell(m).Holds)
			}
			if (held > 0) != (name == "takes") {
				b.Errorf("%d holds", held)
			}
		})
	}
}
