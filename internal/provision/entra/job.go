package entra

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"

	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/provision/fault"

	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"github.com/microsoftgraph/msgraph-sdk-go/serviceprincipals"
)

// maxMembers is how many members one on-demand call takes (Graph:
// synchronizationJob: provisionOnDemand).
const maxMembers = 5

// ruleCache keeps which rule of which job provisions groups. It is asked for
// again after a call was refused.
type ruleCache struct {
	mu  sync.Mutex // guards the fields below
	app string
	job string
	id  string
}

// job returns the provisioning job of the application. With several, the
// first active one is taken.
func (c *Client) job(ctx context.Context) (models.SynchronizationJobable, error) {
	app, id, err := c.application()
	if err != nil {
		return nil, err
	}
	res, err := app.Synchronization().Jobs().Get(ctx, nil)
	if err != nil {
		return nil, mapped("graph provisioning jobs of application "+id, err)
	}
	var first models.SynchronizationJobable
	for _, j := range res.GetValue() {
		if first == nil {
			first = j
		}
		if s := j.GetSchedule(); s != nil && value(s.GetState()) == models.ACTIVE_SYNCHRONIZATIONSCHEDULESTATE {
			return j, nil
		}
	}
	if first == nil {
		return nil, fault.New(fault.ErrNotFound, "provisioning job of application "+id, "the application has no provisioning job", nil)
	}
	return first, nil
}

// Job implements provision.Entra.
func (c *Client) Job(ctx context.Context) (provision.JobState, error) {
	j, err := c.job(ctx)
	if errors.Is(err, fault.ErrNotFound) {
		return provision.JobState{}, nil
	}
	if err != nil {
		return provision.JobState{}, err
	}
	s := provision.JobState{Found: true}
	if sch := j.GetSchedule(); sch != nil && sch.GetState() != nil {
		s.Active = *sch.GetState() == models.ACTIVE_SYNCHRONIZATIONSCHEDULESTATE
	}
	st := j.GetStatus()
	if st == nil {
		return s, nil
	}
	if q := st.GetQuarantine(); q != nil && q.GetReason() != nil {
		s.Quarantine, s.Active = q.GetReason().String(), false
	}
	if st.GetCode() != nil && *st.GetCode() == models.QUARANTINE_SYNCHRONIZATIONSTATUSCODE {
		s.Active = false
	}
	if e := st.GetLastSuccessfulExecution(); e != nil && e.GetTimeEnded() != nil {
		s.LastSuccess = *e.GetTimeEnded()
	}
	return s, nil
}

// groupRule returns the job and the rule that maps groups.
func (c *Client) groupRule(ctx context.Context) (job, rule string, err error) {
	app, id, err := c.application()
	if err != nil {
		return "", "", err
	}
	c.rules.mu.Lock()
	defer c.rules.mu.Unlock()
	if c.rules.app == id && c.rules.id != "" {
		return c.rules.job, c.rules.id, nil
	}
	j, err := c.job(ctx)
	if err != nil {
		return "", "", err
	}
	job = value(j.GetId())
	schema, err := app.Synchronization().Jobs().BySynchronizationJobId(job).Schema().Get(ctx, nil)
	if err != nil {
		return "", "", mapped("graph schema of job "+job, err)
	}
	for _, r := range schema.GetSynchronizationRules() {
		for _, m := range r.GetObjectMappings() {
			if strings.EqualFold(value(m.GetSourceObjectName()), "Group") && value(m.GetEnabled()) {
				c.rules.app, c.rules.job, c.rules.id = id, job, value(r.GetId())
				return job, c.rules.id, nil
			}
		}
	}
	return "", "", fault.New(fault.ErrNotFound, "schema of job "+job, "no enabled rule provisions groups", nil)
}

// forgetRule has the rule looked up again.
func (c *Client) forgetRule() {
	c.rules.mu.Lock()
	defer c.rules.mu.Unlock()
	c.rules.id = ""
}

// ProvisionOnDemand implements provision.Entra.
func (c *Client) ProvisionOnDemand(ctx context.Context, group string, members []string) (provision.OnDemand, error) {
	op := "provision group " + group + " on demand"
	if len(members) > maxMembers {
		return provision.OnDemand{}, fault.New(fault.ErrInvalid, op, fmt.Sprintf("%d members, at most %d fit one call", len(members), maxMembers), nil)
	}
	job, rule, err := c.groupRule(ctx)
	if err != nil {
		return provision.OnDemand{}, err
	}
	app, _, err := c.application()
	if err != nil {
		return provision.OnDemand{}, err
	}
	res, err := app.Synchronization().Jobs().BySynchronizationJobId(job).ProvisionOnDemand().Post(ctx, onDemandBody(rule, group, members), nil)
	if err != nil {
		err = mapped(op, err)
		if errors.Is(err, fault.ErrInvalid) || errors.Is(err, fault.ErrNotFound) {
			c.forgetRule()
		}
		return provision.OnDemand{}, err
	}
	return readOnDemand(value(res.GetKey()))
}

func onDemandBody(rule, group string, members []string) *serviceprincipals.ItemSynchronizationJobsItemProvisionOnDemandPostRequestBody {
	subject := models.NewSynchronizationJobSubject()
	subject.SetObjectId(&group)
	subject.SetObjectTypeName(ptr("Group"))
	if len(members) > 0 {
		links := models.NewSynchronizationLinkedObjects()
		var list []models.SynchronizationJobSubjectable
		for _, m := range members {
			s := models.NewSynchronizationJobSubject()
			s.SetObjectId(&m)
			s.SetObjectTypeName(ptr("User"))
			list = append(list, s)
		}
		links.SetMembers(list)
		subject.SetLinks(links)
	}
	params := models.NewSynchronizationJobApplicationParameters()
	params.SetRuleId(&rule)
	params.SetSubjects([]models.SynchronizationJobSubjectable{subject})
	body := serviceprincipals.NewItemSynchronizationJobsItemProvisionOnDemandPostRequestBody()
	body.SetParameters([]models.SynchronizationJobApplicationParametersable{params})
	return body
}

// readOnDemand reads the answer, which is JSON inside a string:
// {"result":"Success|Skipped|Failure","details":{"errorCode","errorMessage"}}.
// Skipped as RedundantExport means that it was in sync already.
func readOnDemand(key string) (provision.OnDemand, error) {
	var a struct {
		Result  string `json:"result"`
		Details struct {
			ErrorCode    string `json:"errorCode"`
			ErrorMessage string `json:"errorMessage"`
		} `json:"details"`
	}
	if err := json.Unmarshal([]byte(key), &a); err != nil {
		return provision.OnDemand{}, fmt.Errorf("answer of on-demand provisioning: %w", err)
	}
	text := strings.ToLower(a.Details.ErrorCode + " " + a.Details.ErrorMessage)
	switch {
	case a.Result == "Success", a.Details.ErrorCode == "RedundantExport":
		return provision.OnDemand{OK: true}, nil
	case strings.Contains(text, "not assigned") || strings.Contains(text, "notassigned") || strings.Contains(text, "noteffectivelyentitled") || strings.Contains(text, "not effectively entitled"):
		return provision.OnDemand{NotYetAssigned: true, Reason: a.Details.ErrorMessage}, nil
	default:
		return provision.OnDemand{Reason: strings.TrimSpace(a.Result + " " + a.Details.ErrorCode + " " + a.Details.ErrorMessage)}, nil
	}
}
