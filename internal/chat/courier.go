package chat

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"aws-access-bot/internal/access"

	"golang.org/x/sync/errgroup"
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

// ErrNoHistory says that it is not known whether a message was posted: its answer
// was lost, and the service has no history to look through. It is posted again,
// so that people may see it twice, and says so.
var ErrNoHistory = errors.New("the chat service cannot tell whether a message was posted")

// Platform posts messages on a chat service. Errors other than ErrGone are
// worth another try; the platform itself waits out rate limits.
type Platform interface {
	Whisperer
	// Post posts m under a key that Find can look for, and returns its id.
	Post(ctx context.Context, to Address, m Message, key string) (ts string, err error)
	Update(ctx context.Context, at Address, ts string, m Message) error
	// Find returns the id of the message posted under the key not before since,
	// and ErrNoHistory where the service cannot tell.
	Find(ctx context.Context, at Address, key string, since time.Time) (ts string, found bool, err error)
	// Link returns the web address of a message.
	Link(ctx context.Context, at Address, ts string) (url string, err error)
}

// History is a [Platform] that shows the bot what it posted before it had its state
// file.
type History interface {
	// Said is Find, for what the state file knows nothing of.
	Said(ctx context.Context, at Address, key string, since time.Time) (ts string, found bool, err error)
}

// Threads is a [Platform] on which what is said in a thread of a channel is said in a
// conversation of its own.
type Threads interface {
	// ChannelOf returns the channel of a conversation.
	ChannelOf(conversation string) string
}

// channelOf is the channel of a conversation of a platform.
func channelOf(p Platform, conversation string) string {
	if t, ok := p.(Threads); ok {
		return t.ChannelOf(conversation)
	}
	return conversation
}

// Courier brings requests and notices to chat. Run owns its goroutines.
type Courier struct {
	Outbox   access.Outbox
	Requests access.Requests
	Commits  access.Commits
	// Platforms by name.
	Platforms map[access.Platform]Platform
	// Ops is where notices without a request go, and everything whose own
	// channel or thread is gone.
	Ops         Address
	OpsPlatform access.Platform
	// Home says where owners are reached; nil where they are not.
	Home Home
	Log  *slog.Logger

	lanes   []lane
	errands errands
	several bool // whether people are on more than one platform
}

// NewCourier returns c ready to be woken and run. On a platform that it is not
// given, all is gone: what was asked there goes on in the ops channel.
func NewCourier(c Courier) *Courier {
	c.lanes, c.several = lanesOf(c.served()...), len(c.Platforms) > 1
	c.Platforms = maps.Clone(c.Platforms)
	for _, name := range []access.Platform{access.Slack, access.Teams} {
		if c.Platforms[name] == nil {
			c.Platforms[name] = unserved{}
		}
	}
	c.errands = newErrands(c.Platforms)
	return &c
}

// served are the platforms, that of the operators first.
func (c *Courier) served() []access.Platform {
	return slices.SortedFunc(maps.Keys(c.Platforms), func(a, b access.Platform) int {
		switch c.OpsPlatform {
		case a:
			return -1
		case b:
			return 1
		}
		return strings.Compare(string(a), string(b))
	})
}

// Wake asks for a look soon. It never blocks.
func (c *Courier) Wake() { wakeAll(c.lanes) }

// Run works until ctx ends and returns its error.
func (c *Courier) Run(ctx context.Context) error {
	var g errgroup.Group
	for name := range c.errands {
		g.Go(func() error { return c.runErrands(ctx, name) })
	}
	g.Go(func() error {
		return runLanes(ctx, c.lanes, courierEvery, func(ctx context.Context, l lane) {
			if err := c.deliverLane(ctx, l); err != nil && ctx.Err() == nil {
				c.Log.Warn("deliver to chat", "error", err)
			}
		})
	})
	return g.Wait()
}

// Deliver brings out everything that is due once.
func (c *Courier) Deliver(ctx context.Context) error {
	var errs []error
	for _, l := range c.lanes {
		errs = append(errs, c.deliverLane(ctx, l))
	}
	c.doErrands(ctx)
	return errors.Join(errs...)
}

// deliverLane brings out what is due in a lane. One failure does not hold up what
// belongs to other requests.
func (c *Courier) deliverLane(ctx context.Context, l lane) error {
	due, err := c.Outbox.DueRoots(ctx)
	if err != nil {
		return fmt.Errorf("due root messages: %w", err)
	}
	var errs []error
	for _, r := range due {
		if !l.has(r.Asker.Chat.Platform) {
			continue
		}
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
		if err := c.noticeIn(ctx, l, d); err != nil {
			held[d.Request] = true
			errs = append(errs, fmt.Errorf("notice %s: %w", d.Key, err))
		}
	}
	return errors.Join(errs...)
}

// noticeIn brings out a notice that is of a lane, and leaves any other. A request
// stays in the lane of who asked, wherever its messages went, so that no two lanes
// ever post the same.
func (c *Courier) noticeIn(ctx context.Context, l lane, d access.Delivery) error {
	of := c.OpsPlatform
	if d.Request != "" && c.several {
		r, err := c.Requests.Get(ctx, d.Request)
		if err != nil && !errors.Is(err, access.ErrNotFound) {
			return err
		}
		of = r.Asker.Chat.Platform
	}
	if !l.has(of) {
		return nil
	}
	return c.notice(ctx, d)
}

// place gathers what the card shows of the config in force, or nothing when
// there is none to be had: a missing portal link must not hold up the news.
func (c *Courier) place(ctx context.Context, r access.Request) Place {
	force, err := c.Commits.InForce(ctx)
	if err != nil {
		return Place{}
	}
	p := PlaceOf(force.Repo, r.Want, c.Home)
	p.Auto, p.Approvers = auto(force.Repo, r), approvers(force.Repo, r, c.Home)
	return p
}

// platform returns a platform by name.
func (c *Courier) platform(name access.Platform) (Platform, error) {
	p, ok := c.Platforms[name]
	if !ok {
		return nil, fmt.Errorf("no platform %q", name)
	}
	return p, nil
}

// root posts or edits the root message of r until it shows r's version.
func (c *Courier) root(ctx context.Context, r access.Request) error {
	have, err := c.Outbox.Root(ctx, r.ID)
	if err != nil {
		return err
	}
	if have.TS == "" {
		return c.postRoot(ctx, r, have)
	}
	p, err := c.platform(have.Platform)
	if err != nil {
		return err
	}
	err = p.Update(ctx, Address{Team: have.Team, Channel: have.Channel}, have.TS, perhapsAgain(Card(r, c.place(ctx, r)), have.Twice))
	if err != nil && !errors.Is(err, ErrGone) {
		return err
	}
	have.Version = r.Version
	if err := c.Outbox.SaveRoot(ctx, have); err != nil {
		return err
	}
	return c.tellReviewers(ctx, r, have)
}

// postRoot posts the root message of r, in the ops channel where its own is
// gone, or finds the one that was posted before a crash.
func (c *Courier) postRoot(ctx context.Context, r access.Request, have access.Root) error {
	want := access.Root{Request: r.ID, Platform: r.Asker.Chat.Platform, Team: r.Asker.Chat.Team, Channel: r.Channel}
	if have.Intent {
		want.Platform, want.Team, want.Channel = have.Platform, have.Team, have.Channel
	}
	sent, err := c.rootAt(ctx, r, want, have.Intent)
	ops := access.Root{Request: r.ID, Platform: c.OpsPlatform, Team: c.Ops.Team, Channel: c.Ops.Channel}
	if errors.Is(err, ErrGone) && want != ops {
		c.Log.Warn("channel of a root message is gone; using the ops channel", "request", r.ID, "channel", want.Channel, "error", err)
		sent, err = c.rootAt(ctx, r, ops, false)
	}
	if err != nil {
		return err
	}
	c.tellAsker(ctx, r, sent)
	return c.tellReviewers(ctx, r, sent)
}

// rootAt posts the root message at a place, or finds it there, and returns
// what is stored of it then.
func (c *Courier) rootAt(ctx context.Context, r access.Request, root access.Root, look bool) (access.Root, error) {
	p, err := c.platform(root.Platform)
	if err != nil {
		return root, err
	}
	at, found := Address{Team: root.Team, Channel: root.Channel}, false
	if look {
		root.TS, found, err = p.Find(ctx, at, string(r.ID), r.Times[access.StageAsked])
		unknown := errors.Is(err, ErrNoHistory)
		if err != nil && !unknown {
			return root, err
		}
		root.Twice = root.Twice || unknown
	}
	if !found {
		root.TS, root.Intent = "", true
		if err := c.Outbox.SaveRoot(ctx, root); err != nil {
			return root, err
		}
		if root.TS, err = p.Post(ctx, at, perhapsAgain(Card(r, c.place(ctx, r)), root.Twice), string(r.ID)); err != nil {
			return root, err
		}
		// A message that was found shows some version; it is edited later.
		root.Version = r.Version
	}
	root.Intent = false
	return root, c.Outbox.SaveRoot(ctx, root)
}

// tellAsker gives somebody who asked elsewhere than in the channel of the root message,
// or one of its threads, a private link to the root
// message. It is tried once, after the root message is stored: a crash or a
// fault in between loses the link and nothing else, and it is never given
// twice.
func (c *Courier) tellAsker(ctx context.Context, r access.Request, root access.Root) {
	p, there := c.Platforms[r.Asker.Chat.Platform]
	if r.Origin == "" || there && channelOf(p, r.Origin) == root.Channel {
		return
	}
	// The platform of a root message that was just posted is there; who asked
	// may be on another one.
	url, err := c.Platforms[root.Platform].Link(ctx, Address{Team: root.Team, Channel: root.Channel}, root.TS)
	if err == nil && there {
		err = p.Whisper(ctx, Address{Team: r.Asker.Chat.Team, Channel: r.Origin}, r.Asker.Chat.User, followHere(r, url))
	}
	if err != nil {
		c.Log.Warn("link to a root message not given", "request", r.ID, "error", err)
	}
}

// followHere is the private link to a root message.
func followHere(r access.Request, url string) Message {
	return Message{Summary: string(r.ID) + " can be followed in its thread", Blocks: []Block{
		Text{{Text: "🔗 "}, {Text: "Follow " + string(r.ID) + " in its thread", URL: url}},
	}}
}

// notice posts one reply: in the thread of its root message, or in the ops
// channel where that is gone. It waits until there is a root message.
func (c *Courier) notice(ctx context.Context, d access.Delivery) error {
	at, name, m, err := c.compose(ctx, d)
	if err != nil || name == "" {
		return err
	}
	looked := d.Intent
	ts, err := c.noticeAt(ctx, &d, name, at, m, looked)
	if errors.Is(err, ErrGone) && at != c.Ops {
		ts, err = c.noticeAt(ctx, &d, c.OpsPlatform, c.Ops, m, looked)
	}
	if errors.Is(err, ErrGone) {
		c.Log.Error("nobody can be told: the ops channel is gone", "notice", d.Key, "error", err)
	} else if err != nil {
		return err
	}
	d.TS, d.Sent, d.Intent = ts, true, false
	if err := c.Outbox.SaveDelivery(ctx, d); err != nil {
		return err
	}
	c.tellLinked(ctx, d)
	c.tellOwners(ctx, d, name, m)
	c.tellAskers(ctx, d, name, m)
	return nil
}

// noticeAt posts a notice at a place, or finds it there, and returns its id.
func (c *Courier) noticeAt(ctx context.Context, d *access.Delivery, name access.Platform, at Address, m Message, look bool) (string, error) {
	p, err := c.platform(name)
	if err != nil {
		return "", err
	}
	ts, twice, err := c.stands(ctx, p, at, d, look)
	if ts != "" || err != nil {
		return ts, err
	}
	if !d.Intent {
		d.Intent = true
		if err := c.Outbox.SaveDelivery(ctx, *d); err != nil {
			return "", err
		}
	}
	return p.Post(ctx, at, perhapsAgain(m, twice), d.Key)
}

// stands looks for a notice that may have been posted before: its post was begun,
// or it is one of the first of a state file. twice says that it cannot be told.
func (c *Courier) stands(ctx context.Context, p Platform, at Address, d *access.Delivery, look bool) (ts string, twice bool, err error) {
	if !look {
		return c.said(ctx, p, at, d), false, nil
	}
	ts, found, err := p.Find(ctx, at, d.Key, d.At)
	switch {
	case errors.Is(err, ErrNoHistory):
		return "", true, nil
	case err != nil || !found:
		return "", false, err
	}
	return ts, false, nil
}

// What the operations channel was told before the state file was lost is not told
// again: the first notices of each state file are looked for, as far back as
// somebody who lost one would still have them before the eyes. A file that was not lost
// pays with a few calls at its beginning.
const (
	firstNotices = 100
	lookBack     = 7 * 24 * time.Hour
)

// said looks for a notice that the operations channel may have been told by a bot with
// another state file. What has buttons or is edited belongs to the file that
// remembers it, and is told anew; so is what cannot be looked for, since twice is
// better than not at all.
func (c *Courier) said(ctx context.Context, p Platform, at Address, d *access.Delivery) string {
	history, ok := p.(History)
	if !ok || d.Kind != access.NoticeOps || d.Request != "" || d.Seq > firstNotices {
		return ""
	}
	ts, found, err := history.Said(ctx, at, d.Key, d.At.Add(-lookBack))
	if err != nil {
		c.Log.Warn("not looked whether the ops channel was told before", "notice", d.Key, "error", err)
	}
	if err != nil || !found {
		return ""
	}
	return ts
}

// perhapsAgain says of a message that it may stand there twice.
func perhapsAgain(m Message, twice bool) Message {
	if !twice {
		return m
	}
	blocks := append([]Block{}, m.Blocks...)
	return Message{Summary: m.Summary, Blocks: append(blocks, Note{{Text: "The bot was interrupted while it posted this, so it may stand here twice. This is the one that goes on."}})}
}

// compose renders a notice and says where it goes; the platform is empty when
// it must wait for the root message.
func (c *Courier) compose(ctx context.Context, d access.Delivery) (Address, access.Platform, Message, error) {
	if d.Kind == access.NoticeDrift {
		return c.Ops, c.OpsPlatform, DriftMessage(d.Notice), nil
	}
	if d.Request == "" && aboutCutover(d.Notice) {
		return c.Ops, c.OpsPlatform, CutoverMessage(d.Notice, nil), nil
	}
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
	return at, root.Platform, Reply(d.Notice, r, c.place(ctx, r)), nil
}
