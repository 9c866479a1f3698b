package graphemu

import (
	"strings"
	"time"
)

// The names of the job, its template and its rule. The template id of the
// gallery app is not published: a client takes it from the templates list.
const (
	templateID = "AWSIAMIdentityCenter"
	ruleID     = "6f2c1b1d-8f3e-4b57-9a51-2f1d6c0a7e44#V2"
)

// The states of a job's schedule and the codes of its status.
const (
	scheduleActive   = "Active"
	schedulePaused   = "Paused"
	scheduleDisabled = "Disabled"

	codeNotRun     = "NotRun"
	codeActive     = "Active"
	codePaused     = "Paused"
	codeQuarantine = "Quarantine"
)

// quarantineLife is how long a job retries in quarantine before it is disabled
// (Entra: quarantine status).
const quarantineLife = 4 * 7 * 24 * time.Hour

// quarantineRetry returns the wait before the nth retry, from 1: 6, 12 and 24
// hours, then daily (Entra: quarantine status).
func quarantineRetry(n int) time.Duration {
	switch n {
	case 1:
		return 6 * time.Hour
	case 2:
		return 12 * time.Hour
	}
	return 24 * time.Hour
}

// job is the provisioning job. It is guarded by Server.mu.
type job struct {
	id       string
	schedule string
	next     time.Time // of the next cycle, if the schedule is active
	initial  bool      // the next cycle is an initial one

	failures   int // successive complete failures
	last       *Cycle
	lastGood   *Cycle
	lastExport *Cycle
	firstGood  time.Time
	quarantine *quarantine
}

// Cycle is the record of one cycle of the job.
type Cycle struct {
	ID       string    `json:"id"`
	Began    time.Time `json:"began"`
	Ended    time.Time `json:"ended"`
	State    string    `json:"state"`    // Succeeded, EntryLevelErrors or Failed
	Entitled int       `json:"entitled"` // objects in scope
	Exported int       `json:"exported"` // writes that the target took
	Escrowed int       `json:"escrowed"` // objects that it would not take
	Error    string    `json:"error,omitempty"`
}

type quarantine struct {
	seriesBegan  time.Time
	currentBegan time.Time
	next         time.Time
	count        int
	message      string
}

// newJob returns a started job whose first cycle is due at once.
func newJob(o Options, now time.Time) job {
	return job{
		id:       templateID + "." + strings.ReplaceAll(o.TenantID, "-", "") + "." + newGUID(),
		schedule: scheduleActive, next: now, initial: true,
	}
}

// code is the status code of the job.
func (j *job) code() string {
	switch {
	case j.quarantine != nil:
		return codeQuarantine
	case j.schedule == schedulePaused:
		return codePaused
	case j.last == nil:
		return codeNotRun
	}
	return codeActive
}

// executionObject renders a cycle, or null.
func executionObject(e *Cycle) any {
	if e == nil {
		return nil
	}
	o := object{
		"activityIdentifier": e.ID, "countEntitled": e.Entitled, "countEntitledForProvisioning": e.Entitled,
		"countEscrowed": e.Escrowed, "countEscrowedRaw": e.Escrowed, "countExported": e.Exported, "countExports": e.Exported,
		"countImported": e.Entitled, "countImportedDeltas": e.Exported, "countImportedReferenceDeltas": 0,
		"state": e.State, "timeBegan": stamp(e.Began), "timeEnded": stamp(e.Ended), "error": nil,
	}
	if e.Error != "" {
		o["error"] = credentialError(e.Error)
	}
	return o
}

// credentialError is the synchronizationError of a refused token.
func credentialError(message string) object {
	return object{"code": "SystemForCrossDomainIdentityManagementCredentialValidationUnsuccessful", "message": message, "tenantActionable": true}
}

// jobObject renders the job. The caller holds mu.
func (s *Server) jobObject() object {
	j := &s.job
	interval := "PT40M"
	if j.schedule == scheduleDisabled {
		interval = "P10675199DT2H48M5.4775807S"
	}
	steady := any(nil)
	if !j.firstGood.IsZero() {
		steady = stamp(j.firstGood)
	}
	var lastSteady any
	if j.lastGood != nil {
		lastSteady = stamp(j.lastGood.Ended)
	}
	return object{
		"id": j.id, "templateId": templateID,
		"schedule": object{"expiration": nil, "interval": interval, "state": j.schedule},
		"status": object{
			"code": j.code(), "countSuccessiveCompleteFailures": j.failures, "escrowsPruned": false,
			"lastExecution": executionObject(j.last), "lastSuccessfulExecution": executionObject(j.lastGood),
			"lastSuccessfulExecutionWithExports": executionObject(j.lastExport),
			"progress":                           []object{}, "quarantine": j.quarantineObject(),
			"steadyStateFirstAchievedTime": steady, "steadyStateLastAchievedTime": lastSteady,
			"synchronizedEntryCountByType": []object{
				{"key": "User to User", "value": len(s.synced.users)},
				{"key": "Group to Group", "value": len(s.synced.groups)},
			},
			"troubleshootingUrl": nil,
		},
		"synchronizationJobSettings": []object{
			{"name": "AzureIngestionAttributeOptimization", "value": "False"},
			{"name": "LookaroundQueryEnabled", "value": "False"},
		},
	}
}

func (j *job) quarantineObject() any {
	q := j.quarantine
	if q == nil {
		return nil
	}
	return object{
		"currentBegan": stamp(q.currentBegan), "nextAttempt": stamp(q.next), "reason": "EncounteredQuarantineException",
		"seriesBegan": stamp(q.seriesBegan), "seriesCount": q.count, "error": credentialError(q.message),
	}
}

// fail puts the job in quarantine, or keeps it there, after a refused token.
func (s *Server) fail(now time.Time, message string) {
	j := &s.job
	j.failures++
	q := j.quarantine
	if q == nil {
		q = &quarantine{seriesBegan: now}
		j.quarantine = q
	}
	q.count++
	q.currentBegan, q.message = now, message
	q.next = now.Add(s.kit.Delay(quarantineRetry(q.count)))
	j.next = q.next
	if now.Sub(q.seriesBegan) >= s.kit.Delay(quarantineLife) {
		j.schedule = scheduleDisabled
	}
}

// start is the start operation: it goes on where a paused job stopped, and
// clears a quarantine.
func (s *Server) start(now time.Time) {
	j := &s.job
	if j.schedule != scheduleActive || j.quarantine != nil {
		j.schedule, j.quarantine, j.failures = scheduleActive, nil, 0
		j.next = now
	}
	s.poke()
}

// poke makes Run look at the next cycle again.
func (s *Server) poke() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}
