package audience

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"reflect"
	"slices"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
)

// Step labels the durable step of this package.
const Step = "gitops.people"

// Finding is a growth for people and machines.
type Finding struct {
	Assignment string    `json:"assignment"`
	Request    access.ID `json:"request,omitempty"`
	Pull       int       `json:"pull"`
	Since      time.Time `json:"since"`
	// Joined has the Entra ids of who joined.
	Joined   []string `json:"joined"`
	Sentence string   `json:"sentence"`
}

// State keeps the people. SaveGrowth is durable when it returns; it changes
// nothing when the assignment is kept for another commit by now, or no more.
type State interface {
	// Kept returns the people of every assignment, sorted by assignment.
	Kept(ctx context.Context) ([]Kept, error)
	SaveGrowth(ctx context.Context, a config.Assignment, commit string, g *Growth) error
}

// Directory reads the direct members of a group that are users. One that does
// not exist is [access.ErrNotFound].
type Directory interface {
	DirectMembers(ctx context.Context, group string) ([]access.Entrant, error)
}

// Requests tells whether a request is known, so that there is a thread.
type Requests interface {
	Get(ctx context.Context, id access.ID) (access.Request, error)
}

// Notices takes notices, once per key.
type Notices interface {
	PutNotice(ctx context.Context, n access.Notice) error
}

// Ports are what a watch needs.
type Ports struct {
	State     State
	Directory Directory
	Commits   access.Commits
	Requests  Requests
	Notices   Notices
	Now       func() time.Time
	Log       *slog.Logger
}

// Watch looks again and again.
type Watch struct {
	Ports
	every time.Duration
}

// New returns a watch that looks at intervals; it reads nothing yet.
func New(p Ports, every time.Duration) *Watch { return &Watch{p, every} }

// Run looks now and at each interval, until ctx ends.
func (w *Watch) Run(ctx context.Context) error {
	tick := time.NewTicker(w.every)
	defer tick.Stop()
	for {
		if err := w.Look(ctx); err != nil && ctx.Err() == nil {
			w.Log.WarnContext(ctx, "look at the people of approved assignments", "error", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// Look compares once the people of every assignment that is desired now. A
// group that cannot be read leaves its assignments as they are and does not
// hold up the others.
func (w *Watch) Look(ctx context.Context) error {
	force, list, err := w.current(ctx)
	if err != nil || force == nil {
		return err
	}
	members, err := w.members(ctx, list)
	errs := []error{err}
	for i := range list {
		now, read := members[list[i].Assignment.Principal.ID]
		if !read {
			continue
		}
		if err := w.one(ctx, &list[i], force.Repo, now); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// members reads each group once. One that does not exist has nobody; one that
// cannot be read is left out.
func (w *Watch) members(ctx context.Context, list []Kept) (map[string][]access.Entrant, error) {
	out := map[string][]access.Entrant{}
	failed := map[string]error{}
	for _, k := range list {
		group := k.Assignment.Principal.ID
		if _, done := out[group]; done || failed[group] != nil {
			continue
		}
		people, err := w.Directory.DirectMembers(ctx, group)
		if err != nil && !errors.Is(err, access.ErrNotFound) {
			failed[group] = fmt.Errorf("read members of group/%s: %w", group, err)
			continue
		}
		out[group] = people
	}
	return out, errors.Join(slices.Collect(maps.Values(failed))...)
}

// current returns the config in force and the people of what it desires now;
// nil until a commit is in force.
func (w *Watch) current(ctx context.Context) (*access.InForce, []Kept, error) {
	force, err := w.Commits.InForce(ctx)
	if errors.Is(err, access.ErrNotFound) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("config in force: %w", err)
	}
	all, err := w.State.Kept(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("people of approved assignments: %w", err)
	}
	desired := map[config.Assignment]bool{}
	for _, d := range force.Repo.Desired(force.Starts, w.Now()) {
		desired[d.Assignment] = true
	}
	var list []Kept
	for _, k := range all {
		if desired[k.Assignment] {
			list = append(list, k)
		}
	}
	return &force, list, nil
}

// one compares one assignment, stores what is new, and tells of it.
func (w *Watch) one(ctx context.Context, k *Kept, repo *config.Repo, now []access.Entrant) error {
	g := grown(k, repo.Access.Limits, now, w.Now().UTC())
	if !reflect.DeepEqual(g, k.Growth) {
		// Stored before it is told: the time is part of the key under which it
		// is told, so that it is told once.
		if err := w.State.SaveGrowth(ctx, k.Assignment, k.Commit, g); err != nil {
			return fmt.Errorf("record who joined for %s: %w", k.Assignment, err)
		}
		k.Growth = g
	}
	if g == nil {
		return nil
	}
	return w.tell(ctx, k, repo)
}

// tell puts the notice of a growth, in the thread of its request if there is
// one.
func (w *Watch) tell(ctx context.Context, k *Kept, repo *config.Repo) error {
	n := access.Notice{
		Key:  "people/" + k.Assignment.String() + "/" + k.Growth.At.Format(time.RFC3339Nano),
		Kind: access.NoticeOps, At: k.Growth.At, Text: text(k, repo),
	}
	if k.Request != "" {
		_, err := w.Requests.Get(ctx, k.Request)
		if err != nil && !errors.Is(err, access.ErrNotFound) {
			return fmt.Errorf("look up %s: %w", k.Request, err)
		}
		if err == nil { // one of before the state file was lost has no thread
			n.Kind, n.Request = access.NoticeGrown, k.Request
		}
	}
	if err := w.Notices.PutNotice(ctx, n); err != nil {
		return fmt.Errorf("tell who joined for %s: %w", k.Assignment, err)
	}
	return nil
}

// Report returns the growths as the last look found them.
func (w *Watch) Report(ctx context.Context) ([]Finding, error) {
	force, list, err := w.current(ctx)
	if err != nil || force == nil {
		return nil, err
	}
	var out []Finding
	for i := range list {
		k := &list[i]
		if k.Growth == nil {
			continue
		}
		f := Finding{Assignment: k.Assignment.String(), Request: k.Request, Pull: k.Pull, Since: k.Growth.At, Sentence: text(k, force.Repo)}
		for _, j := range k.Growth.Joined {
			f.Joined = append(f.Joined, j.Entra)
		}
		out = append(out, f)
	}
	return out, nil
}
