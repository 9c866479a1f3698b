package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/server"
)

// overSocket serves long work on a control socket until the test ends, while up
// is not done.
func overSocket(t *testing.T, up context.Context, work func(context.Context, func(provision.Progress)) (provision.Synced, error)) remote {
	t.Helper()
	dir, err := os.MkdirTemp("", "bot") // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "s")
	l, err := server.ListenSocket(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /sync", streaming(work))
	srv := &http.Server{Handler: whileUp(up, mux), ReadHeaderTimeout: time.Minute}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = srv.Serve(l) }()
	t.Cleanup(func() { _ = srv.Close(); <-ended; _ = os.RemoveAll(dir) })
	return remote{server.SocketClient(path)}
}

func TestHowFarASyncIsComesOverTheSocketBeforeItsEnd(t *testing.T) {
	t.Parallel()
	heard := make(chan struct{})
	r := overSocket(t, t.Context(), func(ctx context.Context, told func(provision.Progress)) (provision.Synced, error) {
		told(provision.Progress{Stage: provision.StageOperating, Done: 1, Total: 2, Work: &provision.Work{Due: 2, Done: 1, Rate: 1.5, Seconds: 7}})
		select { // it is heard while the work is under way
		case <-heard:
		case <-ctx.Done():
			return provision.Synced{}, ctx.Err()
		}
		return provision.Synced{Report: provision.Report{Commit: "abc"}, Work: &provision.Work{Due: 2, Done: 2}, After: &provision.Report{Read: 3}}, nil
	})
	var got []provision.Progress
	s, err := r.Sync(t.Context(), func(at provision.Progress) { got = append(got, at); close(heard) })
	if err != nil || s.Commit != "abc" || s.Work == nil || s.Work.Done != 2 || s.After == nil || s.After.Read != 3 {
		t.Errorf("%+v, %v", s, err)
	}
	if len(got) != 1 || got[0].Work == nil || *got[0].Work != (provision.Work{Due: 2, Done: 1, Rate: 1.5, Seconds: 7}) {
		t.Errorf("told %+v", got)
	}
	// Whoever asks for the result alone gets it.
	var whole provision.Synced
	if err := r.call(t.Context(), http.MethodPost, "/sync", nil, &whole); err != nil || whole.Commit != "abc" {
		t.Errorf("in one piece: %+v, %v", whole, err)
	}
}

func TestAFailureComesOverTheSocketAsItWas(t *testing.T) {
	t.Parallel()
	r := overSocket(t, t.Context(), func(_ context.Context, told func(provision.Progress)) (provision.Synced, error) {
		told(provision.Progress{Stage: provision.StageReading})
		return provision.Synced{}, access.ErrNotFound
	})
	_, err := r.Sync(t.Context(), silence{}.told)
	var on goesOn
	if !errors.Is(err, access.ErrNotFound) || errors.As(err, &on) {
		t.Errorf("got %v", err)
	}
}

// TestAnInterruptLeavesTheWorkToTheRunningBot and says so.
func TestAnInterruptLeavesTheWorkToTheRunningBot(t *testing.T) {
	t.Parallel()
	left := make(chan struct{})
	r := overSocket(t, t.Context(), func(ctx context.Context, told func(provision.Progress)) (provision.Synced, error) {
		told(provision.Progress{Stage: provision.StageReading})
		<-ctx.Done()
		close(left)
		return provision.Synced{}, ctx.Err()
	})
	ctx, interrupt := context.WithCancel(t.Context())
	_, err := r.Sync(ctx, func(provision.Progress) { interrupt() })
	<-left
	var errs strings.Builder
	code := program{stderr: &errs}.exitCode(ctx, err)
	if code != exitFindings || !strings.Contains(errs.String(), "interrupted; the work goes on in the running bot") || strings.Contains(errs.String(), "run the command again") {
		t.Errorf("%v: exit code %d, %s", err, code, errs.String())
	}
}

// TestABotThatIsStoppedEndsWhatIsAskedOfIt, with a word.
func TestABotThatIsStoppedEndsWhatIsAskedOfIt(t *testing.T) {
	t.Parallel()
	up, stop := context.WithCancel(t.Context())
	r := overSocket(t, up, func(ctx context.Context, told func(provision.Progress)) (provision.Synced, error) {
		told(provision.Progress{Stage: provision.StageReading})
		<-ctx.Done()
		return provision.Synced{}, ctx.Err()
	})
	_, err := r.Sync(t.Context(), func(provision.Progress) { stop() })
	if err == nil || !strings.Contains(err.Error(), "being stopped") {
		t.Errorf("got %v", err)
	}
}

// TestABotThatDiesInTheMiddleIsAnError and no good end.
func TestABotThatDiesInTheMiddleIsAnError(t *testing.T) {
	t.Parallel()
	near, far := net.Pipe()
	go func() {
		_, _ = far.Read(make([]byte, 1024))
		_, _ = far.Write([]byte("HTTP/1.1 200 OK\r\nContent-Type: " + lineByLine + "\r\n\r\n{}\n{\"progress\":{\"stage\":\"reading\"}}\n"))
		_ = far.Close()
	}()
	r := remote{&http.Client{Transport: &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return near, nil }}}}
	_, err := r.Sync(t.Context(), silence{}.told)
	var on goesOn
	if err == nil || errors.As(err, &on) || !strings.Contains(err.Error(), "the answer of the running bot") {
		t.Errorf("got %v", err)
	}
}
