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

// countFor is how long the end of an onboarding waits for the count of the IAM
// users, which belongs to it: nobody looks for it in a thread later.
const countFor = 10 * time.Minute

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
	live := !f.Baseline.IsZero() && f.BaselineLive >= f.Total
	if !live {
		delete(m.r.Times, StageBaseline)
	}
	switch {
	case f.Stopped != "":
		return m.to(StateStopped)
	case !live:
		return false
	}
	m.reach(StageBaseline, m.since(f.Baseline))
	if f.Counting && m.now.Sub(m.r.Times[StageBaseline]) < countFor {
		return false
	}
	if m.r.StaysIn = f.StaysIn; m.r.StaysIn != "" {
		delete(m.r.Times, StagePlaced) // it was there, and is no more
	}
	m.r.Lacks = f.Lacks
	return m.end(StateDone, NoticeDone, f.closing(m.r.Want))
}

// closing is what people should know at the end.
func (f *OnboardFacts) closing(w Want) string {
	var lines []string
	if f.StaysIn != "" {
		lines = append(lines, fmt.Sprintf("It is in %s in AWS, and its file says %s. No move from there was approved, so it is left where it is; the file decides who gets access. Move it in AWS Organizations, or change `ou` in its file.", f.StaysIn, w.OU))
	}
	lines = append(lines, f.IAM.left())
	if f.Lacks {
		lines = append(lines, "It does not have all of the baseline yet: `/aws-onboard "+w.AccountID+"` makes the pull request with the lines that it lacks.")
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
		m.onboardStages(f)
		return false
	}
	m.r.Outcome = ""
	return m.to(StateVerified)
}

// onboardStages takes over which steps were made, each told once each time. An
// account may be invited several times, and leave and join again: what is so no
// more is taken back.
func (m *mover) onboardStages(f *OnboardFacts) {
	if open := !f.Expires.IsZero(); open {
		// Also one that is older than the request: its owner has to accept it.
		m.stage(StageInvited, NoticeInvited, f.Invited, f.Expect)
	} else {
		m.made(StageInvited, NoticeInvited, f.Invited, f.Expect)
	}
	m.made(StageJoined, NoticeMember, f.Joined, "")
	m.made(StagePlaced, NoticePlaced, f.Placed, "")
}

// made is stage for a step that counts only if it was made for this request.
func (m *mover) made(s Stage, k NoticeKind, at time.Time, text string) {
	if at.IsZero() || !at.Before(m.r.Times[StageAsked]) {
		m.stage(s, k, at, text)
	}
}

// stage notes a step and tells it, once for each time that it was made; a zero
// time takes it back.
func (m *mover) stage(s Stage, k NoticeKind, at time.Time, text string) {
	if at.IsZero() {
		delete(m.r.Times, s)
		return
	}
	if had, known := m.r.Times[s]; known && had.Equal(at) {
		return
	}
	m.r.Times[s] = at.UTC()
	m.tell(k, strconv.FormatInt(at.UnixNano(), 10), text)
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
	m.r.Trouble, m.r.Expect, m.r.Retry = f.Trouble, f.Expect, false
	if m.r.State == StateStopped {
		m.r.Retry = f.Retry
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
