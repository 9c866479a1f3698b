package teamsemu

import (
	"context"
	"errors"
	"fmt"
)

// Install plays a person who adds the app: for themself (scope "personal", where Teams
// makes the chat) or to their team ("team"). The bot is told by conversationUpdate and
// installationUpdate ("Conversation events").
func (s *Server) Install(ctx context.Context, objectID, scope string) (Result, error) {
	return s.change(ctx, objectID, scope, true)
}

// Uninstall plays a person who removes the app.
func (s *Server) Uninstall(ctx context.Context, objectID, scope string) (Result, error) {
	return s.change(ctx, objectID, scope, false)
}

func (s *Server) change(ctx context.Context, objectID, scope string, on bool) (Result, error) {
	events, err := s.installed(objectID, scope, on)
	if err != nil {
		return Result{}, fmt.Errorf("install: %w", err)
	}
	var res Result
	for _, body := range events {
		if err := s.deliver(ctx, KindUpdate, body, &res); err != nil {
			return res, err
		}
	}
	return res, nil
}

// installed changes where the app is and returns what the bot is told.
func (s *Server) installed(objectID, scope string, on bool) ([]object, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.user(objectID)
	if u == nil || u.IsRemoved {
		return nil, errNoSuch("Teams user", objectID)
	}
	c, err := s.scope(u, scope)
	if err != nil {
		return nil, err
	}
	was := &c.installed
	if !c.personal() {
		was = &c.team.Installed
	}
	switch {
	case on && u.IsGuest:
		return nil, fmt.Errorf("%s is a guest, and guests cannot add apps", u.Name)
	case *was == on && on:
		return nil, errors.New("the app is there already")
	case *was == on:
		return nil, errors.New("the app is not there")
	}
	*was, c.known = on, true
	s.touch()
	members, action := "membersAdded", "add"
	if !on {
		members, action = "membersRemoved", "remove"
	}
	update := s.inbound("conversationUpdate", u, c, "")
	update["id"], update[members] = s.newID("f:update-"), []object{{"id": s.BotID(), "name": s.opts.BotName}}
	if !c.personal() {
		sub(update, "channelData")["eventType"] = map[bool]string{true: "teamMemberAdded", false: "teamMemberRemoved"}[on]
	}
	install := s.inbound("installationUpdate", u, c, "")
	install["id"], install["action"] = s.newID("f:install-"), action
	return []object{update, install}, nil
}

// scope is the conversation in which an installation is told: the chat, or the General
// channel of the person's first team.
func (s *Server) scope(u *User, scope string) (*conversation, error) {
	switch scope {
	case "", "personal":
		return s.chat(u), nil
	case "team":
		for _, t := range s.teams {
			if t.channels[0].has(u) {
				return t.channels[0], nil
			}
		}
		return nil, fmt.Errorf("%s is in no team", u.Name)
	}
	return nil, fmt.Errorf("scope is %q; it is personal or team", scope)
}
