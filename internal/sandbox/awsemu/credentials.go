package awsemu

import (
	"crypto/rand"
	"crypto/subtle"
	"net/http"
	"slices"
	"time"

	"aws-access-bot/internal/sandbox/emukit"
)

// identity is who made a request.
type identity struct {
	accountID, arn, userID string
	temporary              bool   // credentials of a role
	role                   string // ARN of that role
}

// credential is one access key.
type credential struct {
	identity
	secret string
	token  string    // session token, empty for a user's key
	ends   time.Time // zero for never
}

// keyring is the access keys and roles that the emulator knows.
type keyring struct {
	keys  map[string]credential // by access key id
	roles map[string]role       // by ARN
}

func newKeyring() *keyring {
	return &keyring{keys: map[string]credential{}, roles: map[string]role{}}
}

// AddCredentials makes an access key known. It belongs to accountID and acts as
// arn (a user or a role session). The secret is kept out of the journal.
func (s *Server) AddCredentials(accessKey, secret, accountID, arn string) {
	s.kit.Journal.Redact(secret)
	s.lock()
	defer s.mu.Unlock()
	s.keys.keys[accessKey] = credential{
		identity: identity{accountID: accountID, arn: arn, userID: "AIDA" + idLetters(arn)},
		secret:   secret,
	}
}

// RemoveCredentials forgets an access key: later requests with it are refused.
func (s *Server) RemoveCredentials(accessKey string) {
	s.lock()
	defer s.mu.Unlock()
	delete(s.keys.keys, accessKey)
}

// session makes the credentials of a role session.
func (k *keyring) session(r role, name string, ends time.Time) credential {
	return credential{
		identity: identity{
			accountID: r.accountID, arn: "arn:aws:sts::" + r.accountID + ":assumed-role/" + r.name + "/" + name,
			userID: "AROA" + idLetters(r.arn) + ":" + name, temporary: true, role: r.arn,
		},
		secret: rand.Text() + rand.Text()[:14], token: "FwoGZXIvYXdzE" + rand.Text() + rand.Text() + rand.Text(), ends: ends,
	}
}

// idLetters returns the 17 letters and digits that follow the prefix of an
// IAM unique id; they depend on seed only.
func idLetters(seed string) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	h := hmacSum([]byte(seed), "id")
	id := make([]byte, 17)
	for i := range id {
		id[i] = letters[h[i]%32]
	}
	return string(id)
}

// authError is a refused credential. JSON and Query services have their own
// words for it; the message is the same.
type authError struct {
	json, query string // error codes
	queryStatus int
	message     string
}

func authMissing() *authError {
	return &authError{"MissingAuthenticationTokenException", "MissingAuthenticationToken", http.StatusForbidden, "Request is missing Authentication Token"}
}

func authIncomplete(msg string) *authError {
	return &authError{"IncompleteSignatureException", "IncompleteSignature", http.StatusBadRequest, msg}
}

func authUnknown() *authError {
	return &authError{"UnrecognizedClientException", "InvalidClientTokenId", http.StatusForbidden, "The security token included in the request is invalid."}
}

func authSignature(msg string) *authError {
	return &authError{"InvalidSignatureException", "SignatureDoesNotMatch", http.StatusForbidden, msg}
}

func authExpired() *authError {
	return &authError{"ExpiredTokenException", "ExpiredToken", http.StatusForbidden, "The security token included in the request is expired"}
}

// authenticate checks the signature of a request to the service of that signing
// name. Regions are those the endpoint takes; none means any.
func (s *Server) authenticate(r *http.Request, body []byte, name string, regions ...string) (identity, *authError) {
	sig, bad := parseSignature(r.Header)
	if bad != nil {
		return identity{}, bad
	}
	now := s.lock()
	cred, known := s.keys.keys[sig.accessKey]
	s.mu.Unlock()
	token := r.Header.Get("X-Amz-Security-Token")
	switch {
	case !known, subtle.ConstantTimeCompare([]byte(token), []byte(cred.token)) != 1:
		return identity{}, authUnknown()
	case sig.service != name:
		return identity{}, authSignature("Credential should be scoped to correct service: '" + name + "'.")
	case len(regions) > 0 && !slices.Contains(regions, sig.region), sig.region == "":
		return identity{}, authSignature("Credential should be scoped to a valid region, not '" + sig.region + "'.")
	}
	if bad := sig.checkTime(now); bad != nil {
		return identity{}, bad
	}
	if bad := sig.checkHeaders(r.Header); bad != nil {
		return identity{}, bad
	}
	if !sig.matches(r, body, cred.secret) {
		return identity{}, authSignature("The request signature we calculated does not match the signature you provided. " +
			"Check your AWS Secret Access Key and signing method. Consult the service documentation for details.")
	}
	if !cred.ends.IsZero() && !now.Before(cred.ends) {
		return identity{}, authExpired()
	}
	s.noteUse(sig.accessKey, sig.service, sig.region, now)
	emukit.SetCaller(r.Context(), sig.accessKey)
	return cred.identity, nil
}
