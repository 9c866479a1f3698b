package store

import (
	"context"
	"fmt"

	"aws-access-bot/internal/access"
)

// conversationRecord is an access.Conversation as it is kept.
type conversationRecord struct {
	Service string `json:"service"`
}

// contactRecord is an access.Contact as it is kept.
type contactRecord struct {
	Local    string `json:"local,omitempty"`
	Name     string `json:"name,omitempty"`
	Zone     string `json:"zone,omitempty"`
	Last     string `json:"last,omitempty"`
	Personal string `json:"personal,omitempty"`
}

// Reach keeps how people and conversations are reached. It implements
// [access.Reach].
type Reach struct {
	db DB
}

var _ access.Reach = (*Reach)(nil)

// NewReach returns what db knows of it.
func NewReach(db DB) *Reach { return &Reach{db} }

// Conversation implements [access.Reach].
func (s *Reach) Conversation(ctx context.Context, p access.Platform, id string) (access.Conversation, error) {
	rec, err := known[conversationRecord](ctx, s.db, bucketConversations, joinKey(string(p), id))
	if err != nil {
		return access.Conversation{}, fmt.Errorf("conversation %s on %s: %w", id, p, err)
	}
	return access.Conversation{Platform: p, ID: id, Service: rec.Service}, nil
}

// SaveConversation implements [access.Reach].
func (s *Reach) SaveConversation(ctx context.Context, c access.Conversation) error {
	if c.Platform == "" || c.ID == "" || c.Service == "" {
		return fmt.Errorf("save conversation %q on %q at %q: something is empty", c.ID, c.Platform, c.Service)
	}
	return s.db.Update(ctx, StepReach, func(tx Tx) error {
		return putJSON(tx, bucketConversations, joinKey(string(c.Platform), c.ID), conversationRecord{c.Service})
	})
}

// Contact implements [access.Reach].
func (s *Reach) Contact(ctx context.Context, u access.ChatUser) (access.Contact, error) {
	rec, err := known[contactRecord](ctx, s.db, bucketContacts, bindingKey(u))
	if err != nil {
		return access.Contact{}, fmt.Errorf("contact with %s user %s: %w", u.Platform, u.User, err)
	}
	return access.Contact{User: u, Local: rec.Local, Name: rec.Name, Zone: rec.Zone, Last: rec.Last, Personal: rec.Personal}, nil
}

// SaveContact implements [access.Reach].
func (s *Reach) SaveContact(ctx context.Context, c access.Contact) error {
	if c.User.Platform == "" || c.User.User == "" {
		return fmt.Errorf("save contact with %s user %q: something is empty", c.User.Platform, c.User.User)
	}
	return s.db.Update(ctx, StepReach, func(tx Tx) error {
		return putJSON(tx, bucketContacts, bindingKey(c.User), contactRecord{c.Local, c.Name, c.Zone, c.Last, c.Personal})
	})
}

// known reads a record, or says that there is none.
func known[T any](ctx context.Context, db DB, bucket, key string) (T, error) {
	var rec T
	err := db.View(ctx, func(tx Tx) error {
		var ok bool
		var err error
		rec, ok, err = getJSON[T](tx, bucket, key)
		if err == nil && !ok {
			err = access.ErrNotFound
		}
		return err
	})
	return rec, err
}
