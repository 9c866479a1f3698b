package provision

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/provision/fault"
	"aws-access-bot/internal/provision/permset"
)

// SetPorts are what permission sets are worked on with. The zero value leaves
// them alone: then files of permission sets are only checked.
type SetPorts struct {
	Port  SetPort
	Store SetStore
}

func (p SetPorts) present() bool { return p.Port != nil && p.Store != nil }

const (
	// setChecks is how many slow checks go by between two readings of a set
	// that is as declared: a reading takes eight calls.
	setChecks = 6
	// setFresh is how long a reading serves people who ask for one.
	setFresh = 10 * time.Second
	// maxRuns provisionings are under way at most (quotas of Identity Center).
	maxRuns = 3
)

// sets is the part of the engine that works on permission sets.
type sets struct {
	mu       sync.Mutex            // one pass at a time; guards what follows
	readings map[string]setReading // by name; what is absent is to be read
	fails    map[string]failing
	polls    map[string]schedule
	caller   Caller
	// management is as AWS Organizations says, "" while not known.
	management string

	shared  sync.Mutex // guards what follows, for the other loops
	loaded  bool
	records map[string]SetRecord
	reports []SetReport
	// released are sets that can be assigned now and could not before.
	released map[string]bool
	// previews are what was read for what is foretold.
	previews map[string]preview
}

func newSets() sets {
	return sets{readings: map[string]setReading{}, fails: map[string]failing{}, polls: map[string]schedule{},
		records: map[string]SetRecord{}, released: map[string]bool{}, previews: map[string]preview{}}
}

// setReading is one complete reading.
type setReading struct {
	started time.Time
	live    *permset.Live // nil: there is none
}

// SetReport is what a pass found of one permission set.
type SetReport struct {
	Name  string   `json:"name"`
	Path  string   `json:"path"`
	State SetState `json:"state"`
	// Steps are what is to be done. Drift is what is not as it should be, and
	// stays.
	Steps []permset.Step    `json:"steps"`
	Drift []permset.Finding `json:"drift"`
	// Code and Sentence say why the steps are not made, or are empty.
	Code     Code   `json:"code,omitempty"`
	Sentence string `json:"sentence,omitempty"`
	// Unread: it could not be read; nothing is judged.
	Unread bool `json:"unread,omitempty"`
	// Provisioning: AWS is bringing it to accounts.
	Provisioning bool              `json:"provisioning,omitempty"`
	Failures     map[string]string `json:"failures,omitempty"` // by account
}

// setPass is what one pass over the permission sets goes by.
type setPass struct {
	now   time.Time
	force access.InForce
	names Names
	full  bool
	alarm alarm
	runs  int
}

// setLoop makes a pass whenever something is due.
func (e *Engine) setLoop(ctx context.Context) {
	if !e.Sets.present() {
		return
	}
	failures := 0
	for {
		_, next, err := e.passSets(ctx, false)
		if err != nil && ctx.Err() == nil {
			failures++
			next = e.now().Add(e.pace(backoff(readFirst, longestSleep, failures)))
			e.opts.Log.Error("pass over permission sets", "error", err, "next", next)
		} else {
			failures = 0
		}
		if !e.sleep(ctx, e.wakeSets, next) {
			return
		}
	}
}

// passSets looks once at every declared permission set, and does for each what
// can be done without waiting. It returns when the next pass is due.
func (e *Engine) passSets(ctx context.Context, full bool) ([]SetReport, time.Time, error) {
	if !e.Sets.present() {
		return nil, time.Time{}, nil
	}
	e.sets.mu.Lock()
	defer e.sets.mu.Unlock()
	if err := e.loadSets(ctx); err != nil {
		return nil, time.Time{}, err
	}
	force, err := e.Commits.InForce(ctx)
	if errors.Is(err, access.ErrNotFound) {
		return nil, time.Time{}, nil
	}
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("config in force: %w", err)
	}
	p := &setPass{now: e.now(), force: force, names: names(force.Repo), full: full}
	if err := e.takeBackSets(ctx, p.now); err != nil {
		return nil, time.Time{}, err
	}
	for _, r := range e.setRecords() {
		if r.Run != nil {
			p.runs++
		}
	}
	if err := e.leaveSets(ctx, p); err != nil {
		return nil, time.Time{}, err
	}
	reports := []SetReport{}
	for _, name := range slices.Sorted(maps.Keys(force.Repo.PermissionSets)) {
		report, err := e.passSet(ctx, p, permset.Of(force.Repo.PermissionSets[name]))
		if err != nil {
			return nil, time.Time{}, fmt.Errorf("permission set %s: %w", name, err)
		}
		reports = append(reports, report)
	}
	e.sets.shared.Lock()
	e.sets.reports = reports
	e.sets.shared.Unlock()
	return reports, p.alarm.at, nil
}

// passSet brings one set as far as it gets without waiting.
func (e *Engine) passSet(ctx context.Context, p *setPass, want permset.Definition) (SetReport, error) {
	r, err := e.beginSet(ctx, p, want)
	if err != nil {
		return SetReport{}, err
	}
	// A round writes and reads again; the last one only finds that nothing is
	// left. What needs more rounds goes on in the next pass.
	for range 4 {
		if r, err = e.followRun(ctx, p, r); err != nil {
			return SetReport{}, err
		}
		report := SetReport{Name: r.Name, Path: setPath(r.Name), State: r.State, Steps: []permset.Step{}, Drift: []permset.Finding{}, Failures: r.Failures}
		if r.Run != nil {
			report.Provisioning = true
			p.alarm.set(e.runTime(r))
			return report, nil
		}
		seen, ok := e.readSet(ctx, p, r)
		if !ok {
			report.Unread, report.Code, report.Sentence = true, CodeSetUnread, "It could not be read whole, so nothing of it is judged."
			return report, ctx.Err()
		}
		var again bool
		if report, again, err = e.judgeSet(ctx, p, r, want, seen, report); err != nil || !again {
			return report, err
		}
		r = e.setRecord(want.Name)
	}
	p.alarm.set(p.now)
	return SetReport{Name: want.Name, Path: setPath(want.Name), State: SetPending, Steps: []permset.Step{}, Drift: []permset.Finding{}}, nil
}

// beginSet notes that a set is declared, and with which definition.
func (e *Engine) beginSet(ctx context.Context, p *setPass, want permset.Definition) (SetRecord, error) {
	digest, err := want.Digest()
	if err != nil {
		return SetRecord{}, err
	}
	r := e.setRecord(want.Name)
	if r.Digest == digest && r.State != SetLeft && r.State != "" {
		return r, nil
	}
	by, err := e.Sets.Store.SetChangedBy(ctx, want.Name)
	if err != nil {
		return SetRecord{}, err
	}
	r.Name, r.State, r.Digest, r.Commit, r.Since = want.Name, SetPending, digest, cmp.Or(by, p.force.Commit), p.now
	r.Owned = union(r.Owned, want.Items())
	r.Did, r.Attempts, r.NextTry, r.Code, r.Trouble = nil, 0, time.Time{}, "", ""
	r.ByAccount, r.Tried, r.Failures = false, nil, nil
	delete(e.sets.readings, want.Name)
	return r, e.saveSet(ctx, StepBegun, r)
}

// leaveSets notes the sets whose file is gone. They stay in AWS.
func (e *Engine) leaveSets(ctx context.Context, p *setPass) error {
	for _, r := range e.setRecords() {
		if _, declared := p.force.Repo.PermissionSets[r.Name]; declared || r.State == SetLeft {
			continue
		}
		r.State, r.Code, r.Run = SetLeft, CodeSetLeft, nil
		r.Trouble = setPath(r.Name) + " is gone. The bot keeps the set no longer, and leaves it in AWS as it is; delete it there if nobody needs it."
		if err := e.saveSet(ctx, StepNoted, r); err != nil {
			return err
		}
		delete(e.sets.readings, r.Name)
		e.notify(ctx, fmt.Sprintf("set/%s/left/%s", r.Name, p.force.Commit), "Permission set "+r.Name+": "+r.Trouble)
	}
	return nil
}

// readSet returns a reading that serves, from memory if one does.
func (e *Engine) readSet(ctx context.Context, p *setPass, r SetRecord) (setReading, bool) {
	now, every := e.now(), e.opts.Check
	if r.State == SetApplied && r.Code == "" {
		every *= setChecks
	}
	if seen, ok := e.sets.readings[r.Name]; ok {
		serves := every
		if p.full {
			serves = setFresh
		}
		if seen.started.Add(serves).After(now) {
			p.alarm.set(seen.started.Add(every))
			return seen, true
		}
	}
	if f := e.sets.fails[r.Name]; f.next.After(now) && !p.full {
		p.alarm.set(f.next)
		return setReading{}, false
	}
	seen := setReading{started: now}
	// A reading is many calls, each of which may wait for its turn.
	callCtx, cancel := context.WithTimeout(ctx, 4*e.opts.CallTimeout)
	defer cancel()
	live, err := e.Sets.Port.ReadSet(callCtx, r.Name)
	switch {
	case errors.Is(err, fault.ErrNotFound):
	case err != nil:
		delete(e.sets.readings, r.Name)
		n := e.sets.fails[r.Name].n + 1
		e.sets.fails[r.Name] = failing{n, now.Add(max(e.pace(backoff(readFirst, readMost, n)), fault.RetryAfter(err)))}
		p.alarm.set(e.sets.fails[r.Name].next)
		e.opts.Log.Warn("read permission set", "permission_set", r.Name, "error", err)
		return setReading{}, false
	default:
		seen.live = &live
	}
	delete(e.sets.fails, r.Name)
	e.sets.readings[r.Name] = seen
	p.alarm.set(now.Add(every))
	return seen, true
}

// union joins two lists, sorted and without doubles.
func union(a, b []string) []string {
	out := slices.Concat(a, b)
	slices.Sort(out)
	return slices.Compact(out)
}
