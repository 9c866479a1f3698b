package provision_test

import (
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/store"
)

// adopts has a commit adopt assignments, as the code that trusts one does.
func (s *system) adopts(t *testing.T, sha string, list ...config.Assignment) {
	t.Helper()
	err := s.db.Update(t.Context(), "gitops.inforce", func(tx store.Tx) error { return store.MarkAdopted(tx, sha, list) })
	if err != nil {
		t.Fatal(err)
	}
	s.engine.Wake()
}

// withoutFiles is a repository in which neither group 9 nor user 3 has a file.
func withoutFiles(sha string, more ...config.Assignment) *repository {
	r := newRepository(sha).with(0, "", more...)
	delete(r.repo.Groups, "aws-group-9")
	delete(r.repo.Users, "user-3")
	return r
}

// olderAccess is of a group with a grant, of one with a file and no grant, and of a
// group and a user without a file.
func olderAccess() []config.Assignment {
	return []config.Assignment{grant(1, 15, readOnly), grant(8, 15, readOnly), grant(9, 15, readOnly), userGrant(3, 16, readOnly)}
}

// olderWorld has the older access live, and a group that is granted something.
func olderWorld() *world {
	w := newWorld().populate(1, 1, 2, 3, 8, 9)
	w.scim[userID(3)] = scimGroup{id: storeID(userID(3))}
	for _, a := range olderAccess() {
		w.put(a)
	}
	return w
}

// TestWhatIsAdoptedWithTheCommitInForceGoes, whoever has it, whether it was known as
// drift or not, and whether the bot ran when it was adopted, or was killed right after.
func TestWhatIsAdoptedWithTheCommitInForceGoes(t *testing.T) {
	for name, tt := range map[string]struct {
		known  time.Duration
		killed bool
	}{
		"at once": {0, false}, "known as drift": {30 * time.Hour, false}, "killed": {time.Hour, true}, "killed, known as drift": {30 * time.Hour, true},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				s := started(t, olderWorld())
				rest := spread(6)
				s.commitOf(t, withoutFiles(sha("a"), rest...))
				after(tt.known)
				if n := s.count("DeleteAccountAssignment"); n != 0 {
					t.Fatalf("%d removals before anything was adopted", n)
				}
				if tt.killed {
					s.stop()
				}
				s.adopts(t, sha("a"), olderAccess()...)
				if tt.killed {
					s = newSystem(t, s.world, s.db, changing)
					s.run(t)
				}
				after(20 * time.Minute)
				if n := s.alive(olderAccess()); n != 0 || s.alive(rest) != len(rest) {
					t.Errorf("%d of the older are left, %d of %d of the others", n, s.alive(rest), len(rest))
				}
				s.do(func() {
					for _, a := range s.audits {
						if a.Action == "assignment.delete" && a.Cause != "commit "+sha("a")[:10] {
							t.Errorf("%s was removed for %q", a.Target, a.Cause)
						}
					}
				})
			})
		})
	}
}
