package config

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"
)

// maxFiles is how many files a config repo may have.
const maxFiles = 20000

// Paths and directories of the layout.
const (
	accessPath        = "aws-access.yaml"
	peoplePath        = "people.yaml"
	accountsDir       = "accounts"
	groupsDir         = "groups"
	usersDir          = "users"
	permissionSetsDir = "permission-sets"
)

// Load reads and validates a config repo. Where the content is at fault the
// error is of type [Problems] and has every problem; other errors are those of
// reading fsys. A directory or file named .git is passed over, so that a
// working copy can be checked; nothing else is.
func Load(fsys fs.FS) (*Repo, error) {
	return new(Cache).Load(fsys)
}

// Cache keeps decoded files by path and content, so that loading the next
// commit decodes only what differs. The zero value is ready for use, and may
// be used by several goroutines at once. It remembers the files of the last two
// loads.
type Cache struct {
	mu sync.Mutex
	// recent and older have the files of the last load and of the one before.
	recent, older map[string]*parsed
}

// parsed is a decoded file. It is shared between repos and never changed.
type parsed struct {
	problems Problems
	refs     []reference

	access        *AccessFile
	account       *Account
	principal     *PrincipalFile
	permissionSet *PermissionSet
	people        *PeopleFile
}

// loaded is one file of the repo on its way in.
type loaded struct {
	path    string
	kind    fileKind
	hash    string
	parsed  *parsed
	problem *Problem // found before decoding
	err     error    // of reading
}

// Load is [Load] with what the cache remembers.
func (c *Cache) Load(fsys fs.FS) (*Repo, error) {
	paths, refused, problems, err := listFiles(fsys)
	if err != nil {
		return nil, fmt.Errorf("list the config repo: %w", err)
	}
	files := c.loadFiles(fsys, paths)
	b := newBuilder()
	for _, p := range refused {
		b.add(loaded{path: p, kind: kindOf(p)}) // it is there, and its problem is told
	}
	for _, f := range files {
		if f.err != nil {
			return nil, fmt.Errorf("read %s of the config repo: %w", f.path, f.err)
		}
		b.add(f)
	}
	problems = append(problems, b.finish()...)
	if len(problems) > 0 {
		return nil, problems.sorted()
	}
	c.remember(files)
	return b.repo, nil
}

func (c *Cache) find(key string) *parsed {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p := c.recent[key]; p != nil {
		return p
	}
	return c.older[key]
}

func (c *Cache) remember(files []loaded) {
	recent := make(map[string]*parsed, len(files))
	for _, f := range files {
		if f.parsed != nil {
			recent[cacheKey(f.path, f.hash)] = f.parsed
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.recent, c.older = recent, c.recent
}

func cacheKey(path, hash string) string { return hash + " " + path }

// listFiles returns the paths of all files in order, and apart from them those
// of files that are not read, with what is wrong with them.
func listFiles(fsys fs.FS) (paths, refused []string, problems Problems, err error) {
	folded := map[string]string{}
	err = fs.WalkDir(fsys, ".", func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case p == ".":
			return nil
		case d.Name() == ".git" && d.IsDir():
			return fs.SkipDir
		case d.Name() == ".git":
			return nil
		}
		if problem := checkEntry(p, d, folded); problem != nil {
			problems = append(problems, *problem)
			if !d.IsDir() {
				refused = append(refused, p)
			}
			return nil
		}
		if d.IsDir() {
			return nil
		}
		if len(paths) == maxFiles {
			problems = append(problems, Problem{Position{File: p}, fmt.Sprintf("more than %d files", maxFiles), "keep only access files in this repo"})
			return fs.SkipAll
		}
		paths = append(paths, p)
		return nil
	})
	return paths, refused, problems, err
}

// checkEntry refuses names and kinds of files that are not what they look
// like, whether the bot knows the path or not.
func checkEntry(p string, d fs.DirEntry, folded map[string]string) *Problem {
	at := Position{File: p}
	for _, r := range p {
		if why := refusedRune(r); why != "" || r == '\\' {
			if why == "" {
				why = "a backslash"
			}
			return &Problem{Position{File: fmt.Sprintf("%+q", p)}, "a path with " + why, "rename the file"}
		}
	}
	fold := strings.ToLower(strings.ToUpper(p))
	if other, ok := folded[fold]; ok {
		return &Problem{at, fmt.Sprintf("differs from %s only in case", other), "rename one of them"}
	}
	folded[fold] = p
	switch strings.ToLower(d.Name()) {
	case ".gitattributes", ".gitmodules":
		return &Problem{at, "this file changes what git shows of the repo", "delete it"}
	}
	if d.IsDir() {
		return nil
	}
	if !d.Type().IsRegular() {
		return &Problem{at, "not an ordinary file", "replace the link or submodule with a file"}
	}
	if info, err := d.Info(); err == nil && info.Mode()&0o111 != 0 {
		return &Problem{at, "an executable file", "take the executable bit away: git update-index --chmod=-x"}
	}
	return nil
}

// loadFiles reads and decodes all files, several at once, in the order of
// paths.
func (c *Cache) loadFiles(fsys fs.FS, paths []string) []loaded {
	files := make([]loaded, len(paths))
	next := make(chan int)
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), 8, max(len(paths), 1)) {
		wg.Go(func() {
			for i := range next {
				files[i] = c.loadFile(fsys, paths[i])
			}
		})
	}
	for i := range paths {
		next <- i
	}
	close(next)
	wg.Wait()
	return files
}

func (c *Cache) loadFile(fsys fs.FS, p string) loaded {
	f := loaded{path: p, kind: kindOf(p)}
	data, err := readFile(fsys, p)
	switch {
	case errors.Is(err, errTooLarge):
		f.problem = &Problem{Position{File: p}, "larger than 1 MiB", "split it into several files"}
		return f
	case err != nil:
		f.err = err
		return f
	}
	sum := sha256.Sum256(data)
	f.hash = hex.EncodeToString(sum[:])
	if f.kind == unknownFile {
		return f
	}
	if f.kind == misplacedFile {
		f.problem = misplaced(p)
		return f
	}
	if f.parsed = c.find(cacheKey(p, f.hash)); f.parsed == nil {
		f.parsed = decodeFile(p, f.kind, data)
	}
	return f
}

var errTooLarge = errors.New("file too large")

// readFile reads at most maxFileSize bytes.
func readFile(fsys fs.FS, p string) (data []byte, err error) {
	in, err := fsys.Open(p)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	data, err = io.ReadAll(io.LimitReader(in, maxFileSize+1))
	if err == nil && len(data) > maxFileSize {
		return nil, errTooLarge
	}
	return data, err
}

// fileKind is what a path means.
type fileKind int

const (
	unknownFile   fileKind = iota // outside the layout: only recorded
	misplacedFile                 // where only access files may be, but none
	accessKind
	peopleKind
	accountKind
	groupKind
	userKind
	permissionSetKind
)

func kindOf(p string) fileKind {
	switch p {
	case accessPath:
		return accessKind
	case peoplePath:
		return peopleKind
	}
	top, rest, nested := strings.Cut(p, "/")
	kinds := map[string]fileKind{
		accountsDir: accountKind, groupsDir: groupKind, usersDir: userKind, permissionSetsDir: permissionSetKind,
	}
	kind, known := kinds[top]
	switch {
	case !known && looksKnown(top):
		return misplacedFile
	case !known:
		return unknownFile
	case !nested || !wellNamed(kind, rest):
		return misplacedFile
	}
	return kind
}

// looksKnown reports a top-level name that people would take for one of the
// layout.
func looksKnown(top string) bool {
	stem := strings.ToLower(top)
	stem = strings.TrimSuffix(strings.TrimSuffix(stem, ".yml"), ".yaml")
	return slices.Contains([]string{"aws-access", "people", accountsDir, groupsDir, usersDir, permissionSetsDir}, stem)
}

func wellNamed(kind fileKind, name string) bool {
	stem, isYAML := strings.CutSuffix(name, ".yaml")
	if kind == permissionSetKind {
		return isYAML && permissionSetShape.MatchString(stem)
	}
	return isYAML && isSlug(stem)
}

func misplaced(p string) *Problem {
	at := Position{File: p}
	dir, name := path.Split(p)
	switch {
	case dir == "":
		return &Problem{at, "this name is close to one of the layout, but not it", "the files are aws-access.yaml and people.yaml, the directories accounts, groups, users and permission-sets"}
	case strings.ToLower(dir) != dir:
		return &Problem{at, "this directory is not in lower case", "move the file to " + strings.ToLower(dir)}
	case strings.HasPrefix(p, permissionSetsDir+"/"):
		return &Problem{at, "not a permission set file", "name it permission-sets/<Name>.yaml, with 1 to 32 letters, digits and _ + = , . @ -"}
	case strings.HasSuffix(name, ".yml"):
		return &Problem{at, "the extension is .yml", "rename it to .yaml"}
	}
	return &Problem{at, "not an access file: the name is no slug with .yaml", "name it <slug>.yaml with lower-case letters, digits and hyphens, directly in its directory, or move it elsewhere"}
}

// decodeFile turns bytes into a value, or into problems.
func decodeFile(p string, kind fileKind, data []byte) *parsed {
	f := openFile(p, data)
	root := f.root
	if root == nil {
		return &parsed{problems: f.problems.sorted().capped()}
	}
	stem := strings.TrimSuffix(path.Base(p), ".yaml")
	out := &parsed{}
	switch kind {
	case accessKind:
		out.access = f.accessFile(root)
	case peopleKind:
		out.people = f.peopleFile(root)
	case accountKind:
		out.account = f.accountFile(root, stem)
	case groupKind:
		out.principal = f.principalFile(root, GroupPrincipal, stem)
	case userKind:
		out.principal = f.principalFile(root, UserPrincipal, stem)
	case permissionSetKind:
		out.permissionSet = f.permissionSetFile(root, stem)
	}
	out.problems, out.refs = f.problems.sorted().capped(), f.refs
	return out
}
