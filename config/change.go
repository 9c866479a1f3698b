package config

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
)

// Change is what a commit changes, as it is approved.
type Change struct {
	// Added, Lengthened, Shortened and Removed are sorted by assignment.
	Added      []AssignmentChange `json:"added,omitempty"`
	Lengthened []AssignmentChange `json:"lengthened,omitempty"`
	Shortened  []AssignmentChange `json:"shortened,omitempty"`
	Removed    []AssignmentChange `json:"removed,omitempty"`
	// Control has the changed fields of the control plane, sorted by path and
	// field. A path outside the known layout is one entry with field "", and so is
	// an account file that is gone, and a group or user file that is gone and had
	// owners, or whose slug means another one now.
	Control []FieldChange `json:"control,omitempty"`
	// NewAccounts, NewPrincipals are the paths of new files of these kinds.
	NewAccounts   []string `json:"new_accounts,omitempty"`
	NewPrincipals []string `json:"new_principals,omitempty"`
	// Entries are changed access entries and removed principal files that are
	// no assignment change by themselves (a reason, an entry that is doubled
	// by another): part of the fingerprint.
	Entries []FieldChange `json:"entries,omitempty"`
	// Idle is what entries that come in would give and do not now, sorted by
	// assignment: what another entry grants already and, with an empty account,
	// what selects no account yet. They give it later, when the other entry goes
	// or an account fits. An entry that takes the place of one with the same term
	// is not idle where that one granted.
	Idle []AssignmentChange `json:"idle,omitempty"`
	// Content has every changed access entry (field "access"), every removed
	// principal file (field "") and every field of a new file. With Control it
	// is all that the commit says anew, whether it has an effect today or only
	// later, as a selector may: it is there for the fingerprint.
	Content []FieldChange `json:"content,omitempty"`
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

// Empty reports a change of nothing but form: comments, order, and names of files
// that meant nothing before.
func (c Change) Empty() bool {
	return len(c.Added)+len(c.Lengthened)+len(c.Shortened)+len(c.Removed) == 0 &&
		len(c.Control)+len(c.NewAccounts)+len(c.NewPrincipals)+len(c.Entries)+len(c.Content) == 0
}

// RemovalOnly reports a change that takes access away and does nothing else:
// access entries and principal files are removed, none is added or altered, and
// nothing else of the control plane is touched. An empty change is not one.
func (c Change) RemovalOnly() bool {
	if c.Empty() || len(c.Added)+len(c.Lengthened)+len(c.NewAccounts)+len(c.NewPrincipals) > 0 || !c.controlGoes(c.gone()) {
		return false
	}
	for _, f := range c.Content {
		if f.New != "" {
			return false
		}
	}
	return true
}

// Mixed reports a change that touches the control plane and access entries at
// once, which is refused. New files are not control plane, what a control plane
// change does to assignments through selectors touches no entry, and a file that
// goes under the control plane takes its own entries with it.
func (c Change) Mixed() bool {
	if len(c.Control) == 0 {
		return false
	}
	gone := c.gone()
	only := c.controlGoes(gone)
	for _, f := range c.Content {
		if (f.Field == accessField || f.Field == "") && !(only && gone[f.Path]) {
			return true
		}
	}
	return false
}

// gone has the paths of the group and user files that are removed.
func (c Change) gone() map[string]bool {
	gone := map[string]bool{}
	for _, f := range c.Content {
		if f.Field == "" && f.New == "" {
			gone[f.Path] = true
		}
	}
	return gone
}

// controlGoes reports whether the control plane is touched by files that go, if at
// all.
func (c Change) controlGoes(gone map[string]bool) bool {
	return !slices.ContainsFunc(c.Control, func(f FieldChange) bool { return !gone[f.Path] || f.Field != "" && f.Field != HandleField })
}

// fingerprint is what [Change.Fingerprint] hashes. Whether a gain is new or an
// extension, and what there was before, may depend on the minute at which it
// is looked at; what is gained does not.
type fingerprint struct {
	Version       int           `json:"version"`
	Gained        []string      `json:"gained"`
	Lost          []string      `json:"lost"`
	Control       []FieldChange `json:"control"`
	NewAccounts   []string      `json:"new_accounts"`
	NewPrincipals []string      `json:"new_principals"`
	Content       []FieldChange `json:"content"`
}

// Fingerprint returns the SHA-256, in hex, of the change in canonical form:
// assignments with their new terms as declared, and every changed field. It is
// equal for equal changes however the files are written.
func (c Change) Fingerprint() string {
	form := fingerprint{
		Version:       1,
		Gained:        termLines(c.Added, c.Lengthened),
		Lost:          termLines(c.Shortened, c.Removed),
		Control:       c.Control,
		NewAccounts:   c.NewAccounts,
		NewPrincipals: c.NewPrincipals,
		Content:       c.Content,
	}
	text, err := json.Marshal(form)
	if err != nil {
		// unreachable: the form has strings and lists of strings only.
		text = fmt.Appendf(nil, "%#v", form)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// Within reports whether all that c does, another change does too: the same
// gains with the same terms, the same losses, and the same changes of fields.
func (c Change) Within(of Change) bool {
	return subset(termLines(c.Added, c.Lengthened), termLines(of.Added, of.Lengthened)) &&
		subset(termLines(c.Shortened, c.Removed), termLines(of.Shortened, of.Removed)) &&
		subset(c.Control, of.Control) && subset(c.NewAccounts, of.NewAccounts) &&
		subset(c.NewPrincipals, of.NewPrincipals) && subset(c.Content, of.Content)
}

// subset reports whether every element of a list is in another.
func subset[T comparable](list, of []T) bool {
	in := make(map[T]bool, len(of))
	for _, x := range of {
		in[x] = true
	}
	return !slices.ContainsFunc(list, func(x T) bool { return !in[x] })
}

// termLines writes the assignments of two lists with their new terms, sorted.
func termLines(lists ...[]AssignmentChange) []string {
	lines := []string{}
	for _, c := range slices.Concat(lists...) {
		term := "none"
		if c.New != nil {
			term = c.New.String()
		}
		lines = append(lines, c.Assignment.String()+" "+term)
	}
	slices.Sort(lines)
	return lines
}
