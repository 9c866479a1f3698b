package gitops_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/config/example"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/gitops/github"
	"aws-access-bot/internal/sandbox/emukit"
	"aws-access-bot/internal/sandbox/githubemu"
	"aws-access-bot/internal/store"
)

const (
	org      = "acme"
	repoName = "aws-access-config"
	repoID   = 4242
	appID    = 77

	person    = "3c1d9a70-0000-4000-8000-0000000000"
	hanaEntra = person + "21"
	yukiEntra = person + "22"
	devGroup  = "0b7e3f4c-0000-4000-8000-000000000011"
)

// testKey makes one RSA key for all tests, since making one takes long.
var testKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// clock stands until it is moved.
type clock struct {
	mu  sync.Mutex // guards now
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// directory is Entra as far as the package asks it.
type directory struct {
	mu      sync.Mutex // guards what follows
	members map[string][]string
	nested  map[string][]string
	// managers has who reports to whom, gone who is disabled.
	managers map[string]string
	gone     map[string]bool
	fail     error
	reads    int // of groups
}

func (d *directory) NestedGroups(_ context.Context, group string) ([]string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.reads++
	return d.nested[group], d.fail
}

func (d *directory) User(_ context.Context, id string) (access.Entrant, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return access.Entrant{Person: access.Person{Entra: id}, Enabled: !d.gone[id]}, d.fail
}

func (d *directory) Manager(_ context.Context, id string) (access.Entrant, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	m, ok := d.managers[id]
	if d.fail == nil && !ok {
		return access.Entrant{}, access.ErrNotFound
	}
	return access.Entrant{Person: access.Person{Entra: m}, Enabled: !d.gone[m]}, d.fail
}

func (d *directory) DirectMembers(_ context.Context, group string) ([]access.Entrant, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.reads++
	if d.fail != nil {
		return nil, d.fail
	}
	var out []access.Entrant
	for _, id := range d.members[group] {
		out = append(out, access.Entrant{Person: access.Person{Entra: id}, Enabled: true})
	}
	return out, nil
}

// notices keeps what the operations channel was told.
type notices struct {
	mu   sync.Mutex // guards list
	list []access.Notice
}

func (n *notices) PutNotice(_ context.Context, x access.Notice) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.list = append(n.list, x)
	return nil
}

// world is the example config repo on an emulated GitHub with the real client
// and store.
type world struct {
	// removed is Options.Removed; nil in tests that are not about clean-ups.
	removed func(context.Context, config.Assignment) (bool, error)
	// ahead is Options.Ahead.
	ahead func(context.Context, *config.Repo, config.Phase) (access.Preflight, error)
	// aws is Options.Preflight; nil in tests that are not about onboarding.
	aws func(context.Context, *config.Repo, *config.Repo, *config.Account) (access.Preflight, error)
	*gitops.Gitops
	t     *testing.T
	emu   *githubemu.Server
	kit   *emukit.Kit
	repo  *githubemu.Repo
	http  *httptest.Server
	clock *clock
	dir   *directory
	ops   *notices
	db    store.DB
	key   *rsa.PrivateKey
	opt   gitops.Options
	// inForce counts how often another commit came into force.
	inForce int
}

// exampleFiles reads the example config repo.
func exampleFiles(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := fs.WalkDir(example.FS(), ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(example.FS(), p)
		out[p] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// newWorld has the people of the example with write access (hana is an
// admin), its teams, and the rulesets of the design. The first commit is
// trusted.
func newWorld(t *testing.T) *world {
	t.Helper()
	return newWorldOf(t, exampleFiles(t))
}

// ruledWorld has rules before those of the example.
func ruledWorld(t *testing.T, rules string) *world {
	t.Helper()
	files := exampleFiles(t)
	at := strings.Index(files["aws-access.yaml"], "  - name: admin in production\n")
	if at < 0 {
		t.Fatal("the example begins with another rule")
	}
	files["aws-access.yaml"] = files["aws-access.yaml"][:at] + rules + files["aws-access.yaml"][at:]
	return newWorldOf(t, files)
}

func newWorldOf(t *testing.T, files map[string]string, options ...func(*githubemu.Options)) *world {
	t.Helper()
	key, err := testKey()
	if err != nil {
		t.Fatal(err)
	}
	// Most tests merge by hand.
	if !strings.Contains(files["aws-access.yaml"], "\nmerge: ") {
		files["aws-access.yaml"] = strings.TrimRight(files["aws-access.yaml"], "\n") + "\nmerge: people\n"
	}
	w := &world{
		t: t, key: key, clock: &clock{now: time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)},
		dir: &directory{members: map[string][]string{devGroup: {hanaEntra}}}, ops: &notices{}, db: store.NewMemory(),
	}
	w.kit = emukit.New(1)
	w.kit.Now = w.clock.Now
	mux := http.NewServeMux()
	w.http = httptest.NewServer(mux)
	t.Cleanup(w.http.Close)
	o := githubemu.Options{
		BaseURL: w.http.URL + "/github", Org: org, MergeableDelay: -1,
		App: githubemu.App{ID: appID, Slug: "access-bot", InstallationID: 770, PublicKey: &key.PublicKey},
	}
	for _, set := range options {
		set(&o)
	}
	w.emu = githubemu.New(w.kit, o)
	mux.Handle("/github/", http.StripPrefix("/github", w.emu.Handler()))
	w.people(files)
	w.restart()
	w.must(w.Trust(t.Context(), w.head("main"), "the test"))
	w.ops.list = nil // what follows is what is of interest
	return w
}

func (w *world) people(files map[string]string) {
	w.t.Helper()
	users := map[string]int64{"yuki-lead": 1001, "hana-dev": 1002, "ken-platform": 1003, "mio-sec": 1004, "taro-data": 1005, "lena-platform": 1006, "stranger": 4711}
	for login, id := range users {
		_, err := w.emu.AddUser(githubemu.User{ID: id, Login: login})
		w.must(err)
	}
	w.must(w.emu.PutTeam(githubemu.Team{ID: 1234567, Slug: "security", Members: map[string]string{"mio-sec": ""}}))
	w.must(w.emu.PutTeam(githubemu.Team{ID: 1234568, Slug: "platform", Members: map[string]string{"ken-platform": "", "lena-platform": ""}}))
	w.must(w.emu.PutTeam(githubemu.Team{ID: 1234569, Slug: "payments-leads"}))
	var err error
	w.repo, err = w.emu.AddRepo(githubemu.RepoSpec{Name: repoName, ID: repoID, Files: files, Author: "hana-dev"})
	w.must(err)
	for login := range users {
		w.must(w.repo.SetRole(login, "write"))
	}
	w.must(w.repo.SetRole("hana-dev", "admin"))
	for _, rs := range githubemu.AccessRulesets("aws-access", appID, "access/") {
		w.repo.PutRuleset(rs)
	}
}

// client is a new client of the emulator.
func (w *world) client() *github.Client {
	w.t.Helper()
	c, err := github.New(github.Options{
		BaseURL: w.http.URL + "/github/api/v3", Owner: org, Name: repoName, RepoID: repoID, AppID: appID, InstallationID: 770,
		PrivateKey: pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(w.key)}), Now: w.clock.Now,
	})
	w.must(err)
	return c
}

// restart makes the Gitops anew on the same store.
func (w *world) restart() {
	w.t.Helper()
	w.opt = gitops.Options{
		Owner: org, Name: repoName, RepoID: repoID, Branch: "main", SigningKey: []byte(strings.Repeat("k", 32)),
		Lag: time.Nanosecond, Now: w.clock.Now, Ops: w.ops, OnInForce: func() { w.inForce++ }, Removed: w.removed, Preflight: w.aws, Ahead: w.ahead,
	}
	g, err := gitops.New(w.opt, w.client(), store.NewGitops(w.db), w.dir)
	w.must(err)
	w.Gitops = g
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) head(branch string) string {
	w.t.Helper()
	sha, err := w.client().Branch(w.t.Context(), branch)
	w.must(err)
	return sha
}

// look moves the clock a second, so that Lag is over, and looks twice: once to
// meet commits, once to judge them.
func (w *world) look() {
	w.t.Helper()
	if err := w.Look(w.t.Context()); err != nil {
		w.clock.move(time.Second)
		w.must(w.Look(w.t.Context()))
	}
	w.clock.move(time.Second)
}

// request is Hana's wish for PowerUserAccess in payments-dev for the group
// aws-payments-dev.
func (w *world) request(id access.ID) access.Request {
	return access.Request{
		ID: id, Kind: access.KindGrant, State: access.StateAsked,
		Asker: access.Asker{Person: access.Person{Entra: hanaEntra, Name: "Hana", Email: "hana@example.com"}},
		Want: access.Want{
			Principal:     config.Principal{Kind: config.GroupPrincipal, ID: devGroup},
			PrincipalSlug: "aws-payments-dev", PrincipalName: "aws-payments-dev",
			AccountSlug: "payments-dev", AccountID: "111122224444", AccountName: "payments-dev", OU: "/Workloads/Dev",
			PermissionSet: "PowerUserAccess", Term: config.Term{For: 4 * time.Hour}, Reason: "looking into the refund bug",
		},
		Times: map[access.Stage]time.Time{access.StageAsked: w.clock.Now()},
	}
}

// proposed has a pull request for a request and returns its number.
func (w *world) proposed(r access.Request) int {
	w.t.Helper()
	w.must(w.Propose(w.t.Context(), r))
	w.look()
	return w.facts(r.ID).Ref.Number
}

func (w *world) facts(id access.ID) *access.PullFacts {
	w.t.Helper()
	f, err := w.PullFacts(w.t.Context(), id)
	w.must(err)
	if f == nil {
		w.t.Fatalf("nothing is recorded for %s", id)
	}
	return f
}

func (w *world) review(login string, number int, event string) {
	w.t.Helper()
	_, err := w.repo.Review(login, number, event, "looked at it", "")
	w.must(err)
	w.clock.move(time.Second)
}

// merge merges past the rules and returns the commit.
func (w *world) merge(number int, method string) string {
	w.t.Helper()
	sha, err := w.repo.Merge("hana-dev", number, githubemu.MergeSpec{Method: method, IgnoreRules: true})
	w.must(err)
	w.clock.move(time.Second)
	return sha
}

// byHand pushes changes to a branch as somebody and opens a pull request.
func (w *world) byHand(login, branch string, changes map[string]*githubemu.File) int {
	w.t.Helper()
	_, err := w.repo.Push(login, githubemu.Push{Branch: branch, Changes: changes, Message: "change"})
	w.must(err)
	n, err := w.repo.CreatePull(login, githubemu.PullSpec{Head: branch, Title: "change"})
	w.must(err)
	w.clock.move(time.Second)
	return n
}

// file returns the content of a file on a branch with text replaced.
func (w *world) file(path, old, now string) *githubemu.File {
	w.t.Helper()
	files, err := w.repo.Files("")
	w.must(err)
	content := files[path].Content
	if !strings.Contains(content, old) {
		w.t.Fatalf("%s does not contain %q", path, old)
	}
	return &githubemu.File{Content: strings.Replace(content, old, now, 1)}
}

// grantLine returns a file with a grant added at its end.
func (w *world) grantLine(path, lines string) *githubemu.File {
	w.t.Helper()
	files, err := w.repo.Files("")
	w.must(err)
	return &githubemu.File{Content: strings.TrimRight(files[path].Content, "\n") + "\n" + lines}
}

func (w *world) status() gitops.Status {
	w.t.Helper()
	s, err := w.Status(w.t.Context())
	w.must(err)
	return s
}

// holds says which commit must be in force and which halt there must be.
func (w *world) holds(commit string, halt gitops.HaltCode) {
	w.t.Helper()
	s := w.status()
	var code gitops.HaltCode
	if s.Halt != nil {
		code = s.Halt.Code
	}
	if s.InForce != commit || code != halt {
		w.t.Fatalf("in force %.7s with halt %q, want %.7s with %q: %+v", s.InForce, code, commit, halt, s.Halt)
	}
}

// desires reports whether the config in force makes an assignment now.
func (w *world) desires(account, set, group string) bool {
	w.t.Helper()
	f, err := w.InForce(w.t.Context())
	w.must(err)
	want := config.Assignment{Principal: config.Principal{Kind: config.GroupPrincipal, ID: group}, Account: account, PermissionSet: set}
	for _, d := range f.Repo.Desired(f.Starts, w.clock.Now()) {
		if d.Assignment == want {
			return true
		}
	}
	return false
}

// check returns the newest check run on a commit.
func (w *world) check(head string) githubemu.CheckState {
	w.t.Helper()
	var out githubemu.CheckState
	for _, r := range w.emu.State().Repos {
		for _, c := range r.Checks {
			if c.SHA == head {
				out = c
			}
		}
	}
	return out
}
