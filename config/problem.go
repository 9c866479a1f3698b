package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is one thing that makes a config repo invalid, with where it stands
// and how to mend it.
type Problem struct {
	Position
	Message string `json:"message"`
	Mend    string `json:"mend,omitempty"`
}

// String returns "file:line:column: message; mend". A problem of a whole file
// has no line and column.
func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", p.Line, p.Column)
	}
	b.WriteString(": " + p.Message)
	if p.Mend != "" {
		b.WriteString("; " + p.Mend)
	}
	return b.String()
}

// Problems are all problems of a config repo, sorted by file, line and
// column. It is the error that [Load] returns when the content is at fault.
type Problems []Problem

// Error returns one line per problem.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// sorted returns the problems in reading order, each once.
func (ps Problems) sorted() Problems {
	out := slices.Clone(ps)
	slices.SortStableFunc(out, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line),
			cmp.Compare(a.Column, b.Column), cmp.Compare(a.Message, b.Message))
	})
	return slices.Compact(out)
}

// maxFileProblems bounds what one file may report, so that a file full of
// junk does not drown the problems of the others.
const maxFileProblems = 100

// maxCollected bounds the problems that are collected of one file at all.
const maxCollected = 10 * maxFileProblems

// capped returns the first problems of a file and says that there are more.
func (ps Problems) capped() Problems {
	if len(ps) <= maxFileProblems {
		return ps
	}
	return append(slices.Clone(ps[:maxFileProblems]), Problem{
		Position: ps[maxFileProblems].Position,
		Message:  "more problems in this file, from here on, are not shown",
		Mend:     "mend those above first",
	})
}

// Refusal is why something that is well-formed is not allowed, and what to do
// instead. Both texts are for people.
type Refusal struct {
	Reason string
	Mend   string
}

// Error returns the reason and the mend.
func (r *Refusal) Error() string {
	if r.Mend == "" {
		return r.Reason
	}
	return r.Reason + "; " + r.Mend
}
