package access_test

import (
	"context"
	"io/fs"
	"strings"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/config/example"
	"aws-access-bot/internal/access"
)

const (
	analyst    = "3c1d9a70-0000-4000-8000-000000000025"
	sandboxers = "0b7e3f4c-0000-4000-8000-000000000018" // aws-sandbox-users
)

// teams are GitHub teams in memory, by number.
type teams struct {
	members map[int64][]int64
	err     error
}

func (t teams) TeamMembers(_ context.Context, team int64) ([]int64, error) {
	return t.members[team], t.err
}

// ruledWorld has a rule before those of the example, and Yuki in the team
// security.
func ruledWorld(t *testing.T, rule string) *world {
	t.Helper()
	text, err := fs.ReadFile(example.FS(), "aws-access.yaml")
	if err != nil {
		t.Fatal(err)
	}
	const first = "  - name: admin in production\n"
	if !strings.Contains(string(text), first) {
		t.Fatalf("the example has no %q", first)
	}
	w := newWorld(t)
	repo := exampleRepo(t, map[string]string{"aws-access.yaml": strings.Replace(string(text), first, rule+first, 1)})
	w.commits.force = access.InForce{Commit: "c0", Repo: repo, Starts: started(repo, morning)}
	w.dir.members[sandboxers] = []string{newcomer}
	w.service.Teams = teams{members: map[int64][]int64{1234567: {1001}}}
	return w
}

// TestT7WhoMayAsk: a rule's requesters hold when the request is made; what
// does not answer in time is left to the pull request.
func TestT7WhoMayAsk(t *testing.T) {
	t.Parallel()
	const narrow = "  - {name: narrow, match: {permission_sets: [PowerUserAccess]}, approvers: [control-plane], requesters: [team:security, group:aws-sandbox-users, ken@example.com]}\n"
	tests := []struct {
		name, who string
		change    func(*world)
		allowed   bool
	}{
		{"by team", yuki, func(*world) {}, true},
		{"by group", newcomer, func(*world) {}, true},
		{"by e-mail in people.yaml", ken, func(*world) {}, true},
		{"not by the e-mail of chat, nor by an empty group", newcomer, func(w *world) { w.dir.members[sandboxers] = nil }, false},
		{"none of them", analyst, func(*world) {}, false},
		{"the directory is down", analyst, func(w *world) { w.dir.err = errDown }, true},
		{"GitHub is down", analyst, func(w *world) { w.service.Teams = teams{err: errDown} }, true},
		{"nobody reads teams", analyst, func(w *world) { w.service.Teams = nil }, true},
		{"another is down, and the answer is known", ken, func(w *world) { w.dir.err = errDown }, true},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := ruledWorld(t, narrow)
			tc.change(w)
			a := good("k1")
			a.Asker = asker(tc.who)
			a.Asker.Email = "ken@example.com"
			_, resolved := w.service.Resolve(t.Context(), a)
			_, asked := w.service.Ask(t.Context(), a)
			for _, err := range []error{resolved, asked} {
				if tc.allowed {
					if err != nil {
						t.Errorf("refused: %v", err)
					}
					continue
				}
				if no := refused(t, err, ""); !strings.Contains(no.Message, "lets only team:security, group:aws-sandbox-users, ken@example.com ask") {
					t.Errorf("%q", no.Message)
				}
			}
			if all, err := w.requests.All(t.Context()); err != nil || (len(all) == 1) != tc.allowed {
				t.Errorf("stored: %d, %v", len(all), err)
			}
		})
	}
}

// TestT4ARepeatedDeliveryIsNotRefusedByANewRule: it is the request that it
// made.
func TestT4ARepeatedDeliveryIsNotRefusedByANewRule(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.ask(good("k1"))
	w.commits.force = ruledWorld(t, "  - {name: narrow, match: {permission_sets: [PowerUserAccess]}, approvers: [control-plane], requesters: [ken@example.com]}\n").commits.force
	if again := w.ask(good("k1")); !again.Repeated || again.Request.ID != first.Request.ID {
		t.Errorf("got %+v", again)
	}
}

func TestAskWantsTheReasonOfItsRule(t *testing.T) {
	t.Parallel()
	w := ruledWorld(t, "  - {name: tickets, match: {permission_sets: [PowerUserAccess]}, approvers: [control-plane], reason: {ticket: \"INC-[0-9]+\"}}\n")
	_, err := w.service.Ask(t.Context(), good("k1"))
	if no := refused(t, err, "reason"); !strings.Contains(no.Error(), "wants a ticket in the reason. Name one that fits INC-[0-9]+") {
		t.Errorf("%q", no.Error())
	}
	a := good("k2")
	a.Reason = "INC-12 refunds"
	w.ask(a)
}

// TestTheLengthChoosesTheRule also where none is given.
func TestTheLengthChoosesTheRule(t *testing.T) {
	t.Parallel()
	const rules = `  - {name: short, match: {permission_sets: [PowerUserAccess], at_most: 2h}, approvers: [control-plane], default_duration: 2h}
  - {name: long, match: {permission_sets: [PowerUserAccess], longer_than: 2h}, approvers: [control-plane], max_duration: 6h}
`
	tests := []struct {
		name string
		term *config.Term
		want time.Duration // 0 for a refusal
	}{
		{"the default of the rule it falls under", nil, 2 * time.Hour},
		{"short", &config.Term{For: time.Hour}, time.Hour},
		{"long", &config.Term{For: 6 * time.Hour}, 6 * time.Hour},
		{"too long for the rule of long ones", &config.Term{For: 7 * time.Hour}, 0},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			a := good("k1")
			a.Term = tc.term
			got, err := ruledWorld(t, rules).service.Resolve(t.Context(), a)
			if tc.want == 0 {
				refused(t, err, "duration")
			} else if err != nil || got.Term.For != tc.want {
				t.Errorf("%s, %v; want %s", got.Term, err, tc.want)
			}
		})
	}
}
