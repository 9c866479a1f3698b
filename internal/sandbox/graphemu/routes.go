package graphemu

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"aws-access-bot/internal/sandbox/emukit"
)

// prefix is where Graph v1.0 lives.
const prefix = "/graph/v1.0"

// maxBody is the largest Graph request taken, plain, in bytes (Graph refuses
// requests above 4 MB).
const maxBody = 4 << 20

// call is one Graph request whose token is good.
type call struct {
	s      *Server
	r      *http.Request
	client Client
	q      query
}

// base is the address of Graph as the client wrote it.
func (c *call) base() string { return origin(c.r) + prefix }

// path returns a path variable.
func (c *call) path(name string) string { return c.r.PathValue(name) }

// decode reads the JSON body.
func (c *call) decode(v any) error {
	if err := json.NewDecoder(c.r.Body).Decode(v); err != nil {
		return badQuery("Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.")
	}
	return nil
}

// reply is an answer: 200 with a JSON body, plain text, or only a status.
type reply struct {
	status int // zero means 200
	body   any
	text   string
}

var noContent = reply{status: http.StatusNoContent}

// route is one operation. The handler runs under Server.mu unless it is open.
type route struct {
	op    string // "GET /users/{id}", which is also the pattern
	units int    // resource units before $select and $top; zero means 1
	perms []string
	open  bool
	reads bool // a POST that writes nothing
	do    func(*call) (reply, error)
}

// The application permissions that cover a call, least privileged first
// (permission tables of the API pages).
func readUsers() []string {
	return []string{"User.ReadBasic.All", "User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"}
}

func readGroups() []string {
	return []string{"GroupMember.Read.All", "Group.Read.All", "GroupMember.ReadWrite.All", "Group.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"}
}

func writeMembers() []string {
	return []string{"GroupMember.ReadWrite.All", "Group.ReadWrite.All", "Directory.ReadWrite.All"}
}

func readApps() []string {
	return []string{"Application.Read.All", "Application.ReadWrite.OwnedBy", "Application.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"}
}

func syncJobs() []string {
	return []string{"Application.ReadWrite.OwnedBy", "Synchronization.ReadWrite.All"}
}

func readRoles() []string {
	return []string{"Directory.Read.All", "AppRoleAssignment.ReadWrite.All", "Directory.ReadWrite.All"}
}

func writeRoles() []string { return []string{"AppRoleAssignment.ReadWrite.All"} }

// routes builds the table of everything that is served.
func (s *Server) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /{tenant}/oauth2/v2.0/token", s.serveToken)
	mux.HandleFunc("GET /{tenant}/v2.0/.well-known/openid-configuration", s.serveDiscovery)
	all := slices.Concat(userRoutes(), groupRoutes(), principalRoutes(), syncRoutes())
	all = append(all, route{op: "POST /$batch", open: true, reads: true, do: (*call).batch})
	for _, rt := range all {
		method, path, _ := strings.Cut(rt.op, " ")
		mux.HandleFunc(method+" "+prefix+path, func(w http.ResponseWriter, r *http.Request) { s.serveRoute(w, r, rt) })
	}
	mux.HandleFunc(prefix+"/", s.serveUnknown)
	return mux
}

// serveUnknown answers paths that Graph does not have, or not here.
func (s *Server) serveUnknown(w http.ResponseWriter, r *http.Request) {
	rt := route{op: "unknown", open: true, reads: true, do: func(c *call) (reply, error) {
		segment := c.r.URL.Path[strings.LastIndex(c.r.URL.Path, "/")+1:]
		return reply{}, badQuery("Resource not found for the segment '%s'.", segment)
	}}
	s.serveRoute(w, r, rt)
}

// serveRoute journals one Graph operation and answers it.
func (s *Server) serveRoute(w http.ResponseWriter, r *http.Request, rt route) {
	s.kit.Serve(w, r, serviceGraph, rt.op, func(w http.ResponseWriter, r *http.Request) {
		answer, err := s.run(w, r, rt)
		if err != nil {
			s.writeError(w, r, err)
			return
		}
		setRequestID(w, r)
		w.Header().Set("OData-Version", "4.0")
		switch {
		case answer.text != "":
			w.Header().Set("Content-Type", "text/plain")
			_, _ = io.WriteString(w, answer.text)
		case answer.body == nil:
			w.WriteHeader(answer.status)
		case answer.status == 0:
			writeJSON(w, http.StatusOK, answer.body)
		default:
			writeJSON(w, answer.status, answer.body)
		}
	})
}

// run checks the token, the limits and the permissions in that order, and runs
// the operation.
func (s *Server) run(w http.ResponseWriter, r *http.Request, rt route) (reply, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	client, err := s.authenticate(r)
	if err != nil {
		return reply{}, err
	}
	emukit.SetCaller(r.Context(), client.ID)
	q, queryErr := parseQuery(r)
	if err := s.throttle(w, r, rt, client, q); err != nil {
		return reply{}, err
	}
	if queryErr != nil {
		return reply{}, queryErr
	}
	if !client.may(rt.perms) {
		return reply{}, denied()
	}
	c := &call{s: s, r: r, client: client, q: q}
	if !rt.open {
		return rt.do(c)
	}
	s.mu.Unlock()
	defer s.mu.Lock()
	return rt.do(c)
}

// may reports whether the client has one of the permissions. A route that
// names none is free.
func (c Client) may(perms []string) bool {
	return c.Permissions == nil || len(perms) == 0 ||
		slices.ContainsFunc(perms, func(p string) bool { return slices.Contains(c.Permissions, p) })
}

// authenticate returns the client of the bearer token.
func (s *Server) authenticate(r *http.Request) (Client, error) {
	scheme, value, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if value == "" || !strings.EqualFold(scheme, "Bearer") {
		return Client{}, unauthenticated("Access token is empty.")
	}
	t, ok := s.tokens[value]
	switch {
	case !ok && strings.Count(value, ".") != 2:
		return Client{}, unauthenticated("IDX14100: JWT is not well formed, there are no dots (.).\nThe token needs to be in JWS or JWE Compact Serialization Format. (JWS): 'EncodedHeader.EncodedPayload.EncodedSignature'.")
	case !ok:
		return Client{}, unauthenticated("Signing key is invalid.")
	case !s.kit.Now().Before(t.ends):
		return Client{}, unauthenticated("Lifetime validation failed, the token is expired.")
	case !graphAudience(t.audience, r.Host):
		return Client{}, unauthenticated("Access token validation failure. Invalid audience.")
	}
	return t.client, nil
}

// graphAudience reports whether a token for that audience is for Graph: by its
// public names, or by the host that the client reached it at, as in the
// sovereign clouds.
func graphAudience(audience, host string) bool {
	switch strings.TrimSuffix(audience, "/") {
	case "https://graph.microsoft.com", "00000003-0000-0000-c000-000000000000":
		return true
	}
	u, err := url.Parse(audience)
	return err == nil && u.Host != "" && strings.EqualFold(u.Host, host)
}

// throttle spends the units (and, for writes, the write) of a request.
func (s *Server) throttle(w http.ResponseWriter, r *http.Request, rt route, client Client, q query) error {
	now := s.kit.Now()
	n := rt.cost(q)
	scope := fmt.Sprintf("Tenant_Application/ReadWrite/%s/%s", client.ID, s.opts.TenantID)
	wait, used := s.limits.take("units/"+client.ID, s.limits.units, unitWindow, n, now)
	if wait == 0 && r.Method != http.MethodGet && !rt.reads {
		var share float64
		wait, share = s.limits.take("writes/"+client.ID, s.limits.writes, writeWindow, 1, now)
		used = max(used, share)
	}
	w.Header().Set("x-ms-resource-unit", fmt.Sprint(n))
	if used >= shownShare {
		w.Header().Set("x-ms-throttle-limit-percentage", fmt.Sprintf("%.2f", used))
	}
	if wait > 0 {
		e := tooManyRequests(wait, "Too many requests")
		e.header = map[string]string{"x-ms-throttle-scope": scope, "x-ms-throttle-information": "ResourceUnitLimitExceeded"}
		return e
	}
	return nil
}

// cost is the resource units of a request: $select and a $top below 20 take one
// off each, down to 1.
func (rt route) cost(q query) int {
	n := max(rt.units, 1)
	if len(q.sel) > 0 {
		n--
	}
	if q.top > 0 && q.top < 20 {
		n--
	}
	return max(n, 1)
}

// inflate replaces a gzip body, which Graph takes for every request, with the
// plain one, so that the journal can be read.
func inflate(w http.ResponseWriter, r *http.Request) (*http.Request, error) {
	body := io.Reader(http.MaxBytesReader(w, r.Body, maxBody))
	switch enc := strings.ToLower(r.Header.Get("Content-Encoding")); enc {
	case "", "identity":
	case "gzip":
		z, err := gzip.NewReader(body)
		if err != nil {
			return r, badQuery("The request body is not gzip: %v.", err)
		}
		body = z
	default:
		return r, &graphError{status: http.StatusUnsupportedMediaType, code: "UnsupportedMediaType", message: "Content-Encoding " + enc + " is not supported."}
	}
	plain, err := io.ReadAll(io.LimitReader(body, maxBody+1))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) || len(plain) > maxBody {
		return r, &graphError{status: http.StatusRequestEntityTooLarge, code: "RequestEntityTooLarge", message: "The request body is larger than 4 MB."}
	}
	if err != nil {
		return r, badQuery("The request body cannot be read: %v.", err)
	}
	r = r.Clone(r.Context())
	r.Header.Del("Content-Encoding")
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(plain)), int64(len(plain))
	return r, nil
}
