package awsemu

import (
	"time"

	"golang.org/x/time/rate"
)

// orgRate is what one operation of organizations is given: requests a second
// and the burst, for each calling account and for the organization together
// (zero: no such limit).
type orgRate struct {
	rate     float64
	burst    int
	orgRate  float64
	orgBurst int
}

// orgRates are the request rates of "Quotas and service limits for AWS
// Organizations", section "Throttling limits".
func orgRates() map[string]orgRate {
	lists := orgRate{5, 8, 6, 10}
	return map[string]orgRate{
		"CreateAccount": {0.1, 3, 0, 0}, "DescribeAccount": {20, 30, 24, 36},
		"DescribeCreateAccountStatus": {2, 2, 2, 3}, "ListCreateAccountStatus": lists,

		"AcceptHandshake": {1, 2, 5, 5}, "DescribeHandshake": {1, 2, 6, 10}, "CancelHandshake": {2, 3, 0, 0},
		"DeclineHandshake": {1, 1, 5, 5}, "InviteAccountToOrganization": {3, 5, 0, 0},
		"ListHandshakesForAccount": lists, "ListHandshakesForOrganization": lists,

		"EnableAllFeatures": {1, 1, 0, 0}, "DescribeOrganization": {1, 2, 0, 0}, "MoveAccount": {2, 3, 0, 0},
		"DescribeOrganizationalUnit": {2, 2, 2, 3}, "ListAccounts": {8, 12, 9, 15}, "ListChildren": {6, 10, 7, 12},
		"ListParents": lists, "ListAccountsForParent": lists, "ListOrganizationalUnitsForParent": lists,
		"ListRoots": {1, 2, 1, 3}, "ListTagsForResource": {10, 15, 12, 18}, "TagResource": {4, 6, 0, 0}, "UntagResource": {4, 6, 0, 0},

		"ListAWSServiceAccessForOrganization": {1, 3, 1, 4}, "ListDelegatedAdministrators": lists,
	}
}

// orgAllows takes a token for an operation of organizations, from the bucket of
// the calling account and from that of the organization.
func (l *limits) orgAllows(account, op string, now time.Time) bool {
	r, ok := l.orgRates[op]
	if !ok {
		return true
	}
	own := l.bucket(account+" "+op, r.rate, r.burst)
	all := l.bucket(op, r.orgRate, r.orgBurst)
	return own.AllowN(now, 1) && all.AllowN(now, 1)
}

// bucket returns the bucket of that name; without a burst it never runs dry.
func (l *limits) bucket(name string, perSecond float64, burst int) *rate.Limiter {
	b, ok := l.org[name]
	if !ok {
		b = rate.NewLimiter(rate.Limit(perSecond), burst)
		if burst == 0 {
			b.SetLimit(rate.Inf)
		}
		l.org[name] = b
	}
	return b
}
