package teamsemu

import (
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strings"
	"time"
)

// conversation is a channel, a group chat, or the chat of one person with the bot.
type conversation struct {
	id   string
	name string

	team  *team // of a channel; who is in a group chat, and whether the app is
	group bool

	person             *User // of a chat
	installed, blocked bool
	// known is whether the conversation has been made: the bot cannot know its id
	// before.
	known bool

	messages []*message
}

// personal reports whether it is the chat of one person.
func (c *conversation) personal() bool { return c.person != nil }

// flat reports whether it is a chat, which has no threads.
func (c *conversation) flat() bool { return c.personal() || c.group }

// kind is the conversationType of activities.
func (c *conversation) kind() string {
	switch {
	case c.personal():
		return "personal"
	case c.group:
		return "groupChat"
	}
	return "channel"
}

// has reports whether a person is in the conversation.
func (c *conversation) has(u *User) bool {
	if c.personal() {
		return c.person == u
	}
	return slices.ContainsFunc(c.team.Members, func(m string) bool { return strings.EqualFold(m, u.ObjectID) })
}

// message is what stands in a conversation.
type message struct {
	id string
	// root is the id of the message that began the thread, empty for that one and
	// in chats.
	root string
	from *User // nil is the bot
	to   *User // of a targeted message
	at   time.Time

	activity activity
	cards    []card
	edits    []MessageState
	edited   time.Time
	deleted  bool
	// views are cards that only one person sees in place of the message's, since a
	// click was answered with a card.
	views map[*User]card
}

// targetLife is how long a targeted message is seen ("Targeted messages").
const targetLife = 24 * time.Hour

// gone reports whether the message is no longer there.
func (m *message) gone(now time.Time) bool {
	return m.deleted || m.to != nil && now.Sub(m.at) >= targetLife
}

// thread is the id of the thread the message is in.
func (m *message) thread() string {
	if m.root != "" {
		return m.root
	}
	return m.id
}

// sees reports whether a person sees the message, being in the conversation.
func (m *message) sees(u *User, now time.Time) bool {
	return !m.gone(now) && (m.to == nil || m.to == u)
}

// conversation finds one by id, without ;messageid, or nil. The caller holds s.mu.
func (s *Server) conversation(id string) *conversation {
	for _, c := range append(s.shared(), s.chats...) {
		if c.id == id {
			return c
		}
	}
	return nil
}

// shared are the conversations of several people. The caller holds s.mu.
func (s *Server) shared() []*conversation {
	var out []*conversation
	for _, t := range s.teams {
		out = append(out, t.channels...)
	}
	return append(out, s.groups...)
}

// chat returns the chat of a person with the bot, which is made when it is first
// asked for. The caller holds s.mu.
func (s *Server) chat(u *User) *conversation {
	for _, c := range s.chats {
		if c.person == u {
			return c
		}
	}
	sum := sha256.Sum256([]byte(s.opts.AppID + "|" + u.ObjectID))
	c := &conversation{id: "a:1" + base64.RawURLEncoding.EncodeToString(sum[:]), name: "personal", person: u}
	s.chats = append(s.chats, c)
	return c
}

// find returns the message of an id, or nil.
func (c *conversation) find(id string) *message {
	for _, m := range c.messages {
		if m.id == id {
			return m
		}
	}
	return nil
}

// place splits a conversation id of the wire into the conversation's own and the
// thread's root ("19:…@thread.tacv2;messageid=1611060744833").
func place(id string) (conversation, root string) {
	conversation, root, _ = strings.Cut(id, ";messageid=")
	return conversation, root
}

// wireID is the id of a conversation in activities about a message.
func (c *conversation) wireID(root string) string {
	if c.flat() || root == "" {
		return c.id
	}
	return c.id + ";messageid=" + root
}
