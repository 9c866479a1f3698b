package provision_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/store"
)

// unforeseen has the guards of which nothing can be known before a merge, or that
// never come to look at one, with the reason.
func unforeseen() map[provision.Code]string {
	return map[provision.Code]string{
		provision.CodeManagement:  "the check refuses a grant in the management account; whether Organizations can be read, and whom it names, is known when it is applied",
		provision.CodeLegacy:      "a config with such a grant is not valid",
		provision.CodeNotDesired:  "the planner only adds what the commit in force grants",
		provision.CodeNotOwned:    "the planner only removes what is owned; what is not is drift, and no part of a merge",
		provision.CodeProtected:   "the check refuses to take a protected grant away",
		provision.CodeIncomplete:  "it is about the readings at the time",
		provision.CodeTaken:       "which id somebody has in Identity Center is as SCIM has it at the time",
		provision.CodeClock:       "it is about the clocks at the time",
		provision.CodeExpiryBound: "it is about the time at which many grants end, and holds them for minutes",
	}
}

// sources parses the files of the package, without tests.
func sources(t *testing.T) []*ast.File {
	t.Helper()
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var out []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, file)
	}
	return out
}

// codesOfGuards reads from the source which codes guards can answer with: those in
// an objection of a guard, and those that name a share of what goes.
func codesOfGuards(t *testing.T) map[provision.Code]bool {
	t.Helper()
	values, used := map[string]provision.Code{}, map[string]bool{}
	note := func(e ast.Expr) {
		if id, ok := e.(*ast.Ident); ok && strings.HasPrefix(id.Name, "Code") {
			used[id.Name] = true
		}
	}
	results := func(n ast.Node) bool {
		if r, ok := n.(*ast.ReturnStmt); ok && len(r.Results) > 0 {
			note(r.Results[0])
		}
		return true
	}
	objections := func(n ast.Node) bool {
		if x, ok := n.(*ast.CompositeLit); ok {
			if id, ok := x.Type.(*ast.Ident); ok && id.Name == "objection" {
				note(first(x.Elts))
			}
		}
		return true
	}
	for _, file := range sources(t) {
		ast.Inspect(file, func(n ast.Node) bool {
			switch x := n.(type) {
			case *ast.ValueSpec:
				if lit, ok := first(x.Values).(*ast.BasicLit); ok && lit.Kind == token.STRING && len(x.Names) == 1 {
					text, err := strconv.Unquote(lit.Value)
					if err != nil {
						t.Fatal(err)
					}
					values[x.Names[0].Name] = provision.Code(text)
				}
			case *ast.FuncDecl:
				if slices.Contains([]string{"code"}, x.Name.Name) {
					ast.Inspect(x.Body, results)
				}
				if guards(x) {
					ast.Inspect(x.Body, objections)
				}
			}
			return true
		})
	}
	out := map[provision.Code]bool{}
	for name := range used {
		out[values[name]] = true
	}
	return out
}

// guards reports whether a function is a method of what the guards go by.
func guards(f *ast.FuncDecl) bool {
	if f.Recv == nil || len(f.Recv.List) != 1 {
		return false
	}
	of := f.Recv.List[0].Type
	if star, ok := of.(*ast.StarExpr); ok {
		of = star.X
	}
	id, ok := of.(*ast.Ident)
	return ok && slices.Contains([]string{"Surroundings", "budget", "SetSurroundings"}, id.Name)
}

func first(list []ast.Expr) ast.Expr {
	if len(list) == 0 {
		return nil
	}
	return list[0]
}

// TestEveryGuardIsForetoldOrCannotBe: a guard that is new is looked at before a
// merge too, or it is said why not.
func TestEveryGuardIsForetoldOrCannotBe(t *testing.T) {
	t.Parallel()
	shown := map[provision.Code]bool{provision.CodeDisabled: true, provision.CodeSetOwn: true, provision.CodeSetPower: true} // by the tests below
	for _, tt := range foretellings() {
		for _, code := range tt.want {
			shown[code] = true
		}
	}
	reasons, guards := unforeseen(), codesOfGuards(t)
	if len(guards) < 20 || !guards[provision.CodeSetWay] || !guards[provision.CodeWholeEstate] || !guards[provision.CodeBudget] {
		t.Fatalf("the source has the guards %v", guards)
	}
	for code := range guards {
		switch {
		case code == "":
			t.Error("a code whose value is not in the source")
		case shown[code] && reasons[code] != "":
			t.Errorf("%s is foretold, and there is a reason why it cannot be", code)
		case !shown[code] && reasons[code] == "":
			t.Errorf("%s is not foretold by any test, and there is no reason why it cannot be", code)
		}
	}
	for code := range reasons {
		if !guards[code] {
			t.Errorf("%s is no guard's any more", code)
		}
	}
	for code := range shown {
		if !guards[code] {
			t.Errorf("%s is foretold and no guard's", code)
		}
	}
}

// TestWhatConcernsTheBotItselfIsForetold: a set by which it works or that would
// give power where it works, and that changes are switched off.
func TestWhatConcernsTheBotItselfIsForetold(t *testing.T) {
	tests := map[string]struct {
		options provision.Options
		role    string
		account int
		then    *config.PermissionSet
		want    []provision.Code
	}{
		"the bot works by the set":      {changing, "AWSReservedSSO_Root_0123456789abcdef", 9, rootFile(policyAdmin, policyView), []provision.Code{provision.CodeSetOwn}},
		"the set is where the bot is":   {changing, "bot", 1, rootFile(policyAdmin, policyView), []provision.Code{provision.CodeSetPower}},
		"it is neither":                 {changing, "bot", 9, rootFile(policyAdmin, policyView), []provision.Code{}},
		"changes are off":               {provision.Options{}, "bot", 9, rootFile(policyAdmin, policyView), []provision.Code{provision.CodeDisabled}},
		"they are, and nothing changes": {provision.Options{}, "bot", 9, rootFile(policyView), []provision.Code{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				svc := newSetService(newWorld().populate(1, 1, 2))
				svc.caller = provision.Caller{Account: accountID(tt.account), ARN: "arn:aws:sts::" + accountID(tt.account) + ":assumed-role/" + tt.role + "/x"}
				svc.have(view("Root", time.Hour, policyView), accountID(1))
				s := newSetSystem(t, svc, store.NewMemory(), tt.options)
				s.run(t)
				repo := func(id string, file *config.PermissionSet) *repository {
					return newRepository(id).with(0, "", grant(1, 1, "Root"), grant(2, 1, admin)).declaring(file)
				}
				firstOne := repo(sha("a"), rootFile(policyView))
				s.commitOf(t, firstOne)
				after(30 * time.Minute)
				f, err := s.engine.Foretell(t.Context(), mergeOf(firstOne, repo(sha("b"), tt.then).since(firstOne)))
				if diff := cmp.Diff(tt.want, codesOf(f)); diff != "" || err != nil || f.Allow != 0 {
					t.Errorf("%v (-want +got):\n%s\n%+v", err, diff, f)
				}
			})
		})
	}
}
