package gitops

import (
	"context"
	"errors"
	"fmt"

	"aws-access-bot/internal/access"
)

// takeBack makes the record of a pull request of the bot's anew from its signed
// block, when the record was lost: only the bot can put it on a new base, and
// without a record it moves nothing. The block has all that is needed for that,
// and for title and body, which are put back as the record has them.
func (g *Gitops) takeBack(ctx context.Context, p *Pull, walk Walk) error {
	if walk.InForce.Commit == "" || !p.Author.Bot || p.HeadRepo != g.opt.RepoID {
		return nil
	}
	if _, known, err := g.state.PullNumbered(ctx, p.Number); err != nil || known {
		return err
	}
	b, ours, bad, err := g.claim(ctx, p)
	if err != nil || !ours || bad != nil || b.Head != p.HeadSHA {
		return err // the check says what is wrong
	}
	// What a crash left is recorded, and finds its pull request itself.
	if _, known, err := g.state.Pull(ctx, b.Request); err != nil || known {
		return err
	}
	for _, id := range b.Joined {
		who, err := g.joinedBefore(ctx, id, b)
		if err != nil {
			return err
		}
		if err := g.state.JoinPull(ctx, b.Request, who); err != nil {
			return fmt.Errorf("take back who joined %s: %w", b.Request, err)
		}
	}
	head, text, err := g.retold(ctx, b)
	if err != nil {
		return fmt.Errorf("write what pull request %d asks for anew: %w", p.Number, err)
	}
	rec := PullRecord{
		Request: b.Request, Kind: b.Kind, Branch: p.HeadRef, Base: b.Base, Head: b.Head, Number: p.Number, URL: p.URL,
		Requester: b.Requester, Principal: b.Principal, Account: b.Account, PermissionSet: b.PermissionSet,
		Fingerprint: b.Fingerprint, AskedAt: b.AskedAt, State: access.PullOpen, TakenBack: true,
		Title: head, Text: text,
	}
	if err := g.state.SavePull(ctx, StepPull, rec); err != nil {
		return fmt.Errorf("take back the record of pull request %d: %w", p.Number, err)
	}
	g.opt.Log.InfoContext(ctx, "record taken back from the signed block", "request", string(b.Request), "pull", p.Number)
	return nil
}

// joinedBefore is somebody whom a signed block names as having joined: when is
// not signed, so it is as early as can be. The name is for showing.
func (g *Gitops) joinedBefore(ctx context.Context, entra string, b Block) (Joined, error) {
	j := Joined{Entra: entra, Name: entra, At: b.AskedAt}
	u, err := g.dir.User(ctx, entra)
	if err != nil && !errors.Is(err, access.ErrNotFound) {
		return j, fmt.Errorf("read who joined %s: %w", b.Request, err)
	}
	if err == nil && u.Name != "" {
		j.Name = u.Name
	}
	return j, nil
}
