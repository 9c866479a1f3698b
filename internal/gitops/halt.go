package gitops

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"aws-access-bot/internal/access"
)

// halt records that the walk stands still, unless it says so already, and
// tells the operations channel.
func (g *Gitops) halt(ctx context.Context, w Walk, sha string, f *fault, p *Pull, id access.ID) error {
	h := &Halt{Commit: sha, Code: f.code, Text: f.text, Ways: f.ways(sha, p), Request: id, At: g.opt.Now()}
	if p != nil {
		h.Pull = p.Number
	}
	if old := w.Halt; old != nil && old.Commit == h.Commit && old.Code == h.Code && old.Text == h.Text && slices.Equal(old.Ways, h.Ways) {
		return nil
	}
	// Told first, since a halt that is recorded is not told again: a stop
	// between the two tells once more under the same key, which is once.
	if err := g.tellOps(ctx, fmt.Sprintf("halt/%s/%s", sha, f.code), h.Sentence()); err != nil {
		return err
	}
	if err := g.state.PutHalt(ctx, h); err != nil {
		return fmt.Errorf("record the halt at %s: %w", short(sha), err)
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
	// Told first, as a halt is.
	if err := g.tellOver(ctx, g.haltOver(w.Halt, "it is not on the branch any more; what was in force stays in force")); err != nil {
		return err
	}
	if err := g.state.PutHalt(ctx, nil); err != nil {
		return fmt.Errorf("record the end of the halt at %s: %w", short(w.Halt.Commit), err)
	}
	g.opt.Log.InfoContext(ctx, "halt ended", "commit", w.Halt.Commit)
	g.opt.OnChange()
	return nil
}

// tellInvalid tells the operations channel of a commit that was passed over.
func (g *Gitops) tellInvalid(ctx context.Context, u *unit, problems []string) {
	sha := u.last().SHA
	text := fmt.Sprintf("Commit %s is passed over because its config is invalid; what was in force stays in force.\n%s", short(sha), strings.Join(problems, "\n"))
	if err := g.tellOps(ctx, "invalid/"+sha, text); err != nil {
		g.opt.Log.WarnContext(ctx, "tell of invalid commit", "commit", sha, "error", err)
	}
}

func (g *Gitops) tellOps(ctx context.Context, key, text string) error {
	if g.opt.Ops == nil {
		return nil
	}
	n := access.Notice{Key: key, Kind: access.NoticeOps, At: g.opt.Now(), Text: text}
	if err := g.opt.Ops.PutNotice(ctx, n); err != nil {
		return fmt.Errorf("tell operations of %s: %w", key, err)
	}
	return nil
}
