package sandbox

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"

	"aws-access-bot/internal/sandbox/awsemu"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	orgtypes "github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// assumed is the configuration of a client of AWS that acts in a role, which the
// bot's own keys have assumed.
func assumed(t *testing.T, s *Sandbox, role string) aws.Config {
	t.Helper()
	cfg := aws.Config{
		Region: "ap-northeast-1", BaseEndpoint: aws.String(s.URL() + "/aws/"), Retryer: func() aws.Retryer { return aws.NopRetryer{} },
		Credentials: credentials.NewStaticCredentialsProvider(s.world.secrets.awsKeyID, s.world.secrets.awsSecret, ""),
	}
	out, err := sts.NewFromConfig(cfg).AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: &role, RoleSessionName: aws.String("test")})
	if err != nil {
		t.Fatal(err)
	}
	cfg.Credentials = credentials.NewStaticCredentialsProvider(*out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey, *out.Credentials.SessionToken)
	return cfg
}

// invite invites an account as the management account does.
func invite(ctx context.Context, cfg aws.Config, account string) error {
	_, err := organizations.NewFromConfig(cfg).InviteAccountToOrganization(ctx, &organizations.InviteAccountToOrganizationInput{
		Target: &orgtypes.HandshakeParty{Id: &account, Type: orgtypes.HandshakePartyTypeAccount},
	})
	return err
}

// newest is the newest handshake of an account.
func newest(t *testing.T, s *Sandbox, account string) awsemu.HandshakeState {
	t.Helper()
	for _, h := range slices.Backward(s.State("aws").AWS.Handshakes) {
		if h.Account == account {
			return h
		}
	}
	t.Fatalf("no handshake of account %s", account)
	return awsemu.HandshakeState{}
}

func TestOwnersOfInvitedAccountsArePlayed(t *testing.T) {
	t.Parallel()
	s := running(t)
	cfg := assumed(t, s, managementRole)
	for _, tc := range []struct{ path, body, want string }{
		{"aws/owner", `{"account":"globex-shop","answer":"decline"}`, "DECLINED"},
		{"aws/handshake", `{"account":"444455551111"}`, "EXPIRED"},
		{"aws/owner", `{"account":"444455551111","answer":"accept"}`, "ACCEPTED"},
	} {
		if err := invite(t.Context(), cfg, acquiredShop); err != nil {
			t.Fatal(err)
		}
		if h := newest(t, s, acquiredShop); h.State != "REQUESTED" || !h.Over.IsZero() {
			t.Errorf("invited: %+v", h)
		}
		post(t, s, tc.path, tc.body)
		if h := newest(t, s, acquiredShop); h.State != tc.want {
			t.Errorf("%s %s: %+v", tc.path, tc.body, h)
		}
	}
	st := s.State("aws", "access")
	i := slices.IndexFunc(st.AWS.Accounts, func(a awsemu.Account) bool { return a.ID == acquiredShop })
	if i < 0 || st.AWS.Accounts[i].OU != "/" || st.AWS.Accounts[i].Method != awsemu.MethodInvited {
		t.Errorf("accounts %+v", st.AWS.Accounts)
	}
	if err := invite(t.Context(), cfg, partnerAccount); err == nil || !strings.Contains(err.Error(), "ALREADY_IN_AN_ORGANIZATION") && !strings.Contains(err.Error(), "HandshakeConstraintViolation") {
		t.Errorf("an account of another organization: %v", err)
	}
}

func TestAccountsAndUsersAreChangedByHand(t *testing.T) {
	t.Parallel()
	s := running(t)
	for _, st := range []step{
		{"nobody invited it", "aws/owner", `{"account":"globex-shop","answer":"accept"}`, 422, "no invitation"},
		{"an answer that is none", "aws/owner", `{"account":"globex-shop","answer":"maybe"}`, 400, "maybe"},
		{"an account that is not there", "aws/owner", `{"account":"nowhere","answer":"accept"}`, 404, "nowhere"},
		{"nothing waits", "aws/handshake", `{"account":"globex-shop"}`, 404, "no invitation"},
		{"no such handshake", "aws/handshake", `{"id":"h-00000000"}`, 422, "h-00000000"},
		{"invite by hand", "aws/invite", `{"account":"globex-labs"}`, 200, ""},
		{"invite twice", "aws/invite", `{"account":"444455552222"}`, 422, "DuplicateHandshake"},
		{"invite nobody", "aws/invite", `{"account":"nowhere"}`, 422, "invalid email"},
		{"take it back", "aws/handshake", `{"account":"globex-labs","do":"cancel"}`, 200, ""},
		{"take it back twice", "aws/handshake", `{"account":"globex-labs","do":"cancel"}`, 404, "no invitation"},
		{"end it otherwise", "aws/handshake", `{"id":"h-00000000","do":"eat"}`, 400, "eat"},
		{"invite an address", "aws/invite", `{"account":"ceo@hooli.example"}`, 200, ""},
		{"move", "aws/account", `{"id":"payments-dev","ou":"/Workloads/Test"}`, 200, ""},
		{"close", "aws/account", `{"id":"payments-dev","state":"closed"}`, 200, ""},
		{"a state that is none", "aws/account", `{"id":"payments-dev","state":"sleepy"}`, 422, "SLEEPY"},
		{"leave", "aws/account", `{"id":"orders-dev","leave":true}`, 200, ""},
		{"leave twice", "aws/account", `{"id":"orders-dev","leave":true}`, 422, "not a member"},
		{"join another organization", "aws/account", `{"id":"globex-labs","outside":true,"organization":"o-umbrella0001"}`, 200, ""},
		{"a member is not outside", "aws/account", `{"id":"data-lake","outside":true}`, 409, "leave first"},
		{"another one outside", "aws/account", `{"id":"666677771111","name":"acme-japan","outside":true}`, 200, ""},
		{"features", "aws/organization", `{"feature_set":"CONSOLIDATED_BILLING","accounts":20,"direct_transfer":true,"conflicts":{"MoveAccount":1}}`, 200, ""},
		{"features that are none", "aws/organization", `{"feature_set":"SOME"}`, 422, "SOME"},
		{"sign in", "aws/iam/use", `{"account":"crm-legacy","user":"initech.milton"}`, 200, ""},
		{"use a key", "aws/iam/use", `{"account":"crm-legacy","user":"lena","service":"s3","key":2}`, 200, ""},
		{"use a key that is not there", "aws/iam/use", `{"account":"crm-legacy","user":"admin","service":"s3"}`, 422, "access key 1"},
		{"a user who is not there", "aws/iam/use", `{"account":"crm-legacy","user":"nobody"}`, 422, "nobody"},
		{"make a user", "aws/iam/users", `{"account":"crm-legacy","user":"new","password":true,"keys":2}`, 200, ""},
		{"with too many keys", "aws/iam/users", `{"account":"crm-legacy","user":"new","keys":3}`, 400, "two"},
		{"delete a user", "aws/iam/users", `{"account":"crm-legacy","user":"backup","remove":true}`, 200, ""},
		{"delete it twice", "aws/iam/users", `{"account":"crm-legacy","user":"backup","remove":true}`, 404, "backup"},
		{"a role that reads", "aws/iam/role", `{"account":"globex-shop"}`, 200, ""},
		{"and no longer", "aws/iam/role", `{"account":"globex-shop","remove":true}`, 200, ""},
		{"reports are limited", "aws/iam/role", `{"account":"crm-legacy","limit":true}`, 200, ""},
	} {
		status, out := send(t, http.MethodPost, s.URL()+"/sandbox/"+st.path, st.body, nil)
		text, _ := out["error"].(string)
		if status != st.want || !strings.Contains(text, st.say) {
			t.Errorf("%s: %d %v, want %d with %q", st.name, status, out, st.want, st.say)
		}
	}
	holdAccounts(t, s.State("aws").AWS)
}

// holdAccounts checks what the steps above have left behind.
func holdAccounts(t *testing.T, st *awsemu.State) {
	t.Helper()
	got := map[string]string{}
	for _, a := range st.Accounts {
		got[a.Name] = a.OU + " " + a.State
	}
	for _, a := range st.Outside {
		got[a.Name] = "outside " + a.Organization
	}
	for name, want := range map[string]string{
		"payments-dev": "/Workloads/Test CLOSED", "orders-dev": "outside ", "globex-labs": "outside o-umbrella0001", "acme-japan": "outside ", "initech-labs": "/ SUSPENDED",
	} {
		if got[name] != want {
			t.Errorf("%s: %q, want %q", name, got[name], want)
		}
	}
	for _, x := range st.IAM {
		if x.Account != "333344441111" {
			continue
		}
		i := slices.IndexFunc(x.Users, func(u awsemu.IAMUser) bool { return u.Name == "initech.milton" })
		j := slices.IndexFunc(x.Users, func(u awsemu.IAMUser) bool { return u.Name == "new" })
		if len(x.Users) != 6 || x.Users[i].Password.LastUsed.IsZero() || len(x.Users[j].Keys) != 2 || x.Users[j].Password == nil {
			t.Errorf("users of crm-legacy: %+v", x.Users)
		}
	}
	if st.FeatureSet != "CONSOLIDATED_BILLING" {
		t.Errorf("features %s", st.FeatureSet)
	}
}

// TestTheBotsAccountReadsIAMUsers holds that the seed has six IAM users in
// crm-legacy, two of which were used this week, and that the bot gets to them.
func TestTheBotsAccountReadsIAMUsers(t *testing.T) {
	t.Parallel()
	s := running(t)
	c := iam.NewFromConfig(assumed(t, s, roleARN("333344441111", readRoleName)))
	users, err := c.ListUsers(t.Context(), &iam.ListUsersInput{})
	if err != nil {
		t.Fatal(err)
	}
	week, used := s.kit.Now().AddDate(0, 0, -7), 0
	for _, u := range users.Users {
		recent := u.PasswordLastUsed != nil && u.PasswordLastUsed.After(week)
		keys, err := c.ListAccessKeys(t.Context(), &iam.ListAccessKeysInput{UserName: u.UserName})
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range keys.AccessKeyMetadata {
			last, err := c.GetAccessKeyLastUsed(t.Context(), &iam.GetAccessKeyLastUsedInput{AccessKeyId: k.AccessKeyId})
			if err != nil {
				t.Fatal(err)
			}
			recent = recent || last.AccessKeyLastUsed.LastUsedDate != nil && last.AccessKeyLastUsed.LastUsedDate.After(week)
		}
		if recent {
			used++
		}
	}
	if len(users.Users) != 6 || used != 2 {
		t.Errorf("%d users, %d used this week; want 6 and 2", len(users.Users), used)
	}
	_, err = iam.NewFromConfig(assumed(t, s, roleARN("222233335555", readRoleName))).GenerateCredentialReport(t.Context(), &iam.GenerateCredentialReportInput{})
	if err == nil || !strings.Contains(err.Error(), "AccessDenied") {
		t.Errorf("a role that permits too little: %v", err)
	}
}
