package slack_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/store"
)

// TestT22ResponseURLsAreNotUsed: a payload, signed as Slack signs, that has an
// address to answer at is handled as any other. Nobody calls there, and neither
// the state file nor the log keeps it.
func TestT22ResponseURLsAreNotUsed(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	attacker := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { calls.Add(1) }))
	t.Cleanup(attacker.Close)
	const mark = "respond-canary"
	there := attacker.URL + "/" + mark
	w := newWorld(t, store.NewMemory())

	// A command that is refused at once, one that is answered, one that fails,
	// and one that makes a request.
	for i, text := range []string{"", "whoami", "nonsense", "status REQ-000000", goodLine} {
		body := commandBody(text, fmt.Sprint("22.", i)) + "&" + url.Values{"response_url": {there}, "response_urls": {there}}.Encode()
		if code, answer := w.stamped("commands", signing, body, time.Now()); code != http.StatusOK {
			t.Errorf("%q: %d %s", text, code, answer)
		}
		w.work()
	}
	all := w.all()
	if len(all) != 1 {
		t.Fatalf("%d requests, want that of the command", len(all))
	}

	// A form and a button, each with the address wherever Slack's payloads have
	// one.
	payloads := []string{
		strings.Replace(submission("U0HANA", "V22", "C0GEN", fields(map[string]string{"account": "orders-dev", "group": "aws-orders-dev"})), `{`,
			fmt.Sprintf(`{"response_url":%q,"response_urls":[{"response_url":%q,"channel_id":"C0GEN","block_id":"b","action_id":"a"}],`, there, there), 1),
		fmt.Sprintf(`{"type":"block_actions","response_url":%q,"team":{"id":"T0ACME"},"user":{"id":"U0HANA","team_id":"T0ACME"},"channel":{"id":"C0AWS"},`+
			`"actions":[{"action_id":"cancel","value":%q,"action_ts":"22.9","response_url":%q}]}`, there, w.moved(all[0], access.StateProposed).ID, there),
	}
	for _, p := range payloads {
		if a := w.send(w.interaction(p)); a.Status != http.StatusOK {
			t.Errorf("%s: %d %s", p, a.Status, a.Body)
		}
		w.work()
	}
	w.entra.mu.Lock()
	closed := len(w.entra.closed)
	w.entra.mu.Unlock()
	if len(w.all()) != 2 || closed != 1 {
		t.Errorf("%d requests and %d withdrawn, want the form and the button handled as usual", len(w.all()), closed)
	}

	if n := calls.Load(); n != 0 {
		t.Errorf("the address was called %d times", n)
	}
	if strings.Contains(w.log.String(), mark) {
		t.Error("the log has the address")
	}
	if where := kept(t, w.db, mark); where != "" {
		t.Errorf("%s keeps the address", where)
	}
	if kept(t, w.db, "U0HANA") == "" {
		t.Error("nothing was looked through")
	}
}

// kept returns where the state has some text, "" for nowhere.
func kept(t *testing.T, db store.DB, text string) string {
	t.Helper()
	found := ""
	err := db.View(t.Context(), func(tx store.Tx) error {
		for _, bucket := range store.Buckets() {
			err := tx.Scan(bucket, "", func(key string, value []byte) error {
				if strings.Contains(key, text) || strings.Contains(string(value), text) {
					found = bucket + " " + key
				}
				return nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
