package emukit

import (
	"strings"
	"sync"
	"time"
)

// Entry is one request that an emulator has answered.
type Entry struct {
	// Seq counts entries over all emulators that share the journal, from 1.
	Seq int64 `json:"seq"`
	// Time is when the request had taken effect.
	Time time.Time `json:"time"`
	// Service is the emulator: "aws", "graph", "login", "github", "slack".
	Service string `json:"service"`
	// Op is the operation, in the emulator's own words.
	Op string `json:"op"`
	// Caller is who made it, empty when the credentials were refused.
	Caller string `json:"caller,omitempty"`
	Method string `json:"method"`
	// Path holds the path and the query.
	Path     string `json:"path"`
	Status   int    `json:"status"`
	Request  string `json:"request,omitempty"`
	Response string `json:"response,omitempty"`
	// Fault names the injected fault that changed the answer, if one did.
	Fault string `json:"fault,omitempty"`
}

// maxBody is how much of a body the journal keeps, in bytes.
const maxBody = 64 << 10

// Journal is an ordered record of requests, safe for concurrent use.
type Journal struct {
	mu      sync.Mutex // guards the fields below
	entries []Entry
	secrets []string
	changed chan struct{}
}

// NewJournal returns an empty journal.
func NewJournal() *Journal { return &Journal{changed: make(chan struct{})} }

// Redact makes the journal replace each of the secrets in bodies and paths.
func (j *Journal) Redact(secrets ...string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, s := range secrets {
		if s != "" {
			j.secrets = append(j.secrets, s)
		}
	}
}

// Append adds an entry, sets its Seq, and returns it.
func (j *Journal) Append(e Entry) int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	e.Seq = int64(len(j.entries)) + 1
	for _, s := range j.secrets {
		e.Path = strings.ReplaceAll(e.Path, s, "[redacted]")
		e.Request = strings.ReplaceAll(e.Request, s, "[redacted]")
		e.Response = strings.ReplaceAll(e.Response, s, "[redacted]")
	}
	e.Request, e.Response = cut(e.Request), cut(e.Response)
	j.entries = append(j.entries, e)
	close(j.changed)
	j.changed = make(chan struct{})
	return e.Seq
}

// Last is the Seq of the newest entry, 0 when there is none.
func (j *Journal) Last() int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return int64(len(j.entries))
}

// Since returns a copy of the entries with Seq greater than after, and a
// channel that is closed when a further entry is added.
func (j *Journal) Since(after int64) ([]Entry, <-chan struct{}) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if after < 0 {
		after = 0
	}
	if after > int64(len(j.entries)) {
		after = int64(len(j.entries))
	}
	return append([]Entry(nil), j.entries[after:]...), j.changed
}

func cut(s string) string {
	if len(s) > maxBody {
		return strings.ToValidUTF8(s[:maxBody], "") + "…"
	}
	return s
}
