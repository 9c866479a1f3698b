package access

import (
	"fmt"
	"slices"
	"time"

	"aws-access-bot/config"
)

// grantable refuses what the check would refuse of the pull request, or what would
// change nothing.
func grantable(force InForce, w Want, now time.Time) error {
	if err := already(force, w, now); err != nil {
		return err
	}
	if err := force.Repo.AllowsTerm(w.Assignment(), w.Term); err != nil {
		no := refusal("duration", err)
		no.Message = fmt.Sprintf("%s in %s cannot be granted to %s with an end. %s", w.PermissionSet, w.AccountName, w.PrincipalName, no.Message)
		return no
	}
	return nil
}

// already refuses what the config in force grants for as long or longer: its
// pull request would change nothing.
func already(force InForce, w Want, now time.Time) error {
	made := force.Repo.DesiredOf(w.Principal, force.Starts, now)
	i := slices.IndexFunc(made, func(d config.Desired) bool { return d.Assignment == w.Assignment() })
	if i < 0 {
		return nil
	}
	what := fmt.Sprintf("%s has %s in %s already", w.PrincipalName, w.PermissionSet, w.AccountName)
	end := w.Term.End
	if w.Term.For > 0 {
		end = now.Add(w.Term.For)
	}
	switch had := made[i].End; {
	case had.IsZero():
		return &Refusal{Field: "permission_set", Message: what + ", with no end.", Mend: "Nothing needs to be asked for: see the AWS access portal."}
	case !w.Term.Standing && !had.Before(end):
		return &Refusal{Field: "duration", Message: fmt.Sprintf("%s, until %s.", what, had.UTC().Format(clockText)), Mend: "Ask for longer than that, if you need it longer."}
	default:
		return nil
	}
}
