package store

import (
	"fmt"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"aws-access-bot/internal/access"
)

// at returns a fixed time, some minutes into it.
func at(minutes int) time.Time {
	return time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC).Add(time.Duration(minutes) * time.Minute)
}

// openTest opens a state file in path, closed at the end of the test.
func openTest(t *testing.T, path string, o Options) *Bolt {
	t.Helper()
	db, err := OpenBolt(path, o)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return db
}

// onBoth runs a test on a bolt and on a memory store.
func onBoth(t *testing.T, test func(t *testing.T, db DB)) {
	t.Helper()
	t.Run("bolt", func(t *testing.T) {
		t.Parallel()
		test(t, openTest(t, filepath.Join(t.TempDir(), "state.db"), Options{}))
	})
	t.Run("memory", func(t *testing.T) {
		t.Parallel()
		test(t, NewMemory())
	})
}

// request returns an open request.
func request(id string) access.Request {
	return access.Request{
		ID: access.ID(id), Key: "slack/T1/" + id, Kind: access.KindGrant, State: access.StateAsked, Version: 1,
		Asker: access.Asker{
			Person: access.Person{Entra: "entra-hana", Name: "Hana", Email: "hana@example.com"},
			Chat:   access.ChatUser{Platform: access.Slack, Team: "T1", User: "UHANA"},
		},
		Channel: "C1",
		Times:   map[access.Stage]time.Time{access.StageAsked: at(0)},
	}
}

// create stores requests that must be accepted.
func create(t *testing.T, db DB, rs ...access.Request) {
	t.Helper()
	for _, r := range rs {
		if err := NewRequests(db).Create(t.Context(), r); err != nil {
			t.Fatalf("create %s: %v", r.ID, err)
		}
	}
}

// save stores the next version of r in a state and returns it.
func save(t *testing.T, db DB, r access.Request, s access.State, notices ...access.Notice) access.Request {
	t.Helper()
	r.State, r.Version = s, r.Version+1
	if err := NewRequests(db).Save(t.Context(), r, notices); err != nil {
		t.Fatalf("save %s: %v", r.ID, err)
	}
	return r
}

// ids returns the ids of requests.
func ids(rs []access.Request) []string {
	var out []string
	for _, r := range rs {
		out = append(out, string(r.ID))
	}
	return out
}

// same fails the test when two values differ.
func same(t *testing.T, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// filled returns a T in which every field, of structs within it too, has a
// value that is not zero and is found nowhere else in it.
func filled[T any](t *testing.T) T {
	t.Helper()
	var v T
	n := 0
	fillValue(t, reflect.ValueOf(&v).Elem(), &n)
	return v
}

func fillValue(t *testing.T, v reflect.Value, n *int) {
	t.Helper()
	*n++
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(at(*n).Add(time.Duration(*n))))
	case v.Kind() == reflect.String:
		v.SetString(fmt.Sprintf("text %d", *n))
	case v.CanInt():
		v.SetInt(int64(*n))
	case v.CanUint():
		v.SetUint(uint64(*n))
	case v.Kind() == reflect.Bool:
		v.SetBool(true)
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fillValue(t, v.Elem(), n)
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			fillValue(t, v.Field(i), n)
		}
	case v.Kind() == reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fillValue(t, v.Index(0), n)
		fillValue(t, v.Index(1), n)
	case v.Kind() == reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fillValue(t, key, n)
		fillValue(t, value, n)
		v.SetMapIndex(key, value)
	default:
		t.Fatalf("no value for a %s", v.Type())
	}
}
