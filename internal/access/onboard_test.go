package access_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
)

const (
	ledger  = "444455556666"
	outside = "555566667777"
)

// estate is an AWS organization in memory.
type estate struct {
	accounts map[string]access.EstateAccount
	view     *access.EstateView
	err      error
	again    []string
	againErr error
}

func (e *estate) Account(ctx context.Context, id string) (access.EstateAccount, error) {
	if e.err != nil {
		return access.EstateAccount{}, e.err
	}
	if a, ok := e.accounts[id]; ok {
		return a, nil
	}
	return access.EstateAccount{ID: id}, nil
}

func (e *estate) View(context.Context) (access.EstateView, error) {
	if e.view == nil {
		return access.EstateView{}, access.ErrNotFound
	}
	return *e.view, nil
}

func (e *estate) Preflight(context.Context, *config.Repo, *config.Repo, *config.Account) (access.Preflight, error) {
	return access.Preflight{}, nil
}

func (e *estate) OnboardAgain(_ context.Context, account, by string) error {
	e.again = append(e.again, account+" "+by[len(by)-2:])
	return e.againErr
}

// newEstate is a world with one member account that has no file.
func newEstate(t *testing.T) (*world, *estate) {
	t.Helper()
	w := newWorld(t)
	member := access.EstateAccount{
		ID: ledger, Name: "Ledger", Email: "aws+ledger@example.com", Member: true, State: "ACTIVE", OU: "/",
		Tags: map[string]string{"env": "dev", "who?": "x"},
	}
	e := &estate{accounts: map[string]access.EstateAccount{ledger: member}}
	listed := member
	listed.Tags = nil // a look at the whole organization reads none
	e.view = &access.EstateView{At: morning, Features: access.AllFeatures, Members: []access.EstateAccount{listed}, OUs: []string{"/", "/Workloads", "/Workloads/Dev"}}
	w.service.Estate, w.service.Onboarder = e, e
	w.dir.users = []access.Entrant{entrant(newcomer, "nina@example.com")}
	return w, e
}

// brings is an onboarding that is accepted.
func brings(key string) access.OnboardAsk {
	return access.OnboardAsk{Key: key, Asker: asker(hana), Channel: "C0AWS", Origin: "C0GEN", Account: "4444-5555-6666", OU: "/Workloads/Dev", Owners: []string{"yuki@example.com", "team:payments-leads"}}
}

func (w *world) onboard(a access.OnboardAsk) access.Asked {
	w.t.Helper()
	got, err := w.service.Onboard(w.t.Context(), a)
	if err != nil {
		w.t.Fatal(err)
	}
	return got
}

func TestAnAccountIsAskedForWithWhatAWSSays(t *testing.T) {
	t.Parallel()
	w, _ := newEstate(t)
	got := w.onboard(brings("k1"))
	want := access.Want{
		AccountID: ledger, AccountSlug: "ledger", AccountName: "Ledger", OU: "/Workloads/Dev",
		Onboard: &access.Onboarding{
			Slug: "ledger", Name: "Ledger", OU: "/Workloads/Dev", Owners: []string{"yuki@example.com", "team:payments-leads"},
			Tags: map[string]string{"env": "dev"}, Member: true, From: "/",
		},
	}
	if d := cmp.Diff(want, w.get(got.Request.ID).Want); d != "" {
		t.Errorf("stored (-want +got):\n%s", d)
	}
	if !strings.Contains(got.Warning, "who?") {
		t.Errorf("warning %q", got.Warning)
	}
	again := w.onboard(brings("k1"))
	if !again.Repeated || again.Request.ID != got.Request.ID {
		t.Errorf("the same delivery again: %+v", again)
	}
}

func TestDefaultsOfAnOnboarding(t *testing.T) {
	t.Parallel()
	w, e := newEstate(t)
	e.accounts[ledger] = access.EstateAccount{ID: ledger, Name: "payments-dev", Member: true, State: "ACTIVE", OU: "/"}
	a := brings("k1")
	a.OU, a.Owners = "", []string{"nina@example.com", "nina@example.com", " "}
	got := w.onboard(a)
	o := got.Request.Want.Onboard
	if o.OU != "/Workloads" || o.Slug != "payments-dev-44445555" || !cmp.Equal(o.Owners, []string{"nina@example.com"}) {
		t.Errorf("%+v", o)
	}
	if !strings.Contains(got.Warning, "nina@example.com is not in people.yaml") {
		t.Errorf("warning %q", got.Warning)
	}
}

func TestOnboardRefusesBesideTheField(t *testing.T) {
	t.Parallel()
	suspended := func(state string) func(*world, *estate, *access.OnboardAsk) {
		return func(_ *world, e *estate, _ *access.OnboardAsk) {
			a := e.accounts[ledger]
			a.State = state
			e.accounts[ledger] = a
		}
	}
	ask := func(change func(*access.OnboardAsk)) func(*world, *estate, *access.OnboardAsk) {
		return func(_ *world, _ *estate, a *access.OnboardAsk) { change(a) }
	}
	tests := []struct {
		name, field, want string
		change            func(*world, *estate, *access.OnboardAsk)
	}{
		{"nothing", "account", "For which account?", ask(func(a *access.OnboardAsk) { a.Account = "" })},
		{"a digit is missing", "account", "Did you mean 444455556666?", ask(func(a *access.OnboardAsk) { a.Account = "44445555666" })},
		{"two digits swapped, of a file", "account", "Did you mean 111122224444?", ask(func(a *access.OnboardAsk) { a.Account = "11112222444" })},
		{"a name that is near", "account", "444455556666 (ledger)", ask(func(a *access.OnboardAsk) { a.Account = "legder" })},
		{"the management account", "account", "management account", ask(func(a *access.OnboardAsk) { a.Account = "999999999999" })},
		{"what is in", "account", "is in the config repo as sso and with its baseline", func(w *world, _ *estate, a *access.OnboardAsk) {
			a.Account = "222233331111"
			const line = "  - account: platform-tools\n    permission_set: AdministratorAccess\n"
			w.commits.force.Repo = exampleRepo(t, map[string]string{"groups/aws-platform-admins.yaml": "id: 0b7e3f4c-0000-4000-8000-000000000012\nname: aws-platform-admins\naccess:\n" + line})
		}},
		{"suspended", "account", "signed in as root", suspended("SUSPENDED")},
		{"closed", "account", "within 90 days", suspended("CLOSED")},
		{"not activated", "account", "finish signing up", suspended("PENDING_ACTIVATION")},
		{"outside in phase 1", "account", "in phase 1 (pilot) only accounts of the Organization", ask(func(a *access.OnboardAsk) { a.Account = outside })},
		{"consolidated billing", "account", "enables all features", func(_ *world, e *estate, _ *access.OnboardAsk) { e.view.Features = access.ConsolidatedBilling }},
		{"a name that no file may have", access.FieldName, "", ask(func(a *access.OnboardAsk) { a.Name = "a\u202eb" })},
		{"an OU that is near", access.FieldOU, "Did you mean /Workloads/Dev", ask(func(a *access.OnboardAsk) { a.OU = "/Workloads/Dve" })},
		{"no path", access.FieldOU, "", ask(func(a *access.OnboardAsk) { a.OU = "Workloads" })},
		{"no owner", access.FieldOwners, "Who owns", ask(func(a *access.OnboardAsk) { a.Owners = nil })},
		{"a team that is near", access.FieldOwners, "payments-leads", ask(func(a *access.OnboardAsk) { a.Owners = []string{"team:payment-leads"} })},
		{"nobody's address", access.FieldOwners, "no enabled member", ask(func(a *access.OnboardAsk) { a.Owners = []string{"eve@example.com"} })},
		{"account-owners", access.FieldOwners, "cannot own", ask(func(a *access.OnboardAsk) { a.Owners = []string{"account-owners"} })},
		{"no owner at all", access.FieldOwners, "", ask(func(a *access.OnboardAsk) { a.Owners = []string{"yuki"} })},
		{"no AWS", "account", "does not read AWS Organizations", func(w *world, _ *estate, _ *access.OnboardAsk) { w.service.Estate = nil }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w, e := newEstate(t)
			a := brings("k1")
			tt.change(w, e, &a)
			_, err := w.service.Onboard(t.Context(), a)
			if no := refused(t, err, tt.field); !strings.Contains(strings.ToLower(no.Error()), strings.ToLower(tt.want)) {
				t.Errorf("%q does not say %q", no.Error(), tt.want)
			}
			if w.stored != 0 {
				t.Error("a request was stored")
			}
		})
	}
}

// TestAnAccountOutsideIsInvitedInPhase2 and its name is asked for.
func TestAnAccountOutsideIsInvitedInPhase2(t *testing.T) {
	t.Parallel()
	w, _ := newEstate(t)
	w.commits.force.Repo = inPhase(t, w.commits.force.Repo, config.Grow)
	a := brings("k1")
	a.Account = outside
	_, err := w.service.Onboard(t.Context(), a)
	refused(t, err, access.FieldName)
	a.Name = "  Acquired   co "
	got := w.onboard(a)
	if o := got.Request.Want.Onboard; o.Member || o.From != "" || o.Name != "Acquired co" || len(o.Tags) != 0 {
		t.Errorf("%+v", o)
	}
}

// TestALegacyAccountKeepsItsFile: the form does not change what stands there.
func TestALegacyAccountKeepsItsFile(t *testing.T) {
	t.Parallel()
	w, e := newEstate(t)
	const crm = "333344441111"
	e.accounts[crm] = access.EstateAccount{ID: crm, Name: "CRM (aws)", Member: true, State: "ACTIVE", OU: "/"}
	a := brings("k1")
	a.Account = crm
	got := w.onboard(a)
	o := got.Request.Want.Onboard
	if o.Slug != "crm-legacy" || o.Name != "crm-legacy" || o.OU != "/" || !cmp.Equal(o.Owners, []string{"lena@example.com"}) || !strings.Contains(got.Warning, "accounts/crm-legacy.yaml is kept") {
		t.Errorf("%+v, warned %q", o, got.Warning)
	}
}

// TestTheSameAccountTwiceAtOnce: one request, and both stand behind it.
func TestTheSameAccountTwiceAtOnce(t *testing.T) {
	t.Parallel()
	w, _ := newEstate(t)
	const n = 8
	got := make(chan access.Asked, n)
	for i := range n {
		go func() {
			a := brings(fmt.Sprintf("k%d", i))
			a.Asker = asker(fmt.Sprintf("3c1d9a70-0000-4000-8000-0000000000%02d", 30+i))
			done, err := w.service.Onboard(t.Context(), a)
			if err != nil {
				t.Error(err)
			}
			got <- done
		}()
	}
	joined := 0
	id := access.ID("")
	for range n {
		a := <-got
		if a.Joined {
			joined++
		}
		if id == "" {
			id = a.Request.ID
		}
		if a.Request.ID != id {
			t.Errorf("%s and %s", id, a.Request.ID)
		}
	}
	if joined != n-1 || len(w.get(id).Joined) != n-1 || len(w.pulls.joined) != n-1 {
		t.Errorf("%d joined, stored %d, recorded %d", joined, len(w.get(id).Joined), len(w.pulls.joined))
	}
	_, err := w.service.Onboard(t.Context(), func() access.OnboardAsk {
		a := brings("once more")
		a.Asker = asker("3c1d9a70-0000-4000-8000-000000000030")
		return a
	}())
	refused(t, err, "account")
}

func TestWhatIsUnderWayIsShown(t *testing.T) {
	t.Parallel()
	w, _ := newEstate(t)
	r := w.onboard(brings("k1")).Request
	for _, tc := range []struct {
		state access.State
		retry bool
		want  string
	}{
		{access.StateVerified, false, "is merged and on its way"},
		{access.StateStopped, false, "It goes on by itself once that is mended."},
		{access.StateStopped, true, "`/aws-onboard 444455556666 again`"},
	} {
		state, want := tc.state, tc.want
		r = w.get(r.ID)
		r.Retry = tc.retry
		r = w.moved(r, state)
		a := brings(fmt.Sprint("k2", state, tc.retry))
		a.Asker = asker(yuki)
		_, err := w.service.Onboard(t.Context(), a)
		if no := refused(t, err, "account"); !strings.Contains(no.Error(), want) || !strings.Contains(no.Error(), string(r.ID)) {
			t.Errorf("%s: %q", state, no.Error())
		}
	}
}

// TestThatAWSDoesNotAnswerIsWorthAnotherTry: a new file is not made from the last
// look, which knows no tags. What has its file needs none.
func TestThatAWSDoesNotAnswerIsWorthAnotherTry(t *testing.T) {
	t.Parallel()
	w, e := newEstate(t)
	e.err = errDown
	if got, err := w.service.Onboard(t.Context(), brings("k1")); err == nil || !errors.Is(err, errDown) {
		t.Errorf("asked for without the tags that AWS has: %+v, %v", got.Request.Want.Onboard, err)
	}
	if got := w.service.AccountTitle(t.Context(), ledger); got != "Ledger" {
		t.Errorf("shown as %q", got)
	}
	const crm = "333344441111"
	e.view.Members = append(e.view.Members, access.EstateAccount{ID: crm, Name: "CRM (aws)", Member: true, State: "ACTIVE", OU: "/"})
	legacy := brings("k3")
	legacy.Account = crm
	if got := w.onboard(legacy).Request.Want.Onboard; !got.Member || got.From != "/" {
		t.Errorf("one that has its file: %+v", got)
	}
	e.err = nil
	if got := w.onboard(brings("k1")); got.Request.Want.Onboard.Tags["env"] != "dev" {
		t.Errorf("tried again: %+v", got.Request.Want.Onboard)
	}
	e.err = errDown
	a := brings("k2")
	a.Account = outside
	if _, err := w.service.Onboard(t.Context(), a); err == nil || strings.Contains(err.Error(), "There is") {
		t.Errorf("an account that nobody knows: %v", err)
	}
}

func TestOnlyRequestersOnboard(t *testing.T) {
	t.Parallel()
	w, _ := newEstate(t)
	other := *w.commits.force.Repo
	other.Access.Onboarding.Requesters = []config.ApproverRef{{Kind: config.ApproverEmail, Name: "yuki@example.com"}}
	w.commits.force.Repo = &other
	_, err := w.service.Onboard(t.Context(), brings("k1"))
	refused(t, err, "")
	a := brings("k2")
	a.Asker = asker(yuki)
	w.onboard(a)
}

// TestWhoTakesAnAccountUpAgain: its owners and the control plane.
func TestWhoTakesAnAccountUpAgain(t *testing.T) {
	t.Parallel()
	const dev = "111122224444" // Yuki owns it
	w, e := newEstate(t)
	w.commits.force.Repo = controlledBy(t, "ken@example.com")
	for _, who := range []string{yuki, ken} {
		if _, err := w.service.OnboardAgain(t.Context(), person(who), dev); err != nil {
			t.Errorf("%s: %v", who, err)
		}
	}
	_, err := w.service.OnboardAgain(t.Context(), person(hana), dev)
	refused(t, err, "")
	_, err = w.service.OnboardAgain(t.Context(), person(yuki), ledger)
	if no := refused(t, err, "account"); !strings.Contains(no.Message, "does not have the account") {
		t.Error(no)
	}
	if d := cmp.Diff([]string{dev + " 22", dev + " 23"}, e.again); d != "" {
		t.Errorf("taken up (-want +got):\n%s", d)
	}
	e.againErr = fmt.Errorf("not stopped: %w", access.ErrNotFound)
	_, err = w.service.OnboardAgain(t.Context(), person(yuki), "payments-dev")
	if no := refused(t, err, "account"); !strings.Contains(no.Message, "has not stopped") {
		t.Error(no)
	}
}

// TestWhoSeesAnOnboarding: who asked, the owners in the file, the control plane.
func TestWhoSeesAnOnboarding(t *testing.T) {
	t.Parallel()
	w, _ := newEstate(t)
	w.dir.members = map[string][]string{"": {ken}} // of a principal that it does not have
	r := w.onboard(brings("k1")).Request
	if _, err := w.service.Show(t.Context(), person(hana), r.ID); err != nil {
		t.Error(err)
	}
	for _, who := range []string{ken, newcomer} {
		_, err := w.service.Show(t.Context(), person(who), r.ID)
		refused(t, err, "")
	}
	w.commits.force.Repo = controlledBy(t, "ken@example.com")
	if _, err := w.service.Show(t.Context(), person(ken), r.ID); err != nil {
		t.Error(err)
	}
}

func TestOnboardSuggestions(t *testing.T) {
	t.Parallel()
	w, e := newEstate(t)
	values := func(field, typed string) []string {
		got, err := w.service.Suggest(t.Context(), field, typed, 3)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, c := range got {
			out = append(out, c.Value)
		}
		return out
	}
	if d := cmp.Diff([]string{"/Workloads", "/Workloads/Dev"}, values(access.FieldOU, "/w")); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"team:payments-leads"}, values(access.FieldOwners, "pay")); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"yuki@example.com"}, values(access.FieldOwners, "yuki")); d != "" {
		t.Error(d)
	}
	e.view = nil
	if d := cmp.Diff([]string{"/Workloads/Dev"}, values(access.FieldOU, "/workloads/d")); d != "" {
		t.Error(d)
	}
}
