package entra_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"aws-access-bot/internal/provision/entra"
	"aws-access-bot/internal/provision/fault"
	"aws-access-bot/internal/secret"
)

// stuck is a network in which the login answers, unless it hangs too, and
// Graph never does.
type stuck struct{ login bool }

func (s stuck) RoundTrip(r *http.Request) (*http.Response, error) {
	if s.login || r.URL.Host != "login.example" {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	base := "https://login.example/" + tenant
	body, err := json.Marshal(map[string]any{
		"issuer": base + "/v2.0", "token_endpoint": base + "/oauth2/v2.0/token", "authorization_endpoint": base + "/oauth2/v2.0/authorize",
		"token_type": "Bearer", "access_token": "x.y.z", "expires_in": 3600,
	})
	if err != nil {
		return nil, err
	}
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(string(body))), Request: r,
	}, nil
}

func TestEveryCallEnds(t *testing.T) {
	t.Parallel()
	for name, network := range map[string]stuck{"graph hangs": {}, "login hangs": {login: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c, err := entra.New(entra.Options{
					Tenant: tenant, Client: clientID, Secret: secret.New(clientSecret), GraphURL: "https://graph.example/v1.0", AuthorityURL: "https://login.example",
					Wrap: func(http.RoundTripper) http.RoundTripper { return network }, App: func() (string, error) { return app, nil },
				})
				if err != nil {
					t.Fatal(err)
				}
				began := time.Now()
				_, err = c.Group(context.Background(), devs)
				if took := time.Since(began); err == nil || fault.Known(err) || took > time.Minute || took < 10*time.Second {
					t.Errorf("after %v: %v", took, err)
				}
			})
		})
	}
}
