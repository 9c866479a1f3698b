package access_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/config/example"
	"aws-access-bot/internal/access"

	"github.com/google/go-cmp/cmp"
)

func TestAnAcceptedAskIsStoredAsAsked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := good("k1")
	a.Reason = "  looking into\n the   refund bug "
	a.Group, a.Account, a.PermissionSet = "AWS-Payments-Dev", "111122224444", "poweruseraccess"
	got := w.ask(a)
	want := access.Request{
		ID: got.Request.ID, Key: "k1", Kind: access.KindGrant, State: access.StateAsked, Version: 1, Asker: asker(hana),
		Channel: "C0AWS", Origin: "C0GEN", Times: map[access.Stage]time.Time{access.StageAsked: morning},
		Want: access.Want{
			Principal: config.Principal{Kind: config.GroupPrincipal, ID: payDev}, PrincipalSlug: "aws-payments-dev", PrincipalName: "aws-payments-dev",
			AccountSlug: "payments-dev", AccountID: "111122224444", AccountName: "payments-dev", OU: "/Workloads/Dev",
			PermissionSet: "PowerUserAccess", Term: config.Term{For: 4 * time.Hour}, Reason: "looking into the refund bug",
		},
	}
	if d := cmp.Diff(access.Asked{Request: want}, got); d != "" {
		t.Errorf("answer (-want +got):\n%s", d)
	}
	if d := cmp.Diff(want, w.get(got.Request.ID)); d != "" {
		t.Errorf("stored (-want +got):\n%s", d)
	}
	if w.stored != 1 {
		t.Errorf("the workers were woken %d times", w.stored)
	}
}

func TestAskRefusesBesideTheField(t *testing.T) {
	t.Parallel()
	end := func(d time.Duration) *config.Term { return &config.Term{End: morning.Add(d)} }
	last := func(d time.Duration) *config.Term { return &config.Term{For: d} }
	tests := []struct {
		name, field, says string
		change            func(*access.Ask)
	}{
		{"no account", "account", "which account", func(a *access.Ask) { a.Account = " " }},
		{"unknown account, with the nearest", "account", "Did you mean payments-dev", func(a *access.Ask) { a.Account = "payment-dev" }},
		{"unknown account of any length", "account", "There is no account", func(a *access.Ask) { a.Account = strings.Repeat("x", 4000) }},
		{"management account", "account", "management account", func(a *access.Ask) { a.Account = "999999999999" }},
		{"legacy account, with its owners", "account", "lena@example.com", func(a *access.Ask) { a.Account = "crm-legacy" }},
		{"legacy account, as it is written", "account", "crm-legacy is a legacy account", func(a *access.Ask) { a.Account = "crm-legacy" }},
		{"no permission set", "permission_set", "Which permission set", func(a *access.Ask) { a.PermissionSet = "" }},
		{"unknown permission set", "permission_set", "Did you mean PowerUserAccess", func(a *access.Ask) { a.PermissionSet = "PowerUsrAccess" }},
		{"no group", "group", "which group", func(a *access.Ask) { a.Group = "" }},
		{"unknown group", "group", "Did you mean aws-payments-dev", func(a *access.Ask) { a.Group = "aws-payments-dve" }},
		{"a group without what all begin with", "group", "Did you mean aws-payments-dev", func(a *access.Ask) { a.Group = "payments-dv" }},
		{"a user's slug is no group", "group", "no group", func(a *access.Ask) { a.Group = "hana" }},
		{"no reason", "reason", "reason is missing", func(a *access.Ask) { a.Reason = " \t\n" }},
		{"reason of 501 characters", "reason", "501 characters", func(a *access.Ask) { a.Reason = strings.Repeat("字", 501) }},
		{"reason that turns text around", "reason", "direction of text", func(a *access.Ask) { a.Reason = "x \u202e y" }},
		{"reason with a control character", "reason", "control character", func(a *access.Ask) { a.Reason = "x \x07 y" }},
		{"reason that is not UTF-8", "reason", "UTF-8", func(a *access.Ask) { a.Reason = "x \xff" }},
		{"longer than the rule allows", "duration", "allows 8h at most", func(a *access.Ask) {
			a.Account, a.PermissionSet, a.Term = "payments-prod", "AdministratorAccess", last(8*time.Hour+time.Minute)
		}},
		{"an end further away than the rule allows", "duration", "allows 8h at most", func(a *access.Ask) {
			a.Account, a.PermissionSet, a.Term = "payments-prod", "AdministratorAccess", end(8*time.Hour+time.Second)
		}},
		{"standing where the rule wants an end", "duration", "wants an end", func(a *access.Ask) {
			a.Account, a.PermissionSet, a.Term = "payments-prod", "AdministratorAccess", &config.Term{Standing: true}
		}},
		{"no length and no default", "duration", "no default duration", func(a *access.Ask) {
			a.Account, a.PermissionSet, a.Term = "payments-prod", "AdministratorAccess", nil
		}},
		{"an end of this moment", "duration", "has passed", func(a *access.Ask) { a.Term = end(0) }},
		{"no length at all", "duration", "nothing", func(a *access.Ask) { a.Term = &config.Term{} }},
		{"a negative length", "duration", "nothing", func(a *access.Ask) { a.Term = last(-time.Hour) }},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			a := good("k1")
			tc.change(&a)
			_, err := w.service.Ask(t.Context(), a)
			no := refused(t, err, tc.field)
			if !strings.Contains(no.Error(), tc.says) {
				t.Errorf("%q does not say %q", no.Error(), tc.says)
			}
			if n := len([]rune(no.Error())); n > 400 {
				t.Errorf("a refusal of %d characters", n)
			}
			_, rerr := w.service.Resolve(t.Context(), a)
			refused(t, rerr, tc.field)
			if all, err := w.requests.All(t.Context()); err != nil || len(all) != 0 {
				t.Errorf("stored: %v, %v", all, err)
			}
		})
	}
}

func TestAskTakesWhatTheRuleAllows(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, set string
		term      *config.Term
		want      config.Term
	}{
		{"the rule's default", "ReadOnlyAccess", nil, config.Term{For: 8 * time.Hour}},
		{"standing", "ReadOnlyAccess", &config.Term{Standing: true}, config.Term{Standing: true}},
		{"an end", "ReadOnlyAccess", &config.Term{End: morning.Add(time.Second)}, config.Term{End: morning.Add(time.Second)}},
		{"exactly the most", "AdministratorAccess", &config.Term{For: 24 * time.Hour}, config.Term{For: 24 * time.Hour}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			a := good("k1")
			a.Group, a.PermissionSet, a.Term = "aws-orders-dev", tc.set, tc.term
			if got := newWorld(t).ask(a).Request.Want.Term; got != tc.want {
				t.Errorf("got %+v, want %+v", got, tc.want)
			}
		})
	}
}

// TestT29NamesThatSeveralFilesHaveAreNotGuessed: a display name is a way to
// find a file only while one has it.
func TestT29NamesThatSeveralFilesHaveAreNotGuessed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.commits.force.Repo = exampleRepo(t, map[string]string{
		"groups/copy.yaml":   "id: 0b7e3f4c-0000-4000-8000-0000000000aa\nname: Payments\naccess: []\n",
		"groups/copy-b.yaml": "id: 0b7e3f4c-0000-4000-8000-0000000000ab\nname: payments\naccess: []\n",
		"accounts/twin.yaml": "id: \"444455556666\"\nname: Twin Account\nstage: sso\nou: /\nowners: [ken@example.com]\n",
		"accounts/twix.yaml": "id: \"444455557777\"\nname: twin account\nstage: sso\nou: /\nowners: [ken@example.com]\n",
	})
	a := good("k1")
	a.Group = "payments"
	_, err := w.service.Ask(t.Context(), a)
	if no := refused(t, err, "group"); !strings.Contains(no.Mend, "copy, copy-b") {
		t.Errorf("mend %q does not name both", no.Mend)
	}
	a = good("k1")
	a.Account = "Twin Account"
	_, err = w.service.Ask(t.Context(), a)
	if no := refused(t, err, "account"); !strings.Contains(no.Mend, "twin, twix") {
		t.Errorf("mend %q does not name both", no.Mend)
	}
	a.Account = "444455557777"
	if got := w.ask(a).Request.Want.AccountSlug; got != "twix" {
		t.Errorf("by id: %s", got)
	}
}

func TestWithoutATrustedCommitNothingCanBeAsked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.commits.err = access.ErrNotFound
	_, err := w.service.Ask(t.Context(), good("k1"))
	refused(t, err, "")
	_, err = w.service.Suggest(t.Context(), "group", "", 10)
	refused(t, err, "")
	w.commits.err = errDown
	if _, err = w.service.Ask(t.Context(), good("k1")); !errors.Is(err, errDown) {
		t.Errorf("got %v, want the fault, which is worth another try", err)
	}
}

// others are asks for different assignments.
func other(i int) access.Ask {
	groups := []string{"aws-payments-dev", "aws-orders-dev", "aws-data-analysts", "aws-payments-oncall", "aws-security-audit", "aws-sandbox-users"}
	accounts := []string{"payments-dev", "orders-dev", "data-lake", "sandbox-play"}
	a := good(fmt.Sprint("k", i))
	a.Group, a.Account, a.PermissionSet = groups[i%len(groups)], accounts[i/len(groups)%len(accounts)], "AdministratorAccess"
	return a
}

// TestT43FiveOpenRequestsOfOnePerson counts those that still wait, also after a
// restart, and nobody else's.
func TestT43FiveOpenRequestsOfOnePerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var first access.Request
	for i := range 5 {
		r := w.ask(other(i)).Request
		if i == 0 {
			first = r
		}
	}
	w.start()
	_, err := w.service.Ask(t.Context(), other(5))
	if no := refused(t, err, ""); !strings.Contains(no.Message, "5 open requests") {
		t.Errorf("refusal %q", no.Message)
	}
	a := other(5)
	a.Asker = asker(yuki)
	w.ask(a)
	w.moved(first, access.StateLive)
	w.ask(other(6))
}

// TestT43TwentyRequestsADay counts the final ones too, for 24 hours.
func TestT43TwentyRequestsADay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 20 {
		w.moved(w.ask(other(i)).Request, access.StateClosed)
	}
	w.start()
	w.now = morning.Add(24*time.Hour - time.Second)
	_, err := w.service.Ask(t.Context(), other(20))
	if no := refused(t, err, ""); !strings.Contains(no.Message, "20 requests in 24 hours") {
		t.Errorf("refusal %q", no.Message)
	}
	w.now = morning.Add(24 * time.Hour)
	w.ask(other(20))
}

// TestWhatIsGrantedAlreadyIsNotAskedFor: its pull request would change nothing.
func TestWhatIsGrantedAlreadyIsNotAskedFor(t *testing.T) {
	t.Parallel()
	last := func(d time.Duration) *config.Term { return &config.Term{For: d} }
	const granted = "\n  - {account: orders-dev, permission_set: AdministratorAccess, duration: 4h, reason: a look}\n"
	tests := []struct {
		name, account, set string
		term               *config.Term
		says               string // "" when it is accepted
	}{
		{"standing, wanted standing", "payments-dev", "ReadOnlyAccess", &config.Term{Standing: true}, "with no end"},
		{"standing, wanted for a while", "payments-dev", "ReadOnlyAccess", last(4 * time.Hour), "with no end"},
		{"as long as it has it", "orders-dev", "AdministratorAccess", last(4 * time.Hour), "until 2026-11-23 13:00 UTC"},
		{"for less", "orders-dev", "AdministratorAccess", &config.Term{End: morning.Add(time.Hour)}, "until 2026-11-23 13:00 UTC"},
		{"for longer", "orders-dev", "AdministratorAccess", last(4*time.Hour + time.Second), ""},
		{"elsewhere", "data-lake", "AdministratorAccess", last(4 * time.Hour), ""},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			text, err := fs.ReadFile(example.FS(), "groups/aws-payments-dev.yaml")
			if err != nil {
				t.Fatal(err)
			}
			repo := exampleRepo(t, map[string]string{"groups/aws-payments-dev.yaml": strings.TrimRight(string(text), "\n") + granted})
			w.commits.force.Repo, w.commits.force.Starts = repo, started(repo, morning)
			a := good("k1")
			a.Account, a.PermissionSet, a.Term = tc.account, tc.set, tc.term
			_, err = w.service.Ask(t.Context(), a)
			if tc.says == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			var no *access.Refusal
			if !errors.As(err, &no) || !strings.Contains(no.Message, tc.says) || no.Field == "" {
				t.Errorf("got %v, want a refusal that says %q", err, tc.says)
			}
		})
	}
}

func TestOneOpenRequestForAnAssignment(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.ask(good("k1")).Request
	for _, s := range []access.State{access.StateProposed, access.StateMerged, access.StateHalted, access.StateVerified} {
		_, err := w.service.Ask(t.Context(), good("k2"))
		if no := refused(t, err, "group"); !strings.Contains(no.Message, string(first.ID)) {
			t.Errorf("refusal %q does not name the open request", no.Message)
		}
		first = w.moved(first, s)
	}
	w.moved(first, access.StateLive)
	if got := w.ask(good("k2")); got.Joined {
		t.Errorf("joined %s, which waits for nobody", got.Request.ID)
	}
}

func TestManyAskAtOnceAndOneIsStored(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	errs := make([]error, 8)
	var wg sync.WaitGroup
	w.service.Stored = func() {}
	for i := range errs {
		wg.Go(func() {
			_, errs[i] = w.service.Ask(context.WithoutCancel(t.Context()), good(fmt.Sprint("k", i)))
		})
	}
	wg.Wait()
	if n := len(slices.DeleteFunc(errs, func(err error) bool { return err != nil })); n != 1 {
		t.Errorf("%d of 8 were accepted", n)
	}
}

// TestT4ARepeatedDeliveryIsOneRequest: whatever happened to the config in
// between, the answer is the request that was made.
func TestT4ARepeatedDeliveryIsOneRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := good("k1")
	a.Term = &config.Term{End: morning.Add(time.Hour)}
	first := w.ask(a)
	w.start()
	w.now = morning.Add(2 * time.Hour)
	w.commits.err = access.ErrNotFound
	again := w.ask(a)
	if !again.Repeated || again.Request.ID != first.Request.ID {
		t.Errorf("got %+v, want %s again", again, first.Request.ID)
	}
	if all, err := w.requests.All(t.Context()); err != nil || len(all) != 1 {
		t.Errorf("stored: %d, %v", len(all), err)
	}
}

func TestATakenIDLeadsToTheNextOne(t *testing.T) {
	t.Parallel()
	id := newWorld(t).ask(good("k1")).Request.ID
	w := newWorld(t)
	taken := access.Request{ID: id, Key: "another", Version: 1, State: access.StateClosed, Asker: asker(yuki)}
	if err := w.requests.Create(t.Context(), taken); err != nil {
		t.Fatal(err)
	}
	got := w.ask(good("k1")).Request.ID
	if _, ok := access.ParseID(string(got)); !ok || got == id {
		t.Errorf("got the id %s", got)
	}
	if w.get(id).Key != "another" {
		t.Error("the other request was overwritten")
	}
}

func TestTheAskerIsToldThatHeIsNoMember(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.dir.members[payDev] = []string{yuki}
	if got := w.ask(good("k1")).Warning; !strings.Contains(got, "not a direct member of aws-payments-dev") {
		t.Errorf("warning %q", got)
	}
	w.dir.err = errDown
	if got := w.ask(other(1)); got.Warning != "" {
		t.Errorf("warning %q though the directory is down", got.Warning)
	}
}

// TestASlowDirectoryHoldsUpNobodyElse: the courtesy of the warning waits
// neither for ever nor in anybody's way.
func TestASlowDirectoryHoldsUpNobodyElse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.dir.wait = make(chan struct{})
		began := time.Now()
		var wg sync.WaitGroup
		w.service.Stored = func() {}
		for i := range 4 {
			wg.Go(func() {
				if got := w.ask(other(i)); got.Warning != "" {
					t.Errorf("warning %q", got.Warning)
				}
			})
		}
		wg.Wait()
		if took := time.Since(began); took > 1500*time.Millisecond {
			t.Errorf("four asks took %s", took)
		}
	})
}

func TestStoreFaultsArePassedOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if err := w.db.Close(); err != nil {
		t.Fatal(err)
	}
	_, ask := w.service.Ask(t.Context(), good("k1"))
	_, revoke := w.service.Revoke(t.Context(), access.Removal{Key: "k", Asker: asker(hana), Request: "REQ-000000"})
	_, cancel := w.service.Cancel(t.Context(), person(hana), "REQ-000000")
	_, show := w.service.Show(t.Context(), person(hana), "REQ-000000")
	_, mine := w.service.Mine(t.Context(), person(hana), 1)
	var no *access.Refusal
	for name, err := range map[string]error{"Ask": ask, "Revoke": revoke, "Cancel": cancel, "Show": show, "Mine": mine} {
		if err == nil || errors.As(err, &no) {
			t.Errorf("%s = %v, want a fault that is worth another try", name, err)
		}
	}
}

func TestSuggestions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tests := []struct {
		name, field, typed string
		n                  int
		want               []string
	}{
		{"those that begin with it come first", "account", "pay", 10, []string{"payments-dev", "payments-ledger", "payments-prod"}},
		{"whole numbers", "account", "111122223333", 10, []string{"payments-prod"}},
		{"last four digits", "account", "· 444", 10, []string{"payments-dev", "security-tooling"}},
		{"legacy accounts are left out", "account", "legacy", 10, []string{}},
		{"any case, spaces around", "permission_set", "  POWER ", 10, []string{"PowerUserAccess"}},
		{"as many as asked for", "group", "", 2, []string{"aws-breakglass", "aws-data-analysts"}},
		{"an unknown field has none", "people", "", 10, []string{}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, err := w.service.Suggest(t.Context(), tc.field, tc.typed, tc.n)
			if err != nil {
				t.Fatal(err)
			}
			values := []string{}
			for _, c := range got {
				values = append(values, c.Value)
			}
			if d := cmp.Diff(tc.want, values); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}
