package importer

import (
	"fmt"
	"regexp"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision/permset"
)

// Snapshot is what is live, as plain data. Lists may be in any order.
type Snapshot struct {
	Organization Organization
	// Accounts are all of the organization, the management account too.
	Accounts    []Account
	Place       Place
	Sets        []Set
	Groups      []Group
	Users       []User
	Assignments []Assignment
	// Directory is what Entra said; nil when it was not asked.
	Directory *Directory
}

// accountID is an account id of AWS.
var accountID = regexp.MustCompile(`^[0-9]{12}$`)

// valid refuses identifiers that AWS does not give: they stand in findings and
// grants as they are.
func (s Snapshot) valid() error {
	for _, a := range s.Accounts {
		if !accountID.MatchString(a.ID) {
			return fmt.Errorf("AWS Organizations has an account with the id %q, which is none; nothing was written", a.ID)
		}
	}
	for _, a := range s.Assignments {
		if err := config.CheckPermissionSetName(a.PermissionSet); err != nil || !accountID.MatchString(a.Account) {
			return fmt.Errorf("the assignment in Identity Center of %q in the account %q is not understood; nothing was written", a.PermissionSet, a.Account)
		}
	}
	return nil
}

// Organization is an AWS Organization.
type Organization struct {
	ID         string
	Management string // account id
}

// Account is a member of the organization.
type Account struct {
	ID    string
	Name  string
	State string // ACTIVE, SUSPENDED, …; AWS's word
	// OU has the names of the units from below the root down to the account's
	// own. Only active accounts have it, and their tags.
	OU   []string
	Tags map[string]string
}

// Active is the state of accounts that can be used.
const Active = "ACTIVE"

// Place is where Identity Center is.
type Place struct {
	Region string
	// StoreID is the id of the identity store, d- and ten hex digits.
	StoreID string
}

// Set is a permission set.
type Set struct {
	Name string
	// Live is nil unless it was asked for.
	Live *permset.Live
}

// Group is a group in the identity store. ExternalIDs are what whoever wrote
// it by SCIM calls it: with Entra the object id; none if it was made by hand.
type Group struct {
	ID          string
	ExternalIDs []string
	Name        string
}

// User is a user in the identity store, as [Group].
type User struct {
	ID          string
	ExternalIDs []string
	Name        string // user name
}

// Assignment is an account assignment. PrincipalID is the id in the identity
// store.
type Assignment struct {
	config.Pair
	Kind        config.PrincipalKind
	PrincipalID string
}

// Directory is what Entra said of groups and users, by object id. One that was
// asked for and is not there does not exist.
type Directory struct {
	Groups map[string]DirectoryGroup
	Users  map[string]DirectoryUser
}

// DirectoryGroup is a group in Entra.
type DirectoryGroup struct {
	Name     string // display name
	Security bool   // security-enabled, so that it can be assigned to an application
}

// DirectoryUser is a user in Entra.
type DirectoryUser struct {
	UPN string
}
