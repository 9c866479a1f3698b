package graphemu

import (
	"crypto/rand"
	"encoding/base64"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// The app roles of the gallery app "AWS IAM Identity Center (successor to AWS
// Single Sign-On)" and the role of principals without one. The ids are the same
// in every tenant (instantiate responses of the template).
const (
	roleUser    = "8774f594-1d59-4279-b9d9-59ef09a23530"
	roleMSIAM   = "e7f1a7f3-9eda-48e0-9963-bd67bf531afd"
	roleDefault = "00000000-0000-0000-0000-000000000000"
	// templateApp is the gallery template that the enterprise app comes from.
	templateApp = "21ed01d2-ec13-4e9e-86c1-cd546719ebc4"
)

func principalRoutes() []route {
	return []route{
		{op: "GET /servicePrincipals", perms: readApps(), do: (*call).listPrincipals},
		{op: "GET /servicePrincipals/{id}", perms: readApps(), do: (*call).getPrincipal},
		{op: "GET /servicePrincipals/{id}/appRoleAssignedTo", units: 2, perms: readApps(), do: (*call).listAssigned},
		{op: "POST /servicePrincipals/{id}/appRoleAssignedTo", perms: writeRoles(), do: (*call).createAssigned},
		{op: "GET /servicePrincipals/{id}/appRoleAssignedTo/{assignment}", perms: readApps(), do: (*call).getAssigned},
		{op: "DELETE /servicePrincipals/{id}/appRoleAssignedTo/{assignment}", perms: writeRoles(), do: (*call).deleteAssigned},
	}
}

func principalEntity() entity {
	return entity{
		name: "microsoft.graph.servicePrincipal",
		props: []string{
			"id", "appId", "displayName", "accountEnabled", "appRoleAssignmentRequired", "appRoles", "applicationTemplateId",
			"preferredSingleSignOnMode", "preferredTokenSigningKeyThumbprint", "keyCredentials", "servicePrincipalType", "tags", "appOwnerOrganizationId", "deletedDateTime",
		},
	}
}

func (s *Server) principalObject() object {
	role := func(id, name string, enabled bool) object {
		return object{
			"id": id, "displayName": name, "description": name, "isEnabled": enabled, "origin": "Application",
			"allowedMemberTypes": []string{"User"}, "value": nil,
		}
	}
	roles := []object{role(roleUser, "User", !s.setup.RoleDisabled), role(roleMSIAM, "msiam_access", true)}
	if s.setup.RoleMissing {
		roles = roles[1:]
	}
	return object{
		"id": s.opts.App, "appId": s.opts.AppID, "displayName": s.opts.AppName, "accountEnabled": true, "appRoleAssignmentRequired": !s.setup.AnyoneSignsIn,
		"appRoles":       roles,
		"keyCredentials": s.keyCredentials(), "preferredTokenSigningKeyThumbprint": thumbprint,
		"applicationTemplateId": templateApp, "preferredSingleSignOnMode": "saml", "servicePrincipalType": "Application",
		"tags":                   []string{"WindowsAzureActiveDirectoryIntegratedApp", "WindowsAzureActiveDirectoryCustomSingleSignOnApplication"},
		"appOwnerOrganizationId": s.opts.TenantID, "deletedDateTime": nil,
	}
}

// checkApp refuses paths to another service principal.
func (c *call) checkApp() error {
	id := c.path("id")
	switch {
	case strings.EqualFold(id, c.s.opts.App):
		return nil
	case !isGUID(id):
		return badRequest("Invalid object identifier '%s'.", id)
	}
	return notFound(id)
}

func (c *call) listPrincipals() (reply, error) {
	return c.list(principalEntity(), "servicePrincipals", []object{c.s.principalObject()})
}

func (c *call) getPrincipal() (reply, error) {
	if err := c.checkApp(); err != nil {
		return reply{}, err
	}
	return c.one(principalEntity(), "servicePrincipals", c.s.principalObject())
}

func assignmentEntity() entity {
	return entity{
		name: "microsoft.graph.appRoleAssignment",
		props: []string{
			"id", "appRoleId", "createdDateTime", "deletedDateTime", "principalDisplayName", "principalId", "principalType",
			"resourceDisplayName", "resourceId",
		},
	}
}

func (s *Server) assignmentObject(a *Assignment) object {
	_, name, _ := s.dir.principal(a.PrincipalID)
	return object{
		"id": a.ID, "appRoleId": a.RoleID, "createdDateTime": a.Created.UTC().Format("2006-01-02T15:04:05.0000000Z"), "deletedDateTime": nil,
		"principalDisplayName": name, "principalId": a.PrincipalID, "principalType": a.PrincipalType,
		"resourceDisplayName": s.opts.AppName, "resourceId": s.opts.App,
	}
}

// assignmentObjects returns the assignments that lists show by now, of one
// principal or, without one, of all.
func (c *call) assignmentObjects(principal string) []object {
	now := c.s.kit.Now()
	out := []object{}
	for _, id := range slices.Sorted(maps.Keys(c.s.dir.assignments)) {
		a := c.s.dir.assignments[id]
		if (principal == "" || a.PrincipalID == principal) && !now.Before(a.Visible) {
			out = append(out, c.s.assignmentObject(a))
		}
	}
	return out
}

func (c *call) listAssigned() (reply, error) {
	if err := c.checkApp(); err != nil {
		return reply{}, err
	}
	return c.list(assignmentEntity(), "servicePrincipals('"+c.s.opts.App+"')/appRoleAssignedTo", c.assignmentObjects(""))
}

func (c *call) getAssigned() (reply, error) {
	if err := c.checkApp(); err != nil {
		return reply{}, err
	}
	a, ok := c.s.dir.assignments[c.path("assignment")]
	if !ok || c.s.kit.Now().Before(a.Visible) {
		return reply{}, notFound(c.path("assignment"))
	}
	return c.one(assignmentEntity(), "appRoleAssignments", c.s.assignmentObject(a))
}

func (c *call) createAssigned() (reply, error) {
	if err := c.checkApp(); err != nil {
		return reply{}, err
	}
	var body struct {
		PrincipalID string `json:"principalId"`
		ResourceID  string `json:"resourceId"`
		AppRoleID   string `json:"appRoleId"`
	}
	if err := c.decode(&body); err != nil {
		return reply{}, err
	}
	for _, p := range [][2]string{{"principalId", body.PrincipalID}, {"resourceId", body.ResourceID}, {"appRoleId", body.AppRoleID}} {
		if !isGUID(p[1]) {
			return reply{}, badRequest("Invalid value specified for property '%s' of resource 'AppRoleAssignment'.", p[0])
		}
	}
	if !strings.EqualFold(body.ResourceID, c.s.opts.App) {
		return reply{}, badRequest("Not a valid reference update.")
	}
	a, err := c.s.assign(strings.ToLower(body.PrincipalID), strings.ToLower(body.AppRoleID), c.s.kit.Now())
	if err != nil {
		return reply{}, err
	}
	o := c.s.assignmentObject(a)
	o["@odata.context"] = c.base() + "/$metadata#appRoleAssignments/$entity"
	return reply{status: http.StatusCreated, body: o}, nil
}

// assign makes an assignment as of created. The caller holds mu.
func (s *Server) assign(principal, role string, created time.Time) (*Assignment, error) {
	kind, _, ok := s.dir.principal(principal)
	if !ok {
		return nil, notFound(principal)
	}
	// The zero role is "Default Access", which an app with roles takes too
	// from the API; provisioning then skips the principal.
	if !slices.Contains([]string{roleUser, roleMSIAM, roleDefault}, role) {
		return nil, badRequest("Permission being assigned was not found on application '%s'.", s.opts.AppID)
	}
	if g := s.dir.groups[principal]; g != nil && g.Kind != SecurityGroup {
		return nil, badRequest("Only security-enabled groups can be assigned to applications.")
	}
	for _, a := range s.dir.assignments {
		if a.PrincipalID == principal && a.RoleID == role {
			return nil, s.duplicate()
		}
	}
	var raw [32]byte
	// crypto/rand never fails: it ends the program instead.
	_, _ = rand.Read(raw[:])
	a := &Assignment{
		ID: base64.RawURLEncoding.EncodeToString(raw[:]), PrincipalID: principal, PrincipalType: kind, RoleID: role, Created: created.UTC(),
		Visible:  created.Add(s.kit.Delay(s.opts.ReadDelay)),
		Honoured: created.Add(s.kit.Delay(s.opts.ReplicationDelay)),
	}
	s.dir.assignments[a.ID] = a
	return a, nil
}

// duplicate is the refusal of an assignment that exists already, in one of the
// two texts that Graph is known to use.
func (s *Server) duplicate() error {
	s.repeats++
	second := s.opts.Duplicates == EntitlementExists || s.opts.Duplicates == AlternateDuplicates && s.repeats%2 == 0
	if second {
		return &graphError{status: http.StatusBadRequest, code: "Request_MultipleObjectsWithSameKeyValue", message: "EntitlementGrant entry already exists."}
	}
	return badRequest("Permission being assigned already exists on the object")
}

func (c *call) deleteAssigned() (reply, error) {
	if err := c.checkApp(); err != nil {
		return reply{}, err
	}
	id := c.path("assignment")
	if _, ok := c.s.dir.assignments[id]; !ok {
		return reply{}, notFound(id)
	}
	delete(c.s.dir.assignments, id)
	return noContent, nil
}
