package chat_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"aws-access-bot/internal/chat"
)

// state is how the walk, the webhooks and the guards of the branch stand.
type state struct {
	halt       *chat.Standstill
	unread     *chat.Unread
	lost, weak []string
	err        error
}

func (s state) Unread(context.Context) (*chat.Unread, error) { return s.unread, s.err }

func (s state) Undelivered(context.Context) ([]string, error) { return s.lost, s.err }

func (s state) Standstill(context.Context) (*chat.Standstill, error) { return s.halt, s.err }

func (s state) Weaknesses(context.Context) ([]string, error) { return s.weak, s.err }

// platform has Ken in the control plane.
type platform struct{}

func (platform) TeamMembers(_ context.Context, team int64) ([]int64, error) {
	if team == 1234568 {
		return []int64{1003}, nil
	}
	return nil, nil
}

// TestStatusSaysWhatHoldsEverybodyUp: to everybody that the bot stands still and
// what ends it, and to the control plane why, and what weakens the config repo.
func TestStatusSaysWhatHoldsEverybodyUp(t *testing.T) {
	t.Parallel()
	halt := &chat.Standstill{Commit: "abc1234", Rule: "direct-push", Why: "Pushed by mallory.", Ways: []string{"one way", "another"}}
	unread := &chat.Unread{Since: t0, Code: "repository-archived", Why: "It is archived by mallory.", Mend: "Unarchive it."}
	many := make([]string, 12)
	for i := range many {
		many[i] = fmt.Sprint("weakness ", i)
	}
	tests := []struct {
		name, user string
		state      state
		says, not  []string
	}{
		{"a halt, to anybody", "U0HANA", state{halt: halt, weak: many}, []string{"stands still", "abc1234", "direct-push", "Ways out: one way; another.", "no requests"}, []string{"mallory", "weakness"}},
		{"a halt, to the control plane", "U0KEN", state{halt: halt}, []string{"abc1234", "Pushed by mallory.", "guards the config repo as it should"}, nil},
		{"weaknesses, to the control plane", "U0KEN", state{weak: many}, []string{"weakness 0", "weakness 9", "and 2 more"}, []string{"stands still", "weakness 10"}},
		{"no reads, to anybody", "U0HANA", state{unread: unread, lost: []string{"3 webhooks"}}, []string{"cannot read the config repo", "since " + t0.UTC().Format("2006-01-02 15:04 UTC"), "repository-archived", "nothing new comes into force"}, []string{"mallory", "Unarchive", "webhooks"}},
		{"no reads, to the control plane", "U0KEN", state{unread: unread, lost: []string{"3 webhooks"}}, []string{"cannot read the config repo", "mallory", "Unarchive it.", "3 webhooks"}, nil},
		{"nothing, to anybody", "U0HANA", state{}, []string{"You have no requests."}, []string{"stands still", "guards"}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			o.desk.Health, o.desk.Service.Teams = tc.state, platform{}
			o.take("k1", tc.user, "status")
			o.work()
			got := text(o.town.said[0].m)
			for _, want := range tc.says {
				if !strings.Contains(got, want) {
					t.Errorf("%q does not say %q", got, want)
				}
			}
			for _, no := range tc.not {
				if strings.Contains(got, no) {
					t.Errorf("%q says %q", got, no)
				}
			}
		})
	}
}

func TestStatusIsTriedAgainWhenTheStateCannotBeRead(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.desk.Health = state{err: errors.New("disk on fire")}
	o.take("k1", "U0HANA", "status")
	if err := o.desk.WorkOff(t.Context()); err == nil || len(o.town.said) != 0 {
		t.Errorf("got %v, and %d answers", err, len(o.town.said))
	}
}
