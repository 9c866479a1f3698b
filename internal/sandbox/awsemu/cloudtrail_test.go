package awsemu

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/smithy-go"
)

func (f *fixture) trail(account string) *cloudtrail.Client {
	return cloudtrail.NewFromConfig(f.config(account))
}

func eventNamed(event string) *cloudtrail.LookupEventsInput {
	return &cloudtrail.LookupEventsInput{LookupAttributes: []types.LookupAttribute{{AttributeKey: types.LookupAttributeKeyEventName, AttributeValue: &event}}}
}

func TestTheEventHistoryHasWhoChangedAnAssignment(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(o *Options) { o.TrailDelay = 2 * time.Minute }) // the SDK signs with the real time
	began := f.clock.Now()
	_, err := f.sso(testDelegate).CreateAccountAssignment(t.Context(), f.create(f.prodGroup()))
	must(t, err)
	f.clock.advance(3 * time.Second)
	must(t, f.AddAssignment(Assignment{testDev, f.readOnly, "GROUP", f.group}))
	f.RemoveAssignment(Assignment{testDev, f.readOnly, "GROUP", f.group})

	c := f.trail(testDelegate)
	if out, err := c.LookupEvents(t.Context(), eventNamed("CreateAccountAssignment")); err != nil || len(out.Events) != 0 {
		t.Errorf("at once: %d events, %v", len(out.Events), err)
	}
	f.clock.advance(2 * time.Minute)
	out, err := c.LookupEvents(t.Context(), eventNamed("CreateAccountAssignment"))
	must(t, err)
	if len(out.Events) != 2 || aws.ToString(out.Events[0].Username) != "console@example.com" || aws.ToString(out.Events[1].Username) != "bot" {
		t.Fatalf("events, newest first: %+v", out.Events)
	}
	e := out.Events[1]
	var text struct {
		EventSource, EventName, ErrorCode string
		UserIdentity                      struct{ Type, Arn, UserName string }
		RequestParameters                 struct{ TargetId, PermissionSetArn, PrincipalId, PrincipalType string }
	}
	must(t, json.Unmarshal([]byte(*e.CloudTrailEvent), &text))
	if p := text.RequestParameters; text.EventSource != "sso.amazonaws.com" || text.ErrorCode != "" || p.TargetId != testProd || p.PermissionSetArn != f.readOnly || p.PrincipalId != f.group || p.PrincipalType != "GROUP" {
		t.Errorf("event %s", *e.CloudTrailEvent)
	}
	if u := text.UserIdentity; u.Type != "IAMUser" || u.UserName != "bot" || e.EventTime.Unix() != began.Unix() {
		t.Errorf("by %+v at %s", u, e.EventTime)
	}
	// Each account has its own history, and each member its own value.
	f.clock.advance(time.Second)
	if out, err := f.trail(testMgmt).LookupEvents(t.Context(), eventNamed("CreateAccountAssignment")); err != nil || len(out.Events) != 0 {
		t.Errorf("in another account: %d events, %v", len(out.Events), err)
	}
	if out, err := c.LookupEvents(t.Context(), eventNamed("DeleteAccountAssignment")); err != nil || len(out.Events) != 1 {
		t.Errorf("deletions: %d, %v", len(out.Events), err)
	}
	f.clock.advance(time.Second)
	later := eventNamed("CreateAccountAssignment")
	later.StartTime = aws.Time(began.Add(2 * time.Second))
	if out, err := c.LookupEvents(t.Context(), later); err != nil || len(out.Events) != 1 {
		t.Errorf("since: %d, %v", len(out.Events), err)
	}
}

func TestTheEventHistoryIsReadInPagesAndKeepsRefusals(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(o *Options) { o.TrailDelay = -1; o.CenterRate = 1000 })
	in := f.create(f.prodGroup())
	for range 60 { // all but the first are refused: an operation runs in the account
		_, _ = f.sso(testDelegate).CreateAccountAssignment(t.Context(), in)
	}
	pages, events, refused := 0, 0, 0
	p := cloudtrail.NewLookupEventsPaginator(f.trail(testDelegate), eventNamed("CreateAccountAssignment"))
	for p.HasMorePages() {
		out, err := p.NextPage(t.Context())
		must(t, err)
		pages++
		for _, e := range out.Events {
			events++
			var text struct{ ErrorCode string }
			must(t, json.Unmarshal([]byte(*e.CloudTrailEvent), &text))
			if text.ErrorCode == "ConflictException" {
				refused++
			}
		}
	}
	if pages != 2 || events != 60 || refused != 59 {
		t.Errorf("%d pages, %d events, %d refused", pages, events, refused)
	}
}

func TestLookupsThatAreWrongOrTooManyAreRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	c := f.trail(testDelegate)
	two := eventNamed("x")
	two.LookupAttributes = append(two.LookupAttributes, two.LookupAttributes[0])
	now := f.clock.Now()
	for code, in := range map[string]*cloudtrail.LookupEventsInput{
		"InvalidMaxResultsException":       {MaxResults: aws.Int32(51)},
		"InvalidTimeRangeException":        {StartTime: aws.Time(now), EndTime: aws.Time(now.Add(-time.Hour))},
		"InvalidLookupAttributesException": two,
		"InvalidNextTokenException":        {NextToken: aws.String("eW91cnM")},
	} {
		f.clock.advance(time.Second)
		var got smithy.APIError
		if _, err := c.LookupEvents(t.Context(), in); !errors.As(err, &got) || got.ErrorCode() != code {
			t.Errorf("want %s, got %v", code, err)
		}
	}
	f.clock.advance(time.Second)
	for i, want := range []bool{true, true, false} {
		if _, err := c.LookupEvents(t.Context(), eventNamed("x")); (err == nil) != want {
			t.Errorf("lookup %d in a second: %v", i+1, err)
		}
	}
	f.RemoveCredentials("AKIA" + testDelegate)
	var got smithy.APIError
	if _, err := c.LookupEvents(t.Context(), eventNamed("x")); !errors.As(err, &got) || got.ErrorCode() != "UnrecognizedClientException" {
		t.Errorf("unknown key: %v", err)
	}
}
