package gitops

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/gitops/review"
)

// haltEnd ends what is said of a halt in the comment on a pull request, before
// the plan. Text from people never holds it: inert breaks comments in HTML.
const haltEnd = "<!-- aws-access-bot:halt -->\n"

// tellAuthor says on a pull request that was written by hand that its merge
// halted the bot: whoever wrote it is in no thread. One of the bot's own has its
// request's thread, unless the store knows no such request.
func (g *Gitops) tellAuthor(ctx context.Context) error {
	walk, err := g.state.Walk(ctx)
	if err != nil {
		return fmt.Errorf("read the walk: %w", err)
	}
	h := walk.Halt
	if h == nil {
		return nil
	}
	return g.writeHalt(ctx, h, haltText(h))
}

// haltText is what a comment says of a halt.
func haltText(h *Halt) string {
	var b strings.Builder
	fmt.Fprintf(&b, "### The merge of this halted the bot\n\nThe bot stands still at commit %s since %s (rule `%s`). %s\n\nWhat is in force stays in force; nothing that is merged comes into force until one of these:\n\n",
		code(short(h.Commit)), h.At.UTC().Format(time.RFC3339), h.Code, prose(h.Text))
	for _, w := range h.Ways {
		fmt.Fprintf(&b, "- %s\n", proseWithCode(w))
	}
	return b.String()
}

// tellAuthorEnd says there that the halt is over. It is written before the end is
// recorded, so that a stop between the two has both done again; what cannot be
// written keeps no halt from ending.
func (g *Gitops) tellAuthorEnd(ctx context.Context, h *Halt) {
	if h == nil {
		return
	}
	text := fmt.Sprintf("### The merge of this had halted the bot\n\nFrom %s (rule `%s`). The halt is over.\n", h.At.UTC().Format(time.RFC3339), h.Code)
	if err := g.writeHalt(ctx, h, text); err != nil {
		g.opt.Log.WarnContext(ctx, "say on the pull request that its halt is over", "pull", h.Pull, "error", err)
	}
}

// hasThread reports whether a request is told in a thread: one that the store
// does not know, since its state was lost, has none that the bot could find,
// and neither has one that was taken back from its signed block.
func (g *Gitops) hasThread(ctx context.Context, id access.ID) (bool, error) {
	if id == "" {
		return false, nil
	}
	rec, known, err := g.state.Pull(ctx, id)
	if err != nil {
		return false, fmt.Errorf("look up the pull request of %s: %w", id, err)
	}
	return known && !rec.TakenBack && rec.Kind != review.Cleanup, nil
}

// writeHalt puts a text before what the bot's comment on the pull request of a
// halt says, unless it is there.
func (g *Gitops) writeHalt(ctx context.Context, h *Halt, text string) error {
	if h.Pull == 0 {
		return nil
	}
	if inThread, err := g.hasThread(ctx, h.Request); err != nil || inThread {
		return err
	}
	rec, _, err := g.state.Comment(ctx, h.Pull)
	if err != nil || rec.Digest == aboveDigest(text) || !g.pace.AllowN(g.opt.Now(), 1) {
		return err // when it waits for its turn, the poll comes back to it
	}
	return g.writeAbove(ctx, h.Pull, text)
}

// aboveDigest marks the record of a comment that begins with a text.
func aboveDigest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "halt/" + hex.EncodeToString(sum[:])
}

// writeAbove puts a text about a merge before what the bot's comment on the pull
// request says, in place of one put there earlier.
func (g *Gitops) writeAbove(ctx context.Context, number int, text string) error {
	rec, _, err := g.state.Comment(ctx, number)
	digest := aboveDigest(text)
	if err != nil || rec.Digest == digest {
		return err
	}
	own, err := g.host.OwnComments(ctx, number)
	if err != nil {
		return fmt.Errorf("read the comment on pull request %d: %w", number, err)
	}
	mark, rest := g.marker(number), ""
	rec = CommentRecord{Number: number, Digest: digest}
	for _, c := range own {
		if after, mine := strings.CutPrefix(c.Body, strings.TrimSuffix(mark, "\n")); mine {
			rec.ID, rec.URL, rest = c.ID, c.URL, strings.TrimLeft(after, "\r\n")
			break
		}
	}
	if _, plan, told := strings.Cut(rest, haltEnd); told {
		rest = plan
	}
	body := text + "\n" + haltEnd + rest
	if len(body) > maxComment {
		p, err := g.host.Pull(ctx, number)
		if err != nil {
			return fmt.Errorf("read pull request %d: %w", number, err)
		}
		body = cutShown(body, maxComment, p.URL)
	}
	body = mark + body
	if rec.ID != 0 {
		err = g.host.EditComment(ctx, rec.ID, body)
	} else {
		var made Comment
		made, err = g.host.CreateComment(ctx, number, body)
		rec.ID, rec.URL = made.ID, made.URL
	}
	if err != nil {
		return fmt.Errorf("say on pull request %d what became of its merge: %w", number, err)
	}
	return g.state.SaveComment(ctx, rec)
}
