package gitops_test

import (
	"testing"

	"aws-access-bot/config"
	"aws-access-bot/internal/sandbox/githubemu"
	"aws-access-bot/internal/store"
)

// TestTheCommitThatTakesIsNoted: with each assignment that it takes away or ends
// sooner, though others come into force in the same look; not with others.
func TestTheCommitThatTakesIsNoted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const file = "groups/aws-security-audit.yaml"
	n := w.byHand("mio-sec", "away", map[string]*githubemu.File{file: w.file(file, "  - accounts: {ou: /Security}\n    permission_set: PowerUserAccess\n", "")})
	w.look()
	away := w.merge(n, "squash")
	n = w.byHand("hana-dev", "ends", map[string]*githubemu.File{devFile: w.file(devFile, "    permission_set: ReadOnlyAccess                # standing: no end\n", "    permission_set: ReadOnlyAccess\n    duration: 4h\n    reason: no longer\n")})
	w.look()
	w.review("yuki-lead", n, "APPROVE")
	w.look()
	ends := w.merge(n, "squash")
	last := good(w, "other")
	w.look()
	w.holds(last, "")
	audit := config.Principal{Kind: config.GroupPrincipal, ID: "0b7e3f4c-0000-4000-8000-000000000016"}
	devs := config.Principal{Kind: config.GroupPrincipal, ID: devGroup}
	for a, want := range map[config.Assignment]string{
		{Principal: audit, Account: "111122223333", PermissionSet: "ReadOnlyAccess"}: "",
		{Principal: devs, Account: "111122223333", PermissionSet: "ReadOnlyAccess"}:  ends,
		{Principal: devs, Account: "111122224444", PermissionSet: "ReadOnlyAccess"}:  "",
	} {
		got, err := store.NewProvision(w.db).TakenBy(t.Context(), []config.Assignment{a})
		w.must(err)
		if got[a] != want {
			t.Errorf("%s was taken by %q, want %q", a, got[a], want)
		}
	}
	f, err := w.InForce(t.Context())
	w.must(err)
	for _, account := range f.Repo.Accounts {
		if account.OU != "/Security" {
			continue
		}
		a := config.Assignment{Principal: audit, Account: account.ID, PermissionSet: "PowerUserAccess"}
		if got, err := store.NewProvision(w.db).TakenBy(t.Context(), []config.Assignment{a}); err != nil || got[a] != away {
			t.Errorf("%s was taken by %q, want %q: %v", a, got[a], away, err)
		}
	}
}

// TestWhatIsPutBackIsNotTakenAnyMore: for good it is nobody's, and with an end that of
// the commit that put it back.
func TestWhatIsPutBackIsNotTakenAnyMore(t *testing.T) {
	t.Parallel()
	const line = "  - account: payments-prod\n    permission_set: ReadOnlyAccess                # standing: no end\n"
	for name, back := range map[string]string{"for good": line, "with an end": "  - account: payments-prod\n    permission_set: ReadOnlyAccess\n    duration: 4h\n    reason: once more\n"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			approved := func(branch, old, now string) string {
				n := w.byHand("hana-dev", branch, map[string]*githubemu.File{devFile: w.file(devFile, old, now)})
				w.look()
				w.review("yuki-lead", n, "APPROVE")
				w.look()
				sha := w.merge(n, "squash")
				w.look()
				w.holds(sha, "")
				return sha
			}
			taken := func() string {
				a := config.Assignment{Principal: config.Principal{Kind: config.GroupPrincipal, ID: devGroup}, Account: "111122223333", PermissionSet: "ReadOnlyAccess"}
				got, err := store.NewProvision(w.db).TakenBy(t.Context(), []config.Assignment{a})
				w.must(err)
				return got[a]
			}
			away := approved("away", line, "")
			if got := taken(); got != away {
				t.Fatalf("taken by %q, want %q", got, away)
			}
			again := approved("again", "access:\n", "access:\n"+back)
			want := ""
			if name == "with an end" {
				want = again
			}
			if got := taken(); got != want {
				t.Errorf("taken by %q after it was put back, want %q; %s took it away", got, want, away)
			}
		})
	}
}
