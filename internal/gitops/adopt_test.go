package gitops_test

import (
	"errors"
	"strings"
	"testing"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
)

// gone is a request to take the lines of what is gone from AWS out of the config
// repo.
func (w *world) gone(account, slug, set string) access.Request {
	r := w.request(req)
	r.Kind = access.KindRevoke
	r.Want.AccountID, r.Want.AccountSlug, r.Want.AccountName, r.Want.PermissionSet = account, slug, slug, set
	r.Want.Term, r.Want.Reason = config.Term{Standing: true}, "adopts that it is gone from AWS (DRIFT-0a1b2c3d)"
	return r
}

// TestAdoptingWhatIsGoneTakesOutItsLine, whoever wrote it, and nothing else.
func TestAdoptingWhatIsGoneTakesOutItsLine(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.proposed(w.gone("111122223333", "payments-prod", "ReadOnlyAccess"))
	w.merge(n, "squash")
	w.look()
	if w.desires("111122223333", "ReadOnlyAccess", devGroup) {
		t.Error("the line is still there")
	}
	if !w.desires("111122224444", "ReadOnlyAccess", devGroup) {
		t.Error("another line is gone")
	}
}

// TestAdoptingRefusesALineThatGivesMore: what chooses accounts by OU or tags is
// for a person to change.
func TestAdoptingRefusesALineThatGivesMore(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]struct {
		account, slug, set, says string
		mend                     []string
	}{
		"a selector":        {"111122224444", "payments-dev", "ReadOnlyAccess", "chooses accounts by OU or tags", []string{"Put it back", "chooses no other account now", "accounts/payments-dev.yaml"}},
		"a selector of two": {"111122223333", "payments-prod", "PowerUserAccess", "chooses accounts by OU or tags", []string{"`account:` for each account that keeps it (payments-ledger)", "accounts/payments-prod.yaml"}},
		"no line":           {"111122224444", "payments-dev", "PowerUserAccess", "does not grant it any more", nil},
	} {
		w := newWorld(t)
		r := w.gone(x.account, x.slug, x.set)
		if name == "a selector of two" {
			r.Want.Principal.ID, r.Want.PrincipalSlug, r.Want.PrincipalName = "0b7e3f4c-0000-4000-8000-000000000014", "aws-payments-oncall", "aws-payments-oncall"
		}
		err := w.Propose(t.Context(), r)
		var no *access.Refusal
		if !errors.As(err, &no) || !strings.Contains(no.Error(), x.says) {
			t.Errorf("%s: %v, want a refusal that says %q", name, err, x.says)
			continue
		}
		for _, mend := range x.mend {
			if !strings.Contains(no.Mend, mend) {
				t.Errorf("%s: %q is not in %q", name, mend, no.Mend)
			}
		}
	}
}
