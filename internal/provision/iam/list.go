package iam

import (
	"context"
	"errors"
	"fmt"
	"time"

	"aws-access-bot/internal/provision/awsclient"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// maxListed is how many users are looked at one by one: two to four calls each.
const maxListed = 1000

// listUsers reads users one by one; whole is false if there are more.
func listUsers(ctx context.Context, c *iam.Client) (out []user, whole bool, err error) {
	pages := iam.NewListUsersPaginator(c, &iam.ListUsersInput{MaxItems: aws.Int32(maxListed)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, false, awsclient.Mapped("list users", err)
		}
		for _, u := range page.Users {
			if len(out) == maxListed {
				return out, false, nil
			}
			got, err := readUser(ctx, c, u)
			var gone *types.NoSuchEntityException
			if errors.As(err, &gone) {
				continue // deleted meanwhile
			}
			if err != nil {
				return nil, false, err
			}
			out = append(out, got)
		}
	}
	return out, true, nil
}

// readUser reads what a user can sign in with.
func readUser(ctx context.Context, c *iam.Client, in types.User) (user, error) {
	u := user{name: aws.ToString(in.UserName)}
	_, err := c.GetLoginProfile(ctx, &iam.GetLoginProfileInput{UserName: in.UserName})
	var none *types.NoSuchEntityException
	switch {
	case err == nil:
		u.password = true
		u.lastUsed = utc(in.PasswordLastUsed)
	case !errors.As(err, &none):
		return u, awsclient.Mapped("login profile of "+u.name, err)
	}
	pages := iam.NewListAccessKeysPaginator(c, &iam.ListAccessKeysInput{UserName: in.UserName})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return u, mapped("access keys of "+u.name, err)
		}
		for _, k := range page.AccessKeyMetadata {
			if k.Status != types.StatusTypeActive {
				continue
			}
			u.keys++
			used, err := c.GetAccessKeyLastUsed(ctx, &iam.GetAccessKeyLastUsedInput{AccessKeyId: k.AccessKeyId})
			if err != nil {
				return u, mapped("last use of a key of "+u.name, err)
			}
			if used.AccessKeyLastUsed != nil {
				u.lastUsed = later(u.lastUsed, utc(used.AccessKeyLastUsed.LastUsedDate))
			}
		}
	}
	return u, nil
}

// mapped is awsclient.Mapped, but leaves what is gone as it is.
func mapped(op string, err error) error {
	var gone *types.NoSuchEntityException
	if errors.As(err, &gone) {
		return fmt.Errorf("%s: %w", op, err)
	}
	return awsclient.Mapped(op, err)
}

func utc(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}
