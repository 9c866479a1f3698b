package scenario

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"aws-access-bot/internal/sandbox"
	"aws-access-bot/internal/sandbox/emukit"
)

// Client speaks the control API of a sandbox.
type Client struct {
	// URL is the sandbox's, without a final slash.
	URL  string
	HTTP *http.Client
}

// StatusError is a refusal of the control API.
type StatusError struct {
	Status int
	Text   string
}

// Error returns what the sandbox said.
func (e *StatusError) Error() string { return fmt.Sprintf("%d: %s", e.Status, e.Text) }

// Play posts in to a path below /sandbox/ and decodes the answer into out,
// which may be nil. A refusal is a *StatusError.
func (c *Client) Play(ctx context.Context, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("play %s: %w", path, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL+"/sandbox/"+path, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("play %s: %w", path, err)
	}
	req.Header.Set("Content-Type", "application/json")
	if err := c.do(req, out); err != nil {
		return fmt.Errorf("play %s: %w", path, err)
	}
	return nil
}

// Mend takes all injected faults away.
func (c *Client) Mend(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodDelete, c.URL+"/sandbox/faults", nil)
	if err != nil {
		return fmt.Errorf("take faults away: %w", err)
	}
	if err := c.do(req, nil); err != nil {
		return fmt.Errorf("take faults away: %w", err)
	}
	return nil
}

// State reads parts of the sandbox's state, all of them if none is named.
func (c *Client) State(ctx context.Context, parts ...string) (sandbox.State, error) {
	var st sandbox.State
	err := c.get(ctx, "state?part="+strings.Join(parts, ","), &st)
	return st, err
}

// Journal returns the entries after a number. With wait it waits so long for
// the first one; bare leaves out their bodies.
func (c *Client) Journal(ctx context.Context, after int64, wait time.Duration, bare bool) ([]emukit.Entry, error) {
	q := url.Values{"after": {strconv.FormatInt(after, 10)}, "bodies": {strconv.FormatBool(!bare)}}
	if wait > 0 {
		q.Set("wait", wait.String())
	}
	var out struct {
		Entries []emukit.Entry `json:"entries"`
	}
	err := c.get(ctx, "journal?"+q.Encode(), &out)
	return out.Entries, err
}

// Files returns the files of a commit or branch of the config repo, by path;
// those of the default branch if ref is empty.
func (c *Client) Files(ctx context.Context, ref string) (map[string]string, error) {
	var out struct {
		Files map[string]string `json:"files"`
	}
	err := c.get(ctx, "github/files?ref="+url.QueryEscape(ref), &out)
	return out.Files, err
}

func (c *Client) get(ctx context.Context, path string, out any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL+"/sandbox/"+path, nil)
	if err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	if err := c.do(req, out); err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	return nil
}

func (c *Client) do(req *http.Request, out any) error {
	res, err := c.HTTP.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		var said struct {
			Error string `json:"error"`
		}
		if json.Unmarshal(body, &said) != nil || said.Error == "" {
			said.Error = string(body)
		}
		return &StatusError{res.StatusCode, said.Error}
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(body, out)
}
