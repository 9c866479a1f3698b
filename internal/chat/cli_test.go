package chat_test

import (
	"context"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"aws-access-bot/config"
	"aws-access-bot/config/example"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/chat"
)

// profiles are n of them.
func profiles(n int) []access.Usable {
	var out []access.Usable
	for i := range n {
		slug := fmt.Sprintf("account-%04d", i)
		out = append(out, access.Usable{AccountID: fmt.Sprintf("%012d", i), AccountSlug: slug, AccountName: slug, PermissionSet: "ReadOnlyAccess"})
	}
	return out
}

// file is the code of a message, in one.
func file(m chat.Message) (text string, blocks int) {
	var parts []string
	for _, b := range m.Blocks {
		if c, ok := b.(chat.Code); ok {
			parts = append(parts, string(c))
		}
	}
	return strings.Join(parts, "\n\n"), len(parts)
}

// TestTheCLIFileHasEveryProfileOnce, cut between profiles, and what does not fit
// is counted, with how to get it: all of them are got.
func TestTheCLIFileHasEveryProfileOnce(t *testing.T) {
	t.Parallel()
	for _, blocks := range []int{1, 7, 30} {
		for _, n := range []int{1, 2, 17, 18, 100, 5000} {
			m := chat.CLIMessage(chat.CLIFile{Usable: profiles(n), Place: office8h(), Blocks: blocks})
			text, wrote := file(m)
			if wrote > blocks || strings.Count(text, "[sso-session aws-access]") != 1 {
				t.Errorf("%d profiles: %d blocks", n, wrote)
			}
			has := 0
			for i := range n {
				if c := strings.Count(text, fmt.Sprintf("[profile account-%04d-ReadOnlyAccess]\nsso_session = aws-access\nsso_account_id = %012d\n", i, i)); c > 1 {
					t.Errorf("profile %d stands %d times", i, c)
				} else {
					has += c
				}
			}
			said := ""
			if has < n {
				said = fmt.Sprintf("%d more profiles do not fit into a message, from the account account-%04d on: /aws-access cli account-%04d shows", n-has, has, has)
				if n-has == 1 {
					said = "1 more profile does not fit"
				}
			}
			if got := write(m); !strings.Contains(got, said) || said == "" && strings.Contains(got, "not fit") || blocks == 30 && n <= 100 && has != n {
				t.Errorf("%d profiles in %d blocks: %d written, and it says %s", n, blocks, has, got)
			}
		}
	}
}

func TestGoldenCLI(t *testing.T) {
	t.Parallel()
	golden(t, "cli", write(chat.CLIMessage(chat.CLIFile{Usable: profiles(2), Waiting: 1, Place: office8h(), Blocks: 30}))+"\n"+write(chat.CLIMessage(chat.CLIFile{Waiting: 2, Place: office8h()}))+"\n"+write(chat.CLIMessage(chat.CLIFile{Usable: profiles(20), Place: office8h(), Blocks: 1})))
}

// tenant has Hana in the group of payments-dev, where all is live.
type tenant struct{}

func (tenant) GroupsOf(_ context.Context, entra string) ([]string, error) {
	if entra == "3c1d9a70-0000-4000-8000-000000000021" {
		return []string{"0b7e3f4c-0000-4000-8000-000000000011"}, nil
	}
	return nil, nil
}

func (tenant) GrantFacts(context.Context, config.Assignment) (*access.GrantFacts, error) {
	return &access.GrantFacts{ReadBack: t0}, nil
}

func TestCLIIsForTheAskerAlone(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.desk.Service.Memberships, o.desk.Service.Grants = tenant{}, tenant{}
	o.town.starts = config.NextStarts(nil, o.town.repo, nil, config.Start{MergedAt: t0})
	o.take("k1", "U0HANA", "cli")
	o.take("k2", "U0KEN", "cli")
	o.work()
	for _, s := range o.town.said {
		got := write(s.m)
		has := strings.Contains(got, "[profile payments-")
		if has != (s.user == "U0HANA") {
			t.Errorf("%s is told %s", s.user, got)
		}
	}
	if len(o.town.said) != 2 {
		t.Errorf("%d answers", len(o.town.said))
	}
}

// cramped is a chat whose messages hold one block of code.
type cramped struct{ *town }

func (cramped) CodeBlocks() int { return 1 }

// crowd has Hana in the group of payments-dev, which has many permission sets there.
func (o *office) crowd(accounts int) {
	o.t.Helper()
	files := map[string]string{}
	for i := range accounts {
		files[fmt.Sprintf("account-%03d", i)] = fmt.Sprintf("9%011d", i)
	}
	o.desk.Service.Memberships, o.desk.Service.Grants = tenant{}, tenant{}
	o.town.repo = withAccounts(o.t, files)
	o.town.starts = config.NextStarts(nil, o.town.repo, nil, config.Start{MergedAt: t0})
}

// TestWhatDoesNotFitIsGotByAccount: on a chat with small messages the rest of the file
// is counted, and what the message says to write shows it.
func TestWhatDoesNotFitIsGotByAccount(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.crowd(40)
	d := *o.desk
	d.Whispers[access.Slack] = cramped{o.town}
	o.desk = chat.NewDesk(d)
	say := func(key, line string) string {
		o.town.said = nil
		o.take(key, "U0HANA", line)
		o.work()
		if len(o.town.said) != 1 {
			t.Fatalf("%d answers", len(o.town.said))
		}
		return write(o.town.said[0].m)
	}
	all := say("k1", "cli")
	if !strings.Contains(all, "more profiles do not fit into a message, from the account account-") || strings.Contains(all, "[profile account-039-") {
		t.Fatalf("told %s", all)
	}
	for i, x := range []struct{ line, has, not string }{
		{"cli account-039", "[profile account-039-", "[profile account-038-"},
		{"cli ACCOUNT-03", "[profile account-030-", "[profile account-029-"},
		{"cli 900000000007", "[profile account-007-", "[profile account-008-"},
		{"cli nowhere", "in an account with \"nowhere\"", "[profile "},
		{"cli a b", "takes one account", "[profile "},
	} {
		got := say(fmt.Sprint("n", i), x.line)
		if !strings.Contains(got, x.has) || strings.Contains(got, x.not) {
			t.Errorf("%s: %s", x.line, got)
		}
		if has := strings.Contains(got, "[profile "); has && (!strings.Contains(got, "[sso-session") || !strings.Contains(got, "leave it out")) {
			t.Errorf("%s: the session: %s", x.line, got)
		}
	}
}

// withAccounts is the example with more accounts, all of whose ReadOnlyAccess the group
// of payments-dev has.
func withAccounts(t *testing.T, accounts map[string]string) *config.Repo {
	t.Helper()
	files := fstest.MapFS{}
	err := fs.WalkDir(example.FS(), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(example.FS(), path)
		files[path] = &fstest.MapFile{Data: data}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	group := files["groups/aws-payments-dev.yaml"]
	for slug, id := range accounts {
		files["accounts/"+slug+".yaml"] = &fstest.MapFile{Data: []byte("id: \"" + id + "\"\nname: " + slug + "\nstage: sso\nou: /Workloads/Dev\nowners: [yuki@example.com]\n")}
		group.Data = append(group.Data, []byte("  - account: "+slug+"\n    permission_set: ReadOnlyAccess\n")...)
	}
	repo, err := config.Load(files)
	if err != nil {
		t.Fatal(err)
	}
	return repo
}
