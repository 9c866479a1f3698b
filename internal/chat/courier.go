package chat

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"aws-access-bot/internal/access"
)

// courierEvery is the slow look of the courier, a net under its wakes.
const courierEvery = 10 * time.Second

// Address is a place to post to. Thread is "" for the channel itself.
type Address struct {
	Team    string
	Channel string
	Thread  string
}

// ErrGone says that a message, channel or thread is no longer there, so that
// trying again is of no use.
var ErrGone = errors.New("message or channel is gone")

// Platform posts messages on a chat service. Errors other than ErrGone are
// worth another try; the platform itself waits out rate limits.
type Platform interface {
	// Post posts m under a key that Find can look for, and returns its id.
	Post(ctx context.Context, to Address, m Message, key string) (ts string, err error)
	Update(ctx context.Context, at Address, ts string, m Message) error
	// Find returns the id of the message posted under the key not before since.
	Find(ctx context.Context, at Address, key string, since time.Time) (ts string, found bool, err error)
}

// Courier brings requests and notices to chat. Run owns its goroutine.
type Courier struct {
	Outbox   access.Outbox
	Requests access.Requests
	Commits  access.Commits
	// Platforms by name.
	Platforms map[access.Platform]Platform
	// Ops is where notices without a request go.
	Ops         Address
	OpsPlatform access.Platform
	// Channel returns where the root message of a request goes when the
	// request names no channel.
	Log *slog.Logger

	wake chan struct{}
}

// NewCourier returns c ready to be woken and run.
func NewCourier(c Courier) *Courier {
	c.wake = make(chan struct{}, 1)
	return &c
}

// Wake asks for a look soon. It never blocks.
func (c *Courier) Wake() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// Run works until ctx ends and returns its error.
func (c *Courier) Run(ctx context.Context) error {
	tick := time.NewTicker(courierEvery)
	defer tick.Stop()
	for {
		if err := c.Deliver(ctx); err != nil && ctx.Err() == nil {
			c.Log.Warn("deliver to chat", "error", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-c.wake:
		case <-tick.C:
		}
	}
}

// Deliver brings out everything that is due once. One failure does not hold
// up what belongs to other requests.
func (c *Courier) Deliver(ctx context.Context) error {
	due, err := c.Outbox.DueRoots(ctx)
	if err != nil {
		return fmt.Errorf("due root messages: %w", err)
	}
	var errs []error
	for _, r := range due {
		if err := c.root(ctx, r); err != nil {
			errs = append(errs, fmt.Errorf("root message of %s: %w", r.ID, err))
		}
	}
	notices, err := c.Outbox.DueNotices(ctx)
	if err != nil {
		return errors.Join(append(errs, fmt.Errorf("due notices: %w", err))...)
	}
	held := map[access.ID]bool{}
	for _, d := range notices {
		if held[d.Request] && d.Request != "" {
			continue
		}
		if err := c.notice(ctx, d); err != nil {
			held[d.Request] = true
			errs = append(errs, fmt.Errorf("notice %s: %w", d.Key, err))
		}
	}
	return errors.Join(errs...)
}

// card renders a request with the config in force, or without it when there
// is none to be had: a missing portal link must not hold up the news.
func (c *Courier) place(ctx context.Context, w access.Want) Place {
	force, err := c.Commits.InForce(ctx)
	if err != nil {
		return Place{}
	}
	return PlaceOf(force.Repo, w)
}

// root posts or edits the root message of r until it shows r's version.
func (c *Courier) root(ctx context.Context, r access.Request) error {
	have, err := c.Outbox.Root(ctx, r.ID)
	if err != nil {
		return err
	}
	p, ok := c.Platforms[r.Asker.Chat.Platform]
	if !ok {
		return fmt.Errorf("no platform %q", r.Asker.Chat.Platform)
	}
	m := Card(r, c.place(ctx, r.Want))
	at := Address{Team: r.Asker.Chat.Team, Channel: r.Channel}
	if have.TS != "" {
		err := p.Update(ctx, at, have.TS, m)
		if err != nil && !errors.Is(err, ErrGone) {
			return err
		}
		have.Version = r.Version
		return c.Outbox.SaveRoot(ctx, have)
	}
	ts, found := "", false
	if have.Intent {
		if ts, found, err = p.Find(ctx, at, string(r.ID), r.Times[access.StageAsked]); err != nil {
			return err
		}
	}
	have = access.Root{Request: r.ID, Platform: r.Asker.Chat.Platform, Team: at.Team, Channel: at.Channel, Intent: true}
	if !found {
		if err := c.Outbox.SaveRoot(ctx, have); err != nil {
			return err
		}
		if ts, err = p.Post(ctx, at, m, string(r.ID)); err != nil {
			return err
		}
		have.Version = r.Version
	}
	have.TS, have.Intent = ts, false
	return c.Outbox.SaveRoot(ctx, have)
}

// notice posts one thread reply, after its root message.
func (c *Courier) notice(ctx context.Context, d access.Delivery) error {
	at, platform, m, err := c.compose(ctx, d)
	if err != nil || platform == "" {
		return err
	}
	p, ok := c.Platforms[platform]
	if !ok {
		return fmt.Errorf("no platform %q", platform)
	}
	if d.Intent {
		ts, found, err := p.Find(ctx, at, d.Key, d.At)
		if err != nil && !errors.Is(err, ErrGone) {
			return err
		}
		if found {
			d.TS, d.Sent, d.Intent = ts, true, false
			return c.Outbox.SaveDelivery(ctx, d)
		}
	}
	d.Intent = true
	if err := c.Outbox.SaveDelivery(ctx, d); err != nil {
		return err
	}
	ts, err := p.Post(ctx, at, m, d.Key)
	if err != nil && !errors.Is(err, ErrGone) {
		return err
	}
	d.TS, d.Sent, d.Intent = ts, true, false
	return c.Outbox.SaveDelivery(ctx, d)
}

// compose renders a notice and says where it goes; the platform is empty when
// it must wait for the root message.
func (c *Courier) compose(ctx context.Context, d access.Delivery) (Address, access.Platform, Message, error) {
	if d.Request == "" {
		return c.Ops, c.OpsPlatform, OpsMessage(d.Notice), nil
	}
	root, err := c.Outbox.Root(ctx, d.Request)
	if err != nil || root.TS == "" {
		return Address{}, "", Message{}, err
	}
	r, err := c.Requests.Get(ctx, d.Request)
	if err != nil {
		return Address{}, "", Message{}, err
	}
	at := Address{Team: root.Team, Channel: root.Channel, Thread: root.TS}
	return at, root.Platform, Reply(d.Notice, r, c.place(ctx, r.Want)), nil
}
