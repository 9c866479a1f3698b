package identitycenter_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/provision/awsclient"
	"aws-access-bot/internal/provision/identitycenter"
	"aws-access-bot/internal/sandbox/awsemu"
	"aws-access-bot/internal/sandbox/emukit"
	"aws-access-bot/internal/secret"
)

var _ provision.Center = (*identitycenter.Client)(nil)

const (
	admin   = "222222222222"
	prod    = "111122223333"
	dev     = "111122224444"
	entraID = "0b7e3f4c-0000-4000-8000-000000000011"
	// fast is a share that no test waits for.
	fast = 100000
)

// world is an Identity Center with accounts, two permission sets and the group
// aws-payments that SCIM wrote, on a clock that a test moves.
type world struct {
	*awsemu.Server
	t    *testing.T
	kit  *emukit.Kit
	scim *awsemu.SCIM
	url  string
	arn  map[string]string // of the permission sets
	// group is the id of aws-payments in the identity store.
	group string

	mu  sync.Mutex // guards now
	now time.Time
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func newWorld(t *testing.T, edit ...func(*awsemu.Options)) *world {
	t.Helper()
	// The SDK signs with the real time, so the clock begins there.
	w := &world{t: t, kit: emukit.New(1), now: time.Now(), arn: map[string]string{}}
	w.kit.Now = w.clock
	opts := awsemu.Options{DelegatedAdmin: admin, Visibility: -1, CenterRate: 1e6, StoreRate: 1e6}
	for _, f := range edit {
		f(&opts)
	}
	w.Server = awsemu.New(w.kit, opts)
	for _, a := range []awsemu.Account{
		{ID: admin, Name: "identity", Email: "i@example.com", OU: "/"},
		{ID: prod, Name: "payments-prod", Email: "p@example.com", OU: "/"},
		{ID: dev, Name: "payments-dev", Email: "d@example.com", OU: "/"},
	} {
		w.must(w.AddAccount(a))
	}
	w.AddCredentials("AKIABOT", "secret-canary", admin, "arn:aws:iam::"+admin+":user/bot")
	w.addSet("ReadOnly")
	w.addSet("Admin")
	w.must(w.AddSCIMToken("scim-token", time.Time{}))
	w.scim = w.SCIM("scim-token")
	var err error
	w.group, err = w.scim.UpsertGroup(entraID, "aws-payments")
	w.must(err)
	srv := httptest.NewServer(http.StripPrefix("/aws", w.Handler()))
	t.Cleanup(srv.Close)
	w.url = srv.URL + "/aws/"
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) addSet(name string) {
	w.t.Helper()
	arn, err := w.AddPermissionSet(name, "")
	w.must(err)
	w.arn[name] = arn
}

// client returns the client under test, of that access key.
func (w *world) clientOf(key string, share float64) *identitycenter.Client {
	w.t.Helper()
	cfg, err := awsclient.Config(w.t.Context(), awsclient.Options{
		Region: "ap-northeast-1", EndpointURL: w.url, AccessKeyID: key, SecretAccessKey: secret.New("secret-canary"),
	})
	w.must(err)
	return identitycenter.New(cfg, share, w.clock)
}

func (w *world) client() *identitycenter.Client {
	w.t.Helper()
	return w.clientOf("AKIABOT", fast)
}

// calls counts the requests of an operation so far.
func (w *world) calls(op string) int {
	n := 0
	entries, _ := w.kit.Journal.Since(0)
	for _, e := range entries {
		if e.Op == op {
			n++
		}
	}
	return n
}

// answer makes the next request of an operation be answered so.
func (w *world) answer(op string, status int, body string) {
	w.kit.Faults.Add(emukit.Fault{Op: op, Status: status, Body: body})
}

// refuse makes the next request of an operation be refused with a code.
func (w *world) refuse(op, code string) {
	w.answer(op, http.StatusBadRequest, fmt.Sprintf(`{"__type":%q,"message":"said the service"}`, code))
}

func pair(account, set string) config.Pair {
	return config.Pair{Account: account, PermissionSet: set}
}

// target is the group aws-payments for a set in an account.
func (w *world) target(account, set string) provision.Target {
	return provision.Target{Pair: pair(account, set), PrincipalID: w.group, Kind: config.GroupPrincipal}
}

// assign makes an assignment as somebody does in the console.
func (w *world) assign(account, set, kind, id string) {
	w.t.Helper()
	w.must(w.AddAssignment(awsemu.Assignment{AccountID: account, PermissionSetARN: w.arn[set], PrincipalType: kind, PrincipalID: id}))
}
