package emukit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// How an emulator that sends to the app keeps its connections, and how much of an
// answer it reads, in bytes.
const (
	idleTimeout = time.Minute
	maxAnswer   = 1 << 20
)

// Answer is what an app answered.
type Answer struct {
	Status int           `json:"status"`
	Header http.Header   `json:"header"`
	Body   []byte        `json:"body"`
	Took   time.Duration `json:"took"`
}

// NewSender returns a client for requests to the app. It follows no redirects, and has
// connections of its own: whoever closes idle ones of the default client would break a
// request that is under way.
func NewSender() *http.Client {
	return &http.Client{
		Transport:     &http.Transport{IdleConnTimeout: idleTimeout},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Post sends a request and waits at most timeout for the answer. The error is late if
// there was none in time, or says why the app was not reached.
func Post(ctx context.Context, client *http.Client, timeout time.Duration, late error, url string, h http.Header, body []byte) (Answer, error) {
	began := time.Now()
	a, err := exchange(ctx, client, timeout, late, url, h, body)
	a.Took = time.Since(began)
	return a, err
}

func exchange(ctx context.Context, client *http.Client, timeout time.Duration, late error, url string, h http.Header, body []byte) (Answer, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, late)
	defer cancel()
	// The context says late; where it does, that is why err came about.
	why := func(err error) error {
		if errors.Is(context.Cause(ctx), late) {
			return late
		}
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return Answer{}, fmt.Errorf("post: %w", err)
	}
	req.Header = h.Clone()
	res, err := client.Do(req)
	if err != nil {
		return Answer{}, why(err)
	}
	defer func() { _ = res.Body.Close() }()
	a := Answer{Status: res.StatusCode, Header: res.Header}
	if a.Body, err = io.ReadAll(io.LimitReader(res.Body, maxAnswer)); err != nil {
		return a, why(err)
	}
	return a, nil
}

// Pause waits, or returns why the context ended.
func Pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}
