package sandbox

import (
	"net/http"

	"aws-access-bot/internal/sandbox/awsemu"
)

// controlIAM routes what happens inside member accounts.
func (s *Sandbox) controlIAM(mux *http.ServeMux) {
	mux.HandleFunc("POST /sandbox/aws/iam/users", act(s, s.putIAMUser))
	mux.HandleFunc("POST /sandbox/aws/iam/use", act(s, s.useIAMUser))
	mux.HandleFunc("POST /sandbox/aws/iam/role", act(s, s.editReadRole))
}

// iamUserIn makes an IAM user in an account, with a password, keys, both or
// neither; or deletes it.
type iamUserIn struct {
	Account  string `json:"account"`
	User     string `json:"user"`
	Password bool   `json:"password"`
	Keys     int    `json:"keys"`
	Remove   bool   `json:"remove"`
}

func (s *Sandbox) putIAMUser(_ *http.Request, in iamUserIn) (any, error) {
	a, _, err := s.awsAccount(in.Account)
	if err != nil {
		return nil, err
	}
	if in.Remove {
		if !s.world.aws.DeleteIAMUser(a.ID, in.User) {
			return nil, refuse(http.StatusNotFound, "account %s has no IAM user %q", a.ID, in.User)
		}
		return done, nil
	}
	if in.Keys < 0 || in.Keys > 2 {
		return nil, refuse(http.StatusBadRequest, "%d access keys; an IAM user may have two", in.Keys)
	}
	u := awsemu.IAMUser{Name: in.User, Keys: make([]awsemu.IAMKey, in.Keys)}
	if in.Password {
		u.Password = &awsemu.IAMPassword{}
	}
	return done, s.world.aws.PutIAMUser(a.ID, u)
}

// iamUseIn is an IAM user who signs in to the console, or who calls a service
// with an access key, 1 or 2.
type iamUseIn struct {
	Account string `json:"account"`
	User    string `json:"user"`
	Service string `json:"service"`
	Region  string `json:"region"`
	Key     int    `json:"key"`
}

func (s *Sandbox) useIAMUser(_ *http.Request, in iamUseIn) (any, error) {
	a, _, err := s.awsAccount(in.Account)
	if err != nil {
		return nil, err
	}
	return done, s.world.aws.UseIAMUser(a.ID, in.User, awsemu.IAMUse{Service: in.Service, Region: in.Region, Key: max(in.Key, 1) - 1})
}

// readRoleIn makes the role that reads the IAM users of an account, with the
// actions of iam that it permits (all that it needs, if there are none), or
// removes it. Limit makes GenerateCredentialReport answer LimitExceeded there.
type readRoleIn struct {
	Account string   `json:"account"`
	Actions []string `json:"actions"`
	Remove  bool     `json:"remove"`
	Limit   *bool    `json:"limit"`
}

func (s *Sandbox) editReadRole(_ *http.Request, in readRoleIn) (any, error) {
	a, _, err := s.awsAccount(in.Account)
	if err != nil {
		return nil, err
	}
	aws, arn := s.world.aws, roleARN(a.ID, readRoleName)
	switch {
	case in.Limit != nil:
		aws.LimitReports(a.ID, *in.Limit)
		return done, nil
	case in.Remove:
		aws.RemoveRole(arn)
		return done, nil
	case len(in.Actions) == 0:
		in.Actions = iamReads()
	}
	if err := aws.AddRole(arn, "", botAccount); err != nil {
		return nil, err
	}
	return map[string]string{"role": arn}, aws.PermitRole(arn, in.Actions...)
}
