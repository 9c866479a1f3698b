package emukit

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"time"
)

// maxRequest is the largest request body an emulator takes, in bytes. It is
// above every vendor's own limit, which the emulator itself enforces.
const maxRequest = 32 << 20

// Serve runs one operation: it applies a matching fault, calls h with a body
// that can be read once more, and journals the request before answering.
func (k *Kit) Serve(w http.ResponseWriter, r *http.Request, service, op string, h http.HandlerFunc) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err != nil {
		http.Error(w, "request body too large", http.StatusRequestEntityTooLarge)
		return
	}
	var caller string
	r = r.WithContext(context.WithValue(r.Context(), callerKey{}, &caller))
	r.Body = io.NopCloser(bytes.NewReader(body))

	fault := k.Faults.take(service, op)
	if fault != nil && !wait(r.Context(), fault.Delay) {
		return
	}
	rec := &recorder{header: http.Header{}}
	if fault == nil || fault.AfterEffect || (fault.Status == 0 && !fault.Drop) {
		h(rec, r)
	}
	entry := Entry{
		Time: k.Now(), Service: service, Op: op, Caller: caller, Method: r.Method,
		Path: r.URL.RequestURI(), Request: string(body),
	}
	if fault != nil {
		entry.Fault = fault.Name
		if fault.Status != 0 {
			rec = &recorder{header: fault.Header.Clone(), status: fault.Status}
			rec.body.WriteString(fault.Body)
		}
	}
	entry.Status, entry.Response = rec.code(), rec.body.String()
	k.Journal.Append(entry)
	if fault != nil && fault.Drop {
		// The documented way to cut a connection from inside a handler.
		panic(http.ErrAbortHandler)
	}
	rec.copyTo(w)
}

// wait sleeps for d and reports whether the request is still wanted.
func wait(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// recorder keeps an answer until it is journalled.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header { return r.header }

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
}

func (r *recorder) Write(p []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	return r.body.Write(p)
}

func (r *recorder) code() int {
	if r.status == 0 {
		return http.StatusOK
	}
	return r.status
}

func (r *recorder) copyTo(w http.ResponseWriter) {
	for k, v := range r.header {
		w.Header()[k] = v
	}
	w.WriteHeader(r.code())
	// A failed write means that the client has gone; the effect stands.
	_, _ = w.Write(r.body.Bytes())
}
