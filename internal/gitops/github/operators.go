package github

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"aws-access-bot/internal/bodylimit"
	"aws-access-bot/internal/egress"
	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/gitops/review"
	"aws-access-bot/internal/secret"
)

// maxAccount is how much of an answer about one account is read.
const maxAccount = 1 << 20

// wireAccount is an account as GitHub shows it.
type wireAccount struct {
	ID    int64  `json:"id"`
	Login string `json:"login"`
	Type  string `json:"type"`
}

func (a wireAccount) user() review.User {
	return review.User{ID: a.ID, Login: a.Login, Bot: a.ID <= 0 || isBot(a.Type, a.Login)}
}

// TokenOwner implements [gitops.Operators]. The token goes to the API's own
// host, with this one request, past everything that the App's requests go
// through: nothing of it is kept, and it has a budget of its own.
func (c *Client) TokenOwner(ctx context.Context, token secret.Value) (review.User, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.api.BaseURL.JoinPath("user").String(), nil)
	if err != nil {
		return review.User{}, fmt.Errorf("ask whose the token is: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+token.Reveal())
	req.Header.Set("Accept", "application/vnd.github+json")
	req.Header.Set("X-GitHub-Api-Version", "2022-11-28")
	resp, err := egress.Client(c.net.next, requestTimeout).Do(req)
	if err != nil {
		return review.User{}, fmt.Errorf("ask whose the token is: %w", err)
	}
	data, err := io.ReadAll(bodylimit.Body(resp.Body, maxAccount))
	if err = errors.Join(err, resp.Body.Close()); err != nil {
		return review.User{}, fmt.Errorf("ask whose the token is: %w", err)
	}
	switch resp.StatusCode {
	case http.StatusOK:
	case http.StatusUnauthorized:
		return review.User{}, fmt.Errorf("GitHub does not accept the token; `gh auth token` prints one of yours: %w", gitops.ErrDenied)
	case http.StatusForbidden:
		return review.User{}, fmt.Errorf("GitHub does not say whose the token is: it is no person's, or it is limited for now; `gh auth token` prints one of yours: %w", gitops.ErrDenied)
	default:
		return review.User{}, fmt.Errorf("ask whose the token is: GitHub answers %s", resp.Status)
	}
	owner, ok := accountOf(data)
	if !ok {
		return review.User{}, errors.New("ask whose the token is: GitHub's answer names no account")
	}
	return owner, nil
}

// accountOf reads an answer about one account, and reports whether it names one.
func accountOf(data []byte) (review.User, bool) {
	var a wireAccount
	if err := json.Unmarshal(data, &a); err != nil || a.ID <= 0 || a.Login == "" {
		return review.User{}, false
	}
	return a.user(), true
}

// RoleOf implements [gitops.Operators]. "permission" is one of four, also for
// custom roles (Get repository permissions for a user).
func (c *Client) RoleOf(ctx context.Context, login string) (review.User, string, error) {
	if err := c.identifyNow(ctx); err != nil {
		return review.User{}, "", err
	}
	var got struct {
		Permission string       `json:"permission"`
		User       *wireAccount `json:"user"`
	}
	if _, err := c.get(ctx, c.path("collaborators/%s/permission", url.PathEscape(login)), &got); err != nil {
		return review.User{}, "", c.wrap("read the role of "+strings.ToValidUTF8(login, ""), err)
	}
	if got.User == nil {
		return review.User{}, "", fmt.Errorf("read the role of %s: GitHub names no account", login)
	}
	return got.User.user(), got.Permission, nil
}
