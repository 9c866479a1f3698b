package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"aws-access-bot/internal/sandbox"
	"aws-access-bot/internal/server"
	"aws-access-bot/internal/settings"
	"aws-access-bot/internal/store"
)

// TestAnInterruptedAnswerIsNoGoodEnd: what asks a bot and is interrupted before
// the answer ends with 1 and says so. Here the bot never answers.
func TestAnInterruptedAnswerIsNoGoodEnd(t *testing.T) {
	t.Parallel()
	file, calls := silentBot(t)
	for _, args := range [][]string{
		{"status"}, {"plan"}, {"plan", "../../config/example"}, {"sync"}, {"rules", "replay", "../../config/example"},
		{"trust", strings.Repeat("a", 40), "--github-token-file", filepath.Join(filepath.Dir(file), "token")},
	} {
		ctx, interrupt := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			select {
			case <-calls:
				interrupt()
			case <-ended:
			}
		}()
		var out, errs bytes.Buffer
		code := run(ctx, append(args, "--settings", file), program{stdout: &out, stderr: &errs, getenv: func(string) string { return "" }})
		close(ended)
		interrupt()
		if code != exitFindings || !strings.Contains(errs.String(), "bot: interrupted before it was finished") || out.Len() > 0 {
			t.Errorf("%s: exit code %d, %s%s", args, code, out.String(), errs.String())
		}
	}
}

// silentBot is a bot that holds its state file, takes calls and answers none. A
// value comes for each call.
func silentBot(t *testing.T) (file string, calls <-chan struct{}) {
	t.Helper()
	sbx, err := sandbox.New(sandbox.Options{Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { _ = sbx.Run(ctx) })
	<-sbx.Ready()
	dir, err := os.MkdirTemp("", "bot") // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(dir, "bot.yaml")
	if err := sbx.WriteSettings(file, ""); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "token"), []byte("ghp_of-somebody-who-asks\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	set, err := settings.Load(file, os.Getenv)
	if err != nil {
		t.Fatal(err)
	}
	db, err := store.OpenBolt(set.StateFile, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	l, err := server.ListenSocket(t.Context(), server.SocketPath(set.StateFile))
	if err != nil {
		t.Fatal(err)
	}
	came := make(chan struct{}, 100)
	var held []net.Conn
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			held = append(held, c)
			came <- struct{}{}
		}
	})
	t.Cleanup(func() {
		stop()
		_ = l.Close()
		wg.Wait()
		for _, c := range held {
			_ = c.Close()
		}
		_ = db.Close()
		_ = os.RemoveAll(dir)
	})
	return file, came
}

// TestAnInterruptedSandboxEndsWell: what runs until it is interrupted, the bot in
// it too, has come to its end.
func TestAnInterruptedSandboxEndsWell(t *testing.T) {
	t.Parallel()
	ctx, interrupt := context.WithCancel(t.Context())
	var errs bytes.Buffer
	code := run(ctx, []string{"sandbox", "--listen", "127.0.0.1:0"}, program{stdout: onWrite(interrupt), stderr: &errs, getenv: os.Getenv})
	if code != exitGood || errs.Len() > 0 {
		t.Errorf("exit code %d: %s", code, errs.String())
	}
}

// onWrite is called when something is printed.
type onWrite func()

func (f onWrite) Write(p []byte) (int, error) {
	f()
	return len(p), nil
}

// TestOnlyAnInterruptIsCalledOne: a call that was cancelled for another reason is
// an error like any other.
func TestOnlyAnInterruptIsCalledOne(t *testing.T) {
	t.Parallel()
	var errs bytes.Buffer
	p := program{stderr: &errs}
	if code := p.exitCode(t.Context(), fmt.Errorf("ask: %w", context.Canceled)); code != exitFindings || strings.Contains(errs.String(), "interrupted") {
		t.Errorf("exit code %d: %s", code, errs.String())
	}
}
