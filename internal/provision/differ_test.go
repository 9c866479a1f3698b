package provision_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision"
)

// Differing implements provision.Places.
func (w *world) Differing(*config.Repo) map[string]provision.Placement {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.places
}

// wide gives a group a permission set wherever the OU /Workloads is, as of now.
func (r *repository) wide(group int, permissionSet string) *repository {
	f := r.repo.Groups[fmt.Sprintf("aws-group-%d", group)]
	g := config.Grant{Accounts: &config.Selector{OU: "/Workloads"}, PermissionSet: permissionSet}
	f.Access = append(f.Access, g)
	r.starts[f.Key(g)] = config.Start{MergedAt: time.Now().UTC()}
	return r
}

// only leaves a repository some of its accounts.
func (r *repository) only(numbers ...int) *repository {
	for slug, a := range r.repo.Accounts {
		if !slices.ContainsFunc(numbers, func(n int) bool { return accountID(n) == a.ID }) {
			delete(r.repo.Accounts, slug)
		}
	}
	return r
}

func (w *world) differ(account int, p provision.Placement) {
	w.do(func() { w.places = map[string]provision.Placement{accountID(account): p} })
}

var otherTag = provision.Placement{Differences: []string{"env is dev in the file and prod in AWS"}}

// TestWhereFileAndAWSDifferASelectorGivesNothingNew: it is foretold, held with its
// mend, listed as drift, and given once they agree; what names the account is
// given, and what was live stays.
func TestWhereFileAndAWSDifferASelectorGivesNothingNew(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := started(t, newWorld().populate(1, 1, 2, 3))
		first := newRepository(sha("a")).only(1, 2).wide(1, readOnly)
		s.commitOf(t, first)
		after(5 * time.Minute)
		s.differ(1, otherTag)
		next := newRepository(sha("b")).only(1, 2).wide(1, readOnly).wide(2, readOnly).with(0, "", grant(3, 1, readOnly)).since(first)
		foretold, err := s.engine.Foretell(t.Context(), mergeOf(first, next))
		if err != nil {
			t.Fatal(err)
		}
		if h := foretold.Holds; len(h) != 1 || h[0].Code != string(provision.CodeAccountDiffers) || !strings.Contains(h[0].Sentence, "env is dev in the file and prod in AWS") || foretold.AllowLines() != "" {
			t.Errorf("foretold: %+v", foretold)
		}
		s.commitOf(t, next)
		after(30 * time.Minute)
		f := s.facts(t, grant(2, 1, readOnly))
		if f.TroubleCode != string(provision.CodeAccountDiffers) || !strings.Contains(f.Trouble, "Mend the account in AWS, or its file") || !f.ReadBack.IsZero() {
			t.Errorf("held: %+v", f)
		}
		for _, a := range []config.Assignment{grant(1, 1, readOnly), grant(1, 2, readOnly), grant(2, 2, readOnly), grant(3, 1, readOnly)} {
			if f := s.facts(t, a); f.ReadBack.IsZero() || f.TroubleCode != "" {
				t.Errorf("%s: %+v", a, f)
			}
		}
		if known := s.known(t); len(known) != 1 || known[0].Account != accountID(1) || known[0].Acts != nil || !strings.Contains(known[0].Sentence, "do not agree") {
			t.Errorf("drift: %+v", known)
		}
		if o, err := s.engine.Status(t.Context()); err != nil || len(o.Differing) != 1 {
			t.Errorf("status: %q, %v", o.Differing, err)
		}
		s.do(func() { s.places = nil })
		s.engine.Wake()
		after(time.Minute)
		if f := s.facts(t, grant(2, 1, readOnly)); f.ReadBack.IsZero() || f.TroubleCode != "" {
			t.Errorf("once they agree: %+v", f)
		}
		if known := s.known(t); len(known) != 0 {
			t.Errorf("drift once they agree: %+v", known)
		}
	})
}

// TestWhatWasNotReadHoldsNothingAndIsSaid on the pull request.
func TestWhatWasNotReadHoldsNothingAndIsSaid(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := started(t, newWorld().populate(1, 1, 2))
		s.differ(1, provision.Placement{Unread: "its tags in AWS were not read yet"})
		first := newRepository(sha("a")).only(1, 2)
		s.commitOf(t, first)
		next := newRepository(sha("b")).only(1, 2).wide(1, readOnly).since(first)
		foretold, err := s.engine.Foretell(t.Context(), mergeOf(first, next))
		if err != nil || len(foretold.Holds) != 0 || len(foretold.Unknown) != 1 || !strings.Contains(foretold.Unknown[0], "its tags in AWS were not read yet") {
			t.Errorf("foretold: %+v, %v", foretold, err)
		}
		s.commitOf(t, next)
		after(5 * time.Minute)
		if f := s.facts(t, grant(1, 1, readOnly)); f.ReadBack.IsZero() {
			t.Errorf("%+v", f)
		}
	})
}

// TestWhatAMergeBringsInIsLeftToItsPreflight: it may be moved to its place first.
func TestWhatAMergeBringsInIsLeftToItsPreflight(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := started(t, newWorld().populate(1, 1, 2))
		s.differ(1, otherTag)
		first := newRepository(sha("a")).only(2)
		s.commitOf(t, first)
		next := newRepository(sha("b")).only(1, 2).wide(1, readOnly)
		foretold, err := s.engine.Foretell(t.Context(), mergeOf(first, next))
		if err != nil || len(foretold.Holds)+len(foretold.Notes)+len(foretold.Unknown) != 0 {
			t.Errorf("%+v, %v", foretold, err)
		}
	})
}

// TestAChangedAccountFileThatDiffersIsToldOfOnItsPullRequest, though nothing is
// granted by it.
func TestAChangedAccountFileThatDiffersIsToldOfOnItsPullRequest(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := started(t, newWorld().populate(1, 1))
		s.differ(1, otherTag)
		first := newRepository(sha("a")).only(1, 2)
		s.commitOf(t, first)
		for changed, want := range map[bool]int{true: 1, false: 0} {
			next := newRepository(sha("b")).only(1, 2)
			if changed {
				next.repo.Accounts["account-1"].Tags = map[string]string{"env": "dev"}
			}
			foretold, err := s.engine.Foretell(t.Context(), mergeOf(first, next))
			if err != nil || len(foretold.Notes) != want || len(foretold.Holds) != 0 {
				t.Errorf("changed %t: %+v, %v", changed, foretold, err)
			}
		}
	})
}
