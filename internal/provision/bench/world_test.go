// Package bench_test measures provisioning against the AWS emulator with AWS's
// limits on: 20 requests a second for everybody together, 15 outstanding
// operations, one at a time in an account. The engine and the client are the
// real ones; time is simulated, so that hours cost seconds. A request takes
// 40 ms there and back.
//
//	go test ./internal/provision/bench -run Table -v -table
//
// prints the table of docs/performance.md. Without -table only the counts of
// small cases are held, never times.
package bench_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/provision/awsclient"
	"aws-access-bot/internal/provision/identitycenter"
	"aws-access-bot/internal/sandbox/awsemu"
	"aws-access-bot/internal/sandbox/emukit"
	"aws-access-bot/internal/secret"
	"aws-access-bot/internal/store"
)

const (
	management = "999999999999"
	delegate   = "222222222222"
	// trip is how long a request takes.
	trip = 40 * time.Millisecond
)

// shape is the size of an organization.
type shape struct{ accounts, sets, groups, assignments int }

// The cases of trust.md 3.5.
var (
	small  = shape{50, 10, 60, 600}
	medium = shape{500, 30, 400, 10_000}
	large  = shape{5000, 100, 3000, 100_000}
)

// wire carries requests to the emulator in memory and counts them.
type wire struct {
	handler http.Handler
	// before, if not nil, is called before each request, one at a time.
	before func()

	mu        sync.Mutex // guards what follows
	calls     map[string]int
	throttled int
	refused   int // conflicts
}

// RoundTrip implements http.RoundTripper.
func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	time.Sleep(trip / 2)
	rec := httptest.NewRecorder()
	in := httptest.NewRequestWithContext(r.Context(), r.Method, r.URL.String(), r.Body)
	in.Header, in.Host, in.ContentLength = r.Header.Clone(), r.URL.Host, r.ContentLength
	w.serve(rec, in)
	time.Sleep(trip / 2)
	service, op, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	w.mu.Lock()
	defer w.mu.Unlock()
	if service == "SWBExternalService" {
		w.calls[op]++
	}
	switch rec.Header().Get("X-Amzn-ErrorType") {
	case "ThrottlingException":
		w.throttled++
	case "ConflictException":
		w.refused++
	}
	return rec.Result(), nil
}

// serve has the emulator answer.
func (w *wire) serve(rec http.ResponseWriter, in *http.Request) {
	if w.before != nil {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.before()
	}
	w.handler.ServeHTTP(rec, in)
}

// spread has each operation take between half and one and a half of the time
// that the emulator was told.
func (w *world) spread() {
	r := rand.New(rand.NewPCG(1, 13))
	w.wire.before = func() { w.kit.Speed = 1 / (0.5 + r.Float64()) }
}

// total counts the requests to sso-admin.
func (w *wire) total() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, c := range w.calls {
		n += c
	}
	return n
}

// reset begins to count anew.
func (w *wire) reset() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls, w.throttled, w.refused = map[string]int{}, 0, 0
}

// String lists the requests by operation.
func (w *wire) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []string
	for _, op := range slices.Sorted(maps.Keys(w.calls)) {
		out = append(out, fmt.Sprintf("%s %d", op, w.calls[op]))
	}
	return strings.Join(out, ", ")
}

// world is an organization with an engine.
type world struct {
	t      *testing.T
	shape  shape
	emu    *awsemu.Server
	kit    *emukit.Kit
	wire   *wire
	db     store.DB
	center *identitycenter.Client
	engine *provision.Engine
	force  access.InForce
	mu     sync.Mutex // guards force

	arn map[string]string // of the permission sets
	ids []string          // of the groups in the identity store
	all []config.Assignment
}

// newWorld makes an organization as the account sees it from which the bot
// works: the management account or the delegated administrator.
func newWorld(t *testing.T, s shape, account string, latency time.Duration) *world {
	t.Helper()
	return newWorldWith(t, s, account, latency, provision.Options{EnableChanges: true})
}

func newWorldWith(t *testing.T, s shape, account string, latency time.Duration, o provision.Options) *world {
	t.Helper()
	kit := emukit.New(1)
	kit.Now = time.Now
	w := &world{t: t, shape: s, kit: kit, db: store.NewMemory(), arn: map[string]string{}}
	w.emu = awsemu.New(kit, awsemu.Options{DelegatedAdmin: delegate, Latency: latency, Visibility: -1})
	for n := range s.accounts {
		must(t, w.emu.AddAccount(awsemu.Account{ID: accountID(n), Name: fmt.Sprintf("account-%d", n), Email: fmt.Sprintf("a%d@example.com", n), OU: "/"}))
	}
	must(t, w.emu.AddAccount(awsemu.Account{ID: delegate, Name: "identity", Email: "i@example.com", OU: "/"}))
	for n := range s.sets {
		arn, err := w.emu.AddPermissionSet(setName(n), "")
		must(t, err)
		w.arn[setName(n)] = arn
	}
	must(t, w.emu.AddSCIMToken("scim", time.Time{}))
	scim := w.emu.SCIM("scim")
	for n := range s.groups {
		id, err := scim.UpsertGroup(groupID(n), groupName(n))
		must(t, err)
		w.ids = append(w.ids, id)
	}
	w.emu.AddCredentials("AKIABOT", "secret-canary", account, "arn:aws:iam::"+account+":user/bot")
	w.wire = &wire{handler: w.emu.Handler(), calls: map[string]int{}}
	w.all = w.draw()
	w.force = w.repo(nil)
	w.center = w.client(0, w.wire)
	var err error
	w.engine, err = provision.New(provision.Ports{Center: w.center, Entra: entra{}, Accounts: accounts{}, Commits: w,
		Store: store.NewProvision(w.db), Clocks: clocks{}, Now: time.Now}, o)
	must(t, err)
	return w
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func accountID(n int) string { return fmt.Sprintf("1%011d", n) }
func setName(n int) string   { return fmt.Sprintf("Set%03d", n) }
func groupID(n int) string   { return fmt.Sprintf("0b7e3f4c-0000-4000-8000-%012d", n) }
func groupName(n int) string { return fmt.Sprintf("aws-group-%d", n) }

// client makes a client of sso-admin with a share of its own.
func (w *world) client(share float64, through http.RoundTripper) *identitycenter.Client {
	w.t.Helper()
	cfg, err := awsclient.Config(context.Background(), awsclient.Options{Region: "ap-northeast-1", EndpointURL: "http://127.0.0.1:1/",
		AccessKeyID: "AKIABOT", SecretAccessKey: secret.New("secret-canary"), Wrap: func(http.RoundTripper) http.RoundTripper { return through }})
	must(w.t, err)
	return identitycenter.New(cfg, share, time.Now)
}

// draw spreads assignments evenly over groups and at random over pairs.
func (w *world) draw() []config.Assignment {
	r := rand.New(rand.NewPCG(1, uint64(w.shape.assignments)))
	seen := map[config.Assignment]bool{}
	var out []config.Assignment
	for len(out) < w.shape.assignments {
		a := config.Assignment{Principal: principal(len(out) % w.shape.groups), Account: accountID(r.IntN(w.shape.accounts)), PermissionSet: setName(r.IntN(w.shape.sets))}
		if !seen[a] {
			seen[a] = true
			out = append(out, a)
		}
	}
	return out
}

func principal(n int) config.Principal {
	return config.Principal{Kind: config.GroupPrincipal, ID: groupID(n)}
}

// repo makes a config with standing grants.
func (w *world) repo(all []config.Assignment) access.InForce {
	r := &config.Repo{Access: config.AccessFile{Version: 1, Phase: 1, ManagementAccount: management, Drift: config.DriftReport, Limits: config.Limits{RemovalPercent: 10}},
		Accounts: map[string]*config.Account{}, Groups: map[string]*config.PrincipalFile{}, Users: map[string]*config.PrincipalFile{}, PermissionSets: map[string]*config.PermissionSet{}}
	slugs := map[string]string{}
	for n := range w.shape.accounts {
		slug := fmt.Sprintf("account-%d", n)
		r.Accounts[slug] = &config.Account{Slug: slug, ID: accountID(n), Name: slug, Stage: config.StageSSO, OU: "/Workloads"}
		slugs[accountID(n)] = slug
	}
	files := map[config.Principal]*config.PrincipalFile{}
	for n := range w.shape.groups {
		files[principal(n)] = &config.PrincipalFile{Slug: groupName(n), Name: groupName(n), Principal: principal(n)}
		r.Groups[groupName(n)] = files[principal(n)]
	}
	starts := config.Starts{}
	for _, a := range all {
		f, g := files[a.Principal], config.Grant{Account: slugs[a.Account], PermissionSet: a.PermissionSet}
		f.Access = append(f.Access, g)
		starts[f.Key(g)] = config.Start{MergedAt: time.Now().UTC()}
	}
	return access.InForce{Commit: fmt.Sprintf("c%d", len(all)), Repo: r, Starts: starts}
}

// merge puts grants in force.
func (w *world) merge(all []config.Assignment) {
	w.t.Helper()
	force := w.repo(all)
	must(w.t, w.db.Update(w.t.Context(), "gitops.inforce", func(tx store.Tx) error { return store.MarkOwned(tx, force.Commit, all) }))
	w.mu.Lock()
	w.force = force
	w.mu.Unlock()
	w.engine.Wake()
}

// InForce implements access.Commits.
func (w *world) InForce(context.Context) (access.InForce, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.force, nil
}

// know stores that every group was found in the identity store.
func (w *world) know() {
	w.t.Helper()
	now := time.Now().UTC()
	for n, id := range w.ids {
		must(w.t, store.NewProvision(w.db).SavePrincipal(w.t.Context(), provision.StepGroup, provision.PrincipalRecord{Principal: config.Principal{Kind: config.GroupPrincipal, ID: groupID(n)}, Name: groupName(n),
			StoreID: id, Seen: now, Looked: now, AppAssigned: now, Ensured: now, MembersSeen: 1, MembersTotal: 1, MemberLooks: 1, MembersRead: now}))
	}
}

// live makes everything live, in AWS and in the records.
func (w *world) live(all []config.Assignment) {
	w.t.Helper()
	w.know()
	force, now := w.repo(all), time.Now().UTC()
	keys := map[config.Assignment][]config.GrantKey{}
	for _, d := range force.Repo.Desired(force.Starts, now) {
		keys[d.Assignment] = d.Grants
	}
	var records []provision.Record
	for _, a := range all {
		must(w.t, w.emu.AddAssignment(awsemu.Assignment{AccountID: a.Account, PermissionSetARN: w.arn[a.PermissionSet], PrincipalType: "GROUP", PrincipalID: w.idOf(a.Principal)}))
		records = append(records, provision.Record{Assignment: a, State: provision.Live, Since: now, Created: now, ReadBack: now, Grants: keys[a], PrincipalID: w.idOf(a.Principal)})
	}
	must(w.t, store.NewProvision(w.db).Begin(w.t.Context(), force.Commit, records, all))
	w.mu.Lock()
	w.force = force
	w.mu.Unlock()
}

// idOf returns the id of a group in the identity store.
func (w *world) idOf(p config.Principal) string {
	var n int
	_, err := fmt.Sscanf(p.ID[len("0b7e3f4c-0000-4000-8000-"):], "%d", &n)
	must(w.t, err)
	return w.ids[n]
}

// run starts the engine; what it returns stops it.
func (w *world) run() (stop func()) {
	ctx, cancel := context.WithCancel(w.t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = w.engine.Run(ctx) // always nil
	}()
	return func() { cancel(); <-ended }
}

// states counts the records by state.
func (w *world) states() map[provision.State]int {
	w.t.Helper()
	o, err := w.engine.Status(w.t.Context())
	must(w.t, err)
	return o.States
}

// until waits for n live assignments, an hour of simulated time at most, and
// returns how long that took.
func (w *world) until(n int) time.Duration {
	w.t.Helper()
	for begun := time.Now(); ; time.Sleep(500 * time.Millisecond) {
		if w.states()[provision.Live] == n {
			return time.Since(begun)
		}
		if time.Since(begun) > time.Hour {
			w.t.Fatalf("after an hour: %v, want %d live; %s", w.states(), n, w.wire)
		}
	}
}

// entra is an Entra in which everything is as the config says.
type entra struct{}

func (entra) Group(_ context.Context, id string) (provision.Group, error) {
	var n int
	_, err := fmt.Sscanf(id[len("0b7e3f4c-0000-4000-8000-"):], "%d", &n)
	return provision.Group{ID: id, Name: groupName(n), SecurityEnabled: true}, err
}

func (entra) DirectUsers(context.Context, string) ([]provision.User, error) { return nil, nil }
func (entra) NestedGroups(context.Context, string) ([]string, error)        { return nil, nil }
func (entra) AppAssignment(_ context.Context, group string) (string, bool, error) {
	return "app-" + group, true, nil
}
func (entra) Assign(_ context.Context, group string) (string, bool, error) {
	return "app-" + group, true, nil
}
func (entra) Unassign(context.Context, string) error { return nil }
func (entra) UserByID(_ context.Context, id string) (provision.User, error) {
	return provision.User{ID: id, Enabled: true}, nil
}
func (entra) Application(context.Context) (provision.Application, error) {
	return provision.Application{}, nil
}
func (entra) ProvisionOnDemand(context.Context, config.Principal, []string) (provision.OnDemand, error) {
	return provision.OnDemand{OK: true}, nil
}
func (entra) Job(context.Context) (provision.JobState, error) {
	return provision.JobState{Found: true, Active: true}, nil
}

// accounts are all active.
type accounts struct{}

func (accounts) State(context.Context, string) (provision.AccountState, error) {
	return provision.AccountState{Found: true, Active: true, State: "ACTIVE"}, nil
}
func (accounts) ManagementAccount(context.Context) (string, error) { return management, nil }

// clocks agree.
type clocks struct{}

func (clocks) Skew() (time.Duration, bool) { return 0, true }
