package teamsemu

import (
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// User is a person in Teams.
type User struct {
	// ObjectID is the Entra object id. The state and the Go methods name people by
	// it.
	ObjectID string `json:"object_id"`
	// ID is the person's id for this bot, 29:…; another bot sees another one. It is
	// made from the object id and the app.
	ID   string `json:"id"`
	Name string `json:"name"`
	// Alias is what stands for the person after @ in texts that people write; the
	// client offers names when somebody types an @.
	Alias     string `json:"alias,omitempty"`
	Given     string `json:"given_name,omitempty"`
	Surname   string `json:"surname,omitempty"`
	Email     string `json:"email"`
	UPN       string `json:"upn"`
	TimeZone  string `json:"timezone"`
	IsGuest   bool   `json:"guest,omitempty"`
	IsRemoved bool   `json:"removed,omitempty"`
	// TenantID is the person's own tenant; default the emulator's.
	TenantID string `json:"tenant"`
}

// role is the userRole of the member API.
func (u *User) role() string {
	if u.IsGuest {
		return "guest"
	}
	return "user"
}

// AddUser adds a person.
func (s *Server) AddUser(u User) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if u.ObjectID == "" || u.Name == "" {
		return errors.New("add a Teams user: an object id and a name are required")
	}
	if s.user(u.ObjectID) != nil {
		return fmt.Errorf("add Teams user %s: there is one with this object id", u.ObjectID)
	}
	u.ID = s.PersonID(u.ObjectID)
	if u.TenantID == "" {
		u.TenantID = s.opts.TenantID
	}
	if u.UPN == "" {
		u.UPN = u.Email
	}
	if u.TimeZone == "" {
		u.TimeZone = "Asia/Tokyo"
	}
	s.users = append(s.users, &u)
	s.touch()
	return nil
}

// EditUser changes a person's profile.
func (s *Server) EditUser(objectID string, edit func(*User)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.user(objectID)
	if u == nil {
		return errNoSuch("Teams user", objectID)
	}
	edit(u)
	s.touch()
	return nil
}

// PersonID is a person's id for this bot, by object id.
func (s *Server) PersonID(objectID string) string {
	sum := sha512.Sum512([]byte(s.opts.AppID + "/" + objectID))
	return "29:1" + base64.RawURLEncoding.EncodeToString(sum[:])
}

// user finds a person by object id, or nil. The caller holds s.mu.
func (s *Server) user(objectID string) *User {
	for _, u := range s.users {
		if strings.EqualFold(u.ObjectID, objectID) {
			return u
		}
	}
	return nil
}

// member finds a person as the bot may name one: by 29:… id or object id. The
// caller holds s.mu.
func (s *Server) member(id string) *User {
	for _, u := range s.users {
		if u.ID == id || strings.EqualFold(u.ObjectID, id) {
			return u
		}
	}
	return nil
}

// Team is a team with its channels. The first channel is General, and its id is
// the team's.
type Team struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// GroupID is the Entra group of the team.
	GroupID  string    `json:"group_id,omitempty"`
	Channels []Channel `json:"channels"`
	// Members are object ids.
	Members []string `json:"members"`
	// Installed is whether the bot's app is in the team.
	Installed bool `json:"installed"`
}

// Channel is a channel of a team.
type Channel struct {
	// ID is 19:…@thread.tacv2.
	ID   string `json:"id"`
	Name string `json:"name"`
}

type team struct {
	Team
	channels []*conversation
}

// AddTeam adds a team.
func (s *Server) AddTeam(t Team) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(t.Channels) == 0 || t.Channels[0].ID != t.ID {
		return fmt.Errorf("add team %q: its first channel has the id of the team", t.ID)
	}
	made := &team{Team: t}
	for _, c := range t.Channels {
		if !strings.HasPrefix(c.ID, "19:") || strings.ContainsAny(c.ID, ";/") || s.conversation(c.ID) != nil {
			return fmt.Errorf("add team %q: channel id %q is taken, or is none", t.ID, c.ID)
		}
		made.channels = append(made.channels, &conversation{id: c.ID, name: c.Name, team: made})
	}
	for _, m := range t.Members {
		if s.user(m) == nil {
			return errNoSuch("Teams user", m)
		}
	}
	made.Members = slices.Clone(t.Members)
	s.teams = append(s.teams, made)
	s.touch()
	return nil
}

// Group is a group chat.
type Group struct {
	// ID is 19:…@thread.v2.
	ID string `json:"id"`
	// Topic is its name.
	Topic string `json:"topic"`
	// Members are object ids.
	Members []string `json:"members"`
	// Installed is whether the bot's app is in the chat.
	Installed bool `json:"installed"`
}

// AddGroup adds a group chat. The bot gets what mentions it there, as in channels; there
// are no threads.
func (s *Server) AddGroup(g Group) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !strings.HasPrefix(g.ID, "19:") || !strings.HasSuffix(g.ID, "@thread.v2") || s.conversation(g.ID) != nil {
		return fmt.Errorf("add group chat %q: its id %q is taken, or is none", g.Topic, g.ID)
	}
	for _, m := range g.Members {
		if s.user(m) == nil {
			return errNoSuch("Teams user", m)
		}
	}
	in := &team{Team: Team{ID: g.ID, Name: g.Topic, Members: slices.Clone(g.Members), Installed: g.Installed}}
	s.groups = append(s.groups, &conversation{id: g.ID, name: g.Topic, team: in, group: true})
	s.touch()
	return nil
}

// SetInstalled puts the app into the team of a conversation, or into a person's
// own scope, or takes it out, without telling the bot: as it stood before the bot
// was started. [Server.Install] tells it.
func (s *Server) SetInstalled(objectID string, installed bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.user(objectID)
	if u == nil {
		return errNoSuch("Teams user", objectID)
	}
	s.chat(u).installed = installed
	s.touch()
	return nil
}

// Block plays a person who blocks the chat with the bot, or lets it in again.
func (s *Server) Block(objectID string, blocked bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.user(objectID)
	if u == nil {
		return errNoSuch("Teams user", objectID)
	}
	s.chat(u).blocked = blocked
	s.touch()
	return nil
}
