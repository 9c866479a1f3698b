package gitobj

import (
	"container/heap"
	"fmt"
)

// Ancestors returns the commit and everything reachable from it.
func (s *Store) Ancestors(id ID) map[ID]bool {
	seen := map[ID]bool{}
	todo := []ID{id}
	for len(todo) > 0 {
		id := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		c, ok := s.commits[id]
		if !ok || seen[id] {
			continue
		}
		seen[id] = true
		todo = append(todo, c.Parents...)
	}
	return seen
}

// IsAncestor reports whether old is reachable from id; a commit is its own
// ancestor.
func (s *Store) IsAncestor(old, id ID) bool { return s.Ancestors(id)[old] }

// MergeBase returns the best common ancestor of two commits: one that is not
// an ancestor of another common ancestor; of several, the newest. Without any
// it is [ErrNotFound].
func (s *Store) MergeBase(a, b ID) (ID, error) {
	ofA, ofB := s.Ancestors(a), s.Ancestors(b)
	var common []ID
	for id := range ofA {
		if ofB[id] {
			common = append(common, id)
		}
	}
	if len(common) == 0 {
		return "", fmt.Errorf("merge base of %s and %s: %w", a, b, ErrNotFound)
	}
	inner := map[ID]bool{} // common ancestors that another one descends from
	for _, id := range common {
		for _, p := range s.commits[id].Parents {
			inner[p] = true
		}
	}
	best := ID("")
	for _, id := range common {
		if !inner[id] && (best == "" || s.newer(id, best)) {
			best = id
		}
	}
	return best, nil
}

// newer orders commits by committer time, then by arrival.
func (s *Store) newer(a, b ID) bool {
	ta, tb := s.commits[a].Committer.When.Unix(), s.commits[b].Committer.When.Unix()
	if ta != tb {
		return ta > tb
	}
	return s.order[a] > s.order[b]
}

// Log returns the commits reachable from tip but not from hide, newest first
// and never a parent before its child. An empty hide hides nothing.
func (s *Store) Log(tip, hide ID) ([]ID, error) {
	if _, err := s.Commit(tip); err != nil {
		return nil, err
	}
	in, hidden := s.Ancestors(tip), s.Ancestors(hide)
	children := map[ID]int{}
	for id := range in {
		if hidden[id] {
			delete(in, id)
			continue
		}
		for _, p := range s.commits[id].Parents {
			children[p]++
		}
	}
	q := &queue{store: s}
	if in[tip] {
		q.ids = append(q.ids, tip)
	}
	var out []ID
	for q.Len() > 0 {
		id := heap.Pop(q).(ID)
		out = append(out, id)
		for _, p := range s.commits[id].Parents {
			if children[p]--; children[p] == 0 && in[p] {
				heap.Push(q, p)
			}
		}
	}
	return out, nil
}

// FirstParents returns the tip and its first parents back to the root.
func (s *Store) FirstParents(tip ID) []ID {
	var out []ID
	for {
		c, ok := s.commits[tip]
		if !ok {
			return out
		}
		out = append(out, tip)
		if len(c.Parents) == 0 {
			return out
		}
		tip = c.Parents[0]
	}
}

// queue is a heap of commits, newest first.
type queue struct {
	store *Store
	ids   []ID
}

func (q *queue) Len() int           { return len(q.ids) }
func (q *queue) Less(i, j int) bool { return q.store.newer(q.ids[i], q.ids[j]) }
func (q *queue) Swap(i, j int)      { q.ids[i], q.ids[j] = q.ids[j], q.ids[i] }
func (q *queue) Push(x any)         { q.ids = append(q.ids, x.(ID)) }
func (q *queue) Pop() any {
	last := q.ids[len(q.ids)-1]
	q.ids = q.ids[:len(q.ids)-1]
	return last
}
