package chat_test

import (
	"errors"
	"strings"
	"testing"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/chat"
)

// TestARootMessageThatMayStandTwiceGoesOnSayingSo: who reads the second one after
// it was edited is told which of both to follow.
func TestARootMessageThatMayStandTwiceGoesOnSayingSo(t *testing.T) {
	t.Parallel()
	const note = "may stand here twice"
	d := newMail(t)
	d.create(t, asked("REQ-000001"))
	restart := func() {
		d.start()
		d.courier.Platforms = map[access.Platform]chat.Platform{access.Slack: forgetful{d.service}}
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
	if len(d.service.list) != 2 {
		t.Fatalf("messages: %+v", d.service.list)
	}
	lost, goesOn := d.service.list[0], d.service.list[1]
	if strings.Contains(text(lost.m), note) || !strings.Contains(text(goesOn.m), note) || goesOn.edits != 1 {
		t.Errorf("the lost one: %q\nthe one that goes on, after %d edits: %q", text(lost.m), goesOn.edits, text(goesOn.m))
	}
}
