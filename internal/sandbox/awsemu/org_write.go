package awsemu

import "time"

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
