package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/server"
	"aws-access-bot/internal/settings"
	"aws-access-bot/internal/store"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"
)

// Largest bodies of the public routes in bytes: above what the services send,
// far below what hurts.
const (
	maxSlackBody  = 256 << 10
	maxGitHubBody = 5 << 20
)

func serveCommand(p program) *cobra.Command {
	var path string
	var asJSON bool
	c := &cobra.Command{
		Use:   "serve --settings bot.yaml",
		Short: "Run the bot",
		Args:  takes(),
		RunE: func(c *cobra.Command, _ []string) error {
			set, err := loadSettings(path, p)
			if err != nil {
				return err
			}
			return serve(c.Context(), set, p, p.logger(asJSON), nil)
		},
	}
	c.Flags().StringVar(&path, "settings", "bot.yaml", "settings file")
	c.Flags().BoolVar(&asJSON, "json", false, "log as JSON")
	return c
}

// loadSettings reads the settings; what is wrong with them is wrong use.
func loadSettings(path string, p program) (*settings.Settings, error) {
	set, err := settings.Load(path, p.getenv)
	if err != nil {
		return nil, usageError{err}
	}
	return set, nil
}

// serve runs the bot until ctx ends. started, if not nil, is called with the
// bot once its listeners are open and before its workers run.
func serve(ctx context.Context, set *settings.Settings, p program, log *slog.Logger, started func(*bot) error) error {
	b, err := open(ctx, set, p, log)
	if err == nil {
		err = b.serve(ctx, started)
		// Workers and listeners have ended; the store goes last.
		if cerr := b.db.Close(); cerr != nil {
			err = errors.Join(err, fmt.Errorf("close state file: %w", cerr))
		}
	}
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		log.Info("stopped")
		return nil
	}
	return err
}

// serve opens the listeners and runs everything until ctx ends or a part fails.
func (b *bot) serve(ctx context.Context, started func(*bot) error) error {
	public, err := server.Listen(ctx, b.set.Listen)
	if err != nil {
		return err
	}
	ops, err := server.Listen(ctx, b.set.OpsListen)
	if err != nil {
		return errors.Join(err, public.Close())
	}
	socket, err := server.ListenSocket(ctx, server.SocketPath(b.set.StateFile))
	if err != nil {
		return errors.Join(err, public.Close(), ops.Close())
	}
	if started != nil {
		if err := started(b); err != nil {
			return errors.Join(err, public.Close(), ops.Close(), socket.Close())
		}
	}
	b.log.Info("serving", "listen", public.Addr().String(), "ops", ops.Addr().String(), "enable_changes", b.set.EnableChanges, "version", version())
	b.sayWhereTheAuditLogEnds(ctx)
	b.sayIfNothingIsInForce(ctx)
	g, ctx := errgroup.WithContext(ctx)
	listeners := []struct {
		l net.Listener
		h http.Handler
	}{{public, server.Public(b.routes(), b, b.log)}, {ops, server.Ops(registry(b), b, b.guardLines, b.applicationLines, b.webhookLines)}, {socket, server.Unhurried(whileUp(ctx, control(b)))}}
	for _, x := range listeners {
		g.Go(func() error { return server.Serve(ctx, x.l, x.h, b.log) })
	}
	g.Go(func() error { return b.work(ctx) })
	return g.Wait()
}

// sayWhereTheAuditLogEnds notes the end of the audit log outside of the state
// file: a whole older file in its place has an audit log that ends before.
func (b *bot) sayWhereTheAuditLogEnds(ctx context.Context) {
	end, err := store.NewAudit(b.db).Tail(ctx, 1)
	if err != nil {
		b.log.Error("end of the audit log", "error", err)
		return
	}
	for _, e := range end {
		b.log.Info("audit log", "entries", e.Seq, "hash", e.Hash)
	}
}

// sayIfNothingIsInForce tells the log and the operations channel that nothing
// is applied before a first commit is named.
func (b *bot) sayIfNothingIsInForce(ctx context.Context) {
	if _, err := b.git.InForce(ctx); !errors.Is(err, access.ErrNotFound) {
		return
	}
	const text = "No commit is in force, so nothing is applied. Name the first one with `bot trust SHA`."
	b.log.Warn(text)
	// Said at each such start: with a lost state file it is true once more.
	now := time.Now().UTC()
	n := access.Notice{Key: "nothing-in-force/" + now.Format(time.RFC3339Nano), Kind: access.NoticeOps, At: now, Text: text}
	if err := b.outbox.PutNotice(ctx, n); err != nil {
		b.log.Error("ops notice", "key", n.Key, "error", err)
	}
}

// routes are the public routes.
func (b *bot) routes() []server.Route {
	return append(b.chatRoutes(), server.Route{Pattern: "POST /github/webhook", MaxBody: maxGitHubBody, Handler: b.webhook})
}

// Ready implements server.Readiness: a commit is in force, the config repo can
// be read, and nothing halts nor is stuck.
func (b *bot) Ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	st, err := b.git.Status(ctx)
	switch {
	case err != nil:
		return err
	case st.InForce == "":
		return fmt.Errorf("no commit is in force: name one with 'bot trust SHA': %w", access.ErrNotFound)
	case st.Blind != nil:
		return errors.New(st.Blind.Sentence())
	case st.Halt != nil:
		return errors.New(st.Halt.Sentence())
	case st.Stall != nil:
		return errors.New(st.Stall.Sentence())
	default:
		return nil
	}
}

// guardLines implements server.Detail: where GitHub guards the config repo
// less than it should, or does not show.
func (b *bot) guardLines(ctx context.Context) []string {
	rep, err := b.guards.Report(ctx)
	if err != nil {
		return []string{"guard: " + err.Error()}
	}
	return guardText(rep)
}

// applicationLines implements server.Detail: what is wrong with the enterprise
// application.
func (b *bot) applicationLines(ctx context.Context) []string {
	st, err := b.engine.Status(ctx)
	if err != nil {
		return []string{"application: " + err.Error()}
	}
	var out []string
	for _, l := range st.Application.Lines(time.Now()) {
		out = append(out, "application: "+l)
	}
	return out
}

// webhookLines implements server.Detail: webhooks that did not arrive.
func (b *bot) webhookLines(ctx context.Context) []string {
	rep, err := b.sweep.Report(ctx)
	if err != nil {
		return []string{"webhooks: " + err.Error()}
	}
	var out []string
	for _, l := range rep.Lines(time.Now()) {
		out = append(out, "webhooks: "+l)
	}
	return out
}
