package teams

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"aws-access-bot/internal/chat"
	"aws-access-bot/internal/retryafter"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

const (
	callTimeout = 15 * time.Second
	maxAnswer   = 1 << 20
	// tries is how often a call is made that the connector asks to make again,
	// and firstPause the wait before the second, which doubles.
	tries      = 5
	firstPause = 500 * time.Millisecond
)

// Connector calls the Bot Framework connector. It is safe for concurrent use.
type Connector struct {
	Hosts Hosts
	// Credential makes a credential that has no token yet.
	Credential func() (azcore.TokenCredential, error)
	Scope      string
	// Client goes to the hosts and follows no redirect.
	Client *http.Client

	pace pace

	mu   sync.Mutex // guards cred
	cred azcore.TokenCredential
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

// again reports whether the same call may go well later ("Optimize your bot with
// rate limiting": 412, 429, 502 and 504). A message that a gateway may have passed
// on is not sent again here: whoever asked for it decides.
func (e *answerError) again(method string) bool {
	switch e.status {
	case http.StatusTooManyRequests, http.StatusPreconditionFailed:
		return true
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return method != http.MethodPost
	default:
		return false
	}
}

// Is makes answers that are final [chat.ErrGone]: the conversation or message is
// not there, or the bot may not write to it ("Status codes from bot conversational
// APIs").
func (e *answerError) Is(target error) bool {
	return target == chat.ErrGone && (e.status == http.StatusNotFound || e.status == http.StatusForbidden)
}

// segment is an id as one segment of a path. Ids have colons, semicolons and at
// signs, which the connector's own clients escape.
func segment(id string) string {
	return strings.NewReplacer(":", "%3A", ";", "%3B", "@", "%40", "=", "%3D", "+", "%2B", "$", "%24", "&", "%26").Replace(url.PathEscape(id))
}

// call is one call of the connector.
type call struct {
	method string
	// service is the base URL, and path what comes after it.
	service, path string
	// conversation is where a message goes or is edited, "" for other calls.
	conversation string
	in, out      any
}

// do makes a call when it is its turn, as often as the connector asks to make it
// again. An error that is no answerError leaves it open whether it had an effect.
func (c *Connector) do(ctx context.Context, k call) error {
	base, err := c.Hosts.Check(k.service)
	if err != nil {
		return fmt.Errorf("%s %s: %w", k.method, k.path, err)
	}
	body, err := json.Marshal(k.in)
	if err != nil {
		return fmt.Errorf("%s %s: %w", k.method, k.path, err)
	}
	renewed := false
	for try := 0; ; try++ {
		if err := c.pace.turn(ctx, k.conversation); err != nil {
			return wrapped(errors.Join(errUnsent, err), "%s %s", k.method, k.path)
		}
		err := c.once(ctx, k.method, base+k.path, body, k.out)
		var answer *answerError
		switch {
		case err == nil || !errors.As(err, &answer):
			return wrapped(err, "%s %s", k.method, k.path)
		case answer.status == http.StatusUnauthorized && !renewed:
			// The token may have been revoked before its time.
			renewed = true
			c.forget()
		case !answer.again(k.method) || try+1 == tries:
			return wrapped(err, "%s %s", k.method, k.path)
		default:
			if err := pause(ctx, max(answer.after, firstPause<<try)); err != nil {
				return wrapped(errors.Join(answer, err), "%s %s", k.method, k.path)
			}
		}
	}
}

// pause waits, or ends with ctx.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

func wrapped(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf(format+": %w", append(args, err)...)
}

// token returns a token of the login, from memory while it is good.
func (c *Connector) token(ctx context.Context) (string, error) {
	cred, err := c.credential()
	if err != nil {
		return "", fmt.Errorf("credential for the connector: %w", err)
	}
	t, err := cred.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{c.Scope}})
	if err != nil {
		return "", fmt.Errorf("token for the connector: %w", err)
	}
	return t.Token, nil
}

func (c *Connector) credential() (azcore.TokenCredential, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cred == nil {
		cred, err := c.Credential()
		if err != nil {
			return nil, err
		}
		c.cred = cred
	}
	return c.cred, nil
}

// forget has the next token asked for at the login: tokens are kept with the
// credential.
func (c *Connector) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cred = nil
}

// errUnsent says that a call was not made.
var errUnsent = errors.New("not sent")

// unsent reports whether a call is known to have had no effect: it was not made,
// nobody was there, or the connector refused it.
func unsent(err error) bool {
	var answer *answerError
	if errors.As(err, &answer) {
		return answer.status < http.StatusInternalServerError
	}
	var network *net.OpError
	return errors.Is(err, errUnsent) || errors.Is(err, errHost) || errors.As(err, &network) && network.Op == "dial"
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
	if method == http.MethodGet {
		r.Body, r.ContentLength = http.NoBody, 0
	}
	if _, err := c.Hosts.Check(r.URL.Scheme + "://" + r.URL.Host); err != nil {
		return err
	}
	token, err := c.token(ctx)
	if err != nil {
		return errors.Join(errUnsent, err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	// Without a charset the signs in cards beyond ASCII may be lost ("Format cards in
	// Teams", of emojis sent by REST).
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
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
		Message string `json:"message"`
	}
	_ = json.Unmarshal(raw, &said) // an answer of a gateway is no JSON
	if said.Error.Message == "" {
		said.Error.Message = said.Message
	}
	after, _ := retryafter.Seconds(res.Header.Get("Retry-After"))
	return &answerError{status: res.StatusCode, code: cut(said.Error.Code, 60), text: cut(said.Error.Message, 300), after: after}
}
