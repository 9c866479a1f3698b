package fault_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

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
