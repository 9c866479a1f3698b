package gitops

import (
	"strings"
	"testing"
)

// FuzzSignedBody: whatever people made of a body, signing it once is enough,
// and leaves one block, which is ours.
func FuzzSignedBody(f *testing.F) {
	key := []byte(strings.Repeat("k", minKey))
	block := Block{Repo: 1, Request: "REQ-7F3K2Q", Requester: "r", Joined: []string{"j"}, Head: "h"}
	signed, err := block.Sign(key)
	if err != nil {
		f.Fatal(err)
	}
	end := also([]Joined{{Entra: "j", Name: "Taro"}}) + signed + "\n"
	for _, s := range []string{
		"", "text", "text\r\n\r\n" + end, end + end, blockOpen, alsoOpen, "a" + alsoOpen + "b" + blockClose + "c", blockOpen + blockClose,
		"<!-- aws-access" + blockOpen + blockClose + "-bot:v1 x", alsoClose + alsoOpen, "a\r", "\r\n",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body string) {
		once := signedBody(body, end)
		if again := signedBody(once, end); again != once {
			t.Fatalf("signed again it differs:\n%q\n%q", once, again)
		}
		if b, err := ParseBlock(once, key); err != nil || b.Request != block.Request {
			t.Fatalf("block %+v, %v in %q", b, err, once)
		}
		if strings.Count(once, alsoOpen) != 1 || !strings.HasSuffix(once, end) {
			t.Fatalf("body %q", once)
		}
	})
}

// FuzzCode: text from people stays in its span and in its cell.
func FuzzCode(f *testing.F) {
	for _, s := range []string{"", "plain", "`", "``a`", "a|b", "a\nb", "@all", "<!-- x -->", "\u202e", " ` ", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		out := code(s)
		if strings.ContainsAny(out, "\n\r|") || strings.Contains(out, "<!") || strings.Contains(out, "://") {
			t.Fatalf("text that acts: %q", out)
		}
		if out == "-" {
			return
		}
		mark := out[:len(out)-len(strings.TrimLeft(out, "`"))]
		inner, ok := strings.CutSuffix(strings.TrimPrefix(out, mark), mark)
		if mark == "" || !ok || longestRun(inner, '`') >= len(mark) {
			t.Fatalf("no span: %q", out)
		}
	})
}
