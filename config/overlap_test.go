package config

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// TestTheEndOfOneGrantLeavesAnotherOfTheSame: two lines for one assignment, one
// ends, the assignment stays; and an extension merged before the end leaves no
// gap.
func TestTheEndOfOneGrantLeavesAnotherOfTheSame(t *testing.T) {
	t.Parallel()
	merged := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	who := Principal{Kind: GroupPrincipal, ID: "0b7e3f4c-0000-4000-8000-0000000000aa"}
	first := Grant{Account: "pay-prod", PermissionSet: "Reader", Duration: 4 * time.Hour, Request: "REQ-000001"}
	second := first
	second.Request = "REQ-000002"
	r, f := overlapping(nested(t), who, first, second)
	starts := Starts{f.Key(first): {MergedAt: merged}, f.Key(second): {MergedAt: merged.Add(3*time.Hour + 59*time.Minute)}}
	for after, want := range map[time.Duration][]GrantKey{
		3 * time.Hour:                {f.Key(first), f.Key(second)},
		4 * time.Hour:                {f.Key(second)},
		7*time.Hour + 58*time.Minute: {f.Key(second)},
		7*time.Hour + 59*time.Minute: nil,
	} {
		var got []GrantKey
		for _, d := range r.Desired(starts, merged.Add(after)) {
			got = append(got, d.Grants...)
		}
		if !slices.Equal(got, want) {
			t.Errorf("after %s it is made by %v, want %v", after, got, want)
		}
	}
}

// overlapping is a repo with the accounts of another and one file of grants.
func overlapping(base *Repo, who Principal, grants ...Grant) (*Repo, *PrincipalFile) {
	f := &PrincipalFile{Slug: "overlap", Name: "overlap", Principal: who, Access: grants}
	return &Repo{Access: base.Access, Accounts: base.Accounts, Groups: map[string]*PrincipalFile{"overlap": f}}, f
}

// TestOverlappingGrantsNeverCutEachOther: at every moment an assignment exists
// exactly if one of its grants, looked at alone, is in force, and its end is the
// latest of theirs. Seeded, so that a failure can be repeated.
func TestOverlappingGrantsNeverCutEachOther(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(7, 40))
	merged := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	who := Principal{Kind: GroupPrincipal, ID: "0b7e3f4c-0000-4000-8000-0000000000aa"}
	base := nested(t)
	for round := range 300 {
		var grants []Grant
		for i := range 1 + rnd.IntN(6) {
			g := Grant{Account: []string{"pay-prod", "pay-dev"}[rnd.IntN(2)], PermissionSet: "Reader", Request: fmt.Sprintf("REQ-%06d", i)}
			if rnd.IntN(4) == 0 {
				g.Account, g.Accounts = "", &Selector{Tags: map[string]string{"team": "payments"}}
			}
			switch rnd.IntN(5) {
			case 0: // standing
			case 1:
				g.Expires = merged.Add(time.Duration(rnd.IntN(600)) * time.Minute)
			default:
				g.Duration = time.Duration(1+rnd.IntN(300)) * time.Minute
			}
			grants = append(grants, g)
		}
		r, f := overlapping(base, who, grants...)
		starts := Starts{}
		for _, g := range grants {
			starts[f.Key(g)] = Start{MergedAt: merged.Add(time.Duration(rnd.IntN(300)) * time.Minute)}
		}
		for range 20 {
			now := merged.Add(time.Duration(rnd.IntN(900)) * time.Minute)
			together := map[Assignment]time.Time{}
			for _, d := range r.Desired(starts, now) {
				together[d.Assignment] = d.End
			}
			alone := map[Assignment]time.Time{}
			for _, g := range grants {
				one, _ := overlapping(base, who, g)
				for _, d := range one.Desired(starts, now) {
					if had, ok := alone[d.Assignment]; !ok || !had.IsZero() && (d.End.IsZero() || d.End.After(had)) {
						alone[d.Assignment] = d.End
					}
				}
			}
			if len(together) != len(alone) {
				t.Fatalf("round %d at %s: %d assignments together, %d one by one", round, now, len(together), len(alone))
			}
			for a, end := range alone {
				if got, ok := together[a]; !ok || !got.Equal(end) {
					t.Fatalf("round %d at %s: %s ends %s together, %s one by one", round, now, a, got, end)
				}
			}
		}
	}
}
