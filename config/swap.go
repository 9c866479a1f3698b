package config

import (
	"cmp"
	"slices"
)

// Taken is an account file that has the id of another one: the base had that id
// in From, which head has in File, and File had another id.
type Taken struct {
	ID   string
	From string // the path of the file that had the id
	File string // the path of the file that has it now
	// Was is the id that File had.
	Was string
	// Gone is set when head has no file at From.
	Gone bool
}

// TakenIDs lists the account files of head that have the id which another file
// of base had, sorted by file: an account is its id, so that every entry that
// names such a file means another account than before. A file under a new name
// takes nothing.
func TakenIDs(base, head *Repo) []Taken {
	var out []Taken
	for slug, a := range head.Accounts {
		was, kept := base.Accounts[slug]
		if !kept || was.ID == a.ID {
			continue
		}
		if had, ok := base.AccountByID(a.ID); ok {
			_, stays := head.Accounts[had.Slug]
			out = append(out, Taken{ID: a.ID, From: accountPath(had.Slug), File: accountPath(slug), Was: was.ID, Gone: !stays})
		}
	}
	slices.SortFunc(out, func(a, b Taken) int { return cmp.Compare(a.File, b.File) })
	return out
}
