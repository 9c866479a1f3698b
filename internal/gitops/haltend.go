package gitops

import (
	"fmt"
	"slices"
	"time"

	"aws-access-bot/internal/access"
)

// haltOver is the notice that a halt ended, under a key of its own.
func (g *Gitops) haltOver(h *Halt, how string) *access.Notice {
	return &access.Notice{
		Key: fmt.Sprintf("halt-over/%s/%s/%s", h.Commit, h.Code, h.At.UTC().Format(time.RFC3339Nano)), Kind: access.NoticeOps, At: g.opt.Now(),
		Text: fmt.Sprintf("The halt at commit %s (rule %s) is over: %s. Nothing need be done about it any more.", short(h.Commit), h.Code, how),
	}
}

// howOver says how a step of the walk ended a halt, by the verdicts that are
// stored with it. A commit of a rebase merge is judged by the last of them, also
// where it halted by itself.
func howOver(h *Halt, a *Advance, units []unit) string {
	of := func(sha string) Verdict {
		i := slices.IndexFunc(a.Verdicts, func(v Verdict) bool { return v.Commit == sha })
		if i < 0 {
			return Verdict{}
		}
		return a.Verdicts[i]
	}
	force := "what was in force stays in force"
	if a.InForce != nil {
		force = fmt.Sprintf("commit %s is in force", short(a.InForce.Commit))
	}
	name := func(sha string) string {
		if v := of(sha); v.Pull != 0 {
			return fmt.Sprintf("commit %s (pull request #%d)", short(sha), v.Pull)
		}
		return "commit " + short(sha)
	}
	with, on := judgedWith(h.Commit, units)
	whole := ""
	if with != h.Commit {
		whole = fmt.Sprintf("it is judged with %s, the last of those that came with it; ", name(with))
	}
	switch v := of(with); {
	case v.Outcome == Verified:
		return fmt.Sprintf("%sit was judged again and is verified now, %s; %s", whole, v.Text, force)
	case v.Outcome == Undone:
		return fmt.Sprintf("%s%s put back what it touched; %s", whole, name(a.To), force)
	case v.Outcome == Invalid:
		return whole + "its config is invalid, so it is passed over; " + force
	case on:
		return fmt.Sprintf("%sthe walk went on to %s; %s", whole, name(a.To), force)
	default:
		return fmt.Sprintf("it is not on the branch any more, and the walk went on to %s; %s", name(a.To), force)
	}
}

// judgedWith returns the commit by which another is judged, and whether it is
// in one of the units at all.
func judgedWith(sha string, units []unit) (string, bool) {
	for i := range units {
		if slices.ContainsFunc(units[i].commits, func(c Commit) bool { return c.SHA == sha }) {
			return units[i].last().SHA, true
		}
	}
	return sha, false
}
