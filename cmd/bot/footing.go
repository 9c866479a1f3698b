package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/store"
)

// footing is what a plan for a config repo on disk needs to know of the bot.
type footing struct {
	// Repo is the config in force with the Starts of its grants; nil and empty
	// until a first commit is trusted.
	Repo   *config.Repo  `json:"repo,omitempty"`
	Starts config.Starts `json:"starts,omitempty"`
	// Owned are the assignments that the bot made or took over.
	Owned []config.Assignment `json:"owned"`
	// Sets are the records of permission sets.
	Sets []provision.SetRecord `json:"sets,omitempty"`
}

// Footing implements operations.
func (b *bot) Footing(ctx context.Context) (footing, error) {
	owned, err := store.NewProvision(b.db).Owned(ctx)
	if err != nil {
		return footing{}, fmt.Errorf("what the bot owns: %w", err)
	}
	sets, err := store.NewProvision(b.db).Sets(ctx)
	if err != nil {
		return footing{}, fmt.Errorf("what is kept of permission sets: %w", err)
	}
	f := footing{Owned: owned, Sets: sets}
	force, err := b.git.InForce(ctx)
	if errors.Is(err, access.ErrNotFound) {
		return f, nil
	}
	if err != nil {
		return footing{}, fmt.Errorf("config in force: %w", err)
	}
	f.Repo, f.Starts = force.Repo, force.Starts
	return f, nil
}

// Footing implements operations.
func (r remote) Footing(ctx context.Context) (f footing, err error) {
	err = r.call(ctx, http.MethodGet, "/footing", nil, &f)
	return f, err
}

// footingHandler serves Footing on the control socket.
func footingHandler(b *bot) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		f, err := b.Footing(r.Context())
		reply(w, f, err)
	}
}

// untrusted names the mend of there being no commit in force.
func untrusted(err error, nothing string) error {
	if errors.Is(err, access.ErrNotFound) {
		return fmt.Errorf("no commit is in force yet, so there is nothing to %s; name the first one with 'bot trust SHA'", nothing)
	}
	return err
}

// owning is a store of its own that knows what the bot owns, and how permission
// sets stand.
func owning(ctx context.Context, owned []config.Assignment, sets []provision.SetRecord) (store.DB, error) {
	memory := store.NewMemory()
	err := memory.Update(ctx, "plan", func(tx store.Tx) error { return store.MarkOwned(tx, "", owned) })
	for _, r := range sets {
		err = errors.Join(err, store.NewProvision(memory).SaveSet(ctx, "plan", r))
	}
	return memory, err
}
