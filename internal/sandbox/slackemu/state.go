package slackemu

import (
	"fmt"
	"maps"
	"slices"
)

// State is a snapshot of everything in the emulator that a page or a checker
// may want to see. The emulator does not change it afterwards, nor may a reader.
type State struct {
	// Version grows with every change.
	Version    int64          `json:"version"`
	AppID      string         `json:"app_id"`
	Workspaces []Workspace    `json:"workspaces"`
	Users      []User         `json:"users"`
	Channels   []ChannelState `json:"channels"`
	// Views are the open modal views, the lower ones of a stack first.
	Views []ViewState `json:"views"`
	// Homes are the home tabs by user id.
	Homes map[string]ViewState `json:"homes"`
	// Deliveries are the last requests to the app, oldest first.
	Deliveries []Delivery `json:"deliveries"`
}

// ChannelState is a conversation with its messages.
type ChannelState struct {
	Channel
	// Messages are those of the channel itself, oldest first.
	Messages []MessageState `json:"messages"`
	// Ephemeral are messages by the one person who sees them.
	Ephemeral map[string][]MessageState `json:"ephemeral"`
}

// MessageState is a message with its thread and its past.
type MessageState struct {
	Message
	Replies []MessageState `json:"replies,omitempty"`
	// Edits are what the message was before each edit, oldest first.
	Edits []Message `json:"edits,omitempty"`
}

// ViewState is a view as one person sees it.
type ViewState struct {
	User string `json:"user"`
	// View is the view object that the app would be given, with its state.
	View map[string]any `json:"view"`
	// Errors are shown at blocks since the last submission.
	Errors map[string]string `json:"errors,omitempty"`
}

// State returns a snapshot.
func (s *Server) State() State {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := State{
		Version: s.version, AppID: s.opts.AppID, Users: []User{}, Channels: []ChannelState{},
		Views: []ViewState{}, Homes: map[string]ViewState{}, Deliveries: slices.Clone(s.sent),
	}
	for _, t := range s.teams {
		w := t.Workspace
		w.Scopes = slices.Clone(w.Scopes)
		out.Workspaces = append(out.Workspaces, w)
	}
	for _, u := range s.users {
		out.Users = append(out.Users, *u)
	}
	for _, ch := range s.channels {
		out.Channels = append(out.Channels, ch.state())
	}
	for _, v := range s.views {
		out.Views = append(out.Views, s.viewState(v))
	}
	for user, v := range s.homes {
		out.Homes[user] = s.viewState(v)
	}
	return out
}

// Changed returns a channel that is closed at the next change of the state.
// Take it before [Server.State] so as not to miss one.
func (s *Server) Changed() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed
}

func (ch *channel) state() ChannelState {
	out := ChannelState{Channel: ch.Channel, Messages: []MessageState{}, Ephemeral: map[string][]MessageState{}}
	out.Members, out.SharedWith = slices.Clone(ch.Members), slices.Clone(ch.SharedWith)
	for _, m := range ch.messages {
		if m.ThreadTS != "" && m.ThreadTS != m.TS {
			continue
		}
		st := ch.messageState(m)
		for _, r := range ch.threads[m.TS] {
			st.Replies = append(st.Replies, ch.messageState(r))
		}
		out.Messages = append(out.Messages, st)
	}
	for _, m := range ch.ephemeral {
		out.Ephemeral[m.to] = append(out.Ephemeral[m.to], ch.messageState(m))
	}
	return out
}

func (ch *channel) messageState(m *message) MessageState {
	return MessageState{Message: ch.wire(m, true), Edits: slices.Clone(m.edits)}
}

func (s *Server) viewState(v *view) ViewState {
	// By way of JSON, for one kind of map throughout; it was made of JSON, so
	// that decoding it cannot fail.
	wire, _ := decode(string(encode(s.wireView(v))))
	o, _ := wire.(object)
	return ViewState{User: v.user, View: o, Errors: maps.Clone(v.errors)}
}

// Post plays a person who writes in a conversation, in a thread if threadTS is
// not empty, and returns the message's timestamp.
func (s *Server) Post(user, channelID, text, threadTS string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, ch, err := s.person(user, channelID)
	if err != nil {
		return "", fmt.Errorf("post: %w", err)
	}
	parent, err := ch.parent(threadTS)
	if err != nil {
		return "", fmt.Errorf("post in thread %s: %w", threadTS, err)
	}
	m := &message{Message: Message{Type: "message", User: u.ID, Team: u.TeamID, Text: text, TS: s.newTS()}}
	if parent != nil {
		m.ThreadTS, m.ParentUserID = parent.TS, parent.User
	}
	ch.add(m)
	s.touch()
	return m.TS, nil
}
