package config

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"aws-access-bot/config/example"
)

// TestARepoGoesThroughJSON: a running bot hands the config in force over its
// control socket.
func TestARepoGoesThroughJSON(t *testing.T) {
	t.Parallel()
	want := load(t, example.FS())
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got Repo
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, &got); diff != "" {
		t.Errorf("repo (-want +got):\n%s", diff)
	}
}
