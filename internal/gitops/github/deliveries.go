package github

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/gitops/delivery"
)

var _ delivery.Log = (*Client)(nil)

// Deliveries implements [delivery.Log]. It is asked as the App itself, which
// needs no permission; pages are named by their address, as GitHub's cursors
// are to be followed (List deliveries for an app webhook).
func (c *Client) Deliveries(ctx context.Context, page string) ([]delivery.Delivery, string, error) {
	type item struct {
		ID     int64     `json:"id"`
		GUID   string    `json:"guid"`
		At     time.Time `json:"delivered_at"`
		Code   int       `json:"status_code"`
		Status string    `json:"status"`
		Event  string    `json:"event"`
		Repo   int64     `json:"repository_id"` // null for events that are about none
	}
	if page == "" {
		page = "app/hook/deliveries?per_page=100"
	}
	var list []item
	next, err := c.get(ctx, page, &list)
	if err != nil {
		return nil, "", c.wrapLog("list webhook deliveries", err)
	}
	out := make([]delivery.Delivery, 0, len(list))
	for _, x := range list {
		out = append(out, delivery.Delivery(x))
	}
	return out, next, nil
}

// Payload implements [delivery.Log].
func (c *Client) Payload(ctx context.Context, id int64) (string, []byte, error) {
	var full struct {
		Event   string `json:"event"`
		Request struct {
			Payload json.RawMessage `json:"payload"`
		} `json:"request"`
	}
	if _, err := c.get(ctx, fmt.Sprintf("app/hook/deliveries/%d", id), &full); err != nil {
		return "", nil, c.wrapLog(fmt.Sprintf("read webhook delivery %d", id), err)
	}
	return full.Event, full.Request.Payload, nil
}

func (c *Client) wrapLog(op string, err error) error {
	err = c.wrap(op, err)
	if errors.Is(err, gitops.ErrDenied) || errors.Is(err, gitops.ErrNotFound) {
		return fmt.Errorf("%w: %w", delivery.ErrDenied, err)
	}
	return err
}
