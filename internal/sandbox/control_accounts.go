package sandbox

import (
	"net/http"
	"slices"
	"strings"

	"aws-access-bot/internal/sandbox/awsemu"
)

// controlAccounts routes what people do with accounts: their owners, AWS, and
// whoever works in the console of the organization.
func (s *Sandbox) controlAccounts(mux *http.ServeMux) {
	mux.HandleFunc("POST /sandbox/aws/account", act(s, s.editAccount))
	mux.HandleFunc("POST /sandbox/aws/owner", act(s, s.playOwner))
	mux.HandleFunc("POST /sandbox/aws/invite", act(s, s.inviteByHand))
	mux.HandleFunc("POST /sandbox/aws/handshake", act(s, s.endHandshake))
	mux.HandleFunc("POST /sandbox/aws/organization", act(s, s.editOrganization))
}

// awsAccount finds an account, of the organization or outside, by id or name.
func (s *Sandbox) awsAccount(name string) (a awsemu.Account, member bool, err error) {
	st := s.world.aws.State()
	for i, x := range append(st.Accounts, st.Outside...) {
		if x.ID == name || strings.EqualFold(x.Name, name) {
			return x, i < len(st.Accounts), nil
		}
	}
	return a, false, refuse(http.StatusNotFound, "AWS has no account %q", name)
}

// accountIn changes an account. Tags with an empty value go; an empty OU or
// State stays as it is. An unknown id makes the account: a member, or one
// outside if Outside is true, which is in the Organization that it names or
// standalone. Leave takes a member out.
type accountIn struct {
	ID           string            `json:"id"`
	Name         string            `json:"name"`
	Email        string            `json:"email"`
	OU           string            `json:"ou"`
	State        string            `json:"state"`
	Tags         map[string]string `json:"tags"`
	Outside      bool              `json:"outside"`
	Organization string            `json:"organization"`
	Leave        bool              `json:"leave"`
}

func (s *Sandbox) editAccount(_ *http.Request, in accountIn) (any, error) {
	aws := s.world.aws
	a, member, err := s.awsAccount(in.ID)
	if err != nil {
		return done, s.makeAccount(in)
	}
	if in.Outside {
		if member {
			return nil, refuse(http.StatusConflict, "account %s is in the organization; let it leave first", a.ID)
		}
		a.Organization = in.Organization
		if err := aws.AddOutside(a); err != nil {
			return nil, err
		}
	}
	if in.OU != "" {
		if err := aws.MoveAccount(a.ID, in.OU); err != nil {
			return nil, err
		}
	}
	if in.State != "" {
		if err := aws.SetAccountState(a.ID, strings.ToUpper(in.State)); err != nil {
			return nil, err
		}
	}
	for key, value := range in.Tags {
		if err := aws.TagAccount(a.ID, key, value); err != nil {
			return nil, err
		}
	}
	if in.Leave {
		return done, aws.RemoveAccount(a.ID)
	}
	return done, nil
}

// makeAccount makes an account that there is not.
func (s *Sandbox) makeAccount(in accountIn) error {
	a := awsemu.Account{ID: in.ID, Name: in.Name, Email: in.Email, OU: in.OU, State: strings.ToUpper(in.State), Tags: in.Tags, Organization: in.Organization}
	if a.Email == "" {
		a.Email = "aws+" + in.ID + "@example.com"
	}
	if in.Outside {
		return s.world.aws.AddOutside(a)
	}
	if a.OU == "" {
		a.OU = "/"
	}
	return s.world.aws.AddAccount(a)
}

// ownerIn is what the owner of an account answers to the newest invitation, or
// to the wish to enable all features.
type ownerIn struct {
	Account string `json:"account"`
	Answer  string `json:"answer"` // accept or decline
}

func (s *Sandbox) playOwner(_ *http.Request, in ownerIn) (any, error) {
	if in.Answer != "accept" && in.Answer != "decline" {
		return nil, refuse(http.StatusBadRequest, "the answer is %q; it may be accept or decline", in.Answer)
	}
	a, _, err := s.awsAccount(in.Account)
	if err != nil {
		return nil, err
	}
	id, err := s.world.aws.Answer(a.ID, in.Answer == "accept")
	if err != nil {
		return nil, err
	}
	return map[string]string{"handshake": id}, nil
}

// inviteIn is an account, or an e-mail address, that somebody invites in the
// console of the management account.
type inviteIn struct {
	Account string `json:"account"`
}

func (s *Sandbox) inviteByHand(_ *http.Request, in inviteIn) (any, error) {
	target := in.Account
	if a, _, err := s.awsAccount(target); err == nil {
		target = a.ID
	}
	id, err := s.world.aws.Invite(target)
	if err != nil {
		return nil, err
	}
	return map[string]string{"handshake": id}, nil
}

// handshakeIn ends a handshake, by id or the newest that waits for an account:
// its time runs out (expire, also when Do is empty), or the management account
// cancels it (cancel).
type handshakeIn struct {
	ID      string `json:"id"`
	Account string `json:"account"`
	Do      string `json:"do"`
}

func (s *Sandbox) endHandshake(_ *http.Request, in handshakeIn) (any, error) {
	if in.ID == "" {
		id, err := s.waiting(in.Account)
		if err != nil {
			return nil, err
		}
		in.ID = id
	}
	end := map[string]func(string) error{"": s.world.aws.ExpireHandshake, "expire": s.world.aws.ExpireHandshake, "cancel": s.world.aws.TakeBack}[in.Do]
	if end == nil {
		return nil, refuse(http.StatusBadRequest, "do is %q; it may be expire or cancel", in.Do)
	}
	if err := end(in.ID); err != nil {
		return nil, err
	}
	return map[string]string{"handshake": in.ID}, nil
}

// waiting is the newest handshake that waits for an account.
func (s *Sandbox) waiting(account string) (id string, err error) {
	a, _, err := s.awsAccount(account)
	if err != nil {
		return "", err
	}
	for _, h := range slices.Backward(s.world.aws.State().Handshakes) {
		if h.Account == a.ID && h.Over.IsZero() {
			return h.ID, nil
		}
	}
	return "", refuse(http.StatusNotFound, "no invitation waits for account %s", a.ID)
}

// organizationIn changes facts of the organization; what is left out stays.
type organizationIn struct {
	FeatureSet     string         `json:"feature_set"`
	Accounts       int            `json:"accounts"` // the quota
	DirectTransfer *bool          `json:"direct_transfer"`
	Conflicts      map[string]int `json:"conflicts"` // coming calls that end so, by operation
}

func (s *Sandbox) editOrganization(_ *http.Request, in organizationIn) (any, error) {
	aws := s.world.aws
	if in.FeatureSet != "" {
		if err := aws.SetFeatureSet(in.FeatureSet); err != nil {
			return nil, err
		}
	}
	if in.Accounts > 0 {
		aws.SetQuota(in.Accounts)
	}
	if in.DirectTransfer != nil {
		aws.SetDirectTransfer(*in.DirectTransfer)
	}
	for op, n := range in.Conflicts {
		aws.ConflictNext(op, n)
	}
	return done, nil
}
