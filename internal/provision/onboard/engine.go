package onboard

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/provision"
)

// longestSleep bounds a sleep, before Options.Pace divides it, so that a jump of
// the clock is noticed.
const longestSleep = time.Minute

// Options change how the engine works.
type Options struct {
	// EnableChanges lets the engine write; without it, it looks and reports.
	EnableChanges bool
	// RoleAccount is the account whose role writes, 12 digits; "" where that is
	// not known. It must be the management account of the organization.
	RoleAccount string
	// Pace divides the engine's waits, for tests and the sandbox; zero is one.
	Pace float64
	// CallTimeout is the deadline of one outside call; zero is 30 seconds.
	CallTimeout time.Duration
	// Log may be nil.
	Log *slog.Logger
	// OnChange, if not nil, is called after every stored step; it must return at
	// once.
	OnChange func()
	// OnPlaced, if not nil, is called when an account is in its place, so that
	// what is granted there need not wait; it must return at once.
	OnPlaced func(account string)
	// OnDiffering, if not nil, is called when other accounts differ from their
	// files than before, or in other things; it must return at once.
	OnDiffering func()
}

// Engine brings accounts to their place. Its methods may be called at the same
// time. It implements [access.Estate], [access.OnboardEvidence],
// [access.OnboardRecords] and [access.Onboarder].
type Engine struct {
	Ports
	opts     Options
	wake     chan struct{}
	wakeIAM  chan struct{}
	schedule schedule

	mu   sync.Mutex // guards what follows
	view *access.EstateView
	// tags are those that were read of each account, tagTrouble why the last
	// reading of some failed, "" when it did not.
	tags       map[string]tagLook
	tagTrouble string
	// compared is the last answer of Differing.
	compared compared
}

// schedule is when what is due next; only the loop uses it. It is lost with the
// process, which then looks at everything.
type schedule struct {
	accounts map[string]time.Time
	// worked is when an account was last looked at, told what was told of it.
	worked map[string]time.Time
	told   map[string]string
	commit string
	// toldOf is the commit whose findings were told.
	toldOf string
	view   time.Time
	tree   time.Time
	// differing is in what the files and AWS differed.
	differing string
	// toldDiffering is which of that was told.
	toldDiffering string
}

func newSchedule() schedule {
	return schedule{accounts: map[string]time.Time{}, worked: map[string]time.Time{}, told: map[string]string{}}
}

var (
	_ access.Estate          = (*Engine)(nil)
	_ access.OnboardEvidence = (*Engine)(nil)
	_ access.OnboardRecords  = (*Engine)(nil)
	_ access.Onboarder       = (*Engine)(nil)
)

// NewEngine returns an engine that does nothing until Run.
func NewEngine(p Ports, o Options) (*Engine, error) {
	if p.Organization == nil || p.Commits == nil || p.Grants == nil || p.Store == nil || p.Now == nil {
		return nil, errors.New("onboard: a port is missing")
	}
	if o.CallTimeout <= 0 {
		o.CallTimeout = 30 * time.Second
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Engine{Ports: p, opts: o, wake: make(chan struct{}, 1), wakeIAM: make(chan struct{}, 1),
		schedule: newSchedule()}, nil
}

// now is the time in UTC without the monotonic clock, as it is stored.
func (e *Engine) now() time.Time { return e.Now().UTC().Round(0) }

// Wake makes the engine look at once, because another commit came into force or
// the baseline of an account may be live. It never blocks.
func (e *Engine) Wake() { poke(e.wake) }

func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Run works until ctx ends, and returns nil once everything it started has
// ended. What fails on the way is tried again and told.
func (e *Engine) Run(ctx context.Context) error {
	var loops sync.WaitGroup
	loops.Go(func() { e.loop(ctx, e.wake, e.pass) })
	if e.Users != nil {
		loops.Go(func() { e.loop(ctx, e.wakeIAM, e.countUsers) })
	}
	loops.Wait()
	return nil
}

// loop calls f whenever something is due.
func (e *Engine) loop(ctx context.Context, wake <-chan struct{}, f func(ctx context.Context, woken bool) (next time.Time, err error)) {
	failures, woken := 0, false
	for {
		next, err := f(ctx, woken)
		if err != nil && ctx.Err() == nil {
			next = e.now().Add(e.pace(backoff(failures)))
			failures++
			e.opts.Log.Error("onboarding", "error", err, "next", next)
		} else {
			failures = 0
		}
		if woken = e.sleep(ctx, wake, next); ctx.Err() != nil {
			return
		}
	}
}

// sleep waits until a time, a wake or the end of ctx, and reports whether it was
// woken. A zero time is the longest sleep.
func (e *Engine) sleep(ctx context.Context, wake <-chan struct{}, until time.Time) bool {
	d := e.pace(longestSleep)
	if !until.IsZero() {
		d = min(max(until.Sub(e.now()), 0), d)
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-wake:
		return true
	case <-ctx.Done():
	case <-t.C:
	}
	return false
}

// pace shortens a wait by Options.Pace.
func (e *Engine) pace(d time.Duration) time.Duration {
	if p := e.opts.Pace; p > 0 {
		return time.Duration(float64(d) / p)
	}
	return d
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

// save stores a record and tells that something changed.
func (e *Engine) save(ctx context.Context, step Step, r Record) error {
	if err := e.Store.SaveOnboarding(ctx, step, r); err != nil {
		return err
	}
	e.changed()
	return nil
}

func (e *Engine) changed() {
	if e.opts.OnChange != nil {
		e.opts.OnChange()
	}
}

// audit notes one outside change.
func (e *Engine) audit(ctx context.Context, action, target, cause string, err error) {
	result := "requested"
	switch {
	case err != nil && refused(err):
		result = "FAILED: " + err.Error()
	case err != nil:
		result = "unknown"
	}
	e.opts.Log.Info("outside change", "action", action, "target", target, "cause", cause, "result", result)
	if e.Audit == nil {
		return
	}
	if err := e.Audit.Audit(ctx, provision.AuditEvent{At: e.now(), Action: action, Target: target, Cause: cause, Result: result}); err != nil {
		e.opts.Log.Error("audit", "action", action, "target", target, "error", err)
	}
}

// notify tells the operations channel once per key.
func (e *Engine) notify(ctx context.Context, key, text string) error {
	return e.put(ctx, access.Notice{Key: key, Text: text})
}

// put is notify for a notice that has a key and a text.
func (e *Engine) put(ctx context.Context, n access.Notice) error {
	if e.Ops == nil {
		return nil
	}
	n.Key, n.Kind, n.At = "onboard/"+n.Key, access.NoticeOps, e.now()
	if err := e.Ops.PutNotice(ctx, n); err != nil {
		return fmt.Errorf("ops notice %s: %w", n.Key, err)
	}
	return nil
}
