package slack

import (
	"fmt"
	"strings"
	"time"

	"aws-access-bot/internal/chat"
)

// Lengths in characters (Block Kit reference).
const (
	maxSection     = 3000
	maxField       = 2000
	maxHeader      = 150
	maxButton      = 75
	maxOption      = 75
	maxPlaceholder = 150
	maxTitle       = 24
	maxSummary     = 3000
)

// escape makes text safe in mrkdwn: exactly these three characters have to be
// escaped (Slack: "Escaping text").
func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

// cut shortens s to n characters.
func cut(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n-1]) + "…"
}

// mrkdwn renders spans; every text is escaped.
func mrkdwn(spans []chat.Span) string {
	var b strings.Builder
	for _, s := range spans {
		b.WriteString(span(s))
	}
	return b.String()
}

func span(s chat.Span) string {
	switch {
	case s.User != "":
		return "<@" + escape(s.User) + ">"
	case !s.At.IsZero():
		return date(s.At)
	case s.URL != "":
		// A bar would end the address, an angle bracket the link.
		u := strings.NewReplacer("|", "%7C", "<", "%3C", ">", "%3E", " ", "%20", "&", "&amp;").Replace(s.URL)
		return "<" + u + "|" + strings.ReplaceAll(escape(s.Text), "|", "/") + ">"
	case s.Code:
		return "`" + strings.ReplaceAll(escape(s.Text), "`", "'") + "`"
	case s.Bold && strings.TrimSpace(s.Text) != "":
		return "*" + strings.ReplaceAll(escape(s.Text), "*", "∗") + "*"
	default:
		return escape(s.Text)
	}
}

// date shows a time in the reader's zone, with seconds for times of today's
// stages, and as UTC where the client cannot.
func date(t time.Time) string {
	return fmt.Sprintf("<!date^%d^{date_short_pretty} {time_secs}|%s>", t.Unix(), t.UTC().Format("2006-01-02 15:04:05 UTC"))
}
