package slackemu

import (
	"regexp"
	"slices"
	"strconv"
)

// window is the range of timestamps that a call asks for.
type window struct {
	oldest, latest int64 // in microseconds; zero means no bound
	inclusive      bool
}

var tsPattern = regexp.MustCompile(`^\d{1,12}(\.\d{1,6})?$`)

// micros returns a timestamp in microseconds.
func micros(ts string) (int64, bool) {
	if !tsPattern.MatchString(ts) {
		return 0, false
	}
	whole, frac := ts, "000000"
	if i := slices.Index([]byte(ts), '.'); i >= 0 {
		whole, frac = ts[:i], (ts[i+1:] + "000000")[:6]
	}
	n, err := strconv.ParseInt(whole+frac, 10, 64)
	return n, err == nil
}

func parseWindow(a args) (window, error) {
	w := window{inclusive: a.bool("inclusive")}
	var ok bool
	if v := a["oldest"]; v != "" && v != "0" {
		if w.oldest, ok = micros(v); !ok {
			return w, fail("invalid_ts_oldest")
		}
	}
	if v := a["latest"]; v != "" && v != "now" {
		if w.latest, ok = micros(v); !ok {
			return w, fail("invalid_ts_latest")
		}
	}
	return w, nil
}

func (w window) has(ts string) bool {
	n, _ := micros(ts)
	if w.inclusive {
		return (w.oldest == 0 || n >= w.oldest) && (w.latest == 0 || n <= w.latest)
	}
	return n > w.oldest && (w.latest == 0 || n < w.latest)
}

// conversationsHistory lists a conversation's messages, newest first. Replies
// are in their thread only, unless they were broadcast.
func (s *Server) conversationsHistory(c *call) (object, error) {
	ch, err := s.readHistory(c)
	if err != nil {
		return nil, err
	}
	var list []*message
	for _, m := range ch.messages {
		if m.ThreadTS == "" || m.ThreadTS == m.TS || m.Subtype == "thread_broadcast" {
			list = append(list, m)
		}
	}
	slices.Reverse(list)
	return historyPage(c, ch, list, 100)
}

// conversationsReplies lists a thread: its parent, then the replies, oldest
// first. Asked for a reply, it returns that reply alone.
func (s *Server) conversationsReplies(c *call) (object, error) {
	ch, err := s.readHistory(c)
	if err != nil {
		return nil, err
	}
	root := ch.find(c.args["ts"])
	if root == nil {
		return nil, fail("thread_not_found")
	}
	return historyPage(c, ch, append([]*message{root}, ch.threads[root.TS]...), 1000)
}

func (s *Server) readHistory(c *call) (*channel, error) {
	ch, err := s.readable(c, ":history")
	if err != nil {
		return nil, err
	}
	if !slices.Contains(ch.Members, c.team.BotUserID) {
		return nil, fail("not_in_channel")
	}
	return ch, nil
}

func historyPage(c *call, ch *channel, list []*message, fallback int) (object, error) {
	w, err := parseWindow(c.args)
	if err != nil {
		return nil, err
	}
	limit, err := c.args.limit(fallback, 999+fallback/1000) // history: at most 999, replies: 1,000
	if err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(m *message) bool { return !w.has(m.TS) })
	page, next, err := pageOf(list, c.args["cursor"], "next_ts", limit, func(m *message) string { return m.TS })
	if err != nil {
		return nil, err
	}
	messages := []Message{}
	for _, m := range page {
		messages = append(messages, ch.wire(m, c.args.bool("include_all_metadata")))
	}
	out := object{"messages": messages, "has_more": next != ""}
	if next != "" {
		out["response_metadata"] = object{"next_cursor": next}
	}
	return out, nil
}
