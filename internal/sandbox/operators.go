package sandbox

import (
	"fmt"
	"slices"

	"aws-access-bot/internal/sandbox/githubemu"
)

// Operator is who may name commits in the sandbox: the administrator of the
// config repo.
const Operator = "ken"

// GitHubToken is the GitHub token of a person, as `gh auth token` would print
// it; "" for somebody who is not on GitHub.
func (s *Sandbox) GitHubToken(person string) string { return s.world.secrets.tokens[person] }

// TokenFile names the file of a person's GitHub token beside the settings.
func TokenFile(person string) string { return "github-token-" + person + ".secret" }

// AddRepo makes another repository in the organization, whose administrator is
// a person.
func (s *Sandbox) AddRepo(name, person string) error {
	i := slices.IndexFunc(s.world.people, func(p Person) bool { return p.Key == person && p.GitHub != "" })
	if i < 0 {
		return fmt.Errorf("add repository %q: nobody on GitHub is called %q", name, person)
	}
	login := s.world.people[i].GitHub
	repo, err := s.world.github.AddRepo(githubemu.RepoSpec{Name: name, Files: map[string]string{"README.md": name}, Author: login})
	if err != nil {
		return err
	}
	return repo.SetRole(login, "admin")
}
