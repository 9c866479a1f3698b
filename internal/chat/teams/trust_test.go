package teams

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const (
	testApp    = "abcdefab-2222-4333-8444-cdefabcdefab" // with letters, which have a case
	testTenant = "99999999-8888-4777-8666-555555555555"
	testURL    = "https://smba.trafficmanager.net/emea/" + testTenant + "/"
)

var testKey = sync.OnceValue(func() *rsa.PrivateKey { return newKey(2048) })

func newKey(bits int) *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		panic(err)
	}
	return k
}

// publisher is the connector's OpenID host.
type publisher struct {
	*httptest.Server
	mu       sync.Mutex // guards what follows
	metadata map[string]any
	keys     []map[string]any
	broken   bool
	reads    int           // of the keys
	hang     chan struct{} // if set, metadata is answered once it is closed
	asked    chan struct{} // if set, is closed when metadata is asked for
}

func publish(t *testing.T) *publisher {
	t.Helper()
	p := &publisher{}
	p.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.waits()
		p.mu.Lock()
		defer p.mu.Unlock()
		var v any = p.metadata
		if r.URL.Path == "/keys" {
			p.reads++
			v = map[string]any{"keys": p.keys}
		}
		if p.broken {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		_ = json.NewEncoder(w).Encode(v)
	}))
	t.Cleanup(p.Close)
	p.metadata = map[string]any{"issuer": PublicIssuer, "jwks_uri": p.URL + "/keys"}
	p.keys = []map[string]any{jwk("good", &testKey().PublicKey, channel)}
	return p
}

// waits is a host that hangs.
func (p *publisher) waits() {
	p.mu.Lock()
	hang, asked := p.hang, p.asked
	p.hang, p.asked = nil, nil
	p.mu.Unlock()
	if hang != nil {
		close(asked)
		<-hang
	}
}

func (p *publisher) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.reads
}

func jwk(id string, k *rsa.PublicKey, endorsements ...string) map[string]any {
	return map[string]any{
		"kty": "RSA", "use": "sig", "kid": id, "endorsements": endorsements,
		"n": base64.RawURLEncoding.EncodeToString(k.N.Bytes()), "e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(k.E)).Bytes()),
	}
}

// clock is the time of a test.
type clock struct {
	mu sync.Mutex // guards at
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func trusting(t *testing.T) (*Trust, *publisher, *clock) {
	t.Helper()
	p, c := publish(t), &clock{at: time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC)}
	return &Trust{
		AppID: testApp, Tenant: testTenant, Issuer: PublicIssuer, Hosts: PublicHosts(), Now: c.now,
		Keys: &Keys{MetadataURL: p.URL + "/metadata", Client: p.Client(), Now: c.now},
	}, p, c
}

// ticket is a token before it is signed.
type ticket struct {
	header map[string]any
	claims map[string]any
	method jwt.SigningMethod
	key    any
}

func goodTicket(now time.Time) *ticket {
	return &ticket{
		header: map[string]any{"kid": "good", "typ": "JWT"}, method: jwt.SigningMethodRS256, key: testKey(),
		claims: map[string]any{
			"iss": PublicIssuer, "aud": testApp, "serviceurl": testURL,
			"nbf": now.Add(-time.Minute).Unix(), "exp": now.Add(time.Hour).Unix(), "iat": now.Add(-time.Minute).Unix(),
		},
	}
}

// lives has a token end so long after its beginning.
func lives(k *ticket, d time.Duration) {
	k.claims["exp"] = k.claims["nbf"].(int64) + int64(d/time.Second)
}

func (k *ticket) sign(t *testing.T) string {
	t.Helper()
	tok := jwt.NewWithClaims(k.method, jwt.MapClaims(k.claims))
	maps.Copy(tok.Header, k.header)
	for name, v := range k.header {
		if v == nil {
			delete(tok.Header, name)
		}
	}
	s, err := tok.SignedString(k.key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func headers(token string) http.Header { return http.Header{"Authorization": {"Bearer " + token}} }

func TestATokenOfTheConnectorIsBelieved(t *testing.T) {
	trust, _, c := trusting(t)
	got, err := trust.verified(t.Context(), headers(goodTicket(c.now()).sign(t)))
	if err != nil || got != testURL {
		t.Fatalf("got %q, %v", got, err)
	}
	// Clocks differ: five minutes either way are no reason.
	late := goodTicket(c.now())
	late.claims["exp"] = c.now().Add(-4 * time.Minute).Unix()
	early := goodTicket(c.now())
	early.claims["nbf"] = c.now().Add(4 * time.Minute).Unix()
	// As long as those are good for that Entra makes for Microsoft's own services.
	long := goodTicket(c.now())
	lives(long, 24*time.Hour+5*time.Minute)
	for name, k := range map[string]*ticket{"late": late, "early": early, "long": long} {
		if _, err := trust.verified(t.Context(), headers(k.sign(t))); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// mutation is one way in which a token is not the connector's.
type mutation struct {
	name string
	do   func(*testing.T, *ticket, time.Time)
}

func claim(name string, v any) func(*testing.T, *ticket, time.Time) {
	return func(_ *testing.T, k *ticket, _ time.Time) {
		if v == nil {
			delete(k.claims, name)
			return
		}
		k.claims[name] = v
	}
}

func head(name string, v any) func(*testing.T, *ticket, time.Time) {
	return func(_ *testing.T, k *ticket, _ time.Time) { k.header[name] = v }
}

func mutations() []mutation {
	at := func(name string, d time.Duration) func(*testing.T, *ticket, time.Time) {
		return func(_ *testing.T, k *ticket, now time.Time) { k.claims[name] = now.Add(d).Unix() }
	}
	return []mutation{
		{"issuer of Entra", claim("iss", "https://sts.windows.net/"+testTenant+"/")},
		{"issuer with a slash", claim("iss", PublicIssuer+"/")},
		{"issuer of the government cloud", claim("iss", "https://api.botframework.us")},
		{"issuer empty", claim("iss", "")},
		{"issuer missing", claim("iss", nil)},
		{"audience of another bot", claim("aud", "22222222-2222-4333-8444-555555555555")},
		{"audience as a URI", claim("aud", "api://"+testApp)},
		{"audience in other case", claim("aud", strings.ToUpper(testApp))},
		{"audience empty", claim("aud", "")},
		{"audience missing", claim("aud", nil)},
		{"audience of several", claim("aud", []string{testApp, "other"})},
		{"audience an empty list", claim("aud", []string{})},
		{"expired", at("exp", -6*time.Minute)},
		{"without an end", claim("exp", nil)},
		{"end is text", claim("exp", "tomorrow")},
		{"good for years", at("exp", 10*365*24*time.Hour)},
		{"good for a second more than any", func(_ *testing.T, k *ticket, _ time.Time) { lives(k, 24*time.Hour+5*time.Minute+time.Second) }},
		{"not yet good", at("nbf", 6*time.Minute)},
		{"without a beginning", claim("nbf", nil)},
		{"service URL missing", claim("serviceurl", nil)},
		{"service URL empty", claim("serviceurl", "")},
		{"service URL no text", claim("serviceurl", 7)},
		{"service URL in a claim of another name", func(_ *testing.T, k *ticket, _ time.Time) {
			delete(k.claims, "serviceurl")
			k.claims["serviceUrlX"] = testURL
		}},
		{"service URL of another host", claim("serviceurl", "https://smba.trafficmanager.net.evil.example/")},
		{"service URL without TLS", claim("serviceurl", "http://smba.trafficmanager.net/emea/")},
		{"key unknown", head("kid", "other")},
		{"key not named", head("kid", nil)},
		{"key is a number", head("kid", 7)},
		{"critical extension", head("crit", []string{"exp"})},
		{"signed by another key", func(_ *testing.T, k *ticket, _ time.Time) { k.key = newKey(2048) }},
		{"signed by a key that is endorsed for nothing", head("kid", "bare")},
		{"signed by a key that is endorsed for another channel", head("kid", "webchat")},
		{"signed by a short key", func(_ *testing.T, k *ticket, _ time.Time) { k.header["kid"], k.key = "short", shortKey() }},
		{"no signature", func(_ *testing.T, k *ticket, _ time.Time) {
			k.method, k.key = jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType
		}},
		{"HS256 with the public key as secret", func(t *testing.T, k *ticket, _ time.Time) {
			der, err := x509.MarshalPKIXPublicKey(&testKey().PublicKey)
			if err != nil {
				t.Fatal(err)
			}
			k.method, k.key = jwt.SigningMethodHS256, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
		}},
		{"RS512", func(_ *testing.T, k *ticket, _ time.Time) { k.method = jwt.SigningMethodRS512 }},
		{"PS256", func(_ *testing.T, k *ticket, _ time.Time) { k.method = jwt.SigningMethodPS256 }},
	}
}

var shortKey = sync.OnceValue(func() *rsa.PrivateKey { return newKey(1024) })

// unread is a body that says whether somebody looked at it.
type unread struct {
	bytes.Buffer
	touched bool
}

func (u *unread) Read(p []byte) (int, error) { u.touched = true; return u.Buffer.Read(p) }

func TestT20ATokenThatIsNotTheConnectorsIsRefusedBeforeTheBodyIsRead(t *testing.T) {
	trust, p, c := trusting(t)
	p.keys = append(p.keys, jwk("bare", &testKey().PublicKey), jwk("webchat", &testKey().PublicKey, "webchat"), jwk("short", &shortKey().PublicKey, channel))
	all := mutations()
	if len(all) < 25 {
		t.Fatalf("%d mutations; at least 25 are wanted", len(all))
	}
	for _, m := range all {
		t.Run(m.name, func(t *testing.T) {
			k := goodTicket(c.now())
			m.do(t, k, c.now())
			refused(t, trust, headers(k.sign(t)))
		})
	}
	for name, h := range mangled(t, goodTicket(c.now()).sign(t)) {
		t.Run(name, func(t *testing.T) { refused(t, trust, h) })
	}
}

// mangled are headers with a token that was changed after it was signed, or with
// something else than one token.
func mangled(t *testing.T, good string) map[string]http.Header {
	t.Helper()
	cut := strings.Split(good, ".")
	tampered := func(part int, edit func([]byte) []byte) string {
		parts := slices.Clone(cut)
		raw, err := base64.RawURLEncoding.DecodeString(parts[part])
		if err != nil {
			t.Fatal(err)
		}
		parts[part] = base64.RawURLEncoding.EncodeToString(edit(raw))
		return strings.Join(parts, ".")
	}
	return map[string]http.Header{
		"no header":              {},
		"two headers":            {"Authorization": {"Bearer " + good, "Bearer " + good}},
		"basic":                  {"Authorization": {"Basic " + good}},
		"empty token":            {"Authorization": {"Bearer "}},
		"two parts":              headers(cut[0] + "." + cut[1]),
		"signature cut off":      headers(cut[0] + "." + cut[1] + "."),
		"signature of no length": headers(tampered(2, func([]byte) []byte { return nil })),
		"signature changed":      headers(tampered(2, func(b []byte) []byte { b[10] ^= 1; return b })),
		"claims changed":         headers(tampered(1, func(b []byte) []byte { return bytes.Replace(b, []byte("emea"), []byte("amer"), 1) })),
		"padding":                headers(good + "=="),
		"longer than any":        headers(good + strings.Repeat("A", maxToken)),
		"no JSON":                headers("e30.e30.e30"),
		"garbage":                headers("\x00\xff"),
	}
}

func refused(t *testing.T, trust *Trust, h http.Header) {
	t.Helper()
	url, err := trust.verified(t.Context(), h)
	if err == nil || !errors.Is(err, errUnverified) || url != "" {
		t.Errorf("got %q, %v", url, err)
	}
}

func TestT20SettingsWithAHoleBelieveNobody(t *testing.T) {
	trust, _, c := trusting(t)
	token := goodTicket(c.now())
	for name, hole := range map[string]func(*Trust){
		"no app":    func(t *Trust) { t.AppID = "" },
		"no tenant": func(t *Trust) { t.Tenant = "" },
		"no issuer": func(t *Trust) { t.Issuer = "" },
		"no hosts":  func(t *Trust) { t.Hosts = nil },
	} {
		t.Run(name, func(t *testing.T) {
			with := *trust
			hole(&with)
			k := *token
			k.claims = maps.Clone(token.claims)
			k.claims["aud"], k.claims["iss"] = with.AppID, with.Issuer
			refused(t, &with, headers(k.sign(t)))
		})
	}
}

func TestT20AnActivityThatDoesNotFitItsTokenIsRefused(t *testing.T) {
	trust, _, _ := trusting(t)
	good := func() origin {
		var o origin
		o.ChannelID, o.ServiceURL, o.Conversation.TenantID, o.ChannelData.Tenant.ID, o.Recipient.ID = channel, testURL, testTenant, testTenant, "28:"+testApp
		return o
	}
	// The government clouds have their name in the id of the bot.
	for _, id := range []string{"28:" + testApp, "28:gcch-global:" + testApp, "28:dod-global:" + testApp} {
		o := good()
		o.Recipient.ID = id
		if err := trust.fits(o, testURL); err != nil {
			t.Errorf("to %s: %v", id, err)
		}
	}
	for name, edit := range map[string]func(*origin){
		"channel":                    func(o *origin) { o.ChannelID = "emulator" },
		"no channel":                 func(o *origin) { o.ChannelID = "" },
		"service URL":                func(o *origin) { o.ServiceURL = strings.TrimSuffix(testURL, "/") },
		"no service URL":             func(o *origin) { o.ServiceURL = "" },
		"tenant of the conversation": func(o *origin) { o.Conversation.TenantID = testApp },
		"no tenant of it":            func(o *origin) { o.Conversation.TenantID = "" },
		"tenant of the activity":     func(o *origin) { o.ChannelData.Tenant.ID = testApp },
		"no tenant of the activity":  func(o *origin) { o.ChannelData.Tenant.ID = "" },
		"another bot":                func(o *origin) { o.Recipient.ID = "28:" + testTenant },
		"another bot there":          func(o *origin) { o.Recipient.ID = "28:gcch-global:" + testTenant },
		"a bot of no cloud":          func(o *origin) { o.Recipient.ID = "28:evil:" + testApp },
		"a person":                   func(o *origin) { o.Recipient.ID = "29:" + testApp },
		"no bot":                     func(o *origin) { o.Recipient.ID = "" },
	} {
		t.Run(name, func(t *testing.T) {
			o := good()
			edit(&o)
			if err := trust.fits(o, testURL); !errors.Is(err, errUnverified) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestT21OnlyTheConnectorsOwnHostsAreServiceURLs(t *testing.T) {
	hosts := append(PublicHosts(), "127.0.0.1:8443")
	for raw, want := range map[string]string{
		"https://smba.trafficmanager.net/emea/":     "https://smba.trafficmanager.net/emea",
		"https://smba.trafficmanager.net/emea/x":    "https://smba.trafficmanager.net/emea/x",
		"https://smba.trafficmanager.net:443/amer/": "https://smba.trafficmanager.net:443/amer",
		"https://smba.trafficmanager.net":           "https://smba.trafficmanager.net",
		"https://127.0.0.1:8443/teams":              "https://127.0.0.1:8443/teams",
	} {
		if got, err := hosts.Check(raw); err != nil || got != want {
			t.Errorf("%s: got %q, %v", raw, got, err)
		}
	}
	for _, raw := range []string{
		"", "smba.trafficmanager.net", "//smba.trafficmanager.net/", "http://smba.trafficmanager.net/", "HTTPS://SMBA.trafficmanager.net/",
		"https://smba.trafficmanager.net.evil.example/", "https://evil.trafficmanager.net/", "https://xsmba.trafficmanager.net/", "https://smba.trafficmanager.net./",
		"https://smba.trafficmanager.net:8443/", "https://user@smba.trafficmanager.net/", "https://smba.trafficmanager.net@evil.example/", "https://evil.example#smba.trafficmanager.net",
		`https://evil.example\@smba.trafficmanager.net/`, "https://smba.trafficmanager.net/?x=1", "https://smba.trafficmanager.net/?", "https://smba.trafficmanager.net/#x", "https://smba.trafficmanager.net/#",
		"https://smba.trafficmanager.net/%2e%2e/", "https://smba.trafficmanager.net/a/../b", "https://smba.trafficmanager.net//evil.example/", "https:smba.trafficmanager.net/",
		"https://smba.trafficmanager\u3002net/", "https://ѕmba.trafficmanager.net/", "https://127.0.0.1/", "https://127.0.0.1:8444/", "https://2130706433:8443/", "https://[::1]:8443/", "https://169.254.169.254/", "javascript:alert(1)", " https://smba.trafficmanager.net/", "https://smba.trafficmanager.net/\n",
	} {
		if got, err := hosts.Check(raw); err == nil {
			t.Errorf("%q was taken, as %q", raw, got)
		}
	}
}
