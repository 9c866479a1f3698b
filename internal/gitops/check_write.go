package gitops

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"aws-access-bot/internal/gitops/review"
)

// writeCheck creates or updates the check run when its content changed. It
// reports whether the check shows what was found: what is open no more shows
// what it showed before.
func (g *Gitops) writeCheck(ctx context.Context, x *examined, rewrite bool) (bool, error) {
	run := x.run()
	data, err := json.Marshal(run)
	if err != nil {
		return false, fmt.Errorf("write check: %w", err)
	}
	sum := sha256.Sum256(data)
	digest := hex.EncodeToString(sum[:])
	rec, _, err := g.state.Check(ctx, x.pull.Number)
	if err != nil {
		return false, err
	}
	rec = rec.turned(x.pull.Number, run.Head)
	if x.rec != nil {
		rec.Before, rec.Forgot = nil, false // of the bot's own only the last head counts
	}
	next := rec
	next.Digest, next.Shown = digest, stillShown(rec.Shown, x.shown)
	if x.teams != nil { // else a fault kept them from being read, and they are as they were shown
		next.Teams, next.Manager, next.Outside = x.teams, x.manager, x.outside
	}
	write := rewrite || rec.Digest != digest || x.showsHead() && rec.ShownAt.IsZero() || len(shownAnew(rec.Shown, next.Shown)) > 0
	if !write {
		stands, err := g.checkStands(ctx, x.pull.Number, run)
		if err != nil {
			return false, err
		}
		write = !stands
	}
	if !write && next.sameFacts(&rec) {
		return true, nil
	}
	if open, err := g.stillOpen(ctx, x.pull.Number); err != nil || !open {
		return false, err
	}
	if write {
		if err := g.show(ctx, x, run, rec.Shown, &next); err != nil {
			return false, err
		}
	}
	return true, g.state.SaveCheck(ctx, next)
}

// show writes a check run whose record will be next, and takes in since when it
// shows what it does.
func (g *Gitops) show(ctx context.Context, x *examined, run CheckRun, was map[string]review.Shown, next *CheckRecord) error {
	// Stored before it is shown: verification counts only those of a team
	// who were in it then, also after a crash right here. Of who joined too
	// many it is stored after: until it is written, nobody was shown them.
	anew := shownAnew(was, next.Shown)
	before := *next
	before.Digest, before.Shown = "", unless(anew, was, next.Shown)
	if err := g.state.SaveCheck(ctx, before); err != nil {
		return err
	}
	var at time.Time
	var err error
	if next.RunID, at, err = g.putCheck(ctx, next.RunID, run); err != nil {
		return err
	}
	g.stood(x.pull.Number, run.Head)
	if x.showsHead() && next.ShownAt.IsZero() {
		next.ShownAt = at
	}
	for _, id := range anew {
		s := next.Shown[id]
		s.Since = at
		next.Shown[id] = s
	}
	return nil
}

// checkStands reports whether the check on GitHub is the one that the record says was
// written last. It is asked once for each head: a state file from a backup knows
// nothing of what was written since.
func (g *Gitops) checkStands(ctx context.Context, number int, run CheckRun) (bool, error) {
	if g.merging.stood[number] == run.Head {
		return true, nil
	}
	found, err := g.host.FindCheck(ctx, run.Head)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return false, fmt.Errorf("look for the check run: %w", err)
	}
	same := err == nil && found.Conclusion == run.Conclusion && found.Title == run.Title
	if same {
		g.stood(number, run.Head)
	}
	return same, nil
}

// stood notes that a check on GitHub is as the record says.
func (g *Gitops) stood(number int, head string) {
	if g.merging.stood == nil {
		g.merging.stood = map[int]string{}
	}
	g.merging.stood[number] = head
}

// stillOpen reads whether a pull request is open after all was read that its
// check shows: nothing of that is from after a merge then. Verification takes
// what a check showed for what there was when it was approved.
func (g *Gitops) stillOpen(ctx context.Context, number int) (bool, error) {
	p, err := g.host.Pull(ctx, number)
	if err != nil {
		return false, fmt.Errorf("read it before its check is written: %w", err)
	}
	if !p.Open {
		g.Hint(number)
	}
	return p.Open, nil
}

// showsHead reports whether a check says anything of its head: before a commit is
// trusted it says that alone, and nobody approves by that.
func (x *examined) showsHead() bool { return x.base != nil }

// sameFacts reports whether two records hold approvals to the same.
func (r *CheckRecord) sameFacts(o *CheckRecord) bool {
	return maps.EqualFunc(r.Teams, o.Teams, slices.Equal) && r.Manager == o.Manager && slices.Equal(r.Outside, o.Outside) && sameShown(r.Shown, o.Shown)
}

// shownAnew are the groups that more joined than may, whose people are shown
// anew.
func shownAnew(was, now map[string]review.Shown) []string {
	var out []string
	for id, s := range now {
		if before, ok := was[id]; ok && !s.Since.Equal(before.Since) {
			out = append(out, id)
		}
	}
	return out
}

// unless is what is shown now, with some groups as they were shown before.
func unless(ids []string, was, now map[string]review.Shown) map[string]review.Shown {
	out := maps.Clone(now)
	for _, id := range ids {
		out[id] = was[id]
	}
	return out
}

// stillShown is what was shown of a head, and what is shown now: that its change
// brings a group nothing for a moment lets nobody join it unseen.
func stillShown(was, now map[string]review.Shown) map[string]review.Shown {
	out := maps.Clone(was)
	if out == nil {
		return now
	}
	maps.Copy(out, now)
	return out
}

// putCheck writes a check run, the one known or the one it finds, else a new
// one, and returns when it was shown.
func (g *Gitops) putCheck(ctx context.Context, id int64, run CheckRun) (int64, time.Time, error) {
	if id == 0 {
		found, err := g.host.FindCheck(ctx, run.Head)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return 0, time.Time{}, fmt.Errorf("look for the check run: %w", err)
		}
		id = found.ID
	}
	if id != 0 {
		at, err := g.host.UpdateCheck(ctx, id, run)
		if err != nil {
			return 0, time.Time{}, fmt.Errorf("update check run %d: %w", id, err)
		}
		return id, at, nil
	}
	id, at, err := g.host.CreateCheck(ctx, run)
	if err != nil {
		return 0, time.Time{}, fmt.Errorf("create check run: %w", err)
	}
	return id, at, nil
}
