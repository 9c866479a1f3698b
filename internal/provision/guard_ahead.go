package provision

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"aws-access-bot/config"
)

// What one commit takes away by ends is one removal by it, however the ends are
// spread over the time: once the first of them is due, or the commit takes
// something away at once, all count. So a plan cannot be sliced by ends either.

// Coming is an end that a commit brought nearer and that is still to come.
type Coming struct {
	Commit string
	// Since is when the commit was first seen in force.
	Since, End time.Time
}

// Foreseen is what the guards will refuse once ends pass that a commit brought
// nearer.
type Foreseen struct {
	Commit   string
	Sentence string // what is wrong, and the mend
}

// join counts what the commits that take something away now will take later.
func (b *budget) join() {
	behind := b.planned.byCommit()
	for a, end := range b.s.Ahead {
		if behind[end.Commit] > 0 {
			b.planned[a] = end.Commit
		}
	}
}

// ends returns the ends still to come that limits.allow lets a commit have, sorted.
func (b *budget) ends() []config.Assignment {
	var out []config.Assignment
	for a, end := range b.s.Ahead {
		if b.allowed(end.Commit, false) {
			out = append(out, a)
		}
	}
	slices.SortFunc(out, config.Assignment.Compare)
	return out
}

// foresee judges the commits of which ends are still to come and nothing is due
// yet, so that people hear of it before the first end passes.
func (b *budget) foresee() []Foreseen {
	byCommit := map[string]counted{}
	for a, end := range b.s.Ahead {
		if _, now := b.planned[a]; now || b.allowed(end.Commit, false) {
			continue
		}
		if byCommit[end.Commit] == nil {
			byCommit[end.Commit] = counted{}
		}
		byCommit[end.Commit][a] = end.Commit
	}
	var out []Foreseen
	for _, commit := range slices.Sorted(maps.Keys(byCommit)) {
		list := byCommit[commit]
		if len(list) < min(leastBudget, wholeFrom) {
			continue // never too many
		}
		if why := b.judgeAhead(commit, list); why != "" {
			out = append(out, Foreseen{commit, why})
		}
	}
	return out
}

// judgeAhead says why the ends of a commit will be held, or "".
func (b *budget) judgeAhead(commit string, list counted) string {
	var first, since time.Time
	for a := range list {
		end := b.s.Ahead[a]
		if first.IsZero() || end.End.Before(first) {
			first = end.End
		}
		if since.IsZero() || end.Since.Before(since) {
			since = end.Since
		}
	}
	why, wholes := "", b.findWholes(list)
	for _, a := range slices.SortedFunc(maps.Keys(list), config.Assignment.Compare) {
		if o, found := b.wholeOf(wholes, a, taking{commit, since}, "assignments"); found && why == "" {
			why = o.sentence
		}
	}
	if limit, of, ok := b.limit(taking{commit, since}); why == "" && (!ok || len(list) > limit) {
		why = fmt.Sprintf("No more than %d removals of %d may go in 24 hours.", limit, of)
	}
	if why == "" {
		return ""
	}
	return fmt.Sprintf("Commit %s brought the ends of %d assignments nearer, the first to %s. That counts as their removal by it. %s So they are not removed when their ends come, unless that is allowed; what was given with a later end goes at that one.%s",
		short(commit), len(list), first.UTC().Format(time.RFC3339), why, b.mend(commit, false))
}

// tellAhead tells the operations channel of ends that will be held, once each.
func (e *Engine) tellAhead(ctx context.Context, list []Foreseen) {
	for _, f := range list {
		e.notify(ctx, "guard/ahead/"+f.Commit, f.Sentence)
	}
}
