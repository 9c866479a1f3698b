package provision

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
)

// Limits of the work at one time.
const (
	// maxOutstanding operations may run in AWS at a time (Identity Center
	// quotas: 15 outstanding CreateAccountAssignment; deletions are counted
	// in, since AWS does not say that they are not).
	maxOutstanding = 15
	// parallelCalls to AWS are under way at most; the rate is the adapter's.
	parallelCalls = 8
	// parallelGroups are worked on at a time.
	parallelGroups = 4
	// sweepReads of the slow check are made per pass, so that it never holds
	// up what is urgent for long.
	sweepReads = 20
)

// Ports are what the engine works with. All are needed but Drifts, Identity,
// Audit and Ops; without Drifts drift is found and not kept.
type Ports struct {
	Center   Center
	Entra    Entra
	Accounts Accounts
	Commits  Commits
	Store    Store
	Drifts   Findings
	Identity Identity
	Clocks   Clocks
	Audit    Audit
	Ops      Ops
	Now      func() time.Time
}

// Options change how the engine works.
type Options struct {
	// EnableChanges lets the engine write; without it, it plans and reports.
	EnableChanges bool
	// Pace divides the engine's own waits, for tests and the sandbox; zero is
	// one. The windows of the guards stay as they are.
	Pace float64
	// Check is how often everything declared and owned is read; zero is one
	// hour.
	Check time.Duration
	// CallTimeout is the deadline of one outside call; zero is 30 seconds.
	CallTimeout time.Duration
	// Log may be nil.
	Log *slog.Logger
	// OnChange, if not nil, is called after every stored step; it must return
	// at once.
	OnChange func()
	// Asker, if not nil, returns the Entra id of who made a request, so that
	// the group's on-demand provisioning has him among its five.
	Asker func(ctx context.Context, request string) (string, bool)
}

// Engine brings Identity Center to what is desired. Its methods may be called
// at the same time.
type Engine struct {
	Ports
	opts Options
	book *book

	wakeAssignments chan struct{}
	wakeGroups      chan struct{}

	passMu sync.Mutex // one pass at a time; guards desk
	desk   desk

	mu    sync.Mutex // guards what follows
	needs map[string]groupNeed
	last  Report
	// stepping has the groups that are being worked on.
	stepping map[string]bool
}

// desk is what the passes know beside the records; it is lost with the process
// and found out again.
type desk struct {
	readings  map[config.Pair]reading
	readFails map[config.Pair]failing
	polls     map[config.Assignment]schedule
	looks     map[config.Assignment]schedule
	// held are records whose pair need not be read again for a while.
	held       map[config.Assignment]hold
	accounts   map[string]accountLook
	management string
	own        OwnRole
	// manageTry is when the management account may be asked for again.
	manageTry time.Time
	sweep     []config.Pair
	sweepAt   time.Time // when the next slow check begins
}

// failing counts errors in a row and says when to try again.
type failing struct {
	n    int
	next time.Time
}

// hold is why a record's pair need not be read again: it was judged under a
// commit. It ends with the commit, and at until if that is not zero.
type hold struct {
	commit string
	until  time.Time
}

// schedule counts what was done and says when it is done again.
type schedule struct {
	n    int
	next time.Time
}

// New returns an engine that does nothing until Run or Sync.
func New(p Ports, o Options) (*Engine, error) {
	if p.Center == nil || p.Entra == nil || p.Accounts == nil || p.Commits == nil || p.Store == nil || p.Clocks == nil || p.Now == nil {
		return nil, errors.New("provision: a port is missing")
	}
	if o.Check <= 0 {
		o.Check = time.Hour
	}
	if o.CallTimeout <= 0 {
		o.CallTimeout = 30 * time.Second
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	e := &Engine{Ports: p, opts: o, wakeAssignments: make(chan struct{}, 1), wakeGroups: make(chan struct{}, 1),
		needs: map[string]groupNeed{}, stepping: map[string]bool{}}
	e.book = &book{store: p.Store, changed: func() {
		if o.OnChange != nil {
			o.OnChange()
		}
	}}
	e.desk = desk{readings: map[config.Pair]reading{}, readFails: map[config.Pair]failing{},
		polls: map[config.Assignment]schedule{}, looks: map[config.Assignment]schedule{},
		held: map[config.Assignment]hold{}, accounts: map[string]accountLook{}}
	return e, nil
}

// now is the time in UTC without the monotonic clock, as it is stored.
func (e *Engine) now() time.Time { return e.Now().UTC().Round(0) }

// Wake makes the engine look at once, for instance because another commit came
// into force. It never blocks.
func (e *Engine) Wake() { poke(e.wakeAssignments) }

func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Run works until ctx ends, and returns nil once everything it started has
// ended. What fails on the way is retried, and told by Status.
func (e *Engine) Run(ctx context.Context) error {
	var loops sync.WaitGroup
	loops.Go(func() { e.assignmentLoop(ctx) })
	loops.Go(func() { e.groupLoop(ctx) })
	loops.Wait()
	return nil
}

// assignmentLoop makes a pass whenever something is due.
func (e *Engine) assignmentLoop(ctx context.Context) {
	failures := 0
	for {
		_, next, err := e.pass(ctx, false)
		if err != nil && ctx.Err() == nil {
			failures++
			next = e.now().Add(e.pace(backoff(readFirst, longestSleep, failures)))
			e.opts.Log.Error("provisioning pass", "error", err, "next", next)
		} else {
			failures = 0
		}
		if !e.sleep(ctx, e.wakeAssignments, next) {
			return
		}
	}
}

// Report is what one pass found and did.
type Report struct {
	At     time.Time `json:"at"`
	Commit string    `json:"commit"`
	Plan   Result    `json:"plan"`
	// Refused are changes that a guard holds back.
	Refused []Refused `json:"refused"`
	// Read pairs were read in this pass; FailedReads are those that failed.
	Read        int           `json:"read"`
	FailedReads []config.Pair `json:"failed_reads,omitempty"`
	// Started operations were sent; Outstanding are under way in AWS.
	Started     int `json:"started"`
	Outstanding int `json:"outstanding"`
}

// Sync makes one full pass: it reads every declared and owned pair, plans,
// asks the guards and begins what may begin. Operations go on under Run, which
// is woken. access.ErrNotFound means that no commit is trusted yet.
func (e *Engine) Sync(ctx context.Context) (Report, error) {
	r, _, err := e.pass(ctx, true)
	if err != nil {
		return Report{}, err
	}
	if r == nil {
		return Report{}, fmt.Errorf("sync: no commit is in force: %w", access.ErrNotFound)
	}
	poke(e.wakeGroups)
	poke(e.wakeAssignments)
	return *r, nil
}

// call gives an outside read its deadline.
func (e *Engine) call(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, e.opts.CallTimeout)
}

// write gives an outside write its deadline. The end of ctx does not cut it
// short: an answer that is on its way is better waited for than lost.
func (e *Engine) write(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), e.opts.CallTimeout)
}

// audit notes one outside change.
func (e *Engine) audit(ctx context.Context, action, target string, cause Cause, result string) {
	e.opts.Log.Info("outside change", "action", action, "target", target, "cause", cause.String(), "result", result)
	if e.Audit == nil {
		return
	}
	if err := e.Audit.Audit(ctx, AuditEvent{e.now(), action, target, cause.String(), result}); err != nil {
		e.opts.Log.Error("audit", "action", action, "target", target, "error", err)
	}
}

// notify tells the operations channel once per key.
func (e *Engine) notify(ctx context.Context, key, text string) {
	if e.Ops == nil {
		return
	}
	n := access.Notice{Key: "provision/" + key, Kind: access.NoticeOps, At: e.now(), Text: text}
	if err := e.Ops.PutNotice(ctx, n); err != nil {
		e.opts.Log.Error("ops notice", "key", n.Key, "error", err)
	}
}
