package gitops_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/sandbox/githubemu"
)

// TestWhatWouldGrantNothingIsNotMergedByTheBot: a request that waited too long,
// or whose end passed meanwhile, is approved and stays open: the check, the
// comment and the request's own card say so, and what to do.
func TestWhatWouldGrantNothingIsNotMergedByTheBot(t *testing.T) {
	t.Parallel()
	const again = "Close it and ask again with `/aws-access request payments-dev PowerUserAccess for aws-payments-dev"
	until := func(r *access.Request, now time.Time) { r.Want.Term.For, r.Want.Term.End = 0, now.Add(time.Hour) }
	tests := []struct {
		name   string
		change func(*access.Request, time.Time)
		wait   time.Duration
		code   string
		text   []string
	}{
		{"asked too long ago", func(*access.Request, time.Time) {}, 72*time.Hour + time.Minute, "asked-too-long-ago",
			[]string{"This was asked for on 2026-11-20 12:00 UTC, longer than 3d ago (limits.start_by): merging it now would grant nothing. " + again + " 4h`."}},
		{"its end has passed", until, 2 * time.Hour, "ended-while-it-waited",
			[]string{"What this asks for ended 2026-11-20 13:00 UTC, while it waited: merging it now would grant nothing. " + again + "`."}},
		{"in time", func(*access.Request, time.Time) {}, 71 * time.Hour, "", nil},
		{"not ended yet", until, 50 * time.Minute, "", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := autoWorld(t, "")
			r := w.request(req)
			tt.change(&r, w.clock.Now())
			n := w.proposed(r)
			w.clock.move(tt.wait)
			w.review("yuki-lead", n, "APPROVE")
			w.look()
			if tt.code == "" {
				if w.merges() == 0 {
					t.Error("what is in time is not merged")
				}
				return
			}
			if w.merges() > 0 {
				t.Error("the bot merged what grants nothing")
			}
			c := w.check(w.facts(req).Ref.Head)
			if c.Conclusion != "failure" || c.Title != tt.text[0] && !strings.HasPrefix(tt.text[0], c.Title) || !strings.Contains(c.Summary, "(`"+tt.code+"`)") {
				t.Errorf("the check is %s, %s:\n%s", c.Conclusion, c.Title, c.Summary)
			}
			if got := w.facts(req).Missing; !slices.Equal(got, tt.text) {
				t.Errorf("the request lacks %q, want %q", got, tt.text)
			}
			if got := w.comment(n, "merging it now would grant nothing").Body; strings.Contains(got, "will gain it") {
				t.Errorf("the comment says that somebody gains:\n%s", got)
			}
		})
	}
}

// TestAPullRequestByHandThatWaitedTooLongDoesNotPass: its grants would grant
// nothing as well. One without grants may wait.
func TestAPullRequestByHandThatWaitedTooLongDoesNotPass(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.byHand("hana-dev", "grant", map[string]*githubemu.File{devFile: w.grantLine(devFile, "  - account: payments-prod\n    permission_set: PowerUserAccess\n    duration: 4h\n    reason: incident\n")})
	w.byHand("yuki-lead", "moved", map[string]*githubemu.File{devFile: w.file(devFile, "  - account: payments-ledger\n", "  - account: payments-dev\n")})
	w.byHand("yuki-lead", "removal", map[string]*githubemu.File{devFile: w.file(devFile, "  - account: payments-prod\n    permission_set: ReadOnlyAccess                # standing: no end\n", "")})
	w.byHand("yuki-lead", "comment", map[string]*githubemu.File{"people.yaml": w.file("people.yaml", "people:", "# who is who\npeople:")})
	w.clock.move(73 * time.Hour)
	w.look()
	for branch, want := range map[string]bool{"grant": true, "moved": true, "removal": false, "comment": false} {
		c := w.check(w.head(branch))
		if got := strings.Contains(c.Summary, "asked-too-long-ago"); got != want || want && !strings.Contains(c.Summary, "open a new pull request with the same change") {
			t.Errorf("%s: %s:\n%s", branch, c.Title, c.Summary)
		}
	}
}

// TestAnEntryThatHasEndedIsNamed: written by hand it grants nothing, which the
// check says instead of calling it a second grant.
func TestAnEntryThatHasEndedIsNamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.byHand("hana-dev", "old", map[string]*githubemu.File{devFile: w.grantLine(devFile, "  - account: payments-prod\n    permission_set: PowerUserAccess\n    expires: 2026-11-19T09:00:00Z\n    reason: incident\n")})
	w.look()
	c := w.check(w.head("old"))
	c.Summary = strings.ReplaceAll(c.Summary, "\u200b", "")
	for _, want := range []string{"The entry in groups/aws-payments-dev.yaml line", "ended 2026-11-19 09:00 UTC", "it grants nothing. Take it out, or give it a later end.", "ended entry PowerUserAccess in payments-prod"} {
		if !strings.Contains(c.Summary, want) {
			t.Errorf("the check has no %q:\n%s", want, c.Summary)
		}
	}
	if strings.Contains(c.Summary, "grant once more") || c.Conclusion != "action_required" {
		t.Errorf("the check is %s:\n%s", c.Conclusion, c.Summary)
	}
}

// TestTheQueueTakesNothingThatWouldGrantNothing: what became too old while it
// waited there does not pass on its group.
func TestTheQueueTakesNothingThatWouldGrantNothing(t *testing.T) {
	t.Parallel()
	w := queueWorld(t, "", func(q *githubemu.QueueParams) { q.MinMerge, q.MinWait = 2, 300 })
	n := w.proposed(w.request(req))
	w.clock.move(72*time.Hour - 20*time.Second)
	w.review("yuki-lead", n, "APPROVE")
	w.look()
	refs, err := w.client().QueueRefs(t.Context(), "main")
	w.must(err)
	if len(refs) != 1 || w.check(refs[0].Head).SHA != "" {
		t.Fatalf("the queue has %+v, with the check %+v", refs, w.check(refs[0].Head))
	}
	w.clock.move(20 * time.Second)
	if !w.looks(func() bool { return w.check(refs[0].Head).Conclusion != "" }) {
		t.Fatal("the group is not judged")
	}
	if c := w.check(refs[0].Head); c.Conclusion != "failure" || !strings.Contains(c.Summary, "would grant nothing") {
		t.Errorf("the check on the group is %s: %s", c.Conclusion, c.Summary)
	}
}

// TestWhatWasApprovedAndWaitedTooLongHaltsNothing: merged past its check it grants
// nothing, and who was in the team when it was approved still was.
func TestWhatWasApprovedAndWaitedTooLongHaltsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must(w.emu.SetTeamMember("payments-leads", "taro-data", "member"))
	n := w.proposed(w.request(req))
	w.review("taro-data", n, "APPROVE")
	w.look()
	w.wantPassed(n)
	w.clock.move(73 * time.Hour)
	w.look()
	if c := w.check(w.headOf(n)); c.Conclusion != "failure" {
		t.Fatalf("check %q %q", c.Conclusion, c.Title)
	}
	sha := w.merge(n, "squash")
	w.look()
	w.holds(sha, "")
	if w.desires("111122224444", "PowerUserAccess", devGroup) {
		t.Error("it grants something")
	}
}
