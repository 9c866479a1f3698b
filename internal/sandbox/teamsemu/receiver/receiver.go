// Package receiver runs a bot that nobody here wrote: Microsoft's Bot Framework SDK
// for JavaScript (botbuilder, pinned in testdata/package-lock.json), which Teams bots
// were made with for years. Tests hold the Teams emulator and the bot's own checks
// against it. It is not part of the program.
//
// It needs node, and the packages installed by "npm ci --ignore-scripts" in testdata,
// which .ci/run does; they are never committed. Where they are not, [Start] says
// [ErrMissing], and the tests are skipped with what to do.
package receiver

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// ErrMissing says that node or the packages are not here.
var ErrMissing = errors.New("install node, and run: npm ci --ignore-scripts in internal/sandbox/teamsemu/receiver/testdata")

// answerTimeout is how long the bot may take for one request. The first one loads
// keys.
const answerTimeout = 30 * time.Second

// Options are whom the bot believes.
type Options struct {
	// Dir is the testdata folder of this package, as the caller reaches it.
	Dir string
	// AppID and TenantID are the bot's.
	AppID, TenantID string
	// Issuer and MetadataURL are the connector's.
	Issuer, MetadataURL string
	// Token is what the bot shows the connector.
	Token string
	// CAFile is a PEM file with the certificate authority of the connector.
	CAFile string
	// Log takes what the SDK prints; nil drops it.
	Log io.Writer
}

// Receiver is the running bot.
type Receiver struct {
	url   string
	cmd   *exec.Cmd
	stdin io.Closer
}

// Start starts the bot and waits until it listens. Close stops it.
func Start(ctx context.Context, o Options) (*Receiver, error) {
	node, err := exec.LookPath("node")
	if err != nil {
		return nil, ErrMissing
	}
	if _, err := os.Stat(filepath.Join(o.Dir, "node_modules", "botbuilder")); err != nil {
		return nil, ErrMissing
	}
	cmd := exec.CommandContext(ctx, node, "receiver.js")
	cmd.Dir, cmd.Stderr = o.Dir, o.Log
	cmd.Env = append(os.Environ(), "APP_ID="+o.AppID, "TENANT="+o.TenantID, "ISSUER="+o.Issuer, "METADATA="+o.MetadataURL, "TOKEN="+o.Token, "NODE_EXTRA_CA_CERTS="+o.CAFile)
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start the receiver: %w", err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start the receiver: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the receiver: %w", err)
	}
	r := &Receiver{cmd: cmd, stdin: in}
	line, err := bufio.NewReader(out).ReadString('\n')
	port, ok := strings.CutPrefix(strings.TrimSpace(line), "listening ")
	if err != nil || !ok {
		return nil, errors.Join(fmt.Errorf("start the receiver: it said %q", line), r.Close())
	}
	r.url = "http://127.0.0.1:" + port
	return r, nil
}

// Close stops the bot: it ends when nobody holds its standard input.
func (r *Receiver) Close() error {
	err := r.stdin.Close()
	if e := r.cmd.Wait(); e != nil && err == nil {
		err = fmt.Errorf("stop the receiver: %w", e)
	}
	return err
}

// URL is the bot's endpoint.
func (r *Receiver) URL() string { return r.url + "/api/messages" }

// Verdict posts an activity with headers and returns the bot's status: 200 if it
// believes it, 401 if not.
func (r *Receiver) Verdict(ctx context.Context, activity []byte, h http.Header) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.URL(), strings.NewReader(string(activity)))
	if err != nil {
		return 0, fmt.Errorf("ask the receiver: %w", err)
	}
	req.Header = h.Clone()
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, fmt.Errorf("ask the receiver: %w", err)
	}
	return res.StatusCode, res.Body.Close()
}

// Turn is what the bot understood of one activity.
type Turn struct {
	Type   string         `json:"type"`
	Name   string         `json:"name"`
	ID     string         `json:"id"`
	Person string         `json:"person"`
	Tenant string         `json:"tenant"`
	Kind   string         `json:"kind"`
	Say    string         `json:"say"`
	Note   map[string]any `json:"note"`
	Data   any            `json:"data"`
}

// Turns returns what the bot understood since the last call. An error of the SDK's own
// is one here.
func (r *Receiver) Turns(ctx context.Context) ([]Turn, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url+"/turns", nil)
	if err != nil {
		return nil, fmt.Errorf("ask the receiver: %w", err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("ask the receiver: %w", err)
	}
	defer func() { _ = res.Body.Close() }()
	var in struct {
		Turns   []Turn `json:"turns"`
		Failure string `json:"failure"`
	}
	if err := json.NewDecoder(res.Body).Decode(&in); err != nil {
		return nil, fmt.Errorf("ask the receiver: %w", err)
	}
	if in.Failure != "" {
		return in.Turns, fmt.Errorf("the SDK failed: %s", in.Failure)
	}
	return in.Turns, nil
}
