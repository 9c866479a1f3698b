package config

import (
	"strconv"
	"strings"
)

const (
	// wholeField is how long a field's text may be, in characters, to be shown
	// with all that did not change of it.
	wholeField = 200
	// aroundField is how many unchanged characters are shown on either side of
	// what changed in a longer one.
	aroundField = 60
)

// Shown returns the text before and after for people: whole where it is short
// or one of them is empty, else all that differs with a little of what stands
// around it. What it leaves out is the same on both sides. The two are never
// equal to the eye where the texts differ: then they are quoted.
func (f FieldChange) Shown() (before, after string) {
	before, after = f.Old, f.New
	old, now := []rune(f.Old), []rune(f.New)
	if len(old) > 0 && len(now) > 0 && max(len(old), len(now)) > wholeField {
		same := commonPrefix(old, now)
		tail := commonSuffix(old[same:], now[same:])
		before, after = excerpt(old, same, tail), excerpt(now, same, tail)
	}
	if looks(before) == looks(after) && f.Old != f.New {
		return visible(before), visible(after)
	}
	return before, after
}

// excerpt returns what lies between an unchanged beginning and end of these
// lengths, with what is around it.
func excerpt(text []rune, same, tail int) string {
	from, to := max(0, same-aroundField), min(len(text), len(text)-tail+aroundField)
	out := string(text[from:to])
	if from > 0 {
		out = "… " + out
	}
	if to < len(text) {
		out += " …"
	}
	return out
}

func commonPrefix(a, b []rune) int {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}

func commonSuffix(a, b []rune) int {
	n := 0
	for n < min(len(a), len(b)) && a[len(a)-1-n] == b[len(b)-1-n] {
		n++
	}
	return n
}

// looks is what a reader sees of a text: blanks are one blank, and what cannot
// be seen is not there.
func looks(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\u00a6': // what stands for a bar in a table
			return '|'
		case r != '\t' && r != '\n' && r != '\r' && refusedRune(r) != "":
			return -1
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

// visible writes every character so that it can be seen and told apart.
func visible(s string) string {
	return strings.ReplaceAll(strconv.QuoteToASCII(s), " ", `\x20`)
}
