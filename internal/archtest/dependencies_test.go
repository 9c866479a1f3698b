package archtest

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// required is a line of go.mod.
type required struct {
	path, version string
	direct        bool
}

var (
	requireLine = regexp.MustCompile(`(?m)^(?:require\s+|\t)([a-zA-Z0-9.\-_~/]+) (v\S+)( // indirect)?$`)
	otherVerb   = regexp.MustCompile(`(?m)^(replace|exclude)\b`)
)

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile("../../" + path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// requirements are those of a go.mod, which must not be empty.
func requirements(t *testing.T, path string) []required {
	t.Helper()
	var out []required
	for _, m := range requireLine.FindAllStringSubmatch(read(t, path), -1) {
		out = append(out, required{m[1], m[2], m[3] == ""})
	}
	if len(out) == 0 {
		t.Fatalf("%s requires nothing", path)
	}
	return out
}

// TestT48EveryDependencyHasItsHashes: what is built is what was chosen, in the
// program's module and in that of the scanner, whose database is data only.
func TestT48EveryDependencyHasItsHashes(t *testing.T) {
	t.Parallel()
	for _, folder := range []string{"", ".ci/vuln/"} {
		sums := map[string]bool{}
		for line := range strings.Lines(read(t, folder+"go.sum")) {
			if f := strings.Fields(line); len(f) == 3 && strings.HasPrefix(f[2], "h1:") {
				sums[f[0]+" "+f[1]] = true
			} else {
				t.Errorf("%sgo.sum has %q", folder, line)
			}
		}
		for _, r := range requirements(t, folder+"go.mod") {
			for _, key := range []string{r.path + " " + r.version, r.path + " " + r.version + "/go.mod"} {
				if !sums[key] {
					t.Errorf("%sgo.sum has no hash of %s", folder, key)
				}
			}
		}
		if verb := otherVerb.FindString(read(t, folder+"go.mod")); verb != "" {
			t.Errorf("%sgo.mod has a %s: what is written elsewhere of a dependency would not be what is built", folder, verb)
		}
	}
}

// TestT48EveryDependencyHasAReason in decision 2: by its name, or by that of a
// family written with an ellipsis.
func TestT48EveryDependencyHasAReason(t *testing.T) {
	t.Parallel()
	text := read(t, "docs/decisions/0002-dependencies.md")
	for _, r := range requirements(t, "go.mod") {
		named := strings.Contains(text, "`"+r.path+"`") ||
			strings.HasPrefix(r.path, "github.com/aws/aws-sdk-go-v2/") || strings.HasPrefix(r.path, "github.com/microsoft/kiota-")
		if r.direct && !named {
			t.Errorf("docs/decisions/0002-dependencies.md gives no reason for %s", r.path)
		}
	}
}

// TestT48NoVersionWithAKnownHole: those that had one, or what the threats name.
// The scanner finds others; this holds without its database.
func TestT48NoVersionWithAKnownHole(t *testing.T) {
	t.Parallel()
	least := map[string]string{
		"github.com/golang-jwt/jwt/v5":                     "v5.2.2",  // CVE-2025-30204
		"github.com/slack-go/slack":                        "v0.35.0", // GHSA-gxhx-…: signatures under an empty secret
		"github.com/microsoft/kiota-http-go":               "v1.5.5",  // GO-2026-5224
		"golang.org/x/net":                                 "v0.62.0", // GO-2026-6617 and others
		"github.com/Azure/azure-sdk-for-go/sdk/azidentity": "v1.6.0",  // CVE-2024-35255
	}
	met := 0
	for _, r := range requirements(t, "go.mod") {
		if want := least[r.path]; want != "" {
			met++
			if before(t, r.version, want) {
				t.Errorf("%s %s is older than %s", r.path, r.version, want)
			}
		}
		if strings.HasPrefix(r.path, "github.com/golang-jwt/jwt") && r.path != "github.com/golang-jwt/jwt/v5" || r.path == "gopkg.in/yaml.v2" || r.path == "gopkg.in/yaml.v3" {
			t.Errorf("%s is not kept up any more", r.path)
		}
	}
	if met != len(least) {
		t.Errorf("%d of the %d modules are required; take the others off the list", met, len(least))
	}
}

// before compares versions of the form vA.B.C, whatever follows.
func before(t *testing.T, a, b string) bool {
	t.Helper()
	x, y := numbers(t, a), numbers(t, b)
	for i := range x {
		if x[i] != y[i] {
			return x[i] < y[i]
		}
	}
	return false
}

func numbers(t *testing.T, v string) (out [3]int) {
	t.Helper()
	core, _, _ := strings.Cut(strings.TrimPrefix(v, "v"), "-")
	for i, part := range strings.SplitN(core, ".", 3) {
		n, err := strconv.Atoi(part)
		if err != nil {
			t.Fatalf("version %q: %v", v, err)
		}
		out[i] = n
	}
	return out
}

// TestT48CIScans: the scanner is part of what decides whether a change lands,
// and says so when it could not look.
func TestT48CIScans(t *testing.T) {
	t.Parallel()
	if !strings.Contains(read(t, ".ci/run"), `.ci/vuln/scan "$built/bot"`) {
		t.Error(".ci/run scans no binary")
	}
	scan := read(t, ".ci/vuln/scan")
	for _, want := range []string{"govulncheck", "SKIPPED: no database", "golang.org/x/vulndb"} {
		if !strings.Contains(scan, want) {
			t.Errorf(".ci/vuln/scan has no %q", want)
		}
	}
}

// TestT48WhatOthersRunIsPinned: actions in the documentation by commit, images
// as arguments that take a digest, and never "latest".
func TestT48WhatOthersRunIsPinned(t *testing.T) {
	t.Parallel()
	pinned := regexp.MustCompile(`uses: \S+@[0-9a-f]{40} # v`)
	for line := range strings.Lines(read(t, "docs/check-action.md")) {
		if strings.Contains(line, "uses: ") && !pinned.MatchString(line) {
			t.Errorf("not pinned by commit: %s", line)
		}
	}
	docker := read(t, "Dockerfile")
	for line := range strings.Lines(docker) {
		if image, ok := strings.CutPrefix(line, "FROM "); ok && !strings.HasPrefix(image, "${") {
			t.Errorf("the image cannot be given by digest: %s", line)
		}
	}
	if strings.Contains(docker, ":latest") || !strings.Contains(docker, "ARG BUILD_IMAGE=golang:1.") {
		t.Error("Dockerfile: an image without the line of its releases")
	}
}
