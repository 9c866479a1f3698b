package access

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"aws-access-bot/config"
)

// Extension is a wish to have for longer what a request granted, as it came
// from chat.
type Extension struct {
	Key     string // natural key of the delivery
	Asker   Asker
	Request ID
	// Term is how long it is to last, from the merge of the extension.
	Term config.Term
	// Reason is why; empty is the reason of the request that is extended.
	Reason string
	// Channel is where the root message goes, Origin where it was asked.
	Channel string
	Origin  string
}

// Extend asks for what a request granted once more, under the same rules as a
// new request: a pull request that adds a line, so that the access goes on
// without a gap if it is merged before the end, and begins anew after it. Who
// asked for the request and who has its access may.
func (s *Service) Extend(ctx context.Context, x Extension) (Asked, error) {
	if r, ok, err := s.made(ctx, x.Key); err != nil || ok {
		return Asked{Request: r, Repeated: ok, Joined: ok && r.Key != x.Key}, err
	}
	had, err := s.visible(ctx, x.Asker.Person, x.Request)
	if err != nil {
		return Asked{}, err
	}
	if err := s.mayExtend(ctx, x.Asker.Person, had); err != nil {
		return Asked{}, err
	}
	group, err := s.extendable(ctx, had)
	if err != nil {
		return Asked{}, err
	}
	done, err := s.Ask(ctx, Ask{
		Key: x.Key, Asker: x.Asker, Channel: x.Channel, Origin: x.Origin, Extends: had.ID,
		Group: group, Account: had.Want.AccountID, PermissionSet: had.Want.PermissionSet, Term: &x.Term, Reason: cmp.Or(x.Reason, had.Want.Reason),
	})
	var no *Refusal
	if errors.As(err, &no) && no.Field == "duration" {
		return Asked{}, &Refusal{Field: no.Field, Message: no.Message, Mend: no.Mend + " An extension is counted from its own merge, not from the end of what it extends."}
	}
	return done, err
}

// mayExtend refuses who neither asked for a request nor has what it granted.
// Owners see it and may take it away; they do not ask for others.
func (s *Service) mayExtend(ctx context.Context, by Person, r Request) error {
	no := &Refusal{
		Message: fmt.Sprintf("Only who asked for %s and who has its access may extend it.", r.ID),
		Mend:    "Ask one of them, or ask for access of your own: `/aws-access request`.",
	}
	p := r.Want.Principal
	switch {
	case r.Wants(by.Entra), p.Kind == config.UserPrincipal && by.Entra != "" && p.ID == by.Entra:
		return nil
	case p.Kind != config.GroupPrincipal:
		return no
	}
	members, err := s.Directory.DirectMembers(ctx, p.ID)
	if err != nil {
		return fmt.Errorf("members of %s: %w", r.Want.PrincipalSlug, err)
	}
	if !slices.ContainsFunc(members, func(e Entrant) bool { return by.Entra != "" && e.Entra == by.Entra }) {
		return no
	}
	return nil
}

// extendable refuses a request whose grant has no end to be put off: it was
// never in force, has none, or has passed. It returns what the group is called
// in the config in force.
func (s *Service) extendable(ctx context.Context, r Request) (group string, err error) {
	again := fmt.Sprintf("Ask anew: `/aws-access request %s %s for %s 4h <reason>`.", r.Want.AccountSlug, r.Want.PermissionSet, r.Want.PrincipalSlug)
	switch {
	case r.Kind != KindGrant:
		return "", &Refusal{Message: fmt.Sprintf("%s grants nothing that could be extended.", r.ID), Mend: "`/aws-access status` lists yours."}
	case r.Want.Term.Standing:
		return "", &Refusal{Message: fmt.Sprintf("%s stands without an end, so there is nothing to extend.", r.ID), Mend: "Nothing needs to be asked for."}
	case r.State == StateVerified:
		return "", &Refusal{Message: fmt.Sprintf("%s is still being set up.", r.ID), Mend: "Extend it once it is live."}
	case r.State == StateEnding || r.State == StateEnded:
		return "", s.ended(ctx, r, again)
	case r.State != StateLive:
		return "", &Refusal{Message: fmt.Sprintf("%s is %s, so there is nothing to extend.", r.ID, r.State), Mend: again}
	}
	force, err := s.inForce(ctx)
	if err != nil {
		return "", err
	}
	file, ok := force.Repo.PrincipalFile(r.Want.Principal)
	if !ok || !wanted(force, r.Want.Assignment(), r.ID, s.Now()).desired {
		return "", s.ended(ctx, r, again)
	}
	return file.Slug, nil
}

// ended refuses a request whose grant is over, and names the one that goes on
// in its place if there is one.
func (s *Service) ended(ctx context.Context, r Request, again string) error {
	no := &Refusal{Message: fmt.Sprintf("%s has ended.", r.ID), Mend: again}
	same, err := s.Requests.For(ctx, r.Want.Assignment())
	if err != nil {
		return fmt.Errorf("requests for %s: %w", r.Want.Assignment(), err)
	}
	for _, other := range same {
		if other.Kind == KindGrant && other.State == StateLive && other.ID != r.ID {
			no.Mend = fmt.Sprintf("%s gives the same and goes on; extend that one.", other.ID)
		}
	}
	return no
}
