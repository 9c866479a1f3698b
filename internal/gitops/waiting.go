package gitops

import (
	"context"
	"fmt"
	"slices"
	"time"

	"aws-access-bot/internal/access"
)

// standstill says to anybody, in half a sentence, why nothing that is merged
// comes into force now, "" when it does. Why exactly is for those who mend it.
func (s *Status) standstill() string {
	since := func(at time.Time) string { return at.UTC().Format(time.RFC3339) }
	switch {
	case s.Blind != nil:
		return fmt.Sprintf("the bot cannot read the config repo since %s (%s)", since(s.Blind.Since), s.Blind.Code)
	case s.Halt != nil:
		return fmt.Sprintf("the bot stands still at commit %s (rule %s)", short(s.Halt.Commit), s.Halt.Code)
	case s.Stall != nil:
		return fmt.Sprintf("the bot cannot judge commit %s since %s (%s)", short(s.Stall.Commit), since(s.Stall.Since), s.Stall.Code)
	}
	return ""
}

// waiting adds to the facts of a pull request that it waits for what others
// have to mend. What is at the halt itself has its verdict.
func (g *Gitops) waiting(ctx context.Context, rec *PullRecord, f *access.PullFacts) error {
	if f.State == access.PullClosed {
		return nil
	}
	st, err := g.Status(ctx)
	if err != nil {
		return err
	}
	why := st.standstill()
	if why == "" {
		return nil
	}
	const told = ": the platform team has been told."
	if f.State == access.PullMerged {
		return g.waitingMerged(ctx, rec, f, &st, "It waits because "+why+told)
	}
	begin := "Besides, nothing that is merged comes into force now, because "
	switch {
	case len(f.Missing) == 0 && len(f.ApprovedBy) > 0:
		begin = "Approved; it waits because "
	case len(f.Missing) == 0:
		begin = "It waits because "
	}
	f.Missing = append(slices.Clone(f.Missing), begin+why+told)
	return nil
}

func (g *Gitops) waitingMerged(ctx context.Context, rec *PullRecord, f *access.PullFacts, st *Status, why string) error {
	if st.Halt != nil && st.Halt.Commit == rec.Commit {
		return nil
	}
	_, judged, err := g.state.CommitVerdict(ctx, rec.Commit)
	if err != nil {
		return fmt.Errorf("verdict of commit %s: %w", short(rec.Commit), err)
	}
	if !judged {
		f.Waits = why
	}
	return nil
}
