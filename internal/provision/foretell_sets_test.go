package provision_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/provision/fault"
)

// rooted is a commit in which Root is the way into two accounts, with a file of these
// policies, if any.
func rooted(id string, policies ...string) *repository {
	r := newRepository(id).with(0, "", grant(1, 1, "Root"), grant(1, 2, "Root"))
	if len(policies) > 0 {
		r = r.declaring(rootFile(policies...))
	}
	return r
}

// TestWhatDriftRevertTakesFromASetIsForetold, and held, with the allowance for the
// commit of the set: no file changes.
func TestWhatDriftRevertTakesFromASetIsForetold(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		svc := newSetService(newWorld().populate(1, 1))
		svc.have(view("Root", time.Hour, policyAdmin, policyView), accountID(1), accountID(2))
		s := startedSets(t, svc)
		first := rooted(sha("a"), policyView)
		s.commitOf(t, first)
		after(30 * time.Minute)
		reverts := func(id string) *repository {
			r := rooted(id, policyView).since(first)
			r.repo.Access.Drift = config.DriftRevert
			return r
		}
		f, err := s.engine.Foretell(t.Context(), mergeOf(first, reverts(sha("b"))))
		if diff := cmp.Diff([]provision.Code{provision.CodeSetWay}, codesOf(f)); diff != "" || err != nil || len(f.Unknown) > 0 {
			t.Fatalf("%v (-want +got):\n%s\n%+v", err, diff, f)
		}
		s.commitOf(t, reverts(sha("b")))
		after(time.Hour)
		if r := s.record(t, "Root"); r.Code != provision.CodeSetWay || !strings.Contains(r.Trouble, f.Holds[0].Mend) {
			t.Fatalf("held by %q: %s\nforetold: %s", r.Code, r.Trouble, f.Holds[0].Mend)
		}
		s.allows(t, reverts(sha("c")), f)
		if got := svc.see("Root"); cmp.Diff([]string{policyView}, got.Managed) != "" {
			t.Errorf("with the allowance that was foretold Root has %v: %+v", got.Managed, s.record(t, "Root"))
		}
	})
}

// TestASetThatCannotBeReadIsSaidToBeUnknown: nothing is guessed of a first file, and
// one that had a file is taken to be as that says.
func TestASetThatCannotBeReadIsSaidToBeUnknown(t *testing.T) {
	for name, tt := range map[string]struct {
		first, then *repository
		want        []provision.Code
		says        string
	}{
		"its first file": {rooted(sha("a")), rooted(sha("b"), policyView), []provision.Code{}, "What AWS has of the permission set Root already"},
		"a later one":    {rooted(sha("a"), policyAdmin), rooted(sha("b"), policyView), []provision.Code{provision.CodeSetWay}, "What AWS has of the permission set Root could not be read"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				svc := newSetService(newWorld().populate(1, 1))
				svc.have(view("Root", time.Hour, policyAdmin), accountID(1), accountID(2))
				s := startedSets(t, svc)
				s.commitOf(t, tt.first)
				after(30 * time.Minute)
				m := mergeOf(tt.first, tt.then.since(tt.first))
				s.do(func() {
					s.faults = append(s.faults, &scripted{op: "ReadSet", err: fault.New(fault.ErrThrottled, "read", "", nil)})
				})
				f, err := s.engine.Foretell(t.Context(), m)
				if diff := cmp.Diff(tt.want, codesOf(f)); diff != "" || err != nil || len(f.Unknown) != 1 || !strings.Contains(f.Unknown[0], tt.says) {
					t.Errorf("%v (-want +got):\n%s\n%q", err, diff, f.Unknown)
				}
				reads := s.count("ReadSet")
				for range 3 { // each look at the pull request asks
					if f, err = s.engine.Foretell(t.Context(), m); err != nil || len(f.Unknown) != 1 {
						t.Errorf("%v: %q", err, f.Unknown)
					}
				}
				if n := s.count("ReadSet") - reads; n != 0 {
					t.Errorf("read %d times more at once after a failure", n)
				}
				after(2 * time.Minute)
				reads = s.count("ReadSet")
				for range 3 {
					if f, err = s.engine.Foretell(t.Context(), m); err != nil || len(f.Unknown) != 0 {
						t.Errorf("%v: unknown though it can be read again: %q", err, f.Unknown)
					}
				}
				if n := s.count("ReadSet") - reads; n != 1 {
					t.Errorf("read %d times within minutes, want once", n)
				}
				if offline := provision.Foretell(m); (len(offline.Unknown) == 1) != (name == "its first file") {
					t.Errorf("by the config alone: %q", offline.Unknown)
				}
			})
		})
	}
}
