package access

import "time"

// How long before its end a grant is announced to end: a day for what lasted
// longer than a week, half an hour for what lasted four hours or more, and a
// tenth of the length for all that is shorter.
const (
	warnLong    = 24 * time.Hour
	warnLongOf  = 7 * 24 * time.Hour
	warnUsual   = 30 * time.Minute
	warnUsualOf = 4 * time.Hour
	warnShare   = 10
)

// WarnBefore returns how long before its end a grant of a length is announced
// to end.
func WarnBefore(length time.Duration) time.Duration {
	switch {
	case length > warnLongOf:
		return warnLong
	case length >= warnUsualOf:
		return warnUsual
	default:
		return max(length, 0) / warnShare
	}
}

// atItsEnd tells of the coming end once, and of another grant that gives the
// same for longer: then nothing ends.
func (m *mover) atItsEnd(g *GrantFacts) {
	switch {
	case g.Outlived && g.GoesOn != "" && g.GoesOn != m.r.GoesOn:
		m.r.GoesOn = g.GoesOn
		m.tell(NoticeExtended, string(g.GoesOn), string(g.GoesOn))
	case g.Outlived:
	default:
		m.r.GoesOn = ""
		if m.dueWarning(g.End) {
			m.r.Warned = true
			m.tell(NoticeEnding, "", "")
		}
	}
}

// dueWarning reports whether the coming end is to be told now. A grant lasts
// from its merge.
func (m *mover) dueWarning(end time.Time) bool {
	start, ok := m.r.Times[StageMerged]
	return ok && !m.r.Warned && !end.IsZero() && end.Sub(m.now) <= WarnBefore(end.Sub(start))
}

// dueIn is how long it is until a live request is to be looked at because of the
// clock: its coming end, or its end. What is due already was looked at, and what
// is far away is left to the slow look.
func dueIn(r Request, now time.Time) time.Duration {
	start, ok := r.Times[StageMerged]
	if r.State != StateLive || r.End.IsZero() || !ok {
		return lookEvery
	}
	for _, at := range []time.Time{r.End.Add(-WarnBefore(r.End.Sub(start))), r.End} {
		if at.After(now) {
			return min(at.Sub(now), lookEvery)
		}
	}
	return lookEvery
}

// goesOn is how a grant ended that another one outlasts; by is the request of
// that one, "" where it has none.
func goesOn(by ID) string {
	if by == "" {
		return "Another grant in the config repo still gives this access, so nothing was removed in AWS."
	}
	return string(by) + " still gives this access, so nothing was removed in AWS."
}
