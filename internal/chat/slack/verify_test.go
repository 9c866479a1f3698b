package slack

import (
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"aws-access-bot/internal/secret"
)

// TestSlacksPublishedExampleVerifies: the example of "Verifying requests from
// Slack", as it stands there.
func TestSlacksPublishedExampleVerifies(t *testing.T) {
	t.Parallel()
	const body = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
	r := httptest.NewRequest("POST", "/slack/commands", strings.NewReader(body))
	r.Header.Set("X-Slack-Request-Timestamp", "1531420618")
	r.Header.Set("X-Slack-Signature", "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503")
	got, err := verified(r, []secret.Value{secret.New("8f742231b10e8888abcd99yyyzzz85a5")}, time.Unix(1531420618, 0))
	if err != nil || string(got) != body {
		t.Errorf("%v, body of %d bytes", err, len(got))
	}
}

// FuzzVerified: nothing verifies but what was signed, whatever the headers.
func FuzzVerified(f *testing.F) {
	key, now := secret.New("8f742231b10e8888abcd99yyyzzz85a5"), time.Unix(1531420618, 0)
	f.Add("1531420618", "v0=00", "a=b")
	f.Add("-9223372036854775808", "v0=", "")
	f.Add("9223372036854775807", signature(key, "9223372036854775807", nil), "")
	f.Fuzz(func(t *testing.T, stamp, sig, body string) {
		r := httptest.NewRequest("POST", "/", strings.NewReader(body))
		r.Header["X-Slack-Request-Timestamp"], r.Header["X-Slack-Signature"] = []string{stamp}, []string{sig}
		_, err := verified(r, []secret.Value{{}, key}, now)
		if sig == signature(key, stamp, []byte(body)) {
			return
		}
		if !errors.Is(err, errUnverified) {
			t.Fatalf("stamp %q, signature %q: %v", stamp, sig, err)
		}
	})
}
