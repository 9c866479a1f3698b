package slackemu

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Channel is a conversation: a channel, or a direct message with the bot.
type Channel struct {
	ID     string `json:"id"`
	TeamID string `json:"team_id"`
	Name   string `json:"name"`
	// Members are user ids. The bot posts to a private channel only as a
	// member, and to a public one as a member or with chat:write.public.
	Members   []string `json:"members"`
	IsPrivate bool     `json:"is_private"`
	// IsIM is a direct message, IsMPIM one with several people.
	IsIM       bool `json:"is_im"`
	IsMPIM     bool `json:"is_mpim"`
	IsArchived bool `json:"is_archived"`
	// SharedWith are further workspaces that see the channel (Slack Connect).
	SharedWith []string `json:"shared_with,omitempty"`
	// Created is in seconds since 1970.
	Created int64 `json:"created"`
}

// channel is a conversation with what was said in it.
type channel struct {
	Channel
	messages  []*message            // by time, and so by TS
	threads   map[string][]*message // replies by their parent's TS, by time
	ephemeral []*message            // by time; each is for one person
}

// in reports whether a workspace sees the channel.
func (ch *channel) in(team string) bool {
	return ch.TeamID == team || slices.Contains(ch.SharedWith, team)
}

// AddChannel adds a channel. An empty TeamID is the first workspace.
func (s *Server) AddChannel(c Channel) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.ID == "" || s.channel(c.ID) != nil {
		return fmt.Errorf("channel %q: an id of its own is required", c.ID)
	}
	fill(&c.TeamID, s.teams[0].ID)
	for _, m := range c.Members {
		if s.user(m) == nil {
			return fmt.Errorf("channel %s: %w", c.ID, errNoSuch("user", m))
		}
	}
	s.addChannel(c)
	return nil
}

func (s *Server) addChannel(c Channel) *channel {
	c.Members, c.SharedWith = slices.Clone(c.Members), slices.Clone(c.SharedWith)
	c.Created = s.kit.Now().Unix()
	ch := &channel{Channel: c, threads: map[string][]*message{}}
	s.channels = append(s.channels, ch)
	s.touch()
	return ch
}

// Join makes a user a member of a channel; the bot is invited in this way.
func (s *Server) Join(channel, user string) error {
	return s.editMembers(channel, user, func(m []string) []string {
		if slices.Contains(m, user) {
			return m
		}
		return append(m, user)
	})
}

// Leave ends a user's membership of a channel.
func (s *Server) Leave(channel, user string) error {
	return s.editMembers(channel, user, func(m []string) []string {
		return slices.DeleteFunc(m, func(x string) bool { return x == user })
	})
}

func (s *Server) editMembers(channel, user string, f func([]string) []string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	ch := s.channel(channel)
	if ch == nil {
		return errNoSuch("channel", channel)
	}
	if s.user(user) == nil {
		return errNoSuch("user", user)
	}
	ch.Members = f(ch.Members)
	s.touch()
	return nil
}

// Archive archives a channel.
func (s *Server) Archive(channel string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	ch := s.channel(channel)
	if ch == nil {
		return errNoSuch("channel", channel)
	}
	ch.IsArchived = true
	s.touch()
	return nil
}

// channel returns the conversation with an id, or nil. The caller holds s.mu.
func (s *Server) channel(id string) *channel {
	for _, ch := range s.channels {
		if ch.ID == id {
			return ch
		}
	}
	return nil
}

// visible returns a conversation that the workspace's bot can see. A private
// one that it is not in does not exist for it.
func (s *Server) visible(t *workspace, id string) (*channel, error) {
	ch := s.channel(id)
	if ch == nil || !ch.in(t.ID) {
		return nil, fail("channel_not_found")
	}
	if (ch.IsPrivate || ch.IsIM || ch.IsMPIM) && !slices.Contains(ch.Members, t.BotUserID) {
		return nil, fail("channel_not_found")
	}
	return ch, nil
}

// postable returns a conversation that the bot may post to: one it sees, by id,
// or a person's direct message by the user's id.
func (s *Server) postable(t *workspace, id string) (*channel, error) {
	if u := s.visibleUser(t, id); u != nil && !u.IsBot && !u.Deleted {
		return s.openIM(t, u), nil
	}
	ch, err := s.visible(t, id)
	if err != nil {
		return nil, err
	}
	if ch.IsArchived {
		return nil, fail("is_archived")
	}
	if !slices.Contains(ch.Members, t.BotUserID) && !t.has("chat:write.public") {
		return nil, fail("not_in_channel")
	}
	return ch, nil
}

// openIM returns the direct message between the bot and a person, made on
// first use.
func (s *Server) openIM(t *workspace, u *User) *channel {
	for _, ch := range s.channels {
		if ch.IsIM && ch.TeamID == t.ID && slices.Contains(ch.Members, u.ID) {
			return ch
		}
	}
	return s.addChannel(Channel{ID: s.newID("D"), TeamID: t.ID, IsIM: true, Members: []string{t.BotUserID, u.ID}})
}

// kind names the type of a conversation as conversations.list does.
func (ch *channel) kind() string {
	switch {
	case ch.IsIM:
		return "im"
	case ch.IsMPIM:
		return "mpim"
	case ch.IsPrivate:
		return "private_channel"
	}
	return "public_channel"
}

// scope is the scope that reading (":history") or looking at (":read") the
// conversation needs.
func (ch *channel) scope(right string) string {
	prefix := map[string]string{"im": "im", "mpim": "mpim", "private_channel": "groups", "public_channel": "channels"}
	return prefix[ch.kind()] + right
}

func (s *Server) wireChannel(t *workspace, ch *channel) object {
	out := object{
		"id": ch.ID, "created": ch.Created, "is_archived": ch.IsArchived, "is_im": ch.IsIM, "is_mpim": ch.IsMPIM,
		"is_org_shared": false, "context_team_id": t.ID, "updated": ch.Created * 1000,
	}
	if ch.IsIM {
		out["user"], out["is_open"] = ch.partner(t), true
		return out
	}
	shared := len(ch.SharedWith) > 0
	maps.Copy(out, object{
		"name": ch.Name, "name_normalized": ch.Name, "is_channel": !ch.IsPrivate, "is_group": ch.IsPrivate && !ch.IsMPIM,
		"is_private": ch.IsPrivate || ch.IsMPIM, "is_general": false, "is_shared": shared, "is_ext_shared": shared,
		"is_pending_ext_shared": false, "is_member": slices.Contains(ch.Members, t.BotUserID), "creator": "",
		"shared_team_ids": append([]string{ch.TeamID}, ch.SharedWith...),
		"topic":           object{"value": "", "creator": "", "last_set": 0}, "purpose": object{"value": "", "creator": "", "last_set": 0},
	})
	return out
}

// partner returns the person at the other end of a direct message.
func (ch *channel) partner(t *workspace) string {
	for _, m := range ch.Members {
		if m != t.BotUserID {
			return m
		}
	}
	return ""
}

// readable returns the conversation of the argument "channel" if the token has
// the scope to look at it.
func (s *Server) readable(c *call, right string) (*channel, error) {
	ch, err := s.visible(c.team, c.args["channel"])
	if err != nil {
		return nil, err
	}
	return ch, c.team.needs(ch.scope(right))
}

func (s *Server) conversationsInfo(c *call) (object, error) {
	ch, err := s.readable(c, ":read")
	if err != nil {
		return nil, err
	}
	out := s.wireChannel(c.team, ch)
	if c.args.bool("include_num_members") {
		out["num_members"] = len(ch.Members)
	}
	return object{"channel": out}, nil
}

func (s *Server) conversationsMembers(c *call) (object, error) {
	ch, err := s.readable(c, ":read")
	if err != nil {
		return nil, err
	}
	limit, err := c.args.limit(100, 1000)
	if err != nil {
		return nil, err
	}
	page, next, err := pageOf(ch.Members, c.args["cursor"], "user", limit, func(id string) string { return id })
	if err != nil {
		return nil, err
	}
	return object{"members": append([]string{}, page...), "response_metadata": object{"next_cursor": next}}, nil
}

func (s *Server) conversationsList(c *call) (object, error) {
	types := strings.Split(c.args["types"], ",")
	if c.args["types"] == "" {
		types = []string{"public_channel"}
	}
	for i, kind := range types {
		types[i] = strings.TrimSpace(kind)
		prefix, ok := map[string]string{"public_channel": "channels", "private_channel": "groups", "im": "im", "mpim": "mpim"}[types[i]]
		if !ok {
			return nil, fail("invalid_types")
		}
		if err := c.team.needs(prefix + ":read"); err != nil {
			return nil, err
		}
	}
	limit, err := c.args.limit(100, 1000)
	if err != nil {
		return nil, err
	}
	var list []*channel
	for _, ch := range s.channels {
		if _, err := s.visible(c.team, ch.ID); err == nil && slices.Contains(types, ch.kind()) &&
			!(ch.IsArchived && c.args.bool("exclude_archived")) {
			list = append(list, ch)
		}
	}
	page, next, err := pageOf(list, c.args["cursor"], "channel", limit, func(ch *channel) string { return ch.ID })
	if err != nil {
		return nil, err
	}
	out := []object{}
	for _, ch := range page {
		w := s.wireChannel(c.team, ch)
		w["num_members"] = len(ch.Members)
		out = append(out, w)
	}
	return object{"channels": out, "response_metadata": object{"next_cursor": next}}, nil
}

// conversationsOpen opens a direct message with one person, or with two to
// eight of them.
func (s *Server) conversationsOpen(c *call) (object, error) {
	if id := c.args["channel"]; id != "" {
		ch, err := s.visible(c.team, id)
		if err != nil {
			return nil, err
		}
		if !ch.IsIM && !ch.IsMPIM {
			return nil, fail("method_not_supported_for_channel_type")
		}
		return s.opened(c, ch, true), nil
	}
	if c.args["users"] == "" {
		return nil, fail("users_list_not_supplied")
	}
	ids := strings.Split(c.args["users"], ",")
	if len(ids) > 8 {
		return nil, fail("too_many_users")
	}
	for i, id := range ids {
		ids[i] = strings.TrimSpace(id)
		u := s.visibleUser(c.team, ids[i])
		switch {
		case u == nil:
			return nil, fail("user_not_found")
		case u.Deleted:
			return nil, fail("user_disabled")
		case u.IsBot:
			return nil, fail("cannot_dm_bot")
		}
	}
	before := len(s.channels)
	if len(ids) == 1 {
		ch := s.openIM(c.team, s.user(ids[0]))
		return s.opened(c, ch, len(s.channels) == before), nil
	}
	ch, err := s.openMPIM(c.team, ids)
	if err != nil {
		return nil, err
	}
	return s.opened(c, ch, len(s.channels) == before), nil
}

func (s *Server) openMPIM(t *workspace, ids []string) (*channel, error) {
	if err := t.needs("mpim:write"); err != nil {
		return nil, err
	}
	members := append([]string{t.BotUserID}, ids...)
	want := slices.Sorted(slices.Values(members))
	for _, ch := range s.channels {
		if ch.IsMPIM && slices.Equal(slices.Sorted(slices.Values(ch.Members)), want) {
			return ch, nil
		}
	}
	id := s.newID("G")
	return s.addChannel(Channel{ID: id, TeamID: t.ID, Name: "mpdm-" + strings.ToLower(id), IsMPIM: true, Members: members}), nil
}

func (s *Server) opened(c *call, ch *channel, already bool) object {
	out := object{"channel": object{"id": ch.ID}}
	if c.args.bool("return_im") {
		out["channel"] = s.wireChannel(c.team, ch)
	}
	if already {
		out["no_op"], out["already_open"] = true, true
	}
	return out
}
