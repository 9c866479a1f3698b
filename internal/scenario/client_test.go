package scenario

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"net/http"
	"testing"
	"time"

	"aws-access-bot/internal/sandbox"
)

// running is a client of a sandbox that runs until the test ends.
func running(t *testing.T) *Client {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	s, err := sandbox.New(sandbox.Options{Key: key, Speed: 200})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	hc := &http.Client{Transport: &http.Transport{}}
	t.Cleanup(func() {
		hc.CloseIdleConnections()
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	<-s.Ready()
	return &Client{URL: s.URL(), HTTP: hc}
}

func TestClient(t *testing.T) {
	t.Parallel()
	c, ctx := running(t), t.Context()
	var made struct{ SHA string }
	in := map[string]any{"branch": "hana/x", "files": map[string]string{"README.md": "hello\n"}, "message": "say hello"}
	if err := c.Play(ctx, "as/hana/github/push", in, &made); err != nil {
		t.Fatal(err)
	}
	files, err := c.Files(ctx, made.SHA)
	if err != nil || files["README.md"] != "hello\n" {
		t.Errorf("files: %q %v", files["README.md"], err)
	}
	st, err := c.State(ctx, "github")
	if err != nil || st.GitHub.Repos[0].Branches["hana/x"] != made.SHA || st.Slack != nil {
		t.Errorf("state: %+v %v", st.GitHub, err)
	}
	var refused *StatusError
	if err := c.Play(ctx, "as/nobody/command", map[string]any{}, nil); !errors.As(err, &refused) || refused.Status != http.StatusNotFound || refused.Text == "" {
		t.Errorf("played nobody: %v", err)
	}
	if err := c.Mend(ctx); err != nil {
		t.Error(err)
	}
}

func TestClientReadsTheJournal(t *testing.T) {
	t.Parallel()
	c, ctx := running(t), t.Context()
	all, err := c.Journal(ctx, 0, 0, false)
	if err != nil || len(all) != 0 {
		t.Fatalf("at the start: %v %v", all, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL+"/slack/api/auth.test", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	res, err := c.HTTP.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if err := res.Body.Close(); err != nil {
		t.Fatal(err)
	}
	full, err := c.Journal(ctx, 0, 10*time.Second, false)
	if err != nil || len(full) != 1 || full[0].Op != "auth.test" || full[0].Response == "" {
		t.Fatalf("after a request: %+v %v", full, err)
	}
	bare, err := c.Journal(ctx, 0, 0, true)
	if err != nil || len(bare) != 1 || bare[0].Response != "" {
		t.Errorf("without bodies: %+v %v", bare, err)
	}
}
