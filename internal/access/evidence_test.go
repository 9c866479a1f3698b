package access_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"

	"github.com/google/go-cmp/cmp"
)

// recorded is what gitops and provision have recorded.
type recorded struct {
	pull    *access.PullFacts
	verdict *access.Verdict
	grant   *access.GrantFacts
	asked   config.Assignment

	pullErr, verdictErr, grantErr error
}

func (r *recorded) PullFacts(context.Context, access.ID) (*access.PullFacts, error) {
	return r.pull, r.pullErr
}

func (r *recorded) Verdict(context.Context, access.ID) (*access.Verdict, error) {
	return r.verdict, r.verdictErr
}

func (r *recorded) GrantFacts(_ context.Context, a config.Assignment) (*access.GrantFacts, error) {
	r.asked = a
	if r.grant == nil {
		return nil, r.grantErr
	}
	g := *r.grant
	return &g, r.grantErr
}

// granted is the example repo with grants of requests in aws-payments-dev.
func granted(t testing.TB, entries ...string) *config.Repo {
	t.Helper()
	text := "id: " + payDev + "\nname: aws-payments-dev\nowners: [yuki@example.com]\naccess:\n  - {account: payments-prod, permission_set: ReadOnlyAccess}\n"
	for _, e := range entries {
		text += "  - {account: payments-dev, permission_set: PowerUserAccess, " + e + "}\n"
	}
	return exampleRepo(t, map[string]string{"groups/aws-payments-dev.yaml": text})
}

// mine is a request for what granted grants.
func mine(kind access.Kind) access.Request {
	r := access.Request{ID: "REQ-000001", Kind: kind, Want: access.Want{
		Principal: config.Principal{Kind: config.GroupPrincipal, ID: payDev}, AccountID: "111122224444", PermissionSet: "PowerUserAccess",
	}}
	if kind == access.KindRevoke {
		r.ID, r.Want.Revokes = "REQ-000009", "REQ-000001"
	}
	return r
}

// TestFactsJoinTheConfigWithWhatIsLive: whether the request's own grant is in
// force comes from the config, the rest from provision.
func TestFactsJoinTheConfigWithWhatIsLive(t *testing.T) {
	t.Parallel()
	const own, foreign = "duration: 4h, request: REQ-000001", "duration: 8h, request: REQ-000002"
	tests := []struct {
		name    string
		entries []string
		kind    access.Kind
		after   time.Duration
		want    access.GrantFacts // Desired, End and StillWanted
	}{
		{"its own grant", []string{own}, access.KindGrant, 0, access.GrantFacts{Desired: true, End: morning.Add(4 * time.Hour)}},
		{"its own and another", []string{own, foreign}, access.KindGrant, 0, access.GrantFacts{Desired: true, End: morning.Add(4 * time.Hour), StillWanted: true, Outlived: true, GoesOn: "REQ-000002"}},
		{"its own has ended, another goes on", []string{own, foreign}, access.KindGrant, 4 * time.Hour, access.GrantFacts{StillWanted: true, GoesOn: "REQ-000002"}},
		{"both have ended", []string{own, foreign}, access.KindGrant, 8 * time.Hour, access.GrantFacts{}},
		{"a standing grant has no end", []string{"request: REQ-000001"}, access.KindGrant, 1000 * time.Hour, access.GrantFacts{Desired: true}},
		{"only another", []string{foreign}, access.KindGrant, 0, access.GrantFacts{StillWanted: true, GoesOn: "REQ-000002"}},
		{"a shorter one beside it does not outlast it", []string{own, "duration: 1h, request: REQ-000002"}, access.KindGrant, 0, access.GrantFacts{Desired: true, End: morning.Add(4 * time.Hour), StillWanted: true, GoesOn: "REQ-000002"}},
		{"of several others the longest counts", []string{own, "duration: 6h, request: REQ-000003", foreign}, access.KindGrant, 0, access.GrantFacts{Desired: true, End: morning.Add(4 * time.Hour), StillWanted: true, Outlived: true, GoesOn: "REQ-000002"}},
		{"what nobody asked for outlasts it too", []string{own, "reason: by hand"}, access.KindGrant, 0, access.GrantFacts{Desired: true, End: morning.Add(4 * time.Hour), StillWanted: true, Outlived: true}},
		{"none", nil, access.KindGrant, 0, access.GrantFacts{}},
		{"a removal looks at what it revokes", []string{own}, access.KindRevoke, 0, access.GrantFacts{Desired: true, End: morning.Add(4 * time.Hour)}},
		{"a removal that is merged", nil, access.KindRevoke, 0, access.GrantFacts{}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			repo := granted(t, tc.entries...)
			rec := &recorded{verdict: &access.Verdict{InForce: true}, grant: &access.GrantFacts{
				Desired: true, StillWanted: true, End: morning.Add(time.Minute), Created: morning, MembersSeen: 2,
			}}
			o := access.Observer{
				Pulls: rec, Grants: rec, Now: func() time.Time { return morning.Add(tc.after) },
				Commits: &commits{force: access.InForce{Repo: repo, Starts: started(repo, morning)}},
			}
			r := mine(tc.kind)
			got, err := o.Facts(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			tc.want.Created, tc.want.MembersSeen = morning, 2
			if d := cmp.Diff(&tc.want, got.Grant); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
			if rec.asked != r.Want.Assignment() {
				t.Errorf("provision was asked about %v", rec.asked)
			}
		})
	}
}

func TestAGroupWithoutAFileWantsNothing(t *testing.T) {
	t.Parallel()
	repo := granted(t)
	rec := &recorded{verdict: &access.Verdict{InForce: true}}
	o := access.Observer{Pulls: rec, Grants: rec, Now: func() time.Time { return morning }, Commits: &commits{force: access.InForce{Repo: repo}}}
	r := mine(access.KindGrant)
	r.Want.Principal.ID = "gone"
	got, err := o.Facts(t.Context(), r)
	if err != nil || got.Grant == nil || *got.Grant != (access.GrantFacts{}) {
		t.Errorf("facts %+v, %v", got.Grant, err)
	}
}

// TestFactsOfACommitNotInForce: what is live is no matter until the commit of
// the request is in force.
func TestFactsOfACommitNotInForce(t *testing.T) {
	t.Parallel()
	rec := &recorded{pull: &access.PullFacts{State: access.PullMerged}, grant: &access.GrantFacts{}}
	o := access.Observer{Pulls: rec, Grants: rec, Now: time.Now, Commits: &commits{err: access.ErrNotFound}}
	for _, v := range []*access.Verdict{nil, {Halt: "rule"}, {InForce: true}} {
		rec.verdict = v
		got, err := o.Facts(t.Context(), mine(access.KindGrant))
		if d := cmp.Diff(access.Facts{Pull: rec.pull, Verdict: v}, got); d != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, d)
		}
	}
}

func TestAFactThatCannotBeReadIsNoFact(t *testing.T) {
	t.Parallel()
	repo := granted(t)
	for name, fault := range map[string]func(*recorded, *commits){
		"pull request":    func(r *recorded, _ *commits) { r.pullErr = errDown },
		"verdict":         func(r *recorded, _ *commits) { r.verdictErr = errDown },
		"grant":           func(r *recorded, _ *commits) { r.grantErr = errDown },
		"config in force": func(_ *recorded, c *commits) { c.err = errDown },
	} {
		rec, c := &recorded{verdict: &access.Verdict{InForce: true}}, &commits{force: access.InForce{Repo: repo}}
		fault(rec, c)
		o := access.Observer{Pulls: rec, Grants: rec, Commits: c, Now: time.Now}
		got, err := o.Facts(t.Context(), mine(access.KindGrant))
		if !errors.Is(err, errDown) || !strings.Contains(err.Error(), "REQ-000001") {
			t.Errorf("%s: %v, want the fault with the request's id", name, err)
		}
		if d := cmp.Diff(access.Facts{}, got); d != "" {
			t.Errorf("%s: facts beside an error:\n%s", name, d)
		}
	}
}

// bigRepo has groups with fifty grants each.
func bigRepo(b *testing.B, groups int) *config.Repo {
	b.Helper()
	fsys := fstest.MapFS{}
	put := func(path, text string) { fsys[path] = &fstest.MapFile{Data: []byte(text), Mode: 0o644} }
	put("aws-access.yaml", `version: 1
phase: 1
organization: {id: o-a1b2c3d4e5, management_account: "999999999999"}
identity_center: {region: ap-northeast-1, start_url: https://d-9567000000.awsapps.com/start}
entra: {app: 5b0c0f5e-0000-4000-8000-000000000001}
approvals: [{name: all, match: {}, approvers: [ken@example.com], count: 1, standing: true}]
control_plane: {approvers: [ken@example.com], count: 1}
onboarding: {ou: /, approvers: [ken@example.com]}
`)
	put("people.yaml", "people: [{entra: "+ken+", email: ken@example.com, github: {login: ken, id: 1}}]\n")
	for i := range 50 {
		put(fmt.Sprintf("accounts/a%d.yaml", i), fmt.Sprintf("id: \"1111222233%02d\"\nname: a%d\nstage: sso\nou: /\nowners: [ken@example.com]\n", i, i))
	}
	for g := range groups {
		var text strings.Builder
		fmt.Fprintf(&text, "id: 0b7e3f4c-0000-4000-8000-%012x\nname: g%d\naccess:\n", g, g)
		for i := range 50 {
			fmt.Fprintf(&text, "  - {account: a%d, permission_set: ReadOnlyAccess}\n", i)
		}
		put(fmt.Sprintf("groups/g%d.yaml", g), text.String())
	}
	repo, err := config.Load(fsys)
	if err != nil {
		b.Fatal(err)
	}
	return repo
}

// BenchmarkFactsOfOneRequest is the tracker's look at one request in a repo of
// 100,000 grants. It must not grow with the grants of others: the look is at
// every open request, every fifteen seconds.
func BenchmarkFactsOfOneRequest(b *testing.B) {
	repo := bigRepo(b, 2000)
	force := access.InForce{Repo: repo, Starts: started(repo, morning)}
	rec := &recorded{verdict: &access.Verdict{InForce: true}}
	o := access.Observer{Pulls: rec, Grants: rec, Now: func() time.Time { return morning }, Commits: &commits{force: force}}
	r := mine(access.KindGrant)
	r.Want.Principal.ID, r.Want.AccountID, r.Want.PermissionSet = fmt.Sprintf("0b7e3f4c-0000-4000-8000-%012x", 1999), "111122223307", "ReadOnlyAccess"
	b.Run("one request", func(b *testing.B) {
		for b.Loop() {
			f, err := o.Facts(b.Context(), r)
			if err != nil || !f.Grant.StillWanted {
				b.Fatalf("%+v, %v", f.Grant, err)
			}
		}
	})
	b.Run("all grants, for comparison", func(b *testing.B) {
		for b.Loop() {
			if n := len(repo.Desired(force.Starts, morning)); n != 100000 {
				b.Fatal(n)
			}
		}
	})
}

// unrecorded has nothing recorded of any account.
type unrecorded struct{}

func (unrecorded) OnboardFacts(context.Context, string) (*access.OnboardFacts, error) {
	return nil, nil
}

// TestAnOnboardingWhoseFileIsGoneIsUndone: the record of an account goes with its
// file. While the file is there, no record means that nobody has looked yet.
func TestAnOnboardingWhoseFileIsGoneIsUndone(t *testing.T) {
	t.Parallel()
	repo := granted(t)
	known := repo.Accounts["payments-prod"]
	for id, want := range map[string]access.State{known.ID: access.StateVerified, "444455559999": access.StateUndone} {
		o := access.Observer{Pulls: &recorded{verdict: &access.Verdict{InForce: true}}, Onboards: unrecorded{}, Now: func() time.Time { return morning },
			Commits: &commits{force: access.InForce{Repo: repo}}}
		r := access.Request{ID: "REQ-ABCDEF", Kind: access.KindOnboard, State: access.StateVerified, Want: access.Want{AccountID: id}}
		f, err := o.Facts(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := access.Advance(r, f, morning); got.State != want {
			t.Errorf("%s: %s, want %s", id, got.State, want)
		}
	}
}
