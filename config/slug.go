package config

import (
	"cmp"
	"slices"
	"strings"
)

// maxSlug is the length of the longest slug in bytes.
const maxSlug = 63

// SlugFor makes the slug of a new file from a display name. Where nothing of
// the name can stand in a slug, or the slug is taken, eight hex digits of the
// id are added, and at last the whole id.
func SlugFor(displayName, id string, taken func(string) bool) string {
	base := slugify(displayName)
	hex := hexDigits(id)
	short := hex[:min(8, len(hex))]
	for _, slug := range []string{base, joinSlug(base, short), joinSlug(base, hex)} {
		if isSlug(slug) && !taken(slug) {
			return slug
		}
	}
	return joinSlug("", hex)
}

// slugify keeps ASCII letters and digits and puts one hyphen where anything
// else stood.
func slugify(s string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(s) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
		if b.Len() >= maxSlug {
			break
		}
	}
	return strings.Trim(b.String(), "-")
}

func hexDigits(id string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'a' && r <= 'f' {
			return r
		}
		return -1
	}, strings.ToLower(id))
}

// joinSlug adds a suffix to a slug and shortens the slug to make room.
func joinSlug(base, suffix string) string {
	if suffix == "" || base == "" {
		return base + suffix
	}
	base = strings.TrimRight(base[:min(len(base), maxSlug-1-len(suffix))], "-")
	return base + "-" + suffix
}

// maxNearest is how many suggestions Nearest gives.
const maxNearest = 3

// Nearest returns the names that are spelled most like name, nearest first, at
// most three. Names that share nothing with it are not suggested.
func Nearest(name string, among []string) []string {
	type candidate struct {
		name     string
		distance int
	}
	name = cut(strings.ToLower(name), maxSlug)
	if name == "" {
		return nil
	}
	var found []candidate
	for _, other := range among {
		if d, near := closeness(name, cut(strings.ToLower(other), maxSlug)); near {
			found = append(found, candidate{other, d})
		}
	}
	slices.SortFunc(found, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.distance, b.distance), cmp.Compare(a.name, b.name))
	})
	var out []string
	for _, c := range slices.Compact(found) {
		if len(out) < maxNearest {
			out = append(out, c.name)
		}
	}
	return out
}

// closeness is the edit distance, and whether it is small for the length.
// Part of a name is taken for the name: people type "payments" for
// "payments-prod".
func closeness(a, b string) (int, bool) {
	if b == "" {
		return 0, false
	}
	d := editDistance(a, b)
	if d <= min(3, max(1, max(len(a), len(b))/4)) {
		return d, true
	}
	part := len(a) >= 3 && strings.Contains(b, a) || len(b) >= 3 && strings.Contains(a, b)
	return d, part
}

// editDistance counts the bytes to insert, delete, replace or swap with their
// neighbour to turn a into b.
func editDistance(a, b string) int {
	before, prev := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur := make([]int, len(b)+1)
		cur[0] = i
		for j := 1; j <= len(b); j++ {
			change := 1
			if a[i-1] == b[j-1] {
				change = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				cur[j] = min(cur[j], before[j-2]+1)
			}
		}
		before, prev = prev, cur
	}
	return prev[len(b)]
}

func cut(s string, n int) string { return s[:min(len(s), n)] }
