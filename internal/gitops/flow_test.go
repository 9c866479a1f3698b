package gitops_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/sandbox/emukit"
	"aws-access-bot/internal/sandbox/githubemu"
)

const req = access.ID("REQ-7F3K2Q")

// TestFromRequestToInForce goes the whole way with each method of merging,
// under the rules of the repository.
func TestFromRequestToInForce(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"merge", "squash", "rebase"} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			n := w.proposed(w.request(req))
			f := w.facts(req)
			want := []string{"Add PowerUserAccess in payments-dev (…4444) for aws-payments-dev (…00000011), 4h needs 1 approval of account-owners; yuki-lead could give it."}
			if diff := cmp.Diff(want, f.Missing); diff != "" {
				t.Errorf("missing (-want +got):\n%s", diff)
			}
			if c := w.check(f.Ref.Head); c.Conclusion != "action_required" || c.Title != "needs 1 approval of account-owners" {
				t.Errorf("check is %q %q", c.Conclusion, c.Title)
			}
			if _, err := w.repo.Merge("yuki-lead", n, githubemu.MergeSpec{Method: method}); err == nil {
				t.Fatal("the check did not keep the pull request from being merged")
			}
			w.review("yuki-lead", n, "APPROVE")
			w.look()
			if c := w.check(f.Ref.Head); c.Conclusion != "success" || c.Title != "approved" {
				t.Errorf("check is %q %q", c.Conclusion, c.Title)
			}
			sha, err := w.repo.Merge("yuki-lead", n, githubemu.MergeSpec{Method: method})
			w.must(err)
			merged := w.clock.Now()
			w.clock.move(time.Second)
			w.look()
			w.holds(sha, "")
			if !w.desires("111122224444", "PowerUserAccess", devGroup) {
				t.Error("the grant is not desired")
			}
			f = w.facts(req)
			if f.State != access.PullMerged || f.Commit != sha || f.MergedBy != "yuki-lead" || !f.MergedAt.Equal(merged) || len(f.Missing) != 0 {
				t.Errorf("facts %+v", f)
			}
			v, err := w.Verdict(t.Context(), req)
			w.must(err)
			if v == nil || !v.InForce || v.Void != "" || v.Halt != "" || v.Commit != sha {
				t.Errorf("verdict %+v", v)
			}
			w.clock.move(4 * time.Hour)
			if w.desires("111122224444", "PowerUserAccess", devGroup) {
				t.Error("the grant is desired after its end")
			}
		})
	}
}

// proposingAgainFindsWhatWasMade repeats the proposal after each durable
// step, as after a crash there.
func proposingAgainFindsWhatWasMade(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.request(req)
	for range 3 {
		w.must(w.Propose(t.Context(), r))
		w.restart()
	}
	repo := w.emu.State().Repos[0]
	if len(repo.Pulls) != 1 || len(repo.Branches) != 2 {
		t.Errorf("%d pull requests, branches %v", len(repo.Pulls), repo.Branches)
	}
	p := repo.Pulls[0]
	if diff := cmp.Diff([]string{"aws-access", "account: payments-dev", "set: PowerUserAccess"}, p.Labels); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"yuki-lead"}, p.Requested); diff != "" {
		t.Errorf("reviewers (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"groups/aws-payments-dev.yaml"}, p.Changed); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func TestRefusedProposals(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*access.Request)
		want   string
	}{
		{"longer than the rule allows", func(r *access.Request) {
			r.Want.PermissionSet, r.Want.AccountID, r.Want.AccountSlug = "AdministratorAccess", "111122223333", "payments-prod"
			r.Want.Term.For = 9 * time.Hour
		}, "8h"},
		{"an account without a file", func(r *access.Request) { r.Want.AccountID = "121212121212" }, "has no file"},
		{"a revocation of what is not there", func(r *access.Request) {
			r.Kind, r.Want.Revokes = access.KindRevoke, "REQ-000000"
		}, "not in the config repo any more"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			r := w.request(req)
			tt.change(&r)
			err := w.Propose(t.Context(), r)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("error %v, want one with %q", err, tt.want)
			}
			if f := w.facts(req); !strings.Contains(f.Refused, tt.want) {
				t.Errorf("recorded %+v", f)
			}
			if again := w.Propose(t.Context(), r); again == nil || again.Error() != err.Error() {
				t.Errorf("the second answer is another: %v", again)
			}
			if n := len(w.emu.State().Repos[0].Pulls); n != 0 {
				t.Errorf("%d pull requests were made", n)
			}
		})
	}
}

// TestRevocation: who asked takes the grant back with no second person.
func TestRevocation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.proposed(w.request(req))
	w.review("yuki-lead", n, "APPROVE")
	w.merge(n, "squash")
	w.look()
	r := w.request("REQ-000001")
	r.Kind, r.Want.Revokes = access.KindRevoke, req
	n = w.proposed(r)
	sha, err := w.repo.Merge("hana-dev", n, githubemu.MergeSpec{Method: "squash"})
	w.must(err)
	w.look()
	w.holds(sha, "")
	if w.desires("111122224444", "PowerUserAccess", devGroup) {
		t.Error("the grant is desired after it was revoked")
	}
}

// TestABranchOfSomebodyElseIsNotTaken: a request whose branch exists with other
// content is refused.
func TestABranchOfSomebodyElseIsNotTaken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.repo.Push("hana-dev", githubemu.Push{Branch: "access/" + string(req), Message: "x", Changes: map[string]*githubemu.File{"x": {Content: "x"}}, IgnoreRules: true})
	w.must(err)
	if err := w.Propose(t.Context(), w.request(req)); err == nil || !strings.Contains(w.facts(req).Refused, "holds something else") {
		t.Errorf("error %v, recorded %+v", err, w.facts(req))
	}
}

func TestWithdrawClosesThePullRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.request(req)
	w.must(w.Withdraw(t.Context(), r))
	w.proposed(r)
	for range 2 {
		w.must(w.Withdraw(t.Context(), r))
	}
	w.look()
	if f := w.facts(req); f.State != access.PullClosed {
		t.Errorf("facts %+v", f)
	}
}

// TestWithdrawRefusesWhatWasMerged, before the bot has seen that, or while it closes
// it: a revocation that counts as cancelled is no word that access should go.
func TestWithdrawRefusesWhatWasMerged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.request(req)
	n := w.proposed(r)
	w.review("yuki-lead", n, "APPROVE")
	sha := w.merge(n, "squash")
	for _, name := range []string{"after its merge", "while it is merged"} {
		if name == "while it is merged" {
			w.kit.Faults.Add(emukit.Fault{Name: "stale", Op: "GET /repos/{owner}/{repo}/pulls/{pull_number}", Status: 200, Times: 1,
				Body: fmt.Sprintf(`{"number": %d, "state": "open", "user": {}, "head": {}, "base": {}}`, n)})
		}
		var no *access.Refusal
		if err := w.Withdraw(t.Context(), r); !errors.As(err, &no) || !strings.Contains(no.Message, "merged already") {
			t.Errorf("withdrawn %s: %v", name, err)
		}
	}
	w.look()
	w.holds(sha, "")
	if f := w.facts(req); f.State != access.PullMerged {
		t.Errorf("facts %+v", f)
	}
}

// TestNewGroupFile: a group that has no file gets one under the rule of its
// grant.
func TestNewGroupFile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.request(req)
	r.Want.Principal.ID = "0b7e3f4c-0000-4000-8000-0000000000aa"
	r.Want.PrincipalName, r.Want.PrincipalSlug = "AWS Newcomers", ""
	n := w.proposed(r)
	w.review("yuki-lead", n, "APPROVE")
	sha := w.merge(n, "squash")
	w.look()
	w.holds(sha, "")
	if !w.desires("111122224444", "PowerUserAccess", r.Want.Principal.ID) {
		t.Error("the grant is not desired")
	}
}

// TestARestartNeedsNoGitHub: what is in force is read from the store.
func TestARestartNeedsNoGitHub(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.proposed(w.request(req))
	w.review("yuki-lead", n, "APPROVE")
	sha := w.merge(n, "squash")
	w.look()
	w.http.Close()
	w.restart()
	f, err := w.InForce(t.Context())
	w.must(err)
	if f.Commit != sha || !w.desires("111122224444", "PowerUserAccess", devGroup) {
		t.Errorf("in force is %s", f.Commit)
	}
}

// TestVoid: a grant that is merged too late, or after its end, grants nothing
// and says so.
func TestVoid(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*access.Request, time.Time)
		wait   time.Duration
		want   string
	}{
		{"merged after start_by", func(*access.Request, time.Time) {}, 73 * time.Hour, "limits.start_by"},
		{"merged after its end", func(r *access.Request, now time.Time) {
			r.Want.Term.For, r.Want.Term.End = 0, now.Add(time.Hour)
		}, 2 * time.Hour, "after its end"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			r := w.request(req)
			tt.change(&r, w.clock.Now())
			n := w.proposed(r)
			w.review("yuki-lead", n, "APPROVE")
			w.clock.move(tt.wait)
			sha := w.merge(n, "squash")
			w.look()
			w.holds(sha, "")
			v, err := w.Verdict(t.Context(), req)
			w.must(err)
			if v == nil || !v.InForce || !strings.Contains(v.Void, tt.want) {
				t.Errorf("verdict %+v", v)
			}
			if w.desires("111122224444", "PowerUserAccess", devGroup) {
				t.Error("the grant is desired")
			}
		})
	}
}

// TestStartByIsJudgedByGitHubsClock: what counts is merged_at, not when the bot
// comes to look, and not what the bot's clock says then.
func TestStartByIsJudgedByGitHubsClock(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		// before passes between the approval and the merge, after until the bot
		// looks.
		before, after time.Duration
		void          bool
	}{
		{"merged in time, looked at long after", 71 * time.Hour, 30 * time.Hour, false},
		{"merged too late, looked at when the bot's clock is back in time", 73 * time.Hour, -10 * time.Hour, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			r := w.request(req)
			r.Want.Term.For = 48 * time.Hour
			n := w.proposed(r)
			w.review("yuki-lead", n, "APPROVE")
			w.clock.move(tt.before)
			sha := w.merge(n, "squash")
			w.clock.move(tt.after)
			w.look()
			w.holds(sha, "")
			v, err := w.Verdict(t.Context(), req)
			w.must(err)
			if v == nil || !v.InForce || strings.Contains(v.Void, "limits.start_by") != tt.void {
				t.Errorf("verdict %+v", v)
			}
			if got := w.desires("111122224444", "PowerUserAccess", devGroup); got == tt.void {
				t.Errorf("the grant is desired: %v", got)
			}
		})
	}
}
