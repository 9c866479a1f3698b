package awsemu

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode"
)

var (
	shapeManagedPolicy = newShape(`arn:aws(-[a-z]{1,5}){0,3}:iam::aws:policy((/[A-Za-z0-9\.,\+@=_-]+)*)/([A-Za-z0-9\.,\+=@_-]+)`, 2048)
	shapePolicyName    = newShape(`[\w+=,.@-]+`, 128)
	shapePolicyPath    = newShape(`((/[A-Za-z0-9\.,\+@=_-]+)*)/`, 512)
	shapePolicy        = newShape(`[\x{0009}\x{000A}\x{000D}\x{0020}-\x{00FF}]+`, 32768)
)

// maxInline is how many characters of an inline policy are no white space.
const maxInline = 10240

// wirePolicyRef names a policy of the customer.
type wirePolicyRef struct{ Name, Path string }

func (r *wirePolicyRef) check(v *checks, member string) {
	if r == nil {
		v.required(member, "", shapePolicyName)
		return
	}
	v.required(member+".name", r.Name, shapePolicyName)
	v.optional(member+".path", r.Path, shapePolicyPath)
}

// whole is the reference with the path that one without any has.
func (r wirePolicyRef) whole() wirePolicyRef {
	if r.Path == "" {
		r.Path = "/"
	}
	return r
}

func (r wirePolicyRef) String() string { return r.Path + r.Name }

type managedIn struct {
	setIn
	ManagedPolicyArn string
}

func (in *managedIn) check(v *checks) {
	in.setIn.check(v)
	v.required("managedPolicyArn", in.ManagedPolicyArn, shapeManagedPolicy)
}

func attachManaged(s *Server, c *call, in *managedIn) (empty, error) {
	set, err := s.editable(c, in.setIn)
	if err != nil {
		return empty{}, err
	}
	if set.managed[in.ManagedPolicyArn] {
		return empty{}, fail("ConflictException", "Permission set with id %s already has a typed link attachment to a managed policy with %s", set.arn, in.ManagedPolicyArn)
	}
	if err := s.roomForPolicy(set); err != nil {
		return empty{}, err
	}
	set.managed[in.ManagedPolicyArn] = true
	set.version++
	return empty{}, nil
}

// roomForPolicy refuses a policy too many: AWS's and the customer's together.
func (s *Server) roomForPolicy(set *permissionSet) error {
	if len(set.managed)+len(set.customer) >= s.opts.PoliciesPerSet {
		return fail("ServiceQuotaExceededException", "At most %d managed policies can be attached to a permission set.", s.opts.PoliciesPerSet)
	}
	return nil
}

func detachManaged(s *Server, c *call, in *managedIn) (empty, error) {
	set, err := s.editable(c, in.setIn)
	if err != nil {
		return empty{}, err
	}
	if !set.managed[in.ManagedPolicyArn] {
		return empty{}, fail("ResourceNotFoundException", "Managed policy %s is not attached to permission set %s.", in.ManagedPolicyArn, set.arn)
	}
	delete(set.managed, in.ManagedPolicyArn)
	set.version++
	return empty{}, nil
}

type listPoliciesIn struct {
	setIn
	page
}

func (in *listPoliciesIn) check(v *checks) {
	in.setIn.check(v)
	v.checkPage(in.page, 100, shapeToken)
}

type wireManaged struct{ Name, Arn string }

type listManagedOut struct {
	AttachedManagedPolicies []wireManaged
	NextToken               string `json:",omitempty"`
}

func listManaged(s *Server, c *call, in *listPoliciesIn) (out listManagedOut, err error) {
	set, err := s.readable(in.setIn)
	if err != nil {
		return out, err
	}
	var items []wireManaged
	for arn := range set.managed {
		items = append(items, wireManaged{arn[strings.LastIndexByte(arn, '/')+1:], arn})
	}
	out.AttachedManagedPolicies, out.NextToken, err = centerPage(s, listing[wireManaged]{
		items: items, key: func(p wireManaged) string { return p.Arn }, scope: scopeOf(c.op, set.arn),
	}, in.page)
	return out, err
}

type customerIn struct {
	setIn
	CustomerManagedPolicyReference *wirePolicyRef
}

func (in *customerIn) check(v *checks) {
	in.setIn.check(v)
	in.CustomerManagedPolicyReference.check(v, "customerManagedPolicyReference")
}

func attachCustomer(s *Server, c *call, in *customerIn) (empty, error) {
	set, err := s.editable(c, in.setIn)
	if err != nil {
		return empty{}, err
	}
	ref := in.CustomerManagedPolicyReference.whole()
	if set.customer[ref] {
		return empty{}, fail("ConflictException", "Customer managed policy %s is already attached to permission set %s.", ref, set.arn)
	}
	if err := s.roomForPolicy(set); err != nil {
		return empty{}, err
	}
	set.customer[ref] = true
	set.version++
	return empty{}, nil
}

func detachCustomer(s *Server, c *call, in *customerIn) (empty, error) {
	set, err := s.editable(c, in.setIn)
	if err != nil {
		return empty{}, err
	}
	ref := in.CustomerManagedPolicyReference.whole()
	if !set.customer[ref] {
		return empty{}, fail("ResourceNotFoundException", "Customer managed policy %s is not attached to permission set %s.", ref, set.arn)
	}
	delete(set.customer, ref)
	set.version++
	return empty{}, nil
}

type listCustomerOut struct {
	CustomerManagedPolicyReferences []wirePolicyRef
	NextToken                       string `json:",omitempty"`
}

func listCustomer(s *Server, c *call, in *listPoliciesIn) (out listCustomerOut, err error) {
	set, err := s.readable(in.setIn)
	if err != nil {
		return out, err
	}
	var items []wirePolicyRef
	for ref := range set.customer {
		items = append(items, ref)
	}
	out.CustomerManagedPolicyReferences, out.NextToken, err = centerPage(s, listing[wirePolicyRef]{
		items: items, key: wirePolicyRef.String, scope: scopeOf(c.op, set.arn),
	}, in.page)
	return out, err
}

type putInlineIn struct {
	setIn
	InlinePolicy string
}

func (in *putInlineIn) check(v *checks) {
	in.setIn.check(v)
	v.required("inlinePolicy", in.InlinePolicy, shapePolicy)
}

func putInline(s *Server, c *call, in *putInlineIn) (empty, error) {
	set, err := s.editable(c, in.setIn)
	if err != nil {
		return empty{}, err
	}
	if body := bytes.TrimSpace([]byte(in.InlinePolicy)); !json.Valid(body) || body[0] != '{' {
		return empty{}, fail("ValidationException", "The inline policy is not a JSON policy document.")
	}
	n := 0
	for _, r := range in.InlinePolicy {
		if !unicode.IsSpace(r) {
			n++
		}
	}
	if n > maxInline {
		return empty{}, fail("ServiceQuotaExceededException", "The inline policy exceeds %d characters.", maxInline)
	}
	set.inline = in.InlinePolicy
	set.version++
	return empty{}, nil
}

// getInlineOut has an empty text where there is no policy.
type getInlineOut struct{ InlinePolicy string }

func getInline(s *Server, _ *call, in *setIn) (getInlineOut, error) {
	set, err := s.readable(*in)
	if err != nil {
		return getInlineOut{}, err
	}
	return getInlineOut{set.inline}, nil
}

func deleteInline(s *Server, c *call, in *setIn) (empty, error) {
	set, err := s.editable(c, *in)
	if err != nil {
		return empty{}, err
	}
	if set.inline == "" {
		return empty{}, fail("ResourceNotFoundException", "Permission set %s has no inline policy.", set.arn)
	}
	set.inline = ""
	set.version++
	return empty{}, nil
}

// wireBoundary has exactly one of its members.
type wireBoundary struct {
	ManagedPolicyArn               string         `json:",omitempty"`
	CustomerManagedPolicyReference *wirePolicyRef `json:",omitempty"`
}

type boundaryIn struct {
	setIn
	PermissionsBoundary *wireBoundary
}

func (in *boundaryIn) check(v *checks) {
	in.setIn.check(v)
	b := in.PermissionsBoundary
	if b == nil {
		v.add("required", "null", "permissionsBoundary", "not be null")
		return
	}
	v.optional("permissionsBoundary.managedPolicyArn", b.ManagedPolicyArn, shapeManagedPolicy)
	if b.CustomerManagedPolicyReference != nil {
		b.CustomerManagedPolicyReference.check(v, "permissionsBoundary.customerManagedPolicyReference")
	}
}

func putBoundary(s *Server, c *call, in *boundaryIn) (empty, error) {
	set, err := s.editable(c, in.setIn)
	if err != nil {
		return empty{}, err
	}
	b := *in.PermissionsBoundary
	if (b.ManagedPolicyArn == "") == (b.CustomerManagedPolicyReference == nil) {
		return empty{}, fail("ValidationException", "Exactly one of ManagedPolicyArn and CustomerManagedPolicyReference must be specified.")
	}
	if ref := b.CustomerManagedPolicyReference; ref != nil {
		whole := ref.whole()
		b.CustomerManagedPolicyReference = &whole
	}
	set.boundary = &b
	set.version++
	return empty{}, nil
}

// getBoundary answers that there is none with ResourceNotFoundException (so
// terraform-provider-aws reads it).
func getBoundary(s *Server, _ *call, in *setIn) (out struct{ PermissionsBoundary *wireBoundary }, err error) {
	set, err := s.readable(*in)
	if err != nil {
		return out, err
	}
	if set.boundary == nil {
		return out, fail("ResourceNotFoundException", "Permission set %s has no permissions boundary.", set.arn)
	}
	out.PermissionsBoundary = set.boundary
	return out, nil
}

func deleteBoundary(s *Server, c *call, in *setIn) (empty, error) {
	set, err := s.editable(c, *in)
	if err != nil {
		return empty{}, err
	}
	if set.boundary == nil {
		return empty{}, fail("ResourceNotFoundException", "Permission set %s has no permissions boundary.", set.arn)
	}
	set.boundary = nil
	set.version++
	return empty{}, nil
}
