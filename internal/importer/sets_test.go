package importer_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/importer"
	"aws-access-bot/internal/provision/permset"
)

const readOnly = "arn:aws:iam::aws:policy/ReadOnlyAccess"

// set is a live permission set with one managed policy, and what edit makes of
// it.
func set(name string, edit func(*permset.Live)) importer.Set {
	live := &permset.Live{ARN: "arn:" + name, Definition: permset.Definition{Name: name, Session: time.Hour, Managed: []string{readOnly}}}
	if edit != nil {
		edit(live)
	}
	return importer.Set{Name: name, Live: live}
}

// asDeclared wants every set that has a file to be in AWS what the file says,
// whether the commit is being applied or in force.
func asDeclared(t testing.TB, repo *config.Repo, s importer.Snapshot) {
	t.Helper()
	for _, one := range s.Sets {
		file := repo.PermissionSets[one.Name]
		if file == nil || one.Live == nil {
			continue
		}
		want := permset.Of(file)
		for _, in := range []permset.Input{
			{Want: want, Live: one.Live, Pending: true}, {Want: want, Live: one.Live, Pending: true, Owned: want.Items()},
			{Want: want, Live: one.Live, Owned: want.Items()}, {Want: want, Live: one.Live, Owned: want.Items(), Revert: true},
		} {
			if r := permset.Diff(in); !r.Empty() {
				t.Errorf("%s: %+v\nlive: %+v\nfile: %+v", one.Name, r, one.Live.Definition, want)
			}
		}
	}
}

// importedSets imports with files of permission sets.
func importedSets(t *testing.T, sets ...importer.Set) (importer.Result, *config.Repo) {
	t.Helper()
	s := live()
	s.Assignments = slices.DeleteFunc(s.Assignments, func(a importer.Assignment) bool { return a.Account == management })
	s.Assignments = append(s.Assignments, assigned(management, "InManagement", "g-ops"))
	s.Sets = sets
	o := options()
	o.PermissionSets = true
	r := build(t, s, fstest.MapFS{}, o)
	_, repo := applied(t, s, fstest.MapFS{}, o, r)
	asDeclared(t, repo, s)
	o.PermissionSets = false
	if r := build(t, s, fstest.MapFS{}, o); slices.ContainsFunc(paths(r), func(p string) bool { return strings.HasPrefix(p, "permission-sets/") }) {
		t.Error("written though nobody wanted it")
	}
	return r, repo
}

func TestAPermissionSetIsImportedWhole(t *testing.T) {
	t.Parallel()
	ref := config.PolicyRef{Name: "Deploy", Path: "/team/"}
	r, repo := importedSets(t,
		set("Good", func(l *permset.Live) {
			l.Description, l.Session, l.RelayState = "to: look # \"é\" 'ß'", 90*time.Minute, "https://console.aws.amazon.com/s3?x=#y"
			l.Customer, l.Boundary, l.Tags = []config.PolicyRef{{Name: "Own", Path: "/"}, ref}, &config.Boundary{Customer: &ref}, map[string]string{"env": "prod"}
			l.Inline = `{"Statement":[{"Action":["s3:Get*","s3:List*"],"Condition":{"StringEquals":{"aws:RequestedRegion":"eu-west-1"}},"Effect":"Allow","Resource":"*"}],"Version":"2012-10-17"}`
		}),
		set("InlineOnly", func(l *permset.Live) {
			l.Managed, l.Boundary = nil, &config.Boundary{ManagedPolicy: readOnly}
			l.Inline = `{"Statement":[{"Effect":"Deny","NotAction":"iam:*","NotResource":["*"]}],"Version":"2008-10-17"}`
		}))
	if len(repo.PermissionSets) != 2 {
		t.Fatalf("written: %v, said: %v", repo.PermissionSets, r.Findings)
	}
	g := repo.PermissionSets["Good"]
	if g.SessionDuration != 90*time.Minute || len(g.CustomerManagedPolicies) != 2 || g.InlinePolicy == "" || g.Boundary.String() != "/team/Deploy" || g.Tags["env"] != "prod" {
		t.Errorf("%+v", g)
	}
}

// TestAFileIsSilentOnWhatAWSKeepsWithoutIt: a description or tag that no file can
// have does not cost the set its file.
func TestAFileIsSilentOnWhatAWSKeepsWithoutIt(t *testing.T) {
	t.Parallel()
	r, repo := importedSets(t, set("Odd", func(l *permset.Live) {
		l.Description = "two\nlines"
		l.Tags = map[string]string{"env": "prod", "empty": "", "Env": "dev", "aws:cloudformation:stack-name": "x", "a\u202eb": "c"}
	}), set("Cloud", func(l *permset.Live) { l.Tags = map[string]string{"aws:cloudformation:stack-name": "x"} }))
	odd := repo.PermissionSets["Odd"]
	if odd == nil || repo.PermissionSets["Cloud"] == nil || odd.Description != "" || len(odd.Tags) != 1 || odd.Tags["Env"] != "dev" || len(repo.PermissionSets["Cloud"].Tags) != 0 {
		t.Fatalf("%+v, said: %v", odd, r.Findings)
	}
	said := codes(r)
	if !slices.Contains(said, "permission-set-parts Odd") || slices.Contains(said, "permission-set-parts Cloud") {
		t.Errorf("said: %v", said)
	}
}

// TestAccountsWithAnOlderFormAreTold: the file is right, and what the bot will do
// for these accounts comes as no surprise.
// TestASetThatAccountsHaveInAnOlderFormGetsNoFile: put in force, it would bring
// them what somebody made in AWS and never provisioned.
func TestASetThatAccountsHaveInAnOlderFormGetsNoFile(t *testing.T) {
	t.Parallel()
	old := set("Old", func(l *permset.Live) { l.Accounts, l.Outdated = []string{dev, prod}, []string{dev} })
	latest := set("Old", func(l *permset.Live) { l.Accounts = []string{dev, prod} })
	r, repo := importedSets(t, old)
	said := slices.ContainsFunc(r.Findings, func(f importer.Finding) bool {
		return f.Code == importer.CodeSetOutdated && f.Subject == "Old" && f.Person
	})
	if repo.PermissionSets["Old"] != nil || !said {
		t.Errorf("%v, said: %v", repo.PermissionSets, r.Findings)
	}
	r, repo = importedSets(t, latest)
	if repo.PermissionSets["Old"] == nil || slices.Contains(codes(r), "permission-set-outdated Old") {
		t.Errorf("provisioned since: %v, said: %v", repo.PermissionSets, r.Findings)
	}
}

func TestAPermissionSetThatAFileCannotSayGetsNone(t *testing.T) {
	t.Parallel()
	sets := map[string]importer.Set{
		"permits nothing":          set("Empty", func(l *permset.Live) { l.Managed = nil }),
		"session_duration":         set("Seconds", func(l *permset.Live) { l.Session = time.Hour + time.Second }),
		"relay_state":              set("Relay", func(l *permset.Live) { l.RelayState = "https://example.com/é" }),
		"Statement must be a list": set("NoStatement", func(l *permset.Live) { l.Inline = `{"Statement":"*","Version":"2012-10-17"}` }),
		"is not text to YAML (float)": set("Number", func(l *permset.Live) {
			l.Inline = `{"Statement":[{"Action":"*","Condition":{"NumericLessThan":{"aws:MultiFactorAuthAge":1e3}},"Effect":"Allow","Resource":"*"}],"Version":"2012-10-17"}`
		}),
		"has no form that a file could have": set("Twice", func(l *permset.Live) { l.Inline = `{"Version":"2012-10-17","Version":"2008-10-17"}` }),
		"26 policies": set("Many", func(l *permset.Live) {
			l.Managed = nil
			for i := range 26 {
				l.Managed = append(l.Managed, fmt.Sprintf("arn:aws:iam::aws:policy/P%02d", i))
			}
		}),
		"delegated administrator cannot":    set("InManagement", nil),
		"it is used in the management":      set("Provisioned", func(l *permset.Live) { l.Accounts = []string{prod, management} }),
		"differs only in case from another": set("good", nil),
		"it was not read":                   {Name: "Unread"},
		"is another set, Other":             {Name: "Renamed", Live: set("Other", nil).Live},
	}
	list := []importer.Set{set("Good", nil)}
	for _, s := range sets {
		list = append(list, s)
	}
	r, repo := importedSets(t, list...)
	if len(repo.PermissionSets) != 1 || repo.PermissionSets["Good"] == nil {
		t.Errorf("written: %v", repo.PermissionSets)
	}
	for why, s := range sets {
		if !slices.ContainsFunc(r.Findings, func(f importer.Finding) bool {
			return f.Code == importer.CodeSet && f.Subject == s.Name && strings.Contains(f.Text, why)
		}) {
			t.Errorf("of %s it is not said that it %q: %v", s.Name, why, r.Findings)
		}
	}
}

// TestAnImportedSetNeedsNoStep: whatever the language can say of a set, the file
// says, and so nothing is to be done for it.
func TestAnImportedSetNeedsNoStep(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(1, 2))
	var sets []importer.Set
	for i := range 400 {
		sets = append(sets, set(fmt.Sprintf("Set-%03d", i), func(l *permset.Live) { randomSet(t, rnd, &l.Definition) }))
	}
	r, repo := importedSets(t, sets...)
	if len(repo.PermissionSets) != len(sets) {
		t.Fatalf("%d of %d sets have files: %v", len(repo.PermissionSets), len(sets), r.Findings)
	}
	for _, s := range sets {
		got := permset.Of(repo.PermissionSets[s.Name])
		if got.Description != s.Live.Description || len(got.Tags) != len(s.Live.Tags) {
			t.Errorf("%s is silent on something: %+v", s.Name, got)
		}
	}
}

// pick returns some n of what there is, in any order.
func pick[T any](rnd *rand.Rand, n int, from ...T) []T {
	var out []T
	for _, i := range rnd.Perm(len(from))[:n] {
		out = append(out, from[i])
	}
	return out
}

func one[T any](rnd *rand.Rand, from ...T) T { return from[rnd.IntN(len(from))] }

// randomSet fills a definition with what AWS takes and the language can say.
func randomSet(t *testing.T, rnd *rand.Rand, d *permset.Definition) {
	t.Helper()
	d.Session = time.Hour + time.Duration(rnd.IntN(11*60+1))*time.Minute
	d.Description = one(rnd, "", "Accès à l'équipe «paiement»", "a: b # c", `it's "so" \n`, "yes", "~", "2026-01-01", " ends ", "- x", "{a: b}", "%TAG", "`x`", "'", `"`, "\u00a1\u00ff", strings.Repeat("é", 700))
	d.RelayState = one(rnd, "", "https://console.aws.amazon.com/", "https://x/?a=b&c=d#e", `'"|!:,.;*+[] (){}\`, "null", "#", "a: b")
	d.Managed = pick(rnd, rnd.IntN(4), readOnly, "arn:aws-cn:iam::aws:policy/Z", "arn:aws:iam::aws:policy/job-function/Billing")
	d.Customer = pick(rnd, rnd.IntN(4), config.PolicyRef{Name: "yes", Path: "/"}, config.PolicyRef{Name: "=,.@-", Path: "/a/b=,.@-/"}, config.PolicyRef{Name: "123", Path: "/1/"})
	d.Boundary = one(rnd, nil, &config.Boundary{ManagedPolicy: readOnly}, &config.Boundary{Customer: &config.PolicyRef{Name: "B", Path: "/"}},
		&config.Boundary{Customer: &config.PolicyRef{Name: "0x1f", Path: "/boundaries/"}})
	if len(d.Managed)+len(d.Customer) == 0 || rnd.IntN(2) == 0 {
		text := randomPolicy(rnd)
		inline, err := config.CanonicalPolicy(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		d.Inline = inline
	}
	d.Tags = map[string]string{}
	for i := range one(rnd, 0, 1, 50) {
		d.Tags[one(rnd, "k", "鍵", "yes ", "a:b ", "= ", ": ")+fmt.Sprint(i)] = one(rnd, "v", "true", "値", "1:30", " x ", "- a", "= +-@/.", "0o7", "@", "a: b")
	}
}

// randomPolicy writes a policy as people do, with odd spacing and escapes.
func randomPolicy(rnd *rand.Rand) string {
	space := func() string { return one(rnd, "", " ", "\n\t ", "\r\n") }
	text := func() string {
		return one(rnd, `"s3:GetObject"`, `"*"`, `"arn:aws:s3:::b\/*"`, `"\u0061\u00e9"`, `"it's"`, `"say \"so\""`, `"\"' \\ \""`, `"${aws:username}"`, `"yes"`, `"12"`, `"a: b # c"`, `"<&>"`, `""`, `"-"`, `"true"`)
	}
	value := func() string {
		if rnd.IntN(2) == 0 {
			return text()
		}
		list := text()
		for range rnd.IntN(3) {
			list += space() + "," + space() + text()
		}
		return "[" + space() + list + "]"
	}
	entry := func(k, v string) string { return space() + `"` + k + `"` + space() + ":" + space() + v + space() }
	var statements []string
	for i := range 1 + rnd.IntN(3) {
		parts := []string{entry("Effect", one(rnd, `"Allow"`, `"\u0044eny"`)), entry(one(rnd, "Action", "NotAction"), value()), entry(one(rnd, "Resource", "NotResource"), value())}
		if rnd.IntN(2) == 0 {
			parts = append(parts, entry("Sid", fmt.Sprintf(`"S%d"`, i)))
		}
		switch rnd.IntN(3) {
		case 0:
			parts = append(parts, entry("Condition", "{"+entry("ForAnyValue:StringLike", "{"+entry("aws:PrincipalTag/a b", value())+","+entry("on", text())+"}")+","+entry("Bool", "{"+entry("aws:x", one(rnd, `"true"`, "true", "[false, true]"))+"}")+","+entry("NumericLessThan", "{"+entry("aws:y", one(rnd, "5", "[ 1, 2.5 ]", `"-3"`))+"}")+"}"))
		case 1:
			parts = append(parts, entry("Condition", "{}"))
		}
		statements = append(statements, "{"+strings.Join(pick(rnd, len(parts), parts...), ",")+"}")
	}
	list := "[" + strings.Join(statements, ",") + "]"
	if len(statements) == 1 && rnd.IntN(2) == 0 {
		list = statements[0]
	}
	return "{" + strings.Join(pick(rnd, 2, entry("Statement", list), entry("Version", one(rnd, `"2012-10-17"`, `"2008\u002d10-17"`))), ",") + "}" + space()
}
