package provision

import (
	"context"

	"aws-access-bot/internal/provision/permset"
)

// SetPort reads and writes permission sets. Package identitycenter implements
// it. Of its errors the same holds as of the other ports'.
type SetPort interface {
	// ReadSet reads a set by its name, every list to the end, or fails. That
	// there is none is fault.ErrNotFound, known from a complete list of names.
	ReadSet(ctx context.Context, name string) (permset.Live, error)
	// WriteSet makes one step other than provision. arn is empty for create,
	// which returns the new one.
	WriteSet(ctx context.Context, arn string, s permset.Step) (string, error)
	// ProvisionSet begins to bring a set to an account, or to all that have it
	// when account is empty, and returns the id of the request.
	ProvisionSet(ctx context.Context, arn, account string) (requestID string, err error)
	// Provisioning describes such a request. An id that AWS does not know (yet)
	// is fault.ErrNotFound.
	Provisioning(ctx context.Context, requestID string) (Outcome, error)
}

// CallerPort tells as whom the bot acts in AWS (GetCallerIdentity of sts).
type CallerPort interface {
	Caller(ctx context.Context) (Caller, error)
}

// Caller is as whom the bot acts in AWS.
type Caller struct {
	Account string // 12 digits
	ARN     string
}

// SetStore keeps the records of permission sets.
type SetStore interface {
	// Sets returns all records of permission sets, sorted by name.
	Sets(ctx context.Context) ([]SetRecord, error)
	// SetChangedBy returns which commit last changed the file of a set, "" where that
	// was not noted.
	SetChangedBy(ctx context.Context, name string) (string, error)
	// SaveSet stores a record. It is durable when it returns nil.
	SaveSet(ctx context.Context, step Step, r SetRecord) error
}
