package chat_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/chat"

	"github.com/google/go-cmp/cmp"
)

func TestWhichLinesAreAnsweredWithAForm(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, user, line string
		want             *chat.RequestLine
	}{
		{"nothing said", "U0HANA", "request", &chat.RequestLine{}},
		{"no reason", "U0HANA", "request payments-dev PowerUserAccess for aws-payments-dev 4h", &chat.RequestLine{Account: "payments-dev", PermissionSet: "PowerUserAccess", Group: "aws-payments-dev", TermText: "4h"}},
		{"no group", "U0HANA", "request payments-dev PowerUserAccess until 2026-12-24 audit", &chat.RequestLine{Account: "payments-dev", PermissionSet: "PowerUserAccess", TermText: "until 2026-12-24", Reason: "audit"}},
		{"a date that is today somewhere", "U0HANA", "request a B until 2026-11-22 audit", &chat.RequestLine{Account: "a", PermissionSet: "B", TermText: "until 2026-11-22", Reason: "audit"}},
		{"a rule without default length", "U0HANA", "request payments-prod AdministratorAccess for aws-payments-dev fix it", &chat.RequestLine{Account: "payments-prod", PermissionSet: "AdministratorAccess", Group: "aws-payments-dev", Reason: "fix it"}},
		{"the same from an outsider, who learns nothing", "U0GUEST", "request payments-prod AdministratorAccess for aws-payments-dev fix it", nil},
		{"complete", "U0HANA", line, nil},
		{"the rule's default", "U0HANA", "request payments-dev PowerUserAccess for aws-payments-dev fix it", nil},
		{"wrong otherwise: answered as a line", "U0HANA", "request nowhere PowerUserAccess for aws-payments-dev fix it", nil},
		{"another command", "U0HANA", "status", nil},
		{"nonsense", "U0HANA", "request a b until whenever", nil},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			o.now = time.Date(2026, 11, 23, 5, 0, 0, 0, time.UTC)
			got, ok := o.desk.WantsForm(t.Context(), access.ChatUser{Platform: access.Slack, Team: "T0ACME", User: tc.user}, "C0GEN", tc.line)
			var want chat.Form
			if tc.want != nil {
				want = chat.RequestFormFor(*tc.want, "C0GEN")
			}
			if d := cmp.Diff(want, got); d != "" || ok != (tc.want != nil) {
				t.Errorf("%v (-want +got):\n%s", ok, d)
			}
		})
	}
}

func TestTheFormIsPrefilled(t *testing.T) {
	t.Parallel()
	f := chat.RequestFormFor(chat.RequestLine{Account: "payments-dev", PermissionSet: "PowerUserAccess", Group: "aws-payments-dev", TermText: "until 2026-12-24", Reason: "audit"}, "C0GEN")
	got := map[string]string{}
	for _, in := range f.Inputs {
		got[in.ID] = in.Initial
	}
	want := map[string]string{"group": "aws-payments-dev", "account": "payments-dev", "permission_set": "PowerUserAccess", "duration": "until 2026-12-24", "reason": "audit"}
	if d := cmp.Diff(want, got); d != "" || f.Private != "C0GEN" || f.ID != chat.RequestForm {
		t.Errorf("%s %s (-want +got):\n%s", f.ID, f.Private, d)
	}
}

// values are a form that is accepted.
func values() map[string]string {
	return map[string]string{"group": "aws-payments-dev", "account": "payments-dev", "permission_set": "PowerUserAccess", "duration": "until 2026-12-24", "reason": "audit"}
}

func (o *office) submission(key string, v map[string]string) chat.Submission {
	return chat.Submission{Key: key, User: access.ChatUser{Platform: access.Slack, Team: "T0ACME", User: "U0HANA"}, Channel: "C0GEN", Values: v}
}

func TestASubmittedFormIsAsked(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	got, err := o.desk.Submit(t.Context(), o.submission("k1", values()))
	if err != nil {
		t.Fatal(err)
	}
	r := got.Request
	if r.Want.Term.End != time.Date(2026, 12, 24, 15, 0, 0, 0, time.UTC) || r.Want.Reason != "audit" || r.Channel != "C0AWS" || r.Origin != "C0GEN" ||
		r.Want.AccountSlug != "payments-dev" || r.Want.PrincipalSlug != "aws-payments-dev" || r.Want.PermissionSet != "PowerUserAccess" || r.Asker.Name != "Hana" {
		t.Errorf("asked %+v", r)
	}
	again, err := o.desk.Submit(t.Context(), o.submission("k1", values()))
	if err != nil || !again.Repeated || again.Request.ID != r.ID {
		t.Errorf("the same form again: %+v, %v", again, err)
	}
}

// TestT27AFormIsCheckedAgain: a form says nothing that the server believes.
func TestT27AFormIsCheckedAgain(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, field, value, at, says string }{
		{"a length nobody understands", "duration", "a while", "duration", "no length I understand"},
		{"more than a length", "duration", "4h because", "duration", "no length I understand"},
		{"a group in the length", "duration", "for aws-breakglass", "duration", "no length I understand"},
		{"an end that has passed", "duration", "until 2020-01-01", "duration", "has passed"},
		{"a forged account", "account", "999999999999", "account", "management account"},
		{"a forged group", "group", "domain-admins", "group", "no group"},
		{"a forged permission set", "permission_set", "Root", "permission_set", "No permission set"},
		{"an empty reason", "reason", "", "reason", "reason is missing"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			v := values()
			v[tc.field] = tc.value
			_, err := o.desk.Submit(t.Context(), o.submission("k1", v))
			var no *access.Refusal
			if !errors.As(err, &no) || no.Field != tc.at || !strings.Contains(no.Error(), tc.says) {
				t.Errorf("got %v, want %q beside %s", err, tc.says, tc.at)
			}
			if len(o.all()) != 0 {
				t.Error("something was stored")
			}
		})
	}
	o := newOffice(t)
	s := o.submission("k1", values())
	s.User.User = "U0GUEST"
	var no *access.Refusal
	if _, err := o.desk.Submit(t.Context(), s); !errors.As(err, &no) {
		t.Errorf("an outsider: %v", err)
	}
}

// TestAFormThatCannotBeJudgedNowIsWorkedOffLater, as durable as a command is.
func TestAFormThatCannotBeJudgedNowIsWorkedOffLater(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.town.down = errLost
	if _, err := o.desk.Submit(t.Context(), o.submission("k1", values())); !errors.Is(err, errLost) {
		t.Fatalf("got %v, want the fault", err)
	}
	v := values()
	v["reason"], v["duration"] = "4h of outage\nfor everybody", ""
	if err := o.desk.Later(t.Context(), o.submission("k1", v)); err != nil {
		t.Fatal(err)
	}
	bad := values()
	bad["account"] = "nowhere"
	if err := o.desk.Later(t.Context(), o.submission("k2", bad)); err != nil {
		t.Fatal(err)
	}
	o.start()
	o.town.down = nil
	o.work()
	all := o.all()
	if len(all) != 1 || all[0].Want.Reason != "4h of outage for everybody" || all[0].Want.Term != (config.Term{For: 8 * time.Hour}) {
		t.Errorf("requests: %+v", all)
	}
	if len(o.town.said) != 2 || !strings.Contains(text(o.town.said[0].m), "The pull request is being made") || !strings.Contains(text(o.town.said[1].m), "no account") {
		t.Errorf("said: %+v", o.town.said)
	}
}

// TestAChangedFormIsNeverTakenForTheFirst: a dialog whose answer was lost stays open,
// and what is sent from it then is what counts. The same again is still one request.
func TestAChangedFormIsNeverTakenForTheFirst(t *testing.T) {
	t.Parallel()
	for name, later := range map[string]bool{"judged at once": false, "judged later": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			first, err := o.desk.Submit(t.Context(), o.submission("k1", values()))
			if err != nil {
				t.Fatal(err)
			}
			send := func(v map[string]string) (access.Asked, string) {
				if !later {
					a, err := o.desk.Submit(t.Context(), o.submission("k1", v))
					return a, fmt.Sprint(err)
				}
				o.town.said = nil
				s := o.submission("k1", v)
				s.Form = chat.RequestForm
				if err := o.desk.Later(t.Context(), s); err != nil {
					t.Fatal(err)
				}
				o.work()
				if len(o.town.said) == 0 {
					return access.Asked{}, ""
				}
				return access.Asked{}, text(o.town.said[0].m)
			}
			elsewhere := values()
			elsewhere["account"], elsewhere["permission_set"] = "payments-prod", "ReadOnlyAccess"
			if a, _ := send(elsewhere); len(o.all()) != 2 || a.Repeated || a.Request.ID == first.Request.ID {
				t.Errorf("another account: %d requests, answered with %s", len(o.all()), a.Request.ID)
			}
			longer := values()
			longer["reason"] = "a whole audit"
			if _, said := send(longer); len(o.all()) != 2 || !strings.Contains(said, string(first.Request.ID)) || !strings.Contains(said, "cancel that first") {
				t.Errorf("another reason: %d requests, told %s", len(o.all()), said)
			}
			if send(elsewhere); len(o.all()) != 2 {
				t.Errorf("the same form again: %d requests", len(o.all()))
			}
		})
	}
}

// TestAFormThatWasStoredAndSentAgainIsOneRequest: stored for later, though it may have
// been taken before its time was over.
func TestAFormThatWasStoredAndSentAgainIsOneRequest(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	s := o.submission("k1", values())
	s.Form = chat.RequestForm
	if _, err := o.desk.Submit(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	if err := o.desk.Later(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	o.work()
	if len(o.all()) != 1 || len(o.town.said) != 1 || !strings.Contains(text(o.town.said[0].m), "The pull request is being made") {
		t.Errorf("%d requests, told %+v", len(o.all()), o.town.said)
	}
}
