package config

import (
	"slices"
	"strings"
	"unicode"
)

// Skeleton is a name as a hurried reader sees it: without case and marks
// between words, and letters that look alike as one. It knows the common ones
// (Unicode TR 39 has more); names of mixed scripts are refused in files.
func Skeleton(name string) string {
	var b strings.Builder
	for _, r := range name {
		if r >= 0xff01 && r <= 0xff5e {
			r -= 0xfee0 // the wide forms of ASCII
		}
		r = unicode.ToLower(r)
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			continue
		}
		from, to := []rune(lookFrom), []rune(lookTo)
		if i := slices.Index(from, r); i >= 0 {
			r = to[i]
		}
		b.WriteRune(r)
	}
	return strings.NewReplacer("rn", "m", "vv", "w").Replace(b.String())
}

// Letters and what they look like: digits, then Cyrillic, then Greek.
const (
	lookFrom = "01i5" + "аеорсухіјѕһԁԛԝкмтвн" + "αορυνικτ"
	lookTo   = "olls" + "aeopcyxljshdqwkmtbh" + "aopuvlkt"
)
