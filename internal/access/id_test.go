package access

import (
	"strings"
	"testing"
)

func TestIDsAreMadeOfTheKey(t *testing.T) {
	t.Parallel()
	if a, b := newID("slack/command/T/U/1", 0), newID("slack/command/T/U/1", 0); a != b {
		t.Errorf("the same key gives %s and %s", a, b)
	}
	seen := map[ID]bool{}
	for attempt := range 100 {
		id := newID("k", attempt)
		if back, ok := ParseID(string(id)); !ok || back != id {
			t.Errorf("%s reads as %s, %v", id, back, ok)
		}
		seen[id] = true
	}
	if len(seen) != 100 {
		t.Errorf("100 attempts gave %d ids", len(seen))
	}
}

func TestParseIDReadsAsPeopleWrite(t *testing.T) {
	t.Parallel()
	tests := []struct {
		in   string
		want ID
		ok   bool
	}{
		{"REQ-7F3K2Q", "REQ-7F3K2Q", true},
		{" req-7f3k2q ", "REQ-7F3K2Q", true},
		{"7f3k2q", "REQ-7F3K2Q", true},
		{"REQ-OIL000", "REQ-011000", true},
		{"REQ-7F3K2", "", false},
		{"REQ-7F3K2QX", "", false},
		{"REQ-7F3K2U", "", false},
		{"REQ-REQ-7F", "", false},
		{"REQ-../../x", "", false},
		{"REQ-7F3K2Q\nREQ-000000", "", false},
		{"", "", false},
	}
	for _, tc := range tests {
		if got, ok := ParseID(tc.in); got != tc.want || ok != tc.ok {
			t.Errorf("ParseID(%q) = %q, %v; want %q, %v", tc.in, got, ok, tc.want, tc.ok)
		}
	}
}

// FuzzParseID: what is taken has the form of an id whatever was typed, and
// reads as itself, so that it can name branches and keys.
func FuzzParseID(f *testing.F) {
	for _, s := range []string{"REQ-7F3K2Q", "req-oiloil", "7f3k2q", "REQ-\u0131\u017f0000", "REQ-7F3K2Q\n", strings.Repeat("0", 100)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, ok := ParseID(s)
		if !ok {
			if id != "" {
				t.Fatalf("%q is refused as %q", s, id)
			}
			return
		}
		if !strings.HasPrefix(string(id), "REQ-") || len(id) != 10 || strings.Trim(string(id[4:]), crockford) != "" {
			t.Fatalf("%q reads as %q", s, id)
		}
		if again, ok := ParseID(string(id)); !ok || again != id {
			t.Fatalf("%q reads as %q, %v", id, again, ok)
		}
	})
}
