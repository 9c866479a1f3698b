package provision

import (
	"fmt"
	"time"
)

// CodeClock: a removal, or something that hangs on the time, while our clock and
// those of trusted services disagree, cannot be compared, or ours was just set.
const CodeClock Code = "clock"

// maxSkew is how far our clock may be from trusted Date headers before what
// hangs on the time is held. Date headers have whole seconds.
const maxSkew = 60 * time.Second

// watchedClock holds our clock against one that nobody can set.
type watchedClock struct {
	wall time.Time // ours, at the last look; zero before the first
	// elapsed is how long the process had run then, doubt until when in its run
	// our clock is in doubt.
	elapsed, doubt time.Duration
}

// look notes the time, and reports whether our clock was set since the last look
// or so lately that what trusted services said may be from before.
func (c *watchedClock) look(wall time.Time, elapsed time.Duration) (set bool) {
	if !c.wall.IsZero() && (wall.Sub(c.wall)-(elapsed-c.elapsed)).Abs() > maxSkew {
		c.doubt = elapsed + skewFresh
	}
	c.wall, c.elapsed = wall, elapsed
	return elapsed < c.doubt
}

// clock holds removals while the time is in doubt, and additions that end while
// our clock is known to be wrong: ends hang on it, and so does the window of the
// budget. What was begun is in the window already; what is left under an id that
// is gone never is.
func (s Surroundings) clock(c Change) objection {
	wrong := s.SkewKnown && s.Skew.Abs() > maxSkew
	held := c.Kind == Remove && (c.Cause.Kind == CauseExpiry || !c.Cause.End.IsZero() || !c.Begun && c.Cause.Kind != CauseRecreated)
	switch {
	case wrong && (held || c.Kind == Add && !s.Desired[c.Assignment].IsZero()):
		return objection{CodeClock, fmt.Sprintf("The clock of the bot is %s off those of AWS, Microsoft and GitHub; mend it first.", s.Skew.Abs().Round(time.Second))}
	case held && !s.SkewKnown:
		return objection{CodeClock, "No trusted service has told the time lately; removals wait for one."}
	case held && s.ClockSet:
		return objection{CodeClock, fmt.Sprintf("The clock of the bot was set while it ran; removals wait %s, until AWS, Microsoft and GitHub have told the time anew.", skewFresh)}
	}
	return objection{}
}
