package store_test

import (
	"errors"
	"testing"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/store"
)

func TestReachIsKeptPerPlatformAndReplaced(t *testing.T) {
	t.Parallel()
	r, ctx := store.NewReach(store.NewMemory()), t.Context()
	u := access.ChatUser{Platform: access.Teams, Team: "t", User: "u"}
	if _, err := r.Contact(ctx, u); !errors.Is(err, access.ErrNotFound) {
		t.Errorf("nobody: %v", err)
	}
	if _, err := r.Conversation(ctx, access.Teams, "19:a"); !errors.Is(err, access.ErrNotFound) {
		t.Errorf("nowhere: %v", err)
	}
	for _, c := range []access.Contact{{User: u, Local: "29:x", Name: "Hana", Zone: "Asia/Tokyo", Last: "19:a"}, {User: u, Local: "29:x", Personal: "a:1"}} {
		if err := r.SaveContact(ctx, c); err != nil {
			t.Fatal(err)
		}
		if got, err := r.Contact(ctx, u); err != nil || got != c {
			t.Errorf("got %+v, %v", got, err)
		}
	}
	for _, service := range []string{"https://a.example/", "https://b.example/"} {
		c := access.Conversation{Platform: access.Teams, ID: "19:a;x/y", Service: service}
		if err := r.SaveConversation(ctx, c); err != nil {
			t.Fatal(err)
		}
		if got, err := r.Conversation(ctx, access.Teams, "19:a;x/y"); err != nil || got != c {
			t.Errorf("got %+v, %v", got, err)
		}
		if _, err := r.Conversation(ctx, access.Slack, "19:a;x/y"); !errors.Is(err, access.ErrNotFound) {
			t.Errorf("on another platform: %v", err)
		}
	}
	if r.SaveContact(ctx, access.Contact{}) == nil || r.SaveConversation(ctx, access.Conversation{Platform: access.Teams, ID: "x"}) == nil {
		t.Error("nobody, or nowhere, was kept")
	}
}
