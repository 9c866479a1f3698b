package config

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	hanaID = "3c1d9a70-0000-4000-8000-000000000021"
	ninaID = "3c1d9a70-0000-4000-8000-000000000033"
)

var (
	ninaSlack  = PersonLink{Slack: SlackUser{"T0ACME", "U0NINA"}}
	ninaGitHub = PersonLink{GitHub: GitHubUser{"nina-codes", 1009}}
)

// TestT18LinkInTheStyleOfTheFile: only the link is written, everything else
// stays as people wrote it.
func TestT18LinkInTheStyleOfTheFile(t *testing.T) {
	t.Parallel()
	const entry = "{entra: " + ninaID + ", email: nina@example.com, slack: {team: T0ACME, user: U0NINA}}"
	const hana = "{entra: " + hanaID + ", email: hana@example.com}"
	tests := []struct {
		name, before, after string
		link                PersonLink
	}{
		{"no file", "", "people:\n  - " + entry + "\n", ninaSlack},
		{
			"below one in brackets, comments and teams stay",
			"# who\npeople:\n  # payments\n  - " + hana + " # lead\n\n# teams\nteams:\n  platform: {id: 1}\n",
			"# who\npeople:\n  # payments\n  - " + hana + " # lead\n  - " + entry + "\n\n# teams\nteams:\n  platform: {id: 1}\n",
			ninaSlack,
		},
		{
			"below one in lines, without a last line break",
			"people:\n- entra: " + hanaID + "\n  email: hana@example.com",
			"people:\n- entra: " + hanaID + "\n  email: hana@example.com\n- entra: " + ninaID + "\n  email: nina@example.com\n  slack: {team: T0ACME, user: U0NINA}",
			ninaSlack,
		},
		{"a list in brackets", "people: [" + hana + "]\n", "people: [" + hana + ", " + entry + "]\n", ninaSlack},
		{
			"to an entry in brackets, which keeps its address",
			"people:\n  - {entra: " + ninaID + ", email: n@example.com, } # new\n  - " + hana + "\n",
			"people:\n  - {entra: " + ninaID + ", email: n@example.com, slack: {team: T0ACME, user: U0NINA}, } # new\n  - " + hana + "\n",
			ninaSlack,
		},
		{
			"to an entry in lines, after what is nested",
			"people:\r\n  - entra: " + ninaID + "\r\n    email: nina@example.com\r\n    slack:\r\n      team: T0ACME\r\n      user: U0NINA # hers\r\n  - " + hana + "\r\n",
			"people:\r\n  - entra: " + ninaID + "\r\n    email: nina@example.com\r\n    slack:\r\n      team: T0ACME\r\n      user: U0NINA # hers\r\n    github: {login: nina-codes, id: 1009}\r\n  - " + hana + "\r\n",
			ninaGitHub,
		},
		{
			"over the one that stood there, in brackets",
			"people:\n  - {slack: {user: \"U0OLD\", team: T0ACME}, entra: " + ninaID + ", email: nina@example.com} # x\n",
			"people:\n  - {slack: {user: U0NINA, team: T0ACME}, entra: " + ninaID + ", email: nina@example.com} # x\n",
			ninaSlack,
		},
		{
			"over the one that stood there, in lines",
			"people:\n  - entra: " + ninaID + "\n    github: # work\n      login: nina-of-old-days # was\n      id: 7 # number\n    email: nina@example.com\n",
			"people:\n  - entra: " + ninaID + "\n    github: # work\n      login: nina-codes # was\n      id: 1009 # number\n    email: nina@example.com\n",
			ninaGitHub,
		},
		{
			"a renamed login of the same number",
			"people:\n  - {entra: " + ninaID + ", email: nina@example.com, github: {login: nina, id: 1009}}\n",
			"people:\n  - {entra: " + ninaID + ", email: nina@example.com, github: {login: nina-codes, id: 1009}}\n",
			ninaGitHub,
		},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var before []byte
			if tc.before != "" {
				before = []byte(tc.before)
			}
			got, err := tc.link.Apply(before, ninaID, "Nina@example.com")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.after, string(got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if _, err := tc.link.Apply(got, ninaID, "nina@example.com"); !errors.Is(err, ErrLinked) {
				t.Errorf("once more: %v, want ErrLinked", err)
			}
		})
	}
}

// TestT18LinksStayOneToOne: nothing that another person has is given away.
func TestT18LinksStayOneToOne(t *testing.T) {
	t.Parallel()
	const file = "people:\n  - {entra: " + hanaID + ", email: hana@example.com, github: {login: hana-dev, id: 1002}, slack: {team: T0ACME, user: U0HANA}}\n"
	tests := []struct {
		name, email string
		link        PersonLink
		is          error // nil for problems
	}{
		{"her Slack user", "nina@example.com", PersonLink{Slack: SlackUser{"T0ACME", "U0HANA"}}, ErrLinkTaken},
		{"her GitHub number under another login", "nina@example.com", PersonLink{GitHub: GitHubUser{"other", 1002}}, ErrLinkTaken},
		{"her GitHub login in capitals", "nina@example.com", PersonLink{GitHub: GitHubUser{"HANA-dev", 7}}, ErrLinkTaken},
		{"her e-mail address", "Hana@example.com", ninaSlack, nil},
		{"no address", "", ninaSlack, nil},
		{"an address that is none", "nina: [x]", ninaSlack, nil},
		{"a Slack user that is none", "nina@example.com", PersonLink{Slack: SlackUser{"T0ACME", "} # x"}}, nil},
		{"a login that is none", "nina@example.com", PersonLink{GitHub: GitHubUser{"a, id: 1", 7}}, nil},
		{"no account at all", "nina@example.com", PersonLink{}, nil},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, err := tc.link.Apply([]byte(file), ninaID, tc.email)
			var problems Problems
			if tc.is != nil && !errors.Is(err, tc.is) || tc.is == nil && !errors.As(err, &problems) {
				t.Errorf("got %q, %v, want %v", got, err, tc.is)
			}
		})
	}
	var problems Problems
	if _, err := LinkSlack([]byte("people: {}\n"), ninaID, "nina@example.com", ninaSlack.Slack); !errors.As(err, &problems) {
		t.Errorf("a file that cannot be read: %v", err)
	}
	if _, err := LinkSlack(bytes.Repeat([]byte("#"), maxFileSize+1), ninaID, "nina@example.com", ninaSlack.Slack); !errors.As(err, &problems) {
		t.Errorf("a file that is too large: %v", err)
	}
}

// FuzzLink: whatever the file looks like, a link changes one entry to what was
// asked for and leaves every other one and the teams, or nothing is written.
func FuzzLink(f *testing.F) {
	for _, file := range seeds(f) {
		if strings.HasSuffix(file.Name, "people.yaml") {
			f.Add(file.Data, ninaID, "nina@example.com", "T0ACME", "U0NINA", "", int64(0))
			f.Add(file.Data, hanaID, "hana@example.com", "", "", "hana-two", int64(2002))
		}
	}
	f.Add([]byte("{people: [{entra: "+ninaID+", email: a@example.com, slack: {team: T1, user: U1, }, }, ], }"), ninaID, "", "T0ACME", "U0NINA", "", int64(0))
	f.Add([]byte("people:\r\n-   entra: "+ninaID+"\r\n    email: a@example.com\r\n    # note\r\n"), ninaID, "", "", "", "x", int64(5))
	f.Fuzz(func(t *testing.T, content []byte, entra, email, team, user, login string, id int64) {
		link := PersonLink{Slack: SlackUser{team, user}}
		if login != "" {
			link = PersonLink{GitHub: GitHubUser{login, id}}
		}
		was, err := newPeopleEditor(content)
		if err != nil {
			return
		}
		after, err := link.Apply(content, entra, email)
		if err != nil {
			var problems Problems
			if !errors.As(err, &problems) && !errors.Is(err, ErrLinked) && !errors.Is(err, ErrLinkTaken) {
				t.Fatalf("Apply: %v\n%s", err, content)
			}
			return
		}
		is, err := newPeopleEditor(after)
		if err != nil {
			t.Fatalf("what was written cannot be read: %v\n%s", err, after)
		}
		changed := 0
		for i := range is.people.People {
			p := &is.people.People[i]
			if has, ok := link.Of(p); ok && has == link {
				if !strings.EqualFold(p.Entra, entra) {
					t.Errorf("%s has the link, not %s", p.Entra, entra)
				}
				changed++
			} else if i < len(was.people.People) && p.text() != was.people.People[i].text() {
				t.Errorf("another entry was changed: %s", p.text())
			}
		}
		if n := len(is.people.People) - len(was.people.People); changed != 1 || n < 0 || n > 1 {
			t.Errorf("%d entries have the link, %d are new", changed, n)
		}
	})
}
