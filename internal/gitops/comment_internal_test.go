package gitops

import (
	"strings"
	"testing"
)

// FuzzCommentReadBack: only a comment that begins with the marker of this pull
// request in this repository is the bot's, and what GitHub makes of the ends of
// lines and of the comment is no edit, while any other difference is one.
func FuzzCommentReadBack(f *testing.F) {
	g := &Gitops{opt: Options{SigningKey: []byte(strings.Repeat("k", minKey)), RepoID: 4242}}
	mark := g.marker(7)
	for _, s := range []string{"", "### What this changes\n\nHana gains.\n", "a\r\nb", "a\rb", " a ", mark, g.marker(8), "\n" + mark, "<!-- aws-access-bot:plan:v1 ", "a\u00a0", "\x00"} {
		f.Add(s, 7)
		f.Add(s, 70)
	}
	f.Fuzz(func(t *testing.T, text string, number int) {
		if g.marks(text, number) != strings.HasPrefix(text, strings.TrimSuffix(g.marker(number), "\n")) || !g.marks(g.marker(number)+text, number) {
			t.Fatalf("whether %q is the comment on %d", text, number)
		}
		if other := (&Gitops{opt: Options{SigningKey: g.opt.SigningKey, RepoID: 4243}}); number != 7 && g.marks(mark+text, number) || other.marks(mark+text, 7) {
			t.Fatalf("the comment on 7 is taken for that on %d, or of another repository", number)
		}
		body := mark + text
		if strings.Contains(body, "\r") {
			return // the bot writes none
		}
		for _, back := range []string{body, strings.ReplaceAll(body, "\n", "\r\n"), strings.TrimSpace(body), body + "\n"} {
			if asWritten(back) != asWritten(body) {
				t.Fatalf("%q read back as %q counts as edited", body, back)
			}
		}
		for _, edited := range []string{body + "x", "x" + body, strings.Replace(body, "-->", "-- >", 1)} {
			if asWritten(edited) == asWritten(body) {
				t.Fatalf("%q counts as %q", edited, body)
			}
		}
	})
}
