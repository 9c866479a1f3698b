package awsclient

import (
	"errors"
	"fmt"
	"time"

	"aws-access-bot/internal/provision/fault"
	"aws-access-bot/internal/retryafter"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// Mapped turns an error of AWS into one of package fault where AWS has refused
// the call. It goes by the error's type and never by the HTTP status, which
// differs between the model and the live services. The error of a refused
// credential counts as the call's own: the call was not made.
func Mapped(op string, err error) error {
	if err == nil {
		return nil
	}
	var ae smithy.APIError
	if !errors.As(err, &ae) {
		return fmt.Errorf("%s: %w", op, err)
	}
	kind := kindOf(ae.ErrorCode())
	if kind == nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	f := fault.New(kind, op, ae.ErrorMessage(), nil)
	f.RetryAfter = retryAfter(err)
	return f
}

func kindOf(code string) error {
	if _, ok := retry.DefaultThrottleErrorCodes[code]; ok {
		return fault.ErrThrottled
	}
	switch code {
	case "ConflictException", "ConcurrentModificationException":
		return fault.ErrConflict
	case "ResourceNotFoundException", "AccountNotFoundException":
		return fault.ErrNotFound
	// The words of the JSON services, then those of sts.
	case "AccessDeniedException", "UnrecognizedClientException", "InvalidSignatureException", "IncompleteSignatureException",
		"ExpiredTokenException", "MissingAuthenticationTokenException",
		"AccessDenied", "InvalidClientTokenId", "SignatureDoesNotMatch", "IncompleteSignature", "ExpiredToken",
		"MissingAuthenticationToken", "RegionDisabledException":
		return fault.ErrDenied
	case "ValidationException", "ServiceQuotaExceededException", "InvalidInputException":
		return fault.ErrInvalid
	default:
		return nil
	}
}

// retryAfter reads the header of that name, in seconds; zero without one.
func retryAfter(err error) time.Duration {
	var re *smithyhttp.ResponseError
	if !errors.As(err, &re) || re.Response == nil {
		return 0
	}
	d, _ := retryafter.Seconds(re.Response.Header.Get("Retry-After"))
	return d
}
