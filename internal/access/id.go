package access

import (
	"crypto/sha256"
	"encoding/binary"
	"regexp"
	"strconv"
	"strings"
)

// crockford is Crockford's base32 alphabet: no I, L, O, U.
const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

var idForm = regexp.MustCompile(`^REQ-[0-9A-HJKMNP-TV-Z]{6}$`)

// newID derives the id of a request from the natural key of the delivery that
// asked for it. attempt is raised when another key has taken the id already:
// 30 bits collide now and then, and the store tells.
func newID(key string, attempt int) ID {
	sum := sha256.Sum256([]byte("request\x00" + strconv.Itoa(attempt) + "\x00" + key))
	n := binary.BigEndian.Uint32(sum[:4])
	var b strings.Builder
	b.WriteString("REQ-")
	for range 6 {
		b.WriteByte(crockford[n&31])
		n >>= 5
	}
	return ID(b.String())
}

// ParseID reads a request id as a person may write it: any case, O for 0, I
// and L for 1, with or without "REQ-" (Crockford's rules for reading).
func ParseID(s string) (ID, bool) {
	s = strings.ToUpper(strings.TrimSpace(s))
	s = strings.TrimPrefix(s, "REQ-")
	s = "REQ-" + strings.NewReplacer("O", "0", "I", "1", "L", "1").Replace(s)
	if !idForm.MatchString(s) {
		return "", false
	}
	return ID(s), true
}
