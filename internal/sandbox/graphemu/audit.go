package graphemu

import (
	"slices"
	"time"
)

// maxLog is how many entries of the provisioning log are kept; older ones go.
const maxLog = 10000

// LogLine is one line of the provisioning log.
type LogLine struct {
	ID         string    `json:"id"`
	Time       time.Time `json:"time"`
	CycleID    string    `json:"cycle_id"`
	Action     string    `json:"action"` // create, update, delete, disable, other
	Kind       string    `json:"kind"`   // User or Group
	SourceID   string    `json:"source_id"`
	SourceName string    `json:"source_name"`
	TargetID   string    `json:"target_id,omitempty"`
	Status     string    `json:"status"` // success, failure or skipped
	Code       string    `json:"code,omitempty"`
	Reason     string    `json:"reason,omitempty"`
}

func logEntity() entity {
	return entity{name: "microsoft.graph.provisioningObjectSummary", plain: true, props: []string{
		"id", "activityDateTime", "changeId", "cycleId", "durationInMilliseconds", "initiatedBy", "jobId", "modifiedProperties",
		"provisioningAction", "provisioningStatusInfo", "provisioningSteps", "servicePrincipal", "sourceIdentity", "sourceSystem",
		"targetIdentity", "targetSystem", "tenantId",
	}}
}

// logObject renders one entry.
func (s *Server) logObject(l LogLine) object {
	identity := func(id string) object {
		return object{"id": id, "displayName": l.SourceName, "identityType": l.Kind, "details": object{}}
	}
	var failure any
	if l.Code != "" {
		failure = object{"errorCode": l.Code, "reason": l.Reason, "additionalDetails": nil, "errorCategory": "failure", "recommendedAction": nil}
	}
	return object{
		"id": l.ID, "activityDateTime": stamp(l.Time), "changeId": l.ID, "cycleId": l.CycleID, "durationInMilliseconds": 0, "jobId": s.job.id,
		"initiatedBy":        object{"id": "", "displayName": "Azure AD Provisioning Service", "initiatorType": "system"},
		"modifiedProperties": []object{}, "provisioningSteps": []object{}, "provisioningAction": l.Action,
		"provisioningStatusInfo": object{"status": l.Status, "errorInformation": failure},
		"servicePrincipal":       object{"id": s.opts.App, "displayName": s.opts.AppName},
		"sourceIdentity":         identity(l.SourceID), "targetIdentity": identity(l.TargetID),
		"sourceSystem": object{"id": s.opts.TenantID, "displayName": "Azure Active Directory", "details": object{}},
		"targetSystem": object{"id": s.opts.App, "displayName": s.opts.AppName, "details": object{}},
		"tenantId":     s.opts.TenantID,
	}
}

// countLogRead counts a read against the limit of reports: 5 in 10 seconds an
// app and tenant, which the speed does not scale.
func (s *Server) countLogRead(client Client, now time.Time) error {
	if wait := s.limits.call("reports/"+client.ID, callWindow, now); wait > 0 {
		return tooManyRequests(wait, "Too many requests: the rate limit of reports is 5 requests per 10 seconds.")
	}
	return nil
}

// listLog is GET /auditLogs/provisioning, newest first.
func (c *call) listLog() (reply, error) {
	if err := c.s.countLogRead(c.client, c.s.kit.Now()); err != nil {
		return reply{}, err
	}
	out := make([]object, 0, len(c.s.log))
	for _, l := range slices.Backward(c.s.log) {
		out = append(out, c.s.logObject(l))
	}
	return c.list(logEntity(), "auditLogs/provisioning", out)
}
