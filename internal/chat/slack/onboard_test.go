package slack_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/chat"
	"aws-access-bot/internal/sandbox/slackemu"
	"aws-access-bot/internal/store"
)

const ledger = "444455556666"

// organization is AWS with one member account.
type organization struct{}

func (organization) Account(_ context.Context, id string) (access.EstateAccount, error) {
	if id != ledger {
		return access.EstateAccount{ID: id}, nil
	}
	return access.EstateAccount{ID: id, Name: "Ledger", Member: true, State: "ACTIVE", OU: "/"}, nil
}

func (organization) View(context.Context) (access.EstateView, error) {
	return access.EstateView{Features: access.AllFeatures, OUs: []string{"/", "/Workloads", "/Workloads/Dev"}}, nil
}

func (organization) Preflight(context.Context, *config.Repo, *config.Repo, *config.Account) (access.Preflight, error) {
	return access.Preflight{}, nil
}

// onboardForm opens the form with /aws-onboard as somebody.
func (w *world) onboardForm(user, text string) string {
	w.t.Helper()
	res, err := w.slack.Command(w.t.Context(), user, "C0GEN", "/aws-onboard", text)
	w.ok(err)
	if res.Error != "" || len(res.Problems) > 0 {
		w.t.Fatalf("/aws-onboard %s: %s %v", text, res.Error, res.Problems)
	}
	views := w.slack.State().Views
	if len(views) == 0 {
		w.t.Fatalf("no form is open: %+v", res.Message)
	}
	id, _ := views[len(views)-1].View["id"].(string)
	return id
}

// onboardValues fills the form in.
func (w *world) onboardValues(view, ou string, owners ...string) map[string]map[string]slackemu.Value {
	w.options(view, access.FieldOU, "")
	w.options(view, access.FieldOwners, "")
	return map[string]map[string]slackemu.Value{
		access.FieldOU:     {access.FieldOU: {Selected: []string{ou}}},
		access.FieldOwners: {access.FieldOwners: {Selected: owners}},
	}
}

// TestOnboardingByTheForm: prefilled with what AWS says, several owners by
// type-ahead, and refusals beside their fields while it is open.
func TestOnboardingByTheForm(t *testing.T) {
	t.Parallel()
	w := newWorld(t, store.NewMemory())
	w.desk.Service.Estate = organization{}
	view := w.onboardForm("U0HANA", ledger)
	raw, err := json.Marshal(w.slack.State().Views[0].View)
	w.ok(err)
	if !strings.Contains(string(raw), `"initial_value":"Ledger"`) {
		t.Errorf("the name is not prefilled: %s", raw)
	}
	if d := cmp.Diff([]string{"/Workloads", "/Workloads/Dev"}, w.options(view, access.FieldOU, "/w")); d != "" {
		t.Errorf("OUs (-want +got):\n%s", d)
	}
	if got := w.options(view, access.FieldOwners, "pay"); !cmp.Equal(got, []string{"team:payments-leads"}) {
		t.Errorf("owners %q", got)
	}
	res, err := w.slack.Submit(t.Context(), "U0HANA", view, map[string]map[string]slackemu.Value{
		"account": {"account": {Text: "999999999999"}}, access.FieldOwners: w.onboardValues(view, "/", "yuki@example.com")[access.FieldOwners],
	})
	w.ok(err)
	if !strings.Contains(res.Errors["account"], "management account") {
		t.Fatalf("errors %+v", res)
	}
	values := w.onboardValues(view, "/Workloads/Dev", "yuki@example.com", "team:payments-leads")
	values["account"] = map[string]slackemu.Value{"account": {Text: ledger}}
	res, err = w.slack.Submit(t.Context(), "U0HANA", view, values)
	w.ok(err)
	if res.Error != "" || res.View != "" {
		t.Fatalf("the form stays: %+v", res)
	}
	all := w.all()
	if len(all) != 1 || all[0].Kind != access.KindOnboard || all[0].Origin != "C0GEN" || all[0].Want.OU != "/Workloads/Dev" ||
		!cmp.Equal(all[0].Want.Onboard.Owners, []string{"yuki@example.com", "team:payments-leads"}) {
		t.Fatalf("requests %+v", all)
	}

	// The second one is shown the first.
	view = w.onboardForm("U0KEN", ledger)
	for _, field := range []string{access.FieldOU, access.FieldOwners} {
		_, err := w.slack.Suggest(t.Context(), "U0KEN", view, slackemu.Target{BlockID: field, ActionID: field}, "")
		w.ok(err)
	}
	res, err = w.slack.Submit(t.Context(), "U0KEN", view, map[string]map[string]slackemu.Value{
		access.FieldOU: {access.FieldOU: {Selected: []string{"/"}}}, access.FieldOwners: {access.FieldOwners: {Selected: []string{"team:platform"}}},
	})
	w.ok(err)
	raw, err = json.Marshal(w.slack.State().Views[0].View)
	w.ok(err)
	if res.Action != "update" || !strings.Contains(string(raw), string(all[0].ID)) || !strings.Contains(string(raw), "You have joined that request") || len(w.all()) != 1 {
		t.Errorf("%+v shows %s", res, raw)
	}
}

// TestAButtonOpensTheOnboardForm for an account that waits.
func TestAButtonOpensTheOnboardForm(t *testing.T) {
	t.Parallel()
	w := newWorld(t, store.NewMemory())
	w.desk.Service.Estate = organization{}
	ts, err := w.client.Post(t.Context(), address("C0AWS"), chat.Message{Summary: "waits", Blocks: []chat.Block{chat.Buttons{chat.OnboardButton(ledger)}}}, "k")
	w.ok(err)
	res, err := w.slack.Click(t.Context(), "U0HANA", "C0AWS", ts, slackemu.Target{ActionID: chat.ActionOnboard}, slackemu.Value{})
	w.ok(err)
	views := w.slack.State().Views
	if res.Error != "" || len(views) != 1 || len(w.due()) != 0 {
		t.Fatalf("%+v: %d views, %d due", res, len(views), len(w.due()))
	}
	if raw, _ := json.Marshal(views[0].View); !strings.Contains(string(raw), `"initial_value":"`+ledger+`"`) {
		t.Errorf("the view is %s", raw)
	}
}

// TestOnboardingInOneLine needs no form.
func TestOnboardingInOneLine(t *testing.T) {
	t.Parallel()
	w := newWorld(t, store.NewMemory())
	w.desk.Service.Estate = organization{}
	res, err := w.slack.Command(t.Context(), "U0HANA", "C0GEN", "/aws-onboard", ledger+" /Workloads/Dev yuki@example.com")
	w.ok(err)
	w.work()
	if all := w.all(); res.Error != "" || len(w.slack.State().Views) != 0 || len(all) != 1 || all[0].Kind != access.KindOnboard {
		t.Errorf("%+v, requests %+v", res, all)
	}
}
