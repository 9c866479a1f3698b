package teamsemu

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

const open = `{"type":"Action.Submit","title":"Request","data":{"msteams":{"type":"task/fetch"},"k":"v"}}`

// shopDialog is a dialog with a type-ahead field and a reason.
const shopDialog = `{"task":{"type":"continue","value":{"title":"Shop","card":{"contentType":"application/vnd.microsoft.card.adaptive","content":{"type":"AdaptiveCard","version":"1.5","body":[
	{"type":"Input.ChoiceSet","id":"what","style":"filtered","isRequired":true,"errorMessage":"Choose.","choices.data":{"type":"Data.Query","dataset":"goods","associatedInputs":"auto"}},
	{"type":"Input.Text","id":"why","value":"%s"}],"actions":[{"type":"Action.Submit","title":"Buy","data":{"form":"shop"}}]}}}}}`

// shop is a bot with that dialog, which refuses the reason "bad".
func shop(rw http.ResponseWriter, in object) {
	why := text(sub(sub(in, "value"), "data"), "why")
	switch name := text(in, "name"); {
	case name == "application/search":
		_, _ = io.WriteString(rw, `{"statusCode":200,"type":"application/vnd.microsoft.search.searchResponse","value":{"results":[{"title":"Tea","value":"tea"}]}}`)
	case strings.HasSuffix(strings.ToLower(name), "submit"), strings.HasSuffix(name, "submitAction"):
		if why == "bad" {
			_, _ = fmt.Fprintf(rw, shopDialog, "bad")
			return
		}
		_, _ = io.WriteString(rw, `{"task":{"type":"message","value":"Sold."}}`)
	case strings.Contains(strings.ToLower(name), "fetch"):
		_, _ = fmt.Fprintf(rw, shopDialog, "")
	}
}

func TestADialogFromACardToItsEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.posted("", open)
	w.answering(shop)
	res := w.clicks(hana, id, "Request", nil)
	if res.Dialog == nil || res.Dialog.Title != "Shop" || len(w.State().Dialogs[hana]) != 1 {
		t.Fatalf("%+v", res)
	}
	in := w.heard()[0]
	if text(in, "name") != "task/fetch" || fmt.Sprint(sub(in, "value")) != "map[context:map[theme:default] data:map[k:v msteams:map[type:task/fetch]]]" {
		t.Errorf("fetch: %v", in)
	}
	d := res.Dialog.ID
	if _, err := w.SubmitDialog(background(), yuki, d, nil, nil); err == nil {
		t.Error("another person submits it")
	}
	if res, err := w.SubmitDialog(background(), hana, d, nil, nil); err != nil || res.Sent || res.Errors["what"] != "Choose." || w.State().Dialogs[hana][0].Errors["what"] == "" {
		t.Errorf("without the required input: %+v %v", res, err)
	}
	if _, err := w.SubmitDialog(background(), hana, d, nil, map[string]string{"what": "tea"}); err == nil {
		t.Error("a value that was not offered was taken")
	}
	found, err := w.SuggestInDialog(background(), hana, d, "what", "te", map[string]string{"why": "thirst"})
	if err != nil || len(found.Choices) != 1 || found.Choices[0] != (Choice{"Tea", "tea"}) {
		t.Fatalf("suggest: %+v %v", found, err)
	}
	in = w.heard()[0]
	if v := sub(in, "value"); text(v, "dataset") != "goods" || text(v, "queryText") != "te" || fmt.Sprint(sub(v, "queryOptions")) != "map[skip:0 top:15]" || text(sub(v, "data"), "why") != "thirst" {
		t.Errorf("search: %v", v)
	}
	res, err = w.SubmitDialog(background(), hana, d, nil, map[string]string{"what": "tea", "why": "bad"})
	if err != nil || res.Dialog == nil || res.Dialog.ID != d || res.Message != "" {
		t.Fatalf("refused: %+v %v", res, err)
	}
	res, err = w.SubmitDialog(background(), hana, d, "Buy", map[string]string{"what": "tea", "why": "good"})
	if err != nil || res.Message != "Sold." || res.Dialog != nil || len(w.State().Dialogs) != 0 {
		t.Fatalf("submitted: %+v %v", res, err)
	}
	in = w.heard()[1]
	if text(in, "name") != "task/submit" || fmt.Sprint(sub(sub(in, "value"), "data")) != "map[form:shop what:tea why:good]" {
		t.Errorf("submit: %v", in)
	}
	if _, err := w.SubmitDialog(background(), hana, d, nil, nil); err == nil {
		t.Error("a closed dialog was submitted")
	}
}

func TestAMessageExtension(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.answering(shop)
	res, err := w.Extension(background(), hana, "request", access, "")
	if err != nil || res.Dialog == nil || res.Dialog.Command != "request" {
		t.Fatalf("%+v %v", res, err)
	}
	if v := sub(w.heard()[0], "value"); text(v, "commandId") != "request" || text(v, "commandContext") != "compose" {
		t.Errorf("fetchTask: %v", v)
	}
	if out, err := w.SuggestInDialog(background(), hana, res.Dialog.ID, "what", "", nil); err != nil || out.Sent || len(out.Choices) != 0 {
		t.Errorf("before anything is typed: %+v %v", out, err)
	}
	if _, err := w.SuggestInDialog(background(), hana, res.Dialog.ID, "what", "t", nil); err != nil {
		t.Fatal(err)
	}
	w.heard()
	out, err := w.SubmitDialog(background(), hana, res.Dialog.ID, nil, map[string]string{"what": "tea"})
	if err != nil || out.Message != "Sold." {
		t.Fatalf("%+v %v", out, err)
	}
	in := w.heard()[0]
	if v := sub(in, "value"); text(in, "name") != "composeExtension/submitAction" || text(v, "commandId") != "request" || text(sub(v, "data"), "what") != "tea" {
		t.Errorf("submitAction: %v", in)
	}
	for name, do := range map[string]func() error{
		"no command":      func() error { _, err := w.Extension(background(), hana, "", access, ""); return err },
		"unknown context": func() error { _, err := w.Extension(background(), hana, "request", access, "message"); return err },
		"nowhere": func() error {
			_, err := w.Extension(background(), hana, "request", "19:x@thread.tacv2", "")
			return err
		},
	} {
		if do() == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func TestDialogsThatTeamsCannotShow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.posted("", open)
	task := func(value string) string { return `{"task":{"type":"continue","value":` + value + `}}` }
	for _, tc := range []struct{ name, answer, problem string }{
		{"no JSON", "x", "not JSON"},
		{"unknown type", `{"task":{"type":"open"}}`, "neither"},
		{"a web view", task(`{"title":"x","url":"https://example.com"}`), "web views"},
		{"no card", task(`{"title":"x"}`), "no card"},
		{"another kind of card", task(`{"card":{"contentType":"application/vnd.microsoft.card.hero","content":{}}}`), "no card"},
		{"a bad card", task(`{"card":{"contentType":"` + cardType + `","content":{"type":"AdaptiveCard","version":"1.6"}}}`), "above 1.5"},
		{"no task", task(`"x"`), "not a task"},
		{"an extension's result for a card", `{"composeExtension":{"type":"result"}}`, "neither"},
	} {
		w.answers(tc.answer)
		res := w.clicks(hana, id, nil, nil)
		if res.Error != ErrorWrong || !strings.Contains(strings.Join(res.Problems, ";"), tc.problem) || res.Dialog != nil {
			t.Errorf("%s: %+v", tc.name, res)
		}
	}
	w.answers("")
	if res := w.clicks(hana, id, nil, nil); res.Error != "" || res.Dialog != nil {
		t.Errorf("an empty answer: %+v", res)
	}
}

func TestMoreThanFifteenSuggestionsAreNotShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.posted(`{"type":"Input.ChoiceSet","id":"f","choices.data":{"type":"Data.Query","dataset":"x"}},{"type":"Input.Text","id":"g"}`, approve)
	w.answers(`{"type":"application/vnd.microsoft.search.searchResponse","value":{"results":[` + strings.TrimSuffix(strings.Repeat(`{"title":"T","value":"v"},`, 16), ",") + `]}}`)
	out, err := w.Suggest(background(), hana, id, "f", "t", nil)
	if err != nil || len(out.Choices) != 15 || len(out.Problems) != 1 {
		t.Errorf("%+v %v", out, err)
	}
	w.answers(`{"statusCode":200,"type":"else","value":{}}`)
	if out, err := w.Suggest(background(), hana, id, "f", "t", nil); err != nil || out.Error != ErrorWrong {
		t.Errorf("%+v %v", out, err)
	}
	for _, field := range []string{"g", "none"} {
		if _, err := w.Suggest(background(), hana, id, field, "t", nil); err == nil {
			t.Errorf("field %s has type-ahead", field)
		}
	}
	w.answers(`{"statusCode":200,"type":"application/vnd.microsoft.activity.message","value":"ok"}`)
	if res := w.clicks(hana, id, nil, map[string]string{"f": "v"}); res.Message != "ok" {
		t.Errorf("%+v", res)
	}
	if _, err := w.Click(background(), yuki, "", id, nil, map[string]string{"f": "v"}); err == nil {
		t.Error("what was offered to Hana was chosen by Yuki")
	}
}

func TestClosingADialog(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.answering(shop)
	res, err := w.Extension(background(), hana, "request", "personal", "commandBox")
	if err != nil {
		t.Fatal(err)
	}
	w.heard()
	if err := w.CloseDialog(hana, res.Dialog.ID); err != nil || len(w.State().Dialogs) != 0 || len(w.heard()) != 0 {
		t.Errorf("%v, %v", err, w.State().Dialogs)
	}
	if err := w.CloseDialog(hana, res.Dialog.ID); err == nil {
		t.Error("closed twice")
	}
}
