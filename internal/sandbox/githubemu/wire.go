package githubemu

import (
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// nodeID makes the opaque id that GraphQL would use.
func nodeID(kind string, id any) string {
	return kind + "_" + base64.RawURLEncoding.EncodeToString(fmt.Append(nil, id))
}

// isBot reports whether it is a bot account.
func (u *User) isBot() bool { return u.Type == "Bot" }

// userJSON is GitHub's "simple-user"; nil is null.
func (s *Server) userJSON(u *User) any {
	if u == nil {
		return nil
	}
	login := url.PathEscape(u.Login)
	html := s.web("/%s", login)
	if u.isBot() {
		html = s.web("/apps/%s", strings.TrimSuffix(u.Login, "[bot]"))
	}
	return obj{
		"login": u.Login, "id": u.ID, "node_id": nodeID("U", u.ID), "type": u.Type, "site_admin": false,
		"avatar_url": s.web("/avatars/u/%d", u.ID), "gravatar_id": "", "url": s.api("/users/%s", login), "html_url": html,
	}
}

// fullUserJSON is GitHub's "public-user".
func (s *Server) fullUserJSON(u *User) obj {
	out := s.userJSON(u).(obj)
	out["name"], out["email"] = orNull(u.Name), orNull(u.Email)
	return out
}

// orNull makes null of an empty string.
func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// orgJSON is GitHub's "organization-simple".
func (s *Server) orgJSON() obj {
	return obj{
		"login": s.opt.Org, "id": s.opt.OrgID, "node_id": nodeID("O", s.opt.OrgID), "url": s.api("/orgs/%s", s.opt.Org),
		"avatar_url": s.web("/avatars/o/%d", s.opt.OrgID), "description": "",
	}
}

// ownerJSON is the owner of a repository as a "simple-user".
func (s *Server) ownerJSON(login string) any {
	if u := s.user(login); u != nil {
		return s.userJSON(u)
	}
	id := s.opt.OrgID
	if login != s.opt.Org {
		id++ // some other organization, known by name only
	}
	return obj{
		"login": login, "id": id, "node_id": nodeID("O", id), "type": "Organization", "site_admin": false,
		"url": s.api("/users/%s", login), "html_url": s.web("/%s", login), "avatar_url": s.web("/avatars/o/%d", id),
	}
}

// json is GitHub's "full-repository", as far as clients of one repository
// look at it.
func (r *Repo) json() obj {
	return obj{
		"id": r.id, "node_id": nodeID("R", r.id), "name": r.name, "full_name": r.full(), "private": !r.public, "visibility": visibility(r.public),
		"owner": r.s.ownerJSON(r.owner), "html_url": r.web(""), "url": r.api(""), "description": nil, "fork": false,
		"default_branch": r.main, "archived": r.archived, "disabled": false, "created_at": r.created, "updated_at": r.created, "pushed_at": r.s.now(),
		"clone_url": r.web(".git"), "git_refs_url": r.api("/git/refs{/sha}"), "has_issues": true,
		"allow_merge_commit": !r.set.NoMerge, "allow_squash_merge": !r.set.NoSquash, "allow_rebase_merge": !r.set.NoRebase,
		"allow_auto_merge": false, "delete_branch_on_merge": r.set.DeleteBranchOnMerge, "allow_update_branch": true,
	}
}

func visibility(public bool) string {
	if public {
		return "public"
	}
	return "private"
}

// appJSON is GitHub's "integration".
func (s *Server) appJSON(a *app) obj {
	return obj{
		"id": a.ID, "slug": a.Slug, "node_id": nodeID("A", a.ID), "name": a.Name, "client_id": a.ClientID, "description": "",
		"owner": s.ownerJSON(s.opt.Org), "external_url": s.web("/apps/%s", a.Slug), "html_url": s.web("/apps/%s", a.Slug),
		"created_at": a.installed, "updated_at": a.installed, "permissions": a.Permissions, "events": a.Events, "installations_count": 1,
	}
}

// installationJSON is GitHub's "installation".
func (s *Server) installationJSON(a *app) obj {
	by := any(nil)
	if !a.suspended.IsZero() {
		by = s.userJSON(s.ownerIdentity().user)
	}
	return obj{
		"id": a.InstallationID, "account": s.ownerJSON(s.opt.Org), "repository_selection": a.selection(), "app_id": a.ID, "app_slug": a.Slug,
		"access_tokens_url": s.api("/app/installations/%d/access_tokens", a.InstallationID), "repositories_url": s.api("/installation/repositories"),
		"html_url":  s.web("/organizations/%s/settings/installations/%d", s.opt.Org, a.InstallationID),
		"target_id": s.opt.OrgID, "target_type": "Organization", "permissions": a.Permissions, "events": a.Events,
		"created_at": a.installed, "updated_at": a.installed, "single_file_name": nil,
		"suspended_at": timeOrNull(a.suspended), "suspended_by": by,
	}
}

// page answers one page of a list, with Link headers as GitHub writes them.
func page(c *call, items []obj) (reply, error) {
	part, header := cutPage(c, items)
	return reply{status: http.StatusOK, body: part, header: header}, nil
}

// cutPage takes the page that the query asks for: 30 items, at most 100.
func cutPage[T any](c *call, items []T) ([]T, http.Header) {
	size, err := strconv.Atoi(c.query("per_page"))
	if err != nil || size < 1 {
		size = 30
	}
	size = min(size, 100)
	n, err := strconv.Atoi(c.query("page"))
	if err != nil || n < 1 {
		n = 1
	}
	last := max(1, (len(items)+size-1)/size)
	var links []string
	link := func(rel string, to int) {
		links = append(links, c.link(rel, map[string]string{"page": strconv.Itoa(to)}))
	}
	if n > 1 {
		link("prev", n-1)
	}
	if n < last {
		link("next", n+1)
		link("last", last)
	}
	if n > 1 {
		link("first", 1)
	}
	header := http.Header{}
	if len(links) > 0 {
		header.Set("Link", strings.Join(links, ", "))
	}
	lo := min((n-1)*size, len(items))
	return nonNil(slices.Clone(items[lo:min(lo+size, len(items))])), header
}

// link is one element of a Link header: this request with other parameters.
func (c *call) link(rel string, set map[string]string) string {
	q := c.r.URL.Query()
	for k, v := range set {
		if q.Set(k, v); v == "" {
			q.Del(k)
		}
	}
	path := strings.TrimPrefix(c.r.URL.EscapedPath(), "/api/v3")
	return fmt.Sprintf("<%s?%s>; rel=%q", c.s.opt.BaseURL+"/api/v3"+path, q.Encode(), rel)
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
