package gitops

import (
	"strings"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/gitops/review"
)

// TestHowToAskAgain: with the command that asked, for the group or for oneself.
func TestHowToAskAgain(t *testing.T) {
	t.Parallel()
	grant := config.Grant{Account: "payments-prod", PermissionSet: "ReadOnlyAccess", Duration: 4 * time.Hour}
	group := &config.PrincipalFile{Slug: "aws-payments-dev", Principal: config.Principal{Kind: config.GroupPrincipal}}
	user := &config.PrincipalFile{Slug: "hana", Principal: config.Principal{Kind: config.UserPrincipal}}
	tests := []struct {
		name string
		file *config.PrincipalFile
		want string
	}{
		{"for a group", group, "ask again with `/aws-access request payments-prod ReadOnlyAccess for aws-payments-dev 4h`"},
		{"for oneself", user, "ask again with `/aws-access request payments-prod ReadOnlyAccess for me 4h`"},
	}
	for _, tt := range tests {
		o := origin{request: &review.Request{Kind: review.Grant}}
		if got := o.again(config.Void{GrantRef: config.GrantRef{Grant: grant, File: tt.file}}); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
		if bad := o.void([]config.Void{{GrantRef: config.GrantRef{Grant: grant, File: tt.file}}}, config.Limits{}); bad == nil || !strings.Contains(bad.text, tt.want) {
			t.Errorf("%s: %+v", tt.name, bad)
		}
	}
}
