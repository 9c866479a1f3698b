package slackemu

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"aws-access-bot/internal/sandbox/emukit"
)

// object is a JSON object.
type object = map[string]any

// apiError is an answer with "ok": false.
type apiError struct {
	code     string
	needed   string   // for missing_scope
	messages []string // response_metadata.messages
	details  []string // "errors", which invalid_blocks has as well
	wait     int      // seconds, for ratelimited
}

func (e *apiError) Error() string {
	return strings.Join(append([]string{e.code}, e.messages...), "; ")
}

func fail(code string) error { return &apiError{code: code} }

// call is one authenticated call of a method.
type call struct {
	team *workspace
	args args
}

// method is one method of the Web API.
type method struct {
	name string
	// scope that the token needs; empty if any token will do, or if the
	// method itself finds out which.
	scope string
	// perMinute is the least that the method's tier allows; zero means that
	// the method has a limit of its own.
	perMinute int
	do        func(*Server, *call) (object, error)
}

// Tiers of docs.slack.dev/apis/web-api/rate-limits, in calls a minute for each
// method, app and workspace.
const (
	tier2 = 20
	tier3 = 50
	tier4 = 100
	// special is for methods that take "hundreds of requests per minute".
	special = 300
)

// methods lists the Web API. Scopes and tiers are those of each method's page
// at docs.slack.dev/reference/methods.
func methods() []method {
	return []method{
		{"auth.test", "", special, (*Server).authTest},
		{"chat.delete", "chat:write", tier3, (*Server).chatDelete},
		{"chat.getPermalink", "", special, (*Server).chatGetPermalink},
		{"chat.postEphemeral", "chat:write", tier4, (*Server).chatPostEphemeral},
		{"chat.postMessage", "chat:write", 0, (*Server).chatPostMessage},
		{"chat.update", "chat:write", tier3, (*Server).chatUpdate},
		{"conversations.history", "", tier3, (*Server).conversationsHistory},
		{"conversations.info", "", tier3, (*Server).conversationsInfo},
		{"conversations.list", "", tier2, (*Server).conversationsList},
		{"conversations.members", "", tier4, (*Server).conversationsMembers},
		{"conversations.open", "im:write", tier3, (*Server).conversationsOpen},
		{"conversations.replies", "", tier3, (*Server).conversationsReplies},
		{"team.info", "team:read", tier3, (*Server).teamInfo},
		{"users.info", "users:read", tier4, (*Server).usersInfo},
		{"users.list", "users:read", tier2, (*Server).usersList},
		{"users.lookupByEmail", "users:read.email", tier3, (*Server).usersLookupByEmail},
		{"views.open", "", tier4, (*Server).viewsOpen},
		{"views.publish", "", tier4, (*Server).viewsPublish},
		{"views.push", "", tier4, (*Server).viewsPush},
		{"views.update", "", tier4, (*Server).viewsUpdate},
	}
}

// serveAPI answers one call of the Web API.
func (s *Server) serveAPI(w http.ResponseWriter, r *http.Request) {
	a, err := parseArgs(r)
	var out object
	if err == nil {
		out, err = s.dispatch(r.Context(), w.Header(), r.PathValue("method"), bearer(r, a), a)
	}
	status := http.StatusOK
	var e *apiError
	switch {
	case errors.As(err, &e):
		out = s.errorBody(e)
		if e.wait > 0 {
			status = http.StatusTooManyRequests
			w.Header().Set("Retry-After", strconv.Itoa(e.wait))
		}
	case err != nil:
		out = object{"ok": false, "error": "internal_error"}
	default:
		out["ok"] = true
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(encode(out)) // a failed write means that the client has gone
}

// bearer returns the token of a call: the header first, then the argument.
func bearer(r *http.Request, a args) string {
	if h := r.Header.Get("Authorization"); h != "" {
		if scheme, token, ok := strings.Cut(h, " "); ok && strings.EqualFold(scheme, "bearer") {
			return strings.TrimSpace(token)
		}
		return h
	}
	return a["token"]
}

// dispatch checks who calls and whether it may, and runs the method.
func (s *Server) dispatch(ctx context.Context, h http.Header, name, token string, a args) (object, error) {
	all := methods()
	i := slices.IndexFunc(all, func(m method) bool { return m.name == name })
	if i < 0 {
		return nil, fail("unknown_method")
	}
	m := all[i]
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.authenticate(token)
	if err != nil {
		return nil, err
	}
	emukit.SetCaller(ctx, s.opts.AppID+"@"+t.ID)
	h.Set("X-OAuth-Scopes", strings.Join(t.Scopes, ","))
	if m.scope != "" {
		h.Set("X-Accepted-OAuth-Scopes", m.scope)
		if err := t.needs(m.scope); err != nil {
			return nil, err
		}
	}
	if m.perMinute > 0 {
		if err := s.rateLimit(t, m.name, float64(m.perMinute)/60, m.perMinute); err != nil {
			return nil, err
		}
	}
	return m.do(s, &call{team: t, args: a})
}

func (s *Server) authenticate(token string) (*workspace, error) {
	if token == "" {
		return nil, fail("not_authed")
	}
	for _, t := range s.teams {
		if t.BotToken != token {
			continue
		}
		if t.revoked {
			return nil, fail("token_revoked")
		}
		return t, nil
	}
	return nil, fail("invalid_auth")
}

// has reports whether the workspace's token has a scope.
func (t *workspace) has(scope string) bool { return slices.Contains(t.Scopes, scope) }

// needs returns missing_scope unless the token has the scope.
func (t *workspace) needs(scope string) error {
	if t.has(scope) {
		return nil
	}
	return &apiError{code: "missing_scope", needed: scope, details: t.Scopes}
}

func (s *Server) errorBody(e *apiError) object {
	out := object{"ok": false, "error": e.code}
	switch {
	case e.code == "missing_scope":
		out["needed"], out["provided"] = e.needed, strings.Join(e.details, ",")
	case e.details != nil:
		out["errors"] = e.details
	}
	if e.messages != nil {
		out["response_metadata"] = object{"messages": e.messages}
	}
	return out
}

// invalid returns the answer to blocks or views that break Slack's rules. A
// message's answer names the problems twice; a view's names the view first.
// (Answers seen in public issues of Slack's own SDKs.)
func invalid(code string, problems []string) error {
	e := &apiError{code: code}
	if code == "invalid_blocks" {
		e.details = problems
	} else {
		e.messages = []string{"[ERROR] failed to match all allowed schemas [json-pointer:/view]"}
	}
	for _, p := range problems {
		e.messages = append(e.messages, "[ERROR] "+p)
	}
	return e
}

func (s *Server) authTest(c *call) (object, error) {
	return object{
		"url": c.team.URL + "/", "team": c.team.Name, "user": c.team.BotName, "team_id": c.team.ID,
		"user_id": c.team.BotUserID, "bot_id": c.team.BotID, "is_enterprise_install": false,
	}, nil
}

func (s *Server) teamInfo(c *call) (object, error) {
	id := c.args["team"]
	if id != "" && id != c.team.ID {
		return nil, fail("team_not_found")
	}
	t := object{"id": c.team.ID, "name": c.team.Name, "domain": c.team.Domain, "email_domain": "", "url": c.team.URL + "/"}
	if c.team.EnterpriseID != "" {
		t["enterprise_id"] = c.team.EnterpriseID
	}
	return object{"team": t}, nil
}

// errNoSuch is a person's or a seed's reference to something unknown.
func errNoSuch(what, id string) error { return fmt.Errorf("%s %q: no such %s", what, id, what) }
