package store

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"aws-access-bot/internal/access"
)

// roundTrip sends a filled T through its record and JSON and back.
func roundTrip[T, R any](t *testing.T, to func(T) R, from func(R) T) {
	t.Helper()
	want := filled[T](t)
	raw, err := json.Marshal(to(want))
	if err != nil {
		t.Fatal(err)
	}
	var rec R
	if err := json.Unmarshal(raw, &rec); err != nil {
		t.Fatal(err)
	}
	same(t, "after the round trip", want, from(rec))
	same(t, "the zero value", *new(T), from(to(*new(T))))
}

func TestEveryFieldSurvivesItsRecord(t *testing.T) {
	t.Parallel()
	t.Run("request", func(t *testing.T) {
		t.Parallel()
		roundTrip(t, func(r access.Request) requestRecord { return newRequestRecord(7, r) }, requestRecord.request)
	})
	t.Run("root", func(t *testing.T) {
		t.Parallel()
		roundTrip(t, newRootRecord, rootRecord.root)
	})
	t.Run("delivery", func(t *testing.T) {
		t.Parallel()
		roundTrip(t, newNoticeRecord, noticeRecord.delivery)
	})
	t.Run("binding", func(t *testing.T) {
		t.Parallel()
		roundTrip(t, newBindingRecord, bindingRecord.binding)
	})
	t.Run("inbound", func(t *testing.T) {
		t.Parallel()
		roundTrip(t, func(in access.Inbound) inboundRecord { return newInboundRecord(7, in) }, inboundRecord.inbound)
	})
	t.Run("audit entry", func(t *testing.T) {
		t.Parallel()
		roundTrip(t, newEntryRecord, entryRecord.entry)
	})
}

func TestTimesAreKeptInUTC(t *testing.T) {
	t.Parallel()
	tokyo := time.FixedZone("JST", 9*60*60)
	r := access.Request{End: at(1).In(tokyo), Times: map[access.Stage]time.Time{access.StageAsked: at(2).In(tokyo)}}
	got := newRequestRecord(1, r).request()
	if got.End.Location() != time.UTC || got.Times[access.StageAsked].Location() != time.UTC {
		t.Errorf("not in UTC: %v, %v", got.End, got.Times)
	}
	if !got.End.Equal(r.End) || !got.Times[access.StageAsked].Equal(at(2)) {
		t.Errorf("another moment: %v, %v", got.End, got.Times)
	}
}

func TestARecordThatCannotBeReadIsNamed(t *testing.T) {
	t.Parallel()
	db := NewMemory()
	err := db.Update(t.Context(), "test.step", func(tx Tx) error {
		return errors.Join(tx.Put(bucketRequests, "REQ-1", []byte("{")), tx.Put(bucketCounters, counterRequests, []byte(`"x"`)))
	})
	if err != nil {
		t.Fatal(err)
	}
	requests := NewRequests(db)
	_, get := requests.Get(t.Context(), "REQ-1")
	_, all := requests.All(t.Context())
	for _, tt := range []struct {
		err  error
		want string
	}{
		{get, `requests/"REQ-1"`},
		{all, `requests/"REQ-1"`},
		{requests.Create(t.Context(), request("REQ-2")), `counters/"requests"`},
	} {
		if tt.err == nil || !strings.Contains(tt.err.Error(), tt.want) {
			t.Errorf("error %v does not name %s", tt.err, tt.want)
		}
	}
}

func TestTimeKeysAreInTheOrderOfTime(t *testing.T) {
	t.Parallel()
	times := []time.Time{{}, time.Unix(0, 0), time.Unix(0, 1), at(0), at(0).Add(1), at(1), time.Date(2261, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2262, 1, 1, 0, 0, 0, 0, time.UTC)}
	for i := 1; i < len(times); i++ {
		a, b := timeKey(times[i-1]), timeKey(times[i])
		if len(a) != len(b) || a > b || a == b && i > 1 {
			t.Errorf("%v has key %s and %v has %s", times[i-1], a, times[i], b)
		}
	}
}

func TestJoinedKeysTellTheirPartsApart(t *testing.T) {
	t.Parallel()
	seen := map[string][]string{}
	for _, parts := range [][]string{{"a", "b"}, {"a/b"}, {"a", "", "b"}, {"a", "b", ""}, {"a%2Fb"}, {"a/", "b"}, {"", "a/b"}} {
		key := joinKey(parts...)
		if other, ok := seen[key]; ok {
			t.Errorf("%q and %q both have the key %s", parts, other, key)
		}
		seen[key] = parts
	}
}

func TestSeqKeysAreInTheOrderOfNumbers(t *testing.T) {
	t.Parallel()
	for _, n := range []uint64{0, 9, 99, 1 << 62, 1<<64 - 2} {
		if seqKey(n) >= seqKey(n+1) {
			t.Errorf("key of %d is not before that of %d", n, n+1)
		}
		if got, err := parseSeq("b", seqKey(n)); got != n || err != nil {
			t.Errorf("parseSeq(seqKey(%d)) = %d, %v", n, got, err)
		}
	}
	if _, err := parseSeq("b", "x"); err == nil {
		t.Error("a key that is no number was accepted")
	}
}
