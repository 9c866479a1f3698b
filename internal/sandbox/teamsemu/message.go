package teamsemu

import (
	"context"
	"errors"
	"fmt"
	"html"
	"regexp"
	"strings"
	"time"
)

// Message plays a person who writes in a conversation, in the thread of a message if
// thread is not empty, and sends it to the bot where the bot hears it: in the
// person's own chat, and in channels and group chats that it is in if it is mentioned. It blocks until
// the bot has taken it or Teams has given up.
func (s *Server) Message(ctx context.Context, objectID, in, words, thread string) (Result, error) {
	body, res, err := s.write(objectID, in, words, thread)
	if err != nil {
		return Result{}, fmt.Errorf("write: %w", err)
	}
	if body != nil {
		err = s.deliver(ctx, KindMessage, body, &res)
	}
	return res, err
}

// write puts a message of a person into a conversation and returns the activity for
// the bot, or nil if it does not hear it.
func (s *Server) write(objectID, in, words, thread string) (object, Result, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, c, err := s.sees(objectID, in)
	if err != nil {
		return nil, Result{}, err
	}
	if strings.TrimSpace(words) == "" {
		return nil, Result{}, errors.New("an empty message cannot be sent")
	}
	root, err := c.rootOf(u, thread, s.kit.Now())
	if err != nil {
		return nil, Result{}, err
	}
	said, mentions, toBot := s.mentions(words)
	m := s.add(c, root, nil, activity{Type: "message", Text: said, TextFormat: "plain", Entities: mentions}, nil)
	m.from = u
	c.known = true
	res := Result{ID: m.id, Conversation: c.wireID(m.thread()), Thread: root}
	if !c.personal() && (!toBot || !c.team.Installed) {
		return nil, res, nil
	}
	body := s.inbound("message", u, c, m.thread())
	body["id"], body["text"], body["textFormat"] = m.id, said, "plain"
	body["attachments"] = []object{{"contentType": "text/html", "content": htmlOf(said)}}
	for _, e := range mentions {
		body["entities"] = append(body["entities"].([]object), e)
	}
	if root != "" {
		body["replyToId"] = root
	}
	return body, res, nil
}

// sees finds a person and a conversation that the person is in: a channel or group chat
// by id or name, or the person's own chat with the bot, which needs the app. The caller holds
// s.mu.
func (s *Server) sees(objectID, in string) (*User, *conversation, error) {
	u := s.user(objectID)
	if u == nil || u.IsRemoved {
		return nil, nil, errNoSuch("Teams user", objectID)
	}
	if in == "personal" || in == s.chat(u).id {
		c := s.chat(u)
		switch {
		case !c.installed:
			return nil, nil, fmt.Errorf("%s has not installed the app, and so has no chat with the bot", u.Name)
		case c.blocked:
			return nil, nil, fmt.Errorf("%s has blocked the bot", u.Name)
		}
		return u, c, nil
	}
	id, _ := place(in)
	for _, c := range s.shared() {
		if (c.id == id || strings.EqualFold(c.name, in)) && c.has(u) {
			return u, c, nil
		}
	}
	return nil, nil, fmt.Errorf("%s is in no conversation %q", u.Name, in)
}

// rootOf finds the thread of a message; "" is a new one.
func (c *conversation) rootOf(u *User, thread string, now time.Time) (string, error) {
	if thread == "" {
		return "", nil
	}
	m := c.find(thread)
	switch {
	case c.flat():
		return "", errors.New("a chat has no threads")
	case m == nil || !m.sees(u, now):
		return "", errNoSuch("message", thread)
	case m.to != nil:
		return "", errors.New("a targeted message takes no replies")
	}
	return m.thread(), nil
}

// atSign begins a name in what a person writes.
var atSign = regexp.MustCompile(`(^|\s)@([A-Za-z0-9][A-Za-z0-9._-]*)`)

// mentions turns @names into mentions, as picking the name from the list that Teams
// offers does. What names nobody stays as it is. The caller holds s.mu.
func (s *Server) mentions(words string) (said string, all []object, toBot bool) {
	said = atSign.ReplaceAllStringFunc(words, func(hit string) string {
		before, name, _ := strings.Cut(hit, "@")
		id, shown := s.named(name)
		if id == "" {
			return hit
		}
		toBot = toBot || id == s.BotID()
		mark := "<at>" + shown + "</at>"
		all = append(all, object{"type": "mention", "text": mark, "mentioned": object{"id": id, "name": shown}})
		return before + mark
	})
	return said, all, toBot
}

// named finds who is meant by a name after an @.
func (s *Server) named(name string) (id, shown string) {
	if strings.EqualFold(name, s.opts.BotName) {
		return s.BotID(), s.opts.BotName
	}
	for _, u := range s.users {
		if u.Alias != "" && strings.EqualFold(u.Alias, name) && !u.IsRemoved {
			return u.ID, u.Name
		}
	}
	return "", ""
}

// atTag is a mention in a text.
var atTag = regexp.MustCompile(`&lt;at&gt;(.*?)&lt;/at&gt;`)

// htmlOf is the text as the attachment that Teams sends beside it.
func htmlOf(said string) string {
	n := -1
	return "<p>" + atTag.ReplaceAllStringFunc(html.EscapeString(said), func(hit string) string {
		n++
		name := strings.TrimSuffix(strings.TrimPrefix(hit, "&lt;at&gt;"), "&lt;/at&gt;")
		return fmt.Sprintf(`<span itemscope="" itemtype="http://schema.skype.com/Mention" itemid="%d">%s</span>`, n, name)
	}) + "</p>"
}

// inbound begins an activity of a person for the bot. The caller holds s.mu.
func (s *Server) inbound(kind string, u *User, c *conversation, root string) object {
	now, tenant := s.kit.Now().UTC(), s.opts.TenantID
	if c.personal() {
		tenant = u.TenantID // a chat belongs to the person's own tenant
	}
	data := object{"tenant": object{"id": tenant}}
	conv := object{"conversationType": c.kind(), "tenantId": tenant, "id": c.wireID(root)}
	if !c.personal() {
		conv["isGroup"] = true
	}
	if !c.flat() {
		data["team"], data["channel"] = object{"id": c.team.ID}, object{"id": c.id}
	}
	local := now
	if zone, err := time.LoadLocation(u.TimeZone); err == nil {
		local = now.In(zone)
	}
	return object{
		"type": kind, "timestamp": now.Format("2006-01-02T15:04:05.000Z07:00"), "localTimestamp": local.Format("2006-01-02T15:04:05.000Z07:00"),
		"localTimezone": u.TimeZone, "serviceUrl": s.ServiceURL(), "channelId": channelID, "locale": "en-US",
		"from":         object{"id": u.ID, "name": u.Name, "aadObjectId": u.ObjectID},
		"recipient":    object{"id": s.BotID(), "name": s.opts.BotName},
		"conversation": conv, "channelData": data,
		"entities": []object{{"type": "clientInfo", "locale": "en-US", "country": "US", "platform": "Web", "timezone": u.TimeZone}},
	}
}

// inboundInvoke begins an invoke. The caller holds s.mu.
func (s *Server) inboundInvoke(name string, value object, u *User, c *conversation, root string) object {
	o := s.inbound("invoke", u, c, root)
	o["name"], o["value"], o["id"] = name, value, s.newID("f:00000000-0000-4000-8000-000000")
	return o
}
