package teamsemu

import (
	"encoding/json"
	"net/http"
	"strings"
)

// Sizes. A message is measured whole, in UTF-16 ("Format your bot messages"); the
// card in it in bytes of JSON ("Cards reference").
const (
	maxMessage = 100 << 10
	maxCard    = 28 << 10
)

// send is POST …/activities.
func (s *Server) send(c *call) (answer, error) {
	conv, root, err := s.where(c)
	if err != nil {
		return answer{}, err
	}
	return s.post(c, conv, root)
}

// reply is POST …/activities/{a}. In a channel the answer stands in the thread of
// that message. A chat has no threads: the answer stands at the end, and the id may be
// any (Microsoft's SDK makes one up for the first message of a chat).
func (s *Server) reply(c *call) (answer, error) {
	conv, _, err := s.where(c)
	if err != nil {
		return answer{}, err
	}
	if conv.flat() {
		return s.post(c, conv, "")
	}
	to := conv.find(c.r.PathValue("a"))
	if to == nil || to.gone(s.kit.Now()) {
		return answer{}, noActivity()
	}
	return s.post(c, conv, to.thread())
}

func (s *Server) post(c *call, conv *conversation, root string) (answer, error) {
	var a activity
	if err := c.decodeInto(&a); err != nil {
		return answer{}, err
	}
	cards, err := checkActivity(c.body, a)
	if err != nil {
		return answer{}, err
	}
	to, err := s.target(c, conv, a)
	if err != nil {
		return answer{}, err
	}
	if err := s.spend(use{"write/" + conv.id, writeWindows()}); err != nil {
		return answer{}, err
	}
	if a.Type == "typing" {
		return answer{http.StatusCreated, object{}}, nil
	}
	return answer{http.StatusCreated, s.stand(conv, root, to, a, cards)}, nil
}

// stand puts a message of the bot into a conversation and returns what the
// connector answers: its id, or nothing if Teams split it in two.
func (s *Server) stand(conv *conversation, root string, to *User, a activity, cards []card) object {
	if strings.TrimSpace(a.Text) != "" && len(cards) > 0 {
		words, rest := a, a
		words.Attachments, rest.Text = nil, ""
		first := s.add(conv, root, to, words, nil)
		if root == "" && !conv.flat() {
			root = first.id
		}
		s.add(conv, root, to, rest, cards)
		return object{}
	}
	return object{"id": s.add(conv, root, to, a, cards).id}
}

func (s *Server) add(conv *conversation, root string, to *User, a activity, cards []card) *message {
	m := &message{id: s.newActivityID(), root: root, to: to, at: s.kit.Now(), activity: a, cards: cards}
	conv.messages = append(conv.messages, m)
	s.touch()
	return m
}

// target returns for whom a message is, or nil if it is for everybody.
func (s *Server) target(c *call, conv *conversation, a activity) (*User, error) {
	if c.r.URL.Query().Get("isTargetedActivity") != "true" {
		return nil, nil
	}
	switch {
	case s.opts.NoTargeted:
		return nil, badArgument("Targeted messages are not available.")
	case conv.personal():
		return nil, badArgument("Targeted messages are not supported in a one-on-one chat.")
	case a.Recipient == nil || a.Recipient.ID == "":
		return nil, badArgument("Recipient is missing.")
	}
	u := s.member(a.Recipient.ID)
	if u == nil || !conv.has(u) {
		return nil, badArgument("The recipient is not a member of the conversation.")
	}
	return u, nil
}

// own finds a message of the bot that a call is about.
func (s *Server) own(c *call) (*conversation, *message, error) {
	conv, _, err := s.where(c)
	if err != nil {
		return nil, nil, err
	}
	m := conv.find(c.r.PathValue("a"))
	if m == nil || m.gone(s.kit.Now()) {
		return nil, nil, noActivity()
	}
	if m.from != nil {
		return nil, nil, fail(http.StatusForbidden, "NotEnoughPermissions", "The bot can change its own messages only.")
	}
	return conv, m, nil
}

// update is PUT …/activities/{a}.
func (s *Server) update(c *call) (answer, error) {
	conv, m, err := s.own(c)
	if err != nil {
		return answer{}, err
	}
	var a activity
	if err := c.decodeInto(&a); err != nil {
		return answer{}, err
	}
	cards, err := checkActivity(c.body, a)
	switch {
	case err != nil:
		return answer{}, err
	case a.Type != "message":
		return answer{}, badArgument("Only messages can be updated.")
	case m.to != nil && a.Recipient != nil:
		return answer{}, badArgument("Recipient is not allowed when a targeted message is updated.")
	}
	if err := s.spend(use{"write/" + conv.id, writeWindows()}); err != nil {
		return answer{}, err
	}
	m.edits = append(m.edits, s.plain(m))
	m.activity, m.cards, m.views, m.edited = a, cards, nil, s.kit.Now()
	s.touch()
	return answer{http.StatusOK, object{"id": m.id}}, nil
}

// remove is DELETE …/activities/{a}. A targeted message wants the query that it was
// sent with.
func (s *Server) remove(c *call) (answer, error) {
	conv, m, err := s.own(c)
	if err != nil {
		return answer{}, err
	}
	if m.to != nil && c.r.URL.Query().Get("isTargetedActivity") != "true" {
		return answer{}, noActivity()
	}
	if err := s.spend(use{"write/" + conv.id, writeWindows()}); err != nil {
		return answer{}, err
	}
	m.deleted = true
	s.touch()
	return answer{status: http.StatusOK}, nil
}

// checkActivity holds what the bot sends against what the connector takes, and
// reads its cards.
func checkActivity(raw json.RawMessage, a activity) ([]card, error) {
	switch {
	case utf16Size(raw) > maxMessage:
		return nil, tooBig()
	case a.Type == "":
		return nil, badArgument("Activity type is missing.")
	case a.Type != "message" && a.Type != "typing":
		return nil, badArgument("Unknown activity type '%s'.", a.Type)
	case a.Type == "message" && strings.TrimSpace(a.Text) == "" && len(a.Attachments) == 0:
		return nil, badSyntax("Activity must include non empty 'text' field or at least 1 attachment.")
	}
	var out []card
	for _, at := range a.Attachments {
		if at.ContentType == "" {
			return nil, badArgument("Attachment content type is missing.")
		}
		if at.ContentType != cardType {
			continue
		}
		if len(at.Content) > maxCard {
			return nil, tooBig()
		}
		c, ok := readCard(at.Content)
		if !ok {
			return nil, badSyntax("The content of the Adaptive Card is not a JSON object.")
		}
		out = append(out, c)
	}
	return out, nil
}
