package importer_test

import (
	"fmt"
	"testing"
	"testing/fstest"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/importer"
	"aws-access-bot/internal/provision/permset"
)

// FuzzOutsideText: whatever things are called outside, an import comes to a valid
// repo with an empty plan; one odd name never stops it.
func FuzzOutsideText(f *testing.F) {
	for _, s := range []string{"payments-prod", "yes", "a: b # c", `it's "so"\`, "\x1b[0m", "a\u202eb", "e\u0301", "\xff", "開発", "~", "a/b", " x ", "2026-01-01", "0x1f", "-", "=", ".", "1:30", "0o7", ".inf", ".NaN", "y", "on", "+1", "1_000", "1e3", "null", "@", "a:", "a #b", "2026-01-01T00:00:00Z"} {
		f.Add(s, s, s, s, s, s)
	}
	f.Fuzz(func(t *testing.T, account, ou, key, value, group, user string) {
		s := live()
		s.Accounts[1].Name, s.Accounts[1].OU, s.Accounts[1].Tags = account, []string{ou}, map[string]string{key: value, "env": "prod"}
		s.Groups[0].Name, s.Groups[1].Name = group, account
		s.Directory.Groups[entra(11)] = importer.DirectoryGroup{Name: group, Security: true}
		s.Users[0].Name = user
		s.Directory.Users[entra(21)] = importer.DirectoryUser{UPN: user}
		o := options()
		o.UsersUntil, o.PermissionSets = noon.AddDate(0, 1, 0), true
		s.Sets[0].Live = &permset.Live{Definition: permset.Definition{Name: s.Sets[0].Name, Description: value, Session: time.Hour, RelayState: key,
			Managed: []string{"arn:aws:iam::aws:policy/" + account}}}
		inline, err := config.CanonicalPolicy(fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":%q,"Resource":"*","Condition":{%q:{%q:%q}}}]}`, ou, key, group, value))
		if err != nil {
			inline = value
		}
		s.Sets[1].Live = &permset.Live{Definition: permset.Definition{Name: s.Sets[1].Name, Description: value, Session: time.Hour, Inline: inline,
			Customer: []config.PolicyRef{{Name: group, Path: ou}}, Boundary: &config.Boundary{Customer: &config.PolicyRef{Name: key, Path: "/"}}, Tags: map[string]string{key: value, value: key}}}
		_, repo := applied(t, s, fstest.MapFS{}, o, build(t, s, fstest.MapFS{}, o))
		emptyPlan(t, planned(repo, s, noon))
		asDeclared(t, repo, s)
	})
}
