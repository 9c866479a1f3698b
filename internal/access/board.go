package access

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"aws-access-bot/config"
)

// BoardStep is how far an account is on its way to SSO.
type BoardStep string

// The steps of accounts on the board.
const (
	BoardLegacy  BoardStep = "legacy"  // has its file, and stays as it is
	BoardWaiting BoardStep = "waiting" // a member without a file
	BoardOutside BoardStep = "outside" // has its file as sso, and is no member
	BoardInvited BoardStep = "invited"
	BoardJoined  BoardStep = "joined" // a member, and not yet in its OU
	BoardPlaced  BoardStep = "placed" // in its OU, the baseline is not read back
	BoardIn      BoardStep = "in"     // run from the config repo
	BoardStopped BoardStep = "stopped"
)

// BoardSteps are the steps in the order of the board: who is stopped, then who is
// furthest behind.
func BoardSteps() []BoardStep {
	return []BoardStep{BoardStopped, BoardLegacy, BoardWaiting, BoardOutside, BoardInvited, BoardJoined, BoardPlaced, BoardIn}
}

// BoardAccount is one account on the board.
type BoardAccount struct {
	ID     string    `json:"id"`
	Name   string    `json:"name"`
	Slug   string    `json:"slug,omitempty"` // "" without a file
	Step   BoardStep `json:"step"`
	OU     string    `json:"ou,omitempty"`
	Owners []string  `json:"owners,omitempty"`
	// Closed is set for one without a file that AWS has closed, or is about to:
	// it waits for nothing.
	Closed bool `json:"closed,omitempty"`
	// Ready is set for one without a file that can be asked for as it is.
	Ready bool `json:"ready,omitempty"`
	// Last is when its last step was made, zero when that is not known, and
	// Days how many whole days ago that is, -1 then.
	Last time.Time `json:"last,omitzero"`
	Days int       `json:"days"`
	// Blocker is what it waits for, in sentences; "" for nothing.
	Blocker string `json:"blocker,omitempty"`
	// ConfirmBy is until when somebody is to say that people are still in after
	// old access was taken away, zero when that is not asked; Cutover says that,
	// or that what was put back waits for a decision, in sentences.
	ConfirmBy time.Time `json:"confirm_by,omitzero"`
	Cutover   string    `json:"cutover,omitempty"`
	// IAMUsers are nil when they were not counted.
	IAMUsers *BoardIAM `json:"iam_users,omitempty"`
}

// BoardIAM is how many IAM users an account has left.
type BoardIAM struct {
	Total        int       `json:"total"`
	UsedThisWeek int       `json:"used_this_week"`
	At           time.Time `json:"at,omitzero"`
	Trouble      string    `json:"trouble,omitempty"`
}

// BoardHandshake is an open invitation, an open question for all features, or
// where everybody has agreed to them what is left to finish.
type BoardHandshake struct {
	ID      string    `json:"id"`
	Account string    `json:"account"` // name and id of who has to answer
	Action  string    `json:"action"`
	Asked   time.Time `json:"asked,omitzero"`
	Expires time.Time `json:"expires,omitzero"`
	// Finishes is set for the last step to all features.
	Finishes bool `json:"finishes,omitempty"`
}

// Board is how far the migration is.
type Board struct {
	At     time.Time `json:"at"`
	Commit string    `json:"commit"`
	// Phase is that in force; Next is the one after, 0 after the last, and
	// Ahead what stands before it.
	Phase config.Phase `json:"phase"`
	Next  config.Phase `json:"next,omitempty"`
	Ahead []BoardLine  `json:"ahead,omitempty"`
	// Total counts accounts with a file, and members without that are not closed;
	// In those of them that are run from the config repo.
	Total int               `json:"total"`
	In    int               `json:"in"`
	Steps map[BoardStep]int `json:"steps"`
	// Accounts are all, those who are furthest behind first.
	Accounts   []BoardAccount   `json:"accounts"`
	Handshakes []BoardHandshake `json:"handshakes,omitempty"`
	Features   FeatureSet       `json:"features,omitempty"`
	// IAMUsers are those left in all accounts that were counted, IAMCounted of
	// Total.
	IAMUsers   int `json:"iam_users"`
	IAMCounted int `json:"iam_counted"`
	// Looked is when the organization was read, zero if it was not yet.
	Looked  time.Time `json:"looked,omitzero"`
	Trouble string    `json:"trouble,omitempty"`
}

// BoardLine is one thing that stands before the next phase.
type BoardLine struct {
	Code     string          `json:"code"`
	Result   PreflightResult `json:"result"`
	Sentence string          `json:"sentence"`
	Mend     string          `json:"mend,omitempty"`
}

// NewBoard puts the board together. It is a pure function.
func NewBoard(force InForce, live Live, now time.Time) Board {
	b := Board{At: now.UTC(), Commit: force.Commit, Phase: force.Repo.Access.Phase, Trouble: live.Trouble, Steps: map[BoardStep]int{}}
	if next, ok := b.Phase.Next(); ok {
		b.Next = next
		for _, l := range Ahead(force.Repo, next, live) {
			b.Ahead = append(b.Ahead, BoardLine(l))
		}
	}
	members := live.View.members()
	for _, a := range force.Repo.Accounts {
		b.Accounts = append(b.Accounts, filed(a, live.View, members, live.Onboarding[a.ID], now))
	}
	for _, m := range Waiting(force.Repo, live.View) {
		b.Accounts = append(b.Accounts, unfiled(b.Phase, m, live.View, now))
	}
	for _, a := range b.Accounts {
		if a.Closed {
			continue // AWS lists it for 90 days more
		}
		b.Steps[a.Step]++
		b.Total++
		if a.IAMUsers != nil && a.IAMUsers.Trouble == "" {
			b.IAMUsers += a.IAMUsers.Total
			b.IAMCounted++
		}
	}
	b.In = b.Steps[BoardIn]
	slices.SortFunc(b.Accounts, behindFirst)
	if v := live.View; v != nil {
		b.Looked, b.Features = v.At.UTC(), v.Features
		b.Trouble = cmp.Or(b.Trouble, v.Trouble)
		b.Handshakes = openHandshakes(force.Repo, v)
	}
	return b
}

// behindFirst puts accounts in the order of the steps; in one step those first
// that wait longest.
func behindFirst(a, b BoardAccount) int {
	place := func(s BoardStep) int { return slices.Index(BoardSteps(), s) }
	return cmp.Or(cmp.Compare(place(a.Step), place(b.Step)), cmp.Compare(b.Days, a.Days), cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
}

// filed is an account with a file. members are those of the view, by id.
func filed(a *config.Account, v *EstateView, members map[string]EstateAccount, f *OnboardFacts, now time.Time) BoardAccount {
	out := BoardAccount{ID: a.ID, Name: a.Name, Slug: a.Slug, OU: a.OU, Days: -1}
	for _, o := range a.Owners {
		out.Owners = append(out.Owners, o.String())
	}
	out.Step, out.Blocker = stepOf(a, v != nil, members, f)
	if f != nil {
		for _, t := range []time.Time{f.Invited, f.Joined, f.Placed, f.Baseline, f.Left} {
			if t.After(out.Last) {
				out.Last = t.UTC()
			}
		}
	}
	out.since(now)
	out.IAMUsers = iamOf(a.ID, v, f)
	return out
}

// since counts the days from the last step.
func (a *BoardAccount) since(now time.Time) {
	if !a.Last.IsZero() {
		a.Days = max(0, int(now.Sub(a.Last)/(24*time.Hour)))
	}
}

// stepOf finds how far an account with a file is, and what it waits for. Where
// nothing was read or recorded, what the file says counts.
func stepOf(a *config.Account, known bool, members map[string]EstateAccount, f *OnboardFacts) (BoardStep, string) {
	if a.Stage == config.StageLegacy {
		return BoardLegacy, ""
	}
	m, member := members[a.ID]
	if member && (m.gone() || m.Suspended()) {
		return BoardStopped, fmt.Sprintf("The account is %s in AWS, so nothing is granted in it.", m.State)
	}
	if f == nil || f.idle() {
		if known && !member {
			return BoardOutside, "It has an account file and is not in the Organization."
		}
		return BoardIn, ""
	}
	blocker := cmp.Or(f.Stopped, f.Trouble, f.Expect)
	switch {
	case f.Stopped != "":
		return BoardStopped, f.Stopped
	case !f.Baseline.IsZero(), !f.Placed.IsZero() && f.Total == 0:
		return BoardIn, f.Trouble
	case !f.Placed.IsZero():
		return BoardPlaced, blocker
	case !f.Joined.IsZero(), member:
		return BoardJoined, blocker
	case !f.Invited.IsZero():
		return BoardInvited, blocker
	default:
		return BoardOutside, blocker
	}
}

// idle reports that nothing was ever done for an account, and nothing is: it had
// its file before the bot looked first.
func (f *OnboardFacts) idle() bool {
	return f.Invited.IsZero() && f.Joined.IsZero() && f.Placed.IsZero() && f.Baseline.IsZero() && f.Stopped == "" && f.Trouble == "" && f.Expect == ""
}

// unfiled is a member account without a file.
func unfiled(phase config.Phase, m EstateAccount, v *EstateView, now time.Time) BoardAccount {
	out := BoardAccount{ID: m.ID, Name: m.Name, Step: BoardWaiting, OU: m.OU, Last: m.Joined.UTC(), Days: -1, IAMUsers: iamOf(m.ID, v, nil)}
	if m.Joined.IsZero() {
		out.Last = time.Time{}
	}
	out.since(now)
	switch phase.Unfiled() {
	case config.UnfiledWaiting:
		out.Blocker = "It has no account file, and waits for onboarding."
	case config.UnfiledError:
		out.Blocker = "It has no account file, which must not be in this phase."
	}
	out.Ready = m.Active() && v.Features != ConsolidatedBilling
	if out.Closed = m.gone(); out.Closed {
		out.Blocker = fmt.Sprintf("It is %s in AWS; nothing needs to be done.", m.State)
	}
	switch {
	case m.State == statePending:
		out.Blocker = "It has no account file, and AWS has not activated it yet: its owner has to finish signing up."
	case m.Suspended():
		out.Blocker = "It has no account file, and AWS has suspended it. " + WhenSuspended
	}
	return out
}

func iamOf(id string, v *EstateView, f *OnboardFacts) *BoardIAM {
	var u *IAMUsers
	if f != nil {
		u = f.IAM
	}
	if v != nil {
		if got, ok := v.IAM[id]; ok {
			u = &got
		}
	}
	if u == nil {
		return nil
	}
	return &BoardIAM{Total: u.Total, UsedThisWeek: u.UsedThisWeek, At: u.At, Trouble: u.Trouble}
}

// openHandshakes are those that wait for somebody, the first to expire first.
func openHandshakes(repo *config.Repo, v *EstateView) []BoardHandshake {
	var out []BoardHandshake
	management := repo.Access.ManagementAccount
	for _, h := range v.Handshakes {
		b := BoardHandshake{h.ID, nameOf(v, repo, h.Account), h.Action, h.Asked.UTC(), h.Expires.UTC(), false}
		switch {
		case h.finishes(management):
			b.Account, b.Finishes = "the management account", true
		case !h.isOpen(), h.aboutFeatures() && !h.isConsent(management):
			continue // the process as a whole has nobody to answer yet
		}
		out = append(out, b)
	}
	slices.SortFunc(out, func(a, b BoardHandshake) int { return cmp.Or(a.Expires.Compare(b.Expires), cmp.Compare(a.ID, b.ID)) })
	return out
}
