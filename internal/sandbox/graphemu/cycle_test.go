package graphemu

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"aws-access-bot/internal/sandbox/emukit"
)

// cycle runs one and compares the target.
func (w *world) cycle(what, want string) {
	w.t.Helper()
	w.must(w.RunCycle(w.t.Context()))
	if diff := cmp.Diff(want, w.target.seen()); diff != "" {
		w.t.Errorf("%s: target (-want +got)\n%s", what, diff)
	}
}

func TestCyclesFollowTheDirectory(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, Options{})
	w.cycle("nothing is assigned", "")
	w.must2(w.Assign(ops))
	w.cycle("not yet replicated", "")
	w.pass(time.Minute)
	w.cycle("nested members stay away", "O'Brien team: Ren\nRen true\n")
	w.must2(w.SeedAssignment(devs))
	w.cycle("two groups", "aws-payments-dev: Hana Yuki\nO'Brien team: Ren\nHana true\nYuki true\nRen true\n")
	w.must(w.RenameGroup(devs, "aws-pay-dev"))
	w.must(w.RemoveMember(devs, yuki))
	w.must(w.SetEnabled(ren, false))
	w.cycle("renamed, left, disabled", "aws-pay-dev: Hana\nO'Brien team: Ren\nHana true\nYuki false\nRen false\n")
	w.must(w.SetEnabled(ren, true))
	w.must(w.AddMember(devs, yuki))
	w.must(w.Unassign(ops))
	w.must2(w.SeedAssignment(ren))
	w.cycle("back; a group unassigned, its member assigned", "aws-pay-dev: Hana Yuki\nHana true\nYuki true\nRen true\n")
	newID, err := w.RecreateGroup(devs)
	w.must(err)
	w.must2(w.SeedAssignment(newID))
	w.cycle("a recreated group takes the name of the old one", "aws-pay-dev: Hana Yuki\nHana true\nYuki true\nRen true\n")
	w.must(w.Unassign(newID))
	w.cycle("unassigned", "Hana false\nYuki false\nRen true\n")
	w.must2(w.SeedAssignment(newID))
	w.must(w.DeleteUser(hana))
	w.cycle("assigned again", "aws-pay-dev: Yuki\nHana false\nYuki true\nRen true\n")
	before := w.target.calls
	w.cycle("nothing new", "aws-pay-dev: Yuki\nHana false\nYuki true\nRen true\n")
	if n := w.target.calls - before; n != 1 {
		t.Errorf("a cycle without changes made %d calls, want only the one that tries the token", n)
	}
	w.target.fail(errToken{})
	if err := w.RunCycle(t.Context()); !errors.As(err, new(errToken)) {
		t.Errorf("a cycle without changes does not notice a bad token: %v", err)
	}
}

func TestAJobWithoutATargetRunsAllTheSame(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, Options{})
	target := newSink()
	w.SetTarget(target)
	w.must2(w.SeedAssignment(devs))
	w.must(w.RunCycle(t.Context()))
	w.must(w.RemoveMember(devs, yuki))
	w.must(w.RunCycle(t.Context()))
	if result, code, _ := w.demand(devs, hana); code != "RedundantExport" {
		t.Errorf("on demand: %s %s", result, code)
	}
	if diff := cmp.Diff([]string{hana}, w.State().Job.Groups[devs]); diff != "" {
		t.Error(diff)
	}
	w.must(w.DeleteGroup(devs))
	w.must(w.RunCycle(t.Context()))
	if _, err := target.GroupMembers(devs); err == nil || len(w.State().Job.Groups) != 0 {
		t.Error("a deleted group is still in the target")
	}
}

func TestDefaultAccessIsSkipped(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, Options{ReplicationDelay: -1})
	if a := w.graph("POST", w.app("/appRoleAssignedTo"), assignBody(w, devs, roleDefault)); a.status != 201 {
		t.Fatal(a.body)
	}
	w.cycle("default access", "")
}

func TestObjectsThatTheTargetRefusesAreEscrowed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, Options{})
	nameless, err := w.AddUser(User{ID: "ffffffff-0000-4000-8000-000000000001", DisplayName: "Robot", UserPrincipalName: "robot@example.com"})
	w.must(err)
	w.must(w.AddMember(devs, nameless.ID))
	w.must2(w.SeedAssignment(devs))
	w.must2(w.SeedAssignment(ops))
	w.target.refuse = "O'Brien team"
	w.cycle("the rest goes on", "aws-payments-dev: Hana Yuki\nHana true\nYuki true\nRen true\n")
	status, _ := w.graph("GET", w.jobPath(""), "").body["status"].(map[string]any)
	last, _ := status["lastExecution"].(map[string]any)
	if last["state"] != "EntryLevelErrors" || last["countEscrowed"] != 2.0 || status["code"] != "Active" || status["quarantine"] != nil {
		t.Errorf("status %v", status)
	}
	w.target.refuse = ""
	w.must(w.ChangeUser(nameless.ID, func(u *User) { u.GivenName, u.Surname = "Robo", "T" }))
	w.cycle("mended", "aws-payments-dev: Hana Robo Yuki\nO'Brien team: Ren\nHana true\nYuki true\nRen true\nRobo true\n")
}

// TestANamelessUserIsMadeWithTheDefaultOfTheMapping, and keeps it: the default is
// for the making of a user only, so that taking a name away later is refused.
func TestANamelessUserIsMadeWithTheDefaultOfTheMapping(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, Options{})
	w.SetUp(func(a *AppSetup) { a.NameDefault = "-" })
	nameless, err := w.AddUser(User{ID: "ffffffff-0000-4000-8000-000000000001", DisplayName: "Robot", Surname: "T", UserPrincipalName: "robot@example.com"})
	w.must(err)
	w.must(w.AddMember(devs, nameless.ID))
	w.must2(w.SeedAssignment(devs))
	w.cycle("made", "aws-payments-dev: - Hana Yuki\nHana true\nYuki true\n- true\n")
	w.must(w.ChangeUser(nameless.ID, func(u *User) { u.DisplayName = "Robot 2" }))
	w.cycle("changed", "aws-payments-dev: - Hana Yuki\nHana true\nYuki true\n- true\n")
	if n := w.State().Job.LastCycle.Escrowed; n != 0 {
		t.Errorf("%d escrowed", n)
	}
	w.must(w.ChangeUser(nameless.ID, func(u *User) { u.Surname = "" }))
	w.cycle("without a surname", "aws-payments-dev: - Hana Yuki\nHana true\nYuki true\n- true\n")
	if n := w.State().Job.LastCycle.Escrowed; n != 1 {
		t.Errorf("%d escrowed", n)
	}
}

func TestMembersGoInCallsOfAHundred(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, Options{})
	for i := range 240 {
		u, err := w.AddUser(User{DisplayName: "u", GivenName: "u", Surname: "u", UserPrincipalName: fmt.Sprintf("u%d@example.com", i)})
		w.must(err)
		w.must(w.AddMember(devs, u.ID))
	}
	w.must2(w.SeedAssignment(devs))
	w.must(w.RunCycle(t.Context()))
	if n := len(w.target.members[devs]); n != 242 || w.target.largest != targetBatch {
		t.Errorf("%d members, at most %d a call", n, w.target.largest)
	}
}

func TestARestartReadsTheTargetAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, Options{})
	w.must2(w.SeedAssignment(devs))
	w.must(w.RunCycle(t.Context()))
	w.must(w.target.RemoveMembers(devs, []string{hana}))
	w.cycle("an incremental cycle does not look", "aws-payments-dev: Yuki\nHana true\nYuki true\n")
	if a := w.graph("POST", w.jobPath("/restart"), `{"criteria":{"resetScope":"Escrows, Sideways"}}`); a.status != 400 {
		t.Errorf("an unknown scope: %d", a.status)
	}
	if a := w.graph("POST", w.jobPath("/restart"), `{"criteria":{"resetScope":"Watermark, Escrows, QuarantineState"}}`); a.status != 204 {
		t.Fatal(a.body)
	}
	w.cycle("an initial cycle does", "aws-payments-dev: Hana Yuki\nHana true\nYuki true\n")
}

func TestABadTokenLeadsToQuarantine(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, Options{})
	w.must2(w.SeedAssignment(devs))
	w.target.fail(errToken{})
	if a := w.graph("POST", w.jobPath("/validateCredentials"), `{"useSavedCredentials":true}`); a.status != 400 || a.code() != "InvalidCredentials" {
		t.Errorf("validateCredentials: %d %v", a.status, a.body)
	}
	for i, hours := range []time.Duration{6, 12, 24, 24} {
		if err := w.RunCycle(t.Context()); !errors.As(err, new(errToken)) {
			t.Fatalf("attempt %d: %v", i+1, err)
		}
		job := w.State().Job
		if got := job.NextCycle.Sub(w.clock()); got != hours*time.Hour || job.Status != "Quarantine" || job.Failures != i+1 {
			t.Errorf("attempt %d: next in %v, %+v", i+1, got, job)
		}
		w.pass(hours * time.Hour)
	}
	w.token = w.login(testClient, testSecret)
	status, _ := w.graph("GET", w.jobPath("?$select=status"), "").body["status"].(map[string]any)
	q, _ := status["quarantine"].(map[string]any)
	if q["reason"] != "EncounteredQuarantineException" || q["seriesCount"] != 4.0 || q["seriesBegan"] != "2026-11-02T09:00:00Z" || q["nextAttempt"] != "2026-11-05T03:00:00Z" {
		t.Errorf("quarantine %v", q)
	}
	w.SetTarget(newRecordingTarget())
	if a := w.graph("POST", w.jobPath("/validateCredentials"), `{"useSavedCredentials":true}`); a.status != 204 {
		t.Errorf("validateCredentials with a new token: %d %v", a.status, a.body)
	}
	if a := w.graph("POST", w.jobPath("/start"), ""); a.status != 204 {
		t.Fatal(a.body)
	}
	w.must(w.RunCycle(t.Context()))
	if job := w.State().Job; job.Status != "Active" || job.Quarantine != "" || job.Failures != 0 || job.NextCycle.Sub(w.clock()) != 40*time.Minute {
		t.Errorf("after it was mended: %+v", job)
	}
}

func TestFourWeeksOfQuarantineDisableTheJob(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, Options{})
	w.must2(w.SeedAssignment(devs))
	w.target.fail(errToken{})
	for range 2 {
		if err := w.RunCycle(t.Context()); errors.Is(err, ErrJobStopped) || err == nil {
			t.Fatal(err)
		}
		w.pass(28 * 24 * time.Hour)
	}
	if err := w.RunCycle(t.Context()); !errors.Is(err, ErrJobStopped) {
		t.Errorf("after four weeks: %v", err)
	}
	if job := w.State().Job; job.Schedule != "Disabled" || !job.NextCycle.IsZero() {
		t.Errorf("%+v", job)
	}
}

func TestRunKeepsTheScheduleUntilItsContextEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		kit := emukit.New(2)
		s, err := New(kit, Options{})
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- s.Run(ctx) }()
		at := func(d time.Duration) *Cycle {
			<-time.After(time.Until(began.Add(d))) // on the clock of the bubble
			synctest.Wait()
			return s.State().Job.LastCycle
		}
		if c := at(time.Minute); c == nil || !c.Began.Equal(began) {
			t.Errorf("first cycle: %+v", c)
		}
		if c := at(45 * time.Minute); !c.Began.Equal(began.Add(40 * time.Minute)) {
			t.Errorf("after 45 minutes at double speed: %+v", c)
		}
		s.mu.Lock()
		s.job.schedule = schedulePaused
		s.mu.Unlock()
		s.poke()
		if c := at(2 * time.Hour); !c.Began.Equal(began.Add(40 * time.Minute)) {
			t.Errorf("paused: %+v", c)
		}
		s.mu.Lock()
		s.start(time.Now())
		s.mu.Unlock()
		if c := at(2*time.Hour + time.Minute); !c.Began.Equal(began.Add(2 * time.Hour)) {
			t.Errorf("started again: %+v", c)
		}
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("Run returned %v", err)
		}
	})
}

func TestValidateCredentialsThatAreGiven(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, Options{CheckCredentials: func(_, token string) error {
		if token != "good-token" {
			return errors.New("401")
		}
		return nil
	}})
	for _, tc := range []struct {
		address, token string
		want           int
	}{{"https://scim.example/", "good-token", 204}, {"https://scim.example/", "bad-token", 400}, {"http://scim.example/", "good-token", 400}, {"https://scim.example/", "", 400}} {
		body := fmt.Sprintf(`{"credentials":[{"key":"BaseAddress","value":%q},{"key":"SecretToken","value":%q}]}`, tc.address, tc.token)
		if a := w.graph("POST", w.jobPath("/validateCredentials"), body); a.status != tc.want {
			t.Errorf("%s %s: got %d %v", tc.address, tc.token, a.status, a.body)
		}
	}
}

func TestTheJobIsFoundFromTheServicePrincipal(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, Options{})
	jobs := w.graph("GET", w.app("/synchronization/jobs"), "")
	templates := w.graph("GET", w.app("/synchronization/templates"), "")
	if diff := cmp.Diff(jobs.values("templateId"), templates.values("id")); diff != "" || len(jobs.values("id")) != 1 {
		t.Errorf("templates of jobs and templates: %s", diff)
	}
	list, _ := jobs.body["value"].([]any)
	job, _ := list[0].(map[string]any)
	schedule, _ := job["schedule"].(map[string]any)
	status, _ := job["status"].(map[string]any)
	if schedule["interval"] != "PT40M" || schedule["state"] != "Active" || status["code"] != "NotRun" || status["lastExecution"] != nil {
		t.Errorf("job %v", job)
	}
	rules := fmt.Sprint(w.graph("GET", w.jobPath("/schema"), "").body["synchronizationRules"])
	for _, want := range []string{"sourceObjectName:Group", "sourceObjectName:User", "targetAttributeName:name.familyName"} {
		if !strings.Contains(rules, want) {
			t.Errorf("the schema does not have %s", want)
		}
	}
}

func TestStateMarshalsAndIsACopy(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, Options{})
	w.must2(w.SeedAssignment(devs))
	w.must(w.RunCycle(t.Context()))
	st := w.State()
	if _, err := json.Marshal(st); err != nil {
		t.Fatal(err)
	}
	if len(st.Users) != 3 || len(st.Groups) != 2 || len(st.Assignments) != 1 || len(st.Job.Log) != 4 || !st.Job.Users[hana] {
		t.Errorf("%+v", st)
	}
	st.Groups[0].Members[0], st.Job.Groups[devs][0] = "changed", "changed"
	if again := w.State(); again.Groups[0].Members[0] != hana || again.Job.Groups[devs][0] != hana {
		t.Error("a change of the snapshot reached the server")
	}
}

func TestPlayingPeopleChecksWhatTheyDo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, Options{})
	_, dup := w.AddUser(User{ID: hana, DisplayName: "x", UserPrincipalName: "x@example.com"})
	_, taken := w.AddUser(User{DisplayName: "x", UserPrincipalName: "HANA@example.com"})
	_, stranger := w.AddGroup(Group{DisplayName: "x", Members: []string{"nobody"}})
	_, noID := w.AddGroup(Group{ID: "x", DisplayName: "x"})
	_, twice := New(w.kit, Options{Clients: []Client{{ID: "A"}, {ID: "a"}}})
	for name, err := range map[string]error{
		"an id twice": dup, "a principal name twice": taken, "an unknown member": stranger, "an id that is no GUID": noID, "a client twice": twice,
		"a group in itself": w.AddMember(devs, devs), "an unknown owner": w.AddOwner(devs, "nobody"), "no name": w.RenameGroup(devs, ""),
		"an unknown manager": w.SetManager(hana, "nobody"), "unassigning nothing": w.Unassign(devs), "an unknown user": w.SetEnabled("nobody", true),
	} {
		if err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

func TestEverythingAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1000, Options{ReplicationDelay: -1})
	rule := w.rule()
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for range 5 {
				w.graph("POST", w.jobPath("/provisionOnDemand"), onDemandBody(rule, devs, hana))
				w.graph("GET", "/groups/"+devs+"/members", "")
				w.graph("POST", w.app("/appRoleAssignedTo"), assignBody(w, devs, roleUser))
				if err := w.RunCycle(t.Context()); err != nil {
					t.Error(err)
				}
				if err := w.SetEnabled(yuki, i%2 == 0); err != nil {
					t.Error(err)
				}
				w.pass(time.Second)
			}
		})
	}
	wg.Wait()
	w.must(w.SetEnabled(yuki, true))
	w.cycle("in the end", "aws-payments-dev: Hana Yuki\nHana true\nYuki true\n")
}
