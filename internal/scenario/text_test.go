package scenario

import (
	"encoding/json"
	"testing"

	"aws-access-bot/internal/sandbox/slackemu"

	"github.com/google/go-cmp/cmp"
)

func TestText(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, text, blocks, want string }{
		{"without blocks", "*Live* &amp; well, <@U1>", "", "Live & well, @U1"},
		{"blocks replace the text", "summary", `[{"type":"section","text":{"type":"mrkdwn","text":"a ` + "`b`" + `"}}]`, "a b"},
		{"plain text stays as it is", "", `[{"type":"header","text":{"type":"plain_text","text":"*a* &amp;"}}]`, "*a* &amp;"},
		{"fields", "", `[{"type":"section","fields":[{"type":"mrkdwn","text":"*Group*\ndev"},{"type":"mrkdwn","text":"*For*\n4h"}]}]`, "Group: dev\nFor: 4h"},
		{"buttons", "", `[{"type":"actions","elements":[{"type":"button","text":{"type":"plain_text","text":"Cancel"}}]}]`, "[Cancel]"},
		{"small print", "", `[{"type":"context","elements":[{"type":"mrkdwn","text":"note"}]}]`, "note"},
		{"links and times", "<https://x.example/?a=1&amp;b=2|here> <!date^0^{date}|then>", "", "here (https://x.example/?a=1&b=2) 1970-01-01T00:00:00Z"},
		{"blocks that are none", "text", `{}`, "text"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := slackemu.Message{Text: tt.text}
			if tt.blocks != "" {
				m.Blocks = json.RawMessage(tt.blocks)
			}
			if diff := cmp.Diff(tt.want, Text(m)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
