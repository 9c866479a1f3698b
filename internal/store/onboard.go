package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/provision/onboard"
)

// Keys of the bucket "onboard".
const (
	keyOnboardAccount = "account/" // and the id of the account: accountRecord
	keyOnboardAgain   = "again/"   // and the id of the account: againRecord
	keyOnboardIAM     = "iam/"     // and the id of the account: iamRecord
	keyOnboardBegun   = "begun"    // there once the first config was recorded
	keyOnboardTold    = "told"     // []string
)

// Onboard keeps the records of package onboard. It implements [onboard.Store].
// Its steps:
//
//	step             durable once it is reported
//	onboard.seen     which account files are standing, new or gone
//	onboard.intent   that an invitation or a move is about to be made
//	onboard.invited  the id of the invitation, or that AWS refused it
//	onboard.moved    that AWS accepted the move, or refused it
//	onboard.noted    what was found in AWS, and what holds an account up
//	onboard.again    that somebody takes an account up again
//	onboard.told     what the operations channel was told of the organization
//	onboard.iam      how many IAM users an account has
type Onboard struct {
	db DB
}

var _ onboard.Store = (*Onboard)(nil)

// NewOnboard returns the records of onboarding on a DB.
func NewOnboard(db DB) *Onboard { return &Onboard{db} }

// Onboardings implements [onboard.Store].
func (o *Onboard) Onboardings(ctx context.Context) (onboard.Book, error) {
	b := onboard.Book{Again: map[string]onboard.Again{}, IAM: map[string]onboard.Count{}}
	err := o.db.View(ctx, func(tx Tx) error {
		_, begun, err := tx.Get(bucketOnboard, keyOnboardBegun)
		if err != nil {
			return err
		}
		b.Begun = begun
		if b.Told, _, err = getJSON[[]string](tx, bucketOnboard, keyOnboardTold); err != nil {
			return err
		}
		err = scanJSON(tx, bucketOnboard, keyOnboardAccount, func(_ string, r accountRecord) error {
			b.Records = append(b.Records, r.domain())
			return nil
		})
		if err != nil {
			return err
		}
		err = scanJSON(tx, bucketOnboard, keyOnboardAgain, func(key string, r againRecord) error {
			b.Again[strings.TrimPrefix(key, keyOnboardAgain)] = onboard.Again(r)
			return nil
		})
		if err != nil {
			return err
		}
		return scanJSON(tx, bucketOnboard, keyOnboardIAM, func(key string, r iamRecord) error {
			b.IAM[strings.TrimPrefix(key, keyOnboardIAM)] = r.domain()
			return nil
		})
	})
	return b, wrapOnboard("records", err)
}

func wrapOnboard(what string, err error) error {
	if err != nil {
		return fmt.Errorf("onboarding: %s: %w", what, err)
	}
	return nil
}

// BeginOnboardings implements [onboard.Store].
func (o *Onboard) BeginOnboardings(ctx context.Context, begin []onboard.Record, gone []string) error {
	err := o.db.Update(ctx, string(onboard.StepSeen), func(tx Tx) error {
		if err := tx.Put(bucketOnboard, keyOnboardBegun, []byte("true")); err != nil {
			return err
		}
		for _, r := range begin {
			if err := putJSON(tx, bucketOnboard, keyOnboardAccount+r.Account, newAccountRecord(r)); err != nil {
				return err
			}
		}
		for _, id := range gone {
			if err := deleteKeys(tx, bucketOnboard, []string{keyOnboardAccount + id, keyOnboardAgain + id}); err != nil {
				return err
			}
		}
		return nil
	})
	return wrapOnboard("begin", err)
}

// SaveOnboarding implements [onboard.Store].
func (o *Onboard) SaveOnboarding(ctx context.Context, step onboard.Step, r onboard.Record) error {
	err := o.db.Update(ctx, string(step), func(tx Tx) error {
		word, ok, err := getJSON[againRecord](tx, bucketOnboard, keyOnboardAgain+r.Account)
		if err != nil {
			return err
		}
		if ok && !word.At.After(r.Again) {
			if err := tx.Delete(bucketOnboard, keyOnboardAgain+r.Account); err != nil {
				return err
			}
		}
		return putJSON(tx, bucketOnboard, keyOnboardAccount+r.Account, newAccountRecord(r))
	})
	return wrapOnboard("save "+r.Account, err)
}

// AskAgain implements [onboard.Store].
func (o *Onboard) AskAgain(ctx context.Context, account string, a onboard.Again) error {
	err := o.db.Update(ctx, string(onboard.StepAgain), func(tx Tx) error {
		return putJSON(tx, bucketOnboard, keyOnboardAgain+account, againRecord(a))
	})
	return wrapOnboard("take up "+account, err)
}

// SaveTold implements [onboard.Store].
func (o *Onboard) SaveTold(ctx context.Context, keys []string) error {
	err := o.db.Update(ctx, string(onboard.StepTold), func(tx Tx) error {
		return putJSON(tx, bucketOnboard, keyOnboardTold, keys)
	})
	return wrapOnboard("save what was told", err)
}

// SaveIAM implements [onboard.Store].
func (o *Onboard) SaveIAM(ctx context.Context, account string, c onboard.Count) error {
	err := o.db.Update(ctx, string(onboard.StepIAM), func(tx Tx) error {
		return putJSON(tx, bucketOnboard, keyOnboardIAM+account, newIAMRecord(c))
	})
	return wrapOnboard("save IAM users of "+account, err)
}

// againRecord is a stored [onboard.Again].
type againRecord struct {
	At time.Time `json:"at"`
	By string    `json:"by"`
}

// noteRecord is a stored [onboard.Note].
type noteRecord struct {
	Code  onboard.Code `json:"code"`
	Text  string       `json:"text"`
	Since time.Time    `json:"since"`
}

// invitationRecord is a stored [onboard.Invitation].
type invitationRecord struct {
	Intent          time.Time `json:"intent,omitzero"`
	Last            string    `json:"last,omitempty"`
	ID              string    `json:"id,omitempty"`
	Account         string    `json:"account,omitempty"`
	Action          string    `json:"action,omitempty"`
	State           string    `json:"state,omitempty"`
	Asked           time.Time `json:"asked,omitzero"`
	Expires         time.Time `json:"expires,omitzero"`
	WaitsForAccount bool      `json:"waits_for_account,omitempty"`
	Found           bool      `json:"found,omitempty"`
	Accepted        time.Time `json:"accepted,omitzero"`
}

// moveRecord is a stored [onboard.Move].
type moveRecord struct {
	Intent   time.Time `json:"intent"`
	From     string    `json:"from"`
	To       string    `json:"to"`
	Accepted time.Time `json:"accepted,omitzero"`
}

// accountRecord is a stored [onboard.Record].
type accountRecord struct {
	Account    string            `json:"account"`
	State      string            `json:"state"`
	Began      time.Time         `json:"began"`
	Commit     string            `json:"commit,omitempty"`
	Member     bool              `json:"member,omitempty"`
	Entered    time.Time         `json:"entered,omitzero"`
	Outside    bool              `json:"outside,omitempty"`
	LeftFrom   string            `json:"left_from,omitempty"`
	Seat       string            `json:"seat,omitempty"`
	Invitation *invitationRecord `json:"invitation,omitempty"`
	Joined     time.Time         `json:"joined,omitzero"`
	Move       *moveRecord       `json:"move,omitempty"`
	Placed     time.Time         `json:"placed,omitzero"`
	Baseline   time.Time         `json:"baseline,omitzero"`
	Stop       noteRecord        `json:"stop,omitzero"`
	Trouble    noteRecord        `json:"trouble,omitzero"`
	Attempts   int               `json:"attempts,omitempty"`
	NextTry    time.Time         `json:"next_try,omitzero"`
	Reminded   int               `json:"reminded,omitempty"`
	RemindedAt time.Time         `json:"reminded_at,omitzero"`
	Again      time.Time         `json:"again,omitzero"`
}

func newAccountRecord(r onboard.Record) accountRecord {
	out := accountRecord{
		Account: r.Account, State: string(r.State), Began: r.Began, Commit: r.Commit, Member: r.Member, Entered: r.Entered, Outside: r.Outside,
		LeftFrom: string(r.LeftFrom), Seat: r.Seat, Joined: r.Joined, Placed: r.Placed, Baseline: r.Baseline, Stop: noteRecord(r.Stop), Trouble: noteRecord(r.Trouble),
		Attempts: r.Attempts, NextTry: r.NextTry, Reminded: r.Reminded, RemindedAt: r.RemindedAt, Again: r.Again,
	}
	if i := r.Invitation; i != nil {
		out.Invitation = &invitationRecord{i.Intent, i.Last, i.ID, i.Account, i.Action, i.State, i.Asked, i.Expires, i.WaitsForAccount, i.Found, i.Accepted}
	}
	if m := r.Move; m != nil {
		out.Move = &moveRecord{m.Intent, m.From, m.To, m.Accepted}
	}
	return out
}

func (r accountRecord) domain() onboard.Record {
	out := onboard.Record{
		Account: r.Account, State: onboard.State(r.State), Began: r.Began, Commit: r.Commit, Member: r.Member, Entered: r.Entered, Outside: r.Outside,
		LeftFrom: onboard.State(r.LeftFrom), Seat: r.Seat, Joined: r.Joined, Placed: r.Placed, Baseline: r.Baseline, Stop: onboard.Note(r.Stop), Trouble: onboard.Note(r.Trouble),
		Attempts: r.Attempts, NextTry: r.NextTry, Reminded: r.Reminded, RemindedAt: r.RemindedAt, Again: r.Again,
	}
	if i := r.Invitation; i != nil {
		h := access.Handshake{ID: i.ID, Account: i.Account, Action: i.Action, State: i.State, Asked: i.Asked, Expires: i.Expires, WaitsForAccount: i.WaitsForAccount}
		out.Invitation = &onboard.Invitation{Intent: i.Intent, Last: i.Last, Handshake: h, Found: i.Found, Accepted: i.Accepted}
	}
	if m := r.Move; m != nil {
		out.Move = &onboard.Move{Intent: m.Intent, From: m.From, To: m.To, Accepted: m.Accepted}
	}
	return out
}

// iamRecord is a stored [onboard.Count].
type iamRecord struct {
	At           time.Time `json:"at,omitzero"`
	Total        int       `json:"total"`
	Passwords    int       `json:"passwords"`
	Keys         int       `json:"keys"`
	UsedThisWeek int       `json:"used_this_week"`
	Names        []string  `json:"names,omitempty"`
	Trouble      string    `json:"trouble,omitempty"`
	Tried        time.Time `json:"tried"`
}

func newIAMRecord(c onboard.Count) iamRecord {
	return iamRecord{c.At, c.Total, c.Passwords, c.Keys, c.UsedThisWeek, c.Names, c.Trouble, c.Tried}
}

func (r iamRecord) domain() onboard.Count {
	return onboard.Count{Tried: r.Tried, IAMUsers: access.IAMUsers{
		At: r.At, Total: r.Total, Passwords: r.Passwords, Keys: r.Keys, UsedThisWeek: r.UsedThisWeek, Names: r.Names, Trouble: r.Trouble}}
}
