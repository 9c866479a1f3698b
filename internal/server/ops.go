package server

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/pprof"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Detail adds lines to the /readyz of the ops listener: what operators should
// know and what does not make the bot unready.
type Detail func(ctx context.Context) []string

// Ops returns the handler of the ops listener: metrics, profiles, and the
// detail that the public /readyz keeps to itself.
func Ops(metrics prometheus.Gatherer, ready Readiness, details ...Detail) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(metrics, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		status, lines := http.StatusOK, []string{"ok"}
		if err := ready.Ready(r.Context()); err != nil {
			status, lines = http.StatusServiceUnavailable, []string{err.Error()}
		}
		for _, d := range details {
			lines = append(lines, d(r.Context())...)
		}
		say(w, status, strings.Join(lines, "\n"))
	})
	return mux
}

// JSON answers with v as JSON.
func JSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// A failed write means that the client has gone.
	_ = json.NewEncoder(w).Encode(v)
}
