package provision

import (
	"fmt"
	"slices"
	"time"

	"aws-access-bot/config"
)

// CodeClock: something that hangs on the time, while our clock and those of trusted
// services disagree, cannot be compared, or ours was just set.
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

// clockWrong reports that our clock is known to be too far from trusted ones.
func (s Surroundings) clockWrong() bool { return s.SkewKnown && s.Skew.Abs() > maxSkew }

// clockInDoubt reports that it is not known what time it is: our clock is wrong, or
// nothing is known of how far it is from trusted ones.
func (s Surroundings) clockInDoubt() bool { return s.clockWrong() || !s.SkewKnown || s.ClockSet }

// inDoubt is clockInDoubt at the beginning of a pass.
func (e *Engine) inDoubt(set bool) bool {
	s := Surroundings{ClockSet: set}
	s.Skew, s.SkewKnown = e.Clocks.Skew()
	return s.clockInDoubt()
}

// clock holds what the time takes away while the time is in doubt, and additions
// that end while our clock is known to be wrong. What a commit takes away goes at
// any time, the more so in an emergency: of the time it needs only the window of
// the budget, and while that is in doubt everything counts that is in the log.
func (s Surroundings) clock(c Change) objection {
	held := c.Kind == Remove && (c.Cause.Kind == CauseExpiry || !c.Cause.End.IsZero() || s.Lapsed[c.Assignment])
	switch {
	case s.clockWrong() && (held || c.Kind == Add && !s.Desired[c.Assignment].IsZero()):
		return objection{CodeClock, fmt.Sprintf("The clock of the bot is %s off those of AWS, Microsoft and GitHub; mend it first.", s.Skew.Abs().Round(time.Second))}
	case held && !s.SkewKnown:
		return objection{CodeClock, "No trusted service has told the time lately; what ends by the time waits for one."}
	case held && s.ClockSet:
		return objection{CodeClock, fmt.Sprintf("The clock of the bot was set while it ran; what ends by the time waits %s, until AWS, Microsoft and GitHub have told the time anew.", skewFresh)}
	}
	return objection{}
}

// lapsed reports whether the commit in force grants something that has ended by
// our clock only: at its merge, by GitHub's, the end was still to come.
func (v *view) lapsed(a config.Assignment) bool {
	for _, d := range v.force.Repo.DesiredOf(a.Principal, v.force.Starts, time.Time{}) {
		if d.Assignment != a {
			continue
		}
		return slices.ContainsFunc(d.Grants, func(k config.GrantKey) bool {
			start := v.force.Starts[k]
			end, standing := v.refs[k].Grant.End(start)
			return standing || end.After(start.MergedAt)
		})
	}
	return false
}

// takesOver reports whether the commit in force takes away what was to go by its
// end: it has no line for it any more. While the time is in doubt that end may be
// still to come, so it goes by the commit, at once and under the guards that count.
func (v *view) takesOver(r Record) bool {
	byTime := r.Cause.Kind == CauseExpiry || r.Cause.Kind == CauseCommit && !r.Cause.End.IsZero()
	return v.doubtful && byTime && r.RemoveAsked.IsZero() && r.Op == nil && !v.lapsed(r.Assignment)
}

// telling takes in what is known of the time.
func (s *Surroundings) telling(v *view, clocks Clocks, plan Result) {
	s.Skew, s.SkewKnown = clocks.Skew()
	s.ClockSet = v.clockSet
	if !s.clockInDoubt() {
		return
	}
	s.Lapsed = map[config.Assignment]bool{}
	for _, c := range plan.Changes {
		if c.Kind == Remove && v.lapsed(c.Assignment) {
			s.Lapsed[c.Assignment] = true
		}
	}
}
