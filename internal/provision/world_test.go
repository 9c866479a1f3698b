package provision_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/provision/fault"
)

// errLost is an answer that did not arrive.
var errLost = errors.New("connection reset")

// world is a small Entra, SCIM, Identity Center and Organizations with the
// properties that matter: answers that are asynchronous, listings that lag,
// one operation per account, and faults on order. It serves every port.
type world struct {
	places map[string]provision.Placement // by account; see Differing
	mu     sync.Mutex                     // guards what follows
	dead   bool                           // the process was killed: nothing has an effect any more
	now    func() time.Time
	calls  []call

	groups   map[string]provision.Group // in Entra, by id
	users    map[string]provision.User  // in Entra, by id
	members  map[string][]provision.User
	nested   map[string][]string  // names of the groups in a group
	assigned map[string]time.Time // to the application
	scim     map[string]scimGroup // by Entra id; groups and users
	// held are further things that a principal has, by identity store id.
	held map[string]provision.Holding
	// refuses is what on-demand provisioning says of a batch of members.
	refuses map[string]string
	// lingers are earlier identity store ids that still exist.
	lingers map[string]bool
	// byHand are who was made in Identity Center itself, by identity store id.
	byHand map[string]provision.Identity
	// otherwise are Entra ids of groups that the identity store calls otherwise
	// than the config repo, while no issuer of external ids is known.
	otherwise map[string]bool
	// replication is how long an app assignment is unknown to on-demand
	// provisioning; cycle is when the regular cycle runs next, zero is never.
	replication time.Duration
	// assignedLag is how long an app assignment is not listed.
	assignedLag time.Duration
	cycle       time.Time
	job         provision.JobState
	app         provision.Application

	live       map[config.Pair]map[provision.LiveAssignment]time.Time // visible from
	removing   map[config.Pair]map[provision.LiveAssignment]time.Time // still visible until
	ops        map[string]*operation
	latency    time.Duration // of an operation
	visibility time.Duration // of its result
	listLag    time.Duration // before an operation is in the list of those in progress
	setless    map[string]bool
	// byPrincipal says that the caller is the management account.
	byPrincipal bool
	// slow is how long a listing takes.
	slow       time.Duration
	accounts   map[string]provision.AccountState
	management string
	skew       time.Duration
	skewOff    bool

	conflicts int // operations refused because of others under way

	// faults are asked in order before a call; one that applies is used up.
	faults []*scripted
	// down has the operations that fail for as long as they stand here, and
	// the error that they answer with.
	down map[string]error

	force     access.InForce
	notices   []access.Notice
	audits    []provision.AuditEvent
	listingAt map[string]time.Time // first listing that showed an assignment key
}

type scimGroup struct {
	id      string
	visible time.Time
	members []string // Entra ids
	off     bool     // a user who was switched off
}

type operation struct {
	id      string
	action  provision.Action
	target  provision.Target
	begun   time.Time
	done    time.Time
	failed  string
	unheard bool // succeeds but is never visible
}

// scripted is a fault for the next call of an operation.
type scripted struct {
	op string
	// err is returned; with after, the effect happens nevertheless.
	err   error
	after bool
	// fail makes the asynchronous operation end FAILED; unheard makes it
	// succeed without ever being listed.
	fail    string
	unheard bool
}

// call is one line of the request log.
type call struct {
	op, key string
	at      time.Time
}

func newWorld() *world {
	return &world{now: func() time.Time { return time.Now().UTC() },
		groups: map[string]provision.Group{}, users: map[string]provision.User{}, held: map[string]provision.Holding{}, members: map[string][]provision.User{}, assigned: map[string]time.Time{}, scim: map[string]scimGroup{},
		live: map[config.Pair]map[provision.LiveAssignment]time.Time{}, removing: map[config.Pair]map[provision.LiveAssignment]time.Time{},
		ops: map[string]*operation{}, latency: 2 * time.Second, visibility: time.Second, setless: map[string]bool{},
		accounts: map[string]provision.AccountState{}, management: managementAccount, job: provision.JobState{Found: true, Active: true},
		listingAt: map[string]time.Time{}}
}

// enter logs a call and applies a fault. after tells the caller to make its
// effect before it returns err.
func (w *world) enter(op, key string) (f scripted, err error) {
	if w.dead {
		return scripted{}, context.Canceled
	}
	w.calls = append(w.calls, call{op, key, w.now()})
	for i, s := range w.faults {
		if s.op == op {
			w.faults = slices.Delete(w.faults, i, i+1)
			if s.err != nil && !s.after {
				return *s, s.err
			}
			return *s, nil
		}
	}
	return scripted{}, w.down[op]
}

// lose returns the scripted error of a call that had its effect.
func (s scripted) lose() error {
	if s.after {
		return s.err
	}
	return nil
}

func (w *world) count(op string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, c := range w.calls {
		if c.op == op {
			n++
		}
	}
	return n
}

func pairKey(p config.Pair) string { return p.Account + "/" + p.PermissionSet }

func (w *world) Assignments(ctx context.Context, p config.Pair) ([]provision.LiveAssignment, error) {
	w.dawdle()
	w.mu.Lock()
	defer w.mu.Unlock()
	provision.CountRequest(ctx)
	if _, err := w.enter("ListAccountAssignments", pairKey(p)); err != nil {
		return nil, err
	}
	if w.setless[p.PermissionSet] {
		return nil, fault.New(fault.ErrNotFound, "permission set "+p.PermissionSet, "", nil)
	}
	return w.listed(p), nil
}

// dawdle takes the time of a slow listing.
func (w *world) dawdle() {
	w.mu.Lock()
	d := w.slow
	w.mu.Unlock()
	time.Sleep(d)
}

// listed returns what listings of a pair show now.
func (w *world) listed(p config.Pair) []provision.LiveAssignment {
	var out []provision.LiveAssignment
	for l, from := range w.live[p] {
		if !from.After(w.now()) {
			out = append(out, l)
			key := pairKey(p) + "/" + l.PrincipalID
			if _, ok := w.listingAt[key]; !ok {
				w.listingAt[key] = w.now()
			}
		}
	}
	for l, until := range w.removing[p] {
		if until.After(w.now()) {
			out = append(out, l)
		}
	}
	return out
}

func (w *world) AssignmentsOf(ctx context.Context, who provision.LiveAssignment) ([]config.Pair, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	provision.CountRequest(ctx)
	if _, err := w.enter("ListAccountAssignmentsForPrincipal", who.PrincipalID); err != nil {
		return nil, err
	}
	if !w.byPrincipal {
		return nil, fault.New(fault.ErrDenied, "list for principal", "not from this account", nil)
	}
	var out []config.Pair
	for p := range w.everything() {
		if slices.Contains(w.listed(p), who) {
			out = append(out, p)
		}
	}
	return out, nil
}

// everything returns the pairs that ever had somebody.
func (w *world) everything() map[config.Pair]bool {
	out := map[config.Pair]bool{}
	for p := range w.live {
		out[p] = true
	}
	for p := range w.removing {
		out[p] = true
	}
	return out
}

func (w *world) SetNames(context.Context) ([]string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, err := w.enter("ListPermissionSets", ""); err != nil {
		return nil, err
	}
	names := map[string]bool{}
	for p := range w.everything() {
		names[p.PermissionSet] = true
	}
	return slices.Sorted(maps.Keys(names)), nil
}

func (w *world) HasSet(_ context.Context, name string) (bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !w.setless[name], nil
}

func (w *world) AccountsWith(ctx context.Context, set string) ([]string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	provision.CountRequest(ctx)
	if _, err := w.enter("ListAccountsForProvisionedPermissionSet", set); err != nil {
		return nil, err
	}
	var out []string
	for p := range w.everything() {
		if p.PermissionSet == set && len(w.listed(p)) > 0 {
			out = append(out, p.Account)
		}
	}
	slices.Sort(out)
	return out, nil
}

func (w *world) start(action provision.Action, t provision.Target) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	name := "CreateAccountAssignment"
	if action == provision.Delete {
		name = "DeleteAccountAssignment"
	}
	f, err := w.enter(name, pairKey(t.Pair)+"/"+t.PrincipalID)
	if err != nil {
		return "", err
	}
	out := 0
	for _, o := range w.ops {
		if o.done.After(w.now()) {
			out++
			if o.target.Pair.Account == t.Pair.Account {
				w.conflicts++
				return "", fault.New(fault.ErrConflict, name, "an operation is under way in the account", nil)
			}
		}
	}
	if out >= 15 {
		w.conflicts++
		return "", fault.New(fault.ErrConflict, name, "15 operations are outstanding", nil)
	}
	o := &operation{id: fmt.Sprintf("req-%d", len(w.ops)+1), action: action, target: t, begun: w.now(), done: w.now().Add(w.latency), failed: f.fail, unheard: f.unheard}
	w.ops[o.id] = o
	w.effect(o)
	return o.id, f.lose()
}

// effect puts the result of an operation where listings will find it in time.
func (w *world) effect(o *operation) {
	if o.failed != "" || o.unheard {
		return
	}
	pair, l := o.target.Pair, provision.LiveAssignment{PrincipalID: o.target.PrincipalID, Kind: o.target.Kind}
	visible := o.done.Add(w.visibility)
	if w.live[pair] == nil {
		w.live[pair] = map[provision.LiveAssignment]time.Time{}
	}
	if w.removing[pair] == nil {
		w.removing[pair] = map[provision.LiveAssignment]time.Time{}
	}
	if o.action == provision.Create {
		if _, ok := w.live[pair][l]; !ok {
			w.live[pair][l] = visible
		}
		return
	}
	if _, ok := w.live[pair][l]; ok {
		delete(w.live[pair], l)
		w.removing[pair][l] = visible
	}
}

func (w *world) Create(_ context.Context, t provision.Target) (string, error) {
	return w.start(provision.Create, t)
}

func (w *world) Delete(_ context.Context, t provision.Target) (string, error) {
	return w.start(provision.Delete, t)
}

func (w *world) status(o *operation) provision.Outcome {
	switch {
	case o.done.After(w.now()):
		return provision.Outcome{Status: provision.InProgress}
	case o.failed != "":
		return provision.Outcome{Status: provision.Failed, Reason: o.failed}
	default:
		return provision.Outcome{Status: provision.Succeeded}
	}
}

func (w *world) Outcomes(_ context.Context, a provision.Action) (map[string]provision.Status, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, err := w.enter("ListStatus", string(a)); err != nil {
		return nil, err
	}
	out := map[string]provision.Status{}
	for id, o := range w.ops {
		if s := w.status(o); o.action == a && s.Status == provision.InProgress && !o.begun.Add(w.listLag).After(w.now()) {
			out[id] = s.Status
		}
	}
	return out, nil
}

func (w *world) Outcome(_ context.Context, a provision.Action, id string) (provision.Outcome, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, err := w.enter("DescribeStatus", id); err != nil {
		return provision.Outcome{}, err
	}
	o, ok := w.ops[id]
	if !ok || o.action != a {
		return provision.Outcome{}, fault.New(fault.ErrNotFound, "describe "+id, "", nil)
	}
	return w.status(o), nil
}

func (w *world) FindGroup(_ context.Context, entra, lastID, _ string) (provision.StoreGroup, bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, err := w.enter("GetGroupId", entra); err != nil {
		return provision.StoreGroup{}, false, err
	}
	if _, ok := w.scim[entra]; !ok && !w.cycle.IsZero() && !w.now().Before(w.cycle) && !w.assigned[entra].IsZero() {
		w.scim[entra] = scimGroup{id: storeID(entra), visible: w.cycle, members: idsOf(w.members[entra])}
	}
	g, ok := w.scim[entra]
	if !ok || g.visible.After(w.now()) || w.otherwise[entra] && g.id != lastID {
		return provision.StoreGroup{}, false, nil
	}
	return provision.StoreGroup{ID: g.id, ExternalID: entra}, true, nil
}

func (w *world) FindUser(_ context.Context, entra, _, _ string) (provision.StoreUser, bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, err := w.enter("GetUserId", entra); err != nil {
		return provision.StoreUser{}, false, err
	}
	u, ok := w.scim[entra]
	if !ok || u.visible.After(w.now()) {
		return provision.StoreUser{}, false, nil
	}
	return provision.StoreUser{ID: u.id, ExternalID: entra, Enabled: !u.off}, true, nil
}

func (w *world) Exists(_ context.Context, _ config.PrincipalKind, id string) (bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, err := w.enter("Exists", id); err != nil {
		return false, err
	}
	for _, g := range w.scim {
		if g.id == id {
			return true, nil
		}
	}
	return w.lingers[id], nil
}

func (w *world) Describe(_ context.Context, kind config.PrincipalKind, id string) (provision.Identity, bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, err := w.enter("Describe", id); err != nil {
		return provision.Identity{}, false, err
	}
	if err := w.down["Describe "+id]; err != nil {
		return provision.Identity{}, false, err
	}
	if x, ok := w.byHand[id]; ok {
		return x, true, nil
	}
	for entra, g := range w.scim {
		if g.id == id {
			name := w.groups[entra].Name
			if kind == config.UserPrincipal {
				name = w.users[entra].Name
			}
			return provision.Identity{ExternalID: entra, Name: name}, true, nil
		}
	}
	return provision.Identity{}, false, nil
}

func (w *world) Held(_ context.Context, kind config.PrincipalKind, id string) (provision.Holding, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, err := w.enter("Held", id); err != nil {
		return provision.Holding{}, err
	}
	h := w.held[id]
	for p, list := range w.live {
		if _, ok := list[provision.LiveAssignment{PrincipalID: id, Kind: kind}]; ok {
			h.Accounts = append(slices.Clone(h.Accounts), p)
		}
	}
	return h, nil
}

func (w *world) Members(_ context.Context, id string) ([]string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, err := w.enter("ListGroupMemberships", id); err != nil {
		return nil, err
	}
	for _, g := range w.scim {
		if g.id == id {
			return slices.Clone(g.members), nil
		}
	}
	return nil, fault.New(fault.ErrNotFound, "members of "+id, "", nil)
}

func (w *world) FindMany(_ context.Context, wanted []provision.Wanted) (map[config.Principal]provision.Found, bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, err := w.enter("List", fmt.Sprint(len(wanted))); err != nil {
		return nil, false, err
	}
	out := map[config.Principal]provision.Found{}
	for _, x := range wanted {
		if g, ok := w.scim[x.Principal.ID]; ok && !g.visible.After(w.now()) {
			out[x.Principal] = provision.Found{ID: g.id, Asleep: g.off}
		}
	}
	return out, true, nil
}

func (w *world) State(_ context.Context, id string) (provision.AccountState, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, err := w.enter("DescribeAccount", id); err != nil {
		return provision.AccountState{}, err
	}
	if s, ok := w.accounts[id]; ok {
		return s, nil
	}
	return provision.AccountState{Found: true, Active: true, State: "ACTIVE"}, nil
}

func (w *world) ManagementAccount(context.Context) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, err := w.enter("DescribeOrganization", ""); err != nil {
		return "", err
	}
	return w.management, nil
}

func (w *world) InForce(context.Context) (access.InForce, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.force.Repo == nil {
		return access.InForce{}, access.ErrNotFound
	}
	return w.force, nil
}

func (w *world) Skew() (time.Duration, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.skew, !w.skewOff
}

func (w *world) Audit(_ context.Context, e provision.AuditEvent) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.audits = append(w.audits, e)
	return nil
}

func (w *world) PutNotice(_ context.Context, n access.Notice) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !slices.ContainsFunc(w.notices, func(o access.Notice) bool { return o.Key == n.Key }) {
		w.notices = append(w.notices, n)
	}
	return nil
}

// do changes the world from outside.
func (w *world) do(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f()
}

// put makes an assignment live as if it had always been.
func (w *world) put(a config.Assignment) {
	pair := a.Pair()
	if w.live[pair] == nil {
		w.live[pair] = map[provision.LiveAssignment]time.Time{}
	}
	w.live[pair][provision.LiveAssignment{PrincipalID: storeID(a.Principal.ID), Kind: a.Principal.Kind}] = time.Time{}
}

// isLive reports whether an assignment exists now, listed or not.
func (w *world) isLive(a config.Assignment) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, ok := w.live[a.Pair()][provision.LiveAssignment{PrincipalID: storeID(a.Principal.ID), Kind: a.Principal.Kind}]
	return ok
}

// idsOf are the ids of users.
func idsOf(users []provision.User) []string {
	var out []string
	for _, u := range users {
		out = append(out, u.ID)
	}
	return out
}

// storeID is the id that a group gets in the identity store.
func storeID(entra string) string { return "store-" + entra }
