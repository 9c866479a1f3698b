package chat

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // people's zones, also where the system has none

	"aws-access-bot/internal/access"

	"golang.org/x/sync/errgroup"
)

// Bounds of the desk's work on one delivery.
const (
	deskEvery     = 5 * time.Second
	workTimeout   = 30 * time.Second // to do it
	answerTimeout = 60 * time.Second // to say so, rate limits waited out
	// atOnce is how many people's deliveries are worked off at the same time.
	atOnce = 8
	// giveUpAfter is when the person is told that it did not work, rather than
	// answered long after.
	giveUpAfter = 10 * time.Minute
)

// Profiles looks up a chat user.
type Profiles interface {
	Profile(ctx context.Context, u access.ChatUser) (access.ChatProfile, error)
}

// Whisperer answers so that only one person sees it.
type Whisperer interface {
	Whisper(ctx context.Context, to Address, user string, m Message) error
}

// Who finds the person behind a chat profile.
type Who interface {
	Resolve(ctx context.Context, p access.ChatProfile) (access.Person, error)
}

// Desk works off inbound deliveries. Run owns its goroutines. [NewDesk] makes
// one.
type Desk struct {
	Inbox    access.Inbox
	Service  *access.Service
	Who      Who
	Profiles map[access.Platform]Profiles
	Whispers map[access.Platform]Whisperer
	// Health is shown with status; nil shows none.
	Health Health
	// Channel is where root messages go.
	Channel map[access.Platform]string
	Now     func() time.Time
	Log     *slog.Logger

	lanes []lane
	known *memory
}

// NewDesk returns d ready to be woken and run.
func NewDesk(d Desk) *Desk {
	d.lanes = lanesOf(slices.Sorted(maps.Keys(d.Whispers))...)
	d.known = &memory{users: map[access.ChatUser]knownUser{}}
	return &d
}

// Take stores a delivery and has it worked off. It reports whether the
// delivery is new; one seen before is left alone.
func (d *Desk) Take(ctx context.Context, in access.Inbound) (bool, error) {
	first, err := d.Inbox.Put(ctx, in)
	if err != nil {
		return false, fmt.Errorf("store delivery: %w", err)
	}
	wakeAll(d.lanes)
	return first, nil
}

// Run works until ctx ends and returns its error.
func (d *Desk) Run(ctx context.Context) error {
	return runLanes(ctx, d.lanes, deskEvery, func(ctx context.Context, l lane) {
		if err := d.workOffLane(ctx, l); err != nil && ctx.Err() == nil {
			d.Log.Warn("work off deliveries", "error", err)
		}
	})
}

// WorkOff works off everything that is due once.
func (d *Desk) WorkOff(ctx context.Context) error {
	var errs []error
	for _, l := range d.lanes {
		errs = append(errs, d.workOffLane(ctx, l))
	}
	return errors.Join(errs...)
}

// workOffLane works off what is due in a lane: what one person sent in its order,
// and several people at the same time, so that nobody waits for somebody else's
// hundred commands.
func (d *Desk) workOffLane(ctx context.Context, l lane) error {
	due, err := d.Inbox.Due(ctx)
	if err != nil {
		return fmt.Errorf("due deliveries: %w", err)
	}
	var order []access.ChatUser
	of := map[access.ChatUser][]access.Inbound{}
	for _, in := range due {
		if !l.has(in.User.Platform) {
			continue
		}
		if of[in.User] == nil {
			order = append(order, in.User)
		}
		of[in.User] = append(of[in.User], in)
	}
	errs := make([]error, len(order))
	var g errgroup.Group
	g.SetLimit(atOnce)
	for i, user := range order {
		g.Go(func() error {
			errs[i] = d.workOff(ctx, of[user])
			return nil
		})
	}
	_ = g.Wait() // never an error: each has its own
	return errors.Join(errs...)
}

// workOff works off the deliveries of one person in their order. One that has
// to be tried again does not hold up those after it.
func (d *Desk) workOff(ctx context.Context, list []access.Inbound) error {
	var errs []error
	for _, in := range list {
		if ctx.Err() != nil {
			break
		}
		if err := d.one(ctx, in); err != nil {
			errs = append(errs, fmt.Errorf("delivery of %s: %w", in.User.User, err))
		}
	}
	return errors.Join(errs...)
}

// one works off one delivery. Success, and an answer that tells the person
// what is wrong, end it; anything else is tried again until giveUpAfter. The
// answer is given at least once: a crash right after it gives it again.
func (d *Desk) one(ctx context.Context, in access.Inbound) error {
	late := d.Now().Sub(in.At) >= giveUpAfter
	answer, err := d.answer(ctx, in)
	if err != nil {
		if !late {
			return err
		}
		d.Log.Error("gave up on a delivery", "user", in.User.User, "error", err)
		answer = gaveUp()
	}
	if err := d.whisper(ctx, in, answer); err != nil && !errors.Is(err, ErrGone) {
		if !late {
			return fmt.Errorf("answer: %w", err)
		}
		d.Log.Error("gave up on an answer", "user", in.User.User, "error", err)
	}
	return d.Inbox.Done(ctx, in.Key)
}

// whisper gives the answer to who sent the delivery.
func (d *Desk) whisper(ctx context.Context, in access.Inbound, m Message) error {
	w, ok := d.Whispers[in.User.Platform]
	if !ok {
		return fmt.Errorf("no platform %q: %w", in.User.Platform, ErrGone)
	}
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	return w.Whisper(ctx, Address{Team: in.User.Team, Channel: in.Channel}, in.User.User, m)
}

// gaveUp is the answer after giveUpAfter. Whether something was done before
// the fault is not known.
func gaveUp() Message {
	return Problem("That did not work: a service I need did not answer for ten minutes.", "`/aws-access status` shows how things stand; please try again.")
}

// answer does what was asked and returns what to say. An error means that it
// is worth another try. A line is read as of the time it was sent.
func (d *Desk) answer(ctx context.Context, in access.Inbound) (Message, error) {
	ctx, cancel := context.WithTimeout(ctx, workTimeout)
	defer cancel()
	if strings.HasPrefix(in.Command, submission) {
		return d.submitted(ctx, in)
	}
	if m, done, err := d.linking(ctx, in); done {
		if err != nil {
			return refusalOr(err)
		}
		return m, nil
	}
	asker, err := d.Identify(ctx, in.User)
	if err != nil {
		return refusalOr(err)
	}
	cmd, err := Parse(in.Text, Zone(asker.Zone), in.At)
	if err != nil {
		return refusalOr(err)
	}
	if f, ok := d.WantsForm(ctx, in.User, in.Channel, in.Text); ok {
		return offer(f, in.Text), nil
	}
	m, err := d.Do(ctx, cmd, asker, in)
	if err != nil {
		return refusalOr(err)
	}
	return m, nil
}

// Identify finds out who a chat user is.
func (d *Desk) Identify(ctx context.Context, u access.ChatUser) (access.Asker, error) {
	profile, err := d.profile(ctx, u)
	if err != nil {
		return access.Asker{}, err
	}
	person, err := d.Who.Resolve(ctx, profile)
	if err != nil {
		return access.Asker{}, err
	}
	if person.Name == "" {
		person.Name = profile.Name
	}
	return access.Asker{Person: person, Chat: u, Zone: profile.Zone}, nil
}

// knownUser is who a chat user was found to be, and when.
type knownUser struct {
	asker access.Asker
	at    time.Time
}

// memory remembers who chat users are.
type memory struct {
	mu    sync.Mutex // guards users
	users map[access.ChatUser]knownUser
}

// get returns who somebody is, if that was found out since a time.
func (m *memory) get(u access.ChatUser, since time.Time) (access.Asker, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	have, ok := m.users[u]
	return have.asker, ok && have.at.After(since)
}

func (m *memory) put(u access.ChatUser, asker access.Asker, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.users) >= maxKnown {
		clear(m.users)
	}
	m.users[u] = knownUser{asker, now}
}

// knownFor is how long Known goes without looking again, and maxKnown how many
// people it remembers.
const (
	knownFor = time.Minute
	maxKnown = 10000
)

// Known is [Desk.Identify] from memory for a minute. It is for what is only
// shown, such as type-ahead; whatever is done asks Identify.
func (d *Desk) Known(ctx context.Context, u access.ChatUser) (access.Asker, error) {
	if asker, ok := d.known.get(u, d.Now().Add(-knownFor)); ok {
		return asker, nil
	}
	asker, err := d.Identify(ctx, u)
	if err != nil {
		return access.Asker{}, err
	}
	d.known.put(u, asker, d.Now())
	return asker, nil
}

// Suggest returns at most n choices for a form field, none to whom the bot
// does not serve: the names of groups and accounts are for members only.
func (d *Desk) Suggest(ctx context.Context, u access.ChatUser, field, typed string, n int) ([]access.Choice, error) {
	_, err := d.Known(ctx, u)
	var no *access.Refusal
	if errors.As(err, &no) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return d.Service.Suggest(ctx, field, typed, n)
}

// Zone returns the named time zone, UTC when it is unknown. The zone of this
// machine ("Local") is nobody's.
func Zone(name string) *time.Location {
	loc, err := time.LoadLocation(name)
	if err != nil || loc == time.Local {
		return time.UTC
	}
	return loc
}

// refusalOr turns what is for the person into a message and passes the rest on.
func refusalOr(err error) (Message, error) {
	var no *access.Refusal
	var usage *UsageError
	switch {
	case errors.As(err, &no):
		return Problem(no.Message, no.Mend), nil
	case errors.As(err, &usage):
		return Problem(usage.Message, usage.Mend), nil
	default:
		return Message{}, err
	}
}

// Problem is an answer that says what is wrong and what to do.
func Problem(what, mend string) Message {
	m := Message{Summary: what, Blocks: []Block{Text{{Text: "🛑 "}, {Text: what}}}}
	if mend != "" {
		m.Blocks = append(m.Blocks, Note{{Text: mend}})
	}
	return m
}
