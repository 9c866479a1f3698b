package github

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// changing answers with a body and a tag that the test sets, and counts.
type changing struct {
	body, etag, link    atomic.Value
	whole, unchanged    atomic.Int32
	lastIf, lastBearers atomic.Value
}

func newChanging(body, etag string) *changing {
	c := &changing{}
	c.set(body, etag, "")
	return c
}

func (c *changing) set(body, etag, link string) {
	c.body.Store(body)
	c.etag.Store(etag)
	c.link.Store(link)
}

func (c *changing) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	etag := c.etag.Load().(string)
	c.lastIf.Store(r.Header.Get("If-None-Match"))
	c.lastBearers.Store(r.Header.Get("Authorization"))
	w.Header().Set("ETag", etag)
	w.Header().Set("X-RateLimit-Remaining", fmt.Sprint(4000-c.whole.Load()))
	w.Header().Set("X-RateLimit-Limit", "5000")
	w.Header().Set("X-RateLimit-Reset", "1800000000")
	if etag != "" && r.Header.Get("If-None-Match") == etag {
		c.unchanged.Add(1)
		w.WriteHeader(http.StatusNotModified)
		return
	}
	c.whole.Add(1)
	if link := c.link.Load().(string); link != "" {
		w.Header().Set("Link", link)
	}
	fmt.Fprint(w, c.body.Load())
}

func (c *changing) counts(t *testing.T, whole, unchanged int32) {
	t.Helper()
	if c.whole.Load() != whole || c.unchanged.Load() != unchanged {
		t.Errorf("%d whole answers and %d unchanged ones, want %d and %d", c.whole.Load(), c.unchanged.Load(), whole, unchanged)
	}
}

func TestAReadThatChangedNothingIsTheLastAnswerAgain(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	s := newChanging(`{"number":7,"title":"one"}`, `W/"one"`)
	a.Handle("GET /repos/acme/config/pulls/7", s)
	c := a.client()
	title := func(want string) {
		t.Helper()
		p, err := c.Pull(t.Context(), 7)
		if err != nil || p.Title != want {
			t.Errorf("title %q, %v, want %q", p.Title, err, want)
		}
	}
	title("one")
	title("one")
	s.counts(t, 1, 1)
	if b := c.Budget(); b.Remaining != 3999 {
		t.Errorf("budget %+v: the headers of the 304 must count", b)
	}
	s.set(`{"number":7,"title":"two"}`, `W/"two"`, "")
	title("two")
	title("two")
	s.counts(t, 2, 2)
	a.now.Add(2 * 60 * 60) // another token: GitHub is asked as before
	title("two")
	s.counts(t, 2, 3)
	if got := s.lastBearers.Load(); got != "Bearer ghs_2" {
		t.Errorf("authorized with %q, want the new token", got)
	}
	s.set(`{"number":7,"title":"none"}`, "", "")
	title("none")
	title("none")
	s.counts(t, 4, 3)
}

func TestPagesAreFollowedInAnAnswerGivenAgain(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	first := newChanging(`[{"activity_type":"push","actor":{"id":1,"type":"User"}}]`, `"p1"`)
	first.set(first.body.Load().(string), `"p1"`, fmt.Sprintf(`<%s/repos/acme/config/activity2>; rel="next"`, a.server.URL))
	second := newChanging(`[{"activity_type":"push","actor":{"id":2,"type":"User"}}]`, `"p2"`)
	a.Handle("GET /repos/acme/config/activity", first)
	a.Handle("GET /repos/acme/config/activity2", second)
	c := a.client()
	for range 2 {
		got, err := c.Activity(t.Context(), "main")
		if err != nil || len(got) != 2 || got[1].Actor.ID != 2 {
			t.Errorf("activity %+v, %v", got, err)
		}
	}
	first.counts(t, 1, 1)
	second.counts(t, 1, 1)
}

// TestWhatIsNotReadConditionally: objects named by what they are, refusals, and
// an answer that says it is unchanged about something else.
func TestWhatIsNotReadConditionally(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	object := newChanging(`{"sha":"x"}`, `"x"`)
	a.Handle("GET /repos/acme/config/git/commits/x", object)
	var refusals, wrong atomic.Int32
	a.HandleFunc("GET /repos/acme/config/pulls/8", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("If-None-Match") != "" {
			t.Error("a refusal was kept")
		}
		refusals.Add(1)
		w.Header().Set("ETag", `"gone"`)
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `{"message":"Not Found"}`)
	})
	a.HandleFunc("GET /repos/acme/config/pulls/9", func(w http.ResponseWriter, r *http.Request) {
		n := wrong.Add(1)
		w.Header().Set("ETag", fmt.Sprintf(`"%d"`, n))
		if r.Header.Get("If-None-Match") != "" {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		fmt.Fprintf(w, `{"number":9,"title":"%d"}`, n)
	})
	c := a.client()
	for range 2 {
		if _, err := c.Commit(t.Context(), "x"); err != nil {
			t.Error(err)
		}
		if _, err := c.Pull(t.Context(), 8); err == nil {
			t.Error("what is not there was read")
		}
	}
	object.counts(t, 2, 0)
	for _, want := range []string{"1", "3"} {
		if p, err := c.Pull(t.Context(), 9); err != nil || p.Title != want {
			t.Errorf("title %q, %v, want %q", p.Title, err, want)
		}
	}
}

// TestClientsShareNoAnswers: what one installation was shown is never an
// answer to another.
func TestClientsShareNoAnswers(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	s := newChanging(`{"number":7}`, `"one"`)
	a.Handle("GET /repos/acme/config/pulls/7", s)
	for range 2 {
		if _, err := a.client().Pull(t.Context(), 7); err != nil {
			t.Error(err)
		}
		if got := s.lastIf.Load(); got != "" {
			t.Errorf("a new client asked with %q", got)
		}
	}
	s.counts(t, 2, 0)
}

func TestKeptAnswersAreBounded(t *testing.T) {
	t.Parallel()
	c := newConditional(nil)
	for i := range 2 * maxKept {
		c.kept.put(&answer{key: fmt.Sprint(i), body: []byte("x")})
	}
	if got := len(c.kept.items); got != maxKept || c.kept.order.Len() != maxKept {
		t.Errorf("%d answers are kept in a list of %d, want %d", got, c.kept.order.Len(), maxKept)
	}
	if c.kept.get("0") != nil || c.kept.get(fmt.Sprint(2*maxKept-1)) == nil {
		t.Error("the oldest stays or the newest goes")
	}
	big := []byte(strings.Repeat("x", maxKeptBody))
	for i := range 40 {
		c.kept.put(&answer{key: fmt.Sprint("big", i), body: big})
		c.kept.put(&answer{key: fmt.Sprint("big", i), body: big})
	}
	cost := 0
	for el := c.kept.order.Front(); el != nil; el = el.Next() {
		cost += el.Value.(*answer).cost()
	}
	if diff := cmp.Diff(cost, c.kept.cost); diff != "" || cost > maxKeptBytes {
		t.Errorf("cost (-counted +kept):\n%s", diff)
	}
}

func TestAnAnswerTooLargeToKeepIsWhole(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	want := strings.Repeat("t", maxKeptBody)
	s := newChanging(fmt.Sprintf(`{"number":7,"title":%q}`, want), `"big"`)
	a.Handle("GET /repos/acme/config/pulls/7", s)
	c := a.client()
	for range 2 {
		if p, err := c.Pull(t.Context(), 7); err != nil || p.Title != want {
			t.Errorf("%d bytes, %v", len(p.Title), err)
		}
	}
	s.counts(t, 2, 0)
}
