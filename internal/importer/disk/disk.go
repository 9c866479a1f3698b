// Package disk writes the files of an import into a folder: one after the
// other, each whole or not at all, and never out of the folder.
//
// Folders and files that are links are refused, wherever they lead. A file that
// changed since it was read is not written over, and a new one never takes the
// place of another. What was written before an error stays: the order of an
// import makes every part of it one that another import completes.
package disk

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"aws-access-bot/internal/importer"
)

// maxOld is the largest file that is compared with what was read, in bytes: a
// file of a config repo is smaller.
const maxOld = 2 << 20

// Write writes files below a folder, which is made if it is missing. written is
// how many are in place; fewer than all come with an error.
func Write(dir string, files []importer.File) (written int, err error) {
	if len(files) == 0 {
		return 0, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return 0, fmt.Errorf("make the folder: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return 0, fmt.Errorf("open the folder: %w", err)
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	for _, f := range files {
		if err := writeFile(root, f); err != nil {
			return written, fmt.Errorf("write %s: %w", f.Path, err)
		}
		written++
	}
	return written, nil
}

// writeFile puts one file in place, by way of another name.
func writeFile(root *os.Root, f importer.File) (err error) {
	if !fs.ValidPath(f.Path) || f.Path == "." || strings.ContainsRune(f.Path, '\\') {
		return errors.New("not a path within the folder")
	}
	if err := makeFolders(root, path.Dir(f.Path)); err != nil {
		return err
	}
	name := filepath.FromSlash(f.Path)
	if err := unchanged(root, name, f.Old); err != nil {
		return err
	}
	temp := filepath.FromSlash(path.Join(path.Dir(f.Path), ".import-"+path.Base(f.Path)+".tmp"))
	if err := writeTemp(root, temp, f.New); err != nil {
		return err
	}
	if f.Old == nil {
		// A link fails where a rename would take the place of a file.
		err = root.Link(temp, name)
		return errors.Join(err, root.Remove(temp))
	}
	if err := root.Rename(temp, name); err != nil {
		return errors.Join(err, root.Remove(temp))
	}
	return nil
}

// makeFolders makes a folder and those above it, and refuses links among them.
func makeFolders(root *os.Root, dir string) error {
	if dir == "." {
		return nil
	}
	if err := makeFolders(root, path.Dir(dir)); err != nil {
		return err
	}
	name := filepath.FromSlash(dir)
	info, err := root.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return root.Mkdir(name, 0o755)
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("%s is not a folder, or is a link to one", dir)
	}
	return nil
}

// unchanged makes sure that a file is what was read; nil for none.
func unchanged(root *os.Root, name string, old []byte) (err error) {
	info, err := root.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist) && old == nil:
		return nil
	case err != nil:
		return err
	case old == nil:
		return errors.New("there is a file by now; import again")
	case !info.Mode().IsRegular():
		return errors.New("it is not an ordinary file")
	}
	in, err := root.Open(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	data, err := io.ReadAll(io.LimitReader(in, maxOld))
	if err == nil && !bytes.Equal(data, old) {
		return errors.New("it was changed meanwhile; import again")
	}
	return err
}

// writeTemp writes a file that must not be there, down to the disk. A leftover
// of an import that was killed is taken away.
func writeTemp(root *os.Root, name string, data []byte) error {
	if err := root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	out, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = out.Write(data)
	if err == nil {
		err = out.Sync()
	}
	if err = errors.Join(err, out.Close()); err != nil {
		return errors.Join(err, root.Remove(name))
	}
	return nil
}
