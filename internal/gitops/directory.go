package gitops

import (
	"context"
	"errors"
	"sync"

	"aws-access-bot/internal/access"
)

// lookDirectory asks Entra for each group once per look, in which many pull
// requests are about the same ones. A read that failed is tried again; that a
// group does not exist is an answer.
type lookDirectory struct {
	next Directory

	// mu guards what follows.
	mu      sync.Mutex
	members map[string]answer[access.Entrant]
	nested  map[string]answer[string]
}

type answer[T any] struct {
	list []T
	err  error
}

func newLookDirectory(next Directory) *lookDirectory {
	d := &lookDirectory{next: next}
	d.forget()
	return d
}

// forget has every group read again.
func (d *lookDirectory) forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.members, d.nested = map[string]answer[access.Entrant]{}, map[string]answer[string]{}
}

// DirectMembers implements [Directory].
func (d *lookDirectory) DirectMembers(ctx context.Context, group string) ([]access.Entrant, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return once(ctx, d.members, group, d.next.DirectMembers)
}

// NestedGroups implements [Directory].
func (d *lookDirectory) NestedGroups(ctx context.Context, group string) ([]string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return once(ctx, d.nested, group, d.next.NestedGroups)
}

// User implements [Directory]; people are asked for anew each time.
func (d *lookDirectory) User(ctx context.Context, entra string) (access.Entrant, error) {
	u, err := d.next.User(ctx, entra)
	return u, ofDirectory(err)
}

// Manager implements [Directory]; as User.
func (d *lookDirectory) Manager(ctx context.Context, entra string) (access.Entrant, error) {
	m, err := d.next.Manager(ctx, entra)
	return m, ofDirectory(err)
}

func once[T any](ctx context.Context, known map[string]answer[T], group string, read func(context.Context, string) ([]T, error)) ([]T, error) {
	if a, ok := known[group]; ok {
		return a.list, a.err
	}
	list, err := read(ctx, group)
	if err == nil || errors.Is(err, access.ErrNotFound) {
		known[group] = answer[T]{list, err}
	}
	return list, ofDirectory(err)
}

// directoryError is a read of Entra that failed.
type directoryError struct{ error }

func (e *directoryError) Unwrap() error { return e.error }

// ofDirectory marks an error as one of Entra, other than that something does
// not exist.
func ofDirectory(err error) error {
	if err == nil || errors.Is(err, access.ErrNotFound) {
		return err
	}
	return &directoryError{err}
}
