package chat

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
)

// The actions of the buttons on the board: verbs of the grammar, as those of
// cards are.
const (
	ActionOnboard = "onboard" // with the number of an account
	ActionPhase   = "phase"   // with the number of a phase
)

// Limits of the board, so that it fits into one message: Slack takes 50 blocks,
// and 3,000 characters in one, of which signs such as & take several.
const (
	boardLines  = 8    // accounts of one step, or lines of another list
	boardRunes  = 1200 // of one list
	boardWaits  = 5    // accounts with a button
	boardOwners = 3    // of one account
	boardWhy    = 200  // characters of what an account waits for
	barCells    = 20
)

// BoardMessage is the board for one reader. Everything it cuts says so; all of
// it is in the status of the command line. controls is set for who may open
// the step to the next phase.
func BoardMessage(b access.Board, controls bool) Message {
	m := Message{Summary: fmt.Sprintf("The migration is in %s: %d of %d accounts are run from the config repo", b.Phase, b.In, b.Total)}
	m.Blocks = append(m.Blocks, Heading("Migration: "+b.Phase.String()), progress(b))
	m.Blocks = append(m.Blocks, stepCounts(b)...)
	m.Blocks = append(m.Blocks, boardFeatures(b)...)
	m.Blocks = append(m.Blocks, boardAhead(b)...)
	for _, step := range access.BoardSteps() {
		if step == access.BoardWaiting {
			m.Blocks = append(m.Blocks, boardWaiting(b)...)
		} else if step != access.BoardIn {
			m.Blocks = append(m.Blocks, boardGroup(b, step)...)
		}
	}
	m.Blocks = append(m.Blocks, boardInvitations(b)...)
	m.Blocks = append(m.Blocks, boardCutovers(b)...)
	m.Blocks = append(m.Blocks, boardIAM(b)...)
	m.Blocks = append(m.Blocks, boardNote(b))
	if controls && b.Next != 0 {
		m.Blocks = append(m.Blocks, Buttons{{Action: ActionPhase, Value: fmt.Sprint(int(b.Next)), Label: "Go to " + b.Next.String()}})
	}
	return m
}

// progress is the bar, and the phases with the present one marked.
func progress(b access.Board) Text {
	t := Text{{Text: bar(b.In, b.Total), Code: true}, {Text: fmt.Sprintf(" %d of %d accounts are run from the config repo.\n", b.In, b.Total)}}
	for i, p := range config.Phases() {
		if i > 0 {
			t = append(t, Span{Text: " → "})
		}
		word := fmt.Sprintf("%d %s", p, p.Name())
		switch {
		case p == b.Phase:
			t = append(t, Span{Text: "▶ "}, Span{Text: word, Bold: true})
		case b.Phase.Loosens(p):
			t = append(t, Span{Text: "✓ " + word})
		default:
			t = append(t, Span{Text: word})
		}
	}
	return t
}

// bar shows a share. It is full only when all are.
func bar(n, of int) string {
	full := 0
	if of > 0 {
		full = n * barCells / of
	}
	return strings.Repeat("█", full) + strings.Repeat("░", barCells-full)
}

// stepWord is what the accounts of a step are.
func stepWord(s access.BoardStep, p config.Phase) string {
	switch s {
	case access.BoardLegacy:
		return "Legacy"
	case access.BoardWaiting:
		if p.Unfiled() == config.UnfiledIgnored {
			return "Without a file, ignored in this phase"
		}
		return "Waiting for onboarding"
	case access.BoardOutside:
		return "Outside the Organization"
	case access.BoardInvited:
		return "Invited"
	case access.BoardJoined:
		return "Joined, not in its OU yet"
	case access.BoardPlaced:
		return "In its OU, baseline to come"
	case access.BoardStopped:
		return "Stopped"
	default:
		return "Run from the config repo"
	}
}

func stepCounts(b access.Board) []Block {
	var f Fields
	for _, s := range access.BoardSteps() {
		if n := b.Steps[s]; n > 0 {
			f = append(f, Field{stepWord(s, b.Phase), plain(fmt.Sprint(n))})
		}
	}
	if len(f) == 0 {
		return nil
	}
	return []Block{f}
}

// boardFeatures says how an organization that shares only its bill gets all
// features, and whose answer that waits for.
func boardFeatures(b access.Board) []Block {
	if b.Features != access.ConsolidatedBilling {
		return nil
	}
	t := Text{
		{Text: "🧾 "}, {Text: "Enable all features", Bold: true},
		{Text: "\nThe Organization shares only its bill, so no account is invited or moved. In the console of the management account open AWS Organizations > Settings and begin it there; every invited account has to agree, then it is finished there."},
	}
	var lines []Text
	for _, h := range b.Handshakes {
		switch {
		case h.Finishes:
			lines = append(lines, Text{{Text: "everybody has agreed: " + h.Account + " has to finish it until "}, {At: h.Expires}})
		case h.Action != access.ActionInvite:
			lines = append(lines, Text{{Text: h.Account + " has to agree until "}, {At: h.Expires}})
		}
	}
	return []Block{append(t, fitted(lines)...)}
}

// boardAhead lists what stands before the next phase.
func boardAhead(b access.Board) []Block {
	if b.Next == 0 {
		return nil
	}
	var blocks, unknown []Text
	for _, l := range b.Ahead {
		switch l.Result {
		case access.PreflightBlock:
			blocks = append(blocks, plain(l.Sentence))
		case access.PreflightUnknown:
			unknown = append(unknown, plain("not known: "+l.Sentence))
		}
	}
	lead := fmt.Sprintf("Stands before %s: %d", b.Next, len(blocks))
	if len(blocks) == 0 {
		lead = fmt.Sprintf("Nothing that is known stands before %s", b.Next)
	}
	return []Block{append(Text{{Text: lead, Bold: true}}, fitted(append(blocks, unknown...))...)}
}

// fitted is a list with a line for each that fits, and the number of the others.
func fitted(lines []Text) Text {
	var out Text
	room := boardRunes
	for i, l := range lines {
		size := 0
		for _, s := range l {
			size += utf8.RuneCountInString(s.Text)
		}
		if i == boardLines || size > room && i > 0 {
			return append(out, Span{Text: fmt.Sprintf("\n• and %d more", len(lines)-i)})
		}
		room -= size
		out = append(append(out, Span{Text: "\n• "}), l...)
	}
	return out
}

// boardGroup lists the accounts of one step.
func boardGroup(b access.Board, step access.BoardStep) []Block {
	var lines []Text
	for _, a := range b.Accounts {
		if a.Step == step {
			lines = append(lines, boardLine(a))
		}
	}
	if len(lines) == 0 {
		return nil
	}
	return []Block{append(Text{{Text: fmt.Sprintf("%s: %d", stepWord(step, b.Phase), len(lines)), Bold: true}}, fitted(lines)...)}
}

// boardLine is one account: since when, whose, and what it waits for.
func boardLine(a access.BoardAccount) Text {
	t := Text{{Text: a.Name, Bold: true}, {Text: " (…" + access.LastFour(a.ID) + ")"}}
	if a.Days >= 0 {
		t = append(t, Span{Text: ", " + daysAgo(a)})
	}
	if len(a.Owners) > 0 {
		t = append(t, Span{Text: ", " + someOwners(a.Owners)})
	}
	if a.Blocker != "" {
		t = append(t, Span{Text: ". " + clip(strings.Join(strings.Fields(a.Blocker), " "), boardWhy)})
	}
	return t
}

// daysAgo says when an account made its last step; one that waits made none but
// to become a member.
func daysAgo(a access.BoardAccount) string {
	what := "last step"
	if a.Step == access.BoardWaiting {
		what = "joined"
	}
	switch a.Days {
	case 0:
		return what + " today"
	case 1:
		return what + " yesterday"
	default:
		return fmt.Sprintf("%s %d days ago", what, a.Days)
	}
}

func someOwners(list []string) string {
	if len(list) <= boardOwners {
		return strings.Join(list, ", ")
	}
	return strings.Join(list[:boardOwners], ", ") + fmt.Sprintf(" and %d more", len(list)-boardOwners)
}

// boardWaiting lists member accounts without a file, each with a button that
// brings it in. What is closed waits for nothing, and is in the status of the
// command line only.
func boardWaiting(b access.Board) []Block {
	var list []access.BoardAccount
	for _, a := range b.Accounts {
		if a.Step == access.BoardWaiting && !a.Closed {
			list = append(list, a)
		}
	}
	if len(list) == 0 {
		return nil
	}
	out := []Block{Text{{Text: fmt.Sprintf("%s: %d", stepWord(access.BoardWaiting, b.Phase), len(list)), Bold: true}}}
	for i, a := range list {
		if i == boardWaits {
			return append(out, Text{{Text: fmt.Sprintf("and %d more: ", len(list)-i)}, {Text: "/aws-onboard <account-id>", Code: true}, {Text: " begins it"}})
		}
		t := append(boardLine(a), Span{Text: " "}, Span{Text: a.ID, Code: true}, Span{Text: " in " + a.OU})
		out = append(out, t)
		if a.Ready {
			out = append(out, Buttons{OnboardButton(a.ID)})
		}
	}
	return out
}

func boardInvitations(b access.Board) []Block {
	var lines []Text
	for _, h := range b.Handshakes {
		if h.Action == access.ActionInvite {
			lines = append(lines, Text{{Text: h.Account + ", open until "}, {At: h.Expires}})
		}
	}
	if len(lines) == 0 {
		return nil
	}
	return []Block{append(Text{{Text: fmt.Sprintf("Open invitations: %d", len(lines)), Bold: true}}, fitted(lines)...)}
}

// boardIAM says how many IAM users are left, and where.
func boardIAM(b access.Board) []Block {
	var lines []Text
	for _, a := range b.Accounts {
		u := a.IAMUsers
		switch {
		case u == nil:
		case u.Trouble != "":
			lines = append(lines, plain(fmt.Sprintf("%s (…%s): not counted. %s", a.Name, access.LastFour(a.ID), clip(u.Trouble, boardWhy))))
		case u.Total > 0:
			lines = append(lines, plain(fmt.Sprintf("%s (…%s): %d left, %d used this week", a.Name, access.LastFour(a.ID), u.Total, u.UsedThisWeek)))
		}
	}
	if b.IAMCounted == 0 && len(lines) == 0 {
		return nil
	}
	lead := fmt.Sprintf("IAM users left: %d", b.IAMUsers)
	return []Block{append(Text{{Text: lead, Bold: true}, {Text: fmt.Sprintf(", in %d of %d accounts that were counted", b.IAMCounted, b.Total)}}, fitted(lines)...)}
}

// boardNote says how old it is, and where the rest is.
func boardNote(b access.Board) Note {
	var n Note
	if b.Looked.IsZero() {
		n = Note{{Text: "AWS Organizations was not looked at yet, so members without a file and invitations are not shown. "}}
	} else {
		n = Note{{Text: "AWS Organizations as of "}, {At: b.Looked}, {Text: ". "}}
	}
	if b.Trouble != "" {
		n = append(n, Span{Text: b.Trouble + " "})
	}
	return append(n, Span{Text: "`bot status --json` has every account."})
}
