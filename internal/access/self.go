package access

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"aws-access-bot/config"
)

// Me is the word that stands for the asker in place of a group.
const Me = "me"

func forMe(name string) bool { return strings.EqualFold(strings.TrimSpace(name), Me) }

// withUPN looks up how Entra names the asker of access for himself: a new file
// needs the user principal name, which is not always the e-mail address.
func (s *Service) withUPN(ctx context.Context, a Ask) (Ask, error) {
	if !forMe(a.Group) {
		return a, nil
	}
	if _, ok, err := s.made(ctx, a.Key); err != nil || ok {
		return a, err
	}
	who, err := s.Directory.User(ctx, a.Asker.Entra)
	if errors.Is(err, ErrNotFound) {
		return a, &Refusal{Field: "group", Message: "Entra has no user that is you.", Mend: "Ask for a group: `for <group>`."}
	}
	if err != nil {
		return a, fmt.Errorf("asker %s in Entra: %w", a.Asker.Entra, err)
	}
	a.upn = who.UPN
	return a, nil
}

// findPrincipal returns the file of the group that is asked for, or of the asker
// himself: that in the repo, or the one that the request will make.
func findPrincipal(repo *config.Repo, a Ask) (*config.PrincipalFile, error) {
	if a.file != nil {
		return a.file, nil
	}
	if !forMe(a.Group) {
		return findGroup(repo, strings.TrimSpace(a.Group))
	}
	if a.Term != nil && a.Term.Standing {
		return nil, &Refusal{Field: "duration", Message: "Access for one person always has an end.", Mend: "Say how long, e.g. 4h, 7d or until 2026-12-24, or ask for a group."}
	}
	who := config.Principal{Kind: config.UserPrincipal, ID: a.Asker.Entra}
	if f, ok := repo.PrincipalFile(who); ok {
		return f, nil
	}
	name := a.upn
	if name == "" {
		name = a.Asker.Email // nothing is written with it: see withUPN
	}
	return &config.PrincipalFile{Principal: who, Name: name}, nil
}
