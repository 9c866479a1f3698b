package onboard

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
)

// OnboardFacts implements [access.OnboardEvidence].
func (e *Engine) OnboardFacts(ctx context.Context, account string) (*access.OnboardFacts, error) {
	x, err := e.read(ctx, account)
	if err != nil {
		return nil, err
	}
	r, ok := x.book.record(account)
	if !ok {
		return nil, nil
	}
	return e.facts(ctx, x, r)
}

// AllOnboardFacts implements [access.OnboardRecords]. It reads everything once.
func (e *Engine) AllOnboardFacts(ctx context.Context) (map[string]*access.OnboardFacts, error) {
	x, err := e.read(ctx, "")
	if err != nil || !x.book.Begun {
		return nil, err
	}
	out := make(map[string]*access.OnboardFacts, len(x.book.Records))
	for _, r := range x.book.Records {
		if out[r.Account], err = e.facts(ctx, x, r); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// reading is what the facts of accounts are made of.
type reading struct {
	book Book
	// files are the account files in force by id, nil when no config is.
	files map[string]*config.Account
	force access.InForce
	// wanted are the assignments of the baseline's groups that are desired.
	wanted map[config.Assignment]bool
	// seats are the OUs of the members as of a time, which is zero before the
	// first look.
	seats map[string]string
	at    time.Time
}

// read reads what the facts of an account are made of, or with "" those of all.
func (e *Engine) read(ctx context.Context, only string) (*reading, error) {
	x := &reading{seats: map[string]string{}}
	var err error
	if x.book, err = e.Store.Onboardings(ctx); err != nil {
		return nil, err
	}
	if v, ok := e.lastView(); ok {
		x.at = v.At
		for _, m := range v.Members {
			if only == "" || m.ID == only {
				x.seats[m.ID] = m.OU
			}
		}
	}
	switch x.force, err = e.Commits.InForce(ctx); {
	case errors.Is(err, access.ErrNotFound):
		return x, nil
	case err != nil:
		return nil, fmt.Errorf("config in force: %w", err)
	}
	x.files = map[string]*config.Account{}
	for _, a := range x.force.Repo.Accounts {
		if only == "" || a.ID == only {
			x.files[a.ID] = a
		}
	}
	x.wanted = baselineGroups(x.force, e.now())
	return x, nil
}

// facts are those of an account that has a record.
func (e *Engine) facts(ctx context.Context, x *reading, r Record) (*access.OnboardFacts, error) {
	if a, ok := x.book.Again[r.Account]; ok && a.At.After(r.Again) && r.stopped() {
		r = r.again(a)
	}
	f := factsOf(r)
	var b baselineCount
	if x.files != nil {
		file := x.files[r.Account]
		f.Listed = file != nil && file.Stage == config.StageSSO
		f.StaysIn = e.staysIn(x, file, r)
		var err error
		if b, err = e.baseline(ctx, baselineOf(x.force.Repo, x.wanted, r.Account)); err != nil {
			return nil, fmt.Errorf("baseline of %s: %w", r.Account, err)
		}
		f.BaselineLive, f.Total = b.live, b.total
	}
	if r.State == Placed && f.Trouble == "" && f.Stopped == "" {
		f.Expect = expectBaseline(b)
	}
	u, ok := x.book.IAM[r.Account]
	if ok {
		f.IAM = &u.IAMUsers
	}
	if f.Listed && e.Users != nil && x.force.Repo.Access.Onboarding.IAMReadRole != "" && uncounted(r, u) {
		f.Counting, f.Expect = true, "The baseline is set up. The IAM users of the account are being counted, which takes some minutes at most."
	}
	return f, nil
}

// staysIn returns the OU of a member that is in another one than its file says, ""
// where it is in that of its file, or it is not known. The last look at the
// organization counts where it is newer than the record's.
func (e *Engine) staysIn(x *reading, file *config.Account, r Record) string {
	if file == nil || !r.Member || r.Placed.IsZero() {
		return ""
	}
	seat := r.Seat
	if x.at.After(r.Placed.Add(e.pace(moveGrace))) {
		seat = cmp.Or(x.seats[r.Account], seat)
	}
	if seat == cmp.Or(file.OU, root) {
		return ""
	}
	return seat
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
	if r.State == Left { // what was reached is so no more
		return &access.OnboardFacts{Left: r.Stop.Since, Stopped: r.Stop.Text, StoppedCode: string(r.Stop.Code), Retry: retries(r.Stop.Code), Occurrence: occurrence(r.Stop)}
	}
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
		f.Retry = retries(r.Stop.Code)
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

func expectBaseline(b baselineCount) string {
	switch {
	case b.total == 0:
		return ""
	case b.gone > 0:
		return fmt.Sprintf("The account is in its place. %d of %d baseline assignments are set up. %d went from AWS after the bot had set them up: that is drift, and `/aws-access drift` lists it, with a button to put it back.", b.live, b.total, b.gone)
	default:
		return fmt.Sprintf("The account is in its place. %d of %d baseline assignments are set up; the rest follows as every new assignment does.", b.live, b.total)
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
