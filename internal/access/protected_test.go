package access_test

import (
	"io/fs"
	"strings"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/config/example"
	"aws-access-bot/internal/access"
)

// TestAnEndForWhatIsProtectedIsRefusedInChat, as the check of its pull request
// would: in the form and when it is sent, and nothing is proposed.
func TestAnEndForWhatIsProtectedIsRefusedInChat(t *testing.T) {
	t.Parallel()
	const was, line = "  - {group: aws-breakglass, permission_set: AdministratorAccess}\n", "  - {group: aws-payments-dev, permission_set: ReadOnlyAccess}\n"
	text, err := fs.ReadFile(example.FS(), "aws-access.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), was) {
		t.Fatalf("the example has no %q", was)
	}
	repo := exampleRepo(t, map[string]string{"aws-access.yaml": strings.Replace(string(text), was, was+line, 1)})
	for name, tt := range map[string]struct {
		set     string
		term    config.Term
		refused bool
	}{
		"for hours":      {"ReadOnlyAccess", config.Term{For: 4 * time.Hour}, true},
		"until a time":   {"ReadOnlyAccess", config.Term{End: morning.Add(3 * time.Hour)}, true},
		"without an end": {"ReadOnlyAccess", config.Term{Standing: true}, false},
		"another set":    {"PowerUserAccess", config.Term{For: 4 * time.Hour}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.commits.force = access.InForce{Commit: "c0", Repo: repo, Starts: started(repo, morning)}
			a := good("k1")
			a.Account, a.PermissionSet, a.Term = "orders-dev", tt.set, &tt.term
			_, resolved := w.service.Resolve(t.Context(), a)
			_, asked := w.service.Ask(t.Context(), a)
			for _, err := range []error{resolved, asked} {
				if !tt.refused {
					if err != nil {
						t.Error(err)
					}
					continue
				}
				if no := refused(t, err, "duration"); !strings.Contains(no.Message, "protected") || !strings.Contains(no.Mend, "without an end") {
					t.Errorf("said %v", no)
				}
			}
			if tt.refused && w.stored != 0 {
				t.Error("a request was stored")
			}
		})
	}
}
