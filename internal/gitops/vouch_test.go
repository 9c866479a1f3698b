package gitops_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/sandbox/emukit"
	"aws-access-bot/internal/sandbox/githubemu"
	"aws-access-bot/internal/secret"
	"aws-access-bot/internal/store"
)

// word is a word with the token of a login, made for it.
func (w *world) word(login string) gitops.Word {
	w.t.Helper()
	token := "ghp_canary_of_" + login
	w.must(w.emu.AddToken(login, token))
	return gitops.Word{Token: secret.New(token), System: "system user root"}
}

// vouch puts a commit in force by a word.
func (w *world) vouch(sha string, word gitops.Word) error {
	_, err := w.Vouch(w.t.Context(), sha, word)
	return err
}

// TestOnlyAnAdministratorOfTheConfigRepoNamesACommit, whom GitHub knows by his
// own token.
func TestOnlyAnAdministratorOfTheConfigRepoNamesACommit(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		word func(w *world) gitops.Word
		want string // "" for a commit that comes into force
	}{
		{"an administrator", func(w *world) gitops.Word { return w.word("hana-dev") }, ""},
		{"an owner of the organization", func(w *world) gitops.Word {
			w.must(w.emu.SetOrgRole("stranger", "admin"))
			return w.word("stranger")
		}, ""},
		{"somebody without a token", func(*world) gitops.Word { return gitops.Word{System: "root"} }, "a GitHub token of your own is needed"},
		{"somebody with a token that GitHub does not know", func(*world) gitops.Word { return gitops.Word{Token: secret.New("ghp_canary")} }, "GitHub does not accept the token"},
		{"somebody who may write", func(w *world) gitops.Word { return w.word("yuki-lead") }, `yuki-lead has the role "write"`},
		{"a maintainer", func(w *world) gitops.Word {
			w.must(w.repo.SetRole("yuki-lead", "maintain"))
			return w.word("yuki-lead")
		}, `yuki-lead has the role "write"`},
		{"an administrator of another repository", func(w *world) gitops.Word {
			other, err := w.emu.AddRepo(githubemu.RepoSpec{Name: "other", Files: map[string]string{"a": "b"}, Author: "yuki-lead"})
			w.must(err)
			w.must(other.SetRole("yuki-lead", "admin"))
			return w.word("yuki-lead")
		}, `yuki-lead has the role "write" on acme/aws-access-config`},
		{"a bot account", func(w *world) gitops.Word {
			_, err := w.emu.AddUser(githubemu.User{Login: "robot", Type: "Bot"})
			w.must(err)
			w.must(w.repo.SetRole("robot", "admin"))
			return w.word("robot")
		}, "is no person"},
		{"an administrator from outside the organization", func(w *world) gitops.Word {
			w.must(w.emu.SetOrgRole("hana-dev", ""))
			return w.word("hana-dev")
		}, "is not a member of the organization"},
		{"somebody whose login is another's by now", func(w *world) gitops.Word {
			w.kit.Faults.Add(emukit.Fault{Name: "renamed", Op: "GET /user", Status: 200, Body: `{"id":1001,"login":"hana-dev","type":"User"}`})
			return w.word("yuki-lead")
		}, "names account 1002 and the token is that of account 1001"},
		{"somebody while GitHub does not say", func(w *world) gitops.Word {
			w.kit.Faults.Add(emukit.Fault{Name: "down", Op: "GET /user", Status: 500, Body: `{}`})
			return w.word("hana-dev")
		}, "GitHub answers 500"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			before := w.status().InForce
			w.merge(w.proposed(w.request(req)), "squash")
			w.look()
			w.holds(before, gitops.HaltApproval)
			log := &bytes.Buffer{}
			w.opt.Log = slog.New(slog.NewTextHandler(log, nil))
			g, err := gitops.New(w.opt, w.client(), store.NewGitops(w.db), w.dir)
			w.must(err)
			w.Gitops = g
			head := w.head("main")
			err = w.vouch(head, tt.word(w))
			if strings.Contains(fmt.Sprint(err)+log.String(), "canary") {
				t.Errorf("the token is told: %v\n%s", err, log)
			}
			if tt.want == "" {
				w.must(err)
				w.holds(head, "")
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
			w.holds(before, gitops.HaltApproval)
			if tail, err := store.NewAudit(w.db).Tail(t.Context(), 2); err != nil || len(tail) != 1 {
				t.Errorf("audit log: %+v, %v: want the first trust alone", tail, err)
			}
			if !strings.Contains(log.String(), "trust refused") {
				t.Errorf("a refusal is not logged: %s", log)
			}
		})
	}
}

// TestT37ATrustedCommitIsRecordedWithItsWordAndNotItsToken: in the verdict, the
// audit log and the operations channel, durable with the commit; the token is
// nowhere.
func TestT37ATrustedCommitIsRecordedWithItsWordAndNotItsToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	file := filepath.Join(t.TempDir(), "state.db")
	db, err := store.OpenBolt(file, store.Options{})
	w.must(err)
	w.db = db
	w.restart()
	head := w.head("main")
	w.must(w.vouch(head, w.word("hana-dev")))
	who := "hana-dev (GitHub account 1002; hana@example.com, " + hanaEntra + " in Entra)"
	v, known, err := store.NewGitops(db).CommitVerdict(t.Context(), head)
	if want := "trusted by " + who + ", in a command run by system user root"; err != nil || !known || v.Outcome != gitops.Trusted || v.Text != want {
		t.Errorf("verdict %+v, %v, want %q", v, err, want)
	}
	w.audited(who, head, "in force before: nothing")
	w.merge(w.proposed(w.request(req)), "squash")
	w.look()
	w.holds(head, gitops.HaltApproval)
	bad := w.head("main")
	w.must(w.vouch(bad, w.word("hana-dev")))
	w.audited(who, bad, "in force before: "+head+"; halted at "+bad+" by rule approval-missing")
	due, err := store.NewOutbox(db).DueNotices(t.Context())
	w.must(err)
	if last := due[len(due)-1]; last.Kind != access.NoticeOps || !strings.HasPrefix(last.Text, who+" put commit "+bad[:7]) || !strings.Contains(last.Text, "In force before: "+head) {
		t.Errorf("operations are told %q", last.Text)
	}
	w.must(db.Close())
	data, err := os.ReadFile(file)
	w.must(err)
	if bytes.Contains(data, []byte("canary")) {
		t.Error("the token is in the state file")
	}
}

// audited wants the last entry of the audit log.
func (w *world) audited(actor, target, cause string) {
	w.t.Helper()
	log := store.NewAudit(w.db)
	tail, err := log.Tail(w.t.Context(), 1)
	w.must(err)
	if len(tail) != 1 || tail[0].Action != "commit.trusted" || tail[0].Actor != actor || tail[0].Target != target || tail[0].Cause != cause || !tail[0].At.Equal(w.clock.Now()) {
		w.t.Errorf("audited %+v, want %s of %s, %s", tail, actor, target, cause)
	}
	_, err = log.Verify(w.t.Context())
	w.must(err)
}

// TestAWordThatIsNotStoredChangesNothing: the audit log, the notice and the
// commit in force are one step.
func TestAWordThatIsNotStoredChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.status().InForce
	word := w.word("hana-dev")
	w.merge(w.proposed(w.request(req)), "squash")
	w.look()
	if err := w.vouch(strings.Repeat("0", 40), word); err == nil || errors.Is(err, gitops.ErrDenied) {
		t.Errorf("a commit that is not there: %v", err)
	}
	if err := w.vouch("HEAD", word); err == nil {
		t.Error("what is no commit's id was trusted")
	}
	w.holds(before, gitops.HaltApproval)
	tail, err := store.NewAudit(w.db).Tail(t.Context(), 5)
	if err != nil || len(tail) != 1 {
		t.Errorf("audit log %+v, %v", tail, err)
	}
}
