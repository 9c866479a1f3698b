package config

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const groupID = "0b7e3f4c-0000-4000-8000-000000000011"

// asked is a grant as chat writes it.
var asked = Grant{
	Account: "pay-dev", PermissionSet: "PowerUserAccess", Duration: 4 * time.Hour,
	Reason: "refund bug", Request: "REQ-7F3K2Q",
}

func keyOf(g Grant) GrantKey {
	return (&PrincipalFile{Principal: Principal{GroupPrincipal, groupID}}).Key(g)
}

func TestAddGrantInTheStyleOfTheFile(t *testing.T) {
	t.Parallel()
	const head = "id: " + groupID + "\nname: pay # display name\n"
	block := "  - account: pay-dev\n    permission_set: PowerUserAccess\n    duration: 4h\n    reason: refund bug\n    request: REQ-7F3K2Q\n"
	const flow = "{account: pay-dev, permission_set: PowerUserAccess, duration: 4h, reason: refund bug, request: REQ-7F3K2Q}"
	tests := []struct {
		name, before, after string
	}{
		{
			"a bare empty list becomes a block",
			head + "access: []\n",
			head + "access:\n" + block,
		},
		{
			"with its comment and what follows",
			head + "access: []   # none yet\n\n# the owners\nowners: [yuki@example.com]\n",
			head + "access:   # none yet\n" + block + "\n# the owners\nowners: [yuki@example.com]\n",
		},
		{
			"without a last line break",
			head + "access: []",
			head + "access:\n" + strings.TrimSuffix(block, "\n"),
		},
		{
			"below the last entry, above the comments that follow the list",
			head + "access:\n  - account: a   # why\n    permission_set: X   # what\n    # about a\n  # end of the list\n\nowners: [yuki@example.com]\n",
			head + "access:\n  - account: a   # why\n    permission_set: X   # what\n    # about a\n" + block + "  # end of the list\n\nowners: [yuki@example.com]\n",
		},
		{
			"a list without indentation",
			head + "access:\n- account: a\n  permission_set: X\n",
			head + "access:\n- account: a\n  permission_set: X\n" + strings.ReplaceAll("\n"+block, "\n  ", "\n")[1:],
		},
		{
			"a list with wide indentation",
			head + "access:\n    -   account: a\n        permission_set: X\n",
			head + "access:\n    -   account: a\n        permission_set: X\n    -   account: pay-dev\n        permission_set: PowerUserAccess\n        duration: 4h\n        reason: refund bug\n        request: REQ-7F3K2Q\n",
		},
		{
			"hyphens on lines of their own",
			head + "access:\n  -\n    account: a\n    permission_set: X\n",
			head + "access:\n  -\n    account: a\n    permission_set: X\n" + block,
		},
		{
			"entries in brackets on lines",
			head + "access:\n  - {account: a, permission_set: X}  # x\n  - {account: b, permission_set: X,\n     duration: 1h}\n",
			head + "access:\n  - {account: a, permission_set: X}  # x\n  - {account: b, permission_set: X,\n     duration: 1h}\n" + block,
		},
		{
			"Windows line ends",
			strings.ReplaceAll(head+"access:\n  - account: a\n    permission_set: X\n", "\n", "\r\n"),
			strings.ReplaceAll(head+"access:\n  - account: a\n    permission_set: X\n"+block, "\n", "\r\n"),
		},
		{
			"Windows line ends without the last one",
			strings.ReplaceAll(head+"access:\n  - account: a\n    permission_set: X", "\n", "\r\n"),
			strings.ReplaceAll(head+"access:\n  - account: a\n    permission_set: X\n"+strings.TrimSuffix(block, "\n"), "\n", "\r\n"),
		},
		{
			"a list in brackets",
			head + "access: [{account: a, permission_set: X}]\n",
			head + "access: [{account: a, permission_set: X}, " + flow + "]\n",
		},
		{
			"a list in brackets over lines, with a comma at the end",
			head + "access: [\n  {account: a, permission_set: X},   # first\n  # last\n]\n",
			head + "access: [\n  {account: a, permission_set: X}, " + flow + ",   # first\n  # last\n]\n",
		},
		{
			"an empty list with a space",
			head + "access: [ ]\n",
			head + "access: [" + flow + " ]\n",
		},
		{
			"a file that is all brackets",
			"{id: " + groupID + ", name: pay,\naccess: []\n}\n",
			"{id: " + groupID + ", name: pay,\naccess: [" + flow + "]\n}\n",
		},
		{
			"a key in quotes with a space before its colon",
			head + "\"access\" : []\n",
			head + "\"access\" :\n" + block,
		},
		{
			"characters of several bytes before the place",
			head + "owners: [team:x] # 支払い\naccess: [{account: a, permission_set: X, reason: 支払い}]\n",
			head + "owners: [team:x] # 支払い\naccess: [{account: a, permission_set: X, reason: 支払い}, " + flow + "]\n",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			after, err := AddGrant([]byte(test.before), GroupPrincipal, Header{ID: groupID}, asked)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.after, string(after)); diff != "" {
				t.Fatalf("added (-want +got):\n%s", diff)
			}
			again, err := RemoveGrant(after, GroupPrincipal, keyOf(asked))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.before, string(again)); diff != "" {
				t.Errorf("added and removed (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRemoveGrant(t *testing.T) {
	t.Parallel()
	const head = "id: " + groupID + "\nname: pay\n"
	target := Grant{Account: "b", PermissionSet: "X"}
	tests := []struct {
		name, before, after string
	}{
		{
			"the middle entry goes, comments above stay",
			head + "access:\n  # on call\n  - account: a\n    permission_set: X\n  # and then\n  - account: b # gone\n    # within\n    permission_set: X\n    # below\n\n  - account: c\n    permission_set: X\n",
			head + "access:\n  # on call\n  - account: a\n    permission_set: X\n  # and then\n\n  - account: c\n    permission_set: X\n",
		},
		{
			"the first entry",
			head + "access:\n  - account: b\n    permission_set: X\n  - account: a\n    permission_set: X\n",
			head + "access:\n  - account: a\n    permission_set: X\n",
		},
		{
			"the last entry of a file without a last line break",
			head + "access:\n  - account: a\n    permission_set: X\n  - account: b\n    permission_set: X",
			head + "access:\n  - account: a\n    permission_set: X",
		},
		{
			"the only entry leaves an empty list",
			head + "access: # all\n  # none\n  - account: b\n    permission_set: X\nowners: [yuki@example.com]\n",
			head + "access: [] # all\n  # none\nowners: [yuki@example.com]\n",
		},
		{
			"the first in brackets",
			head + "access: [{account: b, permission_set: X}, {account: a, permission_set: X}]\n",
			head + "access: [{account: a, permission_set: X}]\n",
		},
		{
			"the middle one in brackets",
			head + "access: [{account: a, permission_set: X}, {account: b, permission_set: X} , {account: c, permission_set: X}]\n",
			head + "access: [{account: a, permission_set: X} , {account: c, permission_set: X}]\n",
		},
		{
			"the only one in brackets",
			head + "access: [{account: b, permission_set: X}]\n",
			head + "access: []\n",
		},
		{
			"the middle line in brackets over lines",
			head + "access: [\n  {account: a, permission_set: X}, # a\n  {account: b, permission_set: X},\n  {account: c, permission_set: X}  # c\n]\n",
			head + "access: [\n  {account: a, permission_set: X}, # a\n  {account: c, permission_set: X}  # c\n]\n",
		},
		{
			"the last line in brackets over lines",
			head + "access: [\n  {account: a, permission_set: X}, # a, and b\n  {account: b, permission_set: X}\n]\n",
			head + "access: [\n  {account: a, permission_set: X} # a, and b\n]\n",
		},
		{
			"the last line in brackets, with a comma at the end",
			head + "access: [\n  {account: a, permission_set: X}, # a\n  {account: b, permission_set: X, }, # b\n]\n",
			head + "access: [\n  {account: a, permission_set: X}, # a\n   # b\n]\n",
		},
		{
			"the first line in brackets over lines",
			head + "access: [\n  {account: b, permission_set: X},\n  {account: a, permission_set: X},\n]\n",
			head + "access: [\n  {account: a, permission_set: X},\n]\n",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			after, err := RemoveGrant([]byte(test.before), GroupPrincipal, keyOf(target))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.after, string(after)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestANewFileHasWhatItNeeds(t *testing.T) {
	t.Parallel()
	got, err := AddGrant(nil, UserPrincipal, Header{"3c1d9a70-0000-4000-8000-000000000021", "hana@example.com"}, asked)
	if err != nil {
		t.Fatal(err)
	}
	want := "id: 3c1d9a70-0000-4000-8000-000000000021\nname: \"hana@example.com\"\naccess:\n  - account: pay-dev\n" +
		"    permission_set: PowerUserAccess\n    duration: 4h\n    reason: refund bug\n    request: REQ-7F3K2Q\n"
	want = strings.Replace(want, `"hana@example.com"`, "hana@example.com", 1)
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	load(t, overlay(t, with("users/hana.yaml", string(got))))
}

func TestFreeTextReadsBackAsItWas(t *testing.T) {
	t.Parallel()
	for _, reason := range []string{
		"plain words", "a: b", "ends with:", "# no comment", "x # y", `"quoted"`, "it's", `both "x" and 'y'`, `back\slash`, `\u200b`,
		"- a list", "[a, b]", "{a: b}", "a, b", "true", "null", "~", "123", "1e3", "0x1F", "2026-12-24", "2026-12-24T09:00:00Z", "yes",
		"*alias", "&anchor", "!tag", "|", ">", "%directive", "@at", "`tick`", "支払いの調査", "fire 🔥", "a  b", ".5", "=", "<<", "---", "...", "a]b", "https://example.com/x?y=z#f",
		" leading and trailing ", "'", "''", `"`, "?", "? a", "-", "a -", "@", "a\u3000b",
	} {
		for _, g := range []Grant{
			{Account: "pay-dev", PermissionSet: "X", Duration: time.Hour, Reason: reason},
			{Accounts: &Selector{OU: "/A b/C & D", Tags: map[string]string{"a:b": "true", "x": "1 2"}}, PermissionSet: "@x", Expires: noon, Reason: reason},
		} {
			for _, content := range []string{"access: []\n", "access: [ ]\n"} {
				before := "id: " + groupID + "\nname: pay\n" + content
				after, err := AddGrant([]byte(before), GroupPrincipal, Header{}, g)
				if err != nil {
					t.Errorf("reason %q: %v", reason, err)
					continue
				}
				again, err := RemoveGrant(after, GroupPrincipal, keyOf(g))
				if err != nil || string(again) != before {
					t.Errorf("reason %q is not removed: %v\n%s", reason, err, again)
				}
			}
		}
	}
}

func TestEditsRefuseWhatTheyCannotWrite(t *testing.T) {
	t.Parallel()
	file := []byte("id: " + groupID + "\nname: pay\naccess: []\n")
	change := func(f func(*Grant)) Grant {
		g := asked
		f(&g)
		return g
	}
	tests := []struct {
		name    string
		content []byte
		kind    PrincipalKind
		header  Header
		grant   Grant
		want    string
	}{
		{"a reason on two lines", file, GroupPrincipal, Header{}, change(func(g *Grant) { g.Reason = "a\nrequest: REQ-000000" }), "more than one line"},
		{"an invisible reason", file, GroupPrincipal, Header{}, change(func(g *Grant) { g.Reason = "a\u202eb" }), "changes the direction"},
		{"a long reason", file, GroupPrincipal, Header{}, change(func(g *Grant) { g.Reason = strings.Repeat("x", 501) }), "501 characters"},
		{"an account that is no slug", file, GroupPrincipal, Header{}, change(func(g *Grant) { g.Account = "a, b" }), "not a slug"},
		{"a permission set that is none", file, GroupPrincipal, Header{}, change(func(g *Grant) { g.PermissionSet = "a}b" }), "not well-formed"},
		{"a duration of seconds", file, GroupPrincipal, Header{}, change(func(g *Grant) { g.Duration = 90 * time.Second }), "not a duration"},
		{"an end with a fraction", file, GroupPrincipal, Header{}, Grant{Account: "a", PermissionSet: "X", Expires: noon.Add(1)}, "fraction"},
		{"two ends", file, GroupPrincipal, Header{}, change(func(g *Grant) { g.Expires = noon }), "both expires and duration"},
		{"a request that is none", file, GroupPrincipal, Header{}, change(func(g *Grant) { g.Request = "REQ-1" }), "not well-formed"},
		{"a user without an end", []byte("id: " + groupID + "\nname: a@example.com\naccess: []\n"), UserPrincipal, Header{}, Grant{Account: "a", PermissionSet: "X"}, "needs an end"},
		{"a file of another principal", file, GroupPrincipal, Header{ID: "0b7e3f4c-0000-4000-8000-000000000099"}, asked, "the file is of"},
		{"a new file without a name", nil, GroupPrincipal, Header{ID: groupID}, asked, "name"},
		{"a name that would add lines", nil, GroupPrincipal, Header{groupID, "x\naccess: []"}, asked, "line"},
		{"a file with problems", []byte("id: " + groupID + "\nname: pay\n"), GroupPrincipal, Header{}, asked, `no "access"`},
		{"a file that is no YAML", []byte("a: b: c"), GroupPrincipal, Header{}, asked, "not YAML"},
		{"a file that is too large", make([]byte, maxFileSize+1), GroupPrincipal, Header{}, asked, "larger than 1 MiB"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			out, err := AddGrant(test.content, test.kind, test.header, test.grant)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("AddGrant: %v, want %q\n%s", err, test.want, out)
			}
		})
	}
	for name, content := range map[string]string{"a file with problems": "x: y", "no file": ""} {
		var problems Problems
		if _, err := RemoveGrant([]byte(content), GroupPrincipal, "k"); !errors.As(err, &problems) {
			t.Errorf("RemoveGrant of %s: %v, want problems", name, err)
		}
	}
}

func TestEditsSayWhatIsThereAndWhatIsNot(t *testing.T) {
	t.Parallel()
	file, err := AddGrant(nil, GroupPrincipal, Header{groupID, "pay"}, asked)
	if err != nil {
		t.Fatal(err)
	}
	twin := asked
	twin.Reason = "another"
	if _, err := AddGrant(file, GroupPrincipal, Header{}, twin); !errors.Is(err, ErrGrantExists) {
		t.Errorf("AddGrant twice: %v, want ErrGrantExists", err)
	}
	other := asked
	other.Account = "pay-prod"
	if _, err := RemoveGrant(file, GroupPrincipal, keyOf(other)); !errors.Is(err, ErrNoGrant) {
		t.Errorf("RemoveGrant of another: %v, want ErrNoGrant", err)
	}
}
