package store

import (
	"context"
	"fmt"
	"time"

	"aws-access-bot/internal/provision"
)

// keySet is the prefix of the records of permission sets in the provision bucket.
const keySet = "set/"

// keySetChange is the prefix of which commit last changed the file of a set, in the
// bucket of the log.
const keySetChange = "set-change/"

// MarkSets notes which commit changed the files of permission sets, as [MarkTaken]
// does of assignments.
func MarkSets(tx Tx, commit string, names []string) error {
	for _, name := range names {
		if err := putJSON(tx, bucketProvisionState, keySetChange+name, commit); err != nil {
			return fmt.Errorf("mark permission set %s changed: %w", name, err)
		}
	}
	return nil
}

// SetChangedBy implements [provision.SetStore].
func (p *Provision) SetChangedBy(ctx context.Context, name string) (string, error) {
	commit, _, err := viewJSON[string](ctx, p.db, bucketProvisionState, keySetChange+name)
	return commit, wrapProvision("commit that changed permission set "+name, err)
}

var _ provision.SetStore = (*Provision)(nil)

// setRunRecord is a stored [provision.SetRun].
type setRunRecord struct {
	Account   string    `json:"account,omitempty"`
	Intent    time.Time `json:"intent"`
	RequestID string    `json:"request_id,omitempty"`
	Requested time.Time `json:"requested,omitzero"`
}

// setRecord is a stored [provision.SetRecord].
type setRecord struct {
	Name   string    `json:"name"`
	ARN    string    `json:"arn,omitempty"`
	State  string    `json:"state"`
	Digest string    `json:"digest,omitempty"`
	Commit string    `json:"commit,omitempty"`
	Since  time.Time `json:"since,omitzero"`
	Owned  []string  `json:"owned,omitempty"`
	Spread []string  `json:"spread,omitempty"`

	Protected bool `json:"protected,omitempty"`
	Partly    bool `json:"partly,omitempty"`

	Intent       time.Time     `json:"intent,omitzero"`
	CreateIntent time.Time     `json:"create_intent,omitzero"`
	Created      time.Time     `json:"created,omitzero"`
	Applied      time.Time     `json:"applied,omitzero"`
	Did          []string      `json:"did,omitempty"`
	Run          *setRunRecord `json:"run,omitempty"`

	ByAccount bool              `json:"by_account,omitempty"`
	Tried     []string          `json:"tried,omitempty"`
	Failures  map[string]string `json:"failures,omitempty"`

	Attempts int       `json:"attempts,omitempty"`
	NextTry  time.Time `json:"next_try,omitzero"`
	Code     string    `json:"code,omitempty"`
	Trouble  string    `json:"trouble,omitempty"`
}

func newSetRecord(r provision.SetRecord) setRecord {
	out := setRecord{
		Name: r.Name, ARN: r.ARN, State: string(r.State), Digest: r.Digest, Commit: r.Commit, Since: r.Since, Owned: r.Owned, Spread: r.Spread, Protected: r.Protected, Partly: r.Partly,
		Intent: r.Intent, CreateIntent: r.CreateIntent, Created: r.Created, Applied: r.Applied, Did: r.Did,
		ByAccount: r.ByAccount, Tried: r.Tried, Failures: r.Failures,
		Attempts: r.Attempts, NextTry: r.NextTry, Code: string(r.Code), Trouble: r.Trouble,
	}
	if run := r.Run; run != nil {
		out.Run = &setRunRecord{run.Account, run.Intent, run.RequestID, run.Requested}
	}
	return out
}

func (r setRecord) domain() provision.SetRecord {
	out := provision.SetRecord{
		Name: r.Name, ARN: r.ARN, State: provision.SetState(r.State), Digest: r.Digest, Commit: r.Commit, Since: r.Since, Owned: r.Owned, Spread: r.Spread, Protected: r.Protected, Partly: r.Partly,
		Intent: r.Intent, CreateIntent: r.CreateIntent, Created: r.Created, Applied: r.Applied, Did: r.Did,
		ByAccount: r.ByAccount, Tried: r.Tried, Failures: r.Failures,
		Attempts: r.Attempts, NextTry: r.NextTry, Code: provision.Code(r.Code), Trouble: r.Trouble,
	}
	if run := r.Run; run != nil {
		out.Run = &provision.SetRun{Account: run.Account, Intent: run.Intent, RequestID: run.RequestID, Requested: run.Requested}
	}
	return out
}

// Sets implements [provision.SetStore].
func (p *Provision) Sets(ctx context.Context) ([]provision.SetRecord, error) {
	var out []provision.SetRecord
	err := p.db.View(ctx, func(tx Tx) error {
		return scanJSON(tx, bucketProvision, keySet, func(_ string, r setRecord) error {
			out = append(out, r.domain())
			return nil
		})
	})
	return out, wrapProvision("records of permission sets", err)
}

// SaveSet implements [provision.SetStore].
func (p *Provision) SaveSet(ctx context.Context, step provision.Step, r provision.SetRecord) error {
	err := p.db.Update(ctx, string(step), func(tx Tx) error {
		return putJSON(tx, bucketProvision, keySet+r.Name, newSetRecord(r))
	})
	return wrapProvision("save record of permission set "+r.Name, err)
}
