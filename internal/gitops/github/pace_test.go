package github

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"aws-access-bot/internal/gitops"
)

// refusal is how GitHub refuses for a while.
type refusal struct {
	status int
	header map[string]string
	body   string
}

func (f refusal) write(w http.ResponseWriter) {
	for k, v := range f.header {
		w.Header().Set(k, v)
	}
	w.WriteHeader(f.status)
	fmt.Fprint(w, f.body)
}

// limitsAreWaitedOut: the wait is that of Retry-After, else until the reset
// when nothing remains, else at least a minute; for reads and writes, as 403 and
// as 429.
func limitsAreWaitedOut(t *testing.T) {
	t.Parallel()
	now := time.Now().Unix()
	in := func(s int64) string { return strconv.FormatInt(now+s, 10) }
	const secondary = `{"message":"You have exceeded a secondary rate limit. Please wait."}`
	tests := []struct {
		name string
		r    refusal
		want int64 // seconds
	}{
		{"Retry-After", refusal{0, map[string]string{"Retry-After": "90"}, secondary}, 90},
		{"Retry-After before the reset", refusal{0, map[string]string{"Retry-After": "90", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": in(600)}, secondary}, 90},
		{"Retry-After as a date", refusal{0, map[string]string{"Retry-After": time.Unix(now+120, 0).UTC().Format(http.TimeFormat)}, secondary}, 120},
		{"Retry-After that cannot be meant", refusal{0, map[string]string{"Retry-After": "99999999999"}, secondary}, 3600},
		{"Retry-After that is no number", refusal{0, map[string]string{"Retry-After": "99999999999999999999999"}, secondary}, 3600},
		{"Retry-After that is negative", refusal{0, map[string]string{"Retry-After": "-90"}, secondary}, 60},
		{"a reset far away", refusal{0, map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "9223372036854775807"}, secondary}, 3600},
		{"nothing remains", refusal{0, map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": in(600)}, `{"message":"API rate limit exceeded for installation ID 770."}`}, 600},
		{"nothing remains until a time that is over", refusal{0, map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": in(-5)}, `{"message":"API rate limit exceeded"}`}, 60},
		{"nothing remains and no reset", refusal{0, map[string]string{"X-RateLimit-Remaining": "0"}, `{"message":"API rate limit exceeded"}`}, 60},
		{"not said how long", refusal{0, map[string]string{"X-RateLimit-Remaining": "4000"}, secondary}, 60},
	}
	for _, tt := range tests {
		for _, status := range []int{http.StatusForbidden, http.StatusTooManyRequests} {
			for _, write := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/%d/write=%v", tt.name, status, write), func(t *testing.T) {
					t.Parallel()
					a := newAPI(t)
					a.now.Store(now)
					r := tt.r
					r.status = status
					var asked atomic.Int32
					refuse := func(w http.ResponseWriter, _ *http.Request) { asked.Add(1); r.write(w) }
					a.HandleFunc("GET /repos/acme/config/pulls/7", refuse)
					a.HandleFunc("POST /repos/acme/config/git/refs", refuse)
					c := a.client()
					call := func() error {
						if write {
							return c.CreateBranch(t.Context(), "x", "abc")
						}
						_, err := c.Pull(t.Context(), 7)
						return err
					}
					throttled(t, call(), now+tt.want)
					throttled(t, call(), now+tt.want)
					if asked.Load() != 1 {
						t.Errorf("asked %d times while limited", asked.Load())
					}
					a.now.Add(tt.want)
					if err := call(); err == nil || asked.Load() < 2 {
						t.Errorf("after the wait: %v, asked %d times", err, asked.Load())
					}
				})
			}
		}
	}
}

func throttled(t *testing.T, err error, until int64) {
	t.Helper()
	var th *gitops.ThrottledError
	if !errors.As(err, &th) || th.Writes || th.Until.Unix() < until-1 || th.Until.Unix() > until+1 {
		t.Fatalf("error %v, want a throttle until %s", err, time.Unix(until, 0).UTC().Format(time.RFC3339))
	}
}

// limitsThatDoNotSayHowLongAreWaitedOutLonger: and what reads may do says
// nothing about writes.
func limitsThatDoNotSayHowLongAreWaitedOutLonger(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	var free atomic.Bool
	a.HandleFunc("POST /repos/acme/config/git/refs", func(w http.ResponseWriter, _ *http.Request) {
		if free.Load() {
			w.WriteHeader(http.StatusCreated)
			fmt.Fprint(w, `{}`)
			return
		}
		refusal{http.StatusForbidden, nil, `{"message":"You have exceeded a secondary rate limit"}`}.write(w)
	})
	a.HandleFunc("GET /repos/acme/config/pulls/7", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"number":7}`) })
	c := a.client()
	fails := func(minutes int64) {
		t.Helper()
		throttled(t, c.CreateBranch(t.Context(), "x", "abc"), a.now.Load()+60*minutes)
		a.now.Add(60 * minutes)
		if _, err := c.Pull(t.Context(), 7); err != nil {
			t.Fatal(err)
		}
	}
	for _, minutes := range []int64{1, 2, 4, 8, 16, 16} {
		fails(minutes)
	}
	free.Store(true)
	if err := c.CreateBranch(t.Context(), "x", "abc"); err != nil {
		t.Fatal(err)
	}
	free.Store(false)
	fails(1)
}

func TestADenialIsNoLimit(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.HandleFunc("GET /repos/acme/config/pulls/7", func(w http.ResponseWriter, _ *http.Request) {
		refusal{http.StatusForbidden, map[string]string{"X-RateLimit-Remaining": "17"}, `{"message":"Resource not accessible by integration"}`}.write(w)
	})
	c := a.client()
	for range 2 {
		if _, err := c.Pull(t.Context(), 7); !errors.Is(err, gitops.ErrDenied) {
			t.Errorf("error %v", err)
		}
	}
}

// contentIsMadeNoFasterThanGitHubLets: 80 a minute and 500 an hour, where
// objects of git and reads are no content.
func contentIsMadeNoFasterThanGitHubLets(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	var made, objects, reads atomic.Int64
	a.HandleFunc("POST /repos/acme/config/git/refs", func(w http.ResponseWriter, _ *http.Request) {
		made.Add(1)
		w.WriteHeader(http.StatusCreated)
		fmt.Fprint(w, `{}`)
	})
	a.HandleFunc("POST /repos/acme/config/git/commits", func(w http.ResponseWriter, _ *http.Request) {
		objects.Add(1)
		w.WriteHeader(http.StatusCreated)
		fmt.Fprint(w, `{"sha":"x"}`)
	})
	a.HandleFunc("GET /repos/acme/config/pulls/7", func(w http.ResponseWriter, _ *http.Request) { reads.Add(1); fmt.Fprint(w, `{"number":7}`) })
	c := a.client()
	for minute := range 50 {
		before := made.Load()
		for range 100 {
			err := c.CreateBranch(t.Context(), "x", "abc")
			var th *gitops.ThrottledError
			if err != nil && (!errors.As(err, &th) || !th.Writes) {
				t.Fatal(err)
			}
			if err != nil {
				break
			}
		}
		if n := made.Load() - before; n > 80 {
			t.Fatalf("%d in minute %d", n, minute)
		}
		a.now.Add(61)
	}
	if n := made.Load(); n > 500 || n < 400 {
		t.Errorf("%d were made in less than an hour, want near 500 and not more", n)
	}
	if _, err := c.CreateCommit(t.Context(), "m", "t", nil); err != nil {
		t.Errorf("an object of git had to wait: %v", err)
	}
	if _, err := c.Pull(t.Context(), 7); err != nil {
		t.Errorf("a read had to wait: %v", err)
	}
}

func TestWritesAreMadeOneAtATime(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	var now, most atomic.Int32
	second := make(chan struct{})
	a.HandleFunc("POST /repos/acme/config/git/refs", func(w http.ResponseWriter, _ *http.Request) {
		most.Store(max(most.Load(), now.Add(1)))
		<-second // held until all are on their way
		now.Add(-1)
		w.WriteHeader(http.StatusCreated)
		fmt.Fprint(w, `{}`)
	})
	c := a.client()
	var wg sync.WaitGroup
	for range 5 {
		wg.Go(func() {
			if err := c.CreateBranch(t.Context(), "x", "abc"); err != nil {
				t.Error(err)
			}
		})
	}
	for range 5 {
		second <- struct{}{}
	}
	wg.Wait()
	if most.Load() != 1 {
		t.Errorf("%d writes at the same time", most.Load())
	}
}

// TestABudgetThatCannotBeMeantHoldsNothingUp: a reset is by the hour, and an
// answer that says another does not silence the bot for years.
func TestABudgetThatCannotBeMeantHoldsNothingUp(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ remaining, reset string }{{"0", "9223372036854775807"}, {"0", "4102444800"}, {"-7", "1"}, {"0", "-1"}} {
		t.Run(tt.remaining+" until "+tt.reset, func(t *testing.T) {
			t.Parallel()
			a := newAPI(t)
			asked := 0
			a.HandleFunc("GET /repos/acme/config/git/commits/{sha}", func(w http.ResponseWriter, _ *http.Request) {
				asked++
				w.Header().Set("X-RateLimit-Limit", "5000")
				w.Header().Set("X-RateLimit-Remaining", tt.remaining)
				w.Header().Set("X-RateLimit-Reset", tt.reset)
				fmt.Fprint(w, `{}`)
			})
			// GitHub's library has the real clock: an hour from now is over for it.
			a.now.Add(-2 * 3600)
			c := a.client()
			for range 2 {
				if _, err := c.Commit(t.Context(), "x"); err != nil {
					t.Fatal(err)
				}
			}
			if b := c.Budget(); asked != 2 || b.Limit > 0 && (b.Remaining < 0 || b.Reset.Unix() > a.now.Load()+3600) {
				t.Errorf("asked %d times, budget %+v", asked, b)
			}
		})
	}
}
