package iam

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const header = "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,mfa_active," +
	"access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service," +
	"access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service," +
	"cert_1_active,cert_1_last_rotated,cert_2_active,cert_2_last_rotated"

const sample = header + "\n" +
	`<root_account>,arn:aws:iam::1:root,2020-01-01T00:00:00+00:00,not_supported,2026-11-01T00:00:00+00:00,not_supported,not_supported,true,true,N/A,N/A,N/A,N/A,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A
yuki,arn:aws:iam::1:user/yuki,2020-01-01T00:00:00+00:00,true,2026-11-02T03:04:05+00:00,2020-01-01T00:00:00+00:00,N/A,false,true,N/A,2026-11-03T09:00:00+09:00,us-east-1,s3,false,N/A,2026-11-20T00:00:00+00:00,N/A,N/A,false,N/A,false,N/A
"odd, name",arn:aws:iam::1:user/x,2020-01-01T00:00:00+00:00,false,N/A,N/A,N/A,false,false,N/A,N/A,N/A,N/A,true,N/A,N/A,N/A,N/A,false,N/A,false,N/A
`

func TestParseReport(t *testing.T) {
	t.Parallel()
	got, err := parseReport([]byte(sample))
	want := []user{
		{"yuki", true, 1, time.Date(2026, 11, 3, 0, 0, 0, 0, time.UTC)},
		{"odd, name", false, 1, time.Time{}},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(user{})); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	moved := "more," + strings.ReplaceAll(strings.ReplaceAll(sample, "\n", "\n?,"), "\n?,\"", "\n?,\"")
	moved = strings.TrimSuffix(moved, "?,")
	if again, err := parseReport([]byte(moved)); err != nil || len(again) != 2 || again[0] != got[0] {
		t.Errorf("with one more column: %v, %v", again, err)
	}
}

func TestABadReportIsAnError(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"nothing":          "",
		"a column lost":    strings.Replace(sample, "access_key_2_active", "x", 1),
		"a cut line":       sample[:len(sample)-60],
		"no truth value":   strings.Replace(sample, "00:00,true,2026", "00:00,maybe,2026", 1),
		"no time":          strings.Replace(sample, "2026-11-03T09:00:00+09:00", "yesterday", 1),
		"an open quote":    strings.Replace(sample, `"odd, name"`, `"odd, name`, 1),
		"far too large":    sample + strings.Repeat(" ", maxReport),
		"not a CSV at all": "<html></html>",
	} {
		if got, err := parseReport([]byte(text)); err == nil {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// FuzzParseReport: whatever the report says, counting neither panics nor counts
// more users than there are lines, nor the root user.
func FuzzParseReport(f *testing.F) {
	f.Add([]byte(sample))
	f.Add([]byte(header))
	f.Add([]byte(header + "\n<root_account>\n"))
	f.Add([]byte("user\n\"\n"))
	f.Fuzz(func(t *testing.T, content []byte) {
		list, err := parseReport(content)
		if err != nil {
			return
		}
		if lines := strings.Count(string(content), "\n") + strings.Count(string(content), "\r"); len(list) > lines {
			t.Errorf("%d users in %d lines", len(list), lines+1)
		}
		got := summarize(list, time.Date(2026, 11, 28, 0, 0, 0, 0, time.UTC))
		if got.Total > len(list) || got.Passwords > got.Total || got.Keys > got.Total || got.UsedThisWeek > got.Total || len(got.Names) > min(got.Total, maxNames) {
			t.Errorf("%+v of %d", got, len(list))
		}
		for _, u := range list {
			if u.name == rootUser {
				t.Error("the root user is counted")
			}
		}
	})
}
