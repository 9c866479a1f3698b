package awsemu

import (
	"maps"
	"strings"
	"time"
)

type moveIn struct{ AccountId, SourceParentId, DestinationParentId string }

func (in *moveIn) check(v *checks) {
	v.required("accountId", in.AccountId, shapeAccount)
	v.required("sourceParentId", in.SourceParentId, shapeParent)
	v.required("destinationParentId", in.DestinationParentId, shapeParent)
}

// moveAccount moves an account between the root and units. An account that is
// where it should go is DuplicateAccountException, whatever the source says.
func moveAccount(s *Server, _ *call, in *moveIn) (empty, error) {
	a, ok := s.org.accounts[in.AccountId]
	if !ok {
		return empty{}, noAccount()
	}
	from, ok := s.org.byID[in.SourceParentId]
	if !ok {
		return empty{}, fail("SourceParentNotFoundException", "We can't find a source root or OU with the ParentId that you specified.")
	}
	to, ok := s.org.byID[in.DestinationParentId]
	switch {
	case !ok:
		return empty{}, fail("DestinationParentNotFoundException", "We can't find the destination container (a root or OU) with the ParentId that you specified.")
	case a.OU == to.path:
		return empty{}, fail("DuplicateAccountException", "That account is already present in the specified destination.")
	case a.OU != from.path:
		return empty{}, fail("SourceParentNotFoundException", "The account isn't in the source root or OU that you specified.")
	}
	a.OU = to.path
	return empty{}, nil
}

func noAccount() error {
	return fail("AccountNotFoundException", "You specified an account that doesn't exist.")
}

// tagsOf returns the tags of an account, a unit or the root.
func (o *organization) tagsOf(id string) (map[string]string, error) {
	if a, ok := o.accounts[id]; ok {
		return a.Tags, nil
	}
	if _, ok := o.byID[id]; ok {
		return o.tags[id], nil
	}
	return nil, fail("TargetNotFoundException", "You specified a target that doesn't exist.")
}

// setTags replaces the tags of what tagsOf found.
func (o *organization) setTags(id string, tags map[string]string) {
	if a, ok := o.accounts[id]; ok {
		a.Tags = tags
		return
	}
	o.tags[id] = tags
}

// orgTags adds the tags of a request to those that are there, or refuses all.
func orgTags(old map[string]string, add []wireTag) (map[string]string, error) {
	all := maps.Clone(old)
	if all == nil {
		all = map[string]string{}
	}
	seen := map[string]bool{}
	for _, t := range add {
		if strings.HasPrefix(strings.ToLower(t.Key), "aws:") {
			return nil, systemTag()
		}
		if seen[t.Key] {
			return nil, invalidReason("DUPLICATE_TAG_KEY", "Tag keys must be unique among the tags attached to the same entity.")
		}
		seen[t.Key], all[t.Key] = true, t.Value
	}
	if len(all) > maxTags {
		return nil, orgConstraint("MAX_TAG_LIMIT_EXCEEDED", "You have exceeded the number of tags allowed on this resource.")
	}
	return all, nil
}

func systemTag() error {
	return invalidReason("INVALID_SYSTEM_TAGS_PARAMETER", "You specified a tag key that is a system tag.")
}

// orgConstraint is a ConstraintViolationException with its reason.
func orgConstraint(reason, message string) *apiError {
	e := fail("ConstraintViolationException", "%s", message)
	e.members = map[string]any{"Reason": reason}
	return e
}

type tagOrgIn struct {
	ResourceId string
	Tags       []wireTag
}

func (in *tagOrgIn) check(v *checks) {
	v.required("resourceId", in.ResourceId, shapeOrgTarget)
	if in.Tags == nil {
		v.add("required", "null", "tags", "not be null")
	}
	v.tags(in.Tags)
}

func tagOrgResource(s *Server, _ *call, in *tagOrgIn) (empty, error) {
	old, err := s.org.tagsOf(in.ResourceId)
	if err != nil {
		return empty{}, err
	}
	tags, err := orgTags(old, in.Tags)
	if err != nil {
		return empty{}, err
	}
	s.org.setTags(in.ResourceId, tags)
	return empty{}, nil
}

type untagOrgIn struct {
	ResourceId string
	TagKeys    []string
}

func (in *untagOrgIn) check(v *checks) {
	v.required("resourceId", in.ResourceId, shapeOrgTarget)
	v.tagKeys(in.TagKeys)
}

func untagOrgResource(s *Server, _ *call, in *untagOrgIn) (empty, error) {
	tags, err := s.org.tagsOf(in.ResourceId)
	if err != nil {
		return empty{}, err
	}
	tags = maps.Clone(tags)
	for _, k := range in.TagKeys {
		if strings.HasPrefix(strings.ToLower(k), "aws:") {
			return empty{}, systemTag()
		}
		delete(tags, k)
	}
	s.org.setTags(in.ResourceId, tags)
	return empty{}, nil
}

// identityCenter is the service principal of IAM Identity Center, the one
// trusted service that the emulated organization has.
const identityCenter = "sso.amazonaws.com"

var shapeService = newShape(`[\w+=,.@-]*`, 128)

type delegatesIn struct {
	ServicePrincipal string
	page
}

func (in *delegatesIn) check(v *checks) {
	v.optional("servicePrincipal", in.ServicePrincipal, shapeService)
	v.checkPage(in.page, 20, shapeOrgToken)
}

type wireDelegate struct {
	Id, Arn, Email, Name, State            string
	Status                                 string `json:",omitempty"`
	JoinedMethod                           string
	JoinedTimestamp, DelegationEnabledDate epoch
}

type delegatesOut struct {
	DelegatedAdministrators []wireDelegate
	NextToken               string `json:",omitempty"`
}

func listDelegates(s *Server, c *call, in *delegatesIn) (out delegatesOut, err error) {
	var items []wireDelegate
	a, ok := s.org.accounts[s.opts.DelegatedAdmin]
	if ok && (in.ServicePrincipal == "" || in.ServicePrincipal == identityCenter) {
		w := s.wireAccount(a)
		items = []wireDelegate{{w.Id, w.Arn, w.Email, w.Name, w.State, w.Status, w.JoinedMethod, w.JoinedTimestamp, epoch(s.org.created)}}
	}
	out.DelegatedAdministrators, out.NextToken, err = orgPage(s, listing[wireDelegate]{
		items: items, key: func(d wireDelegate) string { return d.Id }, scope: scopeOf(c.op, in.ServicePrincipal),
	}, in.page)
	return out, err
}

type wireService struct {
	ServicePrincipal string
	DateEnabled      epoch
}

type servicesOut struct {
	EnabledServicePrincipals []wireService
	NextToken                string `json:",omitempty"`
}

// listServiceAccess lists IAM Identity Center: an organization with
// consolidated billing only trusts no service.
func listServiceAccess(s *Server, c *call, in *orgListIn) (out servicesOut, err error) {
	items := []wireService{{identityCenter, epoch(s.org.created.Truncate(time.Second))}}
	if s.org.features != featuresAll {
		items = nil
	}
	out.EnabledServicePrincipals, out.NextToken, err = orgPage(s, listing[wireService]{
		items: items, key: func(x wireService) string { return x.ServicePrincipal }, scope: c.op,
	}, in.page)
	return out, err
}
