package gitops

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// TestInert: T26, user text mentions nobody, closes nothing, hides nothing.
func TestInert(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, in, want string }{
		{"a mention", "ask @org/all", "ask @\u200borg/all"},
		{"a closing keyword", "Closes #1", "Closes #\u200b1"},
		{"the other form of an issue", "fixes GH-12", "fixes GH\u200b-12"},
		{"a link", "see https://evil.example/x", "see https:\u200b/\u200b/evil.example/x"},
		{"a bare host", "www.evil.example", "www\u200b.evil.example"},
		{"a comment", "<!-- aws-access-bot:v1 x y -->", "<\u200b!-- aws-access-bot:v1 x y -->"},
		{"direction marks and control characters", "a\u202eb\x00c\u200bd\x1b[0m", "abcd[0m"},
		{"lines stay", "a\r\nb\nc", "a\nb\nc"},
		{"broken text", "a\xffb", "ab"},
		{"plain text stays", "looking into the refund bug, 50% done 🎉", "looking into the refund bug, 50% done 🎉"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := inert(tt.in); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// FuzzFence: whatever the text is, only the last line ends the fence.
func FuzzFence(f *testing.F) {
	for _, s := range []string{"", "plain", "```", "a\n````\nb", "~~~", "`````````", "\n\n```text\n", "<!--", "@a #1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		out := fence(s)
		lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
		mark, ok := strings.CutSuffix(lines[0], "text")
		if !ok || len(lines) < 3 || strings.Trim(mark, "`") != "" || len(mark) < 3 {
			t.Fatalf("no fence: %q", out)
		}
		for i, l := range lines[1 : len(lines)-1] {
			if strings.Contains(l, mark) {
				t.Fatalf("line %d ends or breaks the fence: %q", i, out)
			}
		}
		if lines[len(lines)-1] != mark {
			t.Fatalf("the fence does not end: %q", out)
		}
		if strings.Contains(out, "<!--") || strings.Contains(out, "://") || !utf8.ValidString(out) {
			t.Fatalf("text that acts: %q", out)
		}
		for i, r := range out {
			if (r == '@' || r == '#') && !strings.HasPrefix(out[i+1:], zwsp) {
				t.Fatalf("text that acts: %q", out)
			}
		}
	})
}

func TestCodeStaysInItsCell(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"": "-", "plain": "`plain`", "a`b": "``a`b``", "`a`": "`` `a` ``", "a|b": "`a\u00a6b`", "a\nb": "`a b`",
	} {
		if got := code(in); got != want {
			t.Errorf("code(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestCutKeepsWholeRunes(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("日本語", 100)
	for max := 100; max < 120; max++ {
		got := cutTo(long, max, cutNote)
		if len(got) > max || !utf8.ValidString(got) || !strings.HasSuffix(got, "does not fit.") {
			t.Errorf("cut to %d bytes: %q", max, got)
		}
	}
	if got := cutTo("short", 100, cutNote); got != "short" {
		t.Errorf("text that fits was cut: %q", got)
	}
}

func TestProseWithCodeKeepsTheCommandOnly(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"`bot trust 0123abc` by *an* administrator":      "`bot trust 0123abc` by \\*an\\* administrator",
		"and then `bot trust SHA` for [x](/y) `z`":       "and then `bot trust SHA` for \\[x\\](/y) \\`z\\`",
		"the objection of `bot trust x` and _a_":         "the objection of \\`bot trust x\\` and \\_a\\_",
		"a pull request that puts back what #1 touched.": prose("a pull request that puts back what #1 touched."),
	} {
		if got := proseWithCode(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}
