package fault_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"aws-access-bot/internal/provision/fault"
)

func TestKindsAreKnownThroughWrappingAndOthersAreNot(t *testing.T) {
	t.Parallel()
	cause := errors.New("secret detail")
	for _, kind := range []error{fault.ErrThrottled, fault.ErrConflict, fault.ErrNotFound, fault.ErrDenied, fault.ErrInvalid} {
		err := fmt.Errorf("grant: %w", fault.New(kind, "create", "", cause))
		if !errors.Is(err, kind) || !errors.Is(err, cause) || !fault.Known(err) {
			t.Errorf("%v is not of its kind", err)
		}
		if r := fault.Reason(err); r == "" || r == "no clear answer" {
			t.Errorf("reason of %v: %q", kind, r)
		}
	}
	if fault.Known(cause) || fault.Known(nil) || fault.Reason(cause) != "no clear answer" {
		t.Errorf("an unknown error is known, or shown: %q", fault.Reason(cause))
	}
}

func TestReasonAndWaitAreTheServicesOwn(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf("assign: %w", &fault.Error{Kind: fault.ErrThrottled, Op: "assign", Reason: "slow down", RetryAfter: 7 * time.Second})
	if fault.Reason(err) != "slow down" || fault.RetryAfter(err) != 7*time.Second || fault.RetryAfter(nil) != 0 {
		t.Errorf("reason %q, wait %s", fault.Reason(err), fault.RetryAfter(err))
	}
	if got, want := err.Error(), "assign: assign: throttled: slow down"; got != want {
		t.Errorf("text %q, want %q", got, want)
	}
	if got, want := fault.New(fault.ErrDenied, "list", "", errors.New("403")).Error(), "list: denied: 403"; got != want {
		t.Errorf("text %q, want %q", got, want)
	}
}

func TestTheServicesWordsAreASentence(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"": "", " slow down\r\n": "slow down", "a\x00b\u2028c\xffd": "a b c?d", "二つ": "二つ",
		strings.Repeat("字", fault.MaxSentence):   strings.Repeat("字", fault.MaxSentence),
		strings.Repeat("字", fault.MaxSentence+1): strings.Repeat("字", fault.MaxSentence-1) + "…",
	} {
		if got := fault.New(fault.ErrDenied, "list", in, nil).Reason; got != want {
			t.Errorf("%q is kept as %q, want %q", in, got, want)
		}
	}
}

// FuzzSentence: whatever a service says is one line of bounded length, and
// saying it again changes nothing.
func FuzzSentence(f *testing.F) {
	for _, s := range []string{"", "a", "a\nb", "\x00", "\xff\xfe", "\u2028", " a ", strings.Repeat("é", 600), strings.Repeat("a", 499) + " b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := fault.Sentence(s)
		if utf8.RuneCountInString(got) > fault.MaxSentence || !utf8.ValidString(got) || strings.ContainsFunc(got, unicode.IsControl) || fault.Sentence(got) != got {
			t.Fatalf("%q makes %q, then %q", s, got, fault.Sentence(got))
		}
	})
}
