package teamsemu

import (
	"encoding/json"
	"net/http"
	"strings"
)

// createRequest is the body of POST v3/conversations.
type createRequest struct {
	IsGroup     bool            `json:"isGroup"`
	Bot         *account        `json:"bot"`
	Members     []account       `json:"members"`
	TenantID    string          `json:"tenantId"`
	Activity    json.RawMessage `json:"activity"`
	ChannelData struct {
		Tenant struct {
			ID string `json:"id"`
		} `json:"tenant"`
		Channel struct {
			ID string `json:"id"`
		} `json:"channel"`
	} `json:"channelData"`
}

// tenant is the one that the request names.
func (r createRequest) tenant() string {
	if r.TenantID != "" {
		return r.TenantID
	}
	return r.ChannelData.Tenant.ID
}

// create is POST v3/conversations: a new thread in a channel, or the chat with one
// person ("Send proactive messages").
func (s *Server) create(c *call) (answer, error) {
	var in createRequest
	if err := c.decodeInto(&in); err != nil {
		return answer{}, err
	}
	if in.Bot != nil && in.Bot.ID != "" && !strings.EqualFold(in.Bot.ID, s.BotID()) && !strings.EqualFold(in.Bot.ID, s.opts.AppID) {
		return answer{}, badArgument("The bot of the conversation is not the caller.")
	}
	if t := in.tenant(); t != "" && !strings.EqualFold(t, s.opts.TenantID) {
		return answer{}, badArgument("The tenant is not one of the bot's.")
	}
	if in.ChannelData.Channel.ID != "" {
		return s.createThread(in)
	}
	return s.createChat(in)
}

func (s *Server) createThread(in createRequest) (answer, error) {
	conv := s.conversation(in.ChannelData.Channel.ID)
	if conv == nil || conv.flat() {
		return answer{}, noConversation()
	}
	if !conv.team.Installed {
		return answer{}, notInRoster()
	}
	a, cards, err := in.first()
	if err != nil {
		return answer{}, err
	}
	if a.Type != "message" {
		return answer{}, badArgument("A conversation in a channel begins with a message.")
	}
	if err := s.spend(use{"create/" + conv.id, writeWindows()}); err != nil {
		return answer{}, err
	}
	id := s.add(conv, "", nil, a, cards).id
	return answer{http.StatusCreated, object{"id": conv.wireID(id), "activityId": id, "serviceUrl": s.ServiceURL()}}, nil
}

// createChat answers the same conversation every time it is asked for.
func (s *Server) createChat(in createRequest) (answer, error) {
	switch {
	case in.IsGroup || len(in.Members) != 1:
		return answer{}, badArgument("Only a conversation with one member can be created.")
	case in.tenant() == "":
		return answer{}, badArgument("The tenant id is missing.")
	}
	u := s.member(in.Members[0].ID)
	if u == nil {
		// Neither an address nor a name will do.
		return answer{}, badArgument("Invalid user identity in provided member.")
	}
	conv := s.chat(u)
	switch {
	case u.IsRemoved || !strings.EqualFold(u.TenantID, s.opts.TenantID) || !conv.installed:
		return answer{}, notInstalled()
	case conv.blocked:
		return answer{}, writesBlocked()
	}
	var a activity
	var cards []card
	begun := len(in.Activity) > 0 && string(in.Activity) != "null"
	if begun {
		var err error
		if a, cards, err = in.first(); err != nil {
			return answer{}, err
		}
	}
	if err := s.spend(use{"create/" + conv.id, writeWindows()}); err != nil {
		return answer{}, err
	}
	out := object{"id": conv.id, "serviceUrl": s.ServiceURL()}
	if begun {
		out["activityId"] = s.add(conv, "", nil, a, cards).id
	}
	conv.known = true
	s.touch()
	return answer{http.StatusCreated, out}, nil
}

// first reads the message that a conversation begins with.
func (r createRequest) first() (activity, []card, error) {
	var a activity
	if len(r.Activity) == 0 {
		return a, nil, badArgument("The activity is missing.")
	}
	if err := json.Unmarshal(r.Activity, &a); err != nil {
		return a, nil, badArgument("The activity has a member of the wrong type: %v", err)
	}
	cards, err := checkActivity(r.Activity, a)
	return a, cards, err
}
