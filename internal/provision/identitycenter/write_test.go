package identitycenter_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/provision/fault"
	"aws-access-bot/internal/provision/identitycenter"
	"aws-access-bot/internal/sandbox/awsemu"
	"aws-access-bot/internal/sandbox/emukit"

	"github.com/google/go-cmp/cmp"
)

const (
	createOp = "CreateAccountAssignment"
	deleteOp = "DeleteAccountAssignment"
)

// outcome asks for the outcome of an operation that AWS must know.
func outcome(t *testing.T, c *identitycenter.Client, a provision.Action, id string) provision.Outcome {
	t.Helper()
	out, err := c.Outcome(t.Context(), a, id)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// live returns how many are assigned to a pair.
func live(t *testing.T, c *identitycenter.Client, p config.Pair) int {
	t.Helper()
	got, err := c.Assignments(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	return len(got)
}

func creationAndDeletionComeToTheirEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c, target := w.client(), w.target(prod, "ReadOnly")
	steps := []struct {
		action provision.Action
		begin  func() (string, error)
		left   int
	}{
		{provision.Create, func() (string, error) { return c.Create(t.Context(), target) }, 1},
		{provision.Create, func() (string, error) { return c.Create(t.Context(), target) }, 1}, // what exists is accepted
		{provision.Delete, func() (string, error) { return c.Delete(t.Context(), target) }, 0},
		{provision.Delete, func() (string, error) { return c.Delete(t.Context(), target) }, 0}, // what is missing succeeds
	}
	for i, s := range steps {
		id, err := s.begin()
		if err != nil || id == "" {
			t.Fatalf("step %d: %q, %v", i, id, err)
		}
		if got := outcome(t, c, s.action, id); got != (provision.Outcome{Status: provision.InProgress}) {
			t.Errorf("step %d at first: %+v", i, got)
		}
		running, err := c.Outcomes(t.Context(), s.action)
		if diff := cmp.Diff(map[string]provision.Status{id: provision.InProgress}, running); err != nil || diff != "" {
			t.Errorf("step %d: operations: %v %s", i, err, diff)
		}
		w.pass(3 * time.Second)
		if got := outcome(t, c, s.action, id); got != (provision.Outcome{Status: provision.Succeeded}) {
			t.Errorf("step %d in the end: %+v", i, got)
		}
		if running, err = c.Outcomes(t.Context(), s.action); err != nil || len(running) != 0 {
			t.Errorf("step %d: operations that have ended: %v, %v", i, running, err)
		}
		if n := live(t, c, target.Pair); n != s.left {
			t.Errorf("step %d: %d assigned, want %d", i, n, s.left)
		}
	}
}

func outcomesAreReadToTheLastPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, op := range []string{"ListAccountAssignmentCreationStatus", "ListAccountAssignmentDeletionStatus"} {
		list := strings.Replace(strings.TrimPrefix(op, "List"), "Assignment", "Assignments", 1)
		w.answer(op, 200, `{"`+list+`":[{"RequestId":"a","Status":"IN_PROGRESS"}],"NextToken":"2"}`)
		w.answer(op, 200, `{"`+list+`":[],"NextToken":"3"}`)
		w.answer(op, 200, `{"`+list+`":[{"RequestId":"b","Status":"IN_PROGRESS"}]}`)
	}
	c := w.client()
	for _, a := range []provision.Action{provision.Create, provision.Delete} {
		got, err := c.Outcomes(t.Context(), a)
		if diff := cmp.Diff(map[string]provision.Status{"a": provision.InProgress, "b": provision.InProgress}, got); err != nil || diff != "" {
			t.Errorf("%s: %v %s", a, err, diff)
		}
	}
}

func failuresComeWithTheirReason(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c, target := w.client(), w.target(prod, "ReadOnly")
	w.must(w.FailNext(createOp, "no such thing"))
	id, err := c.Create(t.Context(), target)
	w.must(err)
	w.pass(3 * time.Second)
	if got, want := outcome(t, c, provision.Create, id), (provision.Outcome{Status: provision.Failed, Reason: "no such thing"}); got != want {
		t.Errorf("creation: %+v", got)
	}
	w.must(w.FailNext(deleteOp, "Received a 500 status error"))
	id, err = c.Delete(t.Context(), target)
	w.must(err)
	w.pass(3 * time.Second)
	if got, want := outcome(t, c, provision.Delete, id), (provision.Outcome{Status: provision.Failed, Reason: "Received a 500 status error"}); got != want {
		t.Errorf("deletion: %+v", got)
	}
	// The reason of a missing assignment excuses deletions only.
	w.must(w.FailNext(createOp, "EntitlementItem doesn't exist"))
	id, err = c.Create(t.Context(), target)
	w.must(err)
	w.pass(3 * time.Second)
	if got := outcome(t, c, provision.Create, id); got.Status != provision.Failed {
		t.Errorf("creation of what does not exist: %+v", got)
	}
}

func TestAnOutcomeThatIsNotUnderstoodIsAnError(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.client()
	for _, body := range []string{`{}`, `{"AccountAssignmentCreationStatus":{}}`, `{"AccountAssignmentCreationStatus":{"Status":"PAUSED"}}`} {
		w.answer("DescribeAccountAssignmentCreationStatus", 200, body)
		if got, err := c.Outcome(t.Context(), provision.Create, "x"); err == nil || fault.Known(err) {
			t.Errorf("%s: got %+v, %v", body, got, err)
		}
	}
}

func aRequestThatAWSDoesNotKnowIsNotFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, a := range []provision.Action{provision.Create, provision.Delete} {
		if got, err := w.client().Outcome(t.Context(), a, "4a9f2d10-0000-4000-8000-000000000001"); !errors.Is(err, fault.ErrNotFound) {
			t.Errorf("%s: got %+v, %v", a, got, err)
		}
	}
}

func refusedWritesHaveAKindAndAreTriedOnce(t *testing.T) {
	t.Parallel()
	tests := []struct {
		code string
		want error // nil: no kind
	}{
		{"ThrottlingException", fault.ErrThrottled},
		{"ConflictException", fault.ErrConflict},
		{"ResourceNotFoundException", fault.ErrNotFound},
		{"AccessDeniedException", fault.ErrDenied},
		{"ServiceQuotaExceededException", fault.ErrInvalid},
		{"InternalServerException", nil},
	}
	for _, tc := range tests {
		t.Run(tc.code, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			c, target := w.client(), w.target(prod, "ReadOnly")
			w.refuse(createOp, tc.code)
			_, err := c.Create(t.Context(), target)
			checkRefusal(t, "create", err, tc.want)
			w.refuse(deleteOp, tc.code)
			_, err = c.Delete(t.Context(), target)
			checkRefusal(t, "delete", err, tc.want)
			if w.calls(createOp) != 1 || w.calls(deleteOp) != 1 {
				t.Errorf("%d creations and %d deletions sent", w.calls(createOp), w.calls(deleteOp))
			}
		})
	}
}

func checkRefusal(t *testing.T, what string, err, want error) {
	t.Helper()
	switch {
	case want == nil && (err == nil || fault.Known(err)):
		t.Errorf("%s: its effect is open, got %v", what, err)
	case want != nil && (!errors.Is(err, want) || fault.Reason(err) != "said the service"):
		t.Errorf("%s: got %v with the reason %q", what, err, fault.Reason(err))
	}
}

func aLostAnswerLeavesTheEffectOpen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c, target := w.client(), w.target(prod, "ReadOnly")
	w.kit.Faults.Add(emukit.Fault{Op: createOp, Drop: true, AfterEffect: true})
	if _, err := c.Create(t.Context(), target); err == nil || fault.Known(err) {
		t.Errorf("creation: %v", err)
	}
	running, err := c.Outcomes(t.Context(), provision.Create)
	if err != nil || len(running) != 1 || w.calls(createOp) != 1 {
		t.Errorf("%d operations after %d requests, %v", len(running), w.calls(createOp), err)
	}
	w.pass(3 * time.Second)
	if n := live(t, c, target.Pair); n != 1 {
		t.Errorf("%d assigned: the creation had its effect", n)
	}
	w.kit.Faults.Add(emukit.Fault{Op: deleteOp, Drop: true, AfterEffect: true})
	if _, err := c.Delete(t.Context(), target); err == nil || fault.Known(err) {
		t.Errorf("deletion: %v", err)
	}
	w.pass(3 * time.Second)
	if n := live(t, c, target.Pair); n != 0 || w.calls(deleteOp) != 1 {
		t.Errorf("%d assigned after %d requests: the deletion had its effect", n, w.calls(deleteOp))
	}
}

func anAnswerWithoutARequestIDLeavesTheEffectOpen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.client()
	for _, body := range []string{`{}`, `{"AccountAssignmentCreationStatus":{"Status":"IN_PROGRESS"}}`} {
		w.answer(createOp, 200, body)
		if id, err := c.Create(t.Context(), w.target(prod, "ReadOnly")); err == nil || fault.Known(err) {
			t.Errorf("%s: got %q, %v", body, id, err)
		}
	}
}

func TestASetThatAWriteDidNotFindIsLookedUpAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.client()
	w.refuse(createOp, "ResourceNotFoundException")
	if _, err := c.Create(t.Context(), w.target(prod, "ReadOnly")); !errors.Is(err, fault.ErrNotFound) {
		t.Fatalf("got %v", err)
	}
	if _, err := c.Create(t.Context(), w.target(prod, "ReadOnly")); err != nil {
		t.Fatal(err)
	}
	if n := w.calls("ListPermissionSets"); n != 2 {
		t.Errorf("%d lists of names, want 2", n)
	}
}

func TestTheManagementAccountIsDenied(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if _, err := w.client().Create(t.Context(), w.target("999999999999", "ReadOnly")); !errors.Is(err, fault.ErrDenied) {
		t.Errorf("got %v", err)
	}
}

func badCredentialsAreDeniedEverywhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	good := w.client()
	if _, _, err := good.Instance(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.RemoveCredentials("AKIABOT")
	stranger := w.clientOf("AKIANOBODY", fast)
	target := w.target(prod, "ReadOnly")
	calls := map[string]func(c *identitycenter.Client) error{
		"list":     func(c *identitycenter.Client) error { _, err := c.Assignments(t.Context(), target.Pair); return err },
		"create":   func(c *identitycenter.Client) error { _, err := c.Create(t.Context(), target); return err },
		"delete":   func(c *identitycenter.Client) error { _, err := c.Delete(t.Context(), target); return err },
		"outcomes": func(c *identitycenter.Client) error { _, err := c.Outcomes(t.Context(), provision.Create); return err },
		"outcome": func(c *identitycenter.Client) error {
			_, err := c.Outcome(t.Context(), provision.Create, "x")
			return err
		},
		"group": func(c *identitycenter.Client) error {
			_, _, err := c.FindGroup(t.Context(), entraID, "", "x")
			return err
		},
		"members": func(c *identitycenter.Client) error { _, err := c.Members(t.Context(), w.group); return err },
	}
	for name, call := range calls {
		for _, c := range []*identitycenter.Client{good, stranger} {
			if err := call(c); !errors.Is(err, fault.ErrDenied) || strings.Contains(err.Error(), "canary") {
				t.Errorf("%s: got %v", name, err)
			}
		}
	}
}

func throttlingPassesWithTime(t *testing.T) {
	t.Parallel()
	// The bucket of the emulator holds as many requests as the client makes
	// before its first write and, on a clock that stands still, gets no more.
	w := newWorld(t, func(o *awsemu.Options) { o.CenterRate = 4 })
	c := w.client()
	if _, err := c.PermissionSets(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Create(t.Context(), w.target(prod, "ReadOnly")); !errors.Is(err, fault.ErrThrottled) {
		t.Errorf("got %v", err)
	}
	w.pass(time.Second)
	if _, err := c.Create(t.Context(), w.target(prod, "ReadOnly")); err != nil {
		t.Errorf("once AWS takes requests again: %v", err)
	}
}

func TestReadsAndWritesShareOnePace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c, target := w.clientOf("AKIABOT", 20), w.target(prod, "ReadOnly")
	began := time.Now()
	if n := live(t, c, target.Pair); n != 0 { // 5 requests
		t.Fatalf("%d assigned", n)
	}
	id, err := c.Create(t.Context(), target)
	w.must(err)
	outcome(t, c, provision.Create, id)
	for range 3 {
		outcome(t, c, provision.Create, id)
	}
	// The first five of 10 requests go at once, the others 50 ms apart.
	if took := time.Since(began); took < 240*time.Millisecond {
		t.Errorf("10 requests at 20 a second took %v", took)
	}
}
