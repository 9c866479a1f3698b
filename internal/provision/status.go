package provision

import (
	"context"
	"maps"
	"slices"
	"time"
)

// Trouble is what holds an assignment, a group or a user up.
type Trouble struct {
	Subject string    `json:"subject"` // assignment key, or that of a group or user
	Code    Code      `json:"code"`
	Text    string    `json:"text"`
	Since   time.Time `json:"since,omitzero"` // when the undertaking began
	NextTry time.Time `json:"next_try,omitzero"`
}

// Overview is what `bot status` shows of provisioning.
type Overview struct {
	EnableChanges bool          `json:"enable_changes"`
	States        map[State]int `json:"states"` // how many assignments
	Outstanding   int           `json:"outstanding"`
	Troubles      []Trouble     `json:"troubles"`
	// Sets are the permission sets that have a file, or had one; absent when
	// they are left alone.
	Sets []SetStatus `json:"sets,omitempty"`
	// Application is how the enterprise application was found.
	Application AppReport `json:"application"`
	// Arrival says how long a new group or user takes to reach AWS.
	Arrival string `json:"arrival"`
	// Differing are the accounts whose file and AWS Organizations differ, each in a
	// sentence.
	Differing []string `json:"differing,omitempty"`
	// Last is the last pass; its time is zero before the first one.
	Last Report `json:"last"`
	// Skew is our clock against trusted ones, if SkewKnown.
	Skew      time.Duration `json:"skew"`
	SkewKnown bool          `json:"skew_known"`
}

// Status tells how provisioning stands, from the records and the last pass.
func (e *Engine) Status(ctx context.Context) (Overview, error) {
	err := e.book.load(ctx)
	if err != nil {
		return Overview{}, err
	}
	o := Overview{EnableChanges: e.opts.EnableChanges, States: map[State]int{}, Troubles: []Trouble{}}
	for _, r := range e.book.all() {
		o.States[r.State]++
		if r.Op.outstanding() {
			o.Outstanding++
		}
		if r.Code != "" {
			o.Troubles = append(o.Troubles, Trouble{r.Assignment.String(), r.Code, r.Trouble, r.Since, r.NextTry})
		}
	}
	people := e.book.allPrincipals()
	for _, p := range slices.SortedFunc(maps.Keys(people), comparePrincipals) {
		if g := people[p]; g.Code != "" {
			o.Troubles = append(o.Troubles, Trouble{p.String(), g.Code, g.Trouble, g.Waiting, g.NextTry})
		}
	}
	if o.Application, err = e.Store.Application(ctx); err != nil {
		return Overview{}, err
	}
	m, err := e.Store.Measures(ctx)
	if err != nil {
		return Overview{}, err
	}
	o.Arrival = m.Estimate()
	force, err := e.forced(ctx)
	if err != nil {
		return Overview{}, err
	}
	if force.Repo != nil {
		for _, d := range e.knownDiffering(force.Repo) {
			o.Differing = append(o.Differing, d.Sentence)
		}
	}
	e.mu.Lock()
	o.Last = e.last
	e.mu.Unlock()
	o.Skew, o.SkewKnown = e.Clocks.Skew()
	o.Sets, err = e.setStatus(ctx)
	return o, err
}
