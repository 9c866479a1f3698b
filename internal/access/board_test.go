package access

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"context"

	"aws-access-bot/config"

	"github.com/google/go-cmp/cmp"
)

// migrating is a repo in a phase with two legacy accounts, one that is run from
// it, one that was invited, and one that is stopped.
func migrating(p config.Phase) *config.Repo {
	owner := []config.ApproverRef{{Kind: config.ApproverEmail, Name: "yuki@example.com"}, {Kind: config.ApproverTeam, Name: "payments"}}
	acc := func(slug, id string, stage config.Stage) *config.Account {
		return &config.Account{Slug: slug, ID: id, Name: slug, Stage: stage, OU: "/Workloads", Owners: owner}
	}
	repo := &config.Repo{Accounts: map[string]*config.Account{
		"crm":     acc("crm", "333344441111", config.StageLegacy),
		"billing": acc("billing", "333344442222", config.StageLegacy),
		"pay":     acc("pay", "111122223333", config.StageSSO),
		"shop":    acc("shop", "111122224444", config.StageSSO),
		"lab":     acc("lab", "111122225555", config.StageSSO),
	}}
	repo.Access.Phase, repo.Access.Drift, repo.Access.ManagementAccount = p, config.DriftReport, "999999999999"
	return repo
}

func estate() *EstateView {
	return &EstateView{
		At: at(0), Features: AllFeatures,
		Members: []EstateAccount{
			{ID: "111122223333", Name: "pay", Member: true, State: "ACTIVE"},
			{ID: "333344441111", Name: "crm", Member: true, State: "ACTIVE"},
			{ID: "333344442222", Name: "billing", Member: true, State: "ACTIVE"},
			{ID: "777788889999", Name: "made-elsewhere", Member: true, State: "ACTIVE", OU: "/", Joined: at(-3 * 24 * 60)},
			{ID: "777788880000", Name: "closed", Member: true, State: "CLOSED", OU: "/"},
			{ID: "777788881111", Name: "suspended", Member: true, State: "SUSPENDED", OU: "/"},
			{ID: "999999999999", Name: "management", Member: true, State: "ACTIVE"},
		},
		Handshakes: []Handshake{
			{ID: "h-1", Account: "111122224444", Action: "INVITE", State: "OPEN", Expires: at(60)},
			{ID: "h-2", Account: "555500001111", Action: "INVITE", State: "DECLINED"},
		},
		IAM: map[string]IAMUsers{"333344441111": {Total: 6, UsedThisWeek: 2}, "777788889999": {Trouble: "no such role"}},
	}
}

// codes lists the lines of a result by code and the account they name.
func codes(lines []PreflightLine, r PreflightResult) []string {
	var out []string
	for _, l := range lines {
		if l.Result == r {
			out = append(out, l.Code)
		}
	}
	return out
}

func TestAheadNamesEveryBlocker(t *testing.T) {
	t.Parallel()
	lines := Ahead(migrating(config.Grow), config.Consolidated, Live{View: estate(), Undeclared: 3, Counted: true})
	want := []string{AheadLegacy, AheadLegacy, AheadUnfiled, AheadUnfiled, AheadOutside, AheadOutside, AheadInvitations}
	if diff := cmp.Diff(want, codes(lines, PreflightBlock)); diff != "" {
		t.Errorf("blockers (-want +got):\n%s", diff)
	}
	var text strings.Builder
	for _, l := range lines {
		fmt.Fprintln(&text, l.Result, l.Sentence, l.Mend)
		if l.Result == PreflightBlock && l.Mend == "" {
			t.Errorf("no mend: %s", l.Sentence)
		}
	}
	for _, want := range []string{
		"crm (333344441111)", "billing (333344442222)", "yuki@example.com, team:payments", "/aws-onboard 333344441111",
		"made-elsewhere (777788889999)", "shop (111122224444)", "h-1", "by any commit: 3 assignments.", "note closed (777788880000)",
		"block suspended (777788881111)", "comes back once its owner, signed in as root",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("%q is not named in\n%s", want, text.String())
		}
	}
	for _, no := range []string{"h-2", "999999999999"} {
		if strings.Contains(text.String(), no) {
			t.Errorf("%q is named in\n%s", no, text.String())
		}
	}
}

// TestAheadByPhaseAndFeatures: what blocks one phase is no matter in another.
func TestAheadByPhaseAndFeatures(t *testing.T) {
	t.Parallel()
	billing := estate()
	billing.Features = ConsolidatedBilling
	billing.Handshakes = []Handshake{{ID: "h-9", Account: "333344441111", Action: "ENABLE_ALL_FEATURES", State: "REQUESTED"}}
	ready := estate()
	ready.Features, ready.Handshakes = ConsolidatedBilling, []Handshake{{ID: "h-9", Action: "APPROVE_ALL_FEATURES", State: "OPEN"}}
	for _, c := range []struct {
		name  string
		to    config.Phase
		live  Live
		block []string
		says  string
	}{
		{"members without a file only wait in phase 2", config.Grow, Live{View: estate()}, nil, "made-elsewhere"},
		{"consolidated billing blocks invitations", config.Grow, Live{View: billing}, []string{AheadFeatures}, "Waiting for the answer of crm (333344441111)."},
		{"everybody agreed", config.Grow, Live{View: ready}, []string{AheadFeatures}, "Everybody has agreed"},
		{"nothing was read", config.Grow, Live{Trouble: "AWS does not answer."}, nil, "AWS does not answer."},
		{"phase 1 asks for nothing", config.Pilot, Live{View: billing}, nil, ""},
	} {
		lines := Ahead(migrating(config.Pilot), c.to, c.live)
		if diff := cmp.Diff(c.block, codes(lines, PreflightBlock)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
		if text := fmt.Sprint(lines); !strings.Contains(text, c.says) {
			t.Errorf("%s: %q is not said in %s", c.name, c.says, text)
		}
	}
	if got := codes(Ahead(migrating(config.Grow), config.Consolidated, Live{}), PreflightUnknown); !slices.Equal(got, []string{AheadUnread, AheadUndeclared}) {
		t.Errorf("unknown without a look: %v", got)
	}
	revert := migrating(config.Grow)
	revert.Access.Drift = config.DriftRevert
	if text := fmt.Sprint(Ahead(revert, config.Consolidated, Live{Undeclared: 1, Counted: true})); !strings.Contains(text, "the bot removes such in this phase") {
		t.Errorf("what drift: revert does is not said in %s", text)
	}
}

// TestAheadNamesWhomTheStepInvites: who approves phase 2 approves the invitations
// of what waits outside for it, and reads of each.
func TestAheadNamesWhomTheStepInvites(t *testing.T) {
	t.Parallel()
	invited := func(to config.Phase, live Live) (names []string, said string) {
		for _, l := range Ahead(migrating(config.Pilot), to, live) {
			if l.Code == AheadInvited {
				said += string(l.Result) + ": " + l.Sentence
				if l.Result == PreflightNote {
					names = append(names, l.Sentence[len("Merging this invites "):strings.Index(l.Sentence, " into")])
				}
			}
		}
		return names, said
	}
	waits := map[string]*OnboardFacts{
		"111122224444": {Listed: true, Trouble: "It is outside, and phase 1 invites nobody.", TroubleCode: "phase"},
		"111122225555": {Listed: true},
	}
	live := func(change func(map[string]*OnboardFacts)) Live {
		facts := maps.Clone(waits)
		if change != nil {
			change(facts)
		}
		return Live{View: estate(), Onboarding: facts}
	}
	for _, tc := range []struct {
		name string
		to   config.Phase
		live Live
		want []string
	}{
		{"what waits", config.Grow, live(nil), []string{"shop (…4444)"}},
		{"what this change adds", config.Grow, live(func(m map[string]*OnboardFacts) { delete(m, "111122225555") }), []string{"lab (…5555)", "shop (…4444)"}},
		{"what has an open invitation", config.Grow, live(func(m map[string]*OnboardFacts) { m["111122224444"] = &OnboardFacts{Invited: at(1), Expect: "…"} }), nil},
		{"what declined", config.Grow, live(func(m map[string]*OnboardFacts) { m["111122224444"] = &OnboardFacts{Stopped: "It was declined."} }), nil},
		{"the step after", config.Consolidated, live(nil), nil},
		{"nothing is recorded", config.Grow, Live{View: estate()}, nil},
		{"nothing was read", config.Grow, Live{Onboarding: waits}, nil},
	} {
		got, said := invited(tc.to, tc.live)
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.name, diff)
		}
		if quiet := tc.to != config.Grow || tc.live.View == nil || tc.live.Onboarding == nil; quiet != (said == "") {
			t.Errorf("%s: said %q", tc.name, said)
		}
	}
	if _, said := invited(config.Grow, live(nil)); !strings.Contains(said, "Its owners are ") {
		t.Errorf("whose it is: %q", said)
	}
}

func TestBoard(t *testing.T) {
	t.Parallel()
	now := at(10 * 24 * 60)
	facts := map[string]*OnboardFacts{
		"111122224444": {Listed: true, Invited: at(24 * 60), Expect: "Waiting for its owner."},
		"111122225555": {Listed: true, Invited: at(60), Stopped: "The invitation was declined.", StoppedCode: "declined"},
	}
	b := NewBoard(InForce{Commit: "c1", Repo: migrating(config.Grow)}, Live{View: estate(), Onboarding: facts}, now)
	var got []string
	for _, a := range b.Accounts {
		got = append(got, fmt.Sprintf("%s %s %d %s", a.Name, a.Step, a.Days, a.Blocker))
	}
	want := []string{
		"lab stopped 9 The invitation was declined.",
		"billing legacy -1 ", "crm legacy -1 ",
		"made-elsewhere waiting 13 It has no account file, and waits for onboarding.",
		"closed waiting -1 It is CLOSED in AWS; nothing needs to be done.",
		"suspended waiting -1 It has no account file, and AWS has suspended it. It comes back once its owner, signed in as root, has mended the reason that stands under Billing, or AWS Support has.",
		"shop invited 9 Waiting for its owner.",
		"pay in -1 ",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("accounts (-want +got):\n%s", diff)
	}
	if b.Total != 7 || b.Steps[BoardWaiting] != 2 || b.In != 1 || b.Next != config.Consolidated || b.IAMUsers != 6 || b.IAMCounted != 1 || len(b.Handshakes) != 1 || !b.Looked.Equal(at(0)) {
		t.Errorf("board %+v", b)
	}
	var ready []string
	for _, a := range b.Accounts {
		if a.Ready {
			ready = append(ready, a.Name)
		}
	}
	if !slices.Equal(ready, []string{"made-elsewhere"}) {
		t.Errorf("can be asked for: %v", ready)
	}
	if again := NewBoard(InForce{Commit: "c1", Repo: migrating(config.Grow)}, Live{View: estate(), Onboarding: facts}, now); !cmp.Equal(b, again) {
		t.Errorf("not the same twice:\n%s", cmp.Diff(b, again))
	}
	last := NewBoard(InForce{Repo: migrating(config.Consolidated)}, Live{}, now)
	if last.Next != 0 || last.Ahead != nil || !last.Looked.IsZero() {
		t.Errorf("in the last phase: %+v", last)
	}
}

// TestTheBoardSaysSinceWhenAnAccountIsGone: leaving is the last step it made.
func TestTheBoardSaysSinceWhenAnAccountIsGone(t *testing.T) {
	t.Parallel()
	facts := map[string]*OnboardFacts{"111122223333": {Listed: true, Left: at(8 * 24 * 60), Stopped: "It left.", StoppedCode: "left"}}
	b := NewBoard(InForce{Repo: migrating(config.Grow)}, Live{Onboarding: facts}, at(10*24*60))
	if a := b.Accounts[0]; a.Name != "pay" || a.Step != BoardStopped || a.Days != 2 {
		t.Errorf("%+v", a)
	}
}

// TestBoardSteps: how far an account is, by what is recorded and what was read.
func TestBoardSteps(t *testing.T) {
	t.Parallel()
	sso := &config.Account{ID: "1", Stage: config.StageSSO}
	member := &EstateView{Members: []EstateAccount{{ID: "1", State: "ACTIVE"}}}
	for _, c := range []struct {
		name string
		view *EstateView
		f    *OnboardFacts
		want BoardStep
	}{
		{"nothing was read", nil, nil, BoardIn},
		{"it stood before the bot looked first", member, &OnboardFacts{Listed: true}, BoardIn},
		{"no member and nothing under way", &EstateView{}, nil, BoardOutside},
		{"about to be invited", &EstateView{}, &OnboardFacts{Expect: "…"}, BoardOutside},
		{"invited", &EstateView{}, &OnboardFacts{Invited: at(1)}, BoardInvited},
		{"a member that moves", member, &OnboardFacts{Expect: "…"}, BoardJoined},
		{"joined", &EstateView{}, &OnboardFacts{Joined: at(2)}, BoardJoined},
		{"placed", member, &OnboardFacts{Placed: at(3), Total: 1}, BoardPlaced},
		{"placed without a baseline", member, &OnboardFacts{Placed: at(3)}, BoardIn},
		{"baseline read back", member, &OnboardFacts{Placed: at(3), Total: 1, Baseline: at(4)}, BoardIn},
		{"suspended", &EstateView{Members: []EstateAccount{{ID: "1", State: "SUSPENDED"}}}, nil, BoardStopped},
	} {
		if got, _ := stepOf(sso, c.view != nil, c.view.members(), c.f); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// TestWhoHasToAgreeToAllFeatures: AWS names the kinds of handshake both ways
// round; whom they are for is what counts.
func TestWhoHasToAgreeToAllFeatures(t *testing.T) {
	t.Parallel()
	const management = "999999999999"
	for name, kinds := range map[string]struct{ member, whole, state, to string }{
		"as the type Handshake has it":              {"ENABLE_ALL_FEATURES", "APPROVE_ALL_FEATURES", "", management},
		"as the operation EnableAllFeatures has it": {"APPROVE_ALL_FEATURES", "ENABLE_ALL_FEATURES", "REQUESTED", ""},
	} {
		v := estate()
		v.Features, v.Handshakes = ConsolidatedBilling, []Handshake{{ID: "h-1", Account: "333344441111", Action: kinds.member, State: "REQUESTED"}, {ID: "h-2", Account: "111122223333", Action: kinds.member, State: "ACCEPTED"}}
		if kinds.state != "" { // there from the beginning
			v.Handshakes = append(v.Handshakes, Handshake{ID: "h-3", Account: kinds.to, Action: kinds.whole, State: kinds.state})
		}
		b := NewBoard(InForce{Repo: migrating(config.Pilot)}, Live{View: v}, at(1))
		if len(b.Handshakes) != 1 || b.Handshakes[0].Account != "crm (333344441111)" || b.Handshakes[0].Finishes || !strings.Contains(fmt.Sprint(b.Ahead), "Waiting for the answer of crm (333344441111).") {
			t.Errorf("%s: %+v, %v", name, b.Handshakes, b.Ahead)
		}
		v.Handshakes = []Handshake{{ID: "h-1", Account: "333344441111", Action: kinds.member, State: "ACCEPTED"}, {ID: "h-3", Account: kinds.to, Action: kinds.whole, State: "OPEN"}}
		b = NewBoard(InForce{Repo: migrating(config.Pilot)}, Live{View: v}, at(1))
		if len(b.Handshakes) != 1 || b.Handshakes[0].Account != "the management account" || !b.Handshakes[0].Finishes || !strings.Contains(fmt.Sprint(b.Ahead), "Everybody has agreed") {
			t.Errorf("%s, all agreed: %+v, %v", name, b.Handshakes, b.Ahead)
		}
	}
}

// boardWorld is what the board is gathered from.
type boardWorld struct {
	repo     *config.Repo
	view     *EstateView
	drift    []Drift
	viewErr  error
	factErr  error
	driftErr error
	forceErr error
	asked    int
	factsOf  map[string]*OnboardFacts
	Estate   // the rest is not called
}

func (w *boardWorld) InForce(context.Context) (InForce, error) {
	return InForce{Repo: w.repo}, w.forceErr
}

func (w *boardWorld) View(context.Context) (EstateView, error) {
	if w.view == nil {
		return EstateView{}, w.viewErr
	}
	return *w.view, nil
}

func (w *boardWorld) AllOnboardFacts(context.Context) (map[string]*OnboardFacts, error) {
	w.asked++
	return w.factsOf, w.factErr
}

// drifts are the drifts of a boardWorld.
type drifts struct {
	Drifts
	w *boardWorld
}

func (d drifts) KnownDrift(context.Context) ([]Drift, error) { return d.w.drift, d.w.driftErr }

func TestBoardsGathers(t *testing.T) {
	t.Parallel()
	down := errors.New("down")
	w := &boardWorld{repo: migrating(config.Grow), viewErr: ErrNotFound, drift: []Drift{{ID: "a"}, {ID: "b", Missing: true}}}
	boards := &Boards{Commits: w, Estate: w, Onboarded: w, Drifts: drifts{w: w}, Now: func() time.Time { return at(1) }}
	b, err := boards.Board(t.Context())
	if err != nil || !b.Looked.IsZero() || w.asked != 1 {
		t.Errorf("before the first look: %+v, %v, asked %d times", b, err, w.asked)
	}
	if text := fmt.Sprint(b.Ahead); !strings.Contains(text, "by any commit: 1 assignment.") {
		t.Errorf("what is gone from AWS is counted, or what is live is not: %s", text)
	}
	for name, fail := range map[string]*error{"view": &w.viewErr, "facts": &w.factErr, "drift": &w.driftErr, "force": &w.forceErr} {
		was := *fail
		*fail = down
		if _, err := boards.Board(t.Context()); !errors.Is(err, down) {
			t.Errorf("%s is down: %v", name, err)
		}
		*fail = was
	}
	w.forceErr = ErrNotFound
	var no *Refusal
	if _, err := boards.Board(t.Context()); !errors.As(err, &no) {
		t.Errorf("nothing is trusted: %v", err)
	}
	alone := &Boards{Commits: &boardWorld{repo: w.repo}, Now: func() time.Time { return at(1) }}
	if p, err := alone.Ahead(t.Context(), w.repo, config.Consolidated); err != nil || !p.Blocked() {
		t.Errorf("with the config alone: %+v, %v", p, err)
	}
}

// BenchmarkBoard is the board of 5,000 accounts.
func BenchmarkBoard(b *testing.B) {
	repo, v, facts := migrating(config.Grow), estate(), map[string]*OnboardFacts{}
	for i := range 5000 {
		id, slug := fmt.Sprintf("%012d", i), fmt.Sprint("a", i)
		repo.Accounts[slug] = &config.Account{Slug: slug, ID: id, Name: slug, Stage: config.StageSSO, OU: "/"}
		v.Members = append(v.Members, EstateAccount{ID: id, Name: slug, State: "ACTIVE"})
		facts[id] = &OnboardFacts{Listed: true, Placed: at(i)}
	}
	for b.Loop() {
		NewBoard(InForce{Repo: repo}, Live{View: v, Onboarding: facts}, at(6000))
	}
}
