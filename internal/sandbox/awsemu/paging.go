package awsemu

import (
	"cmp"
	"crypto/hmac"
	"encoding/base64"
	"slices"
	"strings"
)

// listing is a sorted list that is handed out in pages.
type listing[T any] struct {
	items []T
	// key orders the items and is unique among them. Pages continue after a
	// key, so that changes between two pages neither repeat nor skip others.
	key func(T) string
	// scope is what the list is of; a token is only good for the same scope.
	scope string
	// size is the number of items a page has if the request does not say.
	size int
	// gap makes the first page empty.
	gap bool
}

// cut returns the page that p asks for, never nil, and the token of the next
// one, empty at the end. ok is false for a token that this list did not give.
func cut[T any](s *Server, l listing[T], p page) (items []T, next string, ok bool) {
	after, ok := s.openToken(l.scope, p.NextToken)
	if !ok {
		return nil, "", false
	}
	size := l.size
	if p.MaxResults != nil {
		size = min(*p.MaxResults, size)
	}
	if l.gap && p.NextToken == "" && len(l.items) > 0 {
		return []T{}, s.sealToken(l.scope, ""), true
	}
	slices.SortFunc(l.items, func(a, b T) int { return cmp.Compare(l.key(a), l.key(b)) })
	start := 0
	if after != "" {
		start, _ = slices.BinarySearchFunc(l.items, after, func(x T, k string) int { return cmp.Compare(l.key(x), k) })
		if start < len(l.items) && l.key(l.items[start]) == after {
			start++
		}
	}
	end := min(start+size, len(l.items))
	items = append([]T{}, l.items[start:end]...)
	if end < len(l.items) {
		next = s.sealToken(l.scope, l.key(l.items[end-1]))
	}
	return items, next, true
}

// sealToken makes an opaque token of the last key of a page.
func (s *Server) sealToken(scope, last string) string {
	mac := hmacSum(s.cursor, scope+"\x00"+last)[:12]
	return base64.RawURLEncoding.EncodeToString(append(mac, last...))
}

// openToken returns the key in a token, and whether it was sealed for scope.
func (s *Server) openToken(scope, token string) (last string, ok bool) {
	if token == "" {
		return "", true
	}
	b, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(b) < 12 {
		return "", false
	}
	last = string(b[12:])
	return last, hmac.Equal(b[:12], hmacSum(s.cursor, scope+"\x00"+last)[:12])
}

// scopeOf names a list by its operation and what it is of.
func scopeOf(parts ...string) string { return strings.Join(parts, "\x00") }
