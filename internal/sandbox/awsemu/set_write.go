package awsemu

import (
	"regexp"
	"time"
)

// The string types of permission sets (botocore model of sso-admin, 1.43.11).
var (
	shapeSetName     = newShape(`[\w+=,.@-]+`, 32)
	shapeDescription = newShape(`[\x{0009}\x{000A}\x{000D}\x{0020}-\x{007E}\x{00A1}-\x{00FF}]*`, 700)
	shapeSession     = newShape(`P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?`, 100)
	shapeRelay       = newShape(`[a-zA-Z0-9&$@#\\\/%?=~\-_'"|!:,.;*+\[\]\ \(\)\{\}]+`, 240)
)

// Sessions last from one hour to twelve (user guide, "Set session duration").
const shortestSession, longestSession = time.Hour, 12 * time.Hour

// text checks a string that may be missing, but not be empty.
func (v *checks) text(member string, value *string, s shape) {
	switch {
	case value == nil:
	case *value == "":
		v.add("length", "''", member, "have length greater than or equal to 1")
	default:
		v.optional(member, *value, s)
	}
}

// value is the string that p points to, "" for nil.
func value(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}

var sessionParts = regexp.MustCompile(`^PT(?:(\d{1,2})H)?(?:(\d{1,3})M)?$`)

// session reads a duration such as PT8H or PT1H30M, and refuses what is no
// length of a session.
func session(text string) (time.Duration, error) {
	m := sessionParts.FindStringSubmatch(text)
	var d time.Duration
	if m != nil {
		d = time.Duration(number(m[1]))*time.Hour + time.Duration(number(m[2]))*time.Minute
	}
	if d < shortestSession || d > longestSession {
		return 0, fail("ValidationException", "SessionDuration %s is not between PT1H and PT12H.", text)
	}
	return d, nil
}

// number reads up to three digits; "" is zero.
func number(digits string) int {
	n := 0
	for _, d := range digits {
		n = n*10 + int(d-'0')
	}
	return n
}

type createSetIn struct {
	instanceIn
	Name                                     string
	Description, SessionDuration, RelayState *string
	Tags                                     []wireTag
}

func (in *createSetIn) check(v *checks) {
	in.instanceIn.check(v)
	v.required("name", in.Name, shapeSetName)
	v.text("description", in.Description, shapeDescription)
	v.text("sessionDuration", in.SessionDuration, shapeSession)
	v.text("relayState", in.RelayState, shapeRelay)
	v.tags(in.Tags)
}

func createPermissionSet(s *Server, c *call, in *createSetIn) (out describeSetOut, err error) {
	if err := s.checkInstance(in.InstanceArn); err != nil {
		return out, err
	}
	length := value(in.SessionDuration)
	if length == "" {
		length = "PT1H"
	}
	if _, err := session(length); err != nil {
		return out, err
	}
	arn := s.setARN(in.Name)
	set := newSet(arn, in.Name, length, c.now)
	set.description, set.relay = value(in.Description), value(in.RelayState)
	if err := set.tag(in.Tags); err != nil {
		return out, err
	}
	switch {
	case s.center.sets[arn] != nil:
		return out, fail("ConflictException", "PermissionSet with name %s already exists.", in.Name)
	case len(s.center.sets) >= s.opts.SetsPerInstance:
		return out, fail("ServiceQuotaExceededException", "At most %d permission sets can be created in an instance.", s.opts.SetsPerInstance)
	}
	s.center.sets[arn] = set
	out.PermissionSet = set.wire()
	return out, nil
}

func newSet(arn, name, session string, now time.Time) *permissionSet {
	return &permissionSet{arn: arn, name: name, session: session, created: now,
		tags: map[string]string{}, managed: map[string]bool{}, customer: map[wirePolicyRef]bool{}}
}

func (p *permissionSet) wire() wireSet {
	return wireSet{p.name, p.arn, p.description, epoch(p.created), p.session, p.relay}
}

type updateSetIn struct {
	setIn
	Description, SessionDuration, RelayState *string
}

func (in *updateSetIn) check(v *checks) {
	in.setIn.check(v)
	v.text("description", in.Description, shapeDescription)
	v.text("sessionDuration", in.SessionDuration, shapeSession)
	v.text("relayState", in.RelayState, shapeRelay)
}

// empty is the answer of operations that have none.
type empty struct{}

// updatePermissionSet takes the relay state away if the request has none
// (terraform-provider-aws issue 17411). A description and a session that are
// not named stay; that this is so in AWS too was not seen.
func updatePermissionSet(s *Server, c *call, in *updateSetIn) (empty, error) {
	set, err := s.editable(c, in.setIn)
	if err != nil {
		return empty{}, err
	}
	if in.SessionDuration != nil {
		if _, err := session(*in.SessionDuration); err != nil {
			return empty{}, err
		}
		if set.session != *in.SessionDuration {
			set.session = *in.SessionDuration
			set.version++
		}
	}
	if in.Description != nil {
		set.description = *in.Description
	}
	set.relay = value(in.RelayState)
	return empty{}, nil
}

// editable returns the set that a request is about if its caller may change it:
// a delegated administrator may not change a set that is provisioned in the
// management account.
func (s *Server) editable(c *call, in setIn) (*permissionSet, error) {
	if err := s.checkInstance(in.InstanceArn); err != nil {
		return nil, err
	}
	set, err := s.findSet(in.PermissionSetArn)
	if err != nil {
		return nil, err
	}
	mgmt := s.opts.ManagementAccount
	if c.accountID != mgmt && s.center.provisioned(pair{mgmt, set.arn}) {
		return nil, denied(c, "sso", set.arn)
	}
	return set, nil
}

// readable returns the set that a request is about.
func (s *Server) readable(in setIn) (*permissionSet, error) {
	if err := s.checkInstance(in.InstanceArn); err != nil {
		return nil, err
	}
	return s.findSet(in.PermissionSetArn)
}
