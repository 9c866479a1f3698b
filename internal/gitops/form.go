package gitops

import (
	"maps"
	"slices"
	"strings"
)

// maxForm is how many files a check names in its title that changed in form
// only.
const maxForm = 3

// formOnly returns the files between two commits whose repos say the same: what
// is approved is what a config says, not its lines. They differ in comments,
// formatting or their names.
func formOnly(left, head *snapshot) []string {
	differ := map[string]bool{}
	for path, e := range head.entries {
		if left.entries[path].SHA != e.SHA {
			differ[path] = true
		}
	}
	for path := range left.entries {
		if _, kept := head.entries[path]; !kept {
			differ[path] = true
		}
	}
	return slices.Sorted(maps.Keys(differ))
}

// formTitle is the title of a check on a change of form only, "" for others.
func (x *examined) formTitle() string {
	if len(x.form) == 0 {
		return ""
	}
	names := x.form
	if len(names) > maxForm {
		names = append(slices.Clone(names[:maxForm]), "others")
	}
	return "only comments or formatting changed in " + oneLine(strings.Join(names, ", ")) + ": nobody needs to approve"
}

// writeForm says the same with all the files.
func (x *examined) writeForm(b *strings.Builder) {
	if len(x.form) == 0 {
		return
	}
	names := make([]string, len(x.form))
	for i, path := range x.form {
		names[i] = code(path)
	}
	b.WriteString("Only comments, formatting or names of files changed in " + listed(names) +
		". What the config says is the same, field by field, so nobody needs to approve.\n\n")
}
