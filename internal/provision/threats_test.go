package provision_test

import (
	"io/fs"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/config/example"
	"aws-access-bot/internal/provision"
)

// TestT05ClockJumps: while our clock and trusted ones disagree by more than a
// minute, nothing that hangs on the time is done: no grant ends and none that
// ends is made. What hangs on no time goes on, and all is made up for when the
// clock is right.
func TestT05ClockJumps(t *testing.T) {
	t.Parallel()
	for _, jump := range []time.Duration{61 * time.Second, time.Hour, -time.Hour, 24 * time.Hour, -24 * time.Hour} {
		t.Run(jump.String(), func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				s := started(t, newWorld().populate(1, 1, 2))
				ends, stands, late := grant(1, 1, readOnly), grant(1, 2, readOnly), grant(2, 3, readOnly)
				first := newRepository("c1").with(time.Hour, "", ends)
				s.commitOf(t, first)
				after(time.Minute)
				s.do(func() { s.skew = jump })
				s.commitOf(t, newRepository("c2").with(time.Hour, "", ends).with(0, "", stands).with(9*time.Hour, "", late).since(first))
				after(2 * time.Hour)
				if !s.isLive(ends) || !s.isLive(stands) || s.isLive(late) {
					t.Errorf("while the clock is wrong: ended %v, standing %v, new with an end %v", s.isLive(ends), s.isLive(stands), s.isLive(late))
				}
				if f := s.facts(t, late); f.TroubleCode != string(provision.CodeClock) || len(s.notices) == 0 {
					t.Errorf("nobody is told: %+v, %v", f, s.notices)
				}
				s.do(func() { s.skew = 0 })
				after(10 * time.Minute)
				if s.isLive(ends) || !s.isLive(stands) || !s.isLive(late) {
					t.Errorf("once it is right: ended %v, standing %v, new with an end %v", s.isLive(ends), s.isLive(stands), s.isLive(late))
				}
			})
		})
	}
}

// TestT29GroupsOfOneName: the group of the config's id gets the access and no
// other, and a group that was renamed after the merge gets none.
func TestT29GroupsOfOneName(t *testing.T) {
	t.Parallel()
	named := func(w *world, n int, name string) {
		w.groups[groupID(n)] = provision.Group{ID: groupID(n), Name: name, SecurityEnabled: true}
	}
	t.Run("a twin", func(t *testing.T) {
		inBubble(t, func(t *testing.T) {
			w := newWorld().populate(2, 1, 2)
			named(w, 2, "aws-group-1")
			s := started(t, w)
			s.commitOf(t, newRepository("c1").with(0, "", grant(1, 1, readOnly)))
			after(10 * time.Minute)
			if !s.isLive(grant(1, 1, readOnly)) || s.isLive(grant(2, 1, readOnly)) {
				t.Errorf("live: %v", s.live)
			}
		})
	})
	for name, renamed := range map[string]string{"renamed": "aws-other", "another case": "AWS-Group-1", "a look-alike": "aws-gr\u043eup-1", "a space more": "aws-group-1 "} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				w := newWorld().populate(2, 1)
				s := started(t, w)
				s.commitOf(t, newRepository("c1").with(0, "", grant(1, 1, readOnly)))
				after(time.Minute)
				s.do(func() { named(w, 1, renamed) })
				s.commitOf(t, newRepository("c2").with(0, "", grant(1, 1, readOnly), grant(1, 2, powerUser)))
				after(10 * time.Minute)
				if s.isLive(grant(1, 2, powerUser)) {
					t.Error("a group that is named otherwise got new access")
				}
				if !s.isLive(grant(1, 1, readOnly)) {
					t.Error("what it had was removed for its name")
				}
				if f := s.facts(t, grant(1, 2, powerUser)); f.TroubleCode != string(provision.CodeGroupRenamed) {
					t.Errorf("told %q", f.TroubleCode)
				}
			})
		})
	}
}

// exampleFiles is the example config repo.
func exampleFiles(t *testing.T) fstest.MapFS {
	t.Helper()
	fsys := fstest.MapFS{}
	err := fs.WalkDir(example.FS(), ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(example.FS(), p)
		fsys[p] = &fstest.MapFile{Data: data, Mode: 0o644}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return fsys
}

func desiredAt(t *testing.T, r *config.Repo) map[config.Assignment]time.Time {
	t.Helper()
	starts := config.NextStarts(nil, r, nil, config.Start{MergedAt: planTime})
	out := map[config.Assignment]time.Time{}
	for _, d := range r.Desired(starts, planTime) {
		out[d.Assignment] = d.End
	}
	return out
}

// removals are those that the guards let through when desired follows owned.
func removals(owned, desired map[config.Assignment]time.Time, percent float64) []config.Assignment {
	g := harmless()
	g.drop()
	g.s.RemovalPercent = percent
	for a := range owned {
		g.s.Owned[a] = true
	}
	maps.Copy(g.s.Desired, desired)
	for a := range owned {
		if _, ok := desired[a]; !ok {
			g.plan.Changes = append(g.plan.Changes, provision.Change{Kind: provision.Remove, Assignment: a, Cause: byCommit("c1")})
		}
	}
	var out []config.Assignment
	for _, c := range provision.Check(g.plan, g.s).Allowed {
		if c.Kind == provision.Remove {
			out = append(out, c.Assignment)
		}
	}
	return out
}

// TestT31TruncatedFilesRemoveNoMoreThanTheGuardAllows: each file of grants, cut
// wherever it stays valid: after each line and within each last word.
func TestT31TruncatedFilesRemoveNoMoreThanTheGuardAllows(t *testing.T) {
	t.Parallel()
	whole := exampleFiles(t)
	base, err := config.Load(whole)
	if err != nil {
		t.Fatal(err)
	}
	owned := desiredAt(t, base)
	most := max(5, len(owned)/10)
	var cache config.Cache
	valid, held := 0, 0
	for path, file := range whole {
		if !strings.HasPrefix(path, "groups/") && !strings.HasPrefix(path, "users/") {
			continue
		}
		for n := range file.Data {
			line := file.Data[:n]
			if i := strings.LastIndexByte(string(line), '\n'); i >= 0 && i < n-1 && !strings.Contains(string(line[i:]), "permission_set: ") {
				continue
			}
			cut := maps.Clone(whole)
			cut[path] = &fstest.MapFile{Data: line, Mode: 0o644}
			r, err := cache.Load(cut)
			if err != nil {
				continue
			}
			valid++
			going := removals(owned, desiredAt(t, r), base.Access.Limits.RemovalPercent)
			if len(going) > most {
				t.Errorf("%s cut to %d bytes removes %d, more than %d", path, n, len(going), most)
			}
			if len(going) == 0 {
				held++
			}
		}
	}
	if valid == 0 || held == 0 {
		t.Errorf("%d cuts are valid, %d are held: the test shows nothing", valid, held)
	}
}

// TestT34ManagementAccount: refused as the third layer, whoever names it: the
// config, Organizations only, or nobody yet; for removals too.
func TestT34ManagementAccount(t *testing.T) {
	t.Parallel()
	a, other := grant(1, 1, readOnly), grant(1, 2, readOnly)
	tests := []struct {
		name  string
		set   func(w *world, r *repository)
		other bool // whether the other account is served
	}{
		{"the config says so, Organizations another", func(_ *world, r *repository) { r.repo.Access.ManagementAccount = a.Account }, true},
		{"Organizations says so, the config another", func(w *world, _ *repository) { w.management = a.Account }, true},
		{"both say so", func(w *world, r *repository) { w.management, r.repo.Access.ManagementAccount = a.Account, a.Account }, true},
		{"Organizations says nothing", func(w *world, _ *repository) { w.management = "" }, false},
		{"the config says nothing", func(_ *world, r *repository) { r.repo.Access.ManagementAccount = "" }, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				w := newWorld().populate(1, 1)
				r := newRepository("c1").with(0, "", a, other)
				tt.set(w, r)
				s := started(t, w)
				s.commitOf(t, r)
				after(time.Hour)
				if s.isLive(a) || s.isLive(other) != tt.other {
					t.Errorf("management account %v, other %v", s.isLive(a), s.isLive(other))
				}
				// What the config itself excludes is not even desired.
				if f := s.facts(t, a); r.repo.Access.ManagementAccount != a.Account && f.TroubleCode != string(provision.CodeManagement) {
					t.Errorf("nobody is told: %+v", f)
				}
			})
		})
	}
	t.Run("what is there stays when an account becomes it", func(t *testing.T) {
		inBubble(t, func(t *testing.T) {
			s := started(t, newWorld().populate(1, 1))
			s.commitOf(t, newRepository("c1").with(0, "", a, other))
			after(time.Minute)
			s.do(func() { s.management = a.Account })
			next := newRepository("c2").with(0, "", other)
			next.repo.Access.ManagementAccount = a.Account
			s.commitOf(t, next)
			after(time.Hour)
			if !s.isLive(a) || !s.isLive(other) {
				t.Errorf("management account %v, other %v", s.isLive(a), s.isLive(other))
			}
		})
	})
}

// TestT40MassRemoval: whatever empties or replaces what is desired, the estate
// stays, and somebody is told. That a new day's budget is no help is shown by
// TestPlanOverTheBudgetIsRefusedWholeHoweverOftenTried.
func TestT40MassRemoval(t *testing.T) {
	t.Parallel()
	all := spread(27)
	moved := func(by int) []config.Assignment {
		var out []config.Assignment
		for _, a := range all {
			b := a
			b.Account = accountID(slices.Index(accountIDs(), a.Account) + 1 + by)
			out = append(out, b)
		}
		return out
	}
	tests := []struct {
		name string
		next func() *repository
	}{
		{"nothing is desired any more", func() *repository { return newRepository("c2") }},
		{"one thing is left", func() *repository { return newRepository("c2").with(0, "", all[0]) }},
		{"every account has another number", func() *repository { return newRepository("c2").with(0, "", moved(10)...) }},
		{"every set has another name", func() *repository {
			var renamed []config.Assignment
			for _, a := range all {
				a.PermissionSet = "New" + a.PermissionSet
				renamed = append(renamed, a)
			}
			return newRepository("c2").with(0, "", renamed...)
		}},
		{"an account is emptied", func() *repository {
			r := newRepository("c2")
			for _, a := range all {
				if a.Account != accountID(1) {
					r.with(0, "", a)
				}
			}
			r.repo.Access.Limits.RemovalPercent = 10
			return r
		}},
		{"the budget is no number", func() *repository {
			r := newRepository("c2").with(0, "", all[9:]...)
			r.repo.Access.Limits.RemovalPercent = math.NaN()
			return r
		}},
		{"the budget is over everything", func() *repository {
			r := newRepository("c2").with(0, "", all[9:]...)
			r.repo.Access.Limits.RemovalPercent = 101
			return r
		}},
		{"an allowance for another commit", func() *repository {
			r := newRepository("c2").with(0, "", all[9:]...)
			r.repo.Access.Limits.Allow = &config.RemovalAllowance{Commit: "c1", Removals: 27}
			return r
		}},
		{"an allowance for fewer", func() *repository {
			r := newRepository("c2").with(0, "", all[9:]...)
			r.repo.Access.Limits.Allow = &config.RemovalAllowance{Commit: "c2", Removals: 8}
			return r
		}},
		{"all ends moved into the past", func() *repository {
			r := newRepository("c2").with(time.Nanosecond, "", all...)
			for k, s := range r.starts {
				s.MergedAt = s.MergedAt.Add(-time.Hour)
				r.starts[k] = s
			}
			return r
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				s := started(t, newWorld().populate(1, 1, 2, 3))
				s.commitOf(t, newRepository("c1").with(0, "", all...))
				after(5 * time.Minute)
				s.commitOf(t, tt.next())
				gone := func() (n int) {
					for _, a := range all {
						if !s.isLive(a) {
							n++
						}
					}
					return n
				}
				after(20 * time.Minute)
				if n := gone(); n > 5 || tt.name != "an account is emptied" && n > 0 {
					t.Fatalf("%d of %d are gone", n, len(all))
				}
				if tt.name != "an account is emptied" && len(s.notices) == 0 {
					t.Error("nobody was told")
				}
			})
		})
	}
}

func accountIDs() []string {
	var out []string
	for n := 1; n <= 20; n++ {
		out = append(out, accountID(n))
	}
	return out
}

// TestT40AnEmptyCurrentIsNoReasonToRemove: a listing that shows nothing, or a
// store that knows nothing, removes nothing and owns nothing.
func TestT40AnEmptyCurrentIsNoReasonToRemove(t *testing.T) {
	for _, percent := range []float64{0, 10, 100, math.NaN(), math.Inf(1), -1} {
		owned := map[config.Assignment]time.Time{}
		if got := removals(owned, nil, percent); len(got) != 0 {
			t.Errorf("%v %%: of nothing %d are removed", percent, len(got))
		}
		for _, a := range spread(30) {
			owned[a] = time.Time{}
		}
		if got := removals(owned, nil, percent); len(got) != 0 {
			t.Errorf("%v %%: everything there is, %d, is removed", percent, len(got))
		}
	}
	inBubble(t, func(t *testing.T) {
		s := started(t, newWorld().populate(1, 1, 2, 3))
		for _, a := range spread(27) {
			s.put(a)
		}
		s.commitOf(t, newRepository("c1"))
		after(2 * time.Hour)
		if n := s.count("DeleteAccountAssignment"); n != 0 {
			t.Errorf("%d of what no commit ever declared were removed", n)
		}
	})
}

// TestT41ProtectedGrantsStay: taken out of the config, ended, allowed for or
// swept away with everything else; and what somebody removed comes back.
func TestT41ProtectedGrantsStay(t *testing.T) {
	t.Parallel()
	glass, other := grant(1, 1, admin), grant(2, 2, readOnly)
	protect := func(r *repository) *repository {
		r.repo.Access.Protected = []config.ProtectedGrant{{Group: "aws-group-1", PermissionSet: admin}}
		return r
	}
	tests := []struct {
		name string
		next func(s *system, first *repository) *repository
	}{
		{"its line is gone", func(*system, *repository) *repository { return newRepository("c2").with(0, "", other) }},
		{"everything is gone", func(*system, *repository) *repository { return newRepository("c2") }},
		{"its end came", func(*system, *repository) *repository { return newRepository("c2").with(time.Minute, "", glass, other) }},
		{"its account is legacy", func(*system, *repository) *repository {
			r := newRepository("c2").with(0, "", other)
			r.repo.Accounts["account-1"].Stage = config.StageLegacy
			return r
		}},
		{"its removal is allowed for", func(*system, *repository) *repository {
			r := newRepository("c2").with(0, "", other)
			r.repo.Access.Limits.Allow = &config.RemovalAllowance{Commit: "c2", Removals: 9}
			return r
		}},
		{"drift is put back", func(*system, *repository) *repository {
			r := newRepository("c2").with(0, "", other)
			r.repo.Access.Drift = config.DriftRevert
			return r
		}},
		{"somebody removed it", func(s *system, first *repository) *repository {
			s.do(func() { delete(s.live, glass.Pair()) })
			first.sha = "c2"
			return first
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				s := started(t, newWorld().populate(1, 1, 2))
				first := protect(newRepository("c1").with(0, "", glass, other))
				s.commitOf(t, first)
				after(5 * time.Minute)
				s.commitOf(t, protect(tt.next(s, first)))
				after(2 * time.Hour)
				if !s.isLive(glass) {
					t.Error("the protected grant is gone")
				}
			})
		})
	}
	t.Run("once it is not protected it goes", func(t *testing.T) {
		inBubble(t, func(t *testing.T) {
			s := started(t, newWorld().populate(1, 1, 2))
			door := grant(2, 1, admin) // so that it is not the last way in
			s.commitOf(t, protect(newRepository("c1").with(0, "", glass, other, door)))
			after(5 * time.Minute)
			s.commitOf(t, newRepository("c2").with(0, "", other, door))
			after(time.Hour)
			if s.isLive(glass) || !s.isLive(other) {
				t.Errorf("glass %v, other %v", s.isLive(glass), s.isLive(other))
			}
		})
	})
}
