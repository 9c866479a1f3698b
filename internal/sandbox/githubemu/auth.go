package githubemu

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// maxJWTLife is how far ahead the exp of an App's JWT may be ("no more than
// 10 minutes", Generating a JSON Web Token); a minute of clock skew is let
// pass, as GitHub does.
const maxJWTLife = 11 * time.Minute

// tokenLife is how long an installation token works (Generating an
// installation access token: one hour).
const tokenLife = time.Hour

// identity is who a request comes from.
type identity struct {
	user *User // the person, or the App's bot
	app  *app  // set for an App's JWT and for its installation tokens
	jwt  bool
	// perms and repos are the limits of an installation token; nil repos
	// means all repositories of the installation.
	perms   map[string]string
	repos   []int64
	expires time.Time // zero means never
}

// name is how the journal calls it; no secret is in it.
func (i identity) name() string {
	switch {
	case i.jwt:
		return "app/" + i.app.Slug
	case i.user != nil:
		return i.user.Login
	}
	return ""
}

// person reports whether it is a human's token or a human playing.
func (i identity) person() bool { return i.app == nil }

// authenticate finds out who sent the request.
func (s *Server) authenticate(r *http.Request, wantJWT bool) (identity, error) {
	kind, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	token = strings.TrimSpace(token)
	if kind == "Basic" {
		_, token, _ = r.BasicAuth()
	} else if !strings.EqualFold(kind, "Bearer") && !strings.EqualFold(kind, "token") {
		return identity{}, refuse(http.StatusUnauthorized, "Requires authentication")
	}
	if strings.Count(token, ".") == 2 {
		who, err := s.verifyJWT(token)
		if err == nil && !wantJWT {
			// A JWT speaks for the App, which has no access to repositories.
			err = refuse(http.StatusUnauthorized, "Bad credentials")
		}
		return who, err
	}
	if wantJWT {
		return identity{}, refuse(http.StatusUnauthorized, "A JSON web token could not be decoded")
	}
	who, found := s.tokens[token]
	if !found || token == "" || (!who.expires.IsZero() && !s.kit.Now().Before(who.expires)) {
		return identity{}, refuse(http.StatusUnauthorized, "Bad credentials")
	}
	if who.app != nil && !who.app.suspended.IsZero() {
		return identity{}, errSuspended()
	}
	return who, nil
}

// verifyJWT checks an App's JWT as documented: RS256, issued in the past,
// ending within ten minutes, by a known App (its id or its client id).
func (s *Server) verifyJWT(token string) (identity, error) {
	undecodable := refuse(http.StatusUnauthorized, "A JSON web token could not be decoded")
	unverified, _, err := jwt.NewParser().ParseUnverified(token, &jwt.RegisteredClaims{})
	if err != nil {
		return identity{}, undecodable
	}
	iss, err := unverified.Claims.GetIssuer()
	if err != nil {
		return identity{}, undecodable // unreachable: RegisteredClaims never fail
	}
	a := s.appByIssuer(iss)
	if a == nil {
		return identity{}, refuse(http.StatusNotFound, "Integration not found")
	}
	if a.PublicKey == nil {
		return identity{}, undecodable
	}
	var claims jwt.RegisteredClaims
	now := s.kit.Now()
	_, err = jwt.NewParser(
		jwt.WithValidMethods([]string{"RS256"}), jwt.WithTimeFunc(func() time.Time { return now }),
		jwt.WithExpirationRequired(), jwt.WithIssuedAt(),
	).ParseWithClaims(token, &claims, func(*jwt.Token) (any, error) { return a.PublicKey, nil })
	switch {
	case errors.Is(err, jwt.ErrTokenExpired), errors.Is(err, jwt.ErrTokenRequiredClaimMissing):
		return identity{}, refuse(http.StatusUnauthorized, "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires")
	case errors.Is(err, jwt.ErrTokenUsedBeforeIssued), err == nil && claims.IssuedAt == nil:
		return identity{}, refuse(http.StatusUnauthorized, "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued")
	case err != nil:
		return identity{}, undecodable
	case claims.ExpiresAt.After(now.Add(maxJWTLife)):
		return identity{}, refuse(http.StatusUnauthorized, "'Expiration time' claim ('exp') is too far in the future")
	}
	return identity{user: a.bot, app: a, jwt: true}, nil
}

func (s *Server) appByIssuer(iss string) *app {
	for _, a := range s.apps {
		if iss == strconv.FormatInt(a.ID, 10) || (a.ClientID != "" && iss == a.ClientID) {
			return a
		}
	}
	return nil
}

// permit checks what a route needs against what the caller may do.
func (s *Server) permit(c *call, need string) error {
	switch {
	case need == "" || need == "jwt":
		return nil
	case need == "user":
		if !c.who.person() {
			return refuse(http.StatusForbidden, "Resource not accessible by integration")
		}
		return nil
	}
	for _, alt := range strings.Split(need, "|") {
		if s.may(c.who, c.repo, alt) {
			return nil
		}
	}
	switch {
	case !c.who.person():
		return refuse(http.StatusForbidden, "Resource not accessible by integration")
	case strings.HasPrefix(need, "checks:write"):
		return refuse(http.StatusForbidden, "You must authenticate via a GitHub App.")
	case strings.HasPrefix(need, "administration"):
		return refuse(http.StatusForbidden, "Must have admin rights to Repository.")
	}
	return refuse(http.StatusForbidden, "Resource not accessible by personal access token")
}

// may reports whether the caller has one permission ("contents:write").
func (s *Server) may(who identity, r *Repo, perm string) bool {
	name, level, _ := strings.Cut(perm, ":")
	if !who.person() {
		have := who.perms[name]
		return have == "write" || have == "admin" || (have == "read" && level == "read") || (name == "metadata" && level == "read")
	}
	if r == nil { // organization: members see each other and the teams
		return s.orgRoles[who.user.ID] != ""
	}
	role := r.role(who.user)
	switch {
	case name == "checks" && level == "write":
		return false
	case name == "administration":
		return role == "admin"
	case level == "read", name == "pull_requests", name == "issues":
		return atLeast(role, "read")
	}
	return atLeast(role, "write")
}

// roles are the repository roles from weak to strong.
func roles() []string { return []string{"none", "read", "triage", "write", "maintain", "admin"} }

func atLeast(have, want string) bool {
	return slices.Index(roles(), have) >= slices.Index(roles(), want)
}

// bucket is one caller's rate limit: a count that starts anew each hour.
type bucket struct {
	used  int
	reset time.Time
}

// budget is the key of a caller's limit. GraphQL has one of its own, counted
// in points, of which most queries cost one.
func (i identity) budget(resource string) string { return resource + " " + i.name() }

// spend takes one request from the caller's hour and writes the headers.
func (s *Server) spend(who identity, resource string, h http.Header) *Error {
	key := who.budget(resource)
	b := s.limits[key]
	now := s.kit.Now()
	if b == nil || !now.Before(b.reset) {
		b = &bucket{reset: now.Add(time.Hour)}
		s.limits[key] = b
	}
	over := b.used >= s.opt.RateLimit
	if !over {
		b.used++
	}
	s.rateHeaders(b, resource, h)
	if !over {
		return nil
	}
	owner := fmt.Sprintf("user ID %d", who.user.ID)
	if who.app != nil {
		owner = fmt.Sprintf("installation ID %d", who.app.InstallationID)
	}
	return refuse(http.StatusForbidden, "API rate limit exceeded for %s.", owner)
}

// refund gives a request back: one that is answered 304 does not count.
func (s *Server) refund(who identity, h http.Header) {
	if b := s.limits[who.budget("core")]; b != nil && b.used > 0 {
		b.used--
		s.rateHeaders(b, "core", h)
	}
}

func (s *Server) rateHeaders(b *bucket, resource string, h http.Header) {
	h.Set("X-RateLimit-Limit", strconv.Itoa(s.opt.RateLimit))
	h.Set("X-RateLimit-Remaining", strconv.Itoa(s.opt.RateLimit-b.used))
	h.Set("X-RateLimit-Used", strconv.Itoa(b.used))
	h.Set("X-RateLimit-Reset", strconv.FormatInt(b.reset.Unix(), 10))
	h.Set("X-RateLimit-Resource", resource)
}
