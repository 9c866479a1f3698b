package teamsemu

import (
	"encoding/pem"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"aws-access-bot/internal/sandbox/teamsemu/receiver"
)

// withReceiver is a world whose bot is Microsoft's SDK.
func withReceiver(t *testing.T) (*world, *receiver.Receiver) {
	t.Helper()
	if testing.Short() {
		t.Skip("starts node")
	}
	w := newWorldOn(t, httptest.NewTLSServer)
	w.kit.Now = time.Now // the SDK's clock is the real one
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: w.connector.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := receiver.Start(background(), receiver.Options{
		Dir: "receiver/testdata", AppID: testApp, TenantID: testTenant, Issuer: Issuer, MetadataURL: w.MetadataURL(), Token: "good", CAFile: ca, Log: t.Output(),
	})
	if errors.Is(err, receiver.ErrMissing) {
		t.Skip("NOT TESTED against Microsoft's SDK: ", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	w.SetEndpoint(r.URL())
	return w, r
}

// TestMicrosoftsSDKTakesTheEmulatorForTeams: a bot written with botbuilder believes the
// emulator's tokens, understands its activities, and gets on with its connector.
func TestMicrosoftsSDKTakesTheEmulatorForTeams(t *testing.T) {
	t.Parallel()
	w, r := withReceiver(t)
	if err := w.SetInstalled(yuki, false); err != nil {
		t.Fatal(err)
	}
	understood := func() receiver.Turn {
		t.Helper()
		turns, err := r.Turns(t.Context())
		if err != nil || len(turns) != 1 {
			t.Fatalf("turns: %+v, %v", turns, err)
		}
		return turns[0]
	}
	say := func(in, words string) (Result, receiver.Turn) {
		t.Helper()
		res := w.writes(hana, in, words, "")
		if !res.Delivered {
			t.Fatalf("%s: %+v", words, res)
		}
		return res, understood()
	}

	res, turn := say(access, "@aws-access echo")
	if turn.Say != "echo" || turn.Person != hana || turn.Tenant != testTenant || turn.Kind != "channel" || turn.ID != res.ID {
		t.Errorf("understood: %+v", turn)
	}
	thread := w.channel(access).Messages[0]
	if len(thread.Replies) != 1 || thread.Replies[0].Text != "echo" || thread.Replies[0].ID != turn.Note["id"] {
		t.Errorf("the answer is not in the thread, or under another id: %+v", thread)
	}
	_, turn = say("personal", "edit")
	chat := w.State().Chats[hana].Messages
	if last := chat[len(chat)-1]; turn.Kind != "personal" || last.ID != turn.Note["id"] || len(last.Edits) != 1 || len(last.Cards) != 1 || len(last.Cards[0].Problems) > 0 {
		t.Errorf("edited: %+v", last)
	}
	say("personal", "delete")
	if chat = w.State().Chats[hana].Messages; !chat[len(chat)-1].Deleted {
		t.Errorf("deleted: %+v", chat[len(chat)-1])
	}
	_, turn = say(access, "@aws-access members")
	members, _ := turn.Note["members"].([]any)
	me, _ := turn.Note["me"].(map[string]any)
	if len(members) != 3 || me["aadObjectId"] != hana || me["userRole"] != "user" {
		t.Errorf("members: %v", turn.Note)
	}
	_, turn = say(access, "@aws-access whisper")
	chat = w.State().Chats[hana].Messages
	if last := chat[len(chat)-1]; last.Text != "between us" || turn.Note["chat"] != w.State().Chats[hana].ID {
		t.Errorf("whispered: %+v, %v", last, turn.Note)
	}
	_, turn = say(general, "@aws-access thread")
	begun := w.channel(general).Messages
	if last := begun[len(begun)-1]; last.Text != "begun" || turn.Note["conversation"] != general+";messageid="+last.ID {
		t.Errorf("begun: %+v, %v", last, turn.Note)
	}
	w.invokesOfTheSDK(t, understood)
	if _, err := w.Install(t.Context(), yuki, "personal"); err != nil {
		t.Fatal(err)
	}
	if chat := w.State().Chats[yuki].Messages; len(chat) != 1 || chat[0].Text != "welcome" {
		t.Errorf("welcomed: %+v", chat)
	}
}

// invokesOfTheSDK plays card actions, dialogs, type-ahead and extensions.
func (w *world) invokesOfTheSDK(t *testing.T, understood func() receiver.Turn) {
	t.Helper()
	id := w.posted(`{"type":"Input.ChoiceSet","id":"f","choices.data":{"type":"Data.Query","dataset":"x"}}`, approve+","+open)
	res := w.clicks(hana, id, "Approve", nil)
	if turn := understood(); res.Card == nil || !strings.Contains(fmt.Sprint(turn.Data), "verb:approve") {
		t.Errorf("action: %+v, %+v", res, turn)
	}
	id = w.posted(`{"type":"Input.ChoiceSet","id":"f","choices.data":{"type":"Data.Query","dataset":"x"}}`, open)
	found, err := w.Suggest(t.Context(), hana, id, "f", "abc", nil)
	if turn := understood(); err != nil || len(found.Choices) != 1 || found.Choices[0].Value != "abc" || turn.Name != "application/search" {
		t.Errorf("search: %+v %v, %+v", found, err, turn)
	}
	res = w.clicks(hana, id, "Request", nil)
	if turn := understood(); res.Dialog == nil || res.Dialog.Title != "dialog" || !strings.Contains(fmt.Sprint(turn.Data), "k:v") {
		t.Fatalf("fetch: %+v, %+v", res, turn)
	}
	if res, err = w.Extension(t.Context(), hana, "request", access, ""); err != nil || res.Dialog == nil || understood().Data != "request" {
		t.Errorf("extension: %+v %v", res, err)
	}
}

// TestMicrosoftsSDKRefusesWhatIsNotTheConnectors: each wrong thing that replay can
// send.
func TestMicrosoftsSDKRefusesWhatIsNotTheConnectors(t *testing.T) {
	t.Parallel()
	w, _ := withReceiver(t)
	w.writes(hana, "personal", "hello", "")
	last, _ := w.Last(KindMessage)
	for name, o := range map[string]TokenOptions{
		"nothing":     {},
		"time":        {Time: time.Now().Add(-2 * time.Hour)},
		"issuer":      {Issuer: "https://sts.windows.net/" + testTenant + "/"},
		"audience":    {Audience: testTenant},
		"key id":      {KeyID: "other"},
		"service URL": {ServiceURL: "https://smba.trafficmanager.net/emea/"},
	} {
		req, err := w.Sign(KindMessage, last.Body, o)
		if err != nil {
			t.Fatal(err)
		}
		a, err := w.Send(t.Context(), req)
		if want := map[bool]int{true: 200, false: 401}[name == "nothing"]; err != nil || a.Status != want {
			t.Errorf("wrong in %s: %d %v", name, a.Status, err)
		}
	}
}
