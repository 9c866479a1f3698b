package graphemu

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// onDemandBody asks for a group with members.
func onDemandBody(rule, group string, members ...string) string {
	var links []string
	for _, m := range members {
		links = append(links, fmt.Sprintf(`{"objectId":%q,"objectTypeName":"User"}`, m))
	}
	return fmt.Sprintf(`{"parameters":[{"ruleId":%q,"subjects":[{"objectId":%q,"objectTypeName":"Group","links":{"members":[%s]}}]}]}`, rule, group, strings.Join(links, ","))
}

// demand calls provisionOnDemand with the rule of the schema and returns what
// the JSON texts "key" and "value" hold.
func (w *world) demand(group string, members ...string) (result, code string, value map[string]any) {
	w.t.Helper()
	a := w.graph("POST", w.jobPath("/provisionOnDemand"), onDemandBody(w.rule(), group, members...))
	if a.status != 200 {
		w.t.Fatalf("provisionOnDemand: %d %v", a.status, a.body)
	}
	var key struct {
		Result  string
		Details struct{ ErrorCode, ErrorMessage string }
	}
	text, _ := a.body["key"].(string)
	w.must(json.Unmarshal([]byte(text), &key))
	text, _ = a.body["value"].(string)
	w.must(json.Unmarshal([]byte(text), &value))
	if (key.Details.ErrorCode == "") != (key.Details.ErrorMessage == "") {
		w.t.Errorf("code %q with message %q", key.Details.ErrorCode, key.Details.ErrorMessage)
	}
	return key.Result, key.Details.ErrorCode, value
}

// rule reads the rule id from the schema of the job.
func (w *world) rule() string {
	w.t.Helper()
	rules, _ := w.graph("GET", w.jobPath("/schema"), "").body["synchronizationRules"].([]any)
	if len(rules) != 1 {
		w.t.Fatalf("%d rules", len(rules))
	}
	r, _ := rules[0].(map[string]any)
	id, _ := r["id"].(string)
	return id
}

func TestAnAssignmentIsHonouredOnDemandAfterReplication(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 6, Options{})
	ask := func(want string) {
		t.Helper()
		w.pass(2 * time.Second) // stays below the rate limit, 1.7 s at this speed
		result, code, _ := w.demand(devs, hana)
		if got := strings.TrimSpace(result + " " + code); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	ask("Skipped NotEffectivelyEntitled")
	if a := w.graph("POST", w.app("/appRoleAssignedTo"), assignBody(w, devs, roleUser)); a.status != 201 {
		t.Fatal(a.body)
	}
	ask("Skipped NotEffectivelyEntitled")
	if got := w.target.seen(); got != "" {
		t.Errorf("written before it is assigned:\n%s", got)
	}
	w.pass(8 * time.Second)
	ask("Success")
	if got := w.target.seen(); got != "aws-payments-dev: Hana\nHana true\n" {
		t.Errorf("target:\n%s", got)
	}
	ask("Skipped RedundantExport")
	w.SetNeverHonour(true)
	ask("Skipped NotEffectivelyEntitled")
}

func TestOnDemandProvisionsOnlyMembersThatMayGo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, Options{})
	nameless, err := w.AddUser(User{DisplayName: "Build Robot", UserPrincipalName: "robot@example.com"})
	w.must(err)
	for _, id := range []string{nameless.ID, ops} {
		w.must(w.AddMember(devs, id))
	}
	w.must(w.SetEnabled(yuki, false))
	w.must2(w.SeedAssignment(devs))
	result, code, value := w.demand(devs, hana, yuki, ren, nameless.ID, "3c1d9a70-0000-4000-8000-0000000000ff")
	if result != "Success" || code != "" || value["action"] != "Create" {
		t.Errorf("got %s %s %v", result, code, value["action"])
	}
	if got := w.target.seen(); got != "aws-payments-dev: Hana\nHana true\n" {
		t.Errorf("target:\n%s", got)
	}
	text := fmt.Sprint(value["provisioningSteps"])
	for _, want := range []string{yuki + "' was not provisioned: the user is disabled", ren + "' was not provisioned: the user is not a direct member", "name.givenName, name.familyName", "the user does not exist"} {
		if !strings.Contains(text, want) {
			t.Errorf("steps do not say %q: %s", want, text)
		}
	}
	source, _ := value["sourceIdentity"].(map[string]any)
	targetID, _ := value["targetIdentity"].(map[string]any)
	if source["id"] != devs || targetID["id"] != "t-"+devs {
		t.Errorf("identities %v, %v", source, targetID)
	}
	if result, code, _ := w.demand(devs, nameless.ID); result != "Failure" || code == "" {
		t.Errorf("nobody but a nameless user: %s %s", result, code)
	}
}

func TestOnDemandMakesAGroupAgainThatIsGoneFromTheTarget(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, Options{})
	w.must2(w.SeedAssignment(devs))
	w.must(w.RunCycle(t.Context()))
	w.must(w.target.DeleteGroup(devs))
	if result, _, value := w.demand(devs, hana); result != "Success" || value["action"] != "Create" {
		t.Errorf("got %s %v", result, value["action"])
	}
	if got := w.target.seen(); !strings.HasPrefix(got, "aws-payments-dev: Hana\n") {
		t.Errorf("target:\n%s", got)
	}
}

func TestOnDemandProvisionsAUser(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, Options{})
	body := `{"parameters":[{"ruleId":"` + w.rule() + `","subjects":[{"objectId":"` + ren + `","objectTypeName":"User"}]}]}`
	w.must2(w.SeedAssignment(ren))
	a := w.graph("POST", w.jobPath("/provisionOnDemand"), body)
	if key, _ := a.body["key"].(string); a.status != 200 || key != `{"details":{},"result":"Success"}` {
		t.Errorf("got %d %v", a.status, a.body)
	}
	if got := w.target.seen(); got != "Ren true\n" {
		t.Errorf("target:\n%s", got)
	}
	w.must2(w.SeedAssignment(hana))
	w.must(w.SetEnabled(hana, false))
	a = w.graph("POST", w.jobPath("/provisionOnDemand"), strings.Replace(body, ren, hana, 1))
	if key, _ := a.body["key"].(string); !strings.Contains(key, `"errorMessage":"the user is disabled"`) || !strings.Contains(key, `"result":"Failure"`) {
		t.Errorf("a disabled user: %d %v", a.status, a.body)
	}
}

func TestOnDemandRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, Options{})
	w.must2(w.SeedAssignment(devs))
	rule := w.rule()
	tests := []struct {
		name, body string
		want       int
	}{
		{"another rule", onDemandBody("33f7c90d-bf71-41b1-bda6-aaf0ddbee5d8#V2", devs), 400},
		{"six members", onDemandBody(rule, devs, hana, yuki, ren, hana, yuki, ren), 400},
		{"an unknown group", onDemandBody(rule, hana), 404},
		{"something that is no id", onDemandBody(rule, "aws-payments-dev"), 400},
		{"no parameters", `{"parameters":[]}`, 400},
		{"a nested group", strings.Replace(onDemandBody(rule, ops, devs), `"User"`, `"Group"`, 1), 400},
		{"another type", strings.Replace(onDemandBody(rule, devs), `"Group"`, `"Device"`, 1), 400},
		{"not JSON", `{`, 400},
	}
	for _, tc := range tests {
		w.pass(10 * time.Second)
		if a := w.graph("POST", w.jobPath("/provisionOnDemand"), tc.body); a.status != tc.want || a.code() == "" {
			t.Errorf("%s: got %d %v", tc.name, a.status, a.body)
		}
	}
	if a := w.graph("POST", w.app("/synchronization/jobs/other/provisionOnDemand"), "{}"); a.status != 404 || a.code() != "JobNotFound" {
		t.Errorf("another job: %d %v", a.status, a.body)
	}
}

func TestOnDemandTakesFiveCallsInTenSeconds(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name      string
		speed     float64
		window    time.Duration
		wantRetry string
	}{
		{"in real time", 1, 10 * time.Second, "10"},
		{"in less with speed", 10, time.Second, "1"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, tc.speed, Options{})
			body := onDemandBody(w.rule(), devs)
			call := func() answer { return w.graph("POST", w.jobPath("/provisionOnDemand"), body) }
			for i := range 5 {
				if a := call(); a.status != 200 {
					t.Fatalf("call %d: %d", i+1, a.status)
				}
			}
			if a := call(); a.status != 429 || a.header.Get("Retry-After") != tc.wantRetry {
				t.Errorf("sixth call: %d, Retry-After %q", a.status, a.header.Get("Retry-After"))
			}
			w.pass(tc.window)
			if a := call(); a.status != 200 {
				t.Errorf("after the window: %d", a.status)
			}
		})
	}
}

func TestOnDemandNeedsARunningJob(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, Options{})
	w.must2(w.SeedAssignment(devs))
	body := onDemandBody(w.rule(), devs, hana)
	call := func() answer { return w.graph("POST", w.jobPath("/provisionOnDemand"), body) }
	if a := w.graph("POST", w.jobPath("/pause"), ""); a.status != 204 {
		t.Fatal(a.body)
	}
	if a := call(); a.status != 400 || a.code() != "JobNotActive" {
		t.Errorf("paused: %d %v", a.status, a.body)
	}
	if a := w.graph("POST", w.jobPath("/start"), ""); a.status != 204 {
		t.Fatal(a.body)
	}
	w.target.fail(errToken{})
	if result, code, _ := w.demand(devs, hana); result != "Failure" || !strings.Contains(code, "CredentialValidation") {
		t.Errorf("a bad token: %s %s", result, code)
	}
	if err := w.RunCycle(t.Context()); err == nil {
		t.Fatal("a cycle with a bad token went well")
	}
	if a := call(); a.status != 400 || a.code() != "JobInQuarantine" {
		t.Errorf("in quarantine: %d %v", a.status, a.body)
	}
}

func TestTheProvisioningLogTellsWhatHappened(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, Options{})
	w.must2(w.SeedAssignment(devs))
	w.must(w.RunCycle(t.Context()))
	w.pass(time.Minute)
	w.demand(ops)
	read := func(more string) answer { return w.graph("GET", "/auditLogs/provisioning"+more, "") }
	a := read("")
	if diff := cmp.Diff([]string{"other", "update", "create", "create", "create"}, a.values("provisioningAction")); diff != "" {
		t.Error(diff)
	}
	a = read("?$filter=jobId%20eq%20'" + w.State().Job.ID + "'%20and%20activityDateTime%20ge%202026-11-02T09:01:00Z&$orderby=activityDateTime%20desc")
	info := fmt.Sprint(a.values("provisioningStatusInfo"))
	if a.status != 200 || !strings.Contains(info, "NotEffectivelyEntitled") || len(a.values("id")) != 1 {
		t.Errorf("%d %v", a.status, a.body)
	}
	if n := len(read("?$filter=sourceIdentity/id%20eq%20'" + hana + "'").values("id")); n != 1 {
		t.Errorf("%d lines about hana", n)
	}
	read("")
	read("")
	if a := read(""); a.status != 429 || a.header.Get("Retry-After") != "10" {
		t.Errorf("sixth read: %d %q", a.status, a.header.Get("Retry-After"))
	}
}
