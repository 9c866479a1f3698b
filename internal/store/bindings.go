package store

import (
	"context"
	"fmt"
	"net/url"

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

// Bound implements [access.Bindings]. It reads every binding of the workspace,
// which is for first uses only.
func (s *Bindings) Bound(ctx context.Context, p access.Platform, team, entra string) ([]access.ChatUser, error) {
	var out []access.ChatUser
	err := s.db.View(ctx, func(tx Tx) error {
		prefix := joinKey(string(p), team) + "/"
		return scanJSON(tx, bucketBindings, prefix, func(key string, r bindingRecord) error {
			if r.Entra != entra {
				return nil
			}
			user, err := url.PathUnescape(key[len(prefix):])
			if err != nil {
				return fmt.Errorf("binding %q: %w", key, err)
			}
			out = append(out, access.ChatUser{Platform: p, Team: team, User: user})
			return nil
		})
	})
	return out, err
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
