package slack

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/chat"

	slackapi "github.com/slack-go/slack"
)

// boardOf is a board with n accounts at every step, of which names and what they
// wait for are what people and AWS wrote.
func boardOf(n int, name, why string) access.Board {
	b := access.Board{At: t0, Looked: t0, Phase: config.Grow, Next: config.Consolidated, Features: access.ConsolidatedBilling, Steps: map[access.BoardStep]int{}, Trouble: why}
	for _, s := range access.BoardSteps() {
		for i := range n {
			b.Accounts = append(b.Accounts, access.BoardAccount{
				ID: fmt.Sprintf("%012d", i), Name: name, Step: s, OU: "/" + name, Owners: []string{name, name, name, name}, Days: i, Blocker: why,
				IAMUsers: &access.BoardIAM{Total: i, Trouble: why},
			})
			b.Handshakes = append(b.Handshakes, access.BoardHandshake{ID: "h", Account: name, Action: access.ActionInvite, Expires: t0.Add(time.Hour)}, access.BoardHandshake{ID: "h", Account: name, Action: "ENABLE_ALL_FEATURES", Expires: t0})
			b.Ahead = append(b.Ahead, access.BoardLine{Result: access.PreflightBlock, Sentence: name + why}, access.BoardLine{Result: access.PreflightUnknown, Sentence: why})
		}
		b.Steps[s] = n
	}
	b.Total, b.In, b.IAMCounted = len(b.Accounts), n, 1
	return b
}

func TestBoardIsRenderedAsInGoldenFile(t *testing.T) {
	t.Parallel()
	b := boardOf(1, "made *by* <!channel>", "It waits for <https://evil|you>.")
	golden(t, "board", Blocks(chat.BoardMessage(b, true)))
}

// TestBoardFitsSlack: whatever it has, it is one message that Slack takes, no
// button is lost, and what is cut is said.
func TestBoardFitsSlack(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 9, 700} {
		for _, text := range []string{"x", strings.Repeat("&", 50), strings.Repeat("名", 50), strings.Repeat("long words ", 400), ""} {
			m := chat.BoardMessage(boardOf(n, text, text), true)
			blocks := Blocks(m)
			if len(blocks) > maxBlocks || len(blocks) != len(m.Blocks) {
				t.Fatalf("%d accounts a step: %d blocks of %d", n, len(blocks), len(m.Blocks))
			}
			last, ok := blocks[len(blocks)-1].(*slackapi.ActionBlock)
			if !ok || last.Elements.ElementSet[0].(*slackapi.ButtonBlockElement).ActionID != chat.ActionPhase {
				t.Errorf("the last block is %T", blocks[len(blocks)-1])
			}
			for _, b := range blocks {
				if s, ok := b.(*slackapi.SectionBlock); ok && s.Text != nil && utf8.RuneCountInString(s.Text.Text) > maxSection {
					t.Errorf("a section of %d characters", utf8.RuneCountInString(s.Text.Text))
				}
			}
			data, err := json.Marshal(blocks)
			if err != nil {
				t.Fatal(err)
			}
			if want := n > 8; strings.Contains(string(data), "and "+fmt.Sprint(n-5)+" more") != want {
				t.Errorf("%d accounts wait, and what is cut is said: %v", n, !want)
			}
		}
	}
}
