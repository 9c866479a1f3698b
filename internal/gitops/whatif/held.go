package whatif

import (
	"fmt"

	"aws-access-bot/config"
	"aws-access-bot/internal/gitops/impact"
	"aws-access-bot/internal/gitops/review"
)

// held says what an approved change will meet after the merge, taking what the
// base desires for what the bot owns.
func (o *Outlook) held(base, head *config.Repo, plan impact.Plan) {
	const mend = " It is held until a later control-plane change allows it with limits.allow."
	for _, l := range plan.Limits {
		switch l.Code {
		case impact.OverBudget:
			o.Held = append(o.Held, fmt.Sprintf("%d assignments of %d would go, and %d may go in 24 hours; a plan over that is refused whole.", l.Removals, l.Of, l.Allowed))
		case impact.WholeAccount:
			o.Held = append(o.Held, fmt.Sprintf("All %d assignments in %s would go.", l.Of, review.AccountName(l.Account, base, head))+mend)
		case impact.WholeGroup:
			o.Held = append(o.Held, fmt.Sprintf("All %d assignments of %s would go.", l.Of, review.PrincipalName(l.Principal, base, head))+mend)
		}
	}
	for _, a := range plan.Accounts {
		for _, set := range a.Last {
			o.Last = append(o.Last, fmt.Sprintf("The last assignment of %s in %s goes: the role disappears there, and has another name when it comes back.", set, review.AccountName(a.ID, base, head)))
		}
	}
}
