package audience

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/config/example"
	"aws-access-bot/internal/access"

	"github.com/google/go-cmp/cmp"
)

const (
	devGroup = "0b7e3f4c-0000-4000-8000-000000000011"
	request  = access.ID("REQ-000001")
)

var start = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// standing is an assignment that the example config has without an end.
func standing() config.Assignment {
	return config.Assignment{Principal: config.Principal{Kind: config.GroupPrincipal, ID: devGroup}, Account: "111122223333", PermissionSet: "ReadOnlyAccess"}
}

// memory is everything around a watch.
type memory struct {
	repo    *config.Repo
	kept    []Kept
	members map[string][]string
	fail    map[string]error // by group
	saveErr error
	known   bool // whether the request is
	told    map[string]access.Notice
	saves   int
	reads   atomic.Int64
	now     time.Time
}

func (m *memory) Kept(context.Context) ([]Kept, error) { return slices.Clone(m.kept), nil }

func (m *memory) SaveGrowth(_ context.Context, a config.Assignment, commit string, g *Growth) error {
	if m.saveErr != nil {
		return m.saveErr
	}
	for i := range m.kept {
		if m.kept[i].Assignment == a && m.kept[i].Commit == commit {
			m.kept[i].Growth = g
			m.saves++
		}
	}
	return nil
}

func (m *memory) DirectMembers(_ context.Context, group string) ([]access.Entrant, error) {
	m.reads.Add(1)
	var out []access.Entrant
	for _, id := range m.members[group] {
		out = append(out, access.Entrant{Person: access.Person{Entra: id, Name: "N " + id, Email: id + "@example.com"}, Enabled: true})
	}
	return out, m.fail[group]
}

func (m *memory) InForce(context.Context) (access.InForce, error) {
	if m.repo == nil {
		return access.InForce{}, access.ErrNotFound
	}
	starts := config.NextStarts(nil, m.repo, nil, config.Start{MergedAt: start})
	return access.InForce{Commit: "c1", Repo: m.repo, Starts: starts}, nil
}

func (m *memory) Get(_ context.Context, id access.ID) (access.Request, error) {
	if !m.known {
		return access.Request{}, access.ErrNotFound
	}
	return access.Request{ID: id}, nil
}

func (m *memory) PutNotice(_ context.Context, n access.Notice) error {
	if _, ok := m.told[n.Key]; !ok {
		m.told[n.Key] = n
	}
	return nil
}

func newMemory(t *testing.T, kept ...Kept) *memory {
	t.Helper()
	repo, err := config.Load(example.FS())
	if err != nil {
		t.Fatal(err)
	}
	return &memory{repo: repo, kept: kept, members: map[string][]string{}, fail: map[string]error{}, known: true, told: map[string]access.Notice{}, now: start}
}

func (m *memory) watch() *Watch {
	return New(Ports{
		State: m, Directory: m, Commits: m, Requests: m, Notices: m, Now: func() time.Time { return m.now }, Log: slog.New(slog.DiscardHandler),
	}, time.Minute)
}

// look moves the clock and looks.
func (m *memory) look(t *testing.T) {
	t.Helper()
	m.now = m.now.Add(time.Minute)
	if err := m.watch().Look(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func approved() Kept {
	return Kept{
		Assignment: standing(), Commit: "c1", Pull: 7, Request: request, At: start,
		Members: []string{"a", "b"}, Approvers: []string{"yuki"},
	}
}

func TestWhatIsGrowth(t *testing.T) {
	t.Parallel()
	limits := config.Limits{PeopleGrowthPercent: 20}
	many := func(n int) []string {
		var out []string
		for i := range n {
			out = append(out, fmt.Sprint("p", i))
		}
		return out
	}
	for name, x := range map[string]struct {
		kept Kept
		now  []string
		// over and joined are of what is found; nobody joined means nothing is.
		over   bool
		joined int
	}{
		"as it was":                              {approved(), []string{"a", "b"}, false, 0},
		"fewer":                                  {approved(), nil, false, 0},
		"three may always join":                  {approved(), []string{"a", "b", "c", "d", "e"}, false, 0},
		"a fourth may not":                       {approved(), []string{"a", "b", "c", "d", "e", "f"}, true, 4},
		"who left makes no room":                 {approved(), []string{"c", "d", "e", "f"}, true, 4},
		"a fifth of many may":                    {Kept{Members: many(100)}, many(120), false, 0},
		"and one more may not":                   {Kept{Members: many(100)}, many(121), true, 21},
		"nobody may where people are pinned":     {Kept{Members: []string{"a"}, Pinned: true}, []string{"a", "b"}, true, 1},
		"an approver is told of however few":     {approved(), []string{"a", "b", "yuki"}, false, 1},
		"an approver who was there did not join": {Kept{Members: []string{"yuki"}, Approvers: []string{"yuki"}}, []string{"yuki"}, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var now []access.Entrant
			for _, id := range x.now {
				now = append(now, access.Entrant{Person: access.Person{Entra: id}})
			}
			g := grown(&x.kept, limits, now, start)
			if (g != nil) != (x.joined > 0) {
				t.Fatalf("found %+v", g)
			}
			if g != nil && (g.Over != x.over || len(g.Joined) != x.joined || g.Now != len(x.now) || !g.At.Equal(start)) {
				t.Errorf("found %+v", g)
			}
		})
	}
}

// TestAGrowthIsToldOnce, again when somebody comes on top, and again when it
// had gone back.
func TestAGrowthIsToldOnce(t *testing.T) {
	t.Parallel()
	m := newMemory(t, approved())
	step := func(told int, members ...string) {
		t.Helper()
		m.members[devGroup] = members
		for range 2 {
			m.look(t)
		}
		if len(m.told) != told {
			t.Fatalf("with %v told %d times, want %d: %v", members, len(m.told), told, m.told)
		}
	}
	step(0, "a", "b", "c")
	step(1, "a", "b", "c", "d", "e", "f")
	step(1, "a", "b", "d", "e", "f", "c") // in another order
	step(1, "b", "c", "d", "e", "f")      // who left is no news
	step(2, "b", "c", "d", "e", "f", "g")
	step(3, "b", "c", "d", "e", "f", "g", "yuki")
	step(3, "a", "b")
	if m.kept[0].Growth != nil {
		t.Errorf("growth that went back is kept: %+v", m.kept[0].Growth)
	}
	step(4, "a", "b", "c", "d", "e", "f")
	step(5, "a", "b", "yuki")
	step(6, "a", "b", "yuki", "c", "d", "e")
	if m.reads.Load() != 20 {
		t.Errorf("%d reads in 20 looks", m.reads.Load())
	}
}

func TestTheNoticeNamesWhoJoinedAndWhoMayAct(t *testing.T) {
	t.Parallel()
	m := newMemory(t, approved())
	m.members[devGroup] = []string{"a", "b", "c", "d", "e", "yuki"}
	m.look(t)
	want := access.Notice{
		Key:     "people/111122223333/ReadOnlyAccess/group/" + devGroup + "/2026-11-20T12:01:00Z",
		Request: request, Kind: access.NoticeGrown, At: start.Add(time.Minute),
		Text: "aws-payments-dev (…00000011) of ReadOnlyAccess in payments-prod (…3333) has more people than were approved: 2 were shown to who approved " +
			"pull request #7, now there are 6. Since then joined: N c (c@example.com), N d (d@example.com), N e (e@example.com), N yuki (yuki@example.com). " +
			"Of these approved it: N yuki (yuki@example.com). They have this access. Whoever should not: take them out of the group in Entra, or have " +
			"the grant revoked; that is for the owners, yuki@example.com, team:payments-leads.",
	}
	if diff := cmp.Diff(map[string]access.Notice{want.Key: want}, m.told); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
	got, err := m.watch().Report(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	wantFinding := []Finding{{
		Assignment: standing().String(), Request: request, Pull: 7, Since: want.At, Joined: []string{"c", "d", "e", "yuki"}, Sentence: want.Text,
	}}
	if diff := cmp.Diff(wantFinding, got); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
}

func TestManyPeopleAreCounted(t *testing.T) {
	t.Parallel()
	m := newMemory(t, approved())
	for i := range 50 {
		m.members[devGroup] = append(m.members[devGroup], fmt.Sprintf("p%02d", i))
	}
	m.look(t)
	for _, n := range m.told {
		if !strings.Contains(n.Text, "N p19 (p19@example.com), and 30 more.") || strings.Contains(n.Text, "p20") {
			t.Errorf("told %q", n.Text)
		}
	}
}

func TestWhatPassedWithoutAnApprovalSaysSo(t *testing.T) {
	t.Parallel()
	k := approved()
	k.Approvers = nil
	m := newMemory(t, k)
	m.members[devGroup] = []string{"a", "b", "c", "d", "e", "f"}
	m.look(t)
	for _, n := range m.told {
		if !strings.Contains(n.Text, "more people than when pull request #7 was merged without an approval: 2 then, now there are 6.") {
			t.Errorf("told %q", n.Text)
		}
	}
	if len(m.told) != 1 {
		t.Errorf("told %v", m.told)
	}
}

// TestWithoutAThreadOperationsIsTold: of what a person wrote, and of a request
// that the state file does not have any more.
func TestWithoutAThreadOperationsIsTold(t *testing.T) {
	t.Parallel()
	written := approved()
	written.Request = ""
	for name, m := range map[string]*memory{"written by hand": newMemory(t, written), "forgotten": newMemory(t, approved())} {
		m.known = false
		m.members[devGroup] = []string{"yuki"}
		m.look(t)
		if len(m.told) != 1 {
			t.Errorf("%s: told %v", name, m.told)
		}
		for _, n := range m.told {
			if n.Kind != access.NoticeOps || n.Request != "" || !strings.Contains(n.Text, "has got somebody who approved it, in pull request #7.") {
				t.Errorf("%s: told %+v", name, n)
			}
		}
	}
}

// TestWhatIsNotDesiredIsNotWatched: an ended grant, or no commit in force.
func TestWhatIsNotDesiredIsNotWatched(t *testing.T) {
	t.Parallel()
	gone := approved()
	gone.Assignment.PermissionSet = "PowerUserAccess"
	m := newMemory(t, gone)
	m.members[devGroup] = []string{"yuki"}
	m.look(t)
	m.repo = nil
	m.look(t)
	if len(m.told) != 0 || m.reads.Load() != 0 {
		t.Errorf("told %v after %d reads", m.told, m.reads.Load())
	}
}

// TestAGroupThatCannotBeReadHoldsUpNoOther, and keeps what is known of it.
func TestAGroupThatCannotBeReadHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	other := approved()
	other.Assignment = config.Assignment{
		Principal: config.Principal{Kind: config.GroupPrincipal, ID: "0b7e3f4c-0000-4000-8000-000000000017"}, Account: "111122226666", PermissionSet: "ReadOnlyAccess",
	}
	known := approved()
	known.Growth = &Growth{At: start, Joined: []Joiner{{Person: access.Person{Entra: "c"}}}, Over: true, Now: 9}
	m := newMemory(t, known, other)
	broken := errors.New("503")
	m.fail[devGroup] = broken
	m.members[other.Assignment.Principal.ID] = []string{"yuki"}
	if err := m.watch().Look(t.Context()); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
	if m.kept[0].Growth != known.Growth || m.kept[1].Growth == nil || len(m.told) != 1 {
		t.Errorf("kept %+v, told %v", m.kept, m.told)
	}
	m.fail[devGroup] = access.ErrNotFound // a group that was deleted has nobody
	m.look(t)
	if m.kept[0].Growth != nil {
		t.Errorf("kept %+v", m.kept[0].Growth)
	}
}

func TestAGrowthThatIsNotStoredIsNotTold(t *testing.T) {
	t.Parallel()
	m := newMemory(t, approved())
	m.members[devGroup], m.saveErr = []string{"yuki"}, errors.New("disk full")
	if err := m.watch().Look(t.Context()); !errors.Is(err, m.saveErr) || len(m.told) != 0 {
		t.Errorf("error %v, told %v", err, m.told)
	}
	// Stored and not told, as in a crash: told by the next look.
	m.saveErr = nil
	m.look(t)
	m.told = map[string]access.Notice{}
	m.look(t)
	if len(m.told) != 1 || m.saves != 1 {
		t.Errorf("told %v after %d writes", m.told, m.saves)
	}
}

func TestLooksAreRepeatedWhateverFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMemory(t, approved())
		m.fail[devGroup] = errors.New("503")
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- m.watch().Run(ctx) }()
		for want := int64(1); want <= 3; want++ {
			synctest.Wait()
			if got := m.reads.Load(); got != want {
				t.Errorf("%d reads, want %d", got, want)
			}
			time.Sleep(time.Minute)
		}
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("ended with %v", err)
		}
	})
}
