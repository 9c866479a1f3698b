package organizations_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/provision/awsclient"
	"aws-access-bot/internal/provision/fault"
	"aws-access-bot/internal/provision/organizations"
	"aws-access-bot/internal/sandbox/awsemu"
	"aws-access-bot/internal/sandbox/emukit"
	"aws-access-bot/internal/secret"

	"github.com/google/go-cmp/cmp"
)

var _ provision.Accounts = (*organizations.Client)(nil)

const (
	management = "999999999999"
	active     = "111122223333"
	suspended  = "111122224444"
	pending    = "111122225555"
	stranger   = "444444444444"
)

type world struct {
	kit *emukit.Kit
	url string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{kit: emukit.New(1)}
	emu := awsemu.New(w.kit, awsemu.Options{ManagementAccount: management})
	for _, a := range []awsemu.Account{
		{ID: active, Name: "payments-prod", Email: "a@example.com", OU: "/"},
		{ID: suspended, Name: "old", Email: "b@example.com", OU: "/", State: awsemu.StateSuspended},
		{ID: pending, Name: "new", Email: "c@example.com", OU: "/", State: awsemu.StatePendingActivation},
	} {
		if err := emu.AddAccount(a); err != nil {
			t.Fatal(err)
		}
	}
	emu.AddCredentials("AKIAMGMT", "secret", management, "arn:aws:iam::"+management+":user/bot")
	emu.AddCredentials("AKIAMEMBER", "secret", active, "arn:aws:iam::"+active+":user/bot")
	srv := httptest.NewServer(emu.Handler())
	t.Cleanup(srv.Close)
	w.url = srv.URL
	return w
}

func (w *world) client(t *testing.T, key string) *organizations.Client {
	t.Helper()
	cfg, err := awsclient.Config(t.Context(), awsclient.Options{Region: "ap-northeast-1", EndpointURL: w.url, AccessKeyID: key, SecretAccessKey: secret.New("secret")})
	if err != nil {
		t.Fatal(err)
	}
	return organizations.New(cfg, 1000)
}

func stateOfAnAccount(t *testing.T) {
	t.Parallel()
	c := newWorld(t).client(t, "AKIAMGMT")
	tests := []struct {
		name, account string
		want          provision.AccountState
	}{
		{"active", active, provision.AccountState{Found: true, Active: true, State: "ACTIVE", Name: "payments-prod"}},
		{"suspended", suspended, provision.AccountState{Found: true, State: "SUSPENDED", Name: "old"}},
		{"not yet activated", pending, provision.AccountState{Found: true, State: "PENDING_ACTIVATION", Name: "new"}},
		{"not a member", stranger, provision.AccountState{}},
	}
	for _, tc := range tests {
		got, err := c.State(t.Context(), tc.account)
		if diff := cmp.Diff(tc.want, got); err != nil || diff != "" {
			t.Errorf("%s: %v %s", tc.name, err, diff)
		}
	}
}

func TestStatusCountsWhereStateIsMissing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.kit.Faults.Add(emukit.Fault{Op: "DescribeAccount", Status: 200, Body: `{"Account":{"Id":"` + active + `","Name":"x","Status":"ACTIVE"}}`})
	got, err := w.client(t, "AKIAMGMT").State(t.Context(), active)
	if want := (provision.AccountState{Found: true, Active: true, State: "ACTIVE", Name: "x"}); err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
}

func anAnswerAboutNothingIsAnError(t *testing.T) {
	t.Parallel()
	for _, body := range []string{`{}`, `{"Account":{}}`, `{"Account":{"Id":"` + suspended + `","State":"ACTIVE"}}`} {
		w := newWorld(t)
		w.kit.Faults.Add(emukit.Fault{Op: "DescribeAccount", Status: 200, Body: body})
		if got, err := w.client(t, "AKIAMGMT").State(t.Context(), active); err == nil || fault.Known(err) {
			t.Errorf("%s: got %+v, %v", body, got, err)
		}
		w.kit.Faults.Add(emukit.Fault{Op: "DescribeOrganization", Status: 200, Body: body})
		if got, err := w.client(t, "AKIAMGMT").ManagementAccount(t.Context()); err == nil {
			t.Errorf("%s: management account %q", body, got)
		}
	}
}

func stateIsDeniedToAMember(t *testing.T) {
	t.Parallel()
	if _, err := newWorld(t).client(t, "AKIAMEMBER").State(t.Context(), active); !errors.Is(err, fault.ErrDenied) {
		t.Errorf("got %v", err)
	}
}

func managementAccountIsAskedForOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.kit.Faults.Add(emukit.Fault{Op: "DescribeOrganization", Status: 400, Body: `{"__type":"AccessDeniedException"}`})
	c := w.client(t, "AKIAMEMBER")
	if _, err := c.ManagementAccount(t.Context()); !errors.Is(err, fault.ErrDenied) {
		t.Errorf("refused: got %v", err)
	}
	for range 3 {
		if got, err := c.ManagementAccount(t.Context()); err != nil || got != management {
			t.Fatalf("got %q, %v", got, err)
		}
	}
	if entries, _ := w.kit.Journal.Since(0); len(entries) != 2 {
		t.Errorf("%d requests, want the refused one and one more", len(entries))
	}
}

func aThrottledReadIsRepeated(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.kit.Faults.Add(emukit.Fault{Op: "DescribeAccount", Status: 400, Body: `{"__type":"TooManyRequestsException"}`})
	if got, err := w.client(t, "AKIAMGMT").State(t.Context(), active); err != nil || !got.Active {
		t.Errorf("got %+v, %v", got, err)
	}
}

// sent keeps what would have gone out.
type sent struct{ host, scope string }

func (s *sent) RoundTrip(r *http.Request) (*http.Response, error) {
	s.host = r.URL.Host
	_, credential, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	credential, _, _ = strings.Cut(credential, ",")
	if parts := strings.Split(credential, "/"); len(parts) == 5 {
		s.scope = parts[2] + "/" + parts[3]
	}
	body := `{"Organization":{"MasterAccountId":"` + management + `"}}`
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

func TestRequestsAreSignedForTheRegionOfThePartition(t *testing.T) {
	t.Parallel()
	tests := []struct{ region, endpoint, host, scope string }{
		{"ap-northeast-1", "", "organizations.us-east-1.amazonaws.com", "us-east-1/organizations"},
		{"ap-northeast-1", "https://aws.example.com", "aws.example.com", "us-east-1/organizations"},
		{"cn-north-1", "", "organizations.cn-northwest-1.amazonaws.com.cn", "cn-northwest-1/organizations"},
		{"cn-north-1", "https://aws.example.com", "aws.example.com", "cn-northwest-1/organizations"},
		{"us-gov-east-1", "", "organizations.us-gov-west-1.amazonaws.com", "us-gov-west-1/organizations"},
		{"us-gov-east-1", "https://aws.example.com", "aws.example.com", "us-gov-west-1/organizations"},
	}
	for _, tc := range tests {
		var got sent
		cfg, err := awsclient.Config(t.Context(), awsclient.Options{
			Region: tc.region, EndpointURL: tc.endpoint, AccessKeyID: "AKIA", SecretAccessKey: secret.New("secret"),
			Wrap: func(http.RoundTripper) http.RoundTripper { return &got },
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := organizations.New(cfg, 1000).ManagementAccount(t.Context()); err != nil {
			t.Fatal(err)
		}
		if want := (sent{tc.host, tc.scope}); got != want {
			t.Errorf("%s %s: got %+v, want %+v", tc.region, tc.endpoint, got, want)
		}
	}
}
