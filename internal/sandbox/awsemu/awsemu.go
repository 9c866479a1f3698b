// Package awsemu emulates the parts of AWS that the bot talks to, for one
// organization: sso-admin, identitystore, organizations, sts, iam (reads) and the
// event history of cloudtrail, all on one base path, as one endpoint URL serves
// them to the AWS SDKs and the AWS CLI.
//
// What it promises:
//
//   - Requests are checked as AWS checks them: Signature Version 4 over the path
//     the client sent, five minutes of clock skew, region and service of the
//     scope, session tokens that end.
//
//   - Assignments are asynchronous. An operation is IN_PROGRESS for
//     [Options.Latency], then SUCCEEDED or FAILED, and its effect shows in the
//     lists [Options.Visibility] later. Nothing runs in the background: every
//     request first brings the state up to the clock of the kit, so the state is
//     a function of what was asked and of the time.
//
//   - The limits are those of "Quotas and limits in IAM Identity Center": 20
//     sso-admin requests a second together, 20 identitystore requests a second
//     per API, 15 outstanding operations, one at a time in an account, 100 groups
//     per permission set and account, 500 permission sets per account. Rates are
//     not scaled by the speed of the kit; delays are.
//
//   - The management account may do everything, the delegated administrator
//     nothing that touches the management account, other accounts nothing.
//
//   - Users and groups are written through [SCIM], as an identity provider does.
//
//   - Writes to sso-admin, and what somebody does in the console, stand in the event
//     history of the account that made them, [Options.TrailDelay] later.
//
//   - A change of a permission set does not reach the accounts that have it: they
//     are not the latest until ProvisionPermissionSet, which is asynchronous like an
//     assignment, at most 3 at a time, or a new assignment there.
//
//   - There are accounts outside the organization, which are invited, and answer
//     with their own credentials. Handshakes run out after 15 days and are shown
//     for 30 more. Accounts are created asynchronously. Each operation of
//     organizations has the request rates of its quotas page.
//
//   - Accounts have IAM users with passwords and access keys, which roles in them
//     read one by one or as a credential report, asynchronous and kept for four
//     hours.
//
// What it does not do: permission sets are not deleted over the wire, and read at
// once what was written; organizational units are made and accounts leave or
// close by Go methods only; SCIM is Go methods without HTTP and without request
// rates; IAM policies are not evaluated (a caller may do all that its account may
// do, but for iam, where a session may do what [Server.PermitRole] says); sts
// hands out credentials for the roles that were seeded with [Server.AddRole].
package awsemu

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"sync"
	"time"

	"aws-access-bot/internal/sandbox/emukit"
)

// service is the name under which the journal and the faults know this emulator.
const service = "aws"

// Options are the facts and the limits of the emulated organization. The zero
// value is usable; a zero field takes the default that its comment names.
type Options struct {
	// Region is where IAM Identity Center lives; default ap-northeast-1.
	Region string
	// OrganizationID is the id of the organization; default o-a1b2c3d4e5.
	OrganizationID string
	// ManagementAccount is made at once, in the root; default 999999999999.
	ManagementAccount string
	// DelegatedAdmin is the member account that administers IAM Identity
	// Center; empty means that there is none. It is not made.
	DelegatedAdmin string
	// InstanceARN names the instance; default …/ssoins-7223d5e8a1b2c3d4.
	InstanceARN string
	// IdentityStoreID names the identity store; default d-9567000000.
	IdentityStoreID string
	// Issuer is the issuer of external ids; default an opaque URL below
	// https://scim.aws.com/.
	Issuer string

	// Latency is how long an assignment operation is IN_PROGRESS; default 2 s,
	// negative means none. The kit's speed divides it.
	Latency time.Duration
	// Visibility is how long a finished operation takes to show in the lists;
	// default 1 s, negative means none. The kit's speed divides it.
	Visibility time.Duration
	// MaxOutstanding is how many operations may be IN_PROGRESS; default 15.
	MaxOutstanding int
	// CenterRate is how many sso-admin requests a second are taken, all
	// operations together, with a burst of as many; default 20.
	CenterRate int
	// StoreRate is the same for each identitystore operation; default 20.
	StoreRate int
	// GroupsPerPair is how many groups may be assigned to one permission set in
	// one account; default 100.
	GroupsPerPair int
	// SetsPerAccount is how many permission sets may be provisioned in one
	// account; default 500.
	SetsPerAccount int
	// SetsPerInstance is how many permission sets there may be; default 3500.
	SetsPerInstance int
	// PoliciesPerSet is how many managed policies, AWS's and the customer's
	// together, a permission set may have; default 25.
	PoliciesPerSet int
	// MaxProvisioning is how many ProvisionPermissionSet may be IN_PROGRESS;
	// default 3.
	MaxProvisioning int
	// UnprovisionedNotFound makes ListAccountAssignments answer
	// ResourceNotFoundException for a permission set that is not provisioned in
	// the account; otherwise the list is empty. Both have been seen.
	UnprovisionedNotFound bool
	// MaxAccounts is how many accounts the organization may have, with the open
	// invitations; default 10, as AWS starts with.
	MaxAccounts int
	// CreationTime is how long CreateAccount is IN_PROGRESS; default 30 s,
	// negative means none. The kit's speed divides it.
	CreationTime time.Duration
	// ReportTime is the same for a credential report of iam; default 2 s.
	ReportTime time.Duration
	// Unthrottled lifts the request rates of organizations, for a clock that
	// stands still.
	Unthrottled bool
	// DirectTransfer lets an account of another organization be invited, and
	// leave that one as it accepts, which AWS does where it offers direct
	// transfers; otherwise the answer is ALREADY_IN_AN_ORGANIZATION.
	DirectTransfer bool
	// EmptyFirstPage makes the organizations lists begin with an empty page
	// that has a NextToken, which AWS says may happen.
	EmptyFirstPage bool
	// TrailDelay is how long a call takes to be found by LookupEvents; default
	// 5 minutes, negative means none (AWS: on average within 5, at most about 15
	// minutes). The kit's speed divides it.
	TrailDelay time.Duration
	// NewID makes the random UUIDs of requests, users and groups; default
	// random ones.
	NewID func() string
}

// withDefaults fills the zero fields.
func (o Options) withDefaults() Options {
	text := func(p *string, def string) {
		if *p == "" {
			*p = def
		}
	}
	number := func(p *int, def int) {
		if *p == 0 {
			*p = def
		}
	}
	text(&o.Region, "ap-northeast-1")
	text(&o.OrganizationID, "o-a1b2c3d4e5")
	text(&o.ManagementAccount, "999999999999")
	text(&o.InstanceARN, "arn:aws:sso:::instance/ssoins-7223d5e8a1b2c3d4")
	text(&o.IdentityStoreID, "d-9567000000")
	text(&o.Issuer, "https://scim.aws.com/"+hashHex(o.IdentityStoreID, 32))
	number(&o.MaxOutstanding, 15)
	number(&o.CenterRate, 20)
	number(&o.StoreRate, 20)
	number(&o.GroupsPerPair, 100)
	number(&o.SetsPerAccount, 500)
	number(&o.SetsPerInstance, 3500)
	number(&o.PoliciesPerSet, 25)
	number(&o.MaxProvisioning, 3)
	number(&o.MaxAccounts, 10)
	o.Latency = duration(o.Latency, 2*time.Second)
	o.Visibility = duration(o.Visibility, time.Second)
	o.CreationTime = duration(o.CreationTime, 30*time.Second)
	o.ReportTime = duration(o.ReportTime, 2*time.Second)
	o.TrailDelay = duration(o.TrailDelay, 5*time.Minute)
	if o.NewID == nil {
		o.NewID = newUUID
	}
	return o
}

// duration is d, the default for zero, and zero for a negative d.
func duration(d, def time.Duration) time.Duration {
	switch {
	case d == 0:
		return def
	case d < 0:
		return 0
	}
	return d
}

// Server is the emulator. Its methods are safe for concurrent use.
type Server struct {
	kit  *emukit.Kit
	opts Options

	services map[string]*jsonService // by prefix of X-Amz-Target, read only
	query    []*queryService         // those of the Query protocol, read only
	cursor   []byte                  // key that seals page tokens, read only

	mu     sync.Mutex // guards the fields below
	keys   *keyring
	limits *limits
	org    *organization
	iam    map[string]*iamAccount // by account
	center *center
	store  *directory
	trail  *trail
}

// New returns an emulator whose organization holds the management account and
// nothing else: no credentials, permission sets, users or groups.
func New(kit *emukit.Kit, opts Options) *Server {
	opts = opts.withDefaults()
	s := &Server{
		kit: kit, opts: opts, cursor: []byte(rand.Text()),
		keys: newKeyring(), iam: map[string]*iamAccount{}, limits: newLimits(opts), center: newCenter(kit.Now()), store: newDirectory(), trail: newTrail(),
	}
	s.org = newOrganization(opts, kit.Now())
	s.query = []*queryService{stsService(), iamService(opts.Region)}
	s.services = map[string]*jsonService{
		"SWBExternalService":        centerService(),
		"AWSIdentityStore":          storeService(),
		"AWSOrganizationsV20161128": organizationsService(),
		"CloudTrail_20131101":       trailService(),
	}
	return s
}

// Handler serves all services on the path "/". A caller that mounts it
// elsewhere strips its prefix with [http.StripPrefix]; the signature is checked
// on the path that the client sent.
func (s *Server) Handler() http.Handler { return http.HandlerFunc(s.serve) }

// serve tells the two protocols apart: JSON services name their operation in a
// header, Query services in the form.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("X-Amz-Target") != "" {
		s.serveJSON(w, r)
		return
	}
	s.serveQuery(w, r)
}

// lock takes the state, brought up to now. The caller unlocks s.mu.
func (s *Server) lock() time.Time {
	s.mu.Lock()
	now := s.kit.Now()
	s.settle(now)
	return now
}

// newUUID returns a random version 4 UUID.
func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
