package onboard

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
)

// turn is what one pass works with.
type turn struct {
	woken bool
	force access.InForce
	asks  map[string]Ask
	book  Book
	// handshakes reads those of the organization, once a pass.
	handshakes func() ([]access.Handshake, error)
	// features asks which the organization has, once a pass.
	features func() (access.FeatureSet, error)
	// wanted is what baseline found, nil before it was asked.
	wanted map[config.Assignment]bool
}

// baseline is what the groups of the baseline are to have, found once a pass.
func (t *turn) baseline(now time.Time) map[config.Assignment]bool {
	if t.wanted == nil {
		t.wanted = baselineGroups(t.force, now)
	}
	return t.wanted
}

// ask is the onboarding of an account that is in force.
func (t *turn) ask(account string) (Ask, bool) {
	a, ok := t.asks[account]
	if !ok || !a.InForce {
		return Ask{}, false
	}
	return a, true
}

// pass looks at what is due, and returns when something is due next.
func (e *Engine) pass(ctx context.Context, woken bool) (time.Time, error) {
	force, err := e.Commits.InForce(ctx)
	if errors.Is(err, access.ErrNotFound) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("config in force: %w", err)
	}
	if force.Commit != e.schedule.commit {
		e.schedule.commit = force.Commit
		clear(e.schedule.accounts)
	}
	t := &turn{woken: woken, force: force, handshakes: sync.OnceValues(func() ([]access.Handshake, error) { return e.readHandshakes(ctx) }),
		features: sync.OnceValues(func() (access.FeatureSet, error) { return e.readFeatures(ctx) })}
	if e.Asks != nil {
		if t.asks, err = e.Asks.Onboardings(ctx); err != nil {
			return time.Time{}, fmt.Errorf("open onboardings: %w", err)
		}
	}
	if t.book, err = e.Store.Onboardings(ctx); err != nil {
		return time.Time{}, err
	}
	if err := e.begin(ctx, t); err != nil {
		return time.Time{}, err
	}
	next := earlier(e.survey(ctx, t), e.surveyTags(ctx, t))
	e.noteDiffering(force.Repo)
	if e.schedule.toldOf != force.Commit || e.schedule.toldDiffering != e.schedule.differing {
		// Another config or other tags mean other findings, whatever else AWS says.
		if v, ok := e.lastView(); ok {
			if err := e.tell(ctx, t, v); err != nil {
				return time.Time{}, err
			}
			e.schedule.toldOf, e.schedule.toldDiffering = force.Commit, e.schedule.differing
		}
	}
	if err := e.remember(ctx, t); err != nil {
		return time.Time{}, err
	}
	for _, r := range t.book.Records {
		if ctx.Err() != nil {
			return time.Time{}, ctx.Err()
		}
		at, err := e.visit(ctx, t, r)
		if err != nil {
			return time.Time{}, err
		}
		next = earlier(next, at)
	}
	return next, nil
}

// earlier returns the earlier of two times; zero is none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// begin makes the records follow the account files of the config in force.
func (e *Engine) begin(ctx context.Context, t *turn) error {
	now := e.now()
	have := map[string]bool{}
	var gone []string
	var kept []Record
	for _, r := range t.book.Records {
		have[r.Account] = true
		if !listed(t.force.Repo, r.Account) {
			if err := e.tellOpen(ctx, r); err != nil {
				return err
			}
			gone = append(gone, r.Account)
			continue
		}
		kept = append(kept, r)
	}
	var begin []Record
	for _, a := range t.force.Repo.Accounts {
		if a.Stage != config.StageSSO || have[a.ID] {
			continue
		}
		r := Record{Account: a.ID, State: New, Began: now, Commit: t.force.Commit}
		// What is only asked for brought no file that is in force.
		if _, asked := t.ask(a.ID); !t.book.Begun && !asked {
			r.State = Standing
		}
		begin = append(begin, r)
	}
	if len(begin) == 0 && len(gone) == 0 && t.book.Begun {
		return nil
	}
	if err := e.Store.BeginOnboardings(ctx, begin, gone); err != nil {
		return err
	}
	for _, id := range gone {
		delete(e.schedule.accounts, id)
	}
	t.book.Begun, t.book.Records = true, append(kept, begin...)
	slices.SortFunc(t.book.Records, func(a, b Record) int { return strings.Compare(a.Account, b.Account) })
	e.changed()
	return nil
}

// tellOpen tells of the invitation that stays open when a file is taken out: it
// is told before its record goes, so that no restart forgets it.
func (e *Engine) tellOpen(ctx context.Context, r Record) error {
	if r.Member || r.Invitation == nil || r.Invitation.ID == "" || !waits(r.Invitation.Handshake, e.now()) {
		return nil
	}
	return e.notify(ctx, "open/"+r.Invitation.ID, fmt.Sprintf("The file of account %s was taken out of the config repo, and the invitation %s to it stays open until %s: its owner can still accept it. The bot cancels no invitation; cancel it in the management account under AWS Organizations > Invitations.", r.Account, r.Invitation.ID, clock(r.Invitation.Expires)))
}

// listed reports whether the config has an account's file as sso.
func listed(repo *config.Repo, account string) bool {
	a, ok := repo.AccountByID(account)
	return ok && a.Stage == config.StageSSO
}

// readHandshakes reads the handshakes with the role that may, or with the bot's
// own where none is configured.
func (e *Engine) readHandshakes(ctx context.Context) ([]access.Handshake, error) {
	ctx, cancel := e.call(ctx)
	defer cancel()
	if e.Management != nil {
		return e.Management.Handshakes(ctx)
	}
	return e.Organization.Handshakes(ctx)
}

// readFeatures is features with a deadline of its own.
func (e *Engine) readFeatures(ctx context.Context) (access.FeatureSet, error) {
	ctx, cancel := e.call(ctx)
	defer cancel()
	return e.features(ctx)
}

// remember notes which of the settled accounts are members, and since when, as the
// last look at the organization has it, all in one step. Who is none any more is looked up
// by visit.
func (e *Engine) remember(ctx context.Context, t *turn) error {
	view, ok := e.lastView()
	if !ok || view.Trouble != "" {
		return nil
	}
	members := membersOf(view)
	var seen []Record
	for i, r := range t.book.Records {
		m, member := members[r.Account]
		if first := r.State == Standing && !r.Member; !member || !first && (!r.Member || !r.Entered.IsZero() || m.Joined.IsZero()) {
			continue
		}
		t.book.Records[i].Member, t.book.Records[i].Entered = true, m.Joined
		seen = append(seen, t.book.Records[i])
	}
	if len(seen) == 0 {
		return nil
	}
	return e.Store.BeginOnboardings(ctx, seen, nil)
}

func membersOf(v access.EstateView) map[string]access.EstateAccount {
	out := map[string]access.EstateAccount{}
	for _, m := range v.Members {
		out[m.ID] = m
	}
	return out
}

// visit works on one account if it is due, and returns when it is due next;
// zero for one of which nothing is wanted.
func (e *Engine) visit(ctx context.Context, t *turn, r Record) (time.Time, error) {
	a, taken := t.book.Again[r.Account]
	if taken && a.At.After(r.Again) {
		if r.stopped() {
			r = r.again(a)
		}
		r.Again = a.At
		if err := e.save(ctx, StepAgain, r); err != nil {
			return time.Time{}, err
		}
		e.audit(ctx, "account.again", r.Account, a.By, nil)
		delete(e.schedule.accounts, r.Account)
	}
	if r.settled() && !e.disturbed(t, r) {
		delete(e.schedule.accounts, r.Account)
		e.tellStop(ctx, t, r)
		return time.Time{}, nil
	}
	due := e.schedule.accounts[r.Account]
	if t.woken && r.State == Placed {
		// Whatever woke it may have made the baseline live.
		due = earlier(due, e.schedule.worked[r.Account].Add(e.pace(placedEvery)))
	}
	if e.now().Before(due) {
		e.schedule.accounts[r.Account] = due
		return due, nil
	}
	e.schedule.worked[r.Account] = e.now()
	r, next, err := e.work(ctx, t, r)
	if err != nil {
		return time.Time{}, err
	}
	e.tellStop(ctx, t, r)
	e.schedule.accounts[r.Account] = next
	return next, nil
}

// disturbed reports whether a settled account is to be worked on: somebody asked
// for one that was there before the bot, or the last look at the organization
// says otherwise than its record.
func (e *Engine) disturbed(t *turn, r Record) bool {
	ask, asked := t.ask(r.Account)
	if asked && r.State == Standing {
		return true
	}
	view, ok := e.lastView()
	if !ok || view.Trouble != "" {
		return false
	}
	if file, ok := t.force.Repo.AccountByID(r.Account); ok && asked && r.State == Done && ask.From != "" && ask.From != cmp.Or(file.OU, root) && ask.From == seatIn(view, r.Account) {
		return true
	}
	if m, member := memberIn(view, r.Account); member != r.Member || r.rejoined(m) {
		return true
	}
	if r.State != Standing || r.Member {
		return false
	}
	for _, h := range invitationsTo(r.Account, view.Handshakes) {
		if waits(h, e.now()) {
			return true
		}
	}
	return false
}

// memberIn returns a member of a view.
func memberIn(v access.EstateView, account string) (access.EstateAccount, bool) {
	i := slices.IndexFunc(v.Members, func(m access.EstateAccount) bool { return m.ID == account })
	if i < 0 {
		return access.EstateAccount{}, false
	}
	return v.Members[i], true
}

// seatIn returns the OU of a member in a view, "" for none.
func seatIn(v access.EstateView, account string) string {
	m, _ := memberIn(v, account)
	return m.OU
}

// tellBack tells the operations channel of an account that left, seen or not, and is
// a member again, where no thread does. It is told before it is noted, so that no restart
// forgets it.
func (e *Engine) tellBack(ctx context.Context, t *turn, was, now Record) error {
	which := occurrence(was.Stop)
	switch {
	case was.State == Left && now.State != Left:
	case now.Member && was.rejoined(access.EstateAccount{Member: true, Joined: now.Entered}):
		which = "unseen/" + now.Entered.UTC().Format(time.RFC3339)
	default:
		return nil
	}
	if _, threaded := t.ask(was.Account); threaded {
		return nil
	}
	what := "It is what it was for the bot before."
	if !now.settled() {
		what = "The bot brings it to the OU of its file; what stands in the way of that is told."
	}
	return e.notify(ctx, "back/"+was.Account+"/"+which, fmt.Sprintf("Account %s, which was not a member of the organization any more, is one again. %s What the bot had set up in it and AWS dropped meanwhile is drift: `/aws-access drift` lists it, with a button to put it back.", e.called(t, was.Account), what))
}

// tellStop tells the operations channel of a stop that no thread tells of.
func (e *Engine) tellStop(ctx context.Context, t *turn, r Record) {
	if !r.stopped() {
		return
	}
	if _, threaded := t.ask(r.Account); threaded {
		return
	}
	key := fmt.Sprintf("stop/%s/%s", r.Account, occurrence(r.Stop))
	if e.schedule.told[r.Account] == key {
		return
	}
	if err := e.notify(ctx, key, fmt.Sprintf("Account %s: %s", e.called(t, r.Account), r.Stop.Text)); err != nil {
		e.opts.Log.Error("ops notice", "account", r.Account, "error", err)
		return
	}
	e.schedule.told[r.Account] = key
}

// called is an account as people know it.
func (e *Engine) called(t *turn, account string) string {
	if a, ok := t.force.Repo.AccountByID(account); ok {
		return fmt.Sprintf("%s (%s)", a.Name, account)
	}
	return account
}

// occurrence makes each time that something happens a new one.
func occurrence(n Note) string {
	return string(n.Code) + "/" + n.Since.UTC().Format(time.RFC3339Nano)
}
