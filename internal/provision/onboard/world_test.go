package onboard_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/provision/fault"
	"aws-access-bot/internal/provision/onboard"
	"aws-access-bot/internal/store"
)

const (
	management = "999999999999"
	// organization is the id of the one that the bot is in.
	organization = "o-a1b2c3d4e5"
	root         = "/"
	target       = "/Workloads/Prod"
	other        = "/Sandbox"
	set          = "AdministratorAccess"
)

var (
	errLost   = errors.New("connection reset")
	errDenied = fault.New(fault.ErrDenied, "call", "User is not authorized", nil)
)

// account is one as AWS has it.
type account struct {
	member    bool
	elsewhere bool // in another organization
	ou        string
	state     string
	joins     time.Time // when an acceptance becomes a membership
	joined    time.Time
	tags      map[string]string
}

// call is one line of the log of calls.
type call struct {
	op, account, from, to string
	at                    time.Time
	effect                bool
}

// scripted is a fault for the next call of an operation. With after, the call
// has its effect nevertheless.
type scripted struct {
	op    string
	err   error
	after bool
}

// world is an organization with its lags, and everything else that the engine
// sees.
type world struct {
	mu       sync.Mutex // guards what follows
	dead     bool       // the process was killed: nothing has an effect any more
	accounts map[string]*account
	shakes   []*access.Handshake
	over     map[string]time.Time // when a handshake ended
	ous      []string
	features access.FeatureSet
	listLag  time.Duration // before a handshake is listed
	moveLag  time.Duration // before a move is seen
	moved    map[string]seen
	faults   []scripted
	calls    []call

	force    access.InForce
	asks     map[string]onboard.Ask
	live     map[config.Assignment]time.Time
	gone     bool // what was live is not, and nobody has put it back
	users    map[string]access.IAMUsers
	usersErr error
	notices  map[string]string
	waiting  []access.NoticeAccount
	audits   []provision.AuditEvent
	approved map[string][]string // OUs that an account may be moved from
}

// seen is what a reading shows until a move has come through.
type seen struct {
	ou    string
	until time.Time
}

func newWorld() *world {
	return &world{accounts: map[string]*account{management: {member: true, ou: root, state: "ACTIVE"}}, over: map[string]time.Time{},
		ous: []string{root, other, "/Workloads", target}, features: access.AllFeatures, moved: map[string]seen{},
		asks: map[string]onboard.Ask{}, live: map[config.Assignment]time.Time{}, users: map[string]access.IAMUsers{}, notices: map[string]string{}, approved: map[string][]string{}}
}

func (w *world) do(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f()
}

// now settles what is due and returns the time.
func (w *world) now() time.Time {
	now := time.Now().UTC()
	for _, h := range w.shakes {
		if (h.State == "REQUESTED" || h.State == "OPEN") && !now.Before(h.Expires) {
			h.State, w.over[h.ID] = "EXPIRED", h.Expires
		}
	}
	w.shakes = slices.DeleteFunc(w.shakes, func(h *access.Handshake) bool {
		over, ended := w.over[h.ID]
		return ended && now.Sub(over) >= 30*24*time.Hour
	})
	for _, a := range w.accounts {
		if !a.joins.IsZero() && !now.Before(a.joins) {
			a.member, a.ou, a.joined, a.joins = true, root, a.joins, time.Time{}
		}
	}
	return now
}

// enter logs a call and returns its fault.
func (w *world) enter(c call) (scripted, int) {
	c.at = w.now()
	w.calls = append(w.calls, c)
	for i, s := range w.faults {
		if s.op == c.op {
			w.faults = slices.Delete(w.faults, i, i+1)
			return s, len(w.calls) - 1
		}
	}
	return scripted{}, len(w.calls) - 1
}

// read is enter for what has no effect.
func (w *world) read(op, account string) error {
	if w.dead {
		return context.Canceled
	}
	s, _ := w.enter(call{op: op, account: account})
	return s.err
}

func unitID(ou string) string {
	if ou == root {
		return "r-ab12"
	}
	return fmt.Sprintf("ou-ab12-%08d", len(ou)*1000+strings.Count(ou, "/"))
}

func (w *world) ouOf(id string) string {
	for _, ou := range w.ous {
		if unitID(ou) == id {
			return ou
		}
	}
	return ""
}

func (w *world) estate(id string, a *account) access.EstateAccount {
	e := access.EstateAccount{ID: id, Name: "account " + id, Member: true, State: a.state, OU: a.ou, Joined: a.joined}
	if m, ok := w.moved[id]; ok && time.Now().Before(m.until) {
		e.OU = m.ou
	}
	return e
}

func (w *world) Account(_ context.Context, id string) (onboard.Place, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.read("DescribeAccount", id); err != nil {
		return onboard.Place{}, err
	}
	a := w.accounts[id]
	if a == nil || !a.member {
		return onboard.Place{EstateAccount: access.EstateAccount{ID: id}}, nil
	}
	e := w.estate(id, a)
	if e.Tags = maps.Clone(a.tags); e.Tags == nil {
		e.Tags = map[string]string{}
	}
	return onboard.Place{EstateAccount: e, Parent: unitID(e.OU)}, nil
}

func (w *world) Tags(_ context.Context, id string) (map[string]string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.read("ListTagsForResource", id); err != nil {
		return nil, err
	}
	tags := maps.Clone(w.accounts[id].tags)
	if tags == nil {
		tags = map[string]string{}
	}
	return tags, nil
}

func (w *world) Accounts(context.Context) ([]access.EstateAccount, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.read("ListAccounts", ""); err != nil {
		return nil, err
	}
	var out []access.EstateAccount
	for _, id := range slices.Sorted(maps.Keys(w.accounts)) {
		if a := w.accounts[id]; a.member {
			out = append(out, w.estate(id, a))
		}
	}
	return out, nil
}

func (w *world) OUs(context.Context) ([]string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.ous), w.read("ListOUs", "")
}

func (w *world) Unit(_ context.Context, path string) (string, bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.read("Unit", ""); err != nil {
		return "", false, err
	}
	if !slices.Contains(w.ous, path) {
		return "", false, nil
	}
	return unitID(path), true, nil
}

func (w *world) Features(context.Context) (access.FeatureSet, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.features, w.read("DescribeOrganization", "")
}

func (w *world) ManagementAccount(context.Context) (string, error) { return management, nil }

func (w *world) OrganizationID(context.Context) (string, error) { return organization, nil }

func (w *world) Handshakes(context.Context) ([]access.Handshake, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.read("ListHandshakes", ""); err != nil {
		return nil, err
	}
	var out []access.Handshake
	for _, h := range w.shakes {
		if time.Since(h.Asked) >= w.listLag {
			out = append(out, *h)
		}
	}
	return out, nil
}

func refusal(code string) error {
	return &onboard.Refusal{Code: code, Words: "their words", Err: errors.New(code)}
}

func (w *world) Invite(_ context.Context, id, notes string) (access.Handshake, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.dead {
		return access.Handshake{}, context.Canceled
	}
	s, n := w.enter(call{op: "Invite", account: id, to: notes})
	if s.err != nil && !s.after {
		return access.Handshake{}, s.err
	}
	a := w.accounts[id]
	switch {
	case w.openShake(id) != nil:
		return access.Handshake{}, refusal("DuplicateHandshakeException")
	case a == nil || a.member || a.elsewhere:
		return access.Handshake{}, refusal("ALREADY_IN_AN_ORGANIZATION")
	}
	w.calls[n].effect = true
	h := *w.shake(id)
	return h, s.err
}

// shake makes an invitation.
func (w *world) shake(id string) *access.Handshake {
	now := w.now()
	h := &access.Handshake{ID: fmt.Sprintf("h-%08d", len(w.calls)), Account: id, Action: "INVITE", State: "REQUESTED", Asked: now, Expires: now.Add(15 * 24 * time.Hour), WaitsForAccount: true}
	w.shakes = append(w.shakes, h)
	return h
}

func (w *world) openShake(id string) *access.Handshake {
	for _, h := range w.shakes {
		if h.Account == id && (h.State == "REQUESTED" || h.State == "OPEN") {
			return h
		}
	}
	return nil
}

// answer ends the open invitation to an account as its owner or sender does.
func (w *world) answer(id, state string) bool {
	now := w.now()
	h := w.openShake(id)
	if h == nil {
		return false
	}
	h.State, w.over[h.ID] = state, now
	if state == "ACCEPTED" {
		w.accounts[id].joins = now.Add(40 * time.Second)
	}
	return true
}

func (w *world) Move(_ context.Context, id, from, to string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.dead {
		return context.Canceled
	}
	s, n := w.enter(call{op: "Move", account: id, from: w.ouOf(from), to: w.ouOf(to)})
	if s.err != nil && !s.after {
		return s.err
	}
	a := w.accounts[id]
	switch {
	case a == nil || !a.member:
		return refusal("AccountNotFoundException")
	case unitID(a.ou) == to:
		return s.err // already there
	case unitID(a.ou) != from:
		return refusal("SourceParentNotFoundException")
	}
	w.calls[n].effect = true
	w.moved[id] = seen{a.ou, time.Now().Add(w.moveLag)}
	a.ou = w.ouOf(to)
	return s.err
}

func (w *world) InForce(context.Context) (access.InForce, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.force.Repo == nil {
		return access.InForce{}, access.ErrNotFound
	}
	return w.force, nil
}

func (w *world) Onboardings(context.Context) (map[string]onboard.Ask, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return maps.Clone(w.asks), nil
}

func (w *world) GrantFacts(_ context.Context, a config.Assignment) (*access.GrantFacts, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	at, ok := w.live[a]
	if !ok {
		return nil, nil
	}
	f := &access.GrantFacts{ReadBack: at}
	if w.gone {
		f.TroubleCode = string(provision.CodeMissing)
	}
	return f, nil
}

func (w *world) Count(_ context.Context, account, _ string) (access.IAMUsers, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls = append(w.calls, call{op: "Count", account: account, at: time.Now()})
	return w.users[account], w.usersErr
}

func (w *world) HasPolicy(context.Context, string, string, string) (bool, error) {
	return false, errDenied
}

func (w *world) PutNotice(_ context.Context, n access.Notice) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.notices[n.Key] = n.Text
	w.waiting = append(w.waiting, n.Waiting...)
	return nil
}

func (w *world) Audit(_ context.Context, e provision.AuditEvent) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.audits = append(w.audits, e)
	return nil
}

// effects counts the writes that had an effect.
func (w *world) effects(op, account string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, c := range w.calls {
		if c.op == op && c.account == account && c.effect {
			n++
		}
	}
	return n
}

// tries counts the writes that were made.
func (w *world) tries(op, account string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, c := range w.calls {
		if c.op == op && c.account == account {
			n++
		}
	}
	return n
}

// told returns the notices of the operations channel that have some words.
func (w *world) told(words string) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []string
	for _, key := range slices.Sorted(maps.Keys(w.notices)) {
		if strings.Contains(w.notices[key], words) {
			out = append(out, w.notices[key])
		}
	}
	return out
}

func accountID(n int) string { return fmt.Sprintf("1111%08d", n) }

const groupID = "0b7e3f4c-0000-4000-8000-000000000011"

func baseline(id string) config.Assignment {
	return config.Assignment{Principal: config.Principal{Kind: config.GroupPrincipal, ID: groupID}, Account: id, PermissionSet: set}
}

// commit puts a config in force that has the accounts of these numbers as sso,
// each with the baseline.
func (w *world) commit(phase config.Phase, numbers ...int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	repo := &config.Repo{
		Access: config.AccessFile{Version: 1, Phase: phase, OrganizationID: organization, ManagementAccount: management,
			Onboarding: config.Onboarding{Baseline: []config.ProtectedGrant{{Group: "admins", PermissionSet: set}}, IAMReadRole: "read"}},
		Accounts: map[string]*config.Account{}, Groups: map[string]*config.PrincipalFile{}, Users: map[string]*config.PrincipalFile{},
	}
	g := &config.PrincipalFile{Slug: "admins", Name: "admins", Principal: config.Principal{Kind: config.GroupPrincipal, ID: groupID}}
	repo.Groups["admins"] = g
	starts := config.Starts{}
	for _, n := range numbers {
		slug := fmt.Sprintf("account-%d", n)
		repo.Accounts[slug] = &config.Account{Slug: slug, ID: accountID(n), Name: slug, Stage: config.StageSSO, OU: target}
		line := config.Grant{Account: slug, PermissionSet: set}
		g.Access = append(g.Access, line)
		starts[g.Key(line)] = config.Start{MergedAt: time.Now().UTC()}
	}
	w.force = access.InForce{Commit: fmt.Sprintf("c%d-%d", len(w.calls), len(numbers)), Repo: repo, Starts: starts}
}

// system is an engine that runs.
type system struct {
	*world
	db     store.DB
	engine *onboard.Engine
	stop   func()
	cancel context.CancelFunc
}

// start runs an engine on what is stored.
func (w *world) start(t *testing.T, db store.DB, o onboard.Options, without ...string) *system {
	t.Helper()
	p := onboard.Ports{Organization: w, Management: w, Commits: w, Grants: w, Asks: w, Users: w, Store: store.NewOnboard(db), Audit: w, Ops: w, Now: time.Now}
	if slices.Contains(without, "role") {
		p.Management = nil
	}
	e, err := onboard.NewEngine(p, o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := e.Run(ctx); err != nil {
			t.Errorf("run: %v", err)
		}
	}()
	s := &system{world: w, db: db, engine: e, cancel: cancel, stop: func() { cancel(); <-done }}
	t.Cleanup(s.stop)
	return s
}

var (
	changes = onboard.Options{EnableChanges: true}
	// slow takes ten times as long between its looks.
	slow = onboard.Options{EnableChanges: true, Pace: 0.1}
)

// facts are those of an account, which must have some.
func (s *system) facts(t *testing.T, id string) access.OnboardFacts {
	t.Helper()
	f, err := s.engine.OnboardFacts(t.Context(), id)
	if err != nil || f == nil {
		t.Fatalf("facts of %s: %v, %v", id, f, err)
	}
	return *f
}

// leaves takes an account out of the organization.
func (w *world) leaves(id string) {
	a := w.accounts[id]
	a.member, a.ou = false, ""
}

// joins brings one in, into the root.
func (w *world) joins(id string) {
	a := w.accounts[id]
	a.member, a.ou, a.joined = true, root, time.Now().UTC()
}

// outsideAccount adds an account that is in no organization.
func (w *world) outsideAccount(n int) string {
	w.accounts[accountID(n)] = &account{state: "ACTIVE"}
	return accountID(n)
}

// memberAccount adds a member.
func (w *world) memberAccount(n int, ou string) string {
	w.accounts[accountID(n)] = &account{member: true, state: "ACTIVE", ou: ou, joined: time.Now().Add(-1000 * time.Hour).UTC()}
	return accountID(n)
}
