package gitobj

import (
	"fmt"
	"slices"
	"strings"
)

// Node is a file, link or submodule in a tree of trees.
type Node struct {
	Mode Mode
	ID   ID
}

// Flatten returns every leaf below the tree by its slash-separated path.
func (s *Store) Flatten(tree ID) (map[string]Node, error) {
	out := map[string]Node{}
	err := s.Walk(tree, func(path string, e Entry) {
		if e.Mode != Dir {
			out[path] = Node{e.Mode, e.ID}
		}
	})
	return out, err
}

// Walk calls f for each entry below the tree, directories before what is in
// them, in git's order.
func (s *Store) Walk(tree ID, f func(path string, e Entry)) error {
	return s.walk(tree, "", f)
}

func (s *Store) walk(tree ID, prefix string, f func(string, Entry)) error {
	entries, err := s.Tree(tree)
	if err != nil {
		return err
	}
	for _, e := range entries {
		f(prefix+e.Name, e)
		if e.Mode == Dir {
			if err := s.walk(e.ID, prefix+e.Name+"/", f); err != nil {
				return err
			}
		}
	}
	return nil
}

// Find returns the entry at a path, or false. An empty path is the tree.
func (s *Store) Find(tree ID, path string) (Node, bool) {
	cur := Node{Dir, tree}
	if path == "" {
		return cur, s.Has(tree) == "tree"
	}
	for _, part := range strings.Split(path, "/") {
		entries, err := s.Tree(cur.ID)
		if err != nil || cur.Mode != Dir {
			return Node{}, false
		}
		i := slices.IndexFunc(entries, func(e Entry) bool { return e.Name == part })
		if i < 0 {
			return Node{}, false
		}
		cur = Node{entries[i].Mode, entries[i].ID}
	}
	return cur, true
}

// Update returns the tree with the paths set (a node) or removed (nil); a
// directory left empty goes too. An empty tree id means the empty tree. A
// path that is both a file and a directory afterwards is an error.
func (s *Store) Update(tree ID, changes map[string]*Node) (ID, error) {
	id, _, err := s.update(tree, "", changes)
	return id, err
}

func (s *Store) update(tree ID, prefix string, changes map[string]*Node) (ID, int, error) {
	byName := map[string]Entry{}
	if tree != "" {
		entries, err := s.Tree(tree)
		if err != nil {
			return "", 0, err
		}
		for _, e := range entries {
			byName[e.Name] = e
		}
	}
	below, own := split(changes)
	for name, sub := range below {
		if err := s.updateDir(byName, prefix, name, sub, own); err != nil {
			return "", 0, err
		}
	}
	for name, n := range own {
		old, exists := byName[name]
		switch {
		case n == nil:
			if _, ok := below[name]; !ok {
				delete(byName, name)
			}
		case exists && old.Mode == Dir && n.Mode != Dir:
			return "", 0, fmt.Errorf("%w: %q is a directory", ErrInvalid, prefix+name)
		default:
			byName[name] = Entry{name, n.Mode, n.ID}
		}
	}
	list := make([]Entry, 0, len(byName))
	for _, e := range byName {
		list = append(list, e)
	}
	id, err := s.PutTree(list)
	return id, len(list), err
}

// updateDir applies the changes below one directory and puts it into byName.
func (s *Store) updateDir(byName map[string]Entry, prefix, name string, sub map[string]*Node, own map[string]*Node) error {
	old, exists := byName[name]
	from := old.ID
	if exists && old.Mode != Dir {
		n, touched := own[name]
		if onlyRemovals(sub) {
			return nil
		}
		if !touched || n != nil {
			return fmt.Errorf("%w: %q is not a directory", ErrInvalid, prefix+name)
		}
		from = ""
	}
	id, n, err := s.update(from, prefix+name+"/", sub)
	if err != nil {
		return err
	}
	delete(byName, name)
	if n > 0 {
		byName[name] = Entry{name, Dir, id}
	}
	return nil
}

func onlyRemovals(changes map[string]*Node) bool {
	for _, n := range changes {
		if n != nil {
			return false
		}
	}
	return true
}

// split sorts changes into those below a directory and those of this one.
func split(changes map[string]*Node) (below map[string]map[string]*Node, own map[string]*Node) {
	below, own = map[string]map[string]*Node{}, map[string]*Node{}
	for path, n := range changes {
		name, rest, deep := strings.Cut(path, "/")
		if !deep {
			own[name] = n
			continue
		}
		if below[name] == nil {
			below[name] = map[string]*Node{}
		}
		below[name][rest] = n
	}
	return below, own
}

// Change is one path that differs between two trees. A nil side means that
// the path is absent there.
type Change struct {
	Path     string
	Old, New *Node
}

// Diff returns the leaves that differ between two trees, sorted by path.
// Equal subtrees are not looked into.
func (s *Store) Diff(a, b ID) ([]Change, error) {
	var out []Change
	if err := s.diff(a, b, "", &out); err != nil {
		return nil, err
	}
	slices.SortFunc(out, func(x, y Change) int { return strings.Compare(x.Path, y.Path) })
	return out, nil
}

func (s *Store) diff(a, b ID, prefix string, out *[]Change) error {
	if a == b {
		return nil
	}
	names := map[string][2]*Entry{}
	for side, id := range []ID{a, b} {
		if id == "" {
			continue
		}
		entries, err := s.Tree(id)
		if err != nil {
			return err
		}
		for _, e := range entries {
			pair := names[e.Name]
			pair[side] = &e
			names[e.Name] = pair
		}
	}
	for name, pair := range names {
		if err := s.diffEntry(pair[0], pair[1], prefix+name, out); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) diffEntry(x, y *Entry, path string, out *[]Change) error {
	if x != nil && y != nil && x.Mode == y.Mode && x.ID == y.ID {
		return nil
	}
	var dirX, dirY ID
	var leafX, leafY *Node
	if x != nil && x.Mode == Dir {
		dirX = x.ID
	} else if x != nil {
		leafX = &Node{x.Mode, x.ID}
	}
	if y != nil && y.Mode == Dir {
		dirY = y.ID
	} else if y != nil {
		leafY = &Node{y.Mode, y.ID}
	}
	if leafX != nil || leafY != nil {
		*out = append(*out, Change{path, leafX, leafY})
	}
	if dirX != "" || dirY != "" {
		return s.diff(dirX, dirY, path+"/", out)
	}
	return nil
}
