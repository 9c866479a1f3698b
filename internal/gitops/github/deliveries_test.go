package github

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"aws-access-bot/internal/gitops/delivery"
)

// TestADeliveryLogThatIsNotThereIsDenied, while other failures are tried again.
func TestADeliveryLogThatIsNotThereIsDenied(t *testing.T) {
	t.Parallel()
	for status, denied := range map[int]bool{401: true, 403: true, 404: true, 422: false, 500: false} {
		a := newAPI(t)
		a.HandleFunc("GET /app/hook/deliveries", func(w http.ResponseWriter, r *http.Request) {
			if got := r.Header.Get("Authorization"); strings.Count(got, ".") != 2 {
				t.Errorf("asked with %q, want the App's own token", got)
			}
			w.WriteHeader(status)
			fmt.Fprint(w, `{"message":"no"}`)
		})
		_, _, err := a.client().Deliveries(t.Context(), "")
		if err == nil || errors.Is(err, delivery.ErrDenied) != denied {
			t.Errorf("%d: %v", status, err)
		}
		if a.tokens.Load() != 0 {
			t.Error("an installation token was bought for it")
		}
	}
}

// TestTheAppsOwnLimitStopsNoReadOfTheInstallation: they are counted apart.
func TestTheAppsOwnLimitStopsNoReadOfTheInstallation(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.HandleFunc("GET /app/hook/deliveries", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-RateLimit-Limit", "5000")
		w.Header().Set("X-RateLimit-Remaining", "0")
		w.Header().Set("X-RateLimit-Reset", fmt.Sprint(time.Now().Add(time.Hour).Unix()))
		fmt.Fprint(w, `[]`)
	})
	a.HandleFunc("GET /repos/acme/config/pulls/7", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"number":7}`) })
	c := a.client()
	if _, _, err := c.Deliveries(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Pull(t.Context(), 7); err != nil {
		t.Errorf("a read of the installation: %v", err)
	}
	if b := c.Budget(); b.Limit != 0 {
		t.Errorf("budget %+v is the App's own", b)
	}
}
