package awsemu

import (
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	"github.com/google/go-cmp/cmp"
)

func TestStateIsACopyOfEverything(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.prodGroup()
	must(t, f.AddAssignment(a))
	id := f.begin(t, Assignment{testDev, f.admin, "USER", f.user})
	st := f.State()
	want := State{
		Time: f.clock.Now(), Region: "ap-northeast-1", OrganizationID: "o-a1b2c3d4e5", ManagementAccount: testMgmt, DelegatedAdmin: testDelegate,
		InstanceARN: f.opts.InstanceARN, IdentityStoreID: testStore, Issuer: f.opts.Issuer,
		OUs:      []string{"/Platform", "/Workloads", "/Workloads/Dev", "/Workloads/Prod"},
		Accounts: st.Accounts, Outside: []Account{}, FeatureSet: "ALL", Quota: 50, Handshakes: []HandshakeState{}, Creations: []CreationState{}, IAM: []IAMState{},
		PermissionSets: []PermissionSetState{
			{ARN: f.admin, Name: "AdministratorAccess", SessionDuration: "PT8H", ProvisionedIn: []string{}},
			{ARN: f.readOnly, Name: "ReadOnlyAccess", SessionDuration: "PT1H", ProvisionedIn: []string{testProd}},
		},
		Users:       []UserState{{f.user, "entra-hana", "hana@example.com", "Hana", true}},
		Groups:      []GroupState{{f.group, "entra-group", "aws-payments-dev", []string{f.user}}},
		Assignments: []Assignment{a}, Listed: []Assignment{a}, Dangling: []Assignment{},
		Operations: []OperationState{{
			id, opCreate, "IN_PROGRESS", "", Assignment{testDev, f.admin, "USER", f.user}, f.clock.Now(), f.clock.Now().Add(2 * time.Second),
		}},
		SCIMTokens: []time.Time{f.clock.Now().AddDate(1, 0, 0)},
	}
	if diff := cmp.Diff(want, st); diff != "" {
		t.Error(diff)
	}
	for i := range st.Accounts {
		if st.Accounts[i].Tags != nil {
			st.Accounts[i].Tags["env"] = "changed"
		}
	}
	if got := f.State().Accounts; got[0].Tags["env"] != "prod" || len(got) != 5 {
		t.Errorf("accounts %+v", got)
	}
	b, err := json.Marshal(st)
	must(t, err)
	if strings.Contains(string(b), "null") || strings.Contains(string(b), "scim-token") {
		t.Errorf("%s", b)
	}
}

func TestSeedingRefusesWhatAWSCouldNotHold(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	good := f.prodGroup()
	for name, a := range map[string]Assignment{
		"account":   {testOther, good.PermissionSetARN, "GROUP", f.group},
		"set":       {testProd, f.setARN("None"), "GROUP", f.group},
		"principal": {testProd, good.PermissionSetARN, "USER", f.group},
	} {
		if err := f.AddAssignment(a); err == nil {
			t.Errorf("an assignment with an unknown %s is accepted", name)
		}
	}
	for _, set := range [][2]string{{"", ""}, {"has blank", ""}, {strings.Repeat("x", 33), ""}, {"Long", "PT13H"}, {"ReadOnlyAccess", ""}} {
		if _, err := f.AddPermissionSet(set[0], set[1]); err == nil {
			t.Errorf("permission set %v is accepted", set)
		}
	}
	if err := f.EditPermissionSet("None", "", "", nil); err == nil {
		t.Error("a set that does not exist is edited")
	}
	must(t, f.AddAssignment(good))
	if err := f.RemovePermissionSet("ReadOnlyAccess"); err == nil {
		t.Error("an assigned set is removed")
	}
	if !f.RemoveAssignment(good) || f.RemoveAssignment(good) {
		t.Error("an assignment is not removed once")
	}
	must(t, f.RemovePermissionSet("ReadOnlyAccess"))
	if err := f.RemovePermissionSet("ReadOnlyAccess"); err == nil {
		t.Error("a set is removed twice")
	}
	for _, name := range []string{"", "aws-payments-dev"} {
		if _, err := f.AddGroup(name); err == nil {
			t.Errorf("group %q is accepted", name)
		}
	}
	if _, err := f.AddUser("hana@example.com", "H", "H", "S"); err == nil {
		t.Error("a user name is taken twice")
	}
	if !f.DeleteUser(f.user) || f.DeleteUser(f.user) {
		t.Error("a user is not deleted once")
	}
}

func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(o *Options) { o.CenterRate, o.Latency, o.Visibility = 1000, -1, -1 })
	var wg sync.WaitGroup
	for _, account := range []string{testProd, testDev, testDelegate, testMgmt} {
		a := Assignment{account, f.readOnly, "GROUP", f.group}
		wg.Go(func() {
			for range 5 {
				if _, err := f.sso(testMgmt).CreateAccountAssignment(background(), f.create(a)); err != nil {
					t.Error(err)
				}
				if _, err := f.sso(testMgmt).DeleteAccountAssignment(background(), f.remove(a)); err != nil {
					t.Error(err)
				}
			}
		})
		wg.Go(func() {
			for range 5 {
				f.State()
				f.clock.advance(time.Millisecond)
				if err := f.SCIM("scim-token").AddMembers("entra-group", []string{"entra-hana"}); err != nil {
					t.Error(err)
				}
				if _, err := f.sso(testMgmt).ListInstances(background(), &ssoadmin.ListInstancesInput{}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	st := f.State()
	if len(st.Assignments) != 0 || len(st.Operations) != 40 {
		t.Errorf("%d assignments, %d operations", len(st.Assignments), len(st.Operations))
	}
	for _, o := range st.Operations {
		if o.Status != "SUCCEEDED" {
			t.Errorf("%+v", o)
		}
	}
}
