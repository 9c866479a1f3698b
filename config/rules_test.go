package config

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestTheFirstRuleThatFitsDecides(t *testing.T) {
	t.Parallel()
	r := repo(t, with("aws-access.yaml", strings.Replace(minimalAccess, "approvals: [", `approvals: [
  {name: admin in production, match: {permission_sets: [AdministratorAccess], tags: {env: prod}}, approvers: [account-owners]},
  {name: read or power, match: {permission_sets: [ReadOnlyAccess, PowerUserAccess], accounts: [pay-prod]}, approvers: [account-owners]},
  {name: below workloads, match: {ous: [/Nowhere, /Workloads]}, approvers: [account-owners]},
  `, 1)))
	tests := []struct {
		account, permissionSet, want string
	}{
		{"111122223333", "AdministratorAccess", "admin in production"},
		{"111122224444", "AdministratorAccess", "below workloads"},
		{"111122223333", "PowerUserAccess", "read or power"},
		{"111122224444", "PowerUserAccess", "below workloads"},
		{"333344441111", "PowerUserAccess", "all"},
		{"000000000000", "PowerUserAccess", ""},
	}
	for _, test := range tests {
		rule, ok := r.RuleFor(Assignment{Account: test.account, PermissionSet: test.permissionSet}, Term{For: time.Hour}, noon)
		if got := ""; ok != (test.want != got) || ok && rule.Name != test.want {
			t.Errorf("%s on %s: %v, want %q", test.permissionSet, test.account, rule, test.want)
		}
	}
	moved := *r.Accounts["pay-dev"]
	moved.Tags = map[string]string{"env": "prod"}
	if rule, ok := r.MatchRule(Case{Account: &moved, PermissionSet: "AdministratorAccess", Term: Term{For: time.Hour}, Start: noon}); !ok || rule.Name != "admin in production" {
		t.Errorf("the account as it will be: %v, want the rule for production", rule)
	}
}

func TestWithoutAFittingRuleNobodyApproves(t *testing.T) {
	t.Parallel()
	r := repo(t, with("aws-access.yaml", strings.Replace(minimalAccess, "match: {}", "match: {tags: {env: test}}", 1)))
	if rule, ok := r.RuleFor(Assignment{Account: "111122223333", PermissionSet: "X"}, Term{For: time.Hour}, noon); ok {
		t.Errorf("rule %v, want none", rule)
	}
}

func TestRulesAllowTerms(t *testing.T) {
	t.Parallel()
	short := &Rule{Name: "short", MaxDuration: 8 * time.Hour}
	standing := &Rule{Name: "standing", Standing: true}
	plain := &Rule{Name: "plain"}
	tests := []struct {
		name string
		rule *Rule
		term Term
		want string
	}{
		{"as long as max_duration", short, Term{For: 8 * time.Hour}, ""},
		{"longer", short, Term{For: 8*time.Hour + time.Minute}, `the rule "short" allows 8h at most; ask for 8h or less`},
		{"an end is measured from the start", short, Term{End: noon.Add(8 * time.Hour)}, ""},
		{"an end too late", short, Term{End: noon.Add(9 * time.Hour)}, `the rule "short" allows 8h at most`},
		{"standing under a maximum", short, Term{Standing: true}, `the rule "short" wants an end; ask for 8h or less`},
		{"standing", standing, Term{Standing: true}, ""},
		{"any length", standing, Term{For: 9000 * time.Hour}, ""},
		{"standing must be allowed", plain, Term{Standing: true}, `the rule "plain" wants an end; give a duration`},
		{"any length without a maximum", plain, Term{For: 9000 * time.Hour}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			err := test.rule.Allows(test.term, noon)
			var refusal *Refusal
			switch {
			case test.want == "" && err != nil:
				t.Errorf("refused: %v", err)
			case test.want != "" && (!errors.As(err, &refusal) || !strings.Contains(err.Error(), test.want)):
				t.Errorf("%v, want %q", err, test.want)
			}
		})
	}
}

func TestLegacyAndManagementAccountsAreNotRequestable(t *testing.T) {
	t.Parallel()
	r := repo(t, account("master", "999999999999", "owners: [team:platform]"))
	if err := r.Requestable(r.Accounts["pay-prod"]); err != nil {
		t.Errorf("an sso account is refused: %v", err)
	}
	for slug, want := range map[string]string{
		"crm":    "crm is a legacy account: its access is not managed here yet; ask its owners: taro@example.com, team:platform",
		"master": "master is the management account, where this bot never grants access; ask its owners: team:platform",
	} {
		err := r.Requestable(r.Accounts[slug])
		var refusal *Refusal
		if !errors.As(err, &refusal) || err.Error() != want {
			t.Errorf("%s: %v, want %q", slug, err, want)
		}
	}
}

func TestProtectedAssignments(t *testing.T) {
	t.Parallel()
	r := repo(t)
	breakglass := r.Groups["breakglass"].Principal
	want := []Assignment{{breakglass, "111122223333", "AdministratorAccess"}, {breakglass, "111122224444", "AdministratorAccess"}}
	if diff := cmp.Diff(want, r.Protected()); diff != "" {
		t.Errorf("Protected (-want +got):\n%s", diff)
	}
	for _, a := range want {
		if !r.IsProtected(a) {
			t.Errorf("%s is not protected", a)
		}
	}
	for _, a := range []Assignment{
		{breakglass, "111122223333", "ReadOnlyAccess"},
		{r.Groups["pay"].Principal, "111122223333", "AdministratorAccess"},
		{Principal{UserPrincipal, breakglass.ID}, "111122223333", "AdministratorAccess"},
	} {
		if r.IsProtected(a) {
			t.Errorf("%s is protected", a)
		}
	}
}

func TestOUContains(t *testing.T) {
	t.Parallel()
	tests := []struct {
		parent, child string
		want          bool
	}{
		{"/", "/", true}, {"/", "/a/b", true}, {"/a", "/a", true}, {"/a", "/a/b", true},
		{"/a", "/ab", false}, {"/a/b", "/a", false}, {"/a", "/", false}, {"/a", "/A", false},
	}
	for _, test := range tests {
		if got := OUContains(test.parent, test.child); got != test.want {
			t.Errorf("OUContains(%q, %q) = %v", test.parent, test.child, got)
		}
	}
}

func TestPeopleAreFoundByAnyIdentity(t *testing.T) {
	t.Parallel()
	r := repo(t)
	const hana = "hana@example.com"
	find := map[string]func() (*Person, bool){
		"entra id":               func() (*Person, bool) { return r.PersonByEntra("3C1D9A70-0000-4000-8000-000000000021") },
		"e-mail in another case": func() (*Person, bool) { return r.PersonByEmail("Hana@Example.com") },
		"github id":              func() (*Person, bool) { return r.PersonByGitHub(1002) },
		"slack user":             func() (*Person, bool) { return r.PersonBySlack("T0ACME", "U0HANA") },
	}
	for name, f := range find {
		if p, ok := f(); !ok || p.Email != hana {
			t.Errorf("by %s: %v, %v", name, p, ok)
		}
	}
	miss := map[string]func() (*Person, bool){
		"no entra id":                   func() (*Person, bool) { return r.PersonByEntra("") },
		"no e-mail":                     func() (*Person, bool) { return r.PersonByEmail("") },
		"no github id":                  func() (*Person, bool) { return r.PersonByGitHub(0) },
		"an unknown github id":          func() (*Person, bool) { return r.PersonByGitHub(9) },
		"the user in another workspace": func() (*Person, bool) { return r.PersonBySlack("T0OTHER", "U0HANA") },
		"no slack user":                 func() (*Person, bool) { return r.PersonBySlack("", "") },
	}
	for name, f := range miss {
		if p, ok := f(); ok {
			t.Errorf("by %s: found %v", name, p)
		}
	}
}

func TestAccountsAndPrincipalsAreFound(t *testing.T) {
	t.Parallel()
	r := repo(t)
	if a, ok := r.AccountByID("111122224444"); !ok || a.Slug != "pay-dev" {
		t.Errorf("AccountByID: %v, %v", a, ok)
	}
	if a, ok := r.AccountBySlug("pay-dev"); !ok || a.ID != "111122224444" {
		t.Errorf("AccountBySlug: %v, %v", a, ok)
	}
	if _, ok := r.AccountByID("1"); ok {
		t.Error("AccountByID finds an unknown id")
	}
	for _, want := range []*PrincipalFile{r.Groups["pay"], r.Users["hana"]} {
		if f, ok := r.PrincipalFile(want.Principal); !ok || f != want {
			t.Errorf("PrincipalFile(%s): %v, %v", want.Principal, f, ok)
		}
	}
	if _, ok := r.PrincipalFile(Principal{UserPrincipal, r.Groups["pay"].Principal.ID}); ok {
		t.Error("a group is found as a user")
	}
}
