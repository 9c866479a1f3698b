package review

import (
	"io/fs"
	"maps"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/config/example"
)

// The people of the example: Entra ids and GitHub accounts.
const (
	entra     = "3c1d9a70-0000-4000-8000-0000000000"
	hanaEntra = entra + "21"
	yukiEntra = entra + "22"
	kenEntra  = entra + "23"
	taroEntra = entra + "25"

	devGroup   = "0b7e3f4c-0000-4000-8000-000000000011"
	adminGroup = "0b7e3f4c-0000-4000-8000-000000000012"
	glassGroup = "0b7e3f4c-0000-4000-8000-000000000013"

	head  = "1111111111111111111111111111111111111111"
	stale = "2222222222222222222222222222222222222222"
)

var (
	yuki     = User{ID: 1001, Login: "yuki-lead"}
	hana     = User{ID: 1002, Login: "hana-dev"}
	ken      = User{ID: 1003, Login: "ken-platform"}
	mio      = User{ID: 1004, Login: "mio-sec"}
	taro     = User{ID: 1005, Login: "taro-data"}
	lena     = User{ID: 1006, Login: "lena-platform"}
	stranger = User{ID: 4711, Login: "stranger"}
	robot    = User{ID: 1001, Login: "yuki-lead", Bot: true}

	noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
)

// tree is a config repo as text by path.
type tree map[string]string

// example reads the example config repo.
func exampleTree(t *testing.T) tree {
	t.Helper()
	out := tree{}
	err := fs.WalkDir(example.FS(), ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(example.FS(), p)
		out[p] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// with returns a copy in which text of a file is replaced once.
func (tr tree) with(t *testing.T, path, old, now string) tree {
	t.Helper()
	if !strings.Contains(tr[path], old) {
		t.Fatalf("%s does not contain %q", path, old)
	}
	out := maps.Clone(tr)
	out[path] = strings.Replace(tr[path], old, now, 1)
	return out
}

// plus returns a copy with a file that has other content; "" takes it out.
func (tr tree) plus(path, content string) tree {
	out := maps.Clone(tr)
	if out[path] = content; content == "" {
		delete(out, path)
	}
	return out
}

func (tr tree) repo(t *testing.T) *config.Repo {
	t.Helper()
	fsys := fstest.MapFS{}
	for p, s := range tr {
		fsys[p] = &fstest.MapFile{Data: []byte(s)}
	}
	r, err := config.Load(fsys)
	if err != nil {
		t.Fatalf("load: %v", err)
	}
	return r
}

// grant adds lines at the end of a group's or user's access list.
func (tr tree) grant(path, lines string) tree {
	out := maps.Clone(tr)
	out[path] = strings.TrimRight(tr[path], "\n") + "\n" + lines
	return out
}

const (
	devFile   = "groups/aws-payments-dev.yaml"
	devGrant  = "  - account: payments-dev\n    permission_set: PowerUserAccess\n    duration: 4h\n    reason: looking\n"
	devAsked  = devGrant + "    request: REQ-7F3K2Q\n"
	prodAdmin = "  - account: payments-prod\n    permission_set: AdministratorAccess\n    duration: 4h\n    reason: incident\n"
)

func approved(u User) Review {
	return Review{User: u, State: Approved, Commit: head, At: noon.Add(-time.Hour)}
}

// input is a bot pull request of Hana from base to head that nobody reviewed.
func input(t *testing.T, base, after tree, reviews ...Review) Input {
	t.Helper()
	b, h := base.repo(t), after.repo(t)
	return Input{
		Base: b, Head: h, Change: config.Compare(b, h, nil, noon), Start: noon,
		Request: &Request{ID: "REQ-7F3K2Q", Kind: Grant, Requester: hanaEntra}, PushersKnown: true,
		Reviews: reviews, HeadSHA: head, MergedAt: noon,
		Teams: map[string][]int64{"security": {1004}, "platform": {1003, 1006}, "payments-leads": {}},
		Members: map[string][]string{
			devGroup: {hanaEntra}, adminGroup: {}, glassGroup: {},
		},
	}
}

// byHand makes an input one of a pull request written by hand.
func byHand(in Input, author User) Input {
	in.Request = nil
	in.Author = author
	in.Pushers = []User{author}
	return in
}
