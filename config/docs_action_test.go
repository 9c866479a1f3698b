package config

import (
	"os"
	"regexp"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"aws-access-bot/config/example"
)

// TestTheWorkflowOfTheDocs: a config repo may have it, its actions are pinned
// by commit, and its job may do nothing but read.
func TestTheWorkflowOfTheDocs(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/check-action.md")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindSubmatch(page)
	if block == nil {
		t.Fatal("the page has no workflow")
	}
	fsys := copyFS(t, example.FS())
	fsys[".github/workflows/check.yaml"] = &fstest.MapFile{Data: block[1]}
	if _, err := Load(fsys); err != nil {
		t.Error(err)
	}
	var workflow struct {
		Permissions map[string]string
		Jobs        map[string]struct {
			Permissions map[string]string
			Steps       []struct {
				Uses string
				Run  string
				With map[string]any
			}
		}
	}
	if err := yaml.Unmarshal(block[1], &workflow); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"contents": "read"}, workflow.Permissions); diff != "" {
		t.Errorf("permissions (-want +got):\n%s", diff)
	}
	pinned := regexp.MustCompile(`^[\w/-]+@[0-9a-f]{40}$`)
	uses, base := 0, false
	for _, job := range workflow.Jobs {
		if job.Permissions != nil {
			t.Error("a job has permissions of its own")
		}
		for _, s := range job.Steps {
			if s.Uses == "" {
				// The base is what the merge was made on, not what the event names.
				base = base || s.Run == "git -C head worktree add ../base HEAD^1"
				continue
			}
			if s.With["fetch-depth"] != 2 || s.With["ref"] != nil {
				t.Errorf("%s does not check out the merge with its parents", s.Uses)
			}
			uses++
			if !pinned.MatchString(s.Uses) || s.With["persist-credentials"] != false {
				t.Errorf("%s is not pinned by commit, or keeps its credentials", s.Uses)
			}
		}
	}
	if uses != 1 || !base {
		t.Errorf("%d actions, want one checkout, and the base from its merge: %v", uses, base)
	}
}
