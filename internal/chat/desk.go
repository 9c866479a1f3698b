package chat

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"aws-access-bot/internal/access"
)

// Bounds of the desk's work on one delivery.
const (
	deskEvery   = 5 * time.Second
	workTimeout = 30 * time.Second
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

// Desk works off inbound deliveries. Run owns its goroutine.
type Desk struct {
	Inbox    access.Inbox
	Service  *access.Service
	Who      Who
	Profiles map[access.Platform]Profiles
	Whispers map[access.Platform]Whisperer
	// Channel is where root messages go.
	Channel map[access.Platform]string
	Now     func() time.Time
	Log     *slog.Logger

	wake chan struct{}
}

// NewDesk returns d ready to be woken and run.
func NewDesk(d Desk) *Desk {
	d.wake = make(chan struct{}, 1)
	return &d
}

// Take stores a delivery and has it worked off. It reports whether the
// delivery is new; one seen before is left alone.
func (d *Desk) Take(ctx context.Context, in access.Inbound) (bool, error) {
	first, err := d.Inbox.Put(ctx, in)
	if err != nil {
		return false, fmt.Errorf("store delivery: %w", err)
	}
	select {
	case d.wake <- struct{}{}:
	default:
	}
	return first, nil
}

// Run works until ctx ends and returns its error.
func (d *Desk) Run(ctx context.Context) error {
	tick := time.NewTicker(deskEvery)
	defer tick.Stop()
	for {
		if err := d.WorkOff(ctx); err != nil && ctx.Err() == nil {
			d.Log.Warn("work off deliveries", "error", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-d.wake:
		case <-tick.C:
		}
	}
}

// WorkOff works off everything that is due once.
func (d *Desk) WorkOff(ctx context.Context) error {
	due, err := d.Inbox.Due(ctx)
	if err != nil {
		return fmt.Errorf("due deliveries: %w", err)
	}
	var errs []error
	for _, in := range due {
		if err := d.one(ctx, in); err != nil {
			errs = append(errs, fmt.Errorf("delivery of %s: %w", in.User.User, err))
		}
	}
	return errors.Join(errs...)
}

// one works off one delivery. Success, and an answer that tells the person
// what is wrong, end it; anything else is tried again until giveUpAfter.
func (d *Desk) one(ctx context.Context, in access.Inbound) error {
	ctx, cancel := context.WithTimeout(ctx, workTimeout)
	defer cancel()
	answer, err := d.answer(ctx, in)
	if err != nil {
		if d.Now().Sub(in.At) < giveUpAfter {
			return err
		}
		d.Log.Error("gave up on a delivery", "user", in.User.User, "error", err)
		answer = Message{Summary: "That did not work: a service I need did not answer. Nothing was changed; please try again."}
		answer.Blocks = []Block{plain(answer.Summary)}
	}
	to := Address{Team: in.User.Team, Channel: in.Channel}
	if err := d.Whispers[in.User.Platform].Whisper(ctx, to, in.User.User, answer); err != nil && !errors.Is(err, ErrGone) {
		return fmt.Errorf("answer: %w", err)
	}
	return d.Inbox.Done(ctx, in.Key)
}

// answer does what was asked and returns what to say. An error means that it
// is worth another try.
func (d *Desk) answer(ctx context.Context, in access.Inbound) (Message, error) {
	asker, err := d.Identify(ctx, in.User)
	if err != nil {
		return refusalOr(err)
	}
	zone := Zone(asker.Zone)
	cmd, err := Parse(in.Text, zone, d.Now())
	if err != nil {
		return refusalOr(err)
	}
	m, err := d.Do(ctx, cmd, asker, in)
	if err != nil {
		return refusalOr(err)
	}
	return m, nil
}

// Identify finds out who a chat user is.
func (d *Desk) Identify(ctx context.Context, u access.ChatUser) (access.Asker, error) {
	profile, err := d.Profiles[u.Platform].Profile(ctx, u)
	if err != nil {
		return access.Asker{}, fmt.Errorf("profile of %s: %w", u.User, err)
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

// Zone returns the named time zone, UTC when it is unknown.
func Zone(name string) *time.Location {
	loc, err := time.LoadLocation(name)
	if err != nil || name == "" {
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
