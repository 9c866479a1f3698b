package awsemu

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/google/go-cmp/cmp"
)

const testRole = "arn:aws:iam::" + testMgmt + ":role/aws-access-bot"

func assume(t *testing.T, f *fixture, in *sts.AssumeRoleInput) (*sts.AssumeRoleOutput, error) {
	t.Helper()
	return f.sts(testDelegate).AssumeRole(background(), in)
}

func TestGetCallerIdentityNeedsNoRights(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	out, err := f.sts(testOther).GetCallerIdentity(background(), &sts.GetCallerIdentityInput{})
	must(t, err)
	got := []string{*out.Account, *out.Arn, (*out.UserId)[:4]}
	if diff := cmp.Diff([]string{testOther, "arn:aws:iam::" + testOther + ":user/bot", "AIDA"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestAssumedRoleActsInItsAccountUntilItEnds(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	must(t, f.AddRole(testRole, "", testDelegate))
	out, err := assume(t, f, &sts.AssumeRoleInput{RoleArn: aws.String(testRole), RoleSessionName: aws.String("bot"), DurationSeconds: aws.Int32(900)})
	must(t, err)
	if want := "arn:aws:sts::" + testMgmt + ":assumed-role/aws-access-bot/bot"; *out.AssumedRoleUser.Arn != want {
		t.Errorf("arn %s, want %s", *out.AssumedRoleUser.Arn, want)
	}
	if d := out.Credentials.Expiration.Sub(f.clock.Now()); d < 899*time.Second || d > 900*time.Second {
		t.Errorf("ends in %v", d)
	}
	cfg := f.config(testDelegate)
	c := out.Credentials
	cfg.Credentials = credentials.NewStaticCredentialsProvider(*c.AccessKeyId, *c.SecretAccessKey, *c.SessionToken)
	// Only the management account may call this.
	in := &ssoadmin.ListAccountAssignmentsForPrincipalInput{InstanceArn: &f.opts.InstanceARN, PrincipalId: &f.group, PrincipalType: "GROUP"}
	_, err = ssoadmin.NewFromConfig(cfg).ListAccountAssignmentsForPrincipal(background(), in)
	must(t, err)

	cfg.Credentials = credentials.NewStaticCredentialsProvider(*c.AccessKeyId, *c.SecretAccessKey, *c.SessionToken+"x")
	_, err = ssoadmin.NewFromConfig(cfg).ListAccountAssignmentsForPrincipal(background(), in)
	if got := code(t, err); got != "UnrecognizedClientException" {
		t.Errorf("wrong session token: %s", got)
	}

	cfg.Credentials = credentials.NewStaticCredentialsProvider(*c.AccessKeyId, *c.SecretAccessKey, *c.SessionToken)
	f.Server.keys.expire(f.Server, *c.AccessKeyId, f.clock.Now())
	_, err = ssoadmin.NewFromConfig(cfg).ListAccountAssignmentsForPrincipal(background(), in)
	if got := code(t, err); got != "ExpiredTokenException" {
		t.Errorf("after its end: %s", got)
	}
}

// expire moves the end of temporary credentials, since moving the clock by
// fifteen minutes would make every signature of the SDK too old.
func (k *keyring) expire(s *Server, key string, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := k.keys[key]
	c.ends = at
	k.keys[key] = c
}

func TestAssumeRoleRefuses(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	must(t, f.AddRole(testRole, "", testProd))
	must(t, f.AddRole(testRole+"-external", "agreed", testDelegate))
	tests := []struct {
		name string
		in   sts.AssumeRoleInput
		want string
	}{
		{"a caller the role does not trust", sts.AssumeRoleInput{RoleArn: aws.String(testRole)}, "AccessDenied"},
		{"a role that does not exist", sts.AssumeRoleInput{RoleArn: aws.String(testRole + "-none")}, "AccessDenied"},
		{"a missing external id", sts.AssumeRoleInput{RoleArn: aws.String(testRole + "-external")}, "AccessDenied"},
		{"a wrong external id", sts.AssumeRoleInput{RoleArn: aws.String(testRole + "-external"), ExternalId: aws.String("other")}, "AccessDenied"},
		{"the right external id is accepted", sts.AssumeRoleInput{RoleArn: aws.String(testRole + "-external"), ExternalId: aws.String("agreed")}, ""},
		{"a session too short", sts.AssumeRoleInput{RoleArn: aws.String(testRole + "-external"), DurationSeconds: aws.Int32(899)}, "ValidationError"},
		{"a session too long", sts.AssumeRoleInput{RoleArn: aws.String(testRole + "-external"), DurationSeconds: aws.Int32(43201)}, "ValidationError"},
		{"a session name with blanks", sts.AssumeRoleInput{RoleArn: aws.String(testRole + "-external"), RoleSessionName: aws.String("a b")}, "ValidationError"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if tc.in.RoleSessionName == nil {
				tc.in.RoleSessionName = aws.String("bot")
			}
			_, err := assume(t, f, &tc.in)
			if got := code(t, err); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestRoleChainingIsLimitedToAnHour(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	must(t, f.AddRole(testRole, "", testDelegate))
	must(t, f.AddRole(testRole+"-next", "", testRole))
	out, err := assume(t, f, &sts.AssumeRoleInput{RoleArn: aws.String(testRole), RoleSessionName: aws.String("bot")})
	must(t, err)
	cfg := f.config(testDelegate)
	c := out.Credentials
	cfg.Credentials = credentials.NewStaticCredentialsProvider(*c.AccessKeyId, *c.SecretAccessKey, *c.SessionToken)
	for seconds, want := range map[int32]string{3600: "", 3601: "ValidationError"} {
		_, err = sts.NewFromConfig(cfg).AssumeRole(background(), &sts.AssumeRoleInput{
			RoleArn: aws.String(testRole + "-next"), RoleSessionName: aws.String("bot"), DurationSeconds: aws.Int32(seconds),
		})
		if got := code(t, err); got != want {
			t.Errorf("%d seconds: got %q, want %q", seconds, got, want)
		}
	}
}

func TestJournalHasCallersAndNoSecrets(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	must(t, f.AddRole(testRole, "", testDelegate))
	out, err := assume(t, f, &sts.AssumeRoleInput{RoleArn: aws.String(testRole), RoleSessionName: aws.String("bot")})
	must(t, err)
	entries, _ := f.kit.Journal.Since(0)
	if len(entries) != 1 || entries[0].Op != "AssumeRole" || entries[0].Service != "aws" || entries[0].Caller != "AKIA"+testDelegate {
		t.Fatalf("entries: %+v", entries)
	}
	for _, secret := range []string{*out.Credentials.SecretAccessKey, *out.Credentials.SessionToken} {
		if strings.Contains(entries[0].Response, secret) {
			t.Error("the journal holds a secret")
		}
	}
}

func TestRolesAreChecked(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, arn := range []string{"", "arn:aws:iam::1:role/x", "arn:aws:iam::" + testMgmt + ":user/x", "arn:aws:sts::" + testMgmt + ":role/x"} {
		if err := f.AddRole(arn, ""); err == nil {
			t.Errorf("role %q is accepted", arn)
		}
	}
}

func TestRemovedKeysAreRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.RemoveCredentials("AKIA" + testOther)
	_, err := f.sts(testOther).GetCallerIdentity(background(), &sts.GetCallerIdentityInput{})
	if got := code(t, err); got != "InvalidClientTokenId" {
		t.Errorf("got %q", got)
	}
}
