package organizations_test

import (
	"cmp"
	"errors"
	"fmt"
	"net/http/httptest"
	"slices"
	"testing"

	"aws-access-bot/internal/importer"
	"aws-access-bot/internal/provision/fault"
	"aws-access-bot/internal/sandbox/awsemu"
	"aws-access-bot/internal/sandbox/emukit"

	gocmp "github.com/google/go-cmp/cmp"
)

// large is an organization of several pages, some of which begin empty.
func large(t *testing.T) *world {
	t.Helper()
	w := &world{kit: emukit.New(1)}
	emu := awsemu.New(w.kit, awsemu.Options{ManagementAccount: management, DelegatedAdmin: active, EmptyFirstPage: true, Unthrottled: true})
	add := func(a awsemu.Account) {
		if err := emu.AddAccount(a); err != nil {
			t.Fatal(err)
		}
	}
	add(awsemu.Account{ID: active, Name: "identity", Email: "a@example.com", OU: "/"})
	add(awsemu.Account{ID: suspended, Name: "old", Email: "b@example.com", OU: "/Workloads", State: awsemu.StateSuspended})
	for i := range 45 {
		add(awsemu.Account{
			ID: fmt.Sprintf("%012d", 100+i), Name: fmt.Sprintf("account-%d", i), Email: fmt.Sprintf("n%d@example.com", i),
			OU: fmt.Sprintf("/Workloads/Unit %d", i%25), Tags: map[string]string{"env": "prod", "n": fmt.Sprint(i)},
		})
	}
	emu.AddCredentials("AKIAMGMT", "secret", management, "arn:aws:iam::"+management+":user/bot")
	emu.AddCredentials("AKIADELEGATE", "secret", active, "arn:aws:iam::"+active+":user/bot")
	srv := httptest.NewServer(emu.Handler())
	t.Cleanup(srv.Close)
	w.url = srv.URL
	return w
}

func membersHaveTheirPlaceAndTags(t *testing.T) {
	t.Parallel()
	w := large(t)
	for _, key := range []string{"AKIAMGMT", "AKIADELEGATE"} {
		got, err := w.client(t, key).Members(t.Context())
		if err != nil {
			t.Fatalf("%s: %v", key, err)
		}
		slices.SortFunc(got, func(a, b importer.Account) int { return cmp.Compare(a.ID, b.ID) })
		want := []importer.Account{}
		for i := range 45 {
			want = append(want, importer.Account{ID: fmt.Sprintf("%012d", 100+i), Name: fmt.Sprintf("account-%d", i), State: "ACTIVE",
				OU: []string{"Workloads", fmt.Sprintf("Unit %d", i%25)}, Tags: map[string]string{"env": "prod", "n": fmt.Sprint(i)}})
		}
		want = append(want,
			importer.Account{ID: active, Name: "identity", State: "ACTIVE", OU: []string{}, Tags: map[string]string{}},
			importer.Account{ID: suspended, Name: "old", State: "SUSPENDED"})
		if diff := gocmp.Diff(want, got[:len(got)-1]); diff != "" {
			t.Errorf("%s: %s", key, diff)
		}
		if last := got[len(got)-1]; last.ID != management {
			t.Errorf("%s: the management account is missing, last is %+v", key, last)
		}
		org, err := w.client(t, key).Organization(t.Context())
		if err != nil || org != (importer.Organization{ID: "o-a1b2c3d4e5", Management: management}) {
			t.Errorf("%s: %+v, %v", key, org, err)
		}
	}
}

func membersAreReadWholeOrNot(t *testing.T) {
	t.Parallel()
	for _, op := range []string{"ListAccounts", "ListRoots", "ListOrganizationalUnitsForParent", "ListParents", "ListTagsForResource"} {
		w := large(t)
		w.kit.Faults.Add(emukit.Fault{Op: op, Status: 400, Body: `{"__type":"AccessDeniedException","Message":"no"}`})
		if list, err := w.client(t, "AKIAMGMT").Members(t.Context()); !errors.Is(err, fault.ErrDenied) || list != nil {
			t.Errorf("%s: %d accounts, %v", op, len(list), err)
		}
	}
	for op, body := range map[string]string{
		"ListParents":                      `{"Parents":[{"Id":"ou-new1-12345678","Type":"ORGANIZATIONAL_UNIT"}]}`,
		"ListAccounts":                     `{"Accounts":[{"Name":"no id"}]}`,
		"ListOrganizationalUnitsForParent": `{"OrganizationalUnits":[{"Id":"ou-a-1","Name":"a"},{"Id":"ou-a-1","Name":"b"}]}`,
		"ListTagsForResource":              `{"NextToken":"again"}`,
		"DescribeOrganization":             `{"Organization":{"MasterAccountId":"` + management + `"}}`,
	} {
		w := large(t)
		w.kit.Faults.Add(emukit.Fault{Op: op, Status: 200, Body: body, Times: -1})
		c := w.client(t, "AKIAMGMT")
		list, err := c.Members(t.Context())
		if op == "DescribeOrganization" {
			_, err = c.Organization(t.Context())
		}
		if err == nil {
			t.Errorf("%s answers %s: %d accounts", op, body, len(list))
		}
	}
}
