package organizations

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/smithy-go/middleware"
	"golang.org/x/time/rate"
)

// share is which part of AWS's rates the bot takes: others in the account call
// too.
const share = 0.8

// limit is what AWS takes of an account for an operation.
type limit struct {
	perSecond float64
	burst     int
}

// limits are those of "Quotas and service limits for AWS Organizations",
// "Throttling limits".
func limits() map[string]limit {
	return map[string]limit{
		"DescribeAccount": {20, 30}, "DescribeOrganization": {1, 2}, "InviteAccountToOrganization": {3, 5}, "ListAccounts": {8, 12},
		"ListHandshakesForOrganization": {5, 8}, "ListOrganizationalUnitsForParent": {5, 8}, "ListParents": {5, 8}, "ListRoots": {1, 2},
		"ListTagsForResource": {10, 15}, "MoveAccount": {2, 3},
	}
}

// paced has every attempt of a call wait for its turn, so that a walk through a
// large organization is slow and not refused. pace multiplies the rates; zero
// is one.
func paced(pace float64) func(o *organizations.Options) {
	if pace <= 0 {
		pace = 1
	}
	turns := map[string]*rate.Limiter{}
	for op, l := range limits() {
		turns[op] = rate.NewLimiter(rate.Limit(l.perSecond*share*pace), max(1, l.burst/2))
	}
	wait := middleware.FinalizeMiddlewareFunc("Pace", func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
		if l := turns[middleware.GetOperationName(ctx)]; l != nil {
			if err := l.Wait(ctx); err != nil {
				return middleware.FinalizeOutput{}, middleware.Metadata{}, err
			}
		}
		return next.HandleFinalize(ctx, in)
	})
	return func(o *organizations.Options) {
		o.APIOptions = append(o.APIOptions, func(s *middleware.Stack) error { return s.Finalize.Insert(wait, "Retry", middleware.After) })
	}
}
