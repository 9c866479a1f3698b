package github

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

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
