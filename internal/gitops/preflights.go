package gitops

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
)

// AWS is asked about accounts by the worker that looks at the branch too: while
// it waits for AWS, no merge comes into force and nothing that one takes away
// goes. So one look asks about preflightsAtOnce accounts of a pull request, and
// begins with no other one after preflightsFor; the next looks go on.
const (
	preflightsAtOnce = 10
	preflightsFor    = time.Minute
	// preflightKept is how long it is remembered what AWS said of an account.
	preflightKept = 24 * time.Hour
)

// heard is what AWS said of one account file.
type heard struct {
	at   time.Time
	list access.Preflight
}

// preflightBook is what AWS said of the accounts that open pull requests bring in, by
// file and content, and how long it was asked in the present look.
type preflightBook struct {
	heard map[string]heard
	took  time.Duration
}

// begin begins another look.
func (a *preflightBook) begin(now time.Time) {
	a.took = 0
	maps.DeleteFunc(a.heard, func(_ string, h heard) bool { return now.Sub(h.at) > preflightKept })
}

// bringing is one account file that a change brings in.
type bringing struct {
	path, key string
	account   *config.Account
}

// preflights holds every account that a change brings in against AWS. Where there
// are more than one look has time for, those are asked about whose last answer is
// the oldest, and that answer holds for the others. unasked are the files without
// any.
func (g *Gitops) preflights(ctx context.Context, x *examined) (out []preflighted, unasked []string) {
	if g.opt.Preflight == nil {
		return nil, nil
	}
	all := x.bringsIn()
	for _, b := range g.oldestFirst(all) {
		began := time.Now()
		said := heard{g.opt.Now(), g.preflightOf(ctx, x.from, x.head, b.account)}
		g.asked.took += time.Since(began)
		if ctx.Err() != nil {
			return nil, nil // it ends
		}
		if g.asked.heard == nil {
			g.asked.heard = map[string]heard{}
		}
		g.asked.heard[b.key] = said
		if g.asked.took >= preflightsFor {
			break
		}
	}
	for _, b := range all {
		if said, ok := g.asked.heard[b.key]; ok {
			out = append(out, preflighted{b.path, notLikeThis, said.list})
		} else {
			unasked = append(unasked, b.path)
		}
	}
	return out, unasked
}

// oldestFirst are the accounts that AWS is asked about in this look.
func (g *Gitops) oldestFirst(all []bringing) []bringing {
	if g.asked.took >= preflightsFor {
		return nil
	}
	list := slices.Clone(all)
	slices.SortStableFunc(list, func(a, b bringing) int { return g.asked.heard[a.key].at.Compare(g.asked.heard[b.key].at) })
	return list[:min(len(list), preflightsAtOnce)]
}

// bringsIn are the account files that a change brings in.
func (x *examined) bringsIn() []bringing {
	var out []bringing
	for _, path := range broughtIn(x.change) {
		for slug, a := range x.head.Accounts {
			if config.AccountPath(slug) == path && a.Stage == config.StageSSO {
				out = append(out, bringing{path, fmt.Sprintf("%q %q %q %q %q %q", path, a.ID, a.Name, a.OU, a.OwnerNames(), a.Tags), a})
			}
		}
	}
	return out
}

// openPreflights is preflights for an open pull request. What AWS was not asked
// about yet keeps it from being merged: it may be what AWS would have blocked.
func (g *Gitops) openPreflights(ctx context.Context, x *examined) []preflighted {
	out, unasked := g.preflights(ctx, x)
	if len(unasked) == 0 {
		return out
	}
	g.Hint(x.pull.Number)
	return append(out, preflighted{fmt.Sprintf("%d more account files", len(unasked)), notLikeThis, access.Preflight{At: g.opt.Now(), Lines: []access.PreflightLine{{
		Code: "not-asked-yet", Result: access.PreflightBlock,
		Sentence: "AWS was not asked yet about " + clip(strings.Join(unasked, ", "), maxNote) + ": one look asks about some of the accounts of a change.",
		Mend:     "It goes on by itself within minutes.",
	}}}})
}
