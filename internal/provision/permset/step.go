package permset

import (
	"fmt"
	"strings"
	"time"

	"aws-access-bot/config"
)

// Kind says what a step does.
type Kind string

// The kinds of step, in the order in which they are made: what narrows first,
// and the accounts last.
const (
	Create         Kind = "create"
	PutBoundary    Kind = "put-boundary"
	Detach         Kind = "detach"
	DetachOwn      Kind = "detach-customer"
	DeleteInline   Kind = "delete-inline"
	Attach         Kind = "attach"
	AttachOwn      Kind = "attach-customer"
	PutInline      Kind = "put-inline"
	DeleteBoundary Kind = "delete-boundary"
	Update         Kind = "update"
	Untag          Kind = "untag"
	Tag            Kind = "tag"
	Provision      Kind = "provision"
)

var order = []Kind{Create, PutBoundary, Detach, DetachOwn, DeleteInline, Attach, AttachOwn, PutInline, DeleteBoundary, Update, Untag, Tag, Provision}

// Settings are what one update writes, always all three: an update without a
// relay state takes it away (terraform-provider-aws issue 17411).
type Settings struct {
	Description string        `json:"description,omitempty"`
	Session     time.Duration `json:"session"`
	RelayState  string        `json:"relay_state,omitempty"`
}

// Step is one write, as data. Only the members of its kind are set.
type Step struct {
	Kind     Kind              `json:"kind"`
	Set      string            `json:"set"` // name
	Settings *Settings         `json:"settings,omitempty"`
	Policy   string            `json:"policy,omitempty"`   // ARN
	Customer *config.PolicyRef `json:"customer,omitempty"` // of attach-customer and detach-customer
	Inline   string            `json:"inline,omitempty"`
	Boundary *config.Boundary  `json:"boundary,omitempty"`
	Tags     map[string]string `json:"tags,omitempty"` // of create and tag
	TagKeys  []string          `json:"tag_keys,omitempty"`
	// Accounts are those that a provisioning brings the set to.
	Accounts []string `json:"accounts,omitempty"`
	Sentence string   `json:"sentence"`
	// Undo is the step that takes this one back; nil for create, since no set
	// is ever deleted, and for provision.
	Undo *Step `json:"undo,omitempty"`
}

// Changes reports whether the roles in accounts follow from the step.
func (s Step) Changes() bool {
	switch s.Kind {
	case Tag, Untag, Provision:
		return false
	case Update:
		return s.Undo == nil || s.Undo.Settings == nil || s.Undo.Settings.Session != s.Settings.Session
	default:
		return true
	}
}

// sentence says a step for people.
func (s Step) sentence() string {
	switch s.Kind {
	case Create:
		return fmt.Sprintf("Create permission set %s with a session of %s", s.Set, config.FormatDuration(s.Settings.Session))
	case Attach:
		return "Attach " + s.Policy + " to " + s.Set
	case Detach:
		return "Detach " + s.Policy + " from " + s.Set
	case AttachOwn:
		return "Attach the accounts' own policy " + s.Customer.String() + " to " + s.Set
	case DetachOwn:
		return "Detach the accounts' own policy " + s.Customer.String() + " from " + s.Set
	case PutInline:
		return fmt.Sprintf("Write the inline policy of %s (%d characters)", s.Set, len(s.Inline))
	case DeleteInline:
		return "Delete the inline policy of " + s.Set
	case PutBoundary:
		return "Limit " + s.Set + " by the permissions boundary " + s.Boundary.String()
	case DeleteBoundary:
		return "Delete the permissions boundary of " + s.Set
	case Tag:
		return "Tag " + s.Set + ": " + tagsText(s.Tags)
	case Untag:
		return "Take from " + s.Set + " the tags " + strings.Join(s.TagKeys, ", ")
	case Provision:
		return fmt.Sprintf("Provision %s to %s", s.Set, accountsText(len(s.Accounts)))
	default:
		return "Update " + s.Set
	}
}

func accountsText(n int) string {
	if n == 1 {
		return "1 account"
	}
	return fmt.Sprintf("%d accounts", n)
}
