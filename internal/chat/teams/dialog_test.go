package teams

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"aws-access-bot/internal/store"
)

// TestT27ADialogsHiddenFieldsDecideNothing.
func TestT27ADialogsHiddenFieldsDecideNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, store.NewMemory())
	for i, hidden := range []map[string]any{
		{"_form": "request", "_dialog": strings.Repeat("y", 9000)},
		{"_form": "request", "_dialog": "../../teams/form/x", "asker": idOf("ken"), "channel": "19:evil@thread.tacv2", "key": "k", "_key": "k"},
		{"_form": "approve", "_dialog": "d"},
		{"_form": 7, "_dialog": nil},
		{},
	} {
		for k, v := range filled(map[string]string{"reason": fmt.Sprint("case ", i)}) {
			hidden[k] = v
		}
		w.does(w.invoke("hana", general, fmt.Sprint(i), "task/submit", map[string]any{"data": hidden}))
	}
	for _, r := range w.all() {
		if r.Asker.Entra != idOf("hana") || r.Channel != requests || len(r.Origin) > maxID || !strings.HasPrefix(r.Key, "teams/form/"+testTenant+"/"+idOf("hana")+"/") {
			t.Errorf("%+v", r)
		}
	}
	for _, m := range w.connector.messages() {
		if strings.Contains(m.path, "a:ken") {
			t.Errorf("Ken is told %s", m.card())
		}
	}
}

// TestT27APlaceThatADialogNamesIsNotBelieved: the bot speaks where the signed activity
// says that the person is, whatever the client sends beside the form, also when the
// form is judged later and answered then.
func TestT27APlaceThatADialogNamesIsNotBelieved(t *testing.T) {
	t.Parallel()
	const secret = "19:board-of-directors@thread.tacv2"
	for name, slow := range map[string]bool{"judged at once": false, "judged later": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, store.NewMemory())
			w.does(w.line("hana", general, "0", "help"))
			// The app is not installed for her, so that a private answer falls back to
			// asking her, in the conversation, to do that: before everybody.
			w.connector.plain = true
			w.connector.gone["with "+"29:hana"] = http.StatusForbidden
			if slow {
				w.directory.mu.Lock()
				w.directory.slow = make(chan struct{})
				w.directory.mu.Unlock()
			}
			typed := map[string]any{"_form": "request", "_dialog": "d1", "_place": secret}
			for k, v := range filled(nil) {
				typed[k] = v
			}
			if rec := w.send(w.invoke("hana", general, "1", "task/submit", map[string]any{"data": typed})); rec.Code != http.StatusOK {
				t.Fatalf("answered %d", rec.Code)
			}
			if slow {
				close(w.directory.slow)
			}
			w.ok(w.desk.WorkOff(t.Context()))
			if all := w.all(); len(all) != 1 || all[0].Origin != general {
				t.Errorf("requests: %+v", all)
			}
			if got := w.connector.got(http.MethodPost, secret); len(got) != 0 {
				t.Errorf("the bot spoke there: %+v", got)
			}
			if got := w.connector.got(http.MethodPost, general); slow && len(got) == 0 {
				t.Error("nothing was said where she is")
			}
		})
	}
}

// TestT27WhereADialogIsIsNotSentAlong: nothing that could be forged.
func TestT27WhereADialogIsIsNotSentAlong(t *testing.T) {
	t.Parallel()
	w := newWorld(t, store.NewMemory())
	card := dialog(t, w.send(w.invoke("hana", general, "1", "task/fetch", map[string]any{"data": map[string]any{"action": "request"}})))
	if raw, err := json.Marshal(card); err != nil || strings.Contains(string(raw), general) {
		t.Errorf("%s, %v", raw, err)
	}
}

// TestAFormThatCannotBeJudgedInTimeIsStored and answered later, in private.
func TestAFormThatCannotBeJudgedInTimeIsStored(t *testing.T) {
	t.Parallel()
	w := newWorld(t, store.NewMemory())
	w.does(w.line("hana", general, "0", "help"))
	w.directory.mu.Lock()
	w.directory.slow = make(chan struct{})
	w.directory.mu.Unlock()
	typed := map[string]any{"_form": "request", "_dialog": "d1"}
	for k, v := range filled(nil) {
		typed[k] = v
	}
	began := time.Now()
	rec := w.send(w.invoke("hana", general, "1", "task/submit", map[string]any{"data": typed}))
	if took := time.Since(began); took > 4500*time.Millisecond || rec.Code != http.StatusOK || !strings.Contains(rec.Body.String(), "is stored") || len(w.due()) != 1 {
		t.Fatalf("after %s: %d %s, %d stored", took, rec.Code, rec.Body, len(w.due()))
	}
	close(w.directory.slow)
	w.ok(w.desk.WorkOff(t.Context()))
	if len(w.all()) != 1 || !strings.Contains(w.last().card(), "The pull request is being made") {
		t.Errorf("%d requests, told %s", len(w.all()), w.last().card())
	}
}
