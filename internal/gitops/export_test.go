package gitops

import (
	"context"

	"aws-access-bot/internal/gitops/review"
)

// Trust puts a commit in force for tests that are not about who may do so.
func (g *Gitops) Trust(ctx context.Context, sha, by string) error {
	_, err := g.trustBy(ctx, sha, voucher{user: review.User{ID: 1003, Login: "ken-platform"}, system: by})
	return err
}
