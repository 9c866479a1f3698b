package slackemu

import (
	"context"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// CommandResult is what a person sees after a slash command.
type CommandResult struct {
	Result
	// Message is what the app answered at once, if it did.
	Message *Message `json:"message,omitempty"`
}

// Command plays a person who types a slash command, such as "/aws-access" with
// a text, in a channel they can see. It is sent once and never again.
func (s *Server) Command(ctx context.Context, user, channel, command, text string) (CommandResult, error) {
	form, res, err := s.commandForm(user, channel, command, text)
	if err != nil {
		return CommandResult{}, fmt.Errorf("command %s: %w", command, err)
	}
	out := CommandResult{Result: res}
	a, err := s.deliver(ctx, KindCommand, []byte(form.Encode()), &out.Result)
	if err != nil || out.Error != "" {
		return out, err
	}
	reply, err := parseReply(a.Header.Get("Content-Type"), a.Body)
	if err != nil {
		out.Error, out.Problems = ErrorDispatch, problemsOf(err)
		return out, nil
	}
	if reply.content.empty() {
		return out, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	ch := s.channel(channel)
	if reply.inChannel {
		ch.add(&message{Message: Message{
			Type: "message", User: user, Team: s.user(user).TeamID, Text: strings.TrimSpace(command + " " + text), TS: s.newTS(),
		}})
	}
	m := s.show(ch, user, reply)
	shown := ch.wire(m, true)
	out.Message = &shown
	return out, nil
}

// commandForm makes the body of a command (docs.slack.dev, "Slash commands").
func (s *Server) commandForm(user, channel, command, text string) (url.Values, Result, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, ch, err := s.person(user, channel)
	if err != nil {
		return nil, Result{}, err
	}
	if !strings.HasPrefix(command, "/") || (len(s.opts.Commands) > 0 && !slices.Contains(s.opts.Commands, command)) {
		return nil, Result{}, fmt.Errorf("%s is not a valid command", command)
	}
	if s.opts.EscapeCommands {
		text = s.escapeCommand(text)
	}
	from := s.origin(u)
	res := Result{TriggerID: s.newTrigger(s.installed(ch).ID, u.ID, ""), ResponseURL: s.newResponseURL(ch, u.ID, nil)}
	form := url.Values{
		"token": {s.opts.VerificationToken}, "team_id": {u.TeamID}, "team_domain": {from.Domain},
		"channel_id": {ch.ID}, "channel_name": {ch.commandName()}, "user_id": {u.ID}, "user_name": {u.Name},
		"command": {command}, "text": {text}, "api_app_id": {s.opts.AppID}, "is_enterprise_install": {"false"},
		"response_url": {res.ResponseURL}, "trigger_id": {res.TriggerID},
	}
	if from.EnterpriseID != "" {
		form.Set("enterprise_id", from.EnterpriseID)
		form.Set("enterprise_name", from.Name)
	}
	return form, res, nil
}

// person returns an active person and a conversation that they can see.
func (s *Server) person(user, channelID string) (*User, *channel, error) {
	u := s.user(user)
	switch {
	case u == nil:
		return nil, nil, errNoSuch("user", user)
	case u.Deleted:
		return nil, nil, fmt.Errorf("user %s: deactivated", user)
	case u.IsBot:
		return nil, nil, fmt.Errorf("user %s: a bot", user)
	}
	ch := s.channel(channelID)
	if ch == nil || !ch.in(u.TeamID) && !slices.Contains(ch.Members, u.ID) {
		return nil, nil, errNoSuch("channel", channelID)
	}
	if ch.kind() != "public_channel" && !slices.Contains(ch.Members, u.ID) {
		return nil, nil, fmt.Errorf("user %s: not in channel %s", user, channelID)
	}
	return u, ch, nil
}

// origin describes the workspace that a person acts from; one where the app is
// not installed is known by its id only.
func (s *Server) origin(u *User) Workspace {
	if t := s.team(u.TeamID); t != nil {
		return t.Workspace
	}
	return Workspace{ID: u.TeamID, Domain: strings.ToLower(u.TeamID)}
}

// installed returns the workspace whose bot acts in a conversation.
func (s *Server) installed(ch *channel) *workspace {
	if t := s.team(ch.TeamID); t != nil {
		return t
	}
	for _, id := range ch.SharedWith {
		if t := s.team(id); t != nil {
			return t
		}
	}
	return s.teams[0]
}

// commandName is a conversation's name in a command: private ones have none.
func (ch *channel) commandName() string {
	switch ch.kind() {
	case "im":
		return "directmessage"
	case "mpim", "private_channel":
		return "privategroup"
	}
	return ch.Name
}

var mention = regexp.MustCompile(`(^|\s)([@#])([\w.-]+)`)

// escapeCommand does what should_escape does.
func (s *Server) escapeCommand(text string) string {
	text = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(text)
	return mention.ReplaceAllStringFunc(text, func(hit string) string {
		m := mention.FindStringSubmatch(hit)
		if m[2] == "@" {
			for _, u := range s.users {
				if u.Name == m[3] {
					return m[1] + "<@" + u.ID + "|" + u.Name + ">"
				}
			}
			return hit
		}
		for _, ch := range s.channels {
			if ch.Name == m[3] {
				return m[1] + "<#" + ch.ID + "|" + ch.Name + ">"
			}
		}
		return hit
	})
}
