package storetest

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/store"
)

// bindOnce lets users with one address, and one user with many, bind at the
// same time: one of each wins, and the others change nothing.
func bindOnce(t *testing.T, db store.DB) {
	const racers = 8
	user := func(team string, n int) access.ChatUser {
		return access.ChatUser{Platform: access.Slack, Team: team, User: fmt.Sprintf("U%d", n)}
	}
	var users []access.ChatUser
	var people []access.Binding
	for n := range racers {
		users = append(users, user("T1", n))
		people = append(people, access.Binding{Entra: "one person", Email: "one@example.com"})
	}
	for n := range racers {
		users = append(users, user("T2", 0))
		people = append(people, access.Binding{Entra: fmt.Sprintf("person %d", n), Email: fmt.Sprintf("%d@example.com", n)})
	}
	errs := make([]error, len(users))
	bindings := store.NewBindings(db)
	var wg sync.WaitGroup
	for i := range users {
		wg.Go(func() { errs[i] = bindings.Bind(t.Context(), users[i], people[i]) })
	}
	wg.Wait()
	for _, race := range [][2]int{{0, racers}, {racers, 2 * racers}} {
		boundOne(t, bindings, users[race[0]:race[1]], people[race[0]:race[1]], errs[race[0]:race[1]])
	}
	// Another workspace and another service have users of their own, and what
	// is bound may be bound the same way again.
	for _, u := range []access.ChatUser{user("T3", 1), {Platform: access.Teams, Team: "T1", User: "U1"}, user("T3", 1)} {
		if err := bindings.Bind(t.Context(), u, people[0]); err != nil {
			t.Errorf("bind %v: %v", u, err)
		}
	}
}

// boundOne wants exactly one of a race to have bound, and to be found bound.
func boundOne(t *testing.T, bindings *store.Bindings, users []access.ChatUser, people []access.Binding, errs []error) {
	t.Helper()
	won := 0
	for i, err := range errs {
		switch {
		case err == nil:
			won++
			if got, err := bindings.Binding(t.Context(), users[i]); err != nil || got != people[i] {
				t.Errorf("%v who won is bound to %v, %v; want %v", users[i], got, err, people[i])
			}
		case !errors.Is(err, access.ErrConflict):
			t.Errorf("%v who lost got %v, want ErrConflict", users[i], err)
		}
	}
	if won != 1 {
		t.Errorf("%d of %d bound, want one: %v", won, len(users), errs)
	}
}
