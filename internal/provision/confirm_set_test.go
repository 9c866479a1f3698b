package provision_test

import (
	"strings"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
)

// TestARollBackGivesNoMoreThanWhatWasTakenAway: a permission set that permits something
// else by now was approved without those who had it before, so it is not put back. What
// does not change what it permits keeps nothing away.
func TestARollBackGivesNoMoreThanWhatWasTakenAway(t *testing.T) {
	const view, all = "arn:aws:iam::aws:policy/ReadOnlyAccess", "arn:aws:iam::aws:policy/AdministratorAccess"
	file := func(r *repository, session time.Duration, policy string) *repository {
		r.repo.PermissionSets[powerUser] = &config.PermissionSet{Name: powerUser, SessionDuration: session, ManagedPolicies: []string{policy}}
		return r
	}
	for name, tc := range map[string]struct {
		before, after func(*repository) *repository
		back          bool
	}{
		"it permits more": {
			func(r *repository) *repository { return file(r, time.Hour, view) },
			func(r *repository) *repository { return file(r, time.Hour, all) }, false,
		},
		"it gets a file": {
			func(r *repository) *repository { return r },
			func(r *repository) *repository { return file(r, time.Hour, all) }, false,
		},
		"only its sessions are longer": {
			func(r *repository) *repository { return file(r, time.Hour, view) },
			func(r *repository) *repository { return file(r, 2*time.Hour, view) }, true,
		},
		"its file goes": {
			func(r *repository) *repository { return file(r, time.Hour, view) },
			func(r *repository) *repository { return r }, true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				m := onMove(t)
				m.commitOf(t, tc.before(asking("b")))
				after(5 * time.Minute)
				m.question(t, access.CutoverAsked)
				m.restart(t, time.Minute)
				m.commitOf(t, tc.after(asking("c")))
				after(within + 5*time.Minute)
				m.question(t, access.CutoverRolledBack)
				if m.isLive(old()) != tc.back || m.isLive(old2()) != tc.back {
					t.Errorf("live %v and %v, want %v", m.isLive(old()), m.isLive(old2()), tc.back)
				}
				if told := m.heard(access.NoticeNotPutBack); !tc.back && (len(told) != 1 || !strings.Contains(told[0].Text, "permits something else by now")) {
					t.Errorf("told %+v", told)
				}
			})
		})
	}
}
