package provision_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision"
)

var planTime = time.Date(2026, 12, 24, 9, 0, 0, 0, time.UTC)

// planInput returns an input in which groups 1 and 2 are in the identity
// store, accounts 1 and 2 are active, and every pair in pairs was read and is
// empty.
func planInput(pairs ...config.Pair) provision.Input {
	in := provision.Input{Commit: "c1", Ended: map[config.Assignment]provision.Cause{}, Live: map[config.Pair]provision.PairState{},
		Principals: map[config.Principal]provision.PrincipalState{}, Accounts: map[string]provision.AccountState{},
		Records: map[config.Assignment]provision.RecordState{}, Protected: map[config.Assignment]bool{}, Drift: config.DriftReport,
		Names: provision.Names{Principals: map[config.Principal]string{}, Accounts: map[string]string{}}}
	for n := 1; n <= 2; n++ {
		who := config.Principal{Kind: config.GroupPrincipal, ID: groupID(n)}
		in.Principals[who] = provision.PrincipalState{Looked: true, ID: storeID(groupID(n))}
		in.Names.Principals[who] = fmt.Sprintf("aws-group-%d", n)
		in.Accounts[accountID(n)] = provision.AccountState{Found: true, Active: true, State: "ACTIVE"}
		in.Names.Accounts[accountID(n)] = fmt.Sprintf("account-%d", n)
	}
	for _, p := range pairs {
		in.Live[p] = provision.PairState{Complete: true}
	}
	return in
}

// listed makes an assignment live in an input, under an id.
func listed(in *provision.Input, a config.Assignment, id string) {
	s := in.Live[a.Pair()]
	s.Live = append(slices.Clone(s.Live), provision.LiveAssignment{PrincipalID: id, Kind: a.Principal.Kind})
	in.Live[a.Pair()] = s
}

func desire(requests []string, end time.Time, list ...config.Assignment) []provision.Desire {
	var out []provision.Desire
	for _, a := range list {
		out = append(out, provision.Desire{Desired: config.Desired{Assignment: a, End: end}, Requests: requests})
	}
	return out
}

// lines writes a plan in short.
func lines(r provision.Result) []string {
	var out []string
	for _, c := range r.Changes {
		out = append(out, c.Sentence)
	}
	for _, w := range r.Waiting {
		out = append(out, fmt.Sprintf("waiting %s %s: %s", w.Kind, w.Code, w.Cause.Kind))
	}
	for _, b := range r.Blocked {
		out = append(out, fmt.Sprintf("blocked %s", b.Code))
	}
	for range r.Drift {
		out = append(out, "drift")
	}
	for range r.Extra {
		out = append(out, "extra")
	}
	for range r.Live {
		out = append(out, "live")
	}
	for range r.Gone {
		out = append(out, "gone")
	}
	return out
}

// planCase is an input and the plan in short.
type planCase struct {
	name  string
	pairs []config.Pair
	set   func(in *provision.Input)
	want  []string
}

func addingCases() []planCase {
	a := grant(1, 1, readOnly)
	who := a.Principal
	return []planCase{
		{"a desired assignment that is not live is added", []config.Pair{a.Pair()}, func(in *provision.Input) { in.Desired = desire(nil, time.Time{}, a) },
			[]string{"Add aws-group-1 with ReadOnlyAccess in account-1 (…0001), standing: commit c1."}},
		{"a request is named with its end", []config.Pair{a.Pair()}, func(in *provision.Input) { in.Desired = desire([]string{"REQ-AAAAAA"}, planTime, a) },
			[]string{"Add aws-group-1 with ReadOnlyAccess in account-1 (…0001), until 2026-12-24T09:00:00Z: REQ-AAAAAA in commit c1."}},
		{"a desired assignment that is live needs nothing", []config.Pair{a.Pair()}, func(in *provision.Input) {
			in.Desired = desire(nil, time.Time{}, a)
			listed(in, a, storeID(groupID(1)))
		}, []string{"live"}},
		{"a group under an earlier id is not live", []config.Pair{a.Pair()}, func(in *provision.Input) {
			in.Desired = desire(nil, time.Time{}, a)
			in.Principals[who] = provision.PrincipalState{Looked: true, ID: "new", Earlier: []string{"old"}}
			listed(in, a, "old")
		}, []string{"Add aws-group-1 with ReadOnlyAccess in account-1 (…0001), standing: commit c1."}},
		{"an unread pair is waited for", nil, func(in *provision.Input) { in.Desired = desire(nil, time.Time{}, a) }, []string{"waiting add unread: commit"}},
		{"an incomplete reading counts for nothing", nil, func(in *provision.Input) {
			in.Desired = desire(nil, time.Time{}, a)
			listed(in, a, storeID(groupID(1)))
		}, []string{"waiting add unread: commit"}},
		{"a group that was not looked for is waited for", []config.Pair{a.Pair()}, func(in *provision.Input) {
			in.Desired = desire(nil, time.Time{}, a)
			in.Principals[who] = provision.PrincipalState{}
		}, []string{"waiting add not-looked: commit"}},
		{"a group that is not in the identity store yet is added all the same", nil, func(in *provision.Input) {
			in.Desired = desire(nil, time.Time{}, a)
			in.Principals[who] = provision.PrincipalState{Looked: true}
		}, []string{"Add aws-group-1 with ReadOnlyAccess in account-1 (…0001), standing: commit c1."}},
		{"an account that was not looked up is waited for", []config.Pair{a.Pair()}, func(in *provision.Input) {
			in.Desired = desire(nil, time.Time{}, a)
			delete(in.Accounts, a.Account)
		}, []string{"waiting add account-unread: commit"}},
		{"what is neither owned nor desired is reported", []config.Pair{a.Pair()}, func(in *provision.Input) { listed(in, a, storeID(groupID(1))) }, []string{"extra"}},
		{"a user with the id of a group is not the group", []config.Pair{a.Pair()}, func(in *provision.Input) {
			in.Desired, in.Owned = desire(nil, time.Time{}, a), []config.Assignment{a}
			s := in.Live[a.Pair()]
			s.Live = []provision.LiveAssignment{{PrincipalID: storeID(groupID(1)), Kind: config.UserPrincipal}}
			in.Live[a.Pair()] = s
		}, []string{"Add aws-group-1 with ReadOnlyAccess in account-1 (…0001), standing: commit c1.", "extra"}},
	}
}

func blockedCases() []planCase {
	a := grant(1, 1, readOnly)
	who := a.Principal
	user := config.Assignment{Principal: config.Principal{Kind: config.UserPrincipal, ID: groupID(1)}, Account: accountID(1), PermissionSet: readOnly}
	return []planCase{
		{"a suspended account blocks", []config.Pair{a.Pair()}, func(in *provision.Input) {
			in.Desired = desire(nil, time.Time{}, a)
			in.Accounts[a.Account] = provision.AccountState{Found: true, State: "SUSPENDED"}
		}, []string{"blocked account-inactive"}},
		{"what is live in a suspended account stays live", []config.Pair{a.Pair()}, func(in *provision.Input) {
			in.Desired = desire(nil, time.Time{}, a)
			in.Accounts[a.Account] = provision.AccountState{Found: true, State: "SUSPENDED"}
			listed(in, a, storeID(groupID(1)))
		}, []string{"live"}},
		{"where file and AWS differ a selector gives nothing new", []config.Pair{a.Pair()}, func(in *provision.Input) {
			in.Desired = desire(nil, time.Time{}, a)
			in.Differing = map[string]string{a.Account: "They differ."}
		}, []string{"blocked account-differs"}},
		{"where they differ a line that names the account does", []config.Pair{a.Pair()}, func(in *provision.Input) {
			in.Desired = desire(nil, time.Time{}, a)
			in.Desired[0].Named = true
			in.Differing = map[string]string{a.Account: "They differ."}
		}, []string{"Add aws-group-1 with ReadOnlyAccess in account-1 (…0001), standing: commit c1."}},
		{"where they differ what is live stays", []config.Pair{a.Pair()}, func(in *provision.Input) {
			in.Desired = desire(nil, time.Time{}, a)
			in.Differing = map[string]string{a.Account: "They differ."}
			listed(in, a, storeID(groupID(1)))
		}, []string{"live"}},
		{"where they differ what was live and is gone is drift as elsewhere", []config.Pair{a.Pair()}, func(in *provision.Input) {
			in.Desired = desire(nil, time.Time{}, a)
			in.Differing = map[string]string{a.Account: "They differ."}
			in.Records[a] = provision.RecordState{ReadBack: true}
		}, []string{"drift"}},
		{"where they differ what is protected is put in place", []config.Pair{a.Pair()}, func(in *provision.Input) {
			in.Desired = desire(nil, time.Time{}, a)
			in.Differing = map[string]string{a.Account: "They differ."}
			in.Protected[a] = true
		}, []string{"Add aws-group-1 with ReadOnlyAccess in account-1 (…0001), standing: commit c1."}},
		{"where another account differs nothing is held", []config.Pair{a.Pair()}, func(in *provision.Input) {
			in.Desired = desire(nil, time.Time{}, a)
			in.Differing = map[string]string{accountID(2): "They differ."}
		}, []string{"Add aws-group-1 with ReadOnlyAccess in account-1 (…0001), standing: commit c1."}},
		{"an account outside the organization blocks", []config.Pair{a.Pair()}, func(in *provision.Input) {
			in.Desired = desire(nil, time.Time{}, a)
			in.Accounts[a.Account] = provision.AccountState{}
		}, []string{"blocked account-unknown"}},
		{"a missing permission set blocks", nil, func(in *provision.Input) {
			in.Desired = desire(nil, time.Time{}, a)
			in.Live[a.Pair()] = provision.PairState{Complete: true, NoSet: true}
		}, []string{"blocked permission-set-missing"}},
		{"a blocked group blocks its entries", []config.Pair{a.Pair()}, func(in *provision.Input) {
			in.Desired = desire(nil, time.Time{}, a)
			in.Principals[who] = provision.PrincipalState{Looked: true, Code: provision.CodeGroupUnknown, Sentence: "No."}
		}, []string{"blocked group-unknown"}},
		{"a user is provisioned as a group is, and permission set files are not yet", []config.Pair{a.Pair()}, func(in *provision.Input) {
			in.Desired = desire(nil, planTime, user)
			in.Principals[user.Principal] = provision.PrincipalState{Looked: true, ID: "store-user"}
			in.SetFiles = []string{"permission-sets/AdministratorAccess.yaml"}
		}, []string{"Add user/0b7e3f4c-0000-4000-8000-000000000001 with ReadOnlyAccess in account-1 (…0001), until 2026-12-24T09:00:00Z: commit c1.", "blocked not-yet-provisioned"}},
	}
}

func driftCases() []planCase {
	a := grant(1, 1, readOnly)
	return []planCase{
		{"what was live and is gone is drift", []config.Pair{a.Pair()}, func(in *provision.Input) {
			in.Desired = desire(nil, time.Time{}, a)
			in.Records[a] = provision.RecordState{ReadBack: true, MissingConfirmed: true}
		}, []string{"drift"}},
		{"drift is put back with revert", []config.Pair{a.Pair()}, func(in *provision.Input) {
			in.Desired, in.Drift = desire(nil, time.Time{}, a), config.DriftRevert
			in.Records[a] = provision.RecordState{ReadBack: true, MissingConfirmed: true}
		}, []string{"Add aws-group-1 with ReadOnlyAccess in account-1 (…0001), standing: drift from commit c1."}},
		{"drift is put back that somebody asked for", []config.Pair{a.Pair()}, func(in *provision.Input) {
			in.Desired, in.PutBack = desire(nil, time.Time{}, a), map[config.Assignment]bool{a: true}
			in.Records[a] = provision.RecordState{ReadBack: true, MissingConfirmed: true}
		}, []string{"Add aws-group-1 with ReadOnlyAccess in account-1 (…0001), standing: drift from commit c1."}},
		{"what no commit declared stays", []config.Pair{a.Pair()}, func(in *provision.Input) {
			listed(in, a, storeID(groupID(1)))
		}, []string{"extra"}},
		{"what no commit declared goes where that is wanted", []config.Pair{a.Pair()}, func(in *provision.Input) {
			listed(in, a, storeID(groupID(1)))
			in.Undeclared = map[config.Assignment]string{a: "c0"}
		}, []string{"Remove aws-group-1 with ReadOnlyAccess in account-1 (…0001): drift from commit c0.", "extra"}},
		{"nor what is snoozed, though its removal was decided", []config.Pair{a.Pair()}, func(in *provision.Input) {
			listed(in, a, storeID(groupID(1)))
			cause := provision.Cause{Kind: provision.CauseDrift, Commit: "c0"}
			in.Quiet, in.Records[a] = map[config.Assignment]bool{a: true}, provision.RecordState{PrincipalID: storeID(groupID(1)), Removal: &cause}
		}, []string{"extra"}},
		{"but not what is protected", []config.Pair{a.Pair()}, func(in *provision.Input) {
			listed(in, a, storeID(groupID(1)))
			in.Undeclared, in.Protected[a] = map[config.Assignment]string{a: "c0"}, true
		}, []string{"extra"}},
		{"drift is not put back before a second reading", []config.Pair{a.Pair()}, func(in *provision.Input) {
			in.Desired, in.Drift = desire(nil, time.Time{}, a), config.DriftRevert
			in.Records[a] = provision.RecordState{ReadBack: true}
		}, []string{"drift"}},
		{"a protected grant is put back whatever drift says", []config.Pair{a.Pair()}, func(in *provision.Input) {
			in.Desired = desire(nil, time.Time{}, a)
			in.Protected[a] = true
			in.Records[a] = provision.RecordState{ReadBack: true, MissingConfirmed: true}
		}, []string{"Add aws-group-1 with ReadOnlyAccess in account-1 (…0001), standing: drift from commit c1."}},
	}
}

func removingCases() []planCase {
	a := grant(1, 1, readOnly)
	b := grant(2, 2, powerUser)
	who := a.Principal
	user := config.Assignment{Principal: config.Principal{Kind: config.UserPrincipal, ID: groupID(1)}, Account: accountID(1), PermissionSet: readOnly}
	return []planCase{
		{"an owned assignment that is not desired is removed, before additions", []config.Pair{a.Pair(), b.Pair()}, func(in *provision.Input) {
			in.Desired = desire(nil, time.Time{}, a)
			in.Owned = []config.Assignment{a, b}
			listed(in, b, storeID(groupID(2)))
		}, []string{"Remove aws-group-2 with PowerUserAccess in account-2 (…0002): commit c1.",
			"Add aws-group-1 with ReadOnlyAccess in account-1 (…0001), standing: commit c1."}},
		{"an ended grant is named as such", []config.Pair{a.Pair()}, func(in *provision.Input) {
			in.Owned = []config.Assignment{a}
			in.Ended[a] = provision.Cause{Kind: provision.CauseExpiry, Commit: "c1", End: planTime}
			listed(in, a, storeID(groupID(1)))
		}, []string{"Remove aws-group-1 with ReadOnlyAccess in account-1 (…0001): end of the grant at 2026-12-24T09:00:00Z."}},
		{"an assignment under an earlier id is removed too", []config.Pair{a.Pair()}, func(in *provision.Input) {
			in.Owned = []config.Assignment{a}
			in.Principals[who] = provision.PrincipalState{Looked: true, ID: "new", Earlier: []string{"old"}}
			listed(in, a, "old")
		}, []string{"Remove aws-group-1 with ReadOnlyAccess in account-1 (…0001): commit c1."}},
		{"what may exist unlisted is removed", []config.Pair{a.Pair()}, func(in *provision.Input) {
			in.Owned = []config.Assignment{a}
			in.Records[a] = provision.RecordState{MayExist: true, PrincipalID: storeID(groupID(1))}
		}, []string{"Remove aws-group-1 with ReadOnlyAccess in account-1 (…0001): commit c1."}},
		{"what is owned and not live is gone", []config.Pair{a.Pair()}, func(in *provision.Input) { in.Owned = []config.Assignment{a} }, []string{"gone"}},
		{"without its permission set nothing can be live", nil, func(in *provision.Input) {
			in.Owned = []config.Assignment{a}
			in.Live[a.Pair()] = provision.PairState{Complete: true, NoSet: true}
		}, []string{"gone"}},
		{"no removal without a search for the user", nil, func(in *provision.Input) { in.Owned = []config.Assignment{user} }, []string{"waiting remove not-looked: commit"}},
		{"no removal without a reading", nil, func(in *provision.Input) { in.Owned = []config.Assignment{a} }, []string{"waiting remove unread: commit"}},
		{"no removal without a search for the group", []config.Pair{a.Pair()}, func(in *provision.Input) {
			in.Owned = []config.Assignment{a}
			in.Principals[who] = provision.PrincipalState{}
		}, []string{"waiting remove not-looked: commit"}},
		{"a protected grant is not removed", []config.Pair{a.Pair()}, func(in *provision.Input) {
			in.Owned = []config.Assignment{a}
			in.Protected[a] = true
			listed(in, a, storeID(groupID(1)))
		}, []string{"blocked protected"}},
	}
}

func TestPlanCases(t *testing.T) {
	t.Parallel()
	for _, tt := range slices.Concat(addingCases(), blockedCases(), driftCases(), removingCases()) {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := planInput(tt.pairs...)
			tt.set(&in)
			if diff := cmp.Diff(tt.want, lines(provision.Plan(in))); diff != "" {
				t.Errorf("plan (-want +got):\n%s", diff)
			}
		})
	}
}

// randomInput draws an input over 3 groups, 3 accounts and 2 permission sets.
// With known, everything was read, looked up and looked for.
func randomInput(r *rand.Rand, known bool) provision.Input {
	in := planInput()
	in.Drift = []config.DriftMode{config.DriftReport, config.DriftRevert}[r.IntN(2)]
	some := func(n int) bool { return r.IntN(n) == 0 }
	for n := 1; n <= 3; n++ {
		who := config.Principal{Kind: config.GroupPrincipal, ID: groupID(n)}
		s := provision.PrincipalState{Looked: known || !some(4), ID: storeID(groupID(n))}
		if some(4) {
			s.Earlier = []string{"earlier-" + groupID(n)}
		}
		if !s.Looked || !known && some(4) {
			s.ID = ""
		}
		if some(8) {
			s.Code, s.Sentence = provision.CodeGroupRenamed, "Renamed."
		}
		in.Principals[who] = s
		if known || !some(4) {
			in.Accounts[accountID(n)] = provision.AccountState{Found: true, Active: known || !some(4)}
		}
		for _, set := range []string{readOnly, powerUser} {
			if pair := (config.Pair{Account: accountID(n), PermissionSet: set}); known || !some(4) {
				in.Live[pair] = provision.PairState{Complete: known || !some(4), NoSet: some(8)}
			}
		}
	}
	for n := range 18 {
		a := grant(n%3+1, n/3%3+1, []string{readOnly, powerUser}[n/9])
		if some(2) {
			in.Desired = append(in.Desired, desire(nil, time.Time{}, a)...)
		}
		if some(2) {
			in.Owned = append(in.Owned, a)
		}
		if s := in.Live[a.Pair()]; !s.NoSet && some(2) {
			ids := append([]string{storeID(a.Principal.ID)}, in.Principals[a.Principal].Earlier...)
			listed(&in, a, ids[r.IntN(len(ids))])
		}
		if some(3) {
			in.Records[a] = provision.RecordState{ReadBack: some(2), MissingConfirmed: some(2), MayExist: some(4), PrincipalID: storeID(a.Principal.ID)}
		}
		if some(6) {
			in.Protected[a] = true
		}
		if some(6) {
			in.Ended[a] = provision.Cause{Kind: provision.CauseExpiry, Commit: "c1", End: planTime}
		}
	}
	return in
}

func digest(t *testing.T, in provision.Input) string {
	t.Helper()
	r := provision.Plan(in)
	d, err := r.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// places counts in how many lists of a plan each assignment is.
func places(r provision.Result) map[config.Assignment]int {
	out := map[config.Assignment]int{}
	for _, c := range r.Changes {
		out[c.Assignment]++
	}
	for _, a := range slices.Concat(r.Live, r.Gone) {
		out[a]++
	}
	for _, w := range r.Waiting {
		out[w.Assignment]++
	}
	for _, b := range r.Blocked {
		out[*b.Assignment]++
	}
	for _, d := range r.Drift {
		out[d.Assignment]++
	}
	return out
}

func desiredSet(in provision.Input) map[config.Assignment]bool {
	out := map[config.Assignment]bool{}
	for _, d := range in.Desired {
		out[d.Assignment] = true
	}
	return out
}

func TestP3PlanAddsOnlyDesiredRemovesOnlyOwnedAndAccountsForEach(t *testing.T) {
	t.Parallel()
	for seed := range uint64(2000) {
		in := randomInput(rand.New(rand.NewPCG(seed, 1)), seed%2 == 0)
		desired, r := desiredSet(in), provision.Plan(in)
		for _, c := range r.Changes {
			if c.Kind == provision.Add && !desired[c.Assignment] {
				t.Fatalf("seed %d adds undesired %s", seed, c.Assignment)
			}
			if c.Kind == provision.Remove && (desired[c.Assignment] || !slices.Contains(in.Owned, c.Assignment) || in.Protected[c.Assignment]) {
				t.Fatalf("seed %d removes %s", seed, c.Assignment)
			}
			if s := in.Live[c.Assignment.Pair()]; c.Kind == provision.Remove && !s.Complete {
				t.Fatalf("seed %d removes %s without a complete reading", seed, c.Assignment)
			}
		}
		found := places(r)
		for _, a := range in.Owned {
			desired[a] = true
		}
		for a := range desired {
			if found[a] != 1 {
				t.Fatalf("seed %d: %s is in %d places", seed, a, found[a])
			}
		}
	}
}

func TestPlanDependsOnNoOrderAndLeavesItsInputAlone(t *testing.T) {
	t.Parallel()
	for seed := range uint64(500) {
		in := randomInput(rand.New(rand.NewPCG(seed, 3)), seed%2 == 0)
		before := fmt.Sprintf("%v", in)
		want := digest(t, in)
		if after := fmt.Sprintf("%v", in); after != before {
			t.Fatalf("seed %d: the planner changed its input", seed)
		}
		slices.Reverse(in.Desired)
		slices.Reverse(in.Owned)
		if got := digest(t, in); got != want {
			t.Fatalf("seed %d: the plan depends on the order of its input", seed)
		}
	}
}

// carryOut does what a plan says to its input.
func carryOut(in *provision.Input, r provision.Result) {
	for _, c := range r.Changes {
		s := in.Live[c.Assignment.Pair()]
		l := provision.LiveAssignment{PrincipalID: c.PrincipalID, Kind: c.Assignment.Principal.Kind}
		if c.Kind == provision.Add {
			s.Live = append(slices.Clone(s.Live), l)
			in.Records[c.Assignment] = provision.RecordState{ReadBack: true}
		} else {
			s.Live = slices.DeleteFunc(slices.Clone(s.Live), func(x provision.LiveAssignment) bool { return x == l })
			rec := in.Records[c.Assignment]
			rec.MayExist = false
			in.Records[c.Assignment] = rec
		}
		in.Live[c.Assignment.Pair()] = s
	}
	in.Owned = slices.DeleteFunc(slices.Clone(in.Owned), func(a config.Assignment) bool { return slices.Contains(r.Gone, a) })
}

func TestPlanAfterItsOwnApplicationIsEmpty(t *testing.T) {
	t.Parallel()
	changed := map[provision.ChangeKind]int{}
	for seed := range uint64(2000) {
		in := randomInput(rand.New(rand.NewPCG(seed, 2)), true)
		r := provision.Plan(in)
		for _, c := range r.Changes {
			changed[c.Kind]++
			if c.Undo != c.Kind.Reverse() || c.Undo == c.Kind {
				t.Fatalf("seed %d: the reverse of %s is %s", seed, c.Kind, c.Undo)
			}
		}
		// A group that is listed under two ids takes two rounds.
		for range 2 {
			carryOut(&in, r)
			r = provision.Plan(in)
		}
		if !r.Empty() {
			t.Fatalf("seed %d: plan after its application: %v", seed, lines(r))
		}
	}
	if changed[provision.Add] == 0 || changed[provision.Remove] == 0 {
		t.Fatalf("the draws had no changes: %v", changed)
	}
}
