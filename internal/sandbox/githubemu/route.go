package githubemu

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"aws-access-bot/internal/sandbox/emukit"
)

// obj is a JSON object of an answer.
type obj = map[string]any

// call is one request that has a route.
type call struct {
	s    *Server
	r    *http.Request
	path map[string]string
	body []byte
	who  identity
	repo *Repo // of routes with {owner}/{repo}
}

// reply is the answer to a call.
type reply struct {
	status int
	body   any    // JSON, unless raw is set
	raw    []byte // a body of another media type
	header http.Header
}

func ok(body any) (reply, error) { return reply{status: http.StatusOK, body: body}, nil }

func created(body any) (reply, error) { return reply{status: http.StatusCreated, body: body}, nil }

func noContent() (reply, error) { return reply{status: http.StatusNoContent}, nil }

// route is one line of the table.
type route struct {
	method, pattern string
	// need is who may call: "jwt" for the App itself, "user" for a person's
	// token, "" for any token, else a permission such as "contents:write";
	// alternatives are separated by "|".
	need   string
	handle func(c *call) (reply, error)

	re    *regexp.Regexp
	names []string
}

// wide are the path parameters that may hold slashes.
var wide = []string{"ref", "branch", "basehead", "path"}

var parameter = regexp.MustCompile(`\{([a-z_]+)\}`)

// compile makes the pattern matchable.
func (rt route) compile() route {
	expr := strings.NewReplacer(`\{`, "{", `\}`, "}").Replace(regexp.QuoteMeta(rt.pattern))
	expr = parameter.ReplaceAllStringFunc(expr, func(p string) string {
		name := strings.Trim(p, "{}")
		rt.names = append(rt.names, name)
		if slices.Contains(wide, name) {
			return "(.+)"
		}
		return "([^/]+)"
	})
	rt.re = regexp.MustCompile("^" + expr + "$")
	return rt
}

// match returns the path parameters, or nil.
func (rt route) match(escaped string) map[string]string {
	m := rt.re.FindStringSubmatch(escaped)
	if m == nil {
		return nil
	}
	params := map[string]string{}
	for i, name := range rt.names {
		v, err := url.PathUnescape(m[i+1])
		if err != nil {
			return nil
		}
		params[name] = v
	}
	return params
}

// find returns the first route that fits, with its parameters.
func (s *Server) find(r *http.Request) (*route, map[string]string) {
	path, rest := strings.CutPrefix(r.URL.EscapedPath(), "/api/v3")
	switch {
	case path == "/api"+graphQLPath:
		path = graphQLPath
	case rest && path == graphQLPath:
		return nil, nil // the REST API of Enterprise has no GraphQL below it
	}
	if path != "/" {
		path = strings.TrimSuffix(path, "/")
	}
	id, named := byNumber(path)
	if id != "" {
		path = named
	}
	for i := range s.routes {
		rt := &s.routes[i]
		if rt.method != r.Method {
			continue
		}
		if params := rt.match(path); params != nil {
			if id != "" {
				params["repository_id"] = id
			}
			return rt, params
		}
	}
	return nil, nil
}

func (s *Server) serveHTTP(w http.ResponseWriter, r *http.Request) {
	rt, params := s.find(r)
	op := r.Method + " (no such operation)"
	if rt != nil {
		op = rt.method + " " + rt.pattern
	}
	s.kit.Serve(w, r, "github", op, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			body = nil // unreachable: the kit has read it already
		}
		c := &call{s: s, r: r, path: params, body: body}
		s.enter()
		defer s.leave()
		h := w.Header()
		h.Set("X-GitHub-Request-Id", strings.ToUpper(randomHex(8)))
		h.Set("Date", s.kit.Now().UTC().Format(http.TimeFormat))
		h.Set("X-GitHub-Media-Type", "github.v3; format=json")
		h.Set("X-GitHub-Api-Version-Selected", "2022-11-28")
		rep, err := s.run(rt, c, h)
		if err != nil {
			rep = failure(err)
		}
		s.answer(w, r, c, rep)
	})
}

// run checks who is calling and what they may do, then does it.
func (s *Server) run(rt *route, c *call, h http.Header) (reply, error) {
	need := ""
	if rt != nil {
		need = rt.need
	}
	who, err := s.authenticate(c.r, need == "jwt")
	if err != nil {
		return reply{}, err
	}
	c.who = who
	emukit.SetCaller(c.r.Context(), who.name())
	resource := "core"
	if rt != nil && rt.pattern == graphQLPath {
		resource = "graphql"
	}
	if rt == nil || rt.pattern != "/rate_limit" { // asking for the limit is free
		if err := s.spend(who, resource, h); err != nil {
			if resource == "graphql" { // which says so with status 200
				return ok(obj{"errors": []obj{{"type": "RATE_LIMITED", "message": err.Message}}})
			}
			return reply{}, err
		}
	}
	if rt == nil {
		return reply{}, notFound()
	}
	if _, has := c.path["repo"]; has && need != "jwt" {
		repo, moved := c.findTarget()
		if moved != nil && moved.visible(who) {
			return c.redirect(moved)
		}
		if c.repo = repo; repo == nil || !repo.visible(who) {
			return reply{}, notFound()
		}
	}
	if err := s.permit(c, need); err != nil {
		return reply{}, err
	}
	if c.repo != nil && c.repo.archived && c.r.Method != http.MethodGet {
		return reply{}, errArchived()
	}
	return rt.handle(c)
}

// failure turns an error into its body.
func failure(err error) reply {
	var e *Error
	if !errors.As(err, &e) {
		e = unprocessable("%s", err)
	}
	body := obj{"message": e.Message, "documentation_url": "https://docs.github.com/rest", "status": strconv.Itoa(e.Status)}
	if e.Errors != nil {
		body["errors"] = e.Errors
	}
	return reply{status: e.Status, body: body}
}

// answer writes the reply, or 304 if the caller has it already.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, c *call, rep reply) {
	h := w.Header()
	for k, v := range rep.header {
		h[k] = v
	}
	if rep.status == http.StatusNoContent {
		w.WriteHeader(rep.status)
		return
	}
	body := rep.raw
	if body == nil {
		h.Set("Content-Type", "application/json; charset=utf-8")
		var buf bytes.Buffer
		enc := json.NewEncoder(&buf)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(rep.body); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError) // unreachable: only JSON values are put in
			return
		}
		body = bytes.TrimSuffix(buf.Bytes(), []byte("\n"))
	}
	if r.Method == http.MethodGet && rep.status == http.StatusOK {
		sum := sha256.Sum256(body)
		tag := `W/"` + hex.EncodeToString(sum[:]) + `"`
		h.Set("ETag", tag)
		h.Set("Cache-Control", "private, max-age=60, s-maxage=60")
		if hasTag(r.Header.Get("If-None-Match"), tag) {
			s.refund(c.who, h)
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	w.WriteHeader(rep.status)
	_, _ = w.Write(body) // into the kit's recorder, which cannot fail
}

// hasTag reports whether a list of ETags has this one, compared weakly (RFC
// 9110, 13.1.2).
func hasTag(list, tag string) bool {
	return slices.ContainsFunc(strings.Split(list, ","), func(one string) bool {
		one = strings.TrimSpace(one)
		return one == "*" || strings.TrimPrefix(one, "W/") == strings.TrimPrefix(tag, "W/")
	})
}

// decode reads a JSON body into v. An empty body is an empty object.
func (c *call) decode(v any) error {
	if len(bytes.TrimSpace(c.body)) == 0 {
		return nil
	}
	if err := json.Unmarshal(c.body, v); err != nil {
		var typ *json.UnmarshalTypeError
		if errors.As(err, &typ) {
			return unprocessable("Invalid request.\n\nFor '%s', %s is not a %s.", typ.Field, typ.Value, typ.Type)
		}
		return refuse(http.StatusBadRequest, "Problems parsing JSON")
	}
	return nil
}

// number reads a numeric path parameter; anything else is not found.
func (c *call) number(name string) (int64, error) {
	n, err := strconv.ParseInt(c.path[name], 10, 64)
	if err != nil {
		return 0, notFound()
	}
	return n, nil
}

func (c *call) query(name string) string { return c.r.URL.Query().Get(name) }

// accepts reports whether the caller asks for a media type such as "raw",
// "diff" or "sha" instead of JSON.
func (c *call) accepts(kind string) bool {
	a := c.r.Header.Get("Accept")
	return strings.HasPrefix(a, "application/vnd.github.") && (strings.HasSuffix(a, "."+kind) || strings.HasSuffix(a, "."+kind+"+json"))
}
