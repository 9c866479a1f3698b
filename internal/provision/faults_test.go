package provision_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision/fault"
	"aws-access-bot/internal/store"
)

// TestFaults has the cells of the fault matrix that are about what the engine
// makes of an outside call that goes wrong, by row and column. docs/faults.md
// lists them all; a test in internal/archtest holds that none is missing.
func TestFaults(t *testing.T) {
	token := outage{ops: slices.Concat(directoryOps, applicationOps), holds: notGivenYet}
	directory := outage{ops: directoryOps, holds: notGivenYet}
	application := outage{ops: applicationOps, holds: notGivenYet}
	identityStore := outage{ops: []string{"GetGroupId", "GetUserId", "Exists", "ListGroupMemberships"}, holds: notGivenYet}
	listing := outage{ops: []string{"ListAccountAssignments", "ListAccountAssignmentsForPrincipal"}, holds: nothingWritten}
	write := outage{ops: []string{"CreateAccountAssignment", "DeleteAccountAssignment"}, holds: nothingSaidDone}
	status := outage{ops: []string{"ListStatus", "DescribeStatus"}, holds: onlyWhatIsReadBack}
	accounts := outage{ops: []string{"DescribeAccount", "DescribeOrganization"}, holds: nothingNewInUnknownAccounts}
	for cell, test := range map[string]func(*testing.T){
		"C11/timeout": token.timeout, "C11/throttled": token.throttled, "C11/5xx": token.broken, "C11/revoked": token.revoked,
		"C12/timeout": directory.timeout, "C12/throttled": directory.throttled, "C12/5xx": directory.broken, "C12/revoked": directory.revoked,
		"C13/timeout": application.timeout, "C13/throttled": application.throttled, "C13/5xx": application.broken, "C13/revoked": application.revoked,
		"C14/timeout": identityStore.timeout, "C14/throttled": identityStore.throttled, "C14/5xx": identityStore.broken, "C14/revoked": identityStore.revoked,
		"C15/timeout": listing.timeout, "C15/throttled": listing.throttled, "C15/5xx": listing.broken, "C15/revoked": listing.revoked,
		"C16/timeout": write.timeout, "C16/throttled": write.throttled, "C16/5xx": write.broken, "C16/revoked": write.revoked,
		"C17/timeout": status.timeout, "C17/throttled": status.throttled, "C17/5xx": status.broken, "C17/revoked": status.revoked,
		"C18/timeout": accounts.timeout, "C18/throttled": accounts.throttled, "C18/5xx": accounts.broken, "C18/revoked": accounts.revoked,
	} {
		t.Run(cell, test)
	}
	for cell, tests := range map[string]map[string]func(*testing.T){
		"C12/lag": {
			"an assignment that is not listed yet is no missing one": assignmentThatIsNotListedYetIsNoMissingOne,
		},
		"C13/lag": {
			"assignment that does not replicate yet is tried again in silence": assignmentThatDoesNotReplicateYetIsTriedAgainInSilence,
			"group that is missed once is not taken for gone":                  groupThatIsMissedOnceIsNotTakenForGone,
		},
		"C13/duplicate": {
			"assignment by an administrator is not the bots": assignmentByAnAdministratorIsNotTheBots,
		},
		"C13/throttled": {
			"throttled on demand request is waited out by all": throttledOnDemandRequestIsWaitedOutByAll,
		},
		"C13/timeout": {
			"lost answer of taking a user out is looked after":     lostAnswerOfTakingAUserOutIsLookedAfter,
			"entra trouble is retried without a second assignment": entraTroubleIsRetriedWithoutASecondAssignment,
		},
		"C13/revoked": {
			"user keeps what the bot may not take away": userKeepsWhatTheBotMayNotTakeAway,
		},
		"C12/5xx": {
			"look at the application that fails keeps what was found": lookAtTheApplicationThatFailsKeepsWhatWasFound,
		},
		"C14/lag": {
			"group unseen for long is told and granted when the cycle brings it":          groupUnseenForLongIsToldAndGrantedWhenTheCycleBringsIt,
			"recreated group gets its access under the new ID and loses it under the old": recreatedGroupGetsItsAccessUnderTheNewIDAndLosesItUnderTheOld,
			"earlier ID that still exists keeps its assignments and is told":              earlierIDThatStillExistsKeepsItsAssignmentsAndIsTold,
		},
		"C15/partial": {
			"failed read means no removal in its cycle":              failedReadMeansNoRemovalInItsCycle,
			"denied half way through a check is made up for by pair": deniedHalfWayThroughACheckIsMadeUpForByPair,
		},
		"C15/lag": {
			"listing that lags once is no drift":                          listingThatLagsOnceIsNoDrift,
			"succeeded but not listed is never live and is created again": succeededButNotListedIsNeverLiveAndIsCreatedAgain,
		},
		"C16/lag": {
			"absence from the list is no success":        absenceFromTheListIsNoSuccess,
			"deletion that failed is not called removed": deletionThatFailedIsNotCalledRemoved,
		},
		"C16/timeout": {
			"aws trouble is retried until it is live":             awsTroubleIsRetriedUntilItIsLive,
			"removal trouble is retried until it is gone":         removalTroubleIsRetriedUntilItIsGone,
			"lost deletion of what is not listed yet is repeated": lostDeletionOfWhatIsNotListedYetIsRepeated,
		},
		"C16/duplicate": {
			"after a lost database live ones are read back without a write": afterALostDatabaseLiveOnesAreReadBackWithoutAWrite,
		},
		"C16/order": {
			"revocation during creation comes after it":             revocationDuringCreationComesAfterIt,
			"granted again during its deletion is created after it": grantedAgainDuringItsDeletionIsCreatedAfterIt,
		},
		"C17/lag": {
			"operation that the list does not know yet goes on":      operationThatTheListDoesNotKnowYetGoesOn,
			"request that AWS never knows is decided by the listing": requestThatAWSNeverKnowsIsDecidedByTheListing,
		},
		"C17/throttled": {
			"throttled list is asked again later": throttledListIsAskedAgainLater,
		},
		"C17/5xx": {
			"list of operations that fails is asked again": listOfOperationsThatFailsIsAskedAgain,
		},
		"C18/lag": {
			"what cannot be done is told and done once it can": whatCannotBeDoneIsToldAndDoneOnceItCan,
		},
	} {
		for name, test := range tests {
			t.Run(cell+"/"+name, test)
		}
	}
}

func assignmentThatIsNotListedYetIsNoMissingOne(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld().populate(1)
		w.assignedLag = 10 * time.Minute
		s := started(t, w)
		a, b := grant(1, 1, readOnly), grant(1, 2, readOnly)
		s.commitOf(t, newRepository("c1").with(0, "", a))
		after(2 * time.Minute)
		s.commitOf(t, newRepository("c2").with(0, "", a, b))
		after(2 * time.Minute)
		for _, x := range []config.Assignment{a, b} {
			if f := s.facts(t, x); f.ReadBack.IsZero() || f.Trouble != "" {
				t.Errorf("%s: %+v", x, f)
			}
		}
		g, _, err := store.NewProvision(s.db).Principal(t.Context(), a.Principal)
		if err != nil || !g.AssignedByBot || len(s.noticed()) != 0 {
			t.Errorf("the bot's own assignment is not known as such: %+v, %v; told %v", g, err, s.noticed())
		}
	})
}

// What Microsoft Graph is asked, reads and writes.
var (
	directoryOps   = []string{"Group", "User", "DirectUsers", "AppAssignment", "Job", "Application"}
	applicationOps = []string{"Assign", "Unassign", "ProvisionOnDemand"}
)

// outage is a time in which some operations of a service fail, each time.
type outage struct {
	ops []string
	// holds is what must be so at the end of it.
	holds func(t *testing.T, o *outaged)
}

// outaged is a system in an outage, in which one assignment stays, one was
// taken out of the config repo and one, of a group that is new to AWS, came in.
type outaged struct {
	*system
	stays, leaves, comes config.Assignment
}

const (
	outageLasts = 20 * time.Minute
	// askedToWait is what a throttled answer asks for.
	askedToWait = 2 * time.Minute
	// mendedWithin is the longest wait between two tries, and some.
	mendedWithin = 40 * time.Minute
)

func (o outage) timeout(t *testing.T) { o.play(t, errLost, false) }

func (o outage) broken(t *testing.T) {
	o.play(t, errors.New("HTTP 503: the service has no time for us"), false)
}

func (o outage) throttled(t *testing.T) {
	o.play(t, &fault.Error{Kind: fault.ErrThrottled, Op: "call", RetryAfter: askedToWait}, false)
}

// revoked credentials are refused, which somebody has to mend: it is said.
func (o outage) revoked(t *testing.T) {
	o.play(t, fault.New(fault.ErrDenied, "call", "the token is not valid any more", nil), true)
}

// play lets an outage begin as a commit comes into force, and end. Whatever the
// fault, nothing that is kept is touched, the number of tries is bounded, and
// once it is over everything comes to be as desired, without a person.
func (o outage) play(t *testing.T, err error, said bool) {
	inBubble(t, func(t *testing.T) {
		p := &outaged{system: started(t, newWorld().populate(1, 2, 3)), stays: grant(3, 3, readOnly), leaves: grant(2, 2, readOnly), comes: grant(1, 1, readOnly)}
		first := newRepository("c1").with(0, "", p.stays, p.leaves)
		p.commitOf(t, first)
		after(2 * time.Minute)
		if !p.isLive(p.stays) || !p.isLive(p.leaves) {
			t.Fatal("not live before the outage")
		}
		p.forget()
		p.do(func() {
			p.down = map[string]error{}
			for _, op := range o.ops {
				p.down[op] = err
			}
		})
		p.commitOf(t, newRepository("c2").with(0, "", p.stays, p.comes).since(first))
		after(outageLasts)
		if !p.failed(o.ops) {
			t.Fatalf("none of %v was called", o.ops)
		}
		o.holds(t, p)
		p.triesAreBounded(t, o.ops, err)
		if said && !p.saysWhy(t) {
			t.Error("nobody is told what is refused")
		}
		p.do(func() { p.down = nil })
		after(mendedWithin)
		p.convergedOnce(t)
	})
}

func (o *outaged) failed(ops []string) bool {
	return slices.ContainsFunc(ops, func(op string) bool { return o.count(op) > 0 })
}

// writesOf counts the writes about an assignment.
func (o *outaged) writesOf(a config.Assignment) (creates, deletes int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, c := range o.calls {
		if !strings.HasPrefix(c.key, pairKey(a.Pair())+"/") {
			continue
		}
		switch c.op {
		case "CreateAccountAssignment":
			creates++
		case "DeleteAccountAssignment":
			deletes++
		}
	}
	return creates, deletes
}

// triesAreBounded: waits grow, and those that the service asks for are kept. An
// operation has at most three things here that ask by themselves.
func (o *outaged) triesAreBounded(t *testing.T, ops []string, err error) {
	t.Helper()
	most := 3 * 40
	if wait := fault.RetryAfter(err); wait > 0 {
		most = 3 * (int(outageLasts/wait) + 1)
	}
	for _, op := range ops {
		if n := o.count(op); n > most {
			t.Errorf("%s was tried %d times in %s, want at most %d", op, n, outageLasts, most)
		}
	}
}

// saysWhy reports whether the thread of one of them, the operations channel or
// the status says what the service answers.
func (o *outaged) saysWhy(t *testing.T) bool {
	t.Helper()
	for _, a := range []config.Assignment{o.comes, o.leaves} {
		if strings.Contains(o.facts(t, a).Trouble, "not valid any more") {
			return true
		}
	}
	st, err := o.engine.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range st.Troubles {
		if strings.Contains(x.Text, "not valid any more") {
			return true
		}
	}
	for _, n := range o.noticed() {
		if strings.Contains(n.Text, "not valid any more") {
			return true
		}
	}
	return false
}

// convergedOnce: what is desired is live and read back, what is not is gone, and
// no write was repeated that had its effect.
func (o *outaged) convergedOnce(t *testing.T) {
	t.Helper()
	if f := o.facts(t, o.comes); !o.isLive(o.comes) || f.ReadBack.IsZero() || f.Trouble != "" {
		t.Errorf("what came in: live %v, %+v", o.isLive(o.comes), f)
	}
	if f := o.facts(t, o.leaves); o.isLive(o.leaves) || f.Removed.IsZero() || !f.Idle {
		t.Errorf("what was taken out: live %v, %+v", o.isLive(o.leaves), f)
	}
	if c, d := o.writesOf(o.stays); c+d != 0 || !o.isLive(o.stays) {
		t.Errorf("what stays was created %d and deleted %d times", c, d)
	}
	if owned := o.owned(t); len(owned) != 2 {
		t.Errorf("owned: %v", owned)
	}
	if o.conflicts != 0 {
		t.Errorf("%d operations ran into others", o.conflicts)
	}
}

// notGivenYet: access waits for its group, and says so. What is to go goes: a
// removal asks nothing of Entra.
func notGivenYet(t *testing.T, o *outaged) {
	t.Helper()
	if c, _ := o.writesOf(o.comes); c != 0 || !o.facts(t, o.comes).ReadBack.IsZero() {
		t.Errorf("%d creations for a group that is not known to be there: %+v", c, o.facts(t, o.comes))
	}
	if f := o.facts(t, o.comes); f.Trouble == "" {
		t.Errorf("nothing said: %+v", f)
	}
	if o.isLive(o.leaves) || o.facts(t, o.leaves).Removed.IsZero() {
		t.Errorf("the removal waits for Entra: %+v", o.facts(t, o.leaves))
	}
}

// nothingWritten: without a complete read there is no removal and no addition.
func nothingWritten(t *testing.T, o *outaged) {
	t.Helper()
	if n := o.count("CreateAccountAssignment") + o.count("DeleteAccountAssignment"); n != 0 {
		t.Errorf("%d writes without knowing what is there", n)
	}
	if !o.isLive(o.leaves) || !o.facts(t, o.comes).ReadBack.IsZero() || !o.facts(t, o.leaves).Removed.IsZero() {
		t.Errorf("comes %+v, leaves %+v", o.facts(t, o.comes), o.facts(t, o.leaves))
	}
}

// nothingNewInUnknownAccounts: nothing is given in an account that is not known
// to be active. A removal asks nothing of Organizations but what was known.
func nothingNewInUnknownAccounts(t *testing.T, o *outaged) {
	t.Helper()
	if n := o.count("CreateAccountAssignment"); n != 0 || !o.facts(t, o.comes).ReadBack.IsZero() {
		t.Errorf("%d creations in an account of unknown state: %+v", n, o.facts(t, o.comes))
	}
	if o.isLive(o.leaves) || o.facts(t, o.leaves).Removed.IsZero() {
		t.Errorf("the removal waits for Organizations: %+v", o.facts(t, o.leaves))
	}
}

// nothingSaidDone: what AWS did not do is called neither live nor removed.
func nothingSaidDone(t *testing.T, o *outaged) {
	t.Helper()
	if o.isLive(o.comes) || !o.isLive(o.leaves) {
		t.Fatal("the service did what it refused")
	}
	if !o.facts(t, o.comes).ReadBack.IsZero() || !o.facts(t, o.leaves).Removed.IsZero() {
		t.Errorf("comes %+v, leaves %+v", o.facts(t, o.comes), o.facts(t, o.leaves))
	}
}

// onlyWhatIsReadBack: operations that cannot be followed are not repeated, and
// the listing of the assignments alone says what became of them.
func onlyWhatIsReadBack(t *testing.T, o *outaged) {
	t.Helper()
	if c, _ := o.writesOf(o.comes); c != 1 {
		t.Errorf("%d creations", c)
	}
	if _, d := o.writesOf(o.leaves); d != 1 {
		t.Errorf("%d deletions", d)
	}
	if f := o.facts(t, o.comes); !f.ReadBack.IsZero() && !o.isLive(o.comes) {
		t.Errorf("comes %+v", f)
	}
	if f := o.facts(t, o.leaves); !f.Removed.IsZero() && o.isLive(o.leaves) {
		t.Errorf("leaves %+v", f)
	}
}
