package gitops

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"aws-access-bot/internal/gitops/review"
)

// objects are git objects as one test wants them, and counts of reads.
type objects struct {
	Host
	tree   Tree
	blobs  map[string][]byte
	stored map[string][]byte
	log    []Activity
	err    error
	reads  int
}

func (o *objects) Commit(_ context.Context, sha string) (Commit, error) {
	o.reads++
	return Commit{SHA: strings.TrimPrefix(sha, "wrong "), Tree: "tree"}, o.err
}

func (o *objects) Tree(context.Context, string) (Tree, error) {
	o.reads++
	return o.tree, o.err
}

func (o *objects) Blob(_ context.Context, sha string) ([]byte, error) {
	o.reads++
	data, ok := o.blobs[sha]
	if !ok {
		return nil, ErrNotFound
	}
	return data, nil
}

func (o *objects) StoredBlob(_ context.Context, sha string) ([]byte, bool, error) {
	data, ok := o.stored[sha]
	return data, ok, nil
}

func (o *objects) Activity(context.Context, string) ([]Activity, error) { return o.log, o.err }

func file(path, content string) TreeEntry {
	return TreeEntry{Path: path, Mode: "100644", Type: "blob", SHA: BlobID([]byte(content))}
}

func TestBlobIDsAreGits(t *testing.T) {
	t.Parallel()
	// git hash-object of an empty file, and of "hello\n".
	for content, want := range map[string]string{
		"": "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391", "hello\n": "ce013625030ba8dba906f756967f9e9ca394464a",
	} {
		if got := BlobID([]byte(content)); got != want {
			t.Errorf("BlobID(%q) = %s, want %s", content, got, want)
		}
	}
}

func TestReadingFailsRatherThanGuesses(t *testing.T) {
	t.Parallel()
	id := BlobID([]byte("x"))
	tests := []struct {
		name string
		objects
		sha  string
		want string
	}{
		{"another commit than asked for", objects{}, "wrong c", "answered with"},
		{"content of another id", objects{tree: Tree{Entries: []TreeEntry{file("a", "x")}}, blobs: map[string][]byte{id: []byte("y")}}, "c", "has the id"},
		{"a blob that is gone", objects{tree: Tree{Entries: []TreeEntry{file("a", "x")}}}, "c", "not found"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := newReader(&tt.objects, &tt.objects).read(t.Context(), tt.sha)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
}

// TestATreeThatIsCutShortIsNoConfig, whatever the part that is listed holds.
func TestATreeThatIsCutShortIsNoConfig(t *testing.T) {
	t.Parallel()
	host := &objects{tree: Tree{Truncated: true, Entries: []TreeEntry{file("a", "x")}}}
	s, err := newReader(host, host).read(t.Context(), "c")
	if err != nil || !s.cut || s.invalid == nil || s.repo != nil || s.fsys != nil {
		t.Errorf("got %+v, %v", s, err)
	}
}

func TestStoredContentIsCheckedAndReadOnce(t *testing.T) {
	t.Parallel()
	good, bad := BlobID([]byte("good")), BlobID([]byte("bad"))
	o := &objects{
		blobs:  map[string][]byte{bad: []byte("bad")},
		stored: map[string][]byte{good: []byte("good"), bad: []byte("tampered with")},
	}
	r := newReader(o, o)
	for range 2 {
		for sha, want := range map[string]string{good: "good", bad: "bad"} {
			if got, err := r.blob(t.Context(), sha); err != nil || string(got) != want {
				t.Errorf("blob %q, %v, want %q", got, err, want)
			}
		}
	}
	if o.reads != 1 {
		t.Errorf("%d reads from GitHub, want 1", o.reads)
	}
}

func TestPushers(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	hana, yuki := &review.User{ID: 1002}, &review.User{ID: 1001}
	tests := []struct {
		name   string
		log    []Activity
		err    error
		merged bool
		want   []review.User
		known  bool
	}{
		{"each pusher once", []Activity{{"push", hana, noon}, {"push", yuki, noon}, {"branch_creation", hana, noon}}, nil, false, []review.User{*hana, *yuki}, true},
		{"force pushes and merges into the branch too", []Activity{{"force_push", hana, noon}, {"pr_merge", yuki, noon}}, nil, false, []review.User{*hana, *yuki}, true},
		{"who deleted the branch did not push", []Activity{{"push", hana, noon}, {"branch_deletion", yuki, noon}}, nil, false, []review.User{*hana}, true},
		{"who pushed after the merge changed nothing merged", []Activity{{"push", hana, noon}, {"branch_creation", yuki, noon.Add(time.Second)}}, nil, true, []review.User{*hana}, true},
		{"who pushed in the second of the merge counts", []Activity{{"push", hana, noon}}, nil, true, []review.User{*hana}, true},
		{"an actor who is not named", []Activity{{"push", hana, noon}, {"push", nil, noon}}, nil, false, []review.User{*hana}, false},
		{"nothing at all", nil, nil, false, nil, false},
		{"no activity log", nil, ErrNotFound, false, nil, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			g := &Gitops{host: &objects{log: tt.log, err: tt.err}}
			p := &Pull{HeadRef: "topic"}
			if tt.merged {
				p.MergedAt = noon
			}
			got, known, err := g.pushers(t.Context(), p)
			if diff := cmp.Diff(tt.want, got); err != nil || known != tt.known || diff != "" {
				t.Errorf("known %v, %v (-want +got):\n%s", known, err, diff)
			}
		})
	}
	if _, _, err := (&Gitops{host: &objects{err: errors.New("no connection")}}).pushers(t.Context(), &Pull{}); err == nil {
		t.Error("a read that failed is no error")
	}
}

func TestFilesInMemoryAreAFileSystem(t *testing.T) {
	t.Parallel()
	m := memFS{"a.yaml": []byte("a"), "groups/b.yaml": []byte("bb"), "groups/deep/c.yaml": {}}
	if err := fstest.TestFS(m, "a.yaml", "groups/b.yaml", "groups/deep/c.yaml"); err != nil {
		t.Error(err)
	}
	other := m.with("a.yaml", nil).with("d", []byte("d"))
	if _, err := fs.Stat(other, "a.yaml"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that was taken out: %v", err)
	}
	if _, err := fs.Stat(m, "d"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file system that was copied from has changed: %v", err)
	}
}

func TestTheCacheDropsWhatWasUsedLongestAgo(t *testing.T) {
	t.Parallel()
	c := newLRU[string](3)
	c.put("a", "A", 1)
	c.put("b", "B", 1)
	c.put("c", "C", 1)
	c.get("a")
	c.put("d", "D", 1)
	c.put("big", "BIG", 4)
	for key, want := range map[string]bool{"a": true, "b": false, "c": true, "d": true, "big": false} {
		if _, ok := c.get(key); ok != want {
			t.Errorf("%s is kept: %v, want %v", key, ok, want)
		}
	}
}
