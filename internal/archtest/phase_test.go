package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
	"testing"
)

// TestPhaseRulesStandInOnePlace: no package but config compares the phase of
// the config repo with a number, switches over it or does sums with it: it asks
// the rules of config/phase.go. Two phases may be held against each other.
func TestPhaseRulesStandInOnePlace(t *testing.T) {
	t.Parallel()
	for pkg, s := range tree(t) {
		if pkg == "config" || pkg == "internal/sandbox" || strings.HasPrefix(pkg, "internal/sandbox/") {
			continue
		}
		for i, f := range s.files {
			for _, what := range phaseRules(f) {
				t.Errorf("%s: %s decides by the number of a phase; ask a rule of config/phase.go", s.names[i], what)
			}
		}
	}
	// The test sees what it looks for.
	f, err := parser.ParseFile(token.NewFileSet(), "x.go", "package x\nfunc f() { if r.Access.Phase == 3 || 1 < a.Phase { switch r.Phase { } } }", 0)
	if err != nil {
		t.Fatal(err)
	}
	if got := phaseRules(f); len(got) != 3 {
		t.Errorf("the test finds %q, want three", got)
	}
}

// phaseRules lists the comparisons and switches of a file over a field Phase.
func phaseRules(f *ast.File) []string {
	isPhase := func(e ast.Expr) bool {
		sel, ok := e.(*ast.SelectorExpr)
		return ok && sel.Sel.Name == "Phase"
	}
	isNumber := func(e ast.Expr) bool {
		lit, ok := e.(*ast.BasicLit)
		return ok && lit.Kind == token.INT && lit.Value != "0"
	}
	var out []string
	ast.Inspect(f, func(n ast.Node) bool {
		switch x := n.(type) {
		case *ast.BinaryExpr:
			if isPhase(x.X) && isNumber(x.Y) || isNumber(x.X) && isPhase(x.Y) {
				out = append(out, "a comparison ("+x.Op.String()+")")
			}
		case *ast.SwitchStmt:
			if x.Tag != nil && isPhase(x.Tag) {
				out = append(out, "a switch")
			}
		}
		return true
	})
	return out
}
