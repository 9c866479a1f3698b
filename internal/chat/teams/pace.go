package teams

import (
	"context"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// What Teams takes ("Optimize your bot with rate limiting", Microsoft Learn): in
// one conversation 7 messages in a second, 8 in two, 60 in thirty and 1,800 in an
// hour, edits among them; and 30 calls a second for the bot in the tenant.
const (
	burst       = 4
	refill      = 540 * time.Millisecond // 4 and 55 more in 30 s
	hourly      = 900
	hourRefill  = 4 * time.Second // 900 and 900 more in an hour
	tenantRate  = 25
	tenantBurst = 5
	// maxPaced is how many conversations' paces are remembered.
	maxPaced = 10_000
)

// pace holds calls to what Teams takes.
type pace struct {
	mu     sync.Mutex // guards what follows
	tenant *rate.Limiter
	places map[string][2]*rate.Limiter
}

// turn waits for the turn of a call, and with a conversation for that of a
// message in it. A channel and its threads are one conversation.
func (p *pace) turn(ctx context.Context, conversation string) error {
	tenant, place := p.limiters(channelOf(conversation))
	for _, l := range place {
		if l != nil {
			if err := l.Wait(ctx); err != nil {
				return err
			}
		}
	}
	return tenant.Wait(ctx)
}

func (p *pace) limiters(conversation string) (*rate.Limiter, [2]*rate.Limiter) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.tenant == nil {
		p.tenant = rate.NewLimiter(tenantRate, tenantBurst)
	}
	if conversation == "" {
		return p.tenant, [2]*rate.Limiter{}
	}
	l, ok := p.places[conversation]
	if !ok {
		if p.places == nil || len(p.places) >= maxPaced {
			p.places = map[string][2]*rate.Limiter{}
		}
		l = [2]*rate.Limiter{rate.NewLimiter(rate.Every(refill), burst), rate.NewLimiter(rate.Every(hourRefill), hourly)}
		p.places[conversation] = l
	}
	return p.tenant, l
}

// threadMark is between the id of a channel and that of the root of a thread in it
// ("Channel and group chat conversations with a bot", Microsoft Learn).
const threadMark = ";messageid="

// channelOf takes the thread off the id of a conversation.
func channelOf(conversation string) string {
	channel, _, _ := strings.Cut(conversation, threadMark)
	return channel
}

// isChannel reports whether a conversation is a channel of a team, which has
// threads; chats have none.
func isChannel(conversation string) bool {
	id := channelOf(conversation)
	return strings.HasSuffix(id, "@thread.tacv2") || strings.HasSuffix(id, "@thread.skype")
}

// inThread is the id of a thread in a channel.
func inThread(conversation, root string) string {
	if root == "" || !isChannel(conversation) {
		return conversation
	}
	return channelOf(conversation) + threadMark + root
}
