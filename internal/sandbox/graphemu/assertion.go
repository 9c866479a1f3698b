package graphemu

import (
	"crypto/sha1" //nolint:gosec // the x5t of RFC 7515 is SHA-1; it names a certificate and protects nothing
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"net/url"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

// assertionType is the only client_assertion_type there is (RFC 7523, section 2.2).
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// checkAssertion holds a client assertion against the certificates of a client
// ("Microsoft identity platform application authentication certificate credentials").
// base is the tenant's address as the client wrote it.
func (s *Server) checkAssertion(c Client, form url.Values, base string) *loginError {
	if form.Get("client_assertion_type") != assertionType {
		return refusal(400, "invalid_request", 900144, "The request body must contain the following parameter: '%s'.", "client_assertion_type")
	}
	claims := jwt.RegisteredClaims{}
	_, err := jwt.ParseWithClaims(form.Get("client_assertion"), &claims, func(t *jwt.Token) (any, error) { return c.keyOf(t) },
		jwt.WithValidMethods([]string{"PS256", "RS256"}), jwt.WithExpirationRequired(), jwt.WithTimeFunc(s.kit.Now))
	switch {
	case errors.Is(err, jwt.ErrTokenExpired), errors.Is(err, jwt.ErrTokenNotValidYet):
		return refusal(401, "invalid_client", 700024, "Client assertion is not within its valid time range.")
	case errors.Is(err, errNoCertificate):
		return refusal(401, "invalid_client", 700027, "The certificate with identifier used to sign the client assertion is not registered on application.")
	case err != nil:
		return refusal(401, "invalid_client", 700027, "Client assertion failed signature validation.")
	case claims.Issuer != claims.Subject || !strings.EqualFold(claims.Subject, form.Get("client_id")):
		return refusal(401, "invalid_client", 700021, "Client assertion application identifier doesn't match 'client_id' parameter.")
	case len(claims.Audience) != 1 || claims.Audience[0] != base+"/oauth2/v2.0/token" && claims.Audience[0] != base+"/v2.0":
		return refusal(401, "invalid_client", 700023, "Client assertion audience claim does not match Realm issuer.")
	}
	return nil
}

// errNoCertificate is an assertion by a certificate that the client does not have.
var errNoCertificate = errors.New("no such certificate")

// keyOf finds the key of the certificate that an assertion names by its thumbprint.
func (c Client) keyOf(t *jwt.Token) (any, error) {
	for _, cert := range c.Certificates {
		long, short := sha256.Sum256(cert.Raw), sha1.Sum(cert.Raw) //nolint:gosec // as above
		if named(t.Header["x5t#S256"], long[:]) || named(t.Header["x5t"], short[:]) {
			return cert.PublicKey, nil
		}
	}
	return nil, errNoCertificate
}

// named reports whether a header is a thumbprint; libraries write it in either of the
// base64 alphabets.
func named(header any, thumbprint []byte) bool {
	text, _ := header.(string)
	text = strings.TrimRight(strings.NewReplacer("+", "-", "/", "_").Replace(text), "=")
	got, err := base64.RawURLEncoding.DecodeString(text)
	return err == nil && subtle.ConstantTimeCompare(got, thumbprint) == 1
}
