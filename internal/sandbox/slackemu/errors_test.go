package slackemu

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"
)

const (
	formType = "application/x-www-form-urlencoded"
	jsonType = "application/json; charset=utf-8"
	smallest = `{"type":"modal","title":{"type":"plain_text","text":"t"},"blocks":[]}`
	homeView = `{"type":"home","blocks":[]}`
)

func TestCredentialsAndBodiesAreRefusedAsSlackDoes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tests := []struct {
		name, method, ct, token, body string
		want                          string
	}{
		{"no token", "auth.test", formType, "", "", "not_authed"},
		{"unknown token", "auth.test", formType, "xoxb-wrong", "", "invalid_auth"},
		{"token as an argument", "auth.test", formType, "", "token=" + testToken, ""},
		{"token as an argument, wrong", "auth.test", formType, "", "token=x", "invalid_auth"},
		{"unknown method", "chat.shout", formType, testToken, "", "unknown_method"},
		{"body without a type", "auth.test", "", testToken, "a=b", "missing_post_type"},
		{"body of another type", "auth.test", "text/html", testToken, "a=b", "invalid_post_type"},
		{"another charset", "auth.test", "application/json; charset=utf-16", testToken, "{}", "invalid_charset"},
		{"broken form", "auth.test", formType, testToken, "a=%zz", "invalid_form_data"},
		{"broken JSON", "auth.test", jsonType, testToken, "{", "invalid_json"},
		{"JSON that is no object", "auth.test", jsonType, testToken, "[]", "json_not_object"},
		{"JSON arguments", "users.info", jsonType, testToken, `{"user":"U0HANA"}`, ""},
		{"JSON blocks as a value", "chat.postMessage", jsonType, testToken, `{"channel":"C0OPEN","blocks":[{"type":"divider"}],"text":null}`, ""},
		{"JSON blocks as a string", "chat.postMessage", jsonType, testToken, `{"channel":"C0OPEN","blocks":"[{\"type\":\"divider\"}]"}`, ""},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			status, _, out := w.raw(tc.method, tc.ct, tc.token, tc.body)
			got, _ := out["error"].(string)
			if status != 200 || got != tc.want || (out["ok"] == true) != (tc.want == "") {
				t.Errorf("got %d %v, want %q", status, out, tc.want)
			}
		})
	}
	w.ok(w.RevokeToken("T0ACME"))
	if out := w.call("auth.test", nil); out["error"] != "token_revoked" {
		t.Errorf("after revoking: %v", out)
	}
}

// refusal is a call, with form arguments, and the error it gets.
type refusal struct {
	method, args, want string
	scopes             string // others than all that are needed
}

// chatRefusals take the timestamps of a message of the bot and of a person's.
func chatRefusals(ts, theirs string) []refusal {
	return []refusal{
		{"chat.postMessage", "channel=C0NONE&text=x", "channel_not_found", ""},
		{"chat.postMessage", "channel=%23aws-access&text=x", "channel_not_found", ""},
		{"chat.postMessage", "channel=G0SECRET&text=x", "channel_not_found", ""},
		{"chat.postMessage", "channel=U0GONE&text=x", "channel_not_found", ""},
		{"chat.postMessage", "channel=C0OUT&text=x", "not_in_channel", ""},
		{"chat.postMessage", "channel=C0OUT&text=x", "", "chat:write,chat:write.public"},
		{"chat.postMessage", "channel=C0OLD&text=x", "is_archived", ""},
		{"chat.postMessage", "channel=C0OPEN", "no_text", ""},
		{"chat.postMessage", "channel=C0OPEN&text=+&blocks=[]", "no_text", ""},
		{"chat.postMessage", "channel=C0OPEN&text=x", "missing_scope", "users:read"},
		{"chat.postMessage", "channel=C0OPEN&text=x&thread_ts=1.2", "thread_not_found", ""},
		{"chat.postMessage", "channel=C0OPEN&text=x&blocks={}", "invalid_blocks_format", ""},
		{"chat.postMessage", "channel=C0OPEN&text=x&blocks=[{\"type\":\"marquee\"}]", "invalid_blocks", ""},
		{"chat.postMessage", "channel=C0OPEN&text=x&attachments=x", "invalid_attachments", ""},
		{"chat.postMessage", "channel=C0OPEN&text=x&metadata=x", "invalid_metadata_format", ""},
		{"chat.postMessage", "channel=C0OPEN&text=x&metadata={\"event_type\":\"a\"}", "invalid_metadata_schema", ""},
		{"chat.update", "channel=C0OPEN&ts=1.2&text=x", "message_not_found", ""},
		{"chat.update", "channel=C0OPEN&text=x&ts=" + theirs, "cant_update_message", ""},
		{"chat.update", "channel=C0OPEN&ts=" + ts, "no_text", ""},
		{"chat.update", "channel=C0OPEN&ts=" + ts + "&text=" + strings.Repeat("x", 4001), "msg_too_long", ""},
		{"chat.update", "channel=C0OPEN&ts=" + ts + "&text=" + strings.Repeat("x", 4000), "", ""},
		{"chat.delete", "channel=C0OPEN&ts=" + theirs, "cant_delete_message", ""},
		{"chat.delete", "channel=C0OPEN&ts=9.9", "message_not_found", ""},
		{"chat.postEphemeral", "channel=C0OPEN&user=U0GUEST&text=x", "user_not_in_channel", ""},
		{"chat.postEphemeral", "channel=C0OPEN&user=U0HANA", "no_text", ""},
		{"chat.postEphemeral", "channel=C0OPEN&user=U0HANA&text=" + strings.Repeat("x", 40001), "msg_too_long", ""},
		{"chat.getPermalink", "channel=C0OPEN&message_ts=9.9", "message_not_found", ""},
	}
}

// conversationRefusals take the timestamp of a reply.
func conversationRefusals(reply string) []refusal {
	return []refusal{
		{"conversations.history", "channel=C0NONE", "channel_not_found", ""},
		{"conversations.history", "channel=C0OUT", "not_in_channel", ""},
		{"conversations.history", "channel=C0OPEN", "missing_scope", "groups:history"},
		{"conversations.history", "channel=C0OPEN&limit=1000", "invalid_limit", ""},
		{"conversations.history", "channel=C0OPEN&cursor=x", "invalid_cursor", ""},
		{"conversations.history", "channel=C0OPEN&oldest=x", "invalid_ts_oldest", ""},
		{"conversations.history", "channel=C0OPEN&latest=x", "invalid_ts_latest", ""},
		{"conversations.replies", "channel=C0OPEN&ts=9.9", "thread_not_found", ""},
		{"conversations.replies", "channel=C0OPEN&limit=1000&ts=" + reply, "", ""},
		{"conversations.info", "channel=C0NONE", "channel_not_found", ""},
		{"conversations.list", "types=secret", "invalid_types", ""},
		{"conversations.open", "", "users_list_not_supplied", ""},
		{"conversations.open", "users=U0NONE", "user_not_found", ""},
		{"conversations.open", "users=U0GONE", "user_disabled", ""},
		{"conversations.open", "users=UBOT0ACME", "cannot_dm_bot", ""},
		{"conversations.open", "users=1,2,3,4,5,6,7,8,9", "too_many_users", ""},
		{"conversations.open", "users=U0HANA,U0YUKI", "missing_scope", ""},
		{"conversations.open", "channel=C0OPEN", "method_not_supported_for_channel_type", ""},
	}
}

func otherRefusals() []refusal {
	return []refusal{
		{"users.info", "user=U0NONE", "user_not_found", ""},
		{"users.info", "user=U9HIDDEN", "user_not_found", ""},
		{"users.lookupByEmail", "email=nobody@example.com", "users_not_found", ""},
		{"users.lookupByEmail", "email=gone@example.com", "users_not_found", ""},
		{"users.lookupByEmail", "email=s@other.example", "users_not_found", ""},
		{"users.lookupByEmail", "", "users_not_found", ""},
		{"team.info", "", "missing_scope", ""},
		{"team.info", "team=T9OTHER", "team_not_found", "team:read"},
		{"views.open", "", "invalid_arguments", ""},
		{"views.open", "trigger_id=1.2.a&view={}", "invalid_arguments", ""},
		{"views.open", "trigger_id=nonsense&view=" + smallest, "invalid_trigger_id", ""},
		{"views.open", "trigger_id=1.2.a&view=" + smallest, "expired_trigger_id", ""},
		{"views.open", "trigger_id=1.2.a&view=" + strings.Repeat(" ", maxViewBytes) + smallest, "view_too_large", ""},
		{"views.update", "view=" + smallest, "invalid_arguments", ""},
		{"views.update", "view_id=V0&view=" + smallest, "not_found", ""},
		{"views.publish", "user_id=U0NONE&view=" + homeView, "user_not_found", ""},
		{"views.publish", "user_id=U0HANA&view=" + smallest, "invalid_arguments", ""},
		{"views.publish", "user_id=U0HANA&hash=x&view=" + homeView, "hash_conflict", ""},
	}
}

func TestErrorsOfMethods(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, ts, err := w.api.PostMessage("C0OPEN", slack.MsgOptionText("mine", false))
	w.ok(err)
	theirs, err := w.Post("U0HANA", "C0OPEN", "theirs", "")
	w.ok(err)
	reply, err := w.Post("U0HANA", "C0OPEN", "reply", ts)
	w.ok(err)
	all := strings.Join([]string{"chat:write", "im:write", "users:read", "users:read.email", "channels:history", "groups:history", "channels:read"}, ",")
	tests := slices.Concat(chatRefusals(ts, theirs), conversationRefusals(reply), otherRefusals())
	for _, tc := range tests {
		name := tc.method + " " + tc.want + " " + tc.args[:min(len(tc.args), 40)]
		t.Run(name, func(t *testing.T) {
			scopes := all
			if tc.scopes != "" {
				scopes = tc.scopes
			}
			w.ok(w.SetScopes("T0ACME", strings.Split(scopes, ",")...))
			form, err := url.ParseQuery(tc.args)
			w.ok(err)
			out := w.call(tc.method, form)
			if got, _ := out["error"].(string); got != tc.want {
				t.Errorf("got %v, want %q", out, tc.want)
			}
		})
	}
}

func TestLongTextIsCutAtFortyThousand(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	out := w.call("chat.postMessage", url.Values{"channel": {"C0OPEN"}, "text": {strings.Repeat("é", 40001)}})
	if got := []rune(out["message"].(map[string]any)["text"].(string)); len(got) != 40000 {
		t.Errorf("got %d characters", len(got))
	}
}

func TestUpdateKeepsWhatItIsNotGiven(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	form := url.Values{"channel": {"C0OPEN"}, "text": {"a"}, "blocks": {`[{"type":"divider"}]`},
		"metadata": {`{"event_type":"e","event_payload":{"n":1}}`}}
	ts := w.call("chat.postMessage", form)["ts"].(string)
	update := func(extra url.Values) map[string]any {
		extra.Set("channel", "C0OPEN")
		extra.Set("ts", ts)
		extra.Set("text", "b")
		return w.call("chat.update", extra)["message"].(map[string]any)
	}
	if m := update(url.Values{}); m["blocks"] == nil || m["metadata"] == nil || m["text"] != "b" {
		t.Errorf("nothing else given: %v", m)
	}
	if m := update(url.Values{"blocks": {"[]"}, "metadata": {"{}"}}); m["blocks"] != nil || m["metadata"] != nil {
		t.Errorf("empty values remove: %v", m)
	}
}

func TestTriggerIsGoodForThreeSecondsAndOneUse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	view := func(id string) url.Values { return url.Values{"trigger_id": {id}, "view": {smallest}} }
	used := w.trigger()
	if out := w.call("views.open", view(used)); out["ok"] != true {
		t.Fatalf("first use: %v", out)
	}
	if out := w.call("views.open", view(used)); out["error"] != "exchanged_trigger_id" {
		t.Errorf("second use: %v", out)
	}
	late := w.trigger()
	w.clock.advance(3*time.Second + time.Millisecond)
	if out := w.call("views.open", view(late)); out["error"] != "expired_trigger_id" {
		t.Errorf("late use: %v", out)
	}
	invalid := w.trigger()
	bad := url.Values{"trigger_id": {invalid}, "view": {`{"type":"modal"}`}}
	if out := w.call("views.open", bad); out["error"] != "invalid_arguments" {
		t.Errorf("bad view: %v", out)
	}
	if out := w.call("views.open", view(invalid)); out["ok"] != true {
		t.Errorf("a refused view does not spend the trigger: %v", out)
	}
}

func TestProblemsOfBlocksAreToldWithPointers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	button := fmt.Sprintf(`[{"type":"actions","elements":[{"type":"button","action_id":"a","text":{"type":"plain_text","text":%q}}]}]`, strings.Repeat("x", 76))
	_, _, err := w.api.PostMessage("C0OPEN", slack.MsgOptionText("x", false), slack.MsgOptionCompose(slack.UnsafeMsgOptionEndpoint(w.url+"/slack/api/chat.postMessage", func(v url.Values) {
		v.Set("blocks", button)
	})))
	var se slack.SlackErrorResponse
	if !errors.As(err, &se) {
		t.Fatalf("got %#v", err)
	}
	want := []string{"[ERROR] must be less than 76 characters [json-pointer:/blocks/0/elements/0/text/text]"}
	if diff := cmp.Diff(want, se.ResponseMetadata.Messages); diff != "" || se.Err != "invalid_blocks" {
		t.Errorf("%s (-want +got):\n%s", se.Err, diff)
	}
	if len(se.Errors) != 1 || se.Errors[0].Message == nil || *se.Errors[0].Message != strings.TrimPrefix(want[0], "[ERROR] ") {
		t.Errorf("errors: %+v", se.Errors)
	}
	out := w.call("views.open", url.Values{"trigger_id": {w.trigger()}, "view": {`{"type":"modal","blocks":[],"title":{"type":"plain_text","text":"0123456789012345678901234"}}`}})
	b, err := json.Marshal(out["response_metadata"])
	w.ok(err)
	wantJSON := `{"messages":["[ERROR] failed to match all allowed schemas [json-pointer:/view]","[ERROR] must be less than 25 characters [json-pointer:/view/title/text]"]}`
	if out["error"] != "invalid_arguments" || string(b) != wantJSON {
		t.Errorf("got %v %s", out["error"], b)
	}
}
