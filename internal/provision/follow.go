package provision

import (
	"context"
	"slices"
	"time"

	"aws-access-bot/config"
)

// How often whoever watches is told, and how long operations are followed.
// followPatience is how long nothing may move.
const (
	tellEvery      = 250 * time.Millisecond
	followPatience = 5 * time.Minute
	// followArrival is how long after its undertaking began a group or user is
	// waited for: provisioning on demand takes a minute or two, the cycle longer
	// than anybody watches.
	followArrival = 2 * time.Minute
	// followListing is how long after its end an operation is expected to show
	// in AWS's lists.
	followListing = 20 * time.Second
)

// Work is how the changes of a sync go. What is in none of the other
// counts waits for its turn in AWS.
type Work struct {
	Due     int `json:"due"`
	Done    int `json:"done"`
	Failed  int `json:"failed"`  // and tried again later
	Waiting int `json:"waiting"` // for Entra to bring the group or user
	Held    int `json:"held"`    // by a guard, since the plan was made
	Running int `json:"running"` // in AWS
	// Unlisted are those that AWS says have ended, while its lists do not show
	// it: that is looked at again, and may take long.
	Unlisted int `json:"unlisted"`
	// Rate is how many end in a second, Left how long the rest takes; zero when
	// that is not known.
	Rate float64       `json:"rate"`
	Left time.Duration `json:"-"`
	// Seconds is Left in whole seconds.
	Seconds int `json:"seconds_left"`
}

// queued is how many wait for their turn.
func (o Work) queued() int {
	return o.Due - o.Done - o.Failed - o.Waiting - o.Held - o.Running - o.Unlisted
}

// Synced is a sync with how its operations went.
type Synced struct {
	Report
	// Work is nil when nothing was to be done, and After the last pass
	// then, for what is left.
	Work  *Work   `json:"operations,omitempty"`
	After *Report `json:"after,omitempty"`
}

// SyncToEnd is Sync, and follows the operations until none is under way and none
// waits for its turn. Run must run meanwhile. told is called with each change of
// how far it is, one call after the other, and not after SyncToEnd has returned. What is
// begun goes on when ctx ends.
func (e *Engine) SyncToEnd(ctx context.Context, told func(Progress)) (Synced, error) {
	e.at(StageReading, 0, 0)
	stop := e.watch(ctx, told, e.Progress)
	r, err := e.Sync(ctx)
	stop()
	if err != nil {
		return Synced{}, err
	}
	f := &follower{engine: e, due: map[config.Assignment]ChangeKind{}}
	f.join(r)
	if len(f.due) == 0 {
		return Synced{Report: r}, nil
	}
	if err := f.follow(ctx, told); err != nil {
		return Synced{}, err
	}
	after, _, err := e.pass(ctx, false)
	if err != nil || after == nil {
		return Synced{}, err
	}
	last := f.count()
	return Synced{Report: r, Work: &last, After: after}, nil
}

// Watched does work and has told of how far it is meanwhile, as SyncToEnd has.
func (e *Engine) Watched(ctx context.Context, told func(Progress), work func(context.Context) error) error {
	e.at(StageReading, 0, 0)
	defer e.watch(ctx, told, e.Progress)()
	return work(ctx)
}

// watch calls told with what look returns, at once and whenever that has changed,
// until stop is called, which waits for the last call.
func (e *Engine) watch(ctx context.Context, told func(Progress), look func() Progress) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	last := look()
	told(last) // however soon it is over
	go func() {
		defer close(ended)
		tick := time.NewTicker(tellEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			if now := look(); now != last {
				told(now)
				last = now
			}
		}
	}()
	return func() { cancel(); <-ended }
}

// follower follows the changes of one sync.
type follower struct {
	engine *Engine
	due    map[config.Assignment]ChangeKind
}

// join takes the changes of a pass that no guard holds back.
func (f *follower) join(r Report) {
	refused := refusedOf(r)
	for _, c := range r.Plan.Changes {
		if !refused[c.Assignment] {
			f.due[c.Assignment] = c.Kind
		}
	}
}

func refusedOf(r Report) map[config.Assignment]bool {
	out := make(map[config.Assignment]bool, len(r.Refused))
	for _, x := range r.Refused {
		out[x.Change.Assignment] = true
	}
	return out
}

// follow tells of the operations until none is under way and none waits for its
// turn, or nothing moves for long.
func (f *follower) follow(ctx context.Context, told func(Progress)) error {
	tick := time.NewTicker(tellEvery)
	defer tick.Stop()
	var last Work
	moved := f.engine.now()
	for {
		f.join(f.engine.lastReport())
		now := f.count()
		if now != last {
			told(Progress{Stage: StageOperating, Done: now.Done, Total: now.Due, Work: &now})
		}
		steady := now
		steady.Rate, steady.Left, steady.Seconds = last.Rate, last.Left, last.Seconds
		if steady != last {
			moved = f.engine.now()
		}
		last = now
		if now.Running == 0 && now.queued() == 0 && !f.arriving() || f.engine.now().Sub(moved) >= f.engine.pace(followPatience) {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// arriving reports whether a group or user that is waited for may be there in a
// moment.
func (f *follower) arriving() bool {
	e := f.engine
	for a, kind := range f.due {
		rec, g := e.book.record(a), e.book.principal(a.Principal)
		if kind == Add && rec.State == Adding && !e.arrivedYet(a.Principal) && g.LeftToCycle.IsZero() && g.Code == "" && e.now().Sub(rec.Since) < e.pace(followArrival) {
			return true
		}
	}
	return false
}

// count counts how the changes stand.
func (f *follower) count() Work {
	r := f.engine.lastReport()
	refused, planned := refusedOf(r), map[config.Assignment]bool{}
	for _, c := range r.Plan.Changes {
		planned[c.Assignment] = true
	}
	var o Work
	for a, kind := range f.due {
		o.Due++
		switch rec := f.engine.book.record(a); {
		case kind == Add && rec.State == Live, kind == Remove && rec.State == Gone:
			o.Done++
		case rec.Op != nil && (rec.Op.outstanding() || f.engine.now().Sub(rec.Op.Ended) < f.engine.pace(followListing)):
			o.Running++
		case rec.Op != nil:
			o.Unlisted++
		case refused[a]:
			o.Held++
		case slices.Contains([]Code{CodeFailed, CodeRefused, CodeNotListed, CodeStillListed}, rec.Code) && rec.NextTry.After(f.engine.now()):
			o.Failed++
		case kind == Add && !f.engine.arrivedYet(a.Principal):
			o.Waiting++
		case !planned[a] && !r.At.Before(rec.Since):
			o.Due-- // another commit wants it no more
		}
	}
	f.estimate(&o, r.queue)
	return o
}

// estimate takes the rate over, and says by it how long the rest takes.
func (f *follower) estimate(o *Work, q Queue) {
	if q.Rate == 0 || o.Running+o.queued() == 0 {
		return
	}
	o.Rate = float64(int(q.Rate*10+0.5)) / 10
	o.Left = q.Left
	o.Seconds = int(q.Left.Round(time.Second) / time.Second)
}

// arrivedYet reports whether a group or user is in Identity Center, as far as
// is known, and may be provisioned.
func (e *Engine) arrivedYet(p config.Principal) bool {
	g := e.book.principal(p)
	return g.StoreID != "" && !g.Asleep && blocking(g.Code) == ""
}

// lastReport is that of the last pass.
func (e *Engine) lastReport() Report {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.last
}
