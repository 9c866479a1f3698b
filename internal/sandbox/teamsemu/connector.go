package teamsemu

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"

	"aws-access-bot/internal/sandbox/emukit"
)

// call is one call of the connector whose token is good.
type call struct {
	r    *http.Request
	body []byte
}

// answer is what a call answers with 2xx. A nil body is none.
type answer struct {
	status int
	body   any
}

// operation is one operation of the connector. do runs under Server.mu.
type operation struct {
	name    string
	pattern string // method and path below the base
	do      func(*Server, *call) (answer, error)
}

func operations() []operation {
	const c, a = "v3/conversations", "v3/conversations/{c}/activities"
	return []operation{
		{"conversations.create", "POST " + c, (*Server).create},
		{"activities.send", "POST " + a, (*Server).send},
		{"activities.reply", "POST " + a + "/{a}", (*Server).reply},
		{"activities.update", "PUT " + a + "/{a}", (*Server).update},
		{"activities.delete", "DELETE " + a + "/{a}", (*Server).remove},
		{"members.list", "GET " + c + "/{c}/members", (*Server).members},
		{"members.get", "GET " + c + "/{c}/members/{m}", (*Server).memberOf},
		{"members.page", "GET " + c + "/{c}/pagedmembers", (*Server).pagedMembers},
		{"teams.get", "GET v3/teams/{t}", (*Server).teamInfo},
		{"teams.channels", "GET v3/teams/{t}/conversations", (*Server).teamChannels},
	}
}

// Handler serves everything below the path of [Options].BaseURL, which clients
// want behind TLS.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	base := "/"
	if u, err := url.Parse(s.opts.BaseURL); err == nil {
		base = u.Path
	}
	for _, op := range operations() {
		method, path, _ := strings.Cut(op.pattern, " ")
		h := func(w http.ResponseWriter, r *http.Request) {
			s.kit.Serve(w, r, service, op.name, func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, op) })
		}
		mux.HandleFunc(method+" "+base+path, h)
		mux.HandleFunc(method+" "+base+"{region}/{tenant}/"+path, h)
	}
	public := func(path, name string, h http.HandlerFunc) {
		mux.HandleFunc("GET "+base+path, func(w http.ResponseWriter, r *http.Request) { s.kit.Serve(w, r, service, name, h) })
	}
	public("v1/.well-known/openidconfiguration", "openid.metadata", s.serveMetadata)
	public("v1/.well-known/openid-configuration", "openid.metadata", s.serveMetadata)
	public("v1/.well-known/keys", "openid.keys", s.serveKeys)
	mux.HandleFunc(base, func(w http.ResponseWriter, r *http.Request) {
		s.kit.Serve(w, r, service, "unknown", func(w http.ResponseWriter, _ *http.Request) {
			writeError(w, fail(http.StatusNotFound, "ServiceError", "There is no such operation."))
		})
	})
	return mux
}

// serve checks who calls and whether it may, and runs an operation.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, op operation) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		writeError(w, badSyntax("The request cannot be read."))
		return
	}
	out, err := s.run(r, body, op)
	switch {
	case err != nil:
		writeError(w, err)
	case out.body == nil:
		w.WriteHeader(out.status)
	default:
		writeJSON(w, out.status, out.body)
	}
}

func (s *Server) run(r *http.Request, body []byte, op operation) (answer, error) {
	if err := s.authenticate(r); err != nil {
		return answer{}, err
	}
	emukit.SetCaller(r.Context(), s.opts.AppID)
	if t := r.PathValue("tenant"); t != "" && !strings.EqualFold(t, s.opts.TenantID) {
		return answer{}, noConversation()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.spend(use{"app", appWindows()}); err != nil {
		return answer{}, err
	}
	return op.do(s, &call{r: r, body: body})
}

// authenticate wants a bearer token of Microsoft login that was given to this bot
// for the connector.
func (s *Server) authenticate(r *http.Request) error {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "bearer") || token == "" {
		return unauthorized()
	}
	client, ok := s.opts.Tokens.TokenClient(token, Audience)
	switch {
	case !ok:
		return unauthorized()
	case !strings.EqualFold(client, s.opts.AppID):
		return fail(http.StatusUnauthorized, "BotNotRegistered", "No registration found for this bot.")
	}
	return nil
}

// where finds the conversation of a call and the thread in it, and whether the bot
// may write there.
func (s *Server) where(c *call) (conv *conversation, root string, err error) {
	id, root := place(c.r.PathValue("c"))
	conv = s.conversation(id)
	if conv == nil || conv.personal() && !conv.known {
		return nil, "", noConversation()
	}
	if root != "" && (conv.flat() || conv.find(root) == nil) {
		return nil, "", noActivity()
	}
	switch {
	case !conv.personal() && !conv.team.Installed:
		return nil, "", notInRoster()
	case conv.personal() && (!conv.installed || conv.blocked):
		return nil, "", writesBlocked()
	}
	return conv, root, nil
}

// decodeInto reads the JSON body of a call.
func (c *call) decodeInto(v any) error {
	err := json.Unmarshal(c.body, v)
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax) || len(c.body) == 0:
		return badSyntax("The request body is not valid JSON.")
	case err != nil:
		return badArgument("The request body has a member of the wrong type: %v", err)
	}
	return nil
}
