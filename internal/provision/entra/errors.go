package entra

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"aws-access-bot/internal/provision/fault"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	abstractions "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoftgraph/msgraph-sdk-go/models/odataerrors"
)

// mapped turns an error of Graph, or of the login before it, into one of
// package fault where the call was refused; what may have had an effect stays
// an error of no kind.
func mapped(op string, err error) error {
	if err == nil {
		return nil
	}
	var login *azidentity.AuthenticationFailedError
	if errors.As(err, &login) {
		return signIn(op, login)
	}
	var ae abstractions.ApiErrorable
	if !errors.As(err, &ae) {
		// The URL of a request may hold an address: the operation says enough.
		var ue *url.Error
		if errors.As(err, &ue) {
			err = ue.Err
		}
		return wrap(err, op)
	}
	code, reason := "", ""
	var oe *odataerrors.ODataError
	if errors.As(err, &oe) && oe.GetErrorEscaped() != nil {
		code, reason = fault.Sentence(value(oe.GetErrorEscaped().GetCode())), fault.Sentence(value(oe.GetErrorEscaped().GetMessage()))
	}
	status, header := ae.GetStatusCode(), http.Header{}
	if h := ae.GetResponseHeaders(); h != nil {
		for _, name := range []string{"Retry-After", "request-id"} {
			header.Set(name, fault.Sentence(strings.Join(h.Get(name), "")))
		}
	}
	detail := fmt.Errorf("HTTP %d %s (request-id %s)", status, code, header.Get("request-id"))
	kind := kindOf(status)
	if kind == nil {
		return fmt.Errorf("%s: %w: %s", op, detail, reason)
	}
	f := fault.New(kind, op, reason, detail)
	f.RetryAfter = asked(header)
	return f
}

// signIn maps a refusal of the login. Its own text dumps the whole answer; only
// the sentence in it is kept.
func signIn(op string, err *azidentity.AuthenticationFailedError) error {
	op += ": sign in to Entra"
	if err.RawResponse == nil {
		return wrap(err, op)
	}
	status := err.RawResponse.StatusCode
	var answer struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	// A body that cannot be read leaves the sentence empty.
	if body, rerr := runtime.Payload(err.RawResponse); rerr == nil {
		_ = json.Unmarshal(body, &answer)
	}
	// "AADSTS7000215: Invalid client secret provided. … Trace ID: …"
	reason, _, _ := strings.Cut(answer.Description, " Trace ID:")
	reason = fault.Sentence(reason)
	detail := fmt.Errorf("HTTP %d %s", status, fault.Sentence(answer.Error))
	kind := kindOf(status)
	switch {
	case kind == nil:
		return fmt.Errorf("%s: %w: %s", op, detail, reason)
	case !errors.Is(kind, fault.ErrThrottled):
		kind = fault.ErrDenied
	}
	f := fault.New(kind, op, reason, detail)
	f.RetryAfter = asked(err.RawResponse.Header)
	return f
}

// kindOf maps an HTTP status; nil for what leaves the effect open.
func kindOf(status int) error {
	switch {
	case status == http.StatusTooManyRequests:
		return fault.ErrThrottled
	case status == http.StatusNotFound:
		return fault.ErrNotFound
	case status == http.StatusConflict || status == http.StatusPreconditionFailed || status == http.StatusLocked:
		return fault.ErrConflict
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return fault.ErrDenied
	case status == http.StatusRequestTimeout:
		return nil // the service gave up waiting; who knows for what
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
