package cloudtrail_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/provision/awsclient"
	"aws-access-bot/internal/provision/cloudtrail"
	"aws-access-bot/internal/provision/fault"
	"aws-access-bot/internal/provision/identitycenter"
	"aws-access-bot/internal/sandbox/awsemu"
	"aws-access-bot/internal/sandbox/emukit"
	"aws-access-bot/internal/secret"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"
)

var _ provision.Trail = (*cloudtrail.Client)(nil)

const (
	admin = "222222222222"
	mgmt  = "999999999999"
	prod  = "111122223333"
)

// world is an organization in which assignments are made.
type world struct {
	*awsemu.Server
	kit   *emukit.Kit
	url   string
	arn   string
	group string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{kit: emukit.New(1)}
	w.Server = awsemu.New(w.kit, awsemu.Options{DelegatedAdmin: admin, Latency: -1, Visibility: -1, TrailDelay: -1})
	for _, a := range []awsemu.Account{{ID: admin, Name: "identity", Email: "i@example.com", OU: "/"}, {ID: prod, Name: "prod", Email: "p@example.com", OU: "/"}} {
		must(t, w.AddAccount(a))
	}
	w.AddCredentials("AKIABOT", "secret-canary", admin, "arn:aws:iam::"+admin+":user/bot")
	w.AddCredentials("AKIAMGMT", "secret-canary", mgmt, "arn:aws:iam::"+mgmt+":user/root-admin")
	var err error
	w.arn, err = w.AddPermissionSet("Reader", "")
	must(t, err)
	w.group, err = w.AddGroup("aws-payments")
	must(t, err)
	srv := httptest.NewServer(http.StripPrefix("/aws", w.Handler()))
	t.Cleanup(srv.Close)
	w.url = srv.URL + "/aws/"
	return w
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) config(t *testing.T, key string) aws.Config {
	t.Helper()
	cfg, err := awsclient.Config(t.Context(), awsclient.Options{Region: "ap-northeast-1", EndpointURL: w.url, AccessKeyID: key, SecretAccessKey: secret.New("secret-canary"), CloudTrail: true})
	must(t, err)
	return cfg
}

func (w *world) client(t *testing.T, keys ...string) *cloudtrail.Client {
	t.Helper()
	var configs []aws.Config
	for _, key := range keys {
		configs = append(configs, w.config(t, key))
	}
	return cloudtrail.New(w.center(t, "AKIABOT"), configs...)
}

func (w *world) center(t *testing.T, key string) *identitycenter.Client {
	return identitycenter.New(w.config(t, key), 1000, time.Now)
}

func (w *world) assignment() awsemu.Assignment {
	return awsemu.Assignment{AccountID: prod, PermissionSetARN: w.arn, PrincipalType: "GROUP", PrincipalID: w.group}
}

func TestWhoChangedAnAssignment(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pair, who := config.Pair{Account: prod, PermissionSet: "Reader"}, provision.LiveAssignment{PrincipalID: w.group, Kind: config.GroupPrincipal}
	_, err := w.center(t, "AKIAMGMT").Create(t.Context(), provision.Target{Pair: pair, PrincipalID: w.group, Kind: config.GroupPrincipal})
	must(t, err)
	must(t, w.AddAssignment(w.assignment()))
	w.RemoveAssignment(w.assignment())
	since := time.Now().Add(-time.Hour)
	got, err := w.client(t, "AKIABOT", "AKIAMGMT").Changes(t.Context(), since)
	must(t, err)
	for i := range got {
		if d := time.Since(got[i].At); d < 0 || d > time.Minute {
			t.Errorf("at %s", got[i].At)
		}
		got[i].At = time.Time{}
	}
	const console = "console@example.com with the role AWSReservedSSO_AdministratorAccess_0123456789abcdef"
	want := []provision.TrailEvent{
		{Action: provision.Create, Pair: pair, Who: who, By: console}, {Action: provision.Delete, Pair: pair, Who: who, By: console},
		{Action: provision.Create, Pair: pair, Who: who, By: "root-admin"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if got, err := w.client(t, "AKIABOT").Changes(t.Context(), time.Now().Add(time.Hour)); err != nil || len(got) != 0 {
		t.Errorf("of what is to come: %+v, %v", got, err)
	}
}

// TestOneHistoryThatIsRefusedDoesNotHideAnother, and no secret is told.
func TestOneHistoryThatIsRefusedDoesNotHideAnother(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	must(t, w.AddAssignment(w.assignment()))
	c := w.client(t, "AKIANOBODY", "AKIABOT")
	got, err := c.Changes(t.Context(), time.Now().Add(-time.Hour))
	if !errors.Is(err, fault.ErrDenied) || len(got) != 1 || strings.Contains(err.Error(), "canary") {
		t.Errorf("got %+v, %v", got, err)
	}
}

// TestLookupsKeepToCloudTrailsPace of two a second, so that none is throttled.
func TestLookupsKeepToCloudTrailsPace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.client(t, "AKIABOT")
	for range 2 {
		if _, err := c.Changes(t.Context(), time.Now().Add(-time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	w.kit.Faults.Add(emukit.Fault{Op: "LookupEvents", Status: 400, Body: `{"__type":"ThrottlingException","message":"Rate exceeded"}`})
	if got, err := c.Changes(t.Context(), time.Now().Add(-time.Hour)); !errors.Is(err, fault.ErrThrottled) || len(got) != 0 {
		t.Errorf("throttled by others: %+v, %v", got, err)
	}
}

// TestAHistoryWithoutEndIsCutOff after a thousand events.
func TestAHistoryWithoutEndIsCutOff(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.kit.Faults.Add(emukit.Fault{Op: "LookupEvents", Times: -1, Status: 200, Body: `{"Events":[],"NextToken":"more"}`})
	c := w.client(t, "AKIABOT")
	c.Hurry()
	if got, err := c.Changes(t.Context(), time.Now().Add(-time.Hour)); err != nil || len(got) != 0 {
		t.Errorf("%+v, %v", got, err)
	}
	entries, _ := w.kit.Journal.Since(0)
	n := 0
	for _, e := range entries {
		if e.Op == "LookupEvents" {
			n++
		}
	}
	if n != 40 { // of each of two events
		t.Errorf("%d pages", n)
	}
}
