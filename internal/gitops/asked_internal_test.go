package gitops

import (
	"errors"
	"strings"
	"testing"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/gitops/review"
)

// TestAPullRequestGivesWhatWasAskedForAndNothingElse: the same person or group,
// the same account and the same set, whatever the names in the files mean now.
func TestAPullRequestGivesWhatWasAskedForAndNothingElse(t *testing.T) {
	t.Parallel()
	asked := config.Assignment{Principal: config.Principal{Kind: config.GroupPrincipal, ID: "g"}, Account: "111122224444", PermissionSet: "PowerUserAccess"}
	other := func(change func(*config.Assignment)) []config.AssignmentChange {
		a := asked
		change(&a)
		return []config.AssignmentChange{{Assignment: a}}
	}
	only := []config.AssignmentChange{{Assignment: asked}}
	of := func(kind review.Kind) origin {
		return origin{request: &review.Request{Kind: kind}, block: Block{Request: "REQ-7F3K2Q", Kind: kind, Principal: asked.Principal, Account: asked.Account, PermissionSet: asked.PermissionSet}}
	}
	tests := []struct {
		name   string
		from   origin
		change config.Change
		other  bool
	}{
		{"what was asked for", of(review.Grant), config.Change{Added: only}, false},
		{"for longer", of(review.Grant), config.Change{Lengthened: only}, false},
		{"another account", of(review.Grant), config.Change{Added: other(func(a *config.Assignment) { a.Account = "111122223333" })}, true},
		{"another set", of(review.Grant), config.Change{Added: other(func(a *config.Assignment) { a.PermissionSet = "AdministratorAccess" })}, true},
		{"another group", of(review.Grant), config.Change{Added: other(func(a *config.Assignment) { a.Principal.ID = "h" })}, true},
		{"a person of that id", of(review.Grant), config.Change{Added: other(func(a *config.Assignment) { a.Principal.Kind = config.UserPrincipal })}, true},
		{"something besides, for longer", of(review.Grant), config.Change{Added: only, Lengthened: other(func(a *config.Assignment) { a.Account = "111122223333" })}, true},
		{"a line besides that gives nothing now", of(review.Grant), config.Change{Added: only, Idle: other(func(a *config.Assignment) { a.Account = "" })}, true},
		{"a revocation that gives", of(review.Revoke), config.Change{Added: only}, true},
		{"a revocation that takes", of(review.Revoke), config.Change{Removed: only}, false},
		{"by hand anything", origin{}, config.Change{Added: other(func(a *config.Assignment) { a.Account = "111122223333" })}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			bad := tt.from.asAsked(tt.change, 7)
			if (bad != nil) != tt.other || bad != nil && bad.code != HaltContent {
				t.Errorf("fault %+v, want one: %v", bad, tt.other)
			}
		})
	}
}

// TestAReplayedGrantGoesIntoNobodyElsesFile: a new group's grant is not put into
// the file that another group has taken since.
func TestAReplayedGrantGoesIntoNobodyElsesFile(t *testing.T) {
	t.Parallel()
	const (
		path  = "groups/aws-newcomers.yaml"
		entry = "access:\n  - account: payments-dev\n    permission_set: PowerUserAccess\n    duration: 4h\n    reason: x\n"
	)
	who := config.Principal{Kind: config.GroupPrincipal, ID: "0b7e3f4c-0000-4000-8000-0000000000aa"}
	group := func(id string) string { return "id: " + id + "\nname: aws-newcomers\n" + entry }
	old, made := goldenRepos(t, path, "", group(who.ID))
	_, base := goldenRepos(t, path, "", group("0b7e3f4c-0000-4000-8000-0000000000ab"))
	at := func(r *config.Repo, content string) *snapshot {
		return &snapshot{repo: r, entries: map[string]TreeEntry{path: {}}, fsys: memFS{path: []byte(content)}}
	}
	_, _, err := replay(&snapshot{repo: old}, at(made, group(who.ID)), at(base, group("0b7e3f4c-0000-4000-8000-0000000000ab")), who)
	var no *access.Refusal
	if !errors.As(err, &no) || !strings.Contains(no.Message, path+" is another principal's now") {
		t.Errorf("error %v", err)
	}
	if _, content, err := replay(&snapshot{repo: old}, at(made, group(who.ID)), &snapshot{repo: old}, who); err != nil || !strings.Contains(string(content), who.ID) {
		t.Errorf("on a base without that file: %q, %v", content, err)
	}
}
