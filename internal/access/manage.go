package access

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"aws-access-bot/config"
)

// Cancel closes the pull request of the asker's own request.
func (s *Service) Cancel(ctx context.Context, by Person, id ID) (Request, error) {
	r, err := s.own(ctx, by, id)
	if err != nil {
		return Request{}, err
	}
	if r.State != StateAsked && r.State != StateProposed {
		return Request{}, &Refusal{Message: fmt.Sprintf("%s is %s; only a request that still waits for review can be cancelled.", id, r.State), Mend: "To give up access that you have, use `/aws-access revoke " + string(id) + "`."}
	}
	if err := s.Pulls.Withdraw(ctx, r); err != nil {
		return Request{}, fmt.Errorf("withdraw %s: %w", id, err)
	}
	s.Stored()
	return r, nil
}

// Revoke asks for the removal of what a request granted: a pull request that
// only removes.
func (s *Service) Revoke(ctx context.Context, by Asker, key string, id ID, channel string) (Asked, error) {
	granted, err := s.visible(ctx, by.Person, id)
	if err != nil {
		return Asked{}, err
	}
	if granted.Kind != KindGrant || granted.State != StateLive && granted.State != StateVerified {
		return Asked{}, &Refusal{Message: fmt.Sprintf("%s has nothing to revoke: it is %s.", id, granted.State)}
	}
	s.asking.Lock()
	defer s.asking.Unlock()
	all, err := s.Requests.All(ctx)
	if err != nil {
		return Asked{}, fmt.Errorf("list requests: %w", err)
	}
	for _, r := range all {
		if r.Key == key {
			return Asked{Request: r, Repeated: true}, nil
		}
		if r.Kind == KindRevoke && r.Want.Revokes == id && !r.State.Final() {
			return Asked{}, &Refusal{Message: fmt.Sprintf("%s is being revoked by %s already.", id, r.ID)}
		}
	}
	want := granted.Want
	want.Revokes, want.Reason = id, "revokes "+string(id)
	r, err := s.create(ctx, Request{Key: key, Kind: KindRevoke, State: StateAsked, Version: 1, Asker: by, Want: want, Channel: channel})
	return Asked{Request: r}, err
}

// Show returns a request that the person may see.
func (s *Service) Show(ctx context.Context, by Person, id ID) (Request, error) {
	return s.visible(ctx, by, id)
}

// Mine returns the person's own requests, newest first, at most n.
func (s *Service) Mine(ctx context.Context, by Person, n int) ([]Request, error) {
	all, err := s.Requests.All(ctx)
	if err != nil {
		return nil, fmt.Errorf("list requests: %w", err)
	}
	mine := slices.DeleteFunc(all, func(r Request) bool { return r.Asker.Entra != by.Entra })
	return mine[:min(n, len(mine))], nil
}

// own returns a request of the person's own. "Not found" and "not yours" are
// answered alike, so that ids cannot be probed.
func (s *Service) own(ctx context.Context, by Person, id ID) (Request, error) {
	r, err := s.Requests.Get(ctx, id)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return Request{}, fmt.Errorf("request %s: %w", id, err)
	}
	if err != nil || r.Asker.Entra != by.Entra {
		return Request{}, &Refusal{Message: fmt.Sprintf("You have no request %s.", id), Mend: "`/aws-access status` lists yours."}
	}
	return r, nil
}

// visible returns a request that is the person's own, or that the person may
// see as owner of its account or group, or as member of the group.
func (s *Service) visible(ctx context.Context, by Person, id ID) (Request, error) {
	r, err := s.Requests.Get(ctx, id)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return Request{}, fmt.Errorf("request %s: %w", id, err)
	}
	unknown := &Refusal{Message: fmt.Sprintf("There is no request %s that you may see.", id), Mend: "`/aws-access status` lists yours."}
	if err != nil {
		return Request{}, unknown
	}
	if r.Asker.Entra == by.Entra {
		return r, nil
	}
	force, err := s.inForce(ctx)
	if err != nil {
		return Request{}, err
	}
	if owns(force.Repo, by, r.Want) {
		return r, nil
	}
	members, err := s.Directory.DirectMembers(ctx, r.Want.Principal.ID)
	if err != nil {
		return Request{}, fmt.Errorf("members of %s: %w", r.Want.PrincipalSlug, err)
	}
	if slices.ContainsFunc(members, func(e Entrant) bool { return e.Entra == by.Entra }) {
		return r, nil
	}
	return Request{}, unknown
}

// owns reports whether the person is named, by e-mail, as an owner of the
// account or the group of w.
func owns(repo *config.Repo, by Person, w Want) bool {
	person, ok := repo.PersonByEntra(by.Entra)
	if !ok {
		return false
	}
	named := func(refs []config.ApproverRef) bool {
		return slices.ContainsFunc(refs, func(a config.ApproverRef) bool {
			return a.Kind == config.ApproverEmail && strings.EqualFold(a.Name, person.Email)
		})
	}
	if a, ok := repo.AccountByID(w.AccountID); ok && named(a.Owners) {
		return true
	}
	g, ok := repo.PrincipalFile(w.Principal)
	return ok && named(g.Owners)
}
