package permset

import (
	"strings"
	"testing"
)

func TestPatternsOfServices(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		pattern, service string
		want             bool
	}{
		{"iam", "iam", true},
		{"iam", "ia", false},
		{"ia", "iam", false},
		{"i*", "iam", true},
		{"*m", "iam", true},
		{"*a*", "iam", true},
		{"*i*m*", "iam", true},
		{"*i*x*", "iam", false},
		{"?am", "iam", true},
		{"??", "iam", false},
		{"*", "", true},
		{"", "", true},
		{"", "iam", false},
		{"s*-*n", "sso-admin", true},
		{"*a*a", "aba", true},
		{"*a*b", "aba", false},
		{strings.Repeat("*", 10_000) + "x", "organizations", false},
		{strings.Repeat("*o", 5_000), "organizations", false},
	} {
		if got := fits(tt.pattern, tt.service); got != tt.want {
			t.Errorf("%.20q fits %q: %v, want %v", tt.pattern, tt.service, got, tt.want)
		}
	}
}
