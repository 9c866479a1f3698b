package gitops

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/gitops/review"
)

// QueueRules is what matters here of a merge queue.
type QueueRules struct {
	// HeadOnly is true when only the last of the entries that are merged
	// together must pass its checks (grouping strategy HEADGREEN).
	HeadOnly bool
}

// QueueRef is a temporary branch that a merge queue made: the branch with the
// entries ahead and one pull request more.
type QueueRef struct {
	// Number is that of the pull request, as the name of the ref says.
	Number int
	Head   string
}

// Queue works with the merge queue of a branch.
type Queue interface {
	// Enqueue puts a pull request whose head is p.HeadSHA into the queue; one
	// that is there already is no error. What GitHub refuses is a
	// [RefusedError].
	Enqueue(ctx context.Context, p Pull) error
	// QueueRefs returns the temporary branches of a branch's queue.
	QueueRefs(ctx context.Context, branch string) ([]QueueRef, error)
}

// enqueueEvery is how long the bot waits before it puts the same head on the
// same base into the queue again: GitHub says nothing where it can be trusted
// when it took one out, and what a person took out should not be back at once.
const enqueueEvery = 5 * time.Minute

// enqueued is when a head was put into the queue on a base.
type enqueued struct {
	head, base string
	at         time.Time
}

// groupRun is the check run that was written on a group.
type groupRun struct {
	id     int64
	digest string
}

// inQueue reports whether the bot put a head into the queue a short while ago.
func (g *Gitops) inQueue(x *examined) bool {
	e := g.merging.queued[x.pull.Number]
	return e.head == x.pull.HeadSHA && e.base == g.tip && g.opt.Now().Sub(e.at) < enqueueEvery
}

// enqueue puts what may be merged into the merge queue.
func (g *Gitops) enqueue(ctx context.Context, x *examined) error {
	n := x.pull.Number
	err := g.host.Enqueue(ctx, *x.pull)
	var no *RefusedError
	if errors.As(err, &no) {
		g.refuse(ctx, x, no.Message)
		return nil
	}
	if err != nil {
		return fmt.Errorf("put it into the merge queue: %w", err)
	}
	if g.merging.queued == nil {
		g.merging.queued = map[int]enqueued{}
	}
	g.merging.queued[n] = enqueued{x.pull.HeadSHA, g.tip, g.opt.Now()}
	g.opt.Log.InfoContext(ctx, "put into the merge queue", "request", string(x.rec.Request), "pull", n, "head", x.pull.HeadSHA,
		"approvers", strings.Join(approvers(&x.verdict), ","))
	return nil
}

// staysBehind reports whether a pull request that lies behind need not be put
// on the new base: with a merge queue only what conflicts is, so that approvals
// stay.
func (g *Gitops) staysBehind(ctx context.Context, p *Pull) (bool, error) {
	rules, err := g.mergeRules(ctx)
	if err != nil || rules.Queue == nil {
		return false, err
	}
	if p.Mergeable == nil {
		g.askAgain(p.Number)
		return true, nil
	}
	delete(g.merging.unclear, p.Number)
	return *p.Mergeable, nil
}

// askAgain looks again soon at a pull request of which GitHub has not worked
// out whether it can be merged, a few times.
func (g *Gitops) askAgain(number int) {
	if g.merging.unclear == nil {
		g.merging.unclear = map[int]int{}
	}
	if g.merging.unclear[number]++; g.merging.unclear[number] <= mergeTries {
		g.Hint(number)
	}
}

// group is a temporary branch of the queue with the commits that it has and the
// default branch has not, cut by the pull requests that they are of.
type group struct {
	ref   QueueRef
	parts []part
}

// part is what one pull request adds to the queue.
type part struct {
	number  int
	commits []Commit
}

func (p *part) head() string { return p.commits[len(p.commits)-1].SHA }

// partsOf cuts a chain after each commit that is the head of a temporary
// branch: what a group adds to the one it stands on is its own pull request's.
func partsOf(chain []Commit, heads map[string]int) []part {
	var out []part
	var rest []Commit
	for _, c := range chain {
		rest = append(rest, c)
		if n, ok := heads[c.SHA]; ok {
			out = append(out, part{n, rest})
			rest = nil
		}
	}
	return out
}

// checkQueue writes the check on what the merge queue wants to put on the
// branch: each part is judged as the walk would judge it if it were merged now,
// after the parts before it.
func (g *Gitops) checkQueue(ctx context.Context) error {
	walk, err := g.state.Walk(ctx)
	if err != nil || walk.InForce.Commit == "" {
		return err
	}
	refs, err := g.host.QueueRefs(ctx, g.opt.Branch)
	if err != nil {
		return fmt.Errorf("list the groups of the merge queue: %w", err)
	}
	heads := map[string]int{}
	for _, r := range refs {
		heads[r.Head] = r.Number
	}
	maps.DeleteFunc(g.merging.groups, func(head string, _ groupRun) bool { _, ok := heads[head]; return !ok })
	if len(refs) == 0 || !g.current(walk) {
		return nil // nothing there, or nothing to stand on
	}
	// A group that was merged since the walk is gone from the list. Then the
	// parts of those behind it cannot be told apart.
	head, err := g.host.Branch(ctx, g.opt.Branch)
	if err != nil {
		return fmt.Errorf("read the head of %s: %w", g.opt.Branch, err)
	}
	if head != g.tip {
		g.Hint(branchOnly)
		return nil
	}
	groups, err := g.groups(ctx, refs, heads)
	if err != nil {
		return err
	}
	return g.judgeGroups(ctx, groups, walk)
}

// groups reads the commits of each group, those that stand on the fewest
// others first. One that does not follow the branch, or is gone, is left out:
// GitHub makes it anew.
func (g *Gitops) groups(ctx context.Context, refs []QueueRef, heads map[string]int) ([]group, error) {
	var out []group
	for _, r := range refs {
		chain, bad, err := g.chain(ctx, g.tip, r.Head)
		switch {
		case errors.Is(err, ErrNotFound) || bad != nil || err == nil && len(chain) == 0:
			g.opt.Log.InfoContext(ctx, "a group of the merge queue is out of date", "pull", r.Number, "head", r.Head)
		case err != nil:
			return nil, fmt.Errorf("read the group of pull request %d: %w", r.Number, err)
		default:
			out = append(out, group{r, partsOf(chain, heads)})
		}
	}
	slices.SortFunc(out, func(a, b group) int { return cmp.Compare(len(a.parts), len(b.parts)) })
	return out, nil
}

// lane is how the branch would stand after some parts of the queue.
type lane struct {
	walker walker
	// bad says why the part must not be merged, "" when it may; own is false
	// when it is because of pull request by, on which it stands.
	bad string
	own bool
	by  int
	// gone is set when the pull request of a part is open no more.
	gone bool
	// said has a line for each part.
	said []string
	pull Pull // of the last part
}

// judgeGroups judges every group on the lane of the one that it stands on, and
// writes its check.
func (g *Gitops) judgeGroups(ctx context.Context, groups []group, walk Walk) error {
	force, err := g.inForce(ctx)
	if err != nil {
		return err
	}
	base, err := g.reader.read(ctx, walk.InForce.Commit)
	if err != nil {
		return err
	}
	lanes := map[string]lane{g.tip: {walker: walker{g: g, walk: walk, starts: force.Starts, base: base}}}
	rules, err := g.mergeRules(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, grp := range groups {
		l, err := g.laneOf(ctx, &grp, lanes)
		if err == nil {
			err = g.tellGroup(ctx, &grp, &l, rules)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("judge the group of pull request %d: %w", grp.ref.Number, err))
		}
	}
	return errors.Join(errs...)
}

// laneOf judges the parts of a group that were not judged yet.
func (g *Gitops) laneOf(ctx context.Context, grp *group, lanes map[string]lane) (lane, error) {
	l := lanes[g.tip]
	for i := range grp.parts {
		p := &grp.parts[i]
		next, done := lanes[p.head()]
		if !done {
			var err error
			if next, err = g.extend(ctx, l, p); err != nil {
				return lane{}, err
			}
			lanes[p.head()] = next
		}
		l = next
	}
	return l, nil
}

// extend judges a part as the walk would if its pull request had been merged
// with these commits now.
func (g *Gitops) extend(ctx context.Context, l lane, p *part) (lane, error) {
	var err error
	if l.pull, err = g.host.Pull(ctx, p.number); err != nil {
		return lane{}, fmt.Errorf("read pull request %d: %w", p.number, err)
	}
	if l.bad != "" || l.gone || !l.pull.Open {
		l.own, l.gone = false, l.gone || !l.pull.Open
		return l, nil
	}
	if l.pull.BaseRef != g.opt.Branch || l.pull.BaseRepo != g.opt.RepoID || l.pull.HeadRepo != g.opt.RepoID {
		l.bad, l.own = fmt.Sprintf("Pull request #%d does not come from a branch of this repository into %s.", p.number, g.opt.Branch), true
		l.by = p.number
		return l, nil
	}
	merged := l.pull
	merged.MergedAt, merged.MergeCommit = g.opt.Now(), p.head()
	u := &unit{commits: p.commits, pull: &merged}
	after, err := g.reader.read(ctx, p.head())
	if err != nil {
		return lane{}, err
	}
	w := l.walker
	j, err := g.verify(ctx, w.base, after, u, &w.walk, w.starts, false)
	if err != nil {
		return lane{}, err
	}
	l.bad = whyNot(&j, w.base.repo, after.repo)
	at := config.Start{MergedAt: merged.MergedAt, AskedAt: j.origin.askedAt}
	if l.bad == "" {
		limits := after.repo.Access.Limits
		if void := j.origin.void(config.Voids(w.base.repo, after.repo, limits, at), limits); void != nil {
			l.bad = void.text
		}
	}
	if l.bad == "" {
		l.bad = g.blockedAhead(ctx, w.base, after, w.starts)
	}
	if l.bad != "" {
		l.own, l.by = true, p.number
		return l, nil
	}
	w.starts = config.NextStarts(w.base.repo, after.repo, w.starts, at)
	w.useAuto(u, &j)
	w.base = after
	l.walker, l.own = w, true
	l.said = append(slices.Clip(l.said), saidOf(&merged, &j.verdict))
	return l, nil
}

// saidOf is the line of a part in Markdown.
func saidOf(p *Pull, v *review.Verdict) string {
	return fmt.Sprintf("- pull request #%d at %s: %s", p.Number, code(short(p.HeadSHA)), prose(approvedBy(v)))
}

// whyNot says in words why a part must not be merged, "" when it may.
func whyNot(j *judged, base, after *config.Repo) string {
	switch {
	case len(j.problems) > 0:
		return "The config would not be valid: " + strings.Join(j.problems, " · ")
	case j.bad == nil:
		return ""
	case j.bad.code == HaltApproval || j.bad.code == HaltBlocked || j.bad.code == HaltRefused:
		return strings.Join(review.Sentences(j.verdict, base, after), " ")
	default:
		return j.bad.text
	}
}

// tellGroup writes the check on a group. One that only stands on a bad one has
// none when GitHub judges each by itself: it is made anew without it.
func (g *Gitops) tellGroup(ctx context.Context, grp *group, l *lane, rules *MergeRules) error {
	if l.gone || l.bad != "" && !l.own && (rules.Queue == nil || !rules.Queue.HeadOnly) {
		return nil
	}
	switch n := grp.ref.Number; {
	case l.bad != "":
		g.failedInQueue(n, l)
	case g.merging.refused[n].queue:
		delete(g.merging.refused, n)
	}
	return g.writeGroup(ctx, l.run(grp.ref, g.opt.Branch, g.spokenOn(ctx, &l.pull)))
}

// run is the check run on the group of a ref.
func (l *lane) run(ref QueueRef, branch string, as spoken) CheckRun {
	run := CheckRun{
		Head: ref.Head, Conclusion: "success", Title: "approved", ExternalID: fmt.Sprintf("queue/%d", ref.Number), URL: l.pull.URL,
		Summary: "What the merge queue puts on " + code(branch) + " is what was reviewed and approved:\n\n" + strings.Join(l.said, "\n") + "\n",
	}
	if l.bad != "" {
		why := oneLine(l.bad)
		if !l.own {
			why = fmt.Sprintf("It stands on pull request #%d, which must not be merged: %s", l.by, why)
		}
		run.Conclusion, run.Title = "failure", clip(as.line(why), maxTitle)
		run.Summary = as.whole(fmt.Sprintf("The merge queue must not put this on %s.\n\n%s\n", code(branch), as.prose(why)))
	}
	run.Summary = cutShown(run.Summary, maxSummary, l.pull.URL)
	return run
}

// failedInQueue has the pull request itself say why it does not pass there.
func (g *Gitops) failedInQueue(n int, l *lane) {
	if !l.own {
		return
	}
	if g.merging.refused == nil {
		g.merging.refused = map[int]refusal{}
	}
	g.merging.refused[n] = refusal{head: l.pull.HeadSHA, base: g.tip, times: mergeShown, text: sentence(l.bad), queue: true}
}

// writeGroup writes a group's check run when its content changed. A restart
// finds the run by its name on the commit.
func (g *Gitops) writeGroup(ctx context.Context, run CheckRun) error {
	data, err := json.Marshal(run)
	if err != nil {
		return fmt.Errorf("write check: %w", err)
	}
	sum := sha256.Sum256(data)
	digest := hex.EncodeToString(sum[:])
	rec := g.merging.groups[run.Head]
	if rec.digest == digest {
		return nil
	}
	if rec.id, _, err = g.putCheck(ctx, rec.id, run); err != nil {
		return err
	}
	if g.merging.groups == nil {
		g.merging.groups = map[string]groupRun{}
	}
	g.merging.groups[run.Head] = groupRun{rec.id, digest}
	g.opt.Log.InfoContext(ctx, "judged a group of the merge queue", "head", run.Head, "conclusion", run.Conclusion, "title", run.Title)
	return nil
}
