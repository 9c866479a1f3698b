package modeltest_test

import (
	"fmt"
	"time"

	"aws-access-bot/internal/sandbox/githubemu"
)

// dismissal is who took a review back, and what it had said.
type dismissal struct {
	by, was string
	at      time.Time
}

// dismissals are those of a pull request, by review.
func dismissals(p *githubemu.PullState) map[int64]dismissal {
	out := map[int64]dismissal{}
	for _, e := range p.Events {
		if e.Event == "review_dismissed" {
			out[e.Review] = dismissal{e.By, e.Was, e.At}
		}
	}
	return out
}

// stands reports whether an objection holds up a need: it was not taken back in
// time, by who raised it or by somebody who could approve the need.
func (f *facts) stands(base state, n *need, o opinion) bool {
	if !f.namedIn(n, o.who) {
		return false
	}
	if o.state != "DISMISSED" || !f.late && o.gone.at.After(f.mergedAt) {
		return true
	}
	by := o.gone.by
	return by != o.who && (!base.linked(by) || !f.namedIn(n, by) || f.excluded(n, by))
}

// stayed reports an approval that was dismissed only after the merge: it stays
// one. Where opinions after the merge count, who gave it may take it back.
func (f *facts) stayed(o opinion) bool {
	return o.state == "DISMISSED" && o.gone.was == "approved" && o.gone.at.After(f.mergedAt) &&
		!o.at.After(f.mergedAt) && !(f.late && o.gone.by == o.who)
}

// nearOverruled: somebody dismisses the objection of who may approve.
func (w *world) nearOverruled(p *pull, o op) string {
	said := w.nearObjection(p, o)
	for _, q := range w.emu.State().Repos[0].Pulls {
		if q.Number != p.number {
			continue
		}
		for _, r := range q.Reviews {
			by := pick(writers, o.n[4])
			if r.State == "CHANGES_REQUESTED" && w.repo.DismissReview(by, p.number, r.ID, "not so") == nil {
				said += fmt.Sprintf("%s dismisses the objection of %s; ", by, r.By)
			}
		}
	}
	return said
}
