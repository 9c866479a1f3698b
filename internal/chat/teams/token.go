package teams

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Facts of the public cloud ("Authenticate requests from the Bot Connector
// service to your bot", Microsoft Learn).
const (
	PublicIssuer   = "https://api.botframework.com"
	PublicMetadata = "https://login.botframework.com/v1/.well-known/openidconfiguration"
)

const (
	// channel is that of every activity from Teams, and the endorsement of every
	// key that signs for it.
	channel = "msteams"
	// skew is how far the connector's clock and ours may differ (same page).
	skew = 5 * time.Minute
	// maxToken is the longest token that is looked at, in bytes. The connector's
	// have about one thousand.
	maxToken = 16 << 10
	// maxLife is the longest that a token may be good for, from nbf to exp: as long as
	// those of Entra for Microsoft's own services, 86,700 s (the tokens in docs/Tokens.md
	// of agnte/Rido.BFLite, sent to a bot by one of them). The connector's are good for
	// 3,900 s (the examples of "Authentication with the Bot Connector API", Microsoft
	// Learn). Neither is a promise; what is good for much longer was made by somebody
	// else.
	maxLife = 24*time.Hour + 5*time.Minute
)

// errUnverified is all that is said about a request that did not verify; why is
// in the log.
var errUnverified = errors.New("request is not from the connector")

// Trust decides whether a request comes from the connector, for this bot and
// from the tenant.
type Trust struct {
	// AppID is the Microsoft app id of the bot, the audience of every token.
	AppID string
	// Tenant is the Entra tenant id.
	Tenant string
	Issuer string
	Hosts  Hosts
	Keys   *Keys
	Now    func() time.Time
}

// claims are those of the connector's token.
type claims struct {
	jwt.RegisteredClaims
	ServiceURL string `json:"serviceurl"`
}

// verified checks the token of a request and returns the service URL that it was
// given for. It does not touch the body.
func (t *Trust) verified(ctx context.Context, h http.Header) (serviceURL string, err error) {
	raw, err := bearer(h)
	if err != nil {
		return "", err
	}
	var c claims
	rules := t.rules()
	if t.AppID == "" || t.Issuer == "" || t.Tenant == "" || len(t.Hosts) == 0 {
		return "", fmt.Errorf("%w: the settings of Teams are not complete", errUnverified)
	}
	// What the token says is looked at before its key is looked for, so that the
	// keys are asked for by nobody who does not know what to write into it, and
	// believed only once the signature has been checked.
	_, err = jwt.NewParser(rules...).ParseWithClaims(raw, &c, func(tok *jwt.Token) (any, error) {
		if err := t.says(&c, rules); err != nil {
			return nil, err
		}
		return t.key(ctx, tok)
	})
	if err != nil {
		return "", fmt.Errorf("%w: %w", errUnverified, err)
	}
	return c.ServiceURL, nil
}

// rules are what the library holds a token against.
func (t *Trust) rules() []jwt.ParserOption {
	return []jwt.ParserOption{
		jwt.WithValidMethods([]string{jwt.SigningMethodRS256.Alg()}), jwt.WithIssuer(t.Issuer), jwt.WithAudience(t.AppID),
		jwt.WithExpirationRequired(), jwt.WithNotBeforeRequired(), jwt.WithLeeway(skew), jwt.WithTimeFunc(t.Now), jwt.WithStrictDecoding(),
	}
}

// says refuses what does not say that it is the connector's, for this bot and of now.
func (t *Trust) says(c *claims, rules []jwt.ParserOption) error {
	if err := jwt.NewValidator(rules...).Validate(c); err != nil {
		return err
	}
	// The library takes any of several audiences; the connector names one.
	if len(c.Audience) != 1 || c.ExpiresAt.Sub(c.NotBefore.Time) > maxLife {
		return errors.New("audience or life of the token")
	}
	if _, err := t.Hosts.Check(c.ServiceURL); err != nil {
		return fmt.Errorf("serviceurl claim: %w", err)
	}
	return nil
}

// bearer returns the one token of the one Authorization header.
func bearer(h http.Header) (string, error) {
	all := h.Values("Authorization")
	if len(all) != 1 {
		return "", fmt.Errorf("%w: %d authorization headers", errUnverified, len(all))
	}
	scheme, token, ok := strings.Cut(all[0], " ")
	if !ok || !strings.EqualFold(scheme, "bearer") || token == "" || len(token) > maxToken {
		return "", fmt.Errorf("%w: not a bearer token", errUnverified)
	}
	return token, nil
}

// key returns the published key of a token, if it may speak for Teams.
func (t *Trust) key(ctx context.Context, tok *jwt.Token) (any, error) {
	id, _ := tok.Header["kid"].(string)
	if id == "" {
		return nil, errors.New("the token names no key")
	}
	if _, critical := tok.Header["crit"]; critical {
		// RFC 7515, section 4.1.11: what is not understood must be refused.
		return nil, errors.New("the token has critical extensions")
	}
	k, err := t.Keys.get(ctx, id)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(k.endorsements, channel) {
		return nil, fmt.Errorf("the key is not endorsed for %s", channel)
	}
	return k.public, nil
}

// origin is where an activity says it is from.
type origin struct {
	ChannelID  string `json:"channelId"`
	ServiceURL string `json:"serviceUrl"`
	Recipient  struct {
		ID string `json:"id"`
	} `json:"recipient"`
	Conversation struct {
		ID       string `json:"id"`
		Type     string `json:"conversationType"`
		TenantID string `json:"tenantId"`
	} `json:"conversation"`
	ChannelData struct {
		Tenant struct {
			ID string `json:"id"`
		} `json:"tenant"`
	} `json:"channelData"`
}

// fits holds an activity against the service URL of its token and against the
// tenant of the settings. What is empty does not fit.
func (t *Trust) fits(o origin, serviceURL string) error {
	switch {
	case o.ChannelID != channel:
		return fmt.Errorf("%w: channel %.40q", errUnverified, o.ChannelID)
	case o.ServiceURL == "" || o.ServiceURL != serviceURL:
		return fmt.Errorf("%w: the service URL is not that of the token", errUnverified)
	case !strings.EqualFold(o.Conversation.TenantID, t.Tenant):
		return fmt.Errorf("%w: tenant of the conversation", errUnverified)
	case !strings.EqualFold(o.ChannelData.Tenant.ID, t.Tenant):
		return fmt.Errorf("%w: tenant of the activity", errUnverified)
	case !t.me(o.Recipient.ID):
		return fmt.Errorf("%w: for another bot", errUnverified)
	}
	return nil
}

// me reports whether an id is that of this bot. In the public cloud it is "28:" and
// the app id; the government clouds have their name between the two, such as
// "28:gcch-global:" (the participant prefixes of Microsoft's communications SDK).
func (t *Trust) me(id string) bool {
	bot, ok := strings.CutPrefix(id, "28:")
	if cloud, rest, named := strings.Cut(bot, ":"); named && slices.Contains([]string{"gcch-global", "gcch", "dod-global", "dod"}, cloud) {
		bot = rest
	}
	return ok && t.AppID != "" && strings.EqualFold(bot, t.AppID)
}
