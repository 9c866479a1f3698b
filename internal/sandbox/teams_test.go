package sandbox

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"aws-access-bot/internal/sandbox/teamsemu"

	"go.yaml.in/yaml/v3"
)

// overTLS calls a path of the TLS port and returns status and JSON answer.
func overTLS(t *testing.T, s *Sandbox, method, path, token, contentType, body string) (int, map[string]any) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: s.ca.Pool(), MinVersion: tls.VersionTLS12}}}
	t.Cleanup(client.CloseIdleConnections)
	req, err := http.NewRequestWithContext(t.Context(), method, s.TLSURL()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", contentType)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatalf("%s %s: %d, no JSON: %s", method, path, res.StatusCode, raw)
	}
	return res.StatusCode, out
}

// tokenFor signs an app in.
func tokenFor(t *testing.T, s *Sandbox, client, secret, scope string) string {
	t.Helper()
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {client}, "client_secret": {secret}, "scope": {scope}}
	status, out := overTLS(t, s, http.MethodPost, "/"+entraTenant+"/oauth2/v2.0/token", "", "application/x-www-form-urlencoded", form.Encode())
	token, _ := out["access_token"].(string)
	if status != http.StatusOK || token == "" {
		t.Fatalf("sign in: %d %v", status, out)
	}
	return token
}

// TestATokenOpensWhatItIsFor: Graph refuses the connector's tokens and the other way
// round, and the registration for Teams may do nothing in Graph.
func TestATokenOpensWhatItIsFor(t *testing.T) {
	t.Parallel()
	s := running(t)
	sec := s.world.secrets
	const graph, bots = "https://graph.microsoft.com/.default", "https://api.botframework.com/.default"
	roster := "/teams/v3/conversations/" + url.PathEscape(teamsChannelAWS) + "/members/" + entraUser(21)
	for _, tc := range []struct {
		name, client, secret, scope, path string
		want                              int
	}{
		{"the connector", teamsApp, sec.teamsSecret, bots, roster, 200},
		{"the connector with a token for Graph", teamsApp, sec.teamsSecret, graph, roster, 401},
		{"the connector as another app", entraClient, sec.entraSecret, bots, roster, 401},
		{"Graph", entraClient, sec.entraSecret, graph, "/graph/v1.0/users/" + entraUser(21), 200},
		{"Graph with a token for the connector", entraClient, sec.entraSecret, bots, "/graph/v1.0/users/" + entraUser(21), 401},
		{"Graph as the Teams app", teamsApp, sec.teamsSecret, graph, "/graph/v1.0/users/" + entraUser(21), 403},
	} {
		if status, out := overTLS(t, s, http.MethodGet, tc.path, tokenFor(t, s, tc.client, tc.secret, tc.scope), "application/json", ""); status != tc.want {
			t.Errorf("%s: %d %v", tc.name, status, out)
		}
	}
}

// TestTheMainPortHasNoTeams: the bot gives its token to TLS only.
func TestTheMainPortHasNoTeams(t *testing.T) {
	t.Parallel()
	s := running(t)
	if status, out := send(t, http.MethodGet, s.URL()+"/teams/v1/.well-known/keys", "", nil); status != http.StatusNotFound || !strings.Contains(fmt.Sprint(out["error"]), s.TLSURL()+"/teams/") {
		t.Errorf("%d %v", status, out)
	}
	if status, out := overTLS(t, s, http.MethodGet, "/teams/v1/.well-known/openidconfiguration", "", "", ""); status != http.StatusOK || out["jwks_uri"] != s.TLSURL()+"/teams/v1/.well-known/keys" {
		t.Errorf("%d %v", status, out)
	}
}

// teamsBot is a bot of a few lines: it answers a message in its thread with a card,
// a fetch with a dialog, a search with one choice, a submission and a click with
// words.
type teamsBot struct {
	t     *testing.T
	s     *Sandbox
	token string
}

const teamsDialog = `{"task":{"type":"continue","value":{"title":"Shop","card":{"contentType":"application/vnd.microsoft.card.adaptive","content":{"type":"AdaptiveCard","version":"1.5",
"body":[{"type":"Input.ChoiceSet","id":"what","choices.data":{"type":"Data.Query","dataset":"goods"}}],"actions":[{"type":"Action.Submit","title":"Buy"}]}}}}}`

const teamsCard = `{"type":"message","attachments":[{"contentType":"application/vnd.microsoft.card.adaptive","content":{"type":"AdaptiveCard","version":"1.5","actions":[
{"type":"Action.Submit","title":"Open","data":{"msteams":{"type":"task/fetch"}}},{"type":"Action.Execute","title":"Cancel","verb":"cancel"}]}}]}`

func (b *teamsBot) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Type, Name, ID string
		Conversation   struct{ ID string }
	}
	raw, err := io.ReadAll(r.Body)
	if err == nil {
		err = json.NewDecoder(bytes.NewReader(raw)).Decode(&in)
	}
	switch {
	case r.Header.Get("Authorization") == "":
		w.WriteHeader(http.StatusUnauthorized)
	case err != nil:
		b.t.Errorf("%s: %v", raw, err)
	case in.Name == "task/fetch", in.Name == "composeExtension/fetchTask":
		_, _ = io.WriteString(w, teamsDialog)
	case in.Name == "application/search":
		_, _ = io.WriteString(w, `{"statusCode":200,"type":"application/vnd.microsoft.search.searchResponse","value":{"results":[{"title":"Tea","value":"tea"}]}}`)
	case in.Name == "adaptiveCard/action":
		_, _ = io.WriteString(w, `{"statusCode":200,"type":"application/vnd.microsoft.activity.message","value":"Cancelled."}`)
	case in.Type == "invoke":
		_, _ = io.WriteString(w, `{"task":{"type":"message","value":"Sold."}}`)
	case in.Type == "message" && strings.HasPrefix(in.Conversation.ID, "19:"):
		if status, out := overTLS(b.t, b.s, http.MethodPost, "/teams/v3/conversations/"+url.PathEscape(in.Conversation.ID)+"/activities", b.token, "application/json", teamsCard); status != http.StatusCreated {
			b.t.Errorf("answer: %d %v", status, out)
		}
	}
}

// withTeamsBot is a running sandbox with that bot.
func withTeamsBot(t *testing.T) *Sandbox {
	t.Helper()
	s := running(t)
	server := httptest.NewServer(&teamsBot{t: t, s: s, token: tokenFor(t, s, teamsApp, s.world.secrets.teamsSecret, "https://api.botframework.com/.default")})
	t.Cleanup(server.Close)
	if err := s.SetBotURL(server.URL); err != nil {
		t.Fatal(err)
	}
	return s
}

// thread returns the messages of the one thread in the channel of requests.
func thread(t *testing.T, s *Sandbox) teamsemu.MessageState {
	t.Helper()
	for _, c := range s.State("teams").Teams.Teams[0].Channels {
		if c.ID == teamsChannelAWS && len(c.Messages) == 1 {
			return c.Messages[0]
		}
	}
	t.Fatal("there is not one thread")
	return teamsemu.MessageState{}
}

func TestAPersonGoesThroughTeams(t *testing.T) {
	t.Parallel()
	s := withTeamsBot(t)
	if out := post(t, s, "as/hana/teams/message", `{"text":"@aws-access request"}`); out["delivered"] != true {
		t.Fatalf("message: %v", out)
	}
	card := thread(t, s).Replies[0]
	if len(card.Cards) != 1 || len(card.Cards[0].Problems) > 0 {
		t.Fatalf("answer: %+v", card)
	}
	out := post(t, s, "as/hana/teams/click", fmt.Sprintf(`{"activity":%q,"action":"Open"}`, card.ID))
	dialog, _ := out["dialog"].(map[string]any)
	id, _ := dialog["id"].(string)
	if dialog["title"] != "Shop" {
		t.Fatalf("click: %v", out)
	}
	out = post(t, s, "as/hana/teams/dialog/suggest", fmt.Sprintf(`{"dialog":%q,"field":"what","query":"te"}`, id))
	if list, _ := out["choices"].([]any); len(list) != 1 {
		t.Fatalf("suggest: %v", out)
	}
	if out = post(t, s, "as/hana/teams/dialog/submit", fmt.Sprintf(`{"dialog":%q,"values":{"what":"tea"}}`, id)); out["message"] != "Sold." {
		t.Fatalf("submit: %v", out)
	}
	for _, action := range []string{`1`, `"Cancel"`, `"cancel"`} {
		if out = post(t, s, "as/yuki/teams/click", fmt.Sprintf(`{"activity":%q,"action":%s,"conversation":"aws-access"}`, card.ID, action)); out["message"] != "Cancelled." {
			t.Errorf("click %s: %v", action, out)
		}
	}
	out = post(t, s, "as/ken/teams/extension", `{"command":"request"}`)
	dialog, _ = out["dialog"].(map[string]any)
	post(t, s, "as/ken/teams/dialog/close", fmt.Sprintf(`{"dialog":%q}`, dialog["id"]))
	if n := len(s.State("teams").Teams.Dialogs); n != 0 {
		t.Errorf("%d people have dialogs open", n)
	}
}

func TestReplayingActivities(t *testing.T) {
	t.Parallel()
	s := withTeamsBot(t)
	if status, _ := send(t, http.MethodPost, s.URL()+"/sandbox/teams/replay", `{"kind":"message","how":"same"}`, nil); status != http.StatusNotFound {
		t.Errorf("before the first: %d", status)
	}
	post(t, s, "as/hana/teams/message", `{"conversation":"personal","text":"help"}`)
	// In this order: a replay is the newest delivery for the next one, and "same" of
	// one without a token has none either. teamsBot looks for a token only.
	for _, how := range []string{"same", "again", "wrong-key", "unknown-key", "expired", "wrong-audience", "wrong-issuer", "wrong-service-url", "unsigned"} {
		want := 200.0
		if how == "unsigned" {
			want = 401
		}
		if out := post(t, s, "teams/replay", fmt.Sprintf(`{"kind":"message","how":%q}`, how)); out["status"] != want {
			t.Errorf("%s: %v", how, out)
		}
	}
	for body, want := range map[string]int{`{"kind":"message","how":"never"}`: 400, `{"kind":"message","body":"{}"}`: 400, `{"kind":"else"}`: 404} {
		if status, out := send(t, http.MethodPost, s.URL()+"/sandbox/teams/replay", body, nil); status != want {
			t.Errorf("%s: %d %v", body, status, out)
		}
	}
}

// TestControlOfTeams plays a list of steps on one sandbox, in order.
func TestControlOfTeams(t *testing.T) {
	t.Parallel()
	s := withTeamsBot(t)
	for _, tc := range []step{
		{"a message that mentions nobody", "as/hana/teams/message", `{"conversation":"general","text":"hello"}`, 200, ""},
		{"to a channel that is not there", "as/hana/teams/message", `{"conversation":"random","text":"hello"}`, 422, "in no conversation"},
		{"by nobody", "as/zoe/teams/message", `{"text":"hello"}`, 404, "zoe"},
		{"Olga has no chat with the bot", "as/olga/teams/message", `{"conversation":"personal","text":"help"}`, 422, "has not installed"},
		{"Olga installs it", "as/olga/teams/install", `{}`, 200, ""},
		{"Olga writes", "as/olga/teams/message", `{"conversation":"personal","text":"help"}`, 200, ""},
		{"Gus is a guest", "as/gus/teams/install", `{}`, 422, "guest"},
		{"Hana blocks the bot", "as/hana/teams/block", `{"blocked":true}`, 200, ""},
		{"and cannot write", "as/hana/teams/message", `{"conversation":"personal","text":"help"}`, 422, "blocked"},
		{"an unknown zone", "as/hana/teams/profile", `{"timezone":"Mars/Olympus"}`, 400, "timezone"},
		{"a guest from now on", "as/hana/teams/profile", `{"guest":true,"timezone":"Europe/Berlin","tenant":"x","email":"h@example.com"}`, 200, ""},
		{"gone", "as/hana/teams/profile", `{"removed":true}`, 200, ""},
		{"and plays no more", "as/hana/teams/message", `{"text":"hello"}`, 422, "no such"},
		{"an action that is none", "as/yuki/teams/click", `{"activity":"1","action":{}}`, 400, "number of an action"},
		{"a message that is not there", "as/yuki/teams/click", `{"activity":"1"}`, 422, "no such message"},
		{"nothing to refresh", "as/yuki/teams/refresh", `{"activity":"1"}`, 422, "no such message"},
		{"nothing to type into", "as/yuki/teams/suggest", `{"activity":"1","field":"x"}`, 422, "no such message"},
		{"a dialog that is not open", "as/yuki/teams/dialog/submit", `{"dialog":"1"}`, 422, "no such open dialog"},
		{"type-ahead in it", "as/yuki/teams/dialog/suggest", `{"dialog":"1","field":"x"}`, 422, "no such open dialog"},
		{"new keys", "teams/keys", `{"roll":true,"retire":true}`, 200, ""},
		{"no targeted messages", "teams/targeted", `{"on":false}`, 200, ""},
		{"out of the team", "as/ken/teams/uninstall", `{"scope":"team"}`, 200, ""},
		{"an unknown member", "as/ken/teams/install", `{"where":"team"}`, 400, "unknown field"},
	} {
		status, out := send(t, http.MethodPost, s.URL()+"/sandbox/"+tc.path, tc.body, nil)
		text, _ := out["error"].(string)
		if status != tc.want || !strings.Contains(text, tc.say) {
			t.Errorf("%s: POST %s %s: got %d %v, want %d with %q", tc.name, tc.path, tc.body, status, out, tc.want, tc.say)
		}
	}
	st := s.State("teams").Teams
	if st.Targeted || st.Teams[0].Installed || !st.Chats[entraUser(31)].Installed || !st.Users[0].IsRemoved || st.Users[0].TimeZone != "Europe/Berlin" {
		t.Errorf("state: %+v", st)
	}
}

func TestEverybodyIsInTeamsAsInEntra(t *testing.T) {
	t.Parallel()
	s := fresh(t)
	st := s.State("teams", "graph")
	graph := map[string]string{}
	for _, u := range st.Graph.Users {
		graph[u.ID] = u.UserPrincipalName
	}
	for i, p := range st.People {
		u := st.Teams.Users[i]
		if u.ObjectID != p.Entra || u.ID != p.Teams || graph[p.Entra] != u.UPN || u.IsGuest != p.guest {
			t.Errorf("%s: %+v, in Entra %q", p.Key, u, graph[p.Entra])
		}
		if st.Teams.Chats[p.Entra].Installed == p.withoutApp() {
			t.Errorf("%s: app installed: %v", p.Key, st.Teams.Chats[p.Entra].Installed)
		}
	}
	var names []string
	for _, c := range st.Teams.Teams[0].Channels {
		names = append(names, c.Name)
	}
	if strings.Join(names, " ") != "general aws-access aws-ops" {
		t.Errorf("channels %v; Slack has general, aws-access and aws-ops", names)
	}
}

func TestTheSettingsHaveTheChatsThatAreAskedFor(t *testing.T) {
	t.Parallel()
	key, err := testKey()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := New(Options{Key: key, Chat: "irc"}); err == nil {
		t.Error("chat irc is taken")
	}
	for chat, want := range map[string]string{"": "slack teams", ChatBoth: "slack teams", ChatSlack: "slack", ChatTeams: "teams"} {
		s, err := New(Options{Key: key, Chat: chat})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		file := filepath.Join(t.TempDir(), "bot.yaml")
		if err := s.WriteSettings(file, ""); err != nil {
			t.Fatal(err)
		}
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var f map[string]any
		if err := yaml.Unmarshal(raw, &f); err != nil {
			t.Fatal(err)
		}
		got := []string{}
		for _, name := range []string{"slack", "teams"} {
			if f[name] != nil {
				got = append(got, name)
			}
		}
		_, err = os.Stat(filepath.Join(filepath.Dir(file), "teams.secret"))
		if strings.Join(got, " ") != want || (err == nil) != strings.Contains(want, "teams") {
			t.Errorf("chat %q: sections %v, secret: %v", chat, got, err)
		}
	}
}
