package awsemu

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/time/rate"
)

// Facts of the event history of CloudTrail ("Working with CloudTrail event
// history", "LookupEvents"): it keeps the management events of an account for 90
// days, newest first, at most 50 a page, at most two requests a second for an
// account and Region. A call stands in the history of the account that made it.
const (
	trailKept  = 90 * 24 * time.Hour
	trailPage  = 50
	trailRate  = 2
	trailMost  = 20_000 // kept here, whatever their age
	trailTime  = "2006-01-02T15:04:05Z"
	ssoSource  = "sso.amazonaws.com"
	consoleArn = "arn:aws:sts::%s:assumed-role/AWSReservedSSO_AdministratorAccess_0123456789abcdef/console@example.com"
)

// trailEvent is one call in the event history.
type trailEvent struct {
	id     string
	serial int
	at     time.Time // of the call
	shows  time.Time // from when on it is found
	by     identity
	name   string
	params map[string]any
	fault  *apiError // of a call that was refused
}

// trail is the event history of all accounts, in the order of the calls.
type trail struct {
	serial int
	events []trailEvent
	limits map[string]*rate.Limiter // by account
}

func newTrail() *trail { return &trail{limits: map[string]*rate.Limiter{}} }

// trailService lists the operations of CloudTrail.
func trailService() *jsonService {
	return &jsonService{
		signing: "cloudtrail", invalid: validation, admit: admitTrail,
		ops: map[string]jsonOp{"LookupEvents": op(lookupEvents)},
	}
}

func admitTrail(s *Server, c *call) error {
	l, ok := s.trail.limits[c.accountID]
	if !ok {
		l = rate.NewLimiter(trailRate, trailRate)
		s.trail.limits[c.accountID] = l
	}
	if !l.AllowN(c.now, 1) {
		return throttled()
	}
	return nil
}

// record keeps a write to sso-admin. Reads are kept by CloudTrail too; nobody
// here looks for them.
func (s *Server) record(c *call, err error) {
	if c.svc.signing != "sso" || strings.HasPrefix(c.op, "List") || strings.HasPrefix(c.op, "Describe") || strings.HasPrefix(c.op, "Get") {
		return
	}
	var in map[string]any
	if json.Unmarshal(c.body, &in) != nil {
		return // a request that cannot be read is no call
	}
	params := make(map[string]any, len(in))
	for k, v := range in {
		r, n := utf8.DecodeRuneInString(k)
		params[string(unicode.ToLower(r))+k[n:]] = v
	}
	var bad *apiError
	errors.As(err, &bad) // nil for a call that was not refused
	s.note(trailEvent{at: c.now, by: c.identity, name: c.op, params: params, fault: bad})
}

// recordConsole keeps what somebody does in the console of the account that
// administers IAM Identity Center.
func (s *Server) recordConsole(name string, a Assignment, now time.Time) {
	account := s.opts.DelegatedAdmin
	if account == "" {
		account = s.opts.ManagementAccount
	}
	arn := fmt.Sprintf(consoleArn, account)
	s.note(trailEvent{at: now, name: name, by: identity{accountID: account, arn: arn, userID: "AROA" + idLetters(arn) + ":console@example.com", temporary: true}, params: map[string]any{
		"instanceArn": s.opts.InstanceARN, "permissionSetArn": a.PermissionSetARN, "principalId": a.PrincipalID,
		"principalType": a.PrincipalType, "targetId": a.AccountID, "targetType": "AWS_ACCOUNT",
	}})
}

func (s *Server) note(e trailEvent) {
	t := s.trail
	t.serial++
	e.id, e.serial, e.shows = newUUID(), t.serial, e.at.Add(s.kit.Delay(s.opts.TrailDelay))
	t.events = append(t.events, e)
	if n := len(t.events) - trailMost; n > 0 {
		t.events = t.events[n:]
	}
}

// lookupIn is the input of LookupEvents. Times are seconds since 1970.
type lookupIn struct {
	page
	StartTime, EndTime *float64
	EventCategory      string
	LookupAttributes   []struct{ AttributeKey, AttributeValue string }
}

// check leaves all to the operation: CloudTrail has an error of its own for each
// member.
func (*lookupIn) check(*checks) {}

func (in *lookupIn) problem() error {
	switch {
	case in.MaxResults != nil && (*in.MaxResults < 1 || *in.MaxResults > trailPage):
		return fail("InvalidMaxResultsException", "Specify a value between 1 and %d for maxResults.", trailPage)
	case in.StartTime != nil && in.EndTime != nil && *in.StartTime > *in.EndTime:
		return fail("InvalidTimeRangeException", "The start time must not be after the end time.")
	case in.EventCategory != "" && in.EventCategory != "insight":
		return fail("InvalidEventCategoryException", "%q is not a valid event category.", in.EventCategory)
	case len(in.LookupAttributes) > 1:
		return fail("InvalidLookupAttributesException", "You can specify only one lookup attribute.")
	}
	for _, a := range in.LookupAttributes {
		switch a.AttributeKey {
		case "EventId", "EventName", "ReadOnly", "Username", "ResourceType", "ResourceName", "EventSource", "AccessKeyId":
		default:
			return fail("InvalidLookupAttributesException", "%q is not a valid lookup attribute.", a.AttributeKey)
		}
		if a.AttributeValue == "" || utf8.RuneCountInString(a.AttributeValue) > 2000 {
			return fail("InvalidLookupAttributesException", "The value of a lookup attribute has 1 to 2000 characters.")
		}
	}
	return nil
}

// finds reports whether an event is one that is looked for.
func (in *lookupIn) finds(e trailEvent) bool {
	at := float64(e.at.Unix())
	if in.EventCategory != "" || in.StartTime != nil && at < *in.StartTime || in.EndTime != nil && at > *in.EndTime {
		return false
	}
	for _, a := range in.LookupAttributes {
		has := map[string]string{"EventId": e.id, "EventName": e.name, "ReadOnly": "false", "Username": e.by.userName(), "EventSource": ssoSource}
		if has[a.AttributeKey] != a.AttributeValue {
			return false
		}
	}
	return true
}

// wireEvent is one event of the answer.
type wireEvent struct {
	EventId, EventName, EventSource, ReadOnly, Username string
	EventTime                                           epoch
	Resources                                           []struct{}
	CloudTrailEvent                                     string
	serial                                              int
}

type lookupOut struct {
	Events    []wireEvent
	NextToken string `json:",omitempty"`
}

func lookupEvents(s *Server, c *call, in *lookupIn) (out lookupOut, err error) {
	if err := in.problem(); err != nil {
		return out, err
	}
	var found []wireEvent
	for _, e := range s.trail.events {
		if e.by.accountID == c.accountID && !c.now.Before(e.shows) && c.now.Sub(e.at) < trailKept && in.finds(e) {
			found = append(found, e.wire(s.opts.Region))
		}
	}
	scope, _ := json.Marshal([]any{c.op, in.StartTime, in.EndTime, in.LookupAttributes, in.EventCategory})
	var ok bool
	out.Events, out.NextToken, ok = cut(s, listing[wireEvent]{
		items: found, scope: string(scope), size: trailPage,
		key: func(e wireEvent) string { return fmt.Sprintf("%012d", 1_000_000_000_000-e.serial) },
	}, in.page)
	if !ok {
		return out, fail("InvalidNextTokenException", "The token is not one of this lookup.")
	}
	return out, nil
}

// userName is what CloudTrail calls the caller: the name of the user or of the
// session.
func (i identity) userName() string { return i.arn[strings.LastIndexByte(i.arn, '/')+1:] }

// wire is an event as it is looked up; the whole of it is in a string of JSON.
func (e trailEvent) wire(region string) wireEvent {
	record := map[string]any{
		"eventVersion": "1.08", "userIdentity": e.by.record(), "eventTime": e.at.UTC().Format(trailTime), "eventSource": ssoSource,
		"eventName": e.name, "awsRegion": region, "sourceIPAddress": "203.0.113.10", "requestParameters": e.params, "responseElements": nil,
		"eventID": e.id, "readOnly": false, "eventType": "AwsApiCall", "managementEvent": true, "recipientAccountId": e.by.accountID, "eventCategory": "Management",
	}
	if e.fault != nil {
		record["errorCode"], record["errorMessage"] = e.fault.code, e.fault.message
	}
	text, _ := json.Marshal(record) // strings and values that were JSON before
	return wireEvent{EventId: e.id, EventName: e.name, EventSource: ssoSource, ReadOnly: "false", Username: e.by.userName(),
		EventTime: epoch(e.at), Resources: []struct{}{}, CloudTrailEvent: string(text), serial: e.serial}
}

// record is the userIdentity of an event ("CloudTrail userIdentity element").
func (i identity) record() map[string]any {
	out := map[string]any{"type": "IAMUser", "principalId": i.userID, "arn": i.arn, "accountId": i.accountID, "userName": i.userName()}
	if !i.temporary {
		return out
	}
	role := strings.TrimSuffix(i.arn, "/"+i.userName())
	role = role[strings.LastIndexByte(role, '/')+1:]
	delete(out, "userName")
	out["type"] = "AssumedRole"
	out["sessionContext"] = map[string]any{"sessionIssuer": map[string]any{
		"type": "Role", "principalId": strings.SplitN(i.userID, ":", 2)[0], "arn": "arn:aws:iam::" + i.accountID + ":role/" + role, "accountId": i.accountID, "userName": role,
	}}
	return out
}
