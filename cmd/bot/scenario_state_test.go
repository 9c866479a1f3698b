package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"aws-access-bot/internal/store"

	"github.com/rogpeppe/go-internal/testscript"
)

// commit reads the name of a commit: HEAD, SEED, or its id.
func (w *world) commit(name string) (string, error) {
	switch name {
	case "SEED":
		return w.sbx.SeedCommit(), nil
	case "HEAD":
		st, err := w.now("github")
		if err != nil {
			return "", err
		}
		return st.GitHub.Repos[0].Commits[0].SHA, nil
	default:
		return name, nil
	}
}

// verbEditState replaces text in a record, as somebody does who has the file and
// not the key.
func (w *world) verbEditState(_ *testscript.TestScript, not bool, args []string) error {
	if not {
		return errors.New("takes no !")
	}
	if err := words(args, 4, 4); err != nil {
		return err
	}
	was, err := w.commit(args[2])
	if err != nil {
		return err
	}
	now, err := w.commit(args[3])
	if err != nil {
		return err
	}
	db, err := store.OpenBolt(filepath.Join(w.dir, "bot.db"), store.Options{})
	if err != nil {
		return err
	}
	err = db.Update(context.Background(), "by hand", func(tx store.Tx) error {
		value, ok, err := tx.Get(args[0], args[1])
		if err != nil {
			return err
		}
		if !ok || !bytes.Contains(value, []byte(was)) {
			return fmt.Errorf("record %s/%s has no %q", args[0], args[1], was)
		}
		return tx.Put(args[0], args[1], bytes.ReplaceAll(value, []byte(was), []byte(now)))
	})
	return errors.Join(err, db.Close())
}
