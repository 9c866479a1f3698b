package slackemu

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"
)

// TestSignatureOfThePublishedExample uses the example of docs.slack.dev,
// "Verifying requests from Slack".
func TestSignatureOfThePublishedExample(t *testing.T) {
	t.Parallel()
	body := "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar" +
		"&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=" +
		"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN" +
		"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
	w := newWorld(t)
	r := w.Sign(KindCommand, []byte(body), SignOptions{Time: time.Unix(1531420618, 0)})
	if got, want := r.Header.Get("X-Slack-Signature"), "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := r.Header.Get("X-Slack-Request-Timestamp"); got != "1531420618" {
		t.Errorf("timestamp %s", got)
	}
}

func TestCommandArrivesSignedAndWhole(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.VerificationToken = "old-token" })
	got := make(chan slack.SlashCommand, 1)
	w.answer(func(rw http.ResponseWriter, r *http.Request) {
		if !verified(t, r) || r.URL.Path != "/c" {
			t.Errorf("signature or path of %s", r.URL)
		}
		c, err := slack.SlashCommandParse(r)
		if err != nil {
			t.Error(err)
		}
		got <- c
	})
	res, err := w.Command(t.Context(), "U0HANA", "C0OPEN", "/aws-access", "request payments-prod & more")
	w.ok(err)
	want := slack.SlashCommand{
		Token: "old-token", TeamID: "T0ACME", TeamDomain: "acme", ChannelID: "C0OPEN", ChannelName: "aws-access",
		UserID: "U0HANA", UserName: "hana", Command: "/aws-access", Text: "request payments-prod & more",
		APIAppID: "A0ACCESS", TriggerID: res.TriggerID, ResponseURL: res.ResponseURL,
	}
	if diff := cmp.Diff(want, <-got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !res.Sent || res.Status != 200 || res.Error != "" || res.Message != nil {
		t.Errorf("result of an empty answer: %+v", res)
	}
}

func TestCommandAnswersAreShown(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, contentType, body string
		wantText                string
		ephemeral               int
		channel                 int // with the echo of the command
		wantError               string
	}{
		{"nothing", "", "", "", 0, 0, ""},
		{"plain text", "text/plain; charset=utf-8", "hello\n", "hello", 1, 0, ""},
		{"JSON for one", "application/json", `{"text":"only you"}`, "only you", 1, 0, ""},
		{"JSON said to be text", "text/plain", `{"text":"x"}`, `{"text":"x"}`, 1, 0, ""},
		{"JSON for all", "application/json; charset=utf-8", `{"response_type":"in_channel","text":"all"}`, "all", 0, 2, ""},
		{"broken JSON", "application/json", `{`, "", 0, 0, ErrorDispatch},
		{"blocks that break a rule", "application/json", `{"blocks":[{"type":"marquee"}]}`, "", 0, 0, ErrorDispatch},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.answer(func(rw http.ResponseWriter, _ *http.Request) {
				rw.Header().Set("Content-Type", tc.contentType)
				_, _ = io.WriteString(rw, tc.body)
			})
			res, err := w.Command(t.Context(), "U0HANA", "C0OPEN", "/aws-access", "help")
			w.ok(err)
			text := ""
			if res.Message != nil {
				text = res.Message.Text
			}
			st := w.channelState("C0OPEN")
			if text != tc.wantText || res.Error != tc.wantError || len(st.Ephemeral["U0HANA"]) != tc.ephemeral || len(st.Messages) != tc.channel {
				t.Errorf("got %q, error %q, problems %q, %d for one, %d for all", text, res.Error, res.Problems, len(st.Ephemeral["U0HANA"]), len(st.Messages))
			}
		})
	}
}

func TestAppThatFailsIsSeenByThePersonAndNotAskedAgain(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	tests := []struct {
		name string
		app  http.HandlerFunc
		want string
	}{
		{"too slow", func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			select {
			case <-release:
			case <-r.Context().Done():
			}
		}, ErrorTimeout},
		{"server error", func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(500) }, ErrorDispatch},
		{"redirect", func(rw http.ResponseWriter, r *http.Request) { http.Redirect(rw, r, "/else", http.StatusFound) }, ErrorDispatch},
		{"connection cut", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, ErrorDispatch},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t, func(o *Options) { o.AckTimeout = 100 * time.Millisecond })
			w.answer(tc.app)
			res, err := w.Command(t.Context(), "U0HANA", "C0OPEN", "/aws-access", "help")
			w.ok(err)
			if res.Error != tc.want || !res.Sent {
				t.Errorf("got %+v", res)
			}
			if d := w.State().Deliveries; len(d) != 1 {
				t.Errorf("sent %d times", len(d))
			}
		})
	}
	close(release)
}

func TestCommandsThatNoClientWouldSend(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.Commands = []string{"/aws-access"} })
	for _, tc := range []struct{ name, user, channel, command string }{
		{"unknown person", "U0NONE", "C0OPEN", "/aws-access"},
		{"deactivated person", "U0GONE", "C0OPEN", "/aws-access"},
		{"bot", "UBOT0ACME", "C0OPEN", "/aws-access"},
		{"unknown channel", "U0HANA", "C0NONE", "/aws-access"},
		{"private channel of others", "U0YUKI", "G0SECRET", "/aws-access"},
		{"channel of another workspace", "U9HIDDEN", "C0OPEN", "/aws-access"},
		{"unregistered command", "U0HANA", "C0OPEN", "/else"},
	} {
		if _, err := w.Command(t.Context(), tc.user, tc.channel, tc.command, ""); err == nil {
			t.Errorf("%s: no error", tc.name)
		}
	}
	if n := len(w.State().Deliveries); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
}

func TestCommandFromSharedChannelNamesTheForeignWorkspace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.Command(t.Context(), "U9STRANGER", "C0SHARED", "/aws-access", "")
	w.ok(err)
	r, _ := w.Last(KindCommand)
	form, err := url.ParseQuery(string(r.Body))
	w.ok(err)
	if form.Get("team_id") != "T9OTHER" || form.Get("channel_id") != "C0SHARED" {
		t.Errorf("form: %v", form)
	}
}

func TestChannelNamesOfPrivateConversationsAreHidden(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	im, _, _, err := w.api.OpenConversation(&slack.OpenConversationParameters{Users: []string{"U0HANA"}})
	w.ok(err)
	for channel, want := range map[string]string{im.ID: "directmessage", "G0SECRET": "privategroup", "C0OPEN": "aws-access"} {
		_, err := w.Command(t.Context(), "U0HANA", channel, "/aws-access", "")
		w.ok(err)
		r, _ := w.Last(KindCommand)
		form, err := url.ParseQuery(string(r.Body))
		w.ok(err)
		if got := form.Get("channel_name"); got != want {
			t.Errorf("%s: got %s, want %s", channel, got, want)
		}
	}
}

func TestEscapedCommandText(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.EscapeCommands = true })
	_, err := w.Command(t.Context(), "U0HANA", "C0OPEN", "/aws-access", "list @yuki #aws-access @nobody <b>")
	w.ok(err)
	r, _ := w.Last(KindCommand)
	form, err := url.ParseQuery(string(r.Body))
	w.ok(err)
	if got, want := form.Get("text"), "list <@U0YUKI|yuki> <#C0OPEN|aws-access> @nobody &lt;b&gt;"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestReplayIsTheSameBytesAndForgeriesAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	type seen struct{ body, sig, ts string }
	got := make(chan seen, 10)
	w.answer(func(rw http.ResponseWriter, r *http.Request) {
		if !verified(t, r) {
			rw.WriteHeader(http.StatusUnauthorized)
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got <- seen{string(body), r.Header.Get("X-Slack-Signature"), r.Header.Get("X-Slack-Request-Timestamp")}
	})
	_, err := w.Command(t.Context(), "U0HANA", "C0OPEN", "/aws-access", "help")
	w.ok(err)
	last, ok := w.Last(KindCommand)
	if !ok {
		t.Fatal("no last request")
	}
	if _, err := w.Send(t.Context(), last); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(<-got, <-got, cmp.AllowUnexported(seen{})); diff != "" {
		t.Errorf("replay differs:\n%s", diff)
	}
	for name, o := range map[string]SignOptions{
		"another secret": {Secret: "not-the-secret"}, "stale": {Time: time.Now().Add(-6 * time.Minute)}, "future": {Time: time.Now().Add(6 * time.Minute)},
	} {
		a, err := w.Send(t.Context(), w.Sign(KindCommand, last.Body, o))
		w.ok(err)
		if a.Status != http.StatusUnauthorized {
			t.Errorf("%s: the app answered %d", name, a.Status)
		}
	}
}

func TestEndedContextIsAnErrorNotATimeout(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	w.answer(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		cancel()
		<-r.Context().Done()
	})
	if _, err := w.Command(ctx, "U0HANA", "C0OPEN", "/aws-access", ""); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestEventsAreRetriedThreeTimes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		noRetry  string
		failures int
		want     EventResult
		reasons  []string
	}{
		{"delivered at once", "", 0, EventResult{Attempts: 1, Delivered: true}, []string{"0 "}},
		{"delivered later", "", 2, EventResult{Attempts: 3, Delivered: true}, []string{"0 ", "1 http_error", "2 http_error"}},
		{"never delivered", "", 9, EventResult{Attempts: 4}, []string{"0 ", "1 http_error", "2 http_error", "3 http_error"}},
		{"refused for good", "1", 9, EventResult{Attempts: 1}, []string{"0 "}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.kit.Speed = 1e6
			var reasons []string
			w.answer(func(rw http.ResponseWriter, r *http.Request) {
				n, _ := strconv.Atoi(r.Header.Get("X-Slack-Retry-Num"))
				reasons = append(reasons, strconv.Itoa(n)+" "+r.Header.Get("X-Slack-Retry-Reason"))
				if !verified(t, r) {
					t.Error("signature")
				}
				if n < tc.failures {
					rw.Header().Set("X-Slack-No-Retry", tc.noRetry)
					rw.WriteHeader(500)
				}
			})
			got, err := w.OpenHome(t.Context(), "U0HANA")
			w.ok(err)
			tc.want.EventID = got.EventID
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("result (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tc.reasons, reasons); diff != "" {
				t.Errorf("attempts (-want +got):\n%s", diff)
			}
		})
	}
}

func TestEventsURLIsVerifiedByItsChallenge(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if err := w.VerifyEventsURL(t.Context()); err == nil {
		t.Error("an empty answer passed")
	}
	w.answer(func(rw http.ResponseWriter, r *http.Request) {
		var in struct{ Challenge string }
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		v, err := decode(string(body))
		if err != nil {
			t.Error(err)
		}
		in.Challenge = textOf(v.(object)["challenge"])
		_, _ = io.WriteString(rw, in.Challenge)
	})
	w.ok(w.VerifyEventsURL(t.Context()))
}
