package sandbox

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

// step is one request to the control API, what it answers, and a part of the
// error.
type step struct {
	name, path, body string
	want             int
	say              string
}

// TestControl plays lists of steps on one sandbox, in order.
func TestControl(t *testing.T) {
	t.Parallel()
	s := running(t)
	for _, tc := range slices.Concat(stepsOnGitHub(), stepsInTheCloud(), otherSteps()) {
		status, out := send(t, http.MethodPost, s.URL()+"/sandbox/"+tc.path, tc.body, nil)
		text, _ := out["error"].(string)
		if status != tc.want || !strings.Contains(text, tc.say) || (status == 200) != (text == "") {
			t.Errorf("%s: POST %s %s: got %d %v, want %d with %q", tc.name, tc.path, tc.body, status, out, tc.want, tc.say)
		}
	}
	hold(t, s)
}

// stepsOnGitHub play a pull request and the organization.
func stepsOnGitHub() []step {
	return []step{
		{"push a branch", "as/hana/github/push", `{"branch":"hana/x","files":{"groups/aws-orders-dev.yaml":"id: 1\n"},"message":"try"}`, 200, ""},
		{"push needs a branch", "as/hana/github/push", `{"files":{"a":"b"}}`, 400, "branch is missing"},
		{"push to main is refused", "as/hana/github/push", `{"branch":"main","files":{"a":"b"},"message":"x"}`, 422, ""},
		{"push as a bot's branch is refused", "as/hana/github/push", `{"branch":"access/REQ-000000","files":{"a":"b"},"message":"x"}`, 422, ""},
		{"open a pull request", "as/hana/github/pull", `{"head":"hana/x","title":"Try","body":"please"}`, 200, ""},
		{"approve one's own", "as/hana/github/review", `{"pull":1,"event":"APPROVE"}`, 422, "own"},
		{"approve", "as/yuki/github/review", `{"pull":1,"event":"APPROVE"}`, 200, ""},
		{"request changes", "as/taro/github/review", `{"pull":1,"event":"REQUEST_CHANGES","body":"no"}`, 200, ""},
		{"comment", "as/olga/github/comment", `{"pull":1,"body":"hm"}`, 200, ""},
		{"review of nothing", "as/yuki/github/review", `{"pull":99,"event":"APPROVE"}`, 404, "Not Found"},
		{"merge without the check", "as/yuki/github/merge", `{"pull":1,"method":"squash"}`, 405, ""},
		{"close", "as/hana/github/close", `{"pull":1}`, 200, ""},
		{"reopen", "as/hana/github/reopen", `{"pull":1}`, 200, ""},
		{"edit", "as/hana/github/edit", `{"pull":1,"title":"Another"}`, 200, ""},
		{"update the branch that is up to date", "as/hana/github/update-branch", `{"pull":1}`, 422, ""},
		{"push past the rules", "as/ken/github/direct-push", `{"files":{"NOTE.md":"hello\n"},"message":"note"}`, 200, ""},
		{"update the branch", "as/hana/github/update-branch", `{"pull":1}`, 200, ""},
		{"force push to nothing", "as/ken/github/force-push", `{"branch":"main","sha":"0123456789012345678901234567890123456789","ignore_rules":true}`, 422, "does not exist"},
		{"a guest without GitHub", "as/gus/github/comment", `{"pull":1,"body":"x"}`, 422, "gus is not on GitHub"},
		{"join a team", "github/teams/security/members", `{"person":"taro","role":"member"}`, 200, ""},
		{"leave a team", "github/teams/security/members", `{"person":"taro"}`, 200, ""},
		{"an unknown team", "github/teams/nobody/members", `{"person":"taro","role":"member"}`, 422, ""},
		{"an unknown person", "github/roles", `{"person":"zoe","role":"read"}`, 404, "zoe"},
		{"take a role", "github/roles", `{"person":"olga"}`, 200, ""},
		{"no role, no repository", "as/olga/github/comment", `{"pull":1,"body":"hm"}`, 404, ""},
		{"drop webhooks", "github/webhooks", `{"drop":true}`, 200, ""},
		{"ping", "github/ping", `{}`, 200, ""},
		{"switch a merge queue on", "github/queue", `{"on":true}`, 200, ""},
		{"merge past the queue", "as/yuki/github/merge", `{"pull":1}`, 405, "merge queue"},
		{"queue without the check", "as/yuki/github/enqueue", `{"pull":1}`, 422, "aws-access"},
		{"leave the queue", "as/yuki/github/dequeue", `{"pull":1}`, 422, "not in the queue"},
		{"a queue that cannot be", "github/queue", `{"on":true,"parameters":{"merge_method":"octopus"}}`, 422, "merge_queue"},
		{"switch it off", "github/queue", `{"on":false}`, 200, ""},
		{"a collaborator from outside", "github/outside", `{"person":"olga","role":"read"}`, 200, ""},
		{"an unknown collaborator", "github/outside", `{"person":"zoe","role":"read"}`, 404, "zoe"},
		{"archive the repository", "github/repository", `{"archived":true}`, 200, ""},
		{"write to the archive", "as/hana/github/comment", `{"pull":1,"body":"hm"}`, 403, "archived"},
		{"take it out of the archive", "github/repository", `{"archived":false,"public":false}`, 200, ""},
		{"rename the repository", "github/repository", `{"name":"access"}`, 200, ""},
		{"rename it to what it is called", "github/repository", `{"name":"access"}`, 422, "taken"},
		{"give it away", "github/repository", `{"owner":"other-org"}`, 200, ""},
		{"select no repository that is there", "github/app", `{"do":"select","repositories":["access"]}`, 422, "access"},
		{"suspend the App", "github/app", `{"do":"suspend"}`, 200, ""},
		{"suspend it twice", "github/app", `{"do":"suspend"}`, 422, ""},
		{"let it work again", "github/app", `{"do":"unsuspend"}`, 200, ""},
		{"uninstall it", "github/app", `{"do":"uninstall"}`, 200, ""},
		{"install it again", "github/app", `{"do":"install"}`, 200, ""},
		{"something else", "github/app", `{"do":"dance"}`, 400, "dance"},
	}
}

// stepsInTheCloud change Entra and AWS.
func stepsInTheCloud() []step {
	return []step{
		{"join a group", "graph/members", `{"group":"aws-payments-dev","person":"yuki"}`, 200, ""},
		{"leave a group", "graph/members", `{"group":"aws-payments-dev","person":"yuki","remove":true}`, 200, ""},
		{"an unknown group", "graph/members", `{"group":"aws-nothing","person":"yuki"}`, 404, "aws-nothing"},
		{"an unknown user", "graph/members", `{"group":"aws-payments-dev","person":"zoe"}`, 404, "zoe"},
		{"disable a user", "graph/users", `{"person":"hana","enabled":false}`, 200, ""},
		{"enable a user", "graph/users", `{"person":"hana","enabled":true,"mail":"hana@example.com"}`, 200, ""},
		{"make a group", "graph/groups", `{"name":"aws-new"}`, 200, ""},
		{"rename it", "graph/rename", `{"group":"aws-new","name":"aws-newer"}`, 200, ""},
		{"assign it", "graph/assignments", `{"group":"aws-newer"}`, 200, ""},
		{"unassign it", "graph/assignments", `{"group":"aws-newer","remove":true}`, 200, ""},
		{"make it again", "graph/recreate", `{"group":"aws-newer"}`, 200, ""},
		{"delete it", "graph/groups", `{"group":"aws-newer","remove":true}`, 200, ""},
		{"delete it twice", "graph/groups", `{"group":"aws-newer","remove":true}`, 404, "aws-newer"},
		{"never honour on demand", "graph/options", `{"never_honour":true}`, 200, ""},
		{"replicate slower", "graph/options", `{"replication_delay":"90s"}`, 200, ""},
		{"replicate at no time", "graph/options", `{"replication_delay":"soon"}`, 400, "soon"},
		{"run the cycle", "graph/cycle", `{}`, 200, ""},
		{"break the SCIM token", "aws/scim-token", `{"valid":false}`, 200, ""},
		{"fail the next creation", "aws/fail-next", `{"reason":"no luck"}`, 200, ""},
		{"without a reason", "aws/fail-next", `{}`, 422, "reason"},
		{"lose the next deletion", "aws/lose-next", `{"kind":"delete"}`, 200, ""},
		{"an unknown kind", "aws/lose-next", `{"kind":"undo"}`, 422, "undo"},
		{"hide", "aws/hide", `{"account":"payments-dev","permission_set":"ReadOnlyAccess","group":"aws-payments-dev"}`, 200, ""},
		{"show", "aws/hide", `{"account":"payments-dev","permission_set":"ReadOnlyAccess","group":"aws-payments-dev","show":true}`, 200, ""},
		{"hide in an unknown account", "aws/hide", `{"account":"nowhere","permission_set":"ReadOnlyAccess","group":"aws-payments-dev"}`, 404, "nowhere"},
		{"assign by hand", "aws/assignments", `{"account":"111122224444","permission_set":"PowerUserAccess","group":"aws-payments-oncall"}`, 200, ""},
		{"attach a policy by hand", "aws/policy", `{"permission_set":"ReadOnlyAccess","policy":"arn:aws:iam::aws:policy/SecurityAudit"}`, 200, ""},
		{"attach to no set", "aws/policy", `{"permission_set":"Nothing","policy":"arn:aws:iam::aws:policy/SecurityAudit"}`, 404, "Nothing"},
		{"take it away", "aws/assignments", `{"account":"111122224444","permission_set":"PowerUserAccess","group":"aws-payments-oncall","remove":true}`, 200, ""},
		{"take it away twice", "aws/assignments", `{"account":"111122224444","permission_set":"PowerUserAccess","group":"aws-payments-oncall","remove":true}`, 404, "no such"},
		{"change an account", "aws/account", `{"id":"111122224444","ou":"/Workloads/Test","state":"SUSPENDED","tags":{"env":"test"}}`, 200, ""},
		{"add an account", "aws/account", `{"id":"444455556666","name":"new"}`, 200, ""},
		{"a bad account", "aws/account", `{"id":"1"}`, 422, "12 digits"},
	}
}

// otherSteps inject faults, write nonsense, and play people in Slack.
func otherSteps() []step {
	return []step{
		{"inject a fault", "faults", `{"service":"slack","op":"chat.postMessage","status":503,"name":"down"}`, 200, ""},
		{"a misspelt member", "faults", `{"sevice":"slack"}`, 400, "sevice"},
		{"an empty body", "graph/cycle", ``, 400, "{}"},
		{"two values", "graph/cycle", `{}{}`, 400, "more than one"},
		{"no JSON", "graph/cycle", `cycle`, 400, ""},
		{"nobody", "as/zoe/command", `{"text":"help"}`, 404, "hana, yuki"},
		{"no such path", "as/hana/dance", `{}`, 404, "docs/sandbox.md"},
		{"write in a channel", "as/hana/post", `{"channel":"C0AWS","text":"hello"}`, 200, ""},
		{"change an e-mail address", "as/hana/slack", `{"email":"hana.new@example.com","tz":"Europe/Berlin"}`, 200, ""},
		{"deactivate", "as/gus/slack", `{"deactivated":true}`, 200, ""},
		{"the deactivated cannot write", "as/gus/post", `{"channel":"C0AWS","text":"hello"}`, 422, ""},
		{"replay what was never sent", "slack/replay", `{"kind":"command"}`, 404, "was sent yet"},
		{"replay in an unknown way", "slack/replay", `{"kind":"command","how":"softly","body":"a=b"}`, 400, "softly"},
		{"an unknown view", "as/hana/submit", `{"view_id":"V1","values":{}}`, 422, ""},
		{"an unknown message", "as/hana/click", `{"channel":"C0AWS","ts":"1.1","action_id":"cancel"}`, 422, ""},
	}
}

// hold checks what the steps of TestControl have left behind.
func hold(t *testing.T, s *Sandbox) {
	t.Helper()
	st := s.State()
	pull := st.GitHub.Repos[0].Pulls[0]
	if pull.Title != "Another" || pull.State != "open" || len(pull.Reviews) != 2 || len(pull.Comments) != 1 {
		t.Errorf("pull request: %+v", pull)
	}
	if !st.GitHub.Dropped || !st.Graph.Job.NeverHonour || len(st.AWS.SCIMTokens) != 0 {
		t.Errorf("webhooks dropped %v, never honour %v, tokens %v", st.GitHub.Dropped, st.Graph.Job.NeverHonour, st.AWS.SCIMTokens)
	}
	for _, a := range st.AWS.Accounts {
		if a.ID == "111122224444" && (a.OU != "/Workloads/Test" || a.State != "SUSPENDED" || a.Tags["env"] != "test") {
			t.Errorf("account: %+v", a)
		}
	}
	for _, u := range st.Slack.Users {
		if u.ID == "U0HANA" && (u.Email != "hana.new@example.com" || u.TZ != "Europe/Berlin") || u.ID == "U0GUS" && !u.Deleted {
			t.Errorf("slack user: %+v", u)
		}
	}
}

func TestControlRefusesOtherPagesAndHosts(t *testing.T) {
	t.Parallel()
	s := running(t)
	tests := []struct {
		name   string
		method string
		header http.Header
		want   int
	}{
		{"no origin", http.MethodPost, nil, 200},
		{"its own page", http.MethodPost, http.Header{"Origin": {s.URL()}, "Sec-Fetch-Site": {"same-origin"}}, 200},
		{"another page", http.MethodPost, http.Header{"Origin": {"https://evil.example"}}, 403},
		{"another port", http.MethodPost, http.Header{"Origin": {"http://127.0.0.1:1"}}, 403},
		{"a sandboxed frame", http.MethodPost, http.Header{"Origin": {"null"}}, 403},
		{"a browser says cross-site", http.MethodPost, http.Header{"Sec-Fetch-Site": {"cross-site"}}, 403},
		{"a form", http.MethodPost, http.Header{"Content-Type": {"text/plain"}}, 415},
		{"deleting from another page", http.MethodDelete, http.Header{"Origin": {"https://evil.example"}}, 403},
		{"deleting", http.MethodDelete, nil, 200},
		{"a rebound name", http.MethodPost, http.Header{"Host": {"evil.example"}}, 403},
		{"localhost is this machine", http.MethodPost, http.Header{"Host": {"localhost:1"}}, 200},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			status, out := send(t, tc.method, s.URL()+"/sandbox/faults", `{"name":"none","service":"nothing"}`, tc.header)
			if status != tc.want {
				t.Errorf("got %d %v, want %d", status, out, tc.want)
			}
		})
	}
	if status, _ := send(t, http.MethodGet, s.URL()+"/sandbox/state", "", http.Header{"Host": {"evil.example"}}); status != 403 {
		t.Errorf("reading the state under a rebound name: %d", status)
	}
}
