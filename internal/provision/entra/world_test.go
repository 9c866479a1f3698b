package entra_test

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/egress"
	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/provision/entra"
	"aws-access-bot/internal/sandbox/emukit"
	"aws-access-bot/internal/sandbox/graphemu"
	"aws-access-bot/internal/secret"
)

var (
	_ provision.Entra  = (*entra.Client)(nil)
	_ access.Directory = (*entra.Client)(nil)
)

const (
	tenant       = "0e6f2d3c-0000-4000-8000-0000000000aa"
	clientID     = "c11e0000-0000-4000-8000-000000000001"
	clientSecret = "s3cret~canary/with+signs"
	app          = "5b0c0f5e-0000-4000-8000-000000000001"
	hana         = "3c1d9a70-0000-4000-8000-000000000021"
	yuki         = "3c1d9a70-0000-4000-8000-000000000022"
	ren          = "3c1d9a70-0000-4000-8000-000000000023"
	devs         = "0b7e3f4c-0000-4000-8000-000000000011"
	staff        = "0b7e3f4c-0000-4000-8000-000000000012"
	nobody       = "00000000-1111-4000-8000-000000000000"
)

// The operations of the emulator that tests count or disturb.
const (
	opToken     = "POST /{tenant}/oauth2/v2.0/token"
	opUsers     = "GET /users"
	opGroup     = "GET /groups/{id}"
	opMembers   = "GET /groups/{id}/members/{cast}"
	opApp       = "GET /servicePrincipals/{id}"
	opAssigned  = "GET /servicePrincipals/{id}/appRoleAssignedTo"
	opAssign    = "POST /servicePrincipals/{id}/appRoleAssignedTo"
	opJobs      = "GET /servicePrincipals/{id}/synchronization/jobs"
	opSchema    = "GET /servicePrincipals/{id}/synchronization/jobs/{job}/schema"
	opProvision = "POST /servicePrincipals/{id}/synchronization/jobs/{job}/provisionOnDemand"
)

// world is a tenant with three people and two groups behind TLS with a CA of
// its own, on a clock that a test moves.
type world struct {
	*graphemu.Server
	t   *testing.T
	kit *emukit.Kit
	ca  *graphemu.CA
	url string

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

func newWorld(t *testing.T, edit ...func(*graphemu.Options)) *world {
	t.Helper()
	w := &world{t: t, kit: emukit.New(1), now: time.Now()}
	w.kit.Now = w.clock
	opts := graphemu.Options{TenantID: tenant, App: app, Clients: []graphemu.Client{{ID: clientID, Secret: clientSecret}}, Units: 1e6}
	for _, f := range edit {
		f(&opts)
	}
	var err error
	w.Server, err = graphemu.New(w.kit, opts)
	w.must(err)
	for _, u := range []graphemu.User{
		{ID: hana, DisplayName: "Hana Sato", GivenName: "Hana", Surname: "Sato", Mail: "Hana@example.com", UserPrincipalName: "hana@example.com", ProxyAddresses: []string{"SMTP:hana@example.com", "smtp:h.sato@example.com"}},
		{ID: yuki, DisplayName: "Yuki O'Brien", GivenName: "Yuki", Surname: "O'Brien", Mail: "yuki.o'brien+aws@example.com", UserPrincipalName: "yuki@example.com", Disabled: true},
		{ID: ren, DisplayName: "Ren Ito", GivenName: "Ren", Surname: "Ito", UserPrincipalName: "ren@example.com", Guest: true},
	} {
		_, err := w.AddUser(u)
		w.must(err)
	}
	_, err = w.AddGroup(graphemu.Group{ID: devs, DisplayName: "aws-payments-dev", Members: []string{hana, yuki}})
	w.must(err)
	_, err = w.AddGroup(graphemu.Group{ID: staff, DisplayName: "Staff", Kind: graphemu.Microsoft365Group, Members: []string{ren, devs}})
	w.must(err)
	w.ca, err = graphemu.NewCA(time.Now())
	w.must(err)
	srv := httptest.NewUnstartedServer(w.Handler())
	srv.TLS = w.ca.ServerConfig()
	srv.Config.ErrorLog = log.New(io.Discard, "", 0) // handshakes that are meant to fail
	srv.StartTLS()
	t.Cleanup(srv.Close)
	w.url = srv.URL
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// options are those of a client of this tenant.
func (w *world) options() entra.Options {
	return entra.Options{
		Tenant: tenant, Client: clientID, Secret: secret.New(clientSecret), GraphURL: w.url + "/graph/v1.0", AuthorityURL: w.url,
		Gate: egress.New(egress.Options{RootCAs: w.ca.Pool()}), App: func() (string, error) { return app, nil },
	}
}

func (w *world) client(edit ...func(*entra.Options)) *entra.Client {
	w.t.Helper()
	o := w.options()
	for _, f := range edit {
		f(&o)
	}
	c, err := entra.New(o)
	w.must(err)
	return c
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
	w.kit.Faults.Add(emukit.Fault{Op: op, Status: status, Body: body, Header: http.Header{"Content-Type": {"application/json"}, "Request-Id": {"req-1"}}})
}

// watched notes the hosts and the tokens of requests.
type watched struct {
	next http.RoundTripper

	mu   sync.Mutex // guards seen
	seen []string
}

func (s *watched) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	scheme, _, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	s.seen = append(s.seen, r.URL.Path+" "+scheme)
	s.mu.Unlock()
	return s.next.RoundTrip(r)
}

func (s *watched) has(line string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Contains(s.seen, line)
}
