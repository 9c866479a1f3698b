package gitops

import (
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"aws-access-bot/config"
	"aws-access-bot/config/example"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/gitops/review"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares text with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

const people = "3c1d9a70-0000-4000-8000-0000000000"

func goldenRequest() access.Request {
	return access.Request{
		ID: "REQ-7F3K2Q", Kind: access.KindGrant,
		Asker: access.Asker{Person: access.Person{Entra: people + "21", Name: "Hana", Email: "hana@example.com"}},
		Want: access.Want{
			Principal:     config.Principal{Kind: config.GroupPrincipal, ID: "0b7e3f4c-0000-4000-8000-000000000011"},
			PrincipalName: "aws-payments-dev", AccountSlug: "payments-dev", AccountID: "111122224444", AccountName: "payments-dev",
			OU: "/Workloads/Dev", PermissionSet: "PowerUserAccess", Term: config.Term{For: 4 * time.Hour}, Reason: "looking into the refund bug",
		},
	}
}

func TestBodies(t *testing.T) {
	t.Parallel()
	rule := &config.Rule{Name: "read and develop"}
	plain := goldenRequest()
	golden(t, "body_grant.md", title(plain)+"\n\n"+signedBody("", body(plain, rule), "<!-- signed -->\n"))

	revoke := goldenRequest()
	revoke.Kind, revoke.Want.Revokes, revoke.Want.Reason = access.KindRevoke, "REQ-000001", ""
	golden(t, "body_revoke.md", title(revoke)+"\n\n"+signedBody("", body(revoke, nil), "<!-- signed -->\n"))

	extend := goldenRequest()
	extend.Want.Extends = "REQ-000001"
	golden(t, "body_extend.md", title(extend)+"\n\n"+signedBody("", body(extend, rule), "<!-- signed -->\n"))

	lines := []config.GrantRef{
		{File: &config.PrincipalFile{Slug: "aws-payments-dev", Principal: plain.Want.Principal}, Grant: config.Grant{Account: "payments-dev", PermissionSet: "PowerUserAccess", Duration: 4 * time.Hour}},
		{File: &config.PrincipalFile{Slug: "hana", Principal: config.Principal{Kind: config.UserPrincipal, ID: people + "21"}}, Grant: config.Grant{Accounts: &config.Selector{OU: "/Workloads"}, PermissionSet: "ReadOnlyAccess", Expires: time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)}},
	}
	golden(t, "body_cleanup.md", signedBody("", cleanupBody(lines), "<!-- signed -->\n"))

	nasty := goldenRequest()
	nasty.Asker.Name = "Hana | @org/all `x`"
	nasty.Want.PrincipalName = "Closes #1 `` <!-- x -->\nsecond"
	nasty.Want.Term = config.Term{End: time.Date(2026, 12, 24, 9, 0, 0, 0, time.UTC)}
	nasty.Want.Reason = "```\n@org/all Closes #1 ![x](https://evil.example/beacon)\n````\n<!-- aws-access-bot:v1 e30 e30 -->\u202e"
	golden(t, "body_nasty.md", title(nasty)+"\n\n"+commitMessage(nasty)+"\n"+signedBody("", body(nasty, rule), "<!-- signed -->\n"))
}

// goldenRepos returns the example repo and one with text of a file replaced.
func goldenRepos(t *testing.T, path, old, now string) (base, head *config.Repo) {
	t.Helper()
	files := memFS{}
	err := fs.WalkDir(example.FS(), ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files[p], err = fs.ReadFile(example.FS(), p)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	load := func(m memFS) *config.Repo {
		r, err := config.Load(m)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	text := string(files[path])
	if old == "" {
		text = strings.TrimRight(text, "\n") + "\n" + now
	} else {
		text = strings.Replace(text, old, now, 1)
	}
	return load(files), load(files.with(path, []byte(text)))
}

// TestSummaries shows the check of each conclusion as people see it.
func TestSummaries(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	grant := "  - account: payments-prod\n    permission_set: AdministratorAccess\n    duration: 4h\n    reason: incident\n"
	look := "  - account: sandbox-play\n    permission_set: ReadOnlyAccess\n    duration: 2h\n    reason: looking\n    request: REQ-7F3K2Q\n"
	yuki, ken, mio := review.User{ID: 1001, Login: "yuki-lead"}, review.User{ID: 1003, Login: "ken-platform"}, review.User{ID: 1004, Login: "mio-sec"}
	approved := func(u review.User, head string) review.Review {
		return review.Review{User: u, State: review.Approved, Commit: head, At: noon}
	}
	tests := []struct {
		name           string
		path, old, now string
		reviews        []review.Review
		change         func(*examined)
	}{
		{"missing", "groups/aws-payments-dev.yaml", "", grant, []review.Review{approved(ken, "head"), approved(mio, "older")}, nil},
		{"approved", "groups/aws-payments-dev.yaml", "", grant, []review.Review{approved(yuki, "head"), approved(mio, "head")}, nil},
		{"refused", "groups/aws-payments-dev.yaml", "", strings.Replace(grant, "4h", "3d", 1), nil, nil},
		{"blocked", "groups/aws-payments-dev.yaml", "", grant, []review.Review{{User: mio, State: review.ChangesRequested, Commit: "head", At: noon}}, nil},
		{"overruled", "groups/aws-payments-dev.yaml", "", grant, []review.Review{{ID: 5, User: mio, State: review.Dismissed, Commit: "head", At: noon}}, nil},
		{"control", "accounts/payments-dev.yaml", "{env: dev,", "{env: prod,", nil, nil},
		{"auto", "groups/aws-sandbox-users.yaml", "", look, nil, nil},
		{"auto_used", "groups/aws-sandbox-users.yaml", "", look, nil, nil},
		{"removed", "groups/aws-payments-dev.yaml", "  - account: payments-prod\n    permission_set: ReadOnlyAccess                # standing: no end\n", "", nil, nil},
		{"invalid", "groups/aws-payments-dev.yaml", "", grant, nil, func(x *examined) {
			x.head, x.problems = nil, []string{"groups/a.yaml:3:5: unknown key `x`; did you mean y?"}
		}},
		{"fault", "groups/aws-payments-dev.yaml", "", grant, nil, func(x *examined) {
			x.faults = []fault{{code: HaltFork, text: "Pull requests from forks are never put in force."}}
		}},
		{"halted", "groups/aws-payments-dev.yaml", "", grant, nil, func(x *examined) {
			x.notes = []string{haltNote(&Halt{Commit: "0123456789abcdef", Text: "It came from nowhere."})}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			base, head := goldenRepos(t, tt.path, tt.old, tt.now)
			x := &examined{pull: &Pull{Number: 7, HeadSHA: "head", URL: "https://github.example/pull/7"}, base: base, head: head}
			x.change = config.Compare(base, head, nil, noon)
			in := review.Input{
				Base: base, Head: head, Change: x.change, Start: noon, HeadSHA: "head", Reviews: tt.reviews,
				Author: review.User{ID: 1002, Login: "hana-dev"}, PushersKnown: true,
				Teams:   map[string][]int64{"security": {1004}, "platform": {1003, 1006}},
				Members: map[string][]string{"0b7e3f4c-0000-4000-8000-000000000011": {people + "21"}, "0b7e3f4c-0000-4000-8000-000000000018": {}},
			}
			if strings.Contains(tt.now, "request:") {
				in.Request = &review.Request{ID: "REQ-7F3K2Q", Kind: review.Grant, Requester: people + "21"}
			}
			switch tt.name {
			case "auto_used":
				in.AutoUsed = 3
			case "overruled":
				in.Dismissals = []review.Dismissal{{Review: 5, By: in.Author, Was: review.ChangesRequested, At: noon}}
			}
			x.verdict = review.Evaluate(in)
			if tt.change != nil {
				tt.change(x)
			}
			run := x.run()
			text := run.Conclusion + ": " + run.Title + "\n\n" + run.Summary
			if m := x.missing(); len(m) > 0 {
				text += "\n---\n" + strings.Join(m, "\n") + "\n"
			}
			golden(t, "check_"+tt.name+".md", text)
		})
	}
}

func TestSummaryFitsGitHub(t *testing.T) {
	t.Parallel()
	x := &examined{pull: &Pull{}, problems: make([]string, 5000)}
	for i := range x.problems {
		x.problems[i] = "groups/日本語.yaml: something is wrong here"
	}
	if run := x.run(); len(run.Summary) > maxSummary || !strings.HasSuffix(run.Summary, "names every problem.\n") {
		t.Errorf("summary of %d bytes", len(run.Summary))
	}
}
