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
// stored with it.
func howOver(h *Halt, a *Advance) string {
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
	last := "commit " + short(a.To)
	if v := of(a.To); v.Pull != 0 {
		last += fmt.Sprintf(" (pull request #%d)", v.Pull)
	}
	switch v := of(h.Commit); v.Outcome {
	case Verified:
		return fmt.Sprintf("it was judged again and is verified now, %s; %s", v.Text, force)
	case Undone:
		return fmt.Sprintf("%s put back what it touched; %s", last, force)
	case Invalid:
		return "its config is invalid, so it is passed over; " + force
	default:
		return fmt.Sprintf("it is not on the branch any more, and the walk went on to %s; %s", last, force)
	}
}
