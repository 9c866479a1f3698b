package sandbox

import (
	"fmt"
	"strings"
)

// Person is somebody whom the page and the control API can play. An empty
// identity means that the person has none there.
type Person struct {
	// Key names the person in paths of the control API.
	Key  string `json:"key"`
	Name string `json:"name"`
	// About says in one line what the person is, for whoever plays.
	About  string `json:"about"`
	Email  string `json:"email"`
	Entra  string `json:"entra,omitempty"`
	GitHub string `json:"github,omitempty"`
	Slack  string `json:"slack,omitempty"`
	// Teams is the person's id for the bot in Teams, 29:…
	Teams string `json:"teams,omitempty"`
	// Linked is true if people.yaml of the seed names the person.
	Linked bool `json:"linked"`

	githubID int64
	role     string // in the config repo
	guest    bool
	// slackEmail is the address in Slack where it is another one.
	slackEmail string
}

// upn is the user principal name in Entra, which has a form of its own for guests.
func (p Person) upn() string {
	if p.guest {
		return strings.ReplaceAll(p.Email, "@", "_") + "#EXT#@acme.onmicrosoft.com"
	}
	return p.Email
}

// entraUser is the object id of the nth person of config/example/people.yaml.
func entraUser(n int) string { return fmt.Sprintf("3c1d9a70-0000-4000-8000-%012d", n) }

// entraGroup is the object id of the nth group of config/example/groups.
func entraGroup(n int) string { return fmt.Sprintf("0b7e3f4c-0000-4000-8000-%012d", n) }

// cast returns the people one can play. The ids of the first six are those of
// config/example/people.yaml, which a test holds.
func cast() []Person {
	return []Person{
		{Key: "hana", Name: "Hana Sato", About: "Developer in payments. Asks for access.", Email: "hana@example.com",
			Entra: entraUser(21), GitHub: "hana-dev", githubID: 1002, Slack: "U0HANA", Linked: true, role: "write"},
		{Key: "yuki", Name: "Yuki Mori", About: "Leads payments. Owns the payments accounts, so approves for them.", Email: "yuki@example.com",
			Entra: entraUser(22), GitHub: "yuki-lead", githubID: 1001, Slack: "U0YUKI", Linked: true, role: "write"},
		{Key: "ken", Name: "Ken Abe", About: "Platform team: the control plane. Administrator of the config repo.", Email: "ken@example.com",
			Entra: entraUser(23), GitHub: "ken-platform", githubID: 1003, Slack: "U0KEN", Linked: true, role: "admin"},
		{Key: "lena", Name: "Lena Fischer", About: "Platform team. Owns the orders accounts.", Email: "lena@example.com",
			Entra: entraUser(26), GitHub: "lena-platform", githubID: 1006, Slack: "U0LENA", Linked: true, role: "write"},
		{Key: "mio", Name: "Mio Tanaka", About: "Security team. Second approver for admin access in production.", Email: "mio@example.com",
			Entra: entraUser(24), GitHub: "mio-sec", githubID: 1004, Slack: "U0MIO", Linked: true, role: "write"},
		{Key: "taro", Name: "Taro Ito", About: "Owns the data accounts, and none of the others.", Email: "taro@example.com",
			Entra: entraUser(25), GitHub: "taro-data", githubID: 1005, Slack: "U0TARO", Linked: true, role: "write"},
		{Key: "olga", Name: "Olga Ivanova", About: "An employee whom people.yaml does not name: her approval never counts.", Email: "olga@example.com",
			Entra: entraUser(31), GitHub: "olga-codes", githubID: 1007, Slack: "U0OLGA", role: "write"},
		{Key: "nina", Name: "Nina Petrova", About: "An employee whose Slack e-mail is not that of her Entra user: the bot does not know her until she is linked.",
			Email: "nina@example.com", Entra: entraUser(33), Slack: "U0NINA", slackEmail: "nina@home.example"},
		{Key: "gus", Name: "Gus Meyer", About: "A guest from an agency. The bot does not serve guests.", Email: "gus@agency.example",
			Entra: entraUser(32), Slack: "U0GUS", guest: true},
	}
}

// extra is an Entra user whom nobody plays, there to be a member of groups.
type extra struct {
	n              int
	given, surname string
}

// extras returns the rest of the company. Prince has no surname: AWS takes him
// only since the mapping has a default for it.
func extras() []extra {
	return []extra{
		{41, "Emi", "Kato"}, {42, "Sora", "Hayashi"}, {43, "Daichi", "Ono"}, {44, "Rin", "Kimura"}, {45, "Noah", "Berg"},
		{46, "Ada", "Nowak"}, {47, "Leo", "Costa"}, {48, "Ines", "Moreau"}, {49, "Yan", "Li"}, {50, "Pia", "Lang"},
		{51, "Omar", "Haddad"}, {52, "Tess", "Novak"}, {53, "Prince", ""}, {54, "Key", "One"}, {55, "Key", "Two"},
	}
}

// memberships are the members of the Entra groups by their number, as numbers
// of users. aws-data-analysts and aws-payments-support have more members than
// one call of provisioning on demand takes (five).
func memberships() map[int][]int {
	return map[int][]int{
		11: {21, 41, 42},                     // aws-payments-dev: Hana and two others
		12: {23, 26},                         // aws-platform-admins
		13: {54, 55},                         // aws-breakglass: two sealed keys
		14: {21, 43},                         // aws-payments-oncall
		15: {25, 44, 45, 46, 47, 48, 49, 50}, // aws-data-analysts
		16: {24, 51},                         // aws-security-audit
		17: {26, 45, 52},                     // aws-orders-dev, and a nested group
		18: {21, 25, 31, 53},                 // aws-sandbox-users, Prince among them
		19: {21, 43, 44, 46, 48, 50, 52},     // aws-payments-support: not in AWS yet
	}
}

// The groups that config/example does not have.
const (
	supportGroup = 19 // has a file, no access, and no assignment in Entra yet
	nestedGroup  = 20 // is a member of aws-orders-dev; provisioning ignores it
	nestedIn     = 17
)

// supportFile adds a group to the example that never had any access: the first
// grant for it shows the whole way through Entra and SCIM.
const supportFile = `# New here: nothing yet, and so not provisioned to AWS yet either.
id: 0b7e3f4c-0000-4000-8000-000000000019
name: aws-payments-support
owners: [yuki@example.com]
access: []
`

// teams are the members of the GitHub teams of config/example/people.yaml.
func teams() map[string]map[string]string {
	return map[string]map[string]string{
		"security":       {"mio-sec": "maintainer"},
		"platform":       {"ken-platform": "maintainer", "lena-platform": "member", "mio-sec": "member"},
		"payments-leads": {"yuki-lead": "maintainer"},
	}
}
