package awsemu

import (
	"time"

	"golang.org/x/time/rate"
)

// limits holds the token buckets of the services.
type limits struct {
	center    *rate.Limiter            // all of sso-admin
	storeRate int                      // identitystore, per operation
	store     map[string]*rate.Limiter // by operation
	orgRates  map[string]orgRate       // organizations, by operation, read only
	org       map[string]*rate.Limiter // by account and operation, and by operation
}

func newLimits(o Options) *limits {
	return &limits{
		center:    rate.NewLimiter(rate.Limit(o.CenterRate), o.CenterRate),
		storeRate: o.StoreRate, store: map[string]*rate.Limiter{},
		orgRates: orgRates(), org: map[string]*rate.Limiter{},
	}
}

// storeAllows takes a token for an identitystore operation.
func (l *limits) storeAllows(op string, now time.Time) bool {
	b, ok := l.store[op]
	if !ok {
		b = rate.NewLimiter(rate.Limit(l.storeRate), l.storeRate)
		l.store[op] = b
	}
	return b.AllowN(now, 1)
}

// throttled is the answer to a request over the rate.
func throttled() *apiError { return fail("ThrottlingException", "Rate exceeded") }
