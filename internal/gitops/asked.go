package gitops

import (
	"fmt"
	"slices"

	"aws-access-bot/config"
	"aws-access-bot/internal/gitops/review"
)

// asAsked checks that a pull request of the bot gives what its request asked
// for and nothing else: names in files may come to mean something else between
// the request and the merge. It is nil for pull requests written by hand.
func (o *origin) asAsked(c config.Change, number int) *fault {
	gains := slices.Concat(c.Added, c.Lengthened, c.Idle)
	if o.request == nil || len(gains) == 0 {
		return nil
	}
	b := o.block
	if b.Kind == review.Grant && b.Account == "" {
		return nil // signed by a version that did not say what was asked for
	}
	other := slices.IndexFunc(gains, func(a config.AssignmentChange) bool { return !b.asks(a.Assignment) })
	if other < 0 {
		return nil
	}
	return &fault{code: HaltContent, text: fmt.Sprintf("Pull request #%d of the bot would give %s, which its request %s did not ask for. Close it and ask again.",
		number, gains[other].Assignment, b.Request)}
}

// asks reports whether a request asks for an assignment. An onboarding asks for
// all that its account gets; which that may be is for package review.
func (b Block) asks(a config.Assignment) bool {
	switch b.Kind {
	case review.Grant:
		return a == config.Assignment{Principal: b.Principal, Account: b.Account, PermissionSet: b.PermissionSet}
	case review.Onboard:
		return b.Account != "" && a.Account == b.Account
	default:
		return false
	}
}
