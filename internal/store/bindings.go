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

// SaveBinding implements [access.Bindings]. It replaces an earlier binding.
func (s *Bindings) SaveBinding(ctx context.Context, u access.ChatUser, b access.Binding) error {
	if u.Platform == "" || u.User == "" || b.Entra == "" {
		return fmt.Errorf("bind %s user %q to %q: something is empty", u.Platform, u.User, b.Entra)
	}
	return s.db.Update(ctx, StepBindingSave, func(tx Tx) error {
		return putJSON(tx, bucketBindings, bindingKey(u), newBindingRecord(b))
	})
}
