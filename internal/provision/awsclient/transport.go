package awsclient

import (
	"errors"
	"io"
	"net/http"
)

// The largest bodies that are read. A page of 100 assignments is some 30 KiB.
const (
	maxBody  = 8 << 20
	maxError = 1 << 20
)

// errTooLarge means that an answer was cut off.
var errTooLarge = errors.New("answer larger than any that AWS gives")

// limited bounds the bodies of answers.
type limited struct{ next http.RoundTripper }

func (l limited) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := l.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	left := int64(maxBody)
	if res.StatusCode >= http.StatusBadRequest {
		left = maxError
	}
	res.Body = &limitedBody{ReadCloser: res.Body, left: left}
	return res, nil
}

// limitedBody fails once more than left bytes were read.
type limitedBody struct {
	io.ReadCloser
	left int64
}

func (b *limitedBody) Read(p []byte) (int, error) {
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.ReadCloser.Read(p)
	b.left -= int64(n)
	if b.left < 0 {
		return 0, errTooLarge
	}
	return n, err
}
