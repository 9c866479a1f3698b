package gitops_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/sandbox/githubemu"
	"aws-access-bot/internal/store"
)

// canary is in every hostile text, so that it is found wherever it comes to.
const canary = "zzq"

// hostile texts, each with the canary.
func hostile() []string {
	return []string{
		"@org/all " + canary, "Closes #4711 " + canary, "fixes acme/aws-access-config#4711 " + canary, "resolves GH-4711 " + canary,
		"![" + canary + "](https://evil.example/beacon.png)", "[" + canary + "](javascript:alert(1))", "see www.evil.example/" + canary, "<https://evil.example/" + canary + ">",
		"<!-- " + canary + " -->", "--> " + canary, "<img src=https://evil.example/" + canary + "><details>", canary + " | x | y", "`" + canary + "`", "``` " + canary, "a\\`" + canary,
	}
}

// severalLines are hostile texts that no config file can hold.
func severalLines() []string {
	return []string{
		"```\n" + canary + " @org/all\n```\n# " + canary, "~~~\n" + canary, "x\n\n<!-- aws-access-bot:v1 e30 e30 -->" + canary, "````\n" + canary + "\n`````\nCloses #4711",
		"\u202e" + canary + "\u2066 @\u200dorg/all", canary + "\x00\x1b[31m", "x\u2028# " + canary, "<!-\u200b- " + canary + " -->",
	}
}

// onGitHub is what the bot wrote, by place.
func (w *world) onGitHub(number int) map[string]string {
	w.t.Helper()
	out := map[string]string{}
	repo := w.emu.State().Repos[0]
	for _, p := range repo.Pulls {
		if p.Number != number {
			continue
		}
		if p.Author == "access-bot[bot]" {
			out["title"], out["body"], out["labels"] = p.Title, p.Body, strings.Join(p.Labels, "\n")
			var c struct{ Message string }
			w.must(json.Unmarshal(w.rest("hana-dev", "GET", "/git/commits/"+p.HeadSHA, "", 200), &c))
			out["message"] = c.Message
		}
		for i, c := range repo.Checks {
			if c.SHA == p.HeadSHA {
				out[fmt.Sprintf("check %d title", i)], out[fmt.Sprintf("check %d", i)] = c.Title, c.Summary+"\n"+c.Text
			}
		}
		for i, c := range p.Comments {
			if c.By == "access-bot[bot]" {
				out[fmt.Sprintf("comment %d", i)] = c.Body
			}
		}
	}
	return out
}

// acting are texts that GitHub would give a meaning.
var acting = regexp.MustCompile(`@[0-9A-Za-z]|#4711|(?i)gh-4711|://evil|www\.evil|<!--[^>]*` + canary)

// outsideCode is Markdown without its fenced blocks and code spans, as
// CommonMark delimits them.
func outsideCode(text string) string {
	var b strings.Builder
	fence := ""
	for line := range strings.Lines(text) {
		mark := line[:len(line)-len(strings.TrimLeft(line, "`"))]
		switch {
		case fence != "":
			if len(mark) >= len(fence) && strings.TrimSpace(line[len(mark):]) == "" {
				fence = ""
			}
		case len(mark) >= 3 && !strings.Contains(line[len(mark):], "`"):
			fence = mark
		default:
			b.WriteString(outsideSpans(line))
		}
	}
	return b.String()
}

func outsideSpans(line string) string {
	var b strings.Builder
	for line != "" {
		before, rest, found := strings.Cut(line, "`")
		b.WriteString(before)
		if !found {
			break
		}
		rest = "`" + rest
		mark := rest[:len(rest)-len(strings.TrimLeft(rest, "`"))]
		rest = rest[len(mark):]
		end := -1
		for i := 0; i < len(rest); {
			run := rest[i:]
			run = run[:len(run)-len(strings.TrimLeft(run, "`"))]
			if len(run) == len(mark) {
				end = i
				break
			}
			i += max(1, len(run))
		}
		if end < 0 {
			b.WriteString(mark)
			line = rest
			continue
		}
		line = rest[end+len(mark):]
	}
	return b.String()
}

// harmless checks what the bot wrote on a pull request. It returns how many of
// the places had the canary.
func harmless(t *testing.T, places map[string]string) int {
	t.Helper()
	found := 0
	for place, text := range places {
		if strings.Contains(text, canary) {
			found++
		}
		if m := acting.FindString(text); m != "" {
			t.Errorf("%s: %q acts:\n%s", place, m, text)
		}
		for _, r := range text {
			if r != '\u200b' && r != '\n' && (unicode.Is(unicode.C, r) || unicode.Is(unicode.Zl, r)) {
				t.Errorf("%s has %U:\n%s", place, r, text)
			}
		}
		// Only these two are Markdown; the rest GitHub shows as it stands.
		if strings.HasPrefix(place, "check") && !strings.HasSuffix(place, "title") || strings.HasPrefix(place, "comment") || place == "body" {
			if strings.Contains(outsideCode(text), canary) {
				t.Errorf("%s: text of a person outside of code:\n%s", place, text)
			}
			if n := strings.Count(withoutMarks(text), "<!--"); n > 1 || n == 1 && strings.HasPrefix(place, "check") {
				t.Errorf("%s has %d comments of HTML:\n%s", place, n, text)
			}
		}
	}
	return found
}

// TestT26WhatIsAskedInChat: text of a request is shown as code or as plain
// text, wherever it comes to on GitHub, and never does anything there.
func TestT26WhatIsAskedInChat(t *testing.T) {
	t.Parallel()
	const fence = "````" // as a whole reason it would end a shorter fence
	for i, text := range append(append(hostile(), severalLines()...), fence) {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			r := w.request(req)
			if config.CheckText(text, config.MaxReason) == nil {
				r.Want.Reason = text // others are refused before they come here
			}
			if text == fence {
				text += " " + canary
			}
			r.Want.PrincipalName, r.Want.AccountName, r.Want.OU = text, text, "/"+text
			r.Asker.Name, r.Asker.Email = text, text
			w.dir.nested = map[string][]string{devGroup: {text}}
			n := w.proposed(r)
			places := w.onGitHub(n)
			if found := harmless(t, places); found < 3 {
				t.Errorf("the text is in %d of %d places", found, len(places))
			}
			if n := strings.Count(withoutMarks(outsideCode(places["body"])), "<!--"); n != 1 {
				t.Errorf("%d comments of HTML outside of code, want the signed block beside the marks:\n%s", n, places["body"])
			}
			if _, err := gitops.ParseBlock(places["body"], w.opt.SigningKey); err != nil {
				t.Errorf("the signed block is not found any more: %v", err)
			}
		})
	}
}

// TestT26WhatStandsInTheConfig: names and reasons of the files, and what a
// broken file says.
func TestT26WhatStandsInTheConfig(t *testing.T) {
	t.Parallel()
	quote := func(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
	for i, text := range hostile() {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			files := exampleFiles(t)
			set := func(path, old, now string) { files[path] = strings.Replace(files[path], old, now, 1) }
			set("aws-access.yaml", "name: read and develop", "name: "+quote(text))
			set(devFile, "name: aws-payments-dev", "name: "+quote(text))
			set("accounts/payments-dev.yaml", "name: payments-dev", "name: "+quote(text))
			w := newWorldOf(t, files)
			n := w.byHand("hana-dev", "topic", map[string]*githubemu.File{devFile: w.grantLine(devFile, strings.Replace(devGrant, "by hand", quote(text), 1))})
			w.look()
			if found := harmless(t, w.onGitHub(n)); found == 0 {
				t.Error("the text is nowhere")
			}
			broken := w.byHand("hana-dev", "broken", map[string]*githubemu.File{sandboxFile: w.grantLine(sandboxFile, "  - {"+quote(text)+": 1, account: "+quote(text)+"}\n")})
			w.look()
			places := w.onGitHub(broken)
			if c := w.check(w.head("broken")); c.Title != "the config is not valid" {
				t.Errorf("check %q", c.Title)
			}
			harmless(t, places)
		})
	}
}

// deliver sends a signed webhook.
func deliver(t *testing.T, h http.Handler, secret, event, body string) {
	t.Helper()
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte(body))
	r := httptest.NewRequest(http.MethodPost, "/github/webhook", strings.NewReader(body))
	r.Header.Set("X-GitHub-Event", event)
	r.Header.Set("X-GitHub-Delivery", "72d3162e-cc78-11e3-81ab-4c9367dc0958")
	r.Header.Set("X-Hub-Signature-256", "sha256="+hex.EncodeToString(m.Sum(nil)))
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	if rec.Code != http.StatusOK {
		t.Fatalf("%s: %d", event, rec.Code)
	}
}

// TestT03ReplayedWebhooks: every delivery three times, in every order, before
// and after a restart, and signed ones that lie: the state is that of one look.
func TestT03ReplayedWebhooks(t *testing.T) {
	t.Parallel()
	const secret = "a webhook secret of thirty-two bytes"
	repository := fmt.Sprintf(`"repository":{"id":%d}`, repoID)
	deliveries := map[rune][2]string{
		'o': {"pull_request", `{"action":"opened","pull_request":{"number":1},` + repository + `}`},
		'r': {"pull_request_review", `{"action":"submitted","review":{"state":"approved","user":{"id":1001}},"pull_request":{"number":1},` + repository + `}`},
		'm': {"pull_request", `{"action":"closed","pull_request":{"number":1,"merged":true,"merge_commit_sha":"` + strings.Repeat("f", 40) + `"},` + repository + `}`},
		'p': {"push", `{"ref":"refs/heads/main","after":"` + strings.Repeat("e", 40) + `","forced":true,` + repository + `}`},
	}
	for _, order := range permutations("ormp")[:12] {
		t.Run(order, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			sha := w.merge(approvedPull(w), "squash")
			w.look()
			want := w.outcome(sha)
			for range 3 {
				h, err := w.NewWebhook([]byte(secret))
				w.must(err)
				for _, d := range order {
					deliver(t, h, secret, deliveries[d][0], deliveries[d][1])
					w.look()
				}
				w.restart()
			}
			if diff := cmp.Diff(want, w.outcome(sha)); diff != "" {
				t.Errorf("replays changed the state (-want +got):\n%s", diff)
			}
		})
	}
}

// TestT03ADeliveryLostInACrashWorksWhenSentAgain: it is examined anew, not
// refused as known.
func TestT03ADeliveryLostInACrashWorksWhenSentAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := approvedPull(w)
	first := w.status().InForce
	const secret = "a webhook secret of thirty-two bytes"
	body := fmt.Sprintf(`{"action":"closed","pull_request":{"number":%d},"repository":{"id":%d}}`, n, repoID)
	h, err := w.NewWebhook([]byte(secret))
	w.must(err)
	sha := w.merge(n, "squash")
	deliver(t, h, secret, "pull_request", body)
	w.restart() // before anybody looked
	w.holds(first, "")
	if h, err = w.NewWebhook([]byte(secret)); err != nil {
		t.Fatal(err)
	}
	deliver(t, h, secret, "pull_request", body)
	w.look()
	w.holds(sha, "")
}

// outcome is what people and other parts see of a merged request.
func (w *world) outcome(sha string) map[string]any {
	w.t.Helper()
	v, err := w.Verdict(w.t.Context(), req)
	w.must(err)
	repo := w.emu.State().Repos[0]
	w.ops.mu.Lock()
	told := len(w.ops.list)
	w.ops.mu.Unlock()
	f := *w.facts(req)
	return map[string]any{
		"in force": w.status().InForce, "want": sha, "times": w.inForce, "verdict": *v, "facts": fmt.Sprint(f),
		"pulls": len(repo.Pulls), "comments": len(repo.Pulls[0].Comments), "checks": len(repo.Checks), "branches": len(repo.Branches), "told": told,
	}
}

// TestT05TheBotsClockMovesNoGrant: a term runs from GitHub's merged_at, and a
// jump of our own clock neither lengthens nor voids it.
func TestT05TheBotsClockMovesNoGrant(t *testing.T) {
	t.Parallel()
	for _, jump := range []time.Duration{time.Hour, -time.Hour, 24 * time.Hour, -24 * time.Hour} {
		t.Run(jump.String(), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			n := approvedPull(w)
			sha := w.merge(n, "squash")
			w.opt.Now = func() time.Time { return w.clock.Now().Add(jump) }
			g, err := gitops.New(w.opt, w.client(), store.NewGitops(w.db), w.dir)
			w.must(err)
			w.Gitops = g
			w.must(w.Look(t.Context()))
			w.holds(sha, "")
			v, err := w.Verdict(t.Context(), access.ID(req))
			w.must(err)
			if v == nil || !v.InForce || v.Void != "" {
				t.Errorf("verdict %+v", v)
			}
			in, err := w.InForce(t.Context())
			w.must(err)
			at := *w.emu.State().Repos[0].Pulls[0].Merged
			found := false
			for _, d := range in.Repo.Desired(in.Starts, at.Add(time.Minute)) {
				if d.Assignment.PermissionSet == "PowerUserAccess" && d.Assignment.Account == "111122224444" && d.Assignment.Principal.ID == devGroup {
					found = true
					if want := at.Add(4 * time.Hour); !d.End.Equal(want) {
						t.Errorf("the grant ends at %s, want %s", d.End, want)
					}
				}
			}
			if !found {
				t.Error("the grant is not desired")
			}
		})
	}
}

// withoutMarks takes the two marks around what the bot wrote out of a body,
// once each.
func withoutMarks(body string) string {
	body = strings.Replace(body, "<!-- aws-access-bot:text -->\n", "", 1)
	return strings.Replace(body, "\n<!-- aws-access-bot:text-end -->\n", "", 1)
}
