package awsemu

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// maxForm is the largest form taken, in bytes.
const maxForm = 1 << 20

// queryService is one service of the Query protocol.
type queryService struct {
	signing   string // service name in the credential scope
	version   string
	namespace string // of its XML
	// regions are those of the credential scope that it takes; none means any.
	regions []string
	actions map[string]queryAction
}

// queryCall is one request being answered, with the state locked.
type queryCall struct {
	identity
	action string
	form   url.Values
	now    time.Time
}

// queryAction answers a call with a value to marshal, or a *queryError.
type queryAction func(s *Server, c *queryCall) (any, error)

// queryError is a refusal in the words of the Query protocol.
type queryError struct {
	status        int
	code, message string
}

func (e *queryError) Error() string { return e.code + ": " + e.message }

func failQuery(status int, code, format string, args ...any) *queryError {
	return &queryError{status, code, fmt.Sprintf(format, args...)}
}

// serveQuery answers one request of the Query protocol. The services, which
// have hosts of their own at AWS, are told apart by the credential scope.
func (s *Server) serveQuery(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxForm))
	if err != nil {
		http.Error(w, "request body too large", http.StatusRequestEntityTooLarge)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	form, bad := url.ParseQuery(string(body))
	if r.Method == http.MethodGet {
		form = r.URL.Query()
	}
	svc := s.query[0]
	if sig, bad := parseSignature(r.Header); bad == nil {
		for _, q := range s.query {
			if q.signing == sig.service {
				svc = q
			}
		}
	}
	s.kit.Serve(w, r, service, form.Get("Action"), func(w http.ResponseWriter, r *http.Request) {
		var out any
		err := bad
		if err == nil {
			out, err = s.callQuery(svc, form, body, r)
		} else {
			err = failQuery(http.StatusBadRequest, "MalformedQueryString", "The query string contains a syntax error")
		}
		s.writeXML(w, svc, out, err)
	})
}

// callQuery checks the credentials and runs the action.
func (s *Server) callQuery(svc *queryService, form url.Values, body []byte, r *http.Request) (any, error) {
	if strings.Trim(r.URL.Path, "/") != "" {
		return nil, failQuery(http.StatusNotFound, "InvalidAction", "There is no service at this path.")
	}
	who, bad := s.authenticate(r, body, svc.signing, svc.regions...)
	if bad != nil {
		return nil, failQuery(bad.queryStatus, bad.query, "%s", bad.message)
	}
	action := form.Get("Action")
	if action == "" {
		return nil, failQuery(http.StatusBadRequest, "MissingAction", "The request must contain the parameter Action.")
	}
	run, ok := svc.actions[action]
	if !ok || form.Get("Version") != svc.version {
		return nil, failQuery(http.StatusBadRequest, "InvalidAction", "Could not find operation %s for version %s", action, form.Get("Version"))
	}
	now := s.lock()
	defer s.mu.Unlock()
	return run(s, &queryCall{identity: who, action: action, form: form, now: now})
}

// writeXML writes an answer or an error of the Query protocol.
func (s *Server) writeXML(w http.ResponseWriter, svc *queryService, out any, err error) {
	status := http.StatusOK
	if err != nil {
		var e *queryError
		if !errors.As(err, &e) { // unreachable: all errors here are query errors
			e = failQuery(http.StatusInternalServerError, "InternalFailure", "%v", err)
		}
		status = e.status
		out = wireQueryError{Xmlns: svc.namespace, Type: "Sender", Code: e.code, Message: e.message, RequestID: s.opts.NewID()}
	}
	b, err := xml.Marshal(out)
	if err != nil { // unreachable: all answers are plain structs
		status = http.StatusInternalServerError
	}
	w.Header().Set("Content-Type", "text/xml")
	w.Header().Set("X-Amzn-RequestId", s.opts.NewID())
	w.WriteHeader(status)
	_, _ = w.Write(b) // kept in memory until it is journalled
}

type wireQueryError struct {
	XMLName   xml.Name `xml:"ErrorResponse"`
	Xmlns     string   `xml:"xmlns,attr"`
	Type      string   `xml:"Error>Type"`
	Code      string   `xml:"Error>Code"`
	Message   string   `xml:"Error>Message"`
	RequestID string   `xml:"RequestId"`
}
