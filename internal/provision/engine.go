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
	// parallelPrincipals groups and users are worked on at a time.
	parallelPrincipals = 4
	// sweepReads of the slow check are made per pass, so that it never holds
	// up what is urgent for long.
	sweepReads = 20
	// needReads of what is under way are made per pass.
	needReads = 60
)

// Ports are what the engine works with. All are needed but Drifts, Identity,
// Audit, Ops, Cutovers, Origins and Places; without Drifts drift is found and not kept,
// without Cutovers or Origins nobody is asked whether people are still in.
type Ports struct {
	Center   Center
	Entra    Entra
	Accounts Accounts
	// Places is nil where account files are not held against Organizations.
	Places   Places
	Commits  Commits
	Store    Store
	Drifts   Findings
	Cutovers Cutovers
	Origins  Origins
	// Trail knows who made a drift; nil where that is not looked up.
	Trail    Trail
	Identity CallerPort
	Clocks   Clocks
	Audit    Audit
	Ops      Ops
	// Sets may be zero: then permission sets are left alone.
	Sets SetPorts
	Now  func() time.Time
	// Elapsed is how long the process runs, by a clock that nobody can set; nil
	// is the monotonic clock of Now.
	Elapsed func() time.Duration
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
	// Sweep is how often everything that is live is read, whoever has it,
	// first one Check after the start. Zero is once a day, or once a week
	// where assignments are read by principal; negative is never.
	Sweep time.Duration
	// Sketch says that nobody acts on what is found out and that the records are
	// thrown away: then who is in no list of Identity Center is not there, and
	// need not be looked for by himself.
	Sketch bool
	// CallTimeout is the deadline of one outside call; zero is 30 seconds.
	CallTimeout time.Duration
	// Watch has the enterprise application looked at, at the start and daily.
	Watch bool
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
	wakePrincipals  chan struct{}
	wakeSets        chan struct{}
	wakeTrail       chan struct{}
	wakeApplication chan struct{}
	sets            sets

	// turn is held by the one pass at a time; it guards desk. Whoever waits has
	// it in order, so that a long check lets what is urgent in between.
	turn chan struct{}
	desk desk

	outlooks  outlooks
	demands   demandWindow
	claims    *claims
	measuring sync.Mutex // one measure is added at a time

	mu    sync.Mutex // guards what follows
	needs map[config.Principal]principalNeed
	last  Report
	// caller is as whom AWS said that the bot acts, zero while it has not.
	caller Caller
	// progress is how far a sync is, places who is where in the queue.
	progress Progress
	places   places
	// anew are accounts that are to be looked up at once.
	anew map[string]bool
}

// desk is what the passes know beside the records; it is lost with the process
// and found out again.
type desk struct {
	sight     Sight
	readFails map[target]failing
	// pages is how many calls the last reading of a principal took.
	pages map[LiveAssignment]int
	// wholeDenied and unlistable are until when reading by principal is not
	// tried, at all or for one.
	wholeDenied time.Time
	unlistable  map[LiveAssignment]time.Time
	sets        map[string]setLook
	polls       map[config.Assignment]schedule
	looks       map[config.Assignment]schedule
	// left is when an operation was first missing in the list of those in
	// progress.
	left map[config.Assignment]time.Time
	pulse
	ends ends
	// line is what waited for its turn when the last pass ended, in order.
	line []config.Assignment
	// held are records whose pair need not be read again for a while.
	held     map[config.Assignment]hold
	accounts map[string]accountLook
	// differing has a sentence for each account that differs from its file.
	differing  map[string]string
	management string
	own        OwnRole
	clock      watchedClock
	// doubtful: what time it is was in doubt when the guards were last asked.
	doubtful bool
	// manageTry is when the management account may be asked for again.
	manageTry time.Time
	// named are strangers that were looked up.
	named    map[LiveAssignment]stranger
	counting counting
	// lagging are findings that one reading alone shows, see mayLag.
	lagging map[string]Finding
	// restoring is what was found out of who is to get something back.
	restoring map[config.Assignment]restoreCheck
	// lookFails are the look-ups that failed, by what they are of.
	lookFails map[string]failing
	// check is the slow check of what is declared and owned, checked the last
	// one that ended; asked has one begin at once, and askedSince is what it
	// may take for read.
	check, checked sweep
	checks         int // that have ended
	asked          bool
	askedSince     time.Time
	// complete is the slow check of everything, strangers what it has found so
	// far, wide the last one that ended.
	complete  sweep
	strangers map[strange]Extra
	wide      *Complete
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
	if p.Elapsed == nil {
		begun := p.Now()
		p.Elapsed = func() time.Duration { return p.Now().Sub(begun) }
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
	e := &Engine{Ports: p, opts: o, wakeAssignments: make(chan struct{}, 1), wakePrincipals: make(chan struct{}, 1),
		wakeSets: make(chan struct{}, 1), wakeTrail: make(chan struct{}, 1), wakeApplication: make(chan struct{}, 1), sets: newSets(),
		turn: make(chan struct{}, 1), needs: map[config.Principal]principalNeed{}, anew: map[string]bool{}, claims: newClaims()}
	e.book = &book{store: p.Store, changed: func() {
		if o.OnChange != nil {
			o.OnChange()
		}
	}}
	e.desk = desk{sight: Sight{Pairs: map[config.Pair]PairState{}, Wholes: map[LiveAssignment]Whole{}},
		readFails: map[target]failing{}, pages: map[LiveAssignment]int{}, unlistable: map[LiveAssignment]time.Time{}, sets: map[string]setLook{},
		polls: map[config.Assignment]schedule{}, looks: map[config.Assignment]schedule{}, left: map[config.Assignment]time.Time{},
		pulse: newPulse(), held: map[config.Assignment]hold{}, accounts: map[string]accountLook{}, counting: newCounting(), lagging: map[string]Finding{}, restoring: map[config.Assignment]restoreCheck{}, named: map[LiveAssignment]stranger{}, lookFails: map[string]failing{}}
	return e, nil
}

// now is the time in UTC without the monotonic clock, as it is stored.
func (e *Engine) now() time.Time { return e.Now().UTC().Round(0) }

// Wake makes the engine look at once, for instance because another commit came
// into force. It never blocks.
func (e *Engine) Wake() {
	poke(e.wakeAssignments)
	poke(e.wakeSets)
	poke(e.wakeApplication)
}

// LookUp has an account looked up at once, because it joined the organization.
// It never blocks.
func (e *Engine) LookUp(account string) {
	e.mu.Lock()
	e.anew[account] = true
	e.mu.Unlock()
	e.Wake()
}

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
	loops.Go(func() { e.principalLoop(ctx) })
	loops.Go(func() { e.setLoop(ctx) })
	if e.Trail != nil && e.Drifts != nil {
		loops.Go(func() { e.trailLoop(ctx) })
	}
	if e.opts.Watch {
		loops.Go(func() { e.applicationLoop(ctx) })
	}
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
	// Read is how many readings were made; FailedReads and FailedPrincipals
	// are those that failed.
	Read             int              `json:"read"`
	FailedReads      []config.Pair    `json:"failed_reads,omitempty"`
	FailedPrincipals []LiveAssignment `json:"failed_principals,omitempty"`
	// Touched is how what is under way was read in this pass, Check how the
	// last check of everything declared and owned was; nil when there was none.
	Touched *Choice `json:"touched,omitempty"`
	Check   *Choice `json:"check,omitempty"`
	// Complete is the last reading of everything that is live, nil before the
	// first one.
	Complete *Complete `json:"complete,omitempty"`
	// Started operations were sent; Outstanding are under way in AWS.
	Started     int `json:"started"`
	Outstanding int `json:"outstanding"`
	// Queue is there when many operations are due.
	Queue *Queue `json:"queue,omitempty"`
	// Sets are the declared permission sets; absent when they are left alone.
	Sets []SetReport `json:"sets,omitempty"`
	// Warnings are what a plan found out of whom grants do not reach.
	Warnings []Warning `json:"warnings,omitempty"`
	// Unlooked are groups and users that could not be looked for in Identity
	// Center; nil when all were.
	Unlooked *Unlooked `json:"unlooked,omitempty"`
	// checked is when the last check of everything declared and owned began,
	// checks how many have ended.
	checked time.Time
	checks  int
	queue   Queue
}

// Sync reads everything that is declared and owned, plans, asks the guards and
// begins what may begin. Operations go on under Run, which is woken.
// access.ErrNotFound means that no commit is trusted yet.
func (e *Engine) Sync(ctx context.Context) (Report, error) { return e.SyncSince(ctx, e.now()) }

// SyncSince is Sync, but takes what was read since a time for read. It works
// in small passes, between which what is urgent has its turn. Who was never
// looked for in Identity Center is, and what that shows is read too.
func (e *Engine) SyncSince(ctx context.Context, since time.Time) (Report, error) {
	r, err := e.checkSince(ctx, since)
	if err != nil {
		return Report{}, err
	}
	started := r.Started
	if left := unlooked(r.Plan); len(left) > 0 {
		unknown, err := e.lookAll(ctx, left)
		if err != nil {
			return Report{}, err
		}
		if r, err = e.checkSince(ctx, since); err != nil {
			return Report{}, err
		}
		started += r.Started
		if len(unknown.Principals) > 0 {
			r.Unlooked = &unknown
		}
	}
	if r.Sets, _, err = e.passSets(ctx, true); err != nil {
		return Report{}, err
	}
	poke(e.wakePrincipals)
	poke(e.wakeAssignments)
	poke(e.wakeSets)
	r.Started = started
	return r, nil
}

// checkSince has everything that is declared and owned read that was not since a
// time, and returns the pass in which that ended.
func (e *Engine) checkSince(ctx context.Context, since time.Time) (Report, error) {
	release, err := e.takeTurn(ctx)
	if err != nil {
		return Report{}, fmt.Errorf("sync: %w", err)
	}
	e.desk.asked, e.desk.askedSince = true, since
	ended := e.desk.checks
	release()
	for started, first := 0, true; ; first = false {
		r, _, err := e.pass(ctx, first)
		if err != nil {
			return Report{}, err
		}
		if r == nil {
			return Report{}, fmt.Errorf("sync: no commit is in force: %w", access.ErrNotFound)
		}
		started += r.Started
		if r.checks > ended && !r.checked.Before(since) {
			r.Started = started
			return *r, nil
		}
	}
}

// takeTurn waits until no pass is under way, and keeps others out until release.
func (e *Engine) takeTurn(ctx context.Context) (release func(), err error) {
	select {
	case e.turn <- struct{}{}:
		return func() { <-e.turn }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
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
