package config

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestDurationsReadBack(t *testing.T) {
	t.Parallel()
	good := map[string]time.Duration{
		"1m": time.Minute, "30m": 30 * time.Minute, "4h": 4 * time.Hour, "24h": 24 * time.Hour,
		"7d": 168 * time.Hour, "1d": 24 * time.Hour, "3650d": 87600 * time.Hour, "90m": 90 * time.Minute,
	}
	for s, want := range good {
		got, err := ParseDuration(s)
		if err != nil || got != want {
			t.Errorf("ParseDuration(%q) = %v, %v; want %v", s, got, err, want)
		}
		if again, err := ParseDuration(FormatDuration(got)); err != nil || again != got {
			t.Errorf("%q is written as %q, which reads as %v, %v", s, FormatDuration(got), again, err)
		}
	}
	for _, s := range []string{"", "h", "0m", "00m", "04h", "+4h", "-4h", "4", "4s", "4 h", "4H", "1.5h", "1h30m", "3651d", "99999999999d", "4294967295m", "٤h"} {
		if d, err := ParseDuration(s); err == nil {
			t.Errorf("ParseDuration(%q) = %v, want a refusal", s, d)
		}
	}
	for d, want := range map[time.Duration]string{24 * time.Hour: "24h", 48 * time.Hour: "2d", 90 * time.Minute: "90m", 90 * time.Second: "1m30s"} {
		if got := FormatDuration(d); got != want {
			t.Errorf("FormatDuration(%v) = %q, want %q", d, got, want)
		}
	}
}

func TestSlugs(t *testing.T) {
	t.Parallel()
	const id = "0B7E3F4C-0000-4000-8000-000000000011"
	taken := func(names ...string) func(string) bool {
		return func(s string) bool { return strings.Contains(" "+strings.Join(names, " ")+" ", " "+s+" ") }
	}
	tests := []struct {
		name, id string
		taken    func(string) bool
		want     string
	}{
		{"aws-payments-dev", id, taken(), "aws-payments-dev"},
		{"  AWS: Payments / Dev! ", id, taken(), "aws-payments-dev"},
		{"支払チーム", id, taken(), "0b7e3f4c"},
		{"Payments 支払", id, taken(), "payments"},
		{"pay", id, taken("pay"), "pay-0b7e3f4c"},
		{"pay", id, taken("pay", "pay-0b7e3f4c"), "pay-0b7e3f4c000040008000000000000011"},
		{"支払", id, taken("0b7e3f4c"), "0b7e3f4c000040008000000000000011"},
		{strings.Repeat("long-name-", 10), id, taken(), strings.Repeat("long-name-", 6) + "lon"},
		{strings.Repeat("a", 70), id, taken(strings.Repeat("a", 63)), strings.Repeat("a", 54) + "-0b7e3f4c"},
		{"支払", "", taken(), ""},
		{"pay-prod", "111122223333", taken("pay-prod"), "pay-prod-11112222"},
	}
	for _, test := range tests {
		got := SlugFor(test.name, test.id, test.taken)
		if got != test.want || !isSlug(got) && test.id != "" {
			t.Errorf("SlugFor(%q) = %q, want %q", test.name, got, test.want)
		}
	}
}

func TestNearest(t *testing.T) {
	t.Parallel()
	names := []string{"payments-prod", "payments-dev", "orders-prod", "platform-tools", "payments-ledger", "payments-x"}
	tests := []struct {
		name string
		want []string
	}{
		{"payments-prd", []string{"payments-prod", "payments-dev", "payments-x"}},
		{"payments", []string{"payments-x", "payments-dev", "payments-prod"}},
		{"ORDERS-PORD", []string{"orders-prod"}},
		{"the-platform-tools-account", []string{"platform-tools"}},
		{"zzz", nil},
		{"", nil},
	}
	for _, test := range tests {
		if diff := cmp.Diff(test.want, Nearest(test.name, names)); diff != "" {
			t.Errorf("Nearest(%q) (-want +got):\n%s", test.name, diff)
		}
	}
}

func TestCheckText(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"x", "refund bug: see #12", `"quoted" and 'single'`, "支払いの調査 🔥", strings.Repeat("字", MaxReason)} {
		if err := CheckText(s, MaxReason); err != nil {
			t.Errorf("CheckText(%q): %v", cut(s, 40), err)
		}
	}
	for _, s := range []string{"", "  ", "two\nlines", "tab\there", "zero\u200bwidth", "\xff", "\u202eabc", strings.Repeat("字", MaxReason+1)} {
		if err := CheckText(s, MaxReason); err == nil {
			t.Errorf("CheckText(%q) is accepted", cut(s, 40))
		}
	}
}

func TestProblemsPrintOneLineEachInReadingOrder(t *testing.T) {
	t.Parallel()
	ps := Problems{
		{Position{"b.yaml", 2, 1}, "second", "mend it"}, {Position{"b.yaml", 2, 1}, "second", "mend it"},
		{Position{"b.yaml", 1, 9}, "first", ""}, {Position{File: "a.yaml"}, "whole file", "delete it"},
	}
	want := "a.yaml: whole file; delete it\nb.yaml:1:9: first\nb.yaml:2:1: second; mend it"
	if got := ps.sorted().Error(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestAFileOfJunkDoesNotDrownTheOthers(t *testing.T) {
	t.Parallel()
	_, err := Load(overlay(t, with("groups/junk.yaml", strings.Repeat("\x01\n", 5000)), with("groups/other.yaml", "x: y\n")))
	if err == nil || !strings.Contains(err.Error(), "groups/junk.yaml:101:1: more problems in this file, from here on, are not shown") || !strings.Contains(err.Error(), "groups/other.yaml") {
		t.Errorf("Load: %.500v", err)
	}
}

func TestLimitsOnTheLengthOfWords(t *testing.T) {
	t.Parallel()
	const arn = "arn:aws:iam::aws:policy/"
	for name, tc := range map[string]struct {
		shape limited
		text  string
		want  bool
	}{
		"a tag of 256 characters":      {tagShape, strings.Repeat("字", 256), true},
		"a tag of 257 characters":      {tagShape, strings.Repeat("字", 257), false},
		"an empty tag":                 {tagShape, "", false},
		"a tag of two lines":           {tagShape, "a\nb", false},
		"a policy of 2048 characters":  {policyShape, arn + strings.Repeat("p", 2048-len(arn)), true},
		"a policy of 2049 characters":  {policyShape, arn + strings.Repeat("p", 2049-len(arn)), false},
		"a policy of another account":  {policyShape, "arn:aws:iam::111122223333:policy/p", false},
		"a policy of another division": {policyShape, "arn:aws-us-gov:iam::aws:policy/p", true},
	} {
		if got := tc.shape.MatchString(tc.text); got != tc.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
