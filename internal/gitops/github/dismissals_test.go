package github

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"aws-access-bot/internal/gitops/review"
)

// TestDismissals reads every page, and takes only what is about reviews.
func TestDismissals(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	const path = "/repos/acme/config/issues/7/events"
	a.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("page") == "" {
			if r.URL.Query().Get("per_page") != "100" {
				t.Errorf("asked %s", r.URL)
			}
			w.Header().Set("Link", fmt.Sprintf(`<%s%s?page=2>; rel="next"`, a.server.URL, path))
			fmt.Fprint(w, `[{"id":1,"event":"closed","actor":{"id":5,"login":"ken","type":"User"},"created_at":"2026-11-20T12:00:00Z"},
				{"id":2,"event":"review_dismissed","actor":{"id":5,"login":"ken","type":"User"},"created_at":"2026-11-20T12:01:00Z",
				 "dismissed_review":{"state":"changes_requested","review_id":40,"dismissal_message":"no"}}]`)
			return
		}
		fmt.Fprint(w, `[{"id":3,"event":"review_dismissed","actor":null,"created_at":"2026-11-20T12:02:00Z",
				"dismissed_review":{"state":"approved","review_id":41,"dismissal_message":null,"dismissal_commit_id":"abc"}},
			{"id":4,"event":"review_dismissed","actor":{"id":9,"login":"helper[bot]","type":"Bot"},"created_at":"2026-11-20T12:03:00Z",
				"dismissed_review":{"state":"changes_requested","review_id":42,"dismissal_message":"x"}}]`)
	})
	got, err := a.client().Dismissals(t.Context(), 7)
	at := func(m int) time.Time { return time.Date(2026, 11, 20, 12, m, 0, 0, time.UTC) }
	want := []review.Dismissal{
		{Review: 40, By: review.User{ID: 5, Login: "ken"}, Was: review.ChangesRequested, At: at(1)},
		{Review: 41, By: review.User{Bot: true}, Was: review.Approved, At: at(2)},
		{Review: 42, By: review.User{ID: 9, Login: "helper[bot]", Bot: true}, Was: review.ChangesRequested, At: at(3)},
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}
