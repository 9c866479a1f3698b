package config

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"aws-access-bot/config/example"
)

// TestFilesThatChangePlacesAreControlPlane: aws-access.yaml names groups and
// accounts by slug. When two files swap their names nothing in it changes, and
// yet it protects and matches something else.
func TestFilesThatChangePlacesAreControlPlane(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, key string
		a, b      string // files that change places
		edit      [2]string
	}{
		{"a protected group", "protected[", "groups/aws-breakglass.yaml", "groups/aws-payments-dev.yaml", [2]string{}},
		{"a group of the baseline", "onboarding.baseline", "groups/aws-platform-admins.yaml", "groups/aws-payments-dev.yaml", [2]string{}},
		{"an account that a rule names", "approvals[read and develop].match", "accounts/payments-prod.yaml", "accounts/payments-dev.yaml", [2]string{"match: {permission_sets: [ReadOnlyAccess, PowerUserAccess]}", "match: {permission_sets: [ReadOnlyAccess, PowerUserAccess], accounts: [payments-prod]}"}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			before := fstest.MapFS{}
			err := fs.WalkDir(example.FS(), ".", func(p string, d fs.DirEntry, err error) error {
				if err != nil || d.IsDir() {
					return err
				}
				data, err := fs.ReadFile(example.FS(), p)
				before[p] = &fstest.MapFile{Data: data}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			if tc.edit[0] != "" {
				text := string(before["aws-access.yaml"].Data)
				if !strings.Contains(text, tc.edit[0]) {
					t.Fatalf("the example has no %q", tc.edit[0])
				}
				before["aws-access.yaml"] = &fstest.MapFile{Data: []byte(strings.Replace(text, tc.edit[0], tc.edit[1], 1))}
			}
			after := fstest.MapFS{}
			for p, f := range before {
				after[p] = f
			}
			after[tc.a], after[tc.b] = before[tc.b], before[tc.a]
			c := Compare(load(t, before), load(t, after), nil, noon)
			for _, f := range c.Control {
				if f.Path == "aws-access.yaml" && strings.HasPrefix(f.Field, tc.key) {
					return
				}
			}
			t.Errorf("control plane: %v, want a change of %s", c.Control, tc.key)
		})
	}
}
