package main

import (
	"fmt"
	"maps"
)

// brought has an account outside of the organization invited, declined, invited
// again and brought to its place.
func brought(w *world) (string, error) {
	const account, verdicts = "444455551111", "pull 1: good\npull 2: good"
	if err := w.play("github/teams/platform/members", object{"person": "mio", "role": "member"}, nil); err != nil {
		return "", err
	}
	if err := w.ask("ken", "phase 2"); err != nil {
		return "", err
	}
	first, err := w.agreed(1, "mio", "lena", "mio")
	if err != nil {
		return "", err
	}
	if err := w.told(first, `Done`, `has begun`); err != nil {
		return "", err
	}
	if err := w.typed("hana", "/aws-onboard "+account+" /Workloads/Dev lena@example.com globex-shop"); err != nil {
		return "", err
	}
	request, err := w.agreed(2, "mio", "ken", "lena", "mio")
	if err != nil {
		return "", err
	}
	if err := w.told(request, `Invited: waiting`, `accept-handshake`); err != nil {
		return "", err
	}
	if err := w.play("aws/owner", object{"answer": "decline", "account": account}, nil); err != nil {
		return "", err
	}
	if err := w.told(request, `Stopped`, `declined the invitation`); err != nil {
		return "", err
	}
	if err := w.typed("ken", "/aws-onboard "+account+" again"); err != nil {
		return "", err
	}
	if err := w.told(request, `Invited: waiting`, `accept-handshake`); err != nil {
		return "", err
	}
	if err := w.play("aws/owner", object{"answer": "accept", "account": account}, nil); err != nil {
		return "", err
	}
	if err := w.told(request, `Done`, `Done: globex-shop is in its OU`); err != nil {
		return "", err
	}
	for _, a := range []assignment{{account, "AdministratorAccess", "aws-breakglass"}, {account, "PowerUserAccess", "aws-platform-admins"}, {account, "ReadOnlyAccess", "aws-security-audit"}} {
		if err := w.assigned(a, true); err != nil {
			return "", err
		}
	}
	return verdicts, w.written(map[string]int{"InviteAccountToOrganization": 2, "MoveAccount": 1})
}

// written wants that each operation of AWS was called so often.
func (w *world) written(want map[string]int) error {
	entries, err := w.journal()
	if err != nil {
		return err
	}
	got := map[string]int{}
	for _, e := range entries {
		if _, counts := want[e.Op]; counts && e.Service == "aws" {
			got[e.Op]++
		}
	}
	if !maps.Equal(want, got) {
		return fmt.Errorf("called %v, want %v: what was done before the kill was not looked for", got, want)
	}
	return nil
}

// agreed waits for a pull request, has people approve it and one merge it, and
// returns its request.
func (w *world) agreed(number int, merger string, approvers ...string) (request string, err error) {
	if request, err = w.opened(number); err != nil {
		return "", err
	}
	for _, who := range approvers {
		if err := w.review(who, number, "APPROVE", ""); err != nil {
			return "", err
		}
	}
	if err := w.checked(number, "success", anything()); err != nil {
		return "", err
	}
	_, err = w.merge(merger, number, "squash", false)
	return request, err
}
