package gitops

import (
	"context"
	"fmt"
	"strings"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/gitops/review"
)

// Faults of open pull requests whose grants would grant nothing. Once merged
// they are no halt: nothing is given that nobody approved.
const (
	FaultLate  HaltCode = "asked-too-long-ago"
	FaultEnded HaltCode = "ended-while-it-waited"
)

// clockText is how times are written for people.
const clockText = "2006-01-02 15:04 UTC"

// openOrigin finds who stands behind an open pull request, and the rule that it
// breaks whatever its approvals are; nil for none.
func (g *Gitops) openOrigin(ctx context.Context, x *examined, force *access.InForce, now time.Time) (origin, *fault, error) {
	o, bad, err := g.origin(ctx, x.pull)
	if err != nil || bad != nil {
		return o, bad, err
	}
	if bad := o.asAsked(x.change, x.pull.Number); bad != nil {
		return o, bad, nil
	}
	voids := config.Voids(x.from, x.head, force.Repo.Access.Limits, config.Start{MergedAt: now, AskedAt: o.askedAt})
	if bad := o.void(voids, force.Repo.Access.Limits); bad != nil {
		x.void = true
		return o, bad, nil
	}
	for _, v := range voids {
		x.notes = append(x.notes, fmt.Sprintf("The entry in %s line %d ended %s: it grants nothing. Take it out, or give it a later end.",
			v.Grant.Pos.File, v.Grant.Pos.Line, v.Grant.Expires.UTC().Format(clockText)))
	}
	return o, nil, nil
}

// void is the fault of a pull request that would grant nothing if it were merged
// now, of the bot's or, where it waited too long, also of one written by hand:
// nobody is to approve or merge what has no effect.
func (o *origin) void(voids []config.Void, limits config.Limits) *fault {
	for _, v := range voids {
		switch {
		case v.Late:
			return faultf(FaultLate, "This was asked for on %s, longer than %s ago (limits.start_by): merging it now would grant nothing. Close it and %s.",
				o.askedAt.UTC().Format(clockText), config.FormatDuration(limits.StartBy), o.again(v))
		case o.request != nil:
			return faultf(FaultEnded, "What this asks for ended %s, while it waited: merging it now would grant nothing. Close it and %s.",
				v.Grant.Expires.UTC().Format(clockText), o.again(v))
		}
	}
	return nil
}

// again says how to ask for a grant once more.
func (o *origin) again(v config.Void) string {
	if o.request == nil {
		return "open a new pull request with the same change"
	}
	if o.request.Kind == review.Onboard {
		return "ask again with `/aws-onboard " + o.request.Account + "`"
	}
	words := []string{"/aws-access request", v.Grant.Account, v.Grant.PermissionSet}
	if v.File.Principal.Kind == config.GroupPrincipal {
		words = append(words, "for", v.File.Slug)
	} else {
		words = append(words, "for me")
	}
	if v.Grant.Duration > 0 {
		words = append(words, config.FormatDuration(v.Grant.Duration))
	}
	return "ask again with `" + strings.Join(words, " ") + "`"
}
