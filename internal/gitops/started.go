package gitops

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"aws-access-bot/config"
)

const (
	// startDepth is how many first parents are read to find when grants began.
	startDepth = 500
	// maxListed is how many grants are named that grant nothing.
	maxListed = 10
)

// tracing walks first parents back from a trusted commit to find when grants
// began: the store that knew is lost, or never judged the commits that brought
// them. A start that is too late would bring back what has ended.
type tracing struct {
	g   *Gitops
	now time.Time
	// sought has the grants whose beginning was not met yet, under the keys that
	// they have at the commit where the tracing is.
	sought map[config.GrantKey]config.GrantRef
	// met are the commits passed; nothing before them is later than latest.
	met    map[string]bool
	latest time.Time
	// times are the starts of commits that were looked up, nil where unknown.
	times map[string]*config.Start
	found config.Starts
}

// trace finds when grants with a duration began that a snapshot has, as the walk would have: when the
// first-parent commit was merged that brought the key in. It goes back no
// further than the longest duration needs, since what was there by then has
// ended for sure. A grant whose start it does not find is not in the result.
func (g *Gitops) trace(ctx context.Context, s *snapshot, sought []config.GrantRef) (config.Starts, error) {
	t := &tracing{
		g: g, now: g.opt.Now(), sought: map[config.GrantKey]config.GrantRef{}, latest: g.opt.Now(),
		met: map[string]bool{s.commit.SHA: true}, times: map[string]*config.Start{}, found: config.Starts{},
	}
	for _, ref := range sought {
		t.sought[ref.Key] = ref
	}
	err := t.ended(ctx, s.commit)
	for at, c := s, s.commit; err == nil && t.goesOn(); {
		if len(c.Parents) == 0 {
			return t.found, t.step(ctx, at, nil)
		}
		var before *snapshot
		if before, err = g.reader.read(ctx, c.Parents[0]); err != nil {
			break
		}
		c = before.commit
		t.met[c.SHA] = true
		if before.repo == nil {
			continue // it brought nothing into force
		}
		if err = t.step(ctx, at, before.repo); err == nil {
			at = before
			err = t.ended(ctx, c)
		}
	}
	return t.found, err
}

// goesOn reports whether a grant is sought and more commits may be read.
func (t *tracing) goesOn() bool { return len(t.sought) > 0 && len(t.met) < startDepth }

// ended settles the grants that have ended for sure, since a commit that is so
// old has them already.
func (t *tracing) ended(ctx context.Context, c Commit) error {
	for key, ref := range t.sought {
		d := ref.Grant.Duration
		if c.At.Add(d).After(t.now) {
			continue
		}
		// The committer's date may be earlier than the merge.
		start, err := t.start(ctx, c)
		if err != nil {
			return err
		}
		if start != nil && !start.MergedAt.Add(d).After(t.now) {
			t.found[ref.Key] = *start
			delete(t.sought, key)
		}
	}
	return nil
}

// step goes from a commit to the one before, whose repo is nil when there is
// none: what is new in the commit began with it, and the rest is sought on,
// under the keys that it has before.
func (t *tracing) step(ctx context.Context, at *snapshot, before *config.Repo) error {
	// What each grant continues is told by giving every one before a start of its
	// own: an account's file may have been renamed.
	var keys []config.GrantKey
	marks := config.Starts{}
	if before != nil {
		for _, ref := range before.Grants() {
			marks[ref.Key] = config.Start{MergedAt: time.Unix(int64(len(keys)), 0)}
			keys = append(keys, ref.Key)
		}
	}
	fresh := config.Start{MergedAt: time.Unix(-1, 0)}
	next := config.NextStarts(before, at.repo, marks, fresh)
	sought := map[config.GrantKey]config.GrantRef{}
	for key, ref := range t.sought {
		if mark := next[key]; mark != fresh {
			sought[keys[mark.MergedAt.Unix()]] = ref
			continue
		}
		start, err := t.start(ctx, at.commit)
		if err != nil {
			return err
		}
		if start != nil {
			t.found[ref.Key] = *start
		}
	}
	t.sought = sought
	if c := at.commit.At; !c.IsZero() && c.Before(t.latest) {
		t.latest = c
	}
	return nil
}

// start is when a first-parent commit was merged: what its pull request says,
// else its own date, which whoever pushed it wrote, and which is therefore no
// later than that of the commits after it. It is nil where nothing says.
func (t *tracing) start(ctx context.Context, c Commit) (*config.Start, error) {
	if s, known := t.times[c.SHA]; known {
		return s, nil
	}
	p, _, err := t.g.pullOf(ctx, c.SHA, t.met)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return nil, err
	}
	var s *config.Start
	switch {
	case err == nil && p != nil:
		s = t.g.startOf(p)
	case c.At.IsZero():
	case c.At.After(t.latest):
		s = &config.Start{MergedAt: t.latest, AskedAt: t.latest}
	default:
		s = &config.Start{MergedAt: c.At, AskedAt: c.At}
	}
	t.times[c.SHA] = s
	return s, nil
}

// startOf is the start of what a merged pull request brought.
func (g *Gitops) startOf(p *Pull) *config.Start {
	s := &config.Start{MergedAt: p.MergedAt, AskedAt: p.CreatedAt}
	if b, err := ParseBlock(p.Body, g.opt.SigningKey); err == nil && b.Repo == g.opt.RepoID && branchPrefix+string(b.Request) == p.HeadRef {
		s.AskedAt = b.AskedAt
	}
	return s
}

// neverStarted is the start of a grant with a duration that grants nothing,
// since it is not known when it began. It is a start like others: a grant
// without one would begin with the next merge.
func neverStarted() config.Start {
	return config.Start{MergedAt: time.Unix(0, 0).UTC(), AskedAt: time.Unix(0, 0).UTC()}
}

// startlessWord says which grants grant nothing, since it was not found when
// they began, and what to do; "" for none.
func startlessWord(list []config.GrantRef) string {
	if len(list) == 0 {
		return ""
	}
	names := make([]string, 0, maxListed+1)
	for _, ref := range list[:min(len(list), maxListed)] {
		names = append(names, fmt.Sprintf("%s line %d (%s, %s)", ref.Grant.Pos.File, ref.Grant.Pos.Line, ref.Grant.PermissionSet, config.FormatDuration(ref.Grant.Duration)))
	}
	if more := len(list) - len(names); more > 0 {
		names = append(names, fmt.Sprintf("and %d more", more))
	}
	return fmt.Sprintf("These grants grant nothing, since it was not found within %d commits when they began: %s. "+
		"Where one is still needed, write its line anew with another `duration:`, or with `expires:`, in a pull request: it begins with its merge.",
		startDepth, strings.Join(names, "; "))
}
