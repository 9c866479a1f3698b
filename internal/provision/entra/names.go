package entra

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"aws-access-bot/internal/provision"

	"github.com/microsoftgraph/msgraph-sdk-go/models"
)

// defaultsFor is how long is believed which names the mapping has a default
// for, unreadFor how long it is not asked again after it could not be read.
const (
	defaultsFor = time.Hour
	unreadFor   = time.Minute
)

// defaultCache remembers for which names the attribute mapping of an application
// has no default.
type defaultCache struct {
	mu      sync.Mutex // guards what follows
	app     string
	until   time.Time
	without []string
}

// wanted are the names that AWS wants of a user, as Entra and as SCIM call them
// (AWS: given name, family name and display name are required).
func wanted(u models.Userable) []name {
	return []name{
		{"given name", "name.givenName", u.GetGivenName()}, {"surname", "name.familyName", u.GetSurname()}, {"display name", "displayName", u.GetDisplayName()},
	}
}

// name is one of them of a user.
type name struct {
	what, target string
	has          *string
}

// lacks names what the SCIM endpoint of AWS wants of a user and gets neither of
// him nor of the default of the attribute mapping, joined by "and". A mapping
// that cannot be read has none.
func (c *Client) lacks(ctx context.Context, u models.Userable) string {
	var out []string
	for _, n := range wanted(u) {
		if strings.TrimSpace(value(n.has)) == "" && !c.hasDefault(ctx, n.target) {
			out = append(out, n.what)
		}
	}
	return strings.Join(out, " and ")
}

// hasDefault reports whether the mapping of users has a default for a name. It
// is asked for users without one only, and seldom.
func (c *Client) hasDefault(ctx context.Context, target string) bool {
	if target == "displayName" {
		return false
	}
	_, app, err := c.application()
	if err != nil {
		return false
	}
	c.defaults.mu.Lock()
	defer c.defaults.mu.Unlock()
	if now := c.now(); c.defaults.app != app || !now.Before(c.defaults.until) {
		c.defaults.app, c.defaults.until, c.defaults.without = app, now.Add(unreadFor), []string{"name.givenName", "name.familyName"}
		var seen provision.Application
		if job, err := c.job(ctx); err == nil && job != nil && c.examineMapping(ctx, &seen) == nil {
			c.defaults.until, c.defaults.without = now.Add(defaultsFor), seen.NoDefault
		}
	}
	return !slices.Contains(c.defaults.without, target)
}
