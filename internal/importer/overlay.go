package importer

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

// overlay is a file system with other files laid over it. It reads as
// config.Load needs it: directories by ReadDir, files by Open.
type overlay struct {
	under fs.FS
	files map[string][]byte
	// dirs has the names that the files add to each directory.
	dirs map[string]map[string]bool
}

func newOverlay(under fs.FS) *overlay {
	return &overlay{under: under, files: map[string][]byte{}, dirs: map[string]map[string]bool{}}
}

// put lays a file over what is there.
func (o *overlay) put(p string, data []byte) {
	if _, ok := o.files[p]; !ok {
		for name := p; name != "."; name = path.Dir(name) {
			dir := path.Dir(name)
			if o.dirs[dir] == nil {
				o.dirs[dir] = map[string]bool{}
			}
			o.dirs[dir][path.Base(name)] = true
		}
	}
	o.files[p] = data
}

// drop takes a file back that was put. Its directory is shown, empty or not.
func (o *overlay) drop(p string) {
	delete(o.files, p)
	delete(o.dirs[path.Dir(p)], path.Base(p))
}

// read returns a file, nil if there is none.
func (o *overlay) read(p string) ([]byte, error) {
	data, err := fs.ReadFile(o, p)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return data, err
}

// Open implements fs.FS.
func (o *overlay) Open(name string) (fs.File, error) {
	if data, ok := o.files[name]; ok {
		return &memFile{Reader: bytes.NewReader(data), info: memInfo{path.Base(name), int64(len(data)), 0o644}}, nil
	}
	return o.under.Open(name)
}

// Stat implements fs.StatFS.
func (o *overlay) Stat(name string) (fs.FileInfo, error) {
	if data, ok := o.files[name]; ok {
		return memInfo{path.Base(name), int64(len(data)), 0o644}, nil
	}
	if _, ok := o.dirs[name]; ok {
		return memInfo{path.Base(name), 0, fs.ModeDir | 0o755}, nil
	}
	return fs.Stat(o.under, name)
}

// ReadDir implements fs.ReadDirFS.
func (o *overlay) ReadDir(name string) ([]fs.DirEntry, error) {
	under, err := fs.ReadDir(o.under, name)
	added := o.dirs[name]
	if err != nil && (len(added) == 0 || !errors.Is(err, fs.ErrNotExist)) {
		return nil, err
	}
	byName := map[string]fs.DirEntry{}
	for _, e := range under {
		byName[e.Name()] = e
	}
	for n := range added {
		if _, there := byName[n]; there && o.files[path.Join(name, n)] == nil {
			continue
		}
		info, err := o.Stat(path.Join(name, n))
		if err != nil {
			return nil, err
		}
		byName[n] = fs.FileInfoToDirEntry(info)
	}
	out := make([]fs.DirEntry, 0, len(byName))
	for _, e := range byName {
		out = append(out, e)
	}
	slices.SortFunc(out, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return out, nil
}

// memFile is a file of an overlay.
type memFile struct {
	*bytes.Reader
	info memInfo
}

var _ io.Reader = (*memFile)(nil)

// Stat implements fs.File.
func (f *memFile) Stat() (fs.FileInfo, error) { return f.info, nil }

// Close implements fs.File.
func (f *memFile) Close() error { return nil }

// memInfo describes a file or directory of an overlay.
type memInfo struct {
	name string
	size int64
	mode fs.FileMode
}

// Name implements fs.FileInfo.
func (i memInfo) Name() string { return i.name }

// Size implements fs.FileInfo.
func (i memInfo) Size() int64 { return i.size }

// Mode implements fs.FileInfo.
func (i memInfo) Mode() fs.FileMode { return i.mode }

// ModTime implements fs.FileInfo.
func (i memInfo) ModTime() time.Time { return time.Time{} }

// IsDir implements fs.FileInfo.
func (i memInfo) IsDir() bool { return i.mode.IsDir() }

// Sys implements fs.FileInfo.
func (i memInfo) Sys() any { return nil }
