package teams

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"aws-access-bot/internal/sandbox/teamsemu/receiver"
)

// stricter are the mutations that Microsoft's SDK believes and the bot does not, each
// with why.
func stricter() map[string]string {
	return map[string]string{
		"without an end":                  "a token without exp is good for ever; the connector's have one (Authenticate requests from the Bot Connector service)",
		"good for years":                  "the connector's are good for 65 minutes; what is good for years was made by somebody else, or for somebody else",
		"good for a second more than any": "the documented ones are good for 65 minutes, Entra's for Microsoft's services for 24 hours and 5 minutes",
		"without a beginning":             "the connector's have nbf, and the documentation wants the validity period checked",
		"critical extension":              "RFC 7515, section 4.1.11: what is not understood must be refused; the SDK's library does not look",
		"RS512":                           "the connector's metadata name RS256 alone; the SDK allows RS384 and RS512 too",
		"two headers":                     "node takes the first and drops the other, so that what stands before it might have checked another one",
		"signed by a short key":           "RFC 7518, section 3.3: 2048 bits at least; the SDK takes what is published",
		"signed by a key that is endorsed for nothing": "the documentation wants the channel among the endorsements; the SDK checks that only where there are any",
	}
}

// verdicts asks both about headers: the bot, and Microsoft's SDK.
func verdicts(t *testing.T, trust *Trust, sdk *receiver.Receiver, h http.Header) (bot, theirs bool) {
	t.Helper()
	var o origin
	o.ChannelID, o.ServiceURL, o.Conversation.TenantID, o.ChannelData.Tenant.ID, o.Recipient.ID = channel, testURL, testTenant, testTenant, "28:"+testApp
	url, err := trust.verified(t.Context(), h)
	bot = err == nil && trust.fits(o, url) == nil
	body, err := json.Marshal(map[string]any{
		"type": "message", "id": "1", "channelId": channel, "serviceUrl": testURL, "text": "hello", "from": map[string]string{"id": "29:1"},
		"recipient": map[string]string{"id": "28:" + testApp}, "conversation": map[string]string{"id": "a:1", "tenantId": testTenant},
		"channelData": map[string]any{"tenant": map[string]string{"id": testTenant}},
	})
	if err != nil {
		t.Fatal(err)
	}
	status, err := sdk.Verdict(t.Context(), body, h)
	if err != nil {
		t.Fatal(err)
	}
	return bot, status == http.StatusOK
}

// TestT20TheBotAgreesWithMicrosoftsSDK: what the bot believes, botbuilder believes; what
// it refuses, botbuilder refuses, but for what stricter lists.
func TestT20TheBotAgreesWithMicrosoftsSDK(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts node")
	}
	trust, p, _ := trusting(t)
	trust.Now, trust.Keys.Now = time.Now, time.Now // the SDK's clock is the real one
	p.keys = append(p.keys, jwk("bare", &testKey().PublicKey), jwk("webchat", &testKey().PublicKey, "webchat"), jwk("short", &shortKey().PublicKey, channel))
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	sdk, err := receiver.Start(context.WithoutCancel(t.Context()), receiver.Options{
		Dir: "../../sandbox/teamsemu/receiver/testdata", AppID: testApp, TenantID: testTenant, Issuer: PublicIssuer, MetadataURL: trust.Keys.MetadataURL, CAFile: ca,
	})
	if errors.Is(err, receiver.ErrMissing) {
		t.Skip("NOT TESTED against Microsoft's SDK: ", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sdk.Close(); err != nil {
			t.Error(err)
		}
	})
	good := goodTicket(time.Now()).sign(t)
	all := mangled(t, good)
	delete(all, "garbage") // no HTTP client sends it
	all["good"] = headers(good)
	for _, m := range mutations() {
		k := goodTicket(time.Now())
		m.do(t, k, time.Now())
		all[m.name] = headers(k.sign(t))
	}
	differ := stricter()
	for name, h := range all {
		bot, theirs := verdicts(t, trust, sdk, h)
		why, listed := differ[name]
		switch {
		case bot != (name == "good"):
			t.Errorf("%s: the bot believes it: %v", name, bot)
		case bot && !theirs:
			t.Errorf("%s: the bot believes what Microsoft's SDK refuses", name)
		case !bot && theirs && !listed:
			t.Errorf("%s: Microsoft's SDK believes it; say in stricter why the bot does not", name)
		case listed && !theirs:
			t.Errorf("%s: Microsoft's SDK refuses it too, so that it is not stricter to refuse it (%s)", name, why)
		}
		delete(differ, name)
	}
	for name := range differ {
		t.Errorf("stricter has %q, which is no mutation", name)
	}
	t.Logf("%d headers, %d of them refused by the bot alone", len(all), len(stricter()))
}
