package impact

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/config/example"
	"aws-access-bot/internal/access"

	"github.com/google/go-cmp/cmp"
)

const (
	devs  = "0b7e3f4c-0000-4000-8000-000000000011"
	audit = "0b7e3f4c-0000-4000-8000-000000000016"
	play  = "0b7e3f4c-0000-4000-8000-000000000018"
	hana  = "3c1d9a70-0000-4000-8000-000000000021"
	yuki  = "3c1d9a70-0000-4000-8000-000000000022"
	ren   = "3c1d9a70-0000-4000-8000-000000000023"
)

func noon() time.Time { return time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC) }

// input is the change from the example repo to one with files altered: nil
// removes one.
func input(t *testing.T, alter map[string]func(string) string, rosters map[string]Roster) Input {
	t.Helper()
	load := func(alter map[string]func(string) string) *config.Repo {
		files := fstest.MapFS{}
		err := fs.WalkDir(example.FS(), ".", func(p string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			data, err := fs.ReadFile(example.FS(), p)
			text := string(data)
			if edit, is := alter[p]; is {
				if edit == nil {
					return err
				}
				text = edit(text)
			}
			files[p] = &fstest.MapFile{Data: []byte(text)}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		repo, err := config.Load(files)
		if err != nil {
			t.Fatal(err)
		}
		return repo
	}
	in := Input{Base: load(nil), Head: load(alter), Now: noon(), Rosters: rosters}
	in.Starts = config.NextStarts(nil, in.Base, nil, config.Start{MergedAt: noon()})
	in.Change = config.Compare(in.Base, in.Head, in.Starts, in.Now)
	return in
}

func appended(lines string) func(string) string {
	return func(s string) string { return strings.TrimRight(s, "\n") + "\n" + lines }
}

func replaced(old, now string) func(string) string {
	return func(s string) string { return strings.Replace(s, old, now, 1) }
}

func person(id, name string) access.Entrant {
	return access.Entrant{Person: access.Person{Entra: id, Name: name}, Enabled: true}
}

// lines writes a plan shortly.
func lines(p Plan) []string {
	var out []string
	for _, a := range p.Accounts {
		for _, e := range slices.Concat(a.Gains, a.Loses) {
			line := fmt.Sprintf("%s %s %s ", a.ID[8:], e.Kind, e.Change.Assignment.PermissionSet)
			line += e.Change.Assignment.Principal.ID[34:]
			for _, who := range e.People {
				line += fmt.Sprintf(" %s", who.Name)
				for _, x := range who.Else {
					line += "+" + x.ID[34:]
				}
				for _, x := range who.Maybe {
					line += "?" + x.ID[34:]
				}
			}
			if e.Unread {
				line += " unread"
			}
			if e.Gone {
				line += " gone"
			}
			if e.NestedUnread {
				line += " nested-unread"
			}
			for _, n := range e.Nested {
				line += " in:" + n
			}
			out = append(out, line)
		}
		for _, s := range a.Last {
			out = append(out, a.ID[8:]+" last "+s)
		}
	}
	return out
}

func TestWhatAChangeMeansForPeople(t *testing.T) {
	t.Parallel()
	const (
		groupDev  = "groups/aws-payments-dev.yaml"
		prodLine  = "  - account: payments-prod\n    permission_set: ReadOnlyAccess                # standing: no end\n"
		adminLine = "  - account: payments-prod\n    permission_set: AdministratorAccess\n    duration: 4h\n    reason: incident\n"
	)
	three := Roster{Members: []access.Entrant{person(yuki, "Yuki"), person(hana, "hana"), person(ren, "Ren")}}
	grant := map[string]func(string) string{groupDev: appended(adminLine)}
	revoke := map[string]func(string) string{groupDev: replaced(prodLine, "")}
	with := func(of Roster, change func(*Roster)) map[string]Roster {
		change(&of)
		return map[string]Roster{devs: of, audit: {Members: []access.Entrant{person(yuki, "Yuki")}}, "0b7e3f4c-0000-4000-8000-000000000012": {}, "0b7e3f4c-0000-4000-8000-000000000013": {}}
	}
	same := func(*Roster) {}
	tests := []struct {
		name    string
		alter   map[string]func(string) string
		rosters map[string]Roster
		want    []string
	}{
		{"nothing changes", nil, nil, nil},
		{"members gain, sorted by name", grant, with(three, same), []string{"3333 added AdministratorAccess 11 hana Ren Yuki"}},
		{"groups in the group are named when it gains", grant, with(three, func(r *Roster) { r.Nested = []string{"interns"} }),
			[]string{"3333 added AdministratorAccess 11 hana Ren Yuki in:interns"}},
		{"a group that cannot be read is not guessed", grant, with(Roster{}, func(r *Roster) { r.Unread, r.NestedUnread = true, true }),
			[]string{"3333 added AdministratorAccess 11 unread nested-unread"}},
		{"a group that was not asked for is unread", grant, nil, []string{"3333 added AdministratorAccess 11 unread nested-unread"}},
		{"a group that does not exist", grant, with(Roster{}, func(r *Roster) { r.Gone = true }), []string{"3333 added AdministratorAccess 11 gone"}},
		{"who has it by another group keeps it", revoke, with(three, same), []string{"3333 removed ReadOnlyAccess 11 hana Ren Yuki+16"}},
		{"by a group that cannot be read perhaps", revoke, func() map[string]Roster {
			r := with(three, same)
			r[audit] = Roster{Unread: true}
			return r
		}(), []string{"3333 removed ReadOnlyAccess 11 hana?16 Ren?16 Yuki?16"}},
		{"the last assignment of a set in an account", map[string]func(string) string{"groups/aws-sandbox-users.yaml": nil}, map[string]Roster{play: {}},
			[]string{"6666 removed PowerUserAccess 18", "6666 last PowerUserAccess"}},
		{"a user of his own, who has it by a group too", map[string]func(string) string{"users/hana.yaml": appended("  - account: payments-dev\n    permission_set: ReadOnlyAccess\n    duration: 4h\n    reason: audit\n")},
			with(three, same), []string{"4444 added ReadOnlyAccess 21 hana@example.com+11"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := input(t, tt.alter, tt.rosters)
			got := lines(Of(in))
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("plan (-want +got):\n%s", diff)
			}
		})
	}
}

// TestUsersWhoGainAreRead: who gains by himself is marked as a member of a group
// is, and who could not be read is said to be so.
func TestUsersWhoGainAreRead(t *testing.T) {
	t.Parallel()
	const file, line = "users/hana.yaml", "  - account: payments-dev\n    permission_set: ReadOnlyAccess\n    duration: 4h\n    reason: audit\n"
	in := input(t, map[string]func(string) string{file: appended(line)}, nil)
	if diff := cmp.Diff([]string{hana}, Users(in)); diff != "" {
		t.Fatalf("users (-want +got):\n%s", diff)
	}
	guest := person(hana, "Hana Sato")
	guest.Guest, guest.Enabled, guest.UPN = true, false, "hana@partner.example"
	for _, tt := range []struct {
		name  string
		users map[string]User
		want  Person
		gone  bool
	}{
		{"a disabled guest of another name", map[string]User{hana: {Entrant: guest}}, Person{Entrant: guest, Renamed: "hana@example.com"}, false},
		{"unread", map[string]User{hana: {Unread: true}}, Person{Entrant: person(hana, "hana@example.com"), Unread: true}, false},
		{"not asked for", nil, Person{Entrant: person(hana, "hana@example.com"), Unread: true}, false},
		{"gone", map[string]User{hana: {Gone: true}}, Person{Entrant: person(hana, "hana@example.com")}, true},
	} {
		in.Users = tt.users
		got := Of(in).Accounts[0].Gains[0]
		got.People[0].Else, got.People[0].Maybe = nil, nil
		if diff := cmp.Diff([]Person{tt.want}, got.People); diff != "" || got.Gone != tt.gone {
			t.Errorf("%s: gone %v, people (-want +got):\n%s", tt.name, got.Gone, diff)
		}
	}
}

// TestGroupsAreThoseThatDecideWhoHasWhat: those that change and those that
// have the same permission set in the account, and no others.
func TestGroupsAreThoseThatDecideWhoHasWhat(t *testing.T) {
	t.Parallel()
	in := input(t, map[string]func(string) string{"groups/aws-sandbox-users.yaml": appended("  - account: sandbox-play\n    permission_set: ReadOnlyAccess\n")}, nil)
	if diff := cmp.Diff([]string{audit, play}, Groups(in)); diff != "" {
		t.Errorf("groups (-want +got):\n%s", diff)
	}
}

// TestWhatTheGuardsAreAskedIsWhatTheMergeLeaves, also where the branch has moved on
// since the head left it.
func TestWhatTheGuardsAreAskedIsWhatTheMergeLeaves(t *testing.T) {
	t.Parallel()
	const group = "groups/aws-payments-dev.yaml"
	short := appended("  - account: payments-prod\n    permission_set: AdministratorAccess\n    duration: 4h\n    reason: incident\n")
	in := input(t, map[string]func(string) string{group: short}, nil)
	m := Merging(in)
	if m.Before != in.Base || m.After != in.Head || len(m.Will) != len(m.Was)+1 || !m.At.Equal(in.Now) {
		t.Errorf("%d assignments before, %d after", len(m.Was), len(m.Will))
	}
	play := input(t, map[string]func(string) string{"groups/aws-sandbox-users.yaml": nil}, nil)
	in.Force = play.Head
	m = Merging(in)
	if m.Before != in.Force || m.After != in.Force || len(m.Will) != len(m.Was)+1 {
		t.Errorf("moved on: %d assignments before, %d after", len(m.Was), len(m.Will))
	}
	for _, d := range m.Will {
		if d.Assignment.Principal.ID == devs && d.Assignment.PermissionSet == "AdministratorAccess" && !d.End.Equal(in.Now.Add(4*time.Hour)) {
			t.Errorf("what is added ends at %s", d.End)
		}
		if d.Assignment.Principal.ID == "0b7e3f4c-0000-4000-8000-000000000018" {
			t.Errorf("what is not in force any more is there after the merge: %v", d)
		}
	}
	limits := input(t, map[string]func(string) string{"aws-access.yaml": replaced("removals: 10%", "removals: 50%")}, nil)
	limits.Force = play.Head
	if m = Merging(limits); m.After.Access.Limits.RemovalPercent != 50 {
		t.Error("the limits that the merge sets are not those it is held against")
	}
}
