package slack

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/chat"
	"aws-access-bot/internal/chat/chattest"

	"github.com/google/go-cmp/cmp"
)

// update is read only; the flag package wants a variable.
var update = flag.Bool("update", false, "rewrite golden files")

var t0 = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

// hana is who asked in the shared messages.
func hana() access.ChatUser {
	return access.ChatUser{Platform: access.Slack, Team: "T0ACME", User: "U0HANA"}
}

func cards() map[string]access.Request { return chattest.Requests(hana()) }

func place() chat.Place { return chattest.Place() }

func drifts() []access.Drift { return chattest.Drifts() }

func golden(t *testing.T, name string, v any) {
	t.Helper()
	got, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(bytes.ReplaceAll(bytes.ReplaceAll(bytes.ReplaceAll(got, []byte(`\u003c`), []byte("<")), []byte(`\u003e`), []byte(">")), []byte(`\u0026`), []byte("&")), '\n')
	path := filepath.Join("testdata", name+".golden.json")
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("%s (-want +got):\n%s", path, d)
	}
}

func TestCardsAreRenderedAsInGoldenFiles(t *testing.T) {
	t.Parallel()
	for name, m := range chattest.Messages(hana()) {
		golden(t, name, Blocks(m))
	}
	for name, f := range chattest.Forms() {
		golden(t, name, Modal(f))
	}
}

// TestEveryRowOfButtonsHasAnIDOfItsOwn: Slack refuses a message otherwise, and
// one with more than fifty blocks.
func TestEveryRowOfButtonsHasAnIDOfItsOwn(t *testing.T) {
	t.Parallel()
	var many []access.Drift
	for range 60 {
		many = append(many, drifts()...)
	}
	blocks := Blocks(chat.Drifted(many))
	seen := map[string]bool{}
	for _, b := range blocks {
		id := b.ID()
		if id != "" && seen[id] {
			t.Errorf("two blocks have the id %q", id)
		}
		seen[id] = true
	}
	if len(blocks) > maxBlocks || len(seen) < 10 {
		t.Errorf("%d blocks, %d ids", len(blocks), len(seen))
	}
	last, err := json.Marshal(blocks[len(blocks)-1])
	if err != nil || !strings.Contains(string(last), "105 more") {
		t.Errorf("the end does not say how many are left out: %s, %v", last, err)
	}
}

// TestT24UserTextIsNeverMarkup: What a person wrote appears in plain_text
// only, and names from outside are escaped.
func TestT24UserTextIsNeverMarkup(t *testing.T) {
	t.Parallel()
	corpus := []string{"<!channel>", "<@U1>", "<https://evil|Approve>", "```\n*x*\n```", "{placeholder}", "\u202egnirts", strings.Repeat("&<>", 1200)}
	for _, evil := range corpus {
		r := cards()["live"]
		r.Want.Reason, r.Want.AccountName, r.Want.PrincipalName = evil, evil, evil
		r.Missing, r.Trouble, r.Outcome = []string{evil}, evil, evil
		for _, b := range Blocks(chat.Card(r, place())) {
			data, err := json.Marshal(b)
			if err != nil {
				t.Fatal(err)
			}
			var any struct {
				Text   *struct{ Type, Text string }
				Fields []struct{ Type, Text string }
			}
			if err := json.Unmarshal(data, &any); err != nil {
				continue // actions have no text object
			}
			texts := any.Fields
			if any.Text != nil {
				texts = append(texts, *any.Text)
			}
			for _, x := range texts {
				if x.Type == "mrkdwn" && (strings.Contains(x.Text, "<!channel>") || strings.Contains(x.Text, "<@U1>") || strings.Contains(x.Text, "<https://evil")) {
					t.Errorf("%q is markup in %s", evil, x.Text)
				}
				if n := len([]rune(x.Text)); n > maxSection {
					t.Errorf("text of %d characters", n)
				}
			}
		}
	}
}
