package teams

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/chat"
)

// plainFor is for how long a conversation is taken to have no targeted messages for
// somebody after one was refused.
const plainFor = time.Hour

// codeBlocks is how many blocks of 2,600 characters a card holds: 24,000 bytes of JSON
// ([maxCard]), in which a line end takes two.
const codeBlocks = 7

// CodeBlocks implements chat.Small.
func (c *Client) CodeBlocks() int { return codeBlocks }

var _ chat.Small = (*Client)(nil)

// Whisper implements chat.Whisperer: by a targeted message in the channel or
// thread, which only that person sees, where the settings and the tenant have them; else, and
// where that fails, in the person's chat with the bot ("Targeted messages", handle
// errors, Microsoft Learn). That is begun where the app is installed for him; where it
// is not, and nothing else is left, the error is chat.ErrGone. He may get both, where a
// targeted message arrived and its answer did not.
func (c *Client) Whisper(ctx context.Context, to chat.Address, user string, m chat.Message) error {
	who, err := c.contact(ctx, access.ChatUser{Platform: access.Teams, Team: c.opt.Tenant, User: user})
	if err != nil {
		return err
	}
	var failed error // of a targeted message that may go well later
	if c.opt.Targeted && isShared(to.Channel) && who.Local != "" && c.targets(targetKey(to.Channel, user)) {
		done, err := c.target(ctx, to.Channel, who, m)
		if done {
			return nil
		}
		failed = err
	}
	err = wrapped(c.personal(ctx, who, m), "personal message to %s", user)
	if errors.Is(err, chat.ErrGone) && failed != nil {
		return failed
	}
	if errors.Is(err, chat.ErrGone) {
		c.opt.Log.Warn("somebody cannot be told in private: is the app installed for him?", "user", user, "error", err)
		c.askToInstall(ctx, to.Channel, who)
	}
	return err
}

// askToInstall says, where somebody asked and cannot be answered in private, how
// he can be: to everybody, so nothing of the answer. It is tried once an hour.
func (c *Client) askToInstall(ctx context.Context, conversation string, who access.Contact) {
	key := "install/" + who.User.User
	if !isShared(conversation) || !c.targets(key) {
		return
	}
	c.mute(key)
	service, err := c.service(ctx, conversation)
	if err == nil {
		const what = "I have an answer for you and cannot reach you in private. Add the app aws-access in Teams for yourself, and ask me again in its chat."
		_, err = c.send(ctx, service, conversation, "", c.message(chat.Message{Summary: what, Blocks: []chat.Block{
			chat.Text{{User: who.User, Text: who.Name}, {Text: ": "}, {Text: what}},
		}}))
	}
	if err != nil {
		c.opt.Log.Warn("somebody is not told to install the app", "user", who.User.User, "error", err)
	}
}

// mute notes that something was refused, or said, for plainFor.
func (c *Client) mute(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.muted) >= maxSent {
		clear(c.muted)
	}
	c.muted[key] = c.opt.Now()
}

// targetKey is what is muted when a targeted message is refused: the connector says
// the same of a tenant without them and of a recipient who is not in the conversation
// any more, which is nothing to the others in it.
func targetKey(conversation, user string) string { return channelOf(conversation) + "/" + user }

// contact returns what is known of a user: at least who it is.
func (c *Client) contact(ctx context.Context, u access.ChatUser) (access.Contact, error) {
	who, err := c.reach.Contact(ctx, u)
	if errors.Is(err, access.ErrNotFound) {
		return access.Contact{User: u}, nil
	}
	return who, err
}

// targets reports whether what a key stands for is not muted.
func (c *Client) targets(key string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	at, ok := c.muted[key]
	return !ok || c.opt.Now().Sub(at) >= plainFor
}

// target sends a targeted message ("Targeted messages", Microsoft Learn). It is
// not done, and there is no error, where the connector refuses it as such: where there
// are none, where the bot is not in the conversation, or the person. It takes a third of
// the time that there is, so that a personal one can still be sent.
func (c *Client) target(ctx context.Context, conversation string, who access.Contact, m chat.Message) (done bool, err error) {
	service, err := c.service(ctx, conversation)
	if err != nil {
		return false, err
	}
	if end, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(end)/3)
		defer cancel()
	}
	a := c.message(m)
	a.Recipient = &account{who.Local}
	if _, err = c.send(ctx, service, conversation, "?isTargetedActivity=true", a); err == nil {
		return true, nil
	}
	c.opt.Log.Info("no targeted message here, so a personal one", "conversation", channelOf(conversation), "error", err)
	var answer *answerError
	if errors.As(err, &answer) {
		switch answer.status {
		case http.StatusForbidden, http.StatusNotFound: // the bot, or this person, is not there
			return false, nil
		case http.StatusBadRequest, http.StatusMethodNotAllowed, http.StatusNotImplemented:
			c.mute(targetKey(conversation, who.User.User))
			return false, nil
		}
	}
	return false, wrapped(err, "targeted message in %s", conversation)
}

// personal sends to the person's chat with the bot, which is begun where there is
// none, and again where it is not there any more.
func (c *Client) personal(ctx context.Context, who access.Contact, m chat.Message) error {
	if who.Personal != "" {
		service, err := c.service(ctx, who.Personal)
		if err != nil {
			return err
		}
		_, err = c.send(ctx, service, who.Personal, "", c.message(m))
		var answer *answerError
		if !errors.As(err, &answer) || answer.status != http.StatusNotFound {
			return err
		}
	}
	service, err := c.begin(ctx, &who)
	if err != nil {
		return err
	}
	_, err = c.send(ctx, service, who.Personal, "", c.message(m))
	return err
}

// begin makes the person's chat with the bot, or finds it: the connector returns
// the same one each time ("Send proactive messages", Microsoft Learn).
func (c *Client) begin(ctx context.Context, who *access.Contact) (service string, err error) {
	if service, err = c.service(ctx, who.Last); err != nil {
		return "", err
	}
	member := who.Local
	if member == "" {
		member = who.User.User
	}
	var made created
	err = c.connector.do(ctx, call{method: http.MethodPost, service: service, path: "/v3/conversations", conversation: "with " + who.User.User, out: &made, in: map[string]any{
		"isGroup": false, "bot": c.bot(), "members": []account{{member}}, "tenantId": c.opt.Tenant,
		"channelData": map[string]any{"tenant": account{c.opt.Tenant}},
	}})
	switch {
	case err != nil:
		return "", fmt.Errorf("begin a chat, which needs the app to be installed for the person: %w", err)
	case made.ID == "":
		return "", errors.New("the connector did not say which chat it made")
	}
	who.Personal = made.ID
	if err := c.reach.SaveConversation(ctx, access.Conversation{Platform: access.Teams, ID: made.ID, Service: service}); err != nil {
		return "", err
	}
	return service, c.reach.SaveContact(ctx, *who)
}
