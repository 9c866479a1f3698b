package emukit

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

func TestPostTellsALateAnswerFromOtherFailures(t *testing.T) {
	t.Parallel()
	stop := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/late":
			<-stop
		case "/away":
			http.Redirect(w, r, "/", http.StatusFound)
		}
		_, _ = w.Write([]byte(r.Header.Get("X-Test")))
	}))
	t.Cleanup(s.Close)
	t.Cleanup(func() { close(stop) })
	late := errors.New("late")
	post := func(ctx context.Context, path string, timeout time.Duration) (Answer, error) {
		return Post(ctx, NewSender(), timeout, late, s.URL+path, http.Header{"X-Test": {"hello"}}, []byte("{}"))
	}
	if a, err := post(t.Context(), "/", time.Minute); err != nil || a.Status != 200 || string(a.Body) != "hello" || a.Took <= 0 {
		t.Errorf("in time: %+v %v", a, err)
	}
	if a, err := post(t.Context(), "/away", time.Minute); err != nil || a.Status != 302 {
		t.Errorf("a redirect: %+v %v", a, err)
	}
	if _, err := post(t.Context(), "/late", 20*time.Millisecond); !errors.Is(err, late) {
		t.Errorf("late: %v", err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := post(gone, "/", time.Minute); err == nil || errors.Is(err, late) {
		t.Errorf("nobody waits: %v", err)
	}
	if err := Pause(gone, time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("pause: %v", err)
	}
	if err := Pause(t.Context(), time.Millisecond); err != nil {
		t.Errorf("pause: %v", err)
	}
}

func TestDecodeTakesOneValueAndEncodeGivesItBack(t *testing.T) {
	t.Parallel()
	v, err := Decode([]byte(` {"a":12345678901234567890,"b":"<&>"} `))
	if err != nil || string(Encode(v)) != `{"a":12345678901234567890,"b":"<&>"}` {
		t.Errorf("%s %v", Encode(v), err)
	}
	for _, bad := range []string{"", "{", "{} {}", "{}x"} {
		if v, err := Decode([]byte(bad)); err == nil {
			t.Errorf("%q is %v", bad, v)
		}
	}
}
