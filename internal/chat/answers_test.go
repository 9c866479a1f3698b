package chat_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/chat"
)

// TestAnswers holds what each command says.
func TestAnswers(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.town.who["U0NINA"] = access.Person{Entra: nina, Name: "Nina"}
	o.take("k0", "U0HANA", line)
	o.work()
	r := o.moved(o.all()[0], access.StateProposed)
	id := string(r.ID)
	tests := []struct{ name, user, line, want string }{
		{"who", "U0HANA", "whoami", "Name\nHana\nE-mail\nhana@example.com\nEntra object id\n3c1d9a70-0000-4000-8000-000000000021\nTime zone\nAsia/Tokyo\nGitHub\nhana-dev\n: your approvals count"},
		{"who, without a GitHub account", "U0NINA", "whoami", "not linked, so your approvals do not count: \n/aws-access link github <login>"},
		{"the chat name where Entra has none", "U0YUKI", "whoami", "Profile of U0YUKI"},
		{"status", "U0HANA", "status", "Your requests\n🕓 \n" + id + "\n PowerUserAccess in payments-dev for aws-payments-dev: Waiting for review on GitHub\n \n#12\n"},
		{"list", "U0HANA", "list", id},
		{"status of nobody", "U0KEN", "status", "You have no requests."},
		{"one request", "U0HANA", "status " + id, "payments-dev (…4444) in /Workloads/Dev"},
		{"one request, by its owner", "U0YUKI", "status " + id, "payments-dev (…4444) in /Workloads/Dev"},
		{"one request, by somebody else", "U0KEN", "status " + id, "There is no request " + id + " that you may see."},
		{"cancel of somebody else's", "U0YUKI", "cancel " + id, "You have no request " + id},
		{"revoke of what is not live", "U0HANA", "revoke " + id, "nothing to revoke: it is proposed"},
		{"help", "U0HANA", "help me", "/aws-access cancel REQ-…"},
		{"nothing", "U0HANA", "", "opens the form"},
		{"nonsense", "U0HANA", "requst", "Did you mean `request`?"},
		{"drift, by who may not", "U0HANA", "drift", "Only the people of the control plane may do that."},
		{"a later version", "U0HANA", "why hana payments-dev", "not available in this version"},
		{"the board", "U0HANA", "phase", "Migration: phase 1 (pilot)"},
		{"the board has no button for others", "U0HANA", "phase", "has every account.\n"},
		{"a phase, by who may not", "U0HANA", "phase 2", "Only the people of the control plane may do that."},
		{"an outsider", "U0GUEST", "status", "You cannot use this here."},
		{"an end", "U0HANA", "request orders-dev ReadOnlyAccess for aws-orders-dev until 2026-12-24 audit", "It will end at \n2026-12-24T15:00:00Z\n"},
		{"not a member", "U0KEN", "request orders-dev PowerUserAccess for aws-orders-dev 4h audit", "You are not a direct member of aws-orders-dev"},
		{"accepted, with a link to the channel", "U0YUKI", "request payments-prod ReadOnlyAccess for aws-payments-oncall 1h audit", "ReadOnlyAccess in payments-prod for aws-payments-oncall. The pull request is being made. \nFollow it in \nthe channel#C0AWS\n.\n"},
	}
	for i, tc := range tests {
		o.town.said = nil
		o.take(fmt.Sprint("k", i+1), tc.user, tc.line)
		o.work()
		if len(o.town.said) != 1 {
			t.Fatalf("%s: %d answers", tc.name, len(o.town.said))
		}
		w := o.town.said[0]
		if got := text(w.m); !strings.Contains(got, tc.want) {
			t.Errorf("%s: %q does not say %q", tc.name, got, tc.want)
		}
		if w.m.Summary == "" || w.user != tc.user || w.to != (chat.Address{Team: "T0ACME", Channel: "C0GEN"}) {
			t.Errorf("%s: summary %q, to %s in %+v", tc.name, w.m.Summary, w.user, w.to)
		}
	}
}

// TestACancellationWaitsForItsPullRequest: it is tried again until there is one
// to close.
func TestACancellationWaitsForItsPullRequest(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.take("k1", "U0HANA", line)
	o.work()
	r := o.all()[0]
	o.take("k2", "U0HANA", "cancel "+string(r.ID))
	if err := o.desk.WorkOff(t.Context()); err == nil {
		t.Fatal("cancelled though there is no pull request yet")
	}
	o.moved(r, access.StateProposed)
	o.start()
	o.work()
	if !slices.Equal(o.town.closed, []access.ID{r.ID}) || !strings.Contains(text(o.town.said[1].m), "#12 is closed") {
		t.Errorf("closed %v, said %+v", o.town.closed, o.town.said)
	}
}

func TestRevokeAsksAndIsFollowed(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.take("k1", "U0HANA", line)
	o.work()
	r := o.moved(o.all()[0], access.StateLive)
	o.take("k2", "U0YUKI", "revoke "+string(r.ID))
	o.work()
	removal := o.all()[0]
	if removal.Kind != access.KindRevoke || removal.Want.Revokes != r.ID || removal.Channel != "C0AWS" || removal.Origin != "C0GEN" {
		t.Errorf("stored %+v", removal)
	}
	if got := text(o.town.said[1].m); !strings.Contains(got, string(removal.ID)+" asks for the removal of what "+string(r.ID)) || !strings.Contains(got, "#C0AWS") {
		t.Errorf("said %q", got)
	}
}

func TestZone(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"Asia/Tokyo": "Asia/Tokyo", "": "UTC", "Local": "UTC", "../../etc/passwd": "UTC", "Mars/Olympus": "UTC"} {
		if got := chat.Zone(name).String(); got != want {
			t.Errorf("Zone(%q) = %s, want %s", name, got, want)
		}
	}
}
