package gitops

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/gitops/review"
)

// A clean-up takes the lines of grants that have ended out of the config repo,
// in a pull request of the bot that nobody has to approve. One is open at a
// time, and one is made a day, or more when cleanMany lines are to be taken out.
// The files stay, also those without a line: they say who the group is.
const (
	// DefaultCleanAfter is Options.CleanAfter where nothing else is said. It is
	// longer than our clock may be off from GitHub's, by which the check judges
	// what has ended.
	DefaultCleanAfter = 2 * time.Minute
	cleanMany         = 20
	// cleanMost lines go in one pull request, so that it can be shown whole.
	cleanMost = 100
	// cleanupsADay is how many are made in a day at most.
	cleanupsADay = 5
)

// cleanupPrefix begins what a clean-up has in the place of a request.
const cleanupPrefix = "CLEANUP-"

// cleanUp makes the clean-up that is due, goes on with one that a crash cut
// short, and closes one that has nothing left to take out.
func (g *Gitops) cleanUp(ctx context.Context) error {
	if g.opt.Removed == nil || g.opt.Now().Before(g.cleanAt) {
		return nil
	}
	walk, err := g.state.Walk(ctx)
	if err != nil || !g.current(walk) {
		return err
	}
	g.cleanAt = g.opt.Now().Add(g.opt.CleanAfter / 4)
	force, err := g.inForce(ctx)
	if err != nil {
		return err
	}
	records, err := g.state.OpenPullRecords(ctx)
	if err != nil {
		return err
	}
	if i := slices.IndexFunc(records, func(r PullRecord) bool { return r.Kind == review.Cleanup }); i >= 0 {
		return g.goOnCleaning(ctx, records[i], force)
	}
	ended, err := g.endedLines(ctx, force)
	if err != nil || len(ended) == 0 {
		return err
	}
	id, due, err := g.nextCleanup(ctx, len(ended))
	if err != nil || !due {
		return err
	}
	rec := PullRecord{
		Request: id, Kind: review.Cleanup, Branch: branchPrefix + string(id), Base: force.Commit, AskedAt: g.opt.Now().UTC(), State: access.PullOpen,
	}
	if err := g.state.SavePull(ctx, StepProposing, rec); err != nil {
		return err
	}
	return g.openCleanup(ctx, rec, ended)
}

// nextCleanup names the next clean-up, and says whether it is due. The name has
// the day, so that a start anew makes no second one.
func (g *Gitops) nextCleanup(ctx context.Context, lines int) (access.ID, bool, error) {
	day := cleanupPrefix + g.opt.Now().UTC().Format(time.DateOnly)
	for n := 1; n <= cleanupsADay; n++ {
		id := access.ID(day)
		if n > 1 {
			id = access.ID(fmt.Sprintf("%s-%d", day, n))
		}
		rec, known, err := g.state.Pull(ctx, id)
		if err != nil || !known {
			return id, err == nil, err
		}
		if rec.State == access.PullClosed || lines < cleanMany {
			return "", false, nil // people closed it, or the next can wait until tomorrow
		}
	}
	return "", false, nil
}

// endedLines returns the lines that a clean-up may take out: those whose end is
// past for long enough, and of whose assignments nothing is left to remove.
func (g *Gitops) endedLines(ctx context.Context, force *access.InForce) ([]config.GrantRef, error) {
	var out []config.GrantRef
	before := g.opt.Now().Add(-g.opt.CleanAfter)
	var made map[config.Assignment]bool
	for _, ref := range force.Repo.Grants() {
		start, known := force.Starts[ref.Key]
		end, standing := ref.Grant.End(start)
		if !known || standing || end.After(before) {
			continue
		}
		if made == nil {
			made = map[config.Assignment]bool{}
			for _, a := range desired(force.Repo, force.Starts, g.opt.Now()) {
				made[a] = true
			}
		}
		over, err := g.removed(ctx, force.Repo, ref, made)
		if err != nil {
			return nil, err
		}
		if over && len(out) < cleanMost {
			out = append(out, ref)
		}
	}
	return out, nil
}

// removed reports whether every assignment of a line is removed in AWS, or made
// by another line. A line that went before would turn the removal of what has
// ended into one by a commit, which counts against the removal budget.
func (g *Gitops) removed(ctx context.Context, repo *config.Repo, ref config.GrantRef, made map[config.Assignment]bool) (bool, error) {
	for _, account := range repo.Resolve(ref.Grant) {
		a := config.Assignment{Principal: ref.File.Principal, Account: account.ID, PermissionSet: ref.Grant.PermissionSet}
		if made[a] {
			continue
		}
		gone, err := g.opt.Removed(ctx, a)
		if err != nil || !gone {
			return false, err
		}
	}
	return true, nil
}

// goOnCleaning looks at the clean-up that is open: it makes its pull request
// where a crash kept it from being made, and closes it when people took out all
// of its lines meanwhile.
func (g *Gitops) goOnCleaning(ctx context.Context, rec PullRecord, force *access.InForce) error {
	if rec.Number == 0 {
		rec.Base = force.Commit
		ended, err := g.endedLines(ctx, force)
		if err != nil {
			return err
		}
		if len(ended) == 0 {
			rec.State, rec.ClosedAt = access.PullClosed, g.opt.Now().UTC()
			return g.state.SavePull(ctx, StepFacts, rec)
		}
		return g.openCleanup(ctx, rec, ended)
	}
	old, err := g.reader.read(ctx, rec.Base)
	if err != nil {
		return err
	}
	made, err := g.reader.read(ctx, rec.Head)
	if err != nil || old.repo == nil || made.repo == nil {
		return err
	}
	left := takenOut(old.repo, made.repo, force.Repo)
	if len(left) > 0 {
		return nil
	}
	g.opt.Log.InfoContext(ctx, "clean-up has nothing left to take out", "pull", rec.Number)
	return g.host.ClosePull(ctx, rec.Number)
}

// takenOut returns the lines of now that a change from old to made takes out.
func takenOut(old, made, now *config.Repo) []config.GrantRef {
	kept := map[config.GrantKey]bool{}
	for _, ref := range made.Grants() {
		kept[ref.Key] = true
	}
	goes := map[config.GrantKey]bool{}
	for _, ref := range old.Grants() {
		goes[ref.Key] = !kept[ref.Key]
	}
	return slices.DeleteFunc(now.Grants(), func(ref config.GrantRef) bool { return !goes[ref.Key] })
}

// without returns the files of a commit that change when lines are taken out.
// Everything else in them stays, byte for byte.
func without(base *snapshot, lines []config.GrantRef) (map[string][]byte, error) {
	out := map[string][]byte{}
	for _, ref := range lines {
		path := ref.File.Path()
		content, ok := out[path]
		if !ok {
			content = base.fsys[path]
		}
		var err error
		if out[path], err = config.RemoveGrant(content, ref.File.Principal.Kind, ref.Key); err != nil {
			return nil, fmt.Errorf("take an ended grant out of %s: %w", path, err)
		}
	}
	return out, nil
}

// openCleanup makes the commit, the branch and the pull request.
func (g *Gitops) openCleanup(ctx context.Context, rec PullRecord, lines []config.GrantRef) error {
	base, err := g.reader.read(ctx, rec.Base)
	if err != nil {
		return err
	}
	files, err := without(base, lines)
	if err != nil {
		return err
	}
	rec.Title = fmt.Sprintf("Take out %s (%s)", counted(len(lines), "ended grant"), rec.Request)
	rec.Text = cleanupBody(lines)
	tree, err := g.host.CreateTree(ctx, base.commit.Tree, files)
	if err != nil {
		return fmt.Errorf("clean up: make the tree: %w", err)
	}
	if rec.Head, err = g.host.CreateCommit(ctx, rec.Title+"\n\nRequest: "+string(rec.Request)+"\n", tree, []string{rec.Base}); err != nil {
		return fmt.Errorf("clean up: make the commit: %w", err)
	}
	err = g.host.CreateBranch(ctx, rec.Branch, rec.Head)
	if errors.Is(err, ErrExists) {
		// From before a crash: nothing was made of it yet.
		err = g.host.MoveBranch(ctx, rec.Branch, rec.Head)
	}
	if err != nil {
		return fmt.Errorf("clean up: make the branch %s: %w", rec.Branch, err)
	}
	if head, err := g.reader.read(ctx, rec.Head); err == nil && head.repo != nil {
		rec.Fingerprint = config.Compare(base.repo, head.repo, nil, g.opt.Now()).Fingerprint()
	}
	if err := g.state.SavePull(ctx, StepBranch, rec); err != nil {
		return err
	}
	pull, err := g.pull(ctx, rec)
	if err != nil {
		return fmt.Errorf("clean up: %w", err)
	}
	rec.Number, rec.URL = pull.Number, pull.URL
	if err := g.state.SavePull(ctx, StepPull, rec); err != nil {
		return err
	}
	if err := g.host.Label(ctx, rec.Number, []string{CheckName, "clean-up"}); err != nil {
		g.opt.Log.WarnContext(ctx, "label pull request", "number", rec.Number, "error", err)
	}
	g.opt.Log.InfoContext(ctx, "clean-up opened", "pull", rec.Number, "lines", len(lines))
	g.Hint(rec.Number)
	return nil
}

// cleanupBody is the bot's part of the body.
func cleanupBody(lines []config.GrantRef) string {
	var b strings.Builder
	b.WriteString("These grants have ended and their access is removed; their lines say nothing any more. Nobody has to approve that. Merging this removes nothing in AWS. The check `" + CheckName + "` passes as long as this takes out nothing else; an edit on this branch ends that.\n\n")
	b.WriteString("| file | account | permission set | lasted |\n|---|---|---|---|\n")
	for _, ref := range lines {
		account := ref.Grant.Account
		if ref.Grant.Accounts != nil {
			account = "by OU or tags"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", code(ref.File.Path()), code(account), code(ref.Grant.PermissionSet), code(review.TermText(ref.Grant.Term())))
	}
	return b.String()
}
