package githubemu

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-github/v60/github"
)

const thisRepo = "/repos/acme/aws-access-config"

// raw sends one request and does not follow a redirect.
func (w *world) raw(method, token, path, body string) (*http.Response, string) {
	w.t.Helper()
	client := *w.http.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.http.URL+"/github/api/v3"+path, strings.NewReader(body))
	w.must(err)
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := client.Do(req)
	w.must(err)
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	w.must(err)
	return res, string(text)
}

// wantRefusal checks the status and the words of an answer.
func (w *world) wantRefusal(what, method, token, path string, status int, message string) {
	w.t.Helper()
	res, body := w.raw(method, token, path, "{}")
	if res.StatusCode != status || !strings.Contains(body, message) {
		w.t.Errorf("%s: %d %s, want %d %q", what, res.StatusCode, body, status, message)
	}
}

func TestARenamedRepositoryIsFoundUnderItsOldName(t *testing.T) {
	t.Parallel()
	for _, selected := range []bool{false, true} {
		t.Run(fmt.Sprint(selected), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(o *Options) {
				if selected {
					o.App.Repositories = []string{repoName}
				}
			})
			n, _ := w.pullRequest("topic", map[string]*File{"a": text("1\n")})
			w.must(w.repo.Rename("access"))
			token := w.token(nil)

			res, body := w.raw("GET", token, thisRepo, "")
			if want := w.http.URL + "/github/api/v3/repositories/4242"; res.StatusCode != 301 || res.Header.Get("Location") != want || member(t, []byte(body), "url") != want {
				t.Errorf("GET: %d %s %s", res.StatusCode, res.Header.Get("Location"), body)
			}
			if member(t, []byte(body), "message") != "Moved Permanently" {
				t.Errorf("body: %s", body)
			}
			res, _ = w.raw("POST", token, thisRepo+"/issues/1/comments?x=1", `{"body":"b"}`)
			if want := "/api/v3/repositories/4242/issues/1/comments?x=1"; res.StatusCode != 307 || !strings.HasSuffix(res.Header.Get("Location"), want) {
				t.Errorf("POST: %d %s", res.StatusCode, res.Header.Get("Location"))
			}
			// The real client follows, for reading and for writing.
			pr, _, err := w.bot(nil).PullRequests.Get(t.Context(), org, repoName, n)
			w.must(err)
			w.must(err3(w.bot(nil).Issues.CreateComment(t.Context(), org, repoName, n, &github.IssueComment{Body: github.String("hello")})))
			if pr.Base.Repo.GetFullName() != "acme/access" || w.repo.stateForTest().Pulls[0].Comments[0].Body != "hello" {
				t.Errorf("pull request: %v", pr)
			}
			w.wantRefusal("who may not see it", "GET", "ghp_nora", thisRepo, 404, "Not Found")
			followed := w.ask(token, `{old:repository(owner:"acme",name:"aws-access-config"){nameWithOwner}}`, nil)
			if diff := cmp.Diff(map[string]any{"old": map[string]any{"nameWithOwner": "acme/access"}}, followed.Data); diff != "" {
				t.Error(diff)
			}
			if got := w.ask(token, `{repository(owner:"acme",name:"aws-access-config",followRenames:false){id}}`, nil); len(got.Errors) != 1 || got.Errors[0].Type != "NOT_FOUND" {
				t.Errorf("without following: %+v", got)
			}
			inst, _, err := w.client(w.goodJWT()).Apps.FindRepositoryInstallation(t.Context(), org, "access")
			w.must(err)
			if inst.GetID() != 770 {
				t.Errorf("installation: %v", inst)
			}
			w.must(ignore(w.AddRepo(RepoSpec{Name: repoName})))
			res, _ = w.raw("GET", "ghp_hana", thisRepo, "")
			if res.StatusCode == 301 {
				t.Error("the old name still leads away though another has it")
			}
		})
	}
}

func TestEveryOperationWorksByNumber(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.pullRequest("topic", map[string]*File{"a": text("1\n")})
	token := w.token(nil)
	for _, path := range []string{"", "/pulls/1", "/git/ref/heads/main", "/commits/main/check-runs", "/rules/branches/main", "/collaborators/ken/permission"} {
		byName, nameBody := w.raw("GET", token, thisRepo+path, "")
		byID, idBody := w.raw("GET", token, "/repositories/4242"+path, "")
		if byName.StatusCode != 200 || byID.StatusCode != 200 || nameBody != idBody {
			t.Errorf("%s: %d by name, %d by number", path, byName.StatusCode, byID.StatusCode)
		}
	}
	w.wantRefusal("an unknown number", "GET", token, "/repositories/1/pulls/1", 404, "Not Found")
	w.wantRefusal("who may not see it", "GET", "ghp_nora", "/repositories/4242/pulls/1", 404, "Not Found")
}

func TestATransferredRepositoryIsGoneForTheInstallation(t *testing.T) {
	t.Parallel()
	w, got := hooked(t, http.StatusOK)
	token := w.token(nil)
	w.must(w.repo.Transfer("other-org"))
	for _, path := range []string{thisRepo, "/repos/other-org/aws-access-config", "/repositories/4242"} {
		w.wantRefusal("the App at "+path, "GET", token, path, 404, "Not Found")
	}
	res, _ := w.raw("GET", "ghp_ken", thisRepo, "")
	if res.StatusCode != 301 || !strings.HasSuffix(res.Header.Get("Location"), "/repositories/4242") {
		t.Errorf("a person with a role: %d %s", res.StatusCode, res.Header.Get("Location"))
	}
	repo, _, err := w.client("ghp_ken").Repositories.Get(t.Context(), org, repoName)
	w.must(err)
	if repo.GetFullName() != "other-org/aws-access-config" || repo.GetID() != 4242 {
		t.Errorf("repository: %v", repo)
	}
	_, _, err = w.client(w.goodJWT()).Apps.CreateInstallationToken(t.Context(), 770, &github.InstallationTokenOptions{RepositoryIDs: []int64{4242}})
	w.wantStatus("a token for it", err, 422)
	h := w.awaitHook(got, func(h hook) bool { return h.event == "installation_repositories" })
	gone := h.payload.(*github.InstallationRepositoriesEvent)
	if gone.GetAction() != "removed" || len(gone.RepositoriesRemoved) != 1 || gone.RepositoriesRemoved[0].GetFullName() != "acme/aws-access-config" {
		t.Errorf("event: %s", h.body)
	}
}

func TestAnArchivedRepositoryCanOnlyBeRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.withQueue(nil)
	n, head := w.queued("a", "1\n")
	token, main := w.token(nil), w.repo.stateForTest().Branches["main"]
	w.repo.Archive(true)
	const message = "Repository was archived so is read-only."
	for _, write := range []struct{ method, path string }{
		{"POST", "/check-runs"}, {"PATCH", "/pulls/1"}, {"PUT", "/pulls/1/merge"}, {"POST", "/git/refs"}, {"POST", "/issues/1/comments"},
	} {
		w.wantRefusal(write.path, write.method, token, thisRepo+write.path, 403, message)
	}
	repo, _, err := w.bot(nil).Repositories.Get(t.Context(), org, repoName)
	w.must(err)
	pr, _, err := w.bot(nil).PullRequests.Get(t.Context(), org, repoName, n)
	w.must(err)
	if !repo.GetArchived() || pr.Head.GetSHA() != head {
		t.Errorf("reading: %v %v", repo, pr)
	}
	w.wantStatus("a person who plays", w.repo.Comment("ken", n, "x"), 403)
	got := w.ask("ghp_ken", `mutation($id:ID!){dequeuePullRequest(input:{id:$id}){clientMutationId}}`, map[string]any{"id": pr.GetNodeID()})
	if len(got.Errors) != 1 || got.Errors[0].Message != message {
		t.Errorf("mutation: %+v", got)
	}
	w.clock.move(2 * time.Hour) // the queue stands still
	if st := w.repo.stateForTest(); st.Branches["main"] != main || !st.Archived || len(st.Queue) != 1 {
		t.Errorf("while archived: %+v", st.Queue)
	}
	w.repo.Archive(false)
	w.wantLine("when it goes on, the check is overdue")
}

func TestAnUninstalledApp(t *testing.T) {
	t.Parallel()
	w, got := hooked(t, http.StatusOK)
	token := w.token(nil)
	w.must(w.Uninstall(0))
	w.wantRefusal("an old token", "GET", token, thisRepo, 401, "Bad credentials")
	_, _, err := w.client(w.goodJWT()).Apps.CreateInstallationToken(t.Context(), 770, nil)
	w.wantStatus("a new token", err, 404)
	_, _, err = w.client(w.goodJWT()).Apps.FindRepositoryInstallation(t.Context(), org, repoName)
	w.wantStatus("the installation of the repository", err, 404)
	_, _, err = w.client(w.goodJWT()).Apps.FindOrganizationInstallation(t.Context(), org)
	w.wantStatus("the installation of the organization", err, 404)
	list, _, err := w.client(w.goodJWT()).Apps.ListInstallations(t.Context(), nil)
	w.must(err)
	if len(list) != 0 {
		t.Errorf("installations: %v", list)
	}
	h := w.awaitHook(got, func(h hook) bool { return h.event == "installation" })
	if e := h.payload.(*github.InstallationEvent); e.GetAction() != "deleted" || e.Installation.GetID() != 770 {
		t.Errorf("event: %s", h.body)
	}
	w.must(ignore(w.repo.Push("ken", Push{Branch: "a", Message: "nobody is told"})))
	id, err := w.Install(0)
	w.must(err)
	w.awaitHook(got, func(h hook) bool {
		if h.event == "push" {
			t.Error("a webhook of the time without an installation")
		}
		return h.event == "installation"
	})
	_, _, err = w.client(w.goodJWT()).Apps.CreateInstallationToken(t.Context(), id, nil)
	w.wantStatus("a token of the new installation", err, 0)
	w.wantRefusal("the old token", "GET", token, thisRepo, 401, "Bad credentials")
	if id == 770 {
		t.Error("the number of the installation was used again")
	}
}

func TestASuspendedApp(t *testing.T) {
	t.Parallel()
	w, got := hooked(t, http.StatusOK)
	token := w.token(nil)
	w.must(w.Suspend(0, true))
	if st := w.State().Apps; len(st) != 1 || !st[0].Suspended || st[0].Installation != 770 {
		t.Errorf("state: %+v", st)
	}
	const message = "This installation has been suspended"
	w.wantRefusal("an old token", "GET", token, thisRepo, 403, message)
	w.wantRefusal("a new token", "POST", w.goodJWT(), "/app/installations/770/access_tokens", 403, message)
	inst, _, err := w.client(w.goodJWT()).Apps.GetInstallation(t.Context(), 770)
	w.must(err)
	if inst.SuspendedAt == nil || inst.SuspendedBy.GetLogin() == "" {
		t.Errorf("installation: %v", inst)
	}
	w.must(ignore(w.repo.Push("ken", Push{Branch: "a", Message: "nobody is told"})))
	w.must(w.Suspend(0, false))
	var events []string
	w.awaitHook(got, func(h hook) bool {
		if e, is := h.payload.(*github.InstallationEvent); is {
			events = append(events, e.GetAction())
		} else {
			t.Errorf("a webhook while suspended: %s", h.event)
		}
		return len(events) == 2
	})
	slices.Sort(events)
	if diff := cmp.Diff([]string{"suspend", "unsuspend"}, events); diff != "" {
		t.Error(diff)
	}
	w.wantRefusal("the old token works again", "GET", token, thisRepo, 200, "aws-access-config")
	if w.Suspend(0, false) == nil {
		t.Error("unsuspended twice")
	}
}

func TestARepositoryLeavesTheSelection(t *testing.T) {
	t.Parallel()
	w, got := hooked(t, http.StatusOK)
	w.must(ignore(w.AddRepo(RepoSpec{Name: "other"})))
	token := w.token(nil)
	w.must(w.SelectRepositories(0, []string{"other"}))
	w.wantRefusal("a token for all", "GET", token, thisRepo, 404, "Not Found")
	w.wantRefusal("what is selected", "GET", token, "/repos/acme/other", 200, "other")
	_, _, err := w.client(w.goodJWT()).Apps.FindRepositoryInstallation(t.Context(), org, repoName)
	w.wantStatus("its installation", err, 404)
	h := w.awaitHook(got, func(h hook) bool { return h.event == "installation_repositories" })
	if e := h.payload.(*github.InstallationRepositoriesEvent); e.GetAction() != "removed" || e.RepositoriesRemoved[0].GetID() != 4242 || e.GetRepositorySelection() != "selected" {
		t.Errorf("event: %s", h.body)
	}
	w.must(w.SelectRepositories(0, nil))
	w.wantRefusal("all again", "GET", token, thisRepo, 200, "aws-access-config")
	if w.SelectRepositories(0, []string{"unknown"}) == nil {
		t.Error("selected what does not exist")
	}
}

// TestConditionalRequestsAreFree: an answer of 304 does not count against the
// limit and the headers say so; the same request without the tag counts.
func TestConditionalRequestsAreFree(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.RateLimit = 10 })
	path := "/github/api/v3" + thisRepo + "/git/ref/heads/main"
	first := w.get(path, "ghp_ken", nil)
	tag := first.Header.Get("ETag")
	if first.Header.Get("X-RateLimit-Used") != "1" || tag == "" {
		t.Fatalf("first: used %q, tag %q", first.Header.Get("X-RateLimit-Used"), tag)
	}
	for _, list := range []string{tag, strings.TrimPrefix(tag, "W/"), `"x", ` + tag} {
		for range 8 {
			res := w.get(path, "ghp_ken", http.Header{"If-None-Match": {list}})
			if res.StatusCode != 304 || res.Header.Get("X-RateLimit-Used") != "1" || res.Header.Get("X-RateLimit-Remaining") != "9" || res.Header.Get("ETag") != tag {
				t.Fatalf("%s: %d, used %q, remaining %q", list, res.StatusCode, res.Header.Get("X-RateLimit-Used"), res.Header.Get("X-RateLimit-Remaining"))
			}
		}
	}
	if res := w.get(path, "ghp_ken", http.Header{"If-None-Match": {`"x"`}}); res.StatusCode != 200 || res.Header.Get("X-RateLimit-Used") != "2" {
		t.Errorf("another tag: %d, used %q", res.StatusCode, res.Header.Get("X-RateLimit-Used"))
	}
	w.must(ignore(w.repo.DirectPush("hana", map[string]*File{"z": text("z")}, "z")))
	if res := w.get(path, "ghp_ken", http.Header{"If-None-Match": {tag}}); res.StatusCode != 200 || res.Header.Get("X-RateLimit-Used") != "3" {
		t.Errorf("after a change: %d, used %q", res.StatusCode, res.Header.Get("X-RateLimit-Used"))
	}
	limits, _, err := w.client("ghp_ken").RateLimit.Get(t.Context())
	w.must(err)
	if limits.GetCore().Remaining != 7 || limits.GetGraphQL().Remaining != 10 {
		t.Errorf("limits: %v", limits)
	}
}

func TestWhoMayDoWhatInARepository(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.must(w.SetOrgRole("nora", "admin"))
	w.must(ignore(w.AddUser(User{ID: 2001, Login: "olga"})))
	w.must(w.SetOrgRole("olga", ""))
	w.must(ignore(w.AddUser(User{ID: 2002, Login: "sam"}))) // a member without a role here
	if w.repo.AddOutsideCollaborator("ken", "write") == nil || w.repo.AddOutsideCollaborator("olga", "none") == nil {
		t.Error("a member, or nothing, was made an outside collaborator")
	}
	w.must(w.repo.AddOutsideCollaborator("olga", "triage"))
	level := func(login string) string {
		l, _, err := w.bot(nil).Repositories.GetPermissionLevel(t.Context(), org, repoName, login)
		w.must(err)
		_, body := w.raw("GET", w.token(nil), thisRepo+"/collaborators/"+login+"/permission", "")
		return fmt.Sprintf("%s %s %d", l.GetPermission(), member(t, []byte(body), "role_name"), l.GetUser().GetID())
	}
	got := map[string]string{}
	for _, login := range []string{"nora", "hana", "ken", "olga", "sam"} {
		got[login] = level(login)
	}
	want := map[string]string{"nora": "admin admin 1005", "hana": "admin admin 1001", "ken": "write write 1003", "olga": "read triage 2001", "sam": "none none 2002"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	w.repo.SetPublic(true)
	if sam := level("sam"); sam != "read read 2002" {
		t.Errorf("of a public repository: %s", sam)
	}
	in, _, err := w.bot(nil).Repositories.IsCollaborator(t.Context(), org, repoName, "sam")
	w.must(err)
	if in {
		t.Error("everybody collaborates on a public repository")
	}
	_, _, err = w.bot(nil).Repositories.GetPermissionLevel(t.Context(), org, repoName, "nobody")
	w.wantStatus("who does not exist", err, 404)

	members, _, err := w.bot(nil).Organizations.ListMembers(t.Context(), org, nil)
	w.must(err)
	outside, _, err := w.bot(nil).Organizations.ListOutsideCollaborators(t.Context(), org, nil)
	w.must(err)
	if slices.ContainsFunc(members, func(u *github.User) bool { return u.GetLogin() == "olga" }) || len(outside) != 1 || outside[0].GetID() != 2001 {
		t.Errorf("members %v, outside %v", members, outside)
	}
	here, _, err := w.bot(nil).Repositories.ListCollaborators(t.Context(), org, repoName, &github.ListCollaboratorsOptions{Affiliation: "outside"})
	w.must(err)
	if len(here) != 1 || here[0].GetLogin() != "olga" {
		t.Errorf("outside collaborators of the repository: %v", here)
	}
	noMembers := w.token(&github.InstallationPermissions{Contents: github.String("read")})
	w.wantRefusal("without members: read", "GET", noMembers, "/orgs/acme/outside_collaborators", 403, "Resource not accessible by integration")
}

// TestFieldsOfADelivery holds the members of GitHub's "hook-delivery-item" and
// "hook-delivery", the filter by outcome, and the three days.
func TestFieldsOfADelivery(t *testing.T) {
	t.Parallel()
	w, got := hooked(t, http.StatusBadGateway)
	w.pullRequest("topic", map[string]*File{"a": text("1\n")})
	w.flush()
	await(t, got, 2)
	w.settle(2)
	var list []map[string]any
	w.read("/app/hook/deliveries?status=failure&per_page=100", &list)
	item := list[slices.IndexFunc(list, func(d map[string]any) bool { return d["event"] == "pull_request" })]
	want := []string{
		"action", "delivered_at", "duration", "event", "guid", "id", "installation_id", "redelivery", "repository_id", "status", "status_code", "throttled_at",
	}
	if diff := cmp.Diff(want, sortedKeys(item)); diff != "" {
		t.Error(diff)
	}
	if item["action"] != "opened" || item["status_code"] != 502.0 || item["status"] != "Invalid HTTP Response: 502" || item["installation_id"] != 770.0 ||
		item["repository_id"] != 4242.0 || item["redelivery"] != false || item["throttled_at"] != nil {
		t.Errorf("item: %v", item)
	}
	path := fmt.Sprintf("/app/hook/deliveries/%d", int64(item["id"].(float64)))
	var one map[string]any
	w.read(path, &one)
	full := append(want, "request", "response", "url")
	slices.Sort(full)
	if diff := cmp.Diff(full, sortedKeys(one)); diff != "" {
		t.Error(diff)
	}
	request, response := one["request"].(map[string]any), one["response"].(map[string]any)
	if request["headers"].(map[string]any)["X-GitHub-Delivery"] != item["guid"] || request["payload"].(map[string]any)["action"] != "opened" || response["payload"] != "seen" ||
		response["headers"].(map[string]any)["Content-Length"] != "4" {
		t.Errorf("delivery: %v", one)
	}
	w.read("/app/hook/deliveries?status=success", &list)
	if len(list) != 0 {
		t.Errorf("succeeded: %v", list)
	}
	w.wantRefusal("an unknown outcome", "GET", w.goodJWT(), "/app/hook/deliveries?status=odd", 422, "")
	w.wantRefusal("asking again", "POST", w.goodJWT(), path+"/attempts", 202, "{}")
	w.clock.move(keepDeliveries + time.Hour)
	w.wantRefusal("after three days", "GET", w.goodJWT(), path, 404, "Not Found")
	w.wantRefusal("asking again after three days", "POST", w.goodJWT(), path+"/attempts", 404, "Not Found")
}

// read gets JSON as the App.
func (w *world) read(path string, into any) {
	w.t.Helper()
	res, body := w.raw("GET", w.goodJWT(), path, "")
	if res.StatusCode != http.StatusOK {
		w.t.Fatalf("%s: %d %s", path, res.StatusCode, body)
	}
	w.must(json.Unmarshal([]byte(body), into))
}
