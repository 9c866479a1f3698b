package archtest

import (
	"go/ast"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// outsideOf are the names with which a package would speak to the outside past
// internal/egress, by import path.
func outsideOf() map[string][]string {
	return map[string][]string{
		"net/http":   {"Client", "Transport", "DefaultClient", "DefaultTransport", "Get", "Head", "Post", "PostForm"},
		"net":        {"Dial", "DialTimeout", "DialTCP", "DialUDP", "DialIP", "Dialer"},
		"crypto/tls": {"Dial", "DialWithDialer", "Dialer"},
		"github.com/aws/aws-sdk-go-v2/aws/transport/http": {"NewBuildableClient"},
	}
}

// speaksItself has the places that may, by package and name, and why.
func speaksItself() map[string]string {
	return map[string]string{
		"internal/server http.Client":                             "to the control socket, a file",
		"internal/server http.Transport":                          "to the control socket, a file",
		"internal/server net.Dialer":                              "to the control socket, a file",
		"internal/provision/awsclient awshttp.NewBuildableClient": "what the SDK finds its own credentials with, and the roots of AWS_CA_BUNDLE",
	}
}

// TestT23OnePlaceMakesClients: no package but internal/egress makes an HTTP
// client, a transport or a connection, or uses those that everybody shares. The
// sandbox plays the outside. A type in a signature makes nothing.
func TestT23OnePlaceMakesClients(t *testing.T) {
	t.Parallel()
	allowed, met := speaksItself(), map[string]bool{}
	for pkg, s := range tree(t) {
		if pkg == "internal/egress" || pkg == "internal/sandbox" || strings.HasPrefix(pkg, "internal/sandbox/") {
			continue
		}
		for i, f := range s.files {
			for _, name := range speaks(f) {
				key := pkg + " " + name
				met[key] = true
				if allowed[key] == "" {
					t.Errorf("%s: %s makes a connection of its own; take a client from internal/egress", s.names[i], name)
				}
			}
		}
	}
	for key, why := range allowed {
		if !met[key] {
			t.Errorf("%s (%s) is not there any more; take it off the list", key, why)
		}
	}
}

// speaks lists what a file has of outsideOf, as it is written there.
func speaks(f *ast.File) []string {
	banned := map[string][]string{} // by the name that the package has in the file
	for _, i := range f.Imports {
		path, err := strconv.Unquote(i.Path.Value)
		if names := outsideOf()[path]; err == nil && names != nil {
			local := path[strings.LastIndex(path, "/")+1:]
			if i.Name != nil {
				local = i.Name.Name
			}
			banned[local] = names
		}
	}
	types := map[ast.Node]bool{} // pointers in signatures and fields, which are given
	var out []string
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.StarExpr:
			types[n.X] = true
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok && slices.Contains(banned[x.Name], n.Sel.Name) && !types[n] {
				out = append(out, x.Name+"."+n.Sel.Name)
			}
		}
		return true
	})
	return out
}

// TestT22NobodyKnowsResponseURLs: Slack's payloads have an address to answer at;
// outside of the emulator no code reads it, and slack-go's ways of using one are
// not called.
func TestT22NobodyKnowsResponseURLs(t *testing.T) {
	t.Parallel()
	names := []string{"ResponseURL", "MsgOptionResponseURL", "MsgOptionReplaceOriginal", "MsgOptionDeleteOriginal", "PostWebhook", "PostWebhookContext", "PostWebhookCustomHTTP", "PostWebhookCustomHTTPContext"}
	for pkg, s := range tree(t) {
		if strings.HasPrefix(pkg, "internal/sandbox") {
			continue
		}
		for i, f := range s.files {
			ast.Inspect(f, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.Ident:
					if slices.Contains(names, n.Name) {
						t.Errorf("%s uses %s", s.names[i], n.Name)
					}
				case *ast.BasicLit:
					if strings.Contains(n.Value, "response_url") {
						t.Errorf("%s has %s", s.names[i], n.Value)
					}
				}
				return true
			})
		}
	}
}
