package chat_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/chat"
)

// profiles are n of them.
func profiles(n int) []access.Usable {
	var out []access.Usable
	for i := range n {
		slug := fmt.Sprintf("account-%04d", i)
		out = append(out, access.Usable{AccountID: fmt.Sprintf("%012d", i), AccountSlug: slug, AccountName: slug, PermissionSet: "ReadOnlyAccess"})
	}
	return out
}

// file is the code of a message, in one.
func file(m chat.Message) (text string, blocks int) {
	var parts []string
	for _, b := range m.Blocks {
		if c, ok := b.(chat.Code); ok {
			parts = append(parts, string(c))
		}
	}
	return strings.Join(parts, "\n\n"), len(parts)
}

// TestTheCLIFileHasEveryProfileOnce, cut between profiles, and what does not fit
// is counted.
func TestTheCLIFileHasEveryProfileOnce(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 2, 17, 100, 5000} {
		m := chat.CLIMessage(profiles(n), 0, office8h())
		text, blocks := file(m)
		if blocks > 30 || strings.Count(text, "[sso-session aws-access]") != 1 {
			t.Errorf("%d profiles: %d blocks", n, blocks)
		}
		wrote := 0
		for i := range n {
			if c := strings.Count(text, fmt.Sprintf("[profile account-%04d-ReadOnlyAccess]\nsso_session = aws-access\nsso_account_id = %012d\n", i, i)); c > 1 {
				t.Errorf("profile %d stands %d times", i, c)
			} else {
				wrote += c
			}
		}
		said := ""
		if wrote < n {
			said = fmt.Sprintf("%d more profiles do not fit", n-wrote)
		}
		if got := write(m); !strings.Contains(got, said) || said == "" && strings.Contains(got, "do not fit") || n <= 100 && wrote != n {
			t.Errorf("%d profiles: %d written, and it says %s", n, wrote, got)
		}
	}
}

func TestGoldenCLI(t *testing.T) {
	t.Parallel()
	golden(t, "cli", write(chat.CLIMessage(profiles(2), 1, office8h()))+"\n"+write(chat.CLIMessage(nil, 2, office8h())))
}

// tenant has Hana in the group of payments-dev, where all is live.
type tenant struct{}

func (tenant) GroupsOf(_ context.Context, entra string) ([]string, error) {
	if entra == "3c1d9a70-0000-4000-8000-000000000021" {
		return []string{"0b7e3f4c-0000-4000-8000-000000000011"}, nil
	}
	return nil, nil
}

func (tenant) GrantFacts(context.Context, config.Assignment) (*access.GrantFacts, error) {
	return &access.GrantFacts{ReadBack: t0}, nil
}

func TestCLIIsForTheAskerAlone(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.desk.Service.Memberships, o.desk.Service.Grants = tenant{}, tenant{}
	o.town.starts = config.NextStarts(nil, o.town.repo, nil, config.Start{MergedAt: t0})
	o.take("k1", "U0HANA", "cli")
	o.take("k2", "U0KEN", "cli")
	o.work()
	for _, s := range o.town.said {
		got := write(s.m)
		has := strings.Contains(got, "[profile payments-")
		if has != (s.user == "U0HANA") {
			t.Errorf("%s is told %s", s.user, got)
		}
	}
	if len(o.town.said) != 2 {
		t.Errorf("%d answers", len(o.town.said))
	}
}
