package settings

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestTheSettingsOfTheDocsAreTaken: what the pages have is what this package
// reads; of setup.md, whose settings are whole, also what the values say.
func TestTheSettingsOfTheDocsAreTaken(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"setup.md", "setup-slack.md", "setup-github.md", "setup-teams.md"} {
		page := docs(t, name)
		for _, b := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(page, -1) {
			if _, c, err := read(write(t, "bot.yaml", b[1]), env(nil)); err != nil || len(c.problems) > 0 {
				t.Errorf("%s: %v %v", name, err, c.problems)
			}
			if name == "setup.md" {
				loadWhole(t, b[1])
			}
		}
	}
}

func docs(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// loadWhole loads settings with every secret and the tenant in place.
func loadWhole(t *testing.T, text string) *Settings {
	t.Helper()
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte(strings.Repeat("s", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	text = regexp.MustCompile(`/run/secrets/[a-z-]+(\.pem)?`).ReplaceAllString(text, secret)
	text = strings.ReplaceAll(text, "TENANT-ID", tenantID)
	s, err := Load(write(t, "bot.yaml", text), func(string) string { return strings.Repeat("s", 100) })
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestTheCloudsOfTheDocsAreTaken: each column of the table in setup-teams.md makes
// settings that are taken, for a host of its own.
func TestTheCloudsOfTheDocsAreTaken(t *testing.T) {
	t.Parallel()
	whole := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindStringSubmatch(docs(t, "setup.md"))[1]
	rows := regexp.MustCompile("(?m)^\\| `(service_url|service_hosts|openid_metadata|issuer|scope|authority)` \\|(.*)\\|(.*)\\|(.*)\\|$").FindAllStringSubmatch(docs(t, "setup-teams.md"), -1)
	if len(rows) != 6 {
		t.Fatalf("%d rows", len(rows))
	}
	for column, host := range []string{"smba.infra.gcc.teams.microsoft.com", "smba.infra.gov.teams.microsoft.us", "smba.infra.dod.teams.microsoft.us"} {
		add := ""
		for _, r := range rows {
			cell := strings.Trim(r[2+column], " `")
			if cell == "the same" {
				cell = strings.Trim(r[1+column], " `")
			}
			if cell != "" {
				add += "\n  " + r[1] + ": " + cell
			}
		}
		s := loadWhole(t, strings.Replace(whole, "\n  ops_channel: \"19:", add+"\n  ops_channel: \"19:", 1))
		if s.Teams.ServiceURL != "https://"+host+"/teams/" || len(s.Teams.ServiceHosts) != 1 || s.Teams.ServiceHosts[0] != host {
			t.Errorf("%s: %q %v", host, s.Teams.ServiceURL, s.Teams.ServiceHosts)
		}
		if gov := column > 0; gov != (s.Teams.Issuer == "https://api.botframework.us") || gov != (s.Teams.Authority == "https://login.microsoftonline.us") || gov != strings.Contains(s.Teams.OpenIDMetadata, "azure.us") || gov != strings.Contains(s.Teams.Scope, ".us/") {
			t.Errorf("%s: %+v", host, s.Teams)
		}
	}
}
