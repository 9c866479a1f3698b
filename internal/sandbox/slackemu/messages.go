package slackemu

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Limits of message text in characters: chat.postMessage cuts at the first
// (docs.slack.dev changelog, "truncating really long messages"), chat.update
// refuses more than the second (chat.update reference, msg_too_long).
const (
	maxText       = 40000
	maxUpdateText = 4000
)

// Message is a message as conversations.history shows it.
type Message struct {
	Type    string `json:"type"`
	Subtype string `json:"subtype,omitempty"`
	User    string `json:"user,omitempty"`
	BotID   string `json:"bot_id,omitempty"`
	AppID   string `json:"app_id,omitempty"`
	Team    string `json:"team,omitempty"`
	Text    string `json:"text"`
	TS      string `json:"ts"`
	// ThreadTS is the parent's TS, on replies and on a parent with replies.
	ThreadTS     string `json:"thread_ts,omitempty"`
	ParentUserID string `json:"parent_user_id,omitempty"`
	// ReplyCount to LatestReply are on a parent with replies.
	ReplyCount      int             `json:"reply_count,omitempty"`
	ReplyUsersCount int             `json:"reply_users_count,omitempty"`
	ReplyUsers      []string        `json:"reply_users,omitempty"`
	LatestReply     string          `json:"latest_reply,omitempty"`
	Blocks          json.RawMessage `json:"blocks,omitempty"`
	Attachments     json.RawMessage `json:"attachments,omitempty"`
	Metadata        *Metadata       `json:"metadata,omitempty"`
	Edited          *Edited         `json:"edited,omitempty"`
	IsEphemeral     bool            `json:"is_ephemeral,omitempty"`
}

// Metadata is what an app hides in a message.
type Metadata struct {
	EventType    string          `json:"event_type"`
	EventPayload json.RawMessage `json:"event_payload"`
}

// Edited says who changed a message last, and when.
type Edited struct {
	User string `json:"user"`
	TS   string `json:"ts"`
}

// message is a message with its history.
type message struct {
	Message
	to    string    // the only reader of an ephemeral message
	edits []Message // what it was before each edit, oldest first
}

// content is what a message says: the arguments that all chat methods share.
type content struct {
	text                string
	blocks, attachments json.RawMessage
	hasBlocks           bool
	metadata            *Metadata
	hasMetadata         bool
}

// parseContent validates the arguments of a chat method.
func parseContent(a args) (content, error) {
	c := content{text: a["text"]}
	if raw := a["blocks"]; raw != "" {
		blocks, err := messageBlocks(raw)
		if err != nil {
			return c, err
		}
		c.hasBlocks = true
		c.blocks = blocks
	}
	if raw := a["attachments"]; raw != "" {
		v, err := decode(raw)
		list, ok := v.([]any)
		if err != nil || !ok {
			return c, fail("invalid_attachments")
		}
		if len(list) > 100 {
			return c, fail("too_many_attachments")
		}
		if len(list) > 0 {
			c.attachments = json.RawMessage(raw)
		}
	}
	if raw := a["metadata"]; raw != "" {
		m, err := parseMetadata(raw)
		if err != nil {
			return c, err
		}
		c.metadata, c.hasMetadata = m, true
	}
	return c, nil
}

// parseMetadata returns nil for an empty object, which removes metadata.
func parseMetadata(raw string) (*Metadata, error) {
	v, err := decode(raw)
	o, ok := v.(object)
	if err != nil || !ok {
		return nil, fail("invalid_metadata_format")
	}
	if len(o) == 0 {
		return nil, nil
	}
	name, _ := o["event_type"].(string)
	payload, ok := o["event_payload"].(object)
	if name == "" || !ok {
		return nil, fail("invalid_metadata_schema")
	}
	return &Metadata{EventType: name, EventPayload: encode(payload)}, nil
}

// messageBlocks validates the blocks of a message and fills in what Slack
// fills in. No blocks give nil.
func messageBlocks(raw string) (json.RawMessage, error) {
	v, err := decode(raw)
	list, ok := v.([]any)
	if err != nil || !ok {
		return nil, fail("invalid_blocks_format")
	}
	if problems := checkMessageBlocks(list); problems != nil {
		return nil, invalid("invalid_blocks", problems)
	}
	if len(list) == 0 {
		return nil, nil
	}
	complete(list)
	return encode(list), nil
}

func (c content) empty() bool {
	return strings.TrimSpace(c.text) == "" && c.blocks == nil && c.attachments == nil
}

// ownMessage returns a message of the workspace's bot.
func (s *Server) ownMessage(t *workspace, c content) *message {
	return &message{Message: Message{
		Type: "message", User: t.BotUserID, BotID: t.BotID, AppID: s.opts.AppID, Team: t.ID, Text: c.text,
		TS: s.newTS(), Blocks: c.blocks, Attachments: c.attachments, Metadata: c.metadata,
	}}
}

func (s *Server) chatPostMessage(c *call) (object, error) {
	what, err := parseContent(c.args)
	if err != nil {
		return nil, err
	}
	if what.empty() {
		return nil, fail("no_text")
	}
	if r := []rune(what.text); len(r) > maxText {
		what.text = string(r[:maxText])
	}
	ch, err := s.postable(c.team, c.args["channel"])
	if err != nil {
		return nil, err
	}
	parent, err := ch.parent(c.args["thread_ts"])
	if err != nil {
		return nil, err
	}
	// One message a second and channel: docs.slack.dev rate limits, "Posting messages".
	if err := s.rateLimit(c.team, "chat.postMessage#"+ch.ID, 1, s.opts.PostBurst); err != nil {
		return nil, err
	}
	m := s.ownMessage(c.team, what)
	if parent != nil {
		m.ThreadTS, m.ParentUserID = parent.TS, parent.User
		if c.args.bool("reply_broadcast") {
			m.Subtype = "thread_broadcast"
		}
	}
	ch.add(m)
	s.touch()
	return object{"channel": ch.ID, "ts": m.TS, "message": ch.wire(m, true)}, nil
}

// parent returns the message that a reply to threadTS belongs under, which is
// the thread's root even if threadTS is a reply; nil if threadTS is empty.
func (ch *channel) parent(threadTS string) (*message, error) {
	if threadTS == "" {
		return nil, nil
	}
	m := ch.find(threadTS)
	if m == nil {
		return nil, fail("thread_not_found")
	}
	if m.ThreadTS != "" && m.ThreadTS != m.TS {
		return ch.parent(m.ThreadTS)
	}
	return m, nil
}

// add appends a message that is newer than all before it.
func (ch *channel) add(m *message) {
	ch.messages = append(ch.messages, m)
	if m.ThreadTS != "" {
		ch.threads[m.ThreadTS] = append(ch.threads[m.ThreadTS], m)
	}
}

// find returns the message with a timestamp, or nil.
func (ch *channel) find(ts string) *message {
	i, ok := slices.BinarySearchFunc(ch.messages, ts, func(m *message, ts string) int { return strings.Compare(m.TS, ts) })
	if !ok {
		return nil
	}
	return ch.messages[i]
}

// wire returns a message as it is shown, with what is counted from its thread.
func (ch *channel) wire(m *message, metadata bool) Message {
	out := m.Message
	if !metadata {
		out.Metadata = nil
	}
	for _, r := range ch.threads[m.TS] {
		out.ThreadTS = m.TS
		out.ReplyCount++
		out.LatestReply = r.TS
		if !slices.Contains(out.ReplyUsers, r.User) {
			out.ReplyUsers = append(out.ReplyUsers, r.User)
			out.ReplyUsersCount++
		}
	}
	return out
}

func (s *Server) chatUpdate(c *call) (object, error) {
	what, err := parseContent(c.args)
	if err != nil {
		return nil, err
	}
	// A user id is not enough here: the reference asks for the conversation's.
	ch, err := s.visible(c.team, c.args["channel"])
	if err != nil {
		return nil, err
	}
	m := ch.find(c.args["ts"])
	switch {
	case m == nil:
		return nil, fail("message_not_found")
	case m.BotID != c.team.BotID:
		return nil, fail("cant_update_message")
	case ch.IsArchived:
		return nil, fail("is_inactive")
	case what.empty():
		return nil, fail("no_text")
	case utf8.RuneCountInString(what.text) > maxUpdateText:
		return nil, fail("msg_too_long")
	}
	s.edit(m, what, c.team.BotUserID)
	return object{"channel": ch.ID, "ts": m.TS, "text": m.Text, "message": ch.wire(m, true)}, nil
}

// edit changes a message. What the new content leaves out stays, except text:
// chat.update keeps earlier blocks and metadata unless it is given others.
func (s *Server) edit(m *message, c content, by string) {
	m.edits = append(m.edits, m.Message)
	m.Text = c.text
	if c.hasBlocks {
		m.Blocks = c.blocks
	}
	if c.attachments != nil {
		m.Attachments = c.attachments
	}
	if c.hasMetadata {
		m.Metadata = c.metadata
	}
	m.Edited = &Edited{User: by, TS: s.newTS()}
	s.touch()
}

func (s *Server) chatDelete(c *call) (object, error) {
	ch, err := s.visible(c.team, c.args["channel"])
	if err != nil {
		return nil, err
	}
	m := ch.find(c.args["ts"])
	switch {
	case m == nil || m.Subtype == "tombstone":
		return nil, fail("message_not_found")
	case m.BotID != c.team.BotID:
		return nil, fail("cant_delete_message")
	}
	ch.remove(m)
	s.touch()
	return object{"channel": ch.ID, "ts": c.args["ts"]}, nil
}

// remove deletes a message; a thread keeps a tombstone as its parent.
func (ch *channel) remove(m *message) {
	if len(ch.threads[m.TS]) > 0 {
		m.Message = Message{Type: "message", Subtype: "tombstone", User: "USLACKBOT", Text: "This message was deleted.", TS: m.TS, ThreadTS: m.TS}
		return
	}
	gone := func(x *message) bool { return x == m }
	ch.messages = slices.DeleteFunc(ch.messages, gone)
	ch.ephemeral = slices.DeleteFunc(ch.ephemeral, gone)
	ch.threads[m.ThreadTS] = slices.DeleteFunc(ch.threads[m.ThreadTS], gone)
}

func (s *Server) chatPostEphemeral(c *call) (object, error) {
	what, err := parseContent(c.args)
	if err != nil {
		return nil, err
	}
	switch {
	case what.empty():
		return nil, fail("no_text")
	case utf8.RuneCountInString(what.text) > maxText:
		return nil, fail("msg_too_long")
	}
	ch, err := s.postable(c.team, c.args["channel"])
	if err != nil {
		return nil, err
	}
	if !slices.Contains(ch.Members, c.args["user"]) {
		return nil, fail("user_not_in_channel")
	}
	parent, err := ch.parent(c.args["thread_ts"])
	if err != nil {
		return nil, err
	}
	m := s.ownMessage(c.team, what)
	if parent != nil {
		m.ThreadTS = parent.TS
	}
	s.showEphemeral(ch, m, c.args["user"])
	return object{"message_ts": m.TS}, nil
}

// showEphemeral shows a message to one person only.
func (s *Server) showEphemeral(ch *channel, m *message, to string) {
	m.to, m.IsEphemeral, m.Metadata = to, true, nil
	ch.ephemeral = append(ch.ephemeral, m)
	s.touch()
}

func (s *Server) chatGetPermalink(c *call) (object, error) {
	ch, err := s.visible(c.team, c.args["channel"])
	if err != nil {
		return nil, err
	}
	m := ch.find(c.args["message_ts"])
	if m == nil {
		return nil, fail("message_not_found")
	}
	link := fmt.Sprintf("%s/archives/%s/p%s", c.team.URL, ch.ID, strings.ReplaceAll(m.TS, ".", ""))
	if m.ThreadTS != "" && m.ThreadTS != m.TS {
		link += fmt.Sprintf("?thread_ts=%s&cid=%s", m.ThreadTS, ch.ID)
	}
	return object{"channel": ch.ID, "permalink": link}, nil
}
