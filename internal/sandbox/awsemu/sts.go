package awsemu

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	stsNamespace = "https://sts.amazonaws.com/doc/2011-06-15/"
	stsVersion   = "2011-06-15"
	// Session lengths of AssumeRole, in seconds ("AssumeRole" in the STS API
	// reference): 15 minutes to 12 hours, an hour if not said, and no more than
	// an hour for a role assumed by a role.
	sessionMin, sessionMax, sessionDefault, sessionChained = 900, 43200, 3600, 3600
)

// role is a role that can be assumed.
type role struct {
	arn, accountID, name string
	trusted              []string // account ids or ARNs
	externalID           string   // that a caller must name, if not empty
	actions              []string // of iam that it permits, maybe with *
}

// AddRole makes a role known, arn:aws:iam::ACCOUNT:role/NAME. It trusts accounts
// (by 12-digit id) and callers (by ARN; a role's ARN stands for its sessions).
// If externalID is not empty, callers must pass it.
func (s *Server) AddRole(arn, externalID string, trusted ...string) error {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[2] != "iam" || !strings.HasPrefix(parts[5], "role/") || !shapeAccount.re.MatchString(parts[4]) {
		return fmt.Errorf("role %q: want arn:aws:iam::ACCOUNT:role/NAME", arn)
	}
	name := parts[5][strings.LastIndex(parts[5], "/")+1:]
	s.lock()
	defer s.mu.Unlock()
	s.keys.roles[arn] = role{arn: arn, accountID: parts[4], name: name, trusted: slices.Clone(trusted), externalID: externalID}
	return nil
}

// PermitRole replaces the actions of iam that a role permits, such as
// iam:ListUsers, iam:List* or *. A role that was just added permits none. What
// a role may do with other services is what its account may do.
func (s *Server) PermitRole(arn string, actions ...string) error {
	s.lock()
	defer s.mu.Unlock()
	r, ok := s.keys.roles[arn]
	if !ok {
		return fmt.Errorf("role %s: it does not exist", arn)
	}
	r.actions = slices.Clone(actions)
	s.keys.roles[arn] = r
	return nil
}

// RemoveRole deletes a role: its sessions can do nothing any more.
func (s *Server) RemoveRole(arn string) {
	s.lock()
	defer s.mu.Unlock()
	delete(s.keys.roles, arn)
	for key, c := range s.keys.keys {
		if c.role == arn {
			delete(s.keys.keys, key)
		}
	}
}

// stsService lists the actions of sts.
func stsService() *queryService {
	return &queryService{
		signing: "sts", version: stsVersion, namespace: stsNamespace,
		actions: map[string]queryAction{"GetCallerIdentity": getCallerIdentity, "AssumeRole": assumeRole},
	}
}

type callerIdentity struct {
	XMLName   xml.Name `xml:"GetCallerIdentityResponse"`
	Xmlns     string   `xml:"xmlns,attr"`
	Arn       string   `xml:"GetCallerIdentityResult>Arn"`
	UserID    string   `xml:"GetCallerIdentityResult>UserId"`
	Account   string   `xml:"GetCallerIdentityResult>Account"`
	RequestID string   `xml:"ResponseMetadata>RequestId"`
}

type wireCredentials struct {
	AccessKeyID     string `xml:"AccessKeyId"`
	SecretAccessKey string
	SessionToken    string
	Expiration      string
}

func getCallerIdentity(s *Server, c *queryCall) (any, error) {
	return callerIdentity{Xmlns: stsNamespace, Arn: c.arn, UserID: c.userID, Account: c.accountID, RequestID: s.opts.NewID()}, nil
}

type assumedRole struct {
	XMLName     xml.Name        `xml:"AssumeRoleResponse"`
	Xmlns       string          `xml:"xmlns,attr"`
	RoleID      string          `xml:"AssumeRoleResult>AssumedRoleUser>AssumedRoleId"`
	Arn         string          `xml:"AssumeRoleResult>AssumedRoleUser>Arn"`
	Credentials wireCredentials `xml:"AssumeRoleResult>Credentials"`
	RequestID   string          `xml:"ResponseMetadata>RequestId"`
}

var sessionName = regexp.MustCompile(`^[\w+=,.@-]{2,64}$`)

// sessionSeconds reads the length of the session that is asked for.
func sessionSeconds(form url.Values, who identity) (int, error) {
	text := form.Get("DurationSeconds")
	if text == "" {
		return sessionDefault, nil
	}
	n, err := strconv.Atoi(text)
	switch {
	case err != nil:
		return 0, failQuery(http.StatusBadRequest, "MalformedInput", "DurationSeconds is not a number: %s", text)
	case n < sessionMin, n > sessionMax:
		return 0, failQuery(http.StatusBadRequest, "ValidationError",
			"1 validation error detected: Value '%d' at 'durationSeconds' failed to satisfy constraint: Member must have value between %d and %d", n, sessionMin, sessionMax)
	case who.temporary && n > sessionChained:
		return 0, failQuery(http.StatusBadRequest, "ValidationError", "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining")
	}
	return n, nil
}

func assumeRole(s *Server, c *queryCall) (any, error) {
	arn, session := c.form.Get("RoleArn"), c.form.Get("RoleSessionName")
	if arn == "" || !sessionName.MatchString(session) {
		return nil, failQuery(http.StatusBadRequest, "ValidationError",
			"RoleArn must be given, and RoleSessionName must satisfy regular expression pattern: [\\w+=,.@-]{2,64}")
	}
	seconds, err := sessionSeconds(c.form, c.identity)
	if err != nil {
		return nil, err
	}
	r, ok := s.keys.roles[arn]
	if !ok || !r.trusts(c.identity) || r.externalID != "" && c.form.Get("ExternalId") != r.externalID || !s.org.usable(r.accountID) {
		return nil, failQuery(http.StatusForbidden, "AccessDenied", "User: %s is not authorized to perform: sts:AssumeRole on resource: %s", c.arn, arn)
	}
	cred := s.keys.session(r, session, c.now.Add(time.Duration(seconds)*time.Second))
	key := "ASIA" + idLetters(s.opts.NewID())[:16]
	s.keys.keys[key] = cred
	s.kit.Journal.Redact(cred.secret, cred.token)
	return assumedRole{
		Xmlns: stsNamespace, RoleID: cred.userID, Arn: cred.arn, RequestID: s.opts.NewID(),
		Credentials: wireCredentials{key, cred.secret, cred.token, cred.ends.UTC().Format(time.RFC3339)},
	}, nil
}

// trusts reports whether a role's trust policy names the caller.
func (r role) trusts(who identity) bool {
	return slices.ContainsFunc(r.trusted, func(t string) bool {
		return t == who.accountID || t == who.arn || t == roleOf(who.arn)
	})
}

// roleOf returns the ARN of the role that a session ARN belongs to, or "".
// Roles with a path have lost it in the ARN of their sessions.
func roleOf(arn string) string {
	rest, ok := strings.CutPrefix(arn, "arn:aws:sts::")
	if !ok {
		return ""
	}
	account, session, ok := strings.Cut(rest, ":assumed-role/")
	name, _, named := strings.Cut(session, "/")
	if !ok || !named {
		return ""
	}
	return "arn:aws:iam::" + account + ":role/" + name
}
