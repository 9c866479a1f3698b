package teams

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"aws-access-bot/internal/chat"
)

// Check says what keeps the bot from speaking in Teams, a sentence with its mend
// each: whether it gets a token, reads the keys of the connector and is in the
// channels. None is a reason to serve less.
func (c *Client) Check(ctx context.Context, keys *Keys, channels ...string) []string {
	var out []string
	if err := keys.readable(ctx); err != nil {
		out = append(out, fmt.Sprintf("The keys of the connector cannot be read, so nothing from Teams is believed (%v). Check teams.openid_metadata and the way there.", err))
	}
	if _, err := c.connector.token(ctx); err != nil {
		return append(out, fmt.Sprintf("The bot gets no token for Teams (%v). Check teams.app_id, teams.tenant and the credential.", err))
	}
	for _, channel := range channels {
		if err := c.seen(ctx, channel); errors.Is(err, chat.ErrGone) {
			out = append(out, fmt.Sprintf("The bot is not in the channel %s (%v). Add the app to its team, and check the id in the settings.", channel, err))
		} else if err != nil {
			out = append(out, fmt.Sprintf("It is not known whether the bot is in the channel %s: %v.", channel, err))
		}
	}
	return out
}

// seen reads a page of the roster of a channel, which only who is in it may.
func (c *Client) seen(ctx context.Context, channel string) error {
	service, err := c.service(ctx, channel)
	if err != nil {
		return err
	}
	return c.connector.do(ctx, call{method: http.MethodGet, service: service, path: "/v3/conversations/" + segment(channel) + "/pagedmembers?pageSize=50"})
}
