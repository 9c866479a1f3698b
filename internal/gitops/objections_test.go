package gitops_test

import (
	"strings"
	"testing"
	"time"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/gitops"
)

const anew access.ID = "REQ-000001"

// cancelled has Hana's request objected to by somebody and cancelled at once,
// before the bot comes to look. It returns its pull request.
func (w *world) cancelled(login string) int {
	w.t.Helper()
	r := w.request(req)
	n := w.proposed(r)
	if login != "" {
		_, err := w.repo.Review(login, n, "REQUEST_CHANGES", "no", "")
		w.must(err)
	}
	w.clock.move(time.Second)
	w.must(w.Withdraw(w.t.Context(), r))
	return n
}

// TestAskingAnewDoesNotHideAnObjection: whoever decides on the same again is told
// in check, comment and chat who objected, and may approve it all the same.
func TestAskingAnewDoesNotHideAnObjection(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old := w.cancelled("yuki-lead")
	n := w.proposed(w.request(anew))
	check, comment := w.told(n, w.facts(anew).Ref.Head)
	for name, text := range map[string]string{"check": check, "comment": comment} {
		for _, want := range []string{"Objected to before", "`yuki-lead` objected to `REQ-7F3K2Q`, [pull request #1](", "closed unmerged on "} {
			if !strings.Contains(text, want) {
				t.Errorf("the %s does not say %q:\n%s", name, want, text)
			}
		}
	}
	told := w.facts(anew).Objections
	if len(told) != 1 || told[0].Request != req || told[0].Number != old || told[0].URL == "" || strings.Join(told[0].By, " ") != "yuki-lead" || told[0].Closed.IsZero() {
		t.Errorf("chat is told %+v", told)
	}
	w.review("yuki-lead", n, "APPROVE")
	w.look()
	if c := w.check(w.facts(anew).Ref.Head); c.Conclusion != "success" {
		t.Errorf("an approval by who may give it is not enough: %s %s", c.Conclusion, c.Title)
	}
	sha := w.merge(n, "squash")
	w.look()
	w.holds(sha, "")
}

// TestWhatIsNoObjectionToTheSame is not told as one.
func TestWhatIsNoObjectionToTheSame(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		by    string
		since func(*world, int)
		ask   func(*access.Request)
	}{
		{"nobody objected", "", nil, nil},
		{"somebody who may not approve it objected", "mio-sec", nil, nil},
		{"the objection was withdrawn", "yuki-lead", func(w *world, n int) { w.review("yuki-lead", n, "APPROVE") }, nil},
		{"it is too long ago", "yuki-lead", func(w *world, _ int) { w.clock.move(31 * 24 * time.Hour) }, nil},
		{"something else is asked for", "yuki-lead", nil, func(r *access.Request) { r.Want.PermissionSet = "AdministratorAccess" }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			old := w.cancelled(tt.by)
			if tt.since != nil {
				tt.since(w, old)
			}
			r := w.request(anew)
			if tt.ask != nil {
				tt.ask(&r)
			}
			n := w.proposed(r)
			f := w.facts(anew)
			if check, comment := w.told(n, f.Ref.Head); len(f.Objections) > 0 || strings.Contains(check+comment, "Objected") {
				t.Errorf("told %+v\n%s\n%s", f.Objections, check, comment)
			}
		})
	}
}

// TestAnObjectionIsFoundWhereverItWasClosed: on GitHub, while the bot was down,
// and by a process that has the records only.
func TestAnObjectionIsFoundWhereverItWasClosed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.proposed(w.request(req))
	_, err := w.repo.Review("yuki-lead", n, "REQUEST_CHANGES", "no", "")
	w.must(err)
	state := "closed"
	w.must(w.repo.EditPull("hana-dev", n, nil, nil, nil, &state))
	w.restart()
	w.look()
	w.proposed(w.request(anew))
	if told := w.facts(anew).Objections; len(told) != 1 || told[0].Request != req {
		t.Errorf("chat is told %+v", told)
	}
}

// TestAutoIsNotGotBackByAskingAnew: what somebody objected to passes by no
// rule's auto, at the check and at the verification.
func TestAutoIsNotGotBackByAskingAnew(t *testing.T) {
	t.Parallel()
	w := ruledWorld(t, autoRule)
	w.cancelled("yuki-lead")
	n := w.proposed(w.request(anew))
	c := w.check(w.facts(anew).Ref.Head)
	if c.Conclusion != "action_required" || !strings.Contains(c.Summary, "yuki-lead requested changes") {
		t.Errorf("check is %s: %s\n%s", c.Conclusion, c.Title, c.Summary)
	}
	first := w.status().InForce
	w.merge(n, "squash")
	w.look()
	w.holds(first, gitops.HaltApproval)
}
