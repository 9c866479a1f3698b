package gitops

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"aws-access-bot/config"
)

// maxForm is how many files a check names in its title that changed in form
// only.
const maxForm = 3

// formOnly returns the files between two commits whose repos say the same: what
// is approved is what a config says, not its lines. They differ in comments,
// formatting or, where renamed is true, their names. A name that meant another
// file before is no matter of form ([config.HandleField]).
func formOnly(left, head *snapshot) (files []string, renamed bool) {
	differ := map[string]bool{}
	for path, e := range head.entries {
		was, kept := left.entries[path]
		if was.SHA != e.SHA {
			differ[path] = true
		}
		renamed = renamed || !kept
	}
	for path := range left.entries {
		if _, kept := head.entries[path]; !kept {
			differ[path], renamed = true, true
		}
	}
	return slices.Sorted(maps.Keys(differ)), renamed
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
	what := "only comments or formatting changed in "
	if x.renamed {
		what = "only comments, formatting or names of files changed in "
	}
	return what + oneLine(strings.Join(names, ", ")) + ": nobody needs to approve"
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
	what := "Only comments or formatting changed in "
	if x.renamed {
		what = "Only comments, formatting or names of files changed in "
	}
	b.WriteString(what + listed(names) +
		". What the config says is the same, field by field, so nobody needs to approve.\n\n")
}

// writeHandles says which handle means something else after this: whoever wrote
// or read that name before would mean or get another account, group or user.
func (x *examined) writeHandles(b *strings.Builder) {
	for _, f := range x.change.Control {
		if f.Field != config.HandleField {
			continue
		}
		kind, file, _ := strings.Cut(f.Path, "/")
		fmt.Fprintf(b, "**The handle %s means another %s after this:** %s; before %s. In chat, in entries and in rules that name stands for it from then on.\n\n",
			code(strings.TrimSuffix(file, ".yaml")), strings.TrimSuffix(kind, "s"), code(f.New), code(f.Old))
	}
}
