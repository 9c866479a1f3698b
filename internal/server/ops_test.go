package server

import (
	"context"
	"errors"
	"net/http/httptest"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// TestDetailsAreForOperatorsAndMakeNothingUnready: they follow the first line
// of /readyz on the ops listener, whatever it says.
func TestDetailsAreForOperatorsAndMakeNothingUnready(t *testing.T) {
	t.Parallel()
	lines := func(context.Context) []string { return []string{"guard: one", "guard: two"} }
	for _, tt := range []struct {
		err    error
		status int
		want   string
	}{
		{nil, 200, "ok\nguard: one\nguard: two\n"},
		{errors.New("halted"), 503, "halted\nguard: one\nguard: two\n"},
	} {
		w := httptest.NewRecorder()
		Ops(prometheus.NewRegistry(), ready{tt.err}, lines).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/readyz", nil))
		if w.Code != tt.status || w.Body.String() != tt.want {
			t.Errorf("%v: answered %d %q", tt.err, w.Code, w.Body)
		}
	}
}
