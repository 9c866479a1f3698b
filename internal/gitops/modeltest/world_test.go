package modeltest_test

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/gitops/github"
	"aws-access-bot/internal/sandbox/emukit"
	"aws-access-bot/internal/sandbox/githubemu"
	"aws-access-bot/internal/secret"
	"aws-access-bot/internal/store"
)

const (
	org      = "acme"
	repoName = "config"
	repoID   = 4242
	appID    = 77
	botLogin = "access-bot[bot]"
)

// testKey makes one RSA key for all runs, since making one takes long.
var testKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// mode is how a world is set up.
type mode struct {
	rules bool // the rulesets of the design stand
	bolt  bool // the store is a file
}

// world is the emulated GitHub with the real bot, and what the model knows.
type world struct {
	ctx     context.Context
	emu     *githubemu.Server
	repo    *githubemu.Repo
	http    *httptest.Server
	key     *rsa.PrivateKey
	now     time.Time
	db      store.DB
	bot     *gitops.Gitops
	records *store.Gitops

	commits  map[string]*commit
	pulls    map[int]*pull
	activity []githubemu.ActivityState
	branches map[string]string
	tips     []string // every head the default branch ever had
	heads    map[string][]string
	asks     []*ask
	teams    roster
	members  roster
	managers map[string]string // by who reports to them
	serial   int
	model    walk
	trusted  bool            // since the last look
	again    map[string]bool // commits that are judged again, on what was trusted
	seen     map[string]gitops.Outcome
	trace    []string
	tally    *tally
}

// tally counts what histories came to, so that a generator that stopped making
// some of it is found.
type tally struct {
	mu sync.Mutex // guards n
	n  map[string]int
}

func (t *tally) add(what string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.n[what]++
}

// broken ends a run: the bot and the model disagree, or the model is wrong.
type broken struct{ text string }

func (w *world) failf(format string, args ...any) { panic(broken{fmt.Sprintf(format, args...)}) }

func (w *world) must(err error) {
	if err != nil {
		w.failf("%v", err)
	}
}

func (w *world) logf(format string, args ...any) {
	w.trace = append(w.trace, fmt.Sprintf(format, args...))
}

func newWorld(t *testing.T, m mode, sum *tally) (*world, func()) {
	key, err := testKey()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{
		tally: sum, ctx: t.Context(), key: key, now: time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC), db: store.NewMemory(),
		commits: map[string]*commit{}, pulls: map[int]*pull{}, heads: map[string][]string{}, seen: map[string]gitops.Outcome{}, again: map[string]bool{},
		teams:    roster{"leads": {"yuki", "taro"}, "platform": {"ken", "lena", "kim"}, "security": {"mio", "sam"}},
		members:  roster{"aws-dev": {"hana"}, "aws-ops": {"ken"}, "aws-new": {"mio"}},
		managers: map[string]string{"hana": "yuki", "ken": "lena", "mio": "sam", "sam": "mio", "rio": "taro", "yuki": "taro"},
	}
	if m.bolt {
		db, err := store.OpenBolt(filepath.Join(t.TempDir(), "state.db"), store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		w.db = db
	}
	kit := emukit.New(1)
	kit.Now = func() time.Time { return w.now }
	mux := http.NewServeMux()
	w.http = httptest.NewServer(mux)
	w.emu = githubemu.New(kit, githubemu.Options{
		BaseURL: w.http.URL + "/github", Org: org, MergeableDelay: -1, RateLimit: 1 << 30,
		App: githubemu.App{ID: appID, Slug: "access-bot", InstallationID: 770, PublicKey: &key.PublicKey},
	})
	mux.Handle("/github/", http.StripPrefix("/github", w.emu.Handler()))
	w.populate(m)
	w.restart()
	w.sync()
	sha := w.main()
	_, err = w.bot.Vouch(w.ctx, sha, w.bossWord())
	w.must(err)
	s := w.commits[sha].state
	w.model = walk{
		position: sha, inForce: sha, state: s, starts: follow(state{}, s, nil, always(w.commits[sha].at)),
		outcomes: map[string]string{sha: "trusted"}, shown: map[int]shown{},
	}
	w.tick()
	return w, func() {
		w.http.Close()
		_ = w.db.Close()
	}
}

// bossToken is the GitHub token of who may name commits.
const bossToken = "ghp_boss"

// bossWord is the boss's.
func (w *world) bossWord() gitops.Word {
	return gitops.Word{Token: secret.New(bossToken), System: "the test"}
}

func (w *world) populate(m mode) {
	for _, n := range castNames[:len(castNames)-1] {
		_, err := w.emu.AddUser(githubemu.User{ID: cast[n].id, Login: n})
		w.must(err)
	}
	for _, t := range teams {
		members := map[string]string{}
		for _, n := range w.teams[t] {
			members[n] = ""
		}
		w.must(w.emu.PutTeam(githubemu.Team{ID: teamIDs[t], Slug: t, Members: members}))
	}
	s := seed()
	files := map[string]string{}
	for p, f := range s {
		files[p] = f.text
	}
	var err error
	w.repo, err = w.emu.AddRepo(githubemu.RepoSpec{Name: repoName, ID: repoID, Files: files, Author: "boss"})
	w.must(err)
	for _, n := range castNames[:len(castNames)-1] {
		w.must(w.repo.SetRole(n, "write"))
	}
	w.must(w.repo.SetRole("boss", "admin"))
	w.must(w.emu.AddToken("boss", bossToken))
	if m.rules {
		for _, rs := range githubemu.AccessRulesets("aws-access", appID, "access/") {
			w.repo.PutRuleset(rs)
		}
	}
	c := w.emu.State().Repos[0].Commits[0]
	w.commits[c.SHA] = &commit{sha: c.SHA, state: s, at: c.At}
}

// restart makes the bot anew on the same store.
func (w *world) restart() {
	client, err := github.New(github.Options{
		BaseURL: w.http.URL + "/github/api/v3", Owner: org, Name: repoName, RepoID: repoID, AppID: appID, InstallationID: 770,
		PrivateKey: pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(w.key)}),
		Now:        func() time.Time { return w.now },
	})
	w.must(err)
	w.records = store.NewGitops(w.db)
	w.bot, err = gitops.New(gitops.Options{
		Owner: org, Name: repoName, RepoID: repoID, Branch: "main", SigningKey: []byte(strings.Repeat("k", 32)),
		Lag: time.Nanosecond, Now: func() time.Time { return w.now },
	}, client, w.records, directory{w})
	w.must(err)
}

// tick moves the clock, so that no two things happen at one time.
func (w *world) tick() { w.now = w.now.Add(time.Second) }

func (w *world) main() string { return w.branches["main"] }

// directory is Entra: everybody is enabled.
type directory struct{ w *world }

func (d directory) NestedGroups(context.Context, string) ([]string, error) { return nil, nil }

func (d directory) User(_ context.Context, id string) (access.Entrant, error) {
	return access.Entrant{Person: access.Person{Entra: id}, Enabled: true}, nil
}

func (d directory) Manager(_ context.Context, id string) (access.Entrant, error) {
	for who, manager := range d.w.managers {
		if cast[who].entra == id {
			return access.Entrant{Person: access.Person{Entra: cast[manager].entra}, Enabled: true}, nil
		}
	}
	return access.Entrant{}, access.ErrNotFound
}

func (d directory) DirectMembers(_ context.Context, group string) ([]access.Entrant, error) {
	for slug, id := range groupIDs {
		if id != group {
			continue
		}
		var out []access.Entrant
		for _, n := range d.w.members[slug] {
			out = append(out, access.Entrant{Person: access.Person{Entra: cast[n].entra}, Enabled: true})
		}
		return out, nil
	}
	return nil, access.ErrNotFound
}

// sync takes over what GitHub has, and finds out what new commits of the
// default branch mean.
func (w *world) sync() {
	r := w.emu.State().Repos[0]
	w.activity, w.branches = r.Activity, r.Branches
	old := ""
	if n := len(w.tips); n > 0 {
		old = w.tips[n-1]
	}
	if main := w.main(); main != old {
		w.tips = append(w.tips, main)
	}
	for _, p := range r.Pulls {
		w.syncPull(p, old)
	}
	w.learn(r.Commits, old)
	for _, p := range w.pulls {
		if p.mergeCommit != "" && p.landed == nil {
			p.landed = w.pushed(p)
		}
	}
}

// syncPull takes over a pull request. main is what the default branch was before.
func (w *world) syncPull(p githubemu.PullState, main string) {
	o := w.pulls[p.Number]
	if o == nil {
		o = &pull{number: p.Number, author: p.Author, branch: p.Head, fork: strings.Contains(p.Head, ":")}
		w.pulls[p.Number] = o
	}
	if o.head != p.HeadSHA {
		o.base = main
	}
	o.head, o.open, o.opinions = p.HeadSHA, p.State == "open", nil
	if h := w.heads[o.branch]; len(h) == 0 || h[len(h)-1] != o.head {
		w.heads[o.branch] = append(h, o.head)
	}
	if p.Merged != nil {
		o.mergedAt, o.mergeCommit = *p.Merged, p.MergeSHA
	}
	gone := dismissals(&p)
	for _, r := range p.Reviews {
		o.opinions = append(o.opinions, opinion{r.By, r.State, r.Commit, r.Submitted, gone[r.ID]})
	}
}

// learn finds the meaning of new first parents of the default branch: those of
// merges, since the model makes all others itself.
func (w *world) learn(list []githubemu.CommitState, old string) {
	var fresh []githubemu.CommitState
	for _, c := range list { // newest first
		if w.commits[c.SHA] != nil {
			break
		}
		fresh = append(fresh, c)
	}
	if len(fresh) == 0 {
		return
	}
	slices.Reverse(fresh)
	var by *pull
	for _, p := range w.pulls {
		if p.mergeCommit == fresh[len(fresh)-1].SHA {
			by = p
		}
	}
	if by == nil {
		w.failf("the model does not know commit %.7s", fresh[0].SHA)
	}
	for _, c := range fresh {
		by.landed = append(by.landed, c.SHA)
	}
	// A rebase of one commit means the same as a squash.
	replayed := w.replayed(by.head, old)
	for i, c := range fresh {
		from, theirs := w.mergeBase(old, by.head), by.head
		if len(fresh) > 1 {
			from, theirs = w.commits[replayed[i]].parents[0], replayed[i]
		}
		s := w.merged(c.SHA, w.commits[from].state, w.commits[c.Parents[0]].state, w.commits[theirs].state)
		w.know(c.SHA, s, c.Parents...)
		w.commits[c.SHA].at = c.At
	}
}

// replayed are the commits that a rebase merge applies again, oldest first.
func (w *world) replayed(head, onto string) []string {
	had := w.ancestors(onto)
	var out []string
	for sha := range w.ancestors(head) {
		if !had[sha] && len(w.commits[sha].parents) == 1 {
			out = append(out, sha)
		}
	}
	slices.SortFunc(out, func(a, b string) int { // those of one rebase have one time
		return cmp.Or(w.commits[a].at.Compare(w.commits[b].at), len(w.ancestors(a))-len(w.ancestors(b)))
	})
	return out
}

// pushed are the first parents that a pull request has brought whose head came to
// the branch by a push: the commit that has the head, and those that GitHub lists
// as the pull request's. It lists what the base did not have when the head was
// moved last, and does not look again when the base moves.
func (w *world) pushed(p *pull) []string {
	own, had := w.ancestors(p.head), w.ancestors(p.base)
	out := []string{p.mergeCommit}
	for ps := w.commits[p.mergeCommit].parents; len(ps) > 0; ps = w.commits[ps[0]].parents {
		if own[ps[0]] && !had[ps[0]] {
			out = append(out, ps[0])
		}
	}
	slices.Reverse(out)
	return out
}

// know records what a commit means, and checks that it holds just that.
func (w *world) know(sha string, s state, parents ...string) {
	w.commits[sha] = &commit{sha: sha, parents: parents, state: s, at: w.now}
	files, err := w.repo.Files(sha)
	w.must(err)
	for p, f := range s {
		if files[p].Content != f.text {
			w.failf("the model is wrong about %s of commit %.7s:\n%s\nis\n%s", p, sha, f.text, files[p].Content)
		}
	}
	if len(files) != len(s) {
		w.failf("the model is wrong about the files of commit %.7s: %v is %v", sha, slices.Sorted(maps.Keys(s)), slices.Sorted(maps.Keys(files)))
	}
}

// changes are the files that differ, as a push has them.
func changes(from, to state) map[string]*githubemu.File {
	out := map[string]*githubemu.File{}
	for _, p := range differing(from, to) {
		out[p] = nil
		if f := to[p]; f != nil {
			out[p] = &githubemu.File{Content: f.text}
		}
	}
	return out
}
