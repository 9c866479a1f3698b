package chat_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/chat"
	"aws-access-bot/internal/store"
)

// mute is a chat service that takes what it is sent and does not answer: not before
// until, if that is set, and only to who, if that is.
type mute struct {
	*service
	until chan struct{}
	who   string
}

func (mute) Post(ctx context.Context, _ chat.Address, _ chat.Message, _ string) (string, error) {
	<-ctx.Done()
	return "", ctx.Err()
}

func (s mute) Whisper(ctx context.Context, to chat.Address, user string, m chat.Message) error {
	if s.who != "" && s.who != user {
		return s.service.Whisper(ctx, to, user, m)
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-s.until:
		return s.service.Whisper(ctx, to, user, m)
	}
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

// TestAnOwnerOnASilentChatHoldsUpNobodyOnTheOther: what is told elsewhere waits there,
// however much of it there is, and is told once that chat answers again; what waits too
// long is left.
func TestAnOwnerOnASilentChatHoldsUpNobodyOnTheOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newTwo(t)
		hangs := &mute{service: b.service, until: make(chan struct{})}
		b.courier.Platforms[access.Slack] = hangs
		const many = 80
		for i := range many {
			r := fromTeams(access.StateProposed)
			r.ID = access.ID(fmt.Sprintf("REQ-%06d", i))
			r.Key = string(r.ID)
			b.create(t, r)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		began := time.Now()
		go func() { ended <- b.courier.Run(ctx) }()
		synctest.Wait()
		if took := time.Since(began); took != 0 || len(b.teams.list) != many {
			t.Errorf("%d of %d messages after %s", len(b.teams.list), many, took)
		}
		if len(b.service.whispers) != 0 {
			t.Errorf("a chat that hangs was told %d messages", len(b.service.whispers))
		}
		close(hangs.until)
		synctest.Wait()
		if n := len(b.service.whispers); n != 64 && n != 65 { // 64 wait, maybe besides the one under way
			t.Errorf("told %d once the chat answers again", n)
		}
		cancel()
		<-ended
	})
}

// TestWhoseAnswerDoesNotComeHoldsUpTheOthersOnHisChatForAMinuteAtMost.
func TestWhoseAnswerDoesNotComeHoldsUpTheOthersOnHisChatForAMinuteAtMost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newTwo(t)
		b.courier.Platforms[access.Slack] = &mute{service: b.service, who: "U0NAO"}
		r := fromTeams(access.StateLive)
		for _, user := range []string{"U0NAO", "U0TARO"} {
			r.Joined = append(r.Joined, access.Joiner{Asker: access.Asker{Person: access.Person{Entra: user}, Chat: access.ChatUser{Platform: access.Slack, Team: "T0ACME", User: user}}})
		}
		b.create(t, r)
		b.save(t, r, access.NoticeLive, access.NoticeEnded)
		began := time.Now()
		b.deliver(t)
		if took := time.Since(began); took != 2*time.Minute || len(b.teams.list) != 3 {
			t.Errorf("%s, %d messages", took, len(b.teams.list))
		}
		if n := len(b.service.whispers); n != 2 {
			t.Errorf("the other one is told %d of 2", n)
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
