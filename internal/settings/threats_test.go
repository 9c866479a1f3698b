package settings

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestT01WeakSecretsStopTheStart: at every ingress, and wherever another secret
// is; as an empty, blank, short or missing variable or file. No problem shows
// any of the secret.
func TestT01WeakSecretsStopTheStart(t *testing.T) {
	t.Parallel()
	places := []struct {
		key, old, env string
		least         int
	}{
		{"github.webhook_secrets[0]", "{env: HOOK}", "HOOK", 32},
		{"slack.signing_secrets[0]", "{env: SLACK}", "SLACK", 32},
		{"signing_key", "{env: SIGNING}", "SIGNING", 32},
		{"slack.bot_token", "{env: TOKEN}", "TOKEN", 8},
		{"entra.secret", "{env: ENTRA}", "ENTRA", 8},
	}
	for _, p := range places {
		bad := map[string]string{
			"empty": "", "blank": strings.Repeat(" ", 64), "line ends": strings.Repeat("\n", 64), "one byte too short": strings.Repeat("z", p.least-1),
			"padded with blanks": strings.Repeat("z", p.least-1) + strings.Repeat(" ", 40), "one byte": "z",
		}
		for what, value := range bad {
			t.Run(p.key+" "+what, func(t *testing.T) {
				t.Parallel()
				m := secrets()
				m[p.env] = value
				refusedFor(t, good, m, p.key)
				file := write(t, "x.secret", value)
				refusedFor(t, strings.Replace(good, p.old, fmt.Sprintf("{file: %q}", file), 1), secrets(), p.key)
			})
		}
		t.Run(p.key+" missing", func(t *testing.T) {
			t.Parallel()
			m := secrets()
			delete(m, p.env)
			refusedFor(t, good, m, p.key)
			if p.key != "entra.secret" { // without one, workload identity is used
				refusedFor(t, strings.Replace(good, p.old, "{}", 1), secrets(), p.key)
			}
			refusedFor(t, strings.Replace(good, p.old, "{file: nowhere.secret}", 1), secrets(), p.key)
			refusedFor(t, strings.Replace(good, p.old, "{file: .}", 1), secrets(), p.key)
		})
		t.Run(p.key+" written in the file itself", func(t *testing.T) {
			t.Parallel()
			refusedFor(t, strings.Replace(good, p.old, strings.Repeat("z", 40), 1), secrets(), "")
		})
		t.Run(p.key+" long enough", func(t *testing.T) {
			t.Parallel()
			m := secrets()
			m[p.env] = strings.Repeat("z", p.least)
			if _, err := load(t, good, m); err != nil {
				t.Errorf("refused: %v", err)
			}
		})
	}
	// Of two secrets during a rotation, both must be good.
	two := strings.Replace(good, "webhook_secrets: [{env: HOOK}]", "webhook_secrets: [{env: HOOK}, {env: OLD}]", 1)
	refusedFor(t, two, secrets(), "github.webhook_secrets[1]")
	refusedFor(t, strings.Replace(good, "signing_secrets: [{env: SLACK}]", "signing_secrets: []", 1), secrets(), "slack.signing_secrets")
}

// refusedFor wants settings to be refused with a key named and no secret shown.
func refusedFor(t *testing.T, text string, m map[string]string, key string) {
	t.Helper()
	s, err := load(t, text, m)
	if err == nil || s != nil || !strings.Contains(err.Error(), key) {
		t.Errorf("got %v, want a problem that names %q", err, key)
		return
	}
	for name, value := range m {
		if v := strings.TrimSpace(value); len(v) > 4 && strings.Contains(err.Error(), v) {
			t.Errorf("the problem shows %s: %v", name, err)
		}
	}
	if strings.Contains(err.Error(), "zzzz") {
		t.Errorf("the problem shows a secret: %v", err)
	}
}

// TestT01AllSecretsAreNamedAtOnce: none is checked only after another is right.
func TestT01AllSecretsAreNamedAtOnce(t *testing.T) {
	t.Parallel()
	_, err := load(t, good, map[string]string{})
	if err == nil {
		t.Fatal("settings without any secret are taken")
	}
	for _, key := range []string{"github.webhook_secrets[0]", "slack.signing_secrets[0]", "signing_key", "slack.bot_token"} {
		if !strings.Contains(err.Error(), key) {
			t.Errorf("%s is not named in %v", key, err)
		}
	}
	empty := filepath.Join(t.TempDir(), "bot.yaml")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(empty, env(nil)); err == nil {
		t.Error("empty settings are taken")
	}
}

// TestT01WeakSecretsOfTeamsStopTheStart: as those of the other chat.
func TestT01WeakSecretsOfTeamsStopTheStart(t *testing.T) {
	t.Parallel()
	for what, value := range map[string]string{"empty": "", "blank": strings.Repeat(" ", 64), "one byte too short": strings.Repeat("z", 7)} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			m := teamsSecrets()
			m["TEAMS"] = value
			refusedFor(t, withTeams(), m, "teams.secret")
			file := write(t, "x.secret", value)
			refusedFor(t, strings.Replace(withTeams(), "{env: TEAMS}", fmt.Sprintf("{file: %q}", file), 1), teamsSecrets(), "teams.secret")
		})
	}
	refusedFor(t, strings.Replace(withTeams(), "{env: TEAMS}", "{}", 1), teamsSecrets(), "teams")
}
