package manifest_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	"aws-access-bot/internal/gitops/github"
	"aws-access-bot/internal/manifest"

	"github.com/google/go-cmp/cmp"
)

// TestGitHubIsAskedForWhatTheTokenAsksFor, and for what the events need: no more,
// and not less. Tokens are never asked for the latter.
func TestGitHubIsAskedForWhatTheTokenAsksFor(t *testing.T) {
	t.Parallel()
	want := tokenPermissions(t)
	for _, e := range manifest.GitHubEvents() {
		if want[e.For] == "" {
			want[e.For] = "read"
		}
	}
	got := map[string]string{}
	for _, p := range manifest.GitHubPermissions() {
		got[p.Name] = p.Access
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("permissions (-used +asked for):\n%s", diff)
	}
}

// tokenPermissions are those that the client of gitops asks of an installation.
func tokenPermissions(t *testing.T) map[string]string {
	t.Helper()
	var asked struct {
		Permissions map[string]string `json:"permissions"`
	}
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/access_tokens") && asked.Permissions == nil {
			if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
				t.Error(err)
			}
		}
		http.Error(w, `{"message":"Not Found"}`, http.StatusNotFound)
	}))
	defer api.Close()
	key := must[*rsa.PrivateKey](t)(rsa.GenerateKey(rand.Reader, 2048))
	c := must[*github.Client](t)(github.New(github.Options{
		BaseURL: api.URL + "/api/v3", Owner: "acme", Name: "config", RepoID: 4242, AppID: 77, InstallationID: 770,
		PrivateKey: pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}),
	}))
	if _, err := c.Guards(t.Context(), "main", "access/x"); err == nil || asked.Permissions == nil {
		t.Fatalf("no token was asked for: %v", err)
	}
	return asked.Permissions
}

// TestGitHubTellsWhatTheWebhookListensTo: the events of the manifest are the cases
// of gitops' webhook.
func TestGitHubTellsWhatTheWebhookListensTo(t *testing.T) {
	t.Parallel()
	file := must[*ast.File](t)(parser.ParseFile(token.NewFileSet(), "../gitops/webhook.go", nil, 0))
	var heard []string
	for _, d := range file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Name.Name != "dispatch" {
			continue
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if c, ok := n.(*ast.CaseClause); ok {
				for _, e := range c.List {
					heard = append(heard, must[string](t)(strconv.Unquote(e.(*ast.BasicLit).Value)))
				}
			}
			return true
		})
	}
	slices.Sort(heard)
	var told []string
	for _, e := range manifest.GitHubEvents() {
		told = append(told, e.Name)
	}
	if diff := cmp.Diff(heard, told); diff != "" {
		t.Errorf("events (-heard +told):\n%s", diff)
	}
}
