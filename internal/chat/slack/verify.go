package slack

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"aws-access-bot/internal/secret"
)

// How far the time stamp of a request may be from our clock. Slack's own
// libraries allow five minutes either way ("Verifying requests from Slack"); a
// time stamp from the future has no good reason.
const (
	maxBehind = 5 * time.Minute
	maxAhead  = 60 * time.Second
)

// errUnverified is all that is said about a request that did not verify.
var errUnverified = errors.New("request is not signed by Slack")

// verified reads the body and returns it if one of the secrets signed it. The
// library's verifier is not used: its errors hold the expected MAC, it takes
// hex in any case, and it has a clock of its own.
func verified(r *http.Request, secrets []secret.Value, now time.Time) ([]byte, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	stamps, signatures := r.Header.Values("X-Slack-Request-Timestamp"), r.Header.Values("X-Slack-Signature")
	if len(stamps) != 1 || len(signatures) != 1 {
		return nil, errUnverified
	}
	sec, err := strconv.ParseInt(stamps[0], 10, 64)
	if err != nil {
		return nil, errUnverified
	}
	// Sub is saturated, so that no time stamp is far enough to wrap around.
	if age := now.Sub(time.Unix(sec, 0)); age > maxBehind || age < -maxAhead {
		return nil, errUnverified
	}
	for _, s := range secrets {
		// An empty key is one that everybody knows.
		if !s.Empty() && hmac.Equal([]byte(signatures[0]), []byte(signature(s, stamps[0], body))) {
			return body, nil
		}
	}
	return nil, errUnverified
}

// signature is Slack's v0 signature: lower-case hex of an HMAC-SHA256 over
// version, time stamp and body.
func signature(s secret.Value, stamp string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(s.Reveal()))
	_, _ = fmt.Fprintf(mac, "v0:%s:%s", stamp, body) // a hash takes every write
	return "v0=" + hex.EncodeToString(mac.Sum(nil))
}

// fail answers a request whose body could not be taken.
func fail(w http.ResponseWriter, err error) {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		http.Error(w, "request body too large", http.StatusRequestEntityTooLarge)
	case errors.Is(err, errUnverified):
		http.Error(w, "unauthorized", http.StatusUnauthorized)
	default:
		http.Error(w, "bad request", http.StatusBadRequest)
	}
}
