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
		textOpen, textClose + textOpen, "<!-- aws-access-bot:te" + alsoOpen + alsoClose + "xt -->x", "<!-- aws-access" + blockOpen + blockClose + "-bot:v1 x", alsoClose + alsoOpen, "a\r", "\r\n",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body string) {
		checkSigned(t, body, "", end)
		once := checkSigned(t, body, "Grant it\n", end)
		if strings.Count(once, textOpen) != 1 || !strings.HasPrefix(once, textOpen+"\nGrant it\n") {
			t.Fatalf("text of the bot in %q", once)
		}
		if b, err := ParseBlock(once, key); err != nil || b.Request != block.Request {
			t.Fatalf("block %+v, %v in %q", b, err, once)
		}
		if strings.Count(once, alsoOpen) != 1 || !strings.HasSuffix(once, end) {
			t.Fatalf("body %q", once)
		}
	})
}

// checkSigned signs a body twice.
func checkSigned(t *testing.T, body, text, end string) string {
	t.Helper()
	once := signedBody(body, text, end)
	if again := signedBody(once, text, end); again != once {
		t.Fatalf("signed again it differs:\n%q\n%q", once, again)
	}
	return once
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
