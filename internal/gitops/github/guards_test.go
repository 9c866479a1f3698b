package github

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"aws-access-bot/internal/gitops/guard"
	"aws-access-bot/internal/sandbox/emukit"
	"aws-access-bot/internal/sandbox/githubemu"
)

// emulated is the client on an emulated GitHub, whose installation has the
// permissions given, nil for the usual ones.
func emulated(t *testing.T, permissions map[string]string) (*Client, *githubemu.Repo, *emukit.Kit) {
	t.Helper()
	key, err := testKey()
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	kit := emukit.New(1)
	emu := githubemu.New(kit, githubemu.Options{
		BaseURL: srv.URL, Org: "acme", MergeableDelay: -1,
		App: githubemu.App{ID: 77, Slug: "access-bot", InstallationID: 770, PublicKey: &key.PublicKey, Permissions: permissions},
	})
	mux.Handle("/", emu.Handler())
	if _, err := emu.AddUser(githubemu.User{ID: 1002, Login: "hana-dev"}); err != nil {
		t.Fatal(err)
	}
	if err := emu.AddToken("hana-dev", "ghp_hana"); err != nil {
		t.Fatal(err)
	}
	repo, err := emu.AddRepo(githubemu.RepoSpec{Name: "config", ID: 4242, Files: map[string]string{"README.md": "x\n"}, Author: "hana-dev"})
	if err != nil {
		t.Fatal(err)
	}
	c, err := New(Options{
		BaseURL: srv.URL + "/api/v3", Owner: "acme", Name: "config", RepoID: 4242, AppID: 77, InstallationID: 770, Now: time.Now,
		PrivateKey: pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}),
	})
	if err != nil {
		t.Fatal(err)
	}
	return c, repo, kit
}

// codes are the findings on what the client reads.
func codes(t *testing.T, c *Client) []guard.Code {
	t.Helper()
	seen, err := c.Guards(t.Context(), "main", "access/REQ-000000")
	if err != nil {
		t.Fatal(err)
	}
	var out []guard.Code
	for _, f := range guard.Compare(seen, guard.Want{Branch: "main", Prefix: "access/", Check: "aws-access", App: 77}) {
		out = append(out, f.Code)
	}
	return out
}

// TestGuardsOfABranchAreReadAsGitHubWritesThemT14: T14.
func TestGuardsOfABranchAreReadAsGitHubWritesThemT14(t *testing.T) {
	t.Parallel()
	rulesets := githubemu.AccessRulesets("aws-access", 77, "access/")
	classic := &githubemu.Protection{Checks: []githubemu.RequiredCheck{{Context: "aws-access", AppID: 77}}, Strict: true, DismissStale: true, EnforceAdmins: true}
	tests := []struct {
		name   string
		change func(*githubemu.Repo)
		want   []guard.Code
	}{
		{"nothing is guarded", func(*githubemu.Repo) {},
			[]guard.Code{guard.CheckNotRequired, guard.Deletion, guard.ForcePush, guard.PullNotRequired, guard.RequestsOpen}},
		{"rulesets of the design, whose bypass lists GitHub does not show", func(r *githubemu.Repo) {
			r.PutRuleset(rulesets[0])
			r.PutRuleset(rulesets[1])
		}, []guard.Code{guard.BypassHidden, guard.RequestsHidden}},
		{"a ruleset that is not enforced is none", func(r *githubemu.Repo) {
			off := rulesets[0]
			off.Enforcement = "evaluate"
			r.PutRuleset(off)
			r.PutRuleset(rulesets[1])
		}, []guard.Code{guard.CheckNotRequired, guard.Deletion, guard.ForcePush, guard.PullNotRequired, guard.RequestsHidden}},
		{"classic protection that binds everybody", func(r *githubemu.Repo) {
			r.Protect("main", classic)
			r.PutRuleset(rulesets[1])
		}, []guard.Code{guard.RequestsHidden}},
		{"classic protection that spares administrators", func(r *githubemu.Repo) {
			p := *classic
			p.EnforceAdmins = false
			r.Protect("main", &p)
			r.PutRuleset(rulesets[1])
		}, []guard.Code{guard.Bypass, guard.RequestsHidden}},
		{"weak classic protection", func(r *githubemu.Repo) {
			r.Protect("main", &githubemu.Protection{Approvals: 1, EnforceAdmins: true, ForcePushes: true, Deletions: true, Checks: []githubemu.RequiredCheck{{Context: "aws-access"}}})
			r.PutRuleset(rulesets[1])
		}, []guard.Code{guard.CheckAnySource, guard.CheckNotStrict, guard.Deletion, guard.ForcePush, guard.OwnApprovals, guard.RequestsHidden, guard.StaleKept}},
		{"a rule of a type that is not known", func(r *githubemu.Repo) {
			more := rulesets[0]
			more.Rules = append([]githubemu.Rule{{Type: "file_path_restriction"}, {Type: "merge_queue"}}, more.Rules...)
			r.PutRuleset(more)
			r.PutRuleset(rulesets[1])
		}, []guard.Code{guard.BypassHidden, guard.RequestsHidden}},
		{"more rules than a page has", func(r *githubemu.Repo) {
			many := rulesets[0]
			many.Rules = nil
			for range 120 {
				many.Rules = append(many.Rules, githubemu.Rule{Type: "commit_message_pattern"})
			}
			many.Rules = append(many.Rules, rulesets[0].Rules...)
			r.PutRuleset(many)
			r.PutRuleset(rulesets[1])
		}, []guard.Code{guard.BypassHidden, guard.RequestsHidden}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, repo, _ := emulated(t, nil)
			tt.change(repo)
			if diff := cmp.Diff(tt.want, codes(t, c)); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

// TestWithoutAdministrationTheTokenIsBoughtWithoutIt: an installation that
// lacks the permission gets a token all the same, and what is not visible for
// that reason is said.
func TestWithoutAdministrationTheTokenIsBoughtWithoutIt(t *testing.T) {
	t.Parallel()
	perms := githubemu.DefaultPermissions()
	delete(perms, "administration")
	c, repo, _ := emulated(t, perms)
	for _, rs := range githubemu.AccessRulesets("aws-access", 77, "access/") {
		repo.PutRuleset(rs)
	}
	want := []guard.Code{guard.BypassHidden, guard.ClassicHidden, guard.RequestsHidden}
	if diff := cmp.Diff(want, codes(t, c)); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

func TestAnInstallationThatLacksMoreIsRefused(t *testing.T) {
	t.Parallel()
	perms := githubemu.DefaultPermissions()
	delete(perms, "checks")
	c, _, _ := emulated(t, perms)
	if _, err := c.Guards(t.Context(), "main", "access/x"); err == nil || !strings.Contains(err.Error(), "not granted") {
		t.Errorf("error %v", err)
	}
}

// TestBypassListsAreReadWhereTheyAreShown: as GitHub shows them to who may
// change a ruleset.
func TestBypassListsAreReadWhereTheyAreShown(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.HandleFunc("GET /repos/acme/config/rules/branches/{branch}", func(w http.ResponseWriter, r *http.Request) {
		if r.PathValue("branch") == "main" {
			fmt.Fprint(w, `[{"type":"deletion","ruleset_source_type":"Organization","ruleset_source":"acme","ruleset_id":1},
				{"type":"pull_request","ruleset_id":1,"parameters":"what"}]`)
			return
		}
		fmt.Fprint(w, `[{"type":"update","ruleset_source_type":"Organization","ruleset_id":2},{"type":"creation","ruleset_id":3}]`)
	})
	a.HandleFunc("GET /repos/acme/config/rulesets/1", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"id":1,"name":"a \"b\"","bypass_actors":[{"actor_id":null,"actor_type":"OrganizationAdmin","bypass_mode":"always"},{"actor_id":5,"actor_type":"RepositoryRole","bypass_mode":"pull_request"}]}`)
	})
	a.HandleFunc("GET /repos/acme/config/rulesets/3", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"id":3,"name":"c","bypass_actors":[]}`)
	})
	a.HandleFunc("GET /repos/acme/config/branches/main/protection", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"enforce_admins":{"enabled":true},"allow_force_pushes":{"enabled":true},"allow_deletions":{"enabled":true},
			"required_pull_request_reviews":{"required_approving_review_count":0,"dismiss_stale_reviews":true,"bypass_pull_request_allowances":{"users":[{"id":7}],"teams":[{"id":8}],"apps":[{"id":9}]}},
			"required_status_checks":{"strict":true,"checks":[{"context":"aws-access","app_id":-1},{"context":"lint","app_id":null}]}}`)
	})
	got, err := a.client().Guards(t.Context(), "main", "access/REQ-000000")
	if err != nil {
		t.Fatal(err)
	}
	own := guard.Source{Name: `ruleset "a \"b\"" (1)`, Actors: []guard.Actor{{Kind: "OrganizationAdmin", Mode: "always"}, {Kind: "RepositoryRole", ID: 5, Mode: "pull_request"}}}
	classic := guard.Source{Name: "branch protection"}
	spared := guard.Source{Name: "branch protection", Actors: []guard.Actor{{Kind: "User", ID: 7, Mode: "always"}, {Kind: "Team", ID: 8, Mode: "always"}, {Kind: "Integration", ID: 9, Mode: "always"}}}
	want := guard.Seen{
		Main: []guard.Rule{
			{Type: "deletion", Source: own}, {Type: "pull_request", Source: own, Unclear: true},
			{Type: "pull_request", Source: spared, DismissStale: true},
			{Type: "required_status_checks", Source: classic, Strict: true, Checks: []guard.Check{{Name: "aws-access"}, {Name: "lint"}}},
		},
		Requests: []guard.Rule{
			{Type: "update", Source: guard.Source{Name: "ruleset 2 (organization)", Hidden: true}},
			{Type: "creation", Source: guard.Source{Name: `ruleset "c" (3)`}},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("seen (-want +got):\n%s", diff)
	}
}

// TestAFailingServerIsNotTakenForHiddenRules: what may be different the next
// time is an error.
func TestAFailingServerIsNotTakenForHiddenRules(t *testing.T) {
	t.Parallel()
	for _, op := range []string{
		"GET /repos/{owner}/{repo}", "GET /repos/{owner}/{repo}/rules/branches/{branch}",
		"GET /repos/{owner}/{repo}/rulesets/{ruleset_id}", "GET /repos/{owner}/{repo}/branches/{branch}/protection",
	} {
		c, repo, kit := emulated(t, nil)
		repo.PutRuleset(githubemu.AccessRulesets("aws-access", 77, "access/")[0])
		kit.Faults.Add(emukit.Fault{Name: "limit", Op: op, Status: 429, Times: 10})
		if _, err := c.Guards(t.Context(), "main", "access/REQ-000000"); err == nil {
			t.Errorf("%s: a rate limit was taken for an answer", op)
		}
	}
}
