package gitops

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
)

// trustDepth is how many first parents of the branch head are searched.
const trustDepth = 5000

var commitForm = regexp.MustCompile(`^[0-9a-f]{40}$`)

// trust puts a commit in force: it must be the branch head or a first parent on
// the way to it, and its config valid. It returns what is to be known besides.
func (g *Gitops) trust(ctx context.Context, sha string, v voucher) (note string, err error) {
	walk, s, starts, note, err := g.candidate(ctx, sha)
	if err != nil {
		return "", err
	}
	now := g.opt.Now()
	owns := desired(s.repo, starts, now)
	adopted, err := g.accepted(ctx, sha, v.adopt, owns)
	if err != nil {
		return "", err
	}
	force := &InForce{Commit: sha, Tree: s.commit.Tree, At: now, Starts: starts, Files: s.files()}
	known := s.repo // who is who: as in force until now
	if f := g.force.Load(); f != nil && walk.InForce.Commit != "" {
		known = f.Repo
	}
	who := v.words(known)
	verdicts, err := g.trustedVerdicts(ctx, walk, s, starts, who+", in a command run by "+orNobody(v.system))
	if err != nil {
		return "", err
	}
	a := Advance{
		From: walk.Position, To: sha, InForce: force, Desired: owns, Adopted: adopted,
		Blobs: blobs(s), Verdicts: verdicts, Auto: walk.Auto,
	}
	g.record(&a, walk, &v, who)
	if note != "" {
		a.Tell.Text += " " + note
	}
	g.tellAuthorEnd(ctx, walk.Halt)
	if err := g.enforce(ctx, a, s.repo); err != nil {
		return "", err
	}
	g.opt.Log.InfoContext(ctx, "commit trusted", "commit", sha, "before", walk.InForce.Commit, "by", who, "system", v.system)
	// It is stored already; this wakes whoever brings it out.
	return note, g.tellOps(ctx, a.Tell.Key, a.Tell.Text)
}

// candidate reads a commit that somebody wants in force, and when its grants
// began; the note is that of [Gitops.Vouch].
func (g *Gitops) candidate(ctx context.Context, sha string) (walk Walk, s *snapshot, starts config.Starts, note string, err error) {
	if walk, err = g.state.Walk(ctx); err != nil {
		return walk, nil, nil, "", err
	}
	if err := g.trustable(ctx, walk, sha); err != nil {
		return walk, nil, nil, "", err
	}
	if s, err = g.reader.read(ctx, sha); err != nil {
		return walk, nil, nil, "", err
	}
	if s.invalid != nil {
		return walk, nil, nil, "", s.invalid
	}
	starts, note, err = g.trustedStarts(ctx, s, walk)
	return walk, s, starts, note, err
}

// trustable refuses a commit that is not on the branch, or older than the one
// in force while the history still holds it.
func (g *Gitops) trustable(ctx context.Context, w Walk, sha string) error {
	head, err := g.host.Branch(ctx, g.opt.Branch)
	if errors.Is(err, ErrNotFound) {
		return noBranch(g.opt.Branch, w)
	}
	if err != nil {
		return fmt.Errorf("read the head of %s: %w", g.opt.Branch, err)
	}
	found, seen := false, false
	for at, n := head, 0; at != "" && n < trustDepth && !found; n++ {
		found = at == sha
		c, err := g.reader.commit(ctx, at)
		if err != nil {
			return err
		}
		seen = seen || at == w.InForce.Commit && !found
		at = ""
		if len(c.Parents) > 0 {
			at = c.Parents[0]
		}
	}
	switch {
	case !found:
		return fmt.Errorf("it is not the head of %s nor a first parent of it", g.opt.Branch)
	case seen:
		return fmt.Errorf("commit %s, which is in force, is newer", short(w.InForce.Commit))
	}
	return nil
}

// noBranch says that only a commit on the branch can be trusted, and how there is
// one again.
func noBranch(branch string, w Walk) error {
	text := fmt.Sprintf("the branch %s does not exist, and only a commit on it can be trusted: make it again first", branch)
	if w.Position != "" {
		text += fmt.Sprintf("; at commit %s, the newest one that was judged, the bot goes on by itself, and at another one run this again", w.Position)
	}
	return errors.New(text)
}

// trustedStarts keeps known starts and finds those of other grants: the merge
// of the request's own pull request, else, with a duration, of the commit that
// brought them in. One whose start is not found grants nothing, which the note
// says, as it does of those that were merged too late. Others, which their own
// end or nothing ends, begin with the trusted commit.
func (g *Gitops) trustedStarts(ctx context.Context, s *snapshot, w Walk) (starts config.Starts, note string, err error) {
	at := s.commit.At
	if now := g.opt.Now(); at.IsZero() || at.After(now) {
		at = now
	}
	var base *config.Repo
	if w.InForce.Commit != "" {
		force, err := g.inForce(ctx)
		if err != nil {
			return nil, "", err
		}
		base = force.Repo
	}
	fresh := config.Start{MergedAt: at, AskedAt: at}
	starts = config.NextStarts(base, s.repo, w.InForce.Starts, fresh)
	var sought []config.GrantRef
	for _, ref := range s.repo.Grants() {
		if starts[ref.Key] != fresh {
			continue
		}
		start, ok, err := g.mergedStart(ctx, ref.Grant.Request)
		if err != nil {
			return nil, "", err
		}
		if ok {
			starts[ref.Key] = start
		} else if ref.Grant.Duration > 0 {
			sought = append(sought, ref)
		}
	}
	found, err := g.trace(ctx, s, sought)
	if err != nil {
		return nil, "", fmt.Errorf("find when grants began: %w", err)
	}
	var startless []config.GrantRef
	var late []string
	for _, ref := range sought {
		if start, ok := found[ref.Key]; ok {
			starts[ref.Key] = start
			if why := whyVoid(ref.Grant, start, s.repo.Access.Limits); why != "" {
				late = append(late, voidLine(ref, why))
			}
		} else {
			starts[ref.Key] = neverStarted()
			startless = append(startless, ref)
		}
	}
	return starts, strings.TrimSpace(startlessWord(startless) + " " + lateWord(late)), nil
}

// mergedStart finds when the pull request of a request was merged, the first
// time; false for a grant without a request.
func (g *Gitops) mergedStart(ctx context.Context, request string) (start config.Start, ok bool, err error) {
	if request == "" {
		return start, false, nil
	}
	pulls, err := g.host.PullsFrom(ctx, branchPrefix+request)
	if errors.Is(err, ErrNotFound) {
		return start, false, nil
	}
	if err != nil {
		return start, false, fmt.Errorf("find the pull request of %s: %w", request, err)
	}
	for i := range pulls {
		p := &pulls[i]
		if !p.Merged() || p.BaseRef != g.opt.Branch || p.BaseRepo != g.opt.RepoID || p.HeadRepo != g.opt.RepoID {
			continue
		}
		if !ok || p.MergedAt.Before(start.MergedAt) {
			start, ok = *g.startOf(p), true
		}
	}
	return start, ok, nil
}

// trustedVerdicts records that commits up to the trusted one are in force by
// somebody's word, where the way there is known.
func (g *Gitops) trustedVerdicts(ctx context.Context, w Walk, s *snapshot, starts config.Starts, by string) ([]Verdict, error) {
	sha := s.commit.SHA
	chain := []Commit{s.commit}
	if w.Position != "" {
		list, bad, err := g.chain(ctx, w.Position, sha)
		if err != nil {
			return nil, err
		}
		if bad == nil && len(list) > 0 {
			chain = list
		}
	}
	var out []Verdict
	for _, c := range chain {
		v := Verdict{Commit: c.SHA, Outcome: Trusted, At: g.opt.Now(), Text: "trusted by " + strings.TrimSpace(by)}
		pulls, err := g.host.PullsWithCommit(ctx, c.SHA)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return nil, fmt.Errorf("find the pull request of commit %s: %w", short(c.SHA), err)
		}
		for _, p := range pulls {
			if p.Merged() && p.MergeCommit == c.SHA {
				v.Pull = p.Number
			}
		}
		if rec, ok, err := g.state.PullNumbered(ctx, v.Pull); err != nil {
			return nil, err
		} else if ok {
			v.Request = rec.Request
			v.Void = void(s.repo, string(rec.Request), starts)
		}
		out = append(out, v)
	}
	within, err := g.within(ctx, w.Passed, sha)
	if err != nil {
		return nil, err
	}
	caught, err := g.caughtUp(ctx, within, nil, s.repo, starts)
	return append(out, caught...), err
}

// within returns the commits of a list that another one has in its history.
func (g *Gitops) within(ctx context.Context, list []string, sha string) ([]string, error) {
	var out []string
	for _, c := range list {
		cmp, err := g.host.Compare(ctx, c, sha)
		if errors.Is(err, ErrNotFound) {
			continue // it went with a history that was rewritten
		}
		if err != nil {
			return nil, fmt.Errorf("compare %s with %s: %w", short(c), short(sha), err)
		}
		if cmp.Status == "ahead" || cmp.Status == "identical" {
			out = append(out, c)
		}
	}
	return out, nil
}

// inForce returns the config in force, from memory or from the store.
func (g *Gitops) inForce(ctx context.Context) (*access.InForce, error) {
	if f := g.force.Load(); f != nil {
		return f, nil
	}
	walk, err := g.state.Walk(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the walk: %w", err)
	}
	if walk.InForce.Commit == "" {
		return nil, fmt.Errorf("config in force: %w", access.ErrNotFound)
	}
	s, err := g.reader.restore(ctx, walk.InForce)
	if err != nil {
		return nil, fmt.Errorf("load commit %s, which is in force: %w", short(walk.InForce.Commit), err)
	}
	f := &access.InForce{Commit: walk.InForce.Commit, Repo: s.repo, Starts: walk.InForce.Starts}
	g.force.CompareAndSwap(nil, f)
	return g.force.Load(), nil
}

// restore makes the snapshot of the commit in force from the store alone; a
// file that is missing there is read from GitHub.
func (r *reader) restore(ctx context.Context, f InForce) (*snapshot, error) {
	entries := make(map[string]TreeEntry, len(f.Files))
	for p, sha := range f.Files {
		entries[p] = TreeEntry{Path: p, Mode: "100644", Type: "blob", SHA: sha}
	}
	s, err := r.assemble(ctx, Commit{SHA: f.Commit, Tree: f.Tree}, entries)
	if err != nil {
		return nil, err
	}
	if s.invalid != nil {
		return nil, s.invalid
	}
	return s, nil
}

// enforce stores a step and puts its config, if it has one, in force for who
// asks. Verdicts are read from the store and configs from memory: nobody may
// see the verdict of a step with the config before it, or a step that was
// stored with a config that was not.
func (g *Gitops) enforce(ctx context.Context, a Advance, repo *config.Repo) error {
	g.forcing.Lock()
	defer g.forcing.Unlock()
	a.note(g.force.Load(), repo)
	if err := g.state.Advance(ctx, a); err != nil {
		return err
	}
	if a.InForce != nil {
		g.force.Store(&access.InForce{Commit: a.InForce.Commit, Repo: repo, Starts: a.InForce.Starts})
	}
	return nil
}

// InForce implements [access.Commits].
func (g *Gitops) InForce(ctx context.Context) (access.InForce, error) {
	g.forcing.RLock()
	defer g.forcing.RUnlock()
	f, err := g.inForce(ctx)
	if err != nil {
		return access.InForce{}, err
	}
	return *f, nil
}

// Status is what an operator is shown.
type Status struct {
	Branch   string    `json:"branch"`
	InForce  string    `json:"in_force,omitempty"`
	Since    time.Time `json:"since,omitzero"`
	Position string    `json:"position,omitempty"`
	Halt     *Halt     `json:"halt,omitempty"`
	Blind    *Blind    `json:"blind,omitempty"`
	Stall    *Stall    `json:"stalled,omitempty"`
	Passed   []string  `json:"passed,omitempty"`
}

// Status returns where the walk is.
func (g *Gitops) Status(ctx context.Context) (Status, error) {
	w, err := g.state.Walk(ctx)
	if err != nil {
		return Status{}, fmt.Errorf("read the walk: %w", err)
	}
	blind, err := g.state.Blind(ctx)
	if err != nil {
		return Status{}, fmt.Errorf("read whether the config repo can be read: %w", err)
	}
	stall, err := g.state.Stall(ctx)
	if err != nil {
		return Status{}, fmt.Errorf("read whether a commit cannot be judged: %w", err)
	}
	return Status{Blind: blind, Stall: stall, Branch: g.opt.Branch, InForce: w.InForce.Commit, Since: w.InForce.At, Position: w.Position, Halt: w.Halt, Passed: w.Passed}, nil
}
