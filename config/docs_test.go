package config

import (
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"aws-access-bot/config/example"
)

const referencePage = "../docs/config.md"

// TestEveryKeyIsInTheReference holds the tables of docs/config.md against the
// keys that the reader knows, both ways.
func TestEveryKeyIsInTheReference(t *testing.T) {
	t.Parallel()
	shapes := map[string]shape{
		"aws-access.yaml":               accessShape,
		"organization":                  organizationKeys,
		"identity_center":               identityCenterKeys,
		"entra":                         entraKeys,
		"approvals":                     ruleKeys,
		"match":                         matchKeys,
		"reason":                        reasonKeys,
		"auto":                          autoKeys,
		"steps":                         stepKeys,
		"control_plane":                 controlPlaneKeys,
		"limits":                        limitsKeys,
		"limits.allow":                  allowKeys,
		"protected":                     protectedKeys,
		"onboarding":                    onboardingKeys,
		`accounts/\<slug\>.yaml`:        accountKeys,
		`groups/\<slug\>.yaml`:          groupKeys,
		`users/\<slug\>.yaml`:           userKeys,
		"access":                        grantKeys,
		"accounts":                      selectorKeys,
		`permission-sets/\<Name\>.yaml`: permissionSetKeys,
		"customer_managed_policies":     policyRefKeys,
		"permissions_boundary":          boundaryKeys,
		"people.yaml":                   peopleKeys,
		"people":                        personKeys,
		"github":                        githubKeys,
		"slack":                         slackKeys,
		"teams":                         teamKeys,
	}
	sections := readSections(t)
	for heading, s := range shapes {
		text, ok := sections[heading]
		if !ok {
			t.Errorf("%s has no section %q", referencePage, heading)
			continue
		}
		want := slices.Sorted(slices.Values(append(append([]string{}, s.required...), s.optional...)))
		if diff := cmp.Diff(want, tableKeys(text)); diff != "" {
			t.Errorf("keys of %q (-reader +%s):\n%s", heading, referencePage, diff)
		}
		for _, key := range s.required {
			if !regexp.MustCompile("(?m)^\\| `" + key + "` \\|.*\\| required \\|").MatchString(text) {
				t.Errorf("%q does not say that %s is required", heading, key)
			}
		}
	}
}

// readSections returns the text below each heading, up to the next.
func readSections(t *testing.T) map[string]string {
	t.Helper()
	data, err := os.ReadFile(referencePage)
	if err != nil {
		t.Fatal(err)
	}
	sections := map[string]string{}
	heading := ""
	for line := range strings.Lines(string(data)) {
		if title, ok := strings.CutPrefix(strings.TrimLeft(line, "#"), " "); ok && strings.HasPrefix(line, "##") {
			heading = strings.TrimSpace(title)
			continue
		}
		sections[heading] += line
	}
	return sections
}

var rowKey = regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\|")

func tableKeys(text string) []string {
	var keys []string
	for _, m := range rowKey.FindAllStringSubmatch(text, -1) {
		keys = append(keys, m[1])
	}
	slices.Sort(keys)
	return keys
}

// TestTheExamplesOfTheReferenceAreValid lays each example on the example repo.
func TestTheExamplesOfTheReferenceAreValid(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(referencePage)
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```yaml\n# ([^\n]+)\n(.*?)```").FindAllStringSubmatch(string(data), -1)
	if len(blocks) != 6 {
		t.Fatalf("%d examples, want one for each kind of file", len(blocks))
	}
	for _, b := range blocks {
		t.Run(strings.ReplaceAll(b[1], "/", " "), func(t *testing.T) {
			t.Parallel()
			fsys := copyFS(t, example.FS())
			fsys[b[1]] = &fstest.MapFile{Data: []byte(b[2])}
			if _, err := Load(fsys); err != nil {
				t.Error(err)
			}
		})
	}
}

func copyFS(t *testing.T, from fs.FS) fstest.MapFS {
	t.Helper()
	out := fstest.MapFS{}
	err := fs.WalkDir(from, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(from, p)
		out[p] = &fstest.MapFile{Data: data}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
