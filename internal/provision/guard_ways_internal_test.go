package provision

import (
	"testing"
	"time"

	"aws-access-bot/config"
)

// TestATagIsNoEnd: tags and OUs are people's words, also those that a key has for an
// end.
func TestATagIsNoEnd(t *testing.T) {
	t.Parallel()
	file := &config.PrincipalFile{Principal: config.Principal{Kind: config.GroupPrincipal, ID: "0b7e3f4c-0000-4000-8000-000000000001"}}
	odd := &config.Selector{OU: "/Dev duration=8h", Tags: map[string]string{"env": "x expires=y"}}
	for name, tt := range map[string]struct {
		grant config.Grant
		ended bool
	}{
		"standing by odd tags": {config.Grant{Accounts: odd, PermissionSet: "AdministratorAccess"}, false},
		"hours by odd tags":    {config.Grant{Accounts: odd, PermissionSet: "AdministratorAccess", Duration: time.Hour}, true},
		"standing":             {config.Grant{Account: "dev", PermissionSet: "AdministratorAccess", Request: "REQ-AAAAAA"}, false},
		"until a time":         {config.Grant{Account: "dev", PermissionSet: "AdministratorAccess", Expires: time.Unix(1, 0), Request: "REQ-AAAAAA"}, true},
	} {
		if ended, known := hadEnd(Record{Grants: []config.GrantKey{file.Key(tt.grant)}}); ended != tt.ended || !known {
			t.Errorf("%s: ended %v, want %v", name, ended, tt.ended)
		}
	}
}
