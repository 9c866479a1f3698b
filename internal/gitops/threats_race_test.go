package gitops_test

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/gitops/github"
	"aws-access-bot/internal/sandbox/githubemu"
	"aws-access-bot/internal/store"
)

// intruder acts once, just before a request of the bot is answered.
type intruder struct {
	mu    sync.Mutex // guards what follows
	wait  int        // requests until it acts; 0 is never
	seen  int
	act   func()
	acted bool
}

func (i *intruder) RoundTrip(r *http.Request) (*http.Response, error) {
	i.mu.Lock()
	i.seen++
	now := i.wait > 0 && i.seen == i.wait
	if now {
		i.acted = true
		i.act()
	}
	i.mu.Unlock()
	return http.DefaultTransport.RoundTrip(r)
}

// intruded is the world with an intruder between the bot and GitHub.
func (w *world) intruded(i *intruder) {
	w.t.Helper()
	c, err := github.New(github.Options{
		BaseURL: w.http.URL + "/github/api/v3", Owner: org, Name: repoName, RepoID: repoID, AppID: appID, InstallationID: 770, Transport: i,
		PrivateKey: pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(w.key)}), Now: w.clock.Now,
	})
	w.must(err)
	w.Gitops, err = gitops.New(w.opt, c, store.NewGitops(w.db), w.dir)
	w.must(err)
}

// intrusion is what happens while the bot looks, and what must come of it.
type intrusion struct {
	name string
	// before prepares the world; act happens during the look; the grant of
	// devGrant may only be in force if granted says so.
	before  func(w *world) int
	act     func(w *world, n int)
	want    gitops.HaltCode
	granted bool
}

func intrusions() []intrusion {
	approved := func(w *world) int {
		n := topic(w)
		w.look()
		w.review("yuki-lead", n, "APPROVE")
		w.look()
		return n
	}
	merged := func(w *world) int {
		n := approved(w)
		w.merge(n, "squash")
		return n
	}
	return []intrusion{
		{"pushed to and merged while its check is written", approved, func(w *world, n int) {
			more(w, false)
			w.merge(n, "squash")
		}, gitops.HaltApproval, false},
		{"replaced by force and merged while its check is written", approved, func(w *world, n int) {
			more(w, true)
			w.merge(n, "merge")
		}, gitops.HaltApproval, false},
		{"a direct push on top while the merge is verified", merged, func(w *world, _ int) {
			push(w, map[string]*githubemu.File{sandboxFile: w.grantLine(sandboxFile, devGrant)})
		}, gitops.HaltDirectPush, true},
		{"the branch rewritten while the merge is verified", merged, func(w *world, _ int) {
			sha, err := w.repo.CommitObject(githubemu.Commit{From: "topic", Message: "root"})
			w.must(err)
			w.must(w.repo.ForcePush("hana-dev", "main", sha, true))
		}, gitops.HaltRewritten, true},
		{"the topic pushed to while the merge is verified", merged, func(w *world, _ int) { more(w, false) }, "", true},
	}
}

// TestT11AtEveryRequest: whatever is pushed between two requests of the bot,
// only what was approved comes into force, now or on the next look.
func TestT11AtEveryRequest(t *testing.T) {
	t.Parallel()
	for _, tt := range intrusions() {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			last := 1 // until a look has fewer requests
			for k := 1; k <= last && k <= 60; k += 3 {
				w := newWorld(t)
				n := tt.before(w)
				i := &intruder{wait: k}
				i.act = func() { tt.act(w, n) }
				w.intruded(i)
				_ = w.Look(t.Context()) // may fail: what it read moved
				last = max(last, i.seen)
				if !i.acted {
					break
				}
				w.look()
				w.look()
				s := w.status()
				var code gitops.HaltCode
				if s.Halt != nil {
					code = s.Halt.Code
				}
				// A rewrite before the merge was seen leaves the first commit.
				in := w.desires("111122224444", "PowerUserAccess", devGroup)
				if code != tt.want || in && !tt.granted || in != tt.granted && tt.want != gitops.HaltRewritten {
					t.Fatalf("at request %d: halt %q, want %q; granted %v", k, code, tt.want, in)
				}
				if w.longGrant() {
					t.Fatalf("at request %d: what nobody approved is in force", k)
				}
			}
			t.Logf("a look has %d requests", last)
			if last < 5 {
				t.Errorf("a look has %d requests: the test shows nothing", last)
			}
		})
	}
}

// longGrant reports whether the grant that was pushed after the approval, or
// the one pushed to the sandbox's group, is in force.
func (w *world) longGrant() bool {
	w.t.Helper()
	f, err := w.InForce(w.t.Context())
	w.must(err)
	for _, ref := range f.Repo.Grants() {
		if ref.Grant.Account == "payments-dev" && ref.Grant.PermissionSet == "PowerUserAccess" &&
			(strings.HasPrefix(fmt.Sprint(ref.Grant.Duration), "9h") || ref.File.Path() == sandboxFile) {
			return true
		}
	}
	return false
}
