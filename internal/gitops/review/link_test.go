package review

import (
	"slices"
	"strings"
	"testing"
)

const ninaEntra = entra + "33"

// TestT18ALinkMayDoNothingElse: the bot's link is one account at the entry of
// one person, whoever approves.
func TestT18ALinkMayDoNothingElse(t *testing.T) {
	t.Parallel()
	base := exampleTree(t)
	const hanas = "github: {login: hana-dev, id: 1002}, slack: {team: T0ACME, user: U0HANA}"
	nina := func(rest string) tree {
		return base.with(t, "people.yaml", "people:\n", "people:\n  - {entra: "+ninaEntra+", email: nina@example.com"+rest+"}\n")
	}
	hanaHas := func(now string) tree { return base.with(t, "people.yaml", hanas, now) }
	const slack, github = ", slack: {team: T0ACME, user: U0NINA}", ", github: {login: nina-codes, id: 1009}"
	tests := []struct {
		name  string
		who   string
		after tree
		pass  bool
	}{
		{"a new entry with a Slack user", ninaEntra, nina(slack), true},
		{"a new entry with a GitHub account", ninaEntra, nina(github), true},
		{"another Slack user", hanaEntra, hanaHas("github: {login: hana-dev, id: 1002}, slack: {team: T0ACME, user: U0HANA2}"), true},
		{"another GitHub account", hanaEntra, hanaHas("github: {login: hana-two, id: 1900}, slack: {team: T0ACME, user: U0HANA}"), true},
		{"a new entry with both", ninaEntra, nina(slack + github), false},
		{"a new entry with none", ninaEntra, nina(""), false},
		{"the entry of another person", hanaEntra, nina(slack), false},
		{"nobody", "", nina(slack), false},
		{"both accounts of an entry", hanaEntra, hanaHas("github: {login: hana-two, id: 1900}, slack: {team: T0ACME, user: U0HANA2}"), false},
		{"an account taken away", hanaEntra, hanaHas("github: {login: hana-dev, id: 1002}"), false},
		{"the e-mail address too", hanaEntra, hanaHas("slack: {team: T0ACME, user: U0HANA2}, github: {login: hana-dev, id: 1002}").with(t, "people.yaml", "hana@example.com", "vip@example.com"), false},
		{"two entries", ninaEntra, nina(slack).with(t, "people.yaml", "U0KEN", "U0KEN2"), false},
		{"a team", ninaEntra, nina(slack).with(t, "people.yaml", "platform: {id: 1234568}", "platform: {id: 1}"), false},
		{"a grant too", ninaEntra, nina(slack).grant(devFile, devGrant), false},
		{"another file of the control plane", ninaEntra, nina(slack).plus(".github/x", "x"), false},
		{"a reason of a grant too", ninaEntra, nina(slack).with(t, devFile, "reason: ", "reason: x"), false},
		{"nothing", hanaEntra, base, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := input(t, base, tt.after, approved(ken), approved(lena))
			in.Request = &Request{ID: "REQ-7F3K2Q", Kind: Link, Requester: tt.who}
			v := Evaluate(in)
			if v.Pass != tt.pass || slices.Contains(refusals(v), string(RefusedLink)) == tt.pass {
				t.Errorf("pass = %v, want %v: %q", v.Pass, tt.pass, Sentences(v, in.Base, in.Head))
			}
		})
	}
}

// TestT12WhoWouldBeLinkedDoesNotApprove: a link of an approver's own account
// needs two others.
func TestT12WhoWouldBeLinkedDoesNotApprove(t *testing.T) {
	t.Parallel()
	base := exampleTree(t)
	after := base.with(t, "people.yaml", "U0KEN", "U0KEN2")
	in := input(t, base, after, approved(ken), approved(lena))
	in.Request = &Request{ID: "REQ-7F3K2Q", Kind: Link, Requester: kenEntra}
	v := Evaluate(in)
	if v.Pass || len(v.Needs) != 1 || len(v.Needs[0].NotCounted) != 1 || v.Needs[0].NotCounted[0].Code != NotRequester {
		t.Fatalf("%+v", v)
	}
	if why := v.Needs[0].NotCounted[0].Why; !strings.Contains(why, "would be linked") {
		t.Errorf("why: %q", why)
	}
	in.Teams["platform"] = append(in.Teams["platform"], mio.ID)
	in.Reviews = append(in.Reviews, approved(mio))
	if v := Evaluate(in); !v.Pass {
		t.Errorf("two others: %q", Sentences(v, in.Base, in.Head))
	}
	in.Reviews = []Review{approved(yuki), approved(lena)}
	if Evaluate(in).Pass {
		t.Error("somebody who is not of the control plane counted")
	}
}
