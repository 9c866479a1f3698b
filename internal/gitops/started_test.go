package gitops_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/sandbox/githubemu"
	"aws-access-bot/internal/store"
)

const fourHours = "  - account: payments-dev\n    permission_set: PowerUserAccess\n    duration: 4h\n    reason: incident\n"

// devPower reports whether the grant of fourHours is desired.
func (w *world) devPower() bool { return w.desires("111122224444", "PowerUserAccess", devGroup) }

// approvedHand merges four hours that were written by hand and approved.
func (w *world) approvedHand(lines string) {
	w.t.Helper()
	n := w.byHand("hana-dev", "g", map[string]*githubemu.File{devFile: w.grantLine(devFile, lines)})
	w.look()
	w.review("yuki-lead", n, "APPROVE")
	w.look()
	w.merge(n, "squash")
	w.look()
}

// trustsAnew trusts the head of the branch on an empty store.
func (w *world) trustsAnew() (note string) {
	w.t.Helper()
	w.db = store.NewMemory()
	w.restart()
	w.ops.list = nil
	note, err := w.Vouch(w.t.Context(), w.head("main"), w.word("hana-dev"))
	w.must(err)
	return note
}

// TestTrustDoesNotBeginADurationAnew: the clock of a grant that was written by
// hand runs from the merge that brought it, also when the store that knew it is
// lost, however old the merge is and whatever was merged since.
func TestTrustDoesNotBeginADurationAnew(t *testing.T) {
	t.Parallel()
	brought := map[string]func(w *world){
		"by an approved pull request": func(w *world) { w.approvedHand(fourHours) },
		"by a direct push":            func(w *world) { push(w, map[string]*githubemu.File{devFile: w.grantLine(devFile, fourHours)}) },
		"with a request that has no pull request": func(w *world) {
			push(w, map[string]*githubemu.File{devFile: w.grantLine(devFile, fourHours+"    request: REQ-0000ZZ\n")})
		},
		"before the file of its account got another name": func(w *world) {
			w.approvedHand(fourHours)
			w.clock.move(time.Minute)
			w.rename("payments-dev", "payments-development")
		},
		"before a commit that is invalid": func(w *world) {
			w.approvedHand(fourHours)
			old := w.file(devFile, "x", "x")
			push(w, map[string]*githubemu.File{devFile: {Content: "nothing: true\n"}})
			push(w, map[string]*githubemu.File{devFile: old})
		},
	}
	for name, bring := range brought {
		for _, after := range []time.Duration{2 * time.Hour, 30 * time.Hour} {
			t.Run(fmt.Sprintf("%s, %s ago", name, after), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				bring(w)
				w.clock.move(after)
				push(w, map[string]*githubemu.File{"accounts/payments-prod.yaml": w.file("accounts/payments-prod.yaml", "owners:", "# who decides\nowners:")})
				if note := w.trustsAnew(); note != "" {
					t.Errorf("told %q", note)
				}
				w.look()
				if got, want := w.devPower(), after < 4*time.Hour; got != want {
					t.Errorf("%s after the merge it is desired: %v", after, got)
				}
				w.clock.move(2 * time.Hour)
				if w.devPower() {
					t.Error("it lasts longer than it was approved for")
				}
			})
		}
	}
}

// rename gives the file of an account another name, and all that refers to it.
func (w *world) rename(from, to string) {
	w.t.Helper()
	files, err := w.repo.Files("")
	w.must(err)
	changes := map[string]*githubemu.File{
		"accounts/" + from + ".yaml": nil, "accounts/" + to + ".yaml": {Content: files["accounts/"+from+".yaml"].Content},
	}
	for path, f := range files {
		if now := strings.ReplaceAll(f.Content, "account: "+from+"\n", "account: "+to+"\n"); now != f.Content {
			changes[path] = &githubemu.File{Content: now}
		}
	}
	push(w, changes)
}

// TestTrustPastAHaltDoesNotBeginADurationAnew: the store knows nothing of what
// it never judged.
func TestTrustPastAHaltDoesNotBeginADurationAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.byHand("hana-dev", "g", map[string]*githubemu.File{devFile: w.grantLine(devFile, fourHours)})
	w.merge(n, "squash")
	w.look()
	if h := w.status().Halt; h == nil || h.Code != gitops.HaltApproval {
		t.Fatalf("halted by %+v", h)
	}
	w.clock.move(5 * time.Hour)
	sha := good(w, "other")
	w.must(w.Trust(t.Context(), sha, "the test"))
	w.look()
	w.holds(sha, "")
	if w.devPower() {
		t.Error("what was merged five hours ago begins its four hours")
	}
}

// TestTheFirstMergeOfARequestCounts: whoever merges its branch once more does not
// begin it anew.
func TestTheFirstMergeOfARequestCounts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old := w.file(devFile, "x", "x")
	n := w.proposed(w.request(req))
	w.review("yuki-lead", n, "APPROVE")
	w.look()
	w.merge(n, "squash")
	w.clock.move(3 * time.Hour)
	push(w, map[string]*githubemu.File{devFile: old})
	m, err := w.repo.CreatePull("stranger", githubemu.PullSpec{Head: "access/" + string(req), Title: "again"})
	w.must(err)
	w.merge(m, "squash")
	w.clock.move(30 * time.Minute)
	w.trustsAnew()
	if !w.devPower() {
		t.Fatal("it was not merged once more, or has ended already")
	}
	w.clock.move(time.Hour)
	if w.devPower() {
		t.Error("it lasts longer than it was approved for")
	}
}

// TestWhatIsNotKnownToHaveBegunGrantsNothing, which whoever trusts and the
// operations channel are told, and the next merge does not begin it either. The
// line written anew begins with its merge.
func TestWhatIsNotKnownToHaveBegunGrantsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.approvedHand(fourHours)
	before := w.head("main")
	for range 500 {
		_, err := w.repo.DirectPush("hana-dev", nil, "x")
		w.must(err)
	}
	w.db = store.NewMemory()
	w.restart()
	list, err := w.Adoptable(t.Context(), w.head("main"), before, w.word("hana-dev"))
	w.must(err)
	note := w.trustsAnew()
	if len(list.List) != 1 || list.List[0].Assignment.PermissionSet != "PowerUserAccess" || list.Note != note {
		t.Errorf("what would be adopted is %+v, without %q", list, note)
	}
	for _, want := range []string{devFile + " line ", "(PowerUserAccess, 4h)", "grant nothing", "within 500 commits", "write its line anew with another `duration:`"} {
		if !strings.Contains(note, want) {
			t.Errorf("told %q, without %q", note, want)
		}
	}
	if len(w.ops.list) != 1 || !strings.HasSuffix(w.ops.list[0].Text, " "+note) {
		t.Errorf("operations are told %+v", w.ops.list)
	}
	if w.devPower() {
		t.Error("it is desired")
	}
	if !w.desires("111122223333", "ReadOnlyAccess", devGroup) {
		t.Error("what stands is not desired")
	}
	good(w, "other")
	w.look()
	if w.devPower() {
		t.Error("the next merge begins it")
	}
	n := w.byHand("hana-dev", "anew", map[string]*githubemu.File{devFile: w.file(devFile, "duration: 4h\n    reason: incident", "duration: 3h\n    reason: incident")})
	w.look()
	w.review("yuki-lead", n, "APPROVE")
	w.look()
	w.merge(n, "squash")
	w.look()
	if !w.devPower() {
		t.Error("the line written anew is not desired")
	}
}
