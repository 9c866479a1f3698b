package gitops

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/gitops/review"
)

// MergeMethod is how GitHub brings a pull request into a branch, in the words
// of its API.
type MergeMethod string

// The methods of merging.
const (
	MergeSquash MergeMethod = "squash"
	MergeCommit MergeMethod = "merge"
	MergeRebase MergeMethod = "rebase"
)

// MergeRules is how the repository and the rules of a branch let pull requests
// be merged into it.
type MergeRules struct {
	// Methods are those allowed by both.
	Methods []MergeMethod
	// Queue is set when the branch has a merge queue: then nothing is merged
	// directly, and the queue chooses the method.
	Queue *QueueRules
}

// method chooses among the allowed methods. Squash is first: a request is one
// commit on the branch, signed by GitHub, whose message names the pull request.
// A merge commit says the same with two commits. A rebase comes last: it makes
// the bot's commit anew without naming the pull request.
func (r *MergeRules) method() (MergeMethod, bool) {
	for _, m := range []MergeMethod{MergeSquash, MergeCommit, MergeRebase} {
		if slices.Contains(r.Methods, m) {
			return m, true
		}
	}
	return "", false
}

// RefusedError is GitHub's answer that a pull request cannot be merged as it
// is: its rules are not met, it lies behind, its head is another one, or the App
// may not (403, 405, 409, 422).
type RefusedError struct {
	Message string
}

func (e *RefusedError) Error() string { return "refused by GitHub: " + e.Message }

// Merger merges pull requests.
type Merger interface {
	MergeRules(ctx context.Context, branch string) (MergeRules, error)
	// Merge merges a pull request if its head is sha, and returns the commit
	// on the branch. What GitHub refuses is a [RefusedError].
	Merge(ctx context.Context, number int, sha string, m MergeMethod) (string, error)
}

const (
	// mergeRounds is how often one look begins again after it merged
	// something; what is left then is for the next one.
	mergeRounds = 5
	// mergeTries is how often a merge that GitHub refused is tried again soon,
	// after mergePause and twice that each time. After those it waits for the
	// next look.
	mergeTries = 5
	mergePause = 2 * time.Second
	// mergeShown is from which refusal on people are told: right after a check
	// was written GitHub may not know of it yet.
	mergeShown = 3
)

// refusal is what GitHub answered when the bot wanted to merge, for one head
// on one base.
type refusal struct {
	head, base string
	times      int
	text       string
	// queue is set when the bot itself says so, of a group of the merge queue.
	queue bool
}

// merging is what is known of merges between looks. It is lost with the
// process: then they are tried again.
type merging struct {
	// heads are the open pull requests of this look by their heads.
	heads   map[string][]int
	refused map[int]refusal
	// rules are those of the branch, read once a look; nil before.
	rules *MergeRules
	// queued has what was put into the merge queue, unclear how often GitHub
	// did not know whether it can be merged, by number; groups the checks on
	// groups, by head.
	queued  map[int]enqueued
	unclear map[int]int
	// unjudged is how many looks in a row could not judge a pull request.
	unjudged map[int]int
	// stood are the heads whose check was found on GitHub as it was recorded, or
	// was written, by number.
	stood  map[int]string
	groups map[string]groupRun
}

// forget drops what is known of pull requests that are open no more.
func (m *merging) forget(isOpen map[int]bool) {
	maps.DeleteFunc(m.refused, func(n int, _ refusal) bool { return !isOpen[n] })
	maps.DeleteFunc(m.queued, func(n int, _ enqueued) bool { return !isOpen[n] })
	maps.DeleteFunc(m.unjudged, func(n int, _ int) bool { return !isOpen[n] })
	maps.DeleteFunc(m.unclear, func(n int, _ int) bool { return !isOpen[n] })
	maps.DeleteFunc(m.stood, func(n int, _ string) bool { return !isOpen[n] })
}

// current reports whether the branch head that this look saw is in force, so
// that what is judged now is judged against all that was merged before.
func (g *Gitops) current(w Walk) bool {
	return w.Halt == nil && g.tip != "" && w.InForce.Commit == g.tip && w.Position == g.tip
}

// retry is how soon to look again for the sake of refused merges; 0 when the
// poll is soon enough.
func (g *Gitops) retry() time.Duration {
	g.looking.Lock()
	defer g.looking.Unlock()
	var soonest time.Duration
	for _, r := range g.merging.refused {
		if wait := mergePause << (r.times - 1); !r.queue && r.times <= mergeTries && (soonest == 0 || wait < soonest) {
			soonest = wait
		}
	}
	return soonest
}

// ours reports whether the bot may merge a pull request at all: merging is the
// bot's business, it opened this one and has a record of it, its head is the
// exact commit it made, and nobody closed it in between. It says why not, when
// people would expect it to.
func (x *examined) ours() (mine bool, why string) {
	if x.base == nil || x.base.Access.Merge != config.MergeAuto || !x.own || !x.verdict.Pass || len(x.verdict.Undecided)+len(x.faults)+len(x.problems)+len(x.blockers()) > 0 {
		return false, ""
	}
	switch {
	case x.rec == nil || x.rec.Number != x.pull.Number || x.rec.TakenBack:
		return false, "It is approved, and the bot has no record that it opened this pull request, so it leaves the merge to people."
	case x.rec.Kind == review.Grant && len(x.change.Added)+len(x.change.Lengthened) == 0:
		// A second line for what stands already needs no approval, and would
		// outlive the first one.
		return false, "It needs no approval, since the config gives all of it already for as long. The bot does not merge it: close it, or let somebody merge it who wants both."
	case x.pull.Draft:
		return false, "It is approved. It is a draft: mark it as ready for review, and the bot merges it."
	}
	return true, ""
}

// mayMerge reports whether the bot may merge a pull request now, on the branch
// as it stands, or why not.
func (g *Gitops) mayMerge(x *examined) (may bool, why string) {
	mine, why := x.ours()
	switch {
	case !mine:
		return false, why
	case g.current(x.walk) && x.behind:
		return false, fmt.Sprintf("It is approved, but it lies behind %s and the bot cannot put the same change on the new base. Close it and ask again.", g.opt.Branch)
	case g.current(x.walk):
		return true, ""
	case x.walk.Halt == nil && len(x.walk.Passed) > 0:
		return false, fmt.Sprintf("It is approved. The bot merges nothing while the config at the head of %s is not valid.", g.opt.Branch)
	}
	return false, "" // the notes say so, or the next look is due
}

// leftBehind says of a pull request of the bot's that it lies behind and stays
// so: the bot had its chance to put it on the new base, and what a person pushes
// is no change of the bot's. Of all others it notes how they come up to date.
func (g *Gitops) leftBehind(x *examined) string {
	switch {
	case !x.behind:
	case !x.own && !strings.HasPrefix(x.pull.HeadRef, branchPrefix):
		x.notes = append(x.notes, fmt.Sprintf("The branch is behind %s and must be brought up to date before it can be merged. Whoever presses \"Update branch\" pushes to it and no longer counts as an approver, so %s should press it, who wrote this pull request.", g.opt.Branch, x.pull.Author.Login))
	case len(x.faults)+len(x.problems) > 0: // they say what to do
	case g.current(x.walk):
		return fmt.Sprintf("It lies behind %s and the bot cannot put the same change on the new base. Close it and ask again.", g.opt.Branch)
	default:
		x.notes = append(x.notes, fmt.Sprintf("The branch is behind %s. The bot brings it up to date by itself once what is merged there is in force; do not press \"Update branch\".", g.opt.Branch))
	}
	return ""
}

// hold notes on what is shown why a pull request is not merged though it is
// approved, or will not be.
func (g *Gitops) hold(x *examined) {
	may, why := g.mayMerge(x)
	if why == "" {
		why = g.leftBehind(x)
	}
	if r := g.merging.refused[x.pull.Number]; may && r.times >= mergeShown && r.head == x.pull.HeadSHA && r.base == g.tip {
		why = fmt.Sprintf("It is approved, but GitHub does not let the bot merge it: %s Merge it yourself, or ask who looks after the config repo.", r.text)
		if r.queue {
			why = "It is approved, but behind what is ahead of it in the merge queue it does not pass: " + r.text
		}
	}
	if why != "" {
		x.held = why
		x.notes = append(x.notes, why)
	}
}

// merge merges a pull request of the bot's own whose check was just shown as
// passed, and reports whether it is merged. Whatever the answer was lost to, a
// merge that took effect is found by the next look.
func (g *Gitops) merge(ctx context.Context, x *examined) (bool, error) {
	if may, _ := g.mayMerge(x); !may {
		delete(g.merging.refused, x.pull.Number)
		return false, nil
	}
	rules, err := g.mergeRules(ctx)
	if err != nil || rules.Queue != nil && g.inQueue(x) {
		return false, err
	}
	same, err := g.unchanged(ctx, x)
	if err != nil || !same {
		return false, err
	}
	if rules.Queue != nil {
		return false, g.enqueue(ctx, x)
	}
	method, ok := rules.method()
	if !ok {
		g.refuse(ctx, x, "The repository and the rules of the branch allow no method of merging.")
		return false, nil
	}
	sha, err := g.host.Merge(ctx, x.pull.Number, x.pull.HeadSHA, method)
	var no *RefusedError
	if errors.As(err, &no) {
		g.refuse(ctx, x, no.Message)
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("merge: %w", err)
	}
	delete(g.merging.refused, x.pull.Number)
	g.opt.Log.InfoContext(ctx, "merged", "request", string(x.rec.Request), "pull", x.pull.Number, "head", x.pull.HeadSHA,
		"method", string(method), "commit", sha, "approvers", strings.Join(approvers(&x.verdict), ","))
	return true, g.closeRecord(ctx, *x.rec)
}

// unchanged reads once more what the verdict was made of and people can change
// at any time: the pull request, its reviews, and who joined the request. What is different now is
// judged by another look.
func (g *Gitops) unchanged(ctx context.Context, x *examined) (bool, error) {
	p, err := g.host.Pull(ctx, x.pull.Number)
	if err != nil {
		return false, fmt.Errorf("read it before merging: %w", err)
	}
	now, err := g.host.Reviews(ctx, x.pull.Number)
	if err != nil {
		return false, fmt.Errorf("read reviews before merging: %w", err)
	}
	same := slices.EqualFunc(now, x.reviews, func(a, b review.Review) bool {
		at := a.At.Equal(b.At)
		a.At, b.At = time.Time{}, time.Time{}
		return at && a == b
	})
	rec, _, err := g.state.PullNumbered(ctx, x.pull.Number)
	if err != nil {
		return false, err
	}
	same = same && slices.Equal(rec.JoinedIDs(), x.joined)
	if p.Open && !p.Draft && p.HeadSHA == x.pull.HeadSHA && p.BaseRef == g.opt.Branch && same {
		return true, nil
	}
	g.opt.Log.InfoContext(ctx, "not merged: it changed while it was judged", "pull", x.pull.Number)
	g.Hint(x.pull.Number)
	return false, nil
}

// refuse notes that GitHub does not merge a pull request now.
func (g *Gitops) refuse(ctx context.Context, x *examined, message string) {
	r := g.merging.refused[x.pull.Number]
	if r.head != x.pull.HeadSHA || r.base != g.tip || r.queue {
		r = refusal{head: x.pull.HeadSHA, base: g.tip}
	}
	r.times++
	r.text = sentence(message)
	if g.merging.refused == nil {
		g.merging.refused = map[int]refusal{}
	}
	g.merging.refused[x.pull.Number] = r
	g.opt.Log.WarnContext(ctx, "GitHub does not merge it", "request", string(x.rec.Request), "pull", x.pull.Number, "head", r.head, "times", r.times, "reason", r.text)
}

// sentence returns text of GitHub's as one harmless sentence.
func sentence(s string) string {
	s = clip(oneLine(s), 300)
	if s == "" {
		s = "it gives no reason"
	}
	return strings.TrimRight(s, ".!") + "."
}

// mergeRules reads the rules of merging once a look.
func (g *Gitops) mergeRules(ctx context.Context) (*MergeRules, error) {
	if g.merging.rules == nil {
		r, err := g.host.MergeRules(ctx, g.opt.Branch)
		if err != nil {
			return nil, fmt.Errorf("read how pull requests are merged: %w", err)
		}
		g.merging.rules = &r
	}
	return g.merging.rules, nil
}

// follow takes in what the bot just merged, without waiting for a hint: what
// is judged next is judged on top of it, by facts that are read again.
func (g *Gitops) follow(ctx context.Context) error {
	g.rosters.forget()
	g.dir.forget()
	moved, err := g.walkBranch(ctx)
	if moved {
		g.opt.OnInForce()
	}
	return err
}
