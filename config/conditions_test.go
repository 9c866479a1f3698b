package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

// rulesFirst is aws-access.yaml with rules before the one for everything.
func rulesFirst(rules string) txtar.File {
	return with("aws-access.yaml", strings.Replace(minimalAccess, "approvals: [", "approvals: ["+rules+", ", 1))
}

// TestRulesMatchGroupsAndLengths: each case is asked of one rule with that
// match, before the one for everything else.
func TestRulesMatchGroupsAndLengths(t *testing.T) {
	t.Parallel()
	pay, hana := repo(t).Groups["pay"].Principal, repo(t).Users["hana"].Principal
	standing := Term{Standing: true}
	tests := []struct {
		name, match string
		who         Principal
		term        Term
		fits        bool
	}{
		{"the group", "groups: [breakglass, pay]", pay, Term{For: time.Hour}, true},
		{"another group", "groups: [breakglass]", pay, Term{For: time.Hour}, false},
		{"a user is in no group", "groups: [pay]", hana, Term{For: time.Hour}, false},
		{"a group without a file", "groups: [pay]", Principal{GroupPrincipal, "x"}, Term{For: time.Hour}, false},
		{"longer", "longer_than: 8h", pay, Term{For: 9 * time.Hour}, true},
		{"as long as longer_than", "longer_than: 8h", pay, Term{For: 8 * time.Hour}, false},
		{"an end is measured from the start", "longer_than: 8h", pay, Term{End: noon.Add(9 * time.Hour)}, true},
		{"an end that is near", "longer_than: 8h", pay, Term{End: noon.Add(8 * time.Hour)}, false},
		{"standing is longer than anything", "longer_than: 3650d", pay, standing, true},
		{"as long as at_most", "at_most: 8h", pay, Term{For: 8 * time.Hour}, true},
		{"longer than at_most", "at_most: 8h", pay, Term{For: 8*time.Hour + time.Minute}, false},
		{"standing is no short one", "at_most: 3650d", pay, standing, false},
		{"an end that has passed has no length", "at_most: 8h", pay, Term{End: noon}, false},
		{"between", "longer_than: 1h, at_most: 8h", pay, Term{For: 2 * time.Hour}, true},
		{"below both", "longer_than: 1h, at_most: 8h", pay, Term{For: time.Hour}, false},
		{"only standing", "standing: true", pay, standing, true},
		{"one with an end is not standing", "standing: true", pay, Term{For: time.Hour}, false},
		{"only with an end", "standing: false", pay, Term{End: noon.Add(time.Hour)}, true},
		{"standing has no end", "standing: false", pay, standing, false},
		{"an unknown length fits no length", "at_most: 8h", pay, Term{}, false},
		{"an unknown length fits the rest", "groups: [pay]", pay, Term{}, true},
		{"every member must fit", "groups: [pay], longer_than: 8h", pay, Term{For: time.Hour}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := repo(t, rulesFirst("{name: it, match: {"+test.match+"}, approvers: [control-plane], standing: true}"))
			rule, ok := r.RuleFor(Assignment{test.who, "111122223333", "X"}, test.term, noon)
			if !ok || (rule.Name == "it") != test.fits {
				t.Errorf("decided by %v, want it to fit: %v", rule, test.fits)
			}
		})
	}
}

func TestARequestWithoutALengthTakesADefaultThatFallsUnderItsOwnRule(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, rules string
		want        string
		length      time.Duration
	}{
		{"the first that fits", "{name: a, match: {accounts: [pay-prod]}, approvers: [control-plane], default_duration: 1h}", "a", time.Hour},
		{"one without a default ends the search", "{name: a, match: {accounts: [pay-prod]}, approvers: [control-plane]}, {name: b, match: {accounts: [pay-prod]}, approvers: [control-plane], default_duration: 1h}", "a", 0},
		{"one for other lengths does not", "{name: a, match: {longer_than: 8h}, approvers: [control-plane]}, {name: b, match: {accounts: [pay-prod]}, approvers: [control-plane], default_duration: 1h}", "b", time.Hour},
		{"a default outside its own match is none", "{name: a, match: {longer_than: 8h}, approvers: [control-plane], default_duration: 8h}, {name: b, match: {at_most: 8h}, approvers: [control-plane], default_duration: 2h}", "b", 2 * time.Hour},
		{"of another account", "{name: a, match: {accounts: [pay-dev]}, approvers: [control-plane], default_duration: 1h}", "all", 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := repo(t, rulesFirst(test.rules))
			rule, ok := r.DefaultRule(Assignment{r.Groups["pay"].Principal, "111122223333", "X"}, noon)
			if !ok || rule.Name != test.want || rule.DefaultDuration != test.length {
				t.Errorf("%v, want %s with %s", rule, test.want, test.length)
			}
		})
	}
	if rule, ok := repo(t).DefaultRule(Assignment{Account: "000000000000"}, noon); ok {
		t.Errorf("an account without a file has the rule %v", rule)
	}
}

func TestRulesCheckReasons(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		rule   *ReasonRule
		reason string
		want   string
	}{
		{"no rule wants nothing", nil, "", ""},
		{"the whole reason fits", &ReasonRule{Pattern: "[a-z ]+"}, "an incident", ""},
		{"a part is not enough", &ReasonRule{Pattern: "[a-z]+"}, "an incident", `the rule "r" wants a reason of another form; write it so that the whole of it fits [a-z]+`},
		{"an alternative is anchored too", &ReasonRule{Pattern: "incident|drill"}, "drill, not", "of another form"},
		{"a line end is no end", &ReasonRule{Pattern: "(?m)^drill$"}, "drill\nx", "of another form"},
		{"a ticket occurs", &ReasonRule{Ticket: "INC-[0-9]+"}, "for INC-12, again", ""},
		{"no ticket", &ReasonRule{Ticket: "INC-[0-9]+"}, "for INC-, again", `the rule "r" wants a ticket in the reason; name one that fits INC-[0-9]+`},
		{"both are asked for", &ReasonRule{Pattern: ".{10,}", Ticket: "INC-[0-9]+"}, "INC-1", "of another form"},
		{"a bad pattern fits nothing", &ReasonRule{Pattern: "("}, "(", "of another form"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			err := (&Rule{Name: "r", Reason: test.rule}).CheckReason(test.reason)
			var no *Refusal
			switch {
			case test.want == "" && err != nil:
				t.Errorf("refused: %v", err)
			case test.want != "" && (!errors.As(err, &no) || !strings.Contains(err.Error(), test.want)):
				t.Errorf("%v, want %q", err, test.want)
			}
		})
	}
}

func TestWhoMayAskUnderARule(t *testing.T) {
	t.Parallel()
	const (
		hana = "3c1d9a70-0000-4000-8000-000000000021"
		yuki = "3c1d9a70-0000-4000-8000-000000000022"
		taro = "3c1d9a70-0000-4000-8000-000000000025" // without GitHub
		noro = "3c1d9a70-0000-4000-8000-000000000099" // not in people.yaml
	)
	pay := repo(t).Groups["pay"].Principal.ID
	full := Rosters{map[string][]int64{"security": {1001}}, map[string][]string{pay: {noro}}}
	all := "[hana@example.com, team:security, group:pay]"
	tests := []struct {
		name, requesters, who string
		ro                    Rosters
		allowed, known        bool
	}{
		{"everybody without requesters", "", noro, Rosters{}, true, true},
		{"by e-mail, through people.yaml", all, hana, Rosters{}, true, true},
		{"by team, through people.yaml", all, yuki, full, true, true},
		{"by group", all, noro, full, true, true},
		{"by group in another case", all, strings.ToUpper(noro), full, true, true},
		{"none of them", all, taro, full, false, true},
		{"a group that was not read", all, taro, Rosters{Teams: full.Teams}, false, false},
		{"a team that was not read", all, yuki, Rosters{Groups: full.Groups}, false, false},
		{"a team that cannot matter", "[team:security]", taro, Rosters{}, false, true},
		{"nobody", all, "", full, false, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			text := ""
			if test.requesters != "" {
				text = ", requesters: " + test.requesters
			}
			r := repo(t, rulesFirst("{name: it, match: {accounts: [pay-dev]}, approvers: [control-plane]"+text+"}"))
			allowed, known := r.MayAsk(&r.Access.Approvals[0], test.who, test.ro)
			if allowed != test.allowed || known != test.known {
				t.Errorf("allowed %v, known %v; want %v, %v", allowed, known, test.allowed, test.known)
			}
		})
	}
}

func TestAFewMayAlwaysJoin(t *testing.T) {
	t.Parallel()
	people := func(prefix string, n int) (ids []string) {
		for i := range n {
			ids = append(ids, fmt.Sprint(prefix, i))
		}
		return ids
	}
	for size, want := range map[int]int{0: 3, 5: 3, 19: 3, 20: 4, 100: 20} {
		before := people("m", size)
		for n, pinned := range map[int]bool{want: false, 0: true} {
			for _, more := range []int{0, 1} {
				came := people("j", n+more)
				got, tooMany := (Limits{PeopleGrowthPercent: 20}).Grown(before, slices.Concat(before, came), pinned)
				if diff := cmp.Diff(came, got); diff != "" || tooMany != (more > 0) {
					t.Errorf("of %d people, pinned %v, %d more: too many %v, joined (-want +got):\n%s", size, pinned, n+more, tooMany, diff)
				}
			}
		}
	}
	if got, tooMany := (Limits{}).Grown(people("m", 9), people("m", 2), true); len(got) != 0 || tooMany {
		t.Errorf("who left counts: %v", got)
	}
}

// TestT10EveryConditionOfARuleIsControlPlane: no key of a rule can change
// unseen.
func TestT10EveryConditionOfARuleIsControlPlane(t *testing.T) {
	t.Parallel()
	const rule = "{name: it, match: {permission_sets: [X], %match}, approvers: [group-owners], max_duration: 8h%more}"
	base := strings.NewReplacer("%match", "accounts: [pay-dev]", "%more", "").Replace(rule)
	for _, change := range [][2]string{
		{"groups: [pay]", ""}, {"longer_than: 1h", ""}, {"at_most: 1h", ""}, {"standing: false", ""},
		{"accounts: [pay-dev]", ", requesters: [group:pay]"}, {"accounts: [pay-dev]", `, reason: {pattern: "a+"}`},
		{"accounts: [pay-dev]", `, reason: {ticket: "a+"}`}, {"accounts: [pay-dev]", ", auto: true"}, {"accounts: [pay-dev]", ", people: pinned"},
	} {
		head := strings.NewReplacer("%match", change[0], "%more", change[1]).Replace(rule)
		control := Compare(repo(t, rulesFirst(base)), repo(t, rulesFirst(head)), nil, noon).Control
		if len(control) != 1 || !strings.HasPrefix(control[0].Field, "approvals[it].") {
			t.Errorf("%q: control plane %v", change, control)
		}
	}
}

// TestT10SwappedNamesAreControlPlane: files that swap their names change what
// a rule is for.
func TestT10SwappedNamesAreControlPlane(t *testing.T) {
	t.Parallel()
	swapped := func(file, content, digits string) txtar.File {
		return with("groups/"+file+".yaml", string(group(content, digits).Data))
	}
	for _, rule := range []string{
		"{name: it, match: {groups: [g1]}, approvers: [control-plane]}",
		"{name: it, match: {permission_sets: [X]}, approvers: [control-plane], requesters: [group:g1]}",
	} {
		base := repo(t, rulesFirst(rule), group("g1", "41"), group("g3", "43"))
		head := repo(t, rulesFirst(rule), swapped("g1", "g3", "43"), swapped("g3", "g1", "41"))
		if control := Compare(base, head, nil, noon).Control; !slices.ContainsFunc(control, func(f FieldChange) bool { return f.Path == accessPath }) {
			t.Errorf("%s: control plane %v", rule, control)
		}
	}
}
