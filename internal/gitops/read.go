package gitops

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"aws-access-bot/config"
)

const (
	// blobCache is how many bytes of file content are kept in memory.
	blobCache = 64 << 20
	// repoCache is how many parsed repos are kept.
	repoCache = 24
	// maxFiles is how many files a commit may have, as config reads it.
	maxFiles = 20_000
	// maxFileSize is how many bytes a file may have, as config reads it.
	maxFileSize = 1 << 20
	// readers is how many blobs are read at once.
	readers = 8
)

// InvalidConfig is a commit whose config cannot be used: it has problems, or a
// tree that could show people something else than the bot reads.
type InvalidConfig struct {
	Commit   string
	Problems []string // "file:line:column: message; mend"
}

func (e *InvalidConfig) Error() string {
	return "config at commit " + short(e.Commit) + " is invalid: " + strings.Join(e.Problems, " · ")
}

// snapshot is a commit that was read: its tree and, when valid, its repo.
type snapshot struct {
	commit Commit
	// entries are those of the tree by path, without folders, and with the size
	// of files that are too large only.
	entries map[string]TreeEntry
	fsys    memFS        // nil when the tree holds what is never allowed
	repo    *config.Repo // nil when invalid is set
	invalid *InvalidConfig
	// cut is set when GitHub did not list the whole tree: then entries are only
	// some, and invalid is set too.
	cut bool
}

// blobStore has the files of the commit in force: a subset of [State].
type blobStore interface {
	StoredBlob(ctx context.Context, sha string) ([]byte, bool, error)
}

// reader reads commits by tree and blobs, and keeps what it read: objects are
// named by their content and never change.
type reader struct {
	host    Objects
	stored  blobStore
	commits *lru[Commit]
	blobs   *lru[[]byte]
	repos   *lru[*snapshot] // by tree
	cache   *config.Cache
}

func newReader(host Objects, stored blobStore) *reader {
	return &reader{
		host: host, stored: stored,
		commits: newLRU[Commit](4096),
		blobs:   newLRU[[]byte](blobCache),
		repos:   newLRU[*snapshot](repoCache),
		cache:   new(config.Cache),
	}
}

// commit reads a commit object.
func (r *reader) commit(ctx context.Context, sha string) (Commit, error) {
	if c, ok := r.commits.get(sha); ok {
		return c, nil
	}
	c, err := r.host.Commit(ctx, sha)
	if err != nil {
		return Commit{}, fmt.Errorf("read commit %s: %w", short(sha), err)
	}
	if c.SHA != sha {
		return Commit{}, fmt.Errorf("read commit %s: GitHub answered with %s", short(sha), short(c.SHA))
	}
	r.commits.put(sha, c, 1)
	return c, nil
}

// read reads a commit whole. An invalid config is no error: see
// snapshot.invalid.
func (r *reader) read(ctx context.Context, sha string) (*snapshot, error) {
	c, err := r.commit(ctx, sha)
	if err != nil {
		return nil, err
	}
	if s, ok := r.repos.get(c.Tree); ok {
		return s.at(c), nil
	}
	tree, err := r.host.Tree(ctx, c.Tree)
	if err != nil {
		return nil, fmt.Errorf("read tree of commit %s: %w", short(sha), err)
	}
	if tree.Truncated {
		s := cutShort(c, entriesOf(tree))
		r.repos.put(c.Tree, s, 1)
		return s, nil
	}
	s, err := r.assemble(ctx, c, entriesOf(tree))
	if err != nil {
		return nil, err
	}
	r.repos.put(c.Tree, s, 1)
	return s, nil
}

// at returns the snapshot as that of another commit with the same tree.
func (s *snapshot) at(c Commit) *snapshot {
	out := *s
	out.commit = c
	if s.invalid != nil {
		out.invalid = &InvalidConfig{Commit: c.SHA, Problems: s.invalid.Problems}
	}
	return &out
}

// tooLarge says what is wrong with a tree that GitHub does not list whole.
const tooLarge = "GitHub does not list all files of it: it has more than 100,000, or their names are too long. Take files out"

// cutShort is a commit of which not all files are known. That is so for ever: a
// tree is named by its content.
func cutShort(c Commit, entries map[string]TreeEntry) *snapshot {
	return &snapshot{commit: c, entries: entries, cut: true, invalid: &InvalidConfig{Commit: c.SHA, Problems: []string{tooLarge}}}
}

// entriesOf forgets the size of what may be read: entries are compared with
// those of the store, which keeps none.
func entriesOf(tree Tree) map[string]TreeEntry {
	entries := map[string]TreeEntry{}
	for _, e := range tree.Entries {
		if e.Size <= maxFileSize {
			e.Size = 0
		}
		if e.Type != "tree" || e.Mode != "040000" {
			entries[e.Path] = e
		}
	}
	return entries
}

// assemble makes a snapshot of given entries, which need not be those of c.
func (r *reader) assemble(ctx context.Context, c Commit, entries map[string]TreeEntry) (*snapshot, error) {
	s := &snapshot{commit: c, entries: entries}
	var problems []string
	for _, e := range entries {
		if p := badEntry(e); p != "" {
			problems = append(problems, p)
		}
	}
	if len(entries) > maxFiles {
		problems = append(problems, fmt.Sprintf("the commit has %d files; at most %d are read", len(entries), maxFiles))
	}
	if len(problems) > 0 {
		slices.Sort(problems)
		s.invalid = &InvalidConfig{Commit: c.SHA, Problems: problems}
		return s, nil
	}
	var err error
	if s.fsys, err = r.content(ctx, s.files()); err != nil {
		return nil, fmt.Errorf("read commit %s: %w", short(c.SHA), err)
	}
	return s, s.load(r.cache)
}

// files returns the blob id of every path.
func (s *snapshot) files() map[string]string {
	out := make(map[string]string, len(s.entries))
	for p, e := range s.entries {
		out[p] = e.SHA
	}
	return out
}

// load parses the files.
func (s *snapshot) load(cache *config.Cache) error {
	repo, err := cache.Load(s.fsys)
	var problems config.Problems
	switch {
	case errors.As(err, &problems):
		s.invalid = &InvalidConfig{Commit: s.commit.SHA, Problems: problemLines(problems)}
	case err != nil:
		return fmt.Errorf("load config of commit %s: %w", short(s.commit.SHA), err)
	default:
		s.repo = repo
	}
	return nil
}

func problemLines(problems config.Problems) []string {
	return strings.Split(strings.TrimRight(problems.Error(), "\n"), "\n")
}

// badEntry says what is wrong with a tree entry: only plain files and folders
// are read, since links and submodules show people something else, and
// attributes can change what they see. A file that is too large is judged by its
// size: it may be larger than an answer that is taken from GitHub, and then no
// look would get past it.
func badEntry(e TreeEntry) string {
	if e.Mode != "100644" || e.Type != "blob" {
		return fmt.Sprintf("%s: git mode %s (%s) is not allowed; only plain files (100644) are", e.Path, e.Mode, e.Type)
	}
	switch base := strings.ToLower(path.Base(e.Path)); base {
	case ".gitattributes", ".gitmodules":
		return fmt.Sprintf("%s: %s is not allowed; take it out", e.Path, base)
	}
	if e.Size > maxFileSize {
		return fmt.Sprintf("%s: larger than 1 MiB (%d bytes); take it out, or split it into several files", e.Path, e.Size)
	}
	return ""
}

// content reads the files of a tree.
func (r *reader) content(ctx context.Context, files map[string]string) (memFS, error) {
	shas := map[string][]byte{}
	for _, sha := range files {
		shas[sha] = nil
	}
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(readers)
	type found struct {
		sha  string
		data []byte
	}
	results := make(chan found, len(shas))
	for sha := range shas {
		g.Go(func() error {
			data, err := r.blob(gctx, sha)
			if err == nil {
				results <- found{sha, data}
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	close(results)
	for f := range results {
		shas[f.sha] = f.data
	}
	out := make(memFS, len(files))
	for p, sha := range files {
		out[p] = shas[sha]
	}
	return out, nil
}

// blob reads one file's content: from memory, from the store, else from
// GitHub. Its id is computed again wherever it comes from.
func (r *reader) blob(ctx context.Context, sha string) ([]byte, error) {
	if data, ok := r.blobs.get(sha); ok {
		return data, nil
	}
	data, ok, err := r.stored.StoredBlob(ctx, sha)
	if err != nil {
		return nil, fmt.Errorf("read stored blob %s: %w", short(sha), err)
	}
	if !ok || BlobID(data) != sha {
		if data, err = r.host.Blob(ctx, sha); err != nil {
			return nil, fmt.Errorf("read blob %s: %w", short(sha), err)
		}
		if got := BlobID(data); got != sha {
			return nil, fmt.Errorf("read blob %s: the content has the id %s", short(sha), short(got))
		}
	}
	if data == nil {
		data = []byte{}
	}
	r.blobs.put(sha, data, len(data)+64)
	return data, nil
}

// BlobID returns git's id of a file's content, in hex (SHA-1, as GitHub's
// repositories use).
func BlobID(content []byte) string {
	h := sha1.New()
	fmt.Fprintf(h, "blob %d\x00", len(content))
	h.Write(content)
	return hex.EncodeToString(h.Sum(nil))
}

// short abbreviates a commit id for people.
func short(sha string) string {
	if len(sha) > 10 {
		return sha[:10]
	}
	return sha
}
