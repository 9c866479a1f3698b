package slack_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/chat"
	"aws-access-bot/internal/chat/slack"
	"aws-access-bot/internal/sandbox/emukit"
	"aws-access-bot/internal/secret"
	"aws-access-bot/internal/store"
)

func address(channel string) chat.Address { return chat.Address{Team: team, Channel: channel} }

func placeOf() chat.Place {
	return chat.Place{StartURL: "https://d-9567000000.awsapps.com/start", Region: "ap-northeast-1", Session: "8h"}
}

func cardOf(r access.Request) chat.Message { return chat.Card(r, placeOf()) }

func note(s string) chat.Message {
	return chat.Message{Summary: s, Blocks: []chat.Block{chat.Text{{Text: s}}}}
}

// limited is Slack's answer to too many calls.
func limited(op string) emukit.Fault {
	return emukit.Fault{
		Service: "slack", Op: op, Status: http.StatusTooManyRequests,
		Header: http.Header{"Retry-After": {"1"}}, Body: `{"ok":false,"error":"ratelimited"}`,
	}
}

// TestRateLimitsAreWaitedOut, and the message is there once.
func TestRateLimitsAreWaitedOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t, store.NewMemory())
	w.kit.Faults.Add(limited("chat.postMessage"))
	began := time.Now()
	ts, err := w.client.Post(t.Context(), address("C0AWS"), note("once"), "k1")
	w.ok(err)
	if took := time.Since(began); took < time.Second {
		t.Errorf("posted after %s, and Slack said to wait a second", took)
	}
	if m := w.channel("C0AWS").Messages; len(m) != 1 || m[0].TS != ts || w.calls("chat.postMessage") != 2 {
		t.Errorf("%d messages after %d calls", len(m), w.calls("chat.postMessage"))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	w.kit.Faults.Add(limited("chat.update"))
	if err := w.client.Update(ctx, address("C0AWS"), ts, note("never")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("without time to wait: %v", err)
	}
}

// TestPostsKeepToOneASecondInAChannel, and channels do not wait for each other.
func TestPostsKeepToOneASecondInAChannel(t *testing.T) {
	t.Parallel()
	w := newWorld(t, store.NewMemory())
	began := time.Now()
	for _, c := range []string{"C0AWS", "C0GEN", "C0AWS"} {
		if _, err := w.client.Post(t.Context(), address(c), note("x"), c); err != nil {
			t.Fatal(err)
		}
	}
	if took := time.Since(began); took < 900*time.Millisecond || took > 5*time.Second {
		t.Errorf("three posts in two channels took %s", took)
	}
}

// TestALostAnswerIsFoundByItsKey: the message is there though the call failed,
// in a channel and in a thread.
func TestALostAnswerIsFoundByItsKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t, store.NewMemory())
	at, begun := address("C0AWS"), time.Now()
	for range 2 {
		w.kit.Faults.Add(emukit.Fault{Service: "slack", Op: "chat.postMessage", AfterEffect: true, Drop: true})
		if _, err := w.client.Post(t.Context(), at, note("root"), "REQ-000001"+at.Thread); err == nil || errors.Is(err, chat.ErrGone) {
			t.Fatalf("Post = %v, want a lost answer", err)
		}
		ts, found, err := w.client.Find(t.Context(), at, "REQ-000001"+at.Thread, begun)
		if err != nil || !found {
			t.Fatalf("Find = %v, %v", found, err)
		}
		if _, found, err := w.client.Find(t.Context(), at, "REQ-000002", begun); err != nil || found {
			t.Errorf("another key: %v, %v", found, err)
		}
		if _, found, err := w.client.Find(t.Context(), at, "REQ-000001"+at.Thread, begun.Add(2*time.Minute)); err != nil || found {
			t.Errorf("later than it: %v, %v", found, err)
		}
		if err := w.client.Update(t.Context(), address("C0AWS"), ts, note("edited")); err != nil {
			t.Error(err)
		}
		if at.Thread == "" {
			at.Thread = ts
		}
	}
	if m := w.channel("C0AWS").Messages; len(m) != 1 || len(m[0].Replies) != 1 || m[0].Text != "edited" || m[0].Replies[0].Text != "edited" {
		t.Errorf("messages %+v", m)
	}
}

func TestFindReadsToTheEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t, store.NewMemory())
	begun := time.Now()
	ts, err := w.client.Post(t.Context(), address("C0AWS"), note("first"), "k")
	w.ok(err)
	for i := range 450 {
		_, err := w.slack.Post("U0HANA", "C0AWS", fmt.Sprint("chatter ", i), "")
		w.ok(err)
	}
	got, found, err := w.client.Find(t.Context(), address("C0AWS"), "k", begun)
	if err != nil || !found || got != ts || w.calls("conversations.history") != 3 {
		t.Errorf("Find = %s, %v, %v after %d pages", got, found, err, w.calls("conversations.history"))
	}
}

// TestWhatIsGoneIsTold: errors by which nothing would ever succeed.
func TestWhatIsGoneIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t, store.NewMemory())
	theirs, err := w.slack.Post("U0HANA", "C0AWS", "mine", "")
	w.ok(err)
	_, nowhere := w.client.Post(t.Context(), address("C0NONE"), note("x"), "k")
	_, thread := w.client.Post(t.Context(), chat.Address{Team: team, Channel: "C0GEN", Thread: "1.000001"}, note("x"), "k")
	_, _, find := w.client.Find(t.Context(), chat.Address{Team: team, Channel: "C0AWS", Thread: "1.000001"}, "k", time.Now())
	_, link := w.client.Link(t.Context(), address("C0AWS"), "1.000001")
	w.ok(w.slack.Archive("C0SHARED"))
	_, archived := w.client.Post(t.Context(), address("C0SHARED"), note("x"), "k")
	for name, err := range map[string]error{
		"post to no channel": nowhere, "reply in no thread": thread, "find in no thread": find, "link to nothing": link, "post to an archived channel": archived,
		"edit of nothing":         w.client.Update(t.Context(), address("C0AWS"), "1.000001", note("x")),
		"edit of somebody else's": w.client.Update(t.Context(), address("C0AWS"), theirs, note("x")),
	} {
		if !errors.Is(err, chat.ErrGone) {
			t.Errorf("%s: %v, want ErrGone", name, err)
		}
	}
	w.ok(w.slack.RevokeToken(team))
	if _, err := w.client.Post(t.Context(), address("C0NONE"), note("x"), "k"); err == nil || errors.Is(err, chat.ErrGone) {
		t.Errorf("with a revoked token: %v, want an error that an operator can mend", err)
	}
}

func TestALinkLeadsToTheMessage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, store.NewMemory())
	ts, err := w.client.Post(t.Context(), address("C0AWS"), note("x"), "k")
	w.ok(err)
	got, err := w.client.Link(t.Context(), address("C0AWS"), ts)
	if want := "https://acme.slack.com/archives/C0AWS/p" + strings.ReplaceAll(ts, ".", ""); err != nil || got != want {
		t.Errorf("Link = %s, %v; want %s", got, err, want)
	}
}

// TestAWhisperFallsBackToADirectMessage where the channel cannot be used, and
// only there: an answer that may have arrived is not given twice.
func TestAWhisperFallsBackToADirectMessage(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, channel, user string
		direct              bool
		fault               *emukit.Fault
		fails               bool
	}{
		{"in the channel", "C0GEN", "U0HANA", false, nil, false},
		{"a conversation without the bot", "G0SECRET", "U0HANA", true, nil, false},
		{"a channel without the person", "C0AWS", "U0NAO", true, nil, false},
		{"no channel known", "", "U0HANA", true, nil, false},
		{"a channel that is not", "D0NONE", "U0HANA", true, nil, false},
		{"a fault of Slack's", "C0GEN", "U0HANA", false, &emukit.Fault{Service: "slack", Op: "chat.postEphemeral", Status: 500}, true},
		{"a lost answer", "C0GEN", "U0HANA", false, &emukit.Fault{Service: "slack", Op: "chat.postEphemeral", AfterEffect: true, Drop: true}, true},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, store.NewMemory())
			if tc.fault != nil {
				w.kit.Faults.Add(*tc.fault)
			}
			if err := w.client.Whisper(t.Context(), address(tc.channel), tc.user, note("psst")); (err != nil) != tc.fails {
				t.Fatalf("Whisper = %v", err)
			}
			heard := w.heard(tc.user)
			if want := !tc.fails || tc.fault.AfterEffect; (len(heard) == 1) != want {
				t.Fatalf("heard %v", heard)
			}
			if len(heard) == 1 && strings.HasPrefix(heard[0], "DM ") != tc.direct {
				t.Errorf("heard %v", heard)
			}
		})
	}
}

// TestProfilesAreRememberedForAMinute: type-ahead asks at each key, and a
// changed address must not be missed for long.
func TestProfilesAreRememberedForAMinute(t *testing.T) {
	t.Parallel()
	w := newWorld(t, store.NewMemory())
	hana := access.ChatUser{Platform: access.Slack, Team: team, User: "U0HANA"}
	look := func() access.ChatProfile {
		t.Helper()
		p, err := w.client.Profile(t.Context(), hana)
		w.ok(err)
		return p
	}
	if p := look(); p != (access.ChatProfile{User: hana, Name: "Hana Sato", Email: "hana@example.com", Zone: "Asia/Tokyo"}) {
		t.Errorf("profile %+v", p)
	}
	w.ok(w.slack.SetEmail("U0HANA", "vip@example.com"))
	w.advance(59 * time.Second)
	if p := look(); p.Email != "hana@example.com" || w.calls("users.info") != 1 {
		t.Errorf("%s after %d calls", p.Email, w.calls("users.info"))
	}
	w.advance(time.Second)
	if p := look(); p.Email != "vip@example.com" {
		t.Errorf("after a minute still %s", p.Email)
	}
	other := hana
	other.Team = "T9OTHER"
	if p, err := w.client.Profile(t.Context(), other); err != nil || !strings.Contains(p.Outsider, "another Slack workspace") {
		t.Errorf("%+v, %v", p, err)
	}
	w.kit.Faults.Add(emukit.Fault{Service: "slack", Op: "users.info", Status: 500})
	if _, err := w.client.Profile(t.Context(), access.ChatUser{Platform: access.Slack, Team: team, User: "U0KEN"}); err == nil {
		t.Error("a fault is no profile")
	}
}

// TestT37TheTokenIsInNoError, whatever goes wrong.
func TestT37TheTokenIsInNoError(t *testing.T) {
	t.Parallel()
	c := slack.NewClient(secret.New("xoxb-canary"), "http://127.0.0.1:1/api/", []string{team}, http.DefaultClient, time.Now)
	_, post := c.Post(t.Context(), address("C0AWS"), note("x"), "k")
	_, link := c.Link(t.Context(), address("C0AWS"), "1.1")
	_, _, find := c.Find(t.Context(), address("C0AWS"), "k", time.Now())
	_, profile := c.Profile(t.Context(), access.ChatUser{Team: team, User: "U"})
	form := c.OpenForm(t.Context(), "t", chat.RequestFormFor(chat.RequestLine{}, ""))
	for name, err := range map[string]error{"post": post, "link": link, "find": find, "profile": profile, "form": form, "whisper": c.Whisper(t.Context(), address("C0AWS"), "U", note("x"))} {
		if !isFault(err) || strings.Contains(err.Error(), "xoxb-canary") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// states are all states of a request.
func states() []access.State {
	return []access.State{
		access.StateAsked, access.StateProposed, access.StateMerged, access.StateHalted, access.StateVerified, access.StateLive, access.StateEnding,
		access.StateEnded, access.StateClosed, access.StateRefused, access.StateVoid, access.StateUndone,
	}
}

// stuffed is a request with the longest texts, of the characters that grow
// most when escaped.
func stuffed(kind access.Kind, s access.State) access.Request {
	name := strings.Repeat("<&>字", 32) // 128 characters, the longest name
	r := access.Request{
		ID: "REQ-7F3K2Q", Kind: kind, State: s, Version: 9, Channel: "C0AWS", MergedBy: strings.Repeat("m", 39),
		Asker: access.Asker{Person: access.Person{Name: name}, Chat: access.ChatUser{Platform: access.Slack, Team: team, User: "U0HANA"}},
		Want: access.Want{
			PrincipalName: name, AccountSlug: strings.Repeat("s", 63), AccountID: "111122224444", AccountName: name, OU: strings.Repeat("/<&>", 64),
			PermissionSet: strings.Repeat("P", 32), Term: config.Term{For: 3650 * 24 * time.Hour}, Reason: strings.Repeat("<&>`*_~", 71) + "<!c",
			Revokes: "REQ-000000", Onboard: &access.Onboarding{OU: "/", Owners: slices.Repeat([]string{strings.Repeat("<&>", 80) + "@example.com"}, 10)},
		},
		Pull:  access.PullRef{Number: 123456, URL: "https://github.example/acme/config/pull/123456?" + strings.Repeat("a=<|>&", 50)},
		Times: map[access.Stage]time.Time{}, MembersSeen: 99998, MembersTotal: 99999, End: time.Unix(4e9, 0),
		Outcome: strings.Repeat("<!channel> & ", 1000), Trouble: strings.Repeat("<@U0KEN> & ", 1000),
	}
	for range 60 {
		r.Missing = append(r.Missing, strings.Repeat("<&> ", 100))
	}
	for _, stage := range []access.Stage{
		access.StageAsked, access.StageProposed, access.StageMerged, access.StageVerified, access.StageAssigned, access.StageSynced,
		access.StageCreated, access.StageReadBack, access.StageRemoving, access.StageRemoved,
		access.StageInvited, access.StageJoined, access.StagePlaced, access.StageBaseline,
	} {
		r.Times[stage] = time.Unix(1.7e9, 0)
	}
	return r
}

// TestSlackTakesEveryMessage: all cards, replies, answers and forms, with the
// longest texts and without any, are valid Block Kit.
func TestSlackTakesEveryMessage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, store.NewMemory())
	ts, err := w.client.Post(t.Context(), address("C0AWS"), note("root"), "k")
	w.ok(err)
	kinds := []access.NoticeKind{
		access.NoticeMerged, access.NoticeLive, access.NoticeRefused, access.NoticeClosed, access.NoticeVoid, access.NoticeHalted, access.NoticeUndone,
		access.NoticeTrouble, access.NoticeEnding, access.NoticeEnded, access.NoticeGrown, access.NoticeOps,
		access.NoticeInvited, access.NoticeReminder, access.NoticeMember, access.NoticePlaced, access.NoticeStopped, access.NoticeDone,
	}
	take := func(name string, m chat.Message) {
		t.Helper()
		if err := w.client.Update(t.Context(), address("C0AWS"), ts, m); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, kind := range []access.Kind{access.KindGrant, access.KindRevoke, access.KindOnboard} {
		for _, s := range append(states(), access.StateStopped, access.StateDone) {
			full, bare := stuffed(kind, s), access.Request{ID: "REQ-000000", Kind: kind, State: s}
			for name, r := range map[string]access.Request{"full": full, "bare": bare} {
				take(fmt.Sprint(kind, " ", s, " ", name), cardOf(r))
				take(fmt.Sprint(kind, " ", s, " ", name, " without a portal"), chat.Card(r, chat.Place{}))
			}
		}
		for name, r := range map[string]access.Request{"full": stuffed(kind, access.StateLive), "bare": {ID: "REQ-000000", Kind: kind}} {
			for _, n := range kinds {
				take(fmt.Sprint(n, " ", name), chat.Reply(access.Notice{Kind: n, Text: r.Outcome}, r, placeOf()))
			}
			take("accepted "+name, chat.Accepted(access.Asked{Request: r, Warning: r.Trouble}))
		}
	}
	take("ops with buttons", chat.OpsMessage(access.Notice{Text: "Accounts wait.", Waiting: []access.NoticeAccount{{ID: "111122223333", Name: strings.Repeat("名", 300)}, {ID: "111122224444", Name: "<!channel>"}}}))
	take("ops", chat.OpsMessage(access.Notice{Text: strings.Repeat("<&>", 5000)}))
	take("problem", chat.Problem(strings.Repeat("&", 5000), strings.Repeat("<", 5000)))
	take("help", chat.Help(access.Slack, access.Slack))
	var all []access.Usable
	for i := range 5000 {
		all = append(all, access.Usable{AccountID: "111122224444", AccountSlug: fmt.Sprintf("%063d", i), PermissionSet: strings.Repeat("P", 32)})
	}
	take("cli", chat.CLIMessage(chat.CLIFile{Usable: all, Waiting: 7, Place: placeOf(), Blocks: 30}))
	for name, l := range map[string]chat.RequestLine{
		"bare": {},
		"full": {Account: strings.Repeat("a", 75), PermissionSet: strings.Repeat("字", 75), Group: strings.Repeat("<", 75), TermText: strings.Repeat("u", 400), Reason: strings.Repeat("字", 1000)},
		"more": {Account: strings.Repeat("a", 4000), PermissionSet: strings.Repeat("字", 4000), Group: strings.Repeat("<", 4000)},
	} {
		res, err := w.slack.Command(t.Context(), "U0HANA", "C0GEN", "/aws-access", "whoami")
		w.ok(err)
		if err := w.client.OpenForm(t.Context(), res.TriggerID, chat.RequestFormFor(l, strings.Repeat("C", 4000))); err != nil {
			t.Errorf("form %s: %v", name, err)
		}
		view, _ := w.slack.State().Views[0].View["id"].(string)
		if _, err := w.slack.CloseView(t.Context(), "U0HANA", view, true); err != nil {
			t.Fatal(err)
		}
	}
}

// TestP8TheCourierOnSlack: a root message whose answer was lost is found and
// edited, its replies stand in its thread, and who asked elsewhere has a link.
func TestP8TheCourierOnSlack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, store.NewMemory())
	w.command("U0HANA", goodLine)
	w.work()
	requests := store.NewRequests(w.db)
	courier := chat.NewCourier(chat.Courier{
		Outbox: store.NewOutbox(w.db), Requests: requests, Commits: w.entra, Platforms: map[access.Platform]chat.Platform{access.Slack: w.client},
		Ops: address("C0GEN"), OpsPlatform: access.Slack, Log: slog.New(slog.DiscardHandler),
	})
	w.kit.Faults.Add(emukit.Fault{Service: "slack", Op: "chat.postMessage", AfterEffect: true, Drop: true})
	if err := courier.Deliver(t.Context()); err == nil {
		t.Fatal("the lost answer was not noticed")
	}
	r := w.all()[0]
	r.State, r.Version = access.StateClosed, r.Version+1
	w.ok(requests.Save(t.Context(), r, []access.Notice{{Key: string(r.ID) + "/closed", Request: r.ID, Kind: access.NoticeClosed, At: w.now()}}))
	w.ok(courier.Deliver(t.Context()))
	w.ok(courier.Deliver(t.Context()))
	m := w.channel("C0AWS").Messages
	if len(m) != 1 || len(m[0].Replies) != 1 || !strings.Contains(m[0].Text, "Closed without merging") {
		t.Fatalf("#aws-access: %+v", m)
	}
	heard := w.heard("U0HANA")
	if link := "/archives/C0AWS/p" + strings.ReplaceAll(m[0].TS, ".", ""); len(heard) != 2 || !strings.Contains(heard[1], link) {
		t.Errorf("heard %v, want a link with %s", heard, link)
	}
}
