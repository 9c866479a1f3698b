package review

import (
	"strconv"

	"aws-access-bot/config"
)

// stepsOne reports whether the change does nothing but go to the next phase.
func (e *evaluation) stepsOne() bool {
	c := e.in.Change
	if len(c.Added)+len(c.Lengthened)+len(c.Shortened)+len(c.Removed)+len(c.NewAccounts)+len(c.NewPrincipals)+len(c.Entries)+len(c.Content) > 0 || len(c.Control) != 1 {
		return false
	}
	now := e.in.Base.Access.Phase
	return c.Control[0] == config.FieldChange{Path: config.AccessPath, Field: "phase", Old: strconv.Itoa(int(now)), New: strconv.Itoa(int(now + 1))}
}
