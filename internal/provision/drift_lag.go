package provision

import "maps"

// mayLag reports whether a finding is of what the bot removed right before, and one
// reading alone shows it: AWS answers from copies, and one may be from before.
func (e *Engine) mayLag(f Finding) bool {
	if f.Missing || f.Assignment == nil {
		return false
	}
	r := e.book.find(*f.Assignment)
	if r == nil || r.State != Gone || r.Removed.IsZero() || f.Since.Sub(r.Removed) >= e.pace(fresh) {
		return false
	}
	_, seen := e.desk.sight.Ask(f.Pair, f.Live)
	return seen.Began.Sub(f.Since) < e.pace(missingConfirm)
}

// lookOnceMore has what may lag read once more in a moment: no commit declares it, so
// that no other reading may come for hours, and somebody may have made it anew.
func (e *Engine) lookOnceMore(v *view, list []Finding) {
	for _, f := range list {
		if e.mayLag(f) {
			e.desk.lagging[f.ID] = f
			v.alarm.set(f.Since.Add(e.pace(missingConfirm)))
		}
	}
}

// recallLagging is lookOnceMore for what was found before this process began. It
// sets no alarm: that of the reading itself does, where it fails too.
func (e *Engine) recallLagging(v *view, list []Finding) {
	for _, f := range list {
		if v.toTell(f) && e.mayLag(f) {
			e.desk.lagging[f.ID] = f
		}
	}
}

// laggingNeeds are the readings that tell what may lag.
func (e *Engine) laggingNeeds(v *view) []need {
	maps.DeleteFunc(e.desk.lagging, func(_ string, f Finding) bool { return !e.mayLag(f) })
	var out []need
	for _, f := range e.desk.lagging {
		n := need{pair: f.Pair, ids: []LiveAssignment{f.Live}}
		if at := later(f.Since.Add(e.pace(missingConfirm)), e.failedUntil(n)); at.After(v.now) {
			v.alarm.set(at)
			continue
		}
		out = append(out, n)
	}
	return out
}
