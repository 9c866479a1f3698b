package slack

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"sync"
	"time"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/chat"
	"aws-access-bot/internal/retryafter"
	"aws-access-bot/internal/secret"

	slackapi "github.com/slack-go/slack"
	"golang.org/x/time/rate"
)

// eventType marks the bot's messages in their metadata, so that they can be
// found again.
const eventType = "aws_access_bot"

// callTimeout bounds one call of the Web API, waiting for a rate limit apart.
const callTimeout = 15 * time.Second

// profileFor is how long a profile is taken from memory. It is short because
// a profile decides who somebody is.
const profileFor = time.Minute

// maxProfiles is how many profiles are remembered.
const maxProfiles = 10000

// Client calls the Web API. It implements chat.Platform and chat.Profiles.
type Client struct {
	api        *slackapi.Client
	workspaces map[string]bool
	now        func() time.Time

	mu       sync.Mutex // guards the maps below
	pace     map[string]*rate.Limiter
	profiles map[string]cachedProfile
}

type cachedProfile struct {
	profile access.ChatProfile
	at      time.Time
}

// channelID is how Slack writes ids of channels, public and private.
var channelID = regexp.MustCompile(`^[CG][A-Z0-9]{2,20}$`)

// IsChannel reports whether a name is the id of a channel. Slack posts to names
// too, and edits by id only.
func IsChannel(name string) bool { return channelID.MatchString(name) }

// NewClient returns a client for the API at apiURL (which ends in a slash).
func NewClient(token secret.Value, apiURL string, workspaces []string, hc *http.Client, now func() time.Time) *Client {
	c := &Client{
		api:        slackapi.New(token.Reveal(), slackapi.OptionAPIURL(apiURL), slackapi.OptionHTTPClient(hc)),
		workspaces: map[string]bool{}, now: now,
		pace: map[string]*rate.Limiter{}, profiles: map[string]cachedProfile{},
	}
	for _, w := range workspaces {
		c.workspaces[w] = true
	}
	return c
}

// turn waits for the channel's turn: Slack allows about one message a second
// per channel (docs: chat.postMessage, rate limits).
func (c *Client) turn(ctx context.Context, channel string) error {
	c.mu.Lock()
	l, ok := c.pace[channel]
	if !ok {
		l = rate.NewLimiter(rate.Every(time.Second), 1)
		c.pace[channel] = l
	}
	c.mu.Unlock()
	return l.Wait(ctx)
}

// call runs one API call, waiting out rate limits as Retry-After says, a
// second at least and an hour at most.
func call(ctx context.Context, f func(context.Context) error) error {
	for {
		one, cancel := context.WithTimeout(ctx, callTimeout)
		err := f(one)
		cancel()
		var limited *slackapi.RateLimitedError
		if !errors.As(err, &limited) {
			return kind(err)
		}
		timer := time.NewTimer(max(retryafter.Bounded(limited.RetryAfter), time.Second))
		select {
		case <-ctx.Done():
			timer.Stop()
			return fmt.Errorf("%w while waiting: %w", err, ctx.Err())
		case <-timer.C:
		}
	}
}

// codeOf returns the error code of Slack's answer, "" for other errors.
func codeOf(err error) string {
	var answer slackapi.SlackErrorResponse
	if errors.As(err, &answer) {
		return answer.Err
	}
	return ""
}

// kind marks errors that say that the target is gone for good, or that a
// message cannot be edited any more (error lists of chat.postMessage,
// chat.update and chat.postEphemeral).
func kind(err error) error {
	switch codeOf(err) {
	case "channel_not_found", "is_archived", "is_inactive", "message_not_found", "thread_not_found", "user_not_in_channel",
		"cant_update_message", "edit_window_closed", "cannot_reply_to_message":
		return fmt.Errorf("%w: %w", chat.ErrGone, err)
	}
	return err
}

func options(m chat.Message) []slackapi.MsgOption {
	return []slackapi.MsgOption{
		slackapi.MsgOptionText(cutEscaped(m.Summary, maxSummary), false), slackapi.MsgOptionBlocks(Blocks(m)...),
		slackapi.MsgOptionDisableLinkUnfurl(), slackapi.MsgOptionDisableMediaUnfurl(),
	}
}

// Post implements chat.Platform.
func (c *Client) Post(ctx context.Context, to chat.Address, m chat.Message, key string) (string, error) {
	opts := append(options(m), slackapi.MsgOptionMetadata(slackapi.SlackMetadata{EventType: eventType, EventPayload: map[string]any{"key": key}}))
	if to.Thread != "" {
		opts = append(opts, slackapi.MsgOptionTS(to.Thread))
	}
	ts, err := c.deliver(ctx, to, opts)
	return ts, wrapped(err, "post to %s", to.Channel)
}

// deliver posts a message when it is the channel's turn.
func (c *Client) deliver(ctx context.Context, to chat.Address, opts []slackapi.MsgOption) (ts string, err error) {
	if err := c.turn(ctx, to.Channel); err != nil {
		return "", err
	}
	err = call(ctx, func(ctx context.Context) (err error) {
		_, ts, err = c.api.PostMessageContext(ctx, to.Channel, opts...)
		return err
	})
	return ts, err
}

// Update implements chat.Platform.
func (c *Client) Update(ctx context.Context, at chat.Address, ts string, m chat.Message) error {
	err := call(ctx, func(ctx context.Context) error {
		_, _, _, err := c.api.UpdateMessageContext(ctx, at.Channel, ts, options(m)...)
		return err
	})
	if err != nil {
		return fmt.Errorf("update %s in %s: %w", ts, at.Channel, err)
	}
	return nil
}

// Find implements chat.Platform. It looks from a minute before since, for
// clocks that differ.
func (c *Client) Find(ctx context.Context, at chat.Address, key string, since time.Time) (string, bool, error) {
	oldest := strconv.FormatInt(since.Add(-time.Minute).Unix(), 10)
	cursor := ""
	for {
		msgs, next, err := c.page(ctx, at, oldest, cursor)
		if err != nil {
			return "", false, fmt.Errorf("look for %s in %s: %w", key, at.Channel, err)
		}
		for _, m := range msgs {
			if m.Metadata.EventType == eventType && m.Metadata.EventPayload["key"] == key {
				return m.Timestamp, true, nil
			}
		}
		if next == "" {
			return "", false, nil
		}
		cursor = next
	}
}

var _ chat.History = (*Client)(nil)

// Said implements chat.History.
func (c *Client) Said(ctx context.Context, at chat.Address, key string, since time.Time) (string, bool, error) {
	return c.Find(ctx, at, key, since)
}

// page returns one page of a channel or thread.
func (c *Client) page(ctx context.Context, at chat.Address, oldest, cursor string) (msgs []slackapi.Message, next string, err error) {
	err = call(ctx, func(ctx context.Context) error {
		if at.Thread != "" {
			msgs, _, next, err = c.api.GetConversationRepliesContext(ctx, &slackapi.GetConversationRepliesParameters{
				ChannelID: at.Channel, Timestamp: at.Thread, Oldest: oldest, Cursor: cursor, Limit: 200, IncludeAllMetadata: true,
			})
			return err
		}
		h, err := c.api.GetConversationHistoryContext(ctx, &slackapi.GetConversationHistoryParameters{
			ChannelID: at.Channel, Oldest: oldest, Cursor: cursor, Limit: 200, IncludeAllMetadata: true,
		})
		if err == nil {
			msgs, next = h.Messages, h.ResponseMetaData.NextCursor
		}
		return err
	})
	return msgs, next, err
}

// Link implements chat.Platform.
func (c *Client) Link(ctx context.Context, at chat.Address, ts string) (url string, err error) {
	err = call(ctx, func(ctx context.Context) (err error) {
		url, err = c.api.GetPermalinkContext(ctx, &slackapi.PermalinkParameters{Channel: at.Channel, Ts: ts})
		return err
	})
	if err != nil {
		return "", fmt.Errorf("link to %s in %s: %w", ts, at.Channel, err)
	}
	return url, nil
}

// Whisper implements chat.Whisperer. Where that is not possible in the channel
// (it is a conversation without the bot, or unknown) it answers in a direct
// message. Other failures are not answered twice: the first answer may have
// arrived.
func (c *Client) Whisper(ctx context.Context, to chat.Address, user string, m chat.Message) error {
	if to.Channel != "" {
		err := call(ctx, func(ctx context.Context) error {
			_, err := c.api.PostEphemeralContext(ctx, to.Channel, user, options(m)...)
			return err
		})
		if !errors.Is(err, chat.ErrGone) && codeOf(err) != "not_in_channel" {
			return wrapped(err, "whisper to %s in %s", user, to.Channel)
		}
	}
	_, err := c.deliver(ctx, chat.Address{Team: to.Team, Channel: user}, options(m))
	return wrapped(err, "direct message to %s", user)
}

// wrapped says what was done when it failed.
func wrapped(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf(format+": %w", append(args, err)...)
}

// OpenForm opens a modal. The trigger is good for three seconds and one use.
func (c *Client) OpenForm(ctx context.Context, trigger string, f chat.Form) error {
	if _, err := c.api.OpenViewContext(ctx, trigger, Modal(f)); err != nil {
		return fmt.Errorf("open form %s: %w", f.ID, err)
	}
	return nil
}

// Profile implements chat.Profiles.
func (c *Client) Profile(ctx context.Context, u access.ChatUser) (access.ChatProfile, error) {
	key := u.Team + "/" + u.User
	c.mu.Lock()
	hit, ok := c.profiles[key]
	c.mu.Unlock()
	if ok && c.now().Sub(hit.at) < profileFor {
		return hit.profile, nil
	}
	var info *slackapi.User
	err := call(ctx, func(ctx context.Context) (err error) {
		info, err = c.api.GetUserInfoContext(ctx, u.User)
		return err
	})
	switch {
	case codeOf(err) == "user_not_found" || codeOf(err) == "user_not_visible":
		return access.ChatProfile{User: u, Outsider: "Slack does not know your user in this workspace"}, nil
	case err != nil:
		return access.ChatProfile{}, fmt.Errorf("slack user %s: %w", u.User, err)
	}
	p := access.ChatProfile{User: u, Name: info.RealName, Email: info.Profile.Email, Zone: info.TZ, Outsider: c.outsider(u, info)}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.profiles) >= maxProfiles {
		clear(c.profiles)
	}
	c.profiles[key] = cachedProfile{p, c.now()}
	return p, nil
}

// outsider says why a Slack user is none of the company's people.
func (c *Client) outsider(u access.ChatUser, info *slackapi.User) string {
	switch {
	case !c.workspaces[u.Team] || info.TeamID != u.Team:
		return "your user belongs to another Slack workspace"
	case info.IsStranger:
		return "you are an external user of this Slack workspace"
	case info.Deleted:
		return "your Slack user is deactivated"
	case info.IsBot || info.IsWorkflowBot || info.IsConnectorBot:
		return "bots may not ask for access"
	case info.IsRestricted || info.IsUltraRestricted:
		return "guests of this Slack workspace may not ask for access"
	default:
		return ""
	}
}
