package manifest_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/chat"
	"aws-access-bot/internal/chat/slack"
	"aws-access-bot/internal/manifest"
	"aws-access-bot/internal/sandbox/emukit"
	"aws-access-bot/internal/sandbox/slackemu"
	"aws-access-bot/internal/secret"

	"github.com/google/go-cmp/cmp"
)

const team = "T0ACME"

// callsOfSlack are the calls of the Web API in chat/slack, each with the scopes
// that its page at docs.slack.dev names for what the bot does with it.
func callsOfSlack() map[string][]string {
	history := []string{"channels:history", "groups:history"}
	return map[string][]string{
		"PostMessageContext":            {"chat:write", "chat:write.public"},
		"PostEphemeralContext":          {"chat:write"},
		"UpdateMessageContext":          {"chat:write"},
		"GetConversationHistoryContext": history,
		"GetConversationRepliesContext": history,
		"GetUserInfoContext":            {"users:read", "users:read.email"},
		"GetPermalinkContext":           nil,
		"OpenViewContext":               nil,
	}
}

// TestSlackIsAskedForWhatTheCallsNeed: every call in the source of chat/slack is
// in the list above, the manifest has the scopes of them all, and besides
// "commands", which the commands in it need, no other.
func TestSlackIsAskedForWhatTheCallsNeed(t *testing.T) {
	t.Parallel()
	files := must[[]string](t)(filepath.Glob("../chat/slack/*.go"))
	calls, need := map[string]bool{}, map[string]bool{"commands": true}
	for _, f := range files {
		if strings.HasSuffix(f, "_test.go") {
			continue
		}
		ast.Inspect(must[*ast.File](t)(parser.ParseFile(token.NewFileSet(), f, nil, 0)), func(n ast.Node) bool {
			if call, ok := n.(*ast.SelectorExpr); ok {
				if of, ok := call.X.(*ast.SelectorExpr); ok && of.Sel.Name == "api" {
					calls[call.Sel.Name] = true
				}
			}
			return true
		})
	}
	want := callsOfSlack()
	if diff := cmp.Diff(slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(calls))); diff != "" {
		t.Errorf("calls (-listed +made):\n%s", diff)
	}
	for _, scopes := range want {
		for _, s := range scopes {
			need[s] = true
		}
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(need)), scopes("")); diff != "" {
		t.Errorf("scopes (-needed +asked for):\n%s", diff)
	}
}

// scopes are those of the manifest but for one.
func scopes(without string) []string {
	var out []string
	for _, s := range manifest.SlackScopes() {
		if s.Name != without {
			out = append(out, s.Name)
		}
	}
	return out
}

// TestTheScopesAreEnoughForSlack, and without any one of them something that the
// bot does goes wrong. What the commands need is not a call.
func TestTheScopesAreEnoughForSlack(t *testing.T) {
	t.Parallel()
	if failed := atWork(t, scopes("")); len(failed) > 0 {
		t.Errorf("with all scopes: %v", failed)
	}
	for _, s := range scopes("commands") {
		if len(atWork(t, scopes(s))) == 0 {
			t.Errorf("without %s nothing goes wrong: it is not needed", s)
		}
	}
}

// atWork does all that the bot does in Slack with a token of these scopes, and
// says what failed. The bot is in one public and one private channel.
func atWork(t *testing.T, scopes []string) map[string]string {
	t.Helper()
	const token, bot = "xoxb-1234567890", "UBOT0ACME"
	s := must[*slackemu.Server](t)(slackemu.New(emukit.New(1), slackemu.Options{
		SigningSecret: strings.Repeat("s", 32), NoRateLimits: true,
		Workspaces: []slackemu.Workspace{{ID: team, Domain: "acme", BotToken: token, Scopes: scopes}},
	}))
	if err := s.AddUser(slackemu.User{ID: "U0HANA", RealName: "Hana", Email: "hana@example.com"}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []slackemu.Channel{
		{ID: "C0IN", Name: "in", Members: []string{"U0HANA", bot}}, {ID: "C0OUT", Name: "out", Members: []string{"U0HANA"}},
		{ID: "G0IN", Name: "private", IsPrivate: true, Members: []string{"U0HANA", bot}},
	} {
		if err := s.AddChannel(c); err != nil {
			t.Fatal(err)
		}
	}
	api := httptest.NewServer(s.Handler())
	defer api.Close()
	client := slack.NewClient(secret.New(token), api.URL+"/slack/api/", []string{team}, http.DefaultClient, time.Now)
	failed := map[string]string{}
	try := func(what string, err error) {
		if err != nil {
			failed[what] = err.Error()
		}
	}
	ctx, m := t.Context(), chat.Message{Summary: "x", Blocks: []chat.Block{chat.Text{{Text: "x"}}}}
	for _, id := range []string{"C0IN", "G0IN"} {
		at := chat.Address{Team: team, Channel: id}
		ts, err := client.Post(ctx, at, m, "root "+id)
		try("post in "+id, err)
		if err != nil {
			continue
		}
		try("edit in "+id, client.Update(ctx, at, ts, m))
		_, err = client.Link(ctx, at, ts)
		try("link in "+id, err)
		_, _, err = client.Find(ctx, at, "root "+id, time.Now())
		try("look for a message in "+id, err)
		_, _, err = client.Find(ctx, chat.Address{Team: team, Channel: id, Thread: ts}, "reply", time.Now())
		try("look for a reply in "+id, err)
		try("answer in "+id, client.Whisper(ctx, at, "U0HANA", m))
	}
	_, err := client.Post(ctx, chat.Address{Team: team, Channel: "C0OUT"}, m, "notify")
	try("post in a public channel that it is not in", err)
	try("private message", client.Whisper(ctx, chat.Address{Team: team}, "U0HANA", m))
	p, err := client.Profile(ctx, access.ChatUser{Platform: access.Slack, Team: team, User: "U0HANA"})
	try("who asks", err)
	if err == nil && p.Email != "hana@example.com" {
		failed["who asks"] = "no e-mail address"
	}
	return failed
}
