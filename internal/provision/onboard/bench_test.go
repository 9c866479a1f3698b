package onboard_test

import (
	"path/filepath"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/provision/onboard"
	"aws-access-bot/internal/store"
)

// BenchmarkFacts is what the board asks of 500 accounts in a state file: by one
// reading for all, and for each account by itself.
func BenchmarkFacts(b *testing.B) {
	const accounts = 500
	w := newWorld()
	numbers := make([]int, accounts)
	records, made := make([]onboard.Record, accounts), make([]provision.Record, accounts)
	for i := range accounts {
		numbers[i] = i + 1
		id := w.memberAccount(i+1, target)
		made[i] = provision.Record{Assignment: baseline(id), State: provision.Live, Grants: []config.GrantKey{"groups/admins.yaml"}, Created: time.Now().UTC(), ReadBack: time.Now().UTC()}
		records[i] = onboard.Record{Account: id, State: onboard.Done, Member: true, Seat: target, Began: time.Now().UTC(), Placed: time.Now().UTC(), Baseline: time.Now().UTC()}
	}
	w.commit(2, numbers...)
	db, err := store.OpenBolt(filepath.Join(b.TempDir(), "state.db"), store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	if err := store.NewOnboard(db).BeginOnboardings(b.Context(), records, nil); err != nil {
		b.Fatal(err)
	}
	if err := store.NewProvision(db).Begin(b.Context(), "c1", made, nil); err != nil {
		b.Fatal(err)
	}
	grants := &provision.Engine{Ports: provision.Ports{Store: store.NewProvision(db)}}
	e, err := onboard.NewEngine(onboard.Ports{Organization: w, Management: w, Commits: w, Grants: grants, Asks: w, Store: store.NewOnboard(db), Now: time.Now}, changes)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("all", func(b *testing.B) {
		for b.Loop() {
			if all, err := e.AllOnboardFacts(b.Context()); err != nil || len(all) != accounts || all[accountID(accounts)].BaselineLive != 1 {
				b.Fatal(len(all), err)
			}
		}
	})
	b.Run("each", func(b *testing.B) {
		for b.Loop() {
			for _, n := range numbers {
				if f, err := e.OnboardFacts(b.Context(), accountID(n)); err != nil || f.BaselineLive != 1 {
					b.Fatal(f, err)
				}
			}
		}
	})
}
