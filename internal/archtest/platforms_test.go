package archtest

import (
	"go/ast"
	"go/token"
	"slices"
	"strings"
	"testing"
)

// knowsServices are the packages that may ask which chat service something is on: the
// adapters, the one that has the words for what differs, the wiring, and who plays them.
func knowsServices(pkg string) bool {
	return slices.Contains([]string{"internal/chat/slack", "internal/chat/teams", "internal/access", "cmd/bot", "internal/scenario"}, pkg) ||
		pkg == "internal/sandbox" || strings.HasPrefix(pkg, "internal/sandbox/")
}

// TestNobodyAsksWhichChatItIs: one neutral core, in which nothing is done because it is
// Teams, or Slack.
func TestNobodyAsksWhichChatItIs(t *testing.T) {
	t.Parallel()
	asked := 0
	for pkg, s := range tree(t) {
		for i, f := range s.files {
			for _, line := range asks(f) {
				asked++
				if !knowsServices(pkg) {
					t.Errorf("%s: %s is compared with; ask a method of access.Platform for what differs", s.names[i], line)
				}
			}
		}
	}
	if asked == 0 {
		t.Error("nothing is found any more; this test looks for names that have changed")
	}
}

// asks lists the chat services that a file compares something with.
func asks(f *ast.File) []string {
	var out []string
	compared := func(list ...ast.Expr) {
		for _, e := range list {
			sel, ok := e.(*ast.SelectorExpr)
			if !ok {
				continue
			}
			if x, ok := sel.X.(*ast.Ident); ok && x.Name == "access" && (sel.Sel.Name == "Slack" || sel.Sel.Name == "Teams") {
				out = append(out, "access."+sel.Sel.Name)
			}
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BinaryExpr:
			if n.Op == token.EQL || n.Op == token.NEQ {
				compared(n.X, n.Y)
			}
		case *ast.CaseClause:
			compared(n.List...)
		}
		return true
	})
	return out
}
