package teams

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/chat"
)

// profileFor is how long a profile is taken from memory. It is short because a
// profile decides who is served.
const profileFor = time.Minute

// maxProfiles is how many profiles are remembered.
const maxProfiles = 10_000

type cachedProfile struct {
	profile access.ChatProfile
	at      time.Time
}

// member is a person in the roster of a conversation ("Get single member details",
// Microsoft Learn).
type member struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	AADID    string `json:"aadObjectId"`
	Email    string `json:"email"`
	TenantID string `json:"tenantId"`
	UserRole string `json:"userRole"`
}

// Profile implements chat.Profiles. The user is the Entra object id of a signed
// activity; the roster of a conversation says whether he is one of the tenant's
// own people.
func (c *Client) Profile(ctx context.Context, u access.ChatUser) (access.ChatProfile, error) {
	c.mu.Lock()
	hit, ok := c.profiles[u]
	c.mu.Unlock()
	if ok && c.opt.Now().Sub(hit.at) < profileFor {
		return hit.profile, nil
	}
	who, err := c.contact(ctx, u)
	if err != nil {
		return access.ChatProfile{}, err
	}
	m, found, err := c.member(ctx, who)
	if err != nil {
		return access.ChatProfile{}, fmt.Errorf("teams user %s: %w", u.User, err)
	}
	p := access.ChatProfile{User: u, Zone: who.Zone, Outsider: "Teams does not show you among the people of a conversation that the bot is in"}
	if found {
		p.Name, p.Email, p.Entra, p.Outsider = m.Name, m.Email, u.User, c.outsider(u, m)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.profiles) >= maxProfiles {
		clear(c.profiles)
	}
	c.profiles[u] = cachedProfile{p, c.opt.Now()}
	return p, nil
}

// member looks for a user where he was seen last, in his chat with the bot and in
// the channel of the settings.
func (c *Client) member(ctx context.Context, who access.Contact) (m member, found bool, err error) {
	id := who.Local
	if id == "" {
		id = who.User.User
	}
	var asked []string
	for _, conversation := range []string{who.Last, who.Personal, c.opt.Channel} {
		if conversation == "" || slices.Contains(asked, conversation) {
			continue
		}
		asked = append(asked, conversation)
		service, err := c.service(ctx, conversation)
		if err != nil {
			return member{}, false, err
		}
		err = c.connector.do(ctx, call{
			method: http.MethodGet, service: service, path: "/v3/conversations/" + segment(conversation) + "/members/" + segment(id), out: &m,
		})
		if err == nil {
			return m, true, nil
		}
		if !errors.Is(err, chat.ErrGone) {
			return member{}, false, err
		}
	}
	return member{}, false, nil
}

// outsider says why a Teams user is none of the company's people.
func (c *Client) outsider(u access.ChatUser, m member) string {
	switch {
	case !strings.EqualFold(m.AADID, u.User):
		return "Teams shows somebody else under your user"
	case !strings.EqualFold(u.Team, c.opt.Tenant) || m.TenantID != "" && !strings.EqualFold(m.TenantID, c.opt.Tenant):
		return "your account belongs to another organization"
	case m.UserRole == "" || strings.EqualFold(m.UserRole, "user"):
		return ""
	case strings.EqualFold(m.UserRole, "guest"):
		return "guests of this organization may not ask for access"
	default:
		return "only people with an account of this organization may ask for access"
	}
}
