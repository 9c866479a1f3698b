package awsemu

import "fmt"

type wireMember struct{ UserId string }

type wireMembership struct {
	IdentityStoreId, MembershipId, GroupId string
	MemberId                               wireMember
	CreatedAt, UpdatedAt                   epoch
}

func (s *Server) wireMembership(groupID, userID string) wireMembership {
	m := s.store.members[groupID][userID]
	return wireMembership{s.opts.IdentityStoreID, m.id, groupID, wireMember{userID}, epoch(m.created), epoch(m.created)}
}

type membershipsOut struct {
	GroupMemberships []wireMembership
	NextToken        string `json:",omitempty"`
}

// membershipPage cuts a list of memberships.
func membershipPage(s *Server, items []wireMembership, scope string, p page) (out membershipsOut, err error) {
	out.GroupMemberships, out.NextToken, err = centerPage(s, listing[wireMembership]{
		items: items, key: func(m wireMembership) string { return m.MembershipId }, scope: scope,
	}, p)
	return out, err
}

type membershipsIn struct {
	groupIn
	page
}

func (in *membershipsIn) check(v *checks) {
	in.groupIn.check(v)
	v.checkPage(in.page, 100, shapeStoreToken)
}

func listMemberships(s *Server, c *call, in *membershipsIn) (membershipsOut, error) {
	g, err := s.findGroup(in.groupIn)
	if err != nil {
		return membershipsOut{}, err
	}
	var items []wireMembership
	for userID := range s.store.members[g.id] {
		items = append(items, s.wireMembership(g.id, userID))
	}
	return membershipPage(s, items, scopeOf(c.op, g.id), in.page)
}

type forMemberIn struct {
	storeIn
	page
	MemberId wireMember
}

func (in *forMemberIn) check(v *checks) {
	in.storeIn.check(v)
	v.required("memberId.userId", in.MemberId.UserId, shapePrincipal)
	v.checkPage(in.page, 100, shapeStoreToken)
}

func listMembershipsForMember(s *Server, c *call, in *forMemberIn) (membershipsOut, error) {
	u, err := s.findUser(userIn{in.storeIn, in.MemberId.UserId})
	if err != nil {
		return membershipsOut{}, err
	}
	var items []wireMembership
	for groupID := range s.store.groupsOf[u.id] {
		items = append(items, s.wireMembership(groupID, u.id))
	}
	return membershipPage(s, items, scopeOf(c.op, u.id), in.page)
}

type inGroupsIn struct {
	storeIn
	MemberId wireMember
	GroupIds []string
}

func (in *inGroupsIn) check(v *checks) {
	in.storeIn.check(v)
	v.required("memberId.userId", in.MemberId.UserId, shapePrincipal)
	switch n := len(in.GroupIds); {
	case n == 0:
		v.add("required", "null", "groupIds", "have length greater than or equal to 1")
	case n > 100:
		v.add("length", fmt.Sprintf("of %d ids", n), "groupIds", "have length less than or equal to 100")
	}
	for i, id := range in.GroupIds {
		v.required(fmt.Sprintf("groupIds.%d.member", i+1), id, shapePrincipal)
	}
}

type inGroupsResult struct {
	GroupId          string
	MemberId         wireMember
	MembershipExists bool
}

type inGroupsOut struct{ Results []inGroupsResult }

func isMemberInGroups(s *Server, _ *call, in *inGroupsIn) (out inGroupsOut, err error) {
	u, err := s.findUser(userIn{in.storeIn, in.MemberId.UserId})
	if err != nil {
		return out, err
	}
	for _, id := range in.GroupIds {
		if s.store.groups[id] == nil {
			return out, notInStore("GROUP", id)
		}
		_, exists := s.store.members[id][u.id]
		out.Results = append(out.Results, inGroupsResult{id, wireMember{u.id}, exists})
	}
	return out, nil
}
