package provision_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/store"
)

// takes notes, as the code that verifies commits does, that a commit took of
// assignments, and changed the file of Root.
func (s *system) takes(t *testing.T, sha string, list ...config.Assignment) {
	t.Helper()
	err := s.db.Update(t.Context(), "gitops.inforce", func(tx store.Tx) error {
		if err := store.MarkSets(tx, sha, []string{"Root"}); err != nil {
			return err
		}
		return store.MarkTaken(tx, sha, list)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestSeveralCommitsSeenAsOneKeepTheirRemovals: the allowance names the commit that
// git says took something away, also where others came into force before the bot
// looked, the allowance itself among them.
func TestSeveralCommitsSeenAsOneKeepTheirRemovals(t *testing.T) {
	rest, whole := spread(20), accountOf(15, 6, readOnly)
	tests := map[string]struct {
		then func(r *repository) *repository
		wait time.Duration
	}{
		"lines are taken out":   {func(r *repository) *repository { return r.with(0, "", rest...) }, 0},
		"ends are brought near": {func(r *repository) *repository { return r.with(0, "", rest...).with(time.Hour, "", whole...) }, 2 * time.Hour},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				s := started(t, newWorld().populate(1, 1, 2, 3, 4, 5, 6))
				first := newRepository(sha("a")).with(0, "", rest...).with(0, "", whole...)
				s.commitOf(t, first)
				after(30 * time.Minute)
				both := tt.then(newRepository(sha("c"))).since(first) // b took, c came right after it
				s.takes(t, sha("b"), whole...)
				s.commitOf(t, both)
				after(30*time.Minute + tt.wait)
				if f := s.facts(t, whole[0]); s.alive(whole) != 6 || f.TroubleCode != string(provision.CodeWholeAccount) || !strings.Contains(f.Trouble, sha("b")) {
					t.Fatalf("%d are left; %q: %q", s.alive(whole), f.TroubleCode, f.Trouble)
				}
				allowed := tt.then(newRepository(sha("d"))).since(both)
				allowed.repo.Access.Limits.Allow = &config.RemovalAllowance{Commit: sha("b"), Removals: 6}
				s.commitOf(t, allowed)
				after(time.Hour)
				if n := s.alive(whole); n != 0 {
					t.Errorf("%d are left: %+v", n, s.facts(t, whole[0]))
				}
			})
		})
	}
}

// TestASetThatSeveralCommitsSeenAsOneChangeIsThatOfItsCommit.
func TestASetThatSeveralCommitsSeenAsOneChangeIsThatOfItsCommit(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s, _ := adminSet(t)
		full := func(id, policy string) *repository {
			return newRepository(id).with(0, "", grant(1, 1, "Root"), grant(1, 2, "Root")).declaring(rootFile(policy))
		}
		s.commitOf(t, full(sha("a"), policyAdmin))
		after(30 * time.Minute)
		s.takes(t, sha("b"))
		s.commitOf(t, full(sha("c"), policyView))
		after(time.Hour)
		if r := s.record(t, "Root"); r.Code != provision.CodeSetWay || !strings.Contains(r.Trouble, sha("b")) {
			t.Errorf("%s %q", r.Code, r.Trouble)
		}
	})
}

// TestAnEndThatWasSetBeforeTheBotHadRecordsIsStillThatOfItsCommit: after the loss of
// the state file the bot verifies the same commits again, and sees them as one.
func TestAnEndThatWasSetBeforeTheBotHadRecordsIsStillThatOfItsCommit(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld().populate(1, 1, 2, 3, 4, 5, 6)
		rest, whole, fresh := spread(20), accountOf(15, 6, readOnly), grant(1, 16, readOnly)
		for _, a := range slices.Concat(rest, whole) {
			w.put(a)
		}
		s := newSystem(t, w, store.NewMemory(), changing)
		err := s.db.Update(t.Context(), "gitops.inforce", func(tx store.Tx) error {
			return store.MarkOwned(tx, sha("a"), slices.Concat(rest, whole))
		})
		if err != nil {
			t.Fatal(err)
		}
		s.takes(t, sha("b"), whole...)
		s.run(t)
		s.commitOf(t, newRepository(sha("c")).with(0, "", rest...).with(time.Hour, "", append(whole, fresh)...))
		after(3 * time.Hour)
		if f := s.facts(t, whole[0]); s.alive(whole) != 6 || f.TroubleCode != string(provision.CodeWholeAccount) || !strings.Contains(f.Trouble, sha("b")) {
			t.Errorf("%d are left; %q: %q", s.alive(whole), f.TroubleCode, f.Trouble)
		}
		if s.isLive(fresh) {
			t.Error("what had its end from the start is held too")
		}
	})
}

// gives notes, as the code that verifies commits does, that a commit gave assignments
// that the one before did not.
func (s *system) gives(t *testing.T, sha string, end time.Time, list ...config.Assignment) {
	t.Helper()
	var back []config.Desired
	for _, a := range list {
		back = append(back, config.Desired{Assignment: a, End: end})
	}
	err := s.db.Update(t.Context(), "gitops.inforce", func(tx store.Tx) error { return store.MarkGiven(tx, sha, back) })
	if err != nil {
		t.Fatal(err)
	}
}

// TestWhatIsPutBackWithAnEndIsOfTheCommitThatPutItBack, and not of the one that took it
// away before: an allowance for that one was for another thing. The bot sees both as
// one, with its records and after their loss.
func TestWhatIsPutBackWithAnEndIsOfTheCommitThatPutItBack(t *testing.T) {
	rest, whole := spread(20), accountOf(15, 6, readOnly)
	for name, lost := range map[string]bool{"with its records": false, "after their loss": true} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				w := newWorld().populate(1, 1, 2, 3, 4, 5, 6)
				s := newSystem(t, w, store.NewMemory(), changing)
				s.run(t)
				first := newRepository(sha("a")).with(0, "", rest...).with(0, "", whole...)
				s.commitOf(t, first)
				after(30 * time.Minute)
				s.stop()
				if lost {
					s = newSystem(t, w, store.NewMemory(), changing)
					err := s.db.Update(t.Context(), "gitops.inforce", func(tx store.Tx) error {
						return store.MarkOwned(tx, sha("a"), slices.Concat(rest, whole))
					})
					if err != nil {
						t.Fatal(err)
					}
				}
				s.takes(t, sha("b"), whole...)
				s.gives(t, sha("c"), time.Now().Add(time.Hour), whole...)
				last := newRepository(sha("d")).with(0, "", rest...).with(time.Hour, "", whole...).since(first) // d came right after
				last.repo.Access.Limits.Allow = &config.RemovalAllowance{Commit: sha("b"), Removals: 6}
				s = newSystem(t, w, s.db, changing)
				s.run(t)
				s.commitOf(t, last)
				after(3 * time.Hour)
				if f := s.facts(t, whole[0]); s.alive(whole) != 6 || f.TroubleCode != string(provision.CodeWholeAccount) || !strings.Contains(f.Trouble, sha("c")) {
					t.Errorf("%d are left; %q: %q", s.alive(whole), f.TroubleCode, f.Trouble)
				}
			})
		})
	}
}

// TestWhatIsPutBackForGoodIsTakenByNobody.
func TestWhatIsPutBackForGoodIsTakenByNobody(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := started(t, newWorld().populate(1, 1))
		a, other := grant(1, 1, readOnly), grant(1, 2, readOnly)
		s.commitOf(t, newRepository(sha("a")).with(0, "", a, other))
		after(30 * time.Minute)
		s.takes(t, sha("b"), a, other)
		s.gives(t, sha("c"), time.Time{}, a)
		got, err := store.NewProvision(s.db).TakenBy(t.Context(), []config.Assignment{a, other})
		if err != nil || len(got) != 1 || got[other] != sha("b") {
			t.Errorf("%v: taken by %v", err, got)
		}
	})
}
