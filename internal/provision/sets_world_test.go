package provision_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/provision/fault"
	"aws-access-bot/internal/provision/permset"
	"aws-access-bot/internal/store"
)

const (
	policyAdmin = "arn:aws:iam::aws:policy/AdministratorAccess"
	policyView  = "arn:aws:iam::aws:policy/job-function/ViewOnlyAccess"
	policyAudit = "arn:aws:iam::aws:policy/SecurityAudit"
	botAccount  = "222233334444"
)

// setService is the permission sets of a world: writes that are at once, a
// provisioning that takes its time, and faults on order (those of the world).
type setService struct {
	*world
	sets   map[string]*permset.Live
	runs   map[string]*setRun
	caller provision.Caller
	// lacking are accounts in which provisioning fails, with the reason.
	lacking map[string]string
}

type setRun struct {
	set      string
	accounts []string
	done     time.Time
	settled  bool
	failed   string
}

func newSetService(w *world) *setService {
	return &setService{world: w, sets: map[string]*permset.Live{}, runs: map[string]*setRun{}, lacking: map[string]string{},
		caller: provision.Caller{Account: botAccount, ARN: "arn:aws:sts::" + botAccount + ":assumed-role/bot/x"}}
}

// have puts a set there, as if it had always been, the latest in its accounts.
func (s *setService) have(d permset.Definition, accounts ...string) *permset.Live {
	l := &permset.Live{ARN: "arn/" + d.Name, Definition: d, Accounts: accounts}
	s.sets[d.Name] = l
	return l
}

// settle ends the runs that are due. The world is locked.
func (s *setService) settle() {
	for _, id := range slices.Sorted(maps.Keys(s.runs)) {
		r := s.runs[id]
		if r.settled || r.done.After(s.now()) {
			continue
		}
		r.settled = true
		for _, a := range r.accounts {
			if why := s.lacking[a]; why != "" {
				r.failed = why
				continue
			}
			s.sets[r.set].Outdated = slices.DeleteFunc(slices.Clone(s.sets[r.set].Outdated), func(o string) bool { return o == a })
		}
	}
}

func (s *setService) ReadSet(_ context.Context, name string) (permset.Live, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.enter("ReadSet", name); err != nil {
		return permset.Live{}, err
	}
	s.settle()
	l, ok := s.sets[name]
	if !ok {
		return permset.Live{}, fault.New(fault.ErrNotFound, "read "+name, "", nil)
	}
	out := *l
	out.Managed, out.Accounts, out.Outdated = slices.Clone(l.Managed), slices.Clone(l.Accounts), slices.Clone(l.Outdated)
	return out, nil
}

func (s *setService) WriteSet(_ context.Context, arn string, step permset.Step) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := s.enter("WriteSet", string(step.Kind))
	if err == nil {
		err = s.down["WriteSet "+string(step.Kind)]
	}
	if err != nil {
		return "", err
	}
	if step.Kind == permset.Create {
		if s.sets[step.Set] != nil {
			return "", fault.New(fault.ErrConflict, "create "+step.Set, "the name is taken", nil)
		}
		l := s.have(permset.Definition{Name: step.Set, Session: step.Settings.Session, Description: step.Settings.Description, RelayState: step.Settings.RelayState, Tags: step.Tags})
		delete(s.setless, step.Set)
		return l.ARN, f.lose()
	}
	l := s.sets[strings.TrimPrefix(arn, "arn/")]
	if l == nil {
		return "", fault.New(fault.ErrNotFound, "write "+arn, "", nil)
	}
	switch step.Kind {
	case permset.Update:
		l.Session, l.RelayState, l.Description = step.Settings.Session, step.Settings.RelayState, step.Settings.Description
	case permset.Attach:
		if slices.Contains(l.Managed, step.Policy) {
			return "", fault.New(fault.ErrConflict, "attach", "already attached", nil)
		}
		l.Managed = append(slices.Clone(l.Managed), step.Policy)
		slices.Sort(l.Managed)
	case permset.Detach:
		l.Managed = slices.DeleteFunc(slices.Clone(l.Managed), func(p string) bool { return p == step.Policy })
	case permset.PutBoundary:
		l.Boundary = step.Boundary
	case permset.PutInline:
		l.Inline = step.Inline
	default:
		return "", fmt.Errorf("no such write here: %s", step.Kind)
	}
	l.Outdated = slices.Clone(l.Accounts)
	return "", f.lose()
}

func (s *setService) ProvisionSet(_ context.Context, arn, account string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := s.enter("ProvisionSet", account)
	if err != nil {
		return "", err
	}
	name := strings.TrimPrefix(arn, "arn/")
	running := 0
	for _, r := range s.runs {
		if r.done.After(s.now()) {
			running++
			if r.set == name {
				return "", fault.New(fault.ErrConflict, "provision", "it is being provisioned", nil)
			}
		}
	}
	if running >= 3 {
		s.conflicts++
		return "", fault.New(fault.ErrConflict, "provision", "three run", nil)
	}
	id := fmt.Sprintf("run-%d", len(s.runs)+1)
	accounts := []string{account}
	if account == "" {
		accounts = slices.Clone(s.sets[name].Accounts)
	}
	s.runs[id] = &setRun{set: name, accounts: accounts, done: s.now().Add(s.latency)}
	return id, f.lose()
}

func (s *setService) Provisioning(_ context.Context, id string) (provision.Outcome, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.enter("Provisioning", id); err != nil {
		return provision.Outcome{}, err
	}
	s.settle()
	r, ok := s.runs[id]
	switch {
	case !ok:
		return provision.Outcome{}, fault.New(fault.ErrNotFound, "describe "+id, "", nil)
	case !r.settled:
		return provision.Outcome{Status: provision.InProgress}, nil
	case r.failed != "":
		return provision.Outcome{Status: provision.Failed, Reason: r.failed}, nil
	}
	return provision.Outcome{Status: provision.Succeeded}, nil
}

func (s *setService) Caller(context.Context) (provision.Caller, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.enter("GetCallerIdentity", ""); err != nil {
		return provision.Caller{}, err
	}
	return s.caller, nil
}

// see returns what a set is now.
func (s *setService) see(name string) permset.Live {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle()
	if l := s.sets[name]; l != nil {
		return *l
	}
	return permset.Live{}
}

// told returns the notices to the operations channel, one a line.
func (s *setService) told() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for _, n := range s.notices {
		out = append(out, n.Text)
	}
	return strings.Join(out, "\n")
}

// setSystem is an engine with permission sets.
type setSystem struct {
	*system
	service *setService
}

func newSetSystem(t *testing.T, svc *setService, db store.DB, o provision.Options) *setSystem {
	t.Helper()
	return setSystemOf(t, svc, svc, db, o)
}

// setSystemOf takes a port that stands before the service.
func setSystemOf(t *testing.T, svc *setService, port provision.SetPort, db store.DB, o provision.Options) *setSystem {
	t.Helper()
	e, err := provision.New(provision.Ports{Center: svc.world, Entra: svc.world, Accounts: svc.world, Commits: svc.world, Store: store.NewProvision(db), Drifts: store.NewProvision(db), Clocks: svc.world,
		Audit: svc.world, Ops: svc.world, Now: time.Now, Sets: provision.SetPorts{Port: port, Store: store.NewProvision(db)}, Identity: svc}, o)
	if err != nil {
		t.Fatal(err)
	}
	return &setSystem{&system{world: svc.world, db: db, engine: e}, svc}
}

// declaring adds a permission set to a repository.
func (r *repository) declaring(sets ...*config.PermissionSet) *repository {
	for _, p := range sets {
		r.repo.PermissionSets[p.Name] = p
	}
	return r
}

func declared(name string, session time.Duration, policies ...string) *config.PermissionSet {
	return &config.PermissionSet{Name: name, SessionDuration: session, ManagedPolicies: policies}
}

func (s *setSystem) record(t *testing.T, name string) provision.SetRecord {
	t.Helper()
	records, err := store.NewProvision(s.db).Sets(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		if r.Name == name {
			return r
		}
	}
	return provision.SetRecord{}
}
