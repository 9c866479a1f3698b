package cloudtrail

import (
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"aws-access-bot/internal/provision"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"golang.org/x/time/rate"
)

// Hurry takes the pace away, for tests that are not about it.
func (c *Client) Hurry() { c.pace = rate.NewLimiter(rate.Inf, 1) }

const params = `"requestParameters":{"targetId":"111122223333","targetType":"AWS_ACCOUNT","permissionSetArn":"arn","principalType":"GROUP","principalId":"g"}`

func event(text string) types.Event {
	return types.Event{EventTime: aws.Time(time.Unix(1, 0)), Username: aws.String("plain"), CloudTrailEvent: &text}
}

// TestWhoACallIsOf goes by the examples of "CloudTrail userIdentity element".
func TestWhoACallIsOf(t *testing.T) {
	t.Parallel()
	for identity, want := range map[string]string{
		`{"type":"IAMUser","arn":"arn:aws:iam::123456789012:user/Alice","userName":"Alice"}`:                                                                                    "Alice",
		`{"type":"AssumedRole","arn":"arn:aws:sts::123456789012:assumed-role/RoleToBeAssumed/MySessionName","sessionContext":{"sessionIssuer":{"userName":"RoleToBeAssumed"}}}`: "MySessionName with the role RoleToBeAssumed",
		`{"type":"Root","arn":"arn:aws:iam::123456789012:root","accountId":"123456789012"}`:                                                                                     "the root user of account 123456789012",
		`{"type":"AWSService","invokedBy":"member.org.stacksets.cloudformation.amazonaws.com"}`:                                                                                 "member.org.stacksets.cloudformation.amazonaws.com",
		`{"type":"IdentityCenterUser"}`:                                    "plain",
		`{"type":"IAMUser","userName":"a\u202eb\nc\u0000"}`:                "ab c",
		`{"type":"IAMUser","userName":"` + strings.Repeat("x", 500) + `"}`: strings.Repeat("x", maxName-1) + "…",
	} {
		e, ok := read(event(`{"eventSource":"sso.amazonaws.com",`+params+`,"userIdentity":`+identity+`}`), provision.Create, map[string]string{"arn": "Reader"})
		if !ok || e.By != want {
			t.Errorf("%s: %q, %v", identity, e.By, ok)
		}
	}
}

// FuzzRead: whatever stands in an event, what is told of it is one short line,
// and a call that was refused is none.
func FuzzRead(f *testing.F) {
	for _, s := range []string{``, `{}`, `null`, `{"eventSource":"sso.amazonaws.com",` + params + `,"userIdentity":{"type":"AssumedRole","arn":"/"}}`,
		`{"eventSource":"sso.amazonaws.com","errorCode":"AccessDenied",` + params + `}`, `{"eventSource":"iam.amazonaws.com",` + params + `}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e, ok := read(event(text), provision.Delete, map[string]string{"arn": "Reader"})
		if !ok {
			return
		}
		if n := utf8.RuneCountInString(e.By); n == 0 || n > 2*maxName+20 || strings.ContainsFunc(e.By, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }) {
			t.Errorf("%q tells %q", text, e.By)
		}
		if e.Pair.PermissionSet != "Reader" || !strings.Contains(text, "sso.amazonaws.com") {
			t.Errorf("%q is read as %+v", text, e)
		}
	})
}
