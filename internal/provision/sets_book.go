package provision

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"aws-access-bot/internal/provision/permset"
)

// loadSets reads the records from the store, once.
func (e *Engine) loadSets(ctx context.Context) error {
	e.sets.shared.Lock()
	defer e.sets.shared.Unlock()
	if e.sets.loaded {
		return nil
	}
	records, err := e.Sets.Store.Sets(ctx)
	if err != nil {
		return fmt.Errorf("load records of permission sets: %w", err)
	}
	for _, r := range records {
		e.sets.records[r.Name] = r
	}
	e.sets.loaded = true
	return nil
}

func (e *Engine) setRecord(name string) SetRecord {
	e.sets.shared.Lock()
	defer e.sets.shared.Unlock()
	return e.sets.records[name]
}

// setRecords returns all records, sorted by name.
func (e *Engine) setRecords() []SetRecord {
	e.sets.shared.Lock()
	defer e.sets.shared.Unlock()
	var out []SetRecord
	for _, name := range slices.Sorted(maps.Keys(e.sets.records)) {
		out = append(out, e.sets.records[name])
	}
	return out
}

// saveSet stores a record; memory changes only after the store did.
func (e *Engine) saveSet(ctx context.Context, step Step, r SetRecord) error {
	if err := e.Sets.Store.SaveSet(ctx, step, r); err != nil {
		return err
	}
	e.sets.shared.Lock()
	before := e.sets.records[r.Name]
	e.sets.records[r.Name] = r
	delete(e.sets.previews, r.Name)
	usable := before.making() && !r.making() || withholds(before.Code) && !withholds(r.Code) || before.Partly && !r.Partly
	if usable {
		e.sets.released[r.Name] = true
	}
	e.sets.shared.Unlock()
	e.book.changed()
	if usable {
		poke(e.wakeAssignments)
	}
	return nil
}

// takeReleased lets the assignments of sets that can be used now be judged anew.
// The caller holds passMu.
func (e *Engine) takeReleased() {
	e.sets.shared.Lock()
	released := e.sets.released
	e.sets.released = map[string]bool{}
	e.sets.shared.Unlock()
	if len(released) == 0 {
		return
	}
	for a := range e.desk.held {
		if released[a.PermissionSet] {
			delete(e.desk.held, a)
		}
	}
	for pair := range e.desk.sight.Pairs {
		if released[pair.PermissionSet] {
			delete(e.desk.sight.Pairs, pair)
		}
	}
	for name := range released {
		delete(e.desk.sets, name)
	}
}

// notMade says why an assignment waits for its set.
func notMade(set string) string {
	return setPath(set) + " declares the permission set, and it is not made yet; this follows once it is."
}

// withholds reports whether nothing new is given with a set that a guard holds
// back: it would give what its file does not say.
func withholds(c Code) bool { return c == CodeSetSpread || c == CodeSetWay }

// declaredSets says of each declared set why it cannot be assigned now, for the
// planner; nil when permission sets are left alone. One that somebody deleted is
// not among them: nothing of it is on its way. An assignment provisions its set
// as it is in AWS, with what somebody added to it there.
func (e *Engine) declaredSets(v *view) map[string]string {
	if !e.Sets.present() {
		return nil
	}
	out := map[string]string{}
	for name := range v.force.Repo.PermissionSets {
		switch r := e.setRecord(name); {
		case r.making():
			out[name] = notMade(name)
		case withholds(r.Code):
			out[name] = "Nothing new is given with the permission set while it is held back: " + r.Trouble
		case r.Partly:
			out[name] = strings.TrimSpace("A change of the permission set is in AWS in part only, and nothing new is given with it until all of it is. " + r.Trouble)
		case r.State == SetApplied && r.ARN == "": // somebody deleted it
		default:
			out[name] = ""
		}
	}
	return out
}

// SetStatus is how a permission set stands that has a file, or had one.
type SetStatus struct {
	Name    string    `json:"name"`
	State   SetState  `json:"state"`
	Code    Code      `json:"code,omitempty"`
	Trouble string    `json:"trouble,omitempty"`
	Since   time.Time `json:"since,omitzero"`
	NextTry time.Time `json:"next_try,omitzero"`
	// Failures say by account why it could not be provisioned there.
	Failures map[string]string `json:"failures,omitempty"`
	// Drift is as of the last reading.
	Drift []permset.Finding `json:"drift,omitempty"`
}

// setStatus tells how the permission sets stand.
func (e *Engine) setStatus(ctx context.Context) ([]SetStatus, error) {
	if !e.Sets.present() {
		return nil, nil
	}
	records, err := e.Sets.Store.Sets(ctx)
	if err != nil {
		return nil, err
	}
	e.sets.shared.Lock()
	drift := map[string][]permset.Finding{}
	for _, r := range e.sets.reports {
		drift[r.Name] = r.Drift
	}
	e.sets.shared.Unlock()
	var out []SetStatus
	for _, r := range records {
		out = append(out, SetStatus{r.Name, r.State, r.Code, r.Trouble, r.Since, r.NextTry, r.Failures, drift[r.Name]})
	}
	return out, nil
}
