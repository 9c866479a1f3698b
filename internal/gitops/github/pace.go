package github

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/retryafter"
)

// GitHub's limits (rate limits for the REST API; best practices for using the
// REST API): a limited caller waits for Retry-After, else for the reset when
// nothing remains, else for at least one minute and then ever longer; who goes
// on asking may be banned. Writes are made one at a time, about one a second
// where there are many; content is created at most 80 times a minute and 500
// times an hour, by everybody who uses the App. The bounds here leave room.
const (
	throttlePause = time.Minute
	longestPause  = 16 * time.Minute

	writesAMinute  = 120
	contentAMinute = 70
	contentAnHour  = 450
)

// governor says when the next request may be made. It is safe for use by
// several goroutines.
type governor struct {
	now     func() time.Time
	writing chan struct{} // holds one: writes are made one at a time

	// mu guards what follows.
	mu sync.Mutex
	// until is when GitHub may be asked again.
	until time.Time
	// strikes count the limits in a row that did not say how long, for reads
	// and for writes: what reads may do says nothing about writes.
	strikes [2]int
	// writes bounds them all; content bounds what people see made.
	writes  window
	content [2]window
}

func newGovernor(now func() time.Time) *governor {
	return &governor{
		now: now, writing: make(chan struct{}, 1), writes: window{most: writesAMinute, span: time.Minute},
		content: [2]window{{most: contentAMinute, span: time.Minute}, {most: contentAnHour, span: time.Hour}},
	}
}

// window bounds how often something happens in any stretch of time.
type window struct {
	most int
	span time.Duration
	at   []time.Time // of the last ones, oldest first
}

// wait is how long it takes until it may happen once more.
func (w *window) wait(now time.Time) time.Duration {
	w.at = slices.DeleteFunc(w.at, func(t time.Time) bool { return !t.After(now.Add(-w.span)) })
	if len(w.at) < w.most {
		return 0
	}
	return w.at[len(w.at)-w.most].Add(w.span).Sub(now)
}

func isRead(r *http.Request) bool { return r.Method == http.MethodGet || r.Method == http.MethodHead }

// makes reports whether a request makes something that people see: a branch, a
// pull request, a comment, a check. Objects of git, labels and tokens are none.
func makes(r *http.Request) bool {
	if r.Method != http.MethodPost {
		return false
	}
	for _, end := range []string{"/git/trees", "/git/commits", "/labels", "/access_tokens"} {
		if strings.HasSuffix(r.URL.Path, end) {
			return false
		}
	}
	return true
}

// enter waits for a request's turn and returns what ends it. A turn that is
// far away is an error that says when it comes; nothing is sent until then.
func (g *governor) enter(ctx context.Context, r *http.Request) (leave func(), err error) {
	leave = func() {}
	if !isRead(r) {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case g.writing <- struct{}{}:
		}
		leave = func() { <-g.writing }
	}
	wait, own := g.turn(r)
	if wait > maxInline {
		leave()
		return nil, &gitops.ThrottledError{Until: g.now().Add(wait), Writes: own}
	}
	if wait > 0 {
		if err := pause(ctx, wait); err != nil {
			leave()
			return nil, err
		}
	}
	g.count(r)
	return leave, nil
}

// turn is how long it takes until a request may be made, and whether that is by
// the count of writes alone.
func (g *governor) turn(r *http.Request) (wait time.Duration, own bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	limited := max(0, g.until.Sub(now))
	if isRead(r) {
		return limited, false
	}
	paced := g.writes.wait(now)
	if makes(r) {
		paced = max(paced, g.content[0].wait(now), g.content[1].wait(now))
	}
	return max(limited, paced), paced > limited
}

func (g *governor) count(r *http.Request) {
	if isRead(r) {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	g.writes.at = append(g.writes.at, now)
	if makes(r) {
		for i := range g.content {
			g.content[i].at = append(g.content[i].at, now)
		}
	}
}

// limited notes that GitHub wants to be left alone, for said or, when that is
// 0, for longer each time; it returns until when.
func (g *governor) limited(r *http.Request, said time.Duration) time.Time {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	wait := said
	if wait <= 0 {
		n := &g.strikes[class(r)]
		wait = min(throttlePause<<*n, longestPause)
		// What was under way when the limit was met is no further strike.
		if !now.Before(g.until) && wait < longestPause {
			*n++
		}
	}
	if until := now.Add(retryafter.Bounded(wait)); until.After(g.until) {
		g.until = until
	}
	return g.until
}

// passed notes an answer that is no limit.
func (g *governor) passed(r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.now().Before(g.until) {
		g.strikes[class(r)] = 0
	}
}

func class(r *http.Request) int {
	if isRead(r) {
		return 0
	}
	return 1
}
