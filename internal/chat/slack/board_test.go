package slack

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"aws-access-bot/internal/chat"
	"aws-access-bot/internal/chat/chattest"

	slackapi "github.com/slack-go/slack"
)

// TestBoardFitsSlack: whatever it has, it is one message that Slack takes, no
// button is lost, and what is cut is said.
func TestBoardFitsSlack(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 9, 700} {
		for _, text := range []string{"x", strings.Repeat("&", 50), strings.Repeat("名", 50), strings.Repeat("long words ", 400), ""} {
			m := chat.BoardMessage(chattest.BoardOf(n, text, text), true)
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
