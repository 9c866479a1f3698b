package teams

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"aws-access-bot/internal/store"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
)

// TestWhatKeepsTheBotFromSpeakingIsSaid, with what to do about it.
func TestWhatKeepsTheBotFromSpeakingIsSaid(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]struct {
		break_ func(w *world)
		want   []string
	}{
		"nothing": {func(*world) {}, nil},
		"no keys": {func(w *world) { w.publisher.broken = true }, []string{"teams.openid_metadata"}},
		"no token": {func(w *world) {
			w.client.connector.Credential = func() (azcore.TokenCredential, error) { return nil, errors.New("AADSTS7000215") }
		}, []string{"AADSTS7000215"}},
		"not installed": {func(w *world) { w.connector.gone[general] = http.StatusForbidden }, []string{"not in the channel " + general}},
		"a wrong channel": {func(w *world) {
			w.connector.gone[requests], w.connector.gone[general] = http.StatusNotFound, http.StatusNotFound
		}, []string{requests, general}},
		"an outage": {func(w *world) {
			w.connector.fail(fault{method: http.MethodGet, status: http.StatusInternalServerError})
		}, []string{"not known"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, store.NewMemory())
			x.break_(w)
			got := w.client.Check(t.Context(), w.inbound.Trust.Keys, requests, general)
			if len(got) != len(x.want) {
				t.Fatalf("got %q, want %q", got, x.want)
			}
			for i, want := range x.want {
				if !strings.Contains(got[i], want) {
					t.Errorf("%q does not say %q", got[i], want)
				}
			}
		})
	}
}
