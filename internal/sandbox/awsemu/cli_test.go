package awsemu

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// runCLI runs the real AWS CLI against the emulator as that account.
func runCLI(t *testing.T, f *fixture, account string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(background(), time.Minute)
	defer cancel()
	empty := filepath.Join(t.TempDir(), "none")
	cmd := exec.CommandContext(ctx, "aws", append([]string{"--endpoint-url", f.url, "--output", "json"}, args...)...)
	cmd.Env = append(os.Environ(),
		"AWS_ACCESS_KEY_ID=AKIA"+account, "AWS_SECRET_ACCESS_KEY=secret-of-"+account, "AWS_SESSION_TOKEN=",
		"AWS_REGION=ap-northeast-1", "AWS_DEFAULT_REGION=ap-northeast-1", "AWS_MAX_ATTEMPTS=1",
		"AWS_CONFIG_FILE="+empty, "AWS_SHARED_CREDENTIALS_FILE="+empty, "AWS_EC2_METADATA_DISABLED=true", "NO_PROXY=*",
	)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestAWSCommandLineWorks(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("aws"); err != nil {
		t.Skip("the AWS CLI is not installed: no aws in PATH")
	}
	f := newFixture(t)
	must(t, f.PutIAMUser(testDelegate, IAMUser{Name: "hana", Password: &IAMPassword{}}))
	tests := []struct {
		name string
		args []string
		want string // in the output
		fail bool
	}{
		{"iam lists users", []string{"iam", "list-users"}, `"Arn": "arn:aws:iam::222222222222:user/hana"`, false},
		{"iam starts a report", []string{"iam", "generate-credential-report"}, `"State": "STARTED"`, false},
		{"iam has its own errors", []string{"iam", "get-login-profile", "--user-name", "nobody"}, "(NoSuchEntity)", true},
		{"sts answers in XML", []string{"sts", "get-caller-identity"}, `"Arn": "arn:aws:iam::222222222222:user/bot"`, false},
		{"sso-admin lists the instance", []string{"sso-admin", "list-instances"}, f.opts.InstanceARN, false},
		{"identitystore takes a document", []string{"identitystore", "get-group-id", "--identity-store-id", "d-9567000000", "--alternate-identifier",
			`{"UniqueAttribute":{"AttributePath":"displayName","AttributeValue":"aws-payments-dev"}}`}, f.group, false},
		{"organizations pages by itself", []string{"organizations", "list-accounts"}, testProd, false},
		{"errors have their code", []string{"organizations", "describe-account", "--account-id", "123456789012"}, "AccountNotFoundException", true},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			out, err := runCLI(t, f, testDelegate, tc.args...)
			if (err != nil) != tc.fail || !strings.Contains(out, tc.want) {
				t.Errorf("aws %v: %v\n%s", tc.args, err, out)
			}
		})
	}
}

func TestAWSCommandLineAssignsAccess(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("aws"); err != nil {
		t.Skip("the AWS CLI is not installed: no aws in PATH")
	}
	f := newFixture(t)
	out, err := runCLI(t, f, testDelegate, "sso-admin", "create-account-assignment", "--instance-arn", f.opts.InstanceARN,
		"--permission-set-arn", f.readOnly, "--principal-type", "GROUP", "--principal-id", f.group, "--target-type", "AWS_ACCOUNT", "--target-id", testProd)
	if err != nil {
		t.Fatalf("create: %v\n%s", err, out)
	}
	var got struct {
		AccountAssignmentCreationStatus struct{ Status, RequestId string }
	}
	must(t, json.Unmarshal([]byte(out), &got))
	if got.AccountAssignmentCreationStatus.Status != "IN_PROGRESS" {
		t.Errorf("status after create: %+v", got)
	}
	f.clock.advance(3 * time.Second)
	out, err = runCLI(t, f, testDelegate, "sso-admin", "list-account-assignments", "--instance-arn", f.opts.InstanceARN,
		"--permission-set-arn", f.readOnly, "--account-id", testProd)
	if err != nil || !strings.Contains(out, f.group) {
		t.Errorf("list: %v\n%s", err, out)
	}
}

func TestAWSCommandLineInvites(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("aws"); err != nil {
		t.Skip("the AWS CLI is not installed: no aws in PATH")
	}
	f := outsiders(t)
	out, err := runCLI(t, f, testMgmt, "organizations", "invite-account-to-organization", "--target", "Id="+testAlone+",Type=ACCOUNT", "--notes", "welcome")
	if err != nil {
		t.Fatalf("invite: %v\n%s", err, out)
	}
	var got struct{ Handshake struct{ Id, State string } }
	must(t, json.Unmarshal([]byte(out), &got))
	if out, err = runCLI(t, f, testAlone, "organizations", "accept-handshake", "--handshake-id", got.Handshake.Id); err != nil || !strings.Contains(out, `"State": "ACCEPTED"`) {
		t.Errorf("accept: %v\n%s", err, out)
	}
	out, err = runCLI(t, f, testMgmt, "organizations", "invite-account-to-organization", "--target", "Id="+testAbroad+",Type=ACCOUNT")
	if err == nil || !strings.Contains(out, "HandshakeConstraintViolationException") {
		t.Errorf("invite an account of another organization: %v\n%s", err, out)
	}
}
