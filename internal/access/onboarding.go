package access

import (
	"context"
	"fmt"
	"time"

	"aws-access-bot/config"
)

// Onboarding is what a KindOnboard request wants to stand in the account file.
type Onboarding struct {
	Slug string `json:"slug"`
	Name string `json:"name"`
	OU   string `json:"ou"` // path of names
	// Owners are e-mail addresses and "team:" handles.
	Owners []string          `json:"owners"`
	Tags   map[string]string `json:"tags,omitempty"`
	// Member is whether the account was in the organization when it was asked
	// for, and From the OU in which it was then.
	Member bool   `json:"member,omitempty"`
	From   string `json:"from,omitempty"`
}

// Account returns the account file that is wanted of the account with an id. The
// error says which owner cannot be one.
func (o *Onboarding) Account(id string) (config.Account, error) {
	a := config.Account{ID: id, Slug: o.Slug, Name: o.Name, Stage: config.StageSSO, OU: o.OU, Tags: o.Tags}
	for _, s := range o.Owners {
		ref, err := config.ParseApprover(s)
		if err != nil {
			return config.Account{}, fmt.Errorf("the owner %q: %w", shown(s), err)
		}
		a.Owners = append(a.Owners, ref)
	}
	return a, nil
}

// OnboardFacts is what is recorded of the way of an account into its place.
// Zero times mean not yet, or that the step was not needed.
type OnboardFacts struct {
	// Listed is whether the config in force has the account's file as sso.
	Listed  bool
	Invited time.Time
	// Expires is when an open invitation ends by itself.
	Expires time.Time
	Joined  time.Time
	// Left is when it was seen to be no member any more.
	Left time.Time
	// Placed is when it was seen in the OU of its file.
	Placed time.Time
	// Baseline is when every assignment of the baseline was read back. Live of
	// Total are.
	Baseline            time.Time
	BaselineLive, Total int
	// Stopped says why it does not go on by itself and what to do, in sentences
	// for people; StoppedCode is its stable name. Occurrence makes each time
	// it happens a new one.
	Stopped, StoppedCode string
	Occurrence           string
	// Retry is whether it goes on once the account is invited again.
	Retry bool
	// Trouble is what holds it up now while it is tried again.
	Trouble, TroubleCode string
	// Expect says what is waited for and for how long; it may have several lines,
	// such as how the invited account accepts.
	Expect string
	// Reminder makes each reminder of an open invitation one notice: its
	// text is Expect. It is "" when there is nothing to remind of.
	Reminder string
	// IAM is nil when it was not read.
	IAM *IAMUsers
	// Counting is set while the IAM users are still to be counted, for the first
	// time since the account has its baseline.
	Counting bool
	// StaysIn is the OU in which the account is where that is not the one of its
	// file, and it is not moved there; "" otherwise.
	StaysIn string
	// Lacks is set when the config in force does not give the account all of
	// the baseline. [Observer] finds it.
	Lacks bool
}

// OnboardEvidence tells what is recorded of an account; nil when there is
// nothing yet.
type OnboardEvidence interface {
	OnboardFacts(ctx context.Context, account string) (*OnboardFacts, error)
}

// OnboardRecords tells what is recorded of all accounts, by id, from one reading;
// nil before the accounts of a first config were recorded.
type OnboardRecords interface {
	AllOnboardFacts(ctx context.Context) (map[string]*OnboardFacts, error)
}

// Onboarder takes an account up again that was stopped: a declined, expired or
// cancelled invitation, or one that was moved by hand. Its file must be in
// force. by is the Entra id of who says so. Nothing to take up is ErrNotFound.
type Onboarder interface {
	OnboardAgain(ctx context.Context, account, by string) error
}
