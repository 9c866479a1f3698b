package gitops_test

import (
	"strings"
	"testing"
	"time"

	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/sandbox/githubemu"
)

// above counts the comments on a pull request that say that it grants nothing,
// and returns the last.
func (w *world) above(number int) (n int, text string) {
	for _, p := range w.emu.State().Repos[0].Pulls {
		for _, c := range p.Comments {
			if p.Number == number && strings.Contains(c.Body, "grants nothing\n") {
				n, text = n+1, c.Body
			}
		}
	}
	return n, strings.ReplaceAll(text, "\u200b", "")
}

// TestWhatIsMergedAndGrantsNothingIsSaid to whoever wrote it by hand and is in
// no thread, and in the operations channel: each once, by file and line.
func TestWhatIsMergedAndGrantsNothingIsSaid(t *testing.T) {
	t.Parallel()
	expires := strings.Replace(fourHours, "duration: 4h", "expires: 2026-11-20T13:00:00Z", 1)
	tests := []struct {
		name, lines  string
		early, merge time.Duration // when it is looked at last, and merged after that
		late         bool          // it is approved after the merge only
		want         string        // "" for nothing
	}{
		{"asked for too long ago", fourHours, 72*time.Hour - 2*time.Minute, 2 * time.Minute, false,
			"It was merged 72h0m after it was asked for; after 3d a grant grants nothing (limits.start_by)."},
		{"its end has passed", expires, 30 * time.Minute, time.Hour, false, "It was merged after its end, 2026-11-20 13:00 UTC."},
		{"its end has passed, approved late", expires, 30 * time.Minute, time.Hour, true, "It was merged after its end, 2026-11-20 13:00 UTC."},
		{"in time", fourHours, 71 * time.Hour, 0, false, ""},
		{"before its end", expires, 30 * time.Minute, 0, false, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			n := w.byHand("hana-dev", "g", map[string]*githubemu.File{devFile: w.grantLine(devFile, tt.lines)})
			w.look()
			if !tt.late {
				w.review("yuki-lead", n, "APPROVE")
			}
			w.clock.move(tt.early)
			w.look()
			w.clock.move(tt.merge)
			sha := w.merge(n, "squash")
			if tt.late {
				w.look()
				if h := w.status().Halt; h == nil || h.Code != gitops.HaltApproval {
					t.Fatalf("halted by %+v", h)
				}
				w.review("yuki-lead", n, "APPROVE")
			}
			w.ops.list = nil
			w.look()
			w.look()
			w.holds(sha, "")
			if got := w.devPower(); got != (tt.want == "") {
				t.Errorf("it is desired: %v", got)
			}
			comments, text := w.above(n)
			told := 0
			for _, x := range w.ops.list {
				if strings.HasPrefix(x.Key, "void/") {
					told++
					text += x.Text
				}
			}
			if tt.want == "" {
				if comments > 0 || told > 0 {
					t.Errorf("told %s", text)
				}
				return
			}
			if comments != 1 || told != 1 {
				t.Errorf("%d comments and %d notices:\n%s", comments, told, text)
			}
			text = strings.ReplaceAll(text, "\\", "")
			for _, want := range []string{tt.want, devFile + " line ", "(PowerUserAccess)", "write its line anew"} {
				if strings.Count(text, want) < 2 {
					t.Errorf("not both say %q:\n%s", want, text)
				}
			}
		})
	}
}

// TestARequestThatGrantsNothingIsSaidInItsThreadOnly, or like what was written
// by hand when the thread is lost.
func TestARequestThatGrantsNothingIsSaidInItsThreadOnly(t *testing.T) {
	t.Parallel()
	for name, lost := range map[string]bool{"with its record": false, "without": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			n := w.proposed(w.request(req))
			if lost {
				w.loses()
				w.look()
			}
			w.review("yuki-lead", n, "APPROVE")
			w.clock.move(73 * time.Hour)
			sha := w.merge(n, "squash")
			w.look()
			w.holds(sha, "")
			if comments, text := w.above(n); (comments == 1) != lost {
				t.Errorf("%d comments: %s", comments, text)
			}
			if v, err := w.Verdict(t.Context(), req); err != nil || v == nil || v.Void == "" {
				t.Errorf("verdict %+v, %v", v, err)
			}
		})
	}
}

// TestTrustSaysWhatWasMergedTooLate: by hand, past a halt.
func TestTrustSaysWhatWasMergedTooLate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.byHand("hana-dev", "g", map[string]*githubemu.File{devFile: w.grantLine(devFile, fourHours)})
	w.clock.move(73 * time.Hour)
	sha := w.merge(n, "squash")
	w.look()
	note, err := w.Vouch(t.Context(), sha, w.word("hana-dev"))
	w.must(err)
	for _, want := range []string{devFile + " line ", "limits.start_by", "write its line anew"} {
		if !strings.Contains(note, want) {
			t.Errorf("told %q, without %q", note, want)
		}
	}
	if w.devPower() {
		t.Error("it is desired")
	}
}
