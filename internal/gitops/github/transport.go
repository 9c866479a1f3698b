package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"aws-access-bot/internal/bodylimit"
	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/retryafter"
)

const (
	// maxResponse is how much of one answer is read: a tree of 100,000
	// entries, GitHub's limit, is 7 MB there and about 25 MB with addresses.
	maxResponse = 32 << 20
	// maxTries is how often a read is made.
	maxTries = 3
	// firstPause doubles with each try.
	firstPause = 500 * time.Millisecond
	// maxInline is how long a wait GitHub asks for is waited out here.
	maxInline = 5 * time.Second
)

// transport keeps to GitHub's limits, retries, limits answers and notes the
// request budget.
type transport struct {
	next http.RoundTripper
	base *url.URL
	now  func() time.Time
	pace *governor

	// mu guards what follows.
	mu     sync.Mutex
	budget gitops.Budget
}

func newTransport(next http.RoundTripper, base *url.URL, now func() time.Time) *transport {
	return &transport{next: next, base: base, now: now, pace: newGovernor(now)}
}

// RoundTrip implements [http.RoundTripper]. An answer that is a rate limit is
// a [gitops.ThrottledError].
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	leave, err := t.pace.enter(r.Context(), r)
	if err != nil {
		if r.Body != nil {
			_ = r.Body.Close() // as the interface demands; nothing was sent
		}
		return nil, err
	}
	defer leave()
	for try := 1; ; try++ {
		resp, err := t.next.RoundTrip(r)
		if err == nil {
			t.note(r, resp)
		}
		wait, again := t.again(r, resp, err, try)
		if !again {
			return t.finish(r, resp, err)
		}
		if resp != nil {
			_ = resp.Body.Close() // it is not used
		}
		if err := pause(r.Context(), wait); err != nil {
			return nil, err
		}
		if r, err = rewind(r); err != nil {
			return nil, err
		}
	}
}

// finish tells limits from answers.
func (t *transport) finish(r *http.Request, resp *http.Response, err error) (*http.Response, error) {
	if err != nil {
		return nil, err
	}
	resp.Body = bodylimit.Body(resp.Body, maxResponse)
	said, limited, err := limitOf(resp, t.now())
	switch {
	case err != nil:
		return nil, errors.Join(fmt.Errorf("read the answer %s: %w", resp.Status, err), resp.Body.Close())
	case limited:
		_ = resp.Body.Close() // it said what it had to say
		return nil, &gitops.ThrottledError{Until: t.pace.limited(r, said)}
	}
	t.pace.passed(r)
	if asApp(t.base, r.URL) {
		// go-github would take them for those of the installation.
		for _, name := range []string{"X-RateLimit-Limit", "X-RateLimit-Remaining", rateReset} {
			resp.Header.Del(name)
		}
	}
	boundReset(resp.Header, t.now())
	return resp, nil
}

const rateReset = "X-RateLimit-Reset"

// boundReset brings a reset that is too far away to be meant to the farthest
// that is believed: once nothing remains, go-github asks no more until then.
func boundReset(h http.Header, now time.Time) {
	if at, ok := retryafter.Reset(h.Get(rateReset), now); ok {
		h.Set(rateReset, strconv.FormatInt(at.Unix(), 10))
	} else {
		h.Del(rateReset)
	}
}

// rewind returns the request with its body at the start again.
func rewind(r *http.Request) (*http.Request, error) {
	if r.Body == nil || r.GetBody == nil {
		return r, nil
	}
	body, err := r.GetBody()
	if err != nil {
		return nil, fmt.Errorf("repeat request: %w", err)
	}
	out := r.Clone(r.Context())
	out.Body = body
	return out, nil
}

// again decides whether and when a request is repeated: reads after a failure
// of the connection or the server, and anything that was refused for a short
// while.
func (t *transport) again(r *http.Request, resp *http.Response, err error, try int) (time.Duration, bool) {
	if try >= maxTries || r.Context().Err() != nil {
		return 0, false
	}
	read := isRead(r)
	back := firstPause << (try - 1)
	switch {
	case err != nil:
		return back, read
	case resp.StatusCode >= 500:
		return back, read
	case resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusForbidden:
		wait, said := retryafter.Read(resp.Header.Get("Retry-After"), t.now())
		return wait, said && wait <= maxInline && (r.Body == nil || r.GetBody != nil)
	}
	return 0, false
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// note keeps the core budget of the last answer. What the App asks as itself
// is counted apart from what its installation asks.
func (t *transport) note(r *http.Request, resp *http.Response) {
	if asApp(t.base, r.URL) {
		return
	}
	h := resp.Header
	if res := h.Get("X-RateLimit-Resource"); res != "" && res != "core" {
		return
	}
	limit, err1 := strconv.Atoi(h.Get("X-RateLimit-Limit"))
	remaining, err2 := strconv.Atoi(h.Get("X-RateLimit-Remaining"))
	reset, ok := retryafter.Reset(h.Get(rateReset), t.now())
	if err1 != nil || err2 != nil || !ok || limit < 0 || remaining < 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.budget = gitops.Budget{Limit: limit, Remaining: remaining, Reset: reset}
}

func (t *transport) budgetNow() gitops.Budget {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.budget
}
