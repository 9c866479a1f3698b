package scenario

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/config/example"
	"aws-access-bot/internal/sandbox"
	"aws-access-bot/internal/sandbox/awsemu"
	"aws-access-bot/internal/sandbox/emukit"
	"aws-access-bot/internal/sandbox/githubemu"
	"aws-access-bot/internal/sandbox/slackemu"
)

const (
	request   = "REQ-7F3K2Q"
	payments  = "111122224444" // payments-dev
	devGroup  = "0b7e3f4c-0000-4000-8000-000000000011"
	glass     = "0b7e3f4c-0000-4000-8000-000000000013"
	strangers = "0b7e3f4c-0000-4000-8000-000000000099"
)

// merged is when the good pull request was merged.
func merged() time.Time { return time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC) }

// after is a time after the merge.
func after(d time.Duration) time.Time { return merged().Add(d) }

// repos are the config repo at its commits: the example, a grant of four hours
// in it, and the example again, with the grant taken out.
func repos(t *testing.T) func(string) (*config.Repo, error) {
	t.Helper()
	load := func(extra string) *config.Repo {
		fsys := fstest.MapFS{}
		err := fs.WalkDir(example.FS(), ".", func(p string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			text, err := fs.ReadFile(example.FS(), p)
			if p == "groups/aws-payments-dev.yaml" {
				text = append(text, extra...)
			}
			fsys[p] = &fstest.MapFile{Data: text, Mode: 0o644}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		repo, err := config.Load(fsys)
		if err != nil {
			t.Fatal(err)
		}
		return repo
	}
	grant := "  - account: payments-dev\n    permission_set: PowerUserAccess\n    duration: 4h\n    reason: a bug\n    request: " + request + "\n"
	all := map[string]*config.Repo{"c0": load(""), "c1": load(grant), "c2": load("")}
	return func(sha string) (*config.Repo, error) {
		if r, ok := all[sha]; ok {
			return r, nil
		}
		return nil, fmt.Errorf("there is no commit %s", sha)
	}
}

// journal is a request log in the making.
type journal []emukit.Entry

func (j *journal) add(e emukit.Entry) {
	e.Seq = int64(len(*j)) + 1
	if e.Status == 0 {
		e.Status = 200
	}
	*j = append(*j, e)
}

// body is JSON of v, which is plain data.
func body(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		return err.Error() // unreachable
	}
	return string(data)
}

type object = map[string]any

func operation(op string, at time.Time, group, account, set string) emukit.Entry {
	return emukit.Entry{Service: "aws", Op: op, Method: "POST", Time: at, Request: body(object{
		"TargetId": account, "PermissionSetArn": set, "PrincipalType": "GROUP", "PrincipalId": group,
	})}
}

func create(at time.Time) emukit.Entry {
	return operation("CreateAccountAssignment", at, "g11", payments, "arn:power")
}

func remove(at time.Time) emukit.Entry {
	return operation("DeleteAccountAssignment", at, "g11", payments, "arn:power")
}

// listed is one page of the assignments of PowerUserAccess in payments-dev.
func listed(at time.Time, token, next string, groups ...string) emukit.Entry {
	list := []object{}
	for _, g := range groups {
		list = append(list, object{"AccountId": payments, "PermissionSetArn": "arn:power", "PrincipalType": "GROUP", "PrincipalId": g})
	}
	in := object{"AccountId": payments, "PermissionSetArn": "arn:power"}
	if token != "" {
		in["NextToken"] = token
	}
	out := object{"AccountAssignments": list}
	if next != "" {
		out["NextToken"] = next
	}
	return emukit.Entry{Service: "aws", Op: "ListAccountAssignments", Method: "POST", Time: at, Request: body(in), Response: body(out)}
}

func says(at time.Time, text string) emukit.Entry {
	return emukit.Entry{Service: "slack", Op: "chat.postMessage", Method: "POST", Time: at, Request: url.Values{"text": {text}}.Encode() + "&token=" + blot}
}

func graph(at time.Time, path string, in any) emukit.Entry {
	return emukit.Entry{Service: "graph", Op: "POST " + path, Method: "POST", Path: "/graph/v1.0" + path, Time: at, Request: body(in)}
}

func assign(at time.Time, group string) emukit.Entry {
	return graph(at, "/servicePrincipals/x/appRoleAssignedTo", object{"principalId": group})
}

func unassign(at time.Time, id string) emukit.Entry {
	e := graph(at, "/servicePrincipals/x/appRoleAssignedTo/"+id, object{})
	e.Method = "DELETE"
	return e
}

func demand(at time.Time, group string) emukit.Entry {
	return graph(at, "/servicePrincipals/x/synchronization/jobs/y/provisionOnDemand", object{
		"parameters": []object{{"subjects": []object{{"objectId": group, "objectTypeName": "Group"}}}},
	})
}

// message is one of the bot's in the channel.
func message(key, text string, replies ...slackemu.MessageState) slackemu.MessageState {
	return slackemu.MessageState{Message: slackemu.Message{Text: text, Metadata: &slackemu.Metadata{
		EventType: "aws_access_bot", EventPayload: json.RawMessage(body(object{"key": key})),
	}}, Replies: replies}
}

// good is the evidence of a grant that was made and taken away as it should be.
func good(t *testing.T) *Evidence {
	t.Helper()
	verdicts, err := ParseVerdicts("pull 1: good\npull 2: good")
	if err != nil {
		t.Fatal(err)
	}
	first, second := merged(), after(time.Hour)
	ev := &Evidence{Verdicts: verdicts, Marks: map[string]time.Time{}, Repo: repos(t), Log: "level=INFO msg=serving", Secrets: []string{"a-very-secret-value"}}
	ev.State = sandbox.State{
		SeedCommit: "c0",
		AWS: &awsemu.State{
			ManagementAccount: "999999999999",
			PermissionSets:    []awsemu.PermissionSetState{{ARN: "arn:power", Name: "PowerUserAccess"}, {ARN: "arn:admin", Name: "AdministratorAccess"}},
			Groups:            []awsemu.GroupState{{ID: "g11", ExternalID: devGroup}, {ID: "g13", ExternalID: glass}},
		},
		GitHub: &githubemu.State{Repos: []githubemu.RepoState{{
			Commits: []githubemu.CommitState{{SHA: "c2", At: second, Message: "Merge 2"}, {SHA: "c1", At: first, Message: "Merge 1"}, {SHA: "c0", Message: "Seed"}},
			Pulls: []githubemu.PullState{
				{Number: 1, Author: "acme[bot]", Head: "access/" + request, State: "merged", Merged: &first, MergeSHA: "c1"},
				{Number: 2, Author: "acme[bot]", Head: "access/REQ-9KD0M4", State: "merged", Merged: &second, MergeSHA: "c2"},
			},
		}}},
		Slack: &slackemu.State{Channels: []slackemu.ChannelState{{Messages: []slackemu.MessageState{
			message(request, "card", message(request+"/live", "is live")), message("REQ-9KD0M4", "card"),
		}}}},
	}
	var j journal
	for _, e := range []emukit.Entry{
		assign(after(time.Second), devGroup), demand(after(2*time.Second), devGroup), create(after(3 * time.Second)),
		listed(after(4*time.Second), "", "t", "g13"), listed(after(4*time.Second), "t", "", "g11"),
		says(after(5*time.Second), request+": PowerUserAccess is live."),
		remove(second.Add(time.Second)), listed(second.Add(2*time.Second), "", "", "g13"),
		says(second.Add(3*time.Second), request+" has ended; AWS no longer lists it"),
		says(second.Add(3*time.Second), "REQ-9KD0M4: AWS no longer lists it"),
	} {
		j.add(e)
	}
	ev.Journal = j
	ev.Settled = int64(len(j))
	return ev
}

// rules are the rules that a check finds broken, each once.
func rules(t *testing.T, ev *Evidence) []Rule {
	t.Helper()
	found, err := Check(*ev)
	if err != nil {
		t.Fatal(err)
	}
	var out []Rule
	for _, f := range found {
		if !slices.Contains(out, f.Rule) {
			out = append(out, f.Rule)
		}
	}
	return out
}

func TestWhatTheBotAssignedAndNothingNeedsMayBeTakenOutOfTheApplication(t *testing.T) {
	t.Parallel()
	ev := good(t)
	made := assign(after(time.Minute), strangers)
	made.Status, made.Response = 201, body(object{"id": "z"})
	ev.insert(1, made, unassign(after(2*time.Hour), "z"))
	if got := rules(t, ev); !slices.Equal(got, []Rule{RuleAssign}) {
		t.Errorf("found %v, want only that it was assigned at all", got)
	}
}

func TestWhatNobodyDeclaredMayBeRemovedInPhase3WithDriftRevert(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		phase config.Phase
		drift config.DriftMode
		want  []Rule
	}{{3, config.DriftRevert, nil}, {3, config.DriftReport, []Rule{RuleDelete}}, {2, config.DriftRevert, []Rule{RuleDelete}}} {
		ev := good(t)
		read := ev.Repo
		ev.Repo = func(sha string) (*config.Repo, error) {
			r, err := read(sha)
			if err != nil {
				return nil, err
			}
			changed := *r
			changed.Access.Phase, changed.Access.Drift = tt.phase, tt.drift
			return &changed, nil
		}
		ev.insert(7, operation("DeleteAccountAssignment", after(time.Hour+time.Second), "g13", payments, "arn:power"))
		if got := rules(t, ev); !slices.Equal(got, tt.want) {
			t.Errorf("phase %d, drift %s: found %v, want %v", tt.phase, tt.drift, got, tt.want)
		}
	}
}

func TestWhatAGroupLeftUnderAnEarlierIDMayBeRemovedThoughItIsDesired(t *testing.T) {
	t.Parallel()
	orphan := operation("DeleteAccountAssignment", after(10*time.Minute), "g11-old", payments, "arn:power")
	seen := emukit.Entry{Service: "aws", Op: "DescribeGroup", Method: "POST", Time: merged(), Response: body(object{
		"GroupId": "g11-old", "ExternalIds": []object{{"Issuer": "x", "Id": devGroup}}})}
	ev := good(t)
	ev.insert(6, orphan)
	if got := rules(t, ev); !slices.Contains(got, RuleDelete) {
		t.Errorf("an unknown id: found %v", got)
	}
	ev = good(t)
	ev.insert(6, orphan)
	ev.insert(0, seen)
	if got := rules(t, ev); len(got) != 0 {
		t.Errorf("found %v", got)
	}
}

func TestGoodEvidenceHasNoFindings(t *testing.T) {
	t.Parallel()
	ev := good(t)
	ev.insert(0, emukit.Entry{Time: ev.Journal[0].Time, Method: "POST", Service: "aws", Op: "AssumeRole", Request: "RoleArn=r", Response: blot + " " + blot})
	found, err := Check(*ev)
	if err != nil || len(found) > 0 {
		t.Fatalf("%v %v", found, err)
	}
}

// insert puts entries before the nth of the journal.
func (ev *Evidence) insert(n int, entries ...emukit.Entry) {
	list := slices.Insert(slices.Clone(ev.Journal), n, entries...)
	for i := range list {
		list[i].Seq, list[i].Status = int64(i)+1, cmp.Or(list[i].Status, 200)
	}
	ev.Journal, ev.Settled = list, int64(len(list))
}

// drop takes the nth entry out.
func (ev *Evidence) drop(n int) {
	ev.Journal = slices.Delete(slices.Clone(ev.Journal), n, n+1)
	ev.insert(0)
}

// setWrite puts a write of a permission set into the journal.
func setWrite(op, body string) func(*Evidence) {
	return func(ev *Evidence) {
		ev.insert(3, emukit.Entry{Service: "aws", Op: op, Method: "POST", Time: after(3 * time.Second), Request: body})
	}
}

// TestWhatAFileSaysOfASetMayBeWritten, as the rules above would not catch.
func TestWhatAFileSaysOfASetMayBeWritten(t *testing.T) {
	t.Parallel()
	for op, body := range map[string]string{
		"UpdatePermissionSet":                `{"PermissionSetArn":"arn:power","SessionDuration":"PT8H"}`,
		"AttachManagedPolicyToPermissionSet": `{"PermissionSetArn":"arn:power","ManagedPolicyArn":"arn:aws:iam::aws:policy/PowerUserAccess"}`,
		"ProvisionPermissionSet":             `{"PermissionSetArn":"arn:power"}`,
		"TagResource":                        `{"ResourceArn":"arn:power"}`,
	} {
		ev := good(t)
		setWrite(op, body)(ev)
		found, err := Check(*ev)
		if err != nil || len(found) != 0 {
			t.Errorf("%s: %v, %v", op, found, err)
		}
	}
}

// TestEachRuleIsCaughtAlone breaks one thing at a time.
func TestEachRuleIsCaughtAlone(t *testing.T) {
	t.Parallel()
	hub := func(ev *Evidence) *githubemu.RepoState { return &ev.State.GitHub.Repos[0] }
	channel := func(ev *Evidence) *slackemu.ChannelState { return &ev.State.Slack.Channels[0] }
	tests := []struct {
		name  string
		wreck func(ev *Evidence)
		want  Rule
	}{
		{"a merge without a verdict", func(ev *Evidence) {
			hub(ev).Pulls = append(hub(ev).Pulls, githubemu.PullState{Number: 3, State: "merged", Merged: hub(ev).Pulls[0].Merged, MergeSHA: "c3"})
		}, RuleVerdict},
		{"a push without a verdict", func(ev *Evidence) {
			hub(ev).Commits = append([]githubemu.CommitState{{SHA: "c3", Message: "Quick fix"}}, hub(ev).Commits...)
		}, RuleVerdict},
		{"a verdict on what was never merged", func(ev *Evidence) { ev.Verdicts.Pulls[3] = Verdict{Good: true} }, RuleVerdict},
		{"created before the merge", func(ev *Evidence) { ev.Journal[2].Time = after(-time.Second) }, RuleCreate},
		{"created long after it was taken out", func(ev *Evidence) {
			ev.insert(7, create(after(time.Hour+lag+time.Second)))
		}, RuleCreate},
		{"created after its end", func(ev *Evidence) {
			ev.Verdicts.Pulls[2] = Verdict{Reason: "bad"}
			ev.Journal = ev.Journal[:6]
			ev.insert(6, create(after(4*time.Hour+time.Second)))
		}, RuleCreate},
		{"created in another account", func(ev *Evidence) {
			ev.insert(3, operation("CreateAccountAssignment", after(3*time.Second), "g11", "111122223333", "arn:power"))
		}, RuleCreate},
		{"created for an unknown principal", func(ev *Evidence) {
			ev.insert(3, operation("CreateAccountAssignment", after(3*time.Second), "g99", payments, "arn:power"))
		}, RuleCreate},
		{"created though the answer was an error", func(ev *Evidence) {
			e := operation("CreateAccountAssignment", after(3*time.Second), "g13", payments, "arn:power")
			e.Status, e.Fault = 500, "lost"
			ev.insert(3, e)
		}, RuleCreate},
		{"a stranger's group assigned to the application", func(ev *Evidence) { ev.insert(0, assign(after(time.Second), strangers)) }, RuleAssign},
		{"a stranger's group provisioned", func(ev *Evidence) { ev.insert(0, demand(after(time.Second), strangers)) }, RuleDemand},
		{"somebody else's assignment to the application taken away", func(ev *Evidence) { ev.insert(1, unassign(after(2*time.Hour), "z")) }, RuleUnassign},
		{"the bot's own taken away while it is needed", func(ev *Evidence) {
			ev.Journal[0].Status, ev.Journal[0].Response = 201, body(object{"id": "z"})
			ev.insert(1, unassign(after(30*time.Minute), "z"))
		}, RuleUnassign},
		{"another thing deleted in Graph", func(ev *Evidence) {
			e := unassign(after(time.Second), "z")
			e.Path = "/graph/v1.0/groups/" + devGroup
			ev.insert(0, e)
		}, RuleOtherWrite},
		{"another operation of AWS", func(ev *Evidence) {
			ev.insert(0, emukit.Entry{Service: "aws", Op: "DeletePermissionSet", Method: "POST", Time: after(0), Request: "{}"})
		}, RuleOtherWrite},
		{"a permission set that no commit declares", setWrite("CreatePermissionSet", `{"Name":"Other","SessionDuration":"PT1H"}`), RuleSet},
		{"a session that no file says", setWrite("UpdatePermissionSet", `{"PermissionSetArn":"arn:power","SessionDuration":"PT12H"}`), RuleSet},
		{"a policy that no file has", setWrite("AttachManagedPolicyToPermissionSet", `{"PermissionSetArn":"arn:power","ManagedPolicyArn":"arn:aws:iam::aws:policy/AdministratorAccess"}`), RuleSet},
		{"a policy taken away that the file has", setWrite("DetachManagedPolicyFromPermissionSet", `{"PermissionSetArn":"arn:power","ManagedPolicyArn":"arn:aws:iam::aws:policy/PowerUserAccess"}`), RuleSet},
		{"a permission set provisioned before the commit", func(ev *Evidence) {
			ev.insert(0, emukit.Entry{Service: "aws", Op: "ProvisionPermissionSet", Method: "POST", Time: after(-1000 * time.Hour), Request: `{"PermissionSetArn":"arn:other"}`})
		}, RuleSet},
		{"deleted what nobody declared", func(ev *Evidence) {
			ev.insert(7, operation("DeleteAccountAssignment", after(time.Hour+time.Second), "g13", payments, "arn:power"))
		}, RuleDelete},
		{"deleted before it was ever desired", func(ev *Evidence) {
			ev.insert(0, remove(after(-time.Minute)))
		}, RuleDelete},
		{"deleted while it is desired", func(ev *Evidence) { ev.insert(6, remove(after(time.Minute))) }, RuleDesired},
		{"live before any listing", func(ev *Evidence) { ev.drop(4); ev.drop(3) }, RuleLive},
		{"live after a listing without it", func(ev *Evidence) {
			ev.insert(5, listed(after(4*time.Second), "", "", "g13"))
		}, RuleLive},
		{"live in an edit", func(ev *Evidence) {
			e := says(after(2*time.Second), request+" – Live: 3 of 3")
			e.Op = "chat.update"
			ev.insert(2, e)
		}, RuleLive},
		{"live in the blocks", func(ev *Evidence) {
			e := says(after(2*time.Second), request)
			e.Request = url.Values{"text": {request}, "blocks": {`[{"type":"section","text":{"type":"mrkdwn","text":"✅ *Live*"}}]`}}.Encode()
			ev.insert(2, e)
		}, RuleLive},
		{"live after half a listing", func(ev *Evidence) {
			ev.drop(4)
			ev.drop(3)
			ev.insert(3, listed(after(4*time.Second), "", "t", "g11"))
		}, RuleLive},
		{"live by a bad commit", func(ev *Evidence) { ev.insert(0, says(after(0), "REQ-000000 is live")) }, RuleLive},
		{"ended while it is listed", func(ev *Evidence) { ev.drop(7) }, RuleEnded},
		{"a second pull request", func(ev *Evidence) {
			hub(ev).Pulls = append(hub(ev).Pulls, githubemu.PullState{Number: 3, Author: "acme[bot]", Head: "access/" + request, State: "open"})
		}, RulePull},
		{"no root message", func(ev *Evidence) { channel(ev).Messages = channel(ev).Messages[:1] }, RuleRoot},
		{"a second root message", func(ev *Evidence) {
			channel(ev).Messages = append(channel(ev).Messages, message(request, "card"))
		}, RuleMessage},
		{"a reply said twice", func(ev *Evidence) {
			m := &channel(ev).Messages[0]
			m.Replies = append(m.Replies, m.Replies[0])
		}, RuleMessage},
		{"a second comment", func(ev *Evidence) {
			hub(ev).Pulls[0].Comments = []githubemu.CommentState{{By: "acme[bot]"}, {By: "yuki"}, {By: "acme[bot]"}}
		}, RuleComment},
		{"a secret in the log", func(ev *Evidence) { ev.Log += " token=a-very-secret-value" }, RuleSecret},
		{"a secret in a message", func(ev *Evidence) {
			channel(ev).Messages[1].Text = "a-very-secret-value"
		}, RuleSecret},
		{"a secret in a pull request", func(ev *Evidence) { hub(ev).Pulls[0].Body = "a-very-secret-value" }, RuleSecret},
		{"a secret in a request", func(ev *Evidence) { ev.Journal[3].Path += "?x=a-very-secret-value" }, RuleSecret},
		{"a blotted secret in a request", func(ev *Evidence) { ev.Journal[3].Path += "?x=" + blot }, RuleSecret},
		{"a secret in a request for a role", func(ev *Evidence) {
			ev.insert(0, emukit.Entry{Time: ev.Journal[0].Time, Method: "POST", Service: "aws", Op: "AssumeRole", Request: "RoleArn=" + blot, Response: blot + blot})
		}, RuleSecret},
		{"two tokens in one request to Slack", func(ev *Evidence) { ev.Journal[5].Path = "/x?token=" + blot }, RuleSecret},
		{"a write after all was settled", func(ev *Evidence) { ev.Settled = 6 }, RuleRestless},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ev := good(t)
			tt.wreck(ev)
			if got := rules(t, ev); len(got) != 1 || got[0] != tt.want {
				t.Errorf("rules %q, want %q alone", got, tt.want)
			}
		})
	}
}

// TestRulesThatComeTogether: what touches the management account or protected
// access is never explained by a commit either, since a good one does not say
// so.
func TestRulesThatComeTogether(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		entry emukit.Entry
		want  []Rule
	}{
		{"created in the management account", operation("CreateAccountAssignment", after(3*time.Second), "g11", "999999999999", "arn:power"), []Rule{RuleManagement, RuleCreate}},
		{"deleted protected access", operation("DeleteAccountAssignment", after(3*time.Second), "g13", payments, "arn:admin"), []Rule{RuleDesired, RuleProtected}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ev := good(t)
			ev.insert(3, tt.entry)
			if got := rules(t, ev); !slices.Equal(got, tt.want) {
				t.Errorf("rules %q, want %q", got, tt.want)
			}
		})
	}
}

// TestAMarkDelaysACommit: what a late approval makes good is not good before.
func TestAMarkDelaysACommit(t *testing.T) {
	t.Parallel()
	ev := good(t)
	ev.Verdicts.Pulls[1] = Verdict{Good: true, From: "approved"}
	if _, err := Check(*ev); err == nil || !strings.Contains(err.Error(), `no mark "approved"`) {
		t.Errorf("without the mark: %v", err)
	}
	ev.Marks["approved"] = after(0)
	if got := rules(t, ev); len(got) > 0 {
		t.Errorf("marked at the merge: %q", got)
	}
	ev.Marks["approved"] = after(4 * time.Second)
	if got := rules(t, ev); !slices.Equal(got, []Rule{RuleCreate}) {
		t.Errorf("marked after the creation: %q", got)
	}
}

// TestACommitThatCannotBeReadIsAnError: it is not taken for one that desires
// nothing.
func TestACommitThatCannotBeReadIsAnError(t *testing.T) {
	t.Parallel()
	ev := good(t)
	ev.State.GitHub.Repos[0].Pulls[0].MergeSHA = "c9"
	if _, err := Check(*ev); err == nil || !strings.Contains(err.Error(), "c9") {
		t.Errorf("error %v", err)
	}
	for _, op := range []int{0, 1, 2, 3} {
		ev := good(t)
		ev.Journal[op].Request = "nonsense"
		if _, err := Check(*ev); err == nil {
			t.Errorf("entry %d makes no sense and was taken", op)
		}
	}
}
