package gitops_test

import (
	"errors"
	"testing"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/sandbox/emukit"
)

// TestFaults has the cells of the fault matrix (docs/faults.md) that are about
// what is made of a write to GitHub that goes wrong, by row and column.
func TestFaults(t *testing.T) {
	for cell, tests := range map[string]map[string]func(*testing.T){
		"C10/timeout": {
			"a lost answer is no second effect":     aLostAnswerIsNoSecondEffect,
			"a lost answer makes no second comment": aLostAnswerMakesNoSecondComment,
		},
		"C10/duplicate": {
			"proposing again finds what was made": proposingAgainFindsWhatWasMade,
		},
		"C10/lag":     {"a pull request that is not listed yet": aPullRequestThatIsNotListedYet},
		"C10/revoked": {"credentials that are refused": credentialsThatAreRefused},
		"C10/order": {
			"two requests at once": twoRequestsAtOnce,
		},
	} {
		for name, test := range tests {
			t.Run(cell+"/"+name, test)
		}
	}
}

// aPullRequestThatIsNotListedYet was made, its answer was lost, and the list of
// pull requests of its branch does not have it for a while: it is found later,
// and no second one is made.
func aPullRequestThatIsNotListedYet(t *testing.T) {
	t.Parallel()
	const pulls = "/repos/{owner}/{repo}/pulls"
	w := newWorld(t)
	w.kit.Faults.Add(emukit.Fault{Op: "POST " + pulls, Drop: true, AfterEffect: true})
	r := w.request(req)
	if err := w.Propose(t.Context(), r); err == nil {
		t.Fatal("the answer was not lost")
	}
	w.kit.Faults.Add(emukit.Fault{Name: "lags", Op: "GET " + pulls, Status: 200, Body: `[]`, Times: 2})
	if err := w.Propose(t.Context(), r); err == nil || w.requests("POST "+pulls) != 2 {
		t.Errorf("while it is not listed: %v after %d requests", err, w.requests("POST "+pulls))
	}
	w.must(w.Propose(t.Context(), r))
	w.look()
	if repo := w.emu.State().Repos[0]; len(repo.Pulls) != 1 || w.facts(req).Ref.Number != repo.Pulls[0].Number {
		t.Errorf("%d pull requests, facts %+v", len(repo.Pulls), w.facts(req).Ref)
	}
}

// credentialsThatAreRefused: nothing comes into force or is lost, it is said why,
// and once they are mended the request goes on.
func credentialsThatAreRefused(t *testing.T) {
	t.Parallel()
	const repo = "/repos/{owner}/{repo}"
	w := newWorld(t)
	before := w.status().InForce
	for _, op := range []string{"POST " + repo + "/git/trees", "POST " + repo + "/git/commits", "POST " + repo + "/git/refs", "POST " + repo + "/pulls"} {
		w.answers(op, 401, `{"message":"Bad credentials"}`)
	}
	r := w.request(req)
	for range 3 {
		var refusal *access.Refusal
		if err := w.Propose(t.Context(), r); !errors.Is(err, gitops.ErrDenied) || errors.As(err, &refusal) {
			t.Errorf("the request is to wait for people to mend it, got %v", err)
		}
	}
	if s := w.emu.State().Repos[0]; len(s.Pulls) != 0 || len(s.Branches) != 1 {
		t.Errorf("%d pull requests, branches %v", len(s.Pulls), s.Branches)
	}
	w.holds(before, "")
	w.kit.Faults.Clear()
	w.proposed(r)
	if s := w.emu.State().Repos[0]; len(s.Pulls) != 1 {
		t.Errorf("%d pull requests", len(s.Pulls))
	}
}
