package provision

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"aws-access-bot/config"
)

// book has the records in memory and writes them through: memory changes only
// after the store did. Records are values; what they point to is never changed
// in place.
type book struct {
	store   Store
	changed func()

	mu      sync.Mutex // guards what follows
	loaded  bool
	records map[config.Assignment]Record
	people  map[config.Principal]PrincipalRecord // groups and users
	// busy has the records with an operation, which are few.
	busy map[config.Assignment]bool
}

// load reads the records from the store, once.
func (b *book) load(ctx context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.loaded {
		return nil
	}
	records, err := b.store.Records(ctx)
	if err != nil {
		return fmt.Errorf("load records: %w", err)
	}
	people, err := b.store.Principals(ctx)
	if err != nil {
		return fmt.Errorf("load records of groups and users: %w", err)
	}
	b.records = make(map[config.Assignment]Record, len(records))
	b.busy = map[config.Assignment]bool{}
	for _, r := range records {
		b.keep(r)
	}
	b.people = make(map[config.Principal]PrincipalRecord, len(people))
	for _, g := range people {
		b.people[g.Principal] = g
	}
	b.loaded = true
	return nil
}

// all returns a copy of the records.
func (b *book) all() map[config.Assignment]Record {
	b.mu.Lock()
	defer b.mu.Unlock()
	return maps.Clone(b.records)
}

// allPrincipals returns a copy of the records of groups and users.
func (b *book) allPrincipals() map[config.Principal]PrincipalRecord {
	b.mu.Lock()
	defer b.mu.Unlock()
	return maps.Clone(b.people)
}

func (b *book) record(a config.Assignment) Record {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.records[a]
}

func (b *book) principal(p config.Principal) PrincipalRecord {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.people[p]
}

// begin stores what a commit or the time set going.
func (b *book) begin(ctx context.Context, commit string, records []Record, own []config.Assignment) error {
	if len(records) == 0 && len(own) == 0 {
		return nil
	}
	if err := b.store.Begin(ctx, commit, records, own); err != nil {
		return err
	}
	b.put(records...)
	return nil
}

// save stores a record.
func (b *book) save(ctx context.Context, step Step, r Record) error {
	if err := b.store.SaveRecord(ctx, step, r); err != nil {
		return err
	}
	b.put(r)
	return nil
}

// intendRemoval stores the intent of a first deletion with its log entry.
func (b *book) intendRemoval(ctx context.Context, r Record, entry Removal) error {
	if err := b.store.IntendRemoval(ctx, r, entry); err != nil {
		return err
	}
	b.put(r)
	return nil
}

// disown stores a record of which nothing is left.
func (b *book) disown(ctx context.Context, r Record) error {
	if err := b.store.Disown(ctx, r); err != nil {
		return err
	}
	b.put(r)
	return nil
}

func (b *book) put(records ...Record) {
	b.mu.Lock()
	for _, r := range records {
		b.keep(r)
	}
	b.mu.Unlock()
	b.changed()
}

// keep takes a record over; b.mu is held.
func (b *book) keep(r Record) {
	b.records[r.Assignment] = r
	if r.Op != nil {
		b.busy[r.Assignment] = true
	} else {
		delete(b.busy, r.Assignment)
	}
}

// operations returns the records with an operation, sorted.
func (b *book) operations() []Record {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := make([]Record, 0, len(b.busy))
	for a := range b.busy {
		out = append(out, b.records[a])
	}
	slices.SortFunc(out, func(x, y Record) int { return x.Assignment.Compare(y.Assignment) })
	return out
}

// savePrincipal stores the record of a group or user.
func (b *book) savePrincipal(ctx context.Context, step Step, g PrincipalRecord) error {
	if err := b.store.SavePrincipal(ctx, step, g); err != nil {
		return err
	}
	b.mu.Lock()
	b.people[g.Principal] = g
	b.mu.Unlock()
	b.changed()
	return nil
}
