package provision_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/provision/permset"
)

// foretelling is a commit that follows another, with the codes of the guards that
// hold something of it.
type foretelling struct {
	name        string
	first, then func(r *repository) *repository
	// found is live by hand, and known as drift by the time of the merge.
	found []config.Assignment
	// live makes the set Root in AWS another than one with AdministratorAccess.
	live func(l *permset.Live)
	// wait is how long after the merge all ends have passed.
	wait time.Duration
	want []provision.Code
	// offline is what the config alone tells, where that is another thing.
	offline []provision.Code
	// until is when an end that the commit sets passes, zero for none.
	until time.Duration
	// shut: nothing that limits.allow says lets it pass.
	shut bool
}

// ownSet is a permission set by which the bot works, in the account ownAccount.
const ownSet = "BotPower"

func own(n int) config.Assignment {
	a := grant(n, 1, ownSet)
	a.Account = accountID(9)
	return a
}

func accountOf(account, n int, set string) []config.Assignment {
	var out []config.Assignment
	for g := 1; g <= n; g++ {
		out = append(out, grant(g, account, set))
	}
	return out
}

func foretellings() []foretelling {
	all, whole := spread(60), accountOf(15, 6, readOnly)
	group := []config.Assignment{}
	for n := 1; n <= 6; n++ {
		group = append(group, grant(6, n, powerUser))
	}
	standing := func(list ...config.Assignment) func(r *repository) *repository {
		return func(r *repository) *repository { return r.with(0, "", list...) }
	}
	rest := all[:40]
	and := func(fs ...func(r *repository) *repository) func(r *repository) *repository {
		return func(r *repository) *repository {
			for _, f := range fs {
				r = f(r)
			}
			return r
		}
	}
	ending := func(d time.Duration, list ...config.Assignment) func(r *repository) *repository {
		return func(r *repository) *repository { return r.with(d, "", list...) }
	}
	roots := []config.Assignment{grant(1, 1, "Root"), grant(1, 2, "Root")}
	root := func(policies ...string) func(r *repository) *repository {
		return func(r *repository) *repository {
			return r.with(0, "", roots...).declaring(rootFile(policies...))
		}
	}
	protect := func(r *repository) *repository {
		r.repo.Access.Protected = []config.ProtectedGrant{{Group: "aws-group-1", PermissionSet: "Root"}}
		return r
	}
	return []foretelling{
		{name: "nothing", first: standing(rest...), then: standing(rest...)},
		{name: "one addition", first: standing(rest...), then: standing(all[:41]...)},
		{name: "five removals", first: standing(rest...), then: standing(rest[5:]...)},
		{name: "six removals", first: standing(rest...), then: standing(rest[6:]...), want: []provision.Code{provision.CodeBudget}},
		{name: "a whole account", first: and(standing(rest...), standing(whole...)), then: standing(rest...), want: []provision.Code{provision.CodeWholeAccount}},
		{name: "a whole account, replaced by one line of the same commit", first: and(standing(rest...), standing(whole...)), then: and(standing(rest...), standing(grant(7, 15, readOnly))),
			want: []provision.Code{provision.CodeWholeAccount}},
		{name: "a whole account, beside an hour", first: and(standing(rest...), standing(whole...), ending(30*time.Hour, grant(7, 15, powerUser))),
			then: and(standing(rest...), ending(30*time.Hour, grant(7, 15, powerUser))), want: []provision.Code{provision.CodeWholeAccount}},
		{name: "a whole account, beside an hour that the same commit makes endless", first: and(standing(rest...), standing(whole...), ending(30*time.Hour, grant(7, 15, powerUser))),
			then: and(standing(rest...), standing(grant(7, 15, powerUser))), want: []provision.Code{provision.CodeWholeAccount}},
		{name: "some at once and some by an end, together over the budget", first: standing(rest...),
			then: and(standing(rest[6:]...), ending(48*time.Hour, rest[3:6]...)), want: []provision.Code{provision.CodeBudget}, wait: 50 * time.Hour},
		{name: "a whole group", first: and(standing(rest...), standing(group...)), then: standing(rest...), want: []provision.Code{provision.CodeWholeGroup}},
		{name: "everything", first: standing(rest[:10]...), then: func(r *repository) *repository { return r }, want: []provision.Code{provision.CodeWholeEstate}},
		{name: "the last way", first: and(standing(rest...), standing(grant(1, 15, admin), grant(1, 15, readOnly))), then: and(standing(rest...), standing(grant(1, 15, readOnly))),
			want: []provision.Code{provision.CodeLastWay}},
		{name: "not the last way", first: and(standing(rest...), standing(grant(1, 15, admin), grant(2, 15, admin))), then: and(standing(rest...), standing(grant(2, 15, admin)))},
		{name: "an end for a whole account", first: and(standing(rest...), standing(whole...)), then: and(standing(rest...), ending(2*time.Hour, whole...)),
			want: []provision.Code{provision.CodeWholeAccount}, wait: 4 * time.Hour, until: 2 * time.Hour},
		{name: "an end in a month for a whole account", first: and(standing(rest...), standing(whole...)), then: and(standing(rest...), ending(720*time.Hour, whole...)),
			want: []provision.Code{provision.CodeWholeAccount}, wait: 722 * time.Hour, until: 720 * time.Hour},
		{name: "an end for the last way", first: and(standing(rest...), standing(grant(1, 15, admin), grant(1, 15, readOnly))),
			then: and(standing(rest...), standing(grant(1, 15, readOnly)), ending(time.Hour, grant(1, 15, admin))), want: []provision.Code{provision.CodeLastWay}, wait: 2 * time.Hour, until: time.Hour},
		{name: "two ends, together over the budget", first: standing(rest...),
			then: and(standing(rest[6:]...), ending(time.Hour, rest[:3]...), ending(2*time.Hour, rest[3:6]...)), want: []provision.Code{provision.CodeBudget}, wait: 4 * time.Hour, until: time.Hour},
		{name: "an end for a few", first: standing(rest...), then: and(standing(rest[3:]...), ending(time.Hour, rest[:3]...)), wait: 2 * time.Hour},
		{name: "ends that were there from the start", first: and(standing(rest...), ending(2*time.Hour, whole...)), then: and(standing(rest...), ending(2*time.Hour, whole...)), wait: 4 * time.Hour},
		{name: "ends that are later than before", first: and(standing(rest...), ending(2*time.Hour, whole...)), then: and(standing(rest...), ending(4*time.Hour, whole...)), wait: 6 * time.Hour},
		{name: "an end for what a whole account has by hand", first: standing(rest...), found: whole, then: and(standing(rest...), ending(2*time.Hour, whole...)),
			want: []provision.Code{provision.CodeWholeAccount}, offline: []provision.Code{}, wait: 4 * time.Hour, until: 2 * time.Hour},
		{name: "an end for the last way, which is there by hand", first: standing(rest...), found: []config.Assignment{grant(1, 15, admin)},
			then: and(standing(rest...), ending(time.Hour, grant(1, 15, admin))), want: []provision.Code{provision.CodeLastWay}, offline: []provision.Code{}, wait: 2 * time.Hour, until: time.Hour},
		{name: "an end for one that is there by hand", first: standing(rest...), found: whole[:1], then: and(standing(rest...), ending(time.Hour, whole[:1]...)), wait: 2 * time.Hour},
		{name: "no end for what a whole account has by hand", first: standing(rest...), found: whole, then: and(standing(rest...), standing(whole...))},
		{name: "more who have the bot's own role", first: standing(rest...), then: and(standing(rest...), standing(own(2))), want: []provision.Code{provision.CodeOwnAccess}, offline: []provision.Code{}, shut: true},
		{name: "fewer who have the bot's own role", first: and(standing(rest...), standing(own(1), own(2))), then: and(standing(rest...), standing(own(2))),
			want: []provision.Code{provision.CodeOwnAccess}, offline: []provision.Code{}, shut: true},
		{name: "the last way is gutted", first: root(policyAdmin), then: root(policyView), want: []provision.Code{provision.CodeSetWay}},
		{name: "a protected grant's set is gutted", first: and(root(policyAdmin), protect, standing(grant(2, 1, admin), grant(2, 2, admin))),
			then: and(root(policyView), protect, standing(grant(2, 1, admin), grant(2, 2, admin))), want: []provision.Code{provision.CodeSetWay}},
		{name: "the first file of a set takes away what makes it the last way", first: standing(roots...), then: func(r *repository) *repository {
			r = root(policyView)(r)
			r.repo.Access.Drift = config.DriftRevert
			return r
		}, want: []provision.Code{provision.CodeSetWay}, offline: []provision.Code{}},
		{name: "the first file of a set limits it", first: standing(roots...), then: and(standing(roots...), func(r *repository) *repository {
			file := rootFile(policyAdmin)
			file.Boundary = &config.Boundary{ManagedPolicy: policyView}
			return r.declaring(file)
		}), want: []provision.Code{provision.CodeSetWay}, offline: []provision.Code{}},
		{name: "the first file of a set says what AWS has", first: standing(roots...), then: root(policyAdmin)},
		{name: "the first file of a set leaves what AWS has more", first: standing(roots...), then: root(policyView)},
		{name: "the first file of a set that is new", first: standing(rest...), then: and(standing(rest...), func(r *repository) *repository { return r.declaring(declared("New", time.Hour, policyView)) })},
		{name: "the first file of a set that somebody has in the management account", first: standing(roots...), then: root(policyAdmin, policyView),
			live: func(l *permset.Live) { l.Accounts = append(l.Accounts, managementAccount) }, want: []provision.Code{provision.CodeSetManagement}, offline: []provision.Code{}, shut: true},
		{name: "a set that somebody added to, in some accounts", first: root(policyAdmin), then: root(policyAdmin, policyView), live: func(l *permset.Live) {
			l.Managed, l.Outdated = append(l.Managed, policyAudit), []string{accountID(2)}
		}, want: []provision.Code{provision.CodeSetSpread}, offline: []provision.Code{}, shut: true},
		{name: "a set is made wider", first: root(policyAdmin), then: root(policyAdmin, policyView)},
		{name: "a set that is no last way is made narrower", first: and(root(policyAdmin), standing(grant(2, 1, admin), grant(2, 2, admin))), then: and(root(policyView), standing(grant(2, 1, admin), grant(2, 2, admin)))},
	}
}

// foundByHand makes assignments live that no commit declares, and has the bot find them.
func (s *system) foundByHand(t *testing.T, list ...config.Assignment) {
	t.Helper()
	if len(list) == 0 {
		return
	}
	for _, a := range list {
		s.do(func() { s.put(a) })
	}
	after(30 * time.Hour) // everything is read once a day, whoever has it
	if n := len(s.known(t)); n != len(list) {
		t.Fatalf("%d of %d are known as drift", n, len(list))
	}
}

// mergeOf is the merge of one commit after another, now.
func mergeOf(first, then *repository) access.Merge {
	now := time.Now()
	return access.Merge{Before: first.repo, After: then.repo, Was: first.repo.Desired(first.starts, now), Will: then.repo.Desired(then.starts, now), At: now}
}

func codesOf(f access.Foretold) []provision.Code {
	codes := []provision.Code{}
	for _, h := range f.Holds {
		codes = append(codes, provision.Code(h.Code))
	}
	slices.Sort(codes)
	return slices.Compact(codes)
}

// held returns the codes of guards that hold anything of some assignments or of the
// set Root, sorted.
func (s *setSystem) held(t *testing.T, list ...config.Desired) []provision.Code {
	t.Helper()
	codes := map[provision.Code]bool{}
	for _, d := range list {
		codes[provision.Code(s.facts(t, d.Assignment).TroubleCode)] = true
	}
	codes[s.record(t, "Root").Code] = true
	delete(codes, "")
	delete(codes, provision.CodeSetPending) // of whom the set that is held is for
	return slices.Sorted(maps.Keys(codes))
}

// TestWhatIsForetoldIsWhatIsHeld: before the merge, by the records and by the config
// alone, and after it by the guards; and the allowance that is foretold lets all of
// it pass that one can.
func TestWhatIsForetoldIsWhatIsHeld(t *testing.T) {
	for _, tt := range foretellings() {
		t.Run(tt.name, func(t *testing.T) {
			if testing.Short() && tt.wait > 7*24*time.Hour {
				t.Skip("a month passes, which is minutes under the race detector")
			}
			inBubble(t, func(t *testing.T) {
				svc := newSetService(newWorld().populate(1, 1, 2, 3, 4, 5, 6, 7))
				svc.caller.ARN, svc.caller.Account = "arn:aws:sts::"+accountID(9)+":assumed-role/AWSReservedSSO_"+ownSet+"_0123456789abcdef/bot", accountID(9)
				live := svc.have(view("Root", time.Hour, policyAdmin), accountID(1), accountID(2))
				if tt.live != nil {
					tt.live(live)
				}
				s := startedSets(t, svc)
				first := tt.first(newRepository(sha("a")))
				s.commitOf(t, first)
				after(30 * time.Minute)
				s.foundByHand(t, tt.found...)
				next := tt.then(newRepository(sha("b"))).since(first)
				m := mergeOf(first, next)
				foretold, err := s.engine.Foretell(t.Context(), m)
				if err != nil {
					t.Fatal(err)
				}
				want := append([]provision.Code{}, tt.want...)
				if diff := cmp.Diff(want, codesOf(foretold)); diff != "" || !foretold.Recorded {
					t.Errorf("foretold by the records (-want +got):\n%s\n%+v", diff, foretold)
				}
				byConfig, offline := provision.Foretell(m), want
				if tt.offline != nil {
					offline = tt.offline
				}
				if diff := cmp.Diff(offline, codesOf(byConfig)); diff != "" {
					t.Errorf("foretold by the config (-want +got):\n%s\n%+v", diff, byConfig)
				}
				for _, h := range foretold.Holds {
					if h.Allowed == tt.shut || strings.Contains(h.Sentence, "limits:") || h.At.IsZero() != (tt.until == 0) ||
						tt.until > 0 && h.At.Sub(m.At).Round(time.Minute) < tt.until {
						t.Errorf("%+v", h)
					}
				}
				s.commitOf(t, next)
				after(time.Hour + tt.wait)
				everything := slices.Concat(m.Was, m.Will)
				if diff := cmp.Diff(want, append([]provision.Code{}, s.held(t, everything...)...)); diff != "" {
					t.Fatalf("held (-foretold +got):\n%s", diff)
				}
				if len(want) == 0 || tt.shut {
					if foretold.Allow != 0 || foretold.AllowLines() != "" {
						t.Errorf("an allowance of %d, for nothing", foretold.Allow)
					}
					return
				}
				enough := config.RemovalAllowance{Commit: sha("b"), Removals: foretold.Allow, PermissionSets: foretold.AllowSets}
				less := enough // and more removals are no set
				if less.Removals--; len(less.PermissionSets) > 0 {
					less.Removals, less.PermissionSets = 1000, nil
				}
				for i, allow := range []config.RemovalAllowance{less, enough} {
					allowed := tt.then(newRepository(sha([]string{"c", "d"}[i]))).since(next)
					allowed.repo.Access.Limits.Allow = &allow
					s.commitOf(t, allowed)
					after(3 * time.Hour)
					still := [][]provision.Code{want, {}}[i]
					if diff := cmp.Diff(still, append([]provision.Code{}, s.held(t, everything...)...)); diff != "" {
						t.Errorf("held with the allowance %s of %s (-want +got):\n%s", allow, enough, diff)
					}
				}
			})
		})
	}
}
