package store

import (
	"context"
	"fmt"

	"aws-access-bot/internal/access"
)

// bindingRecord is an access.Binding as it is kept.
type bindingRecord struct {
	Entra string `json:"entra"`
	Email string `json:"email"`
}

func newBindingRecord(b access.Binding) bindingRecord { return bindingRecord{b.Entra, b.Email} }

func (r bindingRecord) binding() access.Binding {
	return access.Binding{Entra: r.Entra, Email: r.Email}
}

// Bindings keeps which person a chat user is. It implements [access.Bindings].
type Bindings struct {
	db DB
}

var _ access.Bindings = (*Bindings)(nil)

// NewBindings returns the bindings in db.
func NewBindings(db DB) *Bindings { return &Bindings{db} }

func bindingKey(u access.ChatUser) string { return joinKey(string(u.Platform), u.Team, u.User) }

// Binding implements [access.Bindings].
func (s *Bindings) Binding(ctx context.Context, u access.ChatUser) (access.Binding, error) {
	var rec bindingRecord
	err := s.db.View(ctx, func(tx Tx) error {
		var ok bool
		var err error
		rec, ok, err = getJSON[bindingRecord](tx, bucketBindings, bindingKey(u))
		if err == nil && !ok {
			err = fmt.Errorf("binding of %s user %s: %w", u.Platform, u.User, access.ErrNotFound)
		}
		return err
	})
	if err != nil {
		return access.Binding{}, err
	}
	return rec.binding(), nil
}

// Bind implements [access.Bindings]. It reads every binding of the workspace,
// which is for first uses only.
func (s *Bindings) Bind(ctx context.Context, u access.ChatUser, b access.Binding) error {
	if u.Platform == "" || u.User == "" || b.Entra == "" {
		return fmt.Errorf("bind %s user %q to %q: something is empty", u.Platform, u.User, b.Entra)
	}
	return s.db.Update(ctx, StepBindingSave, func(tx Tx) error {
		have, bound, err := getJSON[bindingRecord](tx, bucketBindings, bindingKey(u))
		if err != nil {
			return err
		}
		if bound {
			return conflictIf(have.Entra != b.Entra, "bind %s user %s to %s: bound to %s", u.Platform, u.User, b.Entra, have.Entra)
		}
		if err := onlyUser(tx, u, b.Entra); err != nil {
			return err
		}
		return putJSON(tx, bucketBindings, bindingKey(u), newBindingRecord(b))
	})
}

// onlyUser refuses a person who is bound to another user of u's workspace.
func onlyUser(tx Tx, u access.ChatUser, entra string) error {
	prefix := joinKey(string(u.Platform), u.Team) + "/"
	return scanJSON(tx, bucketBindings, prefix, func(key string, r bindingRecord) error {
		return conflictIf(r.Entra == entra && key != bindingKey(u), "bind %s user %s to %s: bound to %s", u.Platform, u.User, entra, key)
	})
}
