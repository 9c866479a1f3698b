package gitobj

import (
	"container/heap"
	"fmt"
)

// IsAncestor reports whether old is reachable from id; a commit is its own
// ancestor. It looks no deeper than old lies.
func (s *Store) IsAncestor(old, id ID) bool {
	if _, known := s.commits[old]; !known {
		return false
	}
	seen, ahead := map[ID]bool{}, []ID{id}
	for len(ahead) > 0 {
		id := ahead[len(ahead)-1]
		ahead = ahead[:len(ahead)-1]
		if id == old {
			return true
		}
		if seen[id] || s.depth[id] <= s.depth[old] {
			continue
		}
		seen[id] = true
		ahead = append(ahead, s.commits[id].Parents...)
	}
	return false
}

// Marks of a walk from two tips.
const (
	fromA = 1 << iota
	fromB
	shared // an ancestor of a common ancestor
)

// paint walks from both tips, deepest commits first, until only shared
// history is left. It returns the commits that only a has, and the best
// common ancestors. Either tip may be empty.
func (s *Store) paint(a, b ID) (onlyA map[ID]bool, bases []ID) {
	onlyA = map[ID]bool{}
	marks := map[ID]int{}
	q := &queue{less: func(x, y ID) bool {
		if s.depth[x] != s.depth[y] {
			return s.depth[x] > s.depth[y]
		}
		return s.order[x] > s.order[y]
	}}
	live := 0 // queued commits that are not shared
	push := func(id ID, mark int) {
		if _, known := s.commits[id]; !known {
			return
		}
		old, queued := marks[id]
		if !queued {
			heap.Push(q, id)
		}
		if queued && old&shared == 0 {
			live--
		}
		if marks[id] = old | mark; marks[id]&shared == 0 {
			live++
		}
	}
	push(a, fromA)
	push(b, fromB)
	for live > 0 {
		id := heap.Pop(q).(ID)
		mark := marks[id]
		switch {
		case mark&shared != 0:
		case mark == fromA|fromB:
			live--
			bases = append(bases, id)
			mark |= shared
		default:
			live--
			if mark == fromA {
				onlyA[id] = true
			}
		}
		for _, p := range s.commits[id].Parents {
			push(p, mark)
		}
	}
	return onlyA, bases
}

// MergeBase returns the best common ancestor of two commits: one that is not
// an ancestor of another common ancestor; of several, the newest. Without any
// it is [ErrNotFound].
func (s *Store) MergeBase(a, b ID) (ID, error) {
	_, bases := s.paint(a, b)
	if len(bases) == 0 {
		return "", fmt.Errorf("merge base of %s and %s: %w", a, b, ErrNotFound)
	}
	best := bases[0]
	for _, id := range bases[1:] {
		if s.newer(id, best) {
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
	in, _ := s.paint(tip, hide)
	children := map[ID]int{}
	for id := range in {
		for _, p := range s.commits[id].Parents {
			children[p]++
		}
	}
	q := &queue{less: s.newer}
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

// queue is a heap of commits.
type queue struct {
	less func(a, b ID) bool
	ids  []ID
}

func (q *queue) Len() int           { return len(q.ids) }
func (q *queue) Less(i, j int) bool { return q.less(q.ids[i], q.ids[j]) }
func (q *queue) Swap(i, j int)      { q.ids[i], q.ids[j] = q.ids[j], q.ids[i] }
func (q *queue) Push(x any)         { q.ids = append(q.ids, x.(ID)) }
func (q *queue) Pop() any {
	last := q.ids[len(q.ids)-1]
	q.ids = q.ids[:len(q.ids)-1]
	return last
}
