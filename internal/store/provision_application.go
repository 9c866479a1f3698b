package store

import (
	"context"
	"time"

	"aws-access-bot/internal/provision"
)

// applicationRecord is a stored [provision.AppReport].
type applicationRecord struct {
	At          time.Time          `json:"at,omitzero"`
	Failing     time.Time          `json:"failing,omitzero"`
	LastSuccess time.Time          `json:"last_success,omitzero"`
	Findings    []appFindingRecord `json:"findings,omitempty"`
}

type appFindingRecord struct {
	Code     string    `json:"code"`
	Sentence string    `json:"sentence"`
	Mend     string    `json:"mend"`
	Since    time.Time `json:"since"`
}

// Application implements [provision.Store].
func (p *Provision) Application(ctx context.Context) (provision.AppReport, error) {
	r, _, err := viewJSON[applicationRecord](ctx, p.db, bucketProvisionState, keyApplication)
	out := provision.AppReport{At: r.At, Failing: r.Failing, LastSuccess: r.LastSuccess}
	for _, f := range r.Findings {
		out.Findings = append(out.Findings, provision.AppFinding{Code: provision.Code(f.Code), Sentence: f.Sentence, Mend: f.Mend, Since: f.Since})
	}
	return out, wrapProvision("report on the application", err)
}

// SaveApplication implements [provision.Store].
func (p *Provision) SaveApplication(ctx context.Context, r provision.AppReport) error {
	rec := applicationRecord{At: r.At, Failing: r.Failing, LastSuccess: r.LastSuccess}
	for _, f := range r.Findings {
		rec.Findings = append(rec.Findings, appFindingRecord{string(f.Code), f.Sentence, f.Mend, f.Since})
	}
	err := p.db.Update(ctx, string(provision.StepApplication), func(tx Tx) error {
		return putJSON(tx, bucketProvisionState, keyApplication, rec)
	})
	return wrapProvision("save the report on the application", err)
}

// measuresRecord is a stored [provision.Measures], in nanoseconds.
type measuresRecord struct {
	OnDemand []time.Duration `json:"on_demand,omitempty"`
	Cycle    []time.Duration `json:"cycle,omitempty"`
}

// Measures implements [provision.Store].
func (p *Provision) Measures(ctx context.Context) (provision.Measures, error) {
	r, _, err := viewJSON[measuresRecord](ctx, p.db, bucketProvisionState, keyMeasures)
	return provision.Measures(r), wrapProvision("how long principals took", err)
}

// SaveMeasures implements [provision.Store].
func (p *Provision) SaveMeasures(ctx context.Context, m provision.Measures) error {
	err := p.db.Update(ctx, string(provision.StepGroup), func(tx Tx) error {
		return putJSON(tx, bucketProvisionState, keyMeasures, measuresRecord(m))
	})
	return wrapProvision("save how long principals took", err)
}
