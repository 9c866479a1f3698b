package gitops

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// BlindCode names why the config repo cannot be read until somebody acts.
type BlindCode string

// The reasons.
const (
	// RepoRenamed, RepoTransferred: the repository by its number has another
	// name, or another owner. It is not followed: who may write there is
	// another question, and the settings name what an operator looked at.
	RepoRenamed     BlindCode = "repository-renamed"
	RepoTransferred BlindCode = "repository-transferred"
	// RepoReplaced: another repository has the name.
	RepoReplaced BlindCode = "repository-replaced"
	// RepoGone: deleted, or taken out of what the App may see.
	RepoGone BlindCode = "repository-gone"
	// RepoArchived: nothing can be merged nor checked there.
	RepoArchived BlindCode = "repository-archived"
	// AppUninstalled, AppSuspended and AppPermission are about the
	// installation, AppRefused about the App's key.
	AppUninstalled BlindCode = "app-uninstalled"
	AppSuspended   BlindCode = "app-suspended"
	AppPermission  BlindCode = "app-permission-missing"
	AppRefused     BlindCode = "app-credentials-refused"
)

// UnreachableError is a failure of a read that asking again does not mend.
type UnreachableError struct {
	Code BlindCode
	// Text says what is so and Mend what to do, a sentence each.
	Text, Mend string
	// Err is the failure itself.
	Err error
}

func (e *UnreachableError) Error() string {
	return fmt.Sprintf("%s (%s) %s: %v", e.Text, e.Code, e.Mend, e.Err)
}

// Is makes a refusal [ErrDenied]. A repository that is not there is never
// [ErrNotFound]: that would be a branch without commits and a team without
// members.
func (e *UnreachableError) Is(target error) bool {
	return target == ErrDenied && errors.Is(e.Err, ErrDenied)
}

// Blind is why nothing of the config repo is seen. It is no halt: the walk
// stands where it stood, with the halt it may have, and goes on by itself when
// reads work again.
type Blind struct {
	Code BlindCode `json:"code"`
	Text string    `json:"text"`
	Mend string    `json:"mend"`
	// Since is when reads began to fail.
	Since time.Time `json:"since"`
}

// Sentence says in words what is wrong and what ends it.
func (b *Blind) Sentence() string {
	return fmt.Sprintf("The bot cannot read the config repo since %s (%s). %s What is in force stays in force and ends at its time; nothing new comes into force. %s",
		b.Since.UTC().Format(time.RFC3339), b.Code, b.Text, b.Mend)
}

// blindAfter is how many polls long reads must fail for a lasting reason
// before that is told.
const blindAfter = 3

// sight is what looks found lately about whether the repository can be read.
// Only a look uses it.
type sight struct {
	// failing is when looks began to fail for a lasting reason, zero when the
	// last one that could tell did not.
	failing time.Time
}

// noticeSight takes the outcome of a look: a failure for a lasting reason is told
// when it lasts, and ended by the first look that reads the branch. A failure
// of another kind (the network, a throttle) says nothing either way.
func (g *Gitops) noticeSight(ctx context.Context, outcome error, reached bool) error {
	old, err := g.state.Blind(ctx)
	if err != nil {
		return fmt.Errorf("read whether the config repo can be read: %w", err)
	}
	var lasting *UnreachableError
	switch {
	case errors.As(outcome, &lasting):
		return g.unseen(ctx, old, lasting)
	case outcome == nil || reached:
		g.sight.failing = time.Time{}
		return g.seen(ctx, old)
	default:
		return nil
	}
}

// unseen records and tells why nothing is seen, once it lasted.
func (g *Gitops) unseen(ctx context.Context, old *Blind, e *UnreachableError) error {
	now := g.opt.Now()
	switch {
	case old != nil:
		g.sight.failing = old.Since
	case g.sight.failing.IsZero():
		g.sight.failing = now
	}
	if now.Sub(g.sight.failing) < blindAfter*g.opt.Poll {
		return nil
	}
	b := &Blind{Code: e.Code, Text: e.Text, Mend: e.Mend, Since: g.sight.failing.UTC()}
	if old != nil && *old == *b {
		return nil
	}
	tell := g.notice(fmt.Sprintf("blind/%s/%s", b.Code, b.Since.Format(time.RFC3339Nano)), b.Sentence())
	if err := g.state.PutBlind(ctx, b, tell); err != nil {
		return fmt.Errorf("record that the config repo cannot be read: %w", err)
	}
	if err := g.put(ctx, tell); err != nil {
		return err
	}
	g.opt.Log.WarnContext(ctx, "the config repo cannot be read", "reason", string(b.Code), "since", b.Since)
	g.opt.OnChange()
	return nil
}

func (g *Gitops) seen(ctx context.Context, old *Blind) error {
	if old == nil {
		return nil
	}
	if err := g.state.PutBlind(ctx, nil, nil); err != nil {
		return fmt.Errorf("record that the config repo can be read again: %w", err)
	}
	g.opt.Log.InfoContext(ctx, "the config repo can be read again", "reason", string(old.Code), "since", old.Since)
	g.opt.OnChange()
	return nil
}
