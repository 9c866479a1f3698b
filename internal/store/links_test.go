package store

import (
	"fmt"
	"sync"
	"testing"

	"aws-access-bot/internal/access"
)

// TestTriesToBeLinkedAreCountedPerUserAndDay, exactly also when they race, and
// no more of them are kept than may count.
func TestTriesToBeLinkedAreCountedPerUserAndDay(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, db DB) {
		s := NewRequests(db)
		eve := access.ChatUser{Platform: access.Slack, Team: "T1", User: "UEVE"}
		try := func(u access.ChatUser, key string, minutes int) bool {
			may, err := s.TryLink(t.Context(), u, key, at(minutes), 3)
			if err != nil {
				t.Error(err)
			}
			return may
		}
		var wg sync.WaitGroup
		might := make([]bool, 8)
		for i := range might {
			wg.Go(func() { might[i] = try(eve, fmt.Sprint("k", i), 0) })
		}
		wg.Wait()
		n, first := 0, ""
		for i, may := range might {
			if may {
				n, first = n+1, fmt.Sprint("k", i)
			}
		}
		same(t, "tries that may go on", 3, n)
		same(t, "the same delivery again", true, try(eve, first, 5))
		same(t, "a new one within the day", false, try(eve, "new", 24*60-1))
		there := eve
		there.Team = "T2"
		same(t, "another workspace", true, try(there, "new", 5))
		same(t, "after a day", true, try(eve, "new", 24*60))
		tries, _, err := viewJSON[[]tryRecord](t.Context(), db, bucketLinkTries, bindingKey(eve))
		same(t, "error", nil, err)
		same(t, "kept", []tryRecord{{"new", at(24 * 60)}}, tries)
		for name, u := range map[string]access.ChatUser{"no user": {Platform: access.Slack}, "no platform": {User: "U"}} {
			if may, err := s.TryLink(t.Context(), u, "k", at(0), 3); may || err == nil {
				t.Errorf("%s: %v, %v", name, may, err)
			}
		}
	})
}
