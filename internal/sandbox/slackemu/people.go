package slackemu

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// User is a member of a workspace, or a stranger from another one.
type User struct {
	ID       string `json:"id"`
	TeamID   string `json:"team_id"`
	Name     string `json:"name"`
	RealName string `json:"real_name"`
	Email    string `json:"email,omitempty"`
	// Deleted is a deactivated user.
	Deleted bool `json:"deleted"`
	IsBot   bool `json:"is_bot"`
	IsAdmin bool `json:"is_admin"`
	// IsRestricted is a guest of several channels, IsUltraRestricted one of a
	// single channel.
	IsRestricted      bool `json:"is_restricted"`
	IsUltraRestricted bool `json:"is_ultra_restricted"`
	// IsStranger is somebody of another workspace, met in a shared channel.
	IsStranger bool `json:"is_stranger"`
	// TZ is an IANA zone, default Asia/Tokyo; TZOffset is in seconds east of
	// UTC and is looked up if it is zero.
	TZ       string `json:"tz"`
	TZOffset int    `json:"tz_offset"`
	// Updated is when the user last changed, in seconds since 1970.
	Updated int64 `json:"updated"`
}

// AddUser adds a person or a bot. Empty names are made from the id, and an
// empty TeamID is the first workspace.
func (s *Server) AddUser(u User) error {
	if u.ID == "" {
		return fmt.Errorf("user %q: an id is required", u.Name)
	}
	if err := setZone(&u, s.kit.Now()); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.user(u.ID) != nil {
		return fmt.Errorf("user %s: exists already", u.ID)
	}
	fill(&u.TeamID, s.teams[0].ID)
	fill(&u.Name, strings.ToLower(u.ID))
	fill(&u.RealName, u.Name)
	u.Updated = s.kit.Now().Unix()
	s.users = append(s.users, &u)
	s.touch()
	return nil
}

func setZone(u *User, now time.Time) error {
	const tokyo, tokyoOffset = "Asia/Tokyo", 9 * 60 * 60
	fill(&u.TZ, tokyo)
	switch {
	case u.TZOffset != 0:
	case u.TZ == tokyo:
		u.TZOffset = tokyoOffset // known even on a machine without zone files
	default:
		loc, err := time.LoadLocation(u.TZ)
		if err != nil {
			return fmt.Errorf("user %s: time zone: %w", u.ID, err)
		}
		_, u.TZOffset = now.In(loc).Zone()
	}
	return nil
}

// SetEmail changes a person's e-mail address.
func (s *Server) SetEmail(user, email string) error {
	return s.EditUser(user, func(u *User) { u.Email = email })
}

// Deactivate deactivates a person.
func (s *Server) Deactivate(user string) error {
	return s.EditUser(user, func(u *User) { u.Deleted = true })
}

// EditUser changes a person; f must not keep u. The id cannot be changed.
func (s *Server) EditUser(user string, f func(u *User)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.user(user)
	if u == nil {
		return errNoSuch("user", user)
	}
	f(u)
	u.ID, u.Updated = user, s.kit.Now().Unix()
	s.touch()
	return nil
}

// user returns the user with an id, or nil. The caller holds s.mu.
func (s *Server) user(id string) *User {
	for _, u := range s.users {
		if u.ID == id {
			return u
		}
	}
	return nil
}

// visibleUser returns a user that a workspace's token can see: its members,
// strangers, and members of another workspace met in a shared channel.
func (s *Server) visibleUser(t *workspace, id string) *User {
	u := s.user(id)
	if u == nil || (u.TeamID != t.ID && !s.isStranger(t, u)) {
		return nil
	}
	return u
}

// isStranger reports whether u is of another workspace but known in t.
func (s *Server) isStranger(t *workspace, u *User) bool {
	if u.TeamID == t.ID {
		return u.IsStranger
	}
	return u.IsStranger || slices.ContainsFunc(s.channels, func(ch *channel) bool {
		return ch.in(t.ID) && slices.Contains(ch.Members, u.ID)
	})
}

// wireUser is a user as users.info shows it. The e-mail address is there only
// with the scope users:read.email.
func (s *Server) wireUser(t *workspace, u *User) object {
	profile := object{
		"real_name": u.RealName, "real_name_normalized": u.RealName, "display_name": u.Name,
		"display_name_normalized": u.Name, "team": u.TeamID, "status_text": "", "status_emoji": "", "title": "",
	}
	if u.Email != "" && t.has("users:read.email") {
		profile["email"] = u.Email
	}
	out := object{
		"id": u.ID, "team_id": u.TeamID, "name": u.Name, "deleted": u.Deleted, "profile": profile,
		"is_bot": u.IsBot, "is_app_user": false, "updated": u.Updated,
	}
	if stranger := s.isStranger(t, u); stranger {
		out["is_stranger"] = true
	}
	if u.Deleted {
		return out // Slack leaves out what a deactivated user no longer has
	}
	maps.Copy(out, object{
		"real_name": u.RealName, "tz": u.TZ, "tz_label": u.TZ, "tz_offset": u.TZOffset,
		"is_admin": u.IsAdmin, "is_owner": false, "is_primary_owner": false,
		"is_restricted": u.IsRestricted, "is_ultra_restricted": u.IsUltraRestricted, "is_email_confirmed": u.Email != "",
	})
	return out
}

func (s *Server) usersInfo(c *call) (object, error) {
	u := s.visibleUser(c.team, c.args["user"])
	if u == nil {
		return nil, fail("user_not_found")
	}
	return object{"user": s.wireUser(c.team, u)}, nil
}

// usersLookupByEmail finds an active member by address, whatever its case.
func (s *Server) usersLookupByEmail(c *call) (object, error) {
	email := strings.TrimSpace(c.args["email"])
	for _, u := range s.users {
		if email != "" && u.TeamID == c.team.ID && !u.Deleted && strings.EqualFold(u.Email, email) {
			return object{"user": s.wireUser(c.team, u)}, nil
		}
	}
	return nil, fail("users_not_found")
}

func (s *Server) usersList(c *call) (object, error) {
	limit, err := c.args.limit(1000, 1000)
	if err != nil {
		return nil, err
	}
	var visible []*User
	for _, u := range s.users {
		if s.visibleUser(c.team, u.ID) != nil {
			visible = append(visible, u)
		}
	}
	page, next, err := pageOf(visible, c.args["cursor"], "user", limit, func(u *User) string { return u.ID })
	if err != nil {
		return nil, err
	}
	members := []object{}
	for _, u := range page {
		members = append(members, s.wireUser(c.team, u))
	}
	return object{"members": members, "cache_ts": s.kit.Now().Unix(), "response_metadata": object{"next_cursor": next}}, nil
}
