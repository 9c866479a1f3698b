package githubemu

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

func (c *call) getApp() (reply, error) { return ok(c.s.appJSON(c.who.app)) }

func (c *call) listInstallations() (reply, error) {
	list := []obj{}
	if !c.who.app.uninstalled {
		list = append(list, c.s.installationJSON(c.who.app))
	}
	return page(c, list)
}

func (c *call) getInstallation() (reply, error) {
	id, err := c.number("installation_id")
	if err != nil || id != c.who.app.InstallationID || c.who.app.uninstalled {
		return reply{}, notFound()
	}
	return ok(c.s.installationJSON(c.who.app))
}

func (c *call) orgInstallation() (reply, error) {
	if !strings.EqualFold(c.path["org"], c.s.opt.Org) || c.who.app.uninstalled {
		return reply{}, notFound()
	}
	return ok(c.s.installationJSON(c.who.app))
}

func (c *call) repoInstallation() (reply, error) {
	r, moved := c.findTarget()
	if moved != nil && moved.visible(c.who) {
		return c.redirect(moved)
	}
	if r == nil || !r.visible(c.who) {
		return reply{}, notFound()
	}
	return ok(c.s.installationJSON(c.who.app))
}

// createToken makes an installation token, with fewer repositories and
// permissions than the installation has if the App asks for that.
func (c *call) createToken() (reply, error) {
	a := c.who.app
	id, err := c.number("installation_id")
	if err != nil || id != a.InstallationID || a.uninstalled {
		return reply{}, notFound()
	}
	if !a.suspended.IsZero() {
		return reply{}, errSuspended()
	}
	var in struct {
		Repositories  []string
		RepositoryIDs []int64 `json:"repository_ids"`
		Permissions   map[string]string
	}
	if err := c.decode(&in); err != nil {
		return reply{}, err
	}
	who := identity{user: a.bot, app: a, perms: map[string]string{"metadata": "read"}, expires: c.s.now().Add(tokenLife)}
	chosen, err := c.s.chooseRepos(who, in.Repositories, in.RepositoryIDs)
	if err != nil {
		return reply{}, err
	}
	asked := a.Permissions
	if in.Permissions != nil {
		asked = in.Permissions
	}
	for name, level := range asked {
		have := a.Permissions[name]
		if have == "" || (level != "read" && have == "read") || !slices.Contains([]string{"read", "write", "admin"}, level) {
			return reply{}, unprocessable("The permissions requested are not granted to this installation.")
		}
		who.perms[name] = level
	}
	body := obj{"expires_at": who.expires, "permissions": who.perms, "repository_selection": "all"}
	if chosen != nil {
		list := []obj{}
		for _, r := range chosen {
			who.repos = append(who.repos, r.id)
			list = append(list, r.json())
		}
		body["repositories"], body["repository_selection"] = list, "selected"
	}
	token := "ghs_" + randomHex(18)
	c.s.tokens[token] = who
	c.s.kit.Journal.Redact(token)
	body["token"] = token
	return created(body)
}

// chooseRepos returns the repositories asked for, nil for all.
func (s *Server) chooseRepos(who identity, names []string, ids []int64) ([]*Repo, error) {
	if len(names)+len(ids) == 0 {
		return nil, nil
	}
	var out []*Repo
	for _, r := range s.repos {
		if r.visible(who) && (slices.Contains(names, r.name) || slices.Contains(ids, r.id)) {
			out = append(out, r)
		}
	}
	if len(out) < len(names)+len(ids) {
		return nil, unprocessable("There is at least one repository that does not exist or is not accessible to the parent installation.")
	}
	return out, nil
}

func (c *call) installationRepos() (reply, error) {
	if c.who.person() {
		return reply{}, refuse(http.StatusForbidden, "You must authenticate with an installation access token in order to list repositories for an installation.")
	}
	list := []obj{}
	for _, r := range c.s.repos {
		if r.visible(c.who) {
			list = append(list, r.json())
		}
	}
	part, header := cutPage(c, list)
	return reply{status: http.StatusOK, header: header, body: obj{"total_count": len(list), "repositories": part}}, nil
}

func (c *call) revokeToken() (reply, error) {
	for token, who := range c.s.tokens {
		if who.app != nil && who.app == c.who.app && who.expires.Equal(c.who.expires) && c.bearer() == token {
			delete(c.s.tokens, token)
			return noContent()
		}
	}
	return reply{}, refuse(http.StatusForbidden, "Resource not accessible by personal access token")
}

// bearer returns the token that the request carries.
func (c *call) bearer() string {
	h := c.r.Header.Get("Authorization")
	if i := slices.Index([]byte(h), ' '); i >= 0 {
		return h[i+1:]
	}
	return ""
}

func (c *call) rateLimit() (reply, error) {
	now := c.s.kit.Now()
	left := func(resource string) obj {
		b := c.s.limits[c.who.budget(resource)]
		if b == nil || !now.Before(b.reset) {
			b = &bucket{reset: now.Add(time.Hour)}
		}
		return obj{"limit": c.s.opt.RateLimit, "remaining": c.s.opt.RateLimit - b.used, "used": b.used, "reset": b.reset.Unix(), "resource": resource}
	}
	core := left("core")
	return ok(obj{"resources": obj{"core": core, "graphql": left("graphql")}, "rate": core})
}
