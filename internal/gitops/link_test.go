package gitops_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/sandbox/githubemu"
	"aws-access-bot/internal/store"
)

const (
	ninaEntra  = person + "33"
	peopleFile = "people.yaml"
)

// linkTo is a request of an unknown Slack user to be linked to somebody.
func (w *world) linkTo(id access.ID, entra, user string) access.Request {
	r := w.request(id)
	r.Kind = access.KindLink
	r.Asker = access.Asker{Person: access.Person{Name: "Nina"}, Chat: access.ChatUser{Platform: access.Slack, Team: "T0ACME", User: user}}
	r.Want = access.Want{
		Principal: config.Principal{Kind: config.UserPrincipal, ID: entra}, PrincipalName: "Nina",
		Link: access.Link{Account: config.PersonLink{Slack: config.SlackUser{Team: "T0ACME", User: user}}, Email: "nina@example.com", ChatName: "Nina"},
	}
	return r
}

// linked returns who has a Slack user in the config in force.
func (w *world) linked(user string) string {
	w.t.Helper()
	f, err := w.InForce(w.t.Context())
	w.must(err)
	if p, ok := f.Repo.PersonBySlack("T0ACME", user); ok {
		return p.Entra
	}
	return ""
}

// TestT18FromAClaimToALink goes the whole way under the rules of the
// repository.
func TestT18FromAClaimToALink(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.proposed(w.linkTo(req, ninaEntra, "U0NINA"))
	p := w.emu.State().Repos[0].Pulls[0]
	if diff := cmp.Diff([]string{peopleFile}, p.Changed); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"aws-access", "link"}, p.Labels); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"ken-platform", "lena-platform"}, p.Requested); diff != "" {
		t.Errorf("reviewers (-want +got):\n%s", diff)
	}
	b, err := gitops.ParseBlock(p.Body, w.opt.SigningKey)
	if err != nil || b.Kind != "link" || b.Requester != ninaEntra {
		t.Errorf("block %+v, %v", b, err)
	}
	w.review("ken-platform", n, "APPROVE")
	w.look()
	if f := w.facts(req); len(f.Missing) != 1 || !strings.Contains(f.Missing[0], "1 more approval") && !strings.Contains(f.Missing[0], "1 approval") {
		t.Errorf("missing %q", f.Missing)
	}
	w.review("lena-platform", n, "APPROVE")
	w.look()
	sha, err := w.repo.Merge("ken-platform", n, githubemu.MergeSpec{Method: "squash"})
	w.must(err)
	w.look()
	w.holds(sha, "")
	if got := w.linked("U0NINA"); got != ninaEntra {
		t.Errorf("U0NINA is %q", got)
	}
	if v, err := w.Verdict(t.Context(), req); err != nil || v == nil || !v.InForce || v.Void != "" {
		t.Errorf("verdict %+v, %v", v, err)
	}
}

// TestT18AClaimMergedPastTheRulesIsNoLink: without the control plane, or with
// the approval of who would be linked, the walk stands still.
func TestT18AClaimMergedPastTheRulesIsNoLink(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		entra     string
		approvers []string
	}{
		"nobody approved":                 {ninaEntra, nil},
		"others approved":                 {ninaEntra, []string{"yuki-lead", "taro-data"}},
		"one of two approved":             {ninaEntra, []string{"ken-platform"}},
		"who would be linked approved it": {kenEntra, []string{"ken-platform", "lena-platform"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			first := w.status().InForce
			n := w.proposed(w.linkTo(req, tt.entra, "U0EVE"))
			for _, login := range tt.approvers {
				w.review(login, n, "APPROVE")
			}
			w.look()
			if c := w.check(w.facts(req).Ref.Head); c.Conclusion == "success" {
				t.Errorf("the check is %+v", c)
			}
			w.merge(n, "squash")
			w.look()
			w.holds(first, gitops.HaltApproval)
			if got := w.linked("U0EVE"); got != "" {
				t.Errorf("U0EVE is %q", got)
			}
		})
	}
}

func TestLinksThatCannotBeProposed(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*world, *access.Request)
		want   string
	}{
		{"what stands there", func(_ *world, r *access.Request) {
			r.Want.Principal.ID, r.Want.Link.Account.Slack.User = hanaEntra, "U0HANA"
		}, "has that link already"},
		{"the account of another person", func(_ *world, r *access.Request) { r.Want.Link.Account.Slack.User = "U0HANA" }, "another person"},
		{"an address of another person", func(_ *world, r *access.Request) { r.Want.Link.Email = "hana@example.com" }, "one to one"},
		{"somebody disabled meanwhile", func(w *world, _ *access.Request) { w.dir.gone = map[string]bool{ninaEntra: true} }, "no enabled member"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			r := w.linkTo(req, ninaEntra, "U0NINA")
			tt.change(w, &r)
			err := w.Propose(t.Context(), r)
			if f := w.facts(req); err == nil || !strings.Contains(f.Refused, tt.want) {
				t.Errorf("error %v, recorded %+v, want %q", err, f, tt.want)
			}
			if n := len(w.emu.State().Repos[0].Pulls); n != 0 {
				t.Errorf("%d pull requests were made", n)
			}
		})
	}
}

// TestALinkIsRenewed on a base where the list has grown, and is not where the
// entry is another by now.
func TestALinkIsRenewed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	one, two := w.proposed(w.linkTo(req, ninaEntra, "U0NINA")), w.proposed(w.linkTo("REQ-000001", hanaEntra, "U0HANA2"))
	three := w.proposed(w.linkTo("REQ-000002", ninaEntra, "U0EVE"))
	for _, login := range []string{"ken-platform", "lena-platform"} {
		w.review(login, one, "APPROVE")
	}
	w.look()
	_, err := w.repo.Merge("ken-platform", one, githubemu.MergeSpec{})
	w.must(err)
	stays := w.facts("REQ-000002").Ref.Head
	w.look()
	if got := w.facts("REQ-000002").Ref.Head; got != stays {
		t.Errorf("a link that would replace another one than was shown was made anew: %s", got)
	}
	for _, login := range []string{"ken-platform", "lena-platform"} {
		w.review(login, two, "APPROVE")
		w.review(login, three, "APPROVE")
	}
	w.look()
	sha, err := w.repo.Merge("ken-platform", two, githubemu.MergeSpec{Method: "rebase"})
	w.must(err)
	w.look()
	w.holds(sha, "")
	if w.linked("U0NINA") != ninaEntra || w.linked("U0HANA2") != hanaEntra || w.linked("U0HANA") != "" {
		t.Error("one of two links is not in force")
	}
	if _, err := w.repo.Merge("ken-platform", three, githubemu.MergeSpec{}); err == nil {
		t.Error("a link that lies behind was merged")
	}
}

// TestALinkOutlivesItsRecord: the signed block says what it is and who may not
// approve it.
func TestALinkOutlivesItsRecord(t *testing.T) {
	t.Parallel()
	for _, by := range []string{"lena-platform", "mio-sec"} {
		w := newWorld(t)
		w.must(w.emu.SetTeamMember("platform", "mio-sec", "member"))
		first := w.status().InForce
		n := w.proposed(w.linkTo(req, kenEntra, "U0KEN2"))
		w.db = store.NewMemory()
		w.restart()
		w.must(w.Trust(t.Context(), first, "the test"))
		w.review("ken-platform", n, "APPROVE")
		w.review(by, n, "APPROVE")
		w.look()
		w.merge(n, "squash")
		w.look()
		w.holds(first, gitops.HaltApproval)
		w.review("lena-platform", n, "APPROVE")
		w.review("mio-sec", n, "APPROVE")
		w.look()
		if got := w.linked("U0KEN2"); got != kenEntra {
			t.Errorf("U0KEN2 is %q", got)
		}
	}
}

// TestALinkStoppedAnywhere ends the proposal after each durable step, and wants
// one pull request.
func TestALinkStoppedAnywhere(t *testing.T) {
	t.Parallel()
	for n := 1; n <= 4; n++ {
		w := newWorld(t)
		r := w.linkTo(req, ninaEntra, "U0NINA")
		ctx, cancel := context.WithCancel(t.Context())
		g, err := gitops.New(w.opt, w.client(), store.NewGitops(&stopping{w.db, cancel, n}), w.dir)
		w.must(err)
		first := g.Propose(ctx, r)
		cancel()
		w.restart()
		number := w.proposed(r)
		if repo := w.emu.State().Repos[0]; len(repo.Pulls) != 1 || len(repo.Branches) != 2 {
			t.Errorf("stopped after step %d (%v): %d pull requests, branches %v", n, first, len(repo.Pulls), repo.Branches)
		}
		w.review("ken-platform", number, "APPROVE")
		w.review("lena-platform", number, "APPROVE")
		w.look()
		w.merge(number, "merge")
		w.look()
		if got := w.linked("U0NINA"); got != ninaEntra {
			t.Errorf("stopped after step %d: U0NINA is %q", n, got)
		}
	}
}

// TestALinkThatWasTrustedPast comes to its end.
func TestALinkThatWasTrustedPast(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.proposed(w.linkTo(req, ninaEntra, "U0NINA"))
	w.merge(n, "squash")
	sha := w.byOperator()
	if v, err := w.Verdict(t.Context(), req); err != nil || v == nil || !v.InForce {
		t.Errorf("trusted at %.7s: verdict %+v, %v", sha, v, err)
	}
}

// byOperator makes one more commit and trusts it, past everything before.
func (w *world) byOperator() string {
	w.t.Helper()
	sha, err := w.repo.Push("hana-dev", githubemu.Push{Branch: "main", Message: "more", Changes: map[string]*githubemu.File{"README.md": {Content: "x"}}, IgnoreRules: true})
	w.must(err)
	w.look()
	w.must(w.Trust(w.t.Context(), sha, "the test"))
	w.look()
	return sha
}
