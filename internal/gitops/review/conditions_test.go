package review

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"aws-access-bot/config"
)

// ruled is the example with rules before its own.
func ruled(t *testing.T, rules string) tree {
	t.Helper()
	const first = "  - name: admin in production\n"
	return exampleTree(t).with(t, "aws-access.yaml", first, rules+first)
}

const standingRead = "  - account: payments-prod\n    permission_set: ReadOnlyAccess                # standing: no end\n"

// TestT9ApproverReferences: whom each reference stands for.
func TestT9ApproverReferences(t *testing.T) {
	t.Parallel()
	rule := func(who string) string {
		return "  - {name: it, match: {groups: [aws-payments-dev]}, approvers: [" + who + "], max_duration: 8h}\n"
	}
	tests := []struct {
		name, who string
		change    func(*Input)
		by        User
		code      string
	}{
		{"an owner of the group", "group-owners", func(*Input) {}, yuki, ""},
		{"somebody who owns no group", "group-owners", func(*Input) {}, ken, "ken-platform not-allowed"},
		{"the manager", "requester-manager", func(in *Input) { in.Manager = taroEntra }, taro, ""},
		{"another than the manager", "requester-manager", func(in *Input) { in.Manager = taroEntra }, yuki, "yuki-lead not-allowed"},
		{"without a manager nobody", "requester-manager", func(*Input) {}, taro, "taro-data not-allowed"},
		{"a manager who gains himself", "requester-manager", func(in *Input) { in.Manager = taroEntra; in.Members[devGroup] = []string{taroEntra} }, taro, "taro-data direct-member"},
		{"a manager who asked himself", "requester-manager", func(in *Input) { in.Manager, in.Request.Requester = taroEntra, taroEntra }, taro, "taro-data requester"},
		{"an approver who is disabled", "group-owners", func(in *Input) { in.Inactive = []string{yukiEntra} }, yuki, "yuki-lead inactive"},
		{"an approver from outside", "group-owners", func(in *Input) { in.Outside = []int64{yuki.ID} }, yuki, "yuki-lead outside-collaborator"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			base := ruled(t, rule(tt.who))
			in := input(t, base, base.grant(devFile, devGrant), approved(tt.by))
			tt.change(&in)
			v := Evaluate(in)
			var want []string
			if tt.code != "" {
				want = []string{tt.code}
			}
			if diff := cmp.Diff(want, codes(v)); diff != "" || v.Pass != (tt.code == "") {
				t.Errorf("pass = %v, not counted (-want +got):\n%s", v.Pass, diff)
			}
		})
	}
}

// TestT10GroupOwnersComeFromTheBase: who takes over a group's file by its id
// needs the owners there were.
func TestT10GroupOwnersComeFromTheBase(t *testing.T) {
	t.Parallel()
	base := ruled(t, "  - {name: it, match: {permission_sets: [PowerUserAccess]}, approvers: [group-owners]}\n")
	in := byHand(input(t, base, base.grant(devFile, devGrant).with(t, devFile, "000000000011", "000000000099")), taro)
	e := newEvaluation(in)
	e.collectNeeds()
	yukis := []config.ApproverRef{{Kind: config.ApproverEmail, Name: "yuki@example.com"}}
	asked := slices.ContainsFunc(e.sides, func(s sides) bool { return s.rule != nil && s.rule.Name == "it" && cmp.Equal(s.group, yukis) })
	if !asked {
		t.Errorf("the owners of the group that the file was of are not asked: %+v", e.sides)
	}
}

// TestT10ARenamedGroupKeepsItsRule: out of a rule by the name of a file.
func TestT10ARenamedGroupKeepsItsRule(t *testing.T) {
	t.Parallel()
	base := ruled(t, "  - {name: strict, match: {groups: [aws-payments-dev]}, approvers: [team:security]}\n")
	after := base.grant(devFile, devGrant)
	after = after.plus("groups/other.yaml", after[devFile]).plus(devFile, base["groups/aws-orders-dev.yaml"]).plus("groups/aws-orders-dev.yaml", "")
	in := byHand(input(t, base, after, approved(yuki), approved(ken), approved(lena)), hana)
	if v := Evaluate(in); v.Pass || !slices.Contains(missing(v), "add/strict") {
		t.Errorf("pass = %v without the rule of the group; missing %q", v.Pass, missing(v))
	}
}

// TestRulesByLength: the length decides the rule, and a removal is matched by
// what it was.
func TestRulesByLength(t *testing.T) {
	t.Parallel()
	base := ruled(t, "  - {name: long, match: {longer_than: 8h}, approvers: [team:security], standing: true}\n")
	tests := []struct {
		name  string
		after tree
		want  string
	}{
		{"short", base.grant(devFile, devGrant), "add/read and develop"},
		{"long", base.grant(devFile, strings.Replace(devGrant, "4h", "9h", 1)), "add/long"},
		{"standing", base.grant(devFile, strings.Replace(devGrant, "    duration: 4h\n", "", 1)), "add/long"},
		{"an end far away", base.grant(devFile, strings.Replace(devGrant, "duration: 4h", "expires: 2026-11-20T21:00:00Z", 1)), "add/long"},
		{"an end near by", base.grant(devFile, strings.Replace(devGrant, "duration: 4h", "expires: 2026-11-20T20:00:00Z", 1)), "add/read and develop"},
		{"the removal of a standing one", base.with(t, devFile, standingRead, ""), "remove/long"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := input(t, base, tt.after)
			in.Request.Requester = taroEntra
			if diff := cmp.Diff([]string{tt.want}, missing(Evaluate(in))); diff != "" {
				t.Errorf("needs (-want +got):\n%s", diff)
			}
		})
	}
}

// ordersGroup is the Entra id of aws-orders-dev.
func (in *Input) ordersGroup() string { return in.Base.Groups["aws-orders-dev"].Principal.ID }

// TestT7WhoMayAsk: a rule's requesters hold on the pull request, whoever
// wrote it.
func TestT7WhoMayAsk(t *testing.T) {
	t.Parallel()
	base := ruled(t, "  - {name: it, match: {permission_sets: [PowerUserAccess]}, approvers: [account-owners], max_duration: 8h, requesters: [mio@example.com, team:platform, group:aws-orders-dev]}\n")
	after := base.grant(devFile, devGrant)
	const nobody = "3c1d9a70-0000-4000-8000-000000000099"
	tests := []struct {
		name      string
		change    func(*Input)
		refused   bool
		undecided bool
	}{
		{"somebody else", func(*Input) {}, true, false},
		{"by team", func(in *Input) { in.Request.Requester = kenEntra }, false, false},
		{"by group, not linked anywhere", func(in *Input) { in.Request.Requester = nobody; in.Members[in.ordersGroup()] = []string{nobody} }, false, false},
		{"by hand", func(in *Input) { *in = byHand(*in, mio) }, false, false},
		{"by hand of somebody else", func(in *Input) { *in = byHand(*in, taro) }, true, false},
		{"a pusher who may not ask", func(in *Input) { *in = byHand(*in, mio); in.Pushers = []User{mio, taro} }, true, false},
		{"content of somebody who may not ask", func(in *Input) { in.Request.Requester = kenEntra; in.Carried = []User{taro} }, true, false},
		{"a request of his that is taken in", func(in *Input) { in.Request.Requester = kenEntra; in.CarriedEntra = []string{taroEntra} }, true, false},
		{"a group that was not read", func(in *Input) { delete(in.Members, in.ordersGroup()) }, false, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := input(t, base, after, approved(yuki))
			in.Members[in.ordersGroup()] = nil
			tt.change(&in)
			v := Evaluate(in)
			if slices.Contains(refusals(v), string(RefusedRequester)) != tt.refused || (len(v.Undecided) > 0) != tt.undecided || v.Pass == (tt.refused || tt.undecided) {
				t.Errorf("pass = %v, refused %q, undecided %q, missing %q", v.Pass, refusals(v), v.Undecided, missing(v))
			}
		})
	}
}

// TestReasons: what a rule wants of reasons holds for what is gained now.
func TestReasons(t *testing.T) {
	t.Parallel()
	base := ruled(t, "  - {name: it, match: {permission_sets: [PowerUserAccess]}, approvers: [account-owners], max_duration: 8h, reason: {ticket: \"INC-[0-9]+\"}}\n")
	ticket := strings.Replace(devGrant, "looking", "for INC-7", 1)
	stands := base.grant(devFile, devGrant)
	tests := []struct {
		name        string
		base, after tree
		refuse      bool
	}{
		{"with a ticket", base, base.grant(devFile, ticket), false},
		{"without", base, base.grant(devFile, devGrant), true},
		{"without any reason", base, base.grant(devFile, strings.Replace(devGrant, "    reason: looking\n", "", 1)), true},
		{"one of two", base, base.grant(devFile, ticket+strings.Replace(devGrant, "4h", "3h", 1)), true},
		{"what stands already is not judged", stands, stands.grant(devFile, strings.Replace(ticket, "4h", "6h", 1)), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			v := Evaluate(input(t, tt.base, tt.after, approved(yuki)))
			if slices.Contains(refusals(v), string(RefusedReason)) != tt.refuse || v.Pass == tt.refuse {
				t.Errorf("pass = %v, refused %q", v.Pass, refusals(v))
			}
		})
	}
}

// TestT43Auto: a number a day passes without an approval, and only what was
// asked for in chat.
func TestT43Auto(t *testing.T) {
	t.Parallel()
	base := ruled(t, "  - {name: it, match: {permission_sets: [PowerUserAccess], at_most: 4h}, approvers: [account-owners], max_duration: 4h, auto: {per_day: 2}}\n")
	one := base.grant(devFile, devGrant)
	second := strings.Replace(devGrant, "payments-dev", "orders-dev", 1)
	two := base.grant(devFile, devGrant+second)
	three := base.grant(devFile, devGrant+second+strings.Replace(devGrant, "payments-dev", "payments-prod", 1))
	tests := []struct {
		name   string
		after  tree
		change func(*Input)
		auto   int
		pass   bool
		says   string
	}{
		{"nobody needs to approve", one, func(*Input) {}, 1, true, ""},
		{"the last of the day", one, func(in *Input) { in.AutoUsed = 1 }, 1, true, ""},
		{"one too many needs the rule's approvers", one, func(in *Input) { in.AutoUsed = 2 }, 0, false, "2 a day pass without an approval, and they are used up"},
		{"and they may give it", one, func(in *Input) { in.AutoUsed = 2; in.Reviews = []Review{approved(yuki)} }, 0, true, ""},
		{"each assignment counts", two, func(*Input) {}, 2, true, ""},
		{"also within one change", three, func(*Input) {}, 2, false, "used up"},
		{"written by hand", one, func(in *Input) { *in = byHand(*in, taro) }, 0, false, "only when it is asked for in chat"},
		{"with content of others", one, func(in *Input) { in.Carried = []User{taro} }, 0, false, "only when it is asked for in chat"},
		{"a longer one", base.grant(devFile, strings.Replace(devGrant, "4h", "5h", 1)), func(*Input) {}, 0, false, ""},
		{"requested changes of an approver hold it up", one, func(in *Input) {
			in.Reviews = []Review{{User: yuki, State: ChangesRequested, Commit: head, At: noon.Add(-time.Minute)}}
		}, 0, false, "yuki-lead requested changes, so it passes without an approval no more"},
		{"and needs somebody's approval once they are resolved", one, func(in *Input) {
			in.Reviews, in.Dismissals = objected(yuki, yuki)
		}, 0, false, "needs 1 approval of account-owners"},
		{"whoever gives it", one, func(in *Input) {
			in.Reviews = []Review{{User: yuki, State: ChangesRequested, Commit: stale, At: noon.Add(-time.Hour)}, approved(yuki)}
			in.Reviews[1].At = noon.Add(-time.Minute)
		}, 0, true, ""},
		{"requested changes that the requester dismissed hold it up", one, func(in *Input) {
			in.Reviews, in.Dismissals = objected(yuki, hana)
		}, 0, false, "hana-dev dismissed the review but asked for this change"},
		{"requested changes of who may not approve do not", one, func(in *Input) {
			in.Reviews = []Review{{User: mio, State: ChangesRequested, Commit: head, At: noon.Add(-time.Minute)}}
		}, 1, true, ""},
		{"requested changes after the merge do not", one, func(in *Input) {
			in.Reviews = []Review{{User: yuki, State: ChangesRequested, Commit: head, At: noon.Add(time.Second)}}
		}, 1, true, ""},
		{"unknown members hold it up", one, func(in *Input) { delete(in.Members, devGroup) }, 1, false, "could not be read"},
		{"a removal is not automatic", base.with(t, devFile, standingRead, ""), func(in *Input) { in.Request.Requester = taroEntra }, 0, false, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := input(t, base, tt.after)
			tt.change(&in)
			v := Evaluate(in)
			says := strings.Join(Sentences(v, in.Base, in.Head), " ")
			if v.AutoCount() != tt.auto || v.Pass != tt.pass || !strings.Contains(says, tt.says) {
				t.Errorf("%d automatic, pass = %v, says %q; want %d, %v, %q", v.AutoCount(), v.Pass, says, tt.auto, tt.pass, tt.says)
			}
		})
	}
}

// TestT11PeopleWhoJoin: an approval is of the people that were shown.
func TestT11PeopleWhoJoin(t *testing.T) {
	t.Parallel()
	ids := func(n int) []string {
		out := []string{}
		for i := range n {
			out = append(out, entra+string(rune('A'+i/26))+string(rune('a'+i%26)))
		}
		return out
	}
	pinned := "  - {name: it, match: {permission_sets: [PowerUserAccess]}, approvers: [account-owners], max_duration: 8h, people: pinned}\n"
	before := noon.Add(-time.Hour) // when yuki approved
	late := func(in *Input, shown []string, since time.Time) {
		in.Late, in.MergedAt, in.Reviews[0].At = true, noon, noon.Add(time.Second)
		in.ShownLate = map[string]Shown{devGroup: {Members: shown, Since: since}}
	}
	tests := []struct {
		name       string
		rules      string
		shown, now []string
		change     func(*Input)
		pass       bool
		grown      int
	}{
		{"the same people", "", ids(5), ids(5), nil, true, 0},
		{"three may always join", "", ids(5), ids(8), nil, true, 0},
		{"four are too many of five", "", ids(5), ids(9), nil, false, 4},
		{"a fifth of many may join", "", ids(25), ids(30), nil, true, 0},
		{"more may not", "", ids(25), ids(31), nil, false, 6},
		{"who leaves makes no room", "", ids(5), ids(9)[1:], nil, false, 4},
		{"nobody may join where people are pinned", pinned, ids(5), ids(6), nil, false, 1},
		{"people may leave where they are pinned", pinned, ids(5), ids(4), nil, true, 0},
		{"an approval after the merge counts when the halt showed them", "", ids(5), ids(9), func(in *Input) { late(in, ids(9), noon) }, true, 4},
		{"and not when it showed fewer", "", ids(5), ids(9), func(in *Input) { late(in, ids(5), time.Time{}) }, false, 4},
		{"nor when it was given before that", "", ids(5), ids(9), func(in *Input) { late(in, ids(9), noon.Add(2*time.Second)) }, false, 4},
		{"nor when no halt showed anybody", "", ids(5), ids(9), func(in *Input) { late(in, nil, noon); in.ShownLate = nil }, false, 4},
		{"an approval of before does not, however late it is looked at", "", ids(5), ids(9), func(in *Input) { in.Late = true }, false, 4},
		{"an approval up to the time they were shown anew", "", ids(9), ids(9), func(in *Input) { in.Shown[devGroup] = Shown{Members: ids(9), Since: before} }, false, 0},
		{"an approval after it", "", ids(9), ids(9), func(in *Input) { in.Shown[devGroup] = Shown{Members: ids(9), Since: before.Add(-time.Second)} }, true, 0},
		{"a group that was never shown", "", nil, ids(9), func(in *Input) { in.Shown = nil }, true, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			base := ruled(t, tt.rules)
			in := input(t, base, base.grant(devFile, devGrant), approved(yuki))
			in.Members[devGroup], in.Shown = tt.now, map[string]Shown{devGroup: {Members: tt.shown}}
			if tt.change != nil {
				tt.change(&in)
			}
			v := Evaluate(in)
			if v.Pass != tt.pass || len(v.Grown[devGroup]) != tt.grown {
				t.Errorf("pass = %v with %d joined, want %v with %d: %q", v.Pass, len(v.Grown[devGroup]), tt.pass, tt.grown, codes(v))
			}
			if !v.Pass && !slices.Equal(codes(v), []string{"yuki-lead people-joined"}) {
				t.Errorf("not counted: %q", codes(v))
			}
		})
	}
}
