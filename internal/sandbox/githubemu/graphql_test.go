package githubemu

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-github/v60/github"

	"aws-access-bot/internal/sandbox/githubemu/gql"
)

// rest sends one request and returns the body and the status of the answer.
func (w *world) rest(method, token, path, body string) (string, int, error) {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.http.URL+"/github/api/v3"+path, strings.NewReader(body))
	w.must(err)
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := w.http.Client().Do(req)
	if err != nil {
		return "", 0, err
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	return string(text), res.StatusCode, err
}

// graph is the answer of the GraphQL API.
type graph struct {
	Data   map[string]any
	Errors []struct {
		Type, Message string
		Path          []any
		Extensions    map[string]any
	}
	header http.Header
}

// ask sends a GraphQL request to the address that Enterprise has.
func (w *world) ask(token, query string, vars map[string]any) graph {
	w.t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": vars})
	w.must(err)
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.http.URL+"/github/api/graphql", bytes.NewReader(body))
	w.must(err)
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := w.http.Client().Do(req)
	w.must(err)
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		w.t.Fatalf("status %d", res.StatusCode)
	}
	out := graph{header: res.Header}
	w.must(json.NewDecoder(res.Body).Decode(&out))
	return out
}

// token makes an installation token with fewer permissions.
func (w *world) token(perms *github.InstallationPermissions) string {
	w.t.Helper()
	tok, _, err := w.client(w.goodJWT()).Apps.CreateInstallationToken(w.t.Context(), 770, &github.InstallationTokenOptions{Permissions: perms})
	w.must(err)
	return tok.GetToken()
}

const enqueue = `mutation Enqueue($pull: ID!, $head: GitObjectID, $jump: Boolean = false) {
  enqueuePullRequest(input: {pullRequestId: $pull, expectedHeadOid: $head, jump: $jump, clientMutationId: "x"}) {
    clientMutationId
    mergeQueueEntry { position state pullRequest { number } headCommit { oid } }
  }
}`

func TestQueueThroughGraphQL(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.withQueue(nil)
	token := w.token(nil)
	n, head := w.pullRequest("topic", map[string]*File{"a": text("1\n")})
	w.pass(head)
	pr, _, err := w.bot(nil).PullRequests.Get(t.Context(), org, repoName, n)
	w.must(err)

	got := w.ask(token, enqueue, map[string]any{"pull": pr.GetNodeID(), "head": head})
	want := map[string]any{"enqueuePullRequest": map[string]any{
		"clientMutationId": "x",
		"mergeQueueEntry":  map[string]any{"position": 1.0, "state": "QUEUED", "pullRequest": map[string]any{"number": 1.0}, "headCommit": nil},
	}}
	if diff := cmp.Diff(want, got.Data); diff != "" || len(got.Errors) > 0 {
		t.Fatalf("%v\n%s", got.Errors, diff)
	}

	group := w.repo.stateForTest().Queue[0]
	got = w.ask(token, `query ($owner: String!, $name: String!, $n: Int!) {
	  repository(owner: $owner, name: $name) {
	    queue: mergeQueue(branch: "main") {
	      configuration { mergeMethod mergingStrategy checkResponseTimeout }
	      entries(first: 10) { totalCount pageInfo { hasNextPage } nodes {
	        position state headCommit { oid } baseCommit { oid } pullRequest { number } enqueuer { __typename login ... on Bot { databaseId } }
	      } }
	    }
	    pullRequest(number: $n) { ...pull }
	  }
	}
	fragment pull on PullRequest { id number isInMergeQueue isMergeQueueEnabled mergeStateStatus mergeQueueEntry { position state } }`,
		map[string]any{"owner": org, "name": repoName, "n": n})
	bot := w.user("access-bot[bot]")
	want = map[string]any{"repository": map[string]any{
		"queue": map[string]any{
			"configuration": map[string]any{"mergeMethod": "MERGE", "mergingStrategy": "ALLGREEN", "checkResponseTimeout": 60.0},
			"entries": map[string]any{"totalCount": 1.0, "pageInfo": map[string]any{"hasNextPage": false}, "nodes": []any{map[string]any{
				"position": 1.0, "state": "AWAITING_CHECKS", "headCommit": map[string]any{"oid": group.Head}, "baseCommit": map[string]any{"oid": group.Base},
				"pullRequest": map[string]any{"number": 1.0}, "enqueuer": map[string]any{"__typename": "Bot", "login": "access-bot", "databaseId": float64(bot.ID)},
			}}},
		},
		"pullRequest": map[string]any{
			"id": pr.GetNodeID(), "number": 1.0, "isInMergeQueue": true, "isMergeQueueEnabled": true, "mergeStateStatus": "CLEAN",
			"mergeQueueEntry": map[string]any{"position": 1.0, "state": "AWAITING_CHECKS"},
		},
	}}
	if diff := cmp.Diff(want, got.Data); diff != "" || len(got.Errors) > 0 {
		t.Fatalf("%v\n%s", got.Errors, diff)
	}

	got = w.ask(token, `mutation($id: ID!) { dequeuePullRequest(input: {id: $id}) { mergeQueueEntry { id } } }`, map[string]any{"id": pr.GetNodeID()})
	if len(got.Errors) > 0 {
		t.Fatal(got.Errors)
	}
	w.wantLine("taken out")
}

func TestGraphQLRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.withQueue(nil)
	n, head := w.pullRequest("topic", map[string]*File{"a": text("1\n")})
	w.pass(head)
	id := nodeID("PR", w.repo.pulls[n-1].id)
	read, write := github.String("read"), github.String("write")
	noWrite := w.token(&github.InstallationPermissions{Contents: read, PullRequests: write})
	noQueues := w.token(&github.InstallationPermissions{Contents: write, PullRequests: write})
	reading := `{repository(owner:"acme",name:"aws-access-config"){mergeQueue{id}}}`
	tests := []struct {
		name, token, query string
		vars               map[string]any
		typ, message, path string
	}{
		{"a stale head", "ghp_yuki", enqueue, map[string]any{"pull": id, "head": strings.Repeat("1", 40)}, "UNPROCESSABLE", "Expected head sha didn't match current head ref.", "enqueuePullRequest"},
		{"an App that may not write", noWrite, enqueue, map[string]any{"pull": id}, "FORBIDDEN", "Resource not accessible by integration", "enqueuePullRequest"},
		{"a reader", "ghp_guest", enqueue, map[string]any{"pull": id}, "FORBIDDEN", "guest does not have the correct permissions to execute `EnqueuePullRequest`", "enqueuePullRequest"},
		{"who cannot see it", "ghp_nora", enqueue, map[string]any{"pull": id}, "NOT_FOUND", "Could not resolve to a node with the global id of '" + id + "'", "enqueuePullRequest"},
		{"an App that may not read queues", noQueues, reading, nil, "FORBIDDEN", "Resource not accessible by integration", "repository mergeQueue"},
		{"no such repository", "ghp_ken", `{repository(owner:"acme",name:"x"){id}}`, nil, "NOT_FOUND", "Could not resolve to a Repository with the name 'acme/x'.", "repository"},
		{"no such pull request", "ghp_ken", `{r:repository(owner:"acme",name:"aws-access-config"){pullRequest(number:9){id}}}`, nil, "NOT_FOUND", "Could not resolve to a PullRequest with the number of 9.", "r pullRequest"},
		{"no page size", "ghp_ken", `{repository(owner:"acme",name:"aws-access-config"){mergeQueue{entries{totalCount}}}}`, nil,
			"MISSING_PAGINATION_BOUNDARIES", "You must provide a `first` or `last` value to properly paginate the `entries` connection.", "repository mergeQueue entries"},
		{"an empty page", "ghp_ken", `{repository(owner:"acme",name:"aws-access-config"){mergeQueue{entries(first:0){totalCount}}}}`, nil,
			"UNPROCESSABLE", "`first` on the `entries` connection must be between 1 and 100.", "repository mergeQueue entries"},
		{"a page backwards in number", "ghp_ken", `{repository(owner:"acme",name:"aws-access-config"){mergeQueue{entries(last:-1){totalCount}}}}`, nil,
			"UNPROCESSABLE", "`last` on the `entries` connection cannot be less than zero.", "repository mergeQueue entries"},
		{"two pages at once", "ghp_ken", `{repository(owner:"acme",name:"aws-access-config"){mergeQueue{entries(first:1,last:1){totalCount}}}}`, nil,
			"UNPROCESSABLE", "Passing both `first` and `last` to paginate the `entries` connection is not supported.", "repository mergeQueue entries"},
		{"too large a page", "ghp_ken", `query($n:Int){repository(owner:"acme",name:"aws-access-config"){mergeQueue{entries(last:$n){totalCount}}}}`, map[string]any{"n": 101},
			"EXCESSIVE_PAGINATION", "Requesting 101 records on the `entries` connection exceeds the `last` limit of 100 records.", "repository mergeQueue entries"},
		{"not queued", "ghp_yuki", `mutation{dequeuePullRequest(input:{id:"` + id + `"}){clientMutationId}}`, nil, "UNPROCESSABLE", "Pull request is not in the queue", "dequeuePullRequest"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			got := w.ask(tc.token, tc.query, tc.vars)
			if len(got.Errors) != 1 || got.Errors[0].Type != tc.typ || got.Errors[0].Message != tc.message {
				t.Fatalf("errors: %+v", got.Errors)
			}
			var path []string
			for _, p := range got.Errors[0].Path {
				path = append(path, p.(string))
			}
			if strings.Join(path, " ") != tc.path || got.Data == nil {
				t.Errorf("path %v, data %v", path, got.Data)
			}
		})
	}
	w.wantLine("nothing was queued")
}

// TestGraphQLMistakes: a query with a mistake is answered with 200 and errors
// and no data, and has no effect.
func TestGraphQLMistakes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	tests := []struct{ query, code, message string }{
		{"", "", "A query attribute must be specified and must be a string."},
		{"{repository", "", "Unexpected end of document"},
		{"{repository(owner:%)}", "", `Parse error on "%" (error) at [1, 19]`},
		{"subscription{x}", "missingSubscriptionConfiguration", "Schema is not configured for subscriptions"},
		{"{ \n nothing }", "undefinedField", "Field 'nothing' doesn't exist on type 'Query'"},
		{`{repository(owner:"a"){id}}`, "missingRequiredArguments", "Field 'repository' is missing required arguments: name"},
		{`{repository(owner:"a",name:"b",x:1){id}}`, "argumentNotAccepted", "Field 'repository' doesn't accept argument 'x'"},
		{`{repository(owner:1,name:"b"){id}}`, "argumentLiteralsIncompatible", "Argument 'owner' on Field 'repository' has an invalid value (1). Expected type 'String!'."},
		{`{repository(owner:"a",name:"b")}`, "selectionMismatch", "Field must have selections (field 'repository' returns Repository but has no selections. Did you mean 'repository { ... }'?)"},
		{`{repository(owner:$o,name:"b"){id}}`, "variableNotDefined", "Variable $o is used by anonymous query but not declared"},
		{`query Q($o:String){repository(owner:$o,name:"b"){id}}`, "variableMismatch", "Nullability mismatch on variable $o and argument owner (String / String!)"},
		{`query Q($o:String!){repository(owner:$o,name:"b"){id}}`, "", "Variable $o of type String! was provided invalid value"},
		{`query($o:String){repository(owner:"a",name:"b"){id}}`, "variableNotUsed", "Variable $o is declared by anonymous query but not used"},
		{`{repository(owner:"a",name:"b"){...f}}`, "useAndDefineFragment", "Fragment f was used, but not defined"},
		{`{...f} fragment f on Query{...f}`, "infiniteLoop", "Fragment f contains an infinite loop"},
		{`mutation{enqueuePullRequest(input:{jump:true}){clientMutationId}}`, "missingRequiredInputObjectAttribute", "Argument 'pullRequestId' on InputObject 'EnqueuePullRequestInput' is required. Expected type ID!"},
		{`mutation($h:GitObjectID!){enqueuePullRequest(input:{pullRequestId:"x",expectedHeadOid:$h}){clientMutationId}}`, "", "Variable $h of type GitObjectID! was provided invalid value"},
		{"{__schema{types{name}}}", "undefinedField", "Field '__schema' doesn't exist on type 'Query'"},
		{strings.Repeat("{a", 200), "", "Query has a depth that exceeds the limit"},
		{`query A{node(id:"x"){id}} query B{node(id:"x"){id}}`, "", "An operation name is required"},
	}
	for _, tc := range tests {
		got := w.ask("ghp_ken", tc.query, nil)
		if len(got.Errors) == 0 || got.Errors[0].Message != tc.message || got.Data != nil {
			t.Errorf("%s: %+v", tc.query, got)
			continue
		}
		if code, _ := got.Errors[0].Extensions["code"].(string); code != tc.code {
			t.Errorf("%s: code %q, want %q", tc.query, code, tc.code)
		}
	}
}

func TestEntriesArePaged(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.withQueue(nil)
	for _, name := range []string{"a", "b", "c"} {
		w.queued(name, name)
	}
	const query = `query($after:String){repository(owner:"acme",name:"aws-access-config"){mergeQueue{entries(first:2,after:$after){
	  edges{node{pullRequest{number}}} pageInfo{hasNextPage hasPreviousPage endCursor}}}}}`
	var numbers []float64
	vars := map[string]any{}
	for range 2 {
		got := w.ask("ghp_guest", query, vars)
		entries := got.Data["repository"].(map[string]any)["mergeQueue"].(map[string]any)["entries"].(map[string]any)
		for _, e := range entries["edges"].([]any) {
			numbers = append(numbers, e.(map[string]any)["node"].(map[string]any)["pullRequest"].(map[string]any)["number"].(float64))
		}
		info := entries["pageInfo"].(map[string]any)
		if more := len(numbers) < 3; info["hasNextPage"] != more || info["hasPreviousPage"] == more {
			t.Errorf("page: %v", info)
		}
		vars["after"] = info["endCursor"]
	}
	if diff := cmp.Diff([]float64{1, 2, 3}, numbers); diff != "" {
		t.Error(diff)
	}
}

func TestGraphQLHasABudgetAndAddressOfItsOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.RateLimit = 2 })
	query := `{node(id:"x"){id}}`
	w.ask("ghp_ken", query, nil)
	got := w.ask("ghp_ken", query, nil)
	if got.header.Get("X-RateLimit-Resource") != "graphql" || got.header.Get("X-RateLimit-Remaining") != "0" {
		t.Errorf("headers: %v", got.header)
	}
	if got = w.ask("ghp_ken", query, nil); len(got.Errors) != 1 || got.Errors[0].Type != "RATE_LIMITED" {
		t.Errorf("over the limit: %+v", got)
	}
	_, code, err := w.rest("GET", "ghp_ken", "/repos/acme/aws-access-config", "")
	w.must(err)
	if code != http.StatusOK {
		t.Errorf("REST after that: %d", code)
	}
	_, code, err = w.rest("POST", "ghp_yuki", "/graphql", `{"query":"{node(id:\"x\"){id}}"}`)
	w.must(err)
	if code != http.StatusNotFound {
		t.Errorf("below the REST API: %d", code)
	}
	_, code, err = w.rest("POST", "ghp_nobody", "/../graphql", `{}`)
	w.must(err)
	if code != http.StatusUnauthorized {
		t.Errorf("unknown token: %d", code)
	}
}

// nested is a query for three levels of entries, with pages of these sizes.
func nested(a, b, c int) string {
	return fmt.Sprintf(`{rateLimit{cost nodeCount used remaining limit} repository(owner:"acme",name:"aws-access-config"){mergeQueue{
	  entries(first:%d){nodes{mergeQueue{entries(first:%d){nodes{mergeQueue{entries(first:%d){totalCount}}}}}}}}}}`, a, b, c)
}

// TestGraphQLCostsWhatItAsksFor: a query costs a point for each hundred
// connections that it may read, and no more than 500,000 nodes may be asked
// for (docs.github.com, "Rate limits and query limits for the GraphQL API").
func TestGraphQLCostsWhatItAsksFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.RateLimit = 100 })
	w.withQueue(nil)
	got := w.ask("ghp_ken", nested(100, 70, 50), nil)
	want := map[string]any{"cost": 71.0, "nodeCount": 357_100.0, "used": 71.0, "remaining": 29.0, "limit": 100.0}
	if diff := cmp.Diff(want, got.Data["rateLimit"]); diff != "" || len(got.Errors) > 0 {
		t.Errorf("%v\n%s", got.Errors, diff)
	}
	if left := got.header.Get("X-RateLimit-Remaining"); left != "29" {
		t.Errorf("the header says %s are left", left)
	}
	got = w.ask("ghp_ken", nested(100, 100, 100), nil)
	if len(got.Errors) != 1 || got.Errors[0].Type != "MAX_NODE_LIMIT_EXCEEDED" || got.Data != nil ||
		got.Errors[0].Message != "This query requests up to 1,010,100 possible nodes which exceeds the maximum limit of 500,000." {
		t.Errorf("too many nodes: %+v", got)
	}
	if got = w.ask("ghp_ken", nested(1, 1, 1), nil); got.header.Get("X-RateLimit-Used") != "73" {
		t.Errorf("after a small one: %v", got.header)
	}
}

// FuzzGraphQL: whatever is asked, the answer is 200 with data or errors.
func FuzzGraphQL(f *testing.F) {
	f.Add(enqueue, `{"pull":"x","head":null,"jump":1}`)
	f.Add(nested(1, 2, 3), ``)
	f.Add(`query Q($a:Int=99999999999){repository(owner:"a",name:"\u00e9"){... on Node@skip(if:true){id}...f}} fragment f on Repository{pullRequest(number:$a){id}}`, `{"a":1e300}`)
	f.Add(`{a(b:"\`, `[]`)
	f.Add(`mutation{enqueuePullRequest(input:{pullRequestId:1,expectedHeadOid:99999999999999999999}){clientMutationId}}`, `{}`)
	api, err := loadGraphQL()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, query, vars string) {
		given := map[string]any{}
		if json.Unmarshal([]byte(vars), &given) != nil {
			given = nil
		}
		q, mistakes := api.Read(gql.Request{Query: query, Variables: given})
		if (q == nil) != (len(mistakes) > 0) {
			t.Fatalf("query %v, mistakes %v", q, mistakes)
		}
		if q == nil {
			return
		}
		s := &Server{opt: Options{RateLimit: 1}}
		g := &gqlRun{call: &call{s: s}, query: q, limit: &bucket{}}
		data, refused := api.Execute(g, q)
		if data == nil && len(refused) == 0 {
			t.Error("neither data nor errors")
		}
	})
}
