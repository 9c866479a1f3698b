package gitops_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/sandbox/githubemu"
)

const accessFile = "aws-access.yaml"

// phaseWorld is the example in a phase. AWS was looked at, and has view.
func phaseWorld(t *testing.T, p config.Phase, view *access.EstateView) *world {
	t.Helper()
	files := exampleFiles(t)
	files[accessFile] = strings.Replace(files[accessFile], "\nphase: 1\n", "\nphase: "+string('0'+rune(p))+"\n", 1)
	w := newWorldOf(t, files)
	w.ahead = func(_ context.Context, repo *config.Repo, to config.Phase) (access.Preflight, error) {
		return access.Preflight{At: w.clock.Now(), Lines: access.Ahead(repo, to, access.Live{View: view})}, nil
	}
	w.restart()
	return w
}

// whole is an organization that has all accounts of the example and no other.
func whole(t *testing.T) *access.EstateView {
	t.Helper()
	v := &access.EstateView{Features: access.AllFeatures}
	for _, text := range exampleFiles(t) {
		if _, id, ok := strings.Cut(text, "id: \""); ok {
			v.Members = append(v.Members, access.EstateAccount{ID: id[:12], Name: "of the example", Member: true, State: "ACTIVE"})
		}
	}
	return v
}

// toPhase is the wish of Yuki, who approves no control plane here, to go to a
// phase.
func (w *world) toPhase(p config.Phase) access.Request {
	r := w.request(req)
	r.Kind, r.Want = access.KindPhase, access.Want{Phase: p}
	r.Asker.Person = access.Person{Entra: yukiEntra, Name: "Yuki", Email: "yuki@example.com"}
	return r
}

func (w *world) phase() config.Phase {
	w.t.Helper()
	f, err := w.InForce(w.t.Context())
	w.must(err)
	return f.Repo.Access.Phase
}

func TestFromPhaseAskToPhaseInForce(t *testing.T) {
	t.Parallel()
	w := phaseWorld(t, 1, whole(t))
	n := w.proposed(w.toPhase(2))
	p := w.emu.State().Repos[0].Pulls[0]
	if diff := cmp.Diff([]string{accessFile}, p.Changed); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"aws-access", "phase"}, p.Labels); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
	if p.Title != "Go to phase 2 (grow) ("+string(req)+")" {
		t.Errorf("title %q", p.Title)
	}
	for _, want := range []string{"from phase 1 (pilot) to phase 2 (grow)", "A new account file must be sso", "✅ The Organization has all features", "phase_back: true"} {
		if !strings.Contains(p.Body, want) {
			t.Errorf("the body does not say %q:\n%s", want, p.Body)
		}
	}
	if c := w.check(w.facts(req).Ref.Head); c.Conclusion != "action_required" || !strings.Contains(c.Summary, "Pre-flight of `phase 2 (grow)`") {
		t.Errorf("the check is %s:\n%s", c.Conclusion, c.Summary)
	}
	w.review("ken-platform", n, "APPROVE")
	w.look()
	if f := w.facts(req); f.Passes {
		t.Errorf("one approval of two passes: %+v", f)
	}
	w.review("lena-platform", n, "APPROVE")
	w.look()
	sha, err := w.repo.Merge("ken-platform", n, githubemu.MergeSpec{Method: "squash"})
	w.must(err)
	w.look()
	w.holds(sha, "")
	if w.phase() != config.Grow {
		t.Errorf("in %s", w.phase())
	}
	if v, err := w.Verdict(t.Context(), req); err != nil || v == nil || !v.InForce || v.Void != "" {
		t.Errorf("verdict %+v, %v", v, err)
	}
}

// TestPhase3WaitsForLegacyAccounts: the pull request is there while two accounts
// are legacy, names both with their owners, and is brought up to date until it
// passes.
func TestPhase3WaitsForLegacyAccounts(t *testing.T) {
	t.Parallel()
	w := phaseWorld(t, 2, whole(t))
	first := w.status().InForce
	n := w.proposed(w.toPhase(3))
	f := w.facts(req)
	c := w.check(f.Ref.Head)
	if !strings.Contains(strings.Join(f.Missing, "\n"), "Its owners are lena@example.com.") {
		t.Errorf("the owners are not named: %q", f.Missing)
	}
	for _, want := range []string{"crm-legacy (333344441111) is still legacy", "warehouse-legacy (333344442222)", "accounts/crm-legacy.yaml:5:8"} {
		if !strings.Contains(c.Summary, want) || !strings.Contains(strings.Join(f.Missing, "\n"), want) {
			t.Errorf("%q is not in the check or in what is missing:\n%s\n%q", want, c.Summary, f.Missing)
		}
	}
	if c.Conclusion != "failure" || f.Passes {
		t.Errorf("the check is %s, %+v", c.Conclusion, f)
	}
	// One account moves, and the list is shorter.
	w.moves("crm-legacy")
	head := w.facts(req).Ref.Head
	if head == f.Ref.Head {
		t.Fatal("the pull request was not brought up to date")
	}
	c = w.check(head)
	if strings.Contains(c.Summary, "crm-legacy") || !strings.Contains(c.Summary, "warehouse-legacy") || c.Conclusion != "failure" {
		t.Errorf("after one moved the check is %s:\n%s", c.Conclusion, c.Summary)
	}
	if w.phase() != config.Grow || w.status().InForce == first {
		t.Errorf("in %s at %s", w.phase(), w.status().InForce)
	}
	w.moves("warehouse-legacy")
	head = w.facts(req).Ref.Head
	if c = w.check(head); c.Conclusion != "action_required" {
		t.Fatalf("after both moved the check is %s:\n%s", c.Conclusion, c.Summary)
	}
	w.review("ken-platform", n, "APPROVE")
	w.review("lena-platform", n, "APPROVE")
	w.look()
	sha, err := w.repo.Merge("ken-platform", n, githubemu.MergeSpec{Method: "squash"})
	w.must(err)
	w.look()
	w.holds(sha, "")
	if w.phase() != config.Consolidated {
		t.Errorf("in %s", w.phase())
	}
}

// moves merges the change of an account from legacy to sso.
func (w *world) moves(slug string) {
	w.t.Helper()
	path := "accounts/" + slug + ".yaml"
	n := w.byHand("hana-dev", "move-"+slug, map[string]*githubemu.File{path: w.file(path, "stage: legacy ", "stage: sso ")})
	w.look()
	for _, login := range []string{"ken-platform", "lena-platform", "mio-sec", "taro-data"} {
		w.review(login, n, "APPROVE")
	}
	w.look()
	sha := w.merge(n, "squash")
	w.look()
	w.holds(sha, "")
	w.look()
}

// TestWhatOnlyAWSKnowsFailsTheCheckAndHaltsNothing: an account without a file
// blocks the step, and what was merged all the same is in force.
func TestWhatOnlyAWSKnowsFailsTheCheckAndHaltsNothing(t *testing.T) {
	t.Parallel()
	view := whole(t)
	view.Features = access.ConsolidatedBilling
	w := phaseWorld(t, 1, view)
	n := w.proposed(w.toPhase(2))
	w.review("ken-platform", n, "APPROVE")
	w.review("lena-platform", n, "APPROVE")
	w.look()
	f := w.facts(req)
	if c := w.check(f.Ref.Head); c.Conclusion != "failure" || !strings.Contains(c.Summary, "consolidated billing") || f.Passes {
		t.Errorf("the check is %s, %+v:\n%s", c.Conclusion, f, c.Summary)
	}
	sha := w.merge(n, "squash")
	w.look()
	w.holds(sha, "")
	if w.phase() != config.Grow {
		t.Errorf("in %s", w.phase())
	}
}

// TestAnyPullRequestToAPhaseListsWhatStandsBeforeIt: one by hand too, and AWS
// that does not answer is said and blocks nothing.
func TestAnyPullRequestToAPhaseListsWhatStandsBeforeIt(t *testing.T) {
	t.Parallel()
	w := phaseWorld(t, 2, nil)
	w.ahead = func(context.Context, *config.Repo, config.Phase) (access.Preflight, error) {
		return access.Preflight{}, errors.New("down")
	}
	w.restart()
	n := w.byHand("hana-dev", "phase", map[string]*githubemu.File{accessFile: w.file(accessFile, "\nphase: 2\n", "\nphase: 3\n")})
	back := w.byHand("hana-dev", "back", map[string]*githubemu.File{accessFile: w.file(accessFile, "\nphase: 2\n", "\nphase: 1\nphase_back: true\n")})
	w.look()
	c := w.check(w.head("phase"))
	for _, want := range []string{"crm-legacy (333344441111)", "not known", "asked again with the next look"} {
		if !strings.Contains(c.Summary, want) {
			t.Errorf("%q is not in the check of #%d:\n%s", want, n, c.Summary)
		}
	}
	if c := w.check(w.head("back")); c.Conclusion != "action_required" || strings.Contains(c.Summary, "Pre-flight") {
		t.Errorf("the check of #%d, a step back, is %s:\n%s", back, c.Conclusion, c.Summary)
	}
}

// TestPhaseThatCannotBeProposed: the default branch is in it, or not before it.
func TestPhaseThatCannotBeProposed(t *testing.T) {
	t.Parallel()
	w := phaseWorld(t, 2, whole(t))
	for to, want := range map[config.Phase]string{2: "in phase 2 (grow) already", 1: "step back"} {
		r := w.toPhase(to)
		r.ID = access.ID("REQ-00000" + string('0'+rune(to)))
		var no *access.Refusal
		if err := w.Propose(t.Context(), r); !errors.As(err, &no) || !strings.Contains(no.Error(), want) {
			t.Errorf("phase %d: %v, want %q", to, err, want)
		}
	}
}

// TestPhaseIsTakenBackFromTheSignedBlock: after the records were lost the step
// goes on, with title and text, though its head is not valid yet.
func TestPhaseIsTakenBackFromTheSignedBlock(t *testing.T) {
	t.Parallel()
	w := phaseWorld(t, 2, whole(t))
	n := w.proposed(w.toPhase(3))
	was := w.emu.State().Repos[0].Pulls[0]
	w.loses()
	w.look()
	w.must(w.client().EditTitle(t.Context(), n, "Go to phase 1, which is harmless"))
	w.look()
	if p := w.emu.State().Repos[0].Pulls[0]; p.Title != was.Title || !strings.Contains(p.Body, "warehouse-legacy") {
		t.Errorf("title %q, body\n%s", p.Title, p.Body)
	}
	w.moves("crm-legacy")
	w.moves("warehouse-legacy")
	if c := w.check(w.facts(req).Ref.Head); c.Conclusion != "action_required" {
		t.Errorf("the check is %s:\n%s", c.Conclusion, c.Summary)
	}
}

// TestPhaseThatWasTrustedPast: an operator named a commit after the merge, and
// the request ends by what is in force.
func TestPhaseThatWasTrustedPast(t *testing.T) {
	t.Parallel()
	w := phaseWorld(t, 1, whole(t))
	n := w.proposed(w.toPhase(2))
	sha := w.merge(n, "squash")
	w.look()
	w.holds(w.status().InForce, gitops.HaltApproval)
	w.must(w.Trust(t.Context(), sha, "the test"))
	w.look()
	if v, err := w.Verdict(t.Context(), req); err != nil || v == nil || !v.InForce {
		t.Errorf("verdict %+v, %v", v, err)
	}
}
