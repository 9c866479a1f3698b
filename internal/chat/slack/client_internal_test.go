package slack

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	slackapi "github.com/slack-go/slack"
)

// TestARateLimitIsWaitedOutForAnHourAtMost, and for a second at least: the
// header behind it comes from outside, and years may have wrapped around.
func TestARateLimitIsWaitedOutForAnHourAtMost(t *testing.T) {
	t.Parallel()
	for said, want := range map[time.Duration]time.Duration{
		2 * time.Second: 2 * time.Second, 0: time.Second, -5 * time.Hour: time.Second, 100000 * time.Hour: time.Hour,
	} {
		t.Run(said.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				began, calls := time.Now(), 0
				err := call(context.Background(), func(context.Context) error {
					if calls++; calls == 1 {
						return &slackapi.RateLimitedError{RetryAfter: said}
					}
					return nil
				})
				if took := time.Since(began); err != nil || calls != 2 || took != want {
					t.Errorf("%v after %d calls and %v, want %v", err, calls, took, want)
				}
			})
		})
	}
}

func TestWhatIsTheIdOfAChannel(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{"C0AWS": true, "G012AB": true, "#aws": false, "aws": false, "D0HANA": false, "U0HANA": false, "19:a@thread.tacv2": false, "": false} {
		if IsChannel(name) != want {
			t.Errorf("%q: %v", name, !want)
		}
	}
}
