package sandbox

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// Pace of the event stream: no more than ten events a second, and a look at
// what changes with time alone (an assignment that AWS finishes) each second.
const (
	eventPause = 100 * time.Millisecond
	eventTick  = time.Second
)

// notifier tells any number of listeners that something was done.
type notifier struct {
	mu sync.Mutex // guards ch
	ch chan struct{}
}

func newNotifier() *notifier { return &notifier{ch: make(chan struct{})} }

// bump wakes whoever waits on changed.
func (n *notifier) bump() {
	n.mu.Lock()
	defer n.mu.Unlock()
	close(n.ch)
	n.ch = make(chan struct{})
}

// changed returns a channel that is closed at the next bump.
func (n *notifier) changed() <-chan struct{} {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.ch
}

// getEvents is a stream of server-sent events: one "change" at once and one
// whenever the state differs, with the number of the newest journal entry.
func (s *Sandbox) getEvents(w http.ResponseWriter, r *http.Request) {
	out := http.NewResponseController(w)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	ctx, last := r.Context(), [sha256.Size]byte{}
	tick := time.NewTicker(eventTick)
	defer tick.Stop()
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-pause.C:
		}
		journal, played, slack, teams := s.journalChanged(), s.changes.changed(), s.world.slack.Changed(), s.world.teams.Changed()
		seq, sum := s.digest()
		if sum != last {
			last = sum
			if _, err := fmt.Fprintf(w, "event: change\ndata: {\"journal\":%d}\n\n", seq); err != nil {
				return
			}
			if err := out.Flush(); err != nil {
				return
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-journal:
		case <-played:
		case <-slack:
		case <-teams:
		case <-tick.C:
		}
		pause.Reset(eventPause)
	}
}

func (s *Sandbox) journalChanged() <-chan struct{} {
	_, changed := s.kit.Journal.Since(1 << 62)
	return changed
}

// digest sums up everything that a page shows, but for the time.
func (s *Sandbox) digest() (journal int64, sum [sha256.Size]byte) {
	st := s.State()
	st.Time, st.AWS.Time = time.Time{}, time.Time{}
	text, err := json.Marshal(st)
	if err != nil {
		return st.Journal, sum // unreachable: snapshots are plain data
	}
	return st.Journal, sha256.Sum256(text)
}
