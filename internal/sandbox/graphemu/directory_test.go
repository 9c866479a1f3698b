package graphemu

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"aws-access-bot/internal/sandbox/emukit"
)

func TestMembersOfAGroup(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, Options{})
	w.must(w.AddOwner(ops, "hana@example.com"))
	tests := []struct {
		path, prop string
		want       []string
	}{
		{"/groups/" + ops + "/members", "@odata.type", []string{"#microsoft.graph.group", "#microsoft.graph.user"}},
		{"/groups/" + ops + "/members?$select=id", "id", []string{devs, ren}},
		{"/groups/" + ops + "/members/microsoft.graph.user", "id", []string{ren}},
		{"/groups/" + ops + "/members/graph.group", "id", []string{devs}},
		{"/groups/" + ops + "/members/microsoft.graph.servicePrincipal", "id", []string{}},
		{"/groups/" + ops + "/transitiveMembers/graph.user", "id", []string{hana, yuki, ren}},
		{"/groups/" + devs + "/owners", "id", []string{yuki}},
		{"/groups/" + ops + "/owners/microsoft.graph.user", "displayName", []string{"Hana Sato"}},
		{"/users/" + hana + "/memberOf", "id", []string{devs}},
		{"/users/" + hana + "/transitiveMemberOf/microsoft.graph.group", "displayName", []string{"aws-payments-dev", "O'Brien team"}},
		{"/groups/" + devs + "/memberOf", "id", []string{ops}},
	}
	for _, tc := range tests {
		a := w.graph("GET", tc.path, "")
		if diff := cmp.Diff(tc.want, a.values(tc.prop)); a.status != 200 || diff != "" {
			t.Errorf("%s: %d %v\n%s", tc.path, a.status, a.body, diff)
		}
	}
}

func ref(id string) string {
	return fmt.Sprintf(`{"@odata.id":"https://graph.microsoft.com/v1.0/directoryObjects/%s"}`, id)
}

func TestWritingMembers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, Options{})
	dynamic, err := w.AddGroup(Group{DisplayName: "dynamic", Dynamic: true})
	w.must(err)
	synced, err := w.AddGroup(Group{DisplayName: "on premises", OnPremises: true})
	w.must(err)
	members := "/groups/" + devs + "/members"
	steps := []struct {
		name, method, path, body string
		want                     int
		wantText                 string
	}{
		{"added", "POST", members + "/$ref", ref(ren), 204, ""},
		{"added twice", "POST", members + "/$ref", ref(ren), 400, "One or more added object references already exist for the following modified properties: 'members'."},
		{"somebody unknown", "POST", members + "/$ref", ref("3c1d9a70-0000-4000-8000-0000000000ff"), 404, "does not exist"},
		{"not a reference", "POST", members + "/$ref", `{"@odata.id":"https://graph.microsoft.com/v1.0/sites/1"}`, 400, "Invalid URL format"},
		{"not JSON", "POST", members + "/$ref", `{`, 400, "Unable to read JSON"},
		{"removed", "DELETE", members + "/" + ren + "/$ref", "", 204, ""},
		{"removed twice", "DELETE", members + "/" + ren + "/$ref", "", 404, "does not exist"},
		{"bound in one PATCH", "PATCH", "/groups/" + devs, `{"members@odata.bind":["https://graph.microsoft.com/v1.0/users/` + ren + `"]}`, 204, ""},
		{"21 bound in one PATCH", "PATCH", "/groups/" + devs, `{"members@odata.bind":[` + strings.Repeat(`"x",`, 20) + `"x"]}`, 400, "maximum is 20"},
		{"a dynamic group", "POST", "/groups/" + dynamic.ID + "/members/$ref", ref(ren), 400, "dynamic"},
		{"a group from on premises", "POST", "/groups/" + synced.ID + "/members/$ref", ref(ren), 400, "on-premises"},
		{"an unknown group", "POST", "/groups/" + ren + "/members/$ref", ref(ren), 404, "does not exist"},
		{"no group id", "GET", "/groups/aws-payments-dev", "", 400, "Invalid object identifier"},
		{"the object itself, for want of /$ref", "DELETE", members + "/" + ren, "", 204, ""},
		{"who is gone for good", "GET", "/users/" + ren, "", 404, "does not exist"},
	}
	for _, s := range steps {
		a := w.graph(s.method, s.path, s.body)
		if a.status != s.want || !strings.Contains(a.message(), s.wantText) {
			t.Fatalf("%s: got %d %v", s.name, a.status, a.body)
		}
	}
	if diff := cmp.Diff([]string{hana, yuki}, w.graph("GET", members, "").values("id")); diff != "" {
		t.Error(diff)
	}
}

func TestManagerAndMemberGroups(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, Options{})
	if a := w.graph("GET", "/users/"+hana+"/manager", ""); a.status != 404 || !strings.Contains(a.message(), "'manager'") {
		t.Errorf("without a manager: %d %v", a.status, a.body)
	}
	w.must(w.SetManager(hana, "yuki@example.com"))
	if a := w.graph("GET", "/users/"+hana+"/manager", ""); a.body["id"] != yuki || a.body["@odata.type"] != "#microsoft.graph.user" {
		t.Errorf("manager: %v", a.body)
	}
	check := func(ids ...string) answer {
		return w.graph("POST", "/users/"+hana+"/checkMemberGroups", `{"groupIds":["`+strings.Join(ids, `","`)+`"]}`)
	}
	if diff := cmp.Diff([]string{ops, devs}, func() []string {
		out := []string{}
		list, _ := check(ops, ren, devs).body["value"].([]any)
		for _, v := range list {
			out = append(out, fmt.Sprint(v))
		}
		return out
	}()); diff != "" {
		t.Error(diff)
	}
	if a := check(make([]string, 21)...); a.status != 400 {
		t.Errorf("21 groups: %d", a.status)
	}
}

func TestGzipBodiesAreReadAndJournalledPlain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, Options{})
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(ref(ren))); err != nil {
		t.Fatal(err)
	}
	w.must(z.Close())
	path := "/groups/" + devs + "/members/$ref"
	if a := w.graph("POST", path, b.String(), "Content-Encoding", "gzip"); a.status != 204 {
		t.Fatalf("got %d %v", a.status, a.body)
	}
	entries, _ := w.kit.Journal.Since(0)
	if last := entries[len(entries)-1]; last.Request != ref(ren) || last.Op != "POST /groups/{id}/members/$ref" {
		t.Errorf("journal: %+v", last)
	}
	if a := w.graph("POST", path, "not gzip", "Content-Encoding", "gzip"); a.status != 400 {
		t.Errorf("a body that is not gzip: %d", a.status)
	}
	if a := w.graph("POST", path, "x", "Content-Encoding", "br"); a.status != 415 {
		t.Errorf("another encoding: %d", a.status)
	}
	if a := w.graph("POST", path, strings.Repeat("x", maxBody+1)); a.status != 413 {
		t.Errorf("a body above 4 MB: %d", a.status)
	}
}

func TestUnknownPathsAndFaults(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, Options{})
	if a := w.graph("GET", "/me", ""); a.status != 400 || a.message() != "Resource not found for the segment 'me'." {
		t.Errorf("got %d %v", a.status, a.body)
	}
	w.kit.Faults.Add(emukit.Fault{Service: "graph", Op: "GET /users", Status: 429, Header: http.Header{"Retry-After": {"7"}}})
	if a := w.graph("GET", "/users", ""); a.status != 429 || a.header.Get("Retry-After") != "7" {
		t.Errorf("fault: %d %q", a.status, a.header.Get("Retry-After"))
	}
}

func TestBatch(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, Options{})
	w.kit.Faults.Add(emukit.Fault{Service: "graph", Op: "GET /groups/{id}", Status: 429, Body: `{"error":{}}`})
	a := w.graph("POST", "/$batch", `{"requests":[
		{"id":"1","method":"GET","url":"/users?$select=id&$count=true&$top=1","headers":{"ConsistencyLevel":"eventual"}},
		{"id":"2","method":"GET","url":"/groups/`+devs+`"},
		{"id":"3","method":"GET","url":"/users/`+hana+`","dependsOn":["2"]},
		{"id":"4","method":"POST","url":"/groups/`+devs+`/members/$ref","headers":{"Content-Type":"application/json"},"body":`+ref(ren)+`},
		{"id":"5","method":"GET","url":"/$batch"}]}`)
	got := map[string]float64{}
	list, _ := a.body["responses"].([]any)
	for _, v := range list {
		o, _ := v.(map[string]any)
		got[fmt.Sprint(o["id"])], _ = o["status"].(float64)
	}
	if diff := cmp.Diff(map[string]float64{"1": 200, "2": 429, "3": 424, "4": 204, "5": 400}, got); diff != "" {
		t.Errorf("%v\n%s", a.body, diff)
	}
	first, _ := list[0].(map[string]any)
	if body, _ := first["body"].(map[string]any); body["@odata.count"] != 3.0 {
		t.Errorf("the headers of an item count: %v", first)
	}
	if diff := cmp.Diff([]string{hana, yuki, ren}, w.graph("GET", "/groups/"+devs+"/members", "").values("id")); diff != "" {
		t.Error(diff)
	}
}

func TestBatchesThatAreRefusedWhole(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, Options{})
	item := `{"id":"%d","method":"GET","url":"/users"}`
	many := []string{}
	for i := range 21 {
		many = append(many, fmt.Sprintf(item, i))
	}
	tests := []struct{ name, items, wantCode string }{
		{"none", "", "BadRequest"},
		{"21", strings.Join(many, ","), "MaximumValueExceeded"},
		{"an id twice", many[0] + "," + many[0], "BadRequest"},
		{"no method", `{"id":"1","url":"/users"}`, "BadRequest"},
		{"depending on a later one", `{"id":"1","method":"GET","url":"/users","dependsOn":["2"]},{"id":"2","method":"GET","url":"/users"}`, "BadRequest"},
	}
	for _, tc := range tests {
		if a := w.graph("POST", "/$batch", `{"requests":[`+tc.items+`]}`); a.status != 400 || a.code() != tc.wantCode {
			t.Errorf("%s: got %d %v", tc.name, a.status, a.body)
		}
	}
}

func TestRoleAssignments(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, Options{})
	m365, err := w.AddGroup(Group{DisplayName: "m365", Kind: Microsoft365Group})
	w.must(err)
	sp := w.graph("GET", w.app(""), "").body
	roles, _ := sp["appRoles"].([]any)
	if r, _ := roles[0].(map[string]any); r["displayName"] != "User" || r["id"] != roleUser || r["isEnabled"] != true {
		t.Fatalf("roles: %v", roles)
	}
	post := func(body string) answer { return w.graph("POST", w.app("/appRoleAssignedTo"), body) }
	first := post(assignBody(w, devs, roleUser))
	id, _ := first.body["id"].(string)
	if first.status != 201 || first.body["principalType"] != "Group" || first.body["principalDisplayName"] != "aws-payments-dev" || id == "" {
		t.Fatalf("got %d %v", first.status, first.body)
	}
	tests := []struct {
		name, body string
		want       int
		wantText   string
	}{
		{"again", assignBody(w, devs, roleUser), 400, "Permission being assigned already exists on the object"},
		{"and again", assignBody(w, devs, roleUser), 400, "EntitlementGrant entry already exists."},
		{"a role the app has not", assignBody(w, ops, hana), 400, "Permission being assigned was not found on application"},
		{"somebody unknown", assignBody(w, "3c1d9a70-0000-4000-8000-0000000000ff", roleUser), 404, "does not exist"},
		{"a group that is not for security", assignBody(w, m365.ID, roleUser), 400, "security"},
		{"no principal", `{"resourceId":"` + w.opts.App + `","appRoleId":"` + roleUser + `"}`, 400, "'principalId'"},
		{"another resource", `{"principalId":"` + ops + `","resourceId":"` + hana + `","appRoleId":"` + roleUser + `"}`, 400, "Not a valid reference update."},
	}
	for _, tc := range tests {
		if a := post(tc.body); a.status != tc.want || !strings.Contains(a.message(), tc.wantText) {
			t.Errorf("%s: got %d %v", tc.name, a.status, a.body)
		}
	}
	for _, path := range []string{w.app("/appRoleAssignedTo"), "/groups/" + devs + "/appRoleAssignments"} {
		if diff := cmp.Diff([]string{devs}, w.graph("GET", path, "").values("principalId")); diff != "" {
			t.Errorf("%s: %s", path, diff)
		}
	}
	if a := w.graph("GET", w.app("/appRoleAssignedTo/"+id), ""); a.status != 200 || a.body["principalId"] != devs {
		t.Errorf("one assignment: %d %v", a.status, a.body)
	}
	for _, want := range []int{204, 404} {
		if a := w.graph("DELETE", w.app("/appRoleAssignedTo/"+id), ""); a.status != want {
			t.Errorf("delete: got %d, want %d", a.status, want)
		}
	}
	if a := w.graph("GET", "/servicePrincipals/"+hana, ""); a.status != 404 {
		t.Errorf("another service principal: %d", a.status)
	}
}

func TestEveryPathBelowAnotherServicePrincipalOrJobIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, Options{})
	other := "/servicePrincipals/" + hana
	for _, path := range []string{
		"GET " + other, "GET " + other + "/appRoleAssignedTo", "POST " + other + "/appRoleAssignedTo", "GET " + other + "/appRoleAssignedTo/x",
		"DELETE " + other + "/appRoleAssignedTo/x", "GET " + other + "/synchronization/templates", "GET " + other + "/synchronization/jobs",
		"GET " + w.app("/synchronization/jobs/x"), "GET " + w.app("/synchronization/jobs/x/schema"), "POST " + w.app("/synchronization/jobs/x/start"),
		"POST " + w.app("/synchronization/jobs/x/pause"), "POST " + w.app("/synchronization/jobs/x/restart"),
		"POST " + w.app("/synchronization/jobs/x/validateCredentials"), "GET " + w.app("/appRoleAssignedTo/x"),
	} {
		method, p, _ := strings.Cut(path, " ")
		if a := w.graph(method, p, "{}"); a.status != 404 || a.code() == "" {
			t.Errorf("%s: got %d %v", path, a.status, a.body)
		}
	}
	if diff := cmp.Diff([]string{w.opts.App}, w.graph("GET", "/servicePrincipals?$filter=displayName%20eq%20'AWS%20IAM%20Identity%20Center'", "").values("id")); diff != "" {
		t.Error(diff)
	}
}

func TestAReadDelayHidesANewAssignment(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 10, Options{ReadDelay: 20e9, Duplicates: EntitlementExists})
	w.must2(w.Assign(devs))
	w.must2(w.SeedAssignment(hana))
	if diff := cmp.Diff([]string{hana}, w.graph("GET", "/users/"+hana+"/appRoleAssignments", "").values("principalId")); diff != "" {
		t.Error(diff)
	}
	w.must(w.Unassign(hana))
	list := func() int { return len(w.graph("GET", w.app("/appRoleAssignedTo"), "").values("id")) }
	if n := list(); n != 0 {
		t.Errorf("%d shown at once", n)
	}
	if a := w.graph("POST", w.app("/appRoleAssignedTo"), assignBody(w, devs, roleUser)); a.code() != "Request_MultipleObjectsWithSameKeyValue" {
		t.Errorf("hidden, but there: %v", a.body)
	}
	w.pass(2e9)
	if n := list(); n != 1 {
		t.Errorf("%d shown after the delay, divided by the speed", n)
	}
}
