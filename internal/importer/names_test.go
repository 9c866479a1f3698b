package importer_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"
	"unicode"

	"aws-access-bot/config"
	"aws-access-bot/internal/importer"
)

// TestNamesFromOutside: what can stand in a file is written as it is, what
// cannot is left out or, for an account, made safe. No name reaches a terminal
// that could act there.
func TestNamesFromOutside(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ü", 128)
	for _, tc := range []struct {
		name    string
		account string // as it is written
		group   bool   // written at all
	}{
		{"開発 環境", "開発 環境", true},
		{"yes", "yes", true},
		{"- [x]: {y} # z", "- [x]: {y} # z", true},
		{`it's "so"`, `it's "so"`, true},
		{"  two  spaces ", "two spaces", false},
		{"red\x1b[31m", "red [31m", false},
		{"line\nbreak", "line break", false},
		{"right\u202eleft", "right left", false},
		{"nothing\u200b", "nothing", false},
		{"e\u0301", "e", false},
		{"\xff\xfe", "account " + dev, false},
		{long, "account " + dev, true},
		{"Pаyments", "account " + dev, false}, // a Cyrillic а among Latin letters
		{"", "account " + dev, false},
	} {
		s := live()
		s.Accounts[2].Name = tc.name
		s.Groups[0].Name = tc.name
		s.Directory.Groups[entra(11)] = importer.DirectoryGroup{Name: tc.name, Security: true}
		r := build(t, s, fstest.MapFS{}, options())
		_, repo := applied(t, s, fstest.MapFS{}, options(), r)
		emptyPlan(t, planned(repo, s, noon))
		for _, a := range repo.Accounts {
			if a.ID == dev && a.Name != tc.account {
				t.Errorf("account %q is written as %q, want %q", tc.name, a.Name, tc.account)
			}
		}
		written := false
		for _, g := range repo.Groups {
			if g.Principal.ID == entra(11) {
				written = true
				if g.Name != tc.name {
					t.Errorf("group %q is written as %q: the bot would take it for renamed", tc.name, g.Name)
				}
			}
		}
		if written != tc.group || written == slices.Contains(codes(r), "! name g-dev") {
			t.Errorf("group %q: written %v, findings %v", tc.name, written, codes(r))
		}
		for _, f := range r.Findings {
			if strings.ContainsFunc(f.String(), unicode.IsControl) || strings.ContainsFunc(f.String(), func(c rune) bool { return unicode.Is(unicode.Cf, c) }) {
				t.Errorf("a finding shows %q", f)
			}
		}
	}
}

func TestSlugsThatCollideGetTheIDs(t *testing.T) {
	t.Parallel()
	s := live()
	s.Accounts[1].Name, s.Accounts[2].Name, s.Accounts[3].Name = "Pay!", "pay", "PAY"
	s.Groups[0].Name, s.Groups[1].Name = "開発", "運用"
	s.Directory = nil
	r := build(t, s, fstest.MapFS{}, options())
	_, repo := applied(t, s, fstest.MapFS{}, options(), r)
	for slug, id := range map[string]string{"pay": prod, "pay-11112222": dev, "pay-111122225555": idle} {
		if a := repo.Accounts[slug]; a == nil || a.ID != id {
			t.Errorf("accounts/%s.yaml: %+v", slug, a)
		}
	}
	if len(repo.Groups) != 2 {
		t.Errorf("groups: %v", repo.Groups)
	}
}

func TestAnOUThatNoPathSaysIsLeftOut(t *testing.T) {
	t.Parallel()
	for _, ou := range [][]string{{"Prod/EU"}, {"Prod", ""}, {"a\u202eb"}, {"1", "2", "3", "4", "5", "6"}, {" x"}} {
		s := live()
		s.Accounts[1].OU = ou
		r := build(t, s, fstest.MapFS{}, options())
		_, repo := applied(t, s, fstest.MapFS{}, options(), r)
		if repo.Accounts["payments-prod"] != nil || !slices.Contains(codes(r), "! account-ou "+prod) {
			t.Errorf("%q: %v", ou, codes(r))
		}
		emptyPlan(t, planned(repo, s, noon))
	}
}

// TestTagsThatTheLanguageDoesNotHave are left out one by one and said.
func TestTagsThatTheLanguageDoesNotHave(t *testing.T) {
	t.Parallel()
	s := live()
	s.Accounts[1].Tags = map[string]string{"Env": "Prod", "env": "prod", "empty": "", "odd": "a\u202eb", "a b": "c: d", "emoji": "🙂", "team": "支払"}
	r := build(t, s, fstest.MapFS{}, options())
	_, repo := applied(t, s, fstest.MapFS{}, options(), r)
	want := map[string]string{"Env": "Prod", "a b": "c: d", "team": "支払"}
	if got := repo.Accounts["payments-prod"].Tags; !maps.Equal(got, want) {
		t.Errorf("tags %v", got)
	}
	i := slices.IndexFunc(r.Findings, func(f importer.Finding) bool { return f.Code == importer.CodeAccountTags })
	if i < 0 || !strings.HasSuffix(r.Findings[i].Text, ": emoji, empty, env, odd") {
		t.Errorf("findings %v", r.Findings)
	}
}

func TestWhoCannotBeNamedIsLeftOut(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*importer.Snapshot){
		"! not-in-entra g-dev":        func(s *importer.Snapshot) { delete(s.Directory.Groups, entra(11)) },
		"! external-id-doubled g-dev": func(s *importer.Snapshot) { s.Groups[3].ExternalIDs = s.Groups[0].ExternalIDs },
		"! made-by-hand g-dev":        func(s *importer.Snapshot) { s.Groups[0].ExternalIDs = []string{"okta-00g1"} },
		"principal-deleted g-dev":     func(s *importer.Snapshot) { s.Groups = s.Groups[1:] },
		"principal-deleted u-hana":    func(s *importer.Snapshot) { s.Users = nil },
		"! not-in-entra u-hana":       func(s *importer.Snapshot) { delete(s.Directory.Users, entra(21)) },
	} {
		s := live()
		change(&s)
		r := build(t, s, fstest.MapFS{}, options())
		_, repo := applied(t, s, fstest.MapFS{}, options(), r)
		if !slices.Contains(codes(r), want) {
			t.Errorf("no %q in %v", want, codes(r))
		}
		if strings.Contains(want, "g-dev") && repo.Groups["aws-payments-dev"] != nil {
			t.Errorf("%s: written all the same", want)
		}
	}
}

// TestAnyOrganization: whatever is live, what is written is valid, its plan is
// empty, and a second import has nothing to do; on an empty folder, on part of
// an import, and with grants of people in it.
func TestAnyOrganization(t *testing.T) {
	t.Parallel()
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 7))
		s := organization(rng, 1+rng.IntN(30), rng.IntN(12), rng.IntN(6), rng.IntN(200))
		before := fstest.MapFS{}
		if seed%3 > 0 { // complete what an import of an earlier day wrote
			earlier := s
			earlier.Assignments = s.Assignments[:len(s.Assignments)/2]
			before, _ = applied(t, earlier, before, options(), build(t, earlier, before, options()))
		}
		if seed%3 == 2 {
			earlier := build(t, s, fstest.MapFS{}, options())
			for _, f := range earlier.Files {
				if _, there := before[f.Path]; there && rng.IntN(4) == 0 && strings.HasPrefix(f.Path, "groups/") {
					text := string(before[f.Path].Data) + "# by hand\n"
					before[f.Path] = &fstest.MapFile{Data: []byte(strings.ReplaceAll(text, "\n", "\r\n")), Mode: 0o644}
				}
			}
		}
		_, repo := applied(t, s, before, options(), build(t, s, before, options()))
		emptyPlan(t, planned(repo, s, noon))
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// organization makes a random one, with some of every kind of trouble.
func organization(rng *rand.Rand, accounts, groups, users, assignments int) importer.Snapshot {
	s := live()
	s.Assignments, s.Groups, s.Users = nil, nil, nil
	names := []string{"pay", "Pay", "支払", "a b", "x\u202ey", "yes", "long-" + strings.Repeat("n", 60), ""}
	for i := range accounts {
		a := importer.Account{ID: fmt.Sprintf("%012d", 100000000000+i), Name: names[rng.IntN(len(names))], State: "ACTIVE"}
		if rng.IntN(2) == 0 {
			a.Name = fmt.Sprintf("account-%d", i)
		}
		if rng.IntN(10) == 0 {
			a.State = "SUSPENDED"
		}
		a.OU = [][]string{nil, {"Workloads"}, {"Workloads", "Prod"}, {"A/B"}}[rng.IntN(4)]
		s.Accounts = append(s.Accounts, a)
	}
	for i := range groups {
		g := importer.Group{ID: fmt.Sprintf("g-%d", i), Name: names[rng.IntN(len(names))], ExternalIDs: []string{entra(100 + i)}}
		if rng.IntN(8) == 0 {
			g.ExternalIDs = nil
		}
		s.Groups = append(s.Groups, g)
		s.Directory.Groups[entra(100+i)] = importer.DirectoryGroup{Name: g.Name, Security: true}
	}
	for i := range users {
		s.Users = append(s.Users, importer.User{ID: fmt.Sprintf("u-%d", i), Name: "u@example.com", ExternalIDs: []string{entra(500 + i)}})
		s.Directory.Users[entra(500+i)] = importer.DirectoryUser{UPN: fmt.Sprintf("u%d@example.com", i)}
	}
	seen := map[importer.Assignment]bool{}
	for range assignments {
		id := fmt.Sprintf("g-%d", rng.IntN(groups+1))
		if rng.IntN(6) == 0 {
			id = fmt.Sprintf("u-%d", rng.IntN(users+1))
		}
		a := assigned(s.Accounts[rng.IntN(len(s.Accounts))].ID, []string{"Admin", "ReadOnly"}[rng.IntN(2)], id)
		if !seen[a] {
			seen[a] = true
			s.Assignments = append(s.Assignments, a)
		}
	}
	return s
}

// TestALargeOrganization: 500 accounts and 10,000 assignments take seconds.
func TestALargeOrganization(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	s := live()
	s.Assignments, s.Groups = nil, nil
	for i := range 500 {
		s.Accounts = append(s.Accounts, importer.Account{ID: fmt.Sprintf("%012d", 100000000000+i), Name: fmt.Sprintf("account %d", i), State: "ACTIVE", OU: []string{"Workloads"}})
	}
	for i := range 40 {
		s.Groups = append(s.Groups, importer.Group{ID: fmt.Sprintf("g-%d", i), Name: fmt.Sprintf("aws-group-%d", i), ExternalIDs: []string{entra(100 + i)}})
		s.Directory.Groups[entra(100+i)] = importer.DirectoryGroup{Name: fmt.Sprintf("aws-group-%d", i), Security: true}
	}
	seen := map[importer.Assignment]bool{}
	for len(seen) < 10000 {
		seen[assigned(fmt.Sprintf("%012d", 100000000000+rng.IntN(500)), []string{"Admin", "ReadOnly"}[rng.IntN(2)], fmt.Sprintf("g-%d", rng.IntN(40)))] = true
	}
	for a := range seen {
		s.Assignments = append(s.Assignments, a)
	}
	begun := time.Now()
	r := build(t, s, fstest.MapFS{}, options())
	if took := time.Since(begun); took > 20*time.Second {
		t.Errorf("took %s", took)
	}
	_, repo := applied(t, s, fstest.MapFS{}, options(), r)
	if n := len(repo.Desired(begunAll(repo), noon)); n != 10000 || r.Assignments != n {
		t.Errorf("%d assignments, said %d", n, r.Assignments)
	}
	emptyPlan(t, planned(repo, s, noon))
}

func begunAll(r *config.Repo) config.Starts {
	out := config.Starts{}
	for _, g := range r.Grants() {
		out[g.Key] = config.Start{MergedAt: noon}
	}
	return out
}

// TestAGroupTooLargeForItsFile is left out as a whole and said, not cut.
func TestAGroupTooLargeForItsFile(t *testing.T) {
	t.Parallel()
	s := live()
	for i := range 2000 {
		id := fmt.Sprintf("%012d", 100000000000+i)
		s.Accounts = append(s.Accounts, importer.Account{ID: id, Name: fmt.Sprintf("an-account-with-a-name-as-long-as-names-get-%d", i), State: "ACTIVE"})
		for j := range 8 {
			s.Assignments = append(s.Assignments, assigned(id, fmt.Sprintf("A-Permission-Set-Of-Long-Name-%d", j), "g-dev"))
		}
	}
	r := build(t, s, fstest.MapFS{}, options())
	_, repo := applied(t, s, fstest.MapFS{}, options(), r)
	if repo.Groups["aws-payments-dev"] != nil || !slices.Contains(codes(r), "! too-large groups/aws-payments-dev.yaml") {
		t.Errorf("findings %v", codes(r))
	}
}
