package provision

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
)

// tellCutover tells people of the state of a cutover, once, and notes that.
func (e *Engine) tellCutover(ctx context.Context, v *view, c *Cutover) error {
	if c.Told == c.State || e.Ops == nil {
		return nil
	}
	n := access.Notice{Key: "provision/cutover/" + c.ID + "/" + c.told(), Request: c.Request, At: v.now, Cutover: c.ID, Text: c.says()}
	switch c.State {
	case access.CutoverAsked:
		n.Kind, n.Until = access.NoticeStillIn, c.Until
	case access.CutoverConfirmed:
		n.Kind = access.NoticeConfirmed
	case access.CutoverRollingBack:
		n.Kind, n.Until = access.NoticeRollingBack, c.Until
	case access.CutoverRolledBack:
		n.Kind = access.NoticeRolledBack
		n.Text += c.whomToAsk(v.force.Repo)
		if c.restored() == 0 {
			n.Kind = access.NoticeNotPutBack
		}
	case access.CutoverWithdrawn:
		n.Kind = access.NoticeWithdrawn
	default:
		return nil
	}
	if err := e.Ops.PutNotice(ctx, n); err != nil {
		return fmt.Errorf("tell that it is %s: %w", c.State, err)
	}
	c.Told = c.State
	return e.saveCutovers(ctx, v, []Cutover{*c}, nil)
}

// toldMended and toldLate stand in the keys of questions that are asked anew.
const (
	toldMended = "asked/mended"
	toldLate   = "asked/late"
)

// told names what is told in a state.
func (c Cutover) told() string {
	switch {
	case c.State != access.CutoverAsked:
	case c.Late:
		return toldLate
	case c.Mended:
		return toldMended
	}
	return string(c.State)
}

// says is what people are told in a state, apart from the times and what they can
// do, which chat says.
func (c Cutover) says() string {
	switch c.State {
	case access.CutoverAsked, access.CutoverRollingBack:
		list := bulleted(c.Items, func(i CutoverItem) string { return i.named(c.AccountName) + i.caveat() })
		switch c.told() {
		case toldLate:
			list += "\nThe bot was down when the time to confirm was over, or has its state from a backup, so it does not know what was answered: please confirm anew. What counts is the time below, not one said before."
		case toldMended:
			list += "\nThe clock of the bot was wrong when it asked first: what counts is the time below, not the one said before."
		}
		return list
	case access.CutoverRolledBack:
		return bulleted(c.Items, func(i CutoverItem) string {
			if i.Restored.IsZero() {
				return i.named(c.AccountName) + ": not put back, since " + strings.TrimSuffix(i.Left, ".")
			}
			return i.named(c.AccountName) + i.until()
		})
	case access.CutoverConfirmed:
		return c.Name
	default:
		return ""
	}
}

// caveat says of what is asked about that it cannot be put back.
func (i CutoverItem) caveat() string {
	if i.fromEntra() {
		return ""
	}
	return ": cannot be put back, since it is not from Entra"
}

// until says when what is put back ends by itself, "" when it does not.
func (i CutoverItem) until() string {
	if i.End.IsZero() {
		return ""
	}
	return ", until its grant was to end at " + i.End.UTC().Format(time.RFC3339)
}

// itemsTold is how many items a message names: more would not fit.
const itemsTold = 20

func bulleted(items []CutoverItem, say func(CutoverItem) string) string {
	lines := make([]string, 0, min(len(items), itemsTold+1))
	for n, i := range items {
		if n == itemsTold {
			lines = append(lines, fmt.Sprintf("• and %d more", len(items)-n))
			break
		}
		lines = append(lines, "• "+say(i))
	}
	return strings.Join(lines, "\n")
}

// auditCutover notes what became of a question. Like all of the audit log it
// holds nothing up.
func (e *Engine) auditCutover(ctx context.Context, c Cutover, result string) {
	e.opts.Log.Info("cutover", "cutover", c.ID, "account", c.Account, "commit", c.Commit, "state", c.State, "items", len(c.Items), "result", result)
	if e.Audit == nil {
		return
	}
	event := AuditEvent{e.now(), "cutover." + string(c.State), c.Account, "removal by commit " + short(c.Commit), result}
	if err := e.Audit.Audit(ctx, event); err != nil {
		e.opts.Log.Error("audit", "action", event.Action, "target", event.Target, "error", err)
	}
}

// afterRollBack marks a finding of what the bot itself put back.
func (v *view) afterRollBack(f Finding) Finding {
	if f.Assignment == nil {
		return f
	}
	if f.Cutover = v.heldFor(*f.Assignment); f.Cutover == "" {
		return f
	}
	x := v.list[slices.IndexFunc(v.list, func(c Cutover) bool { return c.ID == f.Cutover })]
	f.Sentence = fmt.Sprintf("%s has %s in %s in AWS: commit %s took it away, nobody confirmed by %s that people are still in, and the bot put it back. No commit in force grants it, and it stays until somebody decides.",
		v.names.principal(f.Assignment.Principal), f.Pair.PermissionSet, v.names.account(f.Pair.Account), short(x.Commit), x.Until.UTC().Format(time.RFC3339))
	if n := slices.IndexFunc(x.Items, func(i CutoverItem) bool { return i.Assignment == *f.Assignment }); n >= 0 && !x.Items[n].End.IsZero() {
		f.Sentence += " Its grant was to end at " + x.Items[n].End.UTC().Format(time.RFC3339) + ", and so it does."
	}
	return f
}

// actsAfterRollBack are what people can do about what the bot put back.
func (f Finding) actsAfterRollBack() []access.DriftAct {
	if f.Assignment.Principal.Kind == config.GroupPrincipal {
		return []access.DriftAct{access.DriftAdopt, access.DriftRemove, access.DriftSnooze}
	}
	return []access.DriftAct{access.DriftRemove, access.DriftSnooze}
}
