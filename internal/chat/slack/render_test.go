package slack

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/chat"

	"github.com/google/go-cmp/cmp"
)

// update is read only; the flag package wants a variable.
var update = flag.Bool("update", false, "rewrite golden files")

var t0 = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

func request(s access.State) access.Request {
	return access.Request{
		ID: "REQ-7F3K2Q", Kind: access.KindGrant, State: s, Version: 2,
		Asker: access.Asker{Person: access.Person{Entra: "e", Name: "Hana"}, Chat: access.ChatUser{Platform: access.Slack, Team: "T0ACME", User: "U0HANA"}},
		Want: access.Want{
			PrincipalSlug: "aws-payments-dev", PrincipalName: "aws-payments-dev", AccountSlug: "payments-dev", AccountID: "111122224444",
			AccountName: "payments-dev", OU: "/Workloads/Dev", PermissionSet: "PowerUserAccess", Term: config.Term{For: 4 * time.Hour},
			Reason: "looking into the refund bug <!channel> *now* <https://evil|Approve>",
		},
		Channel: "C0AWS", Pull: access.PullRef{Number: 12, URL: "https://github.example/acme/config/pull/12"},
		Times: map[access.Stage]time.Time{access.StageAsked: t0, access.StageProposed: t0.Add(2 * time.Second)},
	}
}

func reached(r access.Request, stages ...access.Stage) access.Request {
	for i, s := range stages {
		r.Times[s] = t0.Add(time.Duration(i+1) * time.Minute)
	}
	return r
}

func cards() map[string]access.Request {
	waiting := request(access.StateProposed)
	waiting.Missing = []string{"1 approval by an owner of payments-dev (@yuki-lead)", "@hana-dev asked for it, so that approval does not count"}
	halted := reached(request(access.StateHalted), access.StageMerged)
	halted.Outcome = "Commit abc1234 broke the rule \"approved\". Ways out: a late approval, `bot trust abc1234`, or a commit that restores groups/aws-payments-dev.yaml."
	verified := reached(request(access.StateVerified), access.StageMerged, access.StageVerified, access.StageAssigned)
	verified.Trouble = "Entra has not synced the group yet; the regular cycle runs every 40 minutes."
	live := reached(request(access.StateLive), access.StageMerged, access.StageVerified, access.StageAssigned, access.StageSynced, access.StageCreated, access.StageReadBack)
	live.MembersSeen, live.MembersTotal, live.End = 3, 5, t0.Add(4*time.Hour)
	ended := live
	ended.State = access.StateEnded
	ended.Times = map[access.Stage]time.Time{access.StageRemoved: t0.Add(5 * time.Hour)}
	for k, v := range live.Times {
		ended.Times[k] = v
	}
	return map[string]access.Request{"waiting": waiting, "halted": halted, "verified": verified, "live": live, "ended": ended}
}

func place() chat.Place {
	return chat.Place{StartURL: "https://d-9567000000.awsapps.com/start", Region: "ap-northeast-1", Session: "8h"}
}

func golden(t *testing.T, name string, v any) {
	t.Helper()
	got, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(bytes.ReplaceAll(bytes.ReplaceAll(bytes.ReplaceAll(got, []byte(`\u003c`), []byte("<")), []byte(`\u003e`), []byte(">")), []byte(`\u0026`), []byte("&")), '\n')
	path := filepath.Join("testdata", name+".golden.json")
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("%s (-want +got):\n%s", path, d)
	}
}

func TestCardsAreRenderedAsInGoldenFiles(t *testing.T) {
	t.Parallel()
	for name, r := range cards() {
		golden(t, "card-"+name, Blocks(chat.Card(r, place())))
	}
	live := cards()["live"]
	golden(t, "reply-live", Blocks(chat.Reply(access.Notice{Kind: access.NoticeLive}, live, place())))
	golden(t, "reply-ended", Blocks(chat.Reply(access.Notice{Kind: access.NoticeEnded}, cards()["ended"], place())))
	golden(t, "form-request", Modal(chat.RequestFormFor(chat.RequestLine{Account: "payments-dev"}, "C0GEN")))
	golden(t, "form-onboard", Modal(chat.OnboardFormFor(chat.OnboardLine{Account: "444455556666", Name: "Ledger", Owners: []string{"yuki@example.com", "team:platform"}}, "C0GEN")))
	golden(t, "help", Blocks(chat.Help()))
	live.End = t0.Add(30 * time.Minute)
	golden(t, "reply-about-to-end", Blocks(chat.Reply(access.Notice{Kind: access.NoticeEnding}, live, place())))
	golden(t, "drift-card", Blocks(chat.DriftMessage(access.Notice{
		Kind: access.NoticeDrift, Drift: "DRIFT-0a1b2c3d", Text: "Drift: aws-payments-dev with ReadOnlyAccess in payments-prod (…3333) is in the config repo and was live, and is gone from AWS.",
		Acts: []access.DriftAct{access.DriftAdopt, access.DriftRevert, access.DriftSnooze},
	})))
	golden(t, "drift-list", Blocks(chat.Drifted(drifts())))
	golden(t, "sync", Blocks(chat.Synced(access.Synced{Commit: "0123456789abcdef", Live: 40, Due: 2, Waiting: 1, Started: 1, FailedReads: 1, Held: []string{"Remove x: commit y. The plan removes too much."}}, 2)))
}

// drifts are one of each kind.
func drifts() []access.Drift {
	return []access.Drift{
		{ID: "DRIFT-0a1b2c3d", Missing: true, Sentence: "aws-payments-dev with ReadOnlyAccess in payments-prod is gone from AWS.", Since: t0, Acts: []access.DriftAct{access.DriftAdopt, access.DriftRevert, access.DriftSnooze}},
		{ID: "DRIFT-4e5f6a7b", Sentence: "A user that the config repo does not know has ReadOnlyAccess in payments-prod.", Since: t0, Acts: []access.DriftAct{access.DriftSnooze}},
	}
}

// TestEveryRowOfButtonsHasAnIDOfItsOwn: Slack refuses a message otherwise, and
// one with more than fifty blocks.
func TestEveryRowOfButtonsHasAnIDOfItsOwn(t *testing.T) {
	t.Parallel()
	var many []access.Drift
	for range 60 {
		many = append(many, drifts()...)
	}
	blocks := Blocks(chat.Drifted(many))
	seen := map[string]bool{}
	for _, b := range blocks {
		id := b.ID()
		if id != "" && seen[id] {
			t.Errorf("two blocks have the id %q", id)
		}
		seen[id] = true
	}
	if len(blocks) > maxBlocks || len(seen) < 10 {
		t.Errorf("%d blocks, %d ids", len(blocks), len(seen))
	}
	last, err := json.Marshal(blocks[len(blocks)-1])
	if err != nil || !strings.Contains(string(last), "105 more") {
		t.Errorf("the end does not say how many are left out: %s, %v", last, err)
	}
}

// TestT24UserTextIsNeverMarkup: What a person wrote appears in plain_text
// only, and names from outside are escaped.
func TestT24UserTextIsNeverMarkup(t *testing.T) {
	t.Parallel()
	corpus := []string{"<!channel>", "<@U1>", "<https://evil|Approve>", "```\n*x*\n```", "{placeholder}", "\u202egnirts", strings.Repeat("&<>", 1200)}
	for _, evil := range corpus {
		r := cards()["live"]
		r.Want.Reason, r.Want.AccountName, r.Want.PrincipalName = evil, evil, evil
		r.Missing, r.Trouble, r.Outcome = []string{evil}, evil, evil
		for _, b := range Blocks(chat.Card(r, place())) {
			data, err := json.Marshal(b)
			if err != nil {
				t.Fatal(err)
			}
			var any struct {
				Text   *struct{ Type, Text string }
				Fields []struct{ Type, Text string }
			}
			if err := json.Unmarshal(data, &any); err != nil {
				continue // actions have no text object
			}
			texts := any.Fields
			if any.Text != nil {
				texts = append(texts, *any.Text)
			}
			for _, x := range texts {
				if x.Type == "mrkdwn" && (strings.Contains(x.Text, "<!channel>") || strings.Contains(x.Text, "<@U1>") || strings.Contains(x.Text, "<https://evil")) {
					t.Errorf("%q is markup in %s", evil, x.Text)
				}
				if n := len([]rune(x.Text)); n > maxSection {
					t.Errorf("text of %d characters", n)
				}
			}
		}
	}
}
