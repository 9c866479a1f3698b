package githubemu

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// errArchived is how every write to an archived repository is refused.
func errArchived() *Error {
	return refuse(http.StatusForbidden, "Repository was archived so is read-only.")
}

// errSuspended is how an App with a suspended installation is refused.
func errSuspended() *Error {
	return refuse(http.StatusForbidden, "This installation has been suspended")
}

// movedFrom remembers under what name a repository was, so that the old
// address leads to it until something else takes the name.
func (s *Server) movedFrom(r *Repo) { s.moved[strings.ToLower(r.full())] = r }

// redirect answers a request under an old name of a repository: the place is
// its address by number, with 301 for reading and 307 for anything else, so
// that method and body are kept (Best practices: "follow redirects").
func (c *call) redirect(r *Repo) (reply, error) {
	path := strings.TrimPrefix(c.r.URL.EscapedPath(), "/api/v3")
	parts := strings.SplitN(path, "/", 5) // "", repos, owner, name, rest
	to := c.s.api("/repositories/%d", r.id)
	if len(parts) == 5 {
		to += "/" + parts[4]
	}
	if q := c.r.URL.RawQuery; q != "" {
		to += "?" + q
	}
	status := http.StatusTemporaryRedirect
	if c.r.Method == http.MethodGet {
		status = http.StatusMovedPermanently
	}
	return reply{status: status, header: http.Header{"Location": {to}}, body: obj{
		"message": "Moved Permanently", "url": to,
		"documentation_url": "https://docs.github.com/rest/guides/best-practices-for-using-the-rest-api#follow-redirects",
	}}, nil
}

// findTarget finds the repository of a path by name, or by number; moved is
// set instead when the name is an old one.
func (c *call) findTarget() (r, moved *Repo) {
	if id, byNumber := c.path["repository_id"]; byNumber {
		i := slices.IndexFunc(c.s.repos, func(r *Repo) bool { return itoa(r.id) == id })
		if i < 0 {
			return nil, nil
		}
		return c.s.repos[i], nil
	}
	if r := c.s.findRepo(c.path["owner"], c.path["repo"]); r != nil {
		return r, nil
	}
	return nil, c.s.moved[strings.ToLower(c.path["owner"]+"/"+c.path["repo"])]
}

// byNumber turns "/repositories/{id}/rest" into the path of the same
// operation by name, with placeholders where the names would be.
func byNumber(path string) (id, named string) {
	rest, is := strings.CutPrefix(path, "/repositories/")
	if !is {
		return "", ""
	}
	id, rest, deeper := strings.Cut(rest, "/")
	if !deeper {
		return "", "" // that one is a route of its own
	}
	return id, "/repos/-/-/" + rest
}

// Rename gives the repository another name; its number stays, and the old
// name leads to it.
func (r *Repo) Rename(name string) error {
	r.s.enter()
	defer r.s.leave()
	if name == "" || r.s.findRepo(r.owner, name) != nil {
		return fmt.Errorf("rename repository %q to %q: empty or taken", r.name, name)
	}
	old := r.name
	r.s.movedFrom(r)
	for _, a := range r.s.apps {
		// A selection is of repositories, whatever they are called.
		for i, selected := range a.Repositories {
			if selected == old && r.owner == r.s.opt.Org {
				a.Repositories = slices.Clone(a.Repositories)
				a.Repositories[i] = name
			}
		}
	}
	r.name = name
	r.emit("repository", "renamed", r.s.ownerIdentity(), obj{"changes": obj{"repository": obj{"name": obj{"from": old}}}})
	return nil
}

// Transfer gives the repository to another owner. Installations of the
// organization see it no more (404, as for what does not exist); people who
// have a role in it are led from the old address to the new one.
func (r *Repo) Transfer(owner string) error {
	r.s.enter()
	defer r.s.leave()
	if owner == "" || strings.EqualFold(owner, r.owner) || r.s.findRepo(owner, r.name) != nil {
		return fmt.Errorf("transfer repository %q to %q: no other owner, or the name is taken there", r.full(), owner)
	}
	sees := []*app{}
	for _, a := range r.s.apps {
		if r.visible(identity{app: a}) {
			sees = append(sees, a)
		}
	}
	r.s.movedFrom(r)
	was := r.summary()
	for _, a := range sees {
		if i := slices.Index(a.Repositories, r.name); i >= 0 {
			a.Repositories = slices.Delete(slices.Clone(a.Repositories), i, i+1)
		}
	}
	r.owner = owner
	for _, p := range r.pulls {
		if !p.fromFork() {
			p.headOwner = owner
		}
	}
	for _, a := range sees {
		r.s.emitInstallation(a, "installation_repositories", "removed", obj{
			"repositories_added": []obj{}, "repositories_removed": []obj{was}, "repository_selection": a.selection(), "requester": nil,
		})
	}
	return nil
}

// Archive makes the repository read-only, or with false writable again.
func (r *Repo) Archive(archived bool) {
	r.s.enter()
	defer r.s.leave()
	if r.archived == archived {
		return
	}
	r.archived = archived
	action := "unarchived"
	if archived {
		action = "archived"
	}
	r.emit("repository", action, r.s.ownerIdentity(), nil)
}

// SetPublic makes the repository public, or private again. What is public can
// be read by every user.
func (r *Repo) SetPublic(public bool) {
	r.s.enter()
	defer r.s.leave()
	r.public = public
}

// summary names a repository in the events of installations.
func (r *Repo) summary() obj {
	return obj{"id": r.id, "node_id": nodeID("R", r.id), "name": r.name, "full_name": r.full(), "private": !r.public}
}

// ownerIdentity is who does what owners of the organization do in their
// settings: the first owner, or the organization's own account.
func (s *Server) ownerIdentity() identity {
	for _, u := range s.users {
		if s.orgRoles[u.ID] == "admin" {
			return identity{user: u}
		}
	}
	return identity{user: &User{ID: s.opt.OrgID, Login: s.opt.Org, Type: "Organization"}}
}

// appByID finds an App, or the one with webhooks for zero.
func (s *Server) appByID(id int64) (*app, error) {
	for _, a := range s.apps {
		if a.ID == id || id == 0 {
			return a, nil
		}
	}
	return nil, fmt.Errorf("no App has the number %d", id)
}

// active reports whether the installation exists and works.
func (a *app) active() bool { return !a.uninstalled && a.suspended.IsZero() }

func (a *app) selection() string {
	if a.Repositories != nil {
		return "selected"
	}
	return "all"
}

// Uninstall removes the installation of an App (zero: the one with webhooks):
// its tokens stop to work and it can make no new ones.
func (s *Server) Uninstall(appID int64) error {
	s.enter()
	defer s.leave()
	a, err := s.appByID(appID)
	if err != nil {
		return err
	}
	if a.uninstalled {
		return fmt.Errorf("uninstall App %d: it is not installed", appID)
	}
	s.emitInstallation(a, "installation", "deleted", obj{"requester": nil})
	a.uninstalled, a.suspended = true, time.Time{}
	for token, who := range s.tokens {
		if who.app == a {
			delete(s.tokens, token)
		}
	}
	return nil
}

// Install installs an App again, as a new installation whose number it
// returns.
func (s *Server) Install(appID int64) (int64, error) {
	s.enter()
	defer s.leave()
	a, err := s.appByID(appID)
	if err != nil {
		return 0, err
	}
	if !a.uninstalled {
		return 0, fmt.Errorf("install App %d: it is installed", appID)
	}
	a.uninstalled, a.InstallationID, a.installed = false, s.id(), s.now()
	s.emitInstallation(a, "installation", "created", obj{"requester": nil})
	return a.InstallationID, nil
}

// Suspend suspends the installation of an App (zero: the one with webhooks),
// or with false lets it work again. While it is suspended the App can use no
// resource of the organization and gets no webhooks.
func (s *Server) Suspend(appID int64, suspend bool) error {
	s.enter()
	defer s.leave()
	a, err := s.appByID(appID)
	if err != nil {
		return err
	}
	if a.uninstalled || suspend != a.suspended.IsZero() {
		return fmt.Errorf("suspend App %d: it is not installed, or so already", appID)
	}
	if suspend {
		a.suspended = s.now()
		s.emitInstallation(a, "installation", "suspend", obj{"requester": nil})
		return nil
	}
	a.suspended = time.Time{}
	s.emitInstallation(a, "installation", "unsuspend", obj{"requester": nil})
	return nil
}

// SelectRepositories limits the installation of an App (zero: the one with
// webhooks) to repositories of the organization by name; nil means all.
// Tokens that were made for others answer 404 from then on.
func (s *Server) SelectRepositories(appID int64, names []string) error {
	s.enter()
	defer s.leave()
	a, err := s.appByID(appID)
	if err != nil {
		return err
	}
	for _, name := range names {
		if s.findRepo(s.opt.Org, name) == nil {
			return fmt.Errorf("select repositories of App %d: there is no %q", appID, name)
		}
	}
	before := s.visibleTo(a)
	a.Repositories = slices.Clone(names)
	after := s.visibleTo(a)
	for action, change := range map[string][2][]*Repo{"added": {after, before}, "removed": {before, after}} {
		list := []obj{}
		for _, r := range change[0] {
			if !slices.Contains(change[1], r) {
				list = append(list, r.summary())
			}
		}
		if len(list) > 0 {
			extra := obj{"repositories_added": []obj{}, "repositories_removed": []obj{}, "repository_selection": a.selection(), "requester": nil}
			extra["repositories_"+action] = list
			s.emitInstallation(a, "installation_repositories", action, extra)
		}
	}
	return nil
}

func (s *Server) visibleTo(a *app) []*Repo {
	var out []*Repo
	for _, r := range s.repos {
		if r.visible(identity{app: a}) {
			out = append(out, r)
		}
	}
	return out
}

// emitInstallation tells the App about its own installation; Apps get these
// events without subscribing to them.
func (s *Server) emitInstallation(a *app, event, action string, extra obj) {
	if a != s.hookApp() || s.hookURL == "" {
		return
	}
	payload := obj{"action": action, "installation": s.installationJSON(a), "sender": s.userJSON(s.ownerIdentity().user)}
	for k, v := range extra {
		payload[k] = v
	}
	s.enqueue(event, action, delivery{installation: a.InstallationID}, payload)
}
