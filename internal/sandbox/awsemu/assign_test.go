package awsemu

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	ssotypes "github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"
	"github.com/google/go-cmp/cmp"

	"aws-access-bot/internal/sandbox/emukit"
)

func TestCreationRunsThenSucceedsThenShows(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.prodGroup()
	id := f.begin(t, a)
	steps := []struct {
		after  time.Duration
		status string
		listed bool
	}{
		{0, "IN_PROGRESS", false},
		{1999 * time.Millisecond, "IN_PROGRESS", false},
		{time.Millisecond, "SUCCEEDED", false},
		{999 * time.Millisecond, "SUCCEEDED", false},
		{time.Millisecond, "SUCCEEDED", true},
	}
	for i, st := range steps {
		f.clock.advance(st.after)
		if status, reason := f.creation(t, id); status != st.status || reason != "" {
			t.Errorf("step %d: status %s %q, want %s", i, status, reason, st.status)
		}
		if got := f.listed(t, a); got != st.listed {
			t.Errorf("step %d: listed %t, want %t", i, got, st.listed)
		}
	}
}

func TestDeletionRunsThenSucceedsThenStopsToShow(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.prodGroup()
	must(t, f.AddAssignment(a))
	id := f.beginRemoval(t, a)
	f.clock.advance(2 * time.Second)
	if status, _ := f.deletion(t, id); status != "SUCCEEDED" || !f.listed(t, a) {
		t.Errorf("after the operation: %s, listed %t", status, f.listed(t, a))
	}
	if got := f.State(); len(got.Assignments) != 0 || len(got.Listed) != 1 {
		t.Errorf("truth %v, listed %v", got.Assignments, got.Listed)
	}
	f.clock.advance(time.Second)
	if f.listed(t, a) {
		t.Error("still listed")
	}
}

func TestSpeedDividesTheDelays(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.kit.Speed = 10
	a := f.prodGroup()
	id := f.begin(t, a)
	f.clock.advance(200 * time.Millisecond)
	if status, _ := f.creation(t, id); status != "SUCCEEDED" || f.listed(t, a) {
		t.Errorf("after a tenth of the latency: %s", status)
	}
	f.clock.advance(100 * time.Millisecond)
	if !f.listed(t, a) {
		t.Error("not listed after a tenth of the visibility")
	}
}

func TestDuplicateCreationSucceeds(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.prodGroup()
	must(t, f.AddAssignment(a))
	id := f.begin(t, a)
	f.clock.advance(2 * time.Second)
	if status, _ := f.creation(t, id); status != "SUCCEEDED" || !f.listed(t, a) {
		t.Errorf("status %s", status)
	}
	if got := f.State().Assignments; len(got) != 1 {
		t.Errorf("assignments %v", got)
	}
}

func TestCreationRightAfterADeletionNeverStopsToShow(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(o *Options) { o.Latency = -1 })
	a := f.prodGroup()
	must(t, f.AddAssignment(a))
	f.beginRemoval(t, a)
	f.begin(t, a)
	for range 4 {
		if !f.listed(t, a) {
			t.Error("not listed")
		}
		f.clock.advance(time.Second)
	}
}

func TestCreationAfterADeletionShowsAnew(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.prodGroup()
	must(t, f.AddAssignment(a))
	f.beginRemoval(t, a)
	f.clock.advance(2500 * time.Millisecond) // removed, and for half a second still listed
	f.begin(t, a)
	f.clock.advance(2 * time.Second) // nobody looked in between
	if f.listed(t, a) {
		t.Error("listed at the end of the operation")
	}
	f.clock.advance(time.Second)
	if !f.listed(t, a) {
		t.Error("not listed after the visibility delay")
	}
}

func TestRequestIDsAreOfOneKind(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id := f.beginRemoval(t, f.prodGroup())
	_, err := f.sso(testMgmt).DescribeAccountAssignmentCreationStatus(background(), &ssoadmin.DescribeAccountAssignmentCreationStatusInput{
		InstanceArn: &f.opts.InstanceARN, AccountAssignmentCreationRequestId: &id,
	})
	if got := code(t, err); got != "ResourceNotFoundException" {
		t.Errorf("a deletion described as a creation: %q", got)
	}
}

func TestOperationsEndInTheOrderOfTheirEnds(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	slow := f.begin(t, f.prodGroup())
	f.kit.Speed = 10
	quick := f.begin(t, Assignment{testDev, f.readOnly, "GROUP", f.group})
	f.clock.advance(time.Second)
	first, _ := f.creation(t, quick)
	second, _ := f.creation(t, slow)
	if first != "SUCCEEDED" || second != "IN_PROGRESS" {
		t.Errorf("quick %s, slow %s", first, second)
	}
}

func TestOperationsFail(t *testing.T) {
	t.Parallel()
	missing := "9567000000-" + newUUID()
	tests := []struct {
		name   string
		target func(*fixture) Assignment
		delete bool
		reason string
	}{
		{"creation for a group that does not exist", func(f *fixture) Assignment { return Assignment{testProd, f.admin, "GROUP", missing} }, false, "GROUP with id " + missing + " does not exist"},
		{"creation for a user who does not exist", func(f *fixture) Assignment { return Assignment{testProd, f.admin, "USER", f.group} }, false, "does not exist"},
		{"creation in a suspended account", func(f *fixture) Assignment { return Assignment{testSuspended, f.admin, "GROUP", f.group} }, false, "not active"},
		{"deletion of what is not there", func(f *fixture) Assignment { return f.prodGroup() }, true,
			"Received a 404 status error: EntitlementItem doesn't exist with the given entitlement key EntitlementKey{"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			var status, reason string
			if a := tc.target(f); tc.delete {
				id := f.beginRemoval(t, a)
				f.clock.advance(2 * time.Second)
				status, reason = f.deletion(t, id)
			} else {
				id := f.begin(t, a)
				f.clock.advance(2 * time.Second)
				status, reason = f.creation(t, id)
			}
			if status != "FAILED" || !strings.Contains(reason, tc.reason) {
				t.Errorf("%s %q", status, reason)
			}
			if got := f.State().Assignments; len(got) != 0 {
				t.Errorf("assignments %v", got)
			}
		})
	}
}

func TestOneOperationAtATimeInAnAccount(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.begin(t, f.prodGroup())
	c := f.sso(testMgmt)
	_, err := c.CreateAccountAssignment(background(), f.create(Assignment{testProd, f.admin, "GROUP", f.group}))
	if got := code(t, err); got != "ConflictException" {
		t.Errorf("creation: %q", got)
	}
	_, err = c.DeleteAccountAssignment(background(), f.remove(f.prodGroup()))
	if got := code(t, err); got != "ConflictException" {
		t.Errorf("deletion: %q", got)
	}
	f.begin(t, Assignment{testDev, f.readOnly, "GROUP", f.group}) // another account
	f.clock.advance(2 * time.Second)
	f.beginRemoval(t, f.prodGroup())
}

func TestFifteenOperationsMayBeOutstanding(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for i := range 16 {
		id := fmt.Sprintf("5000000000%02d", i)
		must(t, f.AddAccount(Account{ID: id, Name: id, Email: id + "@example.com", OU: "/"}))
		in := f.create(Assignment{id, f.readOnly, "GROUP", f.group})
		_, err := f.sso(testMgmt).CreateAccountAssignment(background(), in)
		want := ""
		if i == 15 {
			want = "ConflictException"
		}
		if got := code(t, err); got != want {
			t.Errorf("operation %d: got %q, want %q", i+1, got, want)
		}
	}
}

func TestTwentyRequestsASecondOverAllOperations(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	c := f.sso(testMgmt)
	call := func(i int) error {
		if i%2 == 0 {
			_, err := c.ListInstances(background(), &ssoadmin.ListInstancesInput{})
			return err
		}
		_, err := f.sso(testDelegate).ListPermissionSets(background(), &ssoadmin.ListPermissionSetsInput{InstanceArn: &f.opts.InstanceARN})
		return err
	}
	for i := range 20 {
		must(t, call(i))
	}
	for i := range 2 {
		err := call(i)
		if got := code(t, err); got != "ThrottlingException" || message(t, err) != "Rate exceeded" {
			t.Errorf("request over the rate: %v", err)
		}
	}
	f.clock.advance(50 * time.Millisecond)
	must(t, call(0))
	if got := code(t, call(0)); got != "ThrottlingException" {
		t.Errorf("a twentieth of a second is for one request, the second got %q", got)
	}
}

func TestQuotasOfGroupsAndSets(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(o *Options) { o.GroupsPerPair, o.SetsPerAccount = 1, 1 })
	must(t, f.AddAssignment(f.prodGroup()))
	other, err := f.AddGroup("another")
	must(t, err)
	tests := []struct {
		name string
		a    Assignment
		want string
	}{
		{"one group more", Assignment{testProd, f.readOnly, "GROUP", other}, "ServiceQuotaExceededException"},
		{"one set more", Assignment{testProd, f.admin, "GROUP", f.group}, "ServiceQuotaExceededException"},
		{"a duplicate is not one more", f.prodGroup(), ""},
		{"users do not count as groups", Assignment{testProd, f.readOnly, "USER", f.user}, ""},
		{"another account has its own", Assignment{testDev, f.admin, "GROUP", other}, ""},
	}
	for _, tc := range tests {
		_, err := f.sso(testMgmt).CreateAccountAssignment(background(), f.create(tc.a))
		if got := code(t, err); got != tc.want {
			t.Errorf("%s: got %q, want %q", tc.name, got, tc.want)
		}
		f.clock.advance(2 * time.Second)
	}
}

func TestStatusListsAreFilteredAndSayLittle(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	must(t, f.FailNext(opCreate, "it broke"))
	failed := f.begin(t, f.prodGroup())
	f.clock.advance(2 * time.Second)
	done := f.begin(t, f.prodGroup())
	f.clock.advance(2 * time.Second)
	running := f.begin(t, f.prodGroup())
	list := func(filter *ssotypes.OperationStatusFilter) []string {
		var got []string
		in := &ssoadmin.ListAccountAssignmentCreationStatusInput{InstanceArn: &f.opts.InstanceARN, Filter: filter, MaxResults: aws.Int32(2)}
		for p := ssoadmin.NewListAccountAssignmentCreationStatusPaginator(f.sso(testMgmt), in); p.HasMorePages(); {
			out, err := p.NextPage(background())
			must(t, err)
			for _, s := range out.AccountAssignmentsCreationStatus {
				got = append(got, *s.RequestId+" "+string(s.Status))
			}
		}
		return got
	}
	for filter, want := range map[ssotypes.StatusValues][]string{
		"":            {running + " IN_PROGRESS", done + " SUCCEEDED", failed + " FAILED"},
		"IN_PROGRESS": {running + " IN_PROGRESS"},
		"SUCCEEDED":   {done + " SUCCEEDED"},
		"FAILED":      {failed + " FAILED"},
	} {
		var in *ssotypes.OperationStatusFilter
		if filter != "" {
			in = &ssotypes.OperationStatusFilter{Status: filter}
		}
		if diff := cmp.Diff(want, list(in)); diff != "" {
			t.Errorf("filter %q: %s", filter, diff)
		}
	}
	if _, reason := f.creation(t, failed); reason != "it broke" {
		t.Errorf("reason %q", reason)
	}
	out, err := f.sso(testMgmt).ListAccountAssignmentDeletionStatus(background(), &ssoadmin.ListAccountAssignmentDeletionStatusInput{InstanceArn: &f.opts.InstanceARN})
	must(t, err)
	if len(out.AccountAssignmentsDeletionStatus) != 0 {
		t.Errorf("deletions %v", out.AccountAssignmentsDeletionStatus)
	}
	entries, _ := f.kit.Journal.Since(0)
	for _, e := range entries {
		if strings.HasPrefix(e.Op, "ListAccountAssignment") && strings.Contains(e.Response, f.group) {
			t.Errorf("%s names the principal: %s", e.Op, e.Response)
		}
	}
}

func TestHooksChangeTheNextOperationOfTheirKind(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.prodGroup()
	must(t, f.LoseNext(opCreate))
	must(t, f.FailNext(opDelete, "no"))
	if f.LoseNext("ListInstances") == nil || f.FailNext(opCreate, "") == nil {
		t.Error("a hook that could never work is accepted")
	}
	lost := f.begin(t, a)
	f.clock.advance(3 * time.Second)
	if status, _ := f.creation(t, lost); status != "SUCCEEDED" || f.listed(t, a) {
		t.Errorf("lost creation: %s, listed %t", status, f.listed(t, a))
	}
	f.begin(t, a)
	f.clock.advance(3 * time.Second)
	if !f.listed(t, a) {
		t.Error("the creation after it is not listed")
	}
	id := f.beginRemoval(t, a)
	f.clock.advance(3 * time.Second)
	if status, reason := f.deletion(t, id); status != "FAILED" || reason != "no" || !f.listed(t, a) {
		t.Errorf("failed deletion: %s %q", status, reason)
	}
}

func TestHiddenAssignmentsExistWithoutShowing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.prodGroup()
	f.Hide(a)
	must(t, f.AddAssignment(a))
	if st := f.State(); f.listed(t, a) || len(st.Assignments) != 1 || len(st.Listed) != 0 {
		t.Errorf("hidden: %v, listed %v", st.Assignments, st.Listed)
	}
	f.Show(a)
	if !f.listed(t, a) {
		t.Error("shown but not listed")
	}
}

func TestFaultsAreInjectedByOperationName(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.kit.Faults.Add(emukit.Fault{Service: "aws", Op: opCreate, Status: 500, Body: `{"__type":"InternalServerException"}`, AfterEffect: true})
	_, err := f.sso(testMgmt).CreateAccountAssignment(background(), f.create(f.prodGroup()))
	if got := code(t, err); got != "InternalServerException" {
		t.Errorf("got %q", got)
	}
	f.clock.advance(3 * time.Second)
	if !f.listed(t, f.prodGroup()) {
		t.Error("the effect was to stand")
	}
}
