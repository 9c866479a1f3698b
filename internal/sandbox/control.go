package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"

	"aws-access-bot/internal/sandbox/emukit"
	"aws-access-bot/internal/sandbox/githubemu"
	"aws-access-bot/internal/sandbox/graphemu"
)

// maxControl is the largest body of a control request, in bytes.
const maxControl = 4 << 20

// refusal is an error with its own HTTP status.
type refusal struct {
	status int
	text   string
}

func (r *refusal) Error() string { return r.text }

func refuse(status int, format string, args ...any) error {
	return &refusal{status, fmt.Sprintf(format, args...)}
}

// control routes the control API. Every change goes through [act].
func (s *Sandbox) control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /sandbox/state", s.getState)
	mux.HandleFunc("GET /sandbox/journal", s.getJournal)
	mux.HandleFunc("GET /sandbox/events", s.getEvents)
	mux.HandleFunc("GET /sandbox/github/pulls/{number}/diff", s.getDiff)
	mux.HandleFunc("GET /sandbox/github/files", s.getFiles)
	mux.HandleFunc("POST /sandbox/faults", act(s, func(_ *http.Request, in emukit.Fault) (any, error) {
		s.kit.Faults.Add(in)
		return done, nil
	}))
	mux.HandleFunc("DELETE /sandbox/faults", func(w http.ResponseWriter, _ *http.Request) {
		s.kit.Faults.Clear()
		writeJSON(w, http.StatusOK, done)
	})
	s.controlSlack(mux)
	s.controlTeams(mux)
	s.controlGitHub(mux)
	s.controlGraph(mux)
	s.controlAWS(mux)
	mux.HandleFunc("/sandbox/", func(w http.ResponseWriter, r *http.Request) {
		writeError(w, http.StatusNotFound, fmt.Sprintf("the control API has no %s %s; docs/sandbox.md lists what there is", r.Method, r.URL.Path))
	})
	return mux
}

// done is the answer of actions that have nothing to tell.
var done = map[string]bool{"ok": true}

// act is a handler that reads one JSON object, acts, and answers in JSON.
// Unknown members are refused, so that a misspelt one is not passed over.
func act[T any](s *Sandbox, do func(r *http.Request, in T) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in T
		if err := readJSON(w, r, &in); err != nil {
			writeFailure(w, err)
			return
		}
		out, err := do(r, in)
		s.changes.bump()
		if err != nil {
			writeFailure(w, err)
			return
		}
		writeJSON(w, http.StatusOK, out)
	}
}

func readJSON(w http.ResponseWriter, r *http.Request, into any) error {
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		return refuse(http.StatusUnsupportedMediaType, "send JSON with Content-Type: application/json")
	}
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxControl))
	dec.DisallowUnknownFields()
	err := dec.Decode(into)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return refuse(http.StatusRequestEntityTooLarge, "the body is larger than %d bytes", maxControl)
	case errors.Is(err, io.EOF):
		return refuse(http.StatusBadRequest, "the body is empty; send a JSON object, {} at least")
	case err != nil:
		return refuse(http.StatusBadRequest, "the body is not what this path takes: %v", err)
	case dec.More():
		return refuse(http.StatusBadRequest, "the body has more than one JSON value")
	}
	return nil
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	// A failed write means that the client has gone.
	_ = enc.Encode(v)
}

func writeError(w http.ResponseWriter, status int, text string) {
	writeJSON(w, status, map[string]string{"error": text})
}

// writeFailure answers an error: a refusal of the emulated GitHub keeps its
// status, anything else that a person could not have done is 422.
func writeFailure(w http.ResponseWriter, err error) {
	var own *refusal
	var hub *githubemu.Error
	switch {
	case errors.As(err, &own):
		writeError(w, own.status, own.text)
	case errors.As(err, &hub):
		writeError(w, hub.Status, hub.Error())
	case errors.Is(err, graphemu.ErrJobStopped):
		writeError(w, http.StatusConflict, err.Error())
	default:
		writeError(w, http.StatusUnprocessableEntity, err.Error())
	}
}

// guard refuses what does not come from this machine's user: a request for a
// foreign host name (a name that was rebound to this address), and a change
// that a page of another origin sends.
func (s *Sandbox) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.opts.AllowRemote && !localHost(r.Host) {
			writeError(w, http.StatusForbidden, fmt.Sprintf("the sandbox does not answer for host %q; use %s", r.Host, s.url))
			return
		}
		if !sameOrigin(r) {
			writeError(w, http.StatusForbidden, "the sandbox is not driven from other web pages")
			return
		}
		next.ServeHTTP(w, r)
	})
}

func localHost(hostport string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// sameOrigin trusts requests without an Origin (curl, tests) and those of the
// sandbox's own page.
func sameOrigin(r *http.Request) bool {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return true // reads nothing back across origins, changes nothing
	}
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" && site != "none" {
		return false
	}
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && u.Host == r.Host
}

// played finds the person of a path /sandbox/as/{person}/….
func (s *Sandbox) played(r *http.Request) (*Person, error) {
	p, ok := s.world.person(r.PathValue("person"))
	if !ok {
		return nil, refuse(http.StatusNotFound, "nobody is called %q; there are %s", r.PathValue("person"), s.keys())
	}
	return p, nil
}

func (s *Sandbox) keys() string {
	var keys []string
	for _, p := range s.world.people {
		keys = append(keys, p.Key)
	}
	return strings.Join(keys, ", ")
}
