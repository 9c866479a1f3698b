// Package chattest has the messages and forms that every chat adapter renders in
// its golden files, so that all show the same.
package chattest

import (
	"fmt"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/chat"
)

// start is when everything begins.
func start() time.Time { return time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC) }

// request is a request in a state.
func request(u access.ChatUser, s access.State) access.Request {
	return access.Request{
		ID: "REQ-7F3K2Q", Kind: access.KindGrant, State: s, Version: 2,
		Asker: access.Asker{Person: access.Person{Entra: "e", Name: "Hana"}, Chat: u},
		Want: access.Want{
			PrincipalSlug: "aws-payments-dev", PrincipalName: "aws-payments-dev", AccountSlug: "payments-dev", AccountID: "111122224444",
			AccountName: "payments-dev", OU: "/Workloads/Dev", PermissionSet: "PowerUserAccess", Term: config.Term{For: 4 * time.Hour},
			Reason: "looking into the refund bug <!channel> *now* <https://evil|Approve>",
		},
		Channel: "C0AWS", Pull: access.PullRef{Number: 12, URL: "https://github.example/acme/config/pull/12"},
		Times: map[access.Stage]time.Time{access.StageAsked: start(), access.StageProposed: start().Add(2 * time.Second)},
	}
}

// reached adds stages, a minute after the other.
func reached(r access.Request, stages ...access.Stage) access.Request {
	for i, s := range stages {
		r.Times[s] = start().Add(time.Duration(i+1) * time.Minute)
	}
	return r
}

// Requests are requests that people see, by name: asked by u, with words in them
// that would be markup in one chat or another.
func Requests(u access.ChatUser) map[string]access.Request {
	waiting := request(u, access.StateProposed)
	waiting.Missing = []string{"1 approval by an owner of payments-dev (@yuki-lead)", "@hana-dev asked for it, so that approval does not count"}
	halted := reached(request(u, access.StateHalted), access.StageMerged)
	halted.Outcome = "Commit abc1234 broke the rule \"approved\". Ways out: a late approval, `bot trust abc1234`, or a commit that restores groups/aws-payments-dev.yaml."
	verified := reached(request(u, access.StateVerified), access.StageMerged, access.StageVerified, access.StageAssigned)
	verified.Trouble = "Entra has not synced the group yet; the regular cycle runs every 40 minutes."
	live := reached(request(u, access.StateLive), access.StageMerged, access.StageVerified, access.StageAssigned, access.StageSynced, access.StageCreated, access.StageReadBack)
	live.MembersSeen, live.MembersTotal, live.End = 3, 5, start().Add(4*time.Hour)
	ended := live
	ended.State = access.StateEnded
	ended.Times = map[access.Stage]time.Time{access.StageRemoved: start().Add(5 * time.Hour)}
	for k, v := range live.Times {
		ended.Times[k] = v
	}
	return map[string]access.Request{"waiting": waiting, "halted": halted, "verified": verified, "live": live, "ended": ended}
}

// Place is where they are used.
func Place() chat.Place {
	return chat.Place{StartURL: "https://d-9567000000.awsapps.com/start", Region: "ap-northeast-1", Session: "8h"}
}

// Drifts are one of each kind.
func Drifts() []access.Drift {
	return []access.Drift{
		{ID: "DRIFT-0a1b2c3d", Missing: true, Sentence: "aws-payments-dev with ReadOnlyAccess in payments-prod is gone from AWS.", Since: start(), Acts: []access.DriftAct{access.DriftAdopt, access.DriftRevert, access.DriftSnooze}},
		{ID: "DRIFT-4e5f6a7b", Sentence: "A user that the config repo does not know has ReadOnlyAccess in payments-prod.", Since: start(), Acts: []access.DriftAct{access.DriftSnooze}},
	}
}

// onboarded makes a live request the one that brought an account in.
func onboarded(r access.Request) access.Request {
	r.Kind, r.State, r.Want.Onboard = access.KindOnboard, access.StateDone, &access.Onboarding{Slug: "payments-prod"}
	return r
}

// Cutovers are what is told of old access that was taken away, by name.
func Cutovers() map[string]access.Notice {
	const id, items = "CUT-0a1b2c3d", "• aws-payments-admins with AdministratorAccess in payments-prod (…3333)\n• aws-payments-dev with PowerUserAccess in payments-prod (…3333)"
	until := start().Add(30 * time.Minute)
	return map[string]access.Notice{
		"asked":        {Kind: access.NoticeStillIn, Cutover: id, Until: until, Text: items},
		"confirmed":    {Kind: access.NoticeConfirmed, Cutover: id, Text: "Yuki <!channel>"},
		"rolling-back": {Kind: access.NoticeRollingBack, Cutover: id, Until: until, Text: items},
		"rolled-back": {Kind: access.NoticeRolledBack, Cutover: id, Text: items + ": not put back, since 4 people have joined the group meanwhile (<!channel>@example.com, hana@example.com, ken@example.com and 1 more); 3 were in it when the access was taken away\n" +
			"To put back what is left because of who joined would give it to people who did not have it. Ask yuki@example.com, team:payments-leads who of them should: take out of the group in Entra who should not, and ask for the access with `/aws-access request`, whose approvers are shown who is in the group."},
		"not-put-back": {Kind: access.NoticeNotPutBack, Cutover: id, Text: "• aws-payments-dev with PowerUserAccess in payments-prod (…3333): not put back, since Entra has no such group any more"},
		"withdrawn":    {Kind: access.NoticeWithdrawn, Cutover: id},
	}
}

// BoardOf is a board with n accounts at every step, of which names and what they
// wait for are what people and AWS wrote.
func BoardOf(n int, name, why string) access.Board {
	b := access.Board{At: start(), Looked: start(), Phase: config.Grow, Next: config.Consolidated, Features: access.ConsolidatedBilling, Steps: map[access.BoardStep]int{}, Trouble: why}
	for _, s := range access.BoardSteps() {
		for i := range n {
			b.Accounts = append(b.Accounts, access.BoardAccount{
				ID: fmt.Sprintf("%012d", i), Name: name, Step: s, OU: "/" + name, Owners: []string{name, name, name, name}, Days: i, Blocker: why, Ready: s == access.BoardWaiting,
				IAMUsers: &access.BoardIAM{Total: i, Trouble: why},
			})
			b.Handshakes = append(b.Handshakes, access.BoardHandshake{ID: "h", Account: name, Action: access.ActionInvite, Expires: start().Add(time.Hour)}, access.BoardHandshake{ID: "h", Account: name, Action: "ENABLE_ALL_FEATURES", Expires: start()})
			b.Ahead = append(b.Ahead, access.BoardLine{Result: access.PreflightBlock, Sentence: name + why}, access.BoardLine{Result: access.PreflightUnknown, Sentence: why})
		}
		b.Steps[s] = n
	}
	b.Total, b.In, b.IAMCounted = len(b.Accounts), n, 1
	return b
}

// Messages are messages of every kind, by name.
func Messages(u access.ChatUser) map[string]chat.Message {
	out := map[string]chat.Message{}
	all := Requests(u)
	for name, r := range all {
		out["card-"+name] = chat.Card(r, Place())
	}
	live, soon := all["live"], all["live"]
	soon.End = start().Add(30 * time.Minute)
	out["reply-live"] = chat.Reply(access.Notice{Kind: access.NoticeLive}, live, Place())
	out["reply-ended"] = chat.Reply(access.Notice{Kind: access.NoticeEnded}, all["ended"], Place())
	out["reply-about-to-end"] = chat.Reply(access.Notice{Kind: access.NoticeEnding}, soon, Place())
	out["help"] = chat.Help(u.Platform, access.Slack, access.Teams)
	out["drift-card"] = chat.DriftMessage(access.Notice{
		Kind: access.NoticeDrift, Drift: "DRIFT-0a1b2c3d", Text: "Drift: aws-payments-dev with ReadOnlyAccess in payments-prod (…3333) is in the config repo and was live, and is gone from AWS.",
		Acts: []access.DriftAct{access.DriftAdopt, access.DriftRevert, access.DriftSnooze},
	})
	out["drift-put-back"] = chat.DriftMessage(access.Notice{
		Kind: access.NoticeDrift, Drift: "DRIFT-0a1b2c3d", Text: "Drift: aws-payments-dev has PowerUserAccess in payments-prod (…3333) in AWS: commit 0123456789 took it away, nobody confirmed by 2026-11-23T09:30:00Z that people are still in, and the bot put it back.",
		Acts: []access.DriftAct{access.DriftAdopt, access.DriftRemove, access.DriftSnooze},
	})
	onboarded := onboarded(live)
	for name, n := range Cutovers() {
		out["cutover-"+name] = chat.Reply(n, onboarded, Place())
	}
	out["cutover-ops"] = chat.CutoverMessage(Cutovers()["asked"], nil)
	out["drift-list"] = chat.Drifted(Drifts())
	out["sync"] = chat.Synced(access.Synced{Commit: "0123456789abcdef", Live: 40, Due: 2, Waiting: 1, Started: 1, FailedReads: 1, Held: []string{"Remove x: commit y. The plan removes too much."}}, 2)
	out["board"] = chat.BoardMessage(BoardOf(1, "made *by* <!channel>", "It waits for <https://evil|you>."), true)
	return out
}

// Forms are the forms, by name.
func Forms() map[string]chat.Form {
	return map[string]chat.Form{
		"form-request": chat.RequestFormFor(chat.RequestLine{Account: "payments-dev"}, "C0GEN"),
		"form-onboard": chat.OnboardFormFor(chat.OnboardLine{Account: "444455556666", Name: "Ledger", Owners: []string{"yuki@example.com", "team:platform"}}, "C0GEN"),
	}
}
