package server

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// ready is a Readiness that a test sets.
type ready struct{ err error }

func (r ready) Ready(context.Context) error { return r.err }

func silent() *slog.Logger { return slog.New(slog.DiscardHandler) }

// echo answers a body, and 413 when it is cut.
func echo(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		say(w, http.StatusRequestEntityTooLarge, "too large")
		return
	}
	say(w, http.StatusOK, string(body))
}

func routes() []Route {
	return []Route{
		{"POST /echo", 8, http.HandlerFunc(echo)},
		{"POST /panic", 8, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("s3cret detail") })},
		{"POST /late", 8, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			say(w, http.StatusOK, "half")
			_ = http.NewResponseController(w).Flush()
			panic("after the answer was begun")
		})},
		{"POST /abort", 8, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })},
	}
}

// pipes is a listener of connections in memory, for bubbles of synctest.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), done: make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error { p.once.Do(func() { close(p.done) }); return nil }

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

func (p *pipes) dial() net.Conn {
	here, there := net.Pipe()
	select {
	case p.conns <- there:
	case <-p.done:
		_ = there.Close()
	}
	return here
}

// serving runs Serve on l until stop, which waits for its result.
func serving(t *testing.T, l net.Listener, h http.Handler) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- Serve(ctx, l, h, silent()) }()
	return func() error { cancel(); return <-ended }
}

func TestBodiesAreLimited(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(Public(routes(), ready{}, silent()))
	t.Cleanup(s.Close)
	tests := []struct {
		name string
		body io.Reader // a strings.Reader announces its length
		want int
	}{
		{"as large as allowed", strings.NewReader("12345678"), http.StatusOK},
		{"announced too large", strings.NewReader("123456789"), http.StatusRequestEntityTooLarge},
		{"too large without being announced", io.MultiReader(strings.NewReader("123456789")), http.StatusRequestEntityTooLarge},
		{"endless", io.LimitReader(endless{}, 10<<20), http.StatusRequestEntityTooLarge},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/echo", tc.body)
			if err != nil {
				t.Fatal(err)
			}
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				// The server may hang up while the rest is still being sent.
				if tc.name != "endless" {
					t.Fatal(err)
				}
				return
			}
			defer func() { _ = res.Body.Close() }()
			if res.StatusCode != tc.want {
				t.Errorf("status %d, want %d", res.StatusCode, tc.want)
			}
		})
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

// TestAnAnnouncedBodyIsNotWaitedFor: the refusal needs no byte of it.
func TestAnAnnouncedBodyIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(Public(routes(), ready{}, silent()))
	t.Cleanup(s.Close)
	c, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	_, _ = fmt.Fprintf(c, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n")
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil || res.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("%v, %v", res, err)
	}
}

// TestT39APanicIsNeverSuccess: it is 500, or a broken answer where one was
// begun, and says nothing of itself.
func TestT39APanicIsNeverSuccess(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	s := httptest.NewServer(Public(routes(), ready{}, slog.New(slog.NewTextHandler(&log, nil))))
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug)
	res, err := http.Post(s.URL+"/panic", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusInternalServerError || string(body) != "internal error\n" {
		t.Errorf("%d %q %v", res.StatusCode, body, err)
	}
	_ = res.Body.Close()
	res, err = http.Post(s.URL+"/late", "", nil)
	if err == nil {
		if _, err = io.ReadAll(res.Body); err == nil {
			t.Errorf("a panic after the answer was begun gave a whole answer, %d", res.StatusCode)
		}
		_ = res.Body.Close()
	}
	if res, err := http.Post(s.URL+"/abort", "", nil); err == nil {
		_ = res.Body.Close()
		t.Errorf("an aborted handler answered %d", res.StatusCode)
	}
	s.Close()
	if got := log.String(); strings.Count(got, "handler panicked") != 2 || !strings.Contains(got, "s3cret detail") || !strings.Contains(got, "server_test.go") {
		t.Errorf("the log does not say what happened:\n%s", got)
	}
}

// TestT49OnlyTheListedRoutesArePublic: metrics and profiles are elsewhere, and
// health says ok or not and nothing else.
func TestT49OnlyTheListedRoutesArePublic(t *testing.T) {
	t.Parallel()
	public := Public(routes(), ready{errors.New("halted at commit abc")}, silent())
	ops := Ops(prometheus.NewRegistry(), ready{errors.New("halted at commit abc")})
	tests := []struct {
		method, path string
		public, ops  int
		body         string // of the public answer
	}{
		{"POST", "/echo", 200, 404, "\n"},
		{"GET", "/echo", 405, 404, ""},
		{"GET", "/healthz", 200, 404, "ok\n"},
		{"GET", "/readyz", 503, 503, "not ready\n"},
		{"GET", "/metrics", 404, 200, ""},
		{"GET", "/debug/pprof/", 404, 200, ""},
		{"GET", "/debug/pprof/heap", 404, 200, ""},
		{"GET", "/debug/pprof/cmdline", 404, 404, ""},
		{"GET", "/debug/vars", 404, 404, ""},
		{"GET", "/status", 404, 404, ""},
		{"POST", "/sync", 404, 404, ""},
		{"POST", "/trust", 404, 404, ""},
		{"GET", "/", 404, 404, ""},
		{"POST", "/echo/", 404, 404, ""},
	}
	for _, tc := range tests {
		for name, h := range map[string]http.Handler{"public": public, "ops": ops} {
			want := tc.public
			if name == "ops" {
				want = tc.ops
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), tc.method, tc.path, nil))
			if w.Code != want {
				t.Errorf("%s %s on %s: %d, want %d", tc.method, tc.path, name, w.Code, want)
			}
			if name == "public" && tc.body != "" && w.Body.String() != tc.body {
				t.Errorf("%s %s: %q", tc.method, tc.path, w.Body)
			}
		}
	}
	w := httptest.NewRecorder()
	ops.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/readyz", nil))
	if !strings.Contains(w.Body.String(), "halted at commit abc") {
		t.Errorf("the ops listener does not say why: %q", w.Body)
	}
	w = httptest.NewRecorder()
	Public(nil, ready{}, silent()).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/readyz", nil))
	if w.Code != 200 || w.Body.String() != "ok\n" {
		t.Errorf("ready: %d %q", w.Code, w.Body)
	}
}

// TestT38SlowClientsAreCutOff in time that is not real: a byte a second of
// header or of body ends at the limit, and an idle connection too.
func TestT38SlowClientsAreCutOff(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, send, drip string
		within           time.Duration
	}{
		{"a header that does not end", "POST /echo HTTP/1.1\r\nHost: x\r\nX-Slow: ", "a", 5 * time.Second},
		{"a body that does not come", "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\n", "", 15 * time.Second},
		{"nothing at all", "", "", 5 * time.Second},
		{"a connection that is kept for nothing", "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", "", 60 * time.Second},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := newPipes()
				stop := serving(t, l, Public(routes(), ready{}, silent()))
				c := l.dial()
				began := time.Now()
				closed := make(chan time.Duration, 1)
				go func() {
					_, _ = io.Copy(io.Discard, c)
					closed <- time.Since(began)
				}()
				_, _ = io.WriteString(c, tc.send)
				for tc.drip != "" {
					time.Sleep(time.Second)
					if _, err := io.WriteString(c, tc.drip); err != nil {
						break
					}
				}
				if took := <-closed; took < tc.within || took > tc.within+2*time.Second {
					t.Errorf("cut off after %s, want %s", took, tc.within)
				}
				_ = c.Close()
				if err := stop(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func TestT38HeadersAreLimitedTo64KiB(t *testing.T) {
	t.Parallel()
	l, err := Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	stop := serving(t, l, Public(routes(), ready{}, silent()))
	for size, want := range map[int]int{60 << 10: http.StatusOK, 80 << 10: http.StatusRequestHeaderFieldsTooLarge} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+l.Addr().String()+"/healthz", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Large", strings.Repeat("a", size))
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("%d bytes of header: %d, want %d", size, res.StatusCode, want)
		}
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

// TestConnectionsAreCapped: a connection over the cap waits until another one
// ends, and closing the listener ends the wait.
func TestConnectionsAreCapped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in := newPipes()
		l := capped(in, 2)
		got := make(chan net.Conn, 4)
		ended := make(chan error, 1)
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					ended <- err
					return
				}
				got <- c
			}
		}()
		for range 4 {
			go in.dial()
		}
		synctest.Wait()
		if len(got) != 2 {
			t.Fatalf("%d of 4 connections were taken, want 2", len(got))
		}
		first := <-got
		if err := first.Close(); err != nil {
			t.Error(err)
		}
		_ = first.Close() // gives back one slot, not two
		synctest.Wait()
		if len(got) != 2 {
			t.Fatalf("%d connections are open, want 2", len(got))
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		if err := <-ended; !errors.Is(err, net.ErrClosed) {
			t.Errorf("Accept = %v", err)
		}
	})
}

func TestASlotIsFreeAgainAfterAFailedAccept(t *testing.T) {
	t.Parallel()
	in := newPipes()
	l := capped(in, 1)
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Accept = %v", err)
		}
	}
}

// TestStoppingLetsRequestsFinish, and cuts off those that do not.
func TestStoppingLetsRequestsFinish(t *testing.T) {
	t.Parallel()
	for _, takes := range []time.Duration{5 * time.Second, time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			l := newPipes()
			cut := make(chan struct{}, 1)
			stop := serving(t, l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				select {
				case <-time.After(takes):
					say(w, http.StatusOK, "done")
				case <-r.Context().Done():
					cut <- struct{}{}
				}
			}))
			c := l.dial()
			go func() { _, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n") }()
			answer := make(chan int, 1)
			go func() {
				res, err := http.ReadResponse(bufio.NewReader(c), nil)
				if err != nil {
					answer <- 0
					return
				}
				answer <- res.StatusCode
			}()
			synctest.Wait()
			began := time.Now()
			err := stop()
			if takes <= drainTimeout {
				if status := <-answer; err != nil || status != http.StatusOK {
					t.Errorf("a request of %s: %d, %v", takes, status, err)
				}
				return
			}
			<-cut
			if took := time.Since(began); !errors.Is(err, context.DeadlineExceeded) || took != drainTimeout {
				t.Errorf("stopped after %s with %v", took, err)
			}
			_ = c.Close()
			<-answer
		})
	}
}

func TestServeSaysWhyItEnded(t *testing.T) {
	t.Parallel()
	l, err := Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Listen(t.Context(), l.Addr().String()); err == nil || !strings.Contains(err.Error(), l.Addr().String()) {
		t.Errorf("a second listener: %v, want an error with the address", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := Serve(t.Context(), l, http.NotFoundHandler(), silent()); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Serve = %v", err)
	}
}
