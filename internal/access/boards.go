package access

import (
	"context"
	"errors"
	"fmt"
	"time"

	"aws-access-bot/config"
)

// Boards gathers what the board and the step into a phase are made of. Estate,
// Onboarded, Drifts and Cutovers may be nil: then nothing is known of what they
// tell.
type Boards struct {
	Commits   Commits
	Estate    Estate
	Onboarded OnboardRecords
	Drifts    Drifts
	Cutovers  Cutovers
	Now       func() time.Time
}

// Board returns the board of this moment. What cannot be read leaves a gap that
// says so; only the config in force must be there, else it is a *Refusal.
func (b *Boards) Board(ctx context.Context) (Board, error) {
	force, err := b.Commits.InForce(ctx)
	if errors.Is(err, ErrNotFound) {
		return Board{}, notTrustedYet()
	}
	if err != nil {
		return Board{}, fmt.Errorf("config in force: %w", err)
	}
	live, err := b.live(ctx)
	if err != nil {
		return Board{}, err
	}
	board := NewBoard(force, live, b.Now())
	return board, b.noteCutovers(ctx, &board)
}

// Ahead returns what stands before a phase, for the accounts of a repo.
func (b *Boards) Ahead(ctx context.Context, repo *config.Repo, to config.Phase) (Preflight, error) {
	live, err := b.live(ctx)
	if err != nil {
		return Preflight{}, err
	}
	return Preflight{At: b.Now(), Lines: Ahead(repo, to, live)}, nil
}

// live reads what is known beside the config repo. What was not looked at yet
// is a gap and no error.
func (b *Boards) live(ctx context.Context) (Live, error) {
	var out Live
	if b.Estate != nil {
		switch v, err := b.Estate.View(ctx); {
		case err == nil:
			out.View = &v
		case !errors.Is(err, ErrNotFound):
			return out, fmt.Errorf("view of the organization: %w", err)
		}
	}
	if b.Onboarded != nil {
		var err error
		if out.Onboarding, err = b.Onboarded.AllOnboardFacts(ctx); err != nil {
			return out, fmt.Errorf("onboarding of the accounts: %w", err)
		}
	}
	if b.Drifts == nil {
		return out, nil
	}
	list, err := b.Drifts.KnownDrift(ctx)
	if err != nil {
		return out, fmt.Errorf("known drift: %w", err)
	}
	out.Counted = true
	for _, d := range list {
		if !d.Missing && d.Account == "" {
			out.Undeclared++
		}
	}
	return out, nil
}
