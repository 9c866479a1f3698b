package teamsemu

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// State is a snapshot of everything in the emulator that a page or a checker may
// want to see. The emulator does not change it afterwards, nor may a reader.
type State struct {
	// Version grows with every change.
	Version    int64  `json:"version"`
	AppID      string `json:"app_id"`
	BotID      string `json:"bot_id"`
	BotName    string `json:"bot_name"`
	TenantID   string `json:"tenant_id"`
	ServiceURL string `json:"service_url"`
	// Targeted is whether the tenant has targeted messages.
	Targeted bool        `json:"targeted"`
	Users    []User      `json:"users"`
	Teams    []TeamState `json:"teams"`
	// Groups are the group chats, whose messages have no threads.
	Groups []ChannelState `json:"groups,omitempty"`
	// Chats are the people's own chats with the bot, by object id.
	Chats map[string]ChatState `json:"chats"`
	// Dialogs are the open ones, by the object id of who has it open.
	Dialogs map[string][]DialogState `json:"dialogs"`
	// Deliveries are the last requests to the bot, oldest first.
	Deliveries []Delivery `json:"deliveries"`
}

// TeamState is a team with what stands in its channels.
type TeamState struct {
	Team
	Channels []ChannelState `json:"channels"`
}

// ChannelState is a channel with its threads.
type ChannelState struct {
	Channel
	// Messages are those that begin a thread, oldest first.
	Messages []MessageState `json:"messages"`
	// Targeted are messages by the object id of the one person who sees them.
	Targeted map[string][]MessageState `json:"targeted"`
}

// ChatState is a person's chat with the bot.
type ChatState struct {
	ID        string         `json:"id"`
	Installed bool           `json:"installed"`
	Blocked   bool           `json:"blocked,omitempty"`
	Messages  []MessageState `json:"messages"`
}

// Author is who wrote a message.
type Author struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	ObjectID string `json:"object_id,omitempty"`
	Bot      bool   `json:"bot,omitempty"`
}

// Mention is a mention in a message's text: <at>Name</at>.
type Mention struct {
	Text string `json:"text"`
	ID   string `json:"id"`
	Name string `json:"name"`
}

// CardState is a card as a client shows it.
type CardState struct {
	Card map[string]any `json:"card"`
	// Problems are why a client says "We're sorry, this card couldn't be displayed".
	Problems []string `json:"problems,omitempty"`
	// Actions are what can be clicked, in reading order.
	Actions []ActionState `json:"actions,omitempty"`
}

// ActionState is something to click.
type ActionState struct {
	Type  string `json:"type"`
	Title string `json:"title,omitempty"`
	ID    string `json:"id,omitempty"`
	Verb  string `json:"verb,omitempty"`
}

// MessageState is a message with its thread and its past.
type MessageState struct {
	ID string `json:"id"`
	// Thread is the message that began the thread, empty for that one.
	Thread     string      `json:"thread,omitempty"`
	From       Author      `json:"from"`
	Time       time.Time   `json:"time"`
	Edited     time.Time   `json:"edited,omitzero"`
	Text       string      `json:"text,omitempty"`
	TextFormat string      `json:"text_format,omitempty"`
	Summary    string      `json:"summary,omitempty"`
	Mentions   []Mention   `json:"mentions,omitempty"`
	Cards      []CardState `json:"cards,omitempty"`
	// Views are the cards that single people see in place of the message's, by
	// object id.
	Views   map[string]CardState `json:"views,omitempty"`
	Deleted bool                 `json:"deleted,omitempty"`
	// Replies are those of everybody; targeted ones are with the channel.
	Replies []MessageState `json:"replies,omitempty"`
	// Edits are what the message was before each edit, oldest first.
	Edits []MessageState `json:"edits,omitempty"`
}

// DialogState is a dialog that somebody has open.
type DialogState struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	// Command is the message extension that opened it, empty for a card.
	Command string    `json:"command,omitempty"`
	Card    CardState `json:"card"`
	// Errors are shown beside inputs since the last attempt to submit.
	Errors map[string]string `json:"errors,omitempty"`
}

// State returns a snapshot.
func (s *Server) State() State {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := State{
		Version: s.version, AppID: s.opts.AppID, BotID: s.BotID(), BotName: s.opts.BotName, TenantID: s.opts.TenantID, ServiceURL: s.ServiceURL(),
		Targeted: !s.opts.NoTargeted, Users: []User{}, Teams: []TeamState{}, Chats: map[string]ChatState{}, Dialogs: map[string][]DialogState{},
		Deliveries: slices.Clone(s.sent),
	}
	for _, u := range s.users {
		out.Users = append(out.Users, *u)
	}
	for _, t := range s.teams {
		ts := TeamState{Team: t.Team, Channels: []ChannelState{}}
		ts.Members = slices.Clone(t.Members)
		for _, c := range t.channels {
			ts.Channels = append(ts.Channels, s.channelState(c))
		}
		out.Teams = append(out.Teams, ts)
	}
	for _, c := range s.groups {
		out.Groups = append(out.Groups, s.channelState(c))
	}
	for _, c := range s.chats {
		st := ChatState{ID: c.id, Installed: c.installed, Blocked: c.blocked, Messages: []MessageState{}}
		for _, m := range c.messages {
			st.Messages = append(st.Messages, s.messageState(m))
		}
		out.Chats[c.person.ObjectID] = st
	}
	for _, d := range s.dialogs {
		out.Dialogs[d.person.ObjectID] = append(out.Dialogs[d.person.ObjectID], d.state())
	}
	return out
}

// Changed returns a channel that is closed at the next change of the state. Take it
// before [Server.State] so as not to miss one.
func (s *Server) Changed() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed
}

func (s *Server) channelState(c *conversation) ChannelState {
	out := ChannelState{Channel: Channel{ID: c.id, Name: c.name}, Messages: []MessageState{}, Targeted: map[string][]MessageState{}}
	at := map[string]int{}
	for _, m := range c.messages {
		st := s.messageState(m)
		i, begun := at[m.root]
		switch {
		case m.to != nil:
			if !m.gone(s.kit.Now()) {
				out.Targeted[m.to.ObjectID] = append(out.Targeted[m.to.ObjectID], st)
			}
		case m.root != "" && begun:
			out.Messages[i].Replies = append(out.Messages[i].Replies, st)
		default:
			at[m.id] = len(out.Messages)
			out.Messages = append(out.Messages, st)
		}
	}
	return out
}

func (s *Server) messageState(m *message) MessageState {
	st := s.plain(m)
	st.Edits = slices.Clone(m.edits)
	for u, v := range m.views {
		if st.Views == nil {
			st.Views = map[string]CardState{}
		}
		st.Views[u.ObjectID] = v.state()
	}
	return st
}

// plain is a message as it stands, without its past.
func (s *Server) plain(m *message) MessageState {
	st := MessageState{ID: m.id, Thread: m.root, Time: m.at, Edited: m.edited, Deleted: m.deleted}
	st.From = Author{ID: s.BotID(), Name: s.opts.BotName, Bot: true}
	if m.from != nil {
		st.From = Author{ID: m.from.ID, Name: m.from.Name, ObjectID: m.from.ObjectID}
	}
	if m.deleted {
		return st
	}
	st.Text, st.TextFormat, st.Summary = m.activity.Text, m.activity.TextFormat, m.activity.Summary
	for _, e := range m.activity.Entities {
		if strings.EqualFold(text(e, "type"), "mention") {
			who := sub(e, "mentioned")
			st.Mentions = append(st.Mentions, Mention{Text: text(e, "text"), ID: text(who, "id"), Name: text(who, "name")})
		}
	}
	for _, c := range m.cards {
		st.Cards = append(st.Cards, c.state())
	}
	return st
}

func (c card) state() CardState {
	// A card is never changed once it is read, so that it need not be copied.
	out := CardState{Card: c.content, Problems: slices.Clone(c.problems)}
	for _, a := range c.actions {
		out.Actions = append(out.Actions, ActionState{text(a.def, "type"), text(a.def, "title"), text(a.def, "id"), text(a.def, "verb")})
	}
	return out
}

func (d *dialog) state() DialogState {
	return DialogState{ID: d.id, Title: d.title, Command: d.command, Card: d.card.state(), Errors: maps.Clone(d.errors)}
}
