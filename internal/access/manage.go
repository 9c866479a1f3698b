package access

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"aws-access-bot/config"
)

// errNotYet is a cancellation that came while the pull request is being made.
// It is worth another try, after which there is a pull request to close.
var errNotYet = errors.New("its pull request is being made")

// Cancel closes the pull request of the asker's own request. An error that is
// no *Refusal is worth another try, also while there is no pull request yet.
func (s *Service) Cancel(ctx context.Context, by Person, id ID) (Request, error) {
	r, err := s.own(ctx, by, id)
	if err != nil {
		return Request{}, err
	}
	return s.withdraw(ctx, r)
}

// withdraw closes the pull request of a request.
func (s *Service) withdraw(ctx context.Context, r Request) (Request, error) {
	id := r.ID
	switch r.State {
	case StateAsked:
		return Request{}, fmt.Errorf("cancel %s: %w", id, errNotYet)
	case StateProposed:
	default:
		no := &Refusal{Message: fmt.Sprintf("%s is %s; only a request that still waits for review can be cancelled.", id, r.State)}
		if (r.Kind == KindGrant || r.Kind == KindRevoke) && (r.State == StateLive || r.State == StateVerified) {
			no.Mend = "To give up access that you have, use `/aws-access revoke " + string(id) + "`."
		}
		return Request{}, no
	}
	if err := s.Pulls.Withdraw(ctx, r); err != nil {
		return Request{}, fmt.Errorf("withdraw %s: %w", id, err)
	}
	if err := s.withdrawn(ctx, id); err != nil {
		return Request{}, err
	}
	s.Stored()
	return r, nil
}

// withdrawn records that a request was cancelled, for whoever asks for the same
// before its closed pull request was seen.
func (s *Service) withdrawn(ctx context.Context, id ID) error {
	for range joinTries {
		r, err := s.Requests.Get(ctx, id)
		if err != nil {
			return fmt.Errorf("cancel %s: %w", id, err)
		}
		if r.State != StateProposed || r.Withdrawn {
			return nil
		}
		r.Withdrawn = true
		r.Version++
		switch err := s.Requests.Save(ctx, r, nil); {
		case err == nil:
			return nil
		case !errors.Is(err, ErrConflict):
			return fmt.Errorf("cancel %s: %w", id, err)
		}
	}
	return fmt.Errorf("cancel %s: it was changed %d times meanwhile", id, joinTries)
}

// GivenUp reports whether r was cancelled and not seen merged after all. Nobody
// joins it, and it is in nobody's way.
func (r Request) GivenUp() bool { return r.Withdrawn && r.State == StateProposed }

// standing returns the requests for an assignment that are neither final nor
// given up.
func (s *Service) standing(ctx context.Context, a config.Assignment) ([]Request, error) {
	same, err := s.Requests.For(ctx, a)
	if err != nil {
		return nil, fmt.Errorf("requests for %s: %w", a, err)
	}
	return slices.DeleteFunc(same, Request.GivenUp), nil
}

// Removal is a wish to have what a request granted removed, as it came from
// chat.
type Removal struct {
	Key     string // natural key of the delivery
	Asker   Asker
	Request ID
	// Channel is where the root message goes, Origin where it was asked.
	Channel string
	Origin  string
}

// Revoke asks for the removal of what a request granted: a pull request that
// only removes. The asker, a person who has it and the owners of its account
// and group may.
func (s *Service) Revoke(ctx context.Context, rm Removal) (Asked, error) {
	if r, ok, err := s.made(ctx, rm.Key); err != nil || ok {
		return Asked{Request: r, Repeated: ok}, err
	}
	granted, err := s.visible(ctx, rm.Asker.Person, rm.Request)
	if err != nil {
		return Asked{}, err
	}
	if granted.Kind != KindGrant || granted.State != StateLive && granted.State != StateVerified {
		return Asked{}, &Refusal{Message: fmt.Sprintf("%s has nothing to revoke: it is %s.", granted.ID, granted.State), Mend: "`/aws-access status` lists yours."}
	}
	s.asking.Lock()
	defer s.asking.Unlock()
	same, err := s.standing(ctx, granted.Want.Assignment())
	if err != nil {
		return Asked{}, err
	}
	for _, r := range same {
		switch {
		case r.Key == rm.Key: // stored since we looked
			return Asked{Request: r, Repeated: true}, nil
		case r.Kind == KindRevoke && r.Want.Revokes == granted.ID:
			return Asked{}, &Refusal{Message: fmt.Sprintf("%s is being revoked by %s already.", granted.ID, r.ID), Mend: "Follow it there."}
		}
	}
	if err := s.withinLimits(ctx, rm.Asker.Entra, KindRevoke); err != nil {
		return Asked{}, err
	}
	want := granted.Want
	want.Revokes, want.Reason = granted.ID, "revokes "+string(granted.ID)
	r, err := s.create(ctx, Request{Key: rm.Key, Kind: KindRevoke, Asker: rm.Asker, Want: want, Channel: rm.Channel, Origin: rm.Origin})
	return Asked{Request: r}, err
}

// Show returns a request that the person may see: what he may revoke, and all
// of them for who stands under control_plane.
func (s *Service) Show(ctx context.Context, by Person, id ID) (Request, error) {
	r, err := s.visible(ctx, by, id)
	var no *Refusal
	if !errors.As(err, &no) {
		return r, err
	}
	force, ferr := s.inForce(ctx)
	if ferr != nil || !s.controls(ctx, force.Repo, by) {
		return Request{}, err
	}
	if r, err := s.Requests.Get(ctx, id); err == nil {
		return r, nil
	}
	return Request{}, err
}

// Mine returns the requests that the person made or joined, newest first, at
// most n.
func (s *Service) Mine(ctx context.Context, by Person, n int) ([]Request, error) {
	mine, err := s.Requests.By(ctx, by.Entra)
	if err != nil {
		return nil, fmt.Errorf("requests of %s: %w", by.Entra, err)
	}
	return mine[:min(n, len(mine))], nil
}

// own returns a request of the person's own. "Not found" and "not yours" are
// answered alike, so that ids cannot be probed.
func (s *Service) own(ctx context.Context, by Person, id ID) (Request, error) {
	r, err := s.Requests.Get(ctx, id)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return Request{}, fmt.Errorf("request %s: %w", id, err)
	}
	if err != nil || !r.askedBy(by) {
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
	if r.Wants(by.Entra) {
		return r, nil
	}
	if r.Kind == KindLink {
		// Whom it is about may see it, and nobody else but the control plane:
		// its principal is no group that has members.
		if by.Entra != "" && r.Want.Principal.ID == by.Entra {
			return r, nil
		}
		return Request{}, unknown
	}
	if r.Kind == KindPhase {
		return Request{}, unknown // it has no principal; the control plane sees it by Show
	}
	force, err := s.inForce(ctx)
	if err != nil {
		return Request{}, err
	}
	if s.owns(ctx, force.Repo, by, r.Want) {
		return r, nil
	}
	if r.Kind == KindOnboard {
		return Request{}, unknown // it has no principal either
	}
	if r.Want.Principal.Kind == config.UserPrincipal {
		if by.Entra != "" && r.Want.Principal.ID == by.Entra {
			return r, nil
		}
		return Request{}, unknown
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
