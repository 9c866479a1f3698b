package review

import (
	"slices"

	"aws-access-bot/config"
)

// idleLines adds the needs of entries that come in and change no assignment now:
// what they say again is approved as if it were new, and what selects no account
// yet, which no rule can decide, by the control plane. Both give access later,
// and nobody is asked then.
func (e *evaluation) idleLines() {
	for i := range e.in.Change.Idle {
		c := &e.in.Change.Idle[i]
		if c.Assignment.Account != "" {
			e.gain(e.idleSubject(c), c)
			continue
		}
		if f, ok := e.in.Head.PrincipalFile(c.Assignment.Principal); ok && slices.Contains(e.in.Change.NewPrincipals, f.Path()) && !e.hasGain(f.Path()) {
			continue // a new file without a gain is the control plane's as a whole
		}
		e.need(Need{Subject: SubjectLine, Change: c, Rule: "control plane", Steps: e.steps(e.in.Base.Access.ControlPlane)}, sides{})
	}
}

// idleSubject says of what selects accounts why it changes nothing now: its end
// has passed, or what it says stands already.
func (e *evaluation) idleSubject(c *config.AssignmentChange) Subject {
	if c.New != nil && !c.New.End.IsZero() && !c.New.End.After(e.in.Start) {
		return SubjectEnded
	}
	return SubjectAgain
}
