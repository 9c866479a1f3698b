package gitops

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"aws-access-bot/config"
	"aws-access-bot/internal/gitops/review"
)

var testBlock = Block{
	Repo: 4242, Request: "REQ-7F3K2Q", Kind: review.Grant, Requester: "r", Joined: []string{"j"},
	Principal: config.Principal{Kind: config.GroupPrincipal, ID: "g"}, Base: "b", Head: "h", Fingerprint: "f",
	AskedAt: time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC),
}

func signedBlock(t testing.TB, b Block, key string) string {
	t.Helper()
	s, err := b.Sign([]byte(key))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSignedBlocks(t *testing.T) {
	t.Parallel()
	key := strings.Repeat("k", 32)
	good := signedBlock(t, testBlock, key)
	payload := strings.Fields(good)[2]
	tests := []struct {
		name, body string
		want       error
	}{
		{"alone", good, nil},
		{"with text around", "text\n" + good + "\nmore -->", nil},
		{"none", "text", ErrNoBlock},
		{"another version", strings.Replace(good, ":v1", ":v2", 1), ErrNoBlock},
		{"two", good + good, ErrBadBlock},
		{"a signed one after another", "<!-- aws-access-bot:v1 x y -->" + good, ErrBadBlock},
		{"of another key", signedBlock(t, testBlock, strings.Repeat("x", 32)), ErrBadBlock},
		{"without a signature", "<!-- aws-access-bot:v1 " + payload + " -->", ErrBadBlock},
		{"with an empty signature", "<!-- aws-access-bot:v1 " + payload + "  -->", ErrBadBlock},
		{"that does not end", strings.TrimSuffix(good, " -->"), ErrBadBlock},
		{"with a changed payload", strings.Replace(good, payload, "e30", 1), ErrBadBlock},
		{"with its last character changed", good[:len(good)-5] + "_ -->", ErrBadBlock},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := ParseBlock(tt.body, []byte(key))
			if !errors.Is(err, tt.want) {
				t.Fatalf("error %v, want %v", err, tt.want)
			}
			want := testBlock
			if tt.want != nil {
				want = Block{}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("block (-want +got):\n%s", diff)
			}
		})
	}
}

// FuzzSignedBlock: nothing but what the key signed is ever read.
func FuzzSignedBlock(f *testing.F) {
	key := []byte(strings.Repeat("k", 32))
	good := signedBlock(f, testBlock, string(key))
	f.Add(good)
	f.Add("text " + good + " text")
	f.Add(good[:len(good)/2])
	f.Add("<!-- aws-access-bot:v1 e30 e30 -->")
	f.Add("<!-- aws-access-bot:v1 ")
	f.Fuzz(func(t *testing.T, body string) {
		b, err := ParseBlock(body, key)
		if err != nil {
			if !errors.Is(err, ErrNoBlock) && !errors.Is(err, ErrBadBlock) {
				t.Fatalf("an error of another kind: %v", err)
			}
			return
		}
		if !cmp.Equal(b, testBlock) || !strings.Contains(body, good) {
			t.Fatalf("read %+v from %q", b, body)
		}
	})
}
