package store_test

import (
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/store"
)

// fillProvision sets every field of a value to something that is not zero.
func fillProvision(v reflect.Value) {
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(time.Date(2026, 12, 24, 9, 0, 0, 5, time.UTC)))
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			fillProvision(v.Field(i))
		}
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fillProvision(v.Elem())
	case v.Kind() == reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fillProvision(v.Index(0))
		fillProvision(v.Index(1))
	case v.Kind() == reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.ValueOf("key"), reflect.ValueOf("value"))
	case v.Kind() == reflect.String:
		v.SetString("text")
	case v.Kind() == reflect.Bool:
		v.SetBool(true)
	case v.CanInt():
		v.SetInt(7)
	default:
		panic("no filler for " + v.Type().String())
	}
}

func provisionAssignment(account string) config.Assignment {
	return config.Assignment{Principal: config.Principal{Kind: config.GroupPrincipal, ID: "0b7e3f4c-0000-4000-8000-000000000011"}, Account: account, PermissionSet: "ReadOnlyAccess"}
}

func TestProvisionRecordsSurviveARoundTripWithEveryField(t *testing.T) {
	t.Parallel()
	p, ctx := store.NewProvision(store.NewMemory()), t.Context()
	var r provision.Record
	var g provision.PrincipalRecord
	fillProvision(reflect.ValueOf(&r).Elem())
	fillProvision(reflect.ValueOf(&g).Elem())
	g.Principal.Kind = config.UserPrincipal
	if err := errors.Join(p.SaveRecord(ctx, provision.StepNoted, r), p.SavePrincipal(ctx, provision.StepGroup, g)); err != nil {
		t.Fatal(err)
	}
	gotR, okR, errR := p.Record(ctx, r.Assignment)
	gotG, okG, errG := p.Principal(ctx, g.Principal)
	if err := errors.Join(errR, errG); err != nil || !okR || !okG {
		t.Fatalf("found %v, %v: %v", okR, okG, err)
	}
	if diff := cmp.Diff(r, gotR); diff != "" {
		t.Errorf("record (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(g, gotG); diff != "" {
		t.Errorf("principal (-want +got):\n%s", diff)
	}
	records, err := p.Records(ctx)
	if diff := cmp.Diff([]provision.Record{r}, records); diff != "" || err != nil {
		t.Errorf("records: %v\n%s", err, diff)
	}
	people, err := p.Principals(ctx)
	if diff := cmp.Diff([]provision.PrincipalRecord{g}, people); diff != "" || err != nil {
		t.Errorf("principals: %v\n%s", err, diff)
	}
	if _, ok, err := p.Record(ctx, provisionAssignment("1")); ok || err != nil {
		t.Errorf("a record that is not there: %v, %v", ok, err)
	}
}

func TestOwnershipBeginsWithACommitAndEndsWithTheRecord(t *testing.T) {
	t.Parallel()
	db := store.NewMemory()
	var steps []string
	db.AfterCommit = func(step string) { steps = append(steps, step) }
	p, ctx := store.NewProvision(db), t.Context()
	a, b, c := provisionAssignment("1"), provisionAssignment("2"), provisionAssignment("3")
	err := db.Update(ctx, "gitops.inforce", func(tx store.Tx) error { return store.MarkOwned(tx, "c1", []config.Assignment{b, a}) })
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Begin(ctx, "c2", []provision.Record{{Assignment: c, State: provision.Adding}}, []config.Assignment{c, a}); err != nil {
		t.Fatal(err)
	}
	if err := p.Disown(ctx, provision.Record{Assignment: b, State: provision.Gone}); err != nil {
		t.Fatal(err)
	}
	owned, err := p.Owned(ctx)
	if diff := cmp.Diff([]config.Assignment{a, c}, owned); diff != "" || err != nil {
		t.Errorf("owned: %v\n%s", err, diff)
	}
	r, ok, err := p.Record(ctx, b)
	if err != nil || !ok || r.State != provision.Gone {
		t.Errorf("record of what is gone: %+v, %v, %v", r, ok, err)
	}
	if diff := cmp.Diff([]string{"gitops.inforce", "provision.begun", "provision.removed"}, steps); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
}

func TestLogOfRemovalsIsKeptForTwoDays(t *testing.T) {
	t.Parallel()
	p, ctx := store.NewProvision(store.NewMemory()), t.Context()
	begun := time.Date(2026, 12, 24, 9, 0, 0, 0, time.UTC)
	var want []provision.Removal
	for i, account := range []string{"1", "2", "3", "4"} {
		entry := provision.Removal{At: begun.Add(time.Duration(i) * 20 * time.Hour), Assignment: provisionAssignment(account), Expiry: i == 1, Commit: "c1"}
		if err := p.IntendRemoval(ctx, provision.Record{Assignment: entry.Assignment, State: provision.Removing}, entry); err != nil {
			t.Fatal(err)
		}
		want = append(want, entry)
	}
	got, err := p.Removals(ctx, time.Time{})
	if diff := cmp.Diff(want[1:], got); diff != "" || err != nil {
		t.Errorf("kept: %v\n%s", err, diff)
	}
	got, err = p.Removals(ctx, begun.Add(40*time.Hour))
	if diff := cmp.Diff(want[2:], got); diff != "" || err != nil {
		t.Errorf("since 40 h: %v\n%s", err, diff)
	}
	doubtful := provision.Removal{At: begun.Add(1000 * time.Hour), Assignment: provisionAssignment("5"), Commit: "c1", Doubtful: true}
	if err := p.IntendRemoval(ctx, provision.Record{Assignment: doubtful.Assignment, State: provision.Removing}, doubtful); err != nil {
		t.Fatal(err)
	}
	if got, err = p.Removals(ctx, time.Time{}); len(got) != 4 || err != nil {
		t.Errorf("%d entries after one by a doubtful clock, want 4: %v", len(got), err)
	}
	behind := provision.Removal{At: begun.Add(-1000 * time.Hour), Assignment: provisionAssignment("0"), Commit: "c1", Doubtful: true}
	for _, entry := range []provision.Removal{behind, want[3]} { // the last one drops what is old
		if err := p.IntendRemoval(ctx, provision.Record{Assignment: entry.Assignment, State: provision.Removing}, entry); err != nil {
			t.Fatal(err)
		}
	}
	if got, err = p.Removals(ctx, begun.Add(60*time.Hour)); err != nil || len(got) != 3 || got[0] != behind {
		t.Errorf("since 60 h, with those of a doubtful clock: %+v, %v", got, err)
	}
	now := begun.Add(61 * time.Hour)
	if err := p.Redate(ctx, now); err != nil {
		t.Fatal(err)
	}
	doubtful.At, doubtful.Doubtful = now, false // its time is known to be wrong
	behind.At, behind.Doubtful = now, false
	got, err = p.Removals(ctx, time.Time{})
	if diff := cmp.Diff(append(slices.Clone(want[1:]), behind, doubtful), got); diff != "" || err != nil {
		t.Errorf("once the clock is right: %v\n%s", err, diff)
	}
	r, ok, err := p.Record(ctx, provisionAssignment("4"))
	if err != nil || !ok || r.State != provision.Removing {
		t.Errorf("the record of the intent: %+v, %v, %v", r, ok, err)
	}
}

// TestWhatIsOwnedIsReadAnewWhenItChanged, by whomever: what one has read is not
// what another has written since.
func TestWhatIsOwnedIsReadAnewWhenItChanged(t *testing.T) {
	t.Parallel()
	db := store.NewMemory()
	mine, others := store.NewProvision(db), store.NewProvision(db)
	a := config.Assignment{Principal: config.Principal{Kind: config.GroupPrincipal, ID: "g"}, Account: "111122223333", PermissionSet: "A"}
	b := config.Assignment{Principal: a.Principal, Account: a.Account, PermissionSet: "B"}
	owned := func(want ...config.Assignment) {
		t.Helper()
		for _, p := range []*store.Provision{mine, others, mine} {
			if got, err := p.Owned(t.Context()); err != nil || !slices.Equal(got, want) {
				t.Fatalf("owned %v, %v, want %v", got, err, want)
			}
		}
	}
	mark := func(list ...config.Assignment) {
		t.Helper()
		if err := db.Update(t.Context(), "gitops.inforce", func(tx store.Tx) error { return store.MarkOwned(tx, "c1", list) }); err != nil {
			t.Fatal(err)
		}
	}
	owned()
	mark(a)
	owned(a)
	mark(a) // nothing is new
	owned(a)
	mark(a, b)
	owned(a, b)
	if err := others.Disown(t.Context(), provision.Record{Assignment: a, State: provision.Gone}); err != nil {
		t.Fatal(err)
	}
	owned(b)
	failed := errors.New("no")
	if err := db.Update(t.Context(), "gitops.inforce", func(tx store.Tx) error {
		if err := store.MarkOwned(tx, "c2", []config.Assignment{a}); err != nil {
			return err
		}
		return failed
	}); !errors.Is(err, failed) {
		t.Fatal(err)
	}
	owned(b)
}
