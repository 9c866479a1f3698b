package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/sandbox"
	"aws-access-bot/internal/secret"
	"aws-access-bot/internal/settings"
)

// running is the bot with the emulators around it, in this process.
type running struct {
	sbx *sandbox.Sandbox
	set *settings.Settings
	bot *bot
}

// start runs emulators and bot until the benchmark ends.
func start(b testing.TB, speed float64) running {
	b.Helper()
	return startOf(b, sandbox.Options{Speed: speed})
}

// startOf is start with options of the sandbox.
func startOf(b testing.TB, opts sandbox.Options) running {
	b.Helper()
	sbx, err := sandbox.New(opts)
	if err != nil {
		b.Fatal(err)
	}
	file := filepath.Join(b.TempDir(), "bot.yaml")
	if err := sbx.WriteSettings(file, ""); err != nil {
		b.Fatal(err)
	}
	set, err := settings.Load(file, os.Getenv)
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	up := make(chan struct{})
	var made *bot
	wg.Go(func() { _ = sbx.Run(ctx) })
	wg.Go(func() {
		p := program{stdout: io.Discard, stderr: io.Discard, getenv: os.Getenv}
		err := serve(ctx, set, p, slog.New(slog.DiscardHandler), func(x *bot) error {
			defer close(up)
			made = x
			_, err := x.Trust(ctx, sbx.SeedCommit(), gitops.Word{Token: secret.New(sbx.GitHubToken(sandbox.Operator)), System: "the benchmark"})
			return err
		})
		if err != nil {
			b.Errorf("serve: %v", err)
		}
	})
	b.Cleanup(func() { cancel(); wg.Wait() })
	<-up
	return running{sbx, set, made}
}

// BenchmarkSandboxReady measures how long the emulators and the bot take until
// both serve and the seed is trusted, as "bot sandbox" does. The mark is 2 s.
func BenchmarkSandboxReady(b *testing.B) {
	for range b.N {
		start(b, 20)
	}
}

// percentile returns the q-quantile of sorted durations in milliseconds.
func percentile(sorted []time.Duration, q float64) float64 {
	return float64(sorted[min(len(sorted)-1, int(q*float64(len(sorted))))].Microseconds()) / 1000
}

// command is a signed slash command.
func (r running) command(b *testing.B, i int, text string) *http.Request {
	b.Helper()
	body := url.Values{
		"team_id": {"T0ACME"}, "user_id": {"U0HANA"}, "channel_id": {"C0AWS"}, "command": {"/aws-access"},
		"text": {text}, "trigger_id": {fmt.Sprint("bench.", i)},
	}.Encode()
	ts := strconv.FormatInt(time.Now().Unix(), 10)
	mac := hmac.New(sha256.New, []byte(r.set.Slack.SigningSecrets[0].Reveal()))
	_, _ = io.WriteString(mac, "v0:"+ts+":"+body)
	req, err := http.NewRequestWithContext(b.Context(), http.MethodPost, "http://"+r.set.Listen+"/slack/commands", strings.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("X-Slack-Request-Timestamp", ts)
	req.Header.Set("X-Slack-Signature", "v0="+hex.EncodeToString(mac.Sum(nil)))
	return req
}

// BenchmarkCommandAcknowledged sends 50 commands a second and measures how
// long each waits for its acknowledgement, which comes after fsync. The mark
// is a p99 of 50 ms on two cores.
func BenchmarkCommandAcknowledged(b *testing.B) {
	r := start(b, 1000)
	const rate = 50
	took := make([]time.Duration, b.N)
	var wg sync.WaitGroup
	tick := time.NewTicker(time.Second / rate)
	defer tick.Stop()
	b.ResetTimer()
	for i := range b.N {
		<-tick.C
		req := r.command(b, i, "whoami")
		wg.Go(func() {
			begun := time.Now()
			res, err := http.DefaultClient.Do(req)
			took[i] = time.Since(begun)
			if err != nil || res.StatusCode != http.StatusOK {
				b.Errorf("command %d: %v %v", i, res, err)
				return
			}
			_ = res.Body.Close()
		})
	}
	wg.Wait()
	slices.Sort(took)
	b.ReportMetric(percentile(took, 0.50), "p50-ms")
	b.ReportMetric(percentile(took, 0.99), "p99-ms")
	b.ReportMetric(percentile(took, 1), "max-ms")
}

// play calls the sandbox's control API.
func (r running) play(b *testing.B, path string, in any) {
	b.Helper()
	data, err := json.Marshal(in)
	if err != nil {
		b.Fatal(err)
	}
	req, err := http.NewRequestWithContext(b.Context(), http.MethodPost, r.sbx.URL()+"/sandbox/"+path, bytes.NewReader(data))
	if err != nil {
		b.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(res.Body)
		b.Fatalf("%s: %s %s", path, res.Status, text)
	}
}

// entry is a line of the journal.
type entry struct {
	Seq     int64     `json:"seq"`
	Time    time.Time `json:"time"`
	Service string    `json:"service"`
	Op      string    `json:"op"`
	Request string    `json:"request"`
}

// until reads the journal until an entry after seq fits.
func (r running) until(b *testing.B, seq int64, fits func(entry) bool) entry {
	b.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); {
		res, err := http.Get(fmt.Sprintf("%s/sandbox/journal?after=%d", r.sbx.URL(), seq))
		if err != nil {
			b.Fatal(err)
		}
		var page struct {
			Entries []entry `json:"entries"`
		}
		err = json.NewDecoder(res.Body).Decode(&page)
		_ = res.Body.Close()
		if err != nil {
			b.Fatal(err)
		}
		for _, e := range page.Entries {
			if fits(e) {
				return e
			}
			seq = max(seq, e.Seq)
		}
	}
	b.Fatal("waited 30 s for a journal entry")
	return entry{}
}

// BenchmarkMergeToProvisioning merges an approved pull request and measures
// the time from the merge to the bot's first provisioning call. The webhook's
// own delay is divided by 1000 here. The mark is one second where no look was
// made shortly before; the bot looks at most once in two seconds, so a merge
// right after an approval can take up to two more ("after-approval").
func BenchmarkMergeToProvisioning(b *testing.B) {
	b.Run("quiet", func(b *testing.B) { mergeToProvisioning(b, 2500*time.Millisecond) })
	b.Run("after-approval", func(b *testing.B) { mergeToProvisioning(b, 0) })
}

func mergeToProvisioning(b *testing.B, quiet time.Duration) {
	var took []time.Duration
	for range b.N {
		r := startOf(b, sandbox.Options{Speed: 1000, PeopleMerge: true})
		r.play(b, "as/hana/command", map[string]any{"channel": "C0AWS", "command": "/aws-access", "text": "request payments-dev PowerUserAccess for aws-payments-dev 4h benchmark"})
		r.until(b, 0, func(e entry) bool {
			return e.Service == "slack" && strings.Contains(e.Request, "Waiting") && strings.Contains(e.Request, "REQ-")
		})
		r.play(b, "as/yuki/github/review", map[string]any{"pull": 1, "event": "APPROVE"})
		checked := r.until(b, 0, func(e entry) bool {
			return e.Service == "github" && strings.Contains(e.Op, "check-runs") && strings.Contains(e.Request, `"success"`)
		})
		<-time.After(quiet) // the time between two looks is what is measured here
		begun := time.Now()
		r.play(b, "as/yuki/github/merge", map[string]any{"pull": 1, "method": "squash"})
		first := r.until(b, checked.Seq, func(e entry) bool {
			return e.Time.After(begun) && (e.Service == "aws" && e.Op == "ListAccountAssignments" && strings.Contains(e.Request, "111122224444") ||
				e.Service == "graph" && strings.Contains(e.Op, "appRoleAssignedTo"))
		})
		took = append(took, first.Time.Sub(begun))
	}
	slices.Sort(took)
	b.ReportMetric(percentile(took, 0.5), "p50-ms")
	b.ReportMetric(percentile(took, 1), "max-ms")
}
