// Package store keeps the bot's durable state: a small key-value core on bbolt
// (and one in memory, for tests), and on it the records of requests, chat
// deliveries, commits and assignments, one file per concern.
//
// # Promises
//
// An Update is durable (fsync) when it returns nil, or has not happened. One
// process holds the file: a second one is told so ([ErrInUse]). The first file
// is made beside its place, synced and renamed, so that a power cut never
// leaves half a file. The file has mode 0600 and a schema version; one that is
// newer than this program is refused, an older one is migrated forward.
//
// # Records
//
// Record structs are apart from domain types and private to this package, so
// that neither can change the other by accident; a test sends every field of
// every domain type through its record and back.
//
// # Steps
//
// Every Update carries the name of the durable step it is. Tests stop the
// process after a named step, to prove that each one can be the last.
package store

import (
	"context"
	"errors"
)

// ErrInUse says that another process has the state file open.
var ErrInUse = errors.New("another instance is running")

// ErrWrite says that the state could not be written; nothing was changed.
var ErrWrite = errors.New("state not written")

// ErrSchema says that the file was written by a newer version of the program.
var ErrSchema = errors.New("state file is of a newer version")

// DB is a transactional key-value store.
type DB interface {
	// View runs f on one consistent state.
	View(ctx context.Context, f func(Tx) error) error
	// Update runs f and makes what it wrote durable, or nothing of it when f
	// fails. step names the durable step.
	Update(ctx context.Context, step string, f func(Tx) error) error
	Close() error
}

// Tx is one transaction. It must not be used after its function returned.
type Tx interface {
	// Get returns a copy of a value, and whether it is there.
	Get(bucket, key string) ([]byte, bool, error)
	Put(bucket, key string, value []byte) error
	// Delete removes a key; one that is not there is no error.
	Delete(bucket, key string) error
	// Scan calls f for every key with the prefix, in key order, with a copy of
	// the value. f may write: the keys are those at the time of the call.
	Scan(bucket, prefix string, f func(key string, value []byte) error) error
}
