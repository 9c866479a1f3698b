package store

import (
	"context"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision"
)

// keyFinding begins the key of a drift in the bucket of provision's state.
const keyFinding = "drift/"

// driftRecord is a provision.Finding as it is kept.
type driftRecord struct {
	ID            string               `json:"id"`
	Missing       bool                 `json:"missing,omitempty"`
	Account       string               `json:"account"`
	PermissionSet string               `json:"permission_set"`
	LiveID        string               `json:"live_id,omitempty"`
	LiveKind      config.PrincipalKind `json:"live_kind,omitempty"`
	Assignment    *config.Assignment   `json:"assignment,omitempty"`
	Sentence      string               `json:"sentence"`
	Commit        string               `json:"commit,omitempty"`
	Since         time.Time            `json:"since"`
	Told          time.Time            `json:"told,omitzero"`
	Snoozed       time.Time            `json:"snoozed,omitzero"`
	PutBack       bool                 `json:"put_back,omitempty"`
	By            string               `json:"by,omitempty"`
	Doer          string               `json:"doer,omitempty"`
	Done          time.Time            `json:"done,omitzero"`
	TrailAsked    time.Time            `json:"trail_asked,omitzero"`
}

func newDriftRecord(f provision.Finding) driftRecord {
	return driftRecord{f.ID, f.Missing, f.Pair.Account, f.Pair.PermissionSet, f.Live.PrincipalID, f.Live.Kind, f.Assignment,
		f.Sentence, f.Commit, f.Since.UTC(), f.Told.UTC(), f.Snoozed.UTC(), f.PutBack, f.By, f.Doer, f.Done.UTC(), f.TrailAsked.UTC()}
}

func (r driftRecord) finding() provision.Finding {
	return provision.Finding{
		ID: r.ID, Missing: r.Missing, Pair: config.Pair{Account: r.Account, PermissionSet: r.PermissionSet},
		Live: provision.LiveAssignment{PrincipalID: r.LiveID, Kind: r.LiveKind}, Assignment: r.Assignment,
		Sentence: r.Sentence, Commit: r.Commit, Since: r.Since, Told: r.Told, Snoozed: r.Snoozed, PutBack: r.PutBack, By: r.By,
		Doer: r.Doer, Done: r.Done, TrailAsked: r.TrailAsked,
	}
}

var _ provision.Findings = (*Provision)(nil)

// Findings implements [provision.Findings].
func (p *Provision) Findings(ctx context.Context) ([]provision.Finding, error) {
	var out []provision.Finding
	err := p.db.View(ctx, func(tx Tx) error {
		return scanJSON(tx, bucketProvisionState, keyFinding, func(_ string, r driftRecord) error {
			out = append(out, r.finding())
			return nil
		})
	})
	return out, wrapProvision("drift", err)
}

// SaveFindings implements [provision.Findings].
func (p *Provision) SaveFindings(ctx context.Context, put []provision.Finding, forget []string) error {
	err := p.db.Update(ctx, string(provision.StepDrift), func(tx Tx) error {
		for _, id := range forget {
			if err := tx.Delete(bucketProvisionState, keyFinding+id); err != nil {
				return err
			}
		}
		for _, f := range put {
			if err := putJSON(tx, bucketProvisionState, keyFinding+f.ID, newDriftRecord(f)); err != nil {
				return err
			}
		}
		return nil
	})
	return wrapProvision("save drift", err)
}
