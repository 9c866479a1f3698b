package store

import (
	"errors"
	"fmt"
)

// schemaKey is where the version is kept in the meta bucket.
const schemaKey = "schema"

// schema is the version of the records that this program writes, and the way
// there from older ones. migrations[i] leads from version i+1 to i+2.
type schema struct {
	migrations []func(Tx) error
}

// current returns the schema of this program. A migration is added at the end
// and never changed afterwards.
func current() schema {
	return schema{}
}

func (s schema) version() int { return 1 + len(s.migrations) }

// stamp writes the version into a new state.
func (s schema) stamp(tx Tx) error {
	return putJSON(tx, bucketMeta, schemaKey, s.version())
}

// check refuses what this program cannot bring to its version.
func (s schema) check(tx Tx) error {
	have, ok, err := getJSON[int](tx, bucketMeta, schemaKey)
	switch {
	case err != nil:
		return err
	case !ok || have < 1:
		return errors.New("not a state file of this program: it has no schema version")
	case have > s.version():
		return fmt.Errorf("%w: it has schema version %d and this program knows %d; run the newer version", ErrNewer, have, s.version())
	default:
		return nil
	}
}

// migrate brings the state to the version of this program.
func (s schema) migrate(tx Tx) error {
	if err := s.check(tx); err != nil {
		return err
	}
	have, _, err := getJSON[int](tx, bucketMeta, schemaKey)
	if err != nil {
		return err
	}
	for v := have; v < s.version(); v++ {
		if err := s.migrations[v-1](tx); err != nil {
			return fmt.Errorf("migrate from schema version %d to %d: %w", v, v+1, err)
		}
	}
	return s.stamp(tx)
}
