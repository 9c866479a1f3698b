package slack

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"aws-access-bot/internal/secret"

	slackapi "github.com/slack-go/slack"
)

// maxAhead is how far Slack's clock may be ahead of ours. The library allows
// five minutes either way; a time stamp from the future has no good reason.
const maxAhead = 60 * time.Second

// errUnverified is all that is said about a request that did not verify.
var errUnverified = errors.New("request is not signed by Slack")

// verified reads the body and returns it if one of the secrets signed it.
func verified(r *http.Request, secrets []secret.Value, now time.Time) ([]byte, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	ts, err := strconv.ParseInt(r.Header.Get("X-Slack-Request-Timestamp"), 10, 64)
	if err != nil || time.Unix(ts, 0).Sub(now) > maxAhead || len(r.Header.Values("X-Slack-Signature")) != 1 {
		return nil, errUnverified
	}
	for _, s := range secrets {
		if !s.Empty() && signedBy(r.Header, body, s) {
			return body, nil
		}
	}
	return nil, errUnverified
}

// signedBy drops the library's error: it holds the MAC that was expected.
func signedBy(h http.Header, body []byte, s secret.Value) bool {
	v, err := slackapi.NewSecretsVerifier(h, s.Reveal())
	if err != nil {
		return false
	}
	if _, err := v.Write(body); err != nil {
		return false
	}
	return v.Ensure() == nil
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
