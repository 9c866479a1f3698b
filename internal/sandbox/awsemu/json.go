package awsemu

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"time"
)

// jsonService is one service of the AWS JSON 1.1 protocol.
type jsonService struct {
	signing string // service name in the credential scope
	// global services take us-east-1 besides the home region, which the Go SDK
	// signs with where an endpoint is configured.
	global bool
	ops    map[string]jsonOp
	// admit refuses a call before its input is looked at: rates.
	admit func(s *Server, c *call) error
	// invalid turns the problems of an input into the error of this service.
	invalid func(problems []problem) error
}

// call is one request being answered, with the state locked.
type call struct {
	identity
	op   string
	now  time.Time
	body []byte
	svc  *jsonService
}

// jsonOp answers a call with a value to marshal, or an *apiError.
type jsonOp func(s *Server, c *call) (any, error)

// apiError is a refusal with its code, as JSON 1.1 services write it.
type apiError struct {
	code, message string
	status        int            // zero means 400
	members       map[string]any // further members of the error
}

func (e *apiError) Error() string { return e.code + ": " + e.message }

// fail makes an error of the client's.
func fail(code, format string, args ...any) *apiError {
	return &apiError{code: code, message: fmt.Sprintf(format, args...)}
}

// input is a decoded request that can check itself.
type input[T any] interface {
	*T
	check(v *checks)
}

// op makes an operation from a function on its decoded and checked input.
func op[T any, P input[T], R any](f func(s *Server, c *call, in P) (R, error)) jsonOp {
	return func(s *Server, c *call) (any, error) {
		var in T
		if err := json.Unmarshal(c.body, &in); err != nil {
			return nil, fail("SerializationException", "Request body could not be read: %v", err)
		}
		var v checks
		P(&in).check(&v)
		if len(v.problems) > 0 {
			return nil, c.svc.invalid(v.problems)
		}
		return f(s, c, &in)
	}
}

// serveJSON answers one request of the JSON protocol.
func (s *Server) serveJSON(w http.ResponseWriter, r *http.Request) {
	prefix, name := target(r.Header.Get("X-Amz-Target"))
	svc := s.services[prefix]
	s.kit.Serve(w, r, service, name, func(w http.ResponseWriter, r *http.Request) {
		out, err := s.callJSON(svc, name, r)
		s.writeJSON(w, out, err)
	})
}

// callJSON checks the credentials and runs the operation.
func (s *Server) callJSON(svc *jsonService, name string, r *http.Request) (any, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, fail("SerializationException", "Request body could not be read: %v", err)
	}
	if svc == nil || r.Method != http.MethodPost || strings.Trim(r.URL.Path, "/") != "" {
		return nil, &apiError{code: "UnknownOperationException", status: http.StatusNotFound}
	}
	regions := []string{s.opts.Region}
	if svc.global {
		regions = append(regions, "us-east-1")
	}
	who, bad := s.authenticate(r, body, svc.signing, regions...)
	if bad != nil {
		return nil, fail(bad.json, "%s", bad.message)
	}
	run, ok := svc.ops[name]
	if !ok {
		return nil, fail("UnknownOperationException", "The operation %s is not known.", name)
	}
	now := s.lock()
	defer s.mu.Unlock()
	c := &call{identity: who, op: name, now: now, body: body, svc: svc}
	if svc.admit != nil {
		if err := svc.admit(s, c); err != nil {
			return nil, err
		}
	}
	out, err := run(s, c)
	s.record(c, err)
	return out, err
}

// target parts the service and the operation of X-Amz-Target. CloudTrail takes
// its name in two forms: that of the Smithy model, and that of botocore's with
// "com.amazonaws.cloudtrail.v20131101." before it.
func target(header string) (service, operation string) {
	i := strings.LastIndexByte(header, '.')
	if i < 0 {
		return header, ""
	}
	return strings.TrimPrefix(header[:i], "com.amazonaws.cloudtrail.v20131101."), header[i+1:]
}

// writeJSON writes an answer or an error. The HTTP status of client errors is
// 400 whatever the models say.
func (s *Server) writeJSON(w http.ResponseWriter, out any, err error) {
	id := s.opts.NewID()
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.Header().Set("X-Amzn-RequestId", id)
	status := http.StatusOK
	if err != nil {
		var e *apiError
		if !errors.As(err, &e) {
			e = &apiError{code: "InternalServerException", message: err.Error(), status: http.StatusInternalServerError}
		}
		status = e.status
		if status == 0 {
			status = http.StatusBadRequest
		}
		w.Header().Set("X-Amzn-ErrorType", e.code)
		body := map[string]any{"__type": e.code}
		if e.message != "" {
			body["message"] = e.message
		}
		maps.Copy(body, e.members)
		out = body
	}
	b, err := json.Marshal(out)
	if err != nil { // unreachable: all answers are plain structs
		status, b = http.StatusInternalServerError, []byte(`{"__type":"InternalServerException"}`)
	}
	w.WriteHeader(status)
	_, _ = w.Write(b) // kept in memory until it is journalled
}

// epoch is a time as JSON 1.1 writes it: a number of seconds.
type epoch time.Time

// MarshalJSON writes seconds with milliseconds.
func (e epoch) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, "%.3f", float64(time.Time(e).UnixMilli())/1000), nil
}
