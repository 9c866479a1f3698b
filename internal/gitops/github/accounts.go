package github

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/gitops"
)

var _ access.Accounts = (*Client)(nil)

// loginForm is what GitHub lets a person call himself; the library puts it into the
// path as it is.
var loginForm = regexp.MustCompile(`^[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})$`)

// Account implements [access.Accounts]: the account with a login ("Get a user"),
// if it is of type User. Organizations, bots and everything else are
// access.ErrNotFound.
func (c *Client) Account(ctx context.Context, name string) (config.GitHubUser, error) {
	op := fmt.Sprintf("read GitHub account %q", name)
	if !loginForm.MatchString(name) {
		return config.GitHubUser{}, fmt.Errorf("%s: %w", op, access.ErrNotFound)
	}
	u, _, err := c.api.Users.Get(ctx, name)
	if err != nil {
		err = c.wrap(op, err)
		if errors.Is(err, gitops.ErrNotFound) {
			return config.GitHubUser{}, fmt.Errorf("%s: %w", op, access.ErrNotFound)
		}
		return config.GitHubUser{}, err
	}
	if u.GetType() != "User" || u.GetID() <= 0 || !strings.EqualFold(u.GetLogin(), name) {
		return config.GitHubUser{}, fmt.Errorf("%s: it is no person's: %w", op, access.ErrNotFound)
	}
	return config.GitHubUser{Login: u.GetLogin(), ID: u.GetID()}, nil
}
