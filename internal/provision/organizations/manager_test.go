package organizations_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"net/http/httptest"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/provision/awsclient"
	"aws-access-bot/internal/provision/fault"
	"aws-access-bot/internal/provision/onboard"
	"aws-access-bot/internal/provision/organizations"
	"aws-access-bot/internal/sandbox/awsemu"
	"aws-access-bot/internal/sandbox/emukit"
	"aws-access-bot/internal/secret"

	"github.com/google/go-cmp/cmp"
)

const (
	managementRole = "arn:aws:iam::" + management + ":role/bot-onboarding"
	guest          = "333344445555" // in no organization
	foreign        = "333344446666" // in another one
)

type estate struct {
	*world
	emu     *awsemu.Server
	manager *organizations.Manager
	reader  *organizations.Client
}

// newEstate is an organization with accounts around it, and a bot that runs in a
// member and may assume a role of the management account.
func newEstate(t *testing.T, o awsemu.Options) *estate {
	t.Helper()
	o.ManagementAccount, o.DelegatedAdmin, o.Unthrottled = management, active, true
	w := &estate{world: &world{kit: emukit.New(1)}}
	w.emu = awsemu.New(w.kit, o)
	bot := "arn:aws:iam::" + active + ":user/bot"
	_, ou := w.emu.AddOU("/Workloads/Prod")
	_, slash := w.emu.AddOU("/Sandbox")
	err := errors.Join(ou, slash,
		w.emu.AddAccount(awsemu.Account{ID: active, Name: "identity", Email: "a@example.com", OU: "/", Tags: map[string]string{"env": "prod"}}),
		w.emu.AddAccount(awsemu.Account{ID: suspended, Name: "old", Email: "b@example.com", OU: "/Sandbox", State: awsemu.StateSuspended}),
		w.emu.AddOutside(awsemu.Account{ID: guest, Name: "guest", Email: "g@example.com"}),
		w.emu.AddOutside(awsemu.Account{ID: foreign, Name: "foreign", Email: "f@example.com", Organization: "o-zzzzzzzzzz"}),
		w.emu.AddRole(managementRole, "", bot))
	if err != nil {
		t.Fatal(err)
	}
	w.emu.AddCredentials("AKIABOT", "secret", active, bot)
	w.emu.AddCredentials("AKIAGUEST", "secret", guest, "arn:aws:iam::"+guest+":user/owner")
	srv := httptest.NewServer(w.emu.Handler())
	t.Cleanup(srv.Close)
	w.url = srv.URL
	cfg, err := awsclient.Config(t.Context(), awsclient.Options{Region: "ap-northeast-1", EndpointURL: w.url, AccessKeyID: "AKIABOT", SecretAccessKey: secret.New("secret")})
	if err != nil {
		t.Fatal(err)
	}
	w.reader, w.manager = organizations.New(cfg, 1000), organizations.NewManager(awsclient.Assuming(cfg, managementRole, 0), 1000)
	return w
}

func code(err error) string {
	var r *onboard.Refusal
	if errors.As(err, &r) {
		return r.Code
	}
	return ""
}

func TestAnInvitationIsMadeOnceAndListed(t *testing.T) {
	t.Parallel()
	w := newEstate(t, awsemu.Options{EmptyFirstPage: true})
	h, err := w.manager.Invite(t.Context(), guest, "request REQ-7F3K2Q")
	if err != nil {
		t.Fatal(err)
	}
	if h.Account != guest || h.State != "REQUESTED" || h.Action != "INVITE" || !h.WaitsForAccount || h.Expires.Sub(h.Asked) != 15*24*time.Hour || !strings.HasPrefix(h.ID, "h-") {
		t.Errorf("%+v", h)
	}
	for name, list := range map[string]onboard.Invitations{"management": w.manager, "delegate": w.reader} {
		got, err := list.Handshakes(t.Context())
		if diff := cmp.Diff([]access.Handshake{h}, got); err != nil || diff != "" {
			t.Errorf("%s: %v %s", name, err, diff)
		}
	}
	if _, err := w.manager.Invite(t.Context(), guest, "again"); code(err) != "DuplicateHandshakeException" {
		t.Errorf("again: %v", err)
	}
	entries, _ := w.kit.Journal.Since(0)
	if n := countOps(entries, "InviteAccountToOrganization"); n != 2 {
		t.Errorf("%d invitations were sent", n)
	}
}

func countOps(entries []emukit.Entry, op string) int {
	n := 0
	for _, e := range entries {
		if e.Op == op {
			n++
		}
	}
	return n
}

func TestRefusalsHaveTheReasonOfAWS(t *testing.T) {
	t.Parallel()
	w := newEstate(t, awsemu.Options{MaxAccounts: 4})
	for account, want := range map[string]string{foreign: "ALREADY_IN_AN_ORGANIZATION", active: "ALREADY_IN_AN_ORGANIZATION", "555566667777": "TARGET_NOT_SUPPORTED", "12": "INVALID_PARTY_TYPE_TARGET"} {
		if _, err := w.manager.Invite(t.Context(), account, ""); code(err) != want {
			t.Errorf("%s: %v, want %s", account, err, want)
		}
	}
	w.emu.ConflictNext("InviteAccountToOrganization", 1)
	if _, err := w.manager.Invite(t.Context(), guest, ""); !errors.Is(err, fault.ErrConflict) || code(err) != "" {
		t.Errorf("busy: %v", err)
	}
	w.kit.Faults.Add(emukit.Fault{Op: "InviteAccountToOrganization", Status: 500, Body: `{"__type":"ServiceException"}`})
	if _, err := w.manager.Invite(t.Context(), guest, ""); err == nil || fault.Known(err) || code(err) != "" {
		t.Errorf("an answer that leaves the effect open: %v", err)
	}
	if _, err := w.manager.Invite(t.Context(), guest, ""); err != nil {
		t.Fatal(err)
	}
	if err := w.emu.AddOutside(awsemu.Account{ID: stranger, Name: "more", Email: "more@example.com"}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.manager.Invite(t.Context(), stranger, ""); code(err) != "ACCOUNT_NUMBER_LIMIT_EXCEEDED" {
		t.Errorf("full: %v", err)
	}
}

// TestWritesAreNotRetried: what had an effect is looked for, not repeated.
func TestWritesAreNotRetried(t *testing.T) {
	t.Parallel()
	for _, status := range []int{429, 500, 503} {
		w := newEstate(t, awsemu.Options{})
		w.kit.Faults.Add(emukit.Fault{Op: "InviteAccountToOrganization", Status: status, Body: `{"__type":"TooManyRequestsException"}`})
		if _, err := w.manager.Invite(t.Context(), guest, ""); err == nil {
			t.Errorf("%d: no error: it was repeated", status)
		}
	}
}

func TestAnAccountIsMovedAndReadBack(t *testing.T) {
	t.Parallel()
	w := newEstate(t, awsemu.Options{})
	ctx := t.Context()
	p, err := w.reader.Account(ctx, active)
	if err != nil || p.OU != "/" || !strings.HasPrefix(p.Parent, "r-") || p.Tags["env"] != "prod" || !p.Member || p.State != "ACTIVE" {
		t.Fatalf("%+v, %v", p, err)
	}
	to, found, err := w.reader.Unit(ctx, "/Workloads/Prod")
	if err != nil || !found || !strings.HasPrefix(to, "ou-") {
		t.Fatalf("%s, %v, %v", to, found, err)
	}
	if id, found, err := w.reader.Unit(ctx, "/"); err != nil || !found || id != p.Parent {
		t.Errorf("root: %s, %v, %v", id, found, err)
	}
	if _, found, err := w.reader.Unit(ctx, "/Workloads/prod"); err != nil || found {
		t.Errorf("an OU of another case: %v, %v", found, err)
	}
	for range 2 { // the second time it is there already
		if err := w.manager.Move(ctx, active, p.Parent, to); err != nil {
			t.Fatal(err)
		}
	}
	if p, err = w.reader.Account(ctx, active); err != nil || p.OU != "/Workloads/Prod" || p.Parent != to {
		t.Errorf("%+v, %v", p, err)
	}
	root, _, _ := w.reader.Unit(ctx, "/")
	sandbox, _, _ := w.reader.Unit(ctx, "/Sandbox")
	if err := w.manager.Move(ctx, active, root, sandbox); code(err) != "SourceParentNotFoundException" {
		t.Errorf("from where it is not: %v", err)
	}
	for _, bad := range [][3]string{{"1", root, to}, {active, "x", to}, {active, root, "o-1"}} {
		if err := w.manager.Move(ctx, bad[0], bad[1], bad[2]); code(err) != "INVALID_PATTERN" {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if err := w.own(t).Move(ctx, active, to, root); !errors.Is(err, fault.ErrDenied) {
		t.Errorf("without the role: %v", err)
	}
}

// own is a manager with the bot's own credentials.
func (w *estate) own(t *testing.T) *organizations.Manager {
	t.Helper()
	cfg, err := awsclient.Config(t.Context(), awsclient.Options{Region: "ap-northeast-1", EndpointURL: w.url, AccessKeyID: "AKIABOT", SecretAccessKey: secret.New("secret")})
	if err != nil {
		t.Fatal(err)
	}
	return organizations.NewManager(cfg, 1000)
}

func TestTheWholeOrganizationIsReadWithItsPlaces(t *testing.T) {
	t.Parallel()
	w := newEstate(t, awsemu.Options{EmptyFirstPage: true})
	ctx := t.Context()
	all, err := w.reader.Accounts(ctx)
	if err != nil || len(all) != 3 {
		t.Fatalf("%+v, %v", all, err)
	}
	places := map[string]string{}
	for _, a := range all {
		places[a.ID] = a.OU + " " + a.State
	}
	if diff := cmp.Diff(map[string]string{management: "/ ACTIVE", active: "/ ACTIVE", suspended: "/Sandbox SUSPENDED"}, places); diff != "" {
		t.Error(diff)
	}
	before, _ := w.kit.Journal.Since(0)
	if _, err := w.reader.Accounts(ctx); err != nil {
		t.Fatal(err)
	}
	now, _ := w.kit.Journal.Since(0)
	if n := countOps(now, "ListOrganizationalUnitsForParent") - countOps(before, "ListOrganizationalUnitsForParent"); n != 0 {
		t.Errorf("the OUs were read again: %d calls", n)
	}
	if err := w.emu.MoveAccount(active, "/New/Place"); err != nil {
		t.Fatal(err)
	}
	if all, err = w.reader.Accounts(ctx); err != nil || !containsOU(all, "/New/Place") {
		t.Errorf("an OU that is new: %+v, %v", all, err)
	}
	ous, err := w.reader.OUs(ctx)
	if diff := cmp.Diff([]string{"/", "/New", "/New/Place", "/Sandbox", "/Workloads", "/Workloads/Prod"}, ous); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	if p, err := w.reader.Account(ctx, guest); err != nil || p.Member {
		t.Errorf("outside: %+v, %v", p, err)
	}
	if f, err := w.reader.Features(ctx); err != nil || f != access.AllFeatures {
		t.Errorf("%s, %v", f, err)
	}
}

func containsOU(all []access.EstateAccount, ou string) bool {
	for _, a := range all {
		if a.OU == ou {
			return true
		}
	}
	return false
}
