package provision_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/provision/permset"
	"aws-access-bot/internal/store"
)

func TestWhatIsProtectedStaysThoughNoCommitDeclaresIt(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld().populate(1, 1, 2)
		glass := grant(2, 1, admin)
		w.put(glass)
		s := started(t, w)
		r := newRepository("c1").with(0, "", grant(1, 1, admin), grant(2, 2, admin))
		r.repo.Access.Protected = []config.ProtectedGrant{{Group: "aws-group-2", PermissionSet: admin}}
		r.repo.Access.Phase, r.repo.Access.Drift = 3, config.DriftRevert
		if !r.repo.IsProtected(glass) {
			t.Fatal("not protected?")
		}
		s.commitOf(t, r)
		after(5 * time.Hour)
		if !s.isLive(glass) {
			t.Errorf("the protected grant is gone; %v", s.known(t))
		}
	})
}

// replaced is a world in which assignments to the application have ids that
// somebody can change, and in which those taken away are counted.
type replaced struct {
	*world
	ids map[string]string
	n   int
}

func (r *replaced) AppAssignment(ctx context.Context, id string) (string, bool, error) {
	_, ok, err := r.world.AppAssignment(ctx, id)
	return fmt.Sprintf("app-%s#%s", id, r.ids[id]), ok, err
}
func (r *replaced) Assign(ctx context.Context, id string) (string, bool, error) {
	_, already, err := r.world.Assign(ctx, id)
	return fmt.Sprintf("app-%s#%s", id, r.ids[id]), already, err
}
func (r *replaced) Unassign(ctx context.Context, a string) error {
	r.n++
	return r.world.Unassign(ctx, a)
}

func TestAnAssignmentToTheApplicationMadeAnewBySomebodyIsHis(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld().populate(1)
		rw := &replaced{world: w, ids: map[string]string{groupID(1): "bot"}}
		db := store.NewMemory()
		e, err := provision.New(provision.Ports{Center: w, Entra: rw, Accounts: w, Commits: w, Store: store.NewProvision(db), Drifts: store.NewProvision(db), Clocks: w,
			Audit: w, Ops: w, Now: time.Now}, provision.Options{EnableChanges: true})
		if err != nil {
			t.Fatal(err)
		}
		s := &system{world: w, db: db, engine: e}
		s.run(t)
		mk := func(sha string) *repository {
			r := newRepository(sha)
			r.repo.Access.Unassign = config.UnassignRemove
			return r
		}
		s.commitOf(t, mk("c1").with(2*time.Hour, "", grant(1, 1, readOnly)))
		after(time.Hour)
		// An administrator takes it out and puts it back by hand: another id.
		s.do(func() { rw.ids[groupID(1)] = "human" })
		s.commitOf(t, mk("c2").with(2*time.Hour, "", grant(1, 1, readOnly), grant(1, 2, readOnly)))
		after(10 * time.Hour)
		if rw.n > 0 {
			t.Errorf("the assignment that a human made was taken away (%d)", rw.n)
		}
	})
}

func TestNoSetIsChangedWhileItIsNotKnownWhoTheBotIs(t *testing.T) {
	s := provision.SetSurroundings{EnableChanges: true, ConfigManagement: managementAccount, LiveManagement: managementAccount,
		Want: view("Bot", time.Hour, policyView), Live: &permset.Live{Definition: view("Bot", time.Hour, policyAdmin, policyView), Accounts: []string{botAccount}}}
	diff := permset.Diff(permset.Input{Want: s.Want, Live: s.Live, Pending: true, Owned: []string{"managed policy " + policyAdmin}})
	code, _ := provision.CheckSet(diff, s)
	if code == "" {
		t.Error("bot's own set is cut down while the caller is unknown")
	}
}

func TestNothingNewIsGivenWithASetThatIsHeldBack(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		svc := newSetService(newWorld().populate(1, 1))
		live := svc.have(view("View", time.Hour, policyView), accountID(1))
		s := startedSets(t, svc)
		s.commitOf(t, newRepository("c1").with(0, "", grant(1, 1, "View")).declaring(declared("View", time.Hour, policyView)))
		after(time.Hour)
		s.do(func() { live.Managed, live.Outdated = []string{policyAdmin, policyView}, live.Accounts })
		s.commitOf(t, newRepository("c2").with(0, "", grant(1, 1, "View")).declaring(declared("View", 8*time.Hour, policyView)))
		after(time.Hour)
		s.commitOf(t, newRepository("c3").with(0, "", grant(1, 1, "View"), grant(1, 2, "View")).declaring(declared("View", 8*time.Hour, policyView)))
		after(time.Hour)
		if s.isLive(grant(1, 2, "View")) {
			t.Errorf("assigned to account 2 while the set is held with %s", s.record(t, "View").Code)
		}
	})
}

func TestANameThatWasOnceMissingHidesNoAccess(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld().populate(1, 1, 2)
		w.setless["Late"], w.byPrincipal = true, true
		s := started(t, w)
		late := grant(1, 3, "Late")
		base := func(sha string) *repository {
			return newRepository(sha).with(0, "", grant(2, 1, admin), grant(2, 2, admin), grant(2, 3, admin))
		}
		s.commitOf(t, base("c1").with(0, "", grant(1, 1, readOnly), grant(1, 2, readOnly), late))
		after(5 * time.Minute)
		s.commitOf(t, base("c2").with(0, "", grant(1, 1, readOnly), grant(1, 2, readOnly)))
		after(30 * time.Minute)
		s.do(func() { delete(w.setless, "Late") })
		s.commitOf(t, base("c3").with(0, "", grant(1, 1, readOnly), grant(1, 2, readOnly), late))
		after(150 * time.Minute)
		if !s.isLive(late) {
			t.Fatal("not granted once the set is there")
		}
		s.commitOf(t, base("c4"))
		after(3 * time.Hour)
		if s.isLive(late) {
			t.Errorf("revoked and still live; facts %+v", s.facts(t, late))
		}
	})
}
