package awsemu

import "slices"

// centerService lists the operations of sso-admin.
func centerService() *jsonService {
	return &jsonService{
		signing: "sso", invalid: validation, admit: admitCenter,
		ops: map[string]jsonOp{
			"ListInstances":         op(listInstances),
			"DescribeInstance":      op(describeInstance),
			"ListPermissionSets":    op(listPermissionSets),
			"DescribePermissionSet": op(describePermissionSet),
			"ListTagsForResource":   op(listSetTags),
			opCreate:                op(createAssignment),
			opDelete:                op(deleteAssignment),
			"DescribeAccountAssignmentCreationStatus": op(describeCreation),
			"DescribeAccountAssignmentDeletionStatus": op(describeDeletion),
			"ListAccountAssignmentCreationStatus":     op(listCreations),
			"ListAccountAssignmentDeletionStatus":     op(listDeletions),
			"ListAccountAssignments":                  op(listAssignments),
			"ListAccountAssignmentsForPrincipal":      op(listAssignmentsForPrincipal),
			"ListApplicationAssignmentsForPrincipal":  op(listApplications),
			"ListAccountsForProvisionedPermissionSet": op(listAccountsForSet),
			"ListPermissionSetsProvisionedToAccount":  op(listSetsInAccount),
		},
	}
}

// admitCenter is the shared rate, and the rule that only the management account
// and the delegated administrator may use the instance.
func admitCenter(s *Server, c *call) error {
	if !s.limits.center.AllowN(c.now, 1) {
		return throttled()
	}
	if !s.administers(c.accountID) {
		return denied(c, "sso", s.opts.InstanceARN)
	}
	return nil
}

// administers reports whether an account is the management account or the
// delegated administrator.
func (s *Server) administers(account string) bool {
	return account == s.opts.ManagementAccount || account != "" && account == s.opts.DelegatedAdmin
}

// denied is the refusal of IAM.
func denied(c *call, prefix, resource string) *apiError {
	return fail("AccessDeniedException", "User: %s is not authorized to perform: %s:%s on resource: %s", c.arn, prefix, c.op, resource)
}

// checkInstance refuses another instance than ours.
func (s *Server) checkInstance(arn string) error {
	if arn != s.opts.InstanceARN {
		return fail("ResourceNotFoundException", "Instance %s does not exist.", arn)
	}
	return nil
}

// findSet returns a permission set of the instance.
func (s *Server) findSet(arn string) (*permissionSet, error) {
	set, ok := s.center.sets[arn]
	if !ok {
		return nil, fail("ResourceNotFoundException", "PermissionSet with ARN %s does not exist.", arn)
	}
	return set, nil
}

// findAccount refuses accounts outside the organization.
func (s *Server) findAccount(id string) error {
	if _, ok := s.org.accounts[id]; !ok {
		return fail("ResourceNotFoundException", "Account with id %s does not exist in the organization.", id)
	}
	return nil
}

// centerPage cuts a list of sso-admin: 100 items a page, whatever is asked.
func centerPage[T any](s *Server, l listing[T], p page) ([]T, string, error) {
	if l.size == 0 {
		l.size = 100
	}
	items, next, ok := cut(s, l, p)
	if !ok {
		return nil, "", fail("ValidationException", "The NextToken is invalid for this request.")
	}
	return items, next, nil
}

type wireRegion struct {
	RegionName, Status string
	IsPrimaryRegion    bool
	AddedDate          epoch
}

type wireInstance struct {
	InstanceArn, IdentityStoreId, IdentityStoreArn, OwnerAccountId, Name, Status string
	CreatedDate                                                                  epoch
	PrimaryRegion                                                                string       `json:",omitempty"`
	Regions                                                                      []wireRegion `json:",omitempty"`
	PermissionSetsEnabled                                                        *bool        `json:",omitempty"`
}

func (s *Server) wireInstance() wireInstance {
	return wireInstance{
		InstanceArn: s.opts.InstanceARN, IdentityStoreId: s.opts.IdentityStoreID,
		IdentityStoreArn: "arn:aws:identitystore::" + s.opts.ManagementAccount + ":identitystore/" + s.opts.IdentityStoreID,
		OwnerAccountId:   s.opts.ManagementAccount, Name: "organization", Status: "ACTIVE", CreatedDate: epoch(s.center.created),
	}
}

type listInstancesIn struct {
	page
	RegionScope string
}

func (in *listInstancesIn) check(v *checks) {
	v.checkPage(in.page, 100, shapeToken)
	v.enum("regionScope", in.RegionScope, false, "CURRENT_REGION", "ALL_REGIONS")
}

type listInstancesOut struct {
	Instances []wireInstance
	NextToken string `json:",omitempty"`
}

func listInstances(s *Server, _ *call, in *listInstancesIn) (listInstancesOut, error) {
	inst := s.wireInstance()
	inst.PrimaryRegion = s.opts.Region
	inst.Regions = []wireRegion{{RegionName: s.opts.Region, Status: "ACTIVE", IsPrimaryRegion: true, AddedDate: inst.CreatedDate}}
	items, next, err := centerPage(s, listing[wireInstance]{
		items: []wireInstance{inst}, key: func(i wireInstance) string { return i.InstanceArn }, scope: "ListInstances", size: 10,
	}, in.page)
	return listInstancesOut{items, next}, err
}

type instanceIn struct{ InstanceArn string }

func (in *instanceIn) check(v *checks) { v.required("instanceArn", in.InstanceArn, shapeInstance) }

func describeInstance(s *Server, _ *call, in *instanceIn) (wireInstance, error) {
	inst, enabled := s.wireInstance(), true
	inst.PermissionSetsEnabled = &enabled
	return inst, s.checkInstance(in.InstanceArn)
}

type listSetsIn struct {
	instanceIn
	page
}

func (in *listSetsIn) check(v *checks) {
	in.instanceIn.check(v)
	v.checkPage(in.page, 100, shapeToken)
}

type listSetsOut struct {
	PermissionSets []string
	NextToken      string `json:",omitempty"`
}

// itself is the key of a list of strings.
func itself(s string) string { return s }

func listPermissionSets(s *Server, c *call, in *listSetsIn) (out listSetsOut, err error) {
	if err := s.checkInstance(in.InstanceArn); err != nil {
		return out, err
	}
	var arns []string
	for arn := range s.center.sets {
		arns = append(arns, arn)
	}
	out.PermissionSets, out.NextToken, err = centerPage(s, listing[string]{items: arns, key: itself, scope: c.op}, in.page)
	return out, err
}

type setIn struct{ InstanceArn, PermissionSetArn string }

func (in *setIn) check(v *checks) {
	v.required("instanceArn", in.InstanceArn, shapeInstance)
	v.required("permissionSetArn", in.PermissionSetArn, shapeSet)
}

type wireSet struct {
	Name, PermissionSetArn string
	Description            string `json:",omitempty"`
	CreatedDate            epoch
	SessionDuration        string
	RelayState             string `json:",omitempty"`
}

type describeSetOut struct{ PermissionSet wireSet }

func describePermissionSet(s *Server, _ *call, in *setIn) (out describeSetOut, err error) {
	if err := s.checkInstance(in.InstanceArn); err != nil {
		return out, err
	}
	set, err := s.findSet(in.PermissionSetArn)
	if err != nil {
		return out, err
	}
	out.PermissionSet = wireSet{set.name, set.arn, set.description, epoch(set.created), set.session, set.relay}
	return out, nil
}

type listTagsIn struct{ InstanceArn, ResourceArn, NextToken string }

func (in *listTagsIn) check(v *checks) {
	v.optional("instanceArn", in.InstanceArn, shapeInstance)
	v.required("resourceArn", in.ResourceArn, shapeTaggable)
	v.optional("nextToken", in.NextToken, shapeToken)
}

type wireTag struct{ Key, Value string }

type listTagsOut struct {
	Tags      []wireTag
	NextToken string `json:",omitempty"`
}

// wireTags returns tags in no order.
func wireTags(tags map[string]string) []wireTag {
	out := []wireTag{}
	for k, v := range tags {
		out = append(out, wireTag{k, v})
	}
	return out
}

func tagKey(t wireTag) string { return t.Key }

func listSetTags(s *Server, c *call, in *listTagsIn) (out listTagsOut, err error) {
	var tags map[string]string
	if in.ResourceArn != s.opts.InstanceARN {
		set, err := s.findSet(in.ResourceArn)
		if err != nil {
			return out, err
		}
		tags = set.tags
	}
	out.Tags, out.NextToken, err = centerPage(s, listing[wireTag]{
		items: wireTags(tags), key: tagKey, scope: scopeOf(c.op, in.ResourceArn),
	}, page{NextToken: in.NextToken})
	return out, err
}

// provisioningIn is the filter that both provisioning lists have. All that is
// provisioned here is the latest.
type provisioningIn struct{ ProvisioningStatus string }

const provisionedLatest, provisionedNotLatest = "LATEST_PERMISSION_SET_PROVISIONED", "LATEST_PERMISSION_SET_NOT_PROVISIONED"

func (in *provisioningIn) check(v *checks) {
	v.enum("provisioningStatus", in.ProvisioningStatus, false, provisionedNotLatest, provisionedLatest)
}

type accountsForSetIn struct {
	setIn
	provisioningIn
	page
}

func (in *accountsForSetIn) check(v *checks) {
	in.setIn.check(v)
	in.provisioningIn.check(v)
	v.checkPage(in.page, 100, shapeToken)
}

type accountsForSetOut struct {
	AccountIds []string
	NextToken  string `json:",omitempty"`
}

func listAccountsForSet(s *Server, c *call, in *accountsForSetIn) (out accountsForSetOut, err error) {
	if err := s.checkInstance(in.InstanceArn); err != nil {
		return out, err
	}
	if _, err := s.findSet(in.PermissionSetArn); err != nil {
		return out, err
	}
	var ids []string
	for id := range s.center.bySet[in.PermissionSetArn] {
		if s.center.provisionedAt(pair{id, in.PermissionSetArn}, c.now) {
			ids = append(ids, id)
		}
	}
	if in.ProvisioningStatus == provisionedNotLatest {
		ids = nil
	}
	scope := scopeOf(c.op, in.PermissionSetArn, in.ProvisioningStatus)
	out.AccountIds, out.NextToken, err = centerPage(s, listing[string]{items: ids, key: itself, scope: scope}, in.page)
	return out, err
}

type setsInAccountIn struct {
	instanceIn
	provisioningIn
	page
	AccountId string
}

func (in *setsInAccountIn) check(v *checks) {
	in.instanceIn.check(v)
	in.provisioningIn.check(v)
	v.required("accountId", in.AccountId, shapeAccount)
	v.checkPage(in.page, 100, shapeToken)
}

func listSetsInAccount(s *Server, c *call, in *setsInAccountIn) (out listSetsOut, err error) {
	if err := s.checkInstance(in.InstanceArn); err != nil {
		return out, err
	}
	if err := s.findAccount(in.AccountId); err != nil {
		return out, err
	}
	arns := s.center.provisionedSets(in.AccountId, c)
	if in.ProvisioningStatus == provisionedNotLatest {
		arns = nil
	}
	scope := scopeOf(c.op, in.AccountId, in.ProvisioningStatus)
	out.PermissionSets, out.NextToken, err = centerPage(s, listing[string]{items: arns, key: itself, scope: scope}, in.page)
	return out, err
}

// provisionedSets returns the sets that a list shows in an account.
func (c *center) provisionedSets(account string, at *call) []string {
	var arns []string
	for arn := range c.byAccount[account] {
		if c.provisionedAt(pair{account, arn}, at.now) {
			arns = append(arns, arn)
		}
	}
	slices.Sort(arns)
	return arns
}
