package chat

import (
	"context"
	"maps"
	"slices"

	"aws-access-bot/internal/access"

	"golang.org/x/sync/errgroup"
)

// errand is a private message for people of one service about something on another.
type errand struct {
	request access.ID
	to      []access.ChatUser
	m       Message
}

// maxErrands is how many messages may wait for a service that does not answer. They
// are a courtesy: what does not fit is left, and logged.
const maxErrands = 64

// errands wait for each service, so that one that does not answer holds up nobody on
// another one: whoever has an errand for it leaves it here, and goes on.
type errands map[access.Platform]chan errand

// newErrands has room for errands to each of the services.
func newErrands(services map[access.Platform]Platform) errands {
	out := errands{}
	for name := range services {
		out[name] = make(chan errand, maxErrands)
	}
	return out
}

// leave leaves a message for people, by their services. It never blocks.
func (c *Courier) leave(id access.ID, people []access.ChatUser, m Message) {
	of := map[access.Platform][]access.ChatUser{}
	for _, u := range people {
		of[u.Platform] = append(of[u.Platform], u)
	}
	for name, list := range of {
		select {
		case c.errands[name] <- errand{id, list, m}:
		default:
			c.Log.Warn("too much waits for a chat service, so people are not told in private", "request", id, "platform", name, "people", len(list))
		}
	}
}

// runErrands does the errands of a service in their order until ctx ends, and returns
// its error.
func (c *Courier) runErrands(ctx context.Context, name access.Platform) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case e := <-c.errands[name]:
			c.tell(ctx, e)
		}
	}
}

// doErrands does what was left so far.
func (c *Courier) doErrands(ctx context.Context) {
	for _, name := range slices.Sorted(maps.Keys(c.errands)) {
		for range len(c.errands[name]) {
			c.tell(ctx, <-c.errands[name])
		}
	}
}

// tell tells each of the people of an errand once, several at the same time. What one
// answer takes is bounded, since the others wait meanwhile.
func (c *Courier) tell(ctx context.Context, e errand) {
	var g errgroup.Group
	g.SetLimit(atOnce)
	for _, u := range e.to {
		g.Go(func() error {
			ctx, cancel := context.WithTimeout(ctx, answerTimeout)
			defer cancel()
			if err := c.Platforms[u.Platform].Whisper(ctx, Address{Team: u.Team}, u.User, e.m); err != nil {
				c.Log.Warn("somebody on another chat is not told in private", "request", e.request, "user", u.User, "error", err)
			}
			return nil
		})
	}
	_ = g.Wait() // never an error: each is logged
}
