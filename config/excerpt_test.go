package config

import (
	"fmt"
	"strings"
	"testing"
)

// FuzzShown: two texts that differ are never shown equal, and what is left out
// of one is left out of the other.
func FuzzShown(f *testing.F) {
	long := strings.Repeat("rule ", 100)
	for _, s := range [][2]string{
		{"a", "b"}, {"a b", "a  b"}, {"a|b", "a\u00a6b"}, {"", " "}, {"a", "a\u200b"}, {"a\nb", "a b"}, {long, long + "x"}, {long + "x" + long, long + "y" + long},
		{long + long, long}, {long + "x  y" + long, long + "x y" + long}, {"\xff", "\ufffd"}, {"", long}, {strings.Repeat("a", 300), strings.Repeat("a", 299)},
	} {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, old, now string) {
		if old == now || strings.ToValidUTF8(old, "") != old || strings.ToValidUTF8(now, "") != now {
			return
		}
		before, after := FieldChange{Old: old, New: now}.Shown()
		if looks(before) == looks(after) {
			t.Fatalf("%q and %q are shown as %q and %q", old, now, before, after)
		}
		if old == "" && after != now && !strings.HasPrefix(after, `"`) || now == "" && before != old && !strings.HasPrefix(before, `"`) {
			t.Fatalf("what is new or gone is not shown whole: %q, %q", before, after)
		}
	})
}

// TestWhatDiffersIsShown: what changed stands in the excerpt, however far in.
func TestWhatDiffersIsShown(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x, ", 300)
	before, after := FieldChange{Old: long + "[security]" + long, New: long + "[hana@example.com]" + long}.Shown()
	for text, want := range map[string]string{before: "[security]", after: "[hana@example.com]"} {
		if !strings.Contains(text, want) || !strings.HasPrefix(text, "… ") || !strings.HasSuffix(text, " …") || len([]rune(text)) > wholeField {
			t.Errorf("shown %q, want %q in it", text, want)
		}
	}
}

// ruleBooks are rule books that all differ from each other: in one key of one
// rule, in their order, in one rule more.
func ruleBooks() []string {
	rule := func(i int, more string) string {
		return fmt.Sprintf("  - {name: rule number %d, match: {groups: [pay], at_most: %dh}, approvers: [team:platform]%s}\n", i, i+1, more)
	}
	last := "  - {name: rest, match: {}, approvers: [control-plane]}\n"
	all := func(change func(i int) string) string {
		var b strings.Builder
		for i := range 30 {
			b.WriteString(change(i))
		}
		return b.String() + last
	}
	plain := func(i int) string { return rule(i, "") }
	books := []string{all(plain), strings.Replace(all(plain), last, strings.Replace(last, "control-plane", "hana@example.com", 1), 1), rule(30, "") + all(plain)}
	for _, more := range []string{", count: 2", ", max_duration: 4h", ", standing: true", ", people: pinned", `, reason: {pattern: "a+"}`, ", requesters: [team:platform]", ", notify: C0OPS"} {
		books = append(books, all(func(i int) string {
			if i == 29 {
				return rule(i, more)
			}
			return plain(i)
		}))
	}
	books = append(books, all(func(i int) string {
		switch i {
		case 27:
			return rule(28, "")
		case 28:
			return rule(27, "")
		}
		return plain(i)
	}))
	return books
}

// TestRuleBooksAreNeverShownEqual: of two rule books the differing part is
// shown, and only the rules that differ are.
func TestRuleBooksAreNeverShownEqual(t *testing.T) {
	t.Parallel()
	books := ruleBooks()
	for i, one := range books {
		for j, two := range books {
			if i == j {
				continue
			}
			access := func(book string) *Repo {
				head, _, _ := strings.Cut(minimalAccess, "approvals:")
				return repo(t, with("aws-access.yaml", head+"approvals:\n"+book+"control_plane: {approvers: [team:platform]}\n"))
			}
			c := Compare(access(one), access(two), nil, noon)
			if len(c.Control) == 0 || len(c.Control) > 8 {
				t.Errorf("books %d and %d: %d fields of the control plane", i, j, len(c.Control))
			}
			for _, f := range c.Control {
				if before, after := f.Shown(); looks(before) == looks(after) || !strings.HasPrefix(f.Field, "approvals") {
					t.Errorf("books %d and %d: %s is %q and %q", i, j, f.Field, before, after)
				}
			}
		}
	}
}
