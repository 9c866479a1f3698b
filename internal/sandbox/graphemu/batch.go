package graphemu

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// maxBatch is how many requests a batch may hold (JSON batching).
const maxBatch = 20

// batchItem is one request of a batch.
type batchItem struct {
	ID        string            `json:"id"`
	Method    string            `json:"method"`
	URL       string            `json:"url"`
	Headers   map[string]string `json:"headers"`
	Body      json.RawMessage   `json:"body"`
	DependsOn []string          `json:"dependsOn"`
}

// batchAnswer is one response of a batch.
type batchAnswer struct {
	ID      string            `json:"id"`
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers,omitempty"`
	Body    any               `json:"body,omitempty"`
}

// batch runs the requests of a batch one after the other, each with its own
// journal entry, fault and budget. One that depends on a failed one is 424.
func (c *call) batch() (reply, error) {
	var body struct {
		Requests []batchItem `json:"requests"`
	}
	if err := c.decode(&body); err != nil {
		return reply{}, err
	}
	if err := checkBatch(body.Requests); err != nil {
		return reply{}, err
	}
	status := map[string]int{}
	answers := make([]batchAnswer, 0, len(body.Requests))
	for _, item := range body.Requests {
		a := c.runItem(item, status)
		status[item.ID] = a.Status
		answers = append(answers, a)
	}
	return reply{body: object{"responses": answers}}, nil
}

// checkBatch validates a batch as a whole.
func checkBatch(items []batchItem) error {
	if len(items) == 0 {
		return badQuery("Invalid batch payload format.")
	}
	if len(items) > maxBatch {
		return &graphError{status: http.StatusBadRequest, code: "MaximumValueExceeded", message: "Number of batch request steps exceeds the maximum value of 20."}
	}
	seen := map[string]bool{}
	for _, it := range items {
		if it.ID == "" || it.Method == "" || it.URL == "" {
			return badQuery("Invalid batch payload format.")
		}
		if seen[it.ID] {
			return badQuery("Request Id has to be unique in a batch: '%s'.", it.ID)
		}
		for _, d := range it.DependsOn {
			if !seen[d] {
				return badQuery("Invalid dependsOn in request '%s': '%s' is not an earlier request.", it.ID, d)
			}
		}
		seen[it.ID] = true
	}
	return nil
}

// runItem serves one request of a batch.
func (c *call) runItem(item batchItem, status map[string]int) batchAnswer {
	for _, d := range item.DependsOn {
		if status[d] >= 400 {
			return batchFailure(item.ID, http.StatusFailedDependency, "FailedDependency", "Failed due to failed dependency.")
		}
	}
	u, err := url.Parse(prefix + "/" + strings.TrimPrefix(item.URL, "/"))
	if err != nil || strings.HasSuffix(u.Path, "/$batch") {
		return batchFailure(item.ID, http.StatusBadRequest, "BadRequest", "Invalid batch payload format.")
	}
	r, err := http.NewRequestWithContext(c.r.Context(), strings.ToUpper(item.Method), u.String(), bytes.NewReader(item.Body))
	if err != nil {
		return batchFailure(item.ID, http.StatusBadRequest, "BadRequest", "Invalid batch payload format.")
	}
	r.Host, r.TLS, r.RequestURI = c.r.Host, c.r.TLS, u.RequestURI()
	for k, v := range item.Headers {
		r.Header.Set(k, v)
	}
	r.Header.Set("Authorization", c.r.Header.Get("Authorization"))
	rec := &batchRecorder{header: http.Header{}}
	c.s.mux.ServeHTTP(rec, r)
	return rec.answer(item.ID)
}

func batchFailure(id string, status int, code, message string) batchAnswer {
	return batchAnswer{ID: id, Status: status, Body: object{"error": object{"code": code, "message": message}}}
}

// batchRecorder keeps the answer to one request of a batch.
type batchRecorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *batchRecorder) Header() http.Header { return r.header }

func (r *batchRecorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
}

func (r *batchRecorder) Write(p []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	return r.body.Write(p)
}

var _ io.Writer = (*batchRecorder)(nil)

// answer renders what was recorded: JSON as it is, anything else in base64.
func (r *batchRecorder) answer(id string) batchAnswer {
	a := batchAnswer{ID: id, Status: r.status, Headers: map[string]string{}}
	for k := range r.header {
		a.Headers[k] = r.header.Get(k)
	}
	if r.body.Len() > 0 {
		if json.Valid(r.body.Bytes()) && strings.Contains(r.header.Get("Content-Type"), "json") {
			a.Body = json.RawMessage(r.body.Bytes())
		} else {
			a.Body = base64.StdEncoding.EncodeToString(r.body.Bytes())
		}
	}
	return a
}
