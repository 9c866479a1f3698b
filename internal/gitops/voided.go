package gitops

import (
	"context"
	"fmt"
	"strings"

	"aws-access-bot/config"
)

// voided is what a merged pull request brought that grants nothing, where no
// thread says so: its author would think that it is granted.
type voided struct {
	commit string
	pull   int
	lines  []string // one an entry: where it is, what it was for, and why
}

// voidAgain is how what grants nothing is asked for again.
const voidAgain = "Where one is still needed, write its line anew with another `duration:` or a later `expires:`, in a new pull request; one that has neither is taken out first."

// voidsOf notes what a unit brought that grants nothing.
func (w *walker) voidsOf(ctx context.Context, u *unit, after *snapshot, j *judged) error {
	if w.dry != nil {
		return nil
	}
	if inThread, err := w.g.hasThread(ctx, j.origin.id); err != nil || inThread {
		return err
	}
	start := config.Start{MergedAt: u.pull.MergedAt, AskedAt: j.origin.askedAt}
	limits := after.repo.Access.Limits
	v := voided{commit: u.last().SHA, pull: u.pull.Number}
	for _, x := range config.Voids(w.base.repo, after.repo, limits, start) {
		v.lines = append(v.lines, voidLine(x.GrantRef, whyVoid(x.Grant, start, limits)))
	}
	if len(v.lines) > 0 {
		w.voids = append(w.voids, v)
	}
	return nil
}

// voidLine says of an entry where it is, what it was for, and why that is not
// granted.
func voidLine(ref config.GrantRef, why string) string {
	return fmt.Sprintf("%s line %d (%s). %s", ref.Grant.Pos.File, ref.Grant.Pos.Line, ref.Grant.PermissionSet, why)
}

// lateWord says to whoever trusts what was merged too late to grant anything, ""
// for nothing.
func lateWord(lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	return "These entries grant nothing: " + strings.Join(firstLines(lines), " ") + " " + voidAgain
}

// firstLines are as many as are told, with how many more there are.
func firstLines(lines []string) []string {
	if more := len(lines) - maxListed; more > 0 {
		return append(lines[:maxListed:maxListed], fmt.Sprintf("And %d more.", more))
	}
	return lines
}

// tellVoids tells the authors and the operations channel of what grants
// nothing. It is done before the commit is recorded, so that a stop between the
// two has both done again; a comment that cannot be written keeps nothing from
// coming into force.
func (w *walker) tellVoids(ctx context.Context) error {
	for _, v := range w.voids {
		lines := firstLines(v.lines)
		var b strings.Builder
		fmt.Fprintf(&b, "### What this brought grants nothing\n\nIt was merged as commit %s and is in force, but these entries grant nothing:\n\n", code(short(v.commit)))
		for _, l := range lines {
			fmt.Fprintf(&b, "- %s\n", prose(l))
		}
		b.WriteString("\n" + voidAgain + "\n")
		if err := w.g.writeAbove(ctx, v.pull, b.String()); err != nil {
			w.g.opt.Log.WarnContext(ctx, "say on the pull request that it grants nothing", "pull", v.pull, "error", err)
		}
		text := fmt.Sprintf("Pull request #%d was merged as commit %s, and these entries of it grant nothing: %s %s", v.pull, short(v.commit), strings.Join(lines, " "), voidAgain)
		if err := w.g.tellOps(ctx, "void/"+v.commit, text); err != nil {
			return err
		}
	}
	w.voids = nil
	return nil
}

// whyVoid says why a grant with a start grants nothing from the beginning, ""
// when it does not.
func whyVoid(grant config.Grant, s config.Start, limits config.Limits) string {
	switch limit := limits.StartBy; {
	case limit > 0 && !s.AskedAt.IsZero() && s.MergedAt.Sub(s.AskedAt) > limit:
		return fmt.Sprintf("It was merged %s after it was asked for; after %s a grant grants nothing (limits.start_by).",
			span(s.MergedAt.Sub(s.AskedAt)), config.FormatDuration(limit))
	case !grant.Expires.IsZero() && !grant.Expires.After(s.MergedAt):
		return fmt.Sprintf("It was merged after its end, %s.", grant.Expires.UTC().Format(clockText))
	}
	return ""
}
