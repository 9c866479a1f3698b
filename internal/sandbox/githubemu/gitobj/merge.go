package gitobj

import (
	"slices"
	"strings"
)

// Merge returns the tree that has the changes of both sides since base, and
// the paths where they conflict, sorted. With conflicts the tree is empty.
//
// A path that one side changed is taken from it; a path that both changed to
// the same is taken once; a text file that both modified is merged line by
// line ([MergeText]). Everything else is a conflict. Renames are not followed.
func (s *Store) Merge(base, ours, theirs ID) (tree ID, conflicts []string, err error) {
	mine, err := s.Diff(base, ours)
	if err != nil {
		return "", nil, err
	}
	other, err := s.Diff(base, theirs)
	if err != nil {
		return "", nil, err
	}
	byPath := map[string]Change{}
	for _, c := range mine {
		byPath[c.Path] = c
	}
	updates := map[string]*Node{}
	for _, c := range other {
		m, both := byPath[c.Path]
		switch {
		case !both:
			if clash(c, mine) {
				conflicts = append(conflicts, c.Path)
			}
			updates[c.Path] = c.New
		case same(m.New, c.New):
		default:
			n, ok := s.mergeFile(m, c)
			if !ok {
				conflicts = append(conflicts, c.Path)
			}
			updates[c.Path] = n
		}
	}
	if len(conflicts) > 0 {
		slices.Sort(conflicts)
		return "", conflicts, nil
	}
	tree, err = s.Update(ours, updates)
	return tree, nil, err
}

// clash reports whether a path added by one side is a directory of, or lies
// below, a file that the other side added.
func clash(c Change, mine []Change) bool {
	if c.New == nil {
		return false
	}
	return slices.ContainsFunc(mine, func(m Change) bool {
		return m.New != nil && (strings.HasPrefix(m.Path, c.Path+"/") || strings.HasPrefix(c.Path, m.Path+"/"))
	})
}

func same(a, b *Node) bool {
	return a == b || (a != nil && b != nil && *a == *b)
}

// mergeFile merges a path that both sides changed; false means conflict.
func (s *Store) mergeFile(m, c Change) (*Node, bool) {
	if m.New == nil || c.New == nil || m.New.Mode != c.New.Mode || m.New.Mode.Kind() != "blob" || m.New.Mode == Symlink {
		return nil, false
	}
	var base []byte
	if m.Old != nil {
		if m.Old.Mode.Kind() != "blob" {
			return nil, false
		}
		base = s.blobs[m.Old.ID]
	}
	text, ok := MergeText(base, s.blobs[m.New.ID], s.blobs[c.New.ID])
	if !ok {
		return nil, false
	}
	return &Node{m.New.Mode, s.PutBlob(text)}, true
}

// MergeText merges two changed versions of a text line by line. Changes that
// overlap or touch conflict unless they are equal, as in git. Binary content
// always conflicts.
func MergeText(base, ours, theirs []byte) ([]byte, bool) {
	if Binary(base) || Binary(ours) || Binary(theirs) {
		return nil, false
	}
	o, a, b := lines(base), lines(ours), lines(theirs)
	ha, hb := compare(o, a), compare(o, b)
	var out []string
	at := 0
	for len(ha) > 0 || len(hb) > 0 {
		lo, hi := region(ha, hb)
		var ra, rb []hunk
		ra, ha, hi, rb, hb = gather(ha, hb, hi)
		out = append(out, o[at:lo]...)
		sideA, sideB := apply(o, a, ra, lo, hi), apply(o, b, rb, lo, hi)
		switch {
		case len(rb) == 0 || slices.Equal(sideA, sideB):
			out = append(out, sideA...)
		case len(ra) == 0:
			out = append(out, sideB...)
		default:
			return nil, false
		}
		at = hi
	}
	out = append(out, o[at:]...)
	return []byte(strings.Join(out, "")), true
}

// region returns the base lines of the hunk that comes first.
func region(ha, hb []hunk) (lo, hi int) {
	if len(hb) == 0 || (len(ha) > 0 && ha[0].aLo <= hb[0].aLo) {
		return ha[0].aLo, ha[0].aHi
	}
	return hb[0].aLo, hb[0].aHi
}

// gather takes from both lists every hunk that touches the region that ends
// at hi, which grows with them.
func gather(ha, hb []hunk, hi int) (ra, restA []hunk, end int, rb, restB []hunk) {
	for {
		switch {
		case len(ha) > 0 && ha[0].aLo <= hi:
			hi = max(hi, ha[0].aHi)
			ra, ha = append(ra, ha[0]), ha[1:]
		case len(hb) > 0 && hb[0].aLo <= hi:
			hi = max(hi, hb[0].aHi)
			rb, hb = append(rb, hb[0]), hb[1:]
		default:
			return ra, ha, hi, rb, hb
		}
	}
}

// apply returns base lines [lo,hi) with the hunks of one side in place.
func apply(base, side []string, hs []hunk, lo, hi int) []string {
	var out []string
	for _, h := range hs {
		out = append(out, base[lo:h.aLo]...)
		out = append(out, side[h.bLo:h.bHi]...)
		lo = h.aHi
	}
	return append(out, base[lo:hi]...)
}
