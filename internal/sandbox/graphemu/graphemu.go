// Package graphemu emulates Microsoft login and Microsoft Graph v1.0 for one
// tenant, with the SCIM provisioning job of one enterprise application: the
// gallery app "AWS IAM Identity Center".
//
// What it promises:
//
//   - One handler serves login under /{tenant}/… and Graph under /graph/v1.0/….
//     Login gives tokens to clients that know their secret or sign with the key
//     of their certificate; Graph refuses requests without a good token, and
//     calls that the permissions of the client do not cover.
//   - Reads follow OData as Graph does: $select (with the default properties of
//     Graph, which leave out accountEnabled and userType), $filter, $search,
//     $orderby, $count with ConsistencyLevel, pages of 100 that go up to 999.
//   - Graph throttles by resource units, writes, and the calls of
//     provisionOnDemand and of the provisioning log, each with Retry-After.
//   - A role assignment shows in lists at once (see [Options.ReadDelay]) but is
//     honoured by provisioning only [Options.ReplicationDelay] later.
//   - The job writes to a [Target]. A cycle tries the token, then exports what has
//     changed since the last one, and reads the target only in an initial cycle
//     (the first one, or after a restart that resets the watermark). Only direct
//     members of assigned groups are in scope; nested groups are not.
//   - A target that refuses the token puts the job in quarantine, which retries
//     after 6, 12 and 24 hours, then daily, and disables the job after 4 weeks.
//
// Two locks: mu guards the directory and the job, and is never held over a call
// of the target; exporting serialises whoever writes to the target (a cycle, or
// a call of provisionOnDemand) and is taken before mu.
//
// What it does not do: interactive sign-in, federated credentials, managed
// identities, writes of users, groups and service principals, saved secrets of the job, changes of the schema, delta queries, and $expand. A cycle and a call
// of provisionOnDemand take no time. A member that comes back into scope is
// noticed by the next cycle, where Entra is known to need a restart.
package graphemu

import (
	"crypto/x509"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"aws-access-bot/internal/sandbox/emukit"
)

// The names under which the journal and the faults know this emulator.
const (
	serviceGraph = "graph"
	serviceLogin = "login"
)

// Client is an app registration that may sign in with its secret or certificate.
type Client struct {
	// ID is the application (client) id.
	ID string
	// Secret is the client secret. A client with neither one nor a certificate
	// cannot sign in.
	Secret string
	// SecretEnds is when the secret stops working; zero means never.
	SecretEnds time.Time
	// Certificates are those whose keys may sign client assertions.
	Certificates []*x509.Certificate
	// Permissions are the application permissions with admin consent, such as
	// "User.Read.All". Nil means every one.
	Permissions []string
}

// Duplicates says which of the two texts of Graph a second identical role
// assignment is refused with.
type Duplicates int

// The texts for duplicate role assignments, both seen in the field.
const (
	// AlternateDuplicates gives each text in turn.
	AlternateDuplicates Duplicates = iota
	// PermissionExists is "Permission being assigned already exists on the object".
	PermissionExists
	// EntitlementExists is "EntitlementGrant entry already exists.".
	EntitlementExists
)

// Options are the facts and limits of the emulated tenant. The zero value is
// usable; a zero field takes the default that its comment names.
type Options struct {
	// TenantID is the directory (tenant) id.
	// Default 0e6f2d3c-0000-4000-8000-0000000000aa.
	TenantID string
	// Clients may sign in. Nil means nobody.
	Clients []Client
	// App is the object id of the enterprise application (service principal);
	// default 5b0c0f5e-0000-4000-8000-000000000001.
	App string
	// AppID is its application id; default 5b0c0f5e-0000-4000-8000-0000000000f1.
	AppID string
	// AppName is its display name; default "AWS IAM Identity Center".
	AppName string
	// Target is what the job writes to. Nil means one that takes everything.
	Target Target
	// ReplicationDelay is how long a new role assignment is not yet honoured by
	// provisioning; default one minute, negative means none. Scaled by speed.
	ReplicationDelay time.Duration
	// ReadDelay is how long a new role assignment is missing from lists; default
	// none. Scaled by speed.
	ReadDelay time.Duration
	// CycleInterval is the time between cycles of the job; default 40 minutes
	// ("fixed, about 40 minutes": Entra known issues). Scaled by speed.
	CycleInterval time.Duration
	// NeverHonour makes provisioning on demand answer "not assigned" always, so
	// that only the cycle provisions.
	NeverHonour bool
	// Duplicates chooses the text of refused duplicate assignments.
	Duplicates Duplicates
	// Units is how many resource units an app has in 10 seconds; default 3,500
	// (tenants below 50 users: Graph throttling limits). Not scaled.
	Units int
	// Writes is how many writes an app has in 150 seconds; default 3,000 (Graph
	// throttling limits). Not scaled.
	Writes int
	// CheckCredentials answers validateCredentials calls that bring their own
	// address and token. Nil means that any are good.
	CheckCredentials func(baseAddress, token string) error
}

// withDefaults returns the options with every zero field filled.
func (o Options) withDefaults() Options {
	text := func(p *string, v string) {
		if *p == "" {
			*p = v
		}
	}
	text(&o.TenantID, "0e6f2d3c-0000-4000-8000-0000000000aa")
	text(&o.App, "5b0c0f5e-0000-4000-8000-000000000001")
	text(&o.AppID, "5b0c0f5e-0000-4000-8000-0000000000f1")
	text(&o.AppName, "AWS IAM Identity Center")
	if o.ReplicationDelay == 0 {
		o.ReplicationDelay = time.Minute
	}
	o.ReplicationDelay = max(o.ReplicationDelay, 0)
	if o.CycleInterval <= 0 {
		o.CycleInterval = 40 * time.Minute
	}
	if o.Units <= 0 {
		o.Units = 3500
	}
	if o.Writes <= 0 {
		o.Writes = 3000
	}
	if o.Target == nil {
		o.Target = newSink()
	}
	return o
}

// Server is the emulated tenant. All methods are safe for concurrent use.
type Server struct {
	kit  *emukit.Kit
	opts Options
	mux  *http.ServeMux
	// wake tells Run that the next cycle has moved. It holds one token.
	wake chan struct{}

	exporting sync.Mutex // serialises writers to the target; taken before mu

	mu      sync.Mutex // guards everything below
	target  Target
	never   bool // provisioning on demand honours no assignment
	dir     *directory
	tokens  map[string]token
	limits  *limits
	job     job
	synced  synced
	log     []LogLine
	setup   AppSetup
	repeats int // duplicate assignments refused so far
}

// New returns a tenant without users and groups whose job is started. A client
// that cannot be told from another one is an error.
func New(kit *emukit.Kit, opts Options) (*Server, error) {
	opts = opts.withDefaults()
	seen := map[string]bool{}
	for _, c := range opts.Clients {
		id := strings.ToLower(c.ID)
		if id == "" || seen[id] {
			return nil, fmt.Errorf("client %q: the id is empty or used twice", c.ID)
		}
		seen[id] = true
	}
	s := &Server{
		kit: kit, opts: opts, wake: make(chan struct{}, 1),
		target: opts.Target, never: opts.NeverHonour,
		dir: newDirectory(), tokens: map[string]token{},
		limits: newLimits(opts.Units, opts.Writes), synced: newSynced(),
	}
	s.job = newJob(opts, kit.Now())
	s.setup.CertificateEnds = kit.Now().AddDate(3, 0, 0)
	s.mux = s.routes()
	return s, nil
}

// Handler serves login and Graph. Azure's client libraries want it behind TLS
// (see [CA]).
func (s *Server) Handler() http.Handler { return http.HandlerFunc(s.serve) }

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	r, err := inflate(w, r)
	if err != nil {
		r = r.Clone(r.Context())
		r.Body = http.NoBody
		s.kit.Serve(w, r, serviceGraph, "unreadable", func(w http.ResponseWriter, r *http.Request) { s.writeError(w, r, err) })
		return
	}
	s.mux.ServeHTTP(w, r)
}

// TokenClient returns the client that a good token for that audience was given
// to, for emulators of other services that Microsoft login signs in to.
func (s *Server) TokenClient(accessToken, audience string) (clientID string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, ok := s.tokens[accessToken]
	if !ok || !s.kit.Now().Before(t.ends) || t.audience != audience {
		return "", false
	}
	return t.client.ID, true
}

// SetTarget makes the job write to another target from now on, as a person does
// who pastes a new SCIM token into the portal. It keeps the watermark.
func (s *Server) SetTarget(t Target) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.target = t
}

// SetNeverHonour switches [Options.NeverHonour].
func (s *Server) SetNeverHonour(never bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.never = never
}

// SetReplicationDelay switches [Options.ReplicationDelay] for assignments made
// from now on. Negative means none.
func (s *Server) SetReplicationDelay(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opts.ReplicationDelay = max(d, 0)
}
