package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/provision"
)

// Long work on the control socket is answered line by line: each is a JSON
// object, news of how far it is or, as the last, what came of it.
const lineByLine = "application/x-ndjson"

// The answering side says something every beatEvery, be it nothing new; the
// asking side gives up after silentFor.
const (
	beatEvery = 10 * time.Second
	silentFor = time.Minute
)

// maxLine is the longest line that is taken: the last one has a whole report.
const maxLine = 256 << 20

// line is one line of an answer. One of its members is set, none in a beat.
type line struct {
	Progress *provision.Progress `json:"progress,omitempty"`
	Result   json.RawMessage     `json:"result,omitempty"`
	Failure  *failure            `json:"failure,omitempty"`
}

// errStopping ends what is asked of a bot that is being stopped.
var errStopping = errors.New("the running bot is being stopped; what is begun goes on at its next start")

// whileUp serves h until ctx ends, which ends the requests too: who waits for
// long work must not hold up the end of the bot.
func whileUp(ctx context.Context, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked, cancel := context.WithCancelCause(r.Context())
		defer cancel(nil)
		defer context.AfterFunc(ctx, func() { cancel(errStopping) })()
		h.ServeHTTP(w, r.WithContext(asked))
	})
}

// streaming serves long work: line by line to whoever asks for it so, else with
// the result alone.
func streaming[T any](work func(ctx context.Context, told func(provision.Progress)) (T, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Accept") != lineByLine {
			out, err := work(r.Context(), silence{}.told)
			reply(w, out, err)
			return
		}
		w.Header().Set("Content-Type", lineByLine)
		s := &lines{to: w, flush: http.NewResponseController(w).Flush}
		s.say(line{})
		stop := s.beat()
		out, err := work(r.Context(), func(at provision.Progress) { s.say(line{Progress: &at}) })
		stop()
		if err == nil {
			var data []byte
			if data, err = json.Marshal(out); err == nil {
				s.say(line{Result: data})
			}
		}
		if err != nil {
			if cause := context.Cause(r.Context()); errors.Is(cause, errStopping) {
				err = cause
			}
			s.say(line{Failure: &failure{err.Error(), errors.Is(err, access.ErrNotFound)}})
		}
	}
}

// lines writes lines.
type lines struct {
	mu    sync.Mutex // held while a line is written
	to    io.Writer
	flush func() error
}

// say writes a line. That nobody listens any more shows in the context of the
// request.
func (s *lines) say(l line) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = json.NewEncoder(s.to).Encode(l)
	_ = s.flush()
}

// beat says something from time to time until it is stopped.
func (s *lines) beat() (stop func()) {
	quit, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(beatEvery)
		defer tick.Stop()
		for {
			select {
			case <-quit:
				return
			case <-tick.C:
				s.say(line{})
			}
		}
	}()
	return func() { close(quit); <-ended }
}

// errSilent means that a running bot has stopped to answer.
var errSilent = errors.New("the running bot has said nothing for a minute; see its log")

// goesOn is the end of asking, not of what was asked for: the running bot works
// on.
type goesOn struct{ err error }

func (g goesOn) Error() string { return g.err.Error() }
func (g goesOn) Unwrap() error { return g.err }

// stream has a running bot do long work, and is told of how far it is. An
// interrupt is a goesOn once the bot has begun.
func (r remote) stream(ctx context.Context, path string, told func(provision.Progress), out any) error {
	patient, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	silent := time.AfterFunc(silentFor, func() { cancel(errSilent) })
	defer silent.Stop()
	req, err := http.NewRequestWithContext(patient, http.MethodPost, "http://bot"+path, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Accept", lineByLine)
	client := *r.client
	client.Timeout = 0 // silentFor takes its place
	res, err := client.Do(req)
	if err != nil {
		return because(patient, fmt.Errorf("ask the running bot: %w", err))
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != lineByLine {
		return answered(res, out)
	}
	last, err := lastLine(res.Body, func(l line) {
		silent.Reset(silentFor)
		if l.Progress != nil {
			told(*l.Progress)
		}
	})
	switch {
	case err != nil && ctx.Err() != nil:
		return goesOn{ctx.Err()}
	case err != nil:
		return because(patient, fmt.Errorf("the answer of the running bot: %w", err))
	case last.Failure != nil:
		return last.Failure.err()
	default:
		return json.Unmarshal(last.Result, out)
	}
}

// lastLine reads lines to the one that has what came of it, and shows all of
// them to see.
func lastLine(body io.Reader, see func(line)) (line, error) {
	scan := bufio.NewScanner(body)
	scan.Buffer(make([]byte, 0, 64<<10), maxLine)
	for scan.Scan() {
		var l line
		if err := json.Unmarshal(scan.Bytes(), &l); err != nil {
			return line{}, err
		}
		see(l)
		if l.Failure != nil || l.Result != nil {
			return l, nil
		}
	}
	if err := scan.Err(); err != nil {
		return line{}, err
	}
	return line{}, io.ErrUnexpectedEOF
}

// because names the cause with which a context was ended, if it was.
func because(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); errors.Is(cause, errSilent) {
		return cause
	}
	return err
}

// Sync implements operations.
func (r remote) Sync(ctx context.Context, told func(provision.Progress)) (s provision.Synced, err error) {
	err = r.stream(ctx, "/sync", told, &s)
	return s, err
}

// Plan implements operations.
func (r remote) Plan(ctx context.Context, told func(provision.Progress)) (rep provision.Report, err error) {
	err = r.stream(ctx, "/plan", told, &rep)
	return rep, err
}
