package teams

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/chat"
)

// Client speaks to people in Teams. It implements chat.Platform and
// chat.Profiles. [NewClient] makes one.
type Client struct {
	connector *Connector
	reach     access.Reach
	opt       Options

	mu       sync.Mutex // guards what follows
	profiles map[access.ChatUser]cachedProfile
	sent     map[string]sent
	muted    map[string]time.Time // what is not tried again for a while, since when
}

// Options say who the bot is, and where it begins conversations.
type Options struct {
	AppID  string
	Tenant string
	// ServiceURL is used where the connector has named none.
	ServiceURL string
	// Channel is a channel that everybody may be looked for in.
	Channel string
	// Targeted says that answers for one person may stand in a channel, as messages
	// that only he sees.
	Targeted bool
	Now      func() time.Time
	Log      *slog.Logger
}

// NewClient returns a client. It makes no call.
func NewClient(o Options, c *Connector, reach access.Reach) *Client {
	return &Client{
		connector: c, reach: reach, opt: o,
		profiles: map[access.ChatUser]cachedProfile{}, sent: map[string]sent{}, muted: map[string]time.Time{},
	}
}

// sent is what is known of a message that this process sent, or tried to.
type sent struct {
	id string // "" while it is known that it did not go out
	at time.Time
	// doubt says that it may be there all the same: the answer of one try was lost,
	// here or to a process before. That a later try did not go out changes nothing.
	doubt bool
}

// How long a message that was just sent may be unknown to the connector, and how
// many are remembered.
const (
	settles = time.Minute
	maxSent = 10_000
)

// strayHost is muted while it need not be said again that a stored service URL is at no
// host of the list.
const strayHost = "stray host"

// service returns the service URL of a conversation: the stored one, if its host is
// still one of the list, else that of the settings, which all conversations have ("Send
// proactive messages", Microsoft Learn: the global service URL).
func (c *Client) service(ctx context.Context, conversation string) (string, error) {
	known, err := c.reach.Conversation(ctx, access.Teams, channelOf(conversation))
	if errors.Is(err, access.ErrNotFound) {
		return c.opt.ServiceURL, nil
	}
	if err != nil {
		return "", err
	}
	if _, err := c.connector.Hosts.Check(known.Service); err != nil {
		if c.targets(strayHost) {
			c.mute(strayHost)
			c.opt.Log.Warn("the stored service URL of a conversation is at no host of teams.service_hosts, so that of the settings is used", "conversation", known.ID)
		}
		return c.opt.ServiceURL, nil
	}
	return known.Service, nil
}

// account is a user, a bot or a channel on the wire.
type account struct {
	ID string `json:"id"`
}

// outgoing is an activity that the bot sends. There is no text: Teams would make
// two messages of it and its card ("Messages in bot conversations").
type outgoing struct {
	Type        string       `json:"type"`
	ID          string       `json:"id,omitempty"`
	Summary     string       `json:"summary,omitempty"`
	From        *account     `json:"from,omitempty"`
	Recipient   *account     `json:"recipient,omitempty"`
	Attachments []attachment `json:"attachments,omitempty"`
}

// attachment is a card in an activity.
type attachment struct {
	ContentType string          `json:"contentType"`
	Content     json.RawMessage `json:"content"`
}

// cardType is the content type of Adaptive Cards.
const cardType = "application/vnd.microsoft.card.adaptive"

func (c *Client) bot() *account { return &account{"28:" + c.opt.AppID} }

func (c *Client) message(m chat.Message) outgoing {
	m = Words().Spoken(m)
	return outgoing{Type: "message", Summary: cut(m.Summary, maxSummary), From: c.bot(), Attachments: []attachment{{cardType, Card(m)}}}
}

// created is the answer to what makes a message or a conversation.
type created struct {
	ID         string `json:"id"`
	ActivityID string `json:"activityId"`
	ServiceURL string `json:"serviceUrl"`
}

// Post implements chat.Platform. A message in a channel that is in no thread
// begins one.
func (c *Client) Post(ctx context.Context, to chat.Address, m chat.Message, key string) (string, error) {
	id, err := c.post(ctx, to, m)
	key = placed(to, key)
	switch {
	case err == nil && id != "":
		c.note(key, id)
	case err == nil, !unsent(err):
		c.unknown(key)
	case !c.doubted(key):
		c.note(key, "")
	}
	return id, wrapped(err, "post to %s", to.Channel)
}

func (c *Client) post(ctx context.Context, to chat.Address, m chat.Message) (string, error) {
	service, err := c.service(ctx, to.Channel)
	if err != nil {
		return "", errors.Join(errUnsent, err)
	}
	if to.Thread != "" || !isChannel(to.Channel) {
		return c.send(ctx, service, inThread(to.Channel, to.Thread), "", c.message(m))
	}
	var made created
	err = c.connector.do(ctx, call{method: http.MethodPost, service: service, path: "/v3/conversations", conversation: to.Channel, out: &made, in: map[string]any{
		"isGroup": true, "bot": c.bot(), "tenantId": c.opt.Tenant, "activity": c.message(m),
		"channelData": map[string]any{"channel": account{to.Channel}, "tenant": account{c.opt.Tenant}},
	}})
	if err != nil {
		return "", err
	}
	if made.ActivityID == "" {
		_, made.ActivityID, _ = strings.Cut(made.ID, threadMark)
	}
	if made.ActivityID == "" {
		return "", errors.New("the connector did not say which message it made")
	}
	return made.ActivityID, nil
}

// send posts an activity in a conversation and returns its id. query is "" or has
// its question mark.
func (c *Client) send(ctx context.Context, service, conversation, query string, a outgoing) (string, error) {
	var made created
	err := c.connector.do(ctx, call{
		method: http.MethodPost, service: service, path: "/v3/conversations/" + segment(conversation) + "/activities" + query,
		conversation: conversation, in: a, out: &made,
	})
	return made.ID, err
}

// placed is the key of a message at a place: the same may be posted elsewhere where
// that is gone.
func placed(at chat.Address, key string) string { return at.Channel + " " + at.Thread + " " + key }

// note remembers what became of a message: its id, or that it did not go out.
func (c *Client) note(key, id string) { c.keep(key, sent{id: id, at: c.opt.Now()}) }

// unknown remembers that a message may be there.
func (c *Client) unknown(key string) { c.keep(key, sent{at: c.opt.Now(), doubt: true}) }

func (c *Client) keep(key string, s sent) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.sent) >= maxSent {
		clear(c.sent)
	}
	c.sent[key] = s
}

// doubted reports whether a message may be there.
func (c *Client) doubted(key string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sent[key].doubt
}

// Find implements chat.Platform. The connector has no history: what this process
// saw the answer of is known, of everything else nothing. Who looks has reason to
// think that it may be there.
func (c *Client) Find(_ context.Context, at chat.Address, key string, _ time.Time) (string, bool, error) {
	key = placed(at, key)
	c.mu.Lock()
	s, ok := c.sent[key]
	c.mu.Unlock()
	if !ok || s.doubt {
		c.unknown(key)
		return "", false, chat.ErrNoHistory
	}
	return s.id, s.id != "", nil
}

// young reports whether a message was sent so lately that the connector may not
// know it yet.
func (c *Client) young(id string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.sent {
		if s.id == id && id != "" && c.opt.Now().Sub(s.at) < settles {
			return true
		}
	}
	return false
}

// Update implements chat.Platform.
func (c *Client) Update(ctx context.Context, at chat.Address, id string, m chat.Message) error {
	service, err := c.service(ctx, at.Channel)
	if err != nil {
		return err
	}
	root := at.Thread
	if root == "" {
		root = id
	}
	conversation, a := inThread(at.Channel, root), c.message(m)
	a.ID = id
	err = c.connector.do(ctx, call{
		method: http.MethodPut, service: service, path: "/v3/conversations/" + segment(conversation) + "/activities/" + segment(id),
		conversation: conversation, in: a,
	})
	if errors.Is(err, chat.ErrGone) && c.young(id) {
		return fmt.Errorf("update %s in %s, sent a moment ago: %s", id, at.Channel, err.Error())
	}
	return wrapped(err, "update %s in %s", id, at.Channel)
}

// ChannelOf implements chat.Threads: what is said in a thread has its root's id in the
// id of the conversation.
func (c *Client) ChannelOf(conversation string) string { return channelOf(conversation) }

var _ chat.Threads = (*Client)(nil)

// Link implements chat.Platform ("Create deep links to a channel conversation",
// Microsoft Learn).
func (c *Client) Link(_ context.Context, at chat.Address, id string) (string, error) {
	root := at.Thread
	if root == "" {
		root = id
	}
	q := url.Values{"tenantId": {c.opt.Tenant}, "parentMessageId": {root}}
	return "https://" + c.webHost() + "/l/message/" + url.PathEscape(channelOf(at.Channel)) + "/" + url.PathEscape(id) + "?" + q.Encode(), nil
}

// webHost is where people open Teams: beside the connector in the clouds for GCC High
// and DoD (gov.teams.microsoft.us, dod.teams.microsoft.us), else the public cloud's,
// which GCC has too.
func (c *Client) webHost() string {
	if u, err := url.Parse(c.opt.ServiceURL); err == nil {
		if host, ok := strings.CutPrefix(u.Hostname(), "smba.infra."); ok && strings.HasSuffix(host, ".teams.microsoft.us") {
			return host
		}
	}
	return "teams.microsoft.com"
}
