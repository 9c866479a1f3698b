package githubemu

import (
	"fmt"
	"net/http"
)

// Error is a refusal with GitHub's status and body. Play methods return it
// too, so that a caller can tell a conflict from a missing permission.
type Error struct {
	Status  int
	Message string
	// Errors are the details of a 422: objects or sentences.
	Errors []any
}

func (e *Error) Error() string {
	if len(e.Errors) == 0 {
		return fmt.Sprintf("%d %s", e.Status, e.Message)
	}
	return fmt.Sprintf("%d %s: %v", e.Status, e.Message, e.Errors)
}

func refuse(status int, format string, args ...any) *Error {
	return &Error{Status: status, Message: fmt.Sprintf(format, args...)}
}

func notFound() *Error { return refuse(http.StatusNotFound, "Not Found") }

func unprocessable(format string, args ...any) *Error {
	return refuse(http.StatusUnprocessableEntity, format, args...)
}

// invalid is a 422 about one field with one of GitHub's codes: missing,
// missing_field, invalid, already_exists.
func invalid(resource, field, code string) *Error {
	return &Error{
		Status: http.StatusUnprocessableEntity, Message: "Validation Failed",
		Errors: []any{obj{"resource": resource, "field": field, "code": code}},
	}
}

// custom is a 422 about a resource in words.
func custom(resource, format string, args ...any) *Error {
	return &Error{
		Status: http.StatusUnprocessableEntity, Message: "Validation Failed",
		Errors: []any{obj{"resource": resource, "code": "custom", "message": fmt.Sprintf(format, args...)}},
	}
}
