package main

import (
	"context"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/provision/onboard"
	"aws-access-bot/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
)

// onboarding makes what brings accounts to their place.
func (b *bot) onboarding(out *outside, w *wired, pace float64) (*onboard.Engine, error) {
	p := onboard.Ports{
		Organization: out.orgs, Commits: b.git, Grants: b.engine, Asks: onboardings{b.requests, b.git}, Users: out.iam, Sets: out.center, Identity: out.center,
		Directory: out.entra, Store: store.NewOnboard(b.db), Audit: auditLog{store.NewAudit(b.db)}, Ops: waking{b.outbox, w.moved}, Now: time.Now,
	}
	if out.manager != nil {
		p.Management = out.manager
	}
	return onboard.NewEngine(p, onboard.Options{EnableChanges: b.set.EnableChanges, RoleAccount: accountOf(b.set.AWS.ManagementRole), Pace: pace, Log: b.log, OnChange: w.changed, OnPlaced: b.engine.LookUp, OnDiffering: b.engine.Wake})
}

// places holds account files against AWS by what brings accounts to their place,
// which is made after provisioning.
type places struct{ b *bot }

var _ provision.Places = places{}

// Differing implements [provision.Places].
func (p places) Differing(repo *config.Repo) map[string]provision.Placement {
	return p.b.accounts.Differing(repo)
}

// accountOf is the account that stands in the ARN of a role, "" for what is none.
func accountOf(role string) string {
	parsed, err := arn.Parse(role)
	if err != nil {
		return ""
	}
	return parsed.AccountID
}

// preflight holds an account of a pull request against AWS.
func (b *bot) preflight(ctx context.Context, base, head *config.Repo, account *config.Account) (access.Preflight, error) {
	return b.accounts.Preflight(ctx, base, head, account)
}

// onboardings tells which onboardings are asked for and not over.
type onboardings struct {
	requests *store.Requests
	verdicts interface {
		Verdict(ctx context.Context, id access.ID) (*access.Verdict, error)
	}
}

// Onboardings implements onboard.Asks. The state of a request may be behind, so
// the verdict on its commit is what counts.
func (o onboardings) Onboardings(ctx context.Context) (map[string]onboard.Ask, error) {
	open, err := o.requests.Open(ctx)
	if err != nil {
		return nil, err
	}
	out := map[string]onboard.Ask{}
	for _, r := range open { // oldest first: the latest stays
		if r.Kind != access.KindOnboard || r.Want.Onboard == nil {
			continue
		}
		v, err := o.verdicts.Verdict(ctx, r.ID)
		if err != nil {
			return nil, err
		}
		a := onboard.Ask{Request: r.ID, From: r.Want.Onboard.From, InForce: v != nil && v.InForce}
		if a.InForce || !out[r.Want.AccountID].InForce {
			out[r.Want.AccountID] = a
		}
	}
	return out, nil
}
