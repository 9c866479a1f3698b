package scenario

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"time"

	"aws-access-bot/internal/sandbox/slackemu"
)

// Text returns what a person reads in a message: its blocks, or its text where
// it has none, a line each. Buttons are in brackets, times in UTC.
func Text(m slackemu.Message) string {
	lines := blockLines(m.Blocks)
	if len(lines) == 0 {
		return plain(m.Text)
	}
	return strings.Join(lines, "\n")
}

// block is what is read of a block or of a part of one.
type block struct {
	Type     string          `json:"type"`
	Text     json.RawMessage `json:"text"` // an object, or a string in a text object
	Fields   []block         `json:"fields"`
	Elements []block         `json:"elements"`
}

func blockLines(raw json.RawMessage) []string {
	var blocks []block
	if len(raw) == 0 || json.Unmarshal(raw, &blocks) != nil {
		return nil
	}
	var out []string
	for _, b := range blocks {
		out = append(out, b.lines()...)
	}
	return out
}

func (b block) lines() []string {
	var out []string
	if s := b.text(); s != "" {
		if b.Type == "button" {
			s = "[" + s + "]"
		}
		out = append(out, s)
	}
	for _, f := range b.Fields {
		out = append(out, strings.ReplaceAll(strings.Join(f.lines(), " "), "\n", ": "))
	}
	for _, e := range b.Elements {
		out = append(out, e.lines()...)
	}
	return out
}

// text reads a text object wherever it stands.
func (b block) text() string {
	var s string
	if json.Unmarshal(b.Text, &s) == nil {
		if b.Type == "mrkdwn" {
			return plain(s)
		}
		return s
	}
	var inner block
	if json.Unmarshal(b.Text, &inner) != nil {
		return ""
	}
	return inner.text()
}

var (
	date  = regexp.MustCompile(`<!date\^(\d+)\^[^>]*>`)
	link  = regexp.MustCompile(`<([^>|]+)\|([^>]*)>`)
	plink = regexp.MustCompile(`<([^>]+)>`)
)

// plain takes the marks out of mrkdwn: a link is its text and its address.
func plain(s string) string {
	s = date.ReplaceAllStringFunc(s, func(d string) string {
		n, err := strconv.ParseInt(date.FindStringSubmatch(d)[1], 10, 64)
		if err != nil {
			return d
		}
		return time.Unix(n, 0).UTC().Format(time.RFC3339)
	})
	s = link.ReplaceAllString(s, "$2 ($1)")
	s = plink.ReplaceAllString(s, "$1")
	return strings.NewReplacer("*", "", "`", "", "&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(s)
}
