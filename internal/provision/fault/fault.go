// Package fault has the kinds of error on which provisioning acts. The
// adapters of Microsoft Graph, Identity Center and Organizations map what they
// receive to one of them; the engine asks with [errors.Is].
//
// An error of one of these kinds says that the call had no effect. Every other
// error of a write (a timeout, a reset, a 5xx answer) leaves open whether it
// had one, and the engine looks before it repeats.
package fault

import (
	"errors"
	"strings"
	"time"
	"unicode"
)

// The kinds of error.
var (
	// ErrThrottled: too many calls; ask [RetryAfter] for the wait.
	ErrThrottled = errors.New("throttled")
	// ErrConflict: another write is under way for the same thing.
	ErrConflict = errors.New("conflict")
	// ErrNotFound: what the call is about does not exist.
	ErrNotFound = errors.New("not found")
	// ErrDenied: the credentials are refused or lack a permission.
	ErrDenied = errors.New("denied")
	// ErrInvalid: the service refuses the content of the call.
	ErrInvalid = errors.New("invalid")
)

// Error is a refused call.
type Error struct {
	// Kind is one of the kinds of this package.
	Kind error
	// Op is the operation with its input, without secrets.
	Op string
	// Reason is the service's own sentence, fit to be shown to people; it may
	// be empty.
	Reason string
	// RetryAfter is how long the service asks to be left alone, zero when it
	// does not say.
	RetryAfter time.Duration
	// Err is the cause, and may be nil.
	Err error
}

// New returns an error of a kind, with the service's own words as a [Sentence].
// The cause may be nil.
func New(kind error, op, reason string, cause error) *Error {
	return &Error{Kind: kind, Op: op, Reason: Sentence(reason), Err: cause}
}

// MaxSentence is the longest sentence of a service that is kept, in characters.
const MaxSentence = 500

// Sentence is what a service says, on one line and of a length that can be
// shown: it goes into logs, records and messages to people.
func Sentence(s string) string {
	r := []rune(strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))))
	if len(r) > MaxSentence {
		return string(r[:MaxSentence-1]) + "…"
	}
	return string(r)
}

// Name is an outside name on one line, without what changes how the rest of the
// line is shown, and of at most so many characters.
func Name(s string, most int) string {
	r := []rune(strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, Sentence(s)))
	if len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return string(r)
}

// Error says the operation, the kind and the reason.
func (e *Error) Error() string {
	s := e.Op + ": " + e.Kind.Error()
	if e.Reason != "" {
		s += ": " + e.Reason
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap gives the kind and the cause.
func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Err}
}

// Known reports whether err is of a kind of this package, so that the call is
// known to have had no effect.
func Known(err error) bool {
	for _, kind := range []error{ErrThrottled, ErrConflict, ErrNotFound, ErrDenied, ErrInvalid} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

// RetryAfter returns how long the service asked to be left alone, zero when it
// did not say.
func RetryAfter(err error) time.Duration {
	var e *Error
	if errors.As(err, &e) {
		return e.RetryAfter
	}
	return 0
}

// Reason returns the service's own sentence, or a few words on the kind where
// there is none. It never has the text of an unknown error, which may hold what
// people should not see.
func Reason(err error) string {
	var e *Error
	if errors.As(err, &e) && e.Reason != "" {
		return e.Reason
	}
	switch {
	case errors.Is(err, ErrThrottled):
		return "too many calls at the moment"
	case errors.Is(err, ErrConflict):
		return "another change is under way"
	case errors.Is(err, ErrNotFound):
		return "it does not exist"
	case errors.Is(err, ErrDenied):
		return "the bot is not permitted to do this"
	case errors.Is(err, ErrInvalid):
		return "the call was refused as invalid"
	default:
		return "no clear answer"
	}
}
