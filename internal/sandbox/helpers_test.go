package sandbox

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"io"
	"net/http"
	"sync"
	"testing"
)

// testKey makes one RSA key for all tests, since making one takes long.
var testKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// fresh is a sandbox that is not running.
func fresh(t *testing.T) *Sandbox {
	t.Helper()
	key, err := testKey()
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(Options{Key: key, Speed: 200})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// running is a sandbox that runs until the test ends.
func running(t *testing.T) *Sandbox {
	t.Helper()
	s := fresh(t)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("run: %v", err)
		}
	})
	<-s.Ready()
	return s
}

// send makes a request and returns its status and JSON answer.
func send(t *testing.T, method, url, body string, header http.Header) (int, map[string]any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader([]byte(body)))
	if err != nil {
		t.Fatal(err)
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/json")
	}
	for k, v := range header {
		req.Header[k] = v
	}
	if h := header.Get("Host"); h != "" {
		req.Host = h
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatalf("%s %s: %d, not JSON: %s", method, url, res.StatusCode, text)
	}
	return res.StatusCode, out
}

// post acts through the control API and wants it to succeed.
func post(t *testing.T, s *Sandbox, path, body string) map[string]any {
	t.Helper()
	status, out := send(t, http.MethodPost, s.URL()+"/sandbox/"+path, body, nil)
	if status != http.StatusOK {
		t.Fatalf("POST %s %s: %d %v", path, body, status, out)
	}
	return out
}
