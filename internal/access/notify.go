package access

import (
	"context"
	"strings"
)

// notified returns the channel of a request's root message: the first that the
// config in force names for it, by its rule, its account or the whole repo, on the
// chat service where it was asked; else the one that the settings gave. A name is
// one channel, or one of each service with commas between them. Where it is told is
// not worth a failure: without a config to be had the settings decide.
func (s *Service) notified(ctx context.Context, r Request) string {
	if s.IsChannel == nil {
		return r.Channel
	}
	force, err := s.Commits.InForce(ctx)
	if err != nil {
		return r.Channel
	}
	var named []string
	if r.Kind == KindGrant || r.Kind == KindRevoke {
		if rule, ok := force.Repo.RuleFor(r.Want.Assignment(), r.Want.Term, s.Now()); ok {
			named = append(named, rule.Notify)
		}
	}
	if account, ok := force.Repo.AccountByID(r.Want.AccountID); ok {
		named = append(named, account.Notify)
	}
	for _, list := range append(named, force.Repo.Access.Notify) {
		for name := range strings.SplitSeq(list, ",") {
			if s.IsChannel(r.Asker.Chat.Platform, name) {
				return name
			}
		}
	}
	return r.Channel
}
