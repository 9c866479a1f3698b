package gitops_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/sandbox/githubemu"
)

// attack is a way to bring access into force without the approval it needs.
type attack struct {
	name string
	// files change the config repo of the world, by path: old and new text.
	files map[string][2]string
	play  func(w *world)
	// want is the halt; "" means that the commit is invalid and passed over,
	// or never came to the branch.
	want gitops.HaltCode
}

// withstand plays each attack in a world of its own. Nothing may come into
// force: not on the first look, not on later ones, not after a restart.
func withstand(t *testing.T, attacks []attack) {
	t.Helper()
	for _, a := range attacks {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			files := exampleFiles(t)
			for path, text := range a.files {
				if !strings.Contains(files[path], text[0]) {
					t.Fatalf("%s does not contain %q", path, text[0])
				}
				files[path] = strings.Replace(files[path], text[0], text[1], 1)
			}
			w := newWorldOf(t, files)
			a.play(w)
			first, count := w.status().InForce, w.inForce
			for range 2 {
				w.look()
				w.holds(first, a.want)
				w.restart()
			}
			if w.inForce != count || w.desires("111122224444", "PowerUserAccess", devGroup) {
				t.Error("something came into force")
			}
			if h := w.status().Halt; h != nil && (h.Commit == "" || h.Text == "" || len(h.Ways) == 0) {
				t.Errorf("the halt does not say where, what and how: %+v", h)
			}
		})
	}
}

// topic has a pull request by Hana with the grant of devGrant.
func topic(w *world) int {
	w.t.Helper()
	return w.byHand("hana-dev", "topic", map[string]*githubemu.File{devFile: w.grantLine(devFile, devGrant)})
}

// more pushes a longer grant to the branch topic.
func more(w *world, force bool) string {
	w.t.Helper()
	p := githubemu.Push{Branch: "topic", Message: "more", Force: force, Changes: map[string]*githubemu.File{devFile: w.grantLine(devFile, strings.Replace(devGrant, "4h", "9h", 1))}}
	if force {
		p.Parent = "main"
	}
	sha, err := w.repo.Push("hana-dev", p)
	w.must(err)
	return sha
}

// keepStale takes the rulesets away, so that GitHub dismisses nothing itself.
func keepStale(w *world) {
	for _, rs := range w.emu.State().Repos[0].Rulesets {
		w.repo.RemoveRuleset(rs.ID)
	}
}

// TestT06StaleApproval: an approval counts on the head that was merged and on
// no other, whoever dismisses approvals or does not.
func TestT06StaleApproval(t *testing.T) {
	t.Parallel()
	withstand(t, []attack{
		{"approved, pushed, merged by an administrator", nil, func(w *world) {
			keepStale(w)
			n := topic(w)
			w.review("yuki-lead", n, "APPROVE")
			more(w, false)
			w.merge(n, "squash")
		}, gitops.HaltApproval},
		{"approved, replaced by force, merged", nil, func(w *world) {
			keepStale(w)
			n := topic(w)
			w.review("yuki-lead", n, "APPROVE")
			more(w, true)
			w.merge(n, "rebase")
		}, gitops.HaltApproval},
		{"approved, an empty commit pushed, merged", nil, func(w *world) {
			keepStale(w)
			n := topic(w)
			w.review("yuki-lead", n, "APPROVE")
			_, err := w.repo.Push("hana-dev", githubemu.Push{Branch: "topic", Message: "empty"})
			w.must(err)
			w.merge(n, "merge")
		}, gitops.HaltApproval},
		{"the older head is approved after the push", nil, func(w *world) {
			n := topic(w)
			older := w.head("topic")
			more(w, false)
			_, err := w.repo.Review("yuki-lead", n, "APPROVE", "", older)
			w.must(err)
			w.merge(n, "squash")
		}, gitops.HaltApproval},
		{"approved, the base merged into the head, merged", nil, func(w *world) {
			keepStale(w)
			n := topic(w)
			w.review("yuki-lead", n, "APPROVE")
			good(w, "between")
			w.look()
			w.must(w.repo.UpdateBranch("hana-dev", n))
			w.merge(n, "squash")
		}, gitops.HaltApproval},
		{"the bot's own branch was rebuilt after the approval", nil, func(w *world) {
			keepStale(w)
			n := approvedPull(w)
			good(w, "between")
			w.look()
			if head := w.facts(req).Ref.Head; w.head("access/"+string(req)) != head || len(w.emu.State().Repos[0].Pulls[0].Reviews) != 1 {
				w.t.Fatal("the branch was not rebuilt by the bot")
			}
			w.merge(n, "squash")
		}, gitops.HaltApproval},
	})
}

// TestT06TheThreadIsToldWhyAndANewApprovalMends: what people are told names the
// approval that does not count any more; given on the merged head, it counts.
func TestT06TheThreadIsToldWhyAndANewApprovalMends(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	keepStale(w)
	first := w.status().InForce
	n := approvedPull(w)
	good(w, "between")
	w.look()
	f := w.facts(req)
	if c := w.check(f.Ref.Head); c.Conclusion != "action_required" || !strings.Contains(c.Summary, "`yuki-lead` was not counted: approved another commit than the head (`stale-head`)") {
		t.Errorf("the check does not say that the approval no longer counts: %q\n%s", c.Conclusion, c.Summary)
	}
	sha := w.merge(n, "squash")
	w.look()
	if v, err := w.Verdict(t.Context(), req); err != nil || v == nil || v.InForce || !strings.Contains(v.Halt, "yuki-lead") {
		t.Errorf("the thread is told %+v, %v", v, err)
	}
	if s := w.status(); s.InForce == first || s.InForce == sha {
		t.Errorf("in force %.7s", s.InForce)
	}
	w.review("yuki-lead", n, "APPROVE")
	w.look()
	w.holds(sha, "")
}

// TestT07SelfApproval: nobody approves what he asked for, made or gains, under
// whatever name GitHub shows him.
func TestT07SelfApproval(t *testing.T) {
	t.Parallel()
	asked := func(by string) func(w *world) int {
		return func(w *world) int {
			r := w.request(req)
			r.Asker.Entra = by
			return w.proposed(r)
		}
	}
	withstand(t, []attack{
		{"the requester approves and merges the bot's pull request", nil, func(w *world) {
			n := asked(yukiEntra)(w)
			w.review("yuki-lead", n, "APPROVE")
			_, err := w.repo.Merge("yuki-lead", n, githubemu.MergeSpec{Method: "squash", IgnoreRules: true})
			w.must(err)
		}, gitops.HaltApproval},
		{"the requester approves under a new login", nil, func(w *world) {
			n := asked(yukiEntra)(w)
			w.must(w.emu.RenameUser("yuki-lead", "somebody-else"))
			w.review("somebody-else", n, "APPROVE")
			w.merge(n, "squash")
		}, gitops.HaltApproval},
		{"the requester approves, and a stranger too", nil, func(w *world) {
			n := asked(yukiEntra)(w)
			w.review("yuki-lead", n, "APPROVE")
			w.review("stranger", n, "APPROVE")
			w.merge(n, "rebase")
		}, gitops.HaltApproval},
		{"the requester takes his name out of the pull request's text", nil, func(w *world) {
			n := asked(yukiEntra)(w)
			body, other := "nothing to see", w.request("REQ-000001")
			w.must(w.Propose(w.t.Context(), other))
			for _, p := range w.emu.State().Repos[0].Pulls {
				if p.Number != n {
					body = p.Body // signed, and Hana's
				}
			}
			w.must(w.repo.EditPull("yuki-lead", n, nil, &body, nil, nil))
			w.review("yuki-lead", n, "APPROVE")
			w.merge(n, "squash")
		}, gitops.HaltApproval},
		{"the requester approves from a second, unlinked account", nil, func(w *world) {
			n := asked(yukiEntra)(w)
			_, err := w.emu.AddUser(githubemu.User{ID: 9999, Login: "yuki-home"})
			w.must(err)
			w.must(w.repo.SetRole("yuki-home", "admin"))
			w.review("yuki-home", n, "APPROVE")
			w.merge(n, "squash")
		}, gitops.HaltApproval},
		{"who wrote it has another push it and approves", nil, func(w *world) {
			_, err := w.repo.Push("yuki-lead", githubemu.Push{Branch: "topic", Author: "hana-dev", Message: "x", Changes: map[string]*githubemu.File{devFile: w.grantLine(devFile, devGrant)}})
			w.must(err)
			n, err := w.repo.CreatePull("hana-dev", githubemu.PullSpec{Head: "topic", Title: "x"})
			w.must(err)
			w.review("yuki-lead", n, "APPROVE")
			w.merge(n, "squash")
		}, gitops.HaltApproval},
		{"who pushed it replaces his commit by force", nil, func(w *world) {
			n := w.byHand("hana-dev", "topic", nil)
			_, err := w.repo.Push("yuki-lead", githubemu.Push{Branch: "topic", Message: "x", Changes: map[string]*githubemu.File{devFile: w.grantLine(devFile, devGrant)}})
			w.must(err)
			more(w, true)
			w.review("yuki-lead", n, "APPROVE")
			w.merge(n, "squash")
		}, gitops.HaltApproval},
		{"who gains as a member of the group", nil, func(w *world) {
			w.dir.members[devGroup] = []string{hanaEntra, yukiEntra}
			n := w.proposed(w.request(req))
			w.review("yuki-lead", n, "APPROVE")
			w.merge(n, "squash")
		}, gitops.HaltApproval},
	})
}

// TestT07WhoGainsForHimself: the person of a user's grant is no approver of it,
// whoever asked; another owner is.
func TestT07WhoGainsForHimself(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.status().InForce
	r := w.request(req)
	r.Want.Principal = config.Principal{Kind: config.UserPrincipal, ID: yukiEntra}
	r.Want.PrincipalSlug, r.Want.PrincipalName = "yuki", "yuki@example.com"
	n := w.proposed(r)
	w.review("yuki-lead", n, "APPROVE")
	sha := w.merge(n, "squash")
	w.look()
	w.holds(first, gitops.HaltApproval)
	w.must(w.emu.SetTeamMember("payments-leads", "taro-data", "member"))
	w.review("taro-data", n, "APPROVE")
	w.look()
	w.holds(sha, "")
}

// TestT07ARequesterWithoutGitHubMayAsk: he needs no login, and another's
// approval is as good as for anybody (DESIGN decides so).
func TestT07ARequesterWithoutGitHubMayAsk(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.request(req)
	r.Asker.Entra = person + "99"
	n := w.proposed(r)
	w.review("yuki-lead", n, "APPROVE")
	sha := w.merge(n, "squash")
	w.look()
	w.holds(sha, "")
}

// TestT08OtherIdentities: a login proves nothing, a bot is nobody, and the map
// of people cannot be bent by the change that profits from it.
func TestT08OtherIdentities(t *testing.T) {
	t.Parallel()
	const yukiLine = "email: yuki@example.com, github: {login: yuki-lead, id: 1001}"
	mapped := func(now string) map[string]*githubemu.File {
		return map[string]*githubemu.File{"people.yaml": {Content: now}}
	}
	withstand(t, []attack{
		{"the approver's old login, taken by another", nil, func(w *world) {
			n := w.proposed(w.request(req))
			w.must(w.emu.RenameUser("yuki-lead", "yuki-married"))
			_, err := w.emu.AddUser(githubemu.User{ID: 9999, Login: "yuki-lead"})
			w.must(err)
			w.must(w.repo.SetRole("yuki-lead", "admin"))
			w.review("yuki-lead", n, "APPROVE")
			w.merge(n, "squash")
		}, gitops.HaltApproval},
		{"a bot account that people.yaml takes for the owner", map[string][2]string{"people.yaml": {"id: 1001", "id: 5001"}}, func(w *world) {
			_, err := w.emu.AddUser(githubemu.User{ID: 5001, Login: "helper[bot]", Type: "Bot"})
			w.must(err)
			w.must(w.repo.SetRole("helper[bot]", "write"))
			n := w.proposed(w.request(req))
			w.review("helper[bot]", n, "APPROVE")
			w.merge(n, "squash")
		}, gitops.HaltApproval},
		{"the change links the requester's second account to the owner", nil, func(w *world) {
			files := mapped(strings.Replace(exampleFiles(w.t)["people.yaml"], "id: 1001", "id: 4711", 1))
			files[devFile] = w.grantLine(devFile, devGrant)
			n := w.byHand("hana-dev", "topic", files)
			for _, login := range []string{"stranger", "yuki-lead", "ken-platform", "lena-platform"} {
				w.review(login, n, "APPROVE")
			}
			w.merge(n, "squash")
		}, gitops.HaltRefused},
		{"one person behind two GitHub ids, approved by all", nil, func(w *world) {
			text := exampleFiles(w.t)["people.yaml"]
			line := "  - {entra: " + yukiEntra + ", email: yuki2@example.com, github: {login: stranger, id: 4711}}\n"
			n := w.byHand("hana-dev", "topic", mapped(strings.Replace(text, "  # platform\n", line+"  # platform\n", 1)))
			for _, login := range []string{"yuki-lead", "ken-platform", "lena-platform"} {
				w.review(login, n, "APPROVE")
			}
			w.merge(n, "squash")
		}, ""},
		{"one GitHub id behind two persons, approved by all", nil, func(w *world) {
			text := exampleFiles(w.t)["people.yaml"]
			n := w.byHand("hana-dev", "topic", mapped(strings.Replace(text, yukiLine, strings.Replace(yukiLine, "1001", "1002", 1), 1)))
			for _, login := range []string{"yuki-lead", "ken-platform", "lena-platform"} {
				w.review(login, n, "APPROVE")
			}
			w.merge(n, "squash")
		}, ""},
	})
}

// TestT09ApprovalByNonOwner: who may approve is read at the base, and what is
// unknown, empty or unreadable allows nobody.
func TestT09ApprovalByNonOwner(t *testing.T) {
	t.Parallel()
	const owners = "accounts/payments-dev.yaml"
	onlyTeam := map[string][2]string{owners: {"owners: [yuki@example.com, team:payments-leads]", "owners: [team:payments-leads]"}}
	withstand(t, []attack{
		{"the team was emptied between approval and merge", onlyTeam, func(w *world) {
			w.must(w.emu.SetTeamMember("payments-leads", "yuki-lead", "member"))
			n := approvedPull(w)
			w.must(w.emu.SetTeamMember("payments-leads", "yuki-lead", ""))
			w.merge(n, "squash")
		}, gitops.HaltApproval},
		{"a team with the same slug and another number", map[string][2]string{
			owners: onlyTeam[owners], "people.yaml": {"payments-leads: {id: 1234569}", "payments-leads: {id: 7777}"},
		}, func(w *world) {
			w.must(w.emu.SetTeamMember("payments-leads", "yuki-lead", "member"))
			w.merge(approvedPull(w), "squash")
		}, gitops.HaltApproval},
		{"the owner is not linked", map[string][2]string{"people.yaml": {", github: {login: yuki-lead, id: 1001}", ""}}, func(w *world) {
			w.merge(approvedPull(w), "squash")
		}, gitops.HaltApproval},
		{"the approver of account A for a change of A and B", nil, func(w *world) {
			n := w.byHand("hana-dev", "topic", map[string]*githubemu.File{devFile: w.grantLine(devFile, devGrant+dataGrant)})
			w.review("taro-data", n, "APPROVE")
			w.merge(n, "squash")
		}, gitops.HaltApproval},
		{"everybody but the owner", nil, func(w *world) {
			n := w.proposed(w.request(req))
			for _, login := range []string{"ken-platform", "lena-platform", "mio-sec", "taro-data", "stranger", "hana-dev"} {
				w.review(login, n, "APPROVE")
			}
			w.merge(n, "squash")
		}, gitops.HaltApproval},
		{"owners that cannot be parsed", nil, func(w *world) { brokenOwners(w, "owners: [mio@example.com\n") }, ""},
		{"owners in a file over the limit", nil, func(w *world) { brokenOwners(w, "# "+strings.Repeat("x", 3<<20)+"\n") }, ""},
		{"no owners", nil, func(w *world) { brokenOwners(w, "owners: []\n") }, ""},
	})
}

// brokenOwners has payments-dev's file end in something that makes the repo
// invalid, merged by an administrator, and a grant on top that Mio approves.
func brokenOwners(w *world, tail string) {
	w.t.Helper()
	const file = "accounts/payments-dev.yaml"
	text := strings.Replace(exampleFiles(w.t)[file], "owners: [yuki@example.com, team:payments-leads]\n", "", 1)
	w.merge(w.byHand("hana-dev", "broken", map[string]*githubemu.File{file: {Content: text + tail}}), "squash")
	n := topic(w)
	w.review("mio-sec", n, "APPROVE")
	w.merge(n, "squash")
	w.look()
	if w.status().Halt != nil || len(w.status().Passed) != 2 {
		w.t.Fatalf("status %+v", w.status())
	}
}

// TestT10ChangedPolicyInTheHead: a change cannot bring along the rules it is
// judged by. Mio is in no list of approvers of payments-dev.
func TestT10ChangedPolicyInTheHead(t *testing.T) {
	t.Parallel()
	all := []string{"mio-sec", "yuki-lead", "ken-platform", "lena-platform"}
	with := func(approvers []string, path, old, now string) func(w *world) {
		return func(w *world) {
			files := map[string]*githubemu.File{devFile: w.grantLine(devFile, devGrant)}
			if path == devFile {
				files[path].Content = strings.Replace(files[path].Content, old, now, 1)
			} else if old == "" {
				files[path] = &githubemu.File{Content: now}
			} else {
				files[path] = w.file(path, old, now)
			}
			n := w.byHand("hana-dev", "topic", files)
			for _, login := range approvers {
				w.review(login, n, "APPROVE")
			}
			w.merge(n, "squash")
		}
	}
	const account, rules = "accounts/payments-dev.yaml", "aws-access.yaml"
	withstand(t, []attack{
		{"an owner of the account and an entry", nil, with(all, account, "[yuki@example.com,", "[mio@example.com, yuki@example.com,"), gitops.HaltRefused},
		{"the same, approved by the new owner only", nil, with(all[:1], account, "[yuki@example.com,", "[mio@example.com,"), gitops.HaltRefused},
		{"an owner of the group and an entry", nil, with(all, devFile, "owners: [yuki@example.com]", "owners: [mio@example.com]"), gitops.HaltRefused},
		{"a rule that passes without approval", nil, with(all, rules, "approvals: ", "approvals:\n  - {name: all, match: {permission_sets: [PowerUserAccess], at_most: 8h}, approvers: [account-owners], max_duration: 8h, auto: {per_day: 9}}\n#"), gitops.HaltRefused},
		{"a looser rule", nil, with(all, rules, "max_duration: 24h", "max_duration: 48h"), gitops.HaltRefused},
		{"fewer for the control plane", nil, with(all, rules, "control_plane: {approvers: [team:platform], count: 2}", "control_plane: {approvers: [team:platform], count: 1}"), gitops.HaltRefused},
		{"a team that means another", nil, with(all, "people.yaml", "payments-leads: {id: 1234569}", "payments-leads: {id: 7777}"), gitops.HaltRefused},
		{"a tag that brings another rule", nil, with(all, account, "{env: dev,", "{env: test,"), gitops.HaltRefused},
		{"an OU that brings another rule", nil, with(all, account, "ou: /Workloads/Dev", "ou: /Sandbox"), gitops.HaltRefused},
		{"a workflow that could answer for the check", nil, with(all, ".github/workflows/check.yml", "", "on: push\n"), gitops.HaltRefused},
		{"owners alone, approved by who becomes one", nil, func(w *world) {
			n := w.byHand("hana-dev", "topic", map[string]*githubemu.File{account: w.file(account, "[yuki@example.com,", "[mio@example.com,")})
			w.review("mio-sec", n, "APPROVE")
			w.merge(n, "squash")
		}, gitops.HaltApproval},
		{"owners alone, approved by one of two", nil, func(w *world) {
			n := w.byHand("hana-dev", "topic", map[string]*githubemu.File{account: w.file(account, "[yuki@example.com,", "[mio@example.com,")})
			w.review("ken-platform", n, "APPROVE")
			w.merge(n, "squash")
		}, gitops.HaltApproval},
	})
}

// TestT10InTwoStepsItIsAllowed: the new owner may approve once the control
// plane has made him one, and not in the same merge.
func TestT10InTwoStepsItIsAllowed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const account = "accounts/payments-dev.yaml"
	n := w.byHand("hana-dev", "owner", map[string]*githubemu.File{account: w.file(account, "[yuki@example.com,", "[mio@example.com,")})
	grant := topic(w)
	w.review("ken-platform", n, "APPROVE")
	w.review("lena-platform", n, "APPROVE")
	w.review("mio-sec", grant, "APPROVE")
	one := w.merge(n, "squash")
	two := w.merge(grant, "squash")
	w.look()
	w.holds(two, "")
	if c := w.status(); slices.Contains(c.Passed, one) {
		t.Error("the owner's commit was passed over")
	}
}

// TestT15ForgedCheck: the bot never reads statuses, and GitHub takes the check
// from the bot's App only.
func TestT15ForgedCheck(t *testing.T) {
	t.Parallel()
	withstand(t, []attack{
		{"a commit status with the check's name", nil, func(w *world) {
			n := topic(w)
			w.rest("stranger", "POST", "/statuses/"+w.head("topic"), `{"state":"success","context":"aws-access"}`, 201)
			if _, err := w.repo.Merge("hana-dev", n, githubemu.MergeSpec{Method: "squash"}); err == nil {
				w.t.Error("GitHub took another's status for the check")
			}
			w.merge(n, "squash")
		}, gitops.HaltApproval},
		{"the status on an approved head that is merged by nobody's leave", nil, func(w *world) {
			n := topic(w)
			w.review("mio-sec", n, "APPROVE")
			w.rest("mio-sec", "POST", "/statuses/"+w.head("topic"), `{"state":"success","context":"aws-access"}`, 201)
			w.merge(n, "merge")
		}, gitops.HaltApproval},
		{"a pull request that says it is the bot's", nil, func(w *world) {
			n := topic(w)
			title, body := "aws-access: approved", "check: success"
			w.must(w.repo.EditPull("hana-dev", n, &title, &body, nil, nil))
			w.must(w.repo.Comment("hana-dev", n, "<!-- aws-access -->\n### approved by yuki-lead"))
			w.merge(n, "squash")
		}, gitops.HaltApproval},
	})
}

// TestT15OurOwnCheckIsNotTrustedEither: a check that passed says nothing of a
// merge whose approval was taken back.
func TestT15OurOwnCheckIsNotTrustedEither(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.status().InForce
	n := w.proposed(w.request(req))
	id, err := w.repo.Review("yuki-lead", n, "APPROVE", "", "")
	w.must(err)
	w.clock.move(time.Second)
	w.look()
	if c := w.check(w.facts(req).Ref.Head); c.Conclusion != "success" || c.App != "access-bot" {
		t.Fatalf("check %q of %q", c.Conclusion, c.App)
	}
	w.must(w.repo.DismissReview("hana-dev", n, id, "no"))
	_, err = w.repo.Merge("hana-dev", n, githubemu.MergeSpec{Method: "squash"})
	w.must(err) // the check is still green
	w.clock.move(time.Second)
	w.look()
	w.holds(first, gitops.HaltApproval)
	if v, err := w.Verdict(t.Context(), access.ID(req)); err != nil || v == nil || v.InForce {
		t.Errorf("verdict %+v, %v", v, err)
	}
}
