package access

import (
	"context"
	"errors"

	"aws-access-bot/config"
)

// ErrNotFound is returned by stores for what they do not have.
var ErrNotFound = errors.New("not found")

// ErrConflict is returned by [Requests.Save] when the request was changed
// since it was read, by [Requests.Create] when the id is taken, and by
// [Bindings.Bind] when one of the two is bound to another.
var ErrConflict = errors.New("changed by somebody else")

// Requests keeps requests and the notices they cause, durably.
type Requests interface {
	// Create stores a new request; ErrConflict when the id is taken.
	Create(ctx context.Context, r Request) error
	// Get returns a request or ErrNotFound.
	Get(ctx context.Context, id ID) (Request, error)
	// ByKey returns the request that the delivery with this natural key made
	// or joined, or ErrNotFound.
	ByKey(ctx context.Context, key string) (Request, error)
	// Save stores r, whose Version must be one above the stored one, and the
	// notices in one transaction; a notice whose key is known is left out. Who
	// joined r is found by ByKey and By from then on; nobody leaves again.
	Save(ctx context.Context, r Request, notices []Notice) error
	// Open returns the requests that are not final, oldest first.
	Open(ctx context.Context) ([]Request, error)
	// By returns the requests that a person made or joined, by Entra object id,
	// newest first. An empty id is nobody's and has none.
	By(ctx context.Context, entra string) ([]Request, error)
	// For returns the requests for an assignment that are not final.
	For(ctx context.Context, a config.Assignment) ([]Request, error)
}

// Bindings keeps which Entra person a chat user is, for users that people.yaml
// does not name.
type Bindings interface {
	// Binding returns the binding or ErrNotFound.
	Binding(ctx context.Context, u ChatUser) (Binding, error)
	// Bind binds u, in one step with the look whether that may be: it returns
	// ErrConflict and changes nothing when u is bound to somebody else, or the
	// person to another user of u's workspace or tenant. A binding to the same
	// person stays as it is.
	Bind(ctx context.Context, u ChatUser, b Binding) error
}

// Binding links a chat user to an Entra person by the e-mail address both had
// at that time (lower-case).
type Binding struct {
	Entra string `json:"entra"`
	Email string `json:"email"`
}

// InForce is the config in force.
type InForce struct {
	Commit string
	Repo   *config.Repo
	Starts config.Starts
}

// Commits tells the config in force. It returns ErrNotFound until a first
// commit is trusted.
type Commits interface {
	InForce(ctx context.Context) (InForce, error)
}

// Entrant is an Entra user as the directory has him now.
type Entrant struct {
	Person
	// UPN is the user principal name.
	UPN     string
	Enabled bool
	Guest   bool
	// Lacks names what AWS wants of a user and Entra does not have of him, such
	// as "given name and surname"; "" is nothing.
	Lacks string
}

// Directory looks people and groups up in Entra.
type Directory interface {
	// User returns a user by object id, or ErrNotFound.
	User(ctx context.Context, entra string) (Entrant, error)
	// UsersByEmail returns every user that has the address.
	UsersByEmail(ctx context.Context, email string) ([]Entrant, error)
	// DirectMembers returns the direct members of a group that are users.
	DirectMembers(ctx context.Context, group string) ([]Entrant, error)
}

// TeamReader reads the active, direct members of a GitHub team by its number,
// as numeric user ids. A team that does not exist has none.
type TeamReader interface {
	TeamMembers(ctx context.Context, team int64) ([]int64, error)
}

// Pulls makes and closes the pull requests of requests.
type Pulls interface {
	// Propose makes the branch, commit and pull request of r, or finds those
	// made earlier, and records them. A *Refusal means that the change cannot
	// be proposed whatever is tried; another error is worth another try.
	Propose(ctx context.Context, r Request) error
	// Join records durably that somebody wants what a request asks for, so that
	// his approval of it does not count; also before there is a pull request.
	// It calls nothing outside.
	Join(ctx context.Context, id ID, who Person) error
	// Withdraw closes the pull request of r, if it is open. A *Refusal means that it
	// was merged already.
	Withdraw(ctx context.Context, r Request) error
}

// Evidence tells what gitops and provision have recorded for a request.
type Evidence interface {
	Facts(ctx context.Context, r Request) (Facts, error)
}

// Refusal is an answer for people: what is wrong and what to do. Field names
// the form field at fault ("account", "group", "permission_set", "duration",
// "reason"), or is empty.
type Refusal struct {
	Field   string
	Message string
	Mend    string
}

func (r *Refusal) Error() string {
	if r.Mend == "" {
		return r.Message
	}
	return r.Message + " " + r.Mend
}
