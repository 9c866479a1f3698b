package gitops

import (
	"regexp"
	"strings"
	"testing"

	"aws-access-bot/internal/gitops/review"
)

// hostile is text that acts in Markdown or on GitHub when it is not escaped.
func hostile() []string {
	return []string{
		"", "plain text of aws-payments-dev (…4444), 50 % done", "[Reset your token](//evil.example/x) <img src=//evil.example/i.png> <details>",
		"x.** <details><summary>Approved by mio-sec</summary>", "![b](//evil.example/b.png)", "*a* _b_ ~~c~~ `d` ``e`` \\`f\\`", "a | b", "# heading",
		"- list", "+ list", "1. list", "123456789) list", "> quote", "&lt;b&gt; &#64;all", "@org/all Closes #1, GH-2", "https://evil.example ftp://x", "WWW.evil.example",
		"a@evil.example mailto:a@evil.example xmpp:a@b.c", ":white_check_mark: approved", "$\\ce{x}$ [^1]", "<https://evil.example>", "\\[a](b)", "[a]: //evil.example", "a\n\n# b\n===", "\u202e\x00",
	}
}

// FuzzProse: every mark of Markdown is escaped, nothing that GitHub looks for
// is left, and what is read is what was written.
func FuzzProse(f *testing.F) {
	for _, s := range hostile() {
		f.Add(s)
	}
	start := regexp.MustCompile(`^([-+=:]|[0-9]{1,9}[.)])`)
	f.Fuzz(func(t *testing.T, s string) {
		out := prose(s)
		if strings.ContainsAny(out, "\n\r\t") || start.MatchString(out) {
			t.Fatalf("it begins something: %q", out)
		}
		read := unescaped(t, out)
		for _, acts := range []string{"://", "www.", "WWW.", "<!"} {
			if strings.Contains(read, acts) {
				t.Fatalf("text that acts: %q", out)
			}
		}
		for i, r := range read {
			if strings.ContainsRune("@#", r) && !strings.HasPrefix(read[i+1:], zwsp) || r == ':' && regexp.MustCompile(`^[\pL\pN+-]`).MatchString(read[i+1:]) {
				t.Fatalf("text that acts: %q", out)
			}
		}
		if got, want := strings.ReplaceAll(read, zwsp, ""), strings.ReplaceAll(oneLine(s), zwsp, ""); got != want {
			t.Fatalf("it reads %q, want %q", got, want)
		}
	})
}

// unescaped takes the backslashes out, and fails where a mark has none.
func unescaped(t *testing.T, text string) string {
	t.Helper()
	var b strings.Builder
	escaped := false
	for _, r := range text {
		switch {
		case r == '\\' && !escaped:
			escaped = true
			continue
		case !escaped && strings.ContainsRune("`*_[]<>#|~&$", r):
			t.Fatalf("%q is not escaped in %q", r, text)
		}
		b.WriteRune(r)
		escaped = false
	}
	return b.String()
}

// withoutSpans takes the code spans out of a text.
func withoutSpans(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); {
		switch {
		case text[i] == '\\' && i+1 < len(text):
			b.WriteString(text[i : i+2])
			i += 2
		case text[i] == '`':
			n := len(text[i:]) - len(strings.TrimLeft(text[i:], "`"))
			mark, rest := text[i:i+n], text[i+n:]
			end := regexp.MustCompile("(^|[^`])" + mark + "($|[^`])").FindStringIndex(rest)
			if end == nil {
				b.WriteString(mark)
				i += n
				continue
			}
			i += n + end[0] + n + 1
		default:
			b.WriteByte(text[i])
			i++
		}
	}
	return b.String()
}

// TestNamesActNowhere: a name in a refusal, a fault, a halt of another pull
// request, a rule's note or an objection is text, in the check and the comment.
func TestNamesActNowhere(t *testing.T) {
	t.Parallel()
	for _, nasty := range hostile() {
		if nasty == "" || strings.Contains(nasty, "plain") {
			continue
		}
		x := planned(t, "groups/aws-payments-dev.yaml", "", "  - account: payments-prod\n    permission_set: AdministratorAccess\n    duration: 4h\n    reason: incident\n", nil)
		sayEverywhere(x, nasty)
		for where, text := range map[string]string{"check": x.run().Summary, "comment": x.commentText()} {
			out := withoutSpans(text)
			out = regexp.MustCompile(`\\[[:punct:]]`).ReplaceAllString(out, "") // what is escaped acts not
			for _, acts := range []string{"](", "![", "<img", "<details", "<summary", "</", "<https", "://evil", "@org", "&lt;", "&#64", ":white", "~~", "_b", "[^"} {
				if strings.Contains(out, acts) {
					t.Errorf("%s with the name %q: %q acts in\n%s", where, nasty, acts, text)
				}
			}
			if !strings.Contains(text, "Refused, whoever approves") {
				t.Errorf("the refusal is not shown in the %s:\n%s", where, text)
			}
		}
	}
}

// sayEverywhere puts a name into every sentence of what was examined.
func sayEverywhere(x *examined, name string) {
	x.verdict.Refused = []review.Finding{{Code: review.RefusedTerm, Sentence: "Add PowerUserAccess in payments-prod for " + name + " is not allowed."}}
	x.verdict.Undecided = []string{"The members of " + name + " could not be read."}
	x.verdict.Ignored = []review.Excluded{{User: review.User{ID: 1, Login: name}, Code: review.NotHead, Why: "approved " + name}}
	x.verdict.Blocks = []review.Person{{User: review.User{ID: 2, Login: name}}}
	x.verdict.Needs = []review.Need{{Subject: review.SubjectControl, Rule: name, Note: "not automatic: " + name}, {Subject: review.SubjectControl, Rule: name, Exempt: name}}
	x.notes = []string{haltNote(&Halt{Commit: "0123456789abcdef", Text: "Merged without what it needs: " + name + "."})}
}
