package access

import (
	"context"
	"time"
)

// Root is what is known of a request's root message.
type Root struct {
	Request ID
	// Platform, Team, Channel and TS say where it is; TS is "" until posted.
	Platform Platform
	Team     string
	Channel  string
	TS       string
	// Version of the request that it shows.
	Version int
	// Intent is set before a post is begun and cleared with its result: when
	// it is found set, the message may exist and must be looked for.
	Intent bool
	// Told is set once those have been told who answer for the request and are on
	// another platform.
	Told bool
	// Twice is set where the chat service could not tell whether the message had
	// been posted before: it says so for as long as it is edited.
	Twice bool
}

// Delivery is a notice on its way.
type Delivery struct {
	Notice
	// Seq orders deliveries as they were stored.
	Seq    uint64
	Intent bool // as in Root
	Sent   bool
	TS     string
}

// Outbox keeps what has to be shown and how far that is.
type Outbox interface {
	// Root returns what is known, a zero Root when nothing is.
	Root(ctx context.Context, id ID) (Root, error)
	SaveRoot(ctx context.Context, r Root) error
	// DueRoots returns the requests whose root message does not show their
	// version, oldest first.
	DueRoots(ctx context.Context) ([]Request, error)
	// DueNotices returns the notices not yet sent, in the order stored.
	DueNotices(ctx context.Context) ([]Delivery, error)
	SaveDelivery(ctx context.Context, d Delivery) error
}

// Inbound is a verified delivery from chat that is yet to be worked off.
type Inbound struct {
	// Key is its natural key; the same delivery has the same key.
	Key  string
	At   time.Time
	User ChatUser
	// Channel is where it was said.
	Channel string
	// Command is the slash command, "/aws-access".
	Command string
	Text    string
}

// Inbox keeps inbound deliveries until they are worked off, and their keys
// for some time longer, so that a replay is recognised.
type Inbox interface {
	// Put stores in and reports whether its key was new.
	Put(ctx context.Context, in Inbound) (first bool, err error)
	// Due returns what is not worked off, oldest first.
	Due(ctx context.Context) ([]Inbound, error)
	Done(ctx context.Context, key string) error
}
