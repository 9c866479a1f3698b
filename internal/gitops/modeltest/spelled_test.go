package modeltest_test

import (
	"slices"
	"strings"
)

// merged is what a merge that GitHub made means. Where both sides changed a file
// GitHub goes by its lines and not by items: an entry that one side moved and the
// other took out stays. Then the text says which items it is made of.
func (w *world) merged(sha string, base, ours, theirs state) state {
	s := merge(base, ours, theirs)
	made, err := w.repo.Files(sha)
	w.must(err)
	for p, f := range made {
		if s[p] != nil && s[p].text == f.Content || ours[p] == nil || theirs[p] == nil {
			continue
		}
		if items, ok := spelled(f.Content, ours[p], theirs[p]); ok {
			s[p] = newFile(p, items)
		}
	}
	return s
}

// spelled finds the items of files that a text is written of, one after the
// other; false when it holds anything else.
func spelled(text string, files ...*file) ([]item, bool) {
	var pool []item
	for _, f := range files {
		pool = append(pool, f.items...)
	}
	// The longer first: an entry without a request begins like one with it.
	slices.SortStableFunc(pool, func(a, b item) int { return len(b.text()) - len(a.text()) })
	var out []item
	for text != "" {
		text = strings.TrimPrefix(strings.TrimPrefix(text, "access:\n"), "access: []\n")
		i := slices.IndexFunc(pool, func(it item) bool { return strings.HasPrefix(text, it.text()) })
		if text == "" {
			break
		}
		if i < 0 {
			return nil, false
		}
		out = append(out, pool[i])
		text = strings.TrimPrefix(text, pool[i].text())
	}
	return out, true
}
