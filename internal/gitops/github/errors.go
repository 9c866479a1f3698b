package github

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	gh "github.com/google/go-github/v60/github"

	"aws-access-bot/internal/gitops"
)

// throttlePause is how long to wait when GitHub throttles and does not say how
// long: "at least one minute" (GitHub: rate limits for the REST API).
const throttlePause = time.Minute

var errAPI = errors.New("GitHub API")

// wrap adds the operation to an error and maps it to a kind of gitops.
func (c *Client) wrap(op string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", op, c.kind(err))
}

func (c *Client) kind(err error) error {
	var primary *gh.RateLimitError
	if errors.As(err, &primary) {
		return &gitops.ThrottledError{Until: primary.Rate.Reset.Time}
	}
	var secondary *gh.AbuseRateLimitError
	if errors.As(err, &secondary) {
		wait := throttlePause
		if secondary.RetryAfter != nil {
			wait = *secondary.RetryAfter
		}
		return &gitops.ThrottledError{Until: c.now().Add(wait)}
	}
	var refused *gh.ErrorResponse
	if !errors.As(err, &refused) || refused.Response == nil {
		return err
	}
	if until, ok := limitOf(refused.Response, refused.Message, c.now()); ok {
		return &gitops.ThrottledError{Until: until}
	}
	kind := kindOf(refused.Response.StatusCode)
	if refused.Response.StatusCode == http.StatusUnprocessableEntity && saysExists(refused) {
		kind = gitops.ErrExists
	}
	return fmt.Errorf("%w: %s", kind, reason(refused))
}

// kindOf maps a status to a kind.
func kindOf(status int) error {
	switch status {
	case http.StatusNotFound, http.StatusGone:
		return gitops.ErrNotFound
	case http.StatusUnauthorized, http.StatusForbidden:
		return gitops.ErrDenied
	default:
		return errAPI
	}
}

// saysExists recognises "Reference already exists" and "A pull request already
// exists for …".
func saysExists(r *gh.ErrorResponse) bool {
	if strings.Contains(r.Message, "already exists") {
		return true
	}
	for _, e := range r.Errors {
		if strings.Contains(e.Message, "already exists") || e.Code == "already_exists" {
			return true
		}
	}
	return false
}

// reason is GitHub's answer without address and headers.
func reason(r *gh.ErrorResponse) string {
	text := strconv.Itoa(r.Response.StatusCode) + " " + r.Message
	for _, e := range r.Errors {
		if e.Message != "" {
			text += "; " + e.Message
		}
	}
	return text
}

// limitOf recognises a rate limit, which GitHub answers with 403 or 429, and
// says until when.
func limitOf(resp *http.Response, message string, now time.Time) (time.Time, bool) {
	if resp.StatusCode != http.StatusTooManyRequests && resp.StatusCode != http.StatusForbidden {
		return time.Time{}, false
	}
	if s, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil {
		return now.Add(time.Duration(s) * time.Second), true
	}
	if resp.Header.Get("X-RateLimit-Remaining") == "0" {
		if at, err := strconv.ParseInt(resp.Header.Get("X-RateLimit-Reset"), 10, 64); err == nil {
			return time.Unix(at, 0), true
		}
	}
	if resp.StatusCode == http.StatusTooManyRequests || strings.Contains(strings.ToLower(message), "rate limit") {
		return now.Add(throttlePause), true
	}
	return time.Time{}, false
}
