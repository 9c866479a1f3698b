package config

import (
	"bytes"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

const (
	newID    = "444455556666"
	platform = "# who runs it\nid: 0b7e3f4c-0000-4000-8000-000000000017\nname: aws-platform-admins\naccess:\n  # the first\n  - {account: pay-dev, permission_set: AdministratorAccess} # stays\n"
)

// onboarding is the base repo with a baseline of two sets for one group, and
// files over it.
func onboarding(t testing.TB, over map[string]string) (*Repo, fstest.MapFS) {
	t.Helper()
	fsys := overlay(t)
	text := string(fsys["aws-access.yaml"].Data)
	if i := strings.Index(text, "onboarding:"); i >= 0 {
		t.Fatalf("the base repo has an onboarding section by now:\n%s", text[i:])
	}
	text += "\nonboarding:\n  ou: /Workloads\n  approvers: [control-plane]\n  baseline:\n    - {group: aws-platform-admins, permission_set: AdministratorAccess}\n    - {group: aws-platform-admins, permission_set: ReadOnlyAccess}\n"
	fsys["aws-access.yaml"] = &fstest.MapFile{Data: []byte(text), Mode: 0o644}
	fsys["groups/aws-platform-admins.yaml"] = &fstest.MapFile{Data: []byte(platform), Mode: 0o644}
	for path, data := range over {
		fsys[path] = &fstest.MapFile{Data: []byte(data), Mode: 0o644}
	}
	return load(t, fsys), fsys
}

// reader returns the files of a repo by path.
func reader(fsys fstest.MapFS) func(string) []byte {
	return func(path string) []byte {
		if f := fsys[path]; f != nil {
			return f.Data
		}
		return nil
	}
}

// after loads a repo with changed files.
func after(t testing.TB, fsys fstest.MapFS, files map[string][]byte) *Repo {
	t.Helper()
	next := maps.Clone(fsys)
	for path, data := range files {
		next[path] = &fstest.MapFile{Data: data, Mode: 0o644}
	}
	return load(t, next)
}

func owner(t testing.TB, s string) []ApproverRef {
	t.Helper()
	ref, err := ParseApprover(s)
	if err != nil {
		t.Fatal(err)
	}
	return []ApproverRef{ref}
}

func TestOnboardANewAccount(t *testing.T) {
	t.Parallel()
	r, fsys := onboarding(t, nil)
	if got := r.OnboardStep(newID); got != OnboardNew {
		t.Fatalf("step %q", got)
	}
	files, err := r.Onboard(reader(fsys), Account{
		ID: newID, Name: "Ledger: prod", OU: "/Workloads/Prod", Owners: owner(t, "yuki@example.com"), Tags: map[string]string{"team": "pay", "env": "prod"},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"accounts/ledger-prod.yaml": "id: \"444455556666\"\nname: \"Ledger: prod\"\nstage: sso\nou: /Workloads/Prod\nowners: [yuki@example.com]\ntags: {env: prod, team: pay}\n",
		"groups/aws-platform-admins.yaml": platform +
			"  - account: ledger-prod\n    permission_set: AdministratorAccess\n  - account: ledger-prod\n    permission_set: ReadOnlyAccess\n",
	}
	got := map[string]string{}
	for path, data := range files {
		got[path] = string(data)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	next := after(t, fsys, files)
	if got := next.OnboardStep(newID); got != OnboardNothing {
		t.Errorf("step %q after it", got)
	}
	made := map[Assignment]bool{}
	for _, d := range next.Desired(started(next, noon), noon) {
		made[d.Assignment] = true
	}
	for _, a := range next.Baseline(newID) {
		if !made[a] {
			t.Errorf("%s is not desired", a)
		}
	}
	if _, err := next.Onboard(reader(fsys), Account{ID: newID}); !errors.Is(err, ErrOnboarded) {
		t.Errorf("again: %v", err)
	}
}

func TestTheSlugOfANewAccountIsFree(t *testing.T) {
	t.Parallel()
	r, fsys := onboarding(t, nil)
	files, err := r.Onboard(reader(fsys), Account{ID: newID, Name: "pay-dev", OU: "/", Owners: owner(t, "yuki@example.com")})
	if err != nil {
		t.Fatal(err)
	}
	if files["accounts/pay-dev-44445555.yaml"] == nil {
		t.Errorf("files %v", slices.Sorted(maps.Keys(files)))
	}
	after(t, fsys, files)
}

// TestALegacyAccountTakesTwoSteps: its stage is control plane, and the baseline
// is not; no pull request may have both.
func TestALegacyAccountTakesTwoSteps(t *testing.T) {
	t.Parallel()
	const old = "# bought in 2019\nid: \"444455556666\"\nname: crm\nstage: legacy             # IAM users\nou: /\nowners: [yuki@example.com]\n"
	r, fsys := onboarding(t, map[string]string{"accounts/crm-old.yaml": old})
	files, err := r.Onboard(reader(fsys), Account{ID: newID})
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Replace(old, "stage: legacy ", "stage: sso ", 1)
	if len(files) != 1 || string(files["accounts/crm-old.yaml"]) != want {
		t.Fatalf("first step:\n%s", files["accounts/crm-old.yaml"])
	}
	next := after(t, fsys, files)
	if c := Compare(r, next, nil, noon); c.Mixed() || len(c.Control) != 1 || c.Control[0].Field != "stage" {
		t.Errorf("the first step changes %+v", c)
	}
	if got := next.OnboardStep(newID); got != OnboardBaseline {
		t.Fatalf("step %q after the first", got)
	}
	second, err := next.Onboard(reader(fsys), Account{ID: newID, Name: "not looked at"})
	if err != nil {
		t.Fatal(err)
	}
	if len(second) != 1 || !strings.HasPrefix(string(second["groups/aws-platform-admins.yaml"]), platform) {
		t.Errorf("second step: %v", slices.Sorted(maps.Keys(second)))
	}
	for path, data := range second {
		files[path] = data
	}
	if got := after(t, fsys, files).OnboardStep(newID); got != OnboardNothing {
		t.Errorf("step %q at the end", got)
	}
}

func TestWhatCannotStandInAnAccountFileIsRefused(t *testing.T) {
	t.Parallel()
	r, fsys := onboarding(t, nil)
	for name, a := range map[string]Account{
		"name":   {ID: newID, Name: "a\u202eb", OU: "/", Owners: owner(t, "yuki@example.com")},
		"ou":     {ID: newID, Name: "a", OU: "Workloads", Owners: owner(t, "yuki@example.com")},
		"id":     {ID: "12", Name: "a", OU: "/", Owners: owner(t, "yuki@example.com")},
		"tag":    {ID: newID, Name: "a", OU: "/", Owners: owner(t, "yuki@example.com"), Tags: map[string]string{"a": "\x00"}},
		"nobody": {ID: newID, Name: "a", OU: "/"},
	} {
		if files, err := r.Onboard(reader(fsys), a); err == nil {
			t.Errorf("%s: written as %s", name, files)
		}
	}
}

// FuzzSetStage: whatever else stands in the file stays, and going back gives the
// bytes from before.
func FuzzSetStage(f *testing.F) {
	for _, file := range seeds(f) {
		if strings.HasPrefix(file.Name, "accounts/") {
			f.Add(file.Data)
		}
	}
	f.Add([]byte("{id: \"444455556666\", name: a, stage: 'legacy', ou: /, owners: [a@b.cd]}"))
	f.Fuzz(func(t *testing.T, content []byte) {
		p, err := readWritten("accounts/a.yaml", accountKind, content)
		if err != nil {
			return
		}
		was := p.account.Stage
		other := map[Stage]Stage{StageLegacy: StageSSO, StageSSO: StageLegacy}[was]
		now, err := SetStage(content, other)
		if err != nil {
			t.Fatalf("SetStage: %v\n%s", err, content)
		}
		back, err := SetStage(now, was)
		if err != nil {
			t.Fatalf("SetStage back: %v\n%s", err, now)
		}
		plain := bytes.Contains(content, []byte("stage: "+string(was)))
		if plain && !bytes.Equal(back, content) {
			t.Errorf("before\n%q\nafter\n%q\nback\n%q", content, now, back)
		}
	})
}

// FuzzOnboard: a name, an OU, an owner and a tag are refused, or read back as
// they are from a repo that is valid.
func FuzzOnboard(f *testing.F) {
	f.Add("payments-prod", "/Workloads/Prod", "yuki@example.com", "env", "prod")
	f.Add("pay-dev", "/", "team:security", "a b", "c: d")
	f.Add("yes", "/a: b", "A@B.CD", "- x", "#")
	f.Fuzz(func(t *testing.T, name, ou, by, key, value string) {
		ref, err := ParseApprover(by)
		if err != nil || CheckAccountName(name) != nil || CheckOU(ou) != nil || CheckTag(key, value) != nil {
			return
		}
		r, fsys := onboarding(t, nil)
		want := Account{ID: newID, Name: name, OU: ou, Owners: []ApproverRef{ref}, Tags: map[string]string{key: value}}
		files, err := r.Onboard(reader(fsys), want)
		if err != nil {
			if refused(err) {
				return
			}
			t.Fatalf("Onboard: %v", err)
		}
		next := maps.Clone(fsys)
		for path, data := range files {
			next[path] = &fstest.MapFile{Data: data, Mode: 0o644}
		}
		head, err := Load(next)
		var problems Problems
		if errors.As(err, &problems) {
			return // what only the whole repo knows: a team that is not there
		}
		if err != nil {
			t.Fatal(err)
		}
		got, ok := head.AccountByID(newID)
		if want.Stage = StageSSO; !ok || !want.same(got) {
			t.Errorf("%+v reads back as %+v", want, got)
		}
	})
}
