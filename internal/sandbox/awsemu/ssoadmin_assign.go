package awsemu

import "fmt"

// assignmentIn is the input of CreateAccountAssignment and
// DeleteAccountAssignment.
type assignmentIn struct {
	InstanceArn, PermissionSetArn, PrincipalId, PrincipalType, TargetId, TargetType string
}

func (in *assignmentIn) check(v *checks) {
	v.required("instanceArn", in.InstanceArn, shapeInstance)
	v.required("permissionSetArn", in.PermissionSetArn, shapeSet)
	v.required("principalId", in.PrincipalId, shapePrincipal)
	v.enum("principalType", in.PrincipalType, true, "USER", "GROUP")
	v.required("targetId", in.TargetId, shapeAccount)
	v.enum("targetType", in.TargetType, true, "AWS_ACCOUNT")
}

func (in *assignmentIn) target() Assignment {
	return Assignment{in.TargetId, in.PermissionSetArn, in.PrincipalType, in.PrincipalId}
}

// wireStatus is the state of one operation.
type wireStatus struct {
	Status, RequestId                                                  string
	FailureReason                                                      string `json:",omitempty"`
	TargetId, TargetType, PermissionSetArn, PrincipalType, PrincipalId string `json:",omitempty"`
	CreatedDate                                                        epoch
}

func (o *operation) wire() wireStatus {
	return wireStatus{
		Status: o.status, RequestId: o.id, FailureReason: o.reason, TargetId: o.target.AccountID, TargetType: "AWS_ACCOUNT",
		PermissionSetArn: o.target.PermissionSetARN, PrincipalType: o.target.PrincipalType, PrincipalId: o.target.PrincipalID,
		CreatedDate: epoch(o.created),
	}
}

type creationOut struct{ AccountAssignmentCreationStatus wireStatus }

type deletionOut struct{ AccountAssignmentDeletionStatus wireStatus }

func createAssignment(s *Server, c *call, in *assignmentIn) (out creationOut, err error) {
	if err := s.mayAssign(c, in); err != nil {
		return out, err
	}
	p, limit := in.target().pair(), s.opts
	existing := s.center.find(in.target())
	switch {
	case existing != nil && existing.exists: // a duplicate adds nothing
	case in.PrincipalType == "GROUP" && s.center.groupsIn(p) >= limit.GroupsPerPair:
		return out, fail("ServiceQuotaExceededException", "At most %d groups can be assigned to a permission set in an account.", limit.GroupsPerPair)
	case !s.center.provisioned(p) && s.center.setsIn(p.account) >= limit.SetsPerAccount:
		return out, fail("ServiceQuotaExceededException", "At most %d permission sets can be provisioned in an account.", limit.SetsPerAccount)
	}
	return creationOut{s.start(opCreate, in.target(), c.now).wire()}, nil
}

func deleteAssignment(s *Server, c *call, in *assignmentIn) (out deletionOut, err error) {
	if err := s.mayAssign(c, in); err != nil {
		return out, err
	}
	return deletionOut{s.start(opDelete, in.target(), c.now).wire()}, nil
}

// mayAssign checks what creation and deletion have in common: the resources,
// the authority of the caller, and the operations that run already.
func (s *Server) mayAssign(c *call, in *assignmentIn) error {
	if err := s.checkInstance(in.InstanceArn); err != nil {
		return err
	}
	if resource := s.beyondDelegate(in); resource != "" && c.accountID != s.opts.ManagementAccount {
		return denied(c, "sso", resource)
	}
	if _, err := s.findSet(in.PermissionSetArn); err != nil {
		return err
	}
	if err := s.findAccount(in.TargetId); err != nil {
		return err
	}
	if other := s.center.busy(in.TargetId); other != nil {
		return fail("ConflictException", "Account %s has an operation in progress with request id %s. Retry once it has finished.", in.TargetId, other.id)
	}
	if run := s.center.provisioningIn(in.target().pair()); run != nil {
		return fail("ConflictException", "PermissionSet %s is being provisioned with request id %s. Retry once that has finished.", run.set, run.id)
	}
	if n := len(s.center.running); n >= s.opts.MaxOutstanding {
		return fail("ConflictException", "There are %d account assignment operations in progress, and there can be no more. Retry once one has finished.", n)
	}
	return nil
}

// beyondDelegate returns the resource that a delegated administrator may not
// touch, or "": the management account, and sets provisioned there.
func (s *Server) beyondDelegate(in *assignmentIn) string {
	mgmt := s.opts.ManagementAccount
	switch {
	case in.TargetId == mgmt:
		return "arn:aws:sso:::account/" + mgmt
	case s.center.provisioned(pair{mgmt, in.PermissionSetArn}):
		return in.PermissionSetArn
	}
	return ""
}

type creationStatusIn struct{ InstanceArn, AccountAssignmentCreationRequestId string }

func (in *creationStatusIn) check(v *checks) {
	v.required("instanceArn", in.InstanceArn, shapeInstance)
	v.required("accountAssignmentCreationRequestId", in.AccountAssignmentCreationRequestId, shapeRequest)
}

type deletionStatusIn struct{ InstanceArn, AccountAssignmentDeletionRequestId string }

func (in *deletionStatusIn) check(v *checks) {
	v.required("instanceArn", in.InstanceArn, shapeInstance)
	v.required("accountAssignmentDeletionRequestId", in.AccountAssignmentDeletionRequestId, shapeRequest)
}

func describeCreation(s *Server, _ *call, in *creationStatusIn) (creationOut, error) {
	st, err := s.describeOperation(opCreate, in.InstanceArn, in.AccountAssignmentCreationRequestId)
	return creationOut{st}, err
}

func describeDeletion(s *Server, _ *call, in *deletionStatusIn) (deletionOut, error) {
	st, err := s.describeOperation(opDelete, in.InstanceArn, in.AccountAssignmentDeletionRequestId)
	return deletionOut{st}, err
}

func (s *Server) describeOperation(kind, instance, id string) (wireStatus, error) {
	if err := s.checkInstance(instance); err != nil {
		return wireStatus{}, err
	}
	o, ok := s.center.operations[id]
	if !ok || o.kind != kind {
		return wireStatus{}, fail("ResourceNotFoundException", "Request with id %s does not exist.", id)
	}
	return o.wire(), nil
}

type listStatusIn struct {
	instanceIn
	page
	Filter struct{ Status string }
}

func (in *listStatusIn) check(v *checks) {
	in.instanceIn.check(v)
	v.checkPage(in.page, 100, shapeToken)
	v.enum("filter.status", in.Filter.Status, false, statusRunning, statusFailed, statusSucceeded)
}

// wireStatusLine is all that the status lists say of an operation.
type wireStatusLine struct {
	Status, RequestId string
	CreatedDate       epoch
	serial            int
}

type listCreationsOut struct {
	AccountAssignmentsCreationStatus []wireStatusLine
	NextToken                        string `json:",omitempty"`
}

type listDeletionsOut struct {
	AccountAssignmentsDeletionStatus []wireStatusLine
	NextToken                        string `json:",omitempty"`
}

func listCreations(s *Server, c *call, in *listStatusIn) (listCreationsOut, error) {
	lines, next, err := s.listOperations(opCreate, c, in)
	return listCreationsOut{lines, next}, err
}

func listDeletions(s *Server, c *call, in *listStatusIn) (listDeletionsOut, error) {
	lines, next, err := s.listOperations(opDelete, c, in)
	return listDeletionsOut{lines, next}, err
}

// listOperations lists the operations of a kind, newest first.
func (s *Server) listOperations(kind string, c *call, in *listStatusIn) ([]wireStatusLine, string, error) {
	if err := s.checkInstance(in.InstanceArn); err != nil {
		return nil, "", err
	}
	var lines []wireStatusLine
	for _, o := range s.center.history(kind) {
		if in.Filter.Status == "" || in.Filter.Status == o.status {
			lines = append(lines, wireStatusLine{o.status, o.id, epoch(o.created), o.serial})
		}
	}
	return centerPage(s, listing[wireStatusLine]{
		items: lines, scope: scopeOf(c.op, in.Filter.Status),
		key: func(l wireStatusLine) string { return fmt.Sprintf("%012d", 1_000_000_000_000-l.serial) },
	}, in.page)
}

type listAssignmentsIn struct {
	setIn
	page
	AccountId string
}

func (in *listAssignmentsIn) check(v *checks) {
	in.setIn.check(v)
	v.required("accountId", in.AccountId, shapeAccount)
	v.checkPage(in.page, 100, shapeToken)
}

type wireAssignment struct{ AccountId, PermissionSetArn, PrincipalType, PrincipalId string }

type listAssignmentsOut struct {
	AccountAssignments []wireAssignment
	NextToken          string `json:",omitempty"`
}

func listAssignments(s *Server, c *call, in *listAssignmentsIn) (out listAssignmentsOut, err error) {
	if err := s.checkInstance(in.InstanceArn); err != nil {
		return out, err
	}
	if _, err := s.findSet(in.PermissionSetArn); err != nil {
		return out, err
	}
	if err := s.findAccount(in.AccountId); err != nil {
		return out, err
	}
	p := pair{in.AccountId, in.PermissionSetArn}
	if s.opts.UnprovisionedNotFound && !s.center.provisionedAt(p, c.now) {
		return out, fail("ResourceNotFoundException", "PermissionSet %s is not provisioned in account %s.", p.set, p.account)
	}
	var items []wireAssignment
	for who, r := range s.center.byPair[p] {
		if s.center.shows(Assignment{p.account, p.set, who.kind, who.id}, r, c.now) {
			items = append(items, wireAssignment{p.account, p.set, who.kind, who.id})
		}
	}
	out.AccountAssignments, out.NextToken, err = centerPage(s, listing[wireAssignment]{
		items: items, key: assignmentKey, scope: scopeOf(c.op, p.account, p.set),
	}, in.page)
	return out, err
}

func assignmentKey(a wireAssignment) string {
	return scopeOf(a.AccountId, a.PermissionSetArn, a.PrincipalType, a.PrincipalId)
}

type forPrincipalIn struct {
	instanceIn
	page
	PrincipalId, PrincipalType string
	Filter                     struct{ AccountId string }
}

func (in *forPrincipalIn) check(v *checks) {
	in.instanceIn.check(v)
	v.required("principalId", in.PrincipalId, shapePrincipal)
	v.enum("principalType", in.PrincipalType, true, "USER", "GROUP")
	v.optional("filter.accountId", in.Filter.AccountId, shapeAccount)
	v.checkPage(in.page, 100, shapeToken)
}

// listAssignmentsForPrincipal lists what a principal has access to. For a user
// that takes in the assignments of the user's groups, which then name the
// group: so every entry carries its principal.
func listAssignmentsForPrincipal(s *Server, c *call, in *forPrincipalIn) (out listAssignmentsOut, err error) {
	if c.accountID != s.opts.ManagementAccount {
		return out, denied(c, "sso", s.opts.InstanceARN)
	}
	if err := s.checkInstance(in.InstanceArn); err != nil {
		return out, err
	}
	who := principal{in.PrincipalType, in.PrincipalId}
	if !s.store.has(who) && len(s.center.byPrincipal[who]) == 0 {
		return out, fail("ResourceNotFoundException", "%s with id %s does not exist.", who.kind, who.id)
	}
	whos := []principal{who}
	if who.kind == "USER" {
		for group := range s.store.groupsOf[who.id] {
			whos = append(whos, principal{"GROUP", group})
		}
	}
	var items []wireAssignment
	for _, who := range whos {
		for p, r := range s.center.byPrincipal[who] {
			if in.Filter.AccountId != "" && in.Filter.AccountId != p.account {
				continue
			}
			if s.center.shows(Assignment{p.account, p.set, who.kind, who.id}, r, c.now) {
				items = append(items, wireAssignment{p.account, p.set, who.kind, who.id})
			}
		}
	}
	out.AccountAssignments, out.NextToken, err = centerPage(s, listing[wireAssignment]{
		items: items, key: assignmentKey, scope: scopeOf(c.op, who.kind, who.id, in.Filter.AccountId),
	}, in.page)
	return out, err
}
