package slackemu

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"
)

func section(text string) slack.Block {
	return slack.NewSectionBlock(slack.NewTextBlockObject("mrkdwn", text, false, false), nil, nil)
}

func TestClientPostsUpdatesAndReadsBack(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t), t.Context()
	meta := slack.SlackMetadata{EventType: "request", EventPayload: map[string]any{"id": "REQ-7F3K2Q"}}
	ch, ts, err := w.api.PostMessageContext(ctx, "C0OPEN", slack.MsgOptionText("asked", false),
		slack.MsgOptionBlocks(section("*asked*")), slack.MsgOptionMetadata(meta))
	w.ok(err)
	for i := range 3 {
		_, _, err := w.api.PostMessageContext(ctx, ch, slack.MsgOptionText(fmt.Sprint("reply ", i), false), slack.MsgOptionTS(ts))
		w.ok(err)
	}
	if _, _, _, err := w.api.UpdateMessageContext(ctx, ch, ts, slack.MsgOptionText("merged", false), slack.MsgOptionBlocks(section("*merged*"))); err != nil {
		t.Fatal(err)
	}
	h, err := w.api.GetConversationHistoryContext(ctx, &slack.GetConversationHistoryParameters{ChannelID: ch, IncludeAllMetadata: true})
	w.ok(err)
	if len(h.Messages) != 1 {
		t.Fatalf("history has %d messages, want the root only", len(h.Messages))
	}
	m := h.Messages[0]
	if m.Text != "merged" || m.BotID != "B0ACME" || m.Edited == nil || m.ReplyCount != 3 || m.ThreadTimestamp != ts || len(m.Blocks.BlockSet) != 1 {
		t.Errorf("root: %+v", m.Msg)
	}
	if diff := cmp.Diff(meta, m.Metadata); diff != "" {
		t.Errorf("metadata is kept through an update (-want +got):\n%s", diff)
	}
	replies, _, _, err := w.api.GetConversationRepliesContext(ctx, &slack.GetConversationRepliesParameters{ChannelID: ch, Timestamp: ts})
	w.ok(err)
	var texts []string
	for _, r := range replies {
		texts = append(texts, r.Text)
	}
	if diff := cmp.Diff([]string{"merged", "reply 0", "reply 1", "reply 2"}, texts); diff != "" {
		t.Errorf("thread (-want +got):\n%s", diff)
	}
	st := w.channelState(ch).Messages[0]
	if len(st.Replies) != 3 || len(st.Edits) != 1 || st.Edits[0].Text != "asked" {
		t.Errorf("state keeps replies and edits: %+v", st)
	}
}

func TestMetadataIsReturnedOnlyWhenAskedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, _, err := w.api.PostMessage("C0OPEN", slack.MsgOptionText("x", false),
		slack.MsgOptionMetadata(slack.SlackMetadata{EventType: "e", EventPayload: map[string]any{"a": "b"}}))
	w.ok(err)
	h, err := w.api.GetConversationHistory(&slack.GetConversationHistoryParameters{ChannelID: "C0OPEN"})
	w.ok(err)
	if got := h.Messages[0].Metadata.EventType; got != "" {
		t.Errorf("metadata %q without include_all_metadata", got)
	}
}

func TestHistoryPagesNewestFirstWithinBounds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var all []string
	for i := range 5 {
		_, ts, err := w.api.PostMessage("C0OPEN", slack.MsgOptionText(fmt.Sprint(i), false))
		w.ok(err)
		all = append(all, ts)
	}
	read := func(p slack.GetConversationHistoryParameters) (got []string, pages int) {
		p.ChannelID = "C0OPEN"
		for {
			h, err := w.api.GetConversationHistory(&p)
			w.ok(err)
			pages++
			for _, m := range h.Messages {
				got = append(got, m.Timestamp)
			}
			if !h.HasMore {
				return got, pages
			}
			p.Cursor = h.ResponseMetaData.NextCursor
		}
	}
	got, pages := read(slack.GetConversationHistoryParameters{Limit: 2})
	if diff := cmp.Diff([]string{all[4], all[3], all[2], all[1], all[0]}, got); diff != "" || pages != 3 {
		t.Errorf("%d pages (-want +got):\n%s", pages, diff)
	}
	got, _ = read(slack.GetConversationHistoryParameters{Oldest: all[1], Latest: all[3]})
	if diff := cmp.Diff([]string{all[2]}, got); diff != "" {
		t.Errorf("bounds are exclusive (-want +got):\n%s", diff)
	}
	got, _ = read(slack.GetConversationHistoryParameters{Oldest: all[1], Latest: all[3], Inclusive: true})
	if len(got) != 3 {
		t.Errorf("inclusive bounds: got %d", len(got))
	}
}

func TestEmailNeedsItsOwnScope(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u, err := w.api.GetUserInfo("U0HANA")
	w.ok(err)
	if u.Profile.Email != "hana@example.com" || u.TZ != "Asia/Tokyo" || u.TZOffset != 32400 || u.TeamID != "T0ACME" {
		t.Errorf("user: %+v", u)
	}
	if _, err := w.api.GetUserByEmail("YUKI@example.com"); err != nil {
		t.Errorf("look-up ignores case: %v", err)
	}
	w.ok(w.SetScopes("T0ACME", "users:read"))
	u, err = w.api.GetUserInfo("U0HANA")
	w.ok(err)
	if u.Profile.Email != "" {
		t.Errorf("email %q without users:read.email", u.Profile.Email)
	}
	_, err = w.api.GetUserByEmail("hana@example.com")
	var se slack.SlackErrorResponse
	if !errors.As(err, &se) || se.Err != "missing_scope" || se.Needed != "users:read.email" || se.Provided != "users:read" {
		t.Errorf("got %#v", err)
	}
}

func TestKindsOfUsersAreToldApart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	guest, err := w.api.GetUserInfo("U0GUEST")
	w.ok(err)
	stranger, err := w.api.GetUserInfo("U9STRANGER")
	w.ok(err)
	gone, err := w.api.GetUserInfo("U0GONE")
	w.ok(err)
	bot, err := w.api.GetUserInfo("UBOT0ACME")
	w.ok(err)
	if !guest.IsUltraRestricted || !guest.IsRestricted || !stranger.IsStranger || stranger.TeamID != "T9OTHER" || !gone.Deleted || !bot.IsBot {
		t.Errorf("guest %+v\nstranger %+v\ngone %+v\nbot %+v", guest, stranger, gone, bot)
	}
	w.ok(w.SetEmail("U0HANA", "vip@example.com"))
	w.ok(w.Deactivate("U0YUKI"))
	hana, err := w.api.GetUserByEmail("vip@example.com")
	w.ok(err)
	yuki, err := w.api.GetUserInfo("U0YUKI")
	w.ok(err)
	if hana.ID != "U0HANA" || !yuki.Deleted {
		t.Errorf("changes of people: %+v %+v", hana, yuki)
	}
}

func TestUsersListPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	users, err := w.api.GetUsers(slack.GetUsersOptionLimit(2))
	w.ok(err)
	var ids []string
	for _, u := range users {
		ids = append(ids, u.ID)
	}
	if diff := cmp.Diff([]string{"UBOT0ACME", "U0HANA", "U0YUKI", "U0GONE", "U0GUEST", "U9STRANGER"}, ids); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDirectMessageByUserID(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ch, ts, err := w.api.PostMessage("U0HANA", slack.MsgOptionText("psst", false))
	w.ok(err)
	if !strings.HasPrefix(ch, "D") {
		t.Errorf("posted to %s, want a direct message", ch)
	}
	im, noOp, already, err := w.api.OpenConversation(&slack.OpenConversationParameters{Users: []string{"U0HANA"}, ReturnIM: true})
	w.ok(err)
	if im.ID != ch || !noOp || !already || im.User != "U0HANA" {
		t.Errorf("opened %+v %v %v", im, noOp, already)
	}
	if _, _, _, err := w.api.UpdateMessage("U0HANA", ts, slack.MsgOptionText("x", false)); err == nil || err.Error() != "channel_not_found" {
		t.Errorf("chat.update by user id: %v", err)
	}
	link, err := w.api.GetPermalink(&slack.PermalinkParameters{Channel: ch, Ts: ts})
	w.ok(err)
	if want := "https://acme.slack.com/archives/" + ch + "/p" + strings.ReplaceAll(ts, ".", ""); link != want {
		t.Errorf("permalink %s, want %s", link, want)
	}
}

func TestConversationsAreListedWithTheirScopes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if _, _, err := w.api.GetConversations(&slack.GetConversationsParameters{}); err == nil || err.Error() != "missing_scope" {
		t.Errorf("without channels:read: %v", err)
	}
	w.ok(w.SetScopes("T0ACME", "channels:read", "groups:read"))
	list, cursor, err := w.api.GetConversations(&slack.GetConversationsParameters{
		Types: []string{"public_channel", "private_channel"}, ExcludeArchived: true, Limit: 2})
	w.ok(err)
	if len(list) != 2 || cursor == "" || list[0].Name != "aws-access" || !list[0].IsMember || list[1].IsMember {
		t.Errorf("first page: %+v, cursor %q", list, cursor)
	}
	list, cursor, err = w.api.GetConversations(&slack.GetConversationsParameters{
		Types: []string{"public_channel", "private_channel"}, ExcludeArchived: true, Limit: 2, Cursor: cursor})
	w.ok(err)
	if len(list) != 1 || list[0].ID != "C0SHARED" || !list[0].IsExtShared || cursor != "" {
		t.Errorf("last page hides private and archived: %+v", list)
	}
	members, _, err := w.api.GetUsersInConversation(&slack.GetUsersInConversationParameters{ChannelID: "C0OPEN"})
	w.ok(err)
	if diff := cmp.Diff([]string{"U0HANA", "U0YUKI", "UBOT0ACME"}, members); diff != "" {
		t.Errorf("members (-want +got):\n%s", diff)
	}
	w.ok(w.Join("G0SECRET", "UBOT0ACME"))
	ch, err := w.api.GetConversationInfo(&slack.GetConversationInfoInput{ChannelID: "G0SECRET", IncludeNumMembers: true})
	w.ok(err)
	if !ch.IsPrivate || ch.NumMembers != 2 {
		t.Errorf("info: %+v", ch)
	}
}

func TestAuthTestAndTeamInfo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, err := w.api.AuthTest()
	w.ok(err)
	if a.TeamID != "T0ACME" || a.UserID != "UBOT0ACME" || a.BotID != "B0ACME" {
		t.Errorf("auth.test: %+v", a)
	}
	w.ok(w.SetScopes("T0ACME", "team:read"))
	team, err := w.api.GetTeamInfo()
	w.ok(err)
	if team.Domain != "acme" {
		t.Errorf("team.info: %+v", team)
	}
}

func TestPostingFasterThanOneASecondIsLimited(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.NoRateLimits = false })
	post := func(channel string) error {
		_, _, err := w.api.PostMessage(channel, slack.MsgOptionText("x", false))
		return err
	}
	w.ok(post("C0OPEN"))
	var limited *slack.RateLimitedError
	if err := post("C0OPEN"); !errors.As(err, &limited) || limited.RetryAfter != time.Second {
		t.Errorf("second message at once: %v", err)
	}
	w.ok(post("C0SHARED"))
	w.clock.advance(time.Second)
	w.ok(post("C0OPEN"))
	status, header, body := w.raw("chat.postMessage", "application/json", testToken, `{"channel":"C0OPEN","text":"x"}`)
	if status != http.StatusTooManyRequests || header.Get("Retry-After") != "1" || body["error"] != "ratelimited" {
		t.Errorf("got %d %v %v", status, header, body)
	}
}

func TestMethodTiersLimitCallsAMinute(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.NoRateLimits = false })
	for range tier2 {
		_, err := w.api.GetUsers(slack.GetUsersOptionLimit(100))
		w.ok(err)
	}
	if out := w.call("users.list", nil); out["error"] != "ratelimited" {
		t.Errorf("call %d: %v", tier2+1, out["error"])
	}
	w.clock.advance(3 * time.Second)
	if out := w.call("users.list", nil); out["ok"] != true {
		t.Errorf("after a twentieth of a minute: %v", out["error"])
	}
}

func TestTimestampsAreUniqueAndGrow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	fixed := time.Unix(1700000000, 123000)
	w.kit.Now = func() time.Time { return fixed }
	var got []string
	for range 3 {
		ts, err := w.Post("U0HANA", "C0OPEN", "x", "")
		w.ok(err)
		got = append(got, ts)
	}
	if diff := cmp.Diff([]string{"1700000000.000123", "1700000000.000124", "1700000000.000125"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestIDsAndTextDefaultsAreFilledIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	out := w.call("chat.postMessage", url.Values{"channel": {"C0OPEN"}, "blocks": {
		`[{"type":"actions","elements":[{"type":"button","text":{"type":"plain_text","text":"Go"}}]},{"type":"section","text":{"type":"mrkdwn","text":"x"}}]`}})
	b, err := json.Marshal(out["message"].(map[string]any)["blocks"])
	w.ok(err)
	var blocks []struct {
		BlockID  string `json:"block_id"`
		Elements []struct {
			ActionID string `json:"action_id"`
			Text     struct {
				Emoji bool `json:"emoji"`
			} `json:"text"`
		} `json:"elements"`
		Text struct {
			Verbatim *bool `json:"verbatim"`
		} `json:"text"`
	}
	w.ok(json.Unmarshal(b, &blocks))
	el := blocks[0].Elements[0]
	if blocks[0].BlockID == "" || el.ActionID == "" || !el.Text.Emoji || blocks[1].Text.Verbatim == nil || *blocks[1].Text.Verbatim {
		t.Errorf("blocks: %s", b)
	}
}

func TestDeletedParentLeavesATombstone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, root, err := w.api.PostMessage("C0OPEN", slack.MsgOptionText("root", false))
	w.ok(err)
	_, reply, err := w.api.PostMessage("C0OPEN", slack.MsgOptionText("reply", false), slack.MsgOptionTS(root))
	w.ok(err)
	_, _, err = w.api.DeleteMessage("C0OPEN", root)
	w.ok(err)
	if m := w.channelState("C0OPEN").Messages; len(m) != 1 || m[0].Subtype != "tombstone" || len(m[0].Replies) != 1 {
		t.Errorf("after deleting the parent: %+v", m)
	}
	_, _, err = w.api.DeleteMessage("C0OPEN", reply)
	w.ok(err)
	if m := w.channelState("C0OPEN").Messages; len(m[0].Replies) != 0 {
		t.Errorf("after deleting the reply: %+v", m)
	}
}

func TestEphemeralMessagesAreSeenByOnePersonAndNotUpdatable(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ts, err := w.api.PostEphemeral("C0OPEN", "U0HANA", slack.MsgOptionText("only you", false))
	w.ok(err)
	st := w.channelState("C0OPEN")
	if len(st.Messages) != 0 || len(st.Ephemeral["U0HANA"]) != 1 || len(st.Ephemeral["U0YUKI"]) != 0 {
		t.Errorf("state: %+v", st)
	}
	if _, _, _, err := w.api.UpdateMessage("C0OPEN", ts, slack.MsgOptionText("x", false)); err == nil || err.Error() != "message_not_found" {
		t.Errorf("update: %v", err)
	}
}

func TestTwoWorkspacesAreKeptApart(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) {
		o.Workspaces = append(o.Workspaces, Workspace{ID: "T9OTHER", BotToken: "xoxb-other-workspace"})
	})
	other := slack.New("xoxb-other-workspace", slack.OptionAPIURL(w.url+"/slack/api/"))
	if _, err := other.GetUserInfo("U0YUKI"); err == nil || err.Error() != "user_not_found" {
		t.Errorf("a member of one workspace seen from another: %v", err)
	}
	u, err := other.GetUserInfo("U0HANA")
	w.ok(err)
	if !u.IsStranger {
		t.Error("somebody met in a shared channel is a stranger")
	}
	if _, _, err := other.PostMessage("C0OPEN", slack.MsgOptionText("x", false)); err == nil || err.Error() != "channel_not_found" {
		t.Errorf("post to another workspace's channel: %v", err)
	}
}
