package gitobj

import (
	"bytes"
	"errors"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// git runs the real git in dir, or skips where there is none.
func git(t *testing.T, dir, stdin string, args ...string) string {
	t.Helper()
	bin, err := exec.LookPath("git")
	if err != nil {
		t.Skip("no git binary here to compare ids with")
	}
	cmd := exec.CommandContext(t.Context(), bin, args...)
	cmd.Dir, cmd.Stdin = dir, strings.NewReader(stdin)
	cmd.Env = []string{
		"HOME=" + dir, "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=Yuki Tanaka", "GIT_AUTHOR_EMAIL=yuki@example.com", "GIT_AUTHOR_DATE=1790000000 +0900",
		"GIT_COMMITTER_NAME=GitHub", "GIT_COMMITTER_EMAIL=noreply@github.com", "GIT_COMMITTER_DATE=1790000001 +0000",
	}
	out, err := cmd.CombinedOutput()
	if err != nil && args[0] != "merge-file" {
		t.Fatalf("git %v: %v: %s", args, err, out)
	}
	return strings.TrimSuffix(string(out), "\n")
}

func TestIDsAreThoseOfGit(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	git(t, dir, "", "init", "-q")
	s := NewStore()
	contents := map[string]string{"empty": "", "text": "hello\n", "noeol": "x", "binary": "a\x00b", "utf8": "受け入れ\n"}
	for name, text := range contents {
		if got, want := s.PutBlob([]byte(text)), git(t, dir, text, "hash-object", "-w", "--stdin"); string(got) != want {
			t.Errorf("blob %s: got %s, want %s", name, got, want)
		}
	}
	blob := s.PutBlob([]byte("hello\n"))
	empty, err := s.PutTree(nil)
	if err != nil || string(empty) != git(t, dir, "", "mktree") {
		t.Errorf("empty tree: %s, %v", empty, err)
	}
	sub := put(t, s, map[string]*Node{"x": {File, blob}})
	mod := strings.Repeat("12", 20) // a commit of some other repository
	entries := []Entry{
		{"a", Dir, sub}, {"a.txt", File, blob}, {"a-b", Executable, blob}, {"a0", Symlink, blob}, {"Z", File, blob}, {"mod", Submodule, ID(mod)},
	}
	git(t, dir, "100644 blob "+string(blob)+"\tx\n", "mktree")
	var in strings.Builder
	for _, e := range entries {
		in.WriteString(string(e.Mode) + " " + e.Mode.Kind() + " " + string(e.ID) + "\t" + e.Name + "\n")
	}
	tree, err := s.PutTree(entries)
	if err != nil {
		t.Fatal(err)
	}
	if want := git(t, dir, in.String(), "mktree", "--missing"); string(tree) != want {
		t.Errorf("tree: got %s, want %s", tree, want)
	}
	root := putCommit(t, s, tree)
	if want := git(t, dir, "why\n\nbody\n", "commit-tree", string(tree)); string(root) != want {
		t.Errorf("root commit: got %s, want %s", root, want)
	}
	merge := putCommit(t, s, empty, root, putCommit(t, s, empty, root))
	want := git(t, dir, "why\n\nbody\n", "commit-tree", string(empty), "-p", string(root), "-p",
		git(t, dir, "why\n\nbody\n", "commit-tree", string(empty), "-p", string(root)))
	if string(merge) != want {
		t.Errorf("merge commit: got %s, want %s", merge, want)
	}
}

func putCommit(t *testing.T, s *Store, tree ID, parents ...ID) ID {
	t.Helper()
	id, err := s.PutCommit(Commit{
		Tree: tree, Parents: parents, Message: "why\n\nbody\n",
		Author:    Signature{"Yuki Tanaka", "yuki@example.com", time.Unix(1790000000, 0).In(time.FixedZone("", 9*3600))},
		Committer: Signature{"GitHub", "noreply@github.com", time.Unix(1790000001, 0).UTC()},
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func put(t *testing.T, s *Store, files map[string]*Node) ID {
	t.Helper()
	id, err := s.Update("", files)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// texts makes a tree out of path and content pairs.
func texts(t *testing.T, s *Store, pairs ...string) ID {
	t.Helper()
	files := map[string]*Node{}
	for i := 0; i < len(pairs); i += 2 {
		files[pairs[i]] = &Node{File, s.PutBlob([]byte(pairs[i+1]))}
	}
	return put(t, s, files)
}

func TestUpdateAndDiffAreEachOthersReverse(t *testing.T) {
	t.Parallel()
	s := NewStore()
	a := texts(t, s, "README", "r", "accounts/x.yaml", "1", "accounts/y.yaml", "2", "deep/er/z", "3")
	b := texts(t, s, "README", "r", "accounts/x.yaml", "changed", "deep/er", "now a file", "new/dir/n", "4")
	changes, err := s.Diff(a, b)
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	updates := map[string]*Node{}
	for _, c := range changes {
		paths = append(paths, c.Path)
		updates[c.Path] = c.New
	}
	if diff := cmp.Diff([]string{"accounts/x.yaml", "accounts/y.yaml", "deep/er", "deep/er/z", "new/dir/n"}, paths); diff != "" {
		t.Error(diff)
	}
	if got, err := s.Update(a, updates); err != nil || got != b {
		t.Errorf("update: got %s, %v, want %s", got, err, b)
	}
}

func TestObjectsThatCannotBeAreRefused(t *testing.T) {
	t.Parallel()
	s := NewStore()
	blob := s.PutBlob([]byte("x"))
	base := texts(t, s, "dir/f", "1", "file", "2")
	tests := []struct {
		name    string
		changes map[string]*Node
		want    error
	}{
		{"dot dot", map[string]*Node{"a/../b": {File, blob}}, ErrInvalid},
		{"dot git", map[string]*Node{".GIT/config": {File, blob}}, ErrInvalid},
		{"empty element", map[string]*Node{"a//b": {File, blob}}, ErrInvalid},
		{"unknown mode", map[string]*Node{"a": {"100600", blob}}, ErrInvalid},
		{"missing blob", map[string]*Node{"a": {File, Zero}}, ErrNotFound},
		{"file over directory", map[string]*Node{"dir": {File, blob}}, ErrInvalid},
		{"directory over file", map[string]*Node{"file/x": {File, blob}}, ErrInvalid},
	}
	for _, tc := range tests {
		if _, err := s.Update(base, tc.changes); !errors.Is(err, tc.want) {
			t.Errorf("%s: got %v, want %v", tc.name, err, tc.want)
		}
	}
	if _, err := s.PutCommit(Commit{Tree: Zero}); !errors.Is(err, ErrNotFound) {
		t.Errorf("commit without a tree: %v", err)
	}
	if _, err := s.PutTree([]Entry{{"a", File, blob}, {"a", File, blob}}); !errors.Is(err, ErrInvalid) {
		t.Errorf("twice the same name: %v", err)
	}
}

func TestHistory(t *testing.T) {
	t.Parallel()
	s := NewStore()
	tree := func(n string) ID { return texts(t, s, "f", n) }
	root := putCommit(t, s, tree("0"))
	a1 := putCommit(t, s, tree("a1"), root)
	a2 := putCommit(t, s, tree("a2"), a1)
	b1 := putCommit(t, s, tree("b1"), root)
	m := putCommit(t, s, tree("m"), a2, b1)
	b2 := putCommit(t, s, tree("b2"), b1)
	other := putCommit(t, s, tree("other"))
	if got, err := s.MergeBase(m, b2); err != nil || got != b1 {
		t.Errorf("merge base: %s, %v", got, err)
	}
	if _, err := s.MergeBase(m, other); !errors.Is(err, ErrNotFound) {
		t.Errorf("unrelated: %v", err)
	}
	log, err := s.Log(m, "")
	if diff := cmp.Diff([]ID{m, b1, a2, a1, root}, log); diff != "" || err != nil {
		t.Error(diff, err)
	}
	log, err = s.Log(b2, m)
	if diff := cmp.Diff([]ID{b2}, log); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if diff := cmp.Diff([]ID{m, a2, a1, root}, s.FirstParents(m)); diff != "" {
		t.Error(diff)
	}
	if !s.IsAncestor(b1, m) || s.IsAncestor(m, b1) || !s.IsAncestor(m, m) {
		t.Error("ancestry is wrong")
	}
}

func TestMergeOfTrees(t *testing.T) {
	t.Parallel()
	const text = "1\n2\n3\n4\n5\n6\n"
	tests := []struct {
		name                     string
		base, ours, theirs, want []string
		conflicts                []string
	}{
		{name: "different files", base: []string{"a", "1"}, ours: []string{"a", "1", "b", "2"}, theirs: []string{"a", "9"}, want: []string{"a", "9", "b", "2"}},
		{name: "same change twice", base: []string{"a", "1"}, ours: []string{"a", "2"}, theirs: []string{"a", "2"}, want: []string{"a", "2"}},
		{name: "different lines", base: []string{"a", text}, ours: []string{"a", "0\n" + text}, theirs: []string{"a", text + "7\n"}, want: []string{"a", "0\n" + text + "7\n"}},
		{name: "same line", base: []string{"a", text}, ours: []string{"a", "x\n2\n3\n"}, theirs: []string{"a", "y\n2\n3\n"}, conflicts: []string{"a"}},
		{name: "neighbouring lines", base: []string{"a", text}, ours: []string{"a", "1\n2\nx\n4\n5\n6\n"}, theirs: []string{"a", "1\n2\n3\nx\n5\n6\n"}, conflicts: []string{"a"}},
		{name: "changed and removed", base: []string{"a", "1", "b", "1"}, ours: []string{"a", "2", "b", "1"}, theirs: []string{"b", "1"}, conflicts: []string{"a"}},
		{name: "removed by both", base: []string{"a", "1", "b", "1"}, ours: []string{"b", "1"}, theirs: []string{"b", "1"}, want: []string{"b", "1"}},
		{name: "added by both", base: []string{"b", "1"}, ours: []string{"a", "1\n", "b", "1"}, theirs: []string{"a", "2\n", "b", "1"}, conflicts: []string{"a"}},
		{name: "file against directory", base: []string{"b", "1"}, ours: []string{"a", "1", "b", "1"}, theirs: []string{"a/x", "2", "b", "1"}, conflicts: []string{"a/x"}},
		{name: "binary", base: []string{"a", "\x001\n2\n3\n4\n"}, ours: []string{"a", "\x000\n2\n3\n4\n"}, theirs: []string{"a", "\x001\n2\n3\n5\n"}, conflicts: []string{"a"}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := NewStore()
			got, conflicts, err := s.Merge(texts(t, s, tc.base...), texts(t, s, tc.ours...), texts(t, s, tc.theirs...))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.conflicts, conflicts); diff != "" {
				t.Error(diff)
			}
			if tc.conflicts == nil && got != texts(t, s, tc.want...) {
				t.Errorf("merged tree is not %v", tc.want)
			}
		})
	}
}

func TestPatchIsWhatGitPrints(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("line\n", 3) + "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n"
	tests := []struct{ a, b string }{
		{"", "new\n"},
		{"old\n", ""},
		{"same\nold\n", "same\nnew"},
		{long, "first\n" + strings.Replace(long, "h\n", "H\nHH\n", 1)},
		{long + long + long, long + strings.ToUpper(long) + long},
	}
	for _, tc := range tests {
		dir := t.TempDir()
		for name, text := range map[string]string{"a": tc.a, "b": tc.b} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		got, _, _ := Patch([]byte(tc.a), []byte(tc.b))
		out := gitDiff(t, dir)
		_, want, _ := strings.Cut(out, "+++ b/b\n")
		want = stripHeadings(want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q to %q:\n%s", tc.a, tc.b, diff)
		}
	}
}

func gitDiff(t *testing.T, dir string) string {
	t.Helper()
	bin, err := exec.LookPath("git")
	if err != nil {
		t.Skip("no git binary here to compare patches with")
	}
	cmd := exec.CommandContext(t.Context(), bin, "diff", "--no-index", "--no-color", "--diff-algorithm=minimal", "--no-indent-heuristic", "a", "b")
	cmd.Dir, cmd.Env = dir, []string{"HOME=" + dir}
	var out bytes.Buffer
	cmd.Stdout = &out
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 1) {
		t.Fatal(err)
	}
	return out.String()
}

// stripHeadings cuts the guessed function name off the hunk headers.
func stripHeadings(s string) string {
	ls := strings.SplitAfter(s, "\n")
	for i, l := range ls {
		if strings.HasPrefix(l, "@@ ") {
			ls[i] = l[:strings.LastIndex(l, "@@")+2] + "\n"
		}
	}
	return strings.Join(ls, "")
}

// FuzzMergeText holds what any merge must keep: merging with an unchanged
// side gives the other side, the sides may be swapped, and the patch counts
// what it prints.
func FuzzMergeText(f *testing.F) {
	f.Add("1\n2\n3\n", "0\n1\n2\n3\n", "1\n2\n3\n4\n")
	f.Add("", "a", "a\n")
	f.Add("x\n\nx\n", "\n\n", "x\nx")
	f.Fuzz(func(t *testing.T, base, ours, theirs string) {
		o, a, b := []byte(base), []byte(ours), []byte(theirs)
		if Binary(o) || Binary(a) || Binary(b) {
			t.Skip()
		}
		if got, ok := MergeText(o, a, o); !ok || string(got) != ours {
			t.Errorf("unchanged theirs: %q, %v", got, ok)
		}
		if got, ok := MergeText(o, o, b); !ok || string(got) != theirs {
			t.Errorf("unchanged ours: %q, %v", got, ok)
		}
		x, okX := MergeText(o, a, b)
		y, okY := MergeText(o, b, a)
		if okX != okY || !bytes.Equal(x, y) {
			t.Errorf("swapped sides differ: %q %v, %q %v", x, okX, y, okY)
		}
		if _, added, removed := Patch(o, a); len(lines(a))-len(lines(o)) != added-removed {
			t.Errorf("patch of %q to %q: +%d -%d", base, ours, added, removed)
		}
	})
}

// TestHistoryOfRandomGraphs compares the walks, which stop early, with the
// definitions they stand for.
func TestHistoryOfRandomGraphs(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a test wants the same graphs each time
	for range 50 {
		s := NewStore()
		var ids []ID
		for i := range 25 {
			var parents []ID
			for range min(i, rng.IntN(3)) {
				if p := ids[rng.IntN(len(ids))]; !slices.Contains(parents, p) {
					parents = append(parents, p)
				}
			}
			ids = append(ids, putCommit(t, s, texts(t, s, "f", strconv.Itoa(i)), parents...))
		}
		a, b := ids[24], ids[rng.IntN(24)]
		ofA, ofB := reach(s, a), reach(s, b)
		log, err := s.Log(a, b)
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range ids {
			if got, want := slices.Contains(log, id), ofA[id] && !ofB[id]; got != want {
				t.Errorf("log: %v, want %v", got, want)
			}
			if got := s.IsAncestor(id, a); got != ofA[id] {
				t.Errorf("ancestor: %v, want %v", got, ofA[id])
			}
		}
		base, err := s.MergeBase(a, b)
		if err == nil != slices.ContainsFunc(ids, func(id ID) bool { return ofA[id] && ofB[id] }) {
			t.Errorf("merge base: %v", err)
		}
		for _, id := range ids {
			if err == nil && id != base && ofA[id] && ofB[id] && reach(s, id)[base] {
				t.Errorf("merge base %s is not the best: %s has it", base, id)
			}
		}
	}
}

func reach(s *Store, id ID) map[ID]bool {
	out := map[ID]bool{id: true}
	for _, p := range s.commits[id].Parents {
		maps.Copy(out, reach(s, p))
	}
	return out
}
