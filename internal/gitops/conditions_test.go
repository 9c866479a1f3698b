package gitops_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/sandbox/githubemu"
	"aws-access-bot/internal/store"
)

const (
	kenEntra  = person + "23"
	taroEntra = person + "25"
)

// joins makes a group have n more people.
func (w *world) joins(group string, n int) {
	w.dir.mu.Lock()
	defer w.dir.mu.Unlock()
	for range n {
		w.dir.members[group] = append(w.dir.members[group], fmt.Sprintf("%s-%d", person, len(w.dir.members[group])))
	}
}

const (
	autoRule    = "  - {name: short, match: {permission_sets: [PowerUserAccess], at_most: 4h}, approvers: [account-owners], max_duration: 4h, auto: {per_day: 2}}\n"
	managedRule = "  - {name: managed, match: {permission_sets: [PowerUserAccess]}, approvers: [requester-manager], max_duration: 8h}\n"
	pinnedRule  = "  - {name: pinned, match: {permission_sets: [PowerUserAccess]}, approvers: [account-owners], max_duration: 8h, people: pinned}\n"
)

// TestT43AutoIsCountedFromWhatWasPutInForce through merges and a restart.
func TestT43AutoIsCountedFromWhatWasPutInForce(t *testing.T) {
	t.Parallel()
	w := ruledWorld(t, autoRule)
	ask := func(id access.ID, length time.Duration) int {
		r := w.request(id)
		r.Want.Term.For = length
		return w.proposed(r)
	}
	for i, id := range []access.ID{"REQ-000001", "REQ-000002"} {
		n := ask(id, time.Duration(i+1)*time.Hour)
		c := w.check(w.facts(id).Ref.Head)
		if c.Conclusion != "success" || c.Title != "nothing needs approval" || !strings.Contains(c.Summary, fmt.Sprintf("this is number %d", i+1)) {
			t.Errorf("check of %s: %q %q\n%s", id, c.Conclusion, c.Title, c.Summary)
		}
		sha := w.merge(n, "squash")
		w.look()
		w.holds(sha, "")
	}
	w.restart()
	third := ask("REQ-000003", 3*time.Hour)
	c := w.check(w.facts("REQ-000003").Ref.Head)
	if c.Conclusion != "action_required" || !strings.Contains(strings.Join(w.facts("REQ-000003").Missing, " "), "2 a day pass without an approval, and they are used up") {
		t.Errorf("check of the third: %q, missing %q", c.Conclusion, w.facts("REQ-000003").Missing)
	}
	before := w.head("main")
	w.merge(third, "squash")
	w.look()
	w.holds(before, gitops.HaltApproval)
	w.review("yuki-lead", third, "APPROVE")
	w.look()
	w.holds(w.head("main"), "")

	// A while more than a day: GitHub's clock may be behind.
	w.clock.move(24*time.Hour + 2*time.Minute)
	ask("REQ-000004", 4*time.Hour)
	if c := w.check(w.facts("REQ-000004").Ref.Head); c.Conclusion != "success" {
		t.Errorf("a day later: %q %q", c.Conclusion, c.Title)
	}
}

// TestT43TwoAutomaticOnesAtOnceDoNotPassTheCap: both checks pass, one merge
// does.
func TestT43TwoAutomaticOnesAtOnceDoNotPassTheCap(t *testing.T) {
	t.Parallel()
	w := ruledWorld(t, strings.Replace(autoRule, "per_day: 2", "per_day: 1", 1))
	one, other := w.request("REQ-000001"), w.request("REQ-000002")
	other.Want.Principal.ID, other.Want.PrincipalSlug, other.Want.PrincipalName = "0b7e3f4c-0000-4000-8000-000000000017", "aws-orders-dev", "aws-orders-dev"
	w.must(w.Propose(t.Context(), one))
	w.must(w.Propose(t.Context(), other))
	w.look()
	for _, id := range []access.ID{"REQ-000001", "REQ-000002"} {
		if c := w.check(w.facts(id).Ref.Head); c.Conclusion != "success" {
			t.Fatalf("check of %s: %q %q", id, c.Conclusion, c.Title)
		}
	}
	first := w.merge(w.facts("REQ-000001").Ref.Number, "squash")
	w.merge(w.facts("REQ-000002").Ref.Number, "squash")
	w.look()
	w.holds(first, gitops.HaltApproval)
}

// TestT7WhoMayNotAskGetsNoPullRequest, and none of his passes.
func TestT7WhoMayNotAskGetsNoPullRequest(t *testing.T) {
	t.Parallel()
	w := ruledWorld(t, "  - {name: narrow, match: {permission_sets: [PowerUserAccess]}, approvers: [account-owners], max_duration: 8h, requesters: [team:platform, group:aws-payments-dev]}\n")
	r := w.request("REQ-000001")
	r.Asker.Entra = taroEntra
	var no *access.Refusal
	err := w.Propose(t.Context(), r)
	if !errors.As(err, &no) || !strings.Contains(no.Message, `The rule "narrow" lets only team:platform, group:aws-payments-dev ask`) {
		t.Errorf("%v", err)
	}
	if f := w.facts("REQ-000001"); f.Refused == "" || f.Ref.Number != 0 {
		t.Errorf("recorded %+v", f)
	}
	for _, id := range []string{hanaEntra, kenEntra} { // by group, by team
		r := w.request(access.ID("REQ-" + id[len(id)-6:]))
		r.Asker.Entra = id
		w.proposed(r)
	}
	n := w.byHand("taro-data", "topic", map[string]*githubemu.File{devFile: w.grantLine(devFile, devGrant)})
	w.look()
	w.review("yuki-lead", n, "APPROVE")
	w.look()
	before := w.head("main")
	w.merge(n, "squash")
	w.look()
	w.holds(before, gitops.HaltRefused)
}

func TestAReasonWithoutItsTicketGetsNoPullRequest(t *testing.T) {
	t.Parallel()
	w := ruledWorld(t, "  - {name: tickets, match: {permission_sets: [PowerUserAccess]}, approvers: [account-owners], max_duration: 8h, reason: {ticket: \"INC-[0-9]+\"}}\n")
	var no *access.Refusal
	if err := w.Propose(t.Context(), w.request("REQ-000001")); !errors.As(err, &no) || !strings.Contains(no.Message, "wants a ticket") {
		t.Errorf("%v", err)
	}
	r := w.request("REQ-000002")
	r.Want.Reason = "INC-12: looking"
	w.proposed(r)
}

// TestT11AGroupThatGrewBeforeTheMerge needs approvals given after that.
func TestT11AGroupThatGrewBeforeTheMerge(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := approvedPull(w)
	head := w.facts(req).Ref.Head
	w.joins(devGroup, 3)
	w.look()
	if c := w.check(head); c.Conclusion != "success" {
		t.Fatalf("three joined: %q %q", c.Conclusion, c.Title)
	}
	w.joins(devGroup, 1)
	for range 2 { // the people stay what they are, and the approval old
		w.look()
		if c := w.check(head); c.Conclusion != "action_required" || !strings.Contains(c.Summary, "`people-joined`") {
			t.Fatalf("four joined: %q %q\n%s", c.Conclusion, c.Title, c.Summary)
		}
	}
	w.review("yuki-lead", n, "APPROVE")
	w.look()
	sha := w.merge(n, "squash")
	w.look()
	w.holds(sha, "")
}

// TestT11AGroupThatGrewBetweenCheckAndMerge waits for another approval, or for
// those who joined to leave.
func TestT11AGroupThatGrewBetweenCheckAndMerge(t *testing.T) {
	t.Parallel()
	mends := map[string]func(w *world, n int){
		"a new approval": func(w *world, n int) { w.review("yuki-lead", n, "APPROVE") },
		"who joined leaves": func(w *world, _ int) {
			w.dir.mu.Lock()
			defer w.dir.mu.Unlock()
			w.dir.members[devGroup] = []string{hanaEntra}
		},
	}
	for name, mend := range mends {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := ruledWorld(t, pinnedRule)
			before := w.head("main")
			n := approvedPull(w)
			w.joins(devGroup, 1)
			sha := w.merge(n, "squash")
			w.look()
			w.holds(before, gitops.HaltApproval)
			w.restart()
			w.look()
			w.holds(before, gitops.HaltApproval)
			mend(w, n)
			w.look()
			w.holds(sha, "")
		})
	}
}

// TestT43WhatPassedByItselfNeedsAnApprovalOnceItsGroupGrew, also when those who
// joined were shown, and of the bot's own merge.
func TestT43WhatPassedByItselfNeedsAnApprovalOnceItsGroupGrew(t *testing.T) {
	t.Parallel()
	w := autoWorld(t, strings.Replace(autoRule, "auto:", "people: pinned, auto:", 1))
	w.hook(&hooked{draft: true}) // it is not merged yet
	n := w.proposed(w.request(req))
	w.joins(devGroup, 1)
	w.look()
	w.restart()
	for range 3 {
		w.look()
		if c := w.check(w.headOf(n)); c.Conclusion != "action_required" || w.merges() != 0 {
			t.Fatalf("check %q %q, %d merges", c.Conclusion, c.Title, w.merges())
		}
	}
	w.review("yuki-lead", n, "APPROVE")
	w.look()
	w.holds(w.head("main"), "")
	if w.merges() != 1 {
		t.Errorf("%d merges once it is approved", w.merges())
	}
}

// TestT11WhatWasShownIsKeptWhenItIsMergedWhileItIsJudged: the head is part of the
// branch by then and changes nothing against it. That says nothing of who was shown.
func TestT11WhatWasShownIsKeptWhenItIsMergedWhileItIsJudged(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"merge", "squash", "rebase"} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			w := ruledWorld(t, pinnedRule)
			before := w.head("main")
			n := approvedPull(w)
			head := w.facts(req).Ref.Head
			w.joins(devGroup, 1)
			w.look()
			if c := w.check(head); c.Conclusion != "action_required" || !strings.Contains(c.Summary, "`people-joined`") {
				t.Fatalf("one joined: %q %q\n%s", c.Conclusion, c.Title, c.Summary)
			}
			merged := false
			w.hook(&hooked{compare: func(base string) {
				if base == "main" && !merged {
					merged = true
					w.merge(n, method)
				}
			}})
			w.look()
			if !merged {
				t.Fatal("the pull request was not judged")
			}
			w.look()
			w.look()
			w.holds(before, gitops.HaltApproval)
		})
	}
}

// TestT9WhoJoinsATeamAfterTheMergeIsNotShownInIt: the list of open pull requests
// had it still, and its check says no more.
func TestT9WhoJoinsATeamAfterTheMergeIsNotShownInIt(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"merge", "squash", "rebase"} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			before := w.head("main")
			n := w.byHand("ken-platform", "topic", map[string]*githubemu.File{devFile: w.grantLine(devFile, devGrant)})
			w.look()
			w.review("taro-data", n, "APPROVE")
			w.look()
			sha := ""
			g, err := gitops.New(w.opt, &listed{w.client(), func() {
				sha = w.merge(n, method)
				w.must(w.emu.SetTeamMember("payments-leads", "taro-data", "member"))
			}}, store.NewGitops(w.db), w.dir)
			w.must(err)
			w.Gitops = g
			for range 3 {
				w.look()
			}
			w.mendedBy("taro-data", n, before, sha)
		})
	}
}

// TestT9TheManagerCountsWhileHeIsOne: at the check and at the verification,
// enabled both times.
func TestT9TheManagerCountsWhileHeIsOne(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(d *directory) // between the approval and the merge
		want   gitops.HaltCode
	}{
		{"is the manager", func(*directory) {}, ""},
		{"is so no more", func(d *directory) { d.managers[hanaEntra] = yukiEntra }, gitops.HaltApproval},
		{"is disabled", func(d *directory) { d.gone[taroEntra] = true }, gitops.HaltApproval},
		{"there is none", func(d *directory) { delete(d.managers, hanaEntra) }, gitops.HaltApproval},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := ruledWorld(t, managedRule)
			w.dir.managers, w.dir.gone = map[string]string{hanaEntra: taroEntra}, map[string]bool{}
			before := w.head("main")
			n := w.proposed(w.request(req))
			if got := strings.Join(w.facts(req).Missing, " "); !strings.Contains(got, "requester-manager; taro-data could give it") {
				t.Errorf("missing %q", got)
			}
			w.review("taro-data", n, "APPROVE")
			w.look()
			if c := w.check(w.facts(req).Ref.Head); c.Conclusion != "success" {
				t.Fatalf("check: %q %q", c.Conclusion, c.Title)
			}
			tt.change(w.dir)
			sha := w.merge(n, "squash")
			if tt.want != "" {
				sha = before
			}
			w.look()
			w.holds(sha, tt.want)
		})
	}
}

// TestT9WhoBecomesManagerAfterTheCheckDoesNotCount, although he approved before.
func TestT9WhoBecomesManagerAfterTheCheckDoesNotCount(t *testing.T) {
	t.Parallel()
	w := ruledWorld(t, managedRule)
	w.dir.managers = map[string]string{hanaEntra: taroEntra}
	before := w.head("main")
	n := w.proposed(w.request(req))
	w.review("yuki-lead", n, "APPROVE")
	w.look()
	w.dir.managers[hanaEntra] = yukiEntra
	w.merge(n, "squash")
	w.look()
	w.holds(before, gitops.HaltApproval)
}

// TestT9ADisabledApproverDoesNotCount though GitHub still lets him approve.
func TestT9ADisabledApproverDoesNotCount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.dir.gone = map[string]bool{yukiEntra: true}
	before := w.head("main")
	n := approvedPull(w)
	if c := w.check(w.facts(req).Ref.Head); c.Conclusion != "action_required" || !strings.Contains(c.Summary, "`inactive`") {
		t.Errorf("check: %q %q\n%s", c.Conclusion, c.Title, c.Summary)
	}
	w.merge(n, "squash")
	w.look()
	w.holds(before, gitops.HaltApproval)
}
