package entra_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/provision/entra"
	"aws-access-bot/internal/provision/fault"
	"aws-access-bot/internal/sandbox/emukit"
	"aws-access-bot/internal/sandbox/graphemu"

	"github.com/google/go-cmp/cmp"
)

// group is the principal of a group.
func group(id string) config.Principal {
	return config.Principal{Kind: config.GroupPrincipal, ID: id}
}

func TestProvisionOnDemand(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.client()
	provisioned := func(when string, want provision.OnDemand, members ...string) {
		t.Helper()
		got, err := c.ProvisionOnDemand(t.Context(), group(devs), members)
		if want.Reason != "" && strings.Contains(got.Reason, want.Reason) {
			got.Reason = want.Reason
		}
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v %s", when, err, diff)
		}
	}
	provisioned("not assigned", provision.OnDemand{NotYetAssigned: true, Reason: "not assigned to the application"}, hana)
	if _, _, err := c.Assign(t.Context(), devs); err != nil {
		t.Fatal(err)
	}
	provisioned("assigned, but not replicated", provision.OnDemand{NotYetAssigned: true, Reason: "not assigned to the application"}, hana)
	w.pass(2 * time.Minute)
	provisioned("replicated", provision.OnDemand{OK: true}, hana)
	provisioned("in sync already", provision.OnDemand{OK: true}, hana)
	w.pass(time.Minute)
	provisioned("the group alone", provision.OnDemand{OK: true})
	if jobs, schemas := w.calls(opJobs), w.calls(opSchema); jobs != 1 || schemas != 1 {
		t.Errorf("job and rule were asked for %d and %d times", jobs, schemas)
	}
}

func TestRedundantExportsAreFine(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.answer(opProvision, 200, `{"key":"{\"result\":\"Skipped\",\"details\":{\"errorCode\":\"RedundantExport\",\"errorMessage\":\"already match\"}}","value":"{}"}`)
	if got, err := w.client().ProvisionOnDemand(t.Context(), group(devs), nil); err != nil || got != (provision.OnDemand{OK: true}) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestAFailedProvisioningSaysWhy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.answer(opProvision, 200, `{"key":"{\"result\":\"Failure\",\"details\":{\"errorCode\":\"SomeError\",\"errorMessage\":\"no surname\"}}","value":"{}"}`)
	c := w.client()
	got, err := c.ProvisionOnDemand(t.Context(), group(devs), nil)
	if err != nil || got.OK || got.NotYetAssigned || got.Reason != "Failure SomeError no surname" {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, body := range []string{`{}`, `{"key":"nonsense"}`} {
		w.answer(opProvision, 200, body)
		if got, err := c.ProvisionOnDemand(t.Context(), group(devs), nil); err == nil || fault.Known(err) {
			t.Errorf("%s: got %+v, %v", body, got, err)
		}
	}
}

func TestMoreMembersThanFitOneCallAreRefusedHere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	members := make([]string, 6)
	for i := range members {
		members[i] = fmt.Sprintf("3c1d9a70-0000-4000-8000-%012d", i)
	}
	if _, err := w.client().ProvisionOnDemand(t.Context(), group(devs), members); !errors.Is(err, fault.ErrInvalid) {
		t.Errorf("got %v", err)
	}
	if entries, _ := w.kit.Journal.Since(0); len(entries) != 0 {
		t.Errorf("%d requests", len(entries))
	}
}

func provisioningTooOftenIsThrottledWithAWait(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.SeedAssignment(devs)
	w.must(err)
	c := w.client()
	for i := range 5 {
		if _, err := c.ProvisionOnDemand(t.Context(), group(devs), nil); err != nil {
			t.Fatalf("call %d: %v", i, err)
		}
	}
	_, err = c.ProvisionOnDemand(t.Context(), group(devs), nil)
	if wait := fault.RetryAfter(err); !errors.Is(err, fault.ErrThrottled) || wait <= 0 || wait > 10*time.Second {
		t.Errorf("got %v, to wait %v", err, wait)
	}
	if n := w.calls(opProvision); n != 6 {
		t.Errorf("%d calls sent, want 6", n)
	}
	w.pass(11 * time.Second)
	if _, err := c.ProvisionOnDemand(t.Context(), group(devs), nil); err != nil {
		t.Errorf("after the wait: %v", err)
	}
}

func provisioningWhoseAnswerIsLostIsSentOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.kit.Faults.Add(emukit.Fault{Op: opProvision, Status: 504, AfterEffect: true})
	if got, err := w.client().ProvisionOnDemand(t.Context(), group(devs), nil); err == nil || fault.Known(err) || w.calls(opProvision) != 1 {
		t.Errorf("got %+v after %d calls, %v", got, w.calls(opProvision), err)
	}
}

func TestTheRuleIsAskedForAgainAfterARefusal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.SeedAssignment(devs)
	w.must(err)
	c := w.client()
	w.answer(opSchema, 200, `{"synchronizationRules":[{"id":"former","objectMappings":[{"enabled":true,"sourceObjectName":"Group"}]}]}`)
	if _, err := c.ProvisionOnDemand(t.Context(), group(devs), nil); !errors.Is(err, fault.ErrInvalid) {
		t.Errorf("with the former rule: %v", err)
	}
	if got, err := c.ProvisionOnDemand(t.Context(), group(devs), nil); err != nil || !got.OK {
		t.Errorf("with the rule read again: %+v, %v", got, err)
	}
}

func TestWithoutAJobOrARuleNothingCanBeProvisioned(t *testing.T) {
	t.Parallel()
	tests := map[string]func(*world){
		"no job": func(w *world) { w.answer(opJobs, 200, `{"value":[]}`) },
		"no rule for groups": func(w *world) {
			w.answer(opSchema, 200, `{"synchronizationRules":[{"id":"r","objectMappings":[{"enabled":true,"sourceObjectName":"User"},{"enabled":false,"sourceObjectName":"Group"}]}]}`)
		},
	}
	for name, set := range tests {
		w := newWorld(t)
		set(w)
		if _, err := w.client().ProvisionOnDemand(t.Context(), group(devs), nil); !errors.Is(err, fault.ErrNotFound) || w.calls(opProvision) != 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// refusing is a target whose token is not good any more.
type refusing struct{ graphemu.Target }

// badToken is its answer to everything.
type badToken struct{}

func (badToken) Error() string      { return "scim: 401" }
func (badToken) Unauthorized() bool { return true }

func (refusing) UpsertUser(string, string, string, string, string, bool) (string, error) {
	return "", badToken{}
}
func (refusing) UpsertGroup(string, string) (string, error) { return "", badToken{} }
func (refusing) GroupMembers(string) ([]string, error)      { return nil, badToken{} }
func (refusing) AddMembers(string, []string) error          { return badToken{} }
func (refusing) RemoveMembers(string, []string) error       { return badToken{} }
func (refusing) DeleteGroup(string) error                   { return badToken{} }

func TestJob(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.SeedAssignment(devs)
	w.must(err)
	c := w.client()
	is := func(when string, want provision.JobState) {
		t.Helper()
		got, err := c.Job(t.Context())
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v %s", when, err, diff)
		}
	}
	is("never run", provision.JobState{Found: true, Active: true})
	w.must(w.RunCycle(t.Context()))
	good := w.clock().UTC().Truncate(time.Second)
	is("after a cycle", provision.JobState{Found: true, Active: true, LastSuccess: good})
	w.pass(50 * time.Minute)
	w.SetTarget(refusing{})
	// How the cycle ended is told by the job.
	_ = w.RunCycle(t.Context())
	is("token refused", provision.JobState{Found: true, Quarantine: "EncounteredQuarantineException", LastSuccess: good})
}

func TestJobAsTheListHasIt(t *testing.T) {
	t.Parallel()
	const (
		active   = `{"id":"a","schedule":{"state":"Active"},"status":{"code":"Active"}}`
		disabled = `{"id":"d","schedule":{"state":"Disabled"},"status":{"code":"NotConfigured"}}`
		paused   = `{"id":"p","schedule":{"state":"Paused"},"status":{"code":"Paused"}}`
		coded    = `{"id":"q","schedule":{"state":"Active"},"status":{"code":"Quarantine"}}`
		novel    = `{"id":"q","schedule":{"state":"Active"},"status":{"code":"Active","quarantine":{"reason":"SomethingNew"}}}`
	)
	tests := []struct {
		name, jobs string
		want       provision.JobState
	}{
		{"none", ``, provision.JobState{}},
		{"disabled", disabled, provision.JobState{Found: true}},
		{"paused", paused, provision.JobState{Found: true}},
		{"the active one counts", disabled + "," + active, provision.JobState{Found: true, Active: true}},
		{"quarantine by its code alone", coded, provision.JobState{Found: true, Quarantine: "Unknown"}},
		{"quarantine for a new reason", novel, provision.JobState{Found: true, Quarantine: "Unknown"}},
		{"nothing known of it", `{"id":"x"}`, provision.JobState{Found: true}},
	}
	w := newWorld(t)
	c := w.client()
	for _, tc := range tests {
		w.answer(opJobs, 200, `{"value":[`+tc.jobs+`]}`)
		got, err := c.Job(t.Context())
		if diff := cmp.Diff(tc.want, got); err != nil || diff != "" {
			t.Errorf("%s: %v %s", tc.name, err, diff)
		}
	}
}

func TestAnApplicationThatIsMissingIsNotOneWithoutAJob(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.client(func(o *entra.Options) { o.App = func() (string, error) { return nobody, nil } })
	if got, err := c.Job(t.Context()); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func permissionsThatAreMissingAreDenied(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *graphemu.Options) {
		o.Clients = []graphemu.Client{{ID: clientID, Secret: clientSecret, Permissions: []string{"GroupMember.Read.All", "Application.Read.All"}}}
	})
	c := w.client()
	if _, err := c.Group(t.Context(), devs); err != nil {
		t.Fatal(err)
	}
	_, _, assign := c.Assign(t.Context(), devs)
	_, job := c.Job(t.Context())
	for _, err := range []error{assign, job} {
		if !errors.Is(err, fault.ErrDenied) {
			t.Errorf("got %v", err)
		}
	}
	for header, want := range map[string]time.Duration{"120": 2 * time.Minute, "9223372037": time.Hour} {
		w.kit.Faults.Add(emukit.Fault{Op: opGroup, Status: 429, Header: http.Header{"Retry-After": {header}}})
		if _, err := c.Group(t.Context(), devs); !errors.Is(err, fault.ErrThrottled) || fault.RetryAfter(err) != want {
			t.Errorf("throttling for %s s: %v, %v", header, err, fault.RetryAfter(err))
		}
	}
}
