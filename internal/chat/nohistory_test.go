package chat_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/chat"
)

// forgetful is a chat service that cannot tell what was posted, as Teams is.
type forgetful struct {
	*service
	texts []string // of each message as it stands
}

func (f *forgetful) Post(ctx context.Context, to chat.Address, m chat.Message, key string) (string, error) {
	f.texts = append(f.texts, fmt.Sprint(m.Blocks))
	return f.service.Post(ctx, to, m, key)
}

func (f *forgetful) Update(ctx context.Context, at chat.Address, ts string, m chat.Message) error {
	for i := range f.texts {
		if fmt.Sprint(i+1) == ts {
			f.texts[i] = fmt.Sprint(m.Blocks)
		}
	}
	return f.service.Update(ctx, at, ts, m)
}

func (f *forgetful) Find(context.Context, chat.Address, string, time.Time) (string, bool, error) {
	return "", false, chat.ErrNoHistory
}

// TestARootMessageThatMayStandTwiceGoesOnSayingSo: who reads the second one after
// it was edited is told which of both to follow.
func TestARootMessageThatMayStandTwiceGoesOnSayingSo(t *testing.T) {
	t.Parallel()
	const note = "may stand here twice"
	d := newMail(t)
	f := &forgetful{service: d.service}
	d.create(t, asked("REQ-000001"))
	restart := func() {
		d.start()
		d.courier.Platforms[access.Slack] = f
	}
	restart()
	d.service.loseReply = errLost
	if err := d.courier.Deliver(t.Context()); !errors.Is(err, errLost) {
		t.Fatalf("got %v, want the fault", err)
	}
	restart()
	d.deliver(t)
	r := asked("REQ-000001")
	r.State = access.StateProposed
	d.save(t, r)
	restart()
	d.deliver(t)
	if len(f.texts) != 2 || strings.Contains(f.texts[0], note) || !strings.Contains(f.texts[1], note) || d.service.list[1].edits != 1 {
		t.Errorf("messages: %q", f.texts)
	}
}
