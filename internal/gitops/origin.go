package gitops

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/gitops/review"
)

// origin is who stands behind a pull request.
type origin struct {
	// request is nil for a pull request written by hand.
	request *review.Request
	id      access.ID
	askedAt time.Time
	author  review.User
	pushers []review.User
	known   bool // the pushers are
	// block is what the bot knows of its own pull request.
	block Block
}

// fault is a rule of verification that a pull request breaks.
type fault struct {
	code HaltCode
	text string
	// commits is how many commits it is about, 0 where that does not matter.
	commits int
	// objectors are the logins of those who requested changes, in words; lacks
	// says whether an approval is missing besides.
	objectors string
	lacks     bool
	// again tells apart what the operations channel is told of the same fault,
	// "" the first time.
	again string
	// pull is the merged pull request that is told, where none explains the
	// commit; 0 where one does, or where there is none.
	pull int
}

func faultf(code HaltCode, format string, args ...any) *fault {
	return &fault{code: code, text: fmt.Sprintf(format, args...)}
}

// origin finds who stands behind a pull request: for one of the bot's by the
// store's record, else by the signed block; for others by author and pushers.
func (g *Gitops) origin(ctx context.Context, p *Pull) (origin, *fault, error) {
	o := origin{author: p.Author, askedAt: p.CreatedAt}
	var err error
	if o.pushers, o.known, err = g.pushers(ctx, p); err != nil {
		return origin{}, nil, err
	}
	block, ours, bad, err := g.claim(ctx, p)
	if err != nil || bad != nil {
		return o, bad, err
	}
	if !ours {
		return o, nil, nil
	}
	o.id, o.block = block.Request, block
	o.request = &review.Request{ID: string(block.Request), Kind: block.Kind, Requester: block.Requester, Joined: block.Joined, Account: block.Account}
	if err := g.joinedLater(ctx, p, o.request); err != nil {
		return o, nil, err
	}
	o.askedAt = block.AskedAt
	if bad, err := g.withdrawn(ctx, p); err != nil || bad != nil {
		return o, bad, err
	}
	if block.Head != p.HeadSHA {
		return o, faultf(HaltHeadMoved, "The head %s of pull request #%d is not the commit the bot made (%s).%s", short(p.HeadSHA), p.Number, short(block.Head), askAgain(p)), nil
	}
	return o, nil, nil
}

// withdrawn is the fault of a request whose pull request was found closed, and
// was opened again: who asked was told that nothing is granted.
func (g *Gitops) withdrawn(ctx context.Context, p *Pull) (*fault, error) {
	rec, known, err := g.state.PullNumbered(ctx, p.Number)
	if err != nil || !known || !rec.Reopened && rec.State != access.PullClosed {
		return nil, err
	}
	return faultf(HaltWithdrawn, "Pull request #%d was closed and opened again. Its request %s ended when it was closed; ask again.", p.Number, rec.Request), nil
}

// claim returns what the bot knows of a pull request; ours is false for one
// written by hand.
func (g *Gitops) claim(ctx context.Context, p *Pull) (b Block, ours bool, bad *fault, err error) {
	rec, known, err := g.state.PullNumbered(ctx, p.Number)
	if err != nil {
		return Block{}, false, nil, fmt.Errorf("look up pull request %d: %w", p.Number, err)
	}
	id, prefixed := strings.CutPrefix(p.HeadRef, branchPrefix)
	if !known && prefixed {
		// The pull request may have been made just before a crash.
		rec, known, err = g.state.Pull(ctx, access.ID(id))
		if err != nil {
			return Block{}, false, nil, fmt.Errorf("look up request %s: %w", id, err)
		}
		known = known && rec.Head != ""
		if known && rec.Number != 0 {
			// Whoever can open a pull request can open another of the same
			// branch: it has none of the objections to the first.
			return g.block(rec), true, faultf(HaltWithdrawn, "Request %s has pull request #%d, and #%d is another one of its branch: it grants nothing. Close it and ask again.", id, rec.Number, p.Number), nil
		}
	}
	if known {
		b := g.block(rec)
		if rec.NextHead != "" && p.HeadSHA == rec.NextHead {
			b.Base, b.Head = rec.NextBase, rec.NextHead
		}
		return b, true, nil, nil
	}
	if !prefixed && !p.Author.Bot {
		return Block{}, false, nil, nil
	}
	b, err = ParseBlock(p.Body, g.opt.SigningKey)
	switch {
	case errors.Is(err, ErrNoBlock):
		return b, true, faultf(HaltNoRecord, "Pull request #%d looks like the bot's, but the bot has no record of it and it carries no signed block.%s", p.Number, askAgain(p)), nil
	case err != nil:
		return b, true, faultf(HaltNoRecord, "The bot has no record of pull request #%d, and %v.%s", p.Number, err, askAgain(p)), nil
	case b.Repo != g.opt.RepoID || branchPrefix+string(b.Request) != p.HeadRef:
		return b, true, faultf(HaltNoRecord, "The signed block of pull request #%d belongs to another one.%s", p.Number, askAgain(p)), nil
	}
	bad, err = g.unrecordedFault(ctx, p, b.Request)
	return b, true, bad, err
}

// unrecordedFault is the fault of a pull request with the signed block of a
// request whose record is lost, where GitHub shows that the request ended, or
// that this is not the pull request that the bot made for it: a block can be
// copied. The record would have said so.
func (g *Gitops) unrecordedFault(ctx context.Context, p *Pull, id access.ID) (*fault, error) {
	if !p.Author.Bot {
		return faultf(HaltNoRecord, "The bot has no record of pull request #%d and did not open it, though it carries the signed block of %s.%s", p.Number, id, askAgain(p)), nil
	}
	all, err := g.host.PullsFrom(ctx, p.HeadRef)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return nil, fmt.Errorf("find the pull requests from %s: %w", p.HeadRef, err)
	}
	for _, other := range all {
		// What was opened after this was merged takes nothing from it.
		if other.Number != p.Number && (!p.Merged() || other.CreatedAt.Before(p.MergedAt)) {
			return faultf(HaltWithdrawn, "The bot has no record of request %s, and pull requests #%d and #%d are both of its branch: what was said on one is not on the other.%s", id, min(other.Number, p.Number), max(other.Number, p.Number), askAgain(p)), nil
		}
	}
	reopened, err := g.host.Reopened(ctx, p.Number)
	if err != nil {
		return nil, fmt.Errorf("read whether pull request %d was closed: %w", p.Number, err)
	}
	if reopened {
		return faultf(HaltWithdrawn, "Pull request #%d was closed and opened again. Its request %s ended when it was closed.%s", p.Number, id, askAgain(p)), nil
	}
	return nil, nil
}

// askAgain is the mend of a pull request of the bot's that is not what the bot
// made, while it is open: the bot cannot put it right.
func askAgain(p *Pull) string {
	if p.Merged() {
		return ""
	}
	return " Close it and ask again."
}

// people returns the GitHub accounts behind a pull request: a nameless one
// stands for those whom GitHub does not name. What the bot itself pushed is its
// own exact commit.
func (o *origin) people() []review.User {
	var out []review.User
	if o.request == nil {
		out = append(out, o.author)
	}
	for _, u := range o.pushers {
		if o.request == nil || !u.Bot {
			out = append(out, u)
		}
	}
	if !o.known {
		out = append(out, review.User{})
	}
	return out
}

// fill puts who stands behind a pull request into the input of a review.
func (o *origin) fill(in *review.Input) {
	in.Request = o.request
	in.Author = o.author
	in.Pushers = o.pushers
	in.PushersKnown = o.known
	if o.request == nil {
		return
	}
	// What the bot itself pushed is its own exact commit.
	var people []review.User
	for _, u := range o.pushers {
		if !u.Bot {
			people = append(people, u)
		}
	}
	in.Pushers = people
}
