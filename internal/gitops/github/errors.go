package github

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	gh "github.com/google/go-github/v60/github"

	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/retryafter"
)

var errAPI = errors.New("GitHub API")

// wrap adds the operation to an error and maps it to a kind of gitops.
func (c *Client) wrap(op string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", op, c.kind(err))
}

func (c *Client) kind(err error) error {
	// Limits that GitHub answers never come here: see [transport]. This is
	// go-github, which asks no more until the reset once nothing remained.
	var primary *gh.RateLimitError
	if errors.As(err, &primary) {
		return &gitops.ThrottledError{Until: primary.Rate.Reset.Time}
	}
	var refused *gh.ErrorResponse
	if !errors.As(err, &refused) || refused.Response == nil {
		return err
	}
	kind := kindOf(refused.Response.StatusCode)
	if refused.Response.StatusCode == http.StatusUnprocessableEntity && saysExists(refused) {
		kind = gitops.ErrExists
	}
	return fmt.Errorf("%w: %s", kind, reason(refused))
}

// kindOf maps a status to a kind.
func kindOf(status int) error {
	if status >= http.StatusInternalServerError {
		return gitops.ErrFailing
	}
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
// how long it says to wait, 0 when it does not say. The body can still be read.
func limitOf(resp *http.Response, now time.Time) (said time.Duration, limited bool, err error) {
	if resp.StatusCode != http.StatusTooManyRequests && resp.StatusCode != http.StatusForbidden {
		return 0, false, nil
	}
	if wait, ok := retryafter.Read(resp.Header.Get("Retry-After"), now); ok {
		return wait, true, nil
	}
	if resp.Header.Get("X-RateLimit-Remaining") == "0" {
		// A reset that is over, by our clock, says nothing.
		at, ok := retryafter.Reset(resp.Header.Get(rateReset), now)
		if !ok {
			return 0, true, nil
		}
		return retryafter.Bounded(at.Sub(now)), true, nil
	}
	if resp.StatusCode == http.StatusTooManyRequests {
		return 0, true, nil
	}
	head, err := io.ReadAll(io.LimitReader(resp.Body, maxErrorHead))
	resp.Body = rest{io.MultiReader(bytes.NewReader(head), resp.Body), resp.Body}
	return 0, strings.Contains(strings.ToLower(string(head)), "rate limit"), err
}

// maxErrorHead is how much of a refusal is searched for the words.
const maxErrorHead = 16 << 10
