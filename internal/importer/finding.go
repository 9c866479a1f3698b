package importer

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"aws-access-bot/config"
)

// Code names a kind of finding. It is stable: people filter by it.
type Code string

// The findings. docs/cli.md explains them.
const (
	// CodeAccountInactive is an account that is not ACTIVE.
	CodeAccountInactive Code = "account-inactive"
	// CodeAccountGone is a file of an account that is not in the organization.
	CodeAccountGone Code = "account-gone"
	// CodeAccountName is an account whose name cannot stand in a file as it is.
	CodeAccountName Code = "account-name"
	// CodeAccountOU is an account whose OU cannot be written.
	CodeAccountOU Code = "account-ou"
	// CodeAccountTags has tags that cannot be written.
	CodeAccountTags Code = "account-tags"
	// CodeAccountDiffers is a file that says otherwise than Organizations.
	CodeAccountDiffers Code = "account-differs"
	// CodeAccountLegacy is a new account that nobody enters by SSO.
	CodeAccountLegacy Code = "account-legacy"
	// CodeAccountOpened is an account that selectors would open to somebody.
	CodeAccountOpened Code = "account-opened"
	// CodeLegacyAccess is a legacy account into which groups get.
	CodeLegacyAccess Code = "legacy-with-access"
	// CodeManagement are assignments in the management account.
	CodeManagement Code = "management-account"
	// CodeByHand is a group or user that did not come from Entra.
	CodeByHand Code = "made-by-hand"
	// CodeDoubled is an external id that several groups or users have.
	CodeDoubled Code = "external-id-doubled"
	// CodeUnknown is a principal that Entra does not know.
	CodeUnknown Code = "not-in-entra"
	// CodeName is a principal whose name cannot stand in a file.
	CodeName Code = "name"
	// CodeRenamed is a file whose principal is named otherwise in Entra.
	CodeRenamed Code = "renamed"
	// CodeNotSecurity is a group that cannot be assigned to an application.
	CodeNotSecurity Code = "group-not-security"
	// CodeOrphan are assignments of a principal that was deleted.
	CodeOrphan Code = "principal-deleted"
	// CodeUser is a user with access of his own.
	CodeUser Code = "user-access"
	// CodeEnded is a grant of the repo that has ended and is still live.
	CodeEnded Code = "ended-and-live"
	// CodeNotLive are grants of the repo that are not live.
	CodeNotLive Code = "not-live"
	// CodeGroupIdle are groups without access.
	CodeGroupIdle Code = "group-without-access"
	// CodeTooLarge is a file that would be larger than a file may be.
	CodeTooLarge Code = "too-large"
	// CodeSet is a permission set that no file can describe.
	CodeSet Code = "permission-set"
	// CodeSetParts are parts of a permission set that its file is silent on.
	CodeSetParts Code = "permission-set-parts"
	// CodeSetOutdated is a permission set that accounts have in an older form.
	CodeSetOutdated Code = "permission-set-outdated"
	// CodeUnchecked says that Entra was not asked.
	CodeUnchecked Code = "entra-not-asked"
	// CodeApplication is an enterprise application that does not provision.
	CodeApplication Code = "application"
	// CodePlace is an instance that the repo names otherwise.
	CodePlace Code = "instance-differs"
	// CodeKept says that people and approvers were named for files that are
	// there.
	CodeKept Code = "kept"
	// CodeControl is what a new aws-access.yaml leaves open.
	CodeControl Code = "to-be-decided"
)

// Finding is something that a person should know of an import.
type Finding struct {
	Code Code `json:"code"`
	// Person: the repo is not all of what is live until a person does
	// something. Otherwise it is to be known.
	Person bool `json:"person"`
	// Subject is what it is about: an account id, an id in the identity store,
	// or a path. It tells findings of one code apart.
	Subject string `json:"subject,omitempty"`
	Text    string `json:"text"`
	Mend    string `json:"mend,omitempty"`
}

// String returns "text; mend [code]".
func (f Finding) String() string {
	s := f.Text
	if f.Mend != "" {
		s += "; " + f.Mend
	}
	return s + " [" + string(f.Code) + "]"
}

// sortFindings puts what needs a person first.
func sortFindings(list []Finding) {
	slices.SortFunc(list, func(a, b Finding) int {
		if a.Person != b.Person {
			if a.Person {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(a.Code, b.Code), cmp.Compare(a.Subject, b.Subject), cmp.Compare(a.Text, b.Text))
	})
}

// maxShown is how much of an outside text is shown, in characters.
const maxShown = 128

// shown makes a text from outside fit to be read on a terminal: what is not
// plainly visible is escaped.
func shown(s string) string {
	if config.CheckText(s, maxShown) == nil {
		return s
	}
	runes := []rune(strings.ToValidUTF8(s, "\uFFFD"))
	if len(runes) > maxShown {
		runes = append(runes[:maxShown], '…')
	}
	return strconv.QuoteToASCII(string(runes))
}

// some names the first few of many.
func some(names []string) string {
	const most = 3
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}
