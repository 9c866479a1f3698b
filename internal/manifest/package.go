package manifest

import (
	"archive/zip"
	"bytes"
	"fmt"
	"time"
)

// Names in the package; its files are at its root.
const (
	manifestFile = "manifest.json"
	colorFile    = "color.png"
	outlineFile  = "outline.png"
)

// Package makes the app package: a zip with the manifest and both icons. The
// same app gives the same bytes.
func (a TeamsApp) Package() ([]byte, error) {
	text, err := a.Manifest()
	if err != nil {
		return nil, err
	}
	color, err := ColorIcon()
	if err != nil {
		return nil, err
	}
	outline, err := OutlineIcon()
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, f := range []struct {
		name string
		data []byte
	}{{manifestFile, text}, {colorFile, color}, {outlineFile, outline}} {
		w, err := z.CreateHeader(&zip.FileHeader{Name: f.name, Method: zip.Deflate, Modified: packed()})
		if err == nil {
			_, err = w.Write(f.data)
		}
		if err != nil {
			return nil, fmt.Errorf("pack %s: %w", f.name, err)
		}
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("pack the app: %w", err)
	}
	return out.Bytes(), nil
}

// packed is the time of every file in the package: the first that a zip can
// have, so that making it again changes nothing.
func packed() time.Time { return time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC) }
