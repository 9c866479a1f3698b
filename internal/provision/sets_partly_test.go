package provision_test

import (
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/provision/fault"
	"aws-access-bot/internal/provision/permset"
)

const denyIAM = `{"Statement":[{"Action":"iam:*","Effect":"Deny","Resource":"*"}],"Version":"2012-10-17"}`

// ways is a repository in which the accounts can be administered without the set.
func ways(id string) *repository {
	return newRepository(id).with(0, "", grant(1, 1, admin), grant(1, 3, admin))
}

// partly is a set that is to become an administrator without IAM, of which AWS
// takes the policy and refuses the denial, and then a grant in an account that does
// not have it.
func partly(t *testing.T) (s *setSystem, a config.Assignment) {
	t.Helper()
	svc := newSetService(newWorld().populate(1, 1))
	svc.have(view("Old", time.Hour, policyView), accountID(1))
	s = startedSets(t, svc)
	s.commitOf(t, ways("c1").declaring(declared("Old", time.Hour, policyView)))
	after(time.Minute)
	s.do(func() {
		s.down = map[string]error{"WriteSet " + string(permset.PutInline): fault.New(fault.ErrInvalid, "put inline policy", "the policy is not well formed", nil)}
	})
	file := declared("Old", time.Hour, policyAdmin)
	file.InlinePolicy = denyIAM
	s.commitOf(t, ways("c2").declaring(file))
	after(time.Minute)
	if s.policies("Old") != policyAdmin {
		t.Fatalf("live %q, record %+v", s.policies("Old"), s.record(t, "Old"))
	}
	a = grant(1, 3, "Old")
	s.commitOf(t, ways("c3").declaring(file).with(0, "REQ-AAAAAA", a))
	after(10 * time.Minute)
	return s, a
}

// TestNothingNewIsGivenWithASetOfWhichOnlyAPartIsWritten: it may permit more than
// any file ever said.
func TestNothingNewIsGivenWithASetOfWhichOnlyAPartIsWritten(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s, a := partly(t)
		if f := s.facts(t, a); s.isLive(a) || f.TroubleCode != string(provision.CodeSetPending) {
			t.Errorf("live %v, facts %+v", s.isLive(a), f)
		}
		s.stop()
		next := newSetSystem(t, s.service, s.db, provision.Options{EnableChanges: true})
		next.run(t)
		after(30 * time.Minute)
		if next.isLive(a) {
			t.Error("given after a restart")
		}
		next.do(func() { next.down = nil })
		after(2 * time.Hour)
		if f := next.facts(t, a); !next.isLive(a) || f.Trouble != "" {
			t.Errorf("once it is whole: live %v, facts %+v", next.isLive(a), f)
		}
	})
}

// TestASetOfWhichAPartIsWrittenIsGivenAgainOnceItIsAsAFileSays, also if that is
// another file.
func TestASetOfWhichAPartIsWrittenIsGivenAgainOnceItIsAsAFileSays(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s, a := partly(t)
		s.commitOf(t, ways("c4").declaring(declared("Old", time.Hour, policyAudit)).with(0, "REQ-AAAAAA", a))
		after(10 * time.Minute)
		if f := s.facts(t, a); s.policies("Old") != policyAudit || !s.isLive(a) || f.Trouble != "" {
			t.Errorf("live %q %v, facts %+v", s.policies("Old"), s.isLive(a), f)
		}
	})
}

// TestASetOfWhichNothingIsWrittenIsGivenAsItWas: AWS refuses the first write of a
// change.
func TestASetOfWhichNothingIsWrittenIsGivenAsItWas(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		svc := newSetService(newWorld().populate(1, 1))
		svc.have(view("Old", time.Hour, policyView), accountID(1))
		s := startedSets(t, svc)
		s.do(func() {
			s.down = map[string]error{"WriteSet " + string(permset.Attach): fault.New(fault.ErrInvalid, "attach", "no", nil)}
		})
		s.commitOf(t, ways("c1").declaring(declared("Old", time.Hour, policyView, policyAudit)))
		after(time.Minute)
		a := grant(1, 3, "Old")
		s.commitOf(t, ways("c2").declaring(declared("Old", time.Hour, policyView, policyAudit)).with(0, "REQ-AAAAAA", a))
		after(10 * time.Minute)
		if r := s.record(t, "Old"); !s.isLive(a) || r.Code != provision.CodeSetRefused {
			t.Errorf("live %v, record %+v", s.isLive(a), r)
		}
	})
}
