package access

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"aws-access-bot/config"
)

// onboardFacts reads how far the account of a request is.
func (o *Observer) onboardFacts(ctx context.Context, r Request) (*OnboardFacts, error) {
	if o.Onboards == nil {
		return nil, nil
	}
	f, err := o.Onboards.OnboardFacts(ctx, r.Want.AccountID)
	if err != nil {
		return nil, fmt.Errorf("onboarding facts of %s: %w", r.ID, err)
	}
	force, err := o.Commits.InForce(ctx)
	if err != nil {
		return nil, fmt.Errorf("config in force for %s: %w", r.ID, err)
	}
	if f == nil {
		// The record goes with the file. The config is read after the verdict, so
		// one without the file is later than the commit that brought it.
		if file, ok := force.Repo.AccountByID(r.Want.AccountID); !ok || file.Stage != config.StageSSO {
			return &OnboardFacts{}, nil
		}
		return nil, nil
	}
	got := *f
	got.Lacks = force.Repo.OnboardStep(r.Want.AccountID) == config.OnboardBaseline
	return &got, nil
}

// fromVerifiedOnboard follows an account into its place.
func (m *mover) fromVerifiedOnboard() bool {
	f := m.f.Onboard
	switch {
	case f == nil:
		return false
	case !f.Listed:
		return m.end(StateUndone, NoticeUndone, f.unlisted(m.now))
	}
	m.onboardStages(f)
	switch {
	case f.Stopped != "":
		return m.to(StateStopped)
	case f.Baseline.IsZero() || f.BaselineLive < f.Total:
		return false
	}
	m.reach(StageBaseline, m.since(f.Baseline))
	return m.end(StateDone, NoticeDone, f.closing(m.r.Want.AccountID))
}

// closing is what people should know at the end.
func (f *OnboardFacts) closing(account string) string {
	lines := []string{f.IAM.left()}
	if f.Lacks {
		lines = append(lines, "It does not have all of the baseline yet: `/aws-onboard "+account+"` makes the pull request with the lines that it lacks.")
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}

// unlisted says that the account's file is gone, and what of it stays in AWS.
func (f *OnboardFacts) unlisted(now time.Time) string {
	const gone = "The config repo does not have the account as sso any more."
	if !f.Expires.After(now) {
		return gone
	}
	return gone + " Its invitation stays open until " + f.Expires.UTC().Format(clockText) + ", and its owner can still accept it: cancel it in the management account under AWS Organizations > Invitations."
}

// fromStopped goes on with an onboarding that was taken up again, or whose
// hindrance is gone.
func (m *mover) fromStopped() bool {
	switch f := m.f.Onboard; {
	case f == nil:
		return false
	case !f.Listed:
		return m.end(StateUndone, NoticeUndone, f.unlisted(m.now))
	case f.Stopped != "":
		return false
	}
	m.r.Outcome = ""
	return m.to(StateVerified)
}

// onboardStages takes over which steps were made, each told once. An account may
// be invited several times.
func (m *mover) onboardStages(f *OnboardFacts) {
	invited := m.r.Times[StageInvited]
	switch {
	case f.Invited.IsZero():
		delete(m.r.Times, StageInvited)
	case m.since(f.Invited) == f.Invited && !invited.Equal(f.Invited):
		m.r.Times[StageInvited] = f.Invited.UTC()
		m.tell(NoticeInvited, strconv.FormatInt(f.Invited.UnixNano(), 10), f.Expect)
	}
	m.stage(StageJoined, NoticeMember, f.Joined)
	m.stage(StagePlaced, NoticePlaced, f.Placed)
}

// stage notes and tells a step that was made for this request.
func (m *mover) stage(s Stage, k NoticeKind, at time.Time) {
	if _, known := m.r.Times[s]; known || at.IsZero() || at.Before(m.r.Times[StageAsked]) {
		return
	}
	m.reach(s, at)
	m.tell(k, "", "")
}

// since is a time, or the present for one that was before the request: what was
// done for an earlier one is seen for this one now.
func (m *mover) since(at time.Time) time.Time {
	if at.Before(m.r.Times[StageAsked]) {
		return m.now
	}
	return at
}

// refreshOnboard takes over what may change without a change of state.
func (m *mover) refreshOnboard() {
	f := m.f.Onboard
	if f == nil || m.r.State.Final() {
		return
	}
	m.r.Trouble, m.r.Expect = f.Trouble, f.Expect
	if m.r.State == StateStopped {
		m.r.Outcome, m.r.Expect, m.r.Occasion = f.Stopped, "", f.Occurrence
		m.tell(NoticeStopped, f.Occurrence, f.Stopped)
		return
	}
	if f.TroubleCode != "" && f.Trouble != "" {
		m.tell(NoticeTrouble, f.TroubleCode, f.Trouble)
	}
	if f.Reminder != "" {
		m.r.Occasion = f.Reminder
		m.tell(NoticeReminder, f.Reminder, f.Expect)
	}
}

// left says how many IAM users an account has left, "" when that is not known.
func (u *IAMUsers) left() string {
	switch {
	case u == nil:
		return ""
	case u.Trouble != "":
		return "IAM users: " + u.Trouble
	case u.Total == 0:
		return "No IAM user with a password or an active access key is left."
	case u.Total == 1:
		return fmt.Sprintf("1 IAM user is left, %s used this week.", used(u.UsedThisWeek))
	}
	return fmt.Sprintf("%d IAM users are left, %s used this week.", u.Total, used(u.UsedThisWeek))
}

func used(n int) string {
	if n == 0 {
		return "none"
	}
	return strconv.Itoa(n)
}
