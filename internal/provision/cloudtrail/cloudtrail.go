// Package cloudtrail asks the event history of AWS CloudTrail who created and
// deleted account assignments.
//
// The event history is there without a trail and costs nothing. It has the
// management events of one account and Region for 90 days, some 5 and at most
// about 15 minutes late, newest first, in pages of at most 50, and may be asked
// twice a second. A call stands in the account that made it: what an
// administrator does in the management account is not in the history of the
// delegated administrator. CreateAccountAssignment and DeleteAccountAssignment
// have the source sso.amazonaws.com. (CloudTrail user guide, "Working with
// CloudTrail event history"; LookupEvents; IAM Identity Center user guide,
// "Logging IAM Identity Center API calls with CloudTrail".)
//
// Names in it are outside text: they are cut to one line of bounded length, and
// nothing is decided by them.
package cloudtrail

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/provision/awsclient"
	"aws-access-bot/internal/provision/fault"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"golang.org/x/time/rate"
)

const (
	// every is how far apart lookups are: half of what AWS takes.
	every = time.Second
	// maxPages bounds one lookup, to a thousand events.
	maxPages = 20
	// maxEvent is the longest event that is read, in bytes (CloudTrail: 256 KiB).
	maxEvent = 256 << 10
	// maxName is the longest name that is told, in characters.
	maxName = 120
	source  = "sso.amazonaws.com"
)

// Sets returns the ARNs of the permission sets by name.
type Sets interface {
	PermissionSets(ctx context.Context) (map[string]string, error)
}

// Client implements provision.Trail. It is safe for concurrent use.
type Client struct {
	api  []*cloudtrail.Client
	sets Sets
	pace *rate.Limiter
}

// New returns a client that looks into the history of the account of each
// configuration.
func New(sets Sets, configs ...aws.Config) *Client {
	c := &Client{sets: sets, pace: rate.NewLimiter(rate.Every(every), 1)}
	for _, cfg := range configs {
		c.api = append(c.api, cloudtrail.NewFromConfig(cfg))
	}
	return c
}

// Changes implements provision.Trail. What comes beside an error is good: the
// history of one account may be readable and that of another not.
func (c *Client) Changes(ctx context.Context, since time.Time) ([]provision.TrailEvent, error) {
	byName, err := c.sets.PermissionSets(ctx)
	if err != nil {
		return nil, fmt.Errorf("look up who changed assignments: %w", err)
	}
	names := make(map[string]string, len(byName))
	for name, arn := range byName {
		names[arn] = name
	}
	var out []provision.TrailEvent
	var failed []error
	for _, api := range c.api {
		for _, action := range []provision.Action{provision.Create, provision.Delete} {
			list, err := c.lookUp(ctx, api, action, since)
			failed = append(failed, err)
			for _, e := range list {
				if change, ok := read(e, action, names); ok {
					out = append(out, change)
				}
			}
		}
	}
	return out, errors.Join(failed...)
}

// eventName is what AWS calls an action.
func eventName(a provision.Action) string {
	if a == provision.Create {
		return "CreateAccountAssignment"
	}
	return "DeleteAccountAssignment"
}

// lookUp returns the events of an action since a time, newest first.
func (c *Client) lookUp(ctx context.Context, api *cloudtrail.Client, action provision.Action, since time.Time) ([]types.Event, error) {
	name := eventName(action)
	in := &cloudtrail.LookupEventsInput{StartTime: &since,
		LookupAttributes: []types.LookupAttribute{{AttributeKey: types.LookupAttributeKeyEventName, AttributeValue: &name}}}
	var out []types.Event
	for range maxPages {
		if err := c.pace.Wait(ctx); err != nil {
			return out, fmt.Errorf("look up %s: %w", name, err)
		}
		page, err := api.LookupEvents(ctx, in)
		if err != nil {
			return out, awsclient.Mapped("look up "+name, err)
		}
		out = append(out, page.Events...)
		if aws.ToString(page.NextToken) == "" {
			break
		}
		in.NextToken = page.NextToken
	}
	return out, nil
}

// record is what is read of an event ("CloudTrail record contents").
type record struct {
	EventSource       string `json:"eventSource"`
	ErrorCode         string `json:"errorCode"`
	RequestParameters struct {
		TargetID      string `json:"targetId"`
		SetARN        string `json:"permissionSetArn"`
		PrincipalID   string `json:"principalId"`
		PrincipalType string `json:"principalType"`
	} `json:"requestParameters"`
	UserIdentity identity `json:"userIdentity"`
}

type identity struct {
	Type           string `json:"type"`
	ARN            string `json:"arn"`
	AccountID      string `json:"accountId"`
	UserName       string `json:"userName"`
	InvokedBy      string `json:"invokedBy"`
	SessionContext struct {
		SessionIssuer struct {
			UserName string `json:"userName"`
		} `json:"sessionIssuer"`
	} `json:"sessionContext"`
}

// read reads an event. It is false for a call that was refused, and for what is
// not understood.
func read(e types.Event, action provision.Action, names map[string]string) (provision.TrailEvent, bool) {
	var r record
	text := aws.ToString(e.CloudTrailEvent)
	if e.EventTime == nil || len(text) > maxEvent || json.Unmarshal([]byte(text), &r) != nil || r.EventSource != source || r.ErrorCode != "" {
		return provision.TrailEvent{}, false
	}
	p := r.RequestParameters
	kind, ok := map[string]config.PrincipalKind{"GROUP": config.GroupPrincipal, "USER": config.UserPrincipal}[p.PrincipalType]
	set := names[p.SetARN]
	by := r.UserIdentity.name(aws.ToString(e.Username))
	if !ok || set == "" || by == "" {
		return provision.TrailEvent{}, false
	}
	return provision.TrailEvent{At: e.EventTime.UTC(), Action: action, Pair: config.Pair{Account: p.TargetID, PermissionSet: set},
		Who: provision.LiveAssignment{PrincipalID: p.PrincipalID, Kind: kind}, By: by}, true
}

// name is who it was, in words: the user, the session of a role, or a service.
func (i identity) name(username string) string {
	role := oneLine(i.SessionContext.SessionIssuer.UserName)
	who := oneLine(i.UserName)
	switch {
	case i.Type == "Root":
		return "the root user of account " + oneLine(i.AccountID)
	case i.Type == "AssumedRole":
		if at := strings.LastIndexByte(i.ARN, '/'); at >= 0 {
			who = oneLine(i.ARN[at+1:])
		}
	case i.InvokedBy != "":
		who = oneLine(i.InvokedBy)
	}
	if who == "" {
		who = oneLine(username)
	}
	if who != "" && role != "" {
		return who + " with the role " + role
	}
	return who
}

// oneLine is outside text on one line, without what changes how the rest of it
// is shown, and of bounded length.
func oneLine(s string) string {
	r := []rune(strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, fault.Sentence(s)))
	if len(r) > maxName {
		return string(r[:maxName-1]) + "…"
	}
	return string(r)
}
