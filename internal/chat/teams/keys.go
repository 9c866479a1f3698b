package teams

import (
	"context"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/MicahParks/jwkset"
)

// How long keys are kept, and how often they are asked for. The connector's
// documentation lets them be kept for five days; Microsoft's own libraries keep
// them for one, and look again for an unknown key once an hour.
const (
	keysFresh    = 24 * time.Hour
	keysUsable   = 5 * 24 * time.Hour
	keysUnknown  = time.Hour   // after a look that went well
	keysFailed   = time.Minute // after one that did not
	keysTimeout  = 4 * time.Second
	maxKeysBytes = 1 << 20
	maxKeys      = 500
	minKeyBits   = 2048 // RFC 7518, section 3.3
)

// errUnknownKey says that no published key has the id.
var errUnknownKey = errors.New("no published key has this id")

// errKeysUnread says that there are no keys to check anything with. It says nothing of
// the token.
var errKeysUnread = errors.New("not read for too long")

// key is a published key of the connector.
type key struct {
	public *rsa.PublicKey
	// endorsements are the channels that the key may speak for.
	endorsements []string
}

// Keys are the keys that the connector publishes. It is safe for concurrent use;
// callers that need a new look wait for the same one.
type Keys struct {
	// MetadataURL is that of the OpenID metadata, https.
	MetadataURL string
	Client      *http.Client
	Now         func() time.Time

	mu     sync.Mutex // guards what follows, and is held while looking
	keys   map[string]key
	good   time.Time // the last look that went well
	looked time.Time // the last look
	failed error     // of the last look
}

// get returns the key of an id, errUnknownKey, or why the keys could not be read.
func (k *Keys) get(ctx context.Context, id string) (key, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.Now()
	found, ok := k.keys[id]
	if k.due(now, ok) {
		k.look(ctx, now)
		found, ok = k.keys[id]
	}
	switch {
	case now.Sub(k.good) > keysUsable:
		return key{}, fmt.Errorf("keys of the connector: %w", errors.Join(errKeysUnread, k.failed))
	case !ok:
		return key{}, errUnknownKey
	}
	return found, nil
}

// due reports whether to look: keys that are old, or an id that is not known,
// and never so often that a flood of ids becomes one of requests.
func (k *Keys) due(now time.Time, known bool) bool {
	if known && now.Sub(k.good) < keysFresh {
		return false
	}
	wait := keysUnknown
	if k.failed != nil {
		wait = keysFailed
	}
	return k.looked.IsZero() || now.Sub(k.looked) >= wait || now.Before(k.looked)
}

// look reads metadata and keys. What was known stays if that fails.
func (k *Keys) look(ctx context.Context, now time.Time) {
	// The look serves everybody, not only whose request caused it.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keysTimeout)
	defer cancel()
	k.looked = now
	var keys map[string]key
	if keys, k.failed = k.read(ctx); k.failed == nil {
		k.keys, k.good = keys, now
	}
}

func (k *Keys) read(ctx context.Context) (map[string]key, error) {
	var meta struct {
		JWKS string `json:"jwks_uri"`
	}
	if err := k.fetch(ctx, k.MetadataURL, &meta); err != nil {
		return nil, err
	}
	if err := sameOrigin(k.MetadataURL, meta.JWKS); err != nil {
		return nil, err
	}
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := k.fetch(ctx, meta.JWKS, &set); err != nil {
		return nil, err
	}
	if len(set.Keys) > maxKeys {
		return nil, fmt.Errorf("%s has %d keys, more than %d", meta.JWKS, len(set.Keys), maxKeys)
	}
	out := map[string]key{}
	for _, raw := range set.Keys {
		// Keys of other kinds may stand beside ours.
		if id, one, ok := parseKey(raw); ok {
			out[id] = one
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s has no key that can be used", meta.JWKS)
	}
	return out, nil
}

// sameOrigin refuses keys from elsewhere than the metadata: whoever could
// change one would only have to name another host in it.
func sameOrigin(metadata, keys string) error {
	m, err := url.Parse(metadata)
	if err != nil {
		return fmt.Errorf("OpenID metadata URL: %w", err)
	}
	j, err := url.Parse(keys)
	if err != nil || j.Scheme != "https" || j.Host != m.Host || j.User != nil {
		return fmt.Errorf("the OpenID metadata at %s name keys at another host", m.Host)
	}
	return nil
}

func (k *Keys) fetch(ctx context.Context, from string, into any) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, from, nil)
	if err != nil {
		return fmt.Errorf("read %s: %w", from, err)
	}
	res, err := k.Client.Do(r)
	if err != nil {
		return fmt.Errorf("read %s: %w", from, err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxKeysBytes+1))
	switch {
	case err != nil:
		return fmt.Errorf("read %s: %w", from, err)
	case res.StatusCode != http.StatusOK:
		return fmt.Errorf("read %s: status %d", from, res.StatusCode)
	case len(body) > maxKeysBytes:
		return fmt.Errorf("read %s: more than %d bytes", from, maxKeysBytes)
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("read %s: %w", from, err)
	}
	return nil
}

// parseKey reads one RSA signing key with an id.
func parseKey(raw json.RawMessage) (id string, k key, ok bool) {
	var fields struct {
		jwkset.JWKMarshal
		Endorsements []string `json:"endorsements"`
	}
	if err := json.Unmarshal(raw, &fields); err != nil || fields.KID == "" || fields.USE == jwkset.UseEnc {
		return "", key{}, false
	}
	jwk, err := jwkset.NewJWKFromMarshal(fields.JWKMarshal, jwkset.JWKMarshalOptions{}, jwkset.JWKValidateOptions{SkipAll: true})
	if err != nil {
		return "", key{}, false
	}
	public, isRSA := jwk.Key().(*rsa.PublicKey)
	if !isRSA || public.N.BitLen() < minKeyBits {
		return "", key{}, false
	}
	return fields.KID, key{public: public, endorsements: slices.Clone(fields.Endorsements)}, true
}
