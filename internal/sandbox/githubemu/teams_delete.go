package githubemu

import (
	"fmt"
	"slices"
)

// DeleteTeam deletes a team with those below it. A team made later under the
// same slug is another one, with another number.
func (s *Server) DeleteTeam(slug string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	top := s.team(slug)
	if top == nil {
		return fmt.Errorf("delete team %q: no such team", slug)
	}
	s.teams = slices.DeleteFunc(s.teams, func(t *team) bool { return t.below(top) })
	return nil
}
