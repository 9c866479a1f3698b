package slackemu

import (
	"encoding/base64"
	"strings"
)

// pageOf returns one page of a list and the cursor of the next one, which is
// empty on the last. A cursor is the kind and the key of the first item of its
// page, in base64, as Slack's are ("dXNlcjpVMDYxTkZUVDI=" is user:U061NFTT2).
func pageOf[T any](items []T, cursor, kind string, limit int, key func(T) string) ([]T, string, error) {
	start := 0
	if cursor != "" {
		raw, err := base64.StdEncoding.DecodeString(cursor)
		first, ok := strings.CutPrefix(string(raw), kind+":")
		if err != nil || !ok {
			return nil, "", fail("invalid_cursor")
		}
		for start < len(items) && key(items[start]) != first {
			start++
		}
		if start == len(items) {
			return nil, "", fail("invalid_cursor")
		}
	}
	end := min(start+limit, len(items))
	next := ""
	if end < len(items) {
		next = base64.StdEncoding.EncodeToString([]byte(kind + ":" + key(items[end])))
	}
	return items[start:end], next, nil
}
