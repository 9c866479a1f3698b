package gitops

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/gitops/review"
)

// Block is what a bot pull request carries signed, so that it can be verified
// when the server's record was lost. It is bound to one repository and one
// commit.
type Block struct {
	Repo      int64            `json:"repo"`
	Request   access.ID        `json:"request"`
	Kind      review.Kind      `json:"kind"`
	Requester string           `json:"requester"`
	Joined    []string         `json:"joined,omitempty"`
	Principal config.Principal `json:"principal"`
	// Account and PermissionSet are empty in blocks of older versions.
	Account       string `json:"account,omitempty"`
	PermissionSet string `json:"permission_set,omitempty"`

	Base        string    `json:"base"`
	Head        string    `json:"head"`
	Fingerprint string    `json:"fingerprint"`
	AskedAt     time.Time `json:"asked_at"`
}

const (
	blockOpen  = "<!-- aws-access-bot:v1 "
	blockClose = " -->"
)

// Errors of [ParseBlock].
var (
	ErrNoBlock  = errors.New("no signed block")
	ErrBadBlock = errors.New("the signed block is not valid")
)

// Sign returns a block as an HTML comment, authenticated by HMAC-SHA256.
func (b Block) Sign(key []byte) (string, error) {
	data, err := json.Marshal(b)
	if err != nil {
		return "", fmt.Errorf("write signed block of %s: %w", b.Request, err)
	}
	payload := base64.RawURLEncoding.EncodeToString(data)
	return blockOpen + payload + " " + base64.RawURLEncoding.EncodeToString(mac(key, payload)) + blockClose, nil
}

// ParseBlock finds the one signed block of a pull request's body. A body with
// several, or with one that is not valid, is [ErrBadBlock].
func ParseBlock(body string, key []byte) (Block, error) {
	_, rest, ok := strings.Cut(body, blockOpen)
	if !ok {
		return Block{}, ErrNoBlock
	}
	if strings.Contains(rest, blockOpen) {
		return Block{}, fmt.Errorf("%w: there is more than one", ErrBadBlock)
	}
	inner, _, ok := strings.Cut(rest, blockClose)
	if !ok {
		return Block{}, fmt.Errorf("%w: it does not end", ErrBadBlock)
	}
	payload, sum, ok := strings.Cut(inner, " ")
	if !ok {
		return Block{}, fmt.Errorf("%w: it is not signed", ErrBadBlock)
	}
	given, err := base64.RawURLEncoding.Strict().DecodeString(sum)
	if err != nil || !hmac.Equal(given, mac(key, payload)) {
		return Block{}, fmt.Errorf("%w: the signature does not fit", ErrBadBlock)
	}
	data, err := base64.RawURLEncoding.Strict().DecodeString(payload)
	if err != nil {
		return Block{}, fmt.Errorf("%w: %w", ErrBadBlock, err)
	}
	var b Block
	if err := json.Unmarshal(data, &b); err != nil {
		return Block{}, fmt.Errorf("%w: %w", ErrBadBlock, err)
	}
	return b, nil
}

// mac authenticates a payload under a label of its own, so that the key's
// other uses cannot be mixed up with this one.
func mac(key []byte, payload string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte("aws-access-bot:v1 "))
	h.Write([]byte(payload))
	return h.Sum(nil)
}
