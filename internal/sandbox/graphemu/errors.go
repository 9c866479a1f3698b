package graphemu

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// graphError is a refusal as Graph words it.
type graphError struct {
	status  int
	code    string
	message string
	// retryAfter is sent in whole seconds, at least one, unless it is zero.
	retryAfter time.Duration
	header     map[string]string
}

func (e *graphError) Error() string {
	return fmt.Sprintf("graph: %d %s: %s", e.status, e.code, e.message)
}

func badRequest(format string, args ...any) error {
	return &graphError{status: http.StatusBadRequest, code: "Request_BadRequest", message: fmt.Sprintf(format, args...)}
}

// badQuery is how Graph refuses OData options that do not parse.
func badQuery(format string, args ...any) error {
	return &graphError{status: http.StatusBadRequest, code: "BadRequest", message: fmt.Sprintf(format, args...)}
}

// unsupportedQuery is how Graph refuses advanced queries without the header
// ConsistencyLevel: eventual and $count=true.
func unsupportedQuery(format string, args ...any) error {
	return &graphError{status: http.StatusBadRequest, code: "Request_UnsupportedQuery", message: fmt.Sprintf(format, args...)}
}

func notFound(id string) error {
	return &graphError{
		status: http.StatusNotFound, code: "Request_ResourceNotFound",
		message: fmt.Sprintf("Resource '%s' does not exist or one of its queried reference-property objects are not present.", id),
	}
}

func denied() error {
	return &graphError{
		status: http.StatusForbidden, code: "Authorization_RequestDenied",
		message: "Insufficient privileges to complete the operation.",
	}
}

func unauthenticated(message string) error {
	return &graphError{
		status: http.StatusUnauthorized, code: "InvalidAuthenticationToken", message: message,
		header: map[string]string{"WWW-Authenticate": `Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", client_id="00000003-0000-0000-c000-000000000000"`},
	}
}

func tooManyRequests(wait time.Duration, message string) *graphError {
	return &graphError{
		status: http.StatusTooManyRequests, code: "TooManyRequests", message: message,
		retryAfter: max(wait, time.Second),
	}
}

// errorBody is the OData error of Graph.
type errorBody struct {
	Error errorDetail `json:"error"`
}

type errorDetail struct {
	Code       string     `json:"code"`
	Message    string     `json:"message"`
	InnerError innerError `json:"innerError"`
}

type innerError struct {
	Date            string `json:"date"`
	RequestID       string `json:"request-id"`
	ClientRequestID string `json:"client-request-id"`
}

// writeError answers with err; one that is not a *graphError is a 500.
func (s *Server) writeError(w http.ResponseWriter, r *http.Request, err error) {
	var g *graphError
	if !errors.As(err, &g) {
		g = &graphError{status: http.StatusInternalServerError, code: "UnknownError", message: err.Error()}
	}
	id := setRequestID(w, r)
	for k, v := range g.header {
		w.Header().Set(k, v)
	}
	if g.retryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int((g.retryAfter+time.Second-1)/time.Second)))
	}
	client := r.Header.Get("client-request-id")
	if client == "" {
		client = id
	}
	writeJSON(w, g.status, errorBody{errorDetail{g.code, g.message, innerError{
		Date: s.kit.Now().UTC().Format("2006-01-02T15:04:05"), RequestID: id, ClientRequestID: client,
	}}})
}

// setRequestID gives the answer its request id and echoes the client's own.
func setRequestID(w http.ResponseWriter, r *http.Request) string {
	id := w.Header().Get("request-id")
	if id == "" {
		id = newGUID()
		w.Header().Set("request-id", id)
	}
	if c := r.Header.Get("client-request-id"); c != "" {
		w.Header().Set("client-request-id", c)
	}
	return id
}

// writeJSON answers in the media type of Graph, unless one is set already.
func writeJSON(w http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		// unreachable: what is answered is made of maps, texts and numbers.
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8")
	}
	w.WriteHeader(status)
	// A failed write means that the client has gone; the effect stands.
	_, _ = w.Write(b)
}

// newGUID returns a random version 4 UUID.
func newGUID() string {
	var b [16]byte
	// crypto/rand never fails: it ends the program instead.
	_, _ = rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// isGUID reports whether s looks like an object id.
func isGUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i, c := range []byte(s) {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		hex := c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
		if dash != (c == '-') || !dash && !hex {
			return false
		}
	}
	return true
}
