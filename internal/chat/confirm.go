package chat

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"aws-access-bot/internal/access"
)

// ActionConfirm says that people are still in; its value is a cutover. It is the
// verb of the grammar.
const ActionConfirm = "confirm"

// parseConfirm reads the request in whose thread it was asked, or the question.
func parseConfirm(words []string) (Command, error) {
	c := Command{Verb: "confirm"}
	if len(words) == 1 {
		if id, ok := access.ParseID(words[0]); ok {
			c.ID = id
			return c, nil
		}
		if id, ok := access.ParseCutover(words[0]); ok {
			c.Cutover = id
			return c, nil
		}
	}
	return Command{}, &UsageError{"`confirm` takes the request in whose thread it was asked whether people are still in, or the question.", "Write `confirm REQ-7F3K2Q` or `confirm CUT-0a1b2c3d`."}
}

func (d *Desk) confirm(ctx context.Context, c Command, by access.Asker) (Message, error) {
	done, err := d.Service.Confirm(ctx, by.Person, c.Cutover, c.ID)
	if err != nil {
		return Message{}, err
	}
	return Confirmed(done), nil
}

// Confirmed is the private answer to who said that people are still in.
func Confirmed(done []access.Cutover) Message {
	var names []string
	for _, c := range done {
		if !slices.Contains(names, c.AccountName) {
			names = append(names, c.AccountName)
		}
	}
	return said(fmt.Sprintf("Noted: people are still in %s. What was taken away stays away.", strings.Join(names, " and ")))
}

// aboutCutover reports whether a notice is about a cutover.
func aboutCutover(n access.Notice) bool { return n.Cutover != "" && n.Kind != access.NoticeDrift }

// CutoverMessage asks whether people are still in, or says what became of that.
// mention are those who should look. What its button does is decided when it is
// pressed.
func CutoverMessage(n access.Notice, mention Text) Message {
	m := Message{Summary: cutoverLine(n)}
	lead := append(Text{{Text: cutoverIcon(n.Kind) + " "}}, mention...)
	switch n.Kind {
	case access.NoticeStillIn:
		m.Blocks = []Block{
			append(lead, Span{Text: cutoverLine(n), Bold: true}),
			plain("This old access was taken away, and AWS does not list it any more:\n" + n.Text),
			Text{{Text: "Try now whether you still get in. Confirm by "}, {At: n.Until, Bold: true}, {Text: ", else the bot puts it back."}},
			Buttons{{Action: ActionConfirm, Value: n.Cutover, Label: "We are still in", Main: true}},
			Note{{Text: "The owners of the account, who asked for it, and the control plane can confirm; `/aws-access confirm " + n.Cutover + "` does the same. If you cannot get in, do nothing."}},
		}
	case access.NoticeRollingBack:
		m.Blocks = []Block{
			append(lead, Span{Text: "Nobody confirmed by "}, Span{At: n.Until}, Span{Text: " that people are still in. The bot puts back what was taken away:"}),
			plain(n.Text),
		}
	case access.NoticeRolledBack:
		m.Blocks = []Block{
			append(lead, Span{Text: "Put back, as it was before, where nothing else is said:"}), plain(n.Text),
			plain("What is back is live in AWS, and no commit grants it. The bot leaves it until the control plane decides: `/aws-access drift` lists it, to be adopted into the config repo or removed for good. Find out first why nobody confirmed: who could not get in needs another way before it goes again."),
		}
	case access.NoticeNotPutBack:
		m.Blocks = []Block{
			append(lead, Span{Text: cutoverLine(n)}), plain(n.Text),
			plain("Who still cannot get in needs another way: `/aws-access request` asks for access."),
		}
	default:
		m.Blocks = []Block{append(lead, Span{Text: cutoverLine(n)})}
	}
	return m
}

func cutoverIcon(k access.NoticeKind) string {
	switch k {
	case access.NoticeStillIn:
		return "🚪"
	case access.NoticeConfirmed:
		return "✅"
	case access.NoticeWithdrawn:
		return "ℹ️"
	case access.NoticeNotPutBack:
		return "⚠️"
	default:
		return "⏪"
	}
}

// cutoverLine is the sentence of a notice about a cutover.
func cutoverLine(n access.Notice) string {
	switch n.Kind {
	case access.NoticeStillIn:
		return "Can you still get in?"
	case access.NoticeConfirmed:
		return n.Text + " confirmed that people are still in. What was taken away stays away."
	case access.NoticeRollingBack:
		return "Nobody confirmed that people are still in: what was taken away is put back."
	case access.NoticeRolledBack:
		return "What was taken away is back, where that could be done, and waits for a decision."
	case access.NoticeNotPutBack:
		return "Nobody confirmed that people are still in, and nothing was put back:"
	default:
		return "The question whether people are still in is withdrawn: onboarding.confirm is gone from the config repo. What was taken away stays away."
	}
}

// whoIsInWanted reports whether a notice about a cutover is one that people have
// to look at.
func whoIsInWanted(k access.NoticeKind) bool {
	return k != access.NoticeConfirmed && k != access.NoticeWithdrawn
}

// whoIsIn mentions who can say whether people are still in: who asked for the
// account, and its owners.
func whoIsIn(n access.Notice, r access.Request, p Place) Text {
	if !whoIsInWanted(n.Kind) {
		return nil
	}
	t := append(Text{}, askedBy(r)...)
	t = append(t, Span{Text: " "})
	for _, o := range p.Owners {
		if o.User != r.Asker.Chat {
			t = append(t, ownerAt(o, r), Span{Text: " "})
		}
	}
	return t
}

// boardCutovers lists the accounts in which old access was taken away, or put
// back, that wait for somebody.
func boardCutovers(b access.Board) []Block {
	var lines []Text
	for _, a := range b.Accounts {
		name := Span{Text: a.Name + " (…" + access.LastFour(a.ID) + ")", Bold: true}
		switch {
		case !a.ConfirmBy.IsZero():
			lines = append(lines, Text{name, {Text: ": waiting for confirmation until "}, {At: a.ConfirmBy}, {Text: " that people are still in"}})
		case a.Cutover != "":
			lines = append(lines, Text{name, {Text: ": " + clip(a.Cutover, boardWhy)}})
		}
	}
	if len(lines) == 0 {
		return nil
	}
	return []Block{append(Text{{Text: fmt.Sprintf("Old access taken away: %d", len(lines)), Bold: true}}, fitted(lines)...)}
}
