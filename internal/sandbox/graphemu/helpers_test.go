package graphemu

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"aws-access-bot/internal/sandbox/emukit"
)

const (
	testTenant = "0e6f2d3c-0000-4000-8000-0000000000aa"
	testClient = "c11e0000-0000-4000-8000-000000000001"
	testSecret = "s3cret~value/with+signs"
	hana       = "3c1d9a70-0000-4000-8000-000000000021"
	yuki       = "3c1d9a70-0000-4000-8000-000000000022"
	ren        = "3c1d9a70-0000-4000-8000-000000000023"
	devs       = "0b7e3f4c-0000-4000-8000-000000000011"
	ops        = "0b7e3f4c-0000-4000-8000-000000000012"
)

// world is a server with people in it, on a clock that a test moves.
type world struct {
	*Server
	t      *testing.T
	kit    *emukit.Kit
	target *recordingTarget
	url    string
	token  string

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

// newWorld starts a server with three people, the group devs of hana and yuki,
// and the group ops of ren and (nested) devs.
func newWorld(t *testing.T, speed float64, opts Options) *world {
	t.Helper()
	w := &world{t: t, kit: emukit.New(speed), target: newRecordingTarget(), now: time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)}
	w.kit.Now = w.clock
	if opts.Clients == nil {
		opts.Clients = []Client{{ID: testClient, Secret: testSecret}}
	}
	opts.TenantID, opts.Target = testTenant, w.target
	s, err := New(w.kit, opts)
	if err != nil {
		t.Fatal(err)
	}
	w.Server = s
	for _, u := range []User{
		{ID: hana, DisplayName: "Hana Sato", GivenName: "Hana", Surname: "Sato", Mail: "hana@example.com", UserPrincipalName: "hana@example.com", ProxyAddresses: []string{"SMTP:hana@example.com", "smtp:h.sato@example.com"}},
		{ID: yuki, DisplayName: "Yuki O'Brien", GivenName: "Yuki", Surname: "O'Brien", Mail: "yuki@example.com", UserPrincipalName: "yuki@example.com"},
		{ID: ren, DisplayName: "Ren Ito", GivenName: "Ren", Surname: "Ito", UserPrincipalName: "ren@example.com", Guest: true},
	} {
		w.must2(s.AddUser(u))
	}
	w.must2(s.AddGroup(Group{ID: devs, DisplayName: "aws-payments-dev", Members: []string{hana, yuki}, Owners: []string{yuki}}))
	w.must2(s.AddGroup(Group{ID: ops, DisplayName: "O'Brien team", Members: []string{ren, devs}}))
	srv := httptest.NewServer(s.Handler())
	t.Cleanup(srv.Close)
	w.url = srv.URL
	w.token = w.login(opts.Clients[0].ID, opts.Clients[0].Secret)
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) must2(_ any, err error) { w.t.Helper(); w.must(err) }

// login gets a token for Graph.
func (w *world) login(client, secret string) string {
	w.t.Helper()
	status, body := w.tokenRequest(testTenant, url.Values{
		"client_id": {client}, "client_secret": {secret}, "grant_type": {"client_credentials"}, "scope": {"https://graph.microsoft.com/.default"},
	})
	tok, _ := body["access_token"].(string)
	if status != http.StatusOK || tok == "" {
		w.t.Fatalf("login: %d %v", status, body)
	}
	return tok
}

func (w *world) tokenRequest(tenant string, form url.Values) (int, map[string]any) {
	w.t.Helper()
	res, err := http.PostForm(w.url+"/"+tenant+"/oauth2/v2.0/token", form)
	w.must(err)
	return res.StatusCode, w.read(res)
}

func (w *world) read(res *http.Response) map[string]any {
	w.t.Helper()
	defer func() { w.must(res.Body.Close()) }()
	b, err := io.ReadAll(res.Body)
	w.must(err)
	out := map[string]any{}
	if len(b) > 0 {
		if err := json.Unmarshal(b, &out); err != nil {
			out["text"] = string(b)
		}
	}
	return out
}

// answer is what Graph said.
type answer struct {
	status int
	header http.Header
	body   map[string]any
}

// code returns the error code.
func (a answer) code() string {
	e, _ := a.body["error"].(map[string]any)
	c, _ := e["code"].(string)
	return c
}

func (a answer) message() string {
	e, _ := a.body["error"].(map[string]any)
	m, _ := e["message"].(string)
	return m
}

// values returns one property of each object of a list.
func (a answer) values(prop string) []string {
	out := []string{}
	list, _ := a.body["value"].([]any)
	for _, v := range list {
		o, _ := v.(map[string]any)
		out = append(out, fmt.Sprint(o[prop]))
	}
	return out
}

// graph calls Graph; path is below /graph/v1.0 or a whole URL; body is JSON text.
func (w *world) graph(method, path, body string, headers ...string) answer {
	w.t.Helper()
	if !strings.HasPrefix(path, "http") {
		path = w.url + prefix + path
	}
	req, err := http.NewRequest(method, path, strings.NewReader(body))
	w.must(err)
	req.Header.Set("Authorization", "Bearer "+w.token)
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	w.must(err)
	return answer{status: res.StatusCode, header: res.Header, body: w.read(res)}
}

// app is the path of the enterprise application, with more behind it.
func (w *world) app(more string) string { return "/servicePrincipals/" + w.opts.App + more }

// jobPath is the path of the job, with more behind it.
func (w *world) jobPath(more string) string {
	return w.app("/synchronization/jobs/" + w.State().Job.ID + more)
}

func assignBody(w *world, principal, role string) string {
	return fmt.Sprintf(`{"principalId":%q,"resourceId":%q,"appRoleId":%q}`, principal, w.opts.App, role)
}

// errToken is what a target says to a bad token.
type errToken struct{}

func (errToken) Error() string      { return "401 UnauthorizedException: token expired" }
func (errToken) Unauthorized() bool { return true }

// recordingTarget is a SCIM endpoint that can be inspected and broken.
type recordingTarget struct {
	mu      sync.Mutex // guards the fields below
	users   map[string]account
	groups  map[string]string
	members map[string]map[string]bool
	calls   int
	largest int   // membership changes in one call
	err     error // given to every call
	refuse  string
}

func newRecordingTarget() *recordingTarget {
	return &recordingTarget{users: map[string]account{}, groups: map[string]string{}, members: map[string]map[string]bool{}}
}

func (r *recordingTarget) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.err = err
}

func (r *recordingTarget) open() (func(), error) {
	r.mu.Lock()
	r.calls++
	return r.mu.Unlock, r.err
}

func (r *recordingTarget) UpsertUser(id, userName, display, given, family string, active bool) (string, error) {
	unlock, err := r.open()
	defer unlock()
	if err == nil && given == "" {
		err = errors.New("400 ValidationException: name.givenName")
	}
	if err == nil {
		r.users[id] = account{id, userName, display, given, family, active}
	}
	return "t-" + id, err
}

func (r *recordingTarget) UpsertGroup(id, name string) (string, error) {
	unlock, err := r.open()
	defer unlock()
	if err == nil && name == r.refuse {
		err = errors.New("400 ValidationException: displayName")
	}
	for other, taken := range r.groups {
		if err == nil && taken == name && other != id {
			err = errors.New("409 ConflictException: another group has this name")
		}
	}
	if err == nil {
		r.groups[id] = name
		if r.members[id] == nil {
			r.members[id] = map[string]bool{}
		}
	}
	return "t-" + id, err
}

func (r *recordingTarget) AddMembers(id string, users []string) error {
	return r.change(id, users, func(u string) { r.members[id][u] = true })
}

func (r *recordingTarget) RemoveMembers(id string, users []string) error {
	return r.change(id, users, func(u string) { delete(r.members[id], u) })
}

func (r *recordingTarget) change(id string, users []string, f func(string)) error {
	unlock, err := r.open()
	defer unlock()
	if err == nil && r.members[id] == nil {
		err = errors.New("404 group")
	}
	if err != nil {
		return err
	}
	r.largest = max(r.largest, len(users))
	for _, u := range users {
		if _, ok := r.users[u]; !ok {
			return errors.New("404 user " + u)
		}
		f(u)
	}
	return nil
}

func (r *recordingTarget) GroupMembers(id string) ([]string, error) {
	unlock, err := r.open()
	defer unlock()
	if err == nil && r.members[id] == nil {
		err = errors.New("404 group")
	}
	return slices.Sorted(maps.Keys(r.members[id])), err
}

func (r *recordingTarget) DeleteGroup(id string) error {
	unlock, err := r.open()
	defer unlock()
	if err == nil {
		delete(r.groups, id)
		delete(r.members, id)
	}
	return err
}

// seen returns the target as text: groups with their members, then users.
func (r *recordingTarget) seen() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var b bytes.Buffer
	for _, id := range slices.Sorted(maps.Keys(r.groups)) {
		var names []string
		for m := range r.members[id] {
			names = append(names, r.users[m].GivenName)
		}
		slices.Sort(names)
		fmt.Fprintf(&b, "%s: %s\n", r.groups[id], strings.Join(names, " "))
	}
	for _, id := range slices.Sorted(maps.Keys(r.users)) {
		fmt.Fprintf(&b, "%s %v\n", r.users[id].GivenName, r.users[id].Active)
	}
	return b.String()
}
