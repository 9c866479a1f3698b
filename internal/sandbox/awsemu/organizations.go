package awsemu

import (
	"fmt"
)

// organizationsService lists the operations of organizations.
func organizationsService() *jsonService {
	return &jsonService{
		signing: "organizations", global: true, invalid: invalidInput, admit: admitOrganizations,
		ops: map[string]jsonOp{
			"DescribeOrganization":             op(describeOrganization),
			"DescribeAccount":                  op(describeAccount),
			"DescribeOrganizationalUnit":       op(describeUnit),
			"ListAccounts":                     op(listAccounts),
			"ListAccountsForParent":            op(listAccountsForParent),
			"ListRoots":                        op(listRoots),
			"ListOrganizationalUnitsForParent": op(listUnits),
			"ListParents":                      op(listParents),
			"ListChildren":                     op(listChildren),
			"ListTagsForResource":              op(listOrgTags),

			"MoveAccount":   op(moveAccount),
			"TagResource":   op(tagOrgResource),
			"UntagResource": op(untagOrgResource),

			"ListDelegatedAdministrators":         op(listDelegates),
			"ListAWSServiceAccessForOrganization": op(listServiceAccess),

			"InviteAccountToOrganization":   op(inviteAccount),
			"DescribeHandshake":             op(describeHandshake),
			"ListHandshakesForOrganization": op(listHandshakesForOrganization),
			"ListHandshakesForAccount":      op(listHandshakesForAccount),
			"AcceptHandshake":               op(acceptHandshake),
			"DeclineHandshake":              op(declineHandshake),
			"CancelHandshake":               op(cancelHandshake),
			"EnableAllFeatures":             op(enableAllFeatures),

			"CreateAccount":               op(createAccount),
			"DescribeCreateAccountStatus": op(describeAccountCreation),
			"ListCreateAccountStatus":     op(listAccountCreations),
		},
	}
}

// invalidInput is how organizations says what ValidationException says elsewhere.
func invalidInput(problems []problem) error {
	p := problems[0]
	reason := map[string]string{
		"required": "INPUT_REQUIRED", "pattern": "INVALID_PATTERN", "enum": "INVALID_ENUM",
		"min": "MIN_VALUE_EXCEEDED", "max": "MAX_VALUE_EXCEEDED", "length": "MAX_LENGTH_EXCEEDED",
	}[p.kind]
	return invalidReason(reason, p.text)
}

func invalidReason(reason, message string) *apiError {
	e := fail("InvalidInputException", "%s", message)
	e.members = map[string]any{"Reason": reason}
	return e
}

// orgPage cuts a list of organizations: at most 20 items a page.
func orgPage[T any](s *Server, l listing[T], p page) ([]T, string, error) {
	l.size, l.gap = 20, s.opts.EmptyFirstPage
	items, next, ok := cut(s, l, p)
	if !ok {
		return nil, "", invalidReason("INVALID_NEXT_TOKEN", "You provided an invalid NextToken.")
	}
	return items, next, nil
}

// orgARN is an ARN of the organization, which belongs to its management account.
func (s *Server) orgARN(kind, rest string) string {
	return fmt.Sprintf("arn:aws:organizations::%s:%s/%s%s", s.org.management, kind, s.org.id, rest)
}

type nothing struct{}

func (*nothing) check(*checks) {}

type wireOrganization struct {
	Id, Arn, FeatureSet, MasterAccountId, MasterAccountArn, MasterAccountEmail string
}

type describeOrganizationOut struct{ Organization wireOrganization }

func describeOrganization(s *Server, _ *call, _ *nothing) (describeOrganizationOut, error) {
	mgmt := s.org.accounts[s.org.management]
	return describeOrganizationOut{wireOrganization{
		Id: s.org.id, Arn: s.orgARN("organization", ""), FeatureSet: s.org.features, MasterAccountId: mgmt.ID,
		MasterAccountArn: s.orgARN("account", "/"+mgmt.ID), MasterAccountEmail: mgmt.Email,
	}}, nil
}

type wireAccount struct {
	Id, Arn, Email, Name, State string
	Status                      string `json:",omitempty"`
	JoinedMethod                string
	JoinedTimestamp             epoch
	Paths                       []string
}

// wireAccount has the retired Status beside State, where it knew the state.
func (s *Server) wireAccount(a *Account) wireAccount {
	status := a.State
	switch a.State {
	case StateClosed:
		status = StateSuspended
	case StatePendingActivation:
		status = ""
	}
	return wireAccount{
		Id: a.ID, Arn: s.orgARN("account", "/"+a.ID), Email: a.Email, Name: a.Name, State: a.State, Status: status,
		JoinedMethod: a.Method, JoinedTimestamp: epoch(a.Joined), Paths: []string{s.org.idPath(s.org.units[a.OU]) + "/" + a.ID + "/"},
	}
}

func accountKey(a wireAccount) string { return a.Id }

type accountIn struct{ AccountId string }

func (in *accountIn) check(v *checks) { v.required("accountId", in.AccountId, shapeAccount) }

type describeAccountOut struct{ Account wireAccount }

func describeAccount(s *Server, _ *call, in *accountIn) (out describeAccountOut, err error) {
	a, ok := s.org.accounts[in.AccountId]
	if !ok {
		return out, noAccount()
	}
	out.Account = s.wireAccount(a)
	return out, nil
}

type orgListIn struct{ page }

func (in *orgListIn) check(v *checks) { v.checkPage(in.page, 20, shapeOrgToken) }

type listAccountsOut struct {
	Accounts  []wireAccount
	NextToken string `json:",omitempty"`
}

// accountPage lists the accounts in the unit of that path, or all for "".
func (s *Server) accountPage(path, scope string, p page) (out listAccountsOut, err error) {
	var items []wireAccount
	for _, a := range s.org.accounts {
		if path == "" || a.OU == path {
			items = append(items, s.wireAccount(a))
		}
	}
	out.Accounts, out.NextToken, err = orgPage(s, listing[wireAccount]{items: items, key: accountKey, scope: scope}, p)
	return out, err
}

func listAccounts(s *Server, c *call, in *orgListIn) (listAccountsOut, error) {
	return s.accountPage("", c.op, in.page)
}

type parentIn struct {
	ParentId string
	page
}

func (in *parentIn) check(v *checks) {
	v.required("parentId", in.ParentId, shapeParent)
	v.checkPage(in.page, 20, shapeOrgToken)
}

// findParent returns a unit or the root by id.
func (s *Server) findParent(id string) (orgUnit, error) {
	u, ok := s.org.byID[id]
	if !ok {
		return u, fail("ParentNotFoundException", "You specified parent that doesn't exist.")
	}
	return u, nil
}

func listAccountsForParent(s *Server, c *call, in *parentIn) (listAccountsOut, error) {
	u, err := s.findParent(in.ParentId)
	if err != nil {
		return listAccountsOut{}, err
	}
	return s.accountPage(u.path, scopeOf(c.op, u.id), in.page)
}

type wireRoot struct {
	Id, Arn, Name string
	PolicyTypes   []struct{}
}

type listRootsOut struct {
	Roots     []wireRoot
	NextToken string `json:",omitempty"`
}

func listRoots(s *Server, c *call, in *orgListIn) (out listRootsOut, err error) {
	root := wireRoot{s.org.rootID, s.orgARN("root", "/"+s.org.rootID), "Root", []struct{}{}}
	out.Roots, out.NextToken, err = orgPage(s, listing[wireRoot]{
		items: []wireRoot{root}, key: func(r wireRoot) string { return r.Id }, scope: c.op,
	}, in.page)
	return out, err
}

type wireUnit struct{ Id, Arn, Name, Path string }

func (s *Server) wireUnit(u orgUnit) wireUnit {
	return wireUnit{u.id, s.orgARN("ou", "/"+u.id), u.name(), s.org.idPath(u) + "/"}
}

// unitsBelow returns the units right below one.
func (o *organization) unitsBelow(path string) []orgUnit {
	var out []orgUnit
	for _, u := range o.units {
		if u.path != "/" && u.parent() == path {
			out = append(out, u)
		}
	}
	return out
}

type listUnitsOut struct {
	OrganizationalUnits []wireUnit
	NextToken           string `json:",omitempty"`
}

func listUnits(s *Server, c *call, in *parentIn) (out listUnitsOut, err error) {
	parent, err := s.findParent(in.ParentId)
	if err != nil {
		return out, err
	}
	var items []wireUnit
	for _, u := range s.org.unitsBelow(parent.path) {
		items = append(items, s.wireUnit(u))
	}
	out.OrganizationalUnits, out.NextToken, err = orgPage(s, listing[wireUnit]{
		items: items, key: func(u wireUnit) string { return u.Id }, scope: scopeOf(c.op, parent.id),
	}, in.page)
	return out, err
}

type unitIn struct{ OrganizationalUnitId string }

func (in *unitIn) check(v *checks) {
	v.required("organizationalUnitId", in.OrganizationalUnitId, shapeOU)
}

type describeUnitOut struct{ OrganizationalUnit wireUnit }

func describeUnit(s *Server, _ *call, in *unitIn) (out describeUnitOut, err error) {
	u, ok := s.org.byID[in.OrganizationalUnitId]
	if !ok {
		return out, fail("OrganizationalUnitNotFoundException", "You specified an organizational unit that doesn't exist.")
	}
	out.OrganizationalUnit = s.wireUnit(u)
	return out, nil
}

type childIn struct {
	ChildId string
	page
}

func (in *childIn) check(v *checks) {
	v.required("childId", in.ChildId, shapeChild)
	v.checkPage(in.page, 20, shapeOrgToken)
}

// wireNode is a parent or a child: an id and what it is.
type wireNode struct{ Id, Type string }

func nodeKey(n wireNode) string { return n.Id }

const nodeAccount, nodeUnit, nodeRoot = "ACCOUNT", "ORGANIZATIONAL_UNIT", "ROOT"

type listParentsOut struct {
	Parents   []wireNode
	NextToken string `json:",omitempty"`
}

func listParents(s *Server, c *call, in *childIn) (out listParentsOut, err error) {
	path := ""
	if a, ok := s.org.accounts[in.ChildId]; ok {
		path = a.OU
	} else if u, ok := s.org.byID[in.ChildId]; ok {
		path = u.parent()
	} else {
		return out, fail("ChildNotFoundException", "You specified child that doesn't exist.")
	}
	node := wireNode{s.org.units[path].id, nodeUnit}
	if path == "/" {
		node.Type = nodeRoot
	}
	out.Parents, out.NextToken, err = orgPage(s, listing[wireNode]{items: []wireNode{node}, key: nodeKey, scope: scopeOf(c.op, in.ChildId)}, in.page)
	return out, err
}

type childrenIn struct {
	parentIn
	ChildType string
}

func (in *childrenIn) check(v *checks) {
	in.parentIn.check(v)
	v.enum("childType", in.ChildType, true, nodeAccount, nodeUnit)
}

type listChildrenOut struct {
	Children  []wireNode
	NextToken string `json:",omitempty"`
}

func listChildren(s *Server, c *call, in *childrenIn) (out listChildrenOut, err error) {
	parent, err := s.findParent(in.ParentId)
	if err != nil {
		return out, err
	}
	var items []wireNode
	if in.ChildType == nodeUnit {
		for _, u := range s.org.unitsBelow(parent.path) {
			items = append(items, wireNode{u.id, nodeUnit})
		}
	} else {
		for _, a := range s.org.accounts {
			if a.OU == parent.path {
				items = append(items, wireNode{a.ID, nodeAccount})
			}
		}
	}
	scope := scopeOf(c.op, parent.id, in.ChildType)
	out.Children, out.NextToken, err = orgPage(s, listing[wireNode]{items: items, key: nodeKey, scope: scope}, in.page)
	return out, err
}
