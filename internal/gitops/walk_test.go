package gitops_test

import (
	"strings"
	"testing"
	"time"

	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/sandbox/githubemu"
	"aws-access-bot/internal/store"
)

const sandboxFile = "groups/aws-sandbox-users.yaml"

// dataGrant is another grant, of Taro's account.
const dataGrant = "  - account: data-lake\n    permission_set: ReadOnlyAccess\n    duration: 4h\n    reason: by hand\n"

// good merges an approved pull request that has nothing to do with others.
func good(w *world, branch string) string {
	w.t.Helper()
	n := w.byHand("hana-dev", branch, map[string]*githubemu.File{"groups/aws-data-analysts.yaml": w.grantLine("groups/aws-data-analysts.yaml", strings.Replace(dataGrant, "ReadOnly", "PowerUser", 1))})
	w.review("taro-data", n, "APPROVE")
	return w.merge(n, "squash")
}

func push(w *world, changes map[string]*githubemu.File) string {
	w.t.Helper()
	sha, err := w.repo.DirectPush("hana-dev", changes, "x")
	w.must(err)
	w.clock.move(time.Second)
	return sha
}

func TestManyMergesWhileDown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	files := []string{"a", "b", "c", "d"}
	for i, name := range files {
		method := []string{"merge", "squash", "rebase"}[i%3]
		n := w.byHand("hana-dev", name, map[string]*githubemu.File{devFile: w.grantLine(devFile, strings.Replace(devGrant, "4h", string(rune('2'+i))+"h", 1))})
		w.review("yuki-lead", n, "APPROVE")
		w.merge(n, method)
	}
	w.look()
	w.holds(w.head("main"), "")
}

func TestARebaseMergeOfSeveralCommitsIsJudgedAsOne(t *testing.T) {
	t.Parallel()
	for _, approver := range []string{"yuki-lead", ""} {
		w := newWorld(t)
		first := w.status().InForce
		n := w.byHand("hana-dev", "topic", map[string]*githubemu.File{devFile: w.grantLine(devFile, devGrant)})
		_, err := w.repo.Push("hana-dev", githubemu.Push{Branch: "topic", Message: "two", Changes: map[string]*githubemu.File{devFile: w.grantLine(devFile, strings.Replace(devGrant, "4h", "5h", 1))}})
		w.must(err)
		if approver != "" {
			w.review(approver, n, "APPROVE")
		}
		sha := w.merge(n, "rebase")
		w.look()
		if approver != "" {
			w.holds(sha, "")
		} else {
			w.holds(first, gitops.HaltApproval)
		}
	}
}

// TestInvalidCommits: the last valid verified commit stays in force, people
// are told file and line, and the mend brings both in if it is approved by
// somebody who is behind neither.
func TestInvalidCommits(t *testing.T) {
	t.Parallel()
	broken := strings.Replace(devGrant, "PowerUserAccess", "PowerUserAccess\n    nonsense: 1", 1)
	tests := []struct {
		name     string
		bad      string // author of the broken commit
		pusher   string // who pushed to it too
		mend     string // author of the mend
		approver string
		want     gitops.HaltCode
	}{
		{"the mend is approved", "hana-dev", "", "mio-sec", "yuki-lead", ""},
		{"the mend is approved by who wrote the broken commit", "yuki-lead", "", "hana-dev", "yuki-lead", gitops.HaltApproval},
		{"the mend is approved by who pushed to the broken commit", "hana-dev", "yuki-lead", "mio-sec", "yuki-lead", gitops.HaltApproval},
		{"the broken commit was written by somebody not linked", "stranger", "", "mio-sec", "yuki-lead", gitops.HaltRefused},
		{"somebody not linked pushed to the broken commit", "hana-dev", "stranger", "mio-sec", "yuki-lead", gitops.HaltRefused},
		{"the mend is not approved", "hana-dev", "", "hana-dev", "mio-sec", gitops.HaltApproval},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			first := w.status().InForce
			good := w.grantLine(devFile, devGrant)
			n := w.byHand(tt.bad, "broken", map[string]*githubemu.File{devFile: w.grantLine(devFile, broken)})
			if tt.pusher != "" {
				_, err := w.repo.Push(tt.pusher, githubemu.Push{Branch: "broken", Message: "empty"})
				w.must(err)
			}
			w.look()
			bad := w.merge(n, "squash")
			w.look()
			w.holds(first, "")
			if s := w.status(); s.Position != bad || len(s.Passed) != 1 {
				t.Errorf("position %.7s, passed over %q", s.Position, s.Passed)
			}
			if len(w.ops.list) != 1 || !strings.Contains(w.ops.list[0].Text, devFile+":") {
				t.Errorf("the operations channel was told %+v", w.ops.list)
			}
			w.restart()
			n = w.byHand(tt.mend, "mend", map[string]*githubemu.File{devFile: good})
			w.look()
			w.review(tt.approver, n, "APPROVE")
			w.look()
			if c := w.check(w.head("mend")); (c.Conclusion == "success") != (tt.want == "") {
				t.Errorf("the check says %s: %s", c.Conclusion, c.Title)
			}
			sha := w.merge(n, "squash")
			w.look()
			if tt.want == "" {
				w.holds(sha, "")
			} else {
				w.holds(first, tt.want)
			}
		})
	}
}

func TestARequestInAnInvalidCommitComesIntoForceWithTheMend(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := approvedPull(w)
	bad := w.byHand("hana-dev", "broken", map[string]*githubemu.File{sandboxFile: w.file(sandboxFile, "account: sandbox-play", "account: nowhere")})
	w.merge(bad, "merge")
	w.look()
	// The request's own pull request is merged on top of a broken base.
	w.merge(n, "merge")
	w.look()
	if v, err := w.Verdict(t.Context(), req); err != nil || v == nil || v.InForce || !strings.Contains(v.Halt, sandboxFile+":") {
		t.Errorf("verdict %+v, %v", v, err)
	}
	mend := w.byHand("mio-sec", "mend", map[string]*githubemu.File{sandboxFile: w.file(sandboxFile, "account: nowhere", "account: sandbox-play")})
	w.review("yuki-lead", mend, "APPROVE")
	sha := w.merge(mend, "merge")
	w.look()
	w.holds(sha, "")
	if v, err := w.Verdict(t.Context(), req); err != nil || v == nil || !v.InForce || v.Halt != "" {
		t.Errorf("verdict %+v, %v", v, err)
	}
}

// TestPassedOverWithinWhatIsUndone: a request that is passed over between a bad
// commit and the one that restores it is known to the mend, and told to be in
// force with it.
func TestPassedOverWithinWhatIsUndone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := approvedPull(w)
	push(w, map[string]*githubemu.File{"notes.txt": {Content: "pushed"}})
	bad := w.byHand("hana-dev", "broken", map[string]*githubemu.File{sandboxFile: w.file(sandboxFile, "account: sandbox-play", "account: nowhere")})
	w.merge(bad, "merge")
	w.merge(n, "merge")
	mend := w.byHand("mio-sec", "mend", map[string]*githubemu.File{sandboxFile: w.file(sandboxFile, "account: nowhere", "account: sandbox-play")})
	w.review("yuki-lead", mend, "APPROVE")
	w.merge(mend, "merge")
	sha := push(w, map[string]*githubemu.File{"notes.txt": nil})
	w.look()
	w.holds(sha, "")
	if v, err := w.Verdict(t.Context(), req); err != nil || v == nil || !v.InForce || v.Halt != "" {
		t.Errorf("verdict %+v, %v", v, err)
	}
	if !w.desires("111122224444", "PowerUserAccess", devGroup) {
		t.Error("what the request asks for is not desired")
	}
}

// TestTrustTakesInOnlyWhatTheCommitHas: what was passed over after it stays so.
func TestTrustTakesInOnlyWhatTheCommitHas(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := approvedPull(w)
	bad := w.byHand("hana-dev", "broken", map[string]*githubemu.File{sandboxFile: w.file(sandboxFile, "account: sandbox-play", "account: nowhere")})
	w.merge(bad, "merge")
	w.merge(n, "merge")
	w.look()
	first := w.status().InForce
	w.must(w.Trust(t.Context(), first, "the test"))
	told := func() {
		t.Helper()
		if v, err := w.Verdict(t.Context(), req); err != nil || v == nil || v.InForce || v.Halt == "" {
			t.Errorf("verdict %+v, %v", v, err)
		}
	}
	told()
	w.look()
	w.holds(first, "")
	told()
}

// TestOddTreesAreNeverInForce: T32, and attributes that rewrite files.
func TestOddTreesAreNeverInForce(t *testing.T) {
	t.Parallel()
	odd := map[string]*githubemu.File{
		".gitattributes":        {Content: "* export-ignore\n"},
		"groups/.gitattributes": {Content: "* export-subst\n"},
		".gitmodules":           {Content: ""},
		"groups/link.yaml":      {Content: "aws-payments-dev.yaml", Mode: "120000"},
		"script.sh":             {Content: "exit\n", Mode: "100755"},
		"module":                {Content: strings.Repeat("1", 40), Mode: "160000"},
	}
	for path, file := range odd {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			first := w.status().InForce
			n := w.byHand("hana-dev", "odd", map[string]*githubemu.File{path: file})
			w.look()
			w.review("ken-platform", n, "APPROVE")
			w.review("lena-platform", n, "APPROVE")
			w.look()
			if c := w.check(w.head("odd")); c.Conclusion != "failure" || !strings.Contains(c.Summary, path) {
				t.Errorf("check is %q: %s", c.Conclusion, c.Summary)
			}
			w.merge(n, "squash")
			w.look()
			w.holds(first, "")
			if p := w.status().Passed; len(p) != 1 {
				t.Errorf("passed over %q", p)
			}
		})
	}
}

// TestAnInvalidCommitOfAStrangerIsPutBack: nobody can take it in, but it is no
// dead end.
func TestAnInvalidCommitOfAStrangerIsPutBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	was := w.file(devFile, "id:", "id:")
	n := w.byHand("stranger", "broken", map[string]*githubemu.File{devFile: w.grantLine(devFile, "nonsense: 1\n")})
	w.merge(n, "squash")
	w.look()
	n = w.byHand("mio-sec", "back", map[string]*githubemu.File{devFile: was})
	sha := w.merge(n, "squash")
	w.look()
	w.holds(sha, "")
}

// undoing is a way a bad push to devFile ends, or does not.
type undoing struct {
	name string
	// play gets the file as it was and returns the commit that must be in
	// force, "" for the first.
	play func(w *world, was *githubemu.File) string
	want gitops.HaltCode
}

func undoings() []undoing {
	return []undoing{
		{"by a pull request", func(w *world, was *githubemu.File) string {
			n := w.byHand("mio-sec", "revert", map[string]*githubemu.File{devFile: was})
			return w.merge(n, "squash")
		}, ""},
		{"by a direct push", func(w *world, was *githubemu.File) string {
			return push(w, map[string]*githubemu.File{devFile: was})
		}, ""},
		{"by a pull request of a stranger that does nothing else", func(w *world, was *githubemu.File) string {
			n := w.byHand("stranger", "revert", map[string]*githubemu.File{devFile: was})
			return w.merge(n, "squash")
		}, ""},
		{"with a good pull request between", func(w *world, was *githubemu.File) string {
			good(w, "between")
			return push(w, map[string]*githubemu.File{devFile: was})
		}, ""},
		{"with a good pull request after", func(w *world, was *githubemu.File) string {
			push(w, map[string]*githubemu.File{devFile: was})
			return good(w, "after")
		}, ""},
		{"together with another change", func(w *world, was *githubemu.File) string {
			push(w, map[string]*githubemu.File{devFile: was, sandboxFile: w.grantLine(sandboxFile, devGrant)})
			return ""
		}, gitops.HaltDirectPush},
		{"not whole", func(w *world, was *githubemu.File) string {
			push(w, map[string]*githubemu.File{devFile: {Content: was.Content + "# almost\n"}})
			return ""
		}, gitops.HaltDirectPush},
		{"with another bad one between", func(w *world, was *githubemu.File) string {
			push(w, map[string]*githubemu.File{sandboxFile: w.grantLine(sandboxFile, devGrant)})
			push(w, map[string]*githubemu.File{devFile: was})
			return ""
		}, gitops.HaltDirectPush},
		{"with another bad one between, undone too", func(w *world, was *githubemu.File) string {
			other := w.file(sandboxFile, "id:", "id:")
			push(w, map[string]*githubemu.File{sandboxFile: w.grantLine(sandboxFile, devGrant)})
			push(w, map[string]*githubemu.File{devFile: was})
			return push(w, map[string]*githubemu.File{sandboxFile: other})
		}, ""},
		{"with another bad one between, undone too, and a good one before that", func(w *world, was *githubemu.File) string {
			other := w.file(sandboxFile, "id:", "id:")
			push(w, map[string]*githubemu.File{sandboxFile: w.grantLine(sandboxFile, devGrant)})
			push(w, map[string]*githubemu.File{devFile: was})
			n := w.byHand("hana-dev", "again", map[string]*githubemu.File{devFile: w.grantLine(devFile, "  - {account: orders-dev, permission_set: ReadOnlyAccess}\n")})
			w.review("lena-platform", n, "APPROVE")
			w.merge(n, "squash")
			return push(w, map[string]*githubemu.File{sandboxFile: other})
		}, ""},
	}
}

// TestUndoing: a later commit that restores what a bad one touched ends its
// halt; what came between is judged as if it had not been.
func TestUndoing(t *testing.T) {
	t.Parallel()
	for _, tt := range undoings() {
		for _, between := range []bool{false, true} {
			name := tt.name
			if between {
				name += ", halted before"
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				first := w.status().InForce
				was := w.file(devFile, "id:", "id:")
				bad := push(w, map[string]*githubemu.File{devFile: w.grantLine(devFile, devGrant)})
				if between {
					w.look()
					w.holds(first, gitops.HaltDirectPush)
				}
				want := tt.play(w, was)
				if want == "" {
					want = first
				}
				w.look()
				w.holds(want, tt.want)
				if w.desires("111122224444", "PowerUserAccess", devGroup) {
					t.Error("what was pushed came into force")
				}
				v, ok, err := store.NewGitops(w.db).CommitVerdict(t.Context(), bad)
				w.must(err)
				if recorded := ok && v.Outcome == gitops.Undone; recorded != (tt.want == "") {
					t.Errorf("the bad commit's verdict: %+v", v)
				}
			})
		}
	}
}

// TestWhatWasPassedOverComesIntoForceByNothingButAReview: neither an empty push
// nor a push that undoes another takes it in.
func TestWhatWasPassedOverComesIntoForceByNothingButAReview(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.status().InForce
	was := w.file(devFile, "id:", "id:")
	// Valid by itself, invalid after phase 1, approved by nobody.
	n := w.byHand("hana-dev", "jump", map[string]*githubemu.File{
		"aws-access.yaml": w.file("aws-access.yaml", "phase: 1", "phase: 2"), "accounts/late.yaml": {Content: "id: \"121212121212\"\nname: late\nstage: legacy\nou: /Workloads\nowners: [hana@example.com]\ntags: {env: dev}\n"},
	})
	w.look()
	if c := w.check(w.head("jump")); c.Title != "the config is not valid" || !strings.Contains(c.Summary, "phase 2") {
		t.Fatalf("check is %q: %s", c.Title, c.Summary)
	}
	w.merge(n, "squash")
	push(w, nil)
	push(w, map[string]*githubemu.File{devFile: w.grantLine(devFile, devGrant)})
	push(w, map[string]*githubemu.File{devFile: was})
	push(w, nil)
	w.look()
	w.holds(first, gitops.HaltDirectPush)
	if p := w.status().Passed; len(p) != 1 {
		t.Errorf("passed over %q", p)
	}
}

func TestAnUndoneRequestIsToldSo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	was := w.file(devFile, "id:", "id:")
	w.merge(w.proposed(w.request(req)), "squash")
	w.look()
	n := w.byHand("mio-sec", "revert", map[string]*githubemu.File{devFile: was})
	sha := w.merge(n, "squash")
	w.look()
	w.holds(sha, "")
	v, err := w.Verdict(t.Context(), req)
	w.must(err)
	if v == nil || !v.Undone || v.InForce {
		t.Errorf("verdict %+v", v)
	}
}

// TestWhatIsPutBackWithABadCommitIsToldSo: an approved grant that stood in the
// same file as a bad one, and went with it, is not told to be in force.
func TestWhatIsPutBackWithABadCommitIsToldSo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	was := w.file(devFile, "id:", "id:")
	push(w, map[string]*githubemu.File{devFile: w.grantLine(devFile, "  - {account: orders-dev, permission_set: PowerUserAccess}\n")})
	n := w.proposed(w.request(req))
	w.review("yuki-lead", n, "APPROVE")
	w.merge(n, "squash")
	sha := push(w, map[string]*githubemu.File{devFile: was})
	w.look()
	w.holds(sha, "")
	if w.desires("111122224444", "PowerUserAccess", devGroup) {
		t.Error("the grant is in force")
	}
	v, err := w.Verdict(t.Context(), req)
	w.must(err)
	if v == nil || !v.Undone || v.InForce {
		t.Errorf("verdict %+v", v)
	}
}

func TestTrust(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.status().InForce
	bad := push(w, map[string]*githubemu.File{devFile: w.grantLine(devFile, devGrant)})
	w.look()
	w.holds(first, gitops.HaltDirectPush)
	tests := []struct {
		name, sha, want string
	}{
		{"a short id", bad[:10], "40 hex digits"},
		{"an id that is not there", strings.Repeat("0", 40), "not the head"},
	}
	for _, tt := range tests {
		if err := w.Trust(t.Context(), tt.sha, "ken"); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v", tt.name, err)
		}
	}
	w.holds(first, gitops.HaltDirectPush)
	w.must(w.Trust(t.Context(), bad, "ken"))
	w.holds(bad, "")
	if !w.desires("111122224444", "PowerUserAccess", devGroup) {
		t.Error("what was trusted is not desired")
	}
	if err := w.Trust(t.Context(), first, "ken"); err == nil || !strings.Contains(err.Error(), "newer") {
		t.Errorf("an older commit was trusted: %v", err)
	}
	broken := push(w, map[string]*githubemu.File{devFile: {Content: "id: 1\n"}})
	if err := w.Trust(t.Context(), broken, "ken"); err == nil || !strings.Contains(err.Error(), "invalid") {
		t.Errorf("an invalid commit was trusted: %v", err)
	}
	w.holds(bad, "")
}

func TestTrustAfterTheHistoryWasRewritten(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.status().InForce
	sha := good(w, "one")
	w.look()
	w.holds(sha, "")
	w.must(w.repo.ForcePush("hana-dev", "main", first, true))
	w.look()
	w.holds(sha, gitops.HaltRewritten)
	w.must(w.Trust(t.Context(), first, "ken"))
	w.holds(first, "")
	good(w, "two")
	w.look()
	w.holds(w.head("main"), "")
}

// TestNothingIsInForceUntilTrusted, and the check says so.
func TestNothingIsInForceUntilTrusted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.db = store.NewMemory()
	w.restart()
	n := w.proposed(w.request(req))
	if c := w.check(w.facts(req).Ref.Head); c.Conclusion != "action_required" || c.Title != "no commit is trusted yet" {
		t.Errorf("check is %q %q", c.Conclusion, c.Title)
	}
	w.merge(n, "squash")
	w.look()
	w.holds("", "")
	if _, err := w.InForce(t.Context()); err == nil {
		t.Error("something is in force")
	}
}

// TestTrustAfterALostStoreKeepsClocks: a grant does not begin anew because the
// records were lost.
func TestTrustAfterALostStoreKeepsClocks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sha := w.merge(approvedPull(w), "squash")
	w.look()
	w.clock.move(3 * time.Hour)
	w.db = store.NewMemory()
	w.restart()
	w.must(w.Trust(t.Context(), sha, "ken"))
	if !w.desires("111122224444", "PowerUserAccess", devGroup) {
		t.Error("the grant is not desired before its end")
	}
	w.clock.move(time.Hour)
	if w.desires("111122224444", "PowerUserAccess", devGroup) {
		t.Error("the grant is desired after its end")
	}
}

// TestAHaltStopsNoClock: grants end while the walk stands still.
func TestAHaltStopsNoClock(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sha := w.merge(approvedPull(w), "squash")
	w.look()
	push(w, nil)
	w.look()
	w.holds(sha, gitops.HaltDirectPush)
	w.clock.move(4 * time.Hour)
	if w.desires("111122224444", "PowerUserAccess", devGroup) {
		t.Error("the grant is desired after its end")
	}
}

// TestAnAccountWhoseTagsMoved: a selector that selects nothing needs nobody,
// and the tags that make it select need control plane and rule.
func TestAnAccountWhoseTagsMoved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	selector := "  - accounts: {tags: {kind: special}}\n    permission_set: PowerUserAccess\n    reason: x\n"
	n := w.byHand("hana-dev", "selector", map[string]*githubemu.File{sandboxFile: w.grantLine(sandboxFile, selector)})
	// It selects no account yet: only the control plane can say whether it may.
	w.review("ken-platform", n, "APPROVE")
	w.review("lena-platform", n, "APPROVE")
	one := w.merge(n, "squash")
	w.look()
	w.holds(one, "")
	n = w.byHand("hana-dev", "tags", map[string]*githubemu.File{"accounts/payments-prod.yaml": w.file("accounts/payments-prod.yaml", "{env: prod,", "{env: prod, kind: special,")})
	w.look()
	w.review("ken-platform", n, "APPROVE")
	w.review("lena-platform", n, "APPROVE")
	two := w.merge(n, "squash")
	w.look()
	w.holds(one, gitops.HaltApproval)
	w.review("yuki-lead", n, "APPROVE")
	w.look()
	w.holds(two, "")
	if !w.desires("111122223333", "PowerUserAccess", "0b7e3f4c-0000-4000-8000-000000000018") {
		t.Error("the selector does not select")
	}
}
