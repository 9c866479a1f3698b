package onboard

import (
	"testing"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
)

// TestWhoCameBackIsNotToldAsLeftWhereItIs: the bot moves it in a moment. Of an
// account that stands and was moved by somebody it moves nothing, and says so.
func TestWhoCameBackIsNotToldAsLeftWhereItIs(t *testing.T) {
	t.Parallel()
	file := &config.Account{Slug: "shop", ID: "444455551111", Name: "shop", OU: "/Workloads/Dev", Stage: config.StageSSO}
	repo := &config.Repo{Accounts: map[string]*config.Account{"shop": file}}
	view := access.EstateView{Members: []access.EstateAccount{{ID: file.ID, Name: "shop", OU: "/", Tags: map[string]string{}}}}
	for state, want := range map[State]int{Left: 0, Done: 1, Standing: 1} {
		if got := findings(repo, []Record{{Account: file.ID, State: state}}, view); len(got) != want {
			t.Errorf("%s: told %v, want %d", state, got, want)
		}
	}
}
