package teamsemu

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
)

// Extension plays a person who picks an action command of the app: at the compose box
// of a conversation (context "compose", the default) or in the command box at the top
// ("commandBox"). The app must be installed for the person or in a team of theirs.
func (s *Server) Extension(ctx context.Context, objectID, command, in, from string) (Result, error) {
	body, d, err := s.fetchTask(objectID, command, in, cmp.Or(from, "compose"))
	if err != nil {
		return Result{}, fmt.Errorf("extension: %w", err)
	}
	var res Result
	a, ok, err := s.invoke(ctx, body, &res)
	if ok {
		s.followTask(d, a, &res)
	}
	return res, err
}

func (s *Server) fetchTask(objectID, command, in, from string) (object, *dialog, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if command == "" || from != "compose" && from != "commandBox" {
		return nil, nil, errors.New("a command is needed, and a context compose or commandBox")
	}
	u, c, err := s.sees(objectID, in)
	if err != nil {
		return nil, nil, err
	}
	has := s.chat(u).installed || slices.ContainsFunc(s.shared(), func(c *conversation) bool { return c.team.Installed && c.has(u) })
	if !has {
		return nil, nil, fmt.Errorf("the app is installed neither for %s nor in a team or group chat of theirs", u.Name)
	}
	body := s.inboundInvoke("composeExtension/fetchTask", object{"commandId": command, "commandContext": from, "context": theme()}, u, c, "")
	return body, &dialog{id: s.newID("dialog-"), person: u, conv: c, command: command, context: from}, nil
}
