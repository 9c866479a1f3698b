package settings

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const good = `
listen: 127.0.0.1:8080
state_file: state.db
enable_changes: true
signing_key: {env: SIGNING}
config_repo: {owner: acme, name: aws-access-config, id: 42}
github: {app_id: 7, installation_id: 8, private_key: {file: key.pem}, webhook_secrets: [{env: HOOK}], base_url: http://127.0.0.1:9/github/api/v3}
slack: {signing_secrets: [{env: SLACK}], bot_token: {env: TOKEN}, workspaces: [T0ACME], channel: C0AWS}
aws: {region: ap-northeast-1}
entra: {tenant: t, client: c, secret: {env: ENTRA}}
`

func write(t *testing.T, name, text string) string {
	t.Helper()
	p := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

func env(m map[string]string) func(string) string { return func(k string) string { return m[k] } }

func secrets() map[string]string {
	long := strings.Repeat("s", 32)
	return map[string]string{"SIGNING": long, "HOOK": long, "SLACK": long, "TOKEN": "xoxb-12345", "ENTRA": "entra-secret"}
}

func load(t *testing.T, text string, m map[string]string) (*Settings, error) {
	t.Helper()
	p := write(t, "bot.yaml", text)
	key := filepath.Join(filepath.Dir(p), "key.pem")
	if err := os.WriteFile(key, []byte(strings.Repeat("k", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	return Load(p, env(m))
}

func TestGoodSettingsHaveDefaultsAndSlashes(t *testing.T) {
	t.Parallel()
	s, err := load(t, good, secrets())
	if err != nil {
		t.Fatal(err)
	}
	if s.Poll != 3*time.Minute || s.ConfigRepo.Branch != "main" || s.Slack.OpsChannel != "C0AWS" || s.OpsListen != "127.0.0.1:9090" {
		t.Errorf("defaults: %+v", s)
	}
	if s.GitHub.BaseURL != "http://127.0.0.1:9/github/api/v3/" || s.Entra.GraphURL != "https://graph.microsoft.com/v1.0" || s.Slack.APIURL != "https://slack.com/api/" {
		t.Errorf("base URLs: %q %q %q", s.GitHub.BaseURL, s.Entra.GraphURL, s.Slack.APIURL)
	}
	if !filepath.IsAbs(s.StateFile) || s.SigningKey.Len() != 32 {
		t.Errorf("state file %q, key of %d bytes", s.StateFile, s.SigningKey.Len())
	}
}

// TestBadSettings: each change to the good file is refused with its key named.
func TestBadSettings(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, old, new string
		env            map[string]string
		want           string
	}{
		{"unknown key", "listen:", "lissten:", nil, "lissten"},
		{"duplicate key", "state_file: state.db", "state_file: state.db\nstate_file: other.db", nil, "state_file"},
		{"anchor", "region: ap-northeast-1", "region: &r ap-northeast-1", nil, "an anchor (&r) is not allowed"},
		{"alias", "state_file: state.db", "state_file: &s state.db\nca_file: *s", nil, "an alias (*s) is not allowed"},
		{"tag", "region: ap-northeast-1", "region: !!str ap-northeast-1", nil, "a tag (!!str) is not allowed"},
		{"unset variable is named", "{env: TOKEN}", "{env: NOPE}", nil, "NOPE is not set"},
		{"second document", "aws:", "---\naws:", nil, "more than one YAML document"},
		{"empty webhook secret", "", "", map[string]string{"HOOK": ""}, "github.webhook_secrets[0]"},
		{"short webhook secret", "", "", map[string]string{"HOOK": "short"}, "github.webhook_secrets[0]"},
		{"blank slack secret", "", "", map[string]string{"SLACK": strings.Repeat(" ", 40)}, "slack.signing_secrets[0]"},
		{"short signing key", "", "", map[string]string{"SIGNING": "short"}, "signing_key"},
		{"no secret at all", "webhook_secrets: [{env: HOOK}]", "webhook_secrets: []", nil, "github.webhook_secrets"},
		{"secret in two places", "{env: TOKEN}", "{env: TOKEN, file: key.pem}", nil, "slack.bot_token"},
		{"missing secret file", "{file: key.pem}", "{file: nothing.pem}", nil, "github.private_key"},
		{"http to another machine", "http://127.0.0.1:9/", "http://ghe.example.com/", nil, "github.base_url"},
		{"URL with user", "http://127.0.0.1:9/", "https://u:p@ghe.example.com/", nil, "github.base_url"},
		{"no workspace", "[T0ACME]", "[]", nil, "slack.workspaces"},
		{"no repo id", "id: 42", "id: 0", nil, "config_repo.id"},
		{"bad address", "127.0.0.1:8080", "localhost", nil, "listen"},
		{"poll below a second", "aws:", "poll: 10ms\naws:", nil, "poll"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			m := secrets()
			for k, v := range tc.env {
				m[k] = v
			}
			_, err := load(t, strings.Replace(good, tc.old, tc.new, 1), m)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want a problem that names %q", err, tc.want)
			}
		})
	}
}

func TestT37AllProblemsAtOnceWithoutSecrets(t *testing.T) {
	t.Parallel()
	m := secrets()
	m["HOOK"], m["TOKEN"] = "canary", "canary"
	_, err := load(t, strings.Replace(good, "region: ap-northeast-1", "region: ''", 1), m)
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"github.webhook_secrets[0]", "slack.bot_token", "aws.region"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%s is not named in:\n%v", want, err)
		}
	}
	if strings.Contains(err.Error(), "canary") {
		t.Errorf("a secret is shown:\n%v", err)
	}
}

func TestADuplicateKeyIsTheOnlyProblemTold(t *testing.T) {
	t.Parallel()
	_, err := load(t, good+"listen: 127.0.0.1:1\n", secrets())
	var p Problems
	if !errors.As(err, &p) || len(p) != 1 || !strings.Contains(p[0], "listen") {
		t.Errorf("got %v", err)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add(good)
	f.Add("listen: [")
	f.Add("a: &a [*a]")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := load(t, text, secrets())
		if (s == nil) == (err == nil) {
			t.Errorf("settings %v, error %v", s, err)
		}
	})
}

// TestPrivateHosts are names of hosts only; what they are given is kept in lower
// case.
func TestPrivateHosts(t *testing.T) {
	t.Parallel()
	s, err := load(t, good+"private_hosts: [GHE.corp.example, sts.ap-northeast-1.amazonaws.com]\n", secrets())
	if err != nil || len(s.PrivateHosts) != 2 || s.PrivateHosts[0] != "ghe.corp.example" {
		t.Fatalf("got %+v, %v", s, err)
	}
	for _, bad := range []string{`""`, "https://ghe.example", "ghe.example:443", "10.0.0.1", `"[::1]"`, `"::1"`, "localhost", "a/b", "u@ghe.example", "10.0.0.0/8", `"*.example.com x"`} {
		if _, err := load(t, good+"private_hosts: ["+bad+"]\n", secrets()); err == nil || !strings.Contains(err.Error(), "private_hosts[0]") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}
