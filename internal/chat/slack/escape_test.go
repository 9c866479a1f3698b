package slack

import (
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/chat"
)

// entity is what an ampersand may begin in mrkdwn.
var entity = regexp.MustCompile(`&(amp|lt|gt);`)

// plainMarkup reports markup in text that is to have none: an angle bracket,
// or an ampersand that begins no entity.
func plainMarkup(s string) bool {
	return strings.ContainsAny(entity.ReplaceAllString(s, ""), "<>&")
}

func unescape(s string) string {
	return strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(s)
}

// FuzzEscape: whatever stands in a span, the result has no markup but ours, is
// no longer than allowed, ends in no half of anything, and says what was
// written as far as there was room.
func FuzzEscape(f *testing.F) {
	for _, s := range []string{"<!channel>", "<@U1>", "<https://evil|Approve>", "&amp;&lt;", "`*_~", "a|b", "\u202e", strings.Repeat("&", 50), "\xff<"} {
		f.Add(s, uint8(12), uint8(0))
	}
	f.Fuzz(func(t *testing.T, s string, room, kind uint8) {
		n := int(room)
		if !utf8.ValidString(s) {
			s = strings.ToValidUTF8(s, "\ufffd")
		}
		if got := unescape(escape(s)); got != s {
			t.Errorf("%q comes back as %q", s, got)
		}
		if got := cutEscaped(s, n); plainMarkup(got) || utf8.RuneCountInString(got) > n {
			t.Errorf("cutEscaped(%q, %d) = %q", s, n, got)
		} else if got == escape(s) != (utf8.RuneCountInString(escape(s)) <= n) {
			t.Errorf("cutEscaped(%q, %d) = %q: cut though there was room, or not cut", s, n, got)
		}
		kinds := []chat.Span{{Text: s}, {Text: s, Bold: true}, {Text: s, Code: true}, {Text: s, URL: "https://example.com/?a=1&b=<x|y>"}, {Text: "x", URL: s}, {User: access.ChatUser{Platform: access.Slack, User: s}}, {Channel: s}, {At: time.Unix(int64(room), 0)}}
		one := kinds[int(kind)%len(kinds)]
		got := mrkdwn([]chat.Span{{Text: "<b> "}, one, {Text: " & end"}}, n)
		if utf8.RuneCountInString(got) > n {
			t.Errorf("%d characters in %d: %q", utf8.RuneCountInString(got), n, got)
		}
		// Without our own links and dates, which are whole, nothing is left
		// that Slack would read as one.
		rest := regexp.MustCompile(`<(https?://[^<>|]+\|[^<>|]*|[@#][^<>|]*|!date\^[^<>|]+\|[^<>|]+)>`).ReplaceAllString(got, "")
		if plainMarkup(rest) {
			t.Errorf("markup in %q, from %q", rest, got)
		}
	})
}

func TestWhatDoesNotFitIsShortened(t *testing.T) {
	t.Parallel()
	link := chat.Span{Text: "a long label", URL: "https://e.x/"}
	tests := []struct {
		name  string
		spans []chat.Span
		n     int
		want  string
	}{
		{"all of it fits", []chat.Span{{Text: "a&b"}}, 7, "a&amp;b"},
		{"no half of an entity", []chat.Span{{Text: "a&b"}}, 6, "a…"},
		{"a label, not the link", []chat.Span{link}, 20, "<https://e.x/|a lo…>"},
		{"a link without room is left out", []chat.Span{{Text: "ab"}, link, {Text: "c"}}, 10, "ab"},
		{"bold stays bold", []chat.Span{{Text: "abcdef", Bold: true}}, 6, "*abc…*"},
		{"a mention is whole or not there", []chat.Span{{Text: "ab"}, {User: access.ChatUser{Platform: access.Slack, User: "U0HANA"}}}, 5, "ab"},
		{"no room at all", []chat.Span{{Text: "abc"}}, 0, ""},
		{"no link to a script", []chat.Span{{Text: "x", URL: "javascript:alert(1)"}}, 100, "x"},
		{"a channel", []chat.Span{{Channel: "C0AWS", Text: "the channel"}}, 100, "<#C0AWS>"},
		{"a channel of another service", []chat.Span{{Channel: "19:aws@thread.tacv2", Text: "its channel in Teams"}}, 100, "its channel in Teams"},
	}
	for _, tc := range tests {
		if got := mrkdwn(tc.spans, tc.n); got != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
}
