package chat

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"aws-access-bot/internal/access"
)

// DriftLine is what a drift line says; an empty Act lists what there is.
type DriftLine struct {
	Act access.DriftAct
	ID  string
}

// driftID is how a drift is named.
var driftID = regexp.MustCompile(`^DRIFT-[0-9a-f]{8}$`)

// parseDrift reads nothing, or "adopt|revert|snooze|remove DRIFT-0a1b2c3d".
func parseDrift(words []string) (DriftLine, error) {
	if len(words) == 0 {
		return DriftLine{}, nil
	}
	no := &UsageError{"`drift` takes nothing, or what to do and a drift.", "Write `drift adopt DRIFT-0a1b2c3d`; it can be adopt, revert, snooze or remove, and `drift` lists what there is."}
	if len(words) != 2 {
		return DriftLine{}, no
	}
	l := DriftLine{access.DriftAct(strings.ToLower(words[0])), "DRIFT-" + strings.TrimPrefix(strings.ToLower(words[1]), "drift-")}
	acts := []access.DriftAct{access.DriftAdopt, access.DriftRevert, access.DriftSnooze, access.DriftRemove}
	if !slices.Contains(acts, l.Act) || !driftID.MatchString(l.ID) {
		return DriftLine{}, no
	}
	return l, nil
}

func (d *Desk) drift(ctx context.Context, l DriftLine, by access.Asker, in access.Inbound) (Message, error) {
	switch l.Act {
	case access.DriftAdopt:
		a, err := d.Service.AdoptDrift(ctx, access.Adoption{Key: in.Key, Asker: by, Drift: l.ID, Channel: d.Channel[in.User.Platform], Origin: in.Channel})
		if err != nil {
			return Message{}, err
		}
		if a.Request.Kind == access.KindRevoke {
			what := fmt.Sprintf("%s takes out of the config repo what is gone from AWS.", a.Request.ID)
			return Message{Summary: what, Blocks: []Block{append(plain(what+" "), follow(a.Request)...)}}, nil
		}
		return Accepted(a), nil
	case access.DriftRevert:
		x, err := d.Service.RevertDrift(ctx, by.Person, l.ID)
		if err != nil {
			return Message{}, err
		}
		if !x.Missing {
			return said(fmt.Sprintf("%s is removed once two readings have shown it and the guards let it go. %s", l.ID, x.Sentence)), nil
		}
		return said(fmt.Sprintf("%s is being put back. %s", l.ID, x.Sentence)), nil
	case access.DriftRemove:
		x, err := d.Service.RemoveDrift(ctx, by.Person, l.ID)
		if err != nil {
			return Message{}, err
		}
		return said(fmt.Sprintf("%s is being taken away again, and is not put back. %s", l.ID, x.Sentence)), nil
	case access.DriftSnooze:
		x, err := d.Service.SnoozeDrift(ctx, by.Person, l.ID)
		if err != nil {
			return Message{}, err
		}
		return Message{Summary: l.ID + " is quiet for a day", Blocks: []Block{Text{{Text: l.ID + " is not told again before "}, {At: x.Snoozed}, {Text: "."}}}}, nil
	}
	_, list, err := d.Service.Sync(ctx, by.Person)
	if err != nil {
		return Message{}, err
	}
	return Drifted(list), nil
}

func (d *Desk) sync(ctx context.Context, by access.Asker) (Message, error) {
	done, list, err := d.Service.Sync(ctx, by.Person)
	if err != nil {
		return Message{}, err
	}
	return Synced(done, len(list)), nil
}

// driftsShown is how many drifts a message lists: each has buttons, and Slack
// takes 50 blocks.
const driftsShown = 15

// Drifted lists drift, with what can be done about each.
func Drifted(list []access.Drift) Message {
	if len(list) == 0 {
		return said("No drift: what was read in AWS is what the config repo says.")
	}
	m := Message{Summary: fmt.Sprintf("%d differences between AWS and the config repo", len(list)), Blocks: []Block{Heading(fmt.Sprintf("Drift: %d", len(list)))}}
	for i, x := range list {
		if i == driftsShown {
			m.Blocks = append(m.Blocks, Note{{Text: fmt.Sprintf("And %d more: `bot status` lists all.", len(list)-i)}})
			break
		}
		if x.Account != "" {
			m.Blocks = append(m.Blocks, Text{{Text: x.Sentence}})
			continue
		}
		t := Text{{Text: x.ID, Bold: true}, {Text: " " + x.Sentence + " Seen first at "}, {At: x.Since}, {Text: "."}}
		m.Blocks = append(m.Blocks, t, driftButtons(x.ID, x.Acts, x.Missing))
	}
	return m
}

// Synced says what a full look at AWS came to.
func Synced(s access.Synced, drift int) Message {
	m := Message{Summary: "Looked at everything declared and owned", Blocks: []Block{
		plain("Looked at everything declared and owned, and began what may begin."),
		Fields{
			{"Commit", Text{{Text: s.Commit[:min(10, len(s.Commit))], Code: true}}}, {"Live", plain(fmt.Sprint(s.Live))},
			{"Due", plain(fmt.Sprint(s.Due))}, {"Begun", plain(fmt.Sprint(s.Started))},
			{"Not judged yet", plain(fmt.Sprint(s.Waiting))}, {"Drift", plain(fmt.Sprint(drift))},
		},
	}}
	if s.FailedReads > 0 {
		m.Blocks = append(m.Blocks, Text{{Text: fmt.Sprintf("⚠️ %d reads failed, so nothing is removed before they succeed; they are tried again.", s.FailedReads)}})
	}
	for i, h := range s.Held {
		if i == driftsShown {
			m.Blocks = append(m.Blocks, Note{{Text: fmt.Sprintf("And %d more held back: `bot status` lists all.", len(s.Held)-i)}})
			break
		}
		m.Blocks = append(m.Blocks, Text{{Text: "✋ Held back: " + h}})
	}
	return m
}

// DriftMessage is a card about one drift in the operations channel. What its
// buttons do is decided when they are pressed, by what is live then.
func DriftMessage(n access.Notice) Message {
	note := "Adopt opens a pull request that makes the config repo say what is live; it needs its approvals."
	switch {
	case slices.Contains(n.Acts, access.DriftRemove):
		note += " Remove for good takes it away, and nobody is asked again whether people are still in."
	case !strings.Contains(n.Text, "CloudTrail"):
		note += " Who did it stands in CloudTrail of the account in which it was done."
	}
	return Message{Summary: n.Text, Blocks: []Block{
		Heading("Drift " + strings.TrimPrefix(n.Drift, "DRIFT-")),
		Text{{Text: "🧭 "}, {Text: n.Text}},
		driftButtons(n.Drift, n.Acts, true), // what the bot removes by itself has no card
		Note{{Text: note}},
	}}
}

// actionDrift begins the action of a button about a drift; the act follows.
const actionDrift = "drift_"

func driftButtons(id string, acts []access.DriftAct, missing bool) Buttons {
	labels := map[access.DriftAct]string{access.DriftAdopt: "Adopt", access.DriftRevert: "Put it back", access.DriftSnooze: "Snooze 24 h", access.DriftRemove: "Remove for good"}
	if !missing {
		labels[access.DriftRevert] = "Remove it"
	}
	var b Buttons
	for _, act := range acts {
		b = append(b, Button{Action: actionDrift + string(act), Value: id, Label: labels[act]})
	}
	return b
}

// ClickText returns the command line that a click stands for, "" for a click
// that is none.
func ClickText(action, value string) string {
	switch action {
	case ActionCancel, ActionRevoke, ActionExtend, ActionPhase, ActionOnboard, ActionConfirm, ActionRequest:
		return strings.TrimSpace(action + " " + value)
	case ActionAgain:
		return "onboard " + value + " again"
	}
	if act, ok := strings.CutPrefix(action, actionDrift); ok {
		return "drift " + act + " " + value
	}
	return ""
}
