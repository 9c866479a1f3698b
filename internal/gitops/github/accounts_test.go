package github

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
)

// TestT13AccountsArePeoples: an organization, a bot and a login that is no login
// are nobody, and the number comes from GitHub.
func TestT13AccountsArePeoples(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	for login, body := range map[string]string{
		"hana-dev": `{"login":"Hana-Dev","id":1002,"type":"User"}`,
		"acme":     `{"login":"acme","id":9001,"type":"Organization"}`,
		"robot":    `{"login":"robot","id":12,"type":"Bot"}`,
		"typeless": `{"login":"typeless","id":13}`,
		"other":    `{"login":"another","id":14,"type":"User"}`,
		"zero":     `{"login":"zero","type":"User"}`,
	} {
		a.HandleFunc("GET /users/"+login, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) })
	}
	a.HandleFunc("GET /users/broken", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })
	c := a.client()
	got, err := c.Account(t.Context(), "hana-dev")
	if err != nil || got != (config.GitHubUser{Login: "Hana-Dev", ID: 1002}) {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, login := range []string{"acme", "robot", "typeless", "other", "zero", "nobody", "", "../repos/acme/config", "a b", "-x", "x[bot]", strings.Repeat("x", 40)} {
		if got, err := c.Account(t.Context(), login); !errors.Is(err, access.ErrNotFound) {
			t.Errorf("%q: %+v, %v", login, got, err)
		}
	}
	if _, err := c.Account(t.Context(), "broken"); err == nil || errors.Is(err, access.ErrNotFound) {
		t.Errorf("a refusal of GitHub: %v", err)
	}
}
