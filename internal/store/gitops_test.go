package store

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"testing"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/gitops/audience"
	"aws-access-bot/internal/gitops/delivery"
	guards "aws-access-bot/internal/gitops/guard"
	"aws-access-bot/internal/gitops/review"
)

func TestEveryFieldOfTheGitopsRecordsSurvives(t *testing.T) {
	t.Parallel()
	halt := filled[gitops.Halt](t)
	walk := gitops.Walk{
		InForce: filled[gitops.InForce](t), Position: "p", Halt: &halt, Passed: filled[[]string](t),
		Carried: filled[[]review.User](t), CarriedEntra: filled[[]string](t),
		Auto: filled[[]gitops.AutoUse](t),
	}
	for i := range reflect.TypeFor[gitops.Walk]().NumField() {
		if reflect.ValueOf(walk).Field(i).IsZero() {
			t.Errorf("the test gives no value to %s", reflect.TypeFor[gitops.Walk]().Field(i).Name)
		}
	}
	same(t, "walk", walk, reread(t, newWalkRecord(walk)).domain())
	same(t, "no walk", gitops.Walk{}, newWalkRecord(gitops.Walk{}).domain())
	t.Run("verdict", func(t *testing.T) {
		t.Parallel()
		roundTrip(t, newVerdictRecord, verdictRecord.domain)
	})
	t.Run("pull request", func(t *testing.T) {
		t.Parallel()
		// Who joined is kept apart.
		want := filled[gitops.PullRecord](t)
		want.Joined = nil
		same(t, "record", want, reread(t, newPullRecord(want)).domain())
	})
	t.Run("check", func(t *testing.T) {
		t.Parallel()
		roundTrip(t, newCheckRecord, checkRecord.domain)
	})
	t.Run("comment", func(t *testing.T) {
		t.Parallel()
		roundTrip(t, newCommentRecord, commentRecord.domain)
	})
	t.Run("people", func(t *testing.T) {
		t.Parallel()
		roundTrip(t, newPeopleRecord, peopleRecord.domain)
	})
	t.Run("guard", func(t *testing.T) {
		t.Parallel()
		roundTrip(t, newGuardRecord, guardRecord.domain)
	})
}

// reread sends a record through JSON.
func reread[R any](t *testing.T, r R) R {
	t.Helper()
	raw, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var out R
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// force is a commit in force with files of one content each.
func force(commit string, contents ...string) (*gitops.InForce, map[string][]byte) {
	f := &gitops.InForce{Commit: commit, At: at(1), Starts: config.Starts{"key " + config.GrantKey(commit): {MergedAt: at(2), AskedAt: at(1)}}, Files: map[string]string{}}
	blobs := map[string][]byte{}
	for i, c := range contents {
		sha := gitops.BlobID([]byte(c))
		f.Files["file"+strconv.Itoa(i)], blobs[sha] = sha, []byte(c)
	}
	return f, blobs
}

func TestAdvancingTheWalk(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, db DB) {
		ctx := t.Context()
		g := NewGitops(db)
		one, blobs := force("c1", "a", "b", "b")
		owned := config.Assignment{Principal: config.Principal{Kind: config.GroupPrincipal, ID: "g"}, Account: "111122223333", PermissionSet: "P"}
		step := gitops.Advance{To: "c1", InForce: one, Blobs: blobs, Desired: []config.Assignment{owned}, Verdicts: []gitops.Verdict{{Commit: "c1", Outcome: gitops.Trusted, At: at(1)}}}
		if err := g.Advance(ctx, step); err != nil {
			t.Fatal(err)
		}
		if err := g.PutHalt(ctx, &gitops.Halt{Commit: "c2", Code: gitops.HaltDirectPush, At: at(3)}, &access.Notice{Key: "halt/c2", Kind: access.NoticeOps, At: at(3), Text: "halted"}); err != nil {
			t.Fatal(err)
		}
		w, err := g.Walk(ctx)
		same(t, "error", nil, err)
		due, err := NewOutbox(db).DueNotices(ctx)
		same(t, "error", nil, err)
		same(t, "told with the halt", []string{"halt/c2"}, keys(due))
		same(t, "walk", gitops.Walk{InForce: *one, Position: "c1", Halt: &gitops.Halt{Commit: "c2", Code: gitops.HaltDirectPush, At: at(3)}}, w)

		two, blobs := force("c3", "b", "c")
		delete(blobs, gitops.BlobID([]byte("b"))) // it is there already
		if err := g.Advance(ctx, gitops.Advance{From: "c1", To: "c3", InForce: two, Blobs: blobs}); err != nil {
			t.Fatal(err)
		}
		w, err = g.Walk(ctx)
		same(t, "error", nil, err)
		same(t, "walk after the halt", gitops.Walk{InForce: *two, Position: "c3"}, w)
		for content, want := range map[string]bool{"a": false, "b": true, "c": true} {
			data, ok, err := g.StoredBlob(ctx, gitops.BlobID([]byte(content)))
			if err != nil || ok != want || ok && string(data) != content {
				t.Errorf("blob %q: %q, %v, %v", content, data, ok, err)
			}
		}
		v, ok, err := g.CommitVerdict(ctx, "c1")
		if err != nil || !ok || v.Outcome != gitops.Trusted {
			t.Errorf("verdict %+v, %v, %v", v, ok, err)
		}
		list, err := NewProvision(db).Owned(ctx)
		same(t, "error", nil, err)
		same(t, "owned", []config.Assignment{owned}, list)
	})
}

func TestAnAdvanceHappensWhollyOrNotAtAll(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, db DB) {
		ctx := t.Context()
		g := NewGitops(db)
		one, blobs := force("c1", "a")
		if err := g.Advance(ctx, gitops.Advance{To: "c1", InForce: one, Blobs: blobs}); err != nil {
			t.Fatal(err)
		}
		before, err := g.Walk(ctx)
		same(t, "error", nil, err)
		err = g.Advance(ctx, gitops.Advance{From: "c0", To: "c2", Verdicts: []gitops.Verdict{{Commit: "c2"}}})
		if !errors.Is(err, access.ErrConflict) {
			t.Errorf("a step from another position: %v", err)
		}
		two, _ := force("c2", "b")
		if err := g.Advance(ctx, gitops.Advance{From: "c1", To: "c2", InForce: two, Verdicts: []gitops.Verdict{{Commit: "c2"}}}); err == nil {
			t.Error("a commit came into force without its files")
		}
		after, err := g.Walk(ctx)
		same(t, "error", nil, err)
		same(t, "walk", before, after)
		if _, ok, err := g.CommitVerdict(ctx, "c2"); ok || err != nil {
			t.Errorf("a verdict was stored, %v", err)
		}
	})
}

func TestPullRecords(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, db DB) {
		ctx := t.Context()
		g := NewGitops(db)
		save := func(step gitops.Step, r gitops.PullRecord) {
			t.Helper()
			if err := g.SavePull(ctx, step, r); err != nil {
				t.Fatal(err)
			}
		}
		open := func() []string {
			t.Helper()
			list, err := g.OpenPullRecords(ctx)
			if err != nil {
				t.Fatal(err)
			}
			var ids []string
			for _, r := range list {
				ids = append(ids, string(r.Request))
			}
			return ids
		}
		r := gitops.PullRecord{Request: "REQ-000001", State: access.PullOpen}
		save(gitops.StepProposing, r)
		r.Number = 7
		save(gitops.StepPull, r)
		save(gitops.StepRefused, gitops.PullRecord{Request: "REQ-000002", State: access.PullOpen, Refused: "no"})
		same(t, "open", []string{"REQ-000001"}, open())
		got, ok, err := g.PullNumbered(ctx, 7)
		if err != nil || !ok {
			t.Fatalf("by number: %v, %v", ok, err)
		}
		same(t, "by number", r, got)
		if _, ok, err := g.PullNumbered(ctx, 0); ok || err != nil {
			t.Errorf("number 0: %v, %v", ok, err)
		}
		r.State = access.PullMerged
		save(gitops.StepFacts, r)
		same(t, "open after the merge", []string(nil), open())
		// Who joins is kept by whoever saves the record with older news.
		who := []gitops.Joined{{Entra: "e1", Name: "Yuki"}, {Entra: "e2"}}
		for _, j := range append(who, who[0]) {
			if err := g.JoinPull(ctx, "REQ-000001", j); err != nil {
				t.Fatal(err)
			}
		}
		save(gitops.StepFacts, r)
		got, _, err = g.PullNumbered(ctx, 7)
		same(t, "error", nil, err)
		same(t, "joined", who, got.Joined)
		if err := g.JoinPull(ctx, "REQ-000003", who[0]); err != nil {
			t.Errorf("before there is a record: %v", err)
		}
		if err := g.JoinPull(ctx, "REQ-000003", gitops.Joined{}); err == nil {
			t.Error("nobody joined, and that was stored")
		}
		if err := g.SavePull(ctx, gitops.StepFacts, gitops.PullRecord{}); err == nil {
			t.Error("a record without a request was stored")
		}
	})
}

// TestEachGitopsStepIsReported under the label that the package comment lists,
// and a check that is the same again under none.
func TestEachGitopsStepIsReported(t *testing.T) {
	t.Parallel()
	var steps []string
	db := openTest(t, filepath.Join(t.TempDir(), "state.db"), Options{AfterCommit: func(s string) { steps = append(steps, s) }})
	g := NewGitops(db)
	one, blobs := force("c1", "a")
	check := gitops.CheckRecord{Number: 7, ShownHead: gitops.ShownHead{Teams: map[string][]int64{"b": {1}, "a": nil}}}
	for _, f := range []func(context.Context) error{
		func(ctx context.Context) error {
			return g.Advance(ctx, gitops.Advance{To: "c1", InForce: one, Blobs: blobs})
		},
		func(ctx context.Context) error { return g.Advance(ctx, gitops.Advance{From: "c1", To: "c2"}) },
		func(ctx context.Context) error { return g.PutHalt(ctx, &gitops.Halt{Commit: "c3"}, nil) },
		func(ctx context.Context) error { return g.SaveCheck(ctx, check) },
		func(ctx context.Context) error {
			again := check
			again.Teams = maps.Clone(check.Teams)
			return g.SaveCheck(ctx, again)
		},
		func(ctx context.Context) error {
			return g.SavePull(ctx, gitops.StepBranch, gitops.PullRecord{Request: "REQ-000001"})
		},
		func(ctx context.Context) error {
			return g.JoinPull(ctx, "REQ-000001", gitops.Joined{Entra: "e1"})
		},
		func(ctx context.Context) error {
			one, blobs := force("c4", "a")
			k := audience.Kept{Commit: "c4"}
			return g.Advance(ctx, gitops.Advance{From: "c2", To: "c4", InForce: one, Blobs: blobs, Desired: []config.Assignment{k.Assignment}, People: []audience.Kept{k}})
		},
		func(ctx context.Context) error {
			return g.SaveGrowth(ctx, config.Assignment{}, "c4", &audience.Growth{})
		},
		func(ctx context.Context) error {
			return g.SaveGrowth(ctx, config.Assignment{}, "c4", &audience.Growth{})
		},
	} {
		if err := f(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if want := []string{"gitops.inforce", "gitops.passed", "gitops.halt", "gitops.check", "gitops.branch", "gitops.joined", "gitops.inforce", "gitops.people"}; !slices.Equal(steps, want) {
		t.Errorf("steps %q, want %q", steps, want)
	}
}

// TestThePeopleOfApprovedAssignmentsAreKept as long as they are desired, with
// the commit that brought them.
func TestThePeopleOfApprovedAssignmentsAreKept(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, db DB) {
		ctx := t.Context()
		g := NewGitops(db)
		var all []audience.Kept
		for _, set := range []string{"A", "B", "C"} {
			k := filled[audience.Kept](t)
			k.Growth = nil
			k.Assignment.PermissionSet = set
			all = append(all, k)
		}
		advance := func(from, to string, people []audience.Kept, desired ...audience.Kept) {
			t.Helper()
			f, blobs := force(to, "a")
			a := gitops.Advance{From: from, To: to, InForce: f, Blobs: blobs, People: people}
			for _, k := range desired {
				a.Desired = append(a.Desired, k.Assignment)
			}
			if err := g.Advance(ctx, a); err != nil {
				t.Fatal(err)
			}
		}
		kept := func(want ...audience.Kept) {
			t.Helper()
			got, err := g.Kept(ctx)
			same(t, "error", nil, err)
			same(t, "kept", want, got)
		}
		kept()
		advance("", "c1", []audience.Kept{all[1], all[0], all[2]}, all[0], all[1]) // C ended before it came into force
		kept(all[0], all[1])

		grown := filled[audience.Growth](t)
		save := func(k audience.Kept, commit string, growth *audience.Growth) {
			t.Helper()
			if err := g.SaveGrowth(ctx, k.Assignment, commit, growth); err != nil {
				t.Fatal(err)
			}
		}
		save(all[0], "another commit", &grown)
		save(all[2], all[2].Commit, &grown)
		kept(all[0], all[1])
		save(all[0], all[0].Commit, &grown)
		all[0].Growth = &grown
		kept(all[0], all[1])

		advance("c1", "c2", nil, all[0], all[1])
		kept(all[0], all[1])
		if err := g.Advance(ctx, gitops.Advance{From: "c2", To: "c3"}); err != nil { // passed over
			t.Fatal(err)
		}
		kept(all[0], all[1])
		again := all[0]
		again.Commit, again.Members, again.Growth = "c4", []string{"somebody"}, nil
		advance("c3", "c4", []audience.Kept{again}, again)
		kept(again)
		all[0].Growth = nil
		save(again, "c4", &grown)
		save(again, "c4", nil)
		kept(again)
	})
}

func TestTheReportOfTheGuardsIsKept(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, db DB) {
		g := NewGitops(db)
		got, err := g.Guard(t.Context())
		same(t, "error", nil, err)
		same(t, "before the first look", guards.Report{}, got)
		want := guards.Report{At: at(1), Findings: []guards.Finding{{Code: guards.Bypass, About: "a", Sentence: "s", Mend: "m", Since: at(1)}}}
		if err := g.SaveGuard(t.Context(), want); err != nil {
			t.Fatal(err)
		}
		got, err = g.Guard(t.Context())
		same(t, "error", nil, err)
		same(t, "report", want, got)
	})
}

func TestTheReportOfDeliveriesIsKept(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, db DB) {
		g := NewGitops(db)
		got, err := g.Deliveries(t.Context())
		same(t, "error", nil, err)
		same(t, "before the first sweep", delivery.Report{}, got)
		want := delivery.Report{
			At: at(3), Upto: at(2), Failing: at(4), Denied: true, Since: at(1),
			Lost: []delivery.Lost{{GUID: "g", Event: "push", Status: "504 timed out", At: at(1)}},
		}
		if err := g.SaveDeliveries(t.Context(), want); err != nil {
			t.Fatal(err)
		}
		got, err = g.Deliveries(t.Context())
		same(t, "error", nil, err)
		same(t, "report", want, got)
	})
}

func TestWhyTheConfigRepoCannotBeReadIsKept(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, db DB) {
		g := NewGitops(db)
		want := &gitops.Blind{Code: gitops.RepoGone, Text: "t", Mend: "m", Since: at(1)}
		for _, b := range []*gitops.Blind{nil, want, nil} {
			if err := g.PutBlind(t.Context(), b, told(b != nil)); err != nil {
				t.Fatal(err)
			}
			got, err := g.Blind(t.Context())
			same(t, "error", nil, err)
			same(t, "reason", b, got)
		}
	})
}

// told is a notice for what is set, and none for what ends.
func told(set bool) *access.Notice {
	if !set {
		return nil
	}
	return &access.Notice{Key: "told", Kind: access.NoticeOps, At: at(1), Text: "t"}
}

func TestWhichCommitCannotBeJudgedIsKept(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, db DB) {
		g := NewGitops(db)
		want := &gitops.Stall{Commit: "c", Code: gitops.StallEntra, Text: "t", Mend: "m", Since: at(1)}
		for _, s := range []*gitops.Stall{nil, want, nil} {
			if err := g.PutStall(t.Context(), s, told(s != nil)); err != nil {
				t.Fatal(err)
			}
			got, err := g.Stall(t.Context())
			same(t, "error", nil, err)
			same(t, "stall", s, got)
		}
		due, err := NewOutbox(db).DueNotices(t.Context())
		same(t, "error", nil, err)
		same(t, "told", []string{"told"}, keys(due))
	})
}
