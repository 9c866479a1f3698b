package provision_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/provision/fault"
	"aws-access-bot/internal/store"
)

const (
	readOnly  = "ReadOnlyAccess"
	powerUser = "PowerUserAccess"
	admin     = "AdministratorAccess"
)

// inBubble runs a test on virtual time.
func inBubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, f)
}

// after lets virtual time pass and the engine come to rest.
func after(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// writes counts everything that the world was asked to change.
func (w *world) writes() int {
	return w.count("CreateAccountAssignment") + w.count("DeleteAccountAssignment") + w.count("Assign") + w.count("ProvisionOnDemand")
}

func TestGrantForAGroupThatIsSyncedTakesFourCallsAndIsLive(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := started(t, newWorld().populate(3, 1))
		a := grant(1, 1, readOnly)
		s.latency, s.visibility = 900*time.Millisecond, 0
		begun := time.Now()
		s.commitOf(t, newRepository("c1").with(4*time.Hour, "REQ-AAAAAA", a))
		after(5 * time.Second)
		f := s.facts(t, a)
		if f.ReadBack.IsZero() || f.Created.IsZero() || f.Seen.IsZero() || f.AppAssigned.IsZero() {
			t.Fatalf("facts: %+v", f)
		}
		if f.ReadBack.Before(f.Created) || f.AppAssigned.Before(begun.UTC()) || f.MembersSeen != 3 || f.MembersTotal != 3 {
			t.Errorf("facts: %+v", f)
		}
		calls := s.count("ListAccountAssignments") + s.count("CreateAccountAssignment") + s.count("DescribeStatus") + s.count("ListStatus")
		if calls != 4 {
			t.Errorf("%d sso-admin calls, want 4: %+v", calls, s.calls)
		}
	})
}

func TestCompletionWithinFiveSecondsTakesSixCalls(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := started(t, newWorld().populate(1, 1))
		s.latency, s.visibility = 4900*time.Millisecond, 0
		s.commitOf(t, newRepository("c1").with(0, "", grant(1, 1, readOnly)))
		after(6 * time.Second)
		if f := s.facts(t, grant(1, 1, readOnly)); f.ReadBack.IsZero() {
			t.Fatalf("not live: %+v", f)
		}
		calls := s.count("ListAccountAssignments") + s.count("CreateAccountAssignment") + s.count("DescribeStatus") + s.count("ListStatus")
		if calls != 6 {
			t.Errorf("%d sso-admin calls, want 6: %+v", calls, s.calls)
		}
	})
}

func TestNewGroupIsAssignedProvisionedSeenAndGranted(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld().populate(7)
		w.replication = 40 * time.Second
		w.members[groupID(1)][1].Enabled = false
		s := newSystem(t, w, store.NewMemory(), provision.Options{EnableChanges: true,
			Asker: func(_ context.Context, request string) (string, bool) { return "user-1-6", request == "REQ-AAAAAA" }})
		s.run(t)
		a := grant(1, 1, readOnly)
		s.commitOf(t, newRepository("c1").with(4*time.Hour, "REQ-AAAAAA", a))
		after(30 * time.Second)
		if f := s.facts(t, a); f.AppAssigned.IsZero() || !f.Seen.IsZero() || !f.ReadBack.IsZero() {
			t.Errorf("while it replicates: %+v", f)
		}
		after(2 * time.Minute)
		f := s.facts(t, a)
		if f.ReadBack.IsZero() || f.MembersSeen != 6 || f.MembersTotal != 6 {
			t.Errorf("facts: %+v", f)
		}
		if n := s.count("Assign"); n != 1 {
			t.Errorf("assigned %d times", n)
		}
		const five, rest = "[user-1-6 user-1-0 user-1-2 user-1-3 user-1-4]", "[user-1-5]"
		for _, c := range s.calls {
			if c.op == "ProvisionOnDemand" && !strings.HasSuffix(c.key, five) && !strings.HasSuffix(c.key, rest) {
				t.Errorf("provisioned %s, want %s, then %s", c.key, five, rest)
			}
		}
	})
}

func groupUnseenForLongIsToldAndGrantedWhenTheCycleBringsIt(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld().populate(1)
		w.replication = 24 * time.Hour
		w.cycle = time.Now().Add(3 * time.Hour)
		s := started(t, w)
		a := grant(1, 1, readOnly)
		s.commitOf(t, newRepository("c1").with(0, "", a))
		after(30 * time.Minute)
		tries := s.count("ProvisionOnDemand")
		if f := s.facts(t, a); f.Trouble != "" || tries < 5 || tries > 12 {
			t.Errorf("after 30 min: %d on-demand tries, trouble %q", tries, f.Trouble)
		}
		after(35 * time.Minute)
		if f := s.facts(t, a); f.TroubleCode != string(provision.CodeWaitingGroup) || len(s.notices) != 0 || s.count("ProvisionOnDemand") != tries {
			t.Errorf("after 1 h: %+v, notices %v", f, s.notices)
		}
		after(time.Hour)
		if len(s.notices) != 1 {
			t.Errorf("after 2 h: notices %v", s.notices)
		}
		after(time.Hour)
		if f := s.facts(t, a); f.ReadBack.IsZero() || f.Trouble != "" {
			t.Errorf("after the cycle: %+v", f)
		}
	})
}

func TestProvisioningJobThatDoesNotRunIsTold(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld().populate(1)
		w.replication, w.job = 24*time.Hour, provision.JobState{Found: true, Quarantine: "EncounteredQuarantineException"}
		s := started(t, w)
		s.commitOf(t, newRepository("c1").with(0, "", grant(1, 1, readOnly)))
		after(5 * time.Minute)
		if f := s.facts(t, grant(1, 1, readOnly)); f.TroubleCode != string(provision.CodeJob) || !strings.Contains(f.Trouble, "AWS refuses the SCIM token") {
			t.Errorf("trouble: %+v", f)
		}
	})
}

func TestGrantIsRemovedAtItsEnd(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := started(t, newWorld().populate(1, 1))
		a := grant(1, 1, readOnly)
		s.commitOf(t, newRepository("c1").with(4*time.Hour, "REQ-AAAAAA", a))
		after(4*time.Hour - time.Second)
		if !s.isLive(a) {
			t.Fatal("gone before its end")
		}
		after(10 * time.Second)
		f := s.facts(t, a)
		if s.isLive(a) || f.Removed.IsZero() || !f.Idle || !f.ReadBack.IsZero() || f.RemoveAsked.After(f.Removed) {
			t.Errorf("facts: %+v", f)
		}
		if owned := s.owned(t); len(owned) != 0 {
			t.Errorf("still owned: %v", owned)
		}
	})
}

func TestRevokedGrantIsRemovedAndGrantedAgainAfresh(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := started(t, newWorld().populate(1, 1))
		a := grant(1, 1, readOnly)
		s.commitOf(t, newRepository("c1").with(0, "REQ-AAAAAA", a))
		after(time.Minute)
		s.commitOf(t, newRepository("c2"))
		after(time.Minute)
		if f := s.facts(t, a); f.Removed.IsZero() || s.isLive(a) {
			t.Fatalf("after the revocation: %+v", f)
		}
		again := time.Now().UTC()
		s.commitOf(t, newRepository("c3").with(0, "REQ-BBBBBB", a))
		after(time.Minute)
		if f := s.facts(t, a); f.ReadBack.Before(again) || !f.Removed.IsZero() || f.Idle || !s.isLive(a) {
			t.Errorf("after the second grant: %+v", f)
		}
	})
}

func revocationDuringCreationComesAfterIt(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := started(t, newWorld().populate(1, 1))
		a := grant(1, 1, readOnly)
		s.latency = 20 * time.Second
		s.commitOf(t, newRepository("c1").with(0, "", a))
		after(3 * time.Second)
		s.commitOf(t, newRepository("c2"))
		after(10 * time.Second)
		if n := s.count("DeleteAccountAssignment"); n != 0 {
			t.Fatalf("deleted while the creation runs")
		}
		after(2 * time.Minute)
		if f := s.facts(t, a); s.isLive(a) || f.Removed.IsZero() || s.conflicts != 0 {
			t.Errorf("facts %+v, %d conflicts", f, s.conflicts)
		}
	})
}

func TestNewGrantOfWhatIsLiveIsReadBackAgainWithoutAWrite(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := started(t, newWorld().populate(1, 1))
		a := grant(1, 1, readOnly)
		first := newRepository("c1").with(4*time.Hour, "REQ-AAAAAA", a)
		s.commitOf(t, first)
		after(time.Hour)
		writes, again := s.writes(), time.Now().UTC()
		s.commitOf(t, newRepository("c2").with(4*time.Hour, "REQ-AAAAAA", a).with(8*time.Hour, "REQ-BBBBBB", a).since(first))
		after(time.Minute)
		if f := s.facts(t, a); f.ReadBack.Before(again) || f.Seen.Before(again) || s.writes() != writes {
			t.Errorf("facts %+v, %d writes more", f, s.writes()-writes)
		}
		after(4 * time.Hour)
		if f := s.facts(t, a); !s.isLive(a) || f.ReadBack.IsZero() {
			t.Errorf("the longer grant was cut: %+v", f)
		}
	})
}

func awsTroubleIsRetriedUntilItIsLive(t *testing.T) {
	tests := []struct {
		name    string
		fault   scripted
		creates int
		code    string // told after a few seconds
		within  time.Duration
	}{
		{"operation failed", scripted{op: "CreateAccountAssignment", fail: "Internal error."}, 2, "aws-failed", time.Minute},
		{"throttled", scripted{op: "CreateAccountAssignment", err: fault.New(fault.ErrThrottled, "create", "", nil)}, 2, "", 30 * time.Second},
		{"conflict", scripted{op: "CreateAccountAssignment", err: fault.New(fault.ErrConflict, "create", "", nil)}, 2, "", 30 * time.Second},
		{"denied", scripted{op: "CreateAccountAssignment", err: fault.New(fault.ErrDenied, "create", "not authorized", nil)}, 2, "aws-refused", time.Minute},
		{"answer lost after the effect", scripted{op: "CreateAccountAssignment", err: errLost, after: true}, 1, "", 30 * time.Second},
		{"answer lost before the effect", scripted{op: "CreateAccountAssignment", err: errLost}, 2, "", time.Minute},
		{"poll failed", scripted{op: "DescribeStatus", err: errLost}, 1, "", 30 * time.Second},
		{"request id unknown at first", scripted{op: "DescribeStatus", err: fault.New(fault.ErrNotFound, "describe", "", nil)}, 1, "", 30 * time.Second},
		{"first read failed", scripted{op: "ListAccountAssignments", err: errLost}, 1, "", 30 * time.Second},
		{"account look-up failed", scripted{op: "DescribeAccount", err: errLost}, 1, "", 30 * time.Second},
		{"management account unread", scripted{op: "DescribeOrganization", err: errLost}, 1, "", 30 * time.Second},
		{"group unread in Entra", scripted{op: "Group", err: errLost}, 1, "", 30 * time.Second},
		{"app assignment unread", scripted{op: "AppAssignment", err: errLost}, 1, "", 30 * time.Second},
		{"group look-up failed", scripted{op: "GetGroupId", err: errLost}, 1, "", 30 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				w := newWorld().populate(1, 1)
				w.faults = []*scripted{&tt.fault}
				s := started(t, w)
				a := grant(1, 1, readOnly)
				s.commitOf(t, newRepository("c1").with(0, "", a))
				after(8 * time.Second)
				if f := s.facts(t, a); f.TroubleCode != tt.code {
					t.Errorf("trouble %q %q, want %q", f.TroubleCode, f.Trouble, tt.code)
				}
				after(tt.within)
				f := s.facts(t, a)
				if f.ReadBack.IsZero() || f.Trouble != "" {
					t.Errorf("facts: %+v", f)
				}
				if n := s.count("CreateAccountAssignment"); n != tt.creates {
					t.Errorf("%d creations, want %d", n, tt.creates)
				}
				if len(s.faults) != 0 {
					t.Errorf("the fault was never met")
				}
			})
		})
	}
}

func entraTroubleIsRetriedWithoutASecondAssignment(t *testing.T) {
	tests := []struct {
		name    string
		fault   scripted
		assigns int
	}{
		{"assignment lost after the effect", scripted{op: "Assign", err: errLost, after: true}, 1},
		{"assignment throttled", scripted{op: "Assign", err: &fault.Error{Kind: fault.ErrThrottled, Op: "assign", RetryAfter: 7 * time.Second}}, 2},
		{"on-demand answer lost", scripted{op: "ProvisionOnDemand", err: errLost, after: true}, 1},
		{"on-demand refused once", scripted{op: "ProvisionOnDemand", fail: "The user has no given name."}, 1},
		{"members unread", scripted{op: "DirectUsers", err: errLost}, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				w := newWorld().populate(1)
				w.faults = []*scripted{&tt.fault}
				s := started(t, w)
				a := grant(1, 1, readOnly)
				s.commitOf(t, newRepository("c1").with(0, "", a))
				after(2 * time.Minute)
				if f := s.facts(t, a); f.ReadBack.IsZero() || f.Trouble != "" {
					t.Errorf("facts: %+v", f)
				}
				if n := s.count("Assign"); n != tt.assigns || len(s.faults) != 0 {
					t.Errorf("assigned %d times, want %d; faults left %d", n, tt.assigns, len(s.faults))
				}
				g, _, err := store.NewProvision(s.db).Principal(t.Context(), config.Principal{Kind: config.GroupPrincipal, ID: groupID(1)})
				if err != nil || !g.AssignedByBot {
					t.Errorf("the bot's own assignment is not known as such: %+v, %v", g, err)
				}
			})
		})
	}
}

func succeededButNotListedIsNeverLiveAndIsCreatedAgain(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld().populate(1, 1)
		w.faults = []*scripted{{op: "CreateAccountAssignment", unheard: true}}
		s := started(t, w)
		a := grant(1, 1, readOnly)
		s.commitOf(t, newRepository("c1").with(0, "", a))
		after(4 * time.Minute)
		if f := s.facts(t, a); !f.ReadBack.IsZero() || f.Created.IsZero() || f.Trouble != "" {
			t.Errorf("after 4 min: %+v", f)
		}
		after(75 * time.Second)
		if f := s.facts(t, a); !f.ReadBack.IsZero() || f.TroubleCode != string(provision.CodeNotListed) {
			t.Errorf("after 5 min: %+v", f)
		}
		after(2 * time.Minute)
		if f := s.facts(t, a); f.ReadBack.IsZero() || f.Trouble != "" || s.count("CreateAccountAssignment") != 2 {
			t.Errorf("after the repetition: %+v", f)
		}
	})
}

func removalTroubleIsRetriedUntilItIsGone(t *testing.T) {
	tests := []struct {
		name  string
		fault scripted
	}{
		{"operation failed", scripted{op: "DeleteAccountAssignment", fail: "Internal error."}},
		{"throttled", scripted{op: "DeleteAccountAssignment", err: fault.New(fault.ErrThrottled, "delete", "", nil)}},
		{"answer lost after the effect", scripted{op: "DeleteAccountAssignment", err: errLost, after: true}},
		{"answer lost before the effect", scripted{op: "DeleteAccountAssignment", err: errLost}},
		{"nothing there", scripted{op: "DeleteAccountAssignment", err: fault.New(fault.ErrNotFound, "delete", "", nil)}},
		{"read failed", scripted{op: "ListAccountAssignments", err: errLost}},
		{"succeeded but still listed", scripted{op: "DeleteAccountAssignment", unheard: true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				s := started(t, newWorld().populate(1, 1))
				a := grant(1, 1, readOnly)
				s.commitOf(t, newRepository("c1").with(0, "", a))
				after(time.Minute)
				s.do(func() { s.faults = []*scripted{&tt.fault} })
				s.commitOf(t, newRepository("c2"))
				after(8 * time.Minute)
				if f := s.facts(t, a); s.isLive(a) || f.Removed.IsZero() || !f.Idle || len(s.owned(t)) != 0 {
					t.Errorf("facts: %+v, owned %v", f, s.owned(t))
				}
				if len(s.faults) != 0 {
					t.Errorf("the fault was never met")
				}
			})
		})
	}
}

func TestChangesSwitchedOffMeanNoWriteAndSaySo(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld().populate(1, 1)
		gone := grant(1, 3, readOnly)
		w.put(gone)
		s := newSystem(t, w, store.NewMemory(), provision.Options{})
		s.run(t)
		s.commitOf(t, newRepository("c1").with(0, "", grant(1, 1, readOnly), grant(2, 2, readOnly), gone))
		after(time.Minute)
		s.commitOf(t, newRepository("c2").with(0, "", grant(1, 1, readOnly), grant(2, 2, readOnly)))
		after(3 * time.Hour)
		if n := s.writes(); n != 0 {
			t.Errorf("%d writes: %+v", n, s.calls)
		}
		for _, a := range []config.Assignment{grant(1, 1, readOnly), grant(2, 2, readOnly), gone} {
			if f := s.facts(t, a); f.TroubleCode != string(provision.CodeDisabled) {
				t.Errorf("%s: trouble %q", a, f.TroubleCode)
			}
		}
		if n := s.count("ListAccountAssignments"); n > 20 {
			t.Errorf("%d listings in three idle hours", n)
		}
	})
}

func TestStoreThatFailsStopsEffects(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld().populate(1, 1)
		db := &failingDB{DB: store.NewMemory(), step: string(provision.StepIntent)}
		s := newSystem(t, w, db, provision.Options{EnableChanges: true})
		s.run(t)
		s.commitOf(t, newRepository("c1").with(0, "", grant(1, 1, readOnly)))
		after(time.Minute)
		if n := s.writes(); n != 0 {
			t.Errorf("%d writes without a stored intent", n)
		}
		s.do(func() { db.step = "" })
		after(2 * time.Minute)
		if f := s.facts(t, grant(1, 1, readOnly)); f.ReadBack.IsZero() {
			t.Errorf("not live after the store recovered: %+v", f)
		}
	})
}

// failingDB refuses one step.
type failingDB struct {
	store.DB
	step string
}

func (d *failingDB) Update(ctx context.Context, step string, f func(store.Tx) error) error {
	if step == d.step {
		return errors.New("disk full")
	}
	return d.DB.Update(ctx, step, f)
}
