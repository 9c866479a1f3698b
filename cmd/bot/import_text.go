package main

import (
	"fmt"
	"path"

	"aws-access-bot/internal/importer"
)

// imported is the JSON answer of import.
type imported struct {
	Folder string `json:"folder"`
	// DryRun: nothing was written.
	DryRun   bool               `json:"dry_run"`
	Files    []importedFile     `json:"files"`
	Findings []importer.Finding `json:"findings"`
	// The repo as it is now, or would be.
	Accounts    int `json:"accounts"`
	Groups      int `json:"groups"`
	Users       int `json:"users"`
	Assignments int `json:"assignments"`
}

// importedFile is a file that was written: new, or with lines added.
type importedFile struct {
	Path string `json:"path"`
	New  bool   `json:"new"`
}

func newImported(dir string, dryRun bool, r importer.Result) imported {
	out := imported{Folder: dir, DryRun: dryRun, Files: []importedFile{}, Findings: r.Findings,
		Accounts: r.Accounts, Groups: r.Groups, Users: r.Users, Assignments: r.Assignments}
	if out.Findings == nil {
		out.Findings = []importer.Finding{}
	}
	for _, f := range r.Files {
		out.Files = append(out.Files, importedFile{f.Path, f.Old == nil})
	}
	return out
}

// persons counts the findings that need one.
func (i imported) persons() int {
	n := 0
	for _, f := range i.Findings {
		if f.Person {
			n++
		}
	}
	return n
}

// mostNamed is how many new files of a folder are named one by one.
const mostNamed = 20

// lines are an import for people.
func (i imported) lines() []string {
	var out []string
	line := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	inFolder := map[string]int{}
	changed := 0
	for _, f := range i.Files {
		if f.New {
			inFolder[path.Dir(f.Path)]++
		} else {
			changed++
		}
	}
	counted := map[string]bool{}
	for _, f := range i.Files {
		dir := path.Dir(f.Path)
		switch {
		case !f.New:
			line("added  %s", f.Path)
		case inFolder[dir] <= mostNamed:
			line("new    %s", f.Path)
		case !counted[dir]:
			counted[dir] = true
			line("new    %s/ (%d files)", dir, inFolder[dir])
		}
	}
	for _, f := range i.Findings {
		mark := "note"
		if f.Person {
			mark = "todo"
		}
		line("%s   %s", mark, f)
	}
	verb := "written"
	if i.DryRun {
		verb = "would be written"
	}
	line("%d new and %d completed file(s) %s: %s has %d accounts, %d groups, %d users, %d assignments; %d finding(s) need a person",
		len(i.Files)-changed, changed, verb, i.Folder, i.Accounts, i.Groups, i.Users, i.Assignments, i.persons())
	return out
}
