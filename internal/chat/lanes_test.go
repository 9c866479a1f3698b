package chat_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/chat"
	"aws-access-bot/internal/store"
)

// mute is a chat service that takes what it is sent and does not answer.
type mute struct{ *service }

func (mute) Post(ctx context.Context, _ chat.Address, _ chat.Message, _ string) (string, error) {
	<-ctx.Done()
	return "", ctx.Err()
}

func (mute) Whisper(ctx context.Context, _ chat.Address, _ string, _ chat.Message) error {
	<-ctx.Done()
	return ctx.Err()
}

// TestAChatThatDoesNotAnswerHoldsUpNobodyOnTheOther: of a company on both, those who
// are on Slack are told while Teams is silent, and the other way round.
func TestAChatThatDoesNotAnswerHoldsUpNobodyOnTheOther(t *testing.T) {
	t.Parallel()
	for _, silent := range []access.Platform{access.Teams, access.Slack} {
		synctest.Test(t, func(t *testing.T) {
			b := newTwo(t)
			b.start()
			other := b.service
			if silent == access.Slack {
				other = b.teams
			}
			b.courier.Platforms[silent] = mute{}
			fromSlack := asked("REQ-000009")
			b.create(t, fromTeams(access.StateAsked))
			b.create(t, fromSlack)
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- b.courier.Run(ctx) }()
			synctest.Wait()
			if len(other.list) != 1 {
				t.Errorf("%s is silent: %d messages on the other", silent, len(other.list))
			}
			if silent == access.Teams {
				b.save(t, fromSlack, access.NoticeMerged)
			} else {
				b.save(t, fromTeams(access.StateAsked), access.NoticeMerged)
			}
			time.Sleep(10 * time.Second)
			synctest.Wait()
			if len(other.list) != 2 {
				t.Errorf("%s is silent: %d messages on the other after news", silent, len(other.list))
			}
			cancel()
			<-ended
		})
	}
}

// TestAnOwnerOnASilentChatHoldsUpTheOtherForAMinuteAtMost: what is told elsewhere is a
// courtesy.
func TestAnOwnerOnASilentChatHoldsUpTheOtherForAMinuteAtMost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newTwo(t)
		b.courier.Platforms[access.Slack] = mute{}
		b.create(t, fromTeams(access.StateProposed))
		began := time.Now()
		b.deliver(t)
		if took := time.Since(began); took > time.Minute || len(b.teams.list) != 1 {
			t.Errorf("%s, %d messages", took, len(b.teams.list))
		}
	})
}

// TestACommandIsAnsweredWhileTheOtherChatIsSilent: also one that is sent while the
// desk is busy with those of the other.
func TestACommandIsAnsweredWhileTheOtherChatIsSilent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		teams := &town{repo: o.town.repo, who: o.town.who, slow: map[string]chan struct{}{"U0KEN": make(chan struct{})}}
		d := *o.desk
		d.Profiles = map[access.Platform]chat.Profiles{access.Slack: o.town, access.Teams: teams}
		d.Whispers = map[access.Platform]chat.Whisperer{access.Slack: o.town, access.Teams: teams}
		o.desk = chat.NewDesk(d)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- o.desk.Run(ctx) }()
		waits := o.inbound("k1", "U0KEN", "whoami")
		waits.User.Platform = access.Teams
		if _, err := o.desk.Take(ctx, waits); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		o.take("k2", "U0HANA", "whoami")
		synctest.Wait()
		if len(o.town.said) != 1 {
			t.Errorf("%d answers while the other chat is silent", len(o.town.said))
		}
		if due, err := store.NewInbox(o.db).Due(ctx); err != nil || len(due) != 1 {
			t.Errorf("due: %+v, %v", due, err)
		}
		cancel()
		<-ended
	})
}
