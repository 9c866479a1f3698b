package provision_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/provision/fault"
	"aws-access-bot/internal/store"
)

// everyGroup is a commit that gives each of the nine groups and three users
// something.
func everyGroup() (*repository, []config.Assignment) {
	var all []config.Assignment
	for n := 1; n <= 9; n++ {
		all = append(all, grant(n, n, readOnly))
	}
	r := newRepository("c1").with(0, "", all...)
	for n := 1; n <= 3; n++ {
		a := userGrant(n, n, readOnly)
		r.with(time.Hour, "", a)
		all = append(all, a)
	}
	return r, all
}

// TestASyncRightAfterTheStartLooksForGroupsFirst: whether anything else runs or
// not, its plan waits for nobody who was never looked for.
func TestASyncRightAfterTheStartLooksForGroupsFirst(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		for _, running := range []bool{false, true} {
			w := newWorld().populate(1, 1, 2, 3)
			s := newSystem(t, w, store.NewMemory(), provision.Options{EnableChanges: true})
			live := grant(1, 1, readOnly)
			w.put(live)
			r, all := everyGroup()
			s.commitOf(t, r)
			if running {
				s.run(t)
			}
			rep := s.sync(t)
			if len(rep.Plan.Waiting) != 0 || rep.Unlooked != nil {
				t.Errorf("running %v: waits for %v, unlooked %v", running, rep.Plan.Waiting, rep.Unlooked)
			}
			if n := len(rep.Plan.Changes) + len(rep.Plan.Live); n != len(all) || !slices.Contains(rep.Plan.Live, live) {
				t.Errorf("running %v: %d changes and %d live of %d", running, len(rep.Plan.Changes), len(rep.Plan.Live), len(all))
			}
			if running {
				s.stop()
			}
		}
	})
}

// TestManyAreLookedForInLists, and only who is not in them by himself.
func TestManyAreLookedForInLists(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		for _, sketch := range []bool{false, true} {
			s := newSystem(t, newWorld().populate(1, 1, 2, 3, 4, 5, 6, 7), store.NewMemory(), provision.Options{Sketch: sketch})
			r, all := everyGroup()
			s.commitOf(t, r)
			rep := s.sync(t)
			want := [3]int{1, 2, 3}
			if sketch { // nobody acts on it, so the list's word is enough
				want = [3]int{1, 0, 0}
			}
			if got := [3]int{s.count("List"), s.count("GetGroupId"), s.count("GetUserId")}; got != want {
				t.Errorf("sketch %v: %d lists, groups and users by themselves; want %d", sketch, got, want)
			}
			if len(rep.Plan.Waiting) != 0 || len(rep.Plan.Changes) != len(all) {
				t.Errorf("sketch %v: %d changes, waits for %v", sketch, len(rep.Plan.Changes), rep.Plan.Waiting)
			}
		}
	})
}

// TestAListThatIsRefusedLeavesEachToBeLookedFor: the right to list is new.
func TestAListThatIsRefusedLeavesEachToBeLookedFor(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld().populate(1, 1, 2, 3)
		w.faults = []*scripted{{op: "List", err: fault.New(fault.ErrDenied, "list groups", "no", nil)}}
		s := newSystem(t, w, store.NewMemory(), provision.Options{})
		r, _ := everyGroup()
		s.commitOf(t, r)
		if rep := s.sync(t); len(rep.Plan.Waiting) != 0 || s.count("GetGroupId") != 9 {
			t.Errorf("waits for %v after %d look-ups", rep.Plan.Waiting, s.count("GetGroupId"))
		}
	})
}

// TestASyncGoesOnWithoutWhomNobodyTellsOf: it tries for a minute, and says why.
func TestASyncGoesOnWithoutWhomNobodyTellsOf(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld().populate(1, 1, 2, 3)
		for range 200 {
			w.faults = append(w.faults, &scripted{op: "GetUserId", err: fault.New(fault.ErrThrottled, "find user", "Rate exceeded.", nil)})
		}
		s := newSystem(t, w, store.NewMemory(), provision.Options{})
		r, _ := everyGroup()
		s.commitOf(t, r)
		begun := time.Now()
		rep := s.sync(t)
		if took := time.Since(begun); took < time.Minute || took > 2*time.Minute {
			t.Errorf("took %s", took)
		}
		if rep.Unlooked == nil || len(rep.Unlooked.Principals) != 3 || !strings.Contains(rep.Unlooked.Why, "Rate exceeded") || len(rep.Plan.Waiting) != 3 {
			t.Errorf("unlooked %+v, waits for %v", rep.Unlooked, rep.Plan.Waiting)
		}
	})
}

// TestASurveySaysWhomGrantsDoNotReach, and of whom that is not known.
func TestASurveySaysWhomGrantsDoNotReach(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld().populate(2, 1)
		w.members[groupID(1)][0] = provision.User{ID: "p", Name: "prince@example.com", Enabled: true, Lacks: "surname"}
		w.members[groupID(1)][1] = provision.User{ID: "q", Name: "off@example.com", Lacks: "surname"}
		w.nested = map[string][]string{groupID(2): {"aws-contractors"}}
		delete(w.groups, groupID(3))
		w.users[userID(1)] = provision.User{ID: userID(1), Name: userName(1), Enabled: true, Lacks: "given name"}
		s := newSystem(t, w, store.NewMemory(), provision.Options{})
		r := newRepository("c1").with(0, "", grant(1, 1, readOnly), grant(1, 2, readOnly), grant(2, 1, readOnly), grant(3, 1, readOnly), grant(4, 1, readOnly))
		s.commitOf(t, r.with(time.Hour, "", userGrant(1, 1, readOnly)))
		got, err := s.engine.Survey(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var said []string
		for _, x := range got {
			said = append(said, string(x.Code)+": "+x.Sentence)
		}
		all := strings.Join(said, "\n")
		for _, want := range []string{
			"nameless-users: aws-group-1: AWS refuses prince@example.com (without surname),", "nested-groups: aws-group-2: The group has groups as members (aws-contractors).",
			"group-unknown: Entra has no group with the id " + groupID(3), "nameless-users: user-1@example.com: AWS refuses user-1@example.com (without given name)",
		} {
			if !strings.Contains(all, want) {
				t.Errorf("no %q in:\n%s", want, all)
			}
		}
		if len(got) != 4 || strings.Contains(all, "off@example.com") {
			t.Errorf("said:\n%s", all)
		}
		s.do(func() {
			w.faults = []*scripted{{op: "DirectUsers", err: fault.New(fault.ErrDenied, "members", "Insufficient privileges.", nil)}}
		})
		got, err = s.engine.Survey(t.Context())
		if last := got[0]; err != nil || last.Code != provision.CodeUnsurveyed || !strings.Contains(last.Sentence, "Insufficient privileges") {
			t.Errorf("%v, %+v", err, got)
		}
	})
}
