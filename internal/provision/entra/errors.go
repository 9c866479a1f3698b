package entra

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"aws-access-bot/internal/provision/fault"

	"github.com/microsoftgraph/msgraph-sdk-go/models/odataerrors"
)

// mapped turns an error of Graph into one of package fault where Graph has
// refused the call; what may have had an effect stays as it is.
func mapped(op string, err error) error {
	if err == nil {
		return nil
	}
	var oe *odataerrors.ODataError
	if !errors.As(err, &oe) {
		if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
			return wrap(err, op)
		}
		return wrap(err, op)
	}
	code, reason := "", ""
	if m := oe.GetErrorEscaped(); m != nil {
		code, reason = value(m.GetCode()), value(m.GetMessage())
	}
	kind := kindOf(oe.ResponseStatusCode)
	if kind == nil {
		return wrap(err, op+": "+code)
	}
	f := fault.New(kind, op, reason, nil)
	if oe.ResponseHeaders != nil {
		for _, s := range oe.ResponseHeaders.Get("Retry-After") {
			if n, err := strconv.Atoi(s); err == nil {
				f.RetryAfter = time.Duration(n) * time.Second
			}
		}
	}
	return f
}

// kindOf maps an HTTP status; nil for what leaves the effect open.
func kindOf(status int) error {
	switch {
	case status == http.StatusTooManyRequests:
		return fault.ErrThrottled
	case status == http.StatusNotFound:
		return fault.ErrNotFound
	case status == http.StatusConflict || status == http.StatusPreconditionFailed:
		return fault.ErrConflict
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return fault.ErrDenied
	case status >= 400 && status < 500:
		return fault.ErrInvalid
	default:
		return nil
	}
}

func value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

func ptr[T any](v T) *T { return &v }
