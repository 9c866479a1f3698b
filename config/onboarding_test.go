package config

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// TestTimeToConfirm: from five minutes to a day, both among them.
func TestTimeToConfirm(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{"4m": 0, "5m": 5 * time.Minute, "24h": 24 * time.Hour, "1d": 24 * time.Hour, "1441m": 0, "25h": 0} {
		files := overlay(t)
		files["aws-access.yaml"].Data = slices.Concat(files["aws-access.yaml"].Data, []byte("onboarding: {ou: /Workloads, approvers: [control-plane], confirm: "+text+"}\n"))
		r, err := Load(files)
		switch {
		case want == 0 && (err == nil || !strings.Contains(err.Error(), "write a duration from 5m to 24h")):
			t.Errorf("%s: %v, want it refused with the bounds", text, err)
		case want != 0 && (err != nil || r.Access.Onboarding.Confirm != want):
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}
