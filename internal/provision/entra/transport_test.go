package entra

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// script answers requests in turn and counts them; the last answer stays.
type script struct {
	answers []answer
	calls   int
	closed  int
}

// answer is one answer of a script.
type answer struct {
	status     int
	retryAfter string
	err        error
}

func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	a := s.answers[min(s.calls, len(s.answers)-1)]
	s.calls++
	if a.err != nil {
		return nil, a.err
	}
	h := http.Header{}
	if a.retryAfter != "" {
		h.Set("Retry-After", a.retryAfter)
	}
	return &http.Response{StatusCode: a.status, Header: h, Body: closing{strings.NewReader("x"), s}, Request: r}, nil
}

type closing struct {
	io.Reader
	s *script
}

func (c closing) Close() error { c.s.closed++; return nil }

func TestOnlyReadsAreRepeated(t *testing.T) {
	t.Parallel()
	reset := errors.New("connection reset")
	busy := answer{status: 503}
	tests := []struct {
		name      string
		method    string
		answers   []answer
		want      int // status, 0 for an error
		calls     int
		atLeast   time.Duration
		noLaterAs time.Duration
	}{
		{"a good answer", "GET", []answer{{status: 200}}, 200, 1, 0, 0},
		{"a refusal", "GET", []answer{{status: 404}}, 404, 1, 0, 0},
		{"a failure that passes", "GET", []answer{{status: 500}, {status: 502}, {status: 504}, {status: 200}}, 200, 4, firstPause * 7, firstPause * 10},
		{"a failure that stays", "GET", []answer{busy}, 503, 4, firstPause * 7, firstPause * 10},
		{"a broken connection", "GET", []answer{{err: reset}, {status: 200}}, 200, 2, firstPause, firstPause * 2},
		{"a connection that stays broken", "GET", []answer{{err: reset}}, 0, 4, firstPause * 7, firstPause * 10},
		{"throttling says how long", "GET", []answer{{status: 429, retryAfter: "4"}, {status: 200}}, 200, 2, 4 * time.Second, 4 * time.Second},
		{"throttling for no time that can be meant", "GET", []answer{{status: 429, retryAfter: "-4"}, {status: 200}}, 200, 2, firstPause, firstPause * 2},
		{"throttling for years", "GET", []answer{{status: 429, retryAfter: "9223372037"}}, 429, 1, 0, 0},
		{"throttling for too long", "GET", []answer{{status: 429, retryAfter: "11"}}, 429, 1, 0, 0},
		{"a write that met throttling", "POST", []answer{{status: 429, retryAfter: "1"}, {status: 201}}, 429, 1, 0, 0},
		{"a write whose gateway gave up", "POST", []answer{{status: 504}, {status: 201}}, 504, 1, 0, 0},
		{"a write that broke off", "POST", []answer{{err: reset}, {status: 201}}, 0, 1, 0, 0},
		{"a deletion", "DELETE", []answer{busy, {status: 204}}, 503, 1, 0, 0},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, began := &script{answers: tc.answers}, time.Now()
				req, err := http.NewRequestWithContext(context.Background(), tc.method, "https://graph.example/", nil)
				if err != nil {
					t.Fatal(err)
				}
				status := 0
				res, err := retrying{s}.RoundTrip(req)
				if err == nil {
					status = res.StatusCode
					if err := res.Body.Close(); err != nil {
						t.Fatal(err)
					}
					for _, a := range tc.answers[:min(s.calls, len(tc.answers))-1] {
						if a.err == nil && s.closed < 2 {
							t.Error("an answer that was passed over was not closed")
						}
					}
				}
				if status != tc.want || s.calls != tc.calls {
					t.Errorf("status %d after %d requests (%v), want %d after %d", status, s.calls, err, tc.want, tc.calls)
				}
				if took := time.Since(began); took < tc.atLeast || took > tc.noLaterAs {
					t.Errorf("took %v", took)
				}
			})
		})
	}
}

func TestWaitingEndsWithTheContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://graph.example/", nil)
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		res, err := retrying{&script{answers: []answer{{status: 429, retryAfter: "9"}}}}.RoundTrip(req)
		if err == nil {
			_ = res.Body.Close()
		}
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Second {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
	})
}

func TestNothingLeavesWithoutATokenOrForAnotherHost(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, url, token string
		sent             bool
	}{
		{"as it should be", "https://graph.example/v1.0/users", "Bearer x", true},
		{"no token", "https://graph.example/v1.0/users", "", false},
		{"another host", "https://evil.example/v1.0/users", "Bearer x", false},
		{"another port", "https://graph.example:8443/v1.0/users", "Bearer x", false},
		{"in clear text", "http://graph.example/v1.0/users", "Bearer x", false},
	}
	for _, tc := range tests {
		s := &script{answers: []answer{{status: 200}}}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, tc.url, nil)
		if err != nil {
			t.Fatal(err)
		}
		if tc.token != "" {
			req.Header.Set("Authorization", tc.token)
		}
		res, err := guarded{s, "graph.example"}.RoundTrip(req)
		if err == nil {
			_ = res.Body.Close()
		}
		if (err == nil) != tc.sent || (s.calls == 1) != tc.sent {
			t.Errorf("%s: %d requests, %v", tc.name, s.calls, err)
		}
	}
}
