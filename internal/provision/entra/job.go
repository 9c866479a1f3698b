package entra

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/provision/fault"

	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"github.com/microsoftgraph/msgraph-sdk-go/serviceprincipals"
)

// maxMembers is how many members one on-demand call takes (Graph:
// synchronizationJob: provisionOnDemand).
const maxMembers = 5

// ruleCache keeps which rules of which job provision groups and users. They are
// asked for again after a call was refused.
type ruleCache struct {
	mu  sync.Mutex // guards the fields below
	app string
	job string
	ids map[string]string // by object type; nil when they must be asked for
}

func (r *ruleCache) get(app, object string) (job, id string, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.job, r.ids[object], r.app == app && r.ids[object] != ""
}

func (r *ruleCache) set(app, job string, ids map[string]string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.app, r.job, r.ids = app, job, ids
}

// job returns the provisioning job of the application, nil when it has none.
// With several, the first active one is taken.
func (c *Client) job(ctx context.Context) (models.SynchronizationJobable, error) {
	app, id, err := c.application()
	if err != nil {
		return nil, err
	}
	list := app.Synchronization().Jobs()
	var first, active models.SynchronizationJobable
	err = each(c, "graph provisioning jobs of application "+id, func(next string) (models.SynchronizationJobCollectionResponseable, error) {
		if next != "" {
			return list.WithUrl(next).Get(ctx, nil)
		}
		return list.Get(ctx, nil)
	}, func(j models.SynchronizationJobable) bool {
		if first == nil {
			first = j
		}
		if scheduled(j) {
			active = j
		}
		return active == nil
	})
	if active == nil {
		active = first
	}
	return active, err
}

// scheduled reports whether a job runs on its schedule.
func scheduled(j models.SynchronizationJobable) bool {
	s := j.GetSchedule()
	return s != nil && s.GetState() != nil && *s.GetState() == models.ACTIVE_SYNCHRONIZATIONSCHEDULESTATE
}

// Job implements provision.Entra.
func (c *Client) Job(ctx context.Context) (provision.JobState, error) {
	j, err := c.job(ctx)
	if err != nil || j == nil {
		return provision.JobState{}, err
	}
	s := provision.JobState{Found: true, Active: scheduled(j)}
	st := j.GetStatus()
	if st == nil {
		return s, nil
	}
	quarantine := st.GetQuarantine()
	if quarantine != nil || st.GetCode() != nil && *st.GetCode() == models.QUARANTINE_SYNCHRONIZATIONSTATUSCODE {
		s.Active, s.Quarantine = false, models.UNKNOWN_QUARANTINEREASON.String()
	}
	if quarantine != nil && quarantine.GetReason() != nil {
		s.Quarantine = quarantine.GetReason().String()
	}
	if e := st.GetLastSuccessfulExecution(); e != nil {
		s.LastSuccess = value(e.GetTimeEnded())
	}
	return s, nil
}

// objectType is what Graph calls a kind of principal in rules and subjects.
func objectType(k config.PrincipalKind) string {
	if k == config.UserPrincipal {
		return "User"
	}
	return "Group"
}

// rule returns the job and its rule that maps objects of a type.
func (c *Client) rule(ctx context.Context, object string) (job, rule string, err error) {
	_, id, err := c.application()
	if err != nil {
		return "", "", err
	}
	if job, rule, ok := c.rules.get(id, object); ok {
		return job, rule, nil
	}
	j, err := c.job(ctx)
	if err != nil {
		return "", "", err
	}
	if j == nil {
		return "", "", fault.New(fault.ErrNotFound, "provisioning job of application "+id, "the application has no provisioning job", nil)
	}
	job = value(j.GetId())
	op := "graph schema of job " + job
	schema, err := c.schema(ctx, job)
	if err != nil {
		return "", "", err
	}
	rules := map[string]string{}
	for _, r := range schema.GetSynchronizationRules() {
		for _, m := range r.GetObjectMappings() {
			source := strings.ToLower(value(m.GetSourceObjectName()))
			if value(m.GetEnabled()) && rules[source] == "" {
				rules[source] = value(r.GetId())
			}
		}
	}
	found := map[string]string{"Group": rules["group"], "User": rules["user"]}
	if found[object] == "" {
		return "", "", fault.New(fault.ErrNotFound, op, fmt.Sprintf("no enabled rule provisions %ss", strings.ToLower(object)), nil)
	}
	c.rules.set(id, job, found)
	return job, found[object], nil
}

// ProvisionOnDemand implements provision.Entra.
func (c *Client) ProvisionOnDemand(ctx context.Context, who config.Principal, members []string) (provision.OnDemand, error) {
	op := "provision " + who.String() + " on demand"
	if len(members) > maxMembers {
		return provision.OnDemand{}, fault.New(fault.ErrInvalid, op, fmt.Sprintf("%d members, at most %d fit one call", len(members), maxMembers), nil)
	}
	object := objectType(who.Kind)
	job, rule, err := c.rule(ctx, object)
	if err != nil {
		return provision.OnDemand{}, err
	}
	app, _, err := c.application()
	if err != nil {
		return provision.OnDemand{}, err
	}
	res, err := app.Synchronization().Jobs().BySynchronizationJobId(job).ProvisionOnDemand().Post(ctx, onDemandBody(rule, object, who.ID, members), nil)
	if res, err = got(op, res, err); err != nil {
		if errors.Is(err, fault.ErrInvalid) || errors.Is(err, fault.ErrNotFound) {
			c.rules.set("", "", nil)
		}
		return provision.OnDemand{}, err
	}
	answer, err := readOnDemand(op, value(res.GetKey()))
	if answer.OK {
		answer.Refused = refusedMembers(value(res.GetValue()), members)
	}
	return answer, err
}

func onDemandBody(rule, object, id string, members []string) *serviceprincipals.ItemSynchronizationJobsItemProvisionOnDemandPostRequestBody {
	subject := models.NewSynchronizationJobSubject()
	subject.SetObjectId(&id)
	subject.SetObjectTypeName(&object)
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
func readOnDemand(op, key string) (provision.OnDemand, error) {
	var a struct {
		Result  string `json:"result"`
		Details struct {
			ErrorCode    string `json:"errorCode"`
			ErrorMessage string `json:"errorMessage"`
		} `json:"details"`
	}
	if err := json.Unmarshal([]byte(key), &a); err != nil {
		return provision.OnDemand{}, fmt.Errorf("%s: answer: %w", op, err)
	}
	text := strings.ToLower(a.Details.ErrorCode + " " + a.Details.ErrorMessage)
	switch {
	case a.Result == "Success", a.Details.ErrorCode == "RedundantExport":
		return provision.OnDemand{OK: true}, nil
	case strings.Contains(text, "not assigned") || strings.Contains(text, "notassigned") || strings.Contains(text, "noteffectivelyentitled") || strings.Contains(text, "not effectively entitled"):
		return provision.OnDemand{NotYetAssigned: true, Reason: fault.Sentence(a.Details.ErrorMessage)}, nil
	case strings.HasPrefix(a.Details.ErrorCode, credentialsRefused):
		return provision.OnDemand{Reason: "AWS refuses the SCIM token of the enterprise application: it has expired or was deleted; make a new one in IAM Identity Center (Settings, Automatic provisioning) and put it into the application"}, nil
	default:
		return provision.OnDemand{Reason: fault.Sentence(a.Result + " " + a.Details.ErrorCode + " " + a.Details.ErrorMessage)}, nil
	}
}

// credentialsRefused begins the error code of a token that the target refuses
// (Microsoft: known error codes of provisioning).
const credentialsRefused = "SystemForCrossDomainIdentityManagementCredential"

// refusedMembers says which of the members were not taken, from the steps of an
// answer: JSON inside a string, of which the ones that failed and name a member
// are about it. What cannot be read says nothing.
func refusedMembers(text string, members []string) string {
	var a struct {
		Steps []struct {
			Status      string `json:"status"`
			Description string `json:"description"`
		} `json:"provisioningSteps"`
	}
	if err := json.Unmarshal([]byte(text), &a); err != nil {
		return ""
	}
	var out []string
	for _, s := range a.Steps {
		names := func(id string) bool { return strings.Contains(strings.ToLower(s.Description), strings.ToLower(id)) }
		if (s.Status == "Failure" || s.Status == "Skipped") && slices.ContainsFunc(members, names) {
			out = append(out, strings.TrimRight(s.Description, "."))
		}
	}
	return strings.Join(out, "; ")
}
