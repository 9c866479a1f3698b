package onboard

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"aws-access-bot/internal/access"
)

// OnboardFacts implements [access.OnboardEvidence].
func (e *Engine) OnboardFacts(ctx context.Context, account string) (*access.OnboardFacts, error) {
	book, err := e.Store.Onboardings(ctx)
	if err != nil {
		return nil, err
	}
	r, ok := book.record(account)
	if !ok {
		return nil, nil
	}
	force, err := e.Commits.InForce(ctx)
	if err != nil && !errors.Is(err, access.ErrNotFound) {
		return nil, fmt.Errorf("config in force: %w", err)
	}
	if a, ok := book.Again[account]; ok && a.At.After(r.Again) && r.stopped() {
		r = r.again(a)
	}
	f := factsOf(r)
	if err == nil {
		f.Listed = listed(force.Repo, account)
		if f.BaselineLive, f.Total, _, err = e.baseline(ctx, force, account); err != nil {
			return nil, err
		}
	}
	if r.State == Placed && f.Trouble == "" {
		f.Expect = expectBaseline(f.BaselineLive, f.Total)
	}
	if u, ok := book.IAM[account]; ok {
		f.IAM = &u.IAMUsers
	}
	return f, nil
}

// record returns that of an account.
func (b Book) record(account string) (Record, bool) {
	for _, r := range b.Records {
		if r.Account == account {
			return r, true
		}
	}
	return Record{}, false
}

// factsOf is what a record alone says.
func factsOf(r Record) *access.OnboardFacts {
	f := &access.OnboardFacts{
		Joined: r.Joined, Placed: r.Placed, Baseline: r.Baseline,
		Trouble: r.Trouble.Text, TroubleCode: string(r.Trouble.Code),
	}
	i := r.Invitation
	if i != nil && i.ID != "" {
		f.Invited = i.Asked
	}
	if r.stopped() {
		f.Stopped, f.StoppedCode, f.Occurrence = r.Stop.Text, string(r.Stop.Code), occurrence(r.Stop)
		return f
	}
	switch r.State {
	case New, Inviting:
		f.Expect = "The account is looked up in AWS Organizations; an invitation goes out within a minute if it needs one."
	case Invited:
		f.Expires = i.Expires
		f.Expect = sayAccept(r.Account, i.Handshake)
		if r.Reminded > 0 {
			f.Reminder = fmt.Sprintf("%s/%d", i.ID, r.Reminded)
		}
	case Joining:
		f.Expect = "The invitation was accepted. AWS takes some minutes to make the account a member."
	case Member, Moving:
		f.Expect = "The account is a member, and is moved to its OU within a minute or two."
	}
	return f
}

func expectBaseline(live, total int) string {
	switch total {
	case 0:
		return ""
	default:
		return fmt.Sprintf("The account is in its place. %d of %d baseline assignments are set up; the rest follows as every new assignment does.", live, total)
	}
}

// OnboardAgain implements [access.Onboarder].
func (e *Engine) OnboardAgain(ctx context.Context, account, by string) error {
	force, err := e.Commits.InForce(ctx)
	if err != nil {
		return fmt.Errorf("take up %s again: %w", account, err)
	}
	book, err := e.Store.Onboardings(ctx)
	if err != nil {
		return err
	}
	r, ok := book.record(account)
	if !ok || !r.stopped() || r.Stop.Code == CodeManagement || !listed(force.Repo, account) {
		return fmt.Errorf("take up %s again: it is not stopped: %w", account, access.ErrNotFound)
	}
	if strings.TrimSpace(by) == "" {
		return fmt.Errorf("take up %s again: nobody says so", account)
	}
	at := e.now()
	if !at.After(r.Again) {
		at = r.Again.Add(time.Nanosecond)
	}
	if err := e.Store.AskAgain(ctx, account, Again{At: at, By: by}); err != nil {
		return err
	}
	e.changed()
	e.Wake()
	return nil
}
