package graphemu

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var eventual = []string{"ConsistencyLevel", "eventual"}

func TestFilters(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, Options{})
	w.must2(w.AddGroup(Group{DisplayName: "m365", Kind: Microsoft365Group}))
	w.must2(w.SeedAssignment(devs))
	tests := []struct {
		name, path, filter string
		advanced           bool
		prop               string
		want               []string
	}{
		{"a name with a quote", "/groups", "displayName eq 'O''Brien team'", false, "id", []string{ops}},
		{"text is compared without case", "/groups", "displayName eq 'AWS-Payments-Dev'", false, "id", []string{devs}},
		{"the beginning of a name", "/groups", "startswith(displayName,'aws-')", false, "id", []string{devs}},
		{"an id", "/users", "id eq '" + hana + "'", false, "id", []string{hana}},
		{"ids in a list", "/users", "id in ('" + hana + "', '" + ren + "')", false, "id", []string{hana, ren}},
		{"mail, name or proxy address by mail", "/users", "mail eq 'hana@example.com' or userPrincipalName eq 'x' or proxyAddresses/any(p:p eq 'smtp:x')", false, "id", []string{hana}},
		{"mail, name or proxy address by proxy", "/users", "mail eq 'x' or userPrincipalName eq 'x' or proxyAddresses/any(p:p eq 'smtp:h.sato@example.com')", false, "id", []string{hana}},
		{"and binds closer than or", "/users", "mail eq 'hana@example.com' or mail eq 'yuki@example.com' and accountEnabled eq false", false, "id", []string{hana}},
		{"parentheses", "/users", "(mail eq 'hana@example.com' or mail eq 'yuki@example.com') and accountEnabled eq false", false, "id", []string{}},
		{"null", "/users", "mail eq null", false, "id", []string{ren}},
		{"not null", "/users", "mail ne null", true, "id", []string{hana, yuki}},
		{"not", "/users", "not(startswith(displayName,'Hana'))", true, "id", []string{yuki, ren}},
		{"the end of a mail", "/users", "endswith(mail,'@EXAMPLE.com')", true, "id", []string{hana, yuki}},
		{"a list that holds a word", "/groups", "groupTypes/any(c:c eq 'Unified')", false, "displayName", []string{"m365"}},
		{"an id without quotes", "/groups/" + devs + "/appRoleAssignments", "resourceId eq 5b0c0f5e-0000-4000-8000-000000000001", false, "principalId", []string{devs}},
		{"a time", "/users", "createdDateTime ge 2026-11-02T09:00:00Z and createdDateTime lt 2026-11-02T18:00:01+09:00", false, "id", []string{hana, yuki, ren}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			path := tc.path + "?$filter=" + url.QueryEscape(tc.filter)
			if tc.advanced {
				if a := w.graph("GET", path, ""); a.status != 400 || a.code() != "Request_UnsupportedQuery" {
					t.Errorf("without ConsistencyLevel: %d %v", a.status, a.body)
				}
				path += "&$count=true"
			}
			a := w.graph("GET", path, "", eventual...)
			if diff := cmp.Diff(tc.want, a.values(tc.prop)); a.status != 200 || diff != "" {
				t.Errorf("%d %v\n%s", a.status, a.body, diff)
			}
		})
	}
}

func TestQueriesThatAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, Options{})
	tests := []struct{ name, query, wantCode string }{
		{"an unterminated text", "$filter=displayName eq 'x", "BadRequest"},
		{"an unknown property", "$filter=colour eq 'x'", "BadRequest"},
		{"an unknown operator", "$filter=displayName is 'x'", "BadRequest"},
		{"words after the end", "$filter=displayName eq 'x' 'y'", "BadRequest"},
		{"an odd character", "$filter=displayName = 'x'", "BadRequest"},
		{"contains", "$filter=contains(displayName,'x')", "Request_UnsupportedQuery"},
		{"selecting an unknown property", "$select=id,colour", "BadRequest"},
		{"a page of none", "$top=0", "BadRequest"},
		{"a page above 999", "$top=1000", "BadRequest"},
		{"expand", "$expand=members", "BadRequest"},
		{"search without the header", `$search="displayName:x"`, "BadRequest"},
		{"order with a filter", "$orderby=displayName&$filter=displayName eq 'x'", "Request_UnsupportedQuery"},
		{"a made-up page", "$skiptoken=xyz", "Directory_ExpiredPageToken"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			a := w.graph("GET", "/groups?"+strings.ReplaceAll(tc.query, " ", "%20"), "")
			if a.status != 400 || a.code() != tc.wantCode {
				t.Errorf("got %d %v", a.status, a.body)
			}
			inner, _ := a.body["error"].(map[string]any)["innerError"].(map[string]any)
			if inner["request-id"] == nil || inner["request-id"] != a.header.Get("request-id") || inner["date"] != "2026-11-02T09:00:00" {
				t.Errorf("innerError %v, header %q", inner, a.header.Get("request-id"))
			}
		})
	}
}

func TestPagesLeadToEveryUserOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, Options{})
	for i := range 250 {
		w.must2(w.AddUser(User{DisplayName: fmt.Sprint("user ", i), UserPrincipalName: fmt.Sprintf("u%d@example.com", i)}))
	}
	for _, tc := range []struct {
		name, query string
		wantPages   []int
	}{
		{"100 by default", "?$select=id", []int{100, 100, 53}},
		{"as many as asked", "?$select=id&$top=120", []int{120, 120, 13}},
		{"999 at most", "?$select=id&$top=999", []int{253}},
		{"in another order", "?$select=id&$orderby=displayName%20desc&$top=200", []int{200, 53}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			seen := map[string]bool{}
			var pages []int
			for next := "/users" + tc.query; next != ""; {
				a := w.graph("GET", next, "")
				ids := a.values("id")
				for _, id := range ids {
					seen[id] = true
				}
				pages = append(pages, len(ids))
				next, _ = a.body["@odata.nextLink"].(string)
			}
			if diff := cmp.Diff(tc.wantPages, pages); diff != "" || len(seen) != 253 {
				t.Errorf("%d users in pages %v", len(seen), pages)
			}
		})
	}
}

func TestAPageGoesOnAfterTheLastOneShownWasDeleted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, Options{})
	first := w.graph("GET", "/users?$top=2&$select=id", "")
	next, _ := first.body["@odata.nextLink"].(string)
	w.must(w.DeleteUser(yuki))
	if diff := cmp.Diff([]string{ren}, w.graph("GET", next, "").values("id")); diff != "" {
		t.Error(diff)
	}
}

func TestSelectGivesTheDefaultsOfGraph(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, Options{})
	plain := w.graph("GET", "/users/"+hana, "").body
	for _, p := range []string{"accountEnabled", "userType", "proxyAddresses"} {
		if _, ok := plain[p]; ok {
			t.Errorf("%s comes without being selected", p)
		}
	}
	a := w.graph("GET", "/users/REN@example.com?$select=id,accountEnabled,userType,mail", "")
	delete(a.body, "@odata.context")
	if diff := cmp.Diff(map[string]any{"id": ren, "accountEnabled": true, "userType": "Guest", "mail": nil}, a.body); diff != "" {
		t.Error(diff)
	}
}

func TestCountsNeedConsistencyLevel(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, Options{})
	if a := w.graph("GET", "/users?$count=true", ""); a.status != 200 || a.body["@odata.count"] != nil {
		t.Errorf("without the header the count is passed over: %v", a.body["@odata.count"])
	}
	if a := w.graph("GET", "/users?$count=true&$top=1", "", eventual...); a.body["@odata.count"] != 3.0 {
		t.Errorf("count: %v", a.body["@odata.count"])
	}
	for path, want := range map[string]string{
		"/users/$count": "3", "/groups/$count": "2", "/groups/" + ops + "/members/$count": "2", "/groups/" + ops + "/members/microsoft.graph.group/$count": "1",
		"/users/$count?$filter=mail%20ne%20null": "2",
	} {
		if a := w.graph("GET", path, "", eventual...); a.body["text"] != want {
			t.Errorf("%s: %v, want %s", path, a.body, want)
		}
	}
	path := "/groups/" + ops + "/members/microsoft.graph.user/$count"
	if a := w.graph("GET", path, ""); a.status != 400 || a.code() != "Request_BadRequest" {
		t.Errorf("plain count without the header: %d %v", a.status, a.body)
	}
	if a := w.graph("GET", path, "", eventual...); a.body["text"] != "1" || a.status != 200 {
		t.Errorf("plain count: %d %v", a.status, a.body)
	}
}

func TestSearchFindsWordsOfAName(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, Options{})
	a := w.graph("GET", "/groups?$search="+url.QueryEscape(`"displayName:payments"`), "", eventual...)
	if diff := cmp.Diff([]string{devs}, a.values("id")); diff != "" {
		t.Error(diff)
	}
}

func TestGraphRunsOutOfResourceUnits(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 60, Options{Units: 10})
	costs := []string{}
	for _, path := range []string{"/users", "/users?$select=id", "/groups/" + devs + "/members?$top=5", "/groups/" + devs + "/transitiveMembers"} {
		costs = append(costs, w.graph("GET", path, "").header.Get("x-ms-resource-unit"))
	}
	if diff := cmp.Diff([]string{"2", "1", "2", "5"}, costs); diff != "" {
		t.Error(diff)
	}
	a := w.graph("GET", "/users", "")
	if a.status != http.StatusTooManyRequests || a.code() != "TooManyRequests" || a.header.Get("Retry-After") != "2" {
		t.Fatalf("got %d %v, Retry-After %q", a.status, a.body, a.header.Get("Retry-After"))
	}
	w.pass(2e9)
	if a := w.graph("GET", "/users", ""); a.status != 200 || a.header.Get("x-ms-throttle-limit-percentage") != "1.00" {
		t.Errorf("after Retry-After: %d, share %q", a.status, a.header.Get("x-ms-throttle-limit-percentage"))
	}
}

func TestWritesHaveABudgetOfTheirOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, Options{Writes: 1})
	path := "/groups/" + devs + "/members/" + hana + "/$ref"
	if a := w.graph("DELETE", path, ""); a.status != 204 {
		t.Fatalf("first write: %d", a.status)
	}
	if a := w.graph("DELETE", path, ""); a.status != 429 || a.header.Get("Retry-After") != "150" {
		t.Errorf("second write: %d, Retry-After %q", a.status, a.header.Get("Retry-After"))
	}
	if a := w.graph("POST", "/users/"+yuki+"/checkMemberGroups", `{"groupIds":["`+devs+`"]}`); a.status != 200 {
		t.Errorf("a POST that only reads: %d", a.status)
	}
}

func FuzzFilter(f *testing.F) {
	for _, s := range []string{"id eq 'x'", "not (mail ne null)", "proxyAddresses/any(p:p eq 'a''b')", "startswith(mail,'a') and id in ('1','2')", "((", "'", "mail/any(", "id/x eq 1"} {
		f.Add(s)
	}
	objects := []object{userObject(&User{ID: hana, Mail: "a@b"}), {}}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := parseFilter(s, userEntity())
		if err != nil {
			var g *graphError
			if !errors.As(err, &g) || g.status != 400 {
				t.Fatalf("%q: %v", s, err)
			}
			return
		}
		// A filter and its negation part the objects between them.
		not, err := parseFilter("not ("+s+")", userEntity())
		if err != nil {
			t.Fatalf("not (%q): %v", s, err)
		}
		for _, o := range objects {
			if got.match(o) == not.match(o) {
				t.Errorf("%q and its negation agree on %v", s, o)
			}
		}
	})
}

func TestReachingEveryGroupEndsInLoops(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, Options{})
	w.must(w.AddMember(devs, ops))
	a := w.graph("GET", "/groups/"+devs+"/transitiveMembers/microsoft.graph.user?$select=id", "")
	got := a.values("id")
	slices.Sort(got)
	if diff := cmp.Diff([]string{hana, yuki, ren}, got); diff != "" {
		t.Error(diff)
	}
}
