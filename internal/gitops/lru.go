package gitops

import (
	"container/list"
	"sync"
)

// lru keeps values by key up to a total cost and drops those used longest ago.
// It is safe for use by several goroutines.
type lru[V any] struct {
	max int // total cost

	// mu guards what follows.
	mu    sync.Mutex
	cost  int
	order *list.List // of *lruItem[V], newest in front
	items map[string]*list.Element
}

type lruItem[V any] struct {
	key   string
	value V
	cost  int
}

func newLRU[V any](max int) *lru[V] {
	return &lru[V]{max: max, order: list.New(), items: map[string]*list.Element{}}
}

func (c *lru[V]) get(key string) (V, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	el, ok := c.items[key]
	if !ok {
		var none V
		return none, false
	}
	c.order.MoveToFront(el)
	return el.Value.(*lruItem[V]).value, true
}

// put keeps a value; one that costs more than the whole cache is not kept.
func (c *lru[V]) put(key string, value V, cost int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.items[key]; ok || cost > c.max {
		return
	}
	c.items[key] = c.order.PushFront(&lruItem[V]{key, value, cost})
	for c.cost += cost; c.cost > c.max; {
		el := c.order.Back()
		item := el.Value.(*lruItem[V])
		c.order.Remove(el)
		delete(c.items, item.key)
		c.cost -= item.cost
	}
}
