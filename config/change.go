package config

// Change is what a commit changes, as it is approved.
type Change struct {
	// Added, Lengthened, Shortened and Removed are sorted by assignment.
	Added      []AssignmentChange `json:"added,omitempty"`
	Lengthened []AssignmentChange `json:"lengthened,omitempty"`
	Shortened  []AssignmentChange `json:"shortened,omitempty"`
	Removed    []AssignmentChange `json:"removed,omitempty"`
	// Control has the changed fields of the control plane, sorted by path and
	// field. A path outside the known layout is one entry with field "".
	Control []FieldChange `json:"control,omitempty"`
	// NewAccounts, NewPrincipals are the paths of new files of these kinds.
	NewAccounts   []string `json:"new_accounts,omitempty"`
	NewPrincipals []string `json:"new_principals,omitempty"`
	// Entries are changed access entries and removed principal files that are
	// no assignment change by themselves (a reason, an entry that is doubled
	// by another): part of the fingerprint, and no approver's concern.
	Entries []FieldChange `json:"entries,omitempty"`
}

// AssignmentChange is one assignment with its term before and after.
type AssignmentChange struct {
	Assignment Assignment `json:"assignment"`
	// Old is nil for an added assignment, New for a removed one.
	Old *Term `json:"old,omitempty"`
	New *Term `json:"new,omitempty"`
	// FromControl is true when no access entry was touched: a changed
	// account field made a selector match, or stop matching.
	FromControl bool `json:"from_control,omitempty"`
}

// FieldChange is a field of a file that differs.
type FieldChange struct {
	Path  string `json:"path"`
	Field string `json:"field,omitempty"`
	Old   string `json:"old,omitempty"`
	New   string `json:"new,omitempty"`
}
