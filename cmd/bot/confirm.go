package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/provision/onboard"
	"aws-access-bot/internal/store"
)

// origins tells provisioning of the requests behind accounts and removals.
type origins struct {
	requests *store.Requests
	accounts *store.Onboard
}

var _ provision.Origins = origins{}

// Onboarded implements [provision.Origins].
func (o origins) Onboarded(ctx context.Context, account string) (access.ID, time.Time, error) {
	book, err := o.accounts.Onboardings(ctx)
	if err != nil {
		return "", time.Time{}, err
	}
	var since time.Time
	for _, r := range book.Records {
		if r.Account == account && r.State != onboard.Standing {
			since = r.Began
		}
	}
	if since.IsZero() {
		return "", time.Time{}, fmt.Errorf("onboarding of %s: %w", account, access.ErrNotFound)
	}
	id, err := o.asked(ctx, account)
	return id, since, err
}

// asked returns the newest request for an account that was merged, "" for none.
func (o origins) asked(ctx context.Context, account string) (access.ID, error) {
	all, err := o.requests.All(ctx)
	if err != nil {
		return "", fmt.Errorf("who asked for the account %s: %w", account, err)
	}
	var id access.ID
	var newest time.Time
	for _, r := range all {
		merged, ok := r.At(access.StageMerged)
		if ok && r.Kind == access.KindOnboard && r.Want.AccountID == account && merged.After(newest) {
			id, newest = r.ID, merged
		}
	}
	return id, nil
}

// Revoked implements [provision.Origins]. A request is open until what it takes
// away is read back as gone, and only who may revoke can make one. Whether its
// merge is known does not count: a commit comes into force, and is acted on,
// before the end of its pull request is looked at.
func (o origins) Revoked(ctx context.Context, a config.Assignment) (bool, error) {
	open, err := o.requests.For(ctx, a)
	if err != nil {
		return false, fmt.Errorf("requests for %s: %w", a, err)
	}
	return slices.ContainsFunc(open, func(r access.Request) bool { return r.Kind == access.KindRevoke && !r.GivenUp() }), nil
}
