package github

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// FuzzQueuedPull: a number is read from nothing but a name that GitHub would
// give for it.
func FuzzQueuedPull(f *testing.F) {
	const prefix, sha = "refs/heads/gh-readonly-queue/main/", "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
	for _, s := range []string{
		"", "pr-7-" + sha, "pr-+7-" + sha, "pr-07-" + sha, "pr--7-" + sha, "pr-0-" + sha, "pr-7", "pr-7-", "pr-7-x/pr-8-" + sha, "pr-99999999999999999999-" + sha, "PR-7-" + sha, "pr-7 -" + sha,
	} {
		f.Add(prefix + s)
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		n, ok := queuedPull(name, prefix)
		end, canonical := strings.CutPrefix(name, fmt.Sprintf("%spr-%d-", prefix, n))
		if ok && (n <= 0 || !canonical || end == "" || strings.Contains(end, "/")) {
			t.Fatalf("%q is pull request %d", name, n)
		}
		if !ok && n != 0 {
			t.Fatalf("%q is none and says %d", name, n)
		}
	})
}

func TestTheNumberOfAQueuedPullIsRead(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]int{"q/pr-7-abc": 7, "q/pr-120-abc-d": 120, "q/pr-+7-abc": 0, "q/pr-07-abc": 0, "q/pr-7-x/pr-8-abc": 0, "q/pr-7-": 0, "r/pr-7-abc": 0} {
		if n, ok := queuedPull(name, "q/"); n != want || ok != (want != 0) {
			t.Errorf("%s: %d, %v, want %d", name, n, ok, want)
		}
	}
}

// FuzzBlobContent: content that is read is exactly what was encoded, and
// nothing is made of an encoding that is not known.
func FuzzBlobContent(f *testing.F) {
	for _, s := range []string{"", "YQ==", "YWI=\nYQ==", "YWJj\nZGVm\n", "YQ", "YR==", "Y Q=", "YQ==\r\n", "=", "a\xff", "-_-_"} {
		for _, enc := range []string{"base64", "utf-8", "", "BASE64"} {
			f.Add(enc, s)
		}
	}
	f.Fuzz(func(t *testing.T, encoding, content string) {
		got, err := blobContent(encoding, content)
		switch {
		case encoding == "utf-8":
			if err != nil || string(got) != content {
				t.Fatalf("%q is read as %q, %v", content, got, err)
			}
		case encoding != "base64":
			if err == nil || len(err.Error()) > 200 {
				t.Fatalf("encoding %q is read as %q, %v", encoding, got, err)
			}
		case err == nil:
			if bare := strings.NewReplacer("\r", "", "\n", "").Replace(content); base64.StdEncoding.EncodeToString(got) != bare {
				t.Fatalf("%q is read as %q", content, got)
			}
		}
		lines := base64.StdEncoding.EncodeToString([]byte(content))
		if n := len(lines) / 2; n > 0 {
			lines = lines[:n] + "\n" + lines[n:] + "\n"
		}
		if back, err := blobContent("base64", lines); err != nil || !bytes.Equal(back, []byte(content)) {
			t.Fatalf("%q comes back as %q, %v", content, back, err)
		}
	})
}

// FuzzAccountOf: an answer names an account only where it has an id and a
// login, and only what GitHub calls a user is a person.
func FuzzAccountOf(f *testing.F) {
	for _, s := range []string{
		"", "null", "[]", "7", "{}", `{"id":1002,"login":"hana-dev","type":"User"}`, `{"id":1002,"login":"hana-dev"}`, `{"id":-1,"login":"x"}`, `{"id":0,"login":"x"}`,
		`{"id":1e3,"login":"x"}`, `{"id":1.5,"login":"x"}`, `{"id":"7","login":"x"}`, `{"id":7,"login":""}`, `{"id":7,"login":"deploy[bot]","type":"User"}`, `{"id":7,"login":"x","type":"Bot"}`,
		`{"id":99999999999999999999,"login":"x"}`, `{"id":7,"login":"x"}{"id":8}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		u, ok := accountOf(data)
		if !ok {
			if u.ID != 0 || u.Login != "" {
				t.Fatalf("%q names none and %+v", data, u)
			}
			return
		}
		var said struct {
			ID          int64
			Login, Type string
		}
		if err := json.Unmarshal(data, &said); err != nil {
			t.Fatalf("%q is no JSON and names %+v", data, u)
		}
		person := (said.Type == "" || said.Type == "User") && !strings.HasSuffix(said.Login, "[bot]")
		if u.ID <= 0 || u.Login == "" || u.ID != said.ID || u.Login != said.Login || u.Bot == person {
			t.Fatalf("%q names %+v", data, u)
		}
	})
}
