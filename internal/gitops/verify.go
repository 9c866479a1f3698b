package gitops

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/gitops/audience"
	"aws-access-bot/internal/gitops/review"
)

// judged is what the verification of one unit found: a pass when both faults
// and problems are empty.
type judged struct {
	origin   origin
	bad      *fault
	problems []string
	verdict  review.Verdict
	// people are behind the assignments that a pass gains.
	people []audience.Kept
	// late are the people that a halt over this shows, nil when there is
	// nothing that an approval could mend.
	late map[string]review.Shown
	// halted is what else a halt over this shows where no check showed anything.
	halted ShownHead
}

// verify judges a unit. base is the last valid verified content, as the commits
// passed over leave it; after is the content the unit leaves. late lets
// approvals given after the merge count.
func (g *Gitops) verify(ctx context.Context, base, after *snapshot, u *unit, w *Walk, starts config.Starts, late bool) (judged, error) {
	var j judged
	var err error
	if u.bad != nil {
		j.bad = u.bad
		return j, nil
	}
	var bad *fault
	if j.origin, bad, err = g.origin(ctx, u.pull); err != nil {
		return j, err
	}
	if after.cut {
		// Not merely invalid: what it holds and what it puts back is not known.
		j.bad = faultf(HaltTree, "Of commit %s the bot cannot know what it holds: %s.", short(u.last().SHA), tooLarge)
		return j, nil
	}
	if after.invalid != nil {
		j.problems = after.invalid.Problems
		return j, nil
	}
	if p := config.CheckTransition(base.repo, after.repo); len(p) > 0 {
		j.problems = problemLines(p)
		return j, nil
	}
	if j.bad = bad; bad != nil {
		return j, nil
	}
	r, err := g.reviewed(ctx, u, w.Passed)
	if err != nil {
		return j, err
	}
	if j.bad, err = g.sameContent(ctx, r, base, u, starts); err != nil || j.bad != nil {
		return j, err
	}
	if j.bad, err = g.nothingMore(ctx, r, base, after, u, starts); err != nil || j.bad != nil {
		return j, err
	}
	return j, g.approved(ctx, &j, base, after, u, w, starts, late)
}

// reviewed is what there was when a unit was reviewed, and what became of it.
type reviewed struct {
	// head is the approved head, left where it left the branch.
	head *snapshot
	left string
	// parent is what the unit was merged onto, merged what it left.
	parent, merged *snapshot
	// passed are the commits that were passed over, and so in nobody's force.
	passed []string
}

func (g *Gitops) reviewed(ctx context.Context, u *unit, passed []string) (r reviewed, err error) {
	r.passed = passed
	if r.head, err = g.reader.read(ctx, u.pull.HeadSHA); err != nil {
		return r, err
	}
	if r.merged, err = g.reader.read(ctx, u.last().SHA); err != nil {
		return r, err
	}
	if r.parent, err = g.reader.read(ctx, u.commits[0].Parents[0]); err != nil {
		return r, err
	}
	cmp, err := g.host.Compare(ctx, r.parent.commit.SHA, u.pull.HeadSHA)
	if err != nil {
		return r, fmt.Errorf("compare %s with %s: %w", short(r.parent.commit.SHA), short(u.pull.HeadSHA), err)
	}
	r.left = cmp.MergeBase
	return r, nil
}

// changeShown is the change that the approved head showed.
func (g *Gitops) changeShown(ctx context.Context, r reviewed, base *snapshot, starts config.Starts, at time.Time) (config.Change, error) {
	left, err := g.repoAt(ctx, r.left, r, base)
	if err != nil {
		return config.Change{}, err
	}
	return config.Compare(left, r.head.repo, starts, at), nil
}

// sameContent checks that what was merged is what was reviewed: the same change
// of assignments and of every other field as on the approved head, each against
// where it started. The same tree from the same start is the short cut; the same
// tree on a base that moved on may bring back what went meanwhile.
func (g *Gitops) sameContent(ctx context.Context, r reviewed, base *snapshot, u *unit, starts config.Starts) (*fault, error) {
	if r.left == r.parent.commit.SHA && !r.head.cut && !r.merged.cut && maps.Equal(r.head.entries, r.merged.entries) {
		return nil, nil
	}
	differs := faultf(HaltContent, "What commit %s changes is not what was reviewed on the head %s of pull request #%d.", short(u.last().SHA), short(u.pull.HeadSHA), u.pull.Number)
	if r.head.repo == nil || r.merged.repo == nil {
		return differs, nil
	}
	at := u.pull.MergedAt
	was, err := g.changeShown(ctx, r, base, starts, at)
	if err != nil {
		return nil, err
	}
	before, err := g.repoAt(ctx, r.parent.commit.SHA, r, base)
	if err != nil {
		return nil, err
	}
	is := config.Compare(before, r.merged.repo, starts, at)
	if was.Fingerprint() != is.Fingerprint() {
		return differs, nil
	}
	return nil, nil
}

// nothingMore checks that what would come into force was all shown on the
// approved head. It can be more where a bad commit before is thought away: what
// that one took, and what gives it to more accounts now, was in no head.
func (g *Gitops) nothingMore(ctx context.Context, r reviewed, base, after *snapshot, u *unit, starts config.Starts) (*fault, error) {
	if !r.parent.cut && !r.merged.cut && maps.Equal(r.parent.entries, base.entries) && maps.Equal(r.merged.entries, after.entries) {
		return nil, nil
	}
	more := faultf(HaltContent, "With what a later commit puts back, commit %s does more than was reviewed on the head %s of pull request #%d.", short(u.last().SHA), short(u.pull.HeadSHA), u.pull.Number)
	if r.head.repo == nil {
		return more, nil
	}
	was, err := g.changeShown(ctx, r, base, starts, u.pull.MergedAt)
	if err != nil {
		return nil, err
	}
	if !config.Compare(base.repo, after.repo, starts, u.pull.MergedAt).Within(was) {
		return more, nil
	}
	return nil, nil
}

// repoAt returns the repo at a commit, or the last valid one when its config
// is invalid, by itself or as a step.
func (g *Gitops) repoAt(ctx context.Context, sha string, r reviewed, base *snapshot) (*config.Repo, error) {
	if slices.Contains(r.passed, sha) {
		return base.repo, nil
	}
	s, err := g.reader.read(ctx, sha)
	if err != nil {
		return nil, err
	}
	if s.repo == nil {
		return base.repo, nil
	}
	return s.repo, nil
}

// approved evaluates the reviews.
func (g *Gitops) approved(ctx context.Context, j *judged, base, after *snapshot, u *unit, w *Walk, starts config.Starts, late bool) error {
	in := review.Input{
		Base: base.repo, Head: after.repo, Change: config.Compare(base.repo, after.repo, starts, u.pull.MergedAt),
		Start: u.pull.MergedAt, Starts: starts, HeadSHA: u.pull.HeadSHA, MergedAt: u.pull.MergedAt, Late: late,
	}
	if j.bad = j.origin.asAsked(in.Change, u.pull.Number); j.bad != nil {
		return nil
	}
	j.origin.fill(&in)
	if r := in.Request; r != nil {
		in.AutoUsed = w.autoUsed(r.Requester, in.Start)
	}
	if err := g.carry(ctx, &in, w, u.before); err != nil {
		return err
	}
	if err := g.opinions(ctx, u.pull.Number, &in); err != nil {
		return err
	}
	if err := g.facts(ctx, &in); err != nil {
		return err
	}
	if err := g.asShown(ctx, u.pull, &in); err != nil {
		return err
	}
	if _, err := g.objectedBefore(ctx, u.pull.Number, &in); err != nil {
		return err
	}
	j.verdict = review.Evaluate(in)
	refuseTooLarge(&j.verdict, in.Change, base.repo, after.repo)
	if len(j.verdict.Undecided) > 0 {
		return fmt.Errorf("judge pull request %d: %s", u.pull.Number, strings.Join(j.verdict.Undecided, " "))
	}
	if j.bad = verdictFault(&j.verdict, u.pull, base.repo, after.repo); j.bad != nil {
		j.late = nextLate(&in, &j.verdict, g.opt.Now())
		j.halted = ShownHead{ShownAt: in.ShownAt, Teams: in.Teams, Manager: in.Manager, Outside: in.Outside}
	} else {
		j.people = keep(&in, &j.verdict, u)
	}
	return nil
}

// carry fills in who is behind the commits that were passed over, and which
// requests. Verdicts of this walk may stand in pending and not in the store
// yet. Who joined such a request since counts as who had joined before.
func (g *Gitops) carry(ctx context.Context, in *review.Input, w *Walk, pending []Verdict) error {
	in.Carried, in.CarriedEntra = w.Carried, slices.Clone(w.CarriedEntra)
	for _, sha := range w.Passed {
		v, err := g.verdictOf(ctx, sha, pending)
		if err != nil {
			return err
		}
		if v.Request == "" {
			continue
		}
		in.CarriedRequests = append(in.CarriedRequests, string(v.Request))
		rec, _, err := g.state.Pull(ctx, v.Request)
		if err != nil {
			return fmt.Errorf("look up who joined %s: %w", v.Request, err)
		}
		in.CarriedEntra = append(in.CarriedEntra, rec.JoinedIDs()...)
	}
	return nil
}

// verdictOf returns the verdict of a commit, pending or stored; the zero one
// when there is none.
func (g *Gitops) verdictOf(ctx context.Context, sha string, pending []Verdict) (Verdict, error) {
	if i := slices.IndexFunc(pending, func(v Verdict) bool { return v.Commit == sha }); i >= 0 {
		return pending[i], nil
	}
	v, _, err := g.state.CommitVerdict(ctx, sha)
	if err != nil {
		return Verdict{}, fmt.Errorf("read the verdict of %s: %w", short(sha), err)
	}
	return v, nil
}

// asShown takes in what the check showed for the merged head, if the bot showed
// one: the people of the groups that gain, and only those in a team, in the
// organization, and that manager who were so then too. Whoever became so later
// counts for a late approval, which mends a halt, and not for one that he gave before the merge.
func (g *Gitops) asShown(ctx context.Context, p *Pull, in *review.Input) error {
	rec, _, err := g.state.Check(ctx, p.Number)
	if err != nil {
		return fmt.Errorf("look up the check of pull request %d: %w", p.Number, err)
	}
	if err := g.turned(ctx, p, in); err != nil {
		return err
	}
	forgot := rec.Forgot
	rec, known := rec.of(p.HeadSHA)
	if !known {
		if forgot { // it may have been shown, to whom and when is not known
			in.ShownAt = later(in.ShownAt, p.MergedAt)
		}
		return nil
	}
	in.ShownAt, in.ShownLate = later(in.ShownAt, rec.ShownAt), rec.Late
	in.Shown = rec.Shown
	late := lateApprovers(p, in)
	if m, linked := in.Base.PersonByEntra(in.Manager); in.Manager != rec.Manager && !(linked && m.GitHub != nil && late[m.GitHub.ID]) {
		in.Manager = ""
	}
	both := map[string][]int64{}
	for name, ids := range in.Teams {
		both[name] = slices.DeleteFunc(slices.Clone(ids), func(id int64) bool { return !slices.Contains(rec.Teams[name], id) && !late[id] })
	}
	in.Teams = both
	for _, id := range rec.Outside {
		if !late[id] {
			in.Outside = append(in.Outside, id)
		}
	}
	return nil
}

// lateApprovers are those who approved after the merge, where that counts.
func lateApprovers(p *Pull, in *review.Input) map[int64]bool {
	out := map[int64]bool{}
	for _, r := range in.Reviews {
		if in.Late && r.State == review.Approved && r.At.After(p.MergedAt) {
			out[r.User.ID] = true
		}
	}
	return out
}

// verdictFault says which rule a verdict breaks, nil for a pass.
func verdictFault(v *review.Verdict, p *Pull, base, head *config.Repo) *fault {
	if v.Pass {
		return nil
	}
	text := clip(strings.Join(review.Sentences(*v, base, head), " "), maxNote)
	code := HaltApproval
	switch {
	case len(v.Refused) > 0:
		code = HaltRefused
	case len(v.Blocks) > 0:
		code = HaltBlocked
	}
	f := faultf(code, "Pull request #%d was merged without what its change needs. %s", p.Number, text)
	f.objectors = review.Logins(v.Blocks)
	f.lacks = slices.ContainsFunc(v.Needs, func(n review.Need) bool { return !n.Met() })
	return f
}

// ways says how a halt ends. The command has the full id of the commit, as it
// wants it: what is read here is copied.
func (f *fault) ways(sha string, p *Pull) []string {
	var out []string
	switch {
	case p == nil:
	case f.code == HaltApproval:
		out = append(out, fmt.Sprintf("the missing approval on pull request #%d, now", p.Number))
	case f.code == HaltBlocked:
		way := fmt.Sprintf("the objection of %s on pull request #%d withdrawn (dismissed, or followed by an approval of the same person)", f.objectors, p.Number)
		if f.lacks {
			way += " and the approval that is missing, now"
		}
		out = append(out, way)
	}
	switch {
	case f.code == HaltNoBranch:
		return []string{
			fmt.Sprintf("restore the branch at commit %s, the newest one that was judged, and the bot goes on by itself", sha),
			"restore it at another commit, and then `bot trust SHA` for that one by an administrator of the config repo",
		}
	case f.code == HaltRewritten:
	case f.commits > 1:
		out = append(out, fmt.Sprintf("a pull request that puts back every file that commit %s and the %d before it touched", short(sha), f.commits-1))
	default:
		out = append(out, fmt.Sprintf("a pull request that puts back every file commit %s touched", short(sha)))
	}
	return append(out, fmt.Sprintf("`bot trust %s` by an administrator of the config repo", sha))
}

// void says why the grants of a request grant nothing, "" when they do or
// when there are none.
func void(repo *config.Repo, id string, starts config.Starts) string {
	for _, ref := range repo.Grants() {
		if ref.Grant.Request != id || id == "" {
			continue
		}
		if why := whyVoid(ref.Grant, starts[ref.Key], repo.Access.Limits); why != "" {
			return why + " Ask again."
		}
	}
	return ""
}

// span writes a measured time to the minute.
func span(d time.Duration) string {
	return strings.TrimSuffix(d.Round(time.Minute).String(), "0s")
}
