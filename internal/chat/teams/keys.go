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
// them for one, and look again for an unknown key once an hour. Here that hour is each
// unknown id's own: one of all would let whoever sends a token with a made-up id keep
// a key that was published since from being found. A flood of ids makes no more than
// a look a minute, and each look finds whatever is new.
const (
	keysFresh    = 24 * time.Hour
	keysUsable   = 5 * 24 * time.Hour
	keysUnknown  = time.Hour   // between looks for one unknown id
	keysPause    = time.Minute // between any two looks
	maxUnknown   = 1000        // ids that are remembered as looked for
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
// callers that need a new look wait for the same one, and nobody else does.
type Keys struct {
	// MetadataURL is that of the OpenID metadata, https.
	MetadataURL string
	Client      *http.Client
	Now         func() time.Time

	looking sync.Mutex // held while looking

	mu      sync.Mutex // guards what follows
	keys    map[string]key
	good    time.Time            // the last look that went well
	looked  time.Time            // the last look
	failed  error                // of the last look
	unknown map[string]time.Time // ids that a look did not find, and when that was
}

// get returns the key of an id, errUnknownKey, or why the keys could not be read. It
// is asked only for tokens that say what one for this bot would: who does not know
// even that causes no look.
func (k *Keys) get(ctx context.Context, id string) (key, error) {
	k.look(ctx, id)
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.stale(); err != nil {
		return key{}, err
	}
	found, ok := k.keys[id]
	if !ok {
		return key{}, errUnknownKey
	}
	return found, nil
}

// readable returns why no token is believed, nil if the keys could be read.
func (k *Keys) readable(ctx context.Context) error {
	k.look(ctx, "")
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.stale()
}

// stale says that the keys are too old to believe anything by; the lock is held.
func (k *Keys) stale() error {
	if k.Now().Sub(k.good) > keysUsable {
		return fmt.Errorf("keys of the connector: %w", errors.Join(errKeysUnread, k.failed))
	}
	return nil
}

// due reports whether to look for the key of an id, or with "" for what there is: when
// the keys are old, whoever asks, and for an id that is not known.
func (k *Keys) due(id string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.Now()
	if k.looked.IsZero() || now.Before(k.looked) {
		return true
	}
	if now.Sub(k.looked) < keysPause {
		return false
	}
	if now.Sub(k.good) >= keysFresh {
		return true
	}
	_, known := k.keys[id]
	before, asked := k.unknown[id]
	return id != "" && !known && (!asked || now.Sub(before) >= keysUnknown)
}

// look reads metadata and keys if that is due. What was known stays if that fails.
func (k *Keys) look(ctx context.Context, id string) {
	if !k.due(id) {
		return
	}
	k.looking.Lock()
	defer k.looking.Unlock()
	if !k.due(id) {
		return // somebody else has just looked
	}
	// The look serves everybody, not only whose request caused it.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keysTimeout)
	defer cancel()
	now := k.Now()
	keys, err := k.read(ctx)
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.looked, k.failed = now, err; err != nil {
		return
	}
	k.keys, k.good = keys, now
	if len(k.unknown) >= maxUnknown || k.unknown == nil {
		k.unknown = map[string]time.Time{}
	}
	if _, found := keys[id]; !found && id != "" {
		k.unknown[id] = now
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
