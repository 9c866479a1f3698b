package modeltest_test

import (
	"fmt"
	"slices"

	"aws-access-bot/internal/sandbox/githubemu"
)

// opNearMiss has a pull request merged that lacks one thing only, or nearly.
func (w *world) opNearMiss(o op) string {
	p := w.open(o.n[1])
	if p == nil || w.branches[p.branch] == "" {
		return ""
	}
	said := pick(nearMisses, o.n[0])(w, p, o)
	w.sync()
	w.tick()
	return said + w.merge(w.pulls[p.number], pick([]string{"merge", "squash", "rebase"}, o.n[2]), true)
}

var nearMisses = []func(*world, *pull, op) string{
	(*world).nearOnlyExcluded, (*world).nearOneMissing, (*world).nearOneMissing, (*world).nearStale, (*world).nearDismissed,
	(*world).nearObjection, (*world).nearOverruled, (*world).nearPusher, (*world).nearStranger, (*world).nearTeam, (*world).nearJoin,
}

// nearOnlyExcluded: only those approve who are named and may not.
func (w *world) nearOnlyExcluded(p *pull, _ op) string {
	said := "only the wrong ones: "
	for _, who := range w.approvers(p, true) {
		said += w.review(who, p, "APPROVE", p.head) + "; "
		w.tick()
	}
	return said
}

// nearOneMissing: all but one approve.
func (w *world) nearOneMissing(p *pull, o op) string {
	list := w.approvers(p, false)
	if len(list) == 0 {
		return ""
	}
	out := pick(list, o.n[3])
	said := "all but " + out + ": "
	for _, who := range list {
		if who != out {
			said += w.review(who, p, "APPROVE", p.head) + "; "
			w.tick()
		}
	}
	return said
}

// nearStale: a commit comes after the approvals.
func (w *world) nearStale(p *pull, o op) string {
	said := w.approveAll(p)
	s, what := w.edit(w.commits[p.head].state, p.author, o)
	by := p.author
	if by == botLogin {
		by = pick(writers, o.n[4])
	}
	if what == "" || !w.commit(by, p.branch, p.head, s, false) {
		return said
	}
	return fmt.Sprintf("%s then %s pushes: %s; ", said, by, what)
}

// nearDismissed: an approval is dismissed.
func (w *world) nearDismissed(p *pull, o op) string {
	said := w.approveAll(p)
	return said + w.opDismissOf(p, o.n[3]) + "; "
}

// nearObjection: who may approve asks for changes, after the approvals.
func (w *world) nearObjection(p *pull, o op) string {
	list := w.approvers(p, false)
	said := w.approveAll(p)
	if len(list) == 0 {
		return said
	}
	return said + w.review(pick(list, o.n[3]), p, "REQUEST_CHANGES", p.head) + "; "
}

// nearPusher: an approver pushed to the branch what somebody took away again.
func (w *world) nearPusher(p *pull, o op) string {
	list, head := w.approvers(p, false), p.head
	if len(list) == 0 {
		return ""
	}
	by := pick(list, o.n[3])
	if !w.commit(by, p.branch, head, w.commits[head].state, false) {
		return ""
	}
	w.tick()
	if w.repo.ForcePush("kim", p.branch, head, true) != nil {
		return ""
	}
	w.tick()
	said := ""
	for _, who := range list {
		said += w.review(who, p, "APPROVE", head) + "; "
		w.tick()
	}
	return fmt.Sprintf("%s pushed, kim took it away; %s", by, said)
}

// nearStranger: somebody not linked pushes, then all approve.
func (w *world) nearStranger(p *pull, _ op) string {
	if !w.commit("stranger", p.branch, p.head, w.commits[p.head].state, false) {
		return ""
	}
	w.sync()
	w.tick()
	return "stranger pushes an empty commit; " + w.approveAll(w.pulls[p.number])
}

// nearTeam: one who approved leaves or joins a team, maybe seen by the check.
func (w *world) nearTeam(p *pull, o op) string {
	if o.n[3]%2 == 0 {
		w.look()
		p = w.pulls[p.number]
	}
	list := w.approvers(p, false)
	said := w.approveAll(p)
	if len(list) == 0 {
		return said
	}
	who, team := pick(list, o.n[3]), pick(teams, o.n[4])
	if i := slices.IndexFunc(teams, func(t string) bool { return slices.Contains(w.teams[t], who) }); i >= 0 {
		team = teams[i]
	}
	return said + w.toggleTeam(team, who) + "; "
}

// nearJoin: only somebody approves who joined the team after the check showed
// it.
func (w *world) nearJoin(p *pull, o op) string {
	w.look()
	p = w.pulls[p.number]
	team, who := pick([]string{"security", "platform"}, o.n[3]), pick([]string{"taro", "lena", "yuki", "kim", "mio"}, o.n[4])
	if slices.Contains(w.teams[team], who) {
		return ""
	}
	return w.toggleTeam(team, who) + "; " + w.review(who, p, "APPROVE", p.head) + "; "
}

// opDismissOf dismisses one review of a pull request: who may write may do so.
func (w *world) opDismissOf(p *pull, n int) string {
	for _, q := range w.emu.State().Repos[0].Pulls {
		if q.Number != p.number || len(q.Reviews) == 0 {
			continue
		}
		r, by := pick(q.Reviews, n), pick(writers, n/len(q.Reviews))
		if w.repo.DismissReview(by, p.number, r.ID, "not so") == nil {
			return fmt.Sprintf("%s dismisses the review of %s on #%d", by, r.By, p.number)
		}
	}
	return ""
}

// checkOf is the newest conclusion of the check on a commit.
func checkOf(r *githubemu.RepoState, sha string) string {
	out := ""
	for _, c := range r.Checks {
		if c.SHA == sha {
			out = c.Conclusion
		}
	}
	return out
}
