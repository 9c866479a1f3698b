package provision

import (
	"context"
	"sync"

	"aws-access-bot/config"
)

// claims says which groups and users are being worked on, so that nobody works
// on one at the same time as another.
type claims struct {
	mu sync.Mutex // guards held
	// held has a channel for each, which is closed when it is free again.
	held map[config.Principal]chan struct{}
}

func newClaims() *claims { return &claims{held: map[config.Principal]chan struct{}{}} }

// has reports whether somebody is being worked on.
func (c *claims) has(p config.Principal) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.held[p] != nil
}

// take claims p if nobody has it, else it returns what is closed when it is free.
func (c *claims) take(p config.Principal) (taken bool, free <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if busy := c.held[p]; busy != nil {
		return false, busy
	}
	c.held[p] = make(chan struct{})
	return true, nil
}

// wait claims p once it is free.
func (c *claims) wait(ctx context.Context, p config.Principal) error {
	for {
		taken, free := c.take(p)
		if taken {
			return nil
		}
		select {
		case <-free:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// release ends a claim.
func (c *claims) release(p config.Principal) {
	c.mu.Lock()
	defer c.mu.Unlock()
	close(c.held[p])
	delete(c.held, p)
}
