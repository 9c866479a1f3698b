package gitobj

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// maxEdits bounds the work of a line comparison; texts further apart than
// that are treated as replaced whole.
const maxEdits = 2000

// hunk says that lines [ALo,AHi) of one text became [BLo,BHi) of another.
type hunk struct{ aLo, aHi, bLo, bHi int }

// lines splits a text after each newline; the last line may lack one.
func lines(b []byte) []string {
	if len(b) == 0 {
		return nil
	}
	out := strings.SplitAfter(string(b), "\n")
	if out[len(out)-1] == "" {
		out = out[:len(out)-1]
	}
	return out
}

// compare returns the smallest set of hunks that turns a into b, by Myers'
// greedy algorithm ("An O(ND) Difference Algorithm and Its Variations").
func compare(a, b []string) []hunk {
	lo := 0
	for lo < len(a) && lo < len(b) && a[lo] == b[lo] {
		lo++
	}
	ea, eb := len(a), len(b)
	for ea > lo && eb > lo && a[ea-1] == b[eb-1] {
		ea, eb = ea-1, eb-1
	}
	if lo == ea && lo == eb {
		return nil
	}
	trace := search(a[lo:ea], b[lo:eb])
	if trace == nil {
		return []hunk{{lo, ea, lo, eb}}
	}
	return backtrack(trace, ea-lo, eb-lo, lo)
}

// search returns the furthest points reached after each number of edits, or
// nil if the texts are more than maxEdits apart.
func search(a, b []string) []map[int]int {
	n, m := len(a), len(b)
	var v map[int]int
	var trace []map[int]int
	for d := 0; d <= n+m && d <= maxEdits; d++ {
		next := make(map[int]int, d+1)
		for k := -d; k <= d; k += 2 {
			x, _ := step(v, k, d)
			for x < n && x-k < m && a[x] == b[x-k] {
				x++
			}
			next[k] = x
			if x >= n && x-k >= m {
				return append(trace, next)
			}
		}
		trace = append(trace, next)
		v = next
	}
	return nil
}

// step picks the better way onto diagonal k with the d-th edit: down from
// diagonal k+1 (insert) or right from k-1 (delete).
func step(v map[int]int, k, d int) (x int, down bool) {
	if d == 0 {
		return 0, false
	}
	if k == -d || (k != d && v[k-1] < v[k+1]) {
		return v[k+1], true
	}
	return v[k-1] + 1, false
}

// backtrack turns a trace into hunks with off added to every line number.
func backtrack(trace []map[int]int, x, y, off int) []hunk {
	var rev []hunk
	for d := len(trace) - 1; d > 0; d-- {
		k := x - y
		px, down := step(trace[d-1], k, d)
		py := px - k
		hx, hy := px-1, py
		if down {
			hx, hy = px, py-1
		}
		rev = join(rev, hunk{hx + off, px + off, hy + off, py + off})
		x, y = hx, hy
	}
	slices.Reverse(rev)
	return rev
}

// join puts a hunk before the last one, as one if they touch.
func join(rev []hunk, h hunk) []hunk {
	if n := len(rev); n > 0 && rev[n-1].aLo == h.aHi && rev[n-1].bLo == h.bHi {
		rev[n-1].aLo, rev[n-1].bLo = h.aLo, h.bLo
		return rev
	}
	return append(rev, h)
}

// Binary reports whether git would call the content binary: a NUL byte in the
// first 8,000 bytes.
func Binary(b []byte) bool {
	return bytes.IndexByte(b[:min(len(b), 8000)], 0) >= 0
}

// Patch returns the hunks of a unified diff with three lines of context, and
// how many lines it adds and removes. It is empty for equal or binary content.
func Patch(a, b []byte) (text string, added, removed int) {
	if Binary(a) || Binary(b) {
		return "", 0, 0
	}
	la, lb := lines(a), lines(b)
	hunks := compare(la, lb)
	var out strings.Builder
	for i := 0; i < len(hunks); {
		j := i + 1
		for j < len(hunks) && hunks[j].aLo-hunks[j-1].aHi <= 2*context {
			j++
		}
		writeHunk(&out, la, lb, hunks[i:j])
		i = j
	}
	for _, h := range hunks {
		added, removed = added+h.bHi-h.bLo, removed+h.aHi-h.aLo
	}
	return out.String(), added, removed
}

// context is the number of equal lines shown around a change.
const context = 3

func writeHunk(out *strings.Builder, a, b []string, hs []hunk) {
	first, last := hs[0], hs[len(hs)-1]
	aLo, bLo := max(first.aLo-context, 0), max(first.bLo-context, 0)
	aHi, bHi := min(last.aHi+context, len(a)), min(last.bHi+context, len(b))
	fmt.Fprintf(out, "@@ -%s +%s @@\n", span(aLo, aHi), span(bLo, bHi))
	at := aLo
	for _, h := range hs {
		writeLines(out, ' ', a[at:h.aLo])
		writeLines(out, '-', a[h.aLo:h.aHi])
		writeLines(out, '+', b[h.bLo:h.bHi])
		at = h.aHi
	}
	writeLines(out, ' ', a[at:aHi])
}

// span is a range as unified diffs write it: counted from one, the line
// before it if it is empty, and the count left out if it is one.
func span(lo, hi int) string {
	switch hi - lo {
	case 0:
		return fmt.Sprintf("%d,0", lo)
	case 1:
		return fmt.Sprintf("%d", lo+1)
	}
	return fmt.Sprintf("%d,%d", lo+1, hi-lo)
}

func writeLines(out *strings.Builder, mark byte, ls []string) {
	for _, l := range ls {
		out.WriteByte(mark)
		out.WriteString(l)
		if !strings.HasSuffix(l, "\n") {
			out.WriteString("\n\\ No newline at end of file\n")
		}
	}
}
