package teamsemu

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"
)

// apiError is an answer that refuses.
type apiError struct {
	status int
	code   string
	text   string
	wait   time.Duration // for 429
	body   any           // replaces {"error": …}
}

func (e *apiError) Error() string { return e.code + ": " + e.text }

func fail(status int, code, format string, args ...any) error {
	return &apiError{status: status, code: code, text: fmt.Sprintf(format, args...)}
}

// The refusals of "Status codes from bot conversational APIs", word for word.
func badArgument(format string, args ...any) error {
	return fail(http.StatusBadRequest, "BadArgument", format, args...)
}

func badSyntax(format string, args ...any) error {
	return fail(http.StatusBadRequest, "BadSyntax", format, args...)
}

func noConversation() error {
	return fail(http.StatusNotFound, "ConversationNotFound", "Conversation not found.")
}

func noActivity() error {
	return fail(http.StatusNotFound, "ActivityNotFoundInConversation", "Conversation not found.")
}

func notInRoster() error {
	return fail(http.StatusForbidden, "BotNotInConversationRoster", "The bot is not part of the conversation roster.")
}

func notInstalled() error {
	return fail(http.StatusForbidden, "ForbiddenOperationException", "Bot is not installed in user's personal scope.")
}

func tooBig() error {
	return fail(http.StatusRequestEntityTooLarge, "MessageSizeTooBig", "Message size too large.")
}

// unauthorized is the answer to a token that is not good.
func unauthorized() error {
	return &apiError{status: http.StatusUnauthorized, code: "Unauthorized", body: object{"message": "Authorization has been denied for this request."}}
}

// writesBlocked is the answer for a chat that the person has blocked or removed,
// with its JSON in a text as the connector has it ("Send proactive messages").
func writesBlocked() error {
	inner := `{"subCode":"MessageWritesBlocked","details":"Thread is blocked from message writes.","errorCode":null,"errorSubCode":null}`
	return &apiError{status: http.StatusForbidden, code: "MessageWritesBlocked", body: object{"errorCode": 209, "message": inner}}
}

func throttled(wait time.Duration) error {
	return &apiError{status: http.StatusTooManyRequests, code: "Throttled", text: "Too many requests.", wait: wait}
}

// writeError answers with an error.
func writeError(w http.ResponseWriter, err error) {
	var e *apiError
	if !errors.As(err, &e) {
		e = &apiError{status: http.StatusInternalServerError, code: "ServiceError", text: "An internal error occurred."}
	}
	if e.wait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(max(1, int(math.Ceil(e.wait.Seconds())))))
	}
	if e.body == nil {
		e = &apiError{status: e.status, body: object{"error": object{"code": e.code, "message": e.text}}}
	}
	writeJSON(w, e.status, e.body)
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(encode(v)) // a failed write means that the client has gone
}
