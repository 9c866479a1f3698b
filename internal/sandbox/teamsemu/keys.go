package teamsemu

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// keyBits is the size of the connector's keys.
const keyBits = 2048

// tokenLife is how long a token for the bot is good.
const tokenLife = time.Hour

// signingKey is a key of the connector.
type signingKey struct {
	id      string
	private *rsa.PrivateKey
	// unpublished is a key that the metadata no longer show.
	unpublished bool
}

// addKey adds a key, which signs from now on; nil makes one, which takes some
// tenths of a second. The caller holds s.mu, or is New.
func (s *Server) addKey(key *rsa.PrivateKey) error {
	if key == nil {
		made, err := rsa.GenerateKey(rand.Reader, keyBits)
		if err != nil {
			return fmt.Errorf("make a key of the connector: %w", err)
		}
		key = made
	}
	sum := sha256.Sum256(append(key.N.Bytes(), byte(len(s.keys))))
	s.keys = append(s.keys, &signingKey{id: base64.RawURLEncoding.EncodeToString(sum[:20]), private: key})
	s.touch()
	return nil
}

// RollKeys makes the connector sign with a new key. The older ones stay in the
// published set until [Server.RetireKeys].
func (s *Server) RollKeys() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addKey(nil)
}

// RetireKeys stops publishing all keys but the one that signs.
func (s *Server) RetireKeys() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range s.keys[:len(s.keys)-1] {
		k.unpublished = true
	}
	s.touch()
}

// serveMetadata is the OpenID metadata, as login.botframework.com has it.
func (s *Server) serveMetadata(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	writeJSON(w, http.StatusOK, object{
		"issuer": Issuer, "authorization_endpoint": "https://invalid.botframework.com",
		"jwks_uri":                              s.opts.BaseURL + "v1/.well-known/keys",
		"id_token_signing_alg_values_supported": []string{"RS256"},
		"token_endpoint_auth_methods_supported": []string{"private_key_jwt"},
	})
}

// serveKeys are the published keys.
func (s *Server) serveKeys(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	keys := []object{}
	for _, k := range s.keys {
		if !k.unpublished {
			keys = append(keys, k.jwk())
		}
	}
	writeJSON(w, http.StatusOK, object{"keys": keys})
}

func (k *signingKey) jwk() object {
	return object{
		"kty": "RSA", "use": "sig", "kid": k.id, "x5t": k.id,
		"n":            base64.RawURLEncoding.EncodeToString(k.private.N.Bytes()),
		"e":            base64.RawURLEncoding.EncodeToString(big.NewInt(int64(k.private.E)).Bytes()),
		"endorsements": []string{"skype", channelID, "webchat", "directline", "azurebotsvc"},
	}
}

// TokenOptions make a token that is not the right one of this moment. The zero
// value makes the right one.
type TokenOptions struct {
	// Time replaces the time of signing if it is not zero.
	Time time.Time
	// Issuer, Audience, ServiceURL and KeyID replace theirs if they are not empty.
	Issuer, Audience, ServiceURL, KeyID string
	// Key signs in place of the connector's, under its key id.
	Key *rsa.PrivateKey
}

// errNoKey is a server without a key, which New does not make.
var errNoKey = errors.New("the connector has no key")

// token returns a token for the bot. The caller holds s.mu.
func (s *Server) token(o TokenOptions) (string, error) {
	if len(s.keys) == 0 {
		return "", errNoKey
	}
	k := *s.keys[len(s.keys)-1]
	if o.Time.IsZero() {
		o.Time = s.kit.Now()
	}
	pick := func(given, right string) string {
		if given != "" {
			return given
		}
		return right
	}
	if o.Key != nil {
		k.private = o.Key
	}
	t := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims{
		"serviceurl": pick(o.ServiceURL, s.ServiceURL()), "iss": pick(o.Issuer, Issuer), "aud": pick(o.Audience, s.opts.AppID),
		"nbf": o.Time.Unix(), "exp": o.Time.Add(tokenLife).Unix(),
	})
	t.Header["kid"], t.Header["x5t"] = pick(o.KeyID, k.id), k.id
	signed, err := t.SignedString(k.private)
	if err != nil {
		return "", fmt.Errorf("sign a token for the bot: %w", err)
	}
	return signed, nil
}
