package onboard

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/provision/fault"
)

// IAM users are counted once a day in each account, and once more when an
// account was onboarded; what failed is tried again after retryUsers.
const (
	countEvery = day
	retryUsers = time.Hour
	// countTimeout bounds one account: a report takes up to some minutes.
	countTimeout = 5 * time.Minute
)

// countUsers counts the IAM users of the accounts that are due, one after the
// other, and returns when one is due next.
func (e *Engine) countUsers(ctx context.Context, _ bool) (time.Time, error) {
	force, err := e.Commits.InForce(ctx)
	if errors.Is(err, access.ErrNotFound) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("config in force: %w", err)
	}
	role := force.Repo.Access.Onboarding.IAMReadRole
	view, ok := e.lastView()
	if role == "" || !ok {
		return time.Time{}, nil
	}
	book, err := e.Store.Onboardings(ctx)
	if err != nil {
		return time.Time{}, err
	}
	var next time.Time
	for _, id := range countable(force.Repo, view, book) {
		due := e.countDue(book, id)
		if now := e.now(); now.Before(due) {
			next = earlier(next, due)
			continue
		}
		if err := e.countOne(ctx, id, role, book.IAM[id]); err != nil {
			return time.Time{}, err
		}
		select {
		case <-e.wakeIAM: // an account may have come in, whose thread waits
			return e.now(), nil
		default:
		}
	}
	return next, nil
}

// countable are the active members that have an account file, those first that
// were brought in and not counted since. The role is assumed nowhere else.
func countable(repo *config.Repo, v access.EstateView, book Book) []string {
	var out []string
	seen := map[string]bool{}
	for _, m := range v.Members {
		seen[m.ID] = true
		if _, ok := repo.AccountByID(m.ID); ok && m.State == accountActive {
			out = append(out, m.ID)
		}
	}
	fresh := map[string]bool{}
	for _, r := range book.Records {
		fresh[r.Account] = uncounted(r, book.IAM[r.Account])
		// One that has joined since the last look at the organization.
		if !seen[r.Account] && fresh[r.Account] && r.Member && listed(repo, r.Account) {
			out = append(out, r.Account)
		}
	}
	slices.SortFunc(out, func(a, b string) int {
		if fresh[a] != fresh[b] {
			return map[bool]int{true: -1, false: 1}[fresh[a]]
		}
		return strings.Compare(a, b)
	})
	return out
}

// uncounted reports whether an account was brought in, and nobody tried to count
// its IAM users since.
func uncounted(r Record, u Count) bool { return r.State == Done && r.Baseline.After(u.Tried) }

// countDue is when an account is to be counted next; zero is at once.
func (e *Engine) countDue(book Book, account string) time.Time {
	u, ok := book.IAM[account]
	if !ok {
		return time.Time{}
	}
	if r, ok := book.record(account); ok && uncounted(r, u) {
		return time.Time{}
	}
	wait := countEvery
	if u.Trouble != "" {
		wait = retryUsers
	}
	return u.Tried.Add(e.pace(wait))
}

// countOne counts one account and stores what came of it. What was counted
// before stays beside the trouble of a count that failed.
func (e *Engine) countOne(ctx context.Context, account, role string, before Count) error {
	cctx, cancel := context.WithTimeout(ctx, countTimeout)
	defer cancel()
	u, err := e.Users.Count(cctx, account, role)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	after := Count{IAMUsers: u, Tried: e.now()}
	if err != nil {
		e.opts.Log.Warn("count IAM users", "account", account, "error", err)
		after.IAMUsers = before.IAMUsers
		after.Trouble = fmt.Sprintf("The IAM users of the account could not be read with the role %s: %s.", role, fault.Reason(err))
	}
	if err := e.Store.SaveIAM(ctx, account, after); err != nil {
		return err
	}
	e.changed()
	return nil
}
