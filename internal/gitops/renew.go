package gitops

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/gitops/review"
)

// renew brings the pull request of a request up to date when the default
// branch has moved on: the check is strict, so that what lies behind cannot be
// merged, and a person who presses "Update branch" would make a head that is
// not the bot's. With a merge queue only what cannot be merged is. The same grants are put on the new base in one new commit;
// approvals of the old head do not count any more. It changes p to what the
// pull request is then.
//
// The new commit is recorded before the branch is moved, and takes the place
// of the old one after; whichever of the two is the head is the bot's.
func (g *Gitops) renew(ctx context.Context, p *Pull, walk Walk) error {
	rec, known, err := g.state.PullNumbered(ctx, p.Number)
	if err != nil || !known || p.HeadRepo != g.opt.RepoID {
		return err
	}
	if rec.NextHead != "" && p.HeadSHA == rec.NextHead {
		return g.renewed(ctx, p, rec)
	}
	if p.HeadSHA != rec.Head || rec.Base == g.tip || !g.current(walk) {
		return nil
	}
	// The list may be older than a merge, and what was merged must keep its
	// head.
	now, err := g.host.Pull(ctx, p.Number)
	if err != nil || !now.Open || now.HeadSHA != p.HeadSHA {
		return err
	}
	if stays, err := g.staysBehind(ctx, &now); err != nil || stays {
		return err
	}
	tree, err := g.rebuild(ctx, rec)
	if err != nil || tree == "" {
		return err
	}
	if rec.NextHead, err = g.host.CreateCommit(ctx, renewedMessage(p, rec), tree, []string{g.tip}); err != nil {
		return fmt.Errorf("make the commit: %w", err)
	}
	rec.NextBase = g.tip
	if err := g.state.SavePull(ctx, StepBranch, rec); err != nil {
		return err
	}
	if err := g.host.MoveBranch(ctx, rec.Branch, rec.NextHead); err != nil {
		return fmt.Errorf("move the branch %s: %w", rec.Branch, err)
	}
	if now, err = g.host.Pull(ctx, p.Number); err != nil {
		return fmt.Errorf("read it after its branch was moved: %w", err)
	}
	if !now.Open {
		return nil // merged meanwhile, and then the old commit is what counts
	}
	p.HeadSHA = rec.NextHead
	return g.renewed(ctx, p, rec)
}

// renewedMessage says what the commit does, in the words of the record: who may
// triage may edit the title on GitHub. Records of earlier versions have none.
func renewedMessage(p *Pull, rec PullRecord) string {
	return cmp.Or(rec.Title, p.Title) + "\n\nRequest: " + string(rec.Request) + "\n"
}

// renewed makes the new commit the one that counts, and signs it.
func (g *Gitops) renewed(ctx context.Context, p *Pull, rec PullRecord) error {
	rec.Base, rec.Head, rec.NextBase, rec.NextHead = rec.NextBase, rec.NextHead, "", ""
	base, err := g.reader.read(ctx, rec.Base)
	if err != nil {
		return err
	}
	head, err := g.reader.read(ctx, rec.Head)
	if err != nil {
		return err
	}
	if base.repo != nil && head.repo != nil {
		rec.Fingerprint = config.Compare(base.repo, head.repo, nil, g.opt.Now()).Fingerprint()
	}
	if err := g.sign(ctx, p, rec); err != nil {
		return err
	}
	if err := g.state.SavePull(ctx, StepPull, rec); err != nil {
		return err
	}
	g.opt.Log.InfoContext(ctx, "pull request brought up to date", "number", p.Number, "base", rec.Base)
	g.opt.OnChange()
	return nil
}

// rebuild makes the tree of a request's change on the branch's head. It is ""
// when the change cannot be made there any more, which the check then shows as
// a branch that lies behind.
func (g *Gitops) rebuild(ctx context.Context, rec PullRecord) (string, error) {
	old, err := g.reader.read(ctx, rec.Base)
	if err != nil {
		return "", err
	}
	made, err := g.reader.read(ctx, rec.Head)
	if err != nil {
		return "", err
	}
	base, err := g.reader.read(ctx, g.tip)
	if err != nil {
		return "", err
	}
	if old.repo == nil || made.repo == nil && !rec.takesStep() || base.repo == nil {
		return "", nil
	}
	files, err := g.replayed(rec, old, made, base)
	if err != nil {
		g.opt.Log.InfoContext(ctx, "pull request cannot be brought up to date", "number", rec.Number, "error", err)
		return "", nil
	}
	changed := base.fsys
	for path, content := range files {
		changed = changed.with(path, content)
	}
	head, err := g.reader.cache.Load(changed)
	var problems config.Problems
	switch {
	case errors.As(err, &problems) && rec.takesStep():
		// Some account is not ready yet; the check of the new head names those.
	case err != nil || config.Compare(base.repo, head, nil, g.opt.Now()).Empty():
		return "", nil
	}
	tree, err := g.host.CreateTree(ctx, base.commit.Tree, files)
	if err != nil {
		return "", fmt.Errorf("make the tree: %w", err)
	}
	return tree, nil
}

// replayed returns the files that change when the edits between two commits are
// made again on a third.
func (g *Gitops) replayed(rec PullRecord, old, made, base *snapshot) (map[string][]byte, error) {
	again := replay
	switch rec.Kind {
	case review.Cleanup:
		return without(base, takenOut(old.repo, made.repo, base.repo))
	case review.Phase:
		return replayPhase(made, base)
	case review.Onboard:
		return replayOnboard(rec.Account, old, made, base)
	case review.Link:
		again = replayLink
	case review.Revoke:
		again = replayRevoke
	}
	path, content, err := again(old, made, base, rec.Principal)
	return map[string][]byte{path: content}, err
}

// replay makes the edits of a principal's file between two commits again on a
// third: the same grants go, the same grants come.
func replay(old, made, base *snapshot, who config.Principal) (path string, content []byte, err error) {
	return replayEdits(old, made, base, who, false)
}

// replayRevoke is replay for a revocation: what has gone meanwhile is what it is
// for, and keeps nothing else in.
func replayRevoke(old, made, base *snapshot, who config.Principal) (path string, content []byte, err error) {
	return replayEdits(old, made, base, who, true)
}

// replayEdits makes edits again; gone lets what is to go be gone already.
func replayEdits(old, made, base *snapshot, who config.Principal, gone bool) (path string, content []byte, err error) {
	var before, after, stands []config.Grant
	was, _ := old.repo.PrincipalFile(who)
	now, ok := made.repo.PrincipalFile(who)
	if !ok {
		return "", nil, &access.Refusal{Message: "The file of " + who.String() + " is not in the change."}
	}
	if was != nil {
		before = was.Access
	}
	after = now.Access
	header := config.Header{ID: who.ID, Name: now.Name}
	path = now.Path()
	if f, ok := base.repo.PrincipalFile(who); ok {
		path, header.Name, stands = f.Path(), f.Name, f.Access
	} else if _, taken := base.entries[path]; taken {
		return "", nil, &access.Refusal{Message: path + " is another principal's now."}
	}
	content = base.fsys[path]
	for _, grant := range missingIn(now, before, after) {
		if grant, err = moved(grant, old.repo, base.repo); err != nil {
			return "", nil, err
		}
		if gone && len(missingIn(now, []config.Grant{grant}, stands)) > 0 {
			if rewritten(now, grant, stands, before) {
				return "", nil, &access.Refusal{Message: "A line of " + path + " that is to go says something else now."}
			}
			continue
		}
		if content, err = config.RemoveGrant(content, who.Kind, now.Key(grant)); err != nil {
			return "", nil, err
		}
	}
	for _, grant := range missingIn(now, after, before) {
		if grant, err = moved(grant, made.repo, base.repo); err != nil {
			return "", nil, err
		}
		if content, err = config.AddGrant(content, who.Kind, header, grant); err != nil {
			return "", nil, err
		}
	}
	return path, content, nil
}

// rewritten reports whether a line that is not there any more only has another
// end now: one for the same, of the same request, stands that was not there.
func rewritten(f *config.PrincipalFile, gone config.Grant, stands, before []config.Grant) bool {
	endless := func(g config.Grant) config.GrantKey {
		g.Duration, g.Expires = 0, time.Time{}
		return f.Key(g)
	}
	for _, g := range missingIn(f, stands, before) {
		if endless(g) == endless(gone) {
			return true
		}
	}
	return false
}

// moved writes a grant of one repo for another: an account is what its id says,
// whatever its file is called there.
func moved(grant config.Grant, from, to *config.Repo) (config.Grant, error) {
	if grant.Account == "" {
		return grant, nil
	}
	was, ok := from.AccountBySlug(grant.Account)
	if !ok {
		return grant, &access.Refusal{Message: "The account " + grant.Account + " has no file."}
	}
	is, ok := to.AccountByID(was.ID)
	if !ok {
		return grant, &access.Refusal{Message: "The account " + was.ID + " has no file any more."}
	}
	grant.Account = is.Slug
	return grant, nil
}

// missingIn returns the grants of one list that another has not.
func missingIn(f *config.PrincipalFile, list, other []config.Grant) []config.Grant {
	var out []config.Grant
	for _, g := range list {
		if !slices.ContainsFunc(other, func(o config.Grant) bool { return f.Key(o) == f.Key(g) }) {
			out = append(out, g)
		}
	}
	return out
}
