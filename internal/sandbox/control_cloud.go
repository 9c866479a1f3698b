package sandbox

import (
	"net/http"
	"strings"
	"time"

	"aws-access-bot/internal/sandbox/awsemu"
	"aws-access-bot/internal/sandbox/graphemu"
)

// groupIn names an Entra group and maybe a person of it. Both take an object id
// too, and a group its display name.
type groupIn struct {
	Group  string `json:"group"`
	Person string `json:"person"`
	Name   string `json:"name"`
	Remove bool   `json:"remove"`
}

// groupID finds a group of Entra by object id or display name.
func (s *Sandbox) groupID(name string) (string, error) {
	for _, g := range s.world.graph.State().Groups {
		if strings.EqualFold(g.ID, name) || strings.EqualFold(g.DisplayName, name) {
			return g.ID, nil
		}
	}
	return "", refuse(http.StatusNotFound, "Entra has no group %q", name)
}

// userID finds a user of Entra by key, object id or user principal name.
func (s *Sandbox) userID(name string) (string, error) {
	if p, ok := s.world.person(name); ok {
		return p.Entra, nil
	}
	for _, u := range s.world.graph.State().Users {
		if strings.EqualFold(u.ID, name) || strings.EqualFold(u.UserPrincipalName, name) {
			return u.ID, nil
		}
	}
	return "", refuse(http.StatusNotFound, "Entra has no user %q", name)
}

// principalID is the object id of the group, or of the person if there is no
// group.
func (s *Sandbox) principalID(in groupIn) (string, error) {
	if in.Group != "" {
		return s.groupID(in.Group)
	}
	return s.userID(in.Person)
}

func (s *Sandbox) controlGraph(mux *http.ServeMux) {
	graph := s.world.graph
	mux.HandleFunc("POST /sandbox/graph/cycle", act(s, func(r *http.Request, _ struct{}) (any, error) {
		if err := graph.RunCycle(r.Context()); err != nil {
			return nil, err
		}
		return graph.State().Job.LastCycle, nil
	}))
	mux.HandleFunc("POST /sandbox/graph/options", act(s, s.graphOptions))
	mux.HandleFunc("POST /sandbox/graph/members", act(s, s.editMember))
	mux.HandleFunc("POST /sandbox/graph/users", act(s, s.editEntraUser))
	mux.HandleFunc("POST /sandbox/graph/groups", act(s, func(_ *http.Request, in groupIn) (any, error) {
		if in.Remove {
			id, err := s.groupID(in.Group)
			if err != nil {
				return nil, err
			}
			return done, graph.DeleteGroup(id)
		}
		g, err := graph.AddGroup(graphemu.Group{ID: in.Group, DisplayName: in.Name})
		return map[string]string{"id": g.ID}, err
	}))
	mux.HandleFunc("POST /sandbox/graph/rename", act(s, func(_ *http.Request, in groupIn) (any, error) {
		id, err := s.groupID(in.Group)
		if err != nil {
			return nil, err
		}
		return done, graph.RenameGroup(id, in.Name)
	}))
	mux.HandleFunc("POST /sandbox/graph/recreate", act(s, func(_ *http.Request, in groupIn) (any, error) {
		id, err := s.groupID(in.Group)
		if err != nil {
			return nil, err
		}
		made, err := graph.RecreateGroup(id)
		return map[string]string{"id": made}, err
	}))
	mux.HandleFunc("POST /sandbox/graph/assignments", act(s, func(_ *http.Request, in groupIn) (any, error) {
		id, err := s.principalID(in)
		if err != nil {
			return nil, err
		}
		if in.Remove {
			return done, graph.Unassign(id)
		}
		return graph.Assign(id)
	}))
}

// graphOptionsIn changes how provisioning behaves; a nil member stays as it is.
// ReplicationDelay is a duration at speed 1, such as "90s".
type graphOptionsIn struct {
	NeverHonour      *bool   `json:"never_honour"`
	ReplicationDelay *string `json:"replication_delay"`
	NameDefault      *string `json:"name_default"`
}

func (s *Sandbox) graphOptions(_ *http.Request, in graphOptionsIn) (any, error) {
	if in.ReplicationDelay != nil {
		d, err := time.ParseDuration(*in.ReplicationDelay)
		if err != nil || d < 0 {
			return nil, refuse(http.StatusBadRequest, "replication_delay is %q, not a duration such as 90s", *in.ReplicationDelay)
		}
		s.world.graph.SetReplicationDelay(d)
	}
	if in.NeverHonour != nil {
		s.world.graph.SetNeverHonour(*in.NeverHonour)
	}
	if in.NameDefault != nil {
		s.world.graph.SetUp(func(a *graphemu.AppSetup) { a.NameDefault = *in.NameDefault })
	}
	return done, nil
}

func (s *Sandbox) editMember(_ *http.Request, in groupIn) (any, error) {
	group, err := s.groupID(in.Group)
	if err != nil {
		return nil, err
	}
	user, err := s.userID(in.Person)
	if err != nil {
		return nil, err
	}
	if in.Remove {
		return done, s.world.graph.RemoveMember(group, user)
	}
	return done, s.world.graph.AddMember(group, user)
}

// entraUserIn changes a person in Entra; a nil member stays as it is.
type entraUserIn struct {
	Person  string  `json:"person"`
	Enabled *bool   `json:"enabled"`
	Guest   *bool   `json:"guest"`
	Mail    *string `json:"mail"`
	Surname *string `json:"surname"`
}

func (s *Sandbox) editEntraUser(_ *http.Request, in entraUserIn) (any, error) {
	id, err := s.userID(in.Person)
	if err != nil {
		return nil, err
	}
	if in.Enabled != nil {
		if err := s.world.graph.SetEnabled(id, *in.Enabled); err != nil {
			return nil, err
		}
	}
	return done, s.world.graph.ChangeUser(id, func(u *graphemu.User) {
		if in.Guest != nil {
			u.Guest = *in.Guest
		}
		if in.Mail != nil {
			u.Mail = *in.Mail
		}
		if in.Surname != nil {
			u.Surname = *in.Surname
		}
	})
}

// operationIn plans the outcome of the next assignment operation. Kind is
// create (also when empty) or delete.
type operationIn struct {
	Kind   string `json:"kind"`
	Reason string `json:"reason"`
}

func (in operationIn) kind() string {
	switch in.Kind {
	case "", "create":
		return "CreateAccountAssignment"
	case "delete":
		return "DeleteAccountAssignment"
	}
	return in.Kind
}

// assignmentIn names an assignment by the slug, name or id of the account, the
// name of the permission set, and the group or person.
type assignmentIn struct {
	Account       string `json:"account"`
	PermissionSet string `json:"permission_set"`
	groupIn
	Show bool `json:"show"`
}

// assignment finds what an assignmentIn names. The principal must have been
// provisioned.
func (s *Sandbox) assignment(in assignmentIn) (awsemu.Assignment, error) {
	st := s.world.aws.State()
	var a awsemu.Assignment
	for _, x := range st.Accounts {
		if x.ID == in.Account || x.Name == in.Account {
			a.AccountID = x.ID
		}
	}
	for _, x := range st.PermissionSets {
		if x.Name == in.PermissionSet {
			a.PermissionSetARN = x.ARN
		}
	}
	external, err := s.principalID(in.groupIn)
	if err != nil {
		return a, err
	}
	for _, g := range st.Groups {
		if g.ExternalID == external {
			a.PrincipalType, a.PrincipalID = "GROUP", g.ID
		}
	}
	for _, u := range st.Users {
		if u.ExternalID == external {
			a.PrincipalType, a.PrincipalID = "USER", u.ID
		}
	}
	if a.AccountID == "" || a.PermissionSetARN == "" || a.PrincipalID == "" {
		return a, refuse(http.StatusNotFound, "account %q, permission set %q or the principal is not in AWS", in.Account, in.PermissionSet)
	}
	return a, nil
}

// policyIn is a managed policy (an ARN) that somebody attaches to a permission
// set in the console.
type policyIn struct {
	PermissionSet string `json:"permission_set"`
	Policy        string `json:"policy"`
}

func (s *Sandbox) controlAWS(mux *http.ServeMux) {
	aws := s.world.aws
	mux.HandleFunc("POST /sandbox/aws/fail-next", act(s, func(_ *http.Request, in operationIn) (any, error) {
		return done, aws.FailNext(in.kind(), in.Reason)
	}))
	mux.HandleFunc("POST /sandbox/aws/lose-next", act(s, func(_ *http.Request, in operationIn) (any, error) {
		return done, aws.LoseNext(in.kind())
	}))
	mux.HandleFunc("POST /sandbox/aws/hide", act(s, func(_ *http.Request, in assignmentIn) (any, error) {
		a, err := s.assignment(in)
		switch {
		case err != nil:
			return nil, err
		case in.Show:
			aws.Show(a)
		default:
			aws.Hide(a)
		}
		return a, nil
	}))
	mux.HandleFunc("POST /sandbox/aws/assignments", act(s, func(_ *http.Request, in assignmentIn) (any, error) {
		a, err := s.assignment(in)
		if err != nil {
			return nil, err
		}
		if !in.Remove {
			return a, aws.AddAssignment(a)
		}
		if !aws.RemoveAssignment(a) {
			return nil, refuse(http.StatusNotFound, "there is no such assignment")
		}
		return a, nil
	}))
	mux.HandleFunc("POST /sandbox/aws/policy", act(s, func(_ *http.Request, in policyIn) (any, error) {
		if err := aws.AttachPolicy(in.PermissionSet, in.Policy); err != nil {
			return nil, refuse(http.StatusNotFound, "%v", err)
		}
		return done, nil
	}))
	s.controlAccounts(mux)
	s.controlIAM(mux)
	mux.HandleFunc("POST /sandbox/aws/scim-token", act(s, func(_ *http.Request, in struct {
		Valid bool `json:"valid"`
	}) (any, error) {
		if in.Valid {
			return done, aws.AddSCIMToken(s.world.secrets.scimToken, time.Time{})
		}
		aws.DeleteSCIMToken(s.world.secrets.scimToken)
		return done, nil
	}))
}
