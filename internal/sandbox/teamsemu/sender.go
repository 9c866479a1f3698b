package teamsemu

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// Kind is a kind of activity for the bot.
type Kind string

// The kinds, as replay names them.
const (
	KindMessage Kind = "message"
	KindInvoke  Kind = "invoke"
	KindUpdate  Kind = "update"
)

// What a person sees when the bot does not answer as it should.
const (
	// ErrorReach: the bot was not reached in time, or did not answer 2xx.
	ErrorReach = "Unable to reach app. Please try again."
	// ErrorWrong: the bot's answer is not one that Teams can use.
	ErrorWrong = "Something went wrong. Please try again."
)

// errTimeout is a missing answer, as an error of [Server.Send].
var errTimeout = errors.New("the bot did not answer in time")

const (
	// maxAnswer is how much of the bot's answer is read, in bytes.
	maxAnswer = 1 << 20
	// maxDeliveries is how many deliveries [State] holds.
	maxDeliveries = 500
)

// retryWaits are how long Teams waits before each further attempt at a message. That
// it tries again is documented (see the package comment); how often is not.
func retryWaits() []time.Duration {
	return []time.Duration{time.Second, 5 * time.Second, 15 * time.Second}
}

// Request is an activity for the bot, to the byte.
type Request struct {
	Kind   Kind
	URL    string
	Header http.Header
	Body   []byte
}

// Answer is what the bot answered.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
	Took   time.Duration
}

// Delivery is one request to the bot and what became of it.
type Delivery struct {
	Time time.Time `json:"time"`
	Kind Kind      `json:"kind"`
	// Name is that of an invoke.
	Name     string        `json:"name,omitempty"`
	URL      string        `json:"url"`
	Status   int           `json:"status"`
	Error    string        `json:"error,omitempty"`
	Took     time.Duration `json:"took"`
	Request  string        `json:"request"`
	Response string        `json:"response,omitempty"`
}

// Sign returns an activity with a token, ready for [Server.Send]. It is for requests
// that Teams would not send; the methods that play people sign their own.
func (s *Server) Sign(kind Kind, body []byte, o TokenOptions) (Request, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	token, err := s.token(o)
	if err != nil {
		return Request{}, err
	}
	h := http.Header{}
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("User-Agent", "Microsoft-SkypeBotApi (Microsoft-BotFramework/3.0)")
	h.Set("Authorization", "Bearer "+token)
	return Request{Kind: kind, URL: s.opts.Endpoint, Header: h, Body: body}, nil
}

// Last returns the request of a kind that was sent last, byte for byte, to be sent
// again with [Server.Send]; false if there was none.
func (s *Server) Last(kind Kind) (Request, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.last[kind]
	r.Header, r.Body = r.Header.Clone(), bytes.Clone(r.Body)
	return r, ok
}

// Send sends a request as it stands and waits for the answer as long as Teams does.
// The error is that there was none in time, or says why the bot was not reached.
func (s *Server) Send(ctx context.Context, r Request) (Answer, error) {
	s.mu.Lock()
	s.last[r.Kind] = Request{Kind: r.Kind, URL: r.URL, Header: r.Header.Clone(), Body: bytes.Clone(r.Body)}
	client, timeout := s.opts.Client, s.timeout(r)
	s.mu.Unlock()
	began := time.Now()
	a, err := exchange(ctx, client, timeout, r)
	a.Took = time.Since(began)
	s.record(r, a, err)
	return a, err
}

// invokeName is the name of an invoke, empty for other activities.
func (r Request) invokeName() string {
	var in struct {
		Name string `json:"name"`
	}
	_ = json.Unmarshal(r.Body, &in) // what is no JSON has no name
	return in.Name
}

// timeout is how long the bot may take. The caller holds s.mu.
func (s *Server) timeout(r Request) time.Duration {
	switch {
	case r.Kind != KindInvoke:
		return s.opts.AnswerTimeout
	case r.invokeName() == "adaptiveCard/action":
		return s.opts.ActionTimeout
	}
	return s.opts.InvokeTimeout
}

func exchange(ctx context.Context, client *http.Client, timeout time.Duration, r Request) (Answer, error) {
	if r.URL == "" {
		return Answer{}, errors.New("no bot is known")
	}
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, errTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.URL, bytes.NewReader(r.Body))
	if err != nil {
		return Answer{}, fmt.Errorf("send %s: %w", r.Kind, err)
	}
	req.Header = r.Header.Clone()
	res, err := client.Do(req)
	if err != nil {
		return Answer{}, cause(ctx, err)
	}
	defer func() { _ = res.Body.Close() }()
	a := Answer{Status: res.StatusCode, Header: res.Header}
	if a.Body, err = io.ReadAll(io.LimitReader(res.Body, maxAnswer)); err != nil {
		return a, cause(ctx, err)
	}
	return a, nil
}

// cause returns errTimeout if that is why err came about.
func cause(ctx context.Context, err error) error {
	if errors.Is(context.Cause(ctx), errTimeout) {
		return errTimeout
	}
	return err
}

func (s *Server) record(r Request, a Answer, err error) {
	d := Delivery{
		Time: s.kit.Now(), Kind: r.Kind, Name: r.invokeName(), URL: r.URL, Status: a.Status, Took: a.Took,
		Request: string(r.Body), Response: string(a.Body),
	}
	if err != nil {
		d.Error = err.Error()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent = append(s.sent, d)
	if len(s.sent) > maxDeliveries {
		s.sent = append([]Delivery(nil), s.sent[len(s.sent)-maxDeliveries:]...)
	}
	s.touch()
}

// deliver sends a message or an update, again where Teams does. The error is only
// that ctx has ended.
func (s *Server) deliver(ctx context.Context, kind Kind, body object, res *Result) error {
	raw := encode(body)
	for _, wait := range append([]time.Duration{0}, retryWaits()...) {
		if err := pause(ctx, s.kit.Delay(wait)); err != nil {
			return fmt.Errorf("send %s: %w", kind, err)
		}
		r, err := s.Sign(kind, raw, TokenOptions{})
		if err != nil {
			return err
		}
		a, err := s.Send(ctx, r)
		res.Sent, res.Status, res.Took = true, a.Status, res.Took+a.Took
		res.Attempts++
		switch {
		case err != nil && ctx.Err() != nil:
			return fmt.Errorf("send %s: %w", kind, context.Cause(ctx))
		case err == nil && a.Status < 500:
			res.Delivered = a.Status/100 == 2
			if !res.Delivered {
				res.Problems = append(res.Problems, fmt.Sprintf("the bot answered %d", a.Status))
			}
			return nil
		case err != nil:
			res.Problems = append(res.Problems, err.Error())
		default:
			res.Problems = append(res.Problems, fmt.Sprintf("the bot answered %d", a.Status))
		}
	}
	return nil
}

// pause waits, or returns why the context ended.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}

// invoke sends an invoke, once, and returns the bot's answer; false if the person
// sees an error instead, which is then in the result. The error is only that ctx has
// ended.
func (s *Server) invoke(ctx context.Context, body object, res *Result) (Answer, bool, error) {
	res.Sent, res.Invoke, res.Attempts = true, text(body, "name"), 1
	r, err := s.Sign(KindInvoke, encode(body), TokenOptions{})
	if err != nil {
		return Answer{}, false, err
	}
	a, err := s.Send(ctx, r)
	res.Status, res.Took = a.Status, a.Took
	switch {
	case err != nil && ctx.Err() != nil:
		return a, false, fmt.Errorf("send %s: %w", res.Invoke, context.Cause(ctx))
	case err != nil:
		res.Error, res.Problems = ErrorReach, append(res.Problems, err.Error())
		return a, false, nil
	case a.Status < 200 || a.Status > 299:
		res.Error, res.Problems = ErrorReach, append(res.Problems, fmt.Sprintf("the bot answered %d", a.Status))
		return a, false, nil
	}
	res.Delivered = true
	return a, true, nil
}
