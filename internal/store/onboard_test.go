package store_test

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"aws-access-bot/internal/provision/onboard"
	"aws-access-bot/internal/store"
)

func TestOnboardRecordsSurviveARoundTripWithEveryField(t *testing.T) {
	t.Parallel()
	o, ctx := store.NewOnboard(store.NewMemory()), t.Context()
	if b, err := o.Onboardings(ctx); err != nil || b.Begun || len(b.Records) != 0 {
		t.Fatalf("new: %+v, %v", b, err)
	}
	var r onboard.Record
	var c onboard.Count
	fillProvision(reflect.ValueOf(&r).Elem())
	fillProvision(reflect.ValueOf(&c).Elem())
	r.Account = "111122223333"
	first := onboard.Record{Account: "000000000001", State: onboard.Standing}
	err := errors.Join(o.BeginOnboardings(ctx, []onboard.Record{first, {Account: "999999999999"}}, []string{"999999999999"}),
		o.SaveOnboarding(ctx, onboard.StepNoted, r), o.SaveTold(ctx, []string{"a", "b"}), o.SaveIAM(ctx, r.Account, c))
	if err != nil {
		t.Fatal(err)
	}
	got, err := o.Onboardings(ctx)
	if err != nil {
		t.Fatal(err)
	}
	want := onboard.Book{Begun: true, Records: []onboard.Record{first, r}, Again: map[string]onboard.Again{}, Told: []string{"a", "b"}, IAM: map[string]onboard.Count{r.Account: c}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestAWordToTakeUpAgainIsKeptUntilItIsDone: what is saved meanwhile must not
// lose it, and a file that goes takes it along.
func TestAWordToTakeUpAgainIsKeptUntilItIsDone(t *testing.T) {
	t.Parallel()
	o, ctx := store.NewOnboard(store.NewMemory()), t.Context()
	at := time.Date(2026, 12, 24, 9, 0, 0, 0, time.UTC)
	r := onboard.Record{Account: "111122223333", State: onboard.Inviting}
	words := func() int {
		b, err := o.Onboardings(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return len(b.Again)
	}
	save := func(again time.Time) {
		r.Again = again
		if err := o.SaveOnboarding(ctx, onboard.StepNoted, r); err != nil {
			t.Fatal(err)
		}
	}
	ask := func(at time.Time) {
		if err := o.AskAgain(ctx, r.Account, onboard.Again{At: at, By: "3c1d9a70"}); err != nil {
			t.Fatal(err)
		}
	}
	ask(at)
	save(time.Time{})
	if words() != 1 {
		t.Error("the word was lost by another save")
	}
	save(at)
	if words() != 0 {
		t.Error("the word is still there once it was done")
	}
	ask(at.Add(time.Hour))
	if err := o.BeginOnboardings(ctx, nil, []string{r.Account}); err != nil {
		t.Fatal(err)
	}
	if words() != 0 {
		t.Error("the word outlives the record")
	}
}
