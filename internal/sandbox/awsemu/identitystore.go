package awsemu

import (
	"encoding/json"
	"fmt"
	"strings"
)

// storeService lists the operations of identitystore.
func storeService() *jsonService {
	return &jsonService{
		signing: "identitystore", invalid: validation, admit: admitStore,
		ops: map[string]jsonOp{
			"GetGroupId":                    op(getGroupID),
			"GetUserId":                     op(getUserID),
			"DescribeGroup":                 op(describeGroup),
			"DescribeUser":                  op(describeUser),
			"ListGroups":                    op(listGroups),
			"ListUsers":                     op(listUsers),
			"ListGroupMemberships":          op(listMemberships),
			"ListGroupMembershipsForMember": op(listMembershipsForMember),
			"IsMemberInGroups":              op(isMemberInGroups),
		},
	}
}

// admitStore is the rate of each operation, and the same rule as for sso-admin.
func admitStore(s *Server, c *call) error {
	if !s.limits.storeAllows(c.op, c.now) {
		e := throttled()
		e.members = map[string]any{"RetryAfterSeconds": 1}
		return e
	}
	if !s.administers(c.accountID) {
		return denied(c, "identitystore", "arn:aws:identitystore::"+s.opts.ManagementAccount+":identitystore/"+s.opts.IdentityStoreID)
	}
	return nil
}

// notInStore is the ResourceNotFoundException of the identity store.
func notInStore(kind, id string) *apiError {
	e := fail("ResourceNotFoundException", "%s not found.", kind)
	e.members = map[string]any{"ResourceType": kind}
	if id != "" {
		e.members["ResourceId"] = id
	}
	return e
}

// storeIn is the part that every request has.
type storeIn struct{ IdentityStoreId string }

func (in *storeIn) check(v *checks) { v.required("identityStoreId", in.IdentityStoreId, shapeStore) }

func (s *Server) checkStore(in storeIn) error {
	if in.IdentityStoreId != s.opts.IdentityStoreID {
		return notInStore("IDENTITY_STORE", in.IdentityStoreId)
	}
	return nil
}

type wireExternalID struct{ Issuer, Id string }

// uniqueAttribute holds a document, that is any JSON value; only strings match.
type uniqueAttribute struct {
	AttributePath  string
	AttributeValue json.RawMessage
}

func (u *uniqueAttribute) text() string {
	var s string
	if err := json.Unmarshal(u.AttributeValue, &s); err != nil {
		return ""
	}
	return s
}

type alternateIn struct {
	storeIn
	AlternateIdentifier struct {
		ExternalId      *wireExternalID
		UniqueAttribute *uniqueAttribute
	}
}

func (in *alternateIn) check(v *checks) {
	in.storeIn.check(v)
	alt := in.AlternateIdentifier
	if (alt.ExternalId == nil) == (alt.UniqueAttribute == nil) {
		v.add("required", "null", "alternateIdentifier", "have exactly one member set")
		return
	}
	if alt.ExternalId != nil {
		v.required("alternateIdentifier.externalId.issuer", alt.ExternalId.Issuer, shapeExternal)
		v.required("alternateIdentifier.externalId.id", alt.ExternalId.Id, shapeExternal)
		return
	}
	v.required("alternateIdentifier.uniqueAttribute.attributePath", alt.UniqueAttribute.AttributePath, shapeAttribute)
	if len(alt.UniqueAttribute.AttributeValue) == 0 {
		v.add("required", "null", "alternateIdentifier.uniqueAttribute.attributeValue", "not be null")
	}
}

type groupIDOut struct{ GroupId, IdentityStoreId string }

func getGroupID(s *Server, _ *call, in *alternateIn) (out groupIDOut, err error) {
	if err := s.checkStore(in.storeIn); err != nil {
		return out, err
	}
	var g *group
	switch alt := in.AlternateIdentifier; {
	case alt.ExternalId != nil && alt.ExternalId.Issuer == s.opts.Issuer:
		g = s.store.groupByExternal(alt.ExternalId.Id)
	case alt.UniqueAttribute != nil:
		if !strings.EqualFold(alt.UniqueAttribute.AttributePath, "displayName") {
			return out, badAttribute(alt.UniqueAttribute.AttributePath)
		}
		g = s.store.groupByName(alt.UniqueAttribute.text())
	}
	if g == nil {
		return out, notInStore("GROUP", "")
	}
	return groupIDOut{g.id, s.opts.IdentityStoreID}, nil
}

type userIDOut struct{ UserId, IdentityStoreId string }

func getUserID(s *Server, _ *call, in *alternateIn) (out userIDOut, err error) {
	if err := s.checkStore(in.storeIn); err != nil {
		return out, err
	}
	var u *user
	switch alt := in.AlternateIdentifier; {
	case alt.ExternalId != nil && alt.ExternalId.Issuer == s.opts.Issuer:
		u = s.store.userByExternal(alt.ExternalId.Id)
	case alt.UniqueAttribute != nil:
		path := strings.ToLower(alt.UniqueAttribute.AttributePath)
		if path != "username" && path != "emails.value" {
			return out, badAttribute(alt.UniqueAttribute.AttributePath)
		}
		u = s.store.userByName(alt.UniqueAttribute.text()) // the e-mail is the user name
	}
	if u == nil {
		return out, notInStore("USER", "")
	}
	return userIDOut{u.id, s.opts.IdentityStoreID}, nil
}

func badAttribute(path string) *apiError {
	return fail("ValidationException", "The attribute path %s is not supported for this operation.", path)
}

// wireExternalIDs is absent for what was made by hand.
func (s *Server) wireExternalIDs(id string) []wireExternalID {
	if id == "" {
		return nil
	}
	return []wireExternalID{{s.opts.Issuer, id}}
}

type wireGroup struct {
	GroupId, IdentityStoreId, DisplayName string
	ExternalIds                           []wireExternalID `json:",omitempty"`
	CreatedAt, UpdatedAt                  epoch
}

func (s *Server) wireGroup(g *group) wireGroup {
	return wireGroup{g.id, s.opts.IdentityStoreID, g.display, s.wireExternalIDs(g.externalID), epoch(g.created), epoch(g.updated)}
}

type wireName struct{ GivenName, FamilyName string }

type wireEmail struct {
	Value, Type string
	Primary     bool
}

type wireUser struct {
	UserId, IdentityStoreId, UserName, DisplayName, UserStatus string
	Name                                                       wireName
	Emails                                                     []wireEmail
	ExternalIds                                                []wireExternalID `json:",omitempty"`
	CreatedAt, UpdatedAt                                       epoch
}

func (s *Server) wireUser(u *user) wireUser {
	status := "ENABLED"
	if u.disabled {
		status = "DISABLED"
	}
	return wireUser{
		UserId: u.id, IdentityStoreId: s.opts.IdentityStoreID, UserName: u.userName, DisplayName: u.display, UserStatus: status,
		Name: wireName{u.given, u.family}, Emails: []wireEmail{{u.userName, "work", true}},
		ExternalIds: s.wireExternalIDs(u.externalID), CreatedAt: epoch(u.created), UpdatedAt: epoch(u.updated),
	}
}

type groupIn struct {
	storeIn
	GroupId string
}

func (in *groupIn) check(v *checks) {
	in.storeIn.check(v)
	v.required("groupId", in.GroupId, shapePrincipal)
}

// findGroup returns the group that a request names.
func (s *Server) findGroup(in groupIn) (*group, error) {
	if err := s.checkStore(in.storeIn); err != nil {
		return nil, err
	}
	g := s.store.groups[in.GroupId]
	if g == nil {
		return nil, notInStore("GROUP", in.GroupId)
	}
	return g, nil
}

func describeGroup(s *Server, _ *call, in *groupIn) (out wireGroup, err error) {
	g, err := s.findGroup(*in)
	if err != nil {
		return out, err
	}
	return s.wireGroup(g), nil
}

type userIn struct {
	storeIn
	UserId string
}

func (in *userIn) check(v *checks) {
	in.storeIn.check(v)
	v.required("userId", in.UserId, shapePrincipal)
}

// findUser returns the user that a request names.
func (s *Server) findUser(in userIn) (*user, error) {
	if err := s.checkStore(in.storeIn); err != nil {
		return nil, err
	}
	u := s.store.users[in.UserId]
	if u == nil {
		return nil, notInStore("USER", in.UserId)
	}
	return u, nil
}

func describeUser(s *Server, _ *call, in *userIn) (out wireUser, err error) {
	u, err := s.findUser(*in)
	if err != nil {
		return out, err
	}
	return s.wireUser(u), nil
}

type storeListIn struct {
	storeIn
	page
	Filters []struct{ AttributePath, AttributeValue string }
}

func (in *storeListIn) check(v *checks) {
	in.storeIn.check(v)
	v.checkPage(in.page, 100, shapeStoreToken)
	if n := len(in.Filters); n > 1 {
		v.add("length", fmt.Sprintf("of %d filters", n), "filters", "have length less than or equal to 1")
	}
	for _, f := range in.Filters {
		v.required("filters.member.attributePath", f.AttributePath, shapeAttribute)
		if f.AttributeValue == "" {
			v.add("required", "null", "filters.member.attributeValue", "not be null")
		}
	}
}

// filter returns the value that the one attribute which can be filtered on must
// have, or "" if the request has no filter.
func (in *storeListIn) filter(attribute string) (string, error) {
	if len(in.Filters) == 0 {
		return "", nil
	}
	if !strings.EqualFold(in.Filters[0].AttributePath, attribute) {
		return "", badAttribute(in.Filters[0].AttributePath)
	}
	return in.Filters[0].AttributeValue, nil
}

type listGroupsOut struct {
	Groups    []wireGroup
	NextToken string `json:",omitempty"`
}

func listGroups(s *Server, c *call, in *storeListIn) (out listGroupsOut, err error) {
	if err := s.checkStore(in.storeIn); err != nil {
		return out, err
	}
	name, err := in.filter("DisplayName")
	if err != nil {
		return out, err
	}
	var items []wireGroup
	for _, g := range s.store.groups {
		if name == "" || strings.EqualFold(name, g.display) {
			items = append(items, s.wireGroup(g))
		}
	}
	out.Groups, out.NextToken, err = centerPage(s, listing[wireGroup]{
		items: items, key: func(g wireGroup) string { return g.GroupId }, scope: scopeOf(c.op, name),
	}, in.page)
	return out, err
}

type listUsersOut struct {
	Users     []wireUser
	NextToken string `json:",omitempty"`
}

func listUsers(s *Server, c *call, in *storeListIn) (out listUsersOut, err error) {
	if err := s.checkStore(in.storeIn); err != nil {
		return out, err
	}
	name, err := in.filter("UserName")
	if err != nil {
		return out, err
	}
	var items []wireUser
	for _, u := range s.store.users {
		if name == "" || strings.EqualFold(name, u.userName) {
			items = append(items, s.wireUser(u))
		}
	}
	out.Users, out.NextToken, err = centerPage(s, listing[wireUser]{
		items: items, key: func(u wireUser) string { return u.UserId }, scope: scopeOf(c.op, name),
	}, in.page)
	return out, err
}
