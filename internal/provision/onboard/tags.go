package onboard

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/provision/fault"
)

// AWS lists no tags with the accounts: they are a call for each account
// (ListTagsForResource, 10 a second), so they are read slowly, before
// Options.Pace. An account whose file differs is read as often as the
// organization, so that who mends it in AWS need not wait for a day.
const (
	tagsEvery = day
	tagsRetry = 15 * time.Minute
	// tagsAtOnce are read between two looks at the accounts under way.
	tagsAtOnce = 20
)

// tagLook is when the tags of an account were asked for last, and what they were
// when they were read last; nil before that.
type tagLook struct {
	tags  map[string]string
	tried time.Time
	fails bool
}

// surveyTags reads the tags of some of the members that have a file, and returns
// when others are due.
func (e *Engine) surveyTags(ctx context.Context, t *turn) time.Time {
	v, ok := e.lastView()
	if !ok {
		return time.Time{}
	}
	var next time.Time
	read := 0
	for _, due := range e.tagsDue(t.force.Repo, v) {
		if e.now().Before(due.at) {
			next = earlier(next, due.at)
			continue
		}
		if read == tagsAtOnce {
			return e.now()
		}
		read++
		if err := e.readTags(ctx, due.account); err != nil {
			if ctx.Err() != nil {
				return time.Time{}
			}
			e.opts.Log.Warn("read the tags of an account", "account", due.account, "error", err)
			next = earlier(next, e.now().Add(e.pace(tagsRetry)))
			if errors.Is(err, fault.ErrDenied) {
				break // it is so for all of them
			}
		}
	}
	return next
}

// tagsDueAt is when the tags of an account are due.
type tagsDueAt struct {
	account string
	at      time.Time
}

// tagsDue returns when the tags of each member that has a file are due, the one
// that waits longest first.
func (e *Engine) tagsDue(repo *config.Repo, v access.EstateView) []tagsDueAt {
	differing := e.Differing(repo)
	e.mu.Lock()
	defer e.mu.Unlock()
	var out []tagsDueAt
	for _, m := range v.Members {
		if !listed(repo, m.ID) {
			continue
		}
		look, asked := e.tags[m.ID]
		every := tagsEvery
		switch {
		case !asked:
			out = append(out, tagsDueAt{account: m.ID})
			continue
		case look.fails:
			every = tagsRetry
		case len(differing[m.ID].Differences) > 0:
			every = viewEvery
		}
		out = append(out, tagsDueAt{m.ID, look.tried.Add(e.pace(every))})
	}
	slices.SortStableFunc(out, func(a, b tagsDueAt) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.account, b.account)) })
	return out
}

// readTags reads the tags of an account. What was read before stays when that
// fails.
func (e *Engine) readTags(ctx context.Context, account string) error {
	cctx, cancel := e.call(ctx)
	defer cancel()
	tags, err := e.Organization.Tags(cctx, account)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.tags == nil {
		e.tags = map[string]tagLook{}
	}
	if err != nil {
		e.tagTrouble = fault.Reason(err)
		e.tags[account] = tagLook{tags: e.tags[account].tags, tried: e.now(), fails: true}
		return err
	}
	e.tagTrouble = ""
	e.keepTags(account, tags)
	return nil
}

// sees takes over what a look at one account found of its place and tags, so
// that nothing waits for the next look at all of them.
func (e *Engine) sees(p Place) {
	if !p.Member || p.Tags == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.tags == nil {
		e.tags = map[string]tagLook{}
	}
	e.keepTags(p.ID, p.Tags)
	e.changeMember(p.ID, func(m *access.EstateAccount) { m.OU = p.OU })
}

// keepTags notes what the tags of an account are; e.mu is held.
func (e *Engine) keepTags(account string, tags map[string]string) {
	e.tags[account] = tagLook{tags: tags, tried: e.now()}
	e.changeMember(account, func(m *access.EstateAccount) { m.Tags = tags })
}

// changeMember changes what the last look has of a member; e.mu is held. Whoever
// has that look keeps it as it was.
func (e *Engine) changeMember(account string, change func(*access.EstateAccount)) {
	if e.view == nil {
		return
	}
	i := slices.IndexFunc(e.view.Members, func(m access.EstateAccount) bool { return m.ID == account })
	if i < 0 {
		return
	}
	v := *e.view
	v.Members = slices.Clone(v.Members)
	change(&v.Members[i])
	e.view = &v
}

// tagged puts the tags that were read before into a new look; e.mu is held.
func (e *Engine) tagged(members []access.EstateAccount) {
	for i := range members {
		members[i].Tags = e.tags[members[i].ID].tags
	}
}
