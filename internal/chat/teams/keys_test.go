package teams

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// publishes adds a key of an id.
func (p *publisher) publishes(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys = append(p.keys, jwk(id, &testKey().PublicKey, channel))
}

// under is a good token under the id of a key.
func under(t *testing.T, c *clock, id string) http.Header {
	t.Helper()
	k := goodTicket(c.now())
	k.header["kid"] = id
	return headers(k.sign(t))
}

// TestT20AFloodOfUnknownKeysMakesALookAMinute at most, from people who know what a
// token for the bot says; and one id by itself makes one an hour.
func TestT20AFloodOfUnknownKeysMakesALookAMinute(t *testing.T) {
	trust, p, c := trusting(t)
	flood := func(round string) {
		t.Helper()
		var wg sync.WaitGroup
		for i := range 50 {
			h := under(t, c, "unknown-"+round+string(rune('a'+i%26))+string(rune('a'+i/26)))
			wg.Go(func() { _, _ = trust.verified(context.WithoutCancel(t.Context()), h) })
		}
		wg.Wait()
	}
	for minute := range 30 {
		flood(strings.Repeat("x", minute))
		if p.count() != minute+1 {
			t.Fatalf("%d looks after %d minutes", p.count(), minute)
		}
		c.pass(59 * time.Second)
		flood(strings.Repeat("y", minute))
		if p.count() != minute+1 {
			t.Fatalf("%d looks within minute %d", p.count(), minute)
		}
		c.pass(2 * time.Second)
	}
	refused(t, trust, under(t, c, "always the same"))
	before := p.count()
	for range 58 {
		c.pass(time.Minute)
		refused(t, trust, under(t, c, "always the same"))
	}
	if p.count() != before {
		t.Errorf("%d looks in an hour for one id", p.count()-before)
	}
	c.pass(2 * time.Minute)
	if refused(t, trust, under(t, c, "always the same")); p.count() != before+1 {
		t.Errorf("%d looks after the hour", p.count()-before)
	}
	if n := len(trust.Keys.unknown); n > maxUnknown {
		t.Errorf("%d ids are remembered", n)
	}
}

// TestT20WhoDoesNotKnowTheBotCausesNoLook: neither the first nor any later one.
func TestT20WhoDoesNotKnowTheBotCausesNoLook(t *testing.T) {
	trust, p, c := trusting(t)
	for name, change := range map[string]func(k *ticket){
		"another app":      func(k *ticket) { k.claims["aud"] = testTenant },
		"two audiences":    func(k *ticket) { k.claims["aud"] = []string{testApp, testTenant} },
		"another issuer":   func(k *ticket) { k.claims["iss"] = "https://evil.example" },
		"expired":          func(k *ticket) { k.claims["exp"] = c.now().Add(-time.Hour).Unix() },
		"not yet":          func(k *ticket) { k.claims["nbf"] = c.now().Add(time.Hour).Unix() },
		"for ever":         func(k *ticket) { k.claims["exp"] = c.now().Add(99 * time.Hour).Unix() },
		"another host":     func(k *ticket) { k.claims["serviceurl"] = "https://evil.example/" },
		"nothing":          func(k *ticket) { clear(k.claims) },
		"no id of its key": func(k *ticket) { k.header["kid"] = nil },
	} {
		k := goodTicket(c.now())
		k.header["kid"] = "unknown"
		change(k)
		if refused(t, trust, headers(k.sign(t))); p.count() != 0 {
			t.Errorf("%s: %d looks", name, p.count())
			return
		}
	}
}

// TestT20JunkKeepsNoNewKeyFromBeingFound: whoever knows what a token says and makes up
// the id of its key delays that by a minute, not by an hour, and the daily look not
// at all.
func TestT20JunkKeepsNoNewKeyFromBeingFound(t *testing.T) {
	trust, p, c := trusting(t)
	if _, err := trust.verified(t.Context(), under(t, c, "good")); err != nil {
		t.Fatal(err)
	}
	c.pass(2 * time.Hour)
	refused(t, trust, under(t, c, "junk"))
	c.pass(time.Minute)
	p.publishes("next")
	if _, err := trust.verified(t.Context(), under(t, c, "next")); err != nil {
		t.Errorf("a key that was published a minute after the junk: %v, %d looks", err, p.count())
	}
	// Looks that fail on account of junk put nothing off either.
	c.pass(keysFresh)
	p.mu.Lock()
	p.broken = true
	p.mu.Unlock()
	refused(t, trust, under(t, c, "more junk"))
	p.mu.Lock()
	p.broken = false
	p.mu.Unlock()
	p.publishes("third")
	c.pass(time.Minute)
	before := p.count()
	if _, err := trust.verified(t.Context(), under(t, c, "good")); err != nil || p.count() != before+1 {
		t.Errorf("the daily look: %v, %d looks", err, p.count()-before)
	}
	if _, err := trust.verified(t.Context(), under(t, c, "third")); err != nil || p.count() != before+1 {
		t.Errorf("what the daily look found: %v, %d looks", err, p.count()-before)
	}
}

// TestKnownKeysWaitForNoLook: while somebody's made-up id is looked for, and the host
// of the keys hangs, people are served.
func TestKnownKeysWaitForNoLook(t *testing.T) {
	trust, p, c := trusting(t)
	good := under(t, c, "good")
	if _, err := trust.verified(t.Context(), good); err != nil {
		t.Fatal(err)
	}
	c.pass(2 * time.Minute)
	began, hang := make(chan struct{}), make(chan struct{})
	p.mu.Lock()
	p.hang, p.asked = hang, began
	p.mu.Unlock()
	done := make(chan struct{})
	junk := under(t, c, "junk")
	go func() {
		defer close(done)
		_, _ = trust.verified(context.WithoutCancel(t.Context()), junk)
	}()
	<-began
	if _, err := trust.verified(t.Context(), good); err != nil {
		t.Errorf("a known key during a look: %v", err)
	}
	close(hang)
	<-done
}

func TestKeysOutlastAnOutageOfTheirHostForFiveDays(t *testing.T) {
	trust, p, c := trusting(t)
	believed := func() error {
		t.Helper()
		_, err := trust.verified(t.Context(), headers(goodTicket(c.now()).sign(t)))
		return err
	}
	if err := believed(); err != nil {
		t.Fatal(err)
	}
	p.mu.Lock()
	p.broken = true
	p.mu.Unlock()
	c.pass(4 * 24 * time.Hour)
	if err := believed(); err != nil {
		t.Errorf("after four days: %v", err)
	}
	c.pass(2 * 24 * time.Hour)
	if err := believed(); !errors.Is(err, errUnverified) {
		t.Errorf("after six days: %v", err)
	}
	p.mu.Lock()
	p.broken = false
	p.mu.Unlock()
	c.pass(2 * time.Minute)
	if err := believed(); err != nil {
		t.Errorf("after the outage: %v", err)
	}
}

func TestKeysThatCannotBeReadAreNoKeys(t *testing.T) {
	for name, break_ := range map[string]func(*publisher){
		"metadata of another host": func(p *publisher) { p.metadata["jwks_uri"] = "https://evil.example/keys" },
		"keys without TLS":         func(p *publisher) { p.metadata["jwks_uri"] = strings.Replace(p.URL, "https", "http", 1) + "/keys" },
		"no keys named":            func(p *publisher) { delete(p.metadata, "jwks_uri") },
		"no keys":                  func(p *publisher) { p.keys = nil },
		"for encryption":           func(p *publisher) { p.keys[0]["use"] = "enc" },
		"without an id":            func(p *publisher) { delete(p.keys[0], "kid") },
		"a short one":              func(p *publisher) { p.keys = []map[string]any{jwk("good", &shortKey().PublicKey, channel)} },
		"no endorsements":          func(p *publisher) { delete(p.keys[0], "endorsements") },
		"another kind": func(p *publisher) {
			p.keys = []map[string]any{{"kty": "oct", "kid": "good", "k": "AAAA", "endorsements": []string{channel}}}
		},
		"too large": func(p *publisher) { p.metadata["x"] = strings.Repeat("a", maxKeysBytes) },
		"too many": func(p *publisher) {
			for range maxKeys {
				p.keys = append(p.keys, p.keys[0])
			}
		},
		"an error": func(p *publisher) { p.broken = true },
	} {
		t.Run(name, func(t *testing.T) {
			trust, p, c := trusting(t)
			break_(p)
			refused(t, trust, headers(goodTicket(c.now()).sign(t)))
		})
	}
}
