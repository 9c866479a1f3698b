package provision

import (
	"context"
	"fmt"
	"maps"
	"sync"

	"aws-access-bot/config"
)

// book has the records in memory and writes them through: memory changes only
// after the store did. Records are values; what they point to is never changed
// in place.
type book struct {
	store   Store
	changed func()

	mu     sync.Mutex // guards what follows
	loaded bool
	index  index
	people map[config.Principal]PrincipalRecord // groups and users
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
	b.index = newIndex()
	for i := range records {
		b.index.keep(&records[i])
	}
	b.people = make(map[config.Principal]PrincipalRecord, len(people))
	for _, g := range people {
		b.people[g.Principal] = g
	}
	b.loaded = true
	return nil
}

// all returns the records as they are now, sorted. They must not be changed.
func (b *book) all() []*Record {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.index.all()
}

// restless returns copies of the records that something is due for, sorted.
func (b *book) restless() []Record {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.index.restless.sorted(nil)
}

// operations returns copies of the records with an operation, sorted.
func (b *book) operations() []Record {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.index.restless.sorted(func(r *Record) bool { return r.Op != nil })
}

// troubled returns copies of the records that something is said of, sorted.
func (b *book) troubled() []Record {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.index.troubled.sorted(nil)
}

// of returns the records of one group or user, sorted. They must not be changed.
func (b *book) of(p config.Principal) []*Record {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.index.of(p)
}

// shownBy returns the records that readings of pairs and of principals of the
// identity store may tell of, sorted. They must not be changed.
func (b *book) shownBy(pairs map[config.Pair]bool, whos map[LiveAssignment]bool) []*Record {
	b.mu.Lock()
	defer b.mu.Unlock()
	var people []config.Principal
	for p, g := range b.people {
		for who := range idsOf(g) {
			if whos[who] {
				people = append(people, p)
				break
			}
		}
	}
	return b.index.shownBy(pairs, whos, people)
}

// find returns the record of an assignment, which must not be changed; nil when
// there is none.
func (b *book) find(a config.Assignment) *Record {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.index.find(a)
}

// allPrincipals returns a copy of the records of groups and users.
func (b *book) allPrincipals() map[config.Principal]PrincipalRecord {
	b.mu.Lock()
	defer b.mu.Unlock()
	return maps.Clone(b.people)
}

func (b *book) record(a config.Assignment) Record {
	if r := b.find(a); r != nil {
		return *r
	}
	return Record{}
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
	for i := range records {
		r := records[i] // what callers have is theirs
		b.index.keep(&r)
	}
	b.mu.Unlock()
	b.changed()
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
