package gitops

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"hash"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestT01ForgedWebhooks: beside the cases of TestWebhookSignatures, what an
// attacker without the secret, or with half of one, can send.
func TestT01ForgedWebhooks(t *testing.T) {
	t.Parallel()
	const body = `{"pull_request":{"number":7},"repository":{"id":4242}}`
	mac := func(h func() hash.Hash, key string) string {
		m := hmac.New(h, []byte(key))
		m.Write([]byte(body))
		return hex.EncodeToString(m.Sum(nil))
	}
	good := sign(secretOne, body)
	tests := map[string]http.Header{
		"SHA-1 in both headers":           {"X-Hub-Signature": {"sha1=" + mac(sha1.New, secretOne)}, "X-Hub-Signature-256": {"sha1=" + mac(sha1.New, secretOne)}},
		"SHA-1 called SHA-256":            {"X-Hub-Signature-256": {"sha256=" + mac(sha1.New, secretOne)}},
		"SHA-512":                         {"X-Hub-Signature-256": {"sha512=" + mac(sha512.New, secretOne)}},
		"the MAC in the old header":       {"X-Hub-Signature": {good}},
		"empty hex":                       {"X-Hub-Signature-256": {"sha256="}},
		"half of the MAC":                 {"X-Hub-Signature-256": {good[:len(good)/2]}},
		"one bit off":                     {"X-Hub-Signature-256": {flip(good)}},
		"the MAC twice in one header":     {"X-Hub-Signature-256": {good + "," + good}},
		"a wrong one and the right one":   {"X-Hub-Signature-256": {flip(good), good}},
		"a space before":                  {"X-Hub-Signature-256": {" " + good}},
		"one upper-case digit":            {"X-Hub-Signature-256": {upperOne(good)}},
		"an upper-case algorithm":         {"X-Hub-Signature-256": {"SHA256=" + good[7:]}},
		"both secrets joined":             {"X-Hub-Signature-256": {sign(secretOne+secretTwo, body)}},
		"the secret with a line end":      {"X-Hub-Signature-256": {sign(secretOne+"\n", body)}},
		"the delivery's id as the secret": {"X-Hub-Signature-256": {sign("72d3162e-cc78-11e3-81ab-4c9367dc0958", body)}},
	}
	for name, headers := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, got := testWebhook(t)
			w := postTo(h, body, headers)
			if w.Code != http.StatusUnauthorized || w.Body.String() != "unauthorized\n" || len(*got) != 0 {
				t.Errorf("status %d %q, hints %v", w.Code, w.Body, *got)
			}
		})
	}
}

func flip(mac string) string {
	last := byte('0')
	if mac[len(mac)-1] == '0' {
		last = '1'
	}
	return mac[:len(mac)-1] + string(last)
}

// upperOne writes one letter of the hex digits as a capital.
func upperOne(mac string) string {
	i := 7 + strings.IndexAny(mac[7:], "abcdef")
	return mac[:i] + strings.ToUpper(mac[i:i+1]) + mac[i+1:]
}

func postTo(h http.Handler, body string, headers http.Header) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/github/webhook", strings.NewReader(body))
	r.Header.Set("X-GitHub-Event", "pull_request")
	for k, v := range headers {
		r.Header[k] = v
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// TestT02NoOracle: a bad signature is answered alike whatever the body is, in
// words that hold no MAC, and the decoder is not reached: a body that is no
// JSON would be a hint to look everywhere.
func TestT02NoOracle(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"", "not json", `{"pull_request":{"number":7}}`, `{"repository":null}`, strings.Repeat("[", 1<<20)} {
		h, got := testWebhook(t)
		w := postTo(h, body, http.Header{"X-Hub-Signature-256": {sign("wrong", body)}})
		if w.Code != http.StatusUnauthorized || w.Body.String() != "unauthorized\n" || len(*got) != 0 {
			t.Errorf("%.20q: status %d %q, hints %v", body, w.Code, w.Body, *got)
		}
		answer := fmt.Sprint(w.Header(), w.Body)
		for _, secret := range []string{secretOne, secretTwo, "wrong", ""} {
			if mac := sign(secret, body)[7:]; strings.Contains(answer, mac) || strings.Contains(answer, mac[:16]) {
				t.Errorf("%.20q: the answer has a MAC: %s", body, answer)
			}
		}
	}
}

// TestT03EveryOrderOfDeliveriesIsTheSameWork: three times each, in all orders.
func TestT03EveryOrderOfDeliveriesIsTheSameWork(t *testing.T) {
	t.Parallel()
	bodies := []string{
		`{"pull_request":{"number":7},"repository":{"id":4242}}`, `{"pull_request":{"number":8},"repository":{"id":4242}}`,
		`{"pull_request":{"number":9},"repository":{"id":1}}`, `{"pull_request":{"number":7},"action":"closed","repository":{"id":4242}}`,
	}
	for _, order := range [][]int{{0, 1, 2, 3}, {3, 2, 1, 0}, {1, 3, 0, 2}, {2, 0, 3, 1}, {0, 0, 3, 1, 2}} {
		g := &Gitops{opt: Options{RepoID: 4242}}
		g.hints.wake = make(chan struct{}, 1)
		h, err := g.NewWebhook([]byte(secretOne))
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			for _, i := range order {
				if w := postTo(h, bodies[i], http.Header{"X-Hub-Signature-256": {sign(secretOne, bodies[i])}}); w.Code != http.StatusOK {
					t.Fatalf("status %d", w.Code)
				}
			}
		}
		w := g.hints.take()
		slices.Sort(w.numbers)
		if diff := cmp.Diff([]int{7, 8}, w.numbers); diff != "" || w.all || len(w.rewrite) != 0 || len(g.hints.wake) != 1 {
			t.Errorf("order %v (-want +got):\n%s%+v", order, diff, w)
		}
	}
}
