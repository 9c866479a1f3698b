package slack_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"aws-access-bot/internal/sandbox/emukit"
	"aws-access-bot/internal/sandbox/slackemu"
	"aws-access-bot/internal/store"
)

func TestAFormThatDoesNotOpenSaysSo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, store.NewMemory())
	w.kit.Faults.Add(emukit.Fault{Service: "slack", Op: "views.open", Status: 500})
	res := w.command("U0HANA", "request")
	if res.Message == nil || !strings.Contains(res.Message.Text, "did not open") || len(w.due()) != 0 {
		t.Errorf("told %+v", res.Message)
	}
}

// options are the values that type-ahead offers.
func (w *world) options(view, field, typed string) []string {
	w.t.Helper()
	res, err := w.slack.Suggest(w.t.Context(), "U0HANA", view, slackemu.Target{BlockID: field, ActionID: field}, typed)
	w.ok(err)
	if res.Error != "" || !res.Sent {
		w.t.Fatalf("type-ahead of %s: %s %v", field, res.Error, res.Problems)
	}
	out := []string{}
	for _, o := range res.Options {
		out = append(out, o.Value)
	}
	return out
}

func TestTypeAhead(t *testing.T) {
	t.Parallel()
	w := newWorld(t, store.NewMemory())
	over := map[string]string{}
	for i := range 150 {
		over[fmt.Sprintf("groups/team-%03d.yaml", i)] = fmt.Sprintf("id: 0b7e3f4c-0000-4000-8000-0000000a%04d\nname: %s %03d\naccess: []\n", i, strings.Repeat("Long name ", 11), i)
	}
	long := "m" + strings.Repeat("x", 62)
	over["accounts/"+long+".yaml"] = "id: \"444455556666\"\nname: " + strings.Repeat("字", 50) + "\nstage: sso\nou: /" + strings.Repeat(strings.Repeat("Deep", 10)+"/", 4) + "Dev\nowners: [ken@example.com]\n"
	w.entra.repo = exampleRepo(t, over)
	view := w.openForm("request")
	if got := w.options(view, "group", "pay"); !slices.Equal(got, []string{"aws-payments-dev", "aws-payments-oncall"}) {
		t.Errorf("groups with pay: %v", got)
	}
	if got := w.options(view, "group", ""); len(got) != 100 {
		t.Errorf("%d options of more than 150 groups, and Slack takes 100", len(got))
	}
	if got := w.options(view, "group", "zzz"); len(got) != 0 {
		t.Errorf("options for nothing: %v", got)
	}
	if got := w.options(view, "account", "4444 5555"); len(got) != 0 {
		t.Errorf("options for a wrong number: %v", got)
	}
	if got := w.options(view, "account", "444455556666"); !slices.Equal(got, []string{long}) {
		t.Errorf("an account with long names: %v", got)
	}
	if got := w.options(view, "permission_set", "power"); !slices.Equal(got, []string{"PowerUserAccess"}) {
		t.Errorf("permission sets: %v", got)
	}
	// T44: a guest may open a form and learns nothing from it.
	payload := `{"type":"block_suggestion","team":{"id":"T0ACME"},"user":{"id":"U0GUEST","team_id":"T0ACME"},"action_id":"group","value":""}`
	if a := w.send(w.interaction(payload)); a.Status != http.StatusOK || strings.TrimSpace(string(a.Body)) != `{"options":[]}` {
		t.Errorf("a guest gets %d %s", a.Status, a.Body)
	}
	w.kit.Faults.Add(emukit.Fault{Service: "slack", Op: "users.info", Status: 500, Times: -1})
	w.start()
	if got := w.options(view, "group", "pay"); len(got) != 0 {
		t.Errorf("while Slack is down: %v", got)
	}
}

// fill are the values of the form.
func fill(w *world, view string, edit map[string]string) map[string]map[string]slackemu.Value {
	values := map[string]string{"group": "aws-payments-dev", "account": "payments-dev", "permission_set": "PowerUserAccess", "duration": "4h", "reason": "looking"}
	for k, v := range edit {
		values[k] = v
	}
	out := map[string]map[string]slackemu.Value{}
	for field, v := range values {
		if field == "group" || field == "account" || field == "permission_set" {
			w.options(view, field, v)
			out[field] = map[string]slackemu.Value{field: {Selected: []string{v}}}
			continue
		}
		out[field] = map[string]slackemu.Value{field: {Text: v}}
	}
	return out
}

func (w *world) submit(view string, edit map[string]string) slackemu.SubmitResult {
	w.t.Helper()
	res, err := w.slack.Submit(w.t.Context(), "U0HANA", view, fill(w, view, edit))
	w.ok(err)
	if res.Error != "" {
		w.t.Fatalf("the person sees %s %v", res.Error, res.Problems)
	}
	return res
}

func TestASubmittedFormIsAskedForAndCloses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, store.NewMemory())
	view := w.openForm("request")
	if res := w.submit(view, nil); res.Action != "" || res.View != "" {
		t.Errorf("the form stays: %+v", res)
	}
	all := w.all()
	if len(all) != 1 || all[0].Origin != "C0GEN" || all[0].Channel != "C0AWS" || all[0].Want.Reason != "looking" || all[0].Want.Term.For != 4*time.Hour {
		t.Errorf("requests %+v", all)
	}
	last, _ := w.slack.Last(slackemu.KindInteraction)
	if a := w.send(last); a.Status != http.StatusOK || len(w.all()) != 1 {
		t.Errorf("a replay: %d, %d requests", a.Status, len(w.all()))
	}
}

func TestErrorsStandBesideTheirFields(t *testing.T) {
	t.Parallel()
	w := newWorld(t, store.NewMemory())
	view := w.openForm("request")
	for _, tc := range []struct{ field, value, says string }{
		{"duration", "whenever", "no length I understand"},
		{"duration", "until 2020-01-01", "has passed"},
		{"reason", "x \u202e y", "direction of text"},
	} {
		res := w.submit(view, map[string]string{tc.field: tc.value})
		if res.Action != "errors" || len(res.Errors) != 1 || !strings.Contains(res.Errors[tc.field], tc.says) {
			t.Errorf("%s %q: %+v", tc.field, tc.value, res)
		}
	}
	if len(w.all()) != 0 {
		t.Errorf("requests %+v", w.all())
	}
	// What belongs to no field is shown beside the last one.
	for i := range 5 {
		w.command("U0HANA", fmt.Sprintf("request %s ReadOnlyAccess for aws-payments-dev 4h x", []string{"payments-dev", "payments-prod", "data-lake", "orders-dev", "orders-prod"}[i]))
	}
	w.work()
	if res := w.submit(view, nil); !strings.Contains(res.Errors["reason"], "5 open requests") {
		t.Errorf("at the limit: %+v", res)
	}
}

func TestAWarningReplacesTheForm(t *testing.T) {
	t.Parallel()
	w := newWorld(t, store.NewMemory())
	w.entra.users[0].Email = "h@example.com" // not among the members any more
	res := w.submit(w.openForm("request"), nil)
	if res.Action != "update" {
		t.Fatalf("action %q", res.Action)
	}
	top := w.slack.State().Views[0]
	raw, err := json.Marshal(top.View)
	w.ok(err)
	if !strings.Contains(string(raw), "not a direct member") || !strings.Contains(string(raw), string(w.all()[0].ID)) {
		t.Errorf("the view shows %s", raw)
	}
}

// TestAFormThatCannotBeJudgedInTimeIsAnsweredLater: it is stored, and the
// answer comes in private.
func TestAFormThatCannotBeJudgedInTimeIsAnsweredLater(t *testing.T) {
	t.Parallel()
	w := newWorld(t, store.NewMemory())
	view := w.openForm("request")
	values := fill(w, view, map[string]string{"duration": "", "reason": "4h of outage"})
	w.start() // forgets who Hana is
	w.kit.Faults.Add(emukit.Fault{Service: "slack", Op: "users.info", Delay: 2 * time.Second})
	res, err := w.slack.Submit(t.Context(), "U0HANA", view, values)
	w.ok(err)
	if res.Error != "" || res.Action != "update" || len(w.all()) != 0 || len(w.due()) != 1 {
		t.Fatalf("%+v; %d requests, %d due", res, len(w.all()), len(w.due()))
	}
	w.start()
	w.work()
	if all := w.all(); len(all) != 1 || all[0].Want.Reason != "4h of outage" || all[0].Want.Term.For != 8*time.Hour {
		t.Errorf("requests %+v", all)
	}
	if heard := w.heard("U0HANA"); len(heard) != 1 || !strings.Contains(heard[0], "The pull request is being made") {
		t.Errorf("heard %v", heard)
	}
}

func TestTheFormIsPrefilledWithWhatALineSaid(t *testing.T) {
	t.Parallel()
	w := newWorld(t, store.NewMemory())
	long := strings.Repeat("x", 3000)
	view := w.openForm("request payments-prod AdministratorAccess standing " + long)
	raw, err := json.Marshal(w.slack.State().Views[0].View)
	w.ok(err)
	for _, want := range []string{`"payments-prod"`, `"AdministratorAccess"`, `"standing"`, strings.Repeat("x", 499) + "…"} {
		if !strings.Contains(string(raw), want) {
			t.Errorf("view %s: no %s in %s", view, want, raw)
		}
	}
}
