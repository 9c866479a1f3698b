package iam_test

import (
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/provision/awsclient"
	"aws-access-bot/internal/provision/fault"
	"aws-access-bot/internal/provision/iam"
	"aws-access-bot/internal/provision/onboard"
	"aws-access-bot/internal/sandbox/awsemu"
	"aws-access-bot/internal/sandbox/emukit"
	"aws-access-bot/internal/secret"
)

var _ onboard.Users = (*iam.Reader)(nil)

const (
	management = "999999999999"
	botAccount = "111122220000"
	member     = "111122223333"
	roleName   = "aws-access-bot-iam-read"
	roleARN    = "arn:aws:iam::" + member + ":role/" + roleName
	reports    = "iam:*CredentialReport"
)

type world struct {
	kit *emukit.Kit
	emu *awsemu.Server
	*iam.Reader
}

// newWorld is an account with a read role that may do some actions.
func newWorld(t *testing.T, actions ...string) *world {
	t.Helper()
	w := &world{kit: emukit.New(1000)}
	w.emu = awsemu.New(w.kit, awsemu.Options{ManagementAccount: management})
	bot := "arn:aws:iam::" + botAccount + ":user/bot"
	w.emu.AddCredentials("AKIABOT", "secret", botAccount, bot)
	err := errors.Join(w.emu.AddAccount(awsemu.Account{ID: member, Name: "payments", Email: "p@example.com", OU: "/"}),
		w.emu.AddRole(roleARN, "", bot))
	if len(actions) > 0 {
		err = errors.Join(err, w.emu.PermitRole(roleARN, actions...))
	}
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(w.emu.Handler())
	t.Cleanup(srv.Close)
	cfg, err := awsclient.Config(t.Context(), awsclient.Options{Region: "ap-northeast-1", EndpointURL: srv.URL, AccessKeyID: "AKIABOT", SecretAccessKey: secret.New("secret")})
	if err != nil {
		t.Fatal(err)
	}
	w.Reader = iam.New(cfg, 1000, time.Now)
	return w
}

func (w *world) user(t *testing.T, u awsemu.IAMUser) {
	t.Helper()
	if err := w.emu.PutIAMUser(member, u); err != nil {
		t.Fatal(err)
	}
}

// people are six users, of whom four can sign in.
func (w *world) people(t *testing.T) {
	t.Helper()
	ago := func(d time.Duration) time.Time { return time.Now().Add(-d).UTC().Truncate(time.Second) }
	const day = 24 * time.Hour
	w.user(t, awsemu.IAMUser{Name: "yuki", Password: &awsemu.IAMPassword{LastUsed: ago(2 * day)}, Keys: []awsemu.IAMKey{{LastUsed: ago(40 * day)}}})
	w.user(t, awsemu.IAMUser{Name: "deploy", Keys: []awsemu.IAMKey{{Inactive: true, LastUsed: ago(time.Hour)}, {LastUsed: ago(day)}}})
	w.user(t, awsemu.IAMUser{Name: "old", Password: &awsemu.IAMPassword{LastUsed: ago(90 * day)}})
	w.user(t, awsemu.IAMUser{Name: "never", Keys: []awsemu.IAMKey{{}}})
	w.user(t, awsemu.IAMUser{Name: "off", Keys: []awsemu.IAMKey{{Inactive: true, LastUsed: ago(time.Hour)}}})
	w.user(t, awsemu.IAMUser{Name: "bare"})
}

var counted = access.IAMUsers{Total: 4, Passwords: 2, Keys: 3, UsedThisWeek: 2, Names: []string{"deploy", "yuki", "old", "never"}}

// same compares a count but for its time, which has to be a recent one.
func same(t *testing.T, got, want access.IAMUsers) {
	t.Helper()
	if age := time.Since(got.At); age < -time.Second || age > time.Minute {
		t.Errorf("counted at %s", got.At)
	}
	got.At = time.Time{}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestUsersAreCountedByTheReport(t *testing.T) {
	t.Parallel()
	w := newWorld(t, reports)
	w.people(t)
	got, err := w.Count(t.Context(), member, roleName)
	if err != nil {
		t.Fatal(err)
	}
	same(t, got, counted)
}

func TestUsersAreListedWhereThereIsNoReport(t *testing.T) {
	t.Parallel()
	listing := []string{"iam:ListUsers", "iam:ListAccessKeys", "iam:GetAccessKeyLastUsed", "iam:GetLoginProfile"}
	for name, set := range map[string]func(*testing.T) *world{
		"the role may not": func(t *testing.T) *world { return newWorld(t, listing...) },
		"AWS makes none": func(t *testing.T) *world {
			w := newWorld(t, append(listing, reports)...)
			w.emu.LimitReports(member, true)
			return w
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := set(t)
			w.people(t)
			got, err := w.Count(t.Context(), member, roleName)
			if err != nil {
				t.Fatal(err)
			}
			same(t, got, counted)
		})
	}
}

func TestManyListedUsersAreAtLeastSoMany(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("3,000 calls")
	}
	w := newWorld(t, "iam:ListUsers", "iam:ListAccessKeys", "iam:GetAccessKeyLastUsed", "iam:GetLoginProfile")
	for i := range 1005 {
		w.user(t, awsemu.IAMUser{Name: fmt.Sprintf("user-%04d", i), Password: &awsemu.IAMPassword{}})
	}
	got, err := w.Count(t.Context(), member, roleName)
	if err != nil || got.Total != 1000 || len(got.Names) != 20 || !strings.Contains(got.Trouble, "at least 1000") {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestAManyTimesLargerReportIsOneReading(t *testing.T) {
	t.Parallel()
	w := newWorld(t, reports)
	for i := range 1005 {
		w.user(t, awsemu.IAMUser{Name: fmt.Sprintf("user-%04d", i), Password: &awsemu.IAMPassword{}})
	}
	if got, err := w.Count(t.Context(), member, roleName); err != nil || got.Total != 1005 || got.Trouble != "" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestARefusalIsAnErrorWithItsReason(t *testing.T) {
	t.Parallel()
	w := newWorld(t) // a role that permits nothing
	if _, err := w.Count(t.Context(), member, roleName); !errors.Is(err, fault.ErrDenied) || !strings.Contains(fault.Reason(err), "iam:") {
		t.Errorf("a role that permits nothing: %v", err)
	}
	if _, err := w.Count(t.Context(), member, "no-such-role"); !errors.Is(err, fault.ErrDenied) || !strings.Contains(fault.Reason(err), "sts:AssumeRole") {
		t.Errorf("no such role: %v", err)
	}
	for _, bad := range [][2]string{{"11112222333", roleName}, {member, "a/b"}, {member, ""}, {member + ":role/x", roleName}} {
		if _, err := w.Count(t.Context(), bad[0], bad[1]); !errors.Is(err, fault.ErrInvalid) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestTheReportThatExpiresMeanwhileIsMadeAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t, reports)
	w.people(t)
	w.kit.Faults.Add(emukit.Fault{Op: "GetCredentialReport", Status: 410,
		Body: `<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>ReportExpired</Code><Message>Unknown</Message></Error></ErrorResponse>`})
	got, err := w.Count(t.Context(), member, roleName)
	if err != nil {
		t.Fatal(err)
	}
	same(t, got, counted)
}
