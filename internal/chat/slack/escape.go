package slack

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/chat"
)

// Lengths in characters (Block Kit reference; the summary stays below the
// 4,000 characters that chat.update takes).
const (
	maxSection     = 3000
	maxField       = 2000
	maxHeader      = 150
	maxButton      = 75
	maxOption      = 75
	maxPlaceholder = 150
	maxTitle       = 24
	maxLabel       = 2000
	maxInput       = 3000
	maxSummary     = 3000
	maxMetadata    = 3000
)

// escape makes text safe in mrkdwn: exactly these three characters have to be
// escaped (Slack: "Escaping text").
func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

// cut shortens s to n characters.
func cut(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:max(0, n-1)]) + "…"
}

// cutEscaped escapes s and shortens it so that the result has n characters at
// most and ends in no half of an entity.
func cutEscaped(s string, n int) string {
	return shorten(s, n, escape)
}

// shorten returns render of as much of s as gives n characters at most. It
// gives nothing where not even the mark of omission fits.
func shorten(s string, n int, render func(string) string) string {
	if full := render(s); utf8.RuneCountInString(full) <= n {
		return full
	}
	r := []rune(s)
	// The longest beginning that fits: rendering more never gives less.
	lo, hi := 0, len(r)
	for lo < hi {
		mid := (lo + hi + 1) / 2
		if utf8.RuneCountInString(render(string(r[:mid])+"…")) <= n {
			lo = mid
		} else {
			hi = mid - 1
		}
	}
	if short := render(string(r[:lo]) + "…"); utf8.RuneCountInString(short) <= n {
		return short
	}
	return ""
}

// mrkdwn renders spans in n characters at most; every text is escaped. A span
// that does not fit whole is shortened, and what follows it is left out.
func mrkdwn(spans []chat.Span, n int) string {
	var b strings.Builder
	for _, s := range spans {
		full := span(s)
		room := n - utf8.RuneCountInString(full)
		if room < 0 {
			b.WriteString(shortSpan(s, n))
			break
		}
		b.WriteString(full)
		n = room
	}
	return b.String()
}

// shortSpan renders a span in n characters at most, or nothing where it cannot
// be shortened.
func shortSpan(s chat.Span, n int) string {
	if mentions(s) || IsChannel(s.Channel) || !s.At.IsZero() {
		return ""
	}
	return shorten(s.Text, n, func(text string) string {
		s.Text = text
		return span(s)
	})
}

// mentions reports whether a span mentions somebody who is on Slack. Others are
// named.
func mentions(s chat.Span) bool { return s.User.Platform == access.Slack && s.User.User != "" }

func span(s chat.Span) string {
	switch {
	case mentions(s):
		return "<@" + inLink(s.User.User) + ">"
	case IsChannel(s.Channel): // others are on another service, and are named
		return "<#" + inLink(s.Channel) + ">"
	case !s.At.IsZero():
		return date(s.At)
	case isWeb(s.URL):
		return "<" + inLink(s.URL) + "|" + strings.ReplaceAll(escape(s.Text), "|", "/") + ">"
	case s.Code:
		return "`" + strings.ReplaceAll(escape(s.Text), "`", "'") + "`"
	case s.Bold && strings.TrimSpace(s.Text) != "":
		return "*" + strings.ReplaceAll(escape(s.Text), "*", "∗") + "*"
	default:
		return escape(s.Text)
	}
}

// isWeb reports whether an address is one that a link may have: mailto and
// script addresses are shown as text.
func isWeb(url string) bool {
	return strings.HasPrefix(url, "https://") || strings.HasPrefix(url, "http://")
}

// inLink makes an address or id safe within angle brackets, of which a bar
// would be the end and an angle bracket more than that.
func inLink(s string) string {
	return strings.NewReplacer("|", "%7C", "<", "%3C", ">", "%3E", " ", "%20", "\n", "%0A", "&", "&amp;").Replace(s)
}

// date shows a time in the reader's zone, and as UTC where the client cannot
// (Slack: "Date formatting").
func date(t time.Time) string {
	return fmt.Sprintf("<!date^%d^{date_short_pretty} {time_secs}|%s>", t.Unix(), t.UTC().Format("2006-01-02 15:04:05 UTC"))
}
