package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"time"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/gitops/audience"
	"aws-access-bot/internal/gitops/delivery"
	"aws-access-bot/internal/gitops/guard"
	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/secret"
	"aws-access-bot/internal/server"
	"aws-access-bot/internal/settings"
	"aws-access-bot/internal/store"
)

// operations are what the other subcommands can have done. A running bot does
// them for them, over its control socket; when none runs, the subcommand opens
// the state file itself.
type operations interface {
	Status(ctx context.Context) (statusReport, error)
	// Trust puts a commit in force by somebody's word, and returns what he has to
	// know besides, "" for nothing.
	Trust(ctx context.Context, sha string, w gitops.Word) (note string, err error)
	// Adoptable lists what Trust would take over of the commit since.
	Adoptable(ctx context.Context, sha, since string, w gitops.Word) (gitops.Adoptable, error)
	// Sync reads everything, begins what may begin and follows it to its end.
	// told is called with how far it is, as that of Plan.
	Sync(ctx context.Context, told func(provision.Progress)) (provision.Synced, error)
	// Plan compares the commit in force with the live systems and writes
	// nothing to them.
	Plan(ctx context.Context, told func(provision.Progress)) (provision.Report, error)
	// History returns the requests that were asked since a time, and the config
	// in force.
	History(ctx context.Context, since time.Time) (history, error)
	// Footing returns the config in force, if there is one, and what is owned.
	Footing(ctx context.Context) (footing, error)
}

// statusReport is the answer of status.
type statusReport struct {
	Commits   gitops.Status      `json:"commits"`
	Guards    guard.Report       `json:"guards"`
	Webhooks  delivery.Report    `json:"webhooks"`
	People    []audience.Finding `json:"people,omitempty"`
	Provision provision.Overview `json:"provision"`
	Requests  map[string]int     `json:"requests"`
	Migration *access.Board      `json:"migration,omitempty"`
	Changes   bool               `json:"enable_changes"`
	Version   string             `json:"version"`
	Troubles  []string           `json:"troubles,omitempty"`
	NotReady  string             `json:"not_ready,omitempty"`
	Processes string             `json:"process"` // "running" or "none"
}

// Status implements operations.
func (b *bot) Status(ctx context.Context) (statusReport, error) {
	commits, err := b.git.Status(ctx)
	if err != nil {
		return statusReport{}, err
	}
	guards, err := b.guards.Report(ctx)
	if err != nil {
		return statusReport{}, err
	}
	webhooks, err := b.sweep.Report(ctx)
	if err != nil {
		return statusReport{}, err
	}
	grown, err := b.people.Report(ctx)
	if err != nil {
		return statusReport{}, err
	}
	overview, err := b.engine.Status(ctx)
	if err != nil {
		return statusReport{}, err
	}
	all, err := b.requests.All(ctx)
	if err != nil {
		return statusReport{}, err
	}
	board, err := b.board(ctx)
	if err != nil {
		return statusReport{}, err
	}
	r := statusReport{Commits: commits, Guards: guards, People: grown, Webhooks: webhooks, Provision: overview, Requests: map[string]int{}, Migration: board, Changes: b.set.EnableChanges, Version: version(), Processes: "none"}
	for _, x := range all {
		r.Requests[string(x.State)]++
		if x.Trouble != "" {
			r.Troubles = append(r.Troubles, fmt.Sprintf("%s: %s", x.ID, x.Trouble))
		}
	}
	if err := b.Ready(ctx); err != nil {
		r.NotReady = err.Error()
	}
	return r, nil
}

// Trust implements operations.
func (b *bot) Trust(ctx context.Context, sha string, w gitops.Word) (string, error) {
	return b.git.Vouch(ctx, sha, w)
}

// Adoptable implements operations.
func (b *bot) Adoptable(ctx context.Context, sha, since string, w gitops.Word) (gitops.Adoptable, error) {
	return b.git.Adoptable(ctx, sha, since, w)
}

// Sync implements operations. The engine must run.
func (b *bot) Sync(ctx context.Context, told func(provision.Progress)) (provision.Synced, error) {
	s, err := b.engine.SyncToEnd(ctx, told)
	return s, untrusted(err, "sync")
}

// control serves operations on the control socket. Its file mode is what
// guards it.
func control(b *bot) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, r *http.Request) {
		st, err := b.Status(r.Context())
		st.Processes = "running"
		reply(w, st, err)
	})
	mux.HandleFunc("POST /sync", streaming(b.Sync))
	mux.HandleFunc("POST /plan", streaming(b.Plan))
	mux.HandleFunc("GET /history", historyHandler(b))
	mux.HandleFunc("GET /footing", footingHandler(b))
	mux.HandleFunc("POST /trust", trusting(func(ctx context.Context, in trustCall) (any, error) {
		note, err := b.Trust(ctx, in.SHA, in.word())
		return trustAnswer{note}, err
	}))
	mux.HandleFunc("POST /adoptable", trusting(func(ctx context.Context, in trustCall) (any, error) {
		return b.Adoptable(ctx, in.SHA, in.Adopt.Since, in.word())
	}))
	return mux
}

// trustCall carries a token: it goes over the control socket and nowhere else.
// The bot asks GitHub whose it is itself, since it believes nobody who only says
// who he is.
type trustCall struct {
	SHA    string `json:"sha"`
	Token  string `json:"token"`
	System string `json:"system"`

	Adopt gitops.Adoption `json:"adopt,omitzero"`
}

func newTrustCall(sha string, w gitops.Word) trustCall {
	return trustCall{SHA: sha, Token: w.Token.Reveal(), System: w.System, Adopt: w.Adopt}
}

func (c trustCall) word() gitops.Word {
	return gitops.Word{Token: secret.New(c.Token), System: c.System, Adopt: c.Adopt}
}

// trusting serves calls that carry a token.
func trusting(do func(context.Context, trustCall) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in trustCall
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 4<<10)).Decode(&in); err != nil {
			// Not the decoder's words, which may quote what it was given.
			server.JSON(w, http.StatusBadRequest, failure{"what to trust could not be read; is this bot of another version?", false})
			return
		}
		out, err := do(r.Context(), in)
		reply(w, out, err)
	}
}

// trustAnswer is what somebody has to know whose word was taken.
type trustAnswer struct {
	Note string `json:"note,omitempty"`
}

// failure is an error on the control socket.
type failure struct {
	Error    string `json:"error"`
	NotFound bool   `json:"not_found,omitempty"`
}

func reply(w http.ResponseWriter, v any, err error) {
	if err != nil {
		server.JSON(w, http.StatusInternalServerError, failure{err.Error(), errors.Is(err, access.ErrNotFound)})
		return
	}
	server.JSON(w, http.StatusOK, v)
}

// remote has a running bot do operations.
type remote struct{ client *http.Client }

func (r remote) call(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		data, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://bot"+path, body)
	if err != nil {
		return err
	}
	res, err := r.client.Do(req)
	if err != nil {
		return fmt.Errorf("ask the running bot: %w", err)
	}
	defer func() { _ = res.Body.Close() }()
	return answered(res, out)
}

// answered reads an answer that comes in one piece.
func answered(res *http.Response, out any) error {
	if res.StatusCode != http.StatusOK {
		var f failure
		if err := json.NewDecoder(res.Body).Decode(&f); err != nil {
			return fmt.Errorf("the running bot answered %s", res.Status)
		}
		return f.err()
	}
	return json.NewDecoder(res.Body).Decode(out)
}

// err is a failure as an error.
func (f failure) err() error {
	if f.NotFound {
		return fmt.Errorf("%s: %w", f.Error, access.ErrNotFound)
	}
	return errors.New(f.Error)
}

// Status implements operations.
func (r remote) Status(ctx context.Context) (st statusReport, err error) {
	err = r.call(ctx, http.MethodGet, "/status", nil, &st)
	return st, err
}

// Trust implements operations.
func (r remote) Trust(ctx context.Context, sha string, w gitops.Word) (string, error) {
	var out trustAnswer
	err := r.call(ctx, http.MethodPost, "/trust", newTrustCall(sha, w), &out)
	return out.Note, err
}

// Adoptable implements operations. A bot of a version that adopts nothing answers
// that it does not know the call, before anything is trusted.
func (r remote) Adoptable(ctx context.Context, sha, since string, w gitops.Word) (out gitops.Adoptable, err error) {
	w.Adopt.Since = since
	err = r.call(ctx, http.MethodPost, "/adoptable", newTrustCall(sha, w), &out)
	return out, err
}

// stateFile says what to do when there is no state file.
type stateFile bool

const (
	mustExist stateFile = false // a mistyped path is told, not made
	mayCreate stateFile = true  // the first commit may be named before the first start
)

// withOperations runs f with a running bot, or with one of its own that
// serves nobody.
func withOperations(ctx context.Context, set *settings.Settings, p program, file stateFile, f func(operations) error) error {
	if _, err := os.Stat(set.StateFile); errors.Is(err, fs.ErrNotExist) && file == mustExist {
		return fmt.Errorf("there is no state file at %s: no bot has run with these settings; start it with 'bot serve', or check state_file", set.StateFile)
	}
	b, err := open(ctx, set, p, p.logger(false))
	if errors.Is(err, store.ErrInUse) {
		return f(remote{server.SocketClient(server.SocketPath(set.StateFile))})
	}
	if err != nil {
		return err
	}
	return errors.Join(f(alone{b}), b.db.Close())
}

// alone is a bot that serves nobody.
type alone struct{ *bot }

// Sync implements operations: nothing else runs that would work on what the pass
// has begun.
func (a alone) Sync(ctx context.Context, told func(provision.Progress)) (provision.Synced, error) {
	run, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- a.engine.Run(run) }()
	defer func() { stop(); <-ended }()
	return a.bot.Sync(ctx, told)
}
