package awsemu

import (
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strings"
	"time"
)

// States of the creation of an account.
const (
	creationRunning   = "IN_PROGRESS"
	creationSucceeded = "SUCCEEDED"
	creationFailed    = "FAILED"
)

const (
	// maxCreations is how many accounts can be in creation at a time ("Quotas
	// and service limits for AWS Organizations").
	maxCreations = 5
	// organizationRole is what a new account lets its management account
	// administer it with, if the request names no other role.
	organizationRole = "OrganizationAccountAccessRole"
)

var (
	shapeAccountName = newShape(`[ -~]+`, 50)
	shapeRoleName    = newShape(`[\w+=,.@-]{1,64}`, 64)
	shapeCreation    = newShape(`car-[a-z0-9]{8,32}`, 36)
	emailLocal       = regexp.MustCompile(`^[^.\s"'()<>\[\]:;,\\|%&][^\s"'()<>\[\]:;,\\|%&]*$`)
)

// creation is the making of an account.
type creation struct {
	id, name, email, role string
	tags                  map[string]string
	state                 string
	reason                string // why it will fail, or has failed
	account               string // when it succeeded
	asked, ends           time.Time
}

type createIn struct {
	Email, AccountName, RoleName, IamUserAccessToBilling string
	Tags                                                 []wireTag
}

func (in *createIn) check(v *checks) {
	v.required("email", in.Email, shapeEmail)
	v.required("accountName", in.AccountName, shapeAccountName)
	v.optional("roleName", in.RoleName, shapeRoleName)
	v.enum("iamUserAccessToBilling", in.IamUserAccessToBilling, false, "ALLOW", "DENY")
	v.tags(in.Tags)
}

type accountCreationOut struct{ CreateAccountStatus wireAccountCreation }

type wireAccountCreation struct {
	Id, AccountName, State   string
	AccountId, FailureReason string `json:",omitempty"`
	RequestedTimestamp       epoch
	CompletedTimestamp       *epoch `json:",omitempty"`
}

func (c *creation) wire() wireAccountCreation {
	out := wireAccountCreation{Id: c.id, AccountName: c.name, State: c.state, AccountId: c.account, RequestedTimestamp: epoch(c.asked)}
	if c.state != creationRunning {
		at := epoch(c.ends)
		out.CompletedTimestamp, out.FailureReason = &at, c.reason
	}
	return out
}

// createAccount begins to make an account. Nothing of it is seen before the
// creation has succeeded.
func createAccount(s *Server, c *call, in *createIn) (out accountCreationOut, err error) {
	tags, err := orgTags(nil, in.Tags)
	if err != nil {
		return out, err
	}
	running := 0
	for _, x := range s.org.creations {
		if x.state == creationRunning {
			running++
		}
	}
	if running >= maxCreations {
		return out, fail("TooManyRequestsException", "Only %d accounts can be in creation at a time.", maxCreations)
	}
	x := &creation{
		id: "car-" + strings.ReplaceAll(s.opts.NewID(), "-", ""), name: in.AccountName, email: in.Email, role: in.RoleName, tags: tags,
		state: creationRunning, asked: c.now, ends: c.now.Add(s.kit.Delay(s.opts.CreationTime)), reason: s.cannotCreate(in.Email),
	}
	s.org.creations = append(s.org.creations, x)
	out.CreateAccountStatus = x.wire()
	return out, nil
}

// cannotCreate is why a creation will fail, or "".
func (s *Server) cannotCreate(email string) string {
	local, domain, _ := strings.Cut(email, "@")
	if !emailLocal.MatchString(local) || !emailDomain.MatchString(domain) {
		return "INVALID_EMAIL"
	}
	for _, x := range s.org.creations {
		if x.state == creationRunning && strings.EqualFold(x.email, email) {
			return "CONCURRENT_ACCOUNT_MODIFICATION"
		}
	}
	if _, taken := s.org.byEmail(email); taken {
		return "EMAIL_ALREADY_EXISTS"
	}
	if s.headroom() < 1 {
		return "ACCOUNT_LIMIT_EXCEEDED"
	}
	return ""
}

// settleCreations ends the creations that are due.
func (s *Server) settleCreations(now time.Time) {
	for _, x := range s.org.creations {
		if x.state != creationRunning || now.Before(x.ends) {
			continue
		}
		x.state = creationFailed
		if x.reason != "" {
			continue
		}
		x.state, x.account = creationSucceeded, s.newAccountID(x.id)
		s.org.accounts[x.account] = &Account{
			ID: x.account, Name: x.name, Email: x.email, OU: "/", Tags: x.tags, State: StateActive, Method: MethodCreated, Joined: x.ends,
		}
		name := x.role
		if name == "" {
			name = organizationRole
		}
		arn := "arn:aws:iam::" + x.account + ":role/" + name
		s.keys.roles[arn] = role{arn: arn, accountID: x.account, name: name, trusted: []string{s.org.management}, actions: []string{"*"}}
	}
}

// newAccountID returns a free account id that depends on seed.
func (s *Server) newAccountID(seed string) string {
	for n := 0; ; n++ {
		digits, _ := new(big.Int).SetString(hashHex(fmt.Sprint(seed, n), 15), 16) // hex digits always parse
		id := fmt.Sprintf("%012d", digits.Mod(digits, big.NewInt(1_000_000_000_000)))
		if _, taken := s.org.find(id); !taken {
			return id
		}
	}
}

type accountCreationIn struct{ CreateAccountRequestId string }

func (in *accountCreationIn) check(v *checks) {
	v.required("createAccountRequestId", in.CreateAccountRequestId, shapeCreation)
}

func describeAccountCreation(s *Server, _ *call, in *accountCreationIn) (out accountCreationOut, err error) {
	i := slices.IndexFunc(s.org.creations, func(x *creation) bool { return x.id == in.CreateAccountRequestId })
	if i < 0 {
		return out, fail("CreateAccountStatusNotFoundException", "We can't find an create account request with the CreateAccountRequestId that you specified.")
	}
	out.CreateAccountStatus = s.org.creations[i].wire()
	return out, nil
}

type listAccountCreationsIn struct {
	States []string
	page
}

func (in *listAccountCreationsIn) check(v *checks) {
	for _, st := range in.States {
		v.enum("states.member", st, true, creationRunning, creationSucceeded, creationFailed)
	}
	v.checkPage(in.page, 20, shapeOrgToken)
}

type listAccountCreationsOut struct {
	CreateAccountStatuses []wireAccountCreation
	NextToken             string `json:",omitempty"`
}

func listAccountCreations(s *Server, c *call, in *listAccountCreationsIn) (out listAccountCreationsOut, err error) {
	var items []wireAccountCreation
	for _, x := range s.org.creations {
		if len(in.States) == 0 || slices.Contains(in.States, x.state) {
			items = append(items, x.wire())
		}
	}
	out.CreateAccountStatuses, out.NextToken, err = orgPage(s, listing[wireAccountCreation]{
		items: items, key: func(x wireAccountCreation) string { return x.Id }, scope: scopeOf(append([]string{c.op}, in.States...)...),
	}, in.page)
	return out, err
}
