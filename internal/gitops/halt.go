package gitops

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"aws-access-bot/internal/access"
)

// halt records that the walk stands still, unless it says so already, and
// tells the operations channel.
func (g *Gitops) halt(ctx context.Context, w Walk, sha string, f *fault, p *Pull, id access.ID) error {
	h := &Halt{Commit: sha, Code: f.code, Text: f.text, Ways: f.ways(sha, p), Request: id, At: g.opt.Now(), Pull: f.pull}
	if p != nil {
		h.Pull = p.Number
	}
	if old := w.Halt; old != nil && old.Commit == h.Commit && old.Code == h.Code {
		if h.At = old.At; old.Text == h.Text && slices.Equal(old.Ways, h.Ways) {
			return nil
		}
	}
	if old := w.Halt; old != nil && old.Commit != h.Commit {
		g.tellAuthorEnd(ctx, old)
	}
	// Its begin is in the key: the same commit may halt again another day.
	// Recorded and told in one step, so neither is without the other.
	tell := g.notice(fmt.Sprintf("halt/%s/%s/%s%s", sha, f.code, h.At.UTC().Format(time.RFC3339Nano), f.again), h.Sentence())
	if err := g.state.PutHalt(ctx, h, tell); err != nil {
		return fmt.Errorf("record the halt at %s: %w", short(sha), err)
	}
	if err := g.put(ctx, tell); err != nil {
		return err
	}
	g.opt.Log.WarnContext(ctx, "halted", "commit", sha, "rule", string(f.code))
	g.opt.OnChange()
	return nil
}

// Sentence says in words why the walk stands still and what ends it.
func (h *Halt) Sentence() string {
	return fmt.Sprintf("The bot stands still at commit %s (rule %s). %s What is in force stays in force. Ways out: %s.",
		short(h.Commit), h.Code, h.Text, strings.Join(h.Ways, "; "))
}

// unhalt ends a halt whose commit is on the branch no more.
func (g *Gitops) unhalt(ctx context.Context, w Walk) error {
	if w.Halt == nil {
		return nil
	}
	tell := g.haltOver(w.Halt, "it is not on the branch any more; what was in force stays in force")
	g.tellAuthorEnd(ctx, w.Halt)
	if err := g.state.PutHalt(ctx, nil, tell); err != nil {
		return fmt.Errorf("record the end of the halt at %s: %w", short(w.Halt.Commit), err)
	}
	if err := g.put(ctx, tell); err != nil {
		return err
	}
	g.opt.Log.InfoContext(ctx, "halt ended", "commit", w.Halt.Commit)
	g.opt.OnChange()
	return nil
}

// tellInvalid tells the operations channel of a commit that was passed over.
// It is passed over again when a commit before it was trusted since.
func (g *Gitops) tellInvalid(ctx context.Context, u *unit, problems []string, force time.Time) {
	sha := u.last().SHA
	text := fmt.Sprintf("Commit %s is passed over because its config is invalid; what was in force stays in force.\n%s", short(sha), strings.Join(problems, "\n"))
	if err := g.tellOps(ctx, fmt.Sprintf("invalid/%s/%s", sha, force.UTC().Format(time.RFC3339Nano)), text); err != nil {
		g.opt.Log.WarnContext(ctx, "tell of invalid commit", "commit", sha, "error", err)
	}
}

func (g *Gitops) tellOps(ctx context.Context, key, text string) error {
	return g.put(ctx, g.notice(key, text))
}

// notice is one for the operations channel.
func (g *Gitops) notice(key, text string) *access.Notice {
	return &access.Notice{Key: key, Kind: access.NoticeOps, At: g.opt.Now(), Text: text}
}

// put gives a notice to whoever brings it out, which one that is stored already
// only wakes.
func (g *Gitops) put(ctx context.Context, n *access.Notice) error {
	if g.opt.Ops == nil || n == nil {
		return nil
	}
	if err := g.opt.Ops.PutNotice(ctx, *n); err != nil {
		return fmt.Errorf("tell operations of %s: %w", n.Key, err)
	}
	return nil
}
