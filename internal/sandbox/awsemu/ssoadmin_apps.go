package awsemu

import "fmt"

// wireApplication is an application assignment as ListApplicationAssignments-
// ForPrincipal answers it.
type wireApplication struct{ ApplicationArn, PrincipalId, PrincipalType string }

type listApplicationsOut struct {
	ApplicationAssignments []wireApplication
	NextToken              string `json:",omitempty"`
}

type applicationsIn struct {
	instanceIn
	page
	PrincipalId, PrincipalType string
	Filter                     struct{ ApplicationArn string }
}

func (in *applicationsIn) check(v *checks) {
	in.instanceIn.check(v)
	v.required("principalId", in.PrincipalId, shapePrincipal)
	v.enum("principalType", in.PrincipalType, true, "USER", "GROUP")
	v.checkPage(in.page, 100, shapeToken)
}

// listApplications lists the applications of a principal. A member account, and
// so the delegated administrator, must give a filter (API reference).
func listApplications(s *Server, c *call, in *applicationsIn) (out listApplicationsOut, err error) {
	if err := s.checkInstance(in.InstanceArn); err != nil {
		return out, err
	}
	if c.accountID != s.opts.ManagementAccount && in.Filter.ApplicationArn == "" {
		return out, fail("ValidationException", "A filter must be provided when calling this operation from a member account.")
	}
	who := principal{in.PrincipalType, in.PrincipalId}
	var items []wireApplication
	for arn := range s.center.applications[who] {
		if in.Filter.ApplicationArn == "" || in.Filter.ApplicationArn == arn {
			items = append(items, wireApplication{arn, who.id, who.kind})
		}
	}
	out.ApplicationAssignments, out.NextToken, err = centerPage(s, listing[wireApplication]{
		items: items, key: func(a wireApplication) string { return a.ApplicationArn }, scope: scopeOf(c.op, who.kind, who.id),
	}, in.page)
	return out, err
}

// AssignApplication assigns an application to a principal of the identity store,
// as somebody does in the console. kind is USER or GROUP.
func (s *Server) AssignApplication(arn, kind, id string) error {
	s.lock()
	defer s.mu.Unlock()
	who := principal{kind, id}
	if !s.store.has(who) {
		return fmt.Errorf("no %s %s", kind, id)
	}
	put(s.center.applications, who, arn, true)
	return nil
}
