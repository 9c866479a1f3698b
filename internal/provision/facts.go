package provision

import (
	"context"
	"fmt"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
)

var _ access.GrantEvidence = (*Engine)(nil)

// GrantFacts implements [access.GrantEvidence]: what is recorded of an
// assignment, whoever wants it; nil when nothing is. It leaves Desired, End and
// StillWanted to the caller, who knows which request is meant. ReadBack is zero
// unless the assignment is live as far as the last reading goes.
func (e *Engine) GrantFacts(ctx context.Context, a config.Assignment) (*access.GrantFacts, error) {
	r, ok, err := e.Store.Record(ctx, a)
	if err != nil || !ok {
		return nil, err
	}
	g, _, err := e.Store.Principal(ctx, a.Principal)
	if err != nil {
		return nil, fmt.Errorf("facts of %s: %w", a, err)
	}
	f := facts(r, g)
	if r.State == Adding && g.StoreID == "" && f.Trouble == "" {
		m, err := e.Store.Measures(ctx)
		if err != nil {
			return nil, fmt.Errorf("facts of %s: %w", a, err)
		}
		f.Expect = fmt.Sprintf("Until the %s is in Identity Center it takes %s.", a.Principal.Kind, m.Estimate())
	} else if (r.State == Adding && r.Created.IsZero() || r.State == Removing) && f.Trouble == "" {
		f.Expect = e.place(a)
	}
	return &f, nil
}

// facts joins an assignment's record with that of its principal.
func facts(r Record, g PrincipalRecord) access.GrantFacts {
	f := access.GrantFacts{
		Idle:        r.State == Gone,
		AppAssigned: r.AppAssigned, Seen: r.Seen, Created: r.Created, ReadBack: r.ReadBack,
		RemoveAsked: r.RemoveAsked, Removed: r.Removed,
		MembersSeen: g.MembersSeen, MembersTotal: g.MembersTotal, Absent: g.Absent, Warning: g.Nested,
		Trouble: r.Trouble, TroubleCode: string(r.Code), TroubleSince: r.Since,
	}
	if r.Code == CodeMissing {
		f.TroubleSince = r.Missing
	}
	if r.State == Adding {
		f.AppAssigned, f.Seen = stageTimes(r, g)
		if f.Trouble == "" {
			f.Trouble, f.TroubleCode = g.Trouble, string(g.Code)
		}
	}
	// Whoever waited for the on-demand provisioning is told whom it refused.
	if f.Trouble == "" && g.Refused != "" && (r.State == Adding || r.State == Live && r.ReadBack.After(g.FirstDemand)) {
		f.TroubleCode, f.TroubleSince = string(CodeMembers), g.FirstDemand
		f.Trouble = "On-demand provisioning did not take every member: " + g.Refused + " They have no access until that is mended and the regular cycle, about every 40 minutes, has been by."
	}
	if !r.Missing.IsZero() {
		f.ReadBack = time.Time{}
	}
	return f
}
