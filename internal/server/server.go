// Package server is the HTTP ingress of the bot: which routes exist, how large
// and how slow a request may be, what happens on a panic, health, metrics, and
// the control socket for the other commands of the program.
//
// The public listener has the routes given to [Public] and two of its own,
// /healthz and /readyz, which say ok or not and nothing else. Metrics and
// pprof are on the ops listener, which is loopback by default. Who may call a
// route is the business of its handler: each verifies its own signature before
// it parses anything.
package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"time"
)

// Limits of the public listener, against slow and fat clients.
const (
	maxHeader     = 64 << 10
	headerTimeout = 5 * time.Second
	readTimeout   = 15 * time.Second
	writeTimeout  = 15 * time.Second
	idleTimeout   = 60 * time.Second
	maxConns      = 1024
	drainTimeout  = 10 * time.Second
)

// Route is one path of the public listener.
type Route struct {
	// Pattern is a net/http ServeMux pattern, e.g. "POST /slack/commands".
	Pattern string
	// MaxBody is the largest body in bytes; more is answered with 413.
	MaxBody int64
	Handler http.Handler
}

// Readiness says whether the bot can do its work.
type Readiness interface {
	// Ready returns nil, or why not.
	Ready(ctx context.Context) error
}

// Public returns the handler of the public listener.
func Public(routes []Route, ready Readiness, log *slog.Logger) http.Handler {
	mux := http.NewServeMux()
	for _, r := range routes {
		mux.Handle(r.Pattern, limitBody(r.MaxBody, r.Handler))
	}
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { say(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if err := ready.Ready(r.Context()); err != nil {
			log.Warn("not ready", "error", err)
			say(w, http.StatusServiceUnavailable, "not ready")
			return
		}
		say(w, http.StatusOK, "ok")
	})
	return recovered(mux, log)
}

func say(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = fmt.Fprintln(w, text)
}

// Unhurried takes the time limits of the listener off h: for long work asked for
// on the control socket, whose callers are trusted. The end of the request's
// context, when its caller leaves, still ends it.
func Unhurried(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rc := http.NewResponseController(w)
		if err := errors.Join(rc.SetReadDeadline(time.Time{}), rc.SetWriteDeadline(time.Time{})); err != nil {
			say(w, http.StatusInternalServerError, "deadline: "+err.Error())
			return
		}
		h.ServeHTTP(w, r)
	})
}

// limitBody refuses a body that is announced too large, and cuts one that
// turns out to be: reading it then gives *http.MaxBytesError.
func limitBody(limit int64, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength > limit {
			say(w, http.StatusRequestEntityTooLarge, "request body too large")
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, limit)
		h.ServeHTTP(w, r)
	})
}

// begun notes whether an answer was begun.
type begun struct {
	http.ResponseWriter
	yes bool
}

func (b *begun) WriteHeader(status int) {
	b.yes = true
	b.ResponseWriter.WriteHeader(status)
}

func (b *begun) Write(p []byte) (int, error) {
	b.yes = true
	return b.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController reach the connection.
func (b *begun) Unwrap() http.ResponseWriter { return b.ResponseWriter }

// recovered turns a panic into a 500, never into success: an answer that was
// begun is broken off.
func recovered(h http.Handler, log *slog.Logger) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w := &begun{ResponseWriter: rw}
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(p)
			}
			log.Error("handler panicked", "path", r.URL.Path, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			if w.yes {
				panic(http.ErrAbortHandler)
			}
			say(w, http.StatusInternalServerError, "internal error")
		}()
		h.ServeHTTP(w, r)
	})
}

// Listen opens a TCP listener that holds at most maxConns connections.
func Listen(ctx context.Context, addr string) (net.Listener, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", addr, err)
	}
	return capped(l, maxConns), nil
}

// Serve serves h on l until ctx ends, then lets requests finish for as long as
// drainTimeout, and cuts off what is left. It closes l.
func Serve(ctx context.Context, l net.Listener, h http.Handler, log *slog.Logger) error {
	srv := &http.Server{
		Handler: h, MaxHeaderBytes: maxHeader, ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout,
		WriteTimeout: writeTimeout, IdleTimeout: idleTimeout, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(l) }()
	select {
	case err := <-failed:
		return errors.Join(fmt.Errorf("serve %s: %w", l.Addr(), err), srv.Close())
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer cancel()
	err := srv.Shutdown(drain)
	if err != nil {
		err = errors.Join(fmt.Errorf("stop serving %s: %w", l.Addr(), err), srv.Close())
	}
	if serr := <-failed; !errors.Is(serr, http.ErrServerClosed) {
		err = errors.Join(err, serr)
	}
	return err
}
