package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "aws-access-bot"

// source is what the tests look at: one package's files without tests.
type source struct {
	doc     bool
	imports []string
	files   []*ast.File
	names   []string
}

// tree parses the module once per test.
func tree(t *testing.T) map[string]*source {
	t.Helper()
	root := "../.."
	out := map[string]*source{}
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && p != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata") {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(p, ".go") || strings.HasSuffix(p, "_test.go") {
			return nil
		}
		rel, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), p, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		pkg := path.Dir(filepath.ToSlash(rel))
		s := out[pkg]
		if s == nil {
			s = &source{}
			out[pkg] = s
		}
		s.files, s.names = append(s.files, f), append(s.names, rel)
		if f.Doc != nil && (strings.HasPrefix(f.Doc.Text(), "Package ") || strings.HasPrefix(f.Doc.Text(), "Command ")) {
			s.doc = true
		}
		for _, i := range f.Imports {
			if v := strings.Trim(i.Path.Value, `"`); !slices.Contains(s.imports, v) {
				s.imports = append(s.imports, v)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// arrows lists, for each package, which packages of the module it may import.
// A package below one that is listed follows that one.
func arrows() map[string][]string {
	return map[string][]string{
		"cmd/bot":                            {"*"},
		"config":                             {},
		"config/example":                     {},
		"internal/archtest":                  {},
		"internal/secret":                    {},
		"internal/bodylimit":                 {},
		"internal/retryafter":                {}, // what a header says is bounded alike for every service
		"internal/egress":                    {},
		"internal/importer":                  {"config", "internal/provision/fault", "internal/provision/permset"},
		"internal/importer/disk":             {"internal/importer"},
		"internal/manifest":                  {}, // what the services are given; its tests hold it against what the bot does
		"internal/server":                    {},
		"internal/settings":                  {"internal/secret"},
		"internal/access":                    {"config"},
		"internal/chat":                      {"config", "internal/access"},
		"internal/login":                     {"internal/secret"}, // one way to sign in to Microsoft, for Graph and for Teams
		"internal/chat/chattest":             {"config", "internal/access", "internal/chat"},
		"internal/chat/teams":                {"internal/access", "internal/chat", "internal/retryafter"},
		"internal/chat/slack":                {"config", "internal/access", "internal/chat", "internal/retryafter", "internal/secret"},
		"internal/gitops":                    {"config", "internal/access", "internal/gitops/guard", "internal/gitops/impact", "internal/gitops/audience", "internal/gitops/review", "internal/secret"},
		"internal/gitops/guard":              {"internal/access"},
		"internal/gitops/delivery":           {"internal/access"},
		"internal/gitops/audience":           {"config", "internal/access", "internal/gitops/review"},
		"internal/gitops/impact":             {"config", "internal/access"},
		"internal/gitops/modeltest":          {}, // a model test of gitops: what it imports, its tests import
		"internal/gitops/review":             {"config"},
		"internal/gitops/whatif":             {"config", "internal/access", "internal/gitops/impact", "internal/gitops/review"}, // access: what the guards are asked
		"internal/gitops/github":             {"internal/bodylimit", "internal/egress", "internal/retryafter", "config", "internal/access", "internal/gitops", "internal/gitops/delivery", "internal/gitops/guard", "internal/gitops/review", "internal/secret"},
		"internal/provision":                 {"config", "internal/access", "internal/provision/fault", "internal/provision/permset"},
		"internal/provision/permset":         {"config"},
		"internal/provision/fault":           {},
		"internal/provision/awsclient":       {"internal/bodylimit", "internal/egress", "internal/retryafter", "internal/provision/fault", "internal/secret"},
		"internal/provision/cloudtrail":      {"config", "internal/provision", "internal/provision/awsclient", "internal/provision/fault"},
		"internal/provision/entra":           {"config", "internal/bodylimit", "internal/egress", "internal/login", "internal/retryafter", "internal/access", "internal/importer", "internal/provision", "internal/provision/fault", "internal/secret"},
		"internal/provision/identitycenter":  {"config", "internal/importer", "internal/provision", "internal/provision/awsclient", "internal/provision/fault", "internal/provision/permset"},
		"internal/provision/organizations":   {"internal/access", "internal/importer", "internal/provision", "internal/provision/awsclient", "internal/provision/fault", "internal/provision/onboard"},
		"internal/provision/onboard":         {"config", "internal/access", "internal/provision", "internal/provision/fault", "internal/provision/permset"},
		"internal/provision/iam":             {"internal/access", "internal/provision/awsclient", "internal/provision/fault"},
		"internal/store":                     {"config", "internal/access", "internal/gitops", "internal/gitops/audience", "internal/gitops/delivery", "internal/gitops/guard", "internal/gitops/review", "internal/provision", "internal/provision/onboard"},
		"internal/store/storetest":           {"internal/access", "internal/store"},
		"internal/testgc":                    {},
		"internal/sandbox":                   {"config", "config/example", "internal/sandbox/awsemu", "internal/sandbox/emukit", "internal/sandbox/githubemu", "internal/sandbox/githubemu/gitobj", "internal/sandbox/graphemu", "internal/sandbox/slackemu", "internal/sandbox/teamsemu", "internal/sandbox/page"},
		"internal/sandbox/page":              {},
		"internal/sandbox/emukit":            {},
		"internal/sandbox/awsemu":            {"internal/sandbox/emukit"},
		"internal/sandbox/graphemu":          {"internal/sandbox/emukit"},
		"internal/sandbox/slackemu":          {"internal/sandbox/emukit"},
		"internal/sandbox/teamsemu":          {"internal/sandbox/emukit"},
		"internal/sandbox/teamsemu/receiver": {},
		"internal/sandbox/githubemu":         {"internal/sandbox/emukit", "internal/sandbox/githubemu/gitobj", "internal/sandbox/githubemu/gql"},
		"internal/sandbox/githubemu/gitobj":  {},
		"internal/sandbox/githubemu/gql":     {},
		"internal/scenario":                  {"*"},
	}
}

// TestImportArrows: chat, gitops and provision never import each other, access
// imports config only, and nothing but the program and tests imports the
// sandbox. An edge that is not listed is a decision: list it, with a reason.
func TestImportArrows(t *testing.T) {
	t.Parallel()
	allowed := arrows()
	for pkg, s := range tree(t) {
		may, known := allowed[pkg]
		if !known {
			t.Errorf("package %s is not in the list of arrows; add it with what it may import", pkg)
			continue
		}
		for _, i := range s.imports {
			to, own := strings.CutPrefix(i, module+"/")
			if own && !slices.Contains(may, to) && !slices.Contains(may, "*") {
				t.Errorf("%s imports %s, which is not listed", pkg, to)
			}
		}
	}
}

// TestOutsideImports: what is banned where, and why.
func TestOutsideImports(t *testing.T) {
	t.Parallel()
	bans := []struct {
		outside string   // import path prefix
		only    []string // packages that may
		why     string
	}{
		{"github.com/microsoftgraph/msgraph-sdk-go", []string{"internal/provision/entra"}, "it takes minutes to compile"},
		{"github.com/slack-go/slack", []string{"internal/chat/slack"}, "the core speaks the neutral model"},
		{"github.com/MicahParks/jwkset", []string{"internal/chat/teams"}, "one place says whose keys are believed"},
		{"github.com/Azure/azure-sdk-for-go/sdk/azidentity", []string{"internal/login", "internal/provision/entra"}, "one place signs in to Microsoft"},
		{"github.com/google/go-github", []string{"internal/gitops/github"}, "review and walk see GitHub through Host"},
		{"github.com/aws/aws-sdk-go-v2", []string{"internal/provision/awsclient", "internal/provision/cloudtrail", "internal/provision/iam", "internal/provision/identitycenter", "internal/provision/organizations", "cmd/bot"}, "the planner must not reach AWS"},
		{"go.etcd.io/bbolt", []string{"internal/store"}, "one package knows the file"},
		{"github.com/vektah/gqlparser", []string{"internal/sandbox/githubemu/gql"}, "the emulator's resolvers know nothing of syntax trees"},
		{"github.com/chromedp", nil, "tests only"},
		{"testing", []string{"internal/store/storetest", "internal/sandbox"}, "tests only, but for the sandbox, whose config repo is an fstest.MapFS"},
	}
	for pkg, s := range tree(t) {
		for _, i := range s.imports {
			for _, b := range bans {
				if (i == b.outside || strings.HasPrefix(i, b.outside+"/")) && !slices.Contains(b.only, pkg) {
					t.Errorf("%s imports %s: %s", pkg, i, b.why)
				}
			}
			pure := pkg == "config" || pkg == "internal/access" || pkg == "internal/gitops/review" || pkg == "internal/provision" || pkg == "internal/provision/onboard" || pkg == "internal/provision/permset"
			if pure && (i == "net/http" || i == "os" || i == "net") {
				t.Errorf("%s imports %s: the core does no I/O of its own", pkg, i)
			}
		}
	}
}

func TestEveryPackageHasAComment(t *testing.T) {
	t.Parallel()
	for pkg, s := range tree(t) {
		if !s.doc {
			t.Errorf("package %s has no package comment", pkg)
		}
	}
}

// TestSizes: functions and files stay small enough to be read at once.
func TestSizes(t *testing.T) {
	t.Parallel()
	const maxFile, maxFunc = 600, 80
	for pkg, s := range tree(t) {
		for i, f := range s.files {
			data, err := os.ReadFile(filepath.Join("../..", s.names[i]))
			if err != nil {
				t.Fatal(err)
			}
			if n := strings.Count(string(data), "\n"); n > maxFile {
				t.Errorf("%s has %d lines, more than %d", s.names[i], n, maxFile)
			}
			for _, d := range f.Decls {
				fn, ok := d.(*ast.FuncDecl)
				if !ok {
					continue
				}
				if fn.Recv == nil && fn.Name.Name == "init" {
					t.Errorf("%s: init function in %s", pkg, s.names[i])
				}
				if n := strings.Count(string(data[fn.Pos()-f.FileStart:fn.End()-f.FileStart]), "\n"); n > maxFunc {
					t.Errorf("%s: %s has %d lines, more than %d", s.names[i], fn.Name.Name, n, maxFunc)
				}
			}
		}
	}
}
