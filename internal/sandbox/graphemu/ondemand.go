package graphemu

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// maxOnDemandMembers is how many members of a group one call takes
// (provisionOnDemand: "up to five members").
const maxOnDemandMembers = 5

// onDemandRequest is the body of provisionOnDemand.
type onDemandRequest struct {
	Parameters []struct {
		RuleID   string    `json:"ruleId"`
		Subjects []subject `json:"subjects"`
	} `json:"parameters"`
}

type subject struct {
	ObjectID       string `json:"objectId"`
	ObjectTypeName string `json:"objectTypeName"`
	Links          struct {
		Members []subject `json:"members"`
	} `json:"links"`
}

// outcome is the result of provisioning one object on demand.
type outcome struct {
	result  string // Success, Skipped or Failure
	code    string
	message string

	action   string
	targetID string
	modified []object
	steps    []object
}

// step is one of the provisioningSteps.
func step(kind, status, description string) object {
	return object{"name": "Entry" + kind, "type": kind, "status": status, "description": description, "details": object{}}
}

// provisionOnDemand is POST …/provisionOnDemand.
func (c *call) provisionOnDemand() (reply, error) {
	if err := c.checkJob(); err != nil {
		return reply{}, err
	}
	if err := c.s.countOnDemand(c.client); err != nil {
		return reply{}, err
	}
	var body onDemandRequest
	if err := c.decode(&body); err != nil {
		return reply{}, err
	}
	sub, err := body.check()
	if err != nil {
		return reply{}, err
	}
	out, source, err := c.s.onDemand(sub)
	if err != nil {
		return reply{}, err
	}
	return reply{body: object{
		"@odata.context": c.base() + "/$metadata#microsoft.graph.stringKeyStringValuePair",
		"key":            encode(out.key()), "value": encode(out.value(source)),
	}}, nil
}

// countOnDemand counts a call against 5 in 10 seconds, which the speed scales.
func (s *Server) countOnDemand(client Client) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if wait := s.limits.call("ondemand/"+client.ID, s.kit.Delay(callWindow), s.kit.Now()); wait > 0 {
		return tooManyRequests(wait, "Too many requests: the rate limit of provisionOnDemand is 5 requests per 10 seconds.")
	}
	return nil
}

// check validates the shape of a request and returns its one subject.
func (b onDemandRequest) check() (subject, error) {
	if len(b.Parameters) != 1 || len(b.Parameters[0].Subjects) != 1 {
		return subject{}, badRequest("Exactly one parameter with exactly one subject is required.")
	}
	p := b.Parameters[0]
	if p.RuleID != ruleID {
		return subject{}, badRequest("Synchronization rule '%s' was not found in the schema of the job.", p.RuleID)
	}
	sub := p.Subjects[0]
	members := sub.Links.Members
	switch {
	case !strings.EqualFold(sub.ObjectTypeName, "User") && !strings.EqualFold(sub.ObjectTypeName, "Group"):
		return subject{}, badRequest("objectTypeName '%s' is not supported; it must be User or Group.", sub.ObjectTypeName)
	case !isGUID(sub.ObjectID):
		return subject{}, badRequest("Invalid object identifier '%s'.", sub.ObjectID)
	case len(members) > maxOnDemandMembers:
		return subject{}, badRequest("The number of members is %d; at most %d members can be provisioned on demand at a time.", len(members), maxOnDemandMembers)
	case len(members) > 0 && !strings.EqualFold(sub.ObjectTypeName, "Group"):
		return subject{}, badRequest("Only a Group can have links to members.")
	}
	for _, m := range members {
		if !isGUID(m.ObjectID) || !strings.EqualFold(m.ObjectTypeName, "User") {
			return subject{}, badRequest("Member '%s' of type '%s' is not supported; members must be users.", m.ObjectID, m.ObjectTypeName)
		}
	}
	return sub, nil
}

// demand is what a call works on, copied under mu.
type demand struct {
	id, name string
	group    bool
	honoured bool // assigned, and known to be
	members  []demandMember
	account  account // of a user
}

// demandMember is a wanted member; refused says why it cannot be provisioned.
type demandMember struct {
	account account
	refused string
}

// onDemand provisions one object and returns how that went, with the source.
func (s *Server) onDemand(sub subject) (outcome, demand, error) {
	s.exporting.Lock()
	defer s.exporting.Unlock()
	d, exp, err := s.beginDemand(sub)
	if err != nil {
		return outcome{}, demand{}, err
	}
	if !d.honoured {
		out := outcome{
			result: "Skipped", code: "NotEffectivelyEntitled", action: "Other",
			message: fmt.Sprintf("The %s '%s' can't be provisioned because they're not assigned to the application.", strings.ToLower(sub.ObjectTypeName), d.name),
			steps:   []object{step("Import", "Success", "Retrieved from Microsoft Entra ID"), step("Scoping", "Skipped", "The object is not assigned to the application")},
		}
		s.endDemand(exp, d, out)
		return out, d, nil
	}
	out := exp.demand(d)
	s.endDemand(exp, d, out)
	return out, d, nil
}

// beginDemand resolves the request against the directory.
func (s *Server) beginDemand(sub subject) (demand, *exporter, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.job.quarantine != nil:
		return demand{}, nil, &graphError{status: http.StatusBadRequest, code: "JobInQuarantine", message: "The synchronization job is in quarantine. Mend the credentials and restart provisioning, then try again."}
	case s.job.schedule != scheduleActive:
		return demand{}, nil, &graphError{status: http.StatusBadRequest, code: "JobNotActive", message: "The synchronization job is " + strings.ToLower(s.job.schedule) + ". Start provisioning, then try again."}
	}
	now := s.kit.Now()
	d := demand{id: strings.ToLower(sub.ObjectID), group: strings.EqualFold(sub.ObjectTypeName, "Group")}
	sc := s.scope(now)
	if !d.group {
		u := s.dir.users[d.id]
		if u == nil {
			return demand{}, nil, notFound(sub.ObjectID)
		}
		d.name, d.account = u.DisplayName, accountOf(u)
		_, d.honoured = sc.users[d.id]
	} else {
		g := s.dir.groups[d.id]
		if g == nil {
			return demand{}, nil, notFound(sub.ObjectID)
		}
		d.name = g.DisplayName
		_, d.honoured = sc.groups[d.id]
		for _, m := range sub.Links.Members {
			d.members = append(d.members, s.demandMember(g, strings.ToLower(m.ObjectID)))
		}
	}
	d.honoured = d.honoured && !s.never
	return d, s.newExporter(), nil
}

// demandMember judges a wanted member: only enabled direct members go.
func (s *Server) demandMember(g *Group, id string) demandMember {
	u := s.dir.users[id]
	if u == nil {
		return demandMember{account: account{ID: id}, refused: "the user does not exist"}
	}
	m := demandMember{account: accountOf(u)}
	if _, in := slices.BinarySearch(g.Members, id); !in {
		m.refused = "the user is not a direct member of the group"
	} else if u.Disabled {
		m.refused = "the user is disabled"
	}
	return m
}

// demand exports a user, or a group with the wanted members.
func (e *exporter) demand(d demand) outcome {
	out := outcome{action: "Create", steps: []object{
		step("Import", "Success", "Retrieved from Microsoft Entra ID"),
		step("Scoping", "Success", "The object is assigned to the application"),
	}}
	var err error
	if d.group {
		err = e.demandGroup(d, &out)
	} else {
		err = e.demandUser(d.account, &out)
	}
	e.finish(d, &out, err)
	return out
}

// demandUser exports one user.
func (e *exporter) demandUser(a account, out *outcome) error {
	if _, known := e.synced.users[a.ID]; known {
		out.action = "Update"
	} else if !a.Active {
		return fmt.Errorf("the user is disabled")
	}
	_, err := e.user(a)
	out.targetID = e.synced.users[a.ID].targetID
	return err
}

// demandGroup exports a group and adds the wanted members.
func (e *exporter) demandGroup(d demand, out *outcome) error {
	if _, known := e.synced.groups[d.id]; known {
		out.action = "Update"
	}
	ok, err := e.group(d.id, d.name)
	if err != nil || !ok {
		return err
	}
	out.targetID = e.synced.groups[d.id].targetID
	have, err := e.target.GroupMembers(d.id)
	if badToken(err) {
		return err
	}
	if err != nil {
		// Gone from the target behind the job's back: make it again.
		delete(e.synced.groups, d.id)
		if ok, err = e.group(d.id, d.name); err != nil || !ok {
			return err
		}
		have, out.action, out.targetID = nil, "Create", e.synced.groups[d.id].targetID
	}
	have = slices.Sorted(slices.Values(have))
	want := slices.Clone(have)
	for _, m := range d.members {
		ok, err := e.demandMember(m, out)
		if err != nil {
			return err
		}
		if ok && insert(&want, m.account.ID) {
			out.modified = append(out.modified, object{"displayName": "members", "oldValue": nil, "newValue": m.account.ID})
		}
	}
	g := e.synced.groups[d.id]
	g.members = have
	e.synced.groups[d.id] = g
	return e.members(d.id, want)
}

// demandMember exports a wanted member as a user and notes how that went.
func (e *exporter) demandMember(m demandMember, out *outcome) (bool, error) {
	if full := e.named(m.account); m.refused == "" && !full.complete() {
		m.refused = missing(full).Error()
	}
	if m.refused != "" {
		out.steps = append(out.steps, step("Export", "Failure", fmt.Sprintf("Member '%s' was not provisioned: %s", m.account.ID, m.refused)))
		e.escrowed++
		return false, nil
	}
	before := e.escrowed
	ok, err := e.user(m.account)
	if err == nil && e.escrowed > before {
		out.steps = append(out.steps, step("Export", "Failure", fmt.Sprintf("Member '%s' was not provisioned: %s", m.account.ID, e.log[len(e.log)-1].Reason)))
	}
	return ok, err
}

// finish sets the result: what was exported is a success, even if some members
// were not; otherwise a failure, or nothing to do.
func (e *exporter) finish(d demand, out *outcome, err error) {
	switch {
	case err != nil && badToken(err):
		out.result, out.code, out.message = "Failure", "SystemForCrossDomainIdentityManagementCredentialValidationUnsuccessful", err.Error()
	case err != nil:
		out.result, out.code, out.message = "Failure", "InvalidOperation", err.Error()
	case e.exported > 0:
		out.result = "Success"
		out.modified = append(out.modified, object{"displayName": "externalId", "oldValue": nil, "newValue": d.id})
	case e.escrowed > 0:
		out.result, out.code = "Failure", "EntryExportError"
		if n := len(e.log); n > 0 {
			out.code, out.message = e.log[n-1].Code, e.log[n-1].Reason
		} else {
			out.message = fmt.Sprint(out.steps[len(out.steps)-1]["description"])
		}
	default:
		out.result, out.code, out.action = "Skipped", "RedundantExport", "Other"
		out.message = "The state of the entry in both the source and target systems already match. No change to the entry needs to be made."
	}
	status := out.result
	out.steps = append(out.steps, step("Matching", "Success", "Looked up in AWS IAM Identity Center"), step("Export", status, out.message))
}

// endDemand keeps the watermark and logs the outcome.
func (s *Server) endDemand(exp *exporter, d demand, out outcome) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if out.result == "Skipped" {
		exp.log = append(exp.log, LogLine{
			ID: newGUID(), Time: s.kit.Now().UTC(), Action: "other", Kind: d.kind(), SourceID: d.id, SourceName: d.name, TargetID: out.targetID,
			Status: "skipped", Code: out.code, Reason: out.message,
		})
	}
	s.keep(exp, newGUID())
}

func (d demand) kind() string {
	if d.group {
		return "Group"
	}
	return "User"
}

// key is the object inside the text "key" of the answer.
func (o outcome) key() object {
	details := object{}
	if o.code != "" {
		details = object{"errorCode": o.code, "errorMessage": o.message}
	}
	return object{"result": o.result, "details": details}
}

// value is the object inside the text "value" of the answer.
func (o outcome) value(d demand) object {
	modified := o.modified
	if modified == nil {
		modified = []object{}
	}
	return object{
		"action": o.action, "modifiedProperties": modified, "provisioningSteps": o.steps,
		"statusInfo":     object{"status": o.result, "errorCode": o.code, "reason": o.message, "additionalDetails": nil, "errorCategory": nil, "recommendedAction": nil},
		"sourceIdentity": object{"id": d.id, "name": d.name, "type": d.kind(), "details": object{}},
		"targetIdentity": object{"id": o.targetID, "name": d.name, "type": d.kind(), "details": object{}},
	}
}

// encode renders JSON that goes inside a text.
func encode(o object) string {
	// Objects of texts, lists and numbers always marshal.
	b, _ := json.Marshal(o)
	return string(b)
}
