package store

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
)

// Memory is a [DB] in memory, for tests. Each Update copies the buckets that it
// touches, so it is not for large states.
type Memory struct {
	// AfterCommit is as in [Options]; it is set before the first use.
	AfterCommit func(step string)

	turn turn

	mu     sync.Mutex // guards what follows
	state  map[string]map[string][]byte
	closed bool
}

// NewMemory returns an empty DB.
func NewMemory() *Memory {
	m := &Memory{turn: newTurn(), state: map[string]map[string][]byte{}}
	for _, b := range buckets() {
		m.state[b] = map[string][]byte{}
	}
	return m
}

// snapshot returns the state, which is never changed in place.
func (m *Memory) snapshot() (map[string]map[string][]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil, ErrClosed
	}
	return m.state, nil
}

// View implements [DB].
func (m *Memory) View(ctx context.Context, f func(Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	state, err := m.snapshot()
	if err != nil {
		return err
	}
	tx := &memoryTx{state: state}
	defer func() { tx.done = true }()
	return f(tx)
}

// Update implements [DB].
func (m *Memory) Update(ctx context.Context, step string, f func(Tx) error) error {
	wrote, err := m.update(ctx, f)
	if err == nil && wrote && m.AfterCommit != nil {
		m.AfterCommit(step)
	}
	return err
}

func (m *Memory) update(ctx context.Context, f func(Tx) error) (wrote bool, err error) {
	if err := m.turn.take(ctx); err != nil {
		return false, err
	}
	defer m.turn.give()
	state, err := m.snapshot()
	if err != nil {
		return false, err
	}
	tx := &memoryTx{guard: guard{writable: true}, state: maps.Clone(state), own: map[string]bool{}}
	defer func() { tx.done = true }()
	if err := f(tx); err != nil || !tx.wrote {
		return false, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.state = tx.state
	return true, nil
}

// Close implements [DB].
func (m *Memory) Close() error {
	if err := m.turn.take(context.Background()); err != nil {
		return err
	}
	defer m.turn.give()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	return nil
}

// memoryTx is a [Tx] on a snapshot; own has the buckets that it copied.
type memoryTx struct {
	guard
	state map[string]map[string][]byte
	own   map[string]bool
}

func (t *memoryTx) Get(bucket, key string) ([]byte, bool, error) {
	if err := t.read(); err != nil {
		return nil, false, err
	}
	b, ok := t.state[bucket]
	if !ok {
		return nil, false, unknownBucket(bucket)
	}
	v, ok := b[key]
	return bytes.Clone(v), ok, nil
}

func (t *memoryTx) Put(bucket, key string, value []byte) error {
	b, err := t.change("put", bucket, key)
	if err != nil {
		return err
	}
	if old, ok := b[key]; ok && bytes.Equal(old, value) {
		return nil
	}
	t.copied(bucket)[key] = append([]byte{}, value...)
	return nil
}

func (t *memoryTx) Delete(bucket, key string) error {
	b, err := t.change("delete", bucket, key)
	if err != nil {
		return err
	}
	if _, ok := b[key]; ok {
		delete(t.copied(bucket), key)
	}
	return nil
}

// change checks a write and returns the bucket as it is.
func (t *memoryTx) change(op, bucket, key string) (map[string][]byte, error) {
	if err := t.write(op, bucket, key); err != nil {
		return nil, err
	}
	b, ok := t.state[bucket]
	if !ok {
		return nil, unknownBucket(bucket)
	}
	return b, nil
}

// copied returns the bucket as this transaction's own copy.
func (t *memoryTx) copied(bucket string) map[string][]byte {
	if !t.own[bucket] {
		t.state[bucket] = maps.Clone(t.state[bucket])
		t.own[bucket] = true
	}
	t.wrote = true
	return t.state[bucket]
}

func (t *memoryTx) Scan(bucket, prefix string, f func(key string, value []byte) error) error {
	if err := t.read(); err != nil {
		return err
	}
	b, ok := t.state[bucket]
	if !ok {
		return unknownBucket(bucket)
	}
	t.scans++
	defer func() { t.scans-- }()
	for _, key := range slices.Sorted(maps.Keys(b)) {
		if !strings.HasPrefix(key, prefix) {
			continue
		}
		if err := f(key, bytes.Clone(b[key])); err != nil {
			if errors.Is(err, ErrStop) {
				return nil
			}
			return err
		}
	}
	return nil
}
