// Package bodylimit bounds the bodies of answers from outside. Unlike
// [io.LimitReader] it fails when there is more, so that a cut-off answer is
// never taken for a whole one.
package bodylimit

import (
	"errors"
	"io"
)

// ErrTooLarge means that an answer was longer than it may be.
var ErrTooLarge = errors.New("answer larger than any that the service gives")

// Body returns rc, failing with ErrTooLarge once more than most bytes were
// read.
func Body(rc io.ReadCloser, most int64) io.ReadCloser {
	return &body{ReadCloser: rc, left: most}
}

type body struct {
	io.ReadCloser
	left int64 // negative once too much was read
}

func (b *body) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, ErrTooLarge
	}
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.ReadCloser.Read(p)
	b.left -= int64(n)
	if b.left < 0 {
		return 0, ErrTooLarge
	}
	return n, err
}
