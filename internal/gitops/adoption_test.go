package gitops_test

import (
	"strings"
	"testing"

	"aws-access-bot/config"
	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/sandbox/emukit"
	"aws-access-bot/internal/sandbox/githubemu"
	"aws-access-bot/internal/store"
)

const adoptedSet = "ReadOnlyAccess"

// adopted is what the older commits of [adoptionWorld] grant.
func adopted(account string) config.Assignment {
	return config.Assignment{Principal: config.Principal{Kind: config.GroupPrincipal, ID: adoptedGroup}, Account: account, PermissionSet: adoptedSet}
}

const adoptedGroup = "0b7e3f4c-0000-4000-8000-0000000000a1"

// adoptionWorld pushes a group with a standing grant, one that ended long ago and one
// for some hours, and takes all out again. It has a fresh store; old has the grants and
// gone does not.
func adoptionWorld(t *testing.T) (w *world, old, gone string) {
	t.Helper()
	w = newWorld(t)
	head := "id: " + adoptedGroup + "\nname: aws-old\naccess:"
	push := func(content string) string {
		sha, err := w.repo.Push("hana-dev", githubemu.Push{Branch: "main", Changes: map[string]*githubemu.File{"groups/aws-old.yaml": {Content: content}}, Message: "change", IgnoreRules: true})
		w.must(err)
		return sha
	}
	old = push(head + "\n  - account: payments-dev\n    permission_set: " + adoptedSet +
		"\n  - account: orders-dev\n    permission_set: " + adoptedSet + "\n    expires: 2026-01-02T00:00:00Z\n    reason: the old load test" +
		"\n  - account: payments-ledger\n    permission_set: " + adoptedSet + "\n    duration: 4h\n    reason: a look\n")
	gone = push(head + " []\n")
	w.db = store.NewMemory()
	w.restart()
	return w, old, gone
}

// owned are the assignments of the adopted group that the bot owns, and by which
// commit each was taken away.
func (w *world) ownedOld() map[config.Assignment]string {
	w.t.Helper()
	p := store.NewProvision(w.db)
	list, err := p.Owned(w.t.Context())
	w.must(err)
	out := map[config.Assignment]string{}
	for _, a := range list {
		if a.Principal.ID == adoptedGroup {
			out[a] = ""
		}
	}
	taken, err := p.TakenBy(w.t.Context(), list)
	w.must(err)
	for a := range out {
		out[a] = taken[a]
	}
	return out
}

// TestAdoptingOwnsWhatTheOlderCommitGranted, ended or not, as taken away by the commit
// that is trusted; without it, and by the list alone, nothing of that is owned.
func TestAdoptingOwnsWhatTheOlderCommitGranted(t *testing.T) {
	t.Parallel()
	w, old, gone := adoptionWorld(t)
	word := w.word("hana-dev")
	w.must(w.vouch(gone, word))
	list, err := w.Adoptable(t.Context(), gone, old, word)
	w.must(err)
	if got := w.ownedOld(); len(got) != 0 {
		t.Fatalf("owned without an adoption: %v", got)
	}
	accounts := map[string]string{}
	for _, x := range list.List {
		accounts[x.Account] = x.Assignment.Account
		if x.Principal != "aws-old" || x.Assignment != adopted(x.Assignment.Account) {
			t.Errorf("lists %+v", x)
		}
	}
	if len(list.List) != 3 || accounts["payments-dev"] == "" || accounts["orders-dev"] == "" || accounts["payments-ledger"] == "" {
		t.Fatalf("lists %+v", list.List)
	}
	word.Adopt = gitops.Adoption{Since: old, Mark: list.Mark}
	w.must(w.vouch(gone, word))
	got := w.ownedOld()
	for _, account := range accounts {
		if got[adopted(account)] != gone {
			t.Errorf("%s is taken by %q, want %s", account, got[adopted(account)], gone)
		}
	}
	tail, err := store.NewAudit(w.db).Tail(t.Context(), 1)
	w.must(err)
	if want := "adopted since " + old + ", listed: 3"; len(tail) != 1 || !strings.Contains(tail[0].Cause, want) {
		t.Errorf("audited %+v, want %q", tail, want)
	}
}

// TestAnAdoptionIsRefused where it is not of an older valid commit on the way, by
// nobody who may, or of another list than was seen; then nothing is in force.
func TestAnAdoptionIsRefused(t *testing.T) {
	t.Parallel()
	w, old, gone := adoptionWorld(t)
	word := w.word("hana-dev")
	bad, err := w.repo.Push("hana-dev", githubemu.Push{Branch: "main", Changes: map[string]*githubemu.File{"groups/aws-old.yaml": {Content: "id: no\n"}}, Message: "bad", IgnoreRules: true})
	w.must(err)
	side, err := w.repo.Push("hana-dev", githubemu.Push{Branch: "side", Changes: map[string]*githubemu.File{"groups/aws-old.yaml": nil}, Message: "side"})
	w.must(err)
	last := onMain(w, githubemu.Commit{Parents: []string{"main", "side"}, From: "side", Message: "merge"})
	tests := []struct{ name, sha, since, want string }{
		{"the commit itself", last, last, "the commit to trust itself"},
		{"a newer one", gone, last, "not among the"},
		{"a second parent", last, side, "not among the"},
		{"one that is not there", last, strings.Repeat("0", 40), "not among the"},
		{"no full id", last, "HEAD~1", "not the full id"},
		{"an invalid one", last, bad, "groups/aws-old.yaml"},
	}
	for _, tt := range tests {
		if _, err := w.Adoptable(t.Context(), tt.sha, tt.since, word); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("list of %s: %v, want %q", tt.name, err, tt.want)
		}
		word.Adopt = gitops.Adoption{Since: tt.since}
		if err := w.vouch(tt.sha, word); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
	w.restart()
	if _, err := w.Adoptable(t.Context(), last, gone, word); err != nil {
		t.Fatal(err) // the commit to trust is read by now
	}
	w.kit.Faults.Add(emukit.Fault{Name: "cut", Op: "GET /repos/{owner}/{repo}/git/trees/{tree_sha}", Status: 200, Times: 1,
		Body: `{"sha": "` + strings.Repeat("a", 40) + `", "tree": [], "truncated": true}`})
	if _, err := w.Adoptable(t.Context(), last, old, word); err == nil || !strings.Contains(err.Error(), "does not list all files") {
		t.Errorf("of a tree that was cut short: %v", err)
	}
	w.restart()
	if _, err := w.Adoptable(t.Context(), last, old, w.word("yuki-lead")); err == nil || !strings.Contains(err.Error(), "admin role") {
		t.Errorf("listed for somebody who may not: %v", err)
	}
	seen, err := w.Adoptable(t.Context(), gone, old, word)
	w.must(err)
	word.Adopt = gitops.Adoption{Since: old, Mark: seen.Mark}
	if err := w.vouch(last, word); err == nil || !strings.Contains(err.Error(), "not what was listed") {
		t.Errorf("another list than was seen: %v", err)
	}
	w.holds("", "")
	if got := w.ownedOld(); len(got) != 0 {
		t.Errorf("owned after refusals: %v", got)
	}
}
