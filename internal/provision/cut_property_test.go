package provision_test

import (
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"aws-access-bot/config"
)

// line is a grant of the model: for how long, and from when. Zero is standing.
type line struct {
	length time.Duration
	start  time.Time
}

// end is when it ends, far away for a standing one.
func (l line) end() time.Time {
	if l.length == 0 {
		return l.start.Add(1 << 62)
	}
	return l.start.Add(l.length)
}

// taking is a commit that takes something away, by its line or by its end, and the
// end before the first that did.
type taking struct {
	commit string
	from   time.Time
}

// estateModel says what each commit takes away, knowing nothing of how the engine
// finds it out.
type estateModel struct {
	lines map[config.Assignment]line
	taken map[config.Assignment]taking
}

// commit draws the next commit: some lines go, some get another length, others
// come (again).
func (m *estateModel) commit(r *rand.Rand, all []config.Assignment, now time.Time, id string, live func(config.Assignment) bool) {
	lengths := []time.Duration{0, 3 * time.Hour, 26 * time.Hour}
	touched := r.IntN(3) // few lines, many or all
	for _, a := range all {
		had, desired := m.lines[a]
		if touched == 0 && r.IntN(6) > 0 || touched == 1 && r.IntN(2) > 0 {
			continue
		}
		next := line{lengths[r.IntN(len(lengths))], now}
		drop := r.IntN(4) == 0
		if desired && next.length == had.length && !drop {
			continue // the same line, and its clock goes on
		}
		if !live(a) {
			delete(m.taken, a)
		}
		was, before := m.taken[a]
		if !before && desired {
			was.from = had.end()
		}
		nearer := drop || next.end().Before(had.end())
		switch {
		case !live(a), !desired && !before:
		case !drop && !next.end().Before(was.from):
			delete(m.taken, a)
		case nearer && desired && had.end().After(now):
			m.taken[a] = taking{id, was.from}
		}
		if drop {
			delete(m.lines, a)
		} else {
			m.lines[a] = next
		}
	}
}

// repository is the config of the model.
func (m *estateModel) repository(id string) *repository {
	r := newRepository(id)
	for a, l := range m.lines {
		f, _ := r.repo.PrincipalFile(a.Principal)
		g := config.Grant{Account: r.slug(a.Account), PermissionSet: a.PermissionSet, Duration: l.length}
		f.Access = append(f.Access, g)
		r.starts[f.Key(g)] = config.Start{MergedAt: l.start}
	}
	return r
}

// TestNoCommitTakesMoreThanItMayHoweverItDoes: random commits that drop lines and
// set ends near and far, for days. Of 40 assignments none takes more than five,
// whatever the mixture, and what had its end from the start goes at it.
func TestNoCommitTakesMoreThanItMayHoweverItDoes(t *testing.T) {
	var held, ended atomic.Int64
	t.Cleanup(func() {
		if held.Load() == 0 || ended.Load() == 0 {
			t.Errorf("the draws are too tame: %d held, %d ended", held.Load(), ended.Load())
		}
	})
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				r := rand.New(rand.NewPCG(seed, 21))
				s := started(t, newWorld().populate(1, 1, 2, 3))
				all := spread(40)
				m := &estateModel{map[config.Assignment]line{}, map[config.Assignment]taking{}}
				for i, a := range all {
					m.lines[a] = line{[]time.Duration{0, 0, 0, 30 * time.Hour}[i%4], time.Now().UTC()}
				}
				s.commitOf(t, m.repository(sha("0")))
				after(time.Hour)
				for n := 1; n <= 3; n++ {
					m.commit(r, all, time.Now().UTC(), fmt.Sprintf("c%d", n), s.isLive)
					s.commitOf(t, m.repository(fmt.Sprintf("c%d", n)))
					after(time.Duration(1+r.IntN(8)) * time.Hour)
					m.judge(t, s, all)
				}
				after(28 * time.Hour)
				h, e := m.judge(t, s, all)
				held.Add(int64(h))
				ended.Add(int64(e))
			})
		})
	}
}

// judge holds the world against the model, and returns how many ends and removals
// are held and how many grants ended on their own.
func (m *estateModel) judge(t *testing.T, s *system, all []config.Assignment) (held, ended int) {
	t.Helper()
	now := time.Now().Add(-30 * time.Minute)
	gone := map[string]int{}
	for _, a := range all {
		l, desired := m.lines[a]
		over := !desired || !l.end().After(now)
		took, taken := m.taken[a]
		switch live := s.isLive(a); {
		case taken && over && !took.from.After(now):
			if live {
				t.Errorf("%s has come to the end that it was given with, and is live", a)
			}
		case taken && !live && took.from.After(time.Now()):
			gone[took.commit]++
		case taken && over:
			held++
		case desired && over && live:
			t.Errorf("%s had its end from the start, which has passed, and is live", a)
		case desired && over:
			ended++
		}
	}
	for commit, n := range gone {
		if n > 5 {
			t.Errorf("%s took %d away, and five may go", commit, n)
		}
	}
	return held, ended
}
