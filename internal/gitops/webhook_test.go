package gitops

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	secretOne = "It's a Secret to Everybody"
	secretTwo = "another secret of the same hook"
)

func sign(secret, body string) string {
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte(body))
	return "sha256=" + hex.EncodeToString(m.Sum(nil))
}

// hinted is what a webhook hinted at.
type hinted struct {
	Number  int
	Rewrite bool
}

func testWebhook(t *testing.T) (*Webhook, *[]hinted) {
	t.Helper()
	g := &Gitops{opt: Options{RepoID: 4242}}
	h, err := g.NewWebhook([]byte(secretOne), []byte(secretTwo))
	if err != nil {
		t.Fatal(err)
	}
	var got []hinted
	h.hint = func(n int, rewrite bool) { got = append(got, hinted{n, rewrite}) }
	return h, &got
}

// TestSignatureVector is GitHub's published example (validating webhook
// deliveries).
func TestSignatureVector(t *testing.T) {
	t.Parallel()
	h, _ := testWebhook(t)
	if !h.signed([]string{"sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"}, []byte("Hello, World!")) {
		t.Error("GitHub's own example is refused")
	}
}

// TestWebhookSignatures: T1, T2; what is not signed changes nothing.
func TestWebhookSignatures(t *testing.T) {
	t.Parallel()
	const body = `{"pull_request":{"number":7},"repository":{"id":4242}}`
	old := hmac.New(sha1.New, []byte(secretOne))
	old.Write([]byte(body))
	good := sign(secretOne, body)
	tests := []struct {
		name    string
		headers map[string][]string
		want    int
	}{
		{"the first secret", map[string][]string{"X-Hub-Signature-256": {good}}, 200},
		{"the second secret", map[string][]string{"X-Hub-Signature-256": {sign(secretTwo, body)}}, 200},
		{"unsigned", nil, 401},
		{"SHA-1 only", map[string][]string{"X-Hub-Signature": {"sha1=" + hex.EncodeToString(old.Sum(nil))}}, 401},
		{"an empty key", map[string][]string{"X-Hub-Signature-256": {sign("", body)}}, 401},
		{"another key", map[string][]string{"X-Hub-Signature-256": {sign("x", body)}}, 401},
		{"another body", map[string][]string{"X-Hub-Signature-256": {sign(secretOne, body+" ")}}, 401},
		{"cut short", map[string][]string{"X-Hub-Signature-256": {good[:len(good)-2]}}, 401},
		{"upper-case", map[string][]string{"X-Hub-Signature-256": {"sha256=" + strings.ToUpper(good[7:])}}, 401},
		{"no algorithm", map[string][]string{"X-Hub-Signature-256": {good[7:]}}, 401},
		{"two headers", map[string][]string{"X-Hub-Signature-256": {good, good}}, 401},
		{"empty", map[string][]string{"X-Hub-Signature-256": {""}}, 401},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h, got := testWebhook(t)
			r := httptest.NewRequest(http.MethodPost, "/github/webhook", strings.NewReader(body))
			r.Header.Set("X-GitHub-Event", "pull_request")
			for k, v := range tt.headers {
				r.Header[k] = v
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != tt.want || (len(*got) > 0) != (tt.want == 200) {
				t.Errorf("status %d, hints %v", w.Code, *got)
			}
			if tt.want == 401 && w.Body.String() != "unauthorized\n" {
				t.Errorf("the answer tells more than it should: %q", w.Body)
			}
		})
	}
}

func TestWebhookEvents(t *testing.T) {
	t.Parallel()
	tests := []struct {
		event, body string
		want        []hinted
	}{
		{"pull_request", `{"pull_request":{"number":7},"repository":{"id":4242}}`, []hinted{{7, false}}},
		{"pull_request_review", `{"pull_request":{"number":8},"repository":{"id":4242}}`, []hinted{{8, false}}},
		{"push", `{"ref":"refs/heads/main","repository":{"id":4242}}`, []hinted{{0, false}}},
		{"issue_comment", `{"action":"edited","issue":{"number":7},"repository":{"id":4242}}`, []hinted{{7, false}}},
		{"issue_comment", `{"action":"deleted","issue":{"number":7},"repository":{"id":4242}}`, []hinted{{7, false}}},
		{"issue_comment", `{"action":"created","issue":{"number":7},"repository":{"id":4242}}`, nil},
		{"issue_comment", `{"action":"edited","issue":{"number":7},"repository":{"id":1}}`, nil},
		{"issue_comment", `{"action":"edited","repository":{"id":4242}}`, nil},
		{"merge_group", `{"action":"checks_requested","merge_group":{"head_sha":"x"},"repository":{"id":4242}}`, []hinted{{branchOnly, false}}},
		{"merge_group", `{"action":"checks_requested","repository":{"id":1}}`, nil},
		{"check_run", `{"action":"rerequested","check_run":{"pull_requests":[{"number":7}]},"repository":{"id":4242}}`, []hinted{{7, true}}},
		{"check_run", `{"action":"completed","check_run":{"pull_requests":[{"number":7}]},"repository":{"id":4242}}`, nil},
		{"pull_request", `{"pull_request":{"number":7},"repository":{"id":1}}`, nil},
		{"pull_request", `{"pull_request":null}`, []hinted{{0, false}}},
		{"pull_request", `not json`, []hinted{{0, false}}},
		{"ping", `{"zen":"x"}`, nil},
		{"something_new", `{}`, nil},
		{"", ``, []hinted{{0, false}}},
	}
	for _, tt := range tests {
		h, got := testWebhook(t)
		for range 2 { // a repeated delivery is looked at again
			r := httptest.NewRequest(http.MethodPost, "/github/webhook", strings.NewReader(tt.body))
			r.Header.Set("X-GitHub-Event", tt.event)
			r.Header.Set("X-Hub-Signature-256", sign(secretOne, tt.body))
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != 200 {
				t.Errorf("%s %s: status %d", tt.event, tt.body, w.Code)
			}
		}
		if diff := cmp.Diff(append(append([]hinted(nil), tt.want...), tt.want...), *got); diff != "" {
			t.Errorf("%s %s (-want +got):\n%s", tt.event, tt.body, diff)
		}
	}
}

func TestWebhookLimits(t *testing.T) {
	t.Parallel()
	h, got := testWebhook(t)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(make([]byte, maxWebhook+1))))
	if w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("a body over the limit got %d", w.Code)
	}
	w = httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("GET got %d", w.Code)
	}
	if len(*got) != 0 {
		t.Errorf("hints %v", *got)
	}
}

func TestWebhookSecretsAreRequired(t *testing.T) {
	t.Parallel()
	for _, secrets := range [][][]byte{nil, {nil}, {[]byte("x"), {}}, {[]byte("a"), []byte("b"), []byte("c")}} {
		if _, err := (&Gitops{}).NewWebhook(secrets...); err == nil {
			t.Errorf("%q were accepted", secrets)
		}
	}
}

// FuzzWebhook: whatever is signed, the answer is 200 and nothing panics.
func FuzzWebhook(f *testing.F) {
	f.Add("pull_request", `{"pull_request":{"number":7},"repository":{"id":4242}}`)
	f.Add("check_run", `{"action":"rerequested","check_run":null}`)
	f.Add("check_suite", `{"action":"requested","check_suite":{"pull_requests":[null]}}`)
	f.Fuzz(func(t *testing.T, kind, body string) {
		h, _ := testWebhook(t)
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		r.Header["X-Github-Event"] = []string{kind}
		r.Header.Set("X-Hub-Signature-256", sign(secretOne, body))
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != 200 {
			t.Fatalf("status %d", w.Code)
		}
	})
}
