package store

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// audited returns a store with n entries in its log, and their ends.
func audited(t *testing.T, db DB, n int) []Mark {
	t.Helper()
	var marks []Mark
	for i := range n {
		e, err := NewAudit(db).Append(t.Context(), Event{
			At: at(i), Actor: "bot", Action: "assignment.create", Target: fmt.Sprintf("target %d", i), Cause: "commit abc", Result: "requested",
		})
		if err != nil {
			t.Fatal(err)
		}
		marks = append(marks, Mark{e.Seq, e.Hash})
	}
	return marks
}

func TestTheAuditLogIsVerifiedAndReadFromItsEnd(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, db DB) {
		a := NewAudit(db)
		if end, err := a.Verify(t.Context(), Mark{}); err != nil || end != (Mark{}) {
			t.Errorf("empty log: %v, %v", end, err)
		}
		marks := audited(t, db, 5)
		end, err := a.Verify(t.Context(), append(marks, Mark{})...)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "end", marks[4], end)
		for _, tt := range []struct {
			n    int
			want []string
		}{{-1, nil}, {0, nil}, {2, []string{"target 3", "target 4"}}, {5, []string{"target 0", "target 1", "target 2", "target 3", "target 4"}}, {99, []string{"target 0", "target 1", "target 2", "target 3", "target 4"}}} {
			entries, err := a.Tail(t.Context(), tt.n)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, e := range entries {
				got = append(got, e.Target)
			}
			same(t, fmt.Sprintf("last %d", tt.n), tt.want, got)
		}
	})
}

func TestAnEventIsKeptAsGiven(t *testing.T) {
	t.Parallel()
	a := NewAudit(NewMemory())
	want := filled[Event](t)
	given := want
	given.At = given.At.In(time.FixedZone("JST", 9*60*60))
	appended, err := a.Append(t.Context(), given)
	if err != nil {
		t.Fatal(err)
	}
	tail, err := a.Tail(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "event", want, tail[0].Event)
	same(t, "entry", appended, tail[0])
}

func TestBytesThatAreNotTextDoNotBreakTheChain(t *testing.T) {
	t.Parallel()
	a := NewAudit(NewMemory())
	for _, s := range []string{"\xff", "a\xc3", "<&>\u2028"} {
		if _, err := a.Append(t.Context(), Event{At: at(0), Actor: s, Action: s, Target: s, Cause: s, Result: s}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := a.Verify(t.Context()); err != nil {
		t.Error(err)
	}
}

// rehash makes the chain consistent again from an entry on, as somebody who
// can write the file would.
func rehash(tx Tx, from uint64) error {
	head, _, err := getJSON[Mark](tx, bucketMeta, auditHead)
	if err != nil {
		return err
	}
	prev := ""
	for seq := uint64(1); seq <= head.Seq; seq++ {
		rec, _, err := getJSON[entryRecord](tx, bucketAudit, seqKey(seq))
		if err != nil {
			return err
		}
		if seq >= from {
			rec.Prev = prev
			rec.Hash = rec.entry().digest()
		}
		prev = rec.Hash
		if err := putJSON(tx, bucketAudit, seqKey(seq), rec); err != nil {
			return err
		}
	}
	return putJSON(tx, bucketMeta, auditHead, Mark{head.Seq, prev})
}

// edit changes one entry of the log as it is kept.
func edit(tx Tx, seq uint64, f func(*entryRecord)) error {
	rec, _, err := getJSON[entryRecord](tx, bucketAudit, seqKey(seq))
	if err != nil {
		return err
	}
	f(&rec)
	return putJSON(tx, bucketAudit, seqKey(seq), rec)
}

// deleteLog removes five entries, but not the note of where the log ends.
func deleteLog(tx Tx) error {
	var err error
	for seq := range uint64(5) {
		err = errors.Join(err, tx.Delete(bucketAudit, seqKey(seq+1)))
	}
	return err
}

func TestEachWayOfChangingTheAuditLogIsFound(t *testing.T) {
	t.Parallel()
	field := func(f func(*entryRecord)) func(Tx) error {
		return func(tx Tx) error { return edit(tx, 3, f) }
	}
	tests := []struct {
		name   string
		change func(Tx) error
		names  string
	}{
		{"time", field(func(r *entryRecord) { r.At = r.At.Add(1) }), "entry 3"},
		{"actor", field(func(r *entryRecord) { r.Actor = "x" }), "entry 3"},
		{"action", field(func(r *entryRecord) { r.Action = "x" }), "entry 3"},
		{"target", field(func(r *entryRecord) { r.Target = "x" }), "entry 3"},
		{"cause", field(func(r *entryRecord) { r.Cause = "x" }), "entry 3"},
		{"result", field(func(r *entryRecord) { r.Result = "x" }), "entry 3"},
		{"text moved to the next field", field(func(r *entryRecord) { r.Cause, r.Result = r.Cause+r.Result, "" }), "entry 3"},
		{"hash", field(func(r *entryRecord) { r.Hash = "x" }), "entry 3"},
		{"number", field(func(r *entryRecord) { r.Seq = 4 }), "entry 3"},
		{"changed with its own hash", field(func(r *entryRecord) {
			r.Result = "x"
			r.Hash = r.entry().digest()
		}), "entry 4"},
		{"left out", func(tx Tx) error { return tx.Delete(bucketAudit, seqKey(3)) }, "entry 3"},
		{"kept under another number", func(tx Tx) error {
			rec, _, err := getJSON[entryRecord](tx, bucketAudit, seqKey(5))
			return errors.Join(err, tx.Delete(bucketAudit, seqKey(5)), putJSON(tx, bucketAudit, seqKey(9), rec))
		}, "entry 5"},
		{"first left out", func(tx Tx) error { return tx.Delete(bucketAudit, seqKey(1)) }, "entry 1"},
		{"last left out", func(tx Tx) error { return tx.Delete(bucketAudit, seqKey(5)) }, "ends at entry 4"},
		{"all left out", deleteLog, "ends at entry 0"},
		{"cut short with its end", func(tx Tx) error {
			rec, _, err := getJSON[entryRecord](tx, bucketAudit, seqKey(4))
			return errors.Join(err, tx.Delete(bucketAudit, seqKey(5)), putJSON(tx, bucketMeta, auditHead, Mark{4, rec.Hash}))
		}, "not the one noted"},
		{"a whole new chain", func(tx Tx) error {
			return errors.Join(edit(tx, 3, func(r *entryRecord) { r.Result = "x" }), rehash(tx, 3))
		}, "not the one noted"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			db := NewMemory()
			marks := audited(t, db, 5)
			if err := db.Update(t.Context(), "test.step", tt.change); err != nil {
				t.Fatal(err)
			}
			_, err := NewAudit(db).Verify(t.Context(), marks[4])
			if !errors.Is(err, ErrTampered) || !strings.Contains(err.Error(), tt.names) {
				t.Errorf("Verify = %v, want ErrTampered with %q", err, tt.names)
			}
		})
	}
}

func TestTailTellsOfAMissingEntry(t *testing.T) {
	t.Parallel()
	db := NewMemory()
	audited(t, db, 3)
	if err := db.Update(t.Context(), "test.step", func(tx Tx) error { return tx.Delete(bucketAudit, seqKey(2)) }); err != nil {
		t.Fatal(err)
	}
	if _, err := NewAudit(db).Tail(t.Context(), 2); !errors.Is(err, ErrTampered) {
		t.Errorf("Tail = %v, want ErrTampered", err)
	}
}

func TestAnAuditEntryIsPartOfTheUpdateThatMakesItTrue(t *testing.T) {
	t.Parallel()
	db := NewMemory()
	audited(t, db, 1)
	boom := errors.New("boom")
	err := db.Update(t.Context(), "test.step", func(tx Tx) error {
		_, err := AppendAudit(tx, Event{Action: "never happened"})
		return errors.Join(err, boom)
	})
	if !errors.Is(err, boom) {
		t.Fatal(err)
	}
	end, err := NewAudit(db).Verify(t.Context())
	if err != nil || end.Seq != 1 {
		t.Errorf("end of the log %v, %v", end, err)
	}
}
