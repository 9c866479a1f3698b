package chat_test

import (
	"strings"
	"testing"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/chat"
	"aws-access-bot/internal/chat/chattest"

	"github.com/google/go-cmp/cmp"
)

func at() chat.Words { return chat.Words{Access: "@aws-access", Onboard: "@aws-access onboard"} }

func TestCommandsInOtherWords(t *testing.T) {
	t.Parallel()
	code := func(s string) chat.Span { return chat.Span{Text: s, Code: true} }
	for name, x := range map[string]struct{ in, want chat.Block }{
		"in a sentence":        {chat.Text{{Text: "Try `/aws-access status` now."}}, chat.Text{{Text: "Try "}, code("@aws-access status"), {Text: " now."}}},
		"two of them, bold":    {chat.Note{{Text: "`/aws-onboard 1 again` or `/aws-access`", Bold: true}}, chat.Note{code("@aws-access onboard 1 again"), {Text: " or ", Bold: true}, code("@aws-access")}},
		"as code":              {chat.Text{code("/aws-onboard <account-id>")}, chat.Text{code("@aws-access onboard <account-id>")}},
		"as code in a fact":    {chat.Fields{{Label: "x", Value: chat.Text{code("/aws-access link")}}}, chat.Fields{{Label: "x", Value: chat.Text{code("@aws-access link")}}}},
		"another command":      {chat.Text{{Text: "`bot status` and `/aws-accessory x`"}}, chat.Text{code("bot status"), {Text: " and "}, code("/aws-accessory x")}},
		"another code":         {chat.Text{code("aws sso login")}, chat.Text{code("aws sso login")}},
		"a link":               {chat.Text{{Text: "`/aws-access x`", URL: "https://x.example"}}, chat.Text{{Text: "`/aws-access x`", URL: "https://x.example"}}},
		"what somebody wrote":  {chat.Quote("`/aws-access status`"), chat.Quote("`/aws-access status`")},
		"what is in a fact":    {chat.Fields{{Label: "Why", Value: chat.Text{{Text: "`/aws-access status`"}}}}, chat.Fields{{Label: "Why", Value: chat.Text{{Text: "`/aws-access status`"}}}}},
		"a heading, a command": {chat.Heading("`/aws-access x`"), chat.Heading("`/aws-access x`")},
		"a file":               {chat.Code("/aws-access"), chat.Code("/aws-access")},
	} {
		got := at().Spoken(chat.Message{Summary: "See `/aws-access status`.", Blocks: []chat.Block{x.in}})
		if d := cmp.Diff([]chat.Block{x.want}, got.Blocks); d != "" || got.Summary != "See @aws-access status." {
			t.Errorf("%s: %s (-want +got):\n%s", name, got.Summary, d)
		}
	}
}

// TestEveryCommandIsWrittenSoThatItCanBeSaidOtherwise: no message of this package
// has one that Spoken does not find.
func TestEveryCommandIsWrittenSoThatItCanBeSaidOtherwise(t *testing.T) {
	t.Parallel()
	all := chattest.Messages(access.ChatUser{Platform: access.Slack, Team: "T0ACME", User: "U0HANA"})
	for _, kind := range []access.Kind{access.KindGrant, access.KindRevoke, access.KindLink, access.KindOnboard, access.KindPhase} {
		for _, s := range states() {
			r := way(kind, s)
			r.Want.Onboard = &access.Onboarding{}
			all["card "+string(kind)+string(s)] = chat.Card(r, office8h())
			all["joined "+string(kind)+string(s)] = chat.Accepted(access.Asked{Request: joined(r, 1), Joined: true})
			all["linked "+string(kind)+string(s)] = chat.Reply(access.Notice{Kind: access.NoticeLinked}, r, office8h())
			all["ending "+string(kind)+string(s)] = chat.Reply(access.Notice{Kind: access.NoticeEnding}, r, office8h())
		}
	}
	all["cli"] = chat.CLIMessage(chat.CLIFile{Usable: profiles(30), Place: office8h(), Blocks: 1})
	all["board"] = chat.BoardMessage(chattest.BoardOf(9, "x", "y"), true)
	for name, m := range all {
		if got := write(at().Spoken(m)); strings.Contains(got, "/aws-access") || strings.Contains(got, "/aws-onboard") {
			t.Errorf("%s:\n%s", name, got)
		}
	}
}
