package awsemu

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
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
	// maxForm is the largest form taken, in bytes.
	maxForm = 1 << 20
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
	s.keys.roles[arn] = role{arn, parts[4], name, slices.Clone(trusted), externalID}
	return nil
}

// queryError is a refusal in the words of the Query protocol.
type queryError struct {
	status        int
	code, message string
}

func (e *queryError) Error() string { return e.code + ": " + e.message }

func failQuery(status int, code, format string, args ...any) *queryError {
	return &queryError{status, code, fmt.Sprintf(format, args...)}
}

// serveQuery answers one request of the Query protocol, all of which are for sts.
func (s *Server) serveQuery(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxForm))
	if err != nil {
		http.Error(w, "request body too large", http.StatusRequestEntityTooLarge)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	form, bad := url.ParseQuery(string(body))
	if r.Method == http.MethodGet {
		form = r.URL.Query()
	}
	s.kit.Serve(w, r, service, form.Get("Action"), func(w http.ResponseWriter, r *http.Request) {
		var out any
		err := bad
		if err == nil {
			out, err = s.callQuery(form, body, r)
		} else {
			err = failQuery(http.StatusBadRequest, "MalformedQueryString", "The query string contains a syntax error")
		}
		s.writeXML(w, out, err)
	})
}

// callQuery checks the credentials and runs the action.
func (s *Server) callQuery(form url.Values, body []byte, r *http.Request) (any, error) {
	if strings.Trim(r.URL.Path, "/") != "" {
		return nil, failQuery(http.StatusNotFound, "InvalidAction", "There is no service at this path.")
	}
	who, bad := s.authenticate(r, body, "sts")
	if bad != nil {
		return nil, failQuery(bad.queryStatus, bad.query, "%s", bad.message)
	}
	action := form.Get("Action")
	if action == "" {
		return nil, failQuery(http.StatusBadRequest, "MissingAction", "The request must contain the parameter Action.")
	}
	if form.Get("Version") == stsVersion {
		switch action {
		case "GetCallerIdentity":
			return callerIdentity{
				Xmlns: stsNamespace, Arn: who.arn, UserID: who.userID, Account: who.accountID, RequestID: s.opts.NewID(),
			}, nil
		case "AssumeRole":
			return s.assumeRole(who, form)
		}
	}
	return nil, failQuery(http.StatusBadRequest, "InvalidAction", "Could not find operation %s for version %s", action, form.Get("Version"))
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

func (s *Server) assumeRole(who identity, form url.Values) (any, error) {
	arn, session := form.Get("RoleArn"), form.Get("RoleSessionName")
	if arn == "" || !sessionName.MatchString(session) {
		return nil, failQuery(http.StatusBadRequest, "ValidationError",
			"RoleArn must be given, and RoleSessionName must satisfy regular expression pattern: [\\w+=,.@-]{2,64}")
	}
	seconds, err := sessionSeconds(form, who)
	if err != nil {
		return nil, err
	}
	now := s.lock()
	defer s.mu.Unlock()
	r, ok := s.keys.roles[arn]
	if !ok || !r.trusts(who) || r.externalID != "" && form.Get("ExternalId") != r.externalID {
		return nil, failQuery(http.StatusForbidden, "AccessDenied", "User: %s is not authorized to perform: sts:AssumeRole on resource: %s", who.arn, arn)
	}
	cred := s.keys.session(r, session, now.Add(time.Duration(seconds)*time.Second))
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

// writeXML writes an answer or an error of the Query protocol.
func (s *Server) writeXML(w http.ResponseWriter, out any, err error) {
	status := http.StatusOK
	if err != nil {
		var e *queryError
		if !errors.As(err, &e) { // unreachable: all errors here are query errors
			e = failQuery(http.StatusInternalServerError, "InternalFailure", "%v", err)
		}
		status = e.status
		out = wireQueryError{Xmlns: stsNamespace, Type: "Sender", Code: e.code, Message: e.message, RequestID: s.opts.NewID()}
	}
	b, err := xml.Marshal(out)
	if err != nil { // unreachable: all answers are plain structs
		status = http.StatusInternalServerError
	}
	w.Header().Set("Content-Type", "text/xml")
	w.Header().Set("X-Amzn-RequestId", s.opts.NewID())
	w.WriteHeader(status)
	_, _ = w.Write(b) // kept in memory until it is journalled
}

type wireQueryError struct {
	XMLName   xml.Name `xml:"ErrorResponse"`
	Xmlns     string   `xml:"xmlns,attr"`
	Type      string   `xml:"Error>Type"`
	Code      string   `xml:"Error>Code"`
	Message   string   `xml:"Error>Message"`
	RequestID string   `xml:"RequestId"`
}
