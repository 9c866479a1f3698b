package githubemu

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"aws-access-bot/internal/sandbox/emukit"
	"aws-access-bot/internal/sandbox/githubemu/gql"
)

// Server is the emulator. It is safe for concurrent use.
type Server struct {
	kit    *emukit.Kit
	opt    Options
	routes []route
	gql    func() (*gql.API[*gqlRun], error) // loads the schema when it is first asked for
	wake   chan struct{}                     // has one element when the webhook queue changed

	mu        sync.Mutex // guards the fields below and every Repo
	lastID    int64
	users     []*User
	orgRoles  map[int64]string // user id to "admin" or "member"
	teams     []*team
	repos     []*Repo
	moved     map[string]*Repo // by an old "owner/name" in lower case
	apps      []*app
	tokens    map[string]identity
	limits    map[string]*bucket
	log       []*delivery
	queue     []*delivery // events on their way
	dropHooks bool
	hookURL   string
}

// User is a person or a bot account.
type User struct {
	// ID is the number that never changes; zero lets the emulator choose.
	ID    int64
	Login string
	Name  string
	Email string
	// Type is "User" (also when empty) or "Bot".
	Type string
}

// app is an App with its bot user.
type app struct {
	App
	bot       *User
	installed time.Time
	// suspended is since when the installation is; zero for not.
	suspended   time.Time
	uninstalled bool
}

// New returns an emulator with the organization and its App, and nothing in
// it yet.
func New(kit *emukit.Kit, opt Options) *Server {
	s := &Server{
		kit: kit, opt: opt.withDefaults(), wake: make(chan struct{}, 1), lastID: 100_000,
		orgRoles: map[int64]string{}, tokens: map[string]identity{}, limits: map[string]*bucket{}, moved: map[string]*Repo{},
		hookURL: opt.WebhookURL, gql: sync.OnceValues(loadGraphQL),
	}
	s.routes = s.table()
	if opt.App.ID != 0 {
		s.AddApp(opt.App)
	}
	return s
}

// Handler serves the API, with and without the prefix /api/v3. Mount it with
// http.StripPrefix where BaseURL has a path.
func (s *Server) Handler() http.Handler { return http.HandlerFunc(s.serveHTTP) }

// enter takes the lock and brings the merge queues up to date; leave gives it
// back and lets Run look at them again.
func (s *Server) enter() {
	s.mu.Lock()
	s.tick()
}

func (s *Server) leave() {
	if slices.ContainsFunc(s.repos, func(r *Repo) bool {
		return slices.ContainsFunc(r.queues, func(q *mergeQueue) bool { return len(q.entries) > 0 })
	}) {
		s.poke()
	}
	s.mu.Unlock()
}

// id returns a number that nothing else has. The caller holds the lock.
func (s *Server) id() int64 {
	s.lastID++
	return s.lastID
}

// now is the time in whole seconds, as GitHub writes it.
func (s *Server) now() time.Time { return s.kit.Now().UTC().Truncate(time.Second) }

// AddApp adds a further App, installed in the organization. It gets no
// webhooks: those go to Options.App alone.
func (s *Server) AddApp(a App) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a.Permissions == nil {
		a.Permissions = DefaultPermissions()
	}
	if a.Events == nil {
		a.Events = DefaultEvents()
	}
	if a.Name == "" {
		a.Name = a.Slug
	}
	bot := &User{ID: s.id(), Login: a.Slug + "[bot]", Name: a.Name, Type: "Bot"}
	s.users = append(s.users, bot)
	s.apps = append(s.apps, &app{App: a, bot: bot, installed: s.now()})
}

// AddUser adds a person as a member of the organization, or a bot account
// outside it, and returns the user with its number.
func (s *Server) AddUser(u User) (User, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if u.Login == "" || s.user(u.Login) != nil {
		return User{}, fmt.Errorf("add user %q: the login is empty or taken", u.Login)
	}
	if u.ID == 0 {
		u.ID = s.id()
	}
	if slices.ContainsFunc(s.users, func(o *User) bool { return o.ID == u.ID }) {
		return User{}, fmt.Errorf("add user %q: number %d is taken", u.Login, u.ID)
	}
	if u.Type == "" {
		u.Type = "User"
	}
	if u.Type == "User" {
		s.orgRoles[u.ID] = "member"
	}
	s.users = append(s.users, &u)
	return u, nil
}

// HasUser reports whether there is an account with a login.
func (s *Server) HasUser(login string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.user(login) != nil
}

// RenameUser gives a user another login; the number stays.
func (s *Server) RenameUser(login, to string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.user(login)
	if u == nil || to == "" || s.user(to) != nil {
		return fmt.Errorf("rename user %q to %q: unknown, empty or taken", login, to)
	}
	u.Login = to
	return nil
}

// SetOrgRole makes a person an "admin" (owner) or "member" of the
// organization, or removes them from it with an empty role.
func (s *Server) SetOrgRole(login, role string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.user(login)
	if u == nil {
		return fmt.Errorf("set role of %q in the organization: no such user", login)
	}
	switch role {
	case "admin", "member":
		s.orgRoles[u.ID] = role
	case "":
		delete(s.orgRoles, u.ID)
	default:
		return fmt.Errorf("set role of %q in the organization: role %q is not admin or member", login, role)
	}
	return nil
}

// AddToken gives a person a personal access token that does not expire.
func (s *Server) AddToken(login, token string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.user(login)
	if u == nil || token == "" {
		return fmt.Errorf("add a token for %q: no such user, or an empty token", login)
	}
	s.tokens[token] = identity{user: u}
	s.kit.Journal.Redact(token)
	return nil
}

// user finds a user by login, in any case, or returns nil.
func (s *Server) user(login string) *User {
	i := slices.IndexFunc(s.users, func(u *User) bool { return strings.EqualFold(u.Login, login) })
	if i < 0 {
		return nil
	}
	return s.users[i]
}

// actor is the identity of a person who plays without a token.
func (s *Server) actor(login string) (identity, error) {
	u := s.user(login)
	if u == nil {
		return identity{}, notFound()
	}
	return identity{user: u}, nil
}

// api and web build URLs of the REST API and of the pages people see.
func (s *Server) api(format string, args ...any) string {
	return s.opt.BaseURL + "/api/v3" + fmt.Sprintf(format, args...)
}

func (s *Server) web(format string, args ...any) string {
	return s.opt.BaseURL + fmt.Sprintf(format, args...)
}

// randomHex returns n random bytes in hexadecimal.
func randomHex(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails, says crypto/rand
	return hex.EncodeToString(b)
}
