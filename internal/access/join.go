package access

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

const (
	// maxJoined is how many people may join one request: all of them stand in
	// the signed block of its pull request, whose body GitHub limits.
	maxJoined = 50
	// joinTries is how often joining is tried when the request moves meanwhile.
	joinTries = 8
)

// waiting returns the request that asks for the same assignment and still
// waits, if there is one.
func (s *Service) waiting(ctx context.Context, w Want) (Request, bool, error) {
	same, err := s.standing(ctx, w.Assignment())
	if err != nil {
		return Request{}, false, err
	}
	i := slices.IndexFunc(same, func(r Request) bool { return r.Kind == KindGrant && waits(r) })
	if i < 0 {
		return Request{}, false, nil
	}
	return same[i], true, nil
}

// join adds who asks to a request that asks for the same. That his approval
// does not count is recorded before he is told that he has joined.
func (s *Service) join(ctx context.Context, r Request, who Joiner) (Request, error) {
	for range joinTries {
		if err := joinable(r, who.Entra); err != nil {
			return Request{}, err
		}
		if err := s.Pulls.Join(ctx, r.ID, who.Person); err != nil {
			return Request{}, fmt.Errorf("join %s: %w", r.ID, err)
		}
		who.At = s.Now().UTC()
		next := r
		next.Joined = append(slices.Clone(r.Joined), who)
		next.Version++
		err := s.Requests.Save(ctx, next, []Notice{{
			Key: fmt.Sprintf("%s/joined/%s", r.ID, who.Entra), Request: r.ID, Kind: NoticeJoined, At: who.At, Text: who.Name,
		}})
		if err == nil {
			s.Stored()
			return next, nil
		}
		if !errors.Is(err, ErrConflict) {
			return Request{}, fmt.Errorf("join %s: %w", r.ID, err)
		}
		if r, err = s.Requests.Get(ctx, r.ID); err != nil { // it moved meanwhile
			return Request{}, fmt.Errorf("join %s: %w", r.ID, err)
		}
	}
	return Request{}, fmt.Errorf("join %s: it was changed %d times meanwhile", r.ID, joinTries)
}

// joinable refuses whoever asked for it already, and a request that it is too
// late or too full to join.
func joinable(r Request, entra string) error {
	const follow = "Follow it there; a second request would not make it faster."
	if r.Kind == KindOnboard && (r.Wants(entra) || !joinsOnboarding(r)) {
		return underWay(r, entra)
	}
	switch {
	case r.Asker.Entra == entra && entra != "":
		return &Refusal{
			Field:   "group",
			Message: fmt.Sprintf("You asked for the same access in %s, which is still open.", r.ID),
			Mend:    fmt.Sprintf("Follow it there; to ask for it otherwise, cancel that first: `/aws-access cancel %s`.", r.ID),
		}
	case r.Wants(entra):
		return &Refusal{Field: "group", Message: fmt.Sprintf("You asked for the same access in %s, which is still open.", r.ID), Mend: follow}
	case !waits(r):
		return &Refusal{Field: "group", Message: fmt.Sprintf("%s asked for the same access in %s, which was just decided.", r.Asker.Name, r.ID), Mend: "Ask again, if you still need it."}
	case r.State == StateVerified:
		return &Refusal{
			Field:   "group",
			Message: fmt.Sprintf("%s asked for the same access in %s, which is approved and being set up.", r.Asker.Name, r.ID),
			Mend:    "Follow it there; to have it longer, ask again once it is live.",
		}
	case len(r.Joined) >= maxJoined:
		return &Refusal{Field: "group", Message: fmt.Sprintf("%s asked for the same access in %s, and %d people have joined it, which is the most.", r.Asker.Name, r.ID, maxJoined), Mend: follow}
	}
	return nil
}
