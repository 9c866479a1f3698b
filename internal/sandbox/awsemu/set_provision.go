package awsemu

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// opProvision names the operation that brings a set to accounts.
const opProvision = "ProvisionPermissionSet"

// provisioning is one asynchronous run of it.
type provisioning struct {
	id      string
	set     string // ARN
	account string // "" for all that have the set
	targets []string
	created time.Time
	ends    time.Time
	serial  int
	status  string
	reason  string
}

// latest reports whether the role of a set in an account is what the set is now.
func (c *center) latest(p pair) bool {
	set := c.sets[p.set]
	return set == nil || c.roles[p] == set.version
}

// touch brings the role of a set in an account to what the set is now, as every
// creation of an assignment does.
func (c *center) touch(p pair) {
	if set := c.sets[p.set]; set != nil {
		c.roles[p] = set.version
	}
}

// lacks says why a set cannot be provisioned in an account, or "": a policy of
// the customer that the account does not have (text from memory), or a failure
// that was ordered.
func (c *center) lacks(p pair) string {
	if reasons := c.failing[p.account]; len(reasons) > 0 {
		c.failing[p.account] = reasons[1:]
		return reasons[0]
	}
	set := c.sets[p.set]
	if set == nil {
		return "PermissionSet does not exist."
	}
	refs := slices.Collect(maps.Keys(set.customer))
	if set.boundary != nil && set.boundary.CustomerManagedPolicyReference != nil {
		refs = append(refs, *set.boundary.CustomerManagedPolicyReference)
	}
	slices.SortFunc(refs, func(a, b wirePolicyRef) int { return cmp.Compare(a.String(), b.String()) })
	for _, ref := range refs {
		if !c.policies[p.account][ref] {
			return fmt.Sprintf("Received a 404 status error: Policy arn:aws:iam::%s:policy%s does not exist or is not attachable.", p.account, ref)
		}
	}
	return ""
}

type provisionIn struct {
	setIn
	TargetType, TargetId string
}

func (in *provisionIn) check(v *checks) {
	in.setIn.check(v)
	v.enum("targetType", in.TargetType, true, "AWS_ACCOUNT", "ALL_PROVISIONED_ACCOUNTS")
	v.optional("targetId", in.TargetId, shapeAccount)
}

type wireProvisioning struct {
	Status, RequestId, PermissionSetArn string
	AccountId, FailureReason            string `json:",omitempty"`
	CreatedDate                         epoch
}

type provisionOut struct{ PermissionSetProvisioningStatus wireProvisioning }

func (p *provisioning) wire() provisionOut {
	return provisionOut{wireProvisioning{p.status, p.id, p.set, p.account, p.reason, epoch(p.created)}}
}

func provisionSet(s *Server, c *call, in *provisionIn) (out provisionOut, err error) {
	set, err := s.editable(c, in.setIn)
	if err != nil {
		return out, err
	}
	targets, err := s.provisionTargets(c, set, in)
	if err != nil {
		return out, err
	}
	running := 0
	for _, p := range s.center.provisionings {
		if p.status != statusRunning {
			continue
		}
		running++
		if p.set == set.arn && overlap(p.targets, targets) {
			return out, fail("ConflictException", "PermissionSet %s is being provisioned with request id %s. Retry once that has finished.", set.arn, p.id)
		}
	}
	if running >= s.opts.MaxProvisioning {
		return out, fail("ConflictException", "There are %d provisioning operations in progress, and there can be no more. Retry once one has finished.", running)
	}
	for _, o := range s.center.running {
		if o.target.PermissionSetARN == set.arn && slices.Contains(targets, o.target.AccountID) {
			return out, fail("ConflictException", "Account %s has an operation in progress with request id %s. Retry once it has finished.", o.target.AccountID, o.id)
		}
	}
	s.center.serial++
	p := &provisioning{id: s.opts.NewID(), set: set.arn, account: in.TargetId, targets: targets, created: c.now,
		ends: c.now.Add(s.kit.Delay(s.opts.Latency)), serial: s.center.serial, status: statusRunning}
	s.center.provisionings = append(s.center.provisionings, p)
	return p.wire(), nil
}

// provisionTargets returns the accounts that a request is about.
func (s *Server) provisionTargets(c *call, set *permissionSet, in *provisionIn) ([]string, error) {
	if in.TargetType == "ALL_PROVISIONED_ACCOUNTS" {
		if in.TargetId != "" {
			return nil, fail("ValidationException", "TargetId must not be specified for ALL_PROVISIONED_ACCOUNTS.")
		}
		var out []string
		for id := range s.center.bySet[set.arn] {
			if s.center.provisioned(pair{id, set.arn}) {
				out = append(out, id)
			}
		}
		slices.Sort(out)
		return out, nil
	}
	if in.TargetId == "" {
		return nil, fail("ValidationException", "TargetId must be specified for AWS_ACCOUNT.")
	}
	if in.TargetId == s.opts.ManagementAccount && c.accountID != s.opts.ManagementAccount {
		return nil, denied(c, "sso", "arn:aws:sso:::account/"+in.TargetId)
	}
	if err := s.findAccount(in.TargetId); err != nil {
		return nil, err
	}
	if !s.center.provisioned(pair{in.TargetId, set.arn}) {
		return nil, fail("ResourceNotFoundException", "PermissionSet %s is not provisioned in account %s.", set.arn, in.TargetId)
	}
	return []string{in.TargetId}, nil
}

func overlap(a, b []string) bool {
	return slices.ContainsFunc(a, func(x string) bool { return slices.Contains(b, x) })
}

// settleProvisioning ends the runs that are due. One account that fails makes
// the whole FAILED; the others have the set all the same.
func (s *Server) settleProvisioning(now time.Time) {
	for _, p := range s.center.provisionings {
		if p.status != statusRunning || now.Before(p.ends) {
			continue
		}
		var failed []string
		for _, account := range p.targets {
			role := pair{account, p.set}
			if why := s.center.lacks(role); why != "" {
				failed = append(failed, account+": "+why)
			} else {
				s.center.touch(role)
			}
		}
		p.status = statusSucceeded
		if len(failed) > 0 {
			p.status, p.reason = statusFailed, strings.Join(failed, " ")
		}
	}
}

// provisioningAccount returns the run that holds a set in an account, or nil.
func (c *center) provisioningIn(p pair) *provisioning {
	for _, r := range c.provisionings {
		if r.status == statusRunning && r.set == p.set && slices.Contains(r.targets, p.account) {
			return r
		}
	}
	return nil
}

type provisionStatusIn struct {
	instanceIn
	ProvisionPermissionSetRequestId string
}

func (in *provisionStatusIn) check(v *checks) {
	in.instanceIn.check(v)
	v.required("provisionPermissionSetRequestId", in.ProvisionPermissionSetRequestId, shapeRequest)
}

func describeProvisioning(s *Server, _ *call, in *provisionStatusIn) (provisionOut, error) {
	if err := s.checkInstance(in.InstanceArn); err != nil {
		return provisionOut{}, err
	}
	for _, p := range s.center.provisionings {
		if p.id == in.ProvisionPermissionSetRequestId {
			return p.wire(), nil
		}
	}
	return provisionOut{}, fail("ResourceNotFoundException", "Request with id %s does not exist.", in.ProvisionPermissionSetRequestId)
}

type listProvisioningOut struct {
	PermissionSetsProvisioningStatus []wireStatusLine
	NextToken                        string `json:",omitempty"`
}

// listProvisioning lists the runs, newest first.
func listProvisioning(s *Server, c *call, in *listStatusIn) (out listProvisioningOut, err error) {
	if err := s.checkInstance(in.InstanceArn); err != nil {
		return out, err
	}
	var lines []wireStatusLine
	for _, p := range s.center.provisionings {
		if in.Filter.Status == "" || in.Filter.Status == p.status {
			lines = append(lines, wireStatusLine{p.status, p.id, epoch(p.created), p.serial})
		}
	}
	out.PermissionSetsProvisioningStatus, out.NextToken, err = centerPage(s, listing[wireStatusLine]{
		items: lines, scope: scopeOf(c.op, in.Filter.Status),
		key: func(l wireStatusLine) string { return fmt.Sprintf("%012d", 1_000_000_000_000-l.serial) },
	}, in.page)
	return out, err
}
