package slackemu

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"aws-access-bot/internal/sandbox/emukit"
)

// Kind is a kind of request to the app.
type Kind string

// The kinds of requests, each with its own URL in [Endpoints].
const (
	KindCommand     Kind = "command"
	KindInteraction Kind = "interaction"
	KindOptions     Kind = "options"
	KindEvent       Kind = "event"
)

// What a person sees when the app does not answer as it should.
const (
	// ErrorTimeout: the app did not answer within three seconds.
	ErrorTimeout = "operation_timeout"
	// ErrorDispatch: the app was not reached, or did not answer 2xx.
	ErrorDispatch = "dispatch_failed"
	// ErrorTrouble: "We had some trouble connecting. Try again?" at the foot
	// of a modal, after an answer that Slack cannot use.
	ErrorTrouble = "trouble_connecting"
	// ErrorOptions: a select whose options Slack cannot use.
	ErrorOptions = "invalid_options"
)

// errTimeout is a missing answer, as an error of [Server.Send].
var errTimeout = errors.New(ErrorTimeout)

// maxDeliveries is how many deliveries [State] holds.
const maxDeliveries = 500

// Request is a request to the app, to the byte.
type Request struct {
	Kind   Kind        `json:"kind"`
	URL    string      `json:"url"`
	Header http.Header `json:"header"`
	Body   []byte      `json:"body"`
}

// Answer is what the app answered.
type Answer = emukit.Answer

// Delivery is one request to the app and what became of it.
type Delivery struct {
	Time   time.Time     `json:"time"`
	Kind   Kind          `json:"kind"`
	URL    string        `json:"url"`
	Status int           `json:"status"`
	Error  string        `json:"error,omitempty"`
	Took   time.Duration `json:"took"`
	// Retry is the value of X-Slack-Retry-Num, zero on the first attempt.
	Retry    int    `json:"retry,omitempty"`
	Request  string `json:"request"`
	Response string `json:"response,omitempty"`
}

// SignOptions make a signature that is not the right one of this moment.
type SignOptions struct {
	// Secret replaces the signing secret if it is not empty.
	Secret string
	// Time replaces the time of signing if it is not zero.
	Time time.Time
}

// Sign returns a signed request of a kind, ready for [Server.Send]. It is for
// requests that Slack would not send; the methods that play people sign their
// own. The body is a form, or JSON for an event.
func (s *Server) Sign(kind Kind, body []byte, o SignOptions) Request {
	s.mu.Lock()
	e, secret := s.opts.Endpoints, s.opts.SigningSecret
	s.mu.Unlock()
	fill(&o.Secret, secret)
	if o.Time.IsZero() {
		o.Time = s.kit.Now()
	}
	ts := strconv.FormatInt(o.Time.Unix(), 10)
	h := http.Header{}
	h.Set("Content-Type", "application/x-www-form-urlencoded")
	if kind == KindEvent {
		h.Set("Content-Type", "application/json")
	}
	h.Set("User-Agent", "Slackbot 1.0 (+https://api.slack.com/robots)")
	h.Set("X-Slack-Request-Timestamp", ts)
	h.Set("X-Slack-Signature", signature(o.Secret, ts, body))
	return Request{Kind: kind, URL: e.url(kind), Header: h, Body: body}
}

func (e Endpoints) url(kind Kind) string {
	switch kind {
	case KindCommand:
		return e.Command
	case KindInteraction:
		return e.Interaction
	case KindOptions:
		return e.Options
	}
	return e.Events
}

// signature is Slack's v0 signature (docs.slack.dev, "Verifying requests").
func signature(secret, ts string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = fmt.Fprintf(mac, "v0:%s:%s", ts, body) // a hash takes every write
	return "v0=" + hex.EncodeToString(mac.Sum(nil))
}

// Last returns the request of a kind that was sent last, byte for byte, to be
// sent again with [Server.Send]; false if there was none.
func (s *Server) Last(kind Kind) (Request, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.last[kind]
	r.Header, r.Body = r.Header.Clone(), bytes.Clone(r.Body)
	return r, ok
}

// Send sends a request as it stands and waits at most [Options].AckTimeout for
// the answer. The error is operation_timeout, or says why the app was not
// reached.
func (s *Server) Send(ctx context.Context, r Request) (Answer, error) {
	s.mu.Lock()
	s.last[r.Kind] = Request{Kind: r.Kind, URL: r.URL, Header: r.Header.Clone(), Body: bytes.Clone(r.Body)}
	client, timeout := s.opts.Client, s.opts.AckTimeout
	s.mu.Unlock()
	if r.URL == "" {
		return Answer{}, fmt.Errorf("send %s: the app has no URL for it", r.Kind)
	}
	late := fmt.Errorf("send %s to %s: %w", r.Kind, r.URL, errTimeout)
	a, err := emukit.Post(ctx, client, timeout, late, r.URL, r.Header, r.Body)
	s.record(r, a, err)
	return a, err
}

func (s *Server) record(r Request, a Answer, err error) {
	d := Delivery{
		Time: s.kit.Now(), Kind: r.Kind, URL: r.URL, Status: a.Status, Took: a.Took,
		Request: string(r.Body), Response: string(a.Body),
	}
	if err != nil {
		d.Error = err.Error()
	}
	// An absent or foreign header means a first attempt.
	d.Retry, _ = strconv.Atoi(r.Header.Get("X-Slack-Retry-Num"))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent = append(s.sent, d)
	if len(s.sent) > maxDeliveries {
		s.sent = append([]Delivery(nil), s.sent[len(s.sent)-maxDeliveries:]...)
	}
	s.touch()
}

// Result is what became of a person's action.
type Result struct {
	// Sent is false if the client handled the action by itself.
	Sent bool `json:"sent"`
	// Status is the app's HTTP status, zero if there was none.
	Status int `json:"status,omitempty"`
	// Error is what the person sees: one of the Error constants, or empty.
	Error string `json:"error,omitempty"`
	// Problems say what is wrong with the app's answer.
	Problems []string      `json:"problems,omitempty"`
	Took     time.Duration `json:"took"`
	// TriggerID and ResponseURL were in the request.
	TriggerID   string `json:"trigger_id,omitempty"`
	ResponseURL string `json:"response_url,omitempty"`
}

// deliver signs and sends, and puts a missing or bad answer into the result.
// The error is only that ctx has ended.
func (s *Server) deliver(ctx context.Context, kind Kind, body []byte, res *Result) (Answer, error) {
	a, err := s.Send(ctx, s.Sign(kind, body, SignOptions{}))
	res.Sent, res.Status, res.Took = true, a.Status, a.Took
	switch {
	case errors.Is(err, errTimeout):
		res.Error = ErrorTimeout
	case err != nil && ctx.Err() != nil:
		return a, fmt.Errorf("send %s: %w", kind, context.Cause(ctx))
	case err != nil:
		res.Error, res.Problems = ErrorDispatch, []string{err.Error()}
	case a.Status < 200 || a.Status > 299:
		res.Error, res.Problems = ErrorDispatch, []string{fmt.Sprintf("the app answered %d", a.Status)}
	}
	return a, nil
}
