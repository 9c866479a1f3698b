// Package gitobj keeps git objects in memory under their real ids: blobs,
// trees and commits are hashed exactly as git hashes them (SHA-1 over
// "<kind> <size>\0" and the canonical bytes, as gitformat-loose describes), so
// an id made here is the id that git itself would give.
//
// On top of the objects are the few questions a code host asks of them: what
// differs between two trees, which commits does one branch have that another
// lacks, what is the merge base, and what is the three-way merge. The package
// knows nothing of refs, people or HTTP. There are no packs, no tags and no
// signatures; a commit's encoding is always UTF-8.
//
// A Store is not safe for concurrent use: its owner holds the lock.
package gitobj

import (
	"crypto/sha1" //nolint:gosec // git's object ids are SHA-1 by definition.
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// ID is an object id: 40 lower-case hexadecimal digits.
type ID string

// Zero is the id that stands for "no object" in reflogs and push events.
const Zero ID = "0000000000000000000000000000000000000000"

// Valid reports whether the id has the form of an object id.
func (id ID) Valid() bool {
	if len(id) != 40 {
		return false
	}
	return strings.Trim(string(id), "0123456789abcdef") == ""
}

// Mode is the mode of a tree entry in the six-digit form.
type Mode string

// The modes that git itself writes.
const (
	File       Mode = "100644"
	Executable Mode = "100755"
	Symlink    Mode = "120000"
	Submodule  Mode = "160000"
	Dir        Mode = "040000"
)

// Kind returns the kind of object that an entry of this mode names: "blob",
// "tree" or "commit"; empty for a mode that git does not write.
func (m Mode) Kind() string {
	switch m {
	case File, Executable, Symlink:
		return "blob"
	case Dir:
		return "tree"
	case Submodule:
		return "commit"
	}
	return ""
}

// Entry is one line of a tree.
type Entry struct {
	Name string
	Mode Mode
	ID   ID
}

// Signature says who wrote or committed a commit, and when. Git keeps the
// time in seconds with the offset of its zone.
type Signature struct {
	Name, Email string
	When        time.Time
}

func (s Signature) encode() string {
	clean := strings.NewReplacer("<", "", ">", "", "\n", "", "\x00", "")
	return fmt.Sprintf("%s <%s> %d %s", clean.Replace(s.Name), clean.Replace(s.Email), s.When.Unix(), s.When.Format("-0700"))
}

// Commit is a commit object.
type Commit struct {
	Tree              ID
	Parents           []ID
	Author, Committer Signature
	// Message is kept byte for byte; no newline is added.
	Message string
}

// ErrNotFound says that the store has no such object of that kind.
var ErrNotFound = errors.New("no such object")

// ErrInvalid says that an object cannot be made from what was given.
var ErrInvalid = errors.New("invalid object")

// Store holds objects. The zero value is not usable; call [NewStore].
type Store struct {
	blobs   map[ID][]byte
	trees   map[ID][]Entry
	commits map[ID]Commit
	order   map[ID]int // order in which commits came in, to break ties of time
	depth   map[ID]int // one more than the deepest parent's, so children have more
}

// NewStore returns a store that knows the empty tree only.
func NewStore() *Store {
	s := &Store{blobs: map[ID][]byte{}, trees: map[ID][]Entry{}, commits: map[ID]Commit{}, order: map[ID]int{}, depth: map[ID]int{}}
	s.trees[hash("tree", nil)] = nil
	return s
}

func hash(kind string, data []byte) ID {
	h := sha1.New() //nolint:gosec // as above
	fmt.Fprintf(h, "%s %d\x00", kind, len(data))
	h.Write(data)
	return ID(hex.EncodeToString(h.Sum(nil)))
}

// PutBlob stores the content of a file.
func (s *Store) PutBlob(data []byte) ID {
	id := hash("blob", data)
	if _, ok := s.blobs[id]; !ok {
		s.blobs[id] = slices.Clone(data)
	}
	return id
}

// Blob returns the content of a file; the caller does not change it.
func (s *Store) Blob(id ID) ([]byte, error) {
	b, ok := s.blobs[id]
	if !ok {
		return nil, fmt.Errorf("blob %s: %w", id, ErrNotFound)
	}
	return b, nil
}

// PutTree stores one directory. The entries may come in any order; names must
// be unique single path elements and the objects they name must exist, except
// those of submodules.
func (s *Store) PutTree(entries []Entry) (ID, error) {
	sorted := slices.Clone(entries)
	slices.SortFunc(sorted, func(a, b Entry) int { return strings.Compare(sortName(a), sortName(b)) })
	var data []byte
	seen := map[string]bool{}
	for _, e := range sorted {
		if err := s.checkEntry(e); err != nil {
			return "", err
		}
		if seen[e.Name] {
			return "", fmt.Errorf("%w: two entries %q", ErrInvalid, e.Name)
		}
		seen[e.Name] = true
		raw, err := hex.DecodeString(string(e.ID))
		if err != nil {
			return "", fmt.Errorf("%w: id of %q: %w", ErrInvalid, e.Name, err)
		}
		// Git drops the leading zero of a directory's mode inside the object.
		data = append(data, strings.TrimPrefix(string(e.Mode), "0")+" "+e.Name+"\x00"...)
		data = append(data, raw...)
	}
	id := hash("tree", data)
	s.trees[id] = sorted
	return id, nil
}

// sortName is the key by which git sorts: a directory sorts as if its name
// ended in a slash.
func sortName(e Entry) string {
	if e.Mode == Dir {
		return e.Name + "/"
	}
	return e.Name
}

func (s *Store) checkEntry(e Entry) error {
	if e.Name == "" || e.Name == "." || e.Name == ".." || strings.EqualFold(e.Name, ".git") || strings.ContainsAny(e.Name, "/\x00") {
		return fmt.Errorf("%w: path element %q", ErrInvalid, e.Name)
	}
	found := e.ID.Valid()
	switch e.Mode.Kind() {
	case "blob":
		_, found = s.blobs[e.ID]
	case "tree":
		_, found = s.trees[e.ID]
	case "":
		return fmt.Errorf("%w: mode %q of %q", ErrInvalid, e.Mode, e.Name)
	}
	if !found {
		return fmt.Errorf("%s %s of %q: %w", e.Mode.Kind(), e.ID, e.Name, ErrNotFound)
	}
	return nil
}

// Tree returns the entries of one directory in git's order; the caller does
// not change them.
func (s *Store) Tree(id ID) ([]Entry, error) {
	t, ok := s.trees[id]
	if !ok {
		return nil, fmt.Errorf("tree %s: %w", id, ErrNotFound)
	}
	return t, nil
}

// PutCommit stores a commit; its tree and parents must exist.
func (s *Store) PutCommit(c Commit) (ID, error) {
	if _, ok := s.trees[c.Tree]; !ok {
		return "", fmt.Errorf("tree %s: %w", c.Tree, ErrNotFound)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "tree %s\n", c.Tree)
	for _, p := range c.Parents {
		if _, ok := s.commits[p]; !ok {
			return "", fmt.Errorf("parent %s: %w", p, ErrNotFound)
		}
		fmt.Fprintf(&b, "parent %s\n", p)
	}
	fmt.Fprintf(&b, "author %s\ncommitter %s\n\n%s", c.Author.encode(), c.Committer.encode(), c.Message)
	id := hash("commit", []byte(b.String()))
	if _, ok := s.commits[id]; !ok {
		c.Parents = slices.Clone(c.Parents)
		s.commits[id] = c
		s.order[id] = len(s.order)
		for _, p := range c.Parents {
			s.depth[id] = max(s.depth[id], s.depth[p]+1)
		}
	}
	return id, nil
}

// Commit returns a commit.
func (s *Store) Commit(id ID) (Commit, error) {
	c, ok := s.commits[id]
	if !ok {
		return Commit{}, fmt.Errorf("commit %s: %w", id, ErrNotFound)
	}
	return c, nil
}

// Has returns the kind of the object, or an empty string if there is none.
func (s *Store) Has(id ID) string {
	if _, ok := s.commits[id]; ok {
		return "commit"
	}
	if _, ok := s.trees[id]; ok {
		return "tree"
	}
	if _, ok := s.blobs[id]; ok {
		return "blob"
	}
	return ""
}
