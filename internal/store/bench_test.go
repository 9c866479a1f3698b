package store

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"aws-access-bot/config"
)

// BenchmarkCreate prints how long a request takes to be durable; the bar for
// the whole acknowledgement is a p99 of 50 ms.
func BenchmarkCreate(b *testing.B) {
	db, err := OpenBolt(filepath.Join(b.TempDir(), "state.db"), Options{})
	if err != nil {
		b.Fatal(err)
	}
	s, n := NewRequests(db), 0
	var took []time.Duration
	for b.Loop() {
		begin := time.Now()
		if err := s.Create(b.Context(), request(fmt.Sprintf("REQ-%06d", n))); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(begin))
		n++
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
	if err := db.Close(); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkAll reads every one of 3,000 requests, a year of a busy company.
func BenchmarkAll(b *testing.B) {
	db := NewMemory()
	err := db.Update(b.Context(), "test.step", func(tx Tx) error {
		for i := range 3000 {
			if err := putRequest(tx, uint64(i+1), request(fmt.Sprintf("REQ-%06d", i))); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	s := NewRequests(db)
	for b.Loop() {
		if all, err := s.All(b.Context()); err != nil || len(all) != 3000 {
			b.Fatalf("%d requests, %v", len(all), err)
		}
	}
}

// BenchmarkOwned reads which of 100,000 assignments are owned, as every pass of
// the provisioner does.
func BenchmarkOwned(b *testing.B) {
	db, err := OpenBolt(filepath.Join(b.TempDir(), "state.db"), Options{})
	if err != nil {
		b.Fatal(err)
	}
	var all []config.Assignment
	for n := range 100_000 {
		all = append(all, config.Assignment{Principal: config.Principal{Kind: config.GroupPrincipal, ID: fmt.Sprintf("0b7e3f4c-0000-4000-8000-%012d", n%3000)},
			Account: fmt.Sprintf("%012d", n/20), PermissionSet: fmt.Sprintf("Set%03d", n%100)})
	}
	if err := db.Update(b.Context(), "test.step", func(tx Tx) error { return MarkOwned(tx, "c1", all) }); err != nil {
		b.Fatal(err)
	}
	p := NewProvision(db)
	begin := time.Now()
	if _, err := p.Owned(b.Context()); err != nil {
		b.Fatal(err)
	}
	first := time.Since(begin)
	b.ReportAllocs()
	for b.Loop() {
		if got, err := p.Owned(b.Context()); err != nil || len(got) != len(all) {
			b.Fatalf("%d owned, %v", len(got), err)
		}
	}
	b.ReportMetric(float64(first.Milliseconds()), "first-ms")
	if err := db.Close(); err != nil {
		b.Fatal(err)
	}
}
