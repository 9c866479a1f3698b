package guard

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const app = 77

func wanted() Want { return Want{Branch: "main", Prefix: "access/", Check: "aws-access", App: app} }

// strong is a set-up as the design wants it, all of it visible.
func strong() Seen {
	main := Source{Name: `ruleset "default branch" (1)`}
	requests := Source{Name: `ruleset "request branches" (2)`, Actors: []Actor{{Kind: "Integration", ID: app, Mode: "always"}}}
	return Seen{
		Default: "main",
		Main: []Rule{
			{Type: TypeDeletion, Source: main},
			{Type: TypeForcePush, Source: main},
			{Type: TypePullRequest, Source: main, DismissStale: true},
			{Type: TypeChecks, Source: main, Strict: true, Checks: []Check{{"lint", 0}, {"aws-access", app}}},
			{Type: "code_scanning", Source: main},
		},
		Requests: []Rule{
			{Type: TypeCreation, Source: requests},
			{Type: TypeUpdate, Source: requests},
		},
	}
}

// without drops the rules of a type.
func without(kind string) func(*Seen) {
	return func(s *Seen) {
		is := func(r Rule) bool { return r.Type == kind }
		s.Main, s.Requests = slices.DeleteFunc(s.Main, is), slices.DeleteFunc(s.Requests, is)
	}
}

// alter changes the rules of a type.
func alter(kind string, change func(*Rule)) func(*Seen) {
	return func(s *Seen) {
		for _, list := range [][]Rule{s.Main, s.Requests} {
			for i := range list {
				if list[i].Type == kind {
					change(&list[i])
				}
			}
		}
	}
}

// source changes the source of all rules of one of the two branches.
func source(requests bool, change func(*Source)) func(*Seen) {
	return func(s *Seen) {
		list := s.Main
		if requests {
			list = s.Requests
		}
		for i := range list {
			change(&list[i].Source)
		}
	}
}

// classic adds classic protection with the rules of the first source.
func classic(actors ...Actor) func(*Seen) {
	return func(s *Seen) {
		for _, r := range slices.Clone(s.Main) {
			r.Source = Source{Name: "branch protection", Actors: actors}
			s.Main = append(s.Main, r)
		}
	}
}

// TestEachWeaknessAloneIsFoundT14T15: T14 and T15. Every way of the set-up to
// be weaker than the design wants, or not visible, is named by its code, and
// nothing else is.
func TestEachWeaknessAloneIsFoundT14T15(t *testing.T) {
	t.Parallel()
	admins := Actor{Kind: "RepositoryRole", ID: 5, Mode: "always"}
	tests := []struct {
		name   string
		change func(*Seen)
		want   []Code
	}{
		{"the set-up of the design is good", func(*Seen) {}, nil},
		{"no ruleset at all", func(s *Seen) { s.Main, s.Requests = nil, nil },
			[]Code{CheckNotRequired, Deletion, ForcePush, PullNotRequired, RequestsOpen}},
		{"another default branch", func(s *Seen) { s.Default = "develop" }, []Code{NotDefault}},
		{"pushes without a pull request", without(TypePullRequest), []Code{PullNotRequired}},
		{"approvals that outlive a push", alter(TypePullRequest, func(r *Rule) { r.DismissStale = false }), []Code{StaleKept}},
		{"approvals of GitHub's own", alter(TypePullRequest, func(r *Rule) { r.Approvals = 1 }), []Code{OwnApprovals}},
		{"code owners must approve", alter(TypePullRequest, func(r *Rule) { r.CodeOwners = true }), []Code{OwnApprovals}},
		{"the last push must be approved", alter(TypePullRequest, func(r *Rule) { r.LastPush = true }), []Code{OwnApprovals}},
		{"no required check", without(TypeChecks), []Code{CheckNotRequired}},
		{"other checks only", alter(TypeChecks, func(r *Rule) { r.Checks = r.Checks[:1] }), []Code{CheckNotRequired}},
		{"the check from any source", alter(TypeChecks, func(r *Rule) { r.Checks = []Check{{"aws-access", 0}} }), []Code{CheckAnySource}},
		{"the check from another App", alter(TypeChecks, func(r *Rule) { r.Checks = []Check{{"aws-access", 78}} }), []Code{CheckOtherSource}},
		{"branches that lie behind", alter(TypeChecks, func(r *Rule) { r.Strict = false }), []Code{CheckNotStrict}},
		{"a merge queue instead of a strict check", func(s *Seen) {
			alter(TypeChecks, func(r *Rule) { r.Strict = false })(s)
			s.Main = append(s.Main, Rule{Type: TypeQueue, Source: s.Main[0].Source})
		}, nil},
		{"a merge queue that some may bypass", func(s *Seen) {
			alter(TypeChecks, func(r *Rule) { r.Strict = false })(s)
			s.Main = append(s.Main, Rule{Type: TypeQueue, Source: Source{Name: "queue", Actors: []Actor{admins}}})
		}, []Code{Bypass}},
		{"a merge queue without the check", func(s *Seen) {
			without(TypeChecks)(s)
			s.Main = append(s.Main, Rule{Type: TypeQueue, Source: s.Main[0].Source})
		}, []Code{CheckNotRequired}},
		{"force pushes", without(TypeForcePush), []Code{ForcePush}},
		{"deletion", without(TypeDeletion), []Code{Deletion}},
		{"administrators may bypass", source(false, func(s *Source) { s.Actors = []Actor{admins} }), []Code{Bypass}},
		{"the App itself may bypass the branch's rules", source(false, func(s *Source) { s.Actors = []Actor{{"Integration", app, "always"}} }), []Code{Bypass}},
		{"a bypass for pull requests only", source(false, func(s *Source) { s.Actors = []Actor{{"Team", 9, "pull_request"}} }), []Code{Bypass}},
		{"hidden bypass", source(false, func(s *Source) { s.Hidden = true }), []Code{BypassHidden}},
		{"rules not visible", func(s *Seen) { s.Main, s.MainHidden = nil, true }, []Code{RulesHidden}},
		{"classic protection not visible", func(s *Seen) { s.ClassicHidden = true }, []Code{ClassicHidden}},
		{"a rule that is not understood counts for nothing", alter(TypeChecks, func(r *Rule) { r.Unclear = true }), []Code{CheckNotRequired, RuleUnknown}},
		{"request branches can be made by anybody", func(s *Seen) { s.Requests = s.Requests[1:] }, []Code{RequestsOpen}},
		{"request branches can be pushed to by anybody", func(s *Seen) { s.Requests = s.Requests[:1] }, []Code{RequestsOpen}},
		{"request branches are open to a team too", source(true, func(s *Source) { s.Actors = append(s.Actors, Actor{"Team", 9, "always"}) }), []Code{RequestsOpen}},
		{"request branches are closed to the App", source(true, func(s *Source) { s.Actors = nil }), []Code{RequestsClosed}},
		{"the App may bypass for pull requests only", source(true, func(s *Source) { s.Actors = []Actor{{"Integration", app, "pull_request"}} }), []Code{RequestsClosed}},
		{"hidden bypass of request branches", source(true, func(s *Source) { *s = Source{Name: s.Name, Hidden: true} }), []Code{RequestsHidden}},
		{"rules of request branches not visible", func(s *Seen) { s.Requests, s.RequestsHidden = nil, true }, []Code{RulesHidden}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := strong()
			tt.change(&s)
			var got []Code
			for _, f := range Compare(s, wanted()) {
				got = append(got, f.Code)
				if f.Sentence == "" || f.Mend == "" {
					t.Errorf("%s has no words: %+v", f.Code, f)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

// TestTheStrongestSourceDecides: rulesets and classic protection add up, so a
// demand is met when one of them binds everybody.
func TestTheStrongestSourceDecides(t *testing.T) {
	t.Parallel()
	open := source(false, func(s *Source) { s.Actors = []Actor{{"OrganizationAdmin", 0, "always"}} })
	tests := []struct {
		name    string
		changes []func(*Seen)
		want    []Code
	}{
		{"classic protection alone", []func(*Seen){classic(), func(s *Seen) { s.Main = s.Main[len(s.Main)/2:] }}, nil},
		{"a ruleset that some may bypass, and classic protection that binds all", []func(*Seen){open, classic()}, nil},
		{"a ruleset that hides its bypass, and classic protection that binds all", []func(*Seen){source(false, func(s *Source) { s.Hidden = true }), classic()}, nil},
		{"a ruleset that binds all, and classic protection that spares administrators", []func(*Seen){classic(Actor{"RepositoryRole", 5, "always"})}, nil},
		{"two that can be bypassed", []func(*Seen){open, classic(Actor{"RepositoryRole", 5, "always"})}, []Code{Bypass}},
		{"the pinned check can be bypassed, one from any source cannot", []func(*Seen){
			func(s *Seen) {
				pinned := s.Main[3]
				pinned.Source = Source{Name: "other", Actors: []Actor{{"Team", 9, "always"}}}
				s.Main[3].Checks = []Check{{"aws-access", 0}}
				s.Main = append(s.Main, pinned)
			},
		}, []Code{Bypass}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := strong()
			for _, change := range tt.changes {
				change(&s)
			}
			var got []Code
			for _, f := range Compare(s, wanted()) {
				got = append(got, f.Code)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

func TestABypassNamesWhoHasIt(t *testing.T) {
	t.Parallel()
	s := strong()
	source(false, func(s *Source) {
		s.Actors = []Actor{{"RepositoryRole", 5, "always"}, {"OrganizationAdmin", 0, "always"}, {"Integration", app, "always"}, {"Team", 9, "pull_request"}, {"DeployKey", 0, "always"}}
	})(&s)
	got := Compare(s, wanted())
	const want = `The ruleset "default branch" (1) does not bind administrators of the repository, administrators of the organization, the bot's own App, Team 9 (for pull requests), DeployKey.`
	if len(got) != 1 || got[0].Sentence != want || !strings.Contains(got[0].Text(), "(bypass)") {
		t.Errorf("findings %+v", got)
	}
}
