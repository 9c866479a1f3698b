package chat_test

import (
	"fmt"
	"strings"
	"testing"

	"aws-access-bot/internal/access"
)

// TestT43AThousandCommands of one person are a handful of requests, and
// another's in the middle of them is served.
func TestT43AThousandCommands(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	accounts := []string{"payments-dev", "orders-dev", "data-lake", "sandbox-play", "payments-prod"}
	groups := []string{"aws-payments-dev", "aws-orders-dev", "aws-data-analysts", "aws-security-audit"}
	for i := range 1000 {
		text := fmt.Sprintf("request %s ReadOnlyAccess for %s 1h number %d", accounts[i%len(accounts)], groups[i/len(accounts)%len(groups)], i)
		o.take(fmt.Sprint("k", i), "U0KEN", text)
		if i == 500 {
			o.take("hana", "U0HANA", line)
		}
	}
	o.work()
	by := map[string]int{}
	for _, r := range o.all() {
		by[r.Asker.Name]++
	}
	if by["Ken"] == 0 || by["Ken"] > 5 || by["Hana"] != 1 {
		t.Errorf("requests by asker: %v", by)
	}
	answers := map[string]int{}
	for _, s := range o.town.said {
		answers[s.user]++
	}
	if answers["U0KEN"] != 1000 || answers["U0HANA"] != 1 {
		t.Errorf("answers: %v", answers)
	}
}

// TestT27ACommandSaysNothingOfWhoItIsFrom: ids and names of others in the text
// are words, and what belongs to others is not to be had.
func TestT27ACommandSaysNothingOfWhoItIsFrom(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.take("h", "U0HANA", line)
	o.work()
	r := o.moved(o.all()[0], access.StateProposed)
	for i, text := range []string{
		"cancel " + string(r.ID), "cancel " + strings.ToLower(string(r.ID)) + " user=U0HANA", "status " + string(r.ID),
		"revoke " + string(r.ID), "cancel <@U0HANA> " + string(r.ID), "cancel " + string(r.ID) + "\nasker: U0HANA",
	} {
		o.take(fmt.Sprint("k", i), "U0KEN", text)
	}
	o.work()
	if len(o.town.closed) != 0 || len(o.all()) != 1 {
		t.Errorf("closed %v, %d requests", o.town.closed, len(o.all()))
	}
	for _, s := range o.town.said {
		if s.user == "U0KEN" && strings.Contains(text(s.m), "refund bug") {
			t.Errorf("another's request was shown: %s", text(s.m))
		}
	}
}
