package provision

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
)

// collectCutovers stores, before they are sent, which removals of old access
// people are to be asked about. By then it is known who asked for what, and the
// principals still have their names.
func (e *Engine) collectCutovers(ctx context.Context, v *view, allowed []Change) error {
	if e.Cutovers == nil || e.Origins == nil || v.withinNow() == 0 {
		return nil
	}
	var put []Cutover
	moving := map[string]origin{}
	for _, c := range allowed {
		r := e.book.record(c.Assignment)
		if !takesOldAccess(r, c) || v.hasWord(r) || v.collected(r, c) || v.askedAbout(r.Assignment) {
			continue
		}
		from, known := moving[r.Assignment.Account]
		if !known {
			var err error
			if from, err = e.originOf(ctx, v, r.Assignment.Account); err != nil {
				return err
			}
			moving[r.Assignment.Account] = from
		}
		if !from.moving {
			continue
		}
		revoked, err := e.Origins.Revoked(ctx, r.Assignment)
		if err != nil {
			return fmt.Errorf("who asked for the removal of %s: %w", r.Assignment, err)
		}
		if !revoked {
			put = e.addToCutover(v, put, from, r, c)
		}
	}
	for n := range put {
		var read bool
		if put[n], read = e.readPeople(ctx, v, put[n], put[n].Items); !read {
			break // the removals do not wait for Entra
		}
	}
	return e.saveCutovers(ctx, v, put, nil)
}

// takesOldAccess reports whether a change is about to take away for the first
// time what the bot did not make, and a commit or the drift check is why. An end
// that was declared is none, nor is one that a commit brought near: people know
// of it.
func takesOldAccess(r Record, c Change) bool {
	byCommit := r.Cause.Kind == CauseCommit && r.Cause.End.IsZero()
	return c.Kind == Remove && r.State == Removing && r.RemoveAsked.IsZero() && r.Origin == OriginFound && (byCommit || r.Cause.Kind == CauseDrift)
}

// hasWord reports whether what the drift check takes away goes by somebody's word in
// chat, who wants it gone, maybe because it is abused.
func (v *view) hasWord(r Record) bool { return r.Cause.Kind == CauseDrift && v.asked[r.Assignment] }

// dropCollected takes an assignment out of the cutovers that are not asked about
// yet, since somebody asked in chat that it go.
func (e *Engine) dropCollected(ctx context.Context, a config.Assignment) error {
	if e.Cutovers == nil {
		return nil
	}
	list, err := e.Cutovers.Cutovers(ctx)
	if err != nil {
		return fmt.Errorf("what old access is being taken away: %w", err)
	}
	for _, c := range list {
		n := len(c.Items)
		c.Items = slices.DeleteFunc(slices.Clone(c.Items), func(i CutoverItem) bool { return i.Assignment == a })
		if c.State != access.CutoverRemoving || len(c.Items) == n {
			continue
		}
		put, forget := []Cutover{c}, []string(nil)
		if len(c.Items) == 0 {
			put, forget = nil, []string{c.ID}
		}
		if err := e.Cutovers.SaveCutovers(ctx, put, forget); err != nil {
			return err
		}
	}
	return nil
}

// origin is how an account came in.
type origin struct {
	request access.ID
	moving  bool // lately enough
}

func (e *Engine) originOf(ctx context.Context, v *view, account string) (origin, error) {
	request, since, err := e.Origins.Onboarded(ctx, account)
	if errors.Is(err, access.ErrNotFound) {
		return origin{}, nil
	}
	if err != nil {
		return origin{}, fmt.Errorf("how the account %s came in: %w", account, err)
	}
	return origin{request, v.now.Sub(since) < cutoverFor}, nil
}

// addToCutover adds a removal to the cutover of its account and commit that is
// being collected.
func (e *Engine) addToCutover(v *view, put []Cutover, from origin, r Record, c Change) []Cutover {
	a := r.Assignment
	item := CutoverItem{Assignment: a, PrincipalID: c.PrincipalID, End: r.End, Permits: permits(v.force.Repo, a.PermissionSet),
		Who: cmp.Or(v.names.Principals[a.Principal], e.book.principal(a.Principal).Name, a.Principal.String())}
	same := func(x Cutover) bool { return x.collects(r) }
	at := slices.IndexFunc(put, same)
	if at < 0 {
		x := Cutover{ID: cutoverID(a.Account, r.Cause.Commit, v.now), Account: a.Account, AccountName: v.names.account(a.Account), Commit: r.Cause.Commit,
			Request: from.request, State: access.CutoverRemoving, Since: v.now}
		if had := slices.IndexFunc(v.list, same); had >= 0 {
			x = v.list[had]
			x.Items = slices.Clone(x.Items)
		}
		put, at = append(put, x), len(put)
	}
	x := &put[at]
	x.Items = slices.DeleteFunc(x.Items, func(i CutoverItem) bool { return i.Assignment == a })
	x.Items = append(x.Items, item)
	slices.SortFunc(x.Items, func(i, j CutoverItem) int { return i.Assignment.Compare(j.Assignment) })
	return put
}

// collects reports whether a removal belongs to a cutover that is not asked about
// yet.
func (c Cutover) collects(r Record) bool {
	return c.State == access.CutoverRemoving && c.Account == r.Assignment.Account && c.Commit == r.Cause.Commit
}

// collected reports whether a removal is in one already, and only waits for its
// turn in AWS.
func (v *view) collected(r Record, c Change) bool {
	return slices.ContainsFunc(v.list, func(x Cutover) bool {
		return x.collects(r) && slices.ContainsFunc(x.Items, func(i CutoverItem) bool { return i.Assignment == r.Assignment && i.PrincipalID == c.PrincipalID })
	})
}

// askedAbout reports whether a question is or was about an assignment, for as long
// as it is kept. What is taken away of it again is no old access: somebody granted
// it since, or made it by hand, or the bot put it back.
func (c *cutovers) askedAbout(a config.Assignment) bool {
	found := false
	c.each(func(_ Cutover, i CutoverItem) { found = found || i.Assignment == a }, access.CutoverAsked, access.CutoverConfirmed, access.CutoverRollingBack, access.CutoverRolledBack)
	return found
}

// cutoverID names a cutover.
func cutoverID(account, commit string, at time.Time) string {
	return "CUT-" + digest(fmt.Sprintf("%s %s %d", account, commit, at.UnixNano()))
}

func compareCutovers(a, b Cutover) int { return cmp.Compare(a.ID, b.ID) }

// named says an item for people.
func (i CutoverItem) named(account string) string {
	return fmt.Sprintf("%s with %s in %s", i.Who, i.Assignment.PermissionSet, account)
}
