package teamsemu

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// published reads the keys the way a bot does: metadata, then the set they name.
func (w *world) published() map[string]*rsa.PublicKey {
	w.t.Helper()
	_, meta, _ := w.api(http.MethodGet, "/v1/.well-known/openidconfiguration", "", nil)
	path, ok := strings.CutPrefix(text(meta, "jwks_uri"), w.url)
	if !ok || text(meta, "issuer") != Issuer {
		w.t.Fatalf("metadata: %v", meta)
	}
	_, set, _ := w.api(http.MethodGet, path, "", nil)
	out := map[string]*rsa.PublicKey{}
	for _, k := range list(set, "keys") {
		n, err := base64.RawURLEncoding.DecodeString(text(k, "n"))
		if err != nil {
			w.t.Fatal(err)
		}
		e, err := base64.RawURLEncoding.DecodeString(text(k, "e"))
		if err != nil {
			w.t.Fatal(err)
		}
		if ends, _ := k["endorsements"].([]any); !slices.Contains(ends, any("msteams")) {
			w.t.Errorf("key %s is endorsed for %v", text(k, "kid"), ends)
		}
		out[text(k, "kid")] = &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(new(big.Int).SetBytes(e).Int64())}
	}
	return out
}

// verify checks the token of the last activity with the published keys.
func (w *world) verify(keys map[string]*rsa.PublicKey) (jwt.MapClaims, error) {
	w.mu.Lock()
	raw := strings.TrimPrefix(w.auth[len(w.auth)-1], "Bearer ")
	w.mu.Unlock()
	claims := jwt.MapClaims{}
	_, err := jwt.ParseWithClaims(raw, claims, func(tok *jwt.Token) (any, error) {
		id, _ := tok.Header["kid"].(string)
		if k, ok := keys[id]; ok {
			return k, nil
		}
		return nil, jwt.ErrTokenUnverifiable
	}, jwt.WithValidMethods([]string{"RS256"}), jwt.WithIssuer(Issuer), jwt.WithAudience(testApp), jwt.WithTimeFunc(w.clock.now), jwt.WithExpirationRequired())
	return claims, err
}

func TestActivitiesAreSignedWithAPublishedKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.writes(hana, access, "@aws-access help", "")
	claims, err := w.verify(w.published())
	if err != nil {
		t.Fatal(err)
	}
	in := w.heard()[0]
	if claims["serviceurl"] != text(in, "serviceUrl") || claims["serviceurl"] != w.ServiceURL() {
		t.Errorf("serviceurl claim %v, activity %v", claims["serviceurl"], in["serviceUrl"])
	}
	nbf, _ := claims["nbf"].(float64)
	exp, _ := claims["exp"].(float64)
	if exp-nbf != time.Hour.Seconds() {
		t.Errorf("good for %v s", exp-nbf)
	}
	raw, err := json.Marshal(claims)
	if err != nil || len(claims) != 5 {
		t.Errorf("claims: %s %v", raw, err)
	}
}

func TestKeysRollOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old := w.published()
	if err := w.RollKeys(); err != nil {
		t.Fatal(err)
	}
	w.writes(hana, "personal", "help", "")
	if _, err := w.verify(old); err == nil {
		t.Error("the old set verifies a token of the new key")
	}
	now := w.published()
	if _, err := w.verify(now); err != nil || len(now) != 2 {
		t.Errorf("after the roll-over: %v with %d keys", err, len(now))
	}
	w.RetireKeys()
	if left := w.published(); len(left) != 1 {
		t.Errorf("%d keys after retiring", len(left))
	}
	w.writes(hana, "personal", "help", "")
	if _, err := w.verify(w.published()); err != nil {
		t.Errorf("after retiring: %v", err)
	}
}

func TestSignMakesTokensThatAreWrongInOneThing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	keys := w.published()
	other, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		o    TokenOptions
		good bool
	}{
		"nothing":  {TokenOptions{}, true},
		"time":     {TokenOptions{Time: w.clock.now().Add(-2 * time.Hour)}, false},
		"issuer":   {TokenOptions{Issuer: "https://sts.windows.net/x/"}, false},
		"audience": {TokenOptions{Audience: "other"}, false},
		"key id":   {TokenOptions{KeyID: "other"}, false},
		"key":      {TokenOptions{Key: other}, false},
	} {
		r, err := w.Sign(KindMessage, []byte(`{"type":"message"}`), tc.o)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Send(background(), r); err != nil {
			t.Fatal(err)
		}
		if _, err := w.verify(keys); (err == nil) != tc.good {
			t.Errorf("wrong in %s: %v", name, err)
		}
	}
}

func TestLastIsWhatWasSentToTheByte(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if _, ok := w.Last(KindMessage); ok {
		t.Error("there is a last message before the first")
	}
	w.writes(hana, "personal", "help", "")
	r, ok := w.Last(KindMessage)
	if !ok {
		t.Fatal("no last message")
	}
	first := w.heard()
	if _, err := w.Send(background(), r); err != nil {
		t.Fatal(err)
	}
	again := w.heard()
	if text(first[0], "id") == "" || text(first[0], "id") != text(again[0], "id") {
		t.Errorf("sent %v, then %v", first[0]["id"], again[0]["id"])
	}
}
