package sandbox

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	headerTimeout = 5 * time.Second
	idleTimeout   = 2 * time.Minute
	maxHeader     = 64 << 10
	// drainTimeout is above the five whole seconds after which net/http's Shutdown
	// takes a connection for idle over which nothing was ever sent (golang/go issue
	// 22682): clients open some in advance.
	drainTimeout = 10 * time.Second
)

// Run serves the sandbox and works its clocks (webhooks, provisioning cycles)
// until ctx ends, then waits for what is under way. It returns nil, or why it
// could not go on. It may be called once.
func (s *Sandbox) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return s.serve(ctx, s.main, s.handler()) })
	g.Go(func() error {
		return s.serve(ctx, tls.NewListener(s.tls, s.ca.ServerConfig()), s.tlsHandler())
	})
	g.Go(func() error { return s.world.github.Run(ctx) })
	g.Go(func() error {
		if err := s.world.graph.Run(ctx); err != nil && ctx.Err() == nil {
			return fmt.Errorf("provisioning cycles: %w", err)
		}
		return nil
	})
	close(s.ready)
	return errors.Join(g.Wait(), s.Close())
}

// serve serves h on l until ctx ends. Requests see the end of ctx too, since an
// event stream would not end by itself.
func (s *Sandbox) serve(ctx context.Context, l net.Listener, h http.Handler) error {
	srv := &http.Server{
		Handler: h, ReadHeaderTimeout: headerTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader,
		BaseContext: func(net.Listener) context.Context { return ctx },
		ErrorLog:    slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(l) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve %s: %w", l.Addr(), err)
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer cancel()
	if err := srv.Shutdown(drain); err != nil {
		err = errors.Join(err, srv.Close())
		<-failed
		return fmt.Errorf("stop serving %s: %w", l.Addr(), err)
	}
	<-failed
	return nil
}

// tlsHandler routes the other one: what the bot gives a Microsoft token to, or
// believes keys of, it reaches over TLS only.
func (s *Sandbox) tlsHandler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/teams/", s.world.teams.Handler())
	mux.Handle("/", s.world.graph.Handler())
	return mux
}

// handler routes the main listener.
func (s *Sandbox) handler() http.Handler {
	mux := http.NewServeMux()
	aws := http.StripPrefix("/aws", s.world.aws.Handler())
	mux.Handle("/aws/", aws)
	mux.Handle("/github/", http.StripPrefix("/github", s.world.github.Handler()))
	mux.HandleFunc("GET /github/{owner}/{repo}/pull/{number}", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/#pull-"+r.PathValue("number"), http.StatusFound)
	})
	mux.HandleFunc("GET /archives/{channel}/{message}", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/#"+r.PathValue("channel")+"-"+r.PathValue("message"), http.StatusFound)
	})
	mux.Handle("/slack/api/", s.world.slack.Handler())
	mux.Handle("/slack/response/", s.world.slack.Handler())
	mux.HandleFunc("/teams/", func(w http.ResponseWriter, _ *http.Request) {
		writeError(w, http.StatusNotFound, "the bot speaks to Teams over TLS only: "+s.tlsURL+"/teams/")
	})
	proxy := s.proxy()
	for _, route := range []string{
		"/slack/commands", "/slack/interactions", "/slack/events", "/api/messages", "/github/webhook", "/healthz", "/readyz",
	} {
		mux.Handle(route, proxy)
	}
	mux.Handle("/sandbox/", s.guard(s.control()))
	mux.Handle("/", s.guard(s.page()))
	return mux
}

// proxy hands requests for the bot's own routes on to the bot, headers and
// body as they came: signatures are over these.
func (s *Sandbox) proxy() http.Handler {
	forward := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(s.bot())
			r.Out.Host = r.In.Host
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			writeError(w, http.StatusBadGateway, "the bot does not answer: "+err.Error())
		},
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.bot() == nil {
			writeError(w, http.StatusServiceUnavailable, "no bot is running with this sandbox")
			return
		}
		forward.ServeHTTP(w, r)
	})
}
