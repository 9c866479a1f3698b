package store

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
)

// Memory is a DB without a file, for tests.
type Memory struct {
	mu   sync.RWMutex // guards data
	data map[string]map[string][]byte
	// AfterCommit is as in Options.
	AfterCommit func(step string)
}

// NewMemory returns an empty DB.
func NewMemory() *Memory { return &Memory{data: map[string]map[string][]byte{}} }

// Close implements DB; there is nothing to close.
func (m *Memory) Close() error { return nil }

// View implements DB.
func (m *Memory) View(ctx context.Context, f func(Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	return f(&memTx{base: m.data, readOnly: true})
}

// Update implements DB.
func (m *Memory) Update(ctx context.Context, step string, f func(Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := m.commit(f); err != nil {
		return err
	}
	if m.AfterCommit != nil {
		m.AfterCommit(step)
	}
	return nil
}

func (m *Memory) commit(f func(Tx) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	tx := &memTx{base: m.data, own: map[string]map[string][]byte{}}
	if err := f(tx); err != nil {
		return err
	}
	maps.Copy(m.data, tx.own)
	return nil
}

// memTx writes to copies of the buckets it touches.
type memTx struct {
	base, own map[string]map[string][]byte
	readOnly  bool
}

func (t *memTx) bucket(name string) map[string][]byte {
	if b, ok := t.own[name]; ok {
		return b
	}
	return t.base[name]
}

func (t *memTx) writable(name string) (map[string][]byte, error) {
	if t.readOnly {
		return nil, ErrWrite
	}
	b, ok := t.own[name]
	if !ok {
		b = maps.Clone(t.base[name])
		if b == nil {
			b = map[string][]byte{}
		}
		t.own[name] = b
	}
	return b, nil
}

func (t *memTx) Get(bucket, key string) ([]byte, bool, error) {
	v, ok := t.bucket(bucket)[key]
	return slices.Clone(v), ok, nil
}

func (t *memTx) Put(bucket, key string, value []byte) error {
	b, err := t.writable(bucket)
	if err != nil {
		return err
	}
	b[key] = append([]byte{}, value...)
	return nil
}

func (t *memTx) Delete(bucket, key string) error {
	b, err := t.writable(bucket)
	if err != nil {
		return err
	}
	delete(b, key)
	return nil
}

func (t *memTx) Scan(bucket, prefix string, f func(string, []byte) error) error {
	b := t.bucket(bucket)
	var keys []string
	for k := range b {
		if strings.HasPrefix(k, prefix) {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	values := make([][]byte, len(keys))
	for i, k := range keys {
		values[i] = slices.Clone(b[k])
	}
	for i, k := range keys {
		if err := f(k, values[i]); err != nil {
			return err
		}
	}
	return nil
}
