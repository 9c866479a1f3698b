package gitops

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"
)

// StallCode names what keeps a commit from being judged.
type StallCode string

// The reasons.
const (
	// StallEntra: a read of Entra fails.
	StallEntra StallCode = "entra-not-read"
	// StallDenied: GitHub refuses a read that judging needs.
	StallDenied StallCode = "github-refuses"
	// StallMissing: GitHub does not have what it should have.
	StallMissing StallCode = "github-object-missing"
	// StallUnanswered: GitHub does not answer, fails, or throttles.
	StallUnanswered StallCode = "github-not-answering"
	// StallOther: the log says what.
	StallOther StallCode = "not-judged"
)

// Stall is why the walk gets no further though the branch is read: the same
// commit cannot be judged, and that lasts. It is no halt, since nothing was
// found: the judgement is tried again on each look, and the first that works
// ends it.
type Stall struct {
	// Commit is the one that cannot be judged, the first of several where that
	// is not known.
	Commit string    `json:"commit"`
	Code   StallCode `json:"code"`
	Text   string    `json:"text"`
	Mend   string    `json:"mend"`
	// Since is when it began to fail.
	Since time.Time `json:"since"`
}

// Sentence says in words what is wrong and what ends it.
func (s *Stall) Sentence() string {
	return fmt.Sprintf("The bot cannot judge commit %s since %s (%s). %s What is in force stays in force and ends at its time; nothing new comes into force. It is tried again on each look. %s",
		short(s.Commit), s.Since.UTC().Format(time.RFC3339), s.Code, s.Text, s.Mend)
}

// stallPatience is how many polls long a judgement must fail, before that is
// told, for a reason that mostly passes: GitHub not answering. For others it is
// blindAfter.
const stallPatience = 20

// judging is what the walk of one look was about, and what its looks found
// lately. Only a look uses it.
type judging struct {
	// commit is being judged, "" before the chain is known.
	commit string
	// failing is the commit whose judgement fails since then.
	failing string
	since   time.Time
}

// noticeStall takes the outcome of a walk that read the branch: a commit that
// cannot be judged is told when that lasts, and ended by the first walk that
// judges it, or meets another one. What was said of the whole repository is not
// said again of a commit.
func (g *Gitops) noticeStall(ctx context.Context, outcome error) error {
	old, err := g.state.Stall(ctx)
	if err != nil {
		return fmt.Errorf("read whether a commit cannot be judged: %w", err)
	}
	at := g.judging.commit
	var lasting *UnreachableError
	switch {
	case outcome == nil || errors.Is(outcome, errNotYet):
		g.judging.failing = ""
		return g.unstall(ctx, old)
	case at == "" || errors.As(outcome, &lasting):
		return nil // it says nothing about a commit
	case old != nil && old.Commit != at:
		if err := g.unstall(ctx, old); err != nil {
			return err
		}
		old = nil
	}
	return g.stall(ctx, old, at, outcome)
}

// stall records and tells that a commit cannot be judged, once it lasted.
func (g *Gitops) stall(ctx context.Context, old *Stall, at string, outcome error) error {
	now := g.opt.Now()
	j := &g.judging
	switch {
	case old != nil:
		j.failing, j.since = at, old.Since
	case j.failing != at:
		j.failing, j.since = at, now
	}
	s := stallOf(outcome)
	patience := time.Duration(blindAfter)
	if s.Code == StallUnanswered {
		patience = stallPatience
	}
	if old != nil && old.Code == s.Code || now.Sub(j.since) < patience*g.opt.Poll {
		return nil
	}
	s.Commit, s.Since = at, j.since.UTC()
	tell := g.notice(fmt.Sprintf("stalled/%s/%s/%s", at, s.Code, s.Since.Format(time.RFC3339Nano)), s.Sentence())
	if err := g.state.PutStall(ctx, &s, tell); err != nil {
		return fmt.Errorf("record that commit %s cannot be judged: %w", short(at), err)
	}
	g.opt.Log.WarnContext(ctx, "a commit cannot be judged", "commit", at, "reason", string(s.Code), "since", s.Since)
	g.opt.OnChange()
	return g.put(ctx, tell)
}

func (g *Gitops) unstall(ctx context.Context, old *Stall) error {
	if old == nil {
		return nil
	}
	if err := g.state.PutStall(ctx, nil, nil); err != nil {
		return fmt.Errorf("record that commit %s can be judged again: %w", short(old.Commit), err)
	}
	g.opt.Log.InfoContext(ctx, "the commit can be judged again", "commit", old.Commit, "reason", string(old.Code), "since", old.Since)
	g.opt.OnChange()
	return nil
}

// stallOf says in words why a judgement failed. What the other side answered is
// in the log only: it is not ours to show.
func stallOf(err error) Stall {
	var throttled *ThrottledError
	var entra *directoryError
	var network net.Error
	switch {
	case errors.As(err, &entra):
		return Stall{Code: StallEntra, Text: "A read of Entra that it needs fails.",
			Mend: "Check the permissions and the credential of the bot's registration in Entra (docs/setup.md); the bot's log has the answer."}
	case errors.Is(err, ErrDenied):
		return Stall{Code: StallDenied, Text: "GitHub refuses a read that it needs.",
			Mend: "Compare the permissions of the GitHub App with docs/setup-github.md; the bot's log has the answer."}
	case errors.Is(err, ErrNotFound):
		return Stall{Code: StallMissing, Text: "GitHub does not have a commit, a pull request or a file that it needs.",
			Mend: "See the bot's log for which one, and restore it; else put the branch back to before this commit, or `bot trust SHA` a later one."}
	case errors.As(err, &throttled), errors.Is(err, ErrFailing), errors.As(err, &network), errors.Is(err, context.DeadlineExceeded):
		return Stall{Code: StallUnanswered, Text: "GitHub does not answer, fails, or wants to be asked less.",
			Mend: "See the status page of GitHub and the way there; the bot's log has the answer."}
	default:
		return Stall{Code: StallOther, Text: "Something that it needs cannot be had.",
			Mend: "See the bot's log for what; where it cannot be mended, put the branch back to before this commit, or `bot trust SHA` a later one."}
	}
}
