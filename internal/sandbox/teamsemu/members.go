package teamsemu

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Pages of the roster ("Get bot context": page size 50 to 500).
const (
	leastPage = 50
	mostPage  = 500
)

// wireMember is a member as the roster has it (TeamsChannelAccount).
func wireMember(u *User) object {
	return object{
		"id": u.ID, "name": u.Name, "aadObjectId": u.ObjectID, "givenName": u.Given, "surname": u.Surname, "email": u.Email,
		"userPrincipalName": u.UPN, "tenantId": u.TenantID, "userRole": u.role(),
	}
}

// roster finds the people of the conversation of a call.
func (s *Server) roster(c *call) ([]*User, error) {
	conv, _, err := s.where(c)
	if err != nil {
		return nil, err
	}
	if err := s.spend(use{"members/" + conv.id, readWindows()}); err != nil {
		return nil, err
	}
	var out []*User
	for _, u := range s.users {
		if conv.has(u) && !u.IsRemoved {
			out = append(out, u)
		}
	}
	return out, nil
}

// members is GET …/members.
func (s *Server) members(c *call) (answer, error) {
	all, err := s.roster(c)
	if err != nil {
		return answer{}, err
	}
	out := []object{}
	for _, u := range all {
		out = append(out, wireMember(u))
	}
	return answer{http.StatusOK, out}, nil
}

// memberOf is GET …/members/{m}.
func (s *Server) memberOf(c *call) (answer, error) {
	all, err := s.roster(c)
	if err != nil {
		return answer{}, err
	}
	id := c.r.PathValue("m")
	i := slices.IndexFunc(all, func(u *User) bool {
		return u.ID == id || strings.EqualFold(u.ObjectID, id) || strings.EqualFold(u.UPN, id)
	})
	if i < 0 {
		return answer{}, fail(http.StatusNotFound, "MemberNotFoundInConversation", "Member not found in conversation.")
	}
	return answer{http.StatusOK, wireMember(all[i])}, nil
}

// pagedMembers is GET …/pagedmembers.
func (s *Server) pagedMembers(c *call) (answer, error) {
	all, err := s.roster(c)
	if err != nil {
		return answer{}, err
	}
	q := c.r.URL.Query()
	size, from := mostPage, 0
	if v := q.Get("pageSize"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil {
			return answer{}, badArgument("The page size is not a number.")
		}
		size = min(max(n, leastPage), mostPage)
	}
	if v := q.Get("continuationToken"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 0 || n > len(all) {
			return answer{}, badArgument("The continuation token is not valid.")
		}
		from = n
	}
	page := []object{}
	end := min(from+size, len(all))
	for _, u := range all[from:end] {
		page = append(page, wireMember(u))
	}
	out := object{"members": page}
	if end < len(all) {
		out["continuationToken"] = strconv.Itoa(end)
	}
	return answer{http.StatusOK, out}, nil
}

// inTeam finds the team of a call.
func (s *Server) inTeam(c *call) (*team, error) {
	id := c.r.PathValue("t")
	i := slices.IndexFunc(s.teams, func(t *team) bool { return t.ID == id })
	switch {
	case i < 0:
		return nil, noConversation()
	case !s.teams[i].Installed:
		return nil, notInRoster()
	}
	return s.teams[i], s.spend(use{"teams/" + id, readWindows()})
}

// teamInfo is GET v3/teams/{t}.
func (s *Server) teamInfo(c *call) (answer, error) {
	t, err := s.inTeam(c)
	if err != nil {
		return answer{}, err
	}
	return answer{http.StatusOK, object{
		"id": t.ID, "name": t.Name, "aadGroupId": t.GroupID, "channelCount": len(t.channels), "memberCount": len(t.Members),
	}}, nil
}

// teamChannels is GET v3/teams/{t}/conversations. The General channel has no name.
func (s *Server) teamChannels(c *call) (answer, error) {
	t, err := s.inTeam(c)
	if err != nil {
		return answer{}, err
	}
	out := []object{}
	for _, ch := range t.channels {
		o := object{"id": ch.id}
		if ch.id != t.ID {
			o["name"] = ch.name
		}
		out = append(out, o)
	}
	return answer{http.StatusOK, object{"conversations": out}}, nil
}
