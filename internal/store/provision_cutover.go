package store

import (
	"context"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/provision"
)

// keyCutover begins the key of a cutover in the bucket of provision's state.
const keyCutover = "cutover/"

// cutoverItemRecord is a stored [provision.CutoverItem].
type cutoverItemRecord struct {
	Assignment  config.Assignment `json:"assignment"`
	PrincipalID string            `json:"principal_id"`
	Who         string            `json:"who"`
	End         time.Time         `json:"end,omitzero"`
	Permits     string            `json:"permits,omitempty"`
	Removed     time.Time         `json:"removed,omitzero"`
	Restored    time.Time         `json:"restored,omitzero"`
	Missing     time.Time         `json:"missing,omitzero"`
	Left        string            `json:"left,omitempty"`
	Grew        bool              `json:"grew,omitempty"`
	Released    time.Time         `json:"released,omitzero"`
}

// cutoverRecord is a stored [provision.Cutover].
type cutoverRecord struct {
	ID          string              `json:"id"`
	Account     string              `json:"account"`
	AccountName string              `json:"account_name"`
	Commit      string              `json:"commit"`
	Request     access.ID           `json:"request,omitempty"`
	State       access.CutoverState `json:"state"`
	Since       time.Time           `json:"since"`
	Asked       time.Time           `json:"asked,omitzero"`
	Until       time.Time           `json:"until,omitzero"`
	Within      time.Duration       `json:"within_ns,omitempty"`
	Doubtful    bool                `json:"doubtful,omitempty"`
	Mended      bool                `json:"mended,omitempty"`
	Late        bool                `json:"late,omitempty"`
	Decided     time.Time           `json:"decided,omitzero"`
	By          string              `json:"by,omitempty"`
	Name        string              `json:"name,omitempty"`
	Told        access.CutoverState `json:"told,omitempty"`
	Items       []cutoverItemRecord `json:"items"`
	People      map[string][]string `json:"people,omitempty"`
}

func newCutoverRecord(c provision.Cutover) cutoverRecord {
	r := cutoverRecord{
		ID: c.ID, Account: c.Account, AccountName: c.AccountName, Commit: c.Commit, Request: c.Request, State: c.State, Since: c.Since.UTC(),
		Asked: c.Asked.UTC(), Until: c.Until.UTC(), Within: c.Within, Decided: c.Decided.UTC(), By: c.By, Name: c.Name, Told: c.Told, People: c.People, Doubtful: c.Doubtful, Mended: c.Mended, Late: c.Late,
	}
	for _, i := range c.Items {
		r.Items = append(r.Items, cutoverItemRecord(i))
	}
	return r
}

func (r cutoverRecord) domain() provision.Cutover {
	c := provision.Cutover{
		ID: r.ID, Account: r.Account, AccountName: r.AccountName, Commit: r.Commit, Request: r.Request, State: r.State, Since: r.Since,
		Asked: r.Asked, Until: r.Until, Within: r.Within, Decided: r.Decided, By: r.By, Name: r.Name, Told: r.Told, People: r.People, Doubtful: r.Doubtful, Mended: r.Mended, Late: r.Late,
	}
	for _, i := range r.Items {
		c.Items = append(c.Items, provision.CutoverItem(i))
	}
	return c
}

var _ provision.Cutovers = (*Provision)(nil)

// Cutovers implements [provision.Cutovers].
func (p *Provision) Cutovers(ctx context.Context) ([]provision.Cutover, error) {
	var out []provision.Cutover
	err := p.db.View(ctx, func(tx Tx) error {
		return scanJSON(tx, bucketProvisionState, keyCutover, func(_ string, r cutoverRecord) error {
			out = append(out, r.domain())
			return nil
		})
	})
	return out, wrapProvision("cutovers", err)
}

// SaveCutovers implements [provision.Cutovers].
func (p *Provision) SaveCutovers(ctx context.Context, put []provision.Cutover, forget []string) error {
	err := p.db.Update(ctx, string(provision.StepCutover), func(tx Tx) error {
		for _, id := range forget {
			if err := tx.Delete(bucketProvisionState, keyCutover+id); err != nil {
				return err
			}
		}
		for _, c := range put {
			if err := putJSON(tx, bucketProvisionState, keyCutover+c.ID, newCutoverRecord(c)); err != nil {
				return err
			}
		}
		return nil
	})
	return wrapProvision("save cutovers", err)
}
