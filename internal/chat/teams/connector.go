package teams

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"aws-access-bot/internal/chat"
	"aws-access-bot/internal/retryafter"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"golang.org/x/time/rate"
)

// Scope is that of tokens for the connector in the public cloud ("Authenticate
// requests from your bot to the Bot Connector service").
const Scope = "https://api.botframework.com/.default"

const (
	callTimeout = 15 * time.Second
	maxAnswer   = 1 << 20
	// Teams takes 7 messages a second in one thread and 1,800 an hour ("Optimize
	// your bot with rate limiting"): a burst, and one each two seconds after it.
	burst  = 7
	refill = 2 * time.Second
	// maxPaced is how many threads' paces are remembered.
	maxPaced = 10_000
	// tries is how often a call is made that the connector asks to make again.
	tries = 6
)

// Connector calls the Bot Framework connector. It is safe for concurrent use.
type Connector struct {
	Hosts  Hosts
	Token  azcore.TokenCredential
	Scope  string
	Client *http.Client
	// Wait waits, or ends with ctx.
	Wait func(ctx context.Context, d time.Duration) error

	mu   sync.Mutex // guards pace
	pace map[string]*rate.Limiter
}

// answerError is an answer of the connector that is no success.
type answerError struct {
	status     int
	code, text string
	after      time.Duration
}

func (e *answerError) Error() string {
	return fmt.Sprintf("the connector answered %d %s: %s", e.status, e.code, e.text)
}

// again reports whether the same call may go well later: too many, a concurrent
// operation, and gateways ("Optimize your bot with rate limiting": 412, 429, 502
// and 504).
func (e *answerError) again() bool {
	switch e.status {
	case http.StatusTooManyRequests, http.StatusPreconditionFailed:
		return true
	}
	return false
}

// gone reports whether trying again is of no use: the conversation is not there,
// or the bot may not write to it.
func (e *answerError) gone() bool {
	return e.status == http.StatusNotFound || e.status == http.StatusForbidden
}

// Is makes answers that are final [chat.ErrGone].
func (e *answerError) Is(target error) bool { return target == chat.ErrGone && e.gone() }

// segment is an id as one segment of a path. Ids have colons, semicolons and at
// signs, which the connector's own clients escape.
func segment(id string) string {
	return strings.NewReplacer(":", "%3A", ";", "%3B", "@", "%40", "=", "%3D", "+", "%2B", "$", "%24", "&", "%26").Replace(url.PathEscape(id))
}

// turn waits for the turn of a thread.
func (c *Connector) turn(ctx context.Context, conversation string) error {
	c.mu.Lock()
	l, ok := c.pace[conversation]
	if !ok {
		if c.pace == nil || len(c.pace) >= maxPaced {
			c.pace = map[string]*rate.Limiter{}
		}
		l = rate.NewLimiter(rate.Every(refill), burst)
		c.pace[conversation] = l
	}
	c.mu.Unlock()
	return l.Wait(ctx)
}

// do makes a call below a service URL, as often as the connector asks to make it
// again. A write whose answer was lost is not repeated: an error that is no
// answer says that it is not known whether it had an effect.
func (c *Connector) do(ctx context.Context, method, service, path string, in, out any) error {
	base, err := c.Hosts.Check(service)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	body, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	for try := 1; ; try++ {
		err := c.once(ctx, method, base+path, body, out)
		var answer *answerError
		if err == nil || !errors.As(err, &answer) || !answer.again() || try == tries {
			return wrap(err, method, path)
		}
		if err := c.Wait(ctx, max(answer.after, time.Duration(1<<try)*250*time.Millisecond)); err != nil {
			return wrap(errors.Join(answer, err), method, path)
		}
	}
}

func wrap(err error, method, path string) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s %s: %w", method, path, err)
}

// once makes one call with a token. The token goes to hosts of the list only,
// whatever was checked before.
func (c *Connector) once(ctx context.Context, method, to string, body []byte, out any) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, to, bytes.NewReader(body))
	if err != nil {
		return err
	}
	if _, err := c.Hosts.Check(r.URL.Scheme + "://" + r.URL.Host); err != nil {
		return err
	}
	token, err := c.Token.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{c.Scope}})
	if err != nil {
		return fmt.Errorf("token for the connector: %w", err)
	}
	r.Header.Set("Authorization", "Bearer "+token.Token)
	r.Header.Set("Content-Type", "application/json")
	res, err := c.Client.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	return read(res, out)
}

// read takes an answer.
func read(res *http.Response, out any) error {
	raw, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	if res.StatusCode/100 == 2 {
		if out == nil || len(bytes.TrimSpace(raw)) == 0 {
			return nil
		}
		if err := json.Unmarshal(raw, out); err != nil {
			return fmt.Errorf("read the answer: %w", err)
		}
		return nil
	}
	var said struct {
		Error struct {
			Code    string `json:"code"`
			Message string `json:"message"`
		} `json:"error"`
	}
	_ = json.Unmarshal(raw, &said) // an answer of a gateway is no JSON
	after, _ := retryafter.Seconds(res.Header.Get("Retry-After"))
	return &answerError{status: res.StatusCode, code: cut(said.Error.Code, 60), text: cut(said.Error.Message, 300), after: after}
}
