package graphemu

import (
	"errors"
	"net/http"
	"strings"
)

func syncRoutes() []route {
	const sp = "/servicePrincipals/{id}/synchronization"
	return []route{
		{op: "GET " + sp + "/templates", perms: syncJobs(), do: (*call).listTemplates},
		{op: "GET " + sp, perms: syncJobs(), do: (*call).getSynchronization},
		{op: "GET " + sp + "/jobs", perms: syncJobs(), do: (*call).listJobs},
		{op: "GET " + sp + "/jobs/{job}", perms: syncJobs(), do: (*call).getJob},
		{op: "GET " + sp + "/jobs/{job}/schema", perms: syncJobs(), do: (*call).getSchema},
		{op: "POST " + sp + "/jobs/{job}/start", perms: syncJobs(), do: (*call).startJob},
		{op: "POST " + sp + "/jobs/{job}/pause", perms: syncJobs(), do: (*call).pauseJob},
		{op: "POST " + sp + "/jobs/{job}/restart", perms: syncJobs(), do: (*call).restartJob},
		{op: "POST " + sp + "/jobs/{job}/validateCredentials", perms: syncJobs(), open: true, do: (*call).validateCredentials},
		{op: "POST " + sp + "/jobs/{job}/provisionOnDemand", perms: syncJobs(), open: true, do: (*call).provisionOnDemand},
		{op: "GET /auditLogs/provisioning", perms: []string{"ProvisioningLog.Read.All", "AuditLog.Read.All", "Directory.Read.All"}, do: (*call).listLog},
	}
}

// checkJob refuses paths to another service principal or job.
func (c *call) checkJob() error {
	if err := c.checkApp(); err != nil {
		return err
	}
	if c.path("job") != c.s.job.id { // the id never changes
		return &graphError{status: http.StatusNotFound, code: "JobNotFound", message: "Job '" + c.path("job") + "' was not found."}
	}
	return nil
}

func jobEntity() entity {
	return entity{name: "microsoft.graph.synchronizationJob", props: []string{"id", "templateId", "schedule", "status", "synchronizationJobSettings"}}
}

func (c *call) context(set string) string {
	return c.base() + "/$metadata#servicePrincipals('" + c.s.opts.App + "')/synchronization/" + set
}

func (c *call) listJobs() (reply, error) {
	if err := c.checkApp(); err != nil {
		return reply{}, err
	}
	return c.list(jobEntity(), "servicePrincipals('"+c.s.opts.App+"')/synchronization/jobs", []object{c.s.jobObject()})
}

func (c *call) getJob() (reply, error) {
	if err := c.checkJob(); err != nil {
		return reply{}, err
	}
	return c.one(jobEntity(), "servicePrincipals('"+c.s.opts.App+"')/synchronization/jobs", c.s.jobObject())
}

func (c *call) listTemplates() (reply, error) {
	if err := c.checkApp(); err != nil {
		return reply{}, err
	}
	e := entity{name: "microsoft.graph.synchronizationTemplate", props: []string{"id", "applicationId", "default", "description", "discoverable", "factoryTag", "metadata"}}
	return c.list(e, "servicePrincipals('"+c.s.opts.App+"')/synchronization/templates", []object{{
		"id": templateID, "factoryTag": templateID, "applicationId": c.s.opts.AppID, "default": true, "discoverable": true,
		"description": "AWS IAM Identity Center", "metadata": []object{},
	}})
}

// mapping renders one attribute mapping; priority zero means that the
// attribute does not match objects.
func mapping(source, target string, priority int) object {
	return object{
		"defaultValue": nil, "exportMissingReferences": false, "flowBehavior": "FlowWhenChanged", "flowType": "Always",
		"matchingPriority": priority, "targetAttributeName": target,
		"source": object{"expression": "[" + source + "]", "name": source, "type": "Attribute", "parameters": []object{}},
	}
}

func objectMapping(kind string, attributes ...object) object {
	return object{
		"enabled": true, "flowTypes": "Add, Update, Delete", "metadata": []object{},
		"name":             "Provision Microsoft Entra ID " + kind + "s",
		"sourceObjectName": kind, "targetObjectName": kind, "scope": nil, "attributeMappings": attributes,
	}
}

func (c *call) getSchema() (reply, error) {
	if err := c.checkJob(); err != nil {
		return reply{}, err
	}
	active := mapping("accountEnabled", "active", 0)
	active["source"] = object{"expression": `Switch([IsSoftDeleted], , "False", "True", "True", "False")`, "name": "Switch", "type": "Function", "parameters": []object{}}
	given, family := mapping("givenName", "name.givenName", 0), mapping("surname", "name.familyName", 0)
	if d := c.s.setup.NameDefault; d != "" {
		given["defaultValue"], family["defaultValue"] = d, d
	}
	return reply{body: object{
		"@odata.context": c.context("jobs('" + c.s.job.id + "')/schema/$entity"),
		"id":             c.s.job.id, "version": "Date:2026-01-01T00:00:00.0000000Z, Version:1", "provisioningTaskIdentifier": c.s.job.id,
		"directories": []object{
			{"id": "11b1c5a1-5d0c-4f8a-8b6e-0d5c2a3c9b01", "name": "Azure Active Directory", "objects": []object{}, "discoverabilities": "None", "readOnly": true},
			{"id": "11b1c5a1-5d0c-4f8a-8b6e-0d5c2a3c9b02", "name": "AWS IAM Identity Center", "objects": []object{}, "discoverabilities": "None", "readOnly": false},
		},
		"synchronizationRules": []object{{
			"id": ruleID, "name": "USER_OUTBOUND_USER", "editable": true, "priority": 1, "metadata": []object{}, "groupFilter": nil, "containerFilter": nil,
			"sourceDirectoryName": "Azure Active Directory", "targetDirectoryName": "AWS IAM Identity Center",
			"objectMappings": []object{
				objectMapping("Group", mapping("displayName", "displayName", 1), mapping("objectId", "externalId", 0), mapping("members", "members", 0)),
				objectMapping("User", mapping("userPrincipalName", "userName", 1), active, mapping("displayName", "displayName", 0),
					given, family, mapping("objectId", "externalId", 0)),
			},
		}},
	}}, nil
}

func (c *call) startJob() (reply, error) {
	if err := c.checkJob(); err != nil {
		return reply{}, err
	}
	c.s.start(c.s.kit.Now())
	return noContent, nil
}

func (c *call) pauseJob() (reply, error) {
	if err := c.checkJob(); err != nil {
		return reply{}, err
	}
	if c.s.job.schedule == scheduleActive {
		c.s.job.schedule = schedulePaused
	}
	c.s.poke()
	return noContent, nil
}

// restartJob is the restart operation. What the scope resets: Watermark (and
// Full) makes the next cycle an initial one, QuarantineState (and Full) ends a
// quarantine; escrows are tried in every cycle anyway. An empty scope is the
// portal's restart, which is all of these.
func (c *call) restartJob() (reply, error) {
	if err := c.checkJob(); err != nil {
		return reply{}, err
	}
	var body struct {
		Criteria struct {
			ResetScope string `json:"resetScope"`
		} `json:"criteria"`
	}
	if err := c.decode(&body); err != nil {
		return reply{}, err
	}
	reset := map[string]bool{}
	for f := range strings.SplitSeq(body.Criteria.ResetScope, ",") {
		switch f = strings.TrimSpace(f); f {
		case "":
			reset["Full"] = true
		case "None", "ConnectorDataStore", "Escrows", "Watermark", "QuarantineState", "Full", "ForceDeletes":
			reset[f] = true
		default:
			return reply{}, badRequest("Invalid value '%s' for resetScope.", f)
		}
	}
	j := &c.s.job
	if reset["Full"] || reset["Watermark"] {
		j.initial = true
	}
	if reset["Full"] || reset["QuarantineState"] {
		j.quarantine, j.failures = nil, 0
	}
	if j.quarantine == nil {
		j.schedule, j.next = scheduleActive, c.s.kit.Now()
	}
	c.s.poke()
	return noContent, nil
}

// validateCredentials tests the given address and token, or, with
// useSavedCredentials, the token that the job has now.
func (c *call) validateCredentials() (reply, error) {
	if err := c.checkJob(); err != nil {
		return reply{}, err
	}
	var body struct {
		Saved       bool `json:"useSavedCredentials"`
		Credentials []struct {
			Key   string `json:"key"`
			Value string `json:"value"`
		} `json:"credentials"`
	}
	if err := c.decode(&body); err != nil {
		return reply{}, err
	}
	given := map[string]string{}
	for _, p := range body.Credentials {
		given[p.Key] = p.Value
		if p.Key == "SecretToken" && len(p.Value) >= 8 {
			c.s.kit.Journal.Redact(p.Value)
		}
	}
	if err := c.s.tryCredentials(body.Saved, given); err != nil {
		return reply{}, err
	}
	return noContent, nil
}

func (s *Server) tryCredentials(saved bool, given map[string]string) error {
	if saved {
		s.exporting.Lock()
		defer s.exporting.Unlock()
		s.mu.Lock()
		target := s.target
		s.mu.Unlock()
		if err := checkToken(target); err != nil {
			return invalidCredentials(err)
		}
		return nil
	}
	address, secret := given["BaseAddress"], given["SecretToken"]
	if !strings.HasPrefix(address, "https://") || secret == "" {
		return invalidCredentials(errors.New("BaseAddress must be an https URL and SecretToken is required"))
	}
	if s.opts.CheckCredentials != nil {
		if err := s.opts.CheckCredentials(address, secret); err != nil {
			return invalidCredentials(err)
		}
	}
	return nil
}

func invalidCredentials(err error) error {
	return &graphError{status: http.StatusBadRequest, code: "InvalidCredentials", message: "The credentials are invalid: " + err.Error()}
}
