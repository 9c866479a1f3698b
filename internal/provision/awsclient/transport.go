package awsclient

import (
	"net/http"

	"aws-access-bot/internal/bodylimit"
)

// The largest bodies that are read. A page of 100 assignments is some 30 KiB.
const (
	maxBody  = 8 << 20
	maxError = 1 << 20
)

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
	res.Body = bodylimit.Body(res.Body, left)
	return res, nil
}
